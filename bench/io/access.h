// Ways of getting at parts of a file: mapping it, with each kind of advice, and reading.
//
// All of them are driven in the same way, in three parts that are timed apart: open (the file is
// opened, and mapped or read whole where that is the way), accesses, close. An access is of a fixed
// number of bytes at an offset, and ends with all of them added up as 64-bit numbers: a mapping is
// summed where it lies, what was read is summed in a buffer. So both sides consume the same bytes,
// and equal sums are the proof.
//
// Reading is given its best: pread(2) and read(2) are called bare, into one warm buffer, and a
// whole read fills a buffer that was used before, whose own pages do not fault any more. Mapping
// goes through os::MappedFile, with its guard against truncation, since that is what is on offer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/os/mapped_file.h"

namespace smf::bench {

enum class Dependence : std::uint8_t {
  kNone,     // a processor may start an access before the one before is done
  kChained,  // the next offset is known when the bytes before were summed, as in a linked structure
};

struct Accesses {
  std::span<const std::uint64_t> offsets;  // multiples of `size`
  std::size_t size = 8;                    // bytes: 8, 64 or 4096
  Dependence dependence = Dependence::kNone;
};

class Method {
 public:
  virtual ~Method() = default;
  virtual std::string_view name() const = 0;
  virtual bool is_mapping() const = 0;
  // Whether open() makes all of the file ready, so that its price grows with the file.
  virtual bool is_whole() const = 0;

  virtual Result<void> open(const std::string& path) = 0;
  virtual std::uint64_t run(const Accesses& accesses) = 0;  // the sum
  virtual void close() = 0;
};

std::unique_ptr<Method> make_lseek_read();
std::unique_ptr<Method> make_pread();
// `buffer` is as large as the file, and was written to.
std::unique_ptr<Method> make_whole_read(std::span<std::byte> buffer);
std::unique_ptr<Method> make_mmap();  // no advice
std::unique_ptr<Method> make_mmap(os::Advice advice);

// All of the above, reading first. mmap_normal does what mmap does: how far apart the two are is
// how far to trust the rest.
std::vector<std::unique_ptr<Method>> make_all_methods(std::span<std::byte> buffer);

}  // namespace smf::bench
