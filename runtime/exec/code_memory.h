// Memory for machine code that is made while the program runs. Never writable and executable at
// once, and no slower for it.
//
//   auto memory = CodeMemory::create();                 // kSystem: the machine allows nothing
//   auto writer = memory->begin(code.size());           // a place for so many bytes
//   std::ranges::copy(code, writer->bytes().begin());   // written here,
//   auto function = writer->commit("sum$i64");          // runs there, from now on
//   memory->free(*function);                            // nobody runs it any more
//
// With a dual mapping (code_space.h) each of these is some nanoseconds: no system call, no page
// fault and no lock, unless memory has to be fetched. The place to write and the place to run are
// two addresses of the same memory; only code that is position independent, or made for
// CodeWriter::address(), works there.
//
//   blocks       begin with a cache line, 64 bytes, and take whole ones (block_map.h): a processor
//                never fetches a line that somebody is writing. Many functions that are published
//                together share them: CodeBatch packs at 16 bytes.
//   freeing      fills the block with traps and makes it reusable. Whoever still runs it runs into
//                one. Where that cannot be excluded, free it with an epoch: the code stays intact
//                until reclaim() is told that the epoch has passed, that is, that no thread runs
//                code that was freed in it or earlier. Counting the epochs is the caller's, who
//                knows when his threads are outside of such code.
//   hiding       quiesce() makes the writable view inaccessible until the next write. For a
//                program that compiles at its start and then never: seal(), which is for good.
//   forked       children can run the code, and see what the parent writes later; they can write
//                nothing, neither through this interface nor through an address.
//
// Thread-safe, but for destruction and moving. Writers and batches are their thread's own, and are
// gone before the code memory is.
//
// Rejected: std::function or typed results (what the bytes are is the caller's knowledge, a cast
// his decision), reference counts a function (who calls would write to a shared line).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/exec/code_listener.h"
#include "runtime/exec/code_space.h"
#include "runtime/os/system_calls.h"

namespace smf {

namespace internal {
class CodeMemoryState;
}

struct CodeMemoryOptions {
  static constexpr std::size_t kMaxRegionBytes = std::size_t{1} << 30;

  // nullopt: dual mapping where it works, else page protection; stats() tells which and why.
  std::optional<CodeProtection> protection{};
  // Code is within 2 GiB of this address, or create() or begin() fails with kNotFound. nullptr:
  // of this library's own code, or, should nothing be free there, anywhere (stats().is_near).
  const void* near = nullptr;
  // Of code at most; rounded up to whole regions.
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
  // What is reserved at once, twice: addresses, no memory. Also the largest block. A power of two
  // from 1 MiB.
  std::size_t region_bytes = std::size_t{64} << 20;
  // New memory is this part of what there is, within 16 KiB and 1 MiB. The 40th part lets little
  // lie idle; 1 doubles it, so that a program which grows to a megabyte fetches it in seven steps,
  // some 14 system calls each. 0 is taken for 1.
  unsigned growth_divisor = 40;
  // Told about all code, in this order.
  std::vector<std::shared_ptr<CodeListener>> listeners{};
  os::SystemCalls* calls = nullptr;  // nullptr: the kernel's
};

// Sizes in bytes.
struct CodeMemoryStats {
  CodeProtection protection = CodeProtection::kDualMapping;
  std::string refusal{};  // why it is no dual mapping, where that was tried
  bool is_near = false;   // to CodeMemoryOptions::near, all that there is
  bool is_hidden = false;
  bool is_sealed = false;            // seal() was called
  bool is_sealed_by_kernel = false;  // and Linux is 6.10 or later
  unsigned regions = 0;
  unsigned segments = 0;
  std::uint64_t reserved = 0;     // addresses for code
  std::uint64_t mapped = 0;       // memory for code
  std::uint64_t used = 0;         // of that, in blocks
  std::uint64_t requested = 0;    // what was asked for those
  std::uint64_t quarantined = 0;  // of used: freed with an epoch that has not passed
  std::uint64_t tables = 0;       // memory beside, for what is mapped
  std::uint64_t blocks = 0;       // live
  std::uint64_t quarantined_blocks = 0;
};

class CodeMemory;

// A block that is being written. Destroyed before commit(), it is given back.
class CodeWriter {
 public:
  CodeWriter(CodeWriter&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)),
        first_(other.first_),
        size_(other.size_),
        code_(other.code_),
        writable_(other.writable_) {}
  CodeWriter& operator=(CodeWriter&&) = delete;
  ~CodeWriter() {
    if (state_ != nullptr) abort();
  }

