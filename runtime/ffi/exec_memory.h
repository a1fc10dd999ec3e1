// The executable memory that foreign code allocated, found again by any address in it.
//
// Foreign code holds addresses, and may hand in any number for one. So nothing is written, called,
// protected or freed on the word of an address: it is looked up among the live blocks, which are
// ordered by address and never overlap.
//
// Two kinds of blocks, neither of which is ever writable and executable at once:
//   code   is executable from the start, and full of traps: a block of CodeMemory, written through
//          write() alone. With a dual mapping that costs no system call.
//   pages  are whole pages that are first readable and writable, through their address, then
//          executable at the same address, and never writable again.
//
// One lock, held for whatever changes a block or looks one up, and never while code is called.
// Changes are rare, and a call is a look-up and a count. Rejected: a lock a block as mapped files
// have it, which gains where readers copy for long.
//
// A block that is being called is counted, and can then be neither freed, written nor made
// inexecutable: that is refused (kUnsupported), not waited for. Who waits would wait for as long as
// code runs, which may be for ever, and code that frees or changes its own block would wait for
// itself. Calls made through a plain function pointer are not known here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/exec/code_memory.h"
#include "runtime/os/mapped_file.h"
#include "runtime/os/system_calls.h"

namespace smf::ffi {

// Numbers are as foreign code passes them, and may be anything; what cannot be is
// kInvalidArgument, and the message says which value. All functions may be called from several
// threads at once. Throws std::bad_alloc, with nothing changed.
class ExecMemory {
 public:
  struct Options {
    std::optional<CodeProtection> protection{};  // as CodeMemoryOptions has it
    os::SystemCalls* calls = nullptr;            // nullptr: the kernel's
  };
  class Call;

  explicit ExecMemory(const Options& options);
  ExecMemory() : ExecMemory(Options()) {}
  // Nothing is being called. Unmaps what is left.
  ~ExecMemory();
  ExecMemory(const ExecMemory&) = delete;
  ExecMemory& operator=(const ExecMemory&) = delete;

  // The address of a new block of `size` bytes, at least 1. Code: rounded up to cache lines, all of
  // it traps; of at most CodeMemoryOptions::region_bytes, else kLimit. Pages: zeros.
  Result<std::int64_t> alloc_code(std::int64_t size);
  Result<std::int64_t> alloc_pages(std::int64_t size);

  // The address and the size of the allocation, both. kUnsupported while it is being called. With
  // kSystem the memory stays, and is unknown here all the same.
  Result<void> free(std::int64_t address, std::int64_t size);

  // Copies the bytes to `offset` after the address, which may be any in the block; how many. Pages
  // have to be writable. kUnsupported as free(). Code whose write failed with kSystem (page
  // protection) is not executable until a write succeeds.
  Result<std::int64_t> write(std::int64_t address, Bytes bytes, std::int64_t offset);

  // The same of the whole block, as free(). What is executable already stays so.
  Result<void> make_executable(std::int64_t address, std::int64_t size);
  // Nothing that has been executable becomes writable; code keeps what it has, else kUnsupported.
  Result<void> set_protection(std::int64_t address, std::int64_t size, std::int64_t bits);

  // Of the bytes from the address on, at least one, all in one block that is readable.
  Result<void> flush(std::int64_t address, std::int64_t size);

  // Of the block that holds the address.
  Result<std::int64_t> protection(std::int64_t address);
  Result<bool> is_executable(std::int64_t address);
  // The address itself, if it is in an executable block.
  Result<std::int64_t> function(std::int64_t address);

  // Keeps the block as it is until the call is destroyed. The address is in an executable block; in
  // one of code, before the end of what was written.
  Result<Call> begin_call(std::int64_t address);
  // nullopt: no block holds the address.
  std::optional<Result<Call>> try_begin_call(std::int64_t address);

  std::int64_t total();  // bytes, as they were asked for
  std::int64_t count();
  // For a person: several lines.
  std::string statistics();

 private:
  struct Block {
    enum class Kind : std::uint8_t { kCode, kPages };

    Block(Kind made_of, std::int64_t bytes);
    bool is_executable() const;

    Kind kind;
    std::uint64_t size;  // as it was asked for
    os::MapOptions::Protection protection;
    bool has_been_executable;
    std::uint64_t written = 0;  // of code: the end of what was ever written
    std::atomic<std::uint64_t> calls{0};
  };
  using Blocks = std::map<std::uint64_t, Block>;  // by first address
  struct Spot;

  Result<CodeMemory*> code_memory();
  Result<std::int64_t> add(Blocks::node_type block);

  // Under the lock.
  std::optional<Spot> look_for(std::int64_t address);
  Result<Spot> find(std::int64_t address);
  Result<Spot> find_whole(std::int64_t address, std::int64_t size);
  Result<void> check_executable(const Spot& spot);
  Result<Call> begin_call(const Spot& spot);
  Result<void> write_code(const Spot& spot, std::size_t offset, Bytes bytes);
  Result<void> protect(const Spot& spot, os::MapOptions::Protection wanted);

  Options options_;
  os::SystemCalls* calls_;
  std::mutex mutex_{};
  std::optional<CodeMemory> code_{};  // made with the first block of code
  Blocks blocks_{};
  std::int64_t total_ = 0;
};

// Calls what is there, with C's calling convention.
template <typename... Arguments>
std::int64_t call_code_at(std::uint64_t function, Arguments... arguments) {
  static_assert((std::is_same_v<Arguments, std::int64_t> && ...));
  std::int64_t (*callable)(Arguments...) = nullptr;
  static_assert(sizeof callable == sizeof function);
  std::memcpy(&callable, &function, sizeof callable);
  return callable(arguments...);
}

// A function that can be called while this lives. An object without one is false.
class ExecMemory::Call {
 public:
  Call() = default;
  Call(Call&& other) noexcept
      : function_(other.function_), count_(std::exchange(other.count_, nullptr)) {}
  Call& operator=(Call&&) = delete;
  ~Call() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_release);
  }
  explicit operator bool() const { return count_ != nullptr; }

  // What the code does is the caller's responsibility.
  template <typename... Arguments>
  std::int64_t run(Arguments... arguments) const {
    return call_code_at(function_, arguments...);
  }

 private:
  friend class ExecMemory;
  Call(std::uint64_t function, std::atomic<std::uint64_t>& count)
      : function_(function), count_(&count) {}

  std::uint64_t function_ = 0;
  std::atomic<std::uint64_t>* count_ = nullptr;
};

}  // namespace smf::ffi