  // Where to write. Full of traps at first.
  std::span<std::byte> bytes() const { return {writable_, size_}; }
  // Where it will run.
  const std::byte* address() const { return code_; }

  // Makes what was written executable, and the first bytes callable, in all threads that learn the
  // address from this one by anything that orders memory. `name` is for debuggers and profilers.
  // kSystem, with page protection only: then it is given back.
  Result<const void*> commit(std::string_view name = {}) { return commit_first(size_, name); }
  // The same of the first `size` bytes, at least 1; gives the others back.
  Result<const void*> commit_first(std::size_t size, std::string_view name = {});

 private:
  friend class CodeMemory;
  friend class CodeBatch;
  friend class internal::CodeMemoryState;
  CodeWriter(internal::CodeMemoryState* state, std::uint32_t first, std::size_t size,
             std::byte* code, std::byte* writable)
      : state_(state), first_(first), size_(size), code_(code), writable_(writable) {}
  void abort();

  internal::CodeMemoryState* state_;
  std::uint32_t first_;
  std::size_t size_;
  std::byte* code_;
  std::byte* writable_;
};

// Many functions in one block, published together and freed together. As CodeWriter.
class CodeBatch {
 public:
  static constexpr std::size_t kAlignment = 16;

  struct Function {
    std::span<std::byte> bytes{};
    const std::byte* address = nullptr;
  };

  // The next so many bytes; nullopt where they are not left. `name` is for debuggers and profilers.
  std::optional<Function> add(std::size_t size, std::string_view name = {});
  std::size_t used() const { return used_; }
  std::size_t capacity() const { return writer_.bytes().size(); }

  // Publishes what was added, at least one function, and gives the rest back. The address is the
  // first function's, which is the one to free all by. `name` is that of functions without one;
  // where none has one, that of the block as a whole.
  Result<const void*> commit(std::string_view name = {});

 private:
  friend class CodeMemory;
  CodeBatch(CodeWriter writer, bool keeps_names)
      : writer_(std::move(writer)), keeps_names_(keeps_names) {}

  struct Named {
    std::span<const std::byte> code{};
    std::string name{};
  };

  CodeWriter writer_;
  bool keeps_names_;
  std::size_t used_ = 0;
  bool has_names_ = false;
  std::vector<Named> functions_{};  // where names are kept
};

class CodeMemory {
 public:
  // kInvalidArgument for options that cannot be, kSystem where the machine allows neither
  // protection, kOutOfMemory.
  static Result<CodeMemory> create(const CodeMemoryOptions& options = {});
  CodeMemory(CodeMemory&&) noexcept;
  CodeMemory& operator=(CodeMemory&&) noexcept;
  ~CodeMemory();

  // A block of `size` bytes, at least 1. kLimit: larger than a region, or max_bytes reached.
  // kSystem: the machine has no more, or may not do what is needed. kUnsupported once sealed, and
  // in a forked child; the same for all that write. kOutOfMemory.
  Result<CodeWriter> begin(std::size_t size);
  // One for functions of so many bytes together, each rounded up to CodeBatch::kAlignment.
  Result<CodeBatch> begin_batch(std::size_t capacity);

  // Gives a block back: the address that commit() gave. kInvalidArgument, with what it is instead,
  // for what is no live block: freed already, not published, inside of one, not from here.
  Result<void> free(const void* code);
  // The same once `epoch` has passed. Epochs may come in any order.
  Result<void> free(const void* code, std::uint64_t epoch);
  // Epochs up to this one have passed: what was freed with them is given back. How many blocks.
  Result<std::size_t> reclaim(std::uint64_t passed_epoch);

  // Changes a part of a live block in place. Nobody may run the block meanwhile. kInvalidArgument
  // as for free(), and where the bytes lead out of the block. kSystem, with page protection only:
  // then nobody can run the block until another write goes well.
  Result<void> write(const void* code, std::size_t offset, Bytes bytes);

  // The live block that holds the address, whole; empty without one.
  std::span<const std::byte> find(const void* address) const;

  // Takes write access away until somebody writes again. kUnsupported while writers are open,
  // kSystem.
  Result<void> quiesce();
  // For ever: nothing can be written, freed or unmapped any more, and the code memory's addresses
  // stay in use until the process ends. As quiesce().
  Result<void> seal();
  // Gives empty segments back to the system. It happens by itself where much is empty.
  void trim();

  // Walks all blocks: some 5 ns each.
  CodeMemoryStats stats() const;

 private:
  explicit CodeMemory(std::unique_ptr<internal::CodeMemoryState> state);
  std::unique_ptr<internal::CodeMemoryState> state_;
};

}  // namespace smf
