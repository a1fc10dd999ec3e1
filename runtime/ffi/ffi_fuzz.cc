// Calls of the C interface with any numbers: none crashes, and each failure says why.
//
//   ./bazelw run --config=fuzz //runtime/ffi:ffi_fuzz -- -max_total_time=600
//
// An input is calls: a byte for the function, then its arguments. An argument is a byte that says
// what it is made of, the address or the size of a live mapping, a page or zero, and one that is
// added, or eight bytes that are any number.
//
// Handles are any numbers as well (handle_calls.h).
//
// Code is called at any number too, but in a live executable block only where a function was
// written last: what else is there nobody promised to be code.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/ffi/handle_calls.h"
#include "runtime/ffi/sample_code.h"
#include "runtime/ffi/sample_module.h"
#include "runtime/ffi/smf_rt.h"

namespace {

// Where the fuzzer was started: it brings its own folder.
constexpr const char* kPath = "ffi_fuzz-file";
constexpr const char* kModule = "ffi_fuzz-module.smf";

class Calls {
 public:
  Calls(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  ~Calls() {
    for (const rt_mapping& one : live_) SMF_CHECK(rt_munmap(one.address, one.size));
    for (const Block& one : blocks_) SMF_CHECK(rt_free_exec_memory(one.address, one.size));
    SMF_CHECK(rt_exec_memory_total() == 0 && rt_exec_memory_count() == 0);
  }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  bool is_done() const { return at_ == end_; }

  void call() {
    switch (byte() % 30) {
      case 0:
        return map();
      case 1:
        return unmap();
      case 2:
        return take(rt_mmap_read_bytes(number(), number(), number()));
      case 3:
        return take(rt_mmap_read_string(number(), number(), number()));
      case 4:
        return read(number(), number(), number());
      case 5:
        return note(rt_msync(number(), number(), byte() % 2 != 0));
      case 6:
        return note(rt_mlock(number(), number()));
      case 7:
        return note(rt_munlock(number(), number()));
      case 8:
        return note(rt_madvise(number(), number(), number()));
      case 9:
        return note(rt_file_size_for_mmap(kPath, byte() % 14) >= 0);
      case 10:
      case 11:
        return alloc();
      case 12:
        return free();
      case 13:
        return write();
      case 14:
        return write_function();
      case 15:
        return make_executable(range());
      case 16:
        return flush(range());
      case 17:
        return protect(range(), byte() % 4 == 0 ? number() : byte() % 8);
      case 18:
        return ask(range().address);
      case 19:
      case 20:
      case 21:
        return call_code(range().address);
      default:
        return handle_calls_.call();
    }
  }

 private:
  // Of executable memory.
  struct Block {
    std::int64_t address;
    std::int64_t size;
    bool is_code;  // of rt_alloc_exec_memory()
    bool is_executable;
    bool was_executable;
    bool is_written;
    bool has_function;  // kSum begins it
  };

  std::uint8_t byte() { return is_done() ? 0 : *at_++; }

  std::int64_t number() {
    const std::uint8_t kind = byte();
    const auto by = static_cast<std::int8_t>(byte());
    const rt_mapping one =
        live_.empty() ? rt_mapping{} : live_[static_cast<std::size_t>(kind / 5) % live_.size()];
    switch (kind % 5) {
      case 0:
        return one.address + by;
      case 1:
        return one.size + by;
      case 2:
        return rt_get_page_size() * by;
      case 3:
        return by;
      default:
        break;
    }
    std::uint64_t any = 0;
    for (int i = 0; i < 8; ++i) any = any << 8 | byte();
    return static_cast<std::int64_t>(any);
  }

  void map() {
    const std::int64_t flags = number();
    const bool is_memory = (flags & RT_MAP_ANONYMOUS) != 0;
    std::int64_t length = number();
    // Populated by no one, but a limit on what the fuzzer's process holds.
    if (is_memory && length > 1 << 20) length %= 1 << 20;
    const rt_mapping made =
        rt_mmap_file(kPath, is_memory ? 0 : byte() % 14, number(), flags, number(), length);
    note(made.address != 0);
    if (made.address == 0) {
      SMF_CHECK(made.size == 0);
      return;
    }
    SMF_CHECK(made.size > 0);
    live_.push_back(made);
    if (live_.size() <= 16) return;
    SMF_CHECK(rt_munmap(live_.front().address, live_.front().size));
    live_.erase(live_.begin());
  }

  void unmap() {
    const std::int64_t address = number(), size = number();
    const bool is_unmapped = rt_munmap(address, size);
    note(is_unmapped);
    const auto erased = std::erase_if(
        live_, [=](const rt_mapping& one) { return one.address == address && one.size == size; });
    SMF_CHECK((erased == 1) == is_unmapped);
  }

  void read(std::int64_t address, std::int64_t offset, std::int64_t length) {
    const std::uint8_t* const bytes = rt_mmap_view(address, offset, length);
    note(bytes != nullptr);
    for (std::int64_t i = 0; bytes != nullptr && i < length; ++i) sum_ = sum_ + bytes[i];
  }

  struct Range {
    std::int64_t address;
    std::int64_t size;
  };
  // A live block, or one that is off by a little, or any numbers.
  Range range() {
    const std::uint8_t kind = byte();
    if (kind % 8 == 7 || blocks_.empty()) return {.address = number(), .size = number()};
    const Block& block = blocks_[static_cast<std::size_t>(kind / 8) % blocks_.size()];
    if (kind % 8 < 5) return {.address = block.address, .size = block.size};
    const auto by = static_cast<std::int8_t>(byte()), more = static_cast<std::int8_t>(byte());
    return {.address = block.address + by, .size = block.size + more};
  }

  // The block that holds the address; null without one.
  Block* find(std::int64_t address) {
    for (Block& one : blocks_)
      if (static_cast<std::uint64_t>(address) - static_cast<std::uint64_t>(one.address) <
          static_cast<std::uint64_t>(one.size))
        return &one;
    return nullptr;
  }
  Block* find_whole(std::int64_t address, std::int64_t size) {
    Block* const block = find(address);
    return block != nullptr && block->address == address && block->size == size ? block : nullptr;
  }

  void alloc() {
    const bool is_code = byte() % 2 != 0;
    std::int64_t size = byte() % 4 == 0 ? number() : byte();
    // A limit on what the fuzzer's process holds.
    if (size > 1 << 20 && size < std::int64_t{1} << 40) size %= 1 << 20;
    const std::int64_t made = is_code ? rt_alloc_exec_memory(size) : rt_alloc_rw_memory(size);
    note(made != 0);
    if (made == 0) return;
    SMF_CHECK(size > 0 && find(made) == nullptr);
    blocks_.push_back({.address = made,
                       .size = size,
                       .is_code = is_code,
                       .is_executable = is_code,
                       .was_executable = is_code,
                       .is_written = false,
                       .has_function = false});
    if (blocks_.size() <= 16) return;
    SMF_CHECK(rt_free_exec_memory(blocks_.front().address, blocks_.front().size));
    blocks_.erase(blocks_.begin());
  }

  void free() {
    const auto [address, size] = range();
    const Block* const block = find_whole(address, size);
    const bool is_freed = rt_free_exec_memory(address, size);
    note(is_freed);
    SMF_CHECK(is_freed == (block != nullptr));
    if (block != nullptr) blocks_.erase(blocks_.begin() + (block - blocks_.data()));
  }

  // Any bytes anywhere.
  void write() {
    static constexpr std::uint8_t kBytes[4096] = {};
    const auto [address, length] = range();
    const std::int64_t offset = byte() % 2 == 0 ? 0 : number();
    if (length > std::int64_t{sizeof kBytes}) return;
    const std::int64_t written = rt_write_exec_memory(address, kBytes, length, offset);
    note(written >= 0);
    SMF_CHECK(written == -1 || written == length);
    Block* const block = find(address);
    if (written < 0) return;
    SMF_CHECK(block != nullptr && offset >= 0 &&
              address - block->address + offset + length <= block->size);
    if (written == 0) return;
    block->is_written = true;
    block->has_function = false;
  }

  void write_function() {
    const std::int64_t address = range().address;
    Block* const block = find(address);
    const bool is_written =
        rt_write_exec_memory(address, kSum, sizeof kSum, 0) == std::int64_t{sizeof kSum};
    note(is_written);
    if (!is_written) return;
    block->is_written = true;
    block->has_function = address == block->address;
  }

  static void flush(Range range) { rt_flush_icache(range.address, range.size); }

  void make_executable(Range range) {
    const auto [address, size] = range;
    Block* const block = find_whole(address, size);
    const bool is_made = rt_make_executable(address, size);
    note(is_made);
    SMF_CHECK(is_made == (block != nullptr));
    if (is_made) block->is_executable = block->was_executable = true;
  }

  void protect(Range range, std::int64_t prot) {
    const auto [address, size] = range;
    Block* const block = find_whole(address, size);
    const bool is_changed = rt_set_protection(address, size, prot);
    note(is_changed);
    if (!is_changed) return;
    const bool is_writable = (prot & RT_PROT_WRITE) != 0;
    SMF_CHECK(block != nullptr && prot >= 0 && prot < 6);
    SMF_CHECK(!is_writable || !block->was_executable);
    SMF_CHECK(!block->is_code || prot == (RT_PROT_READ | RT_PROT_EXEC));
    block->is_executable = (prot & RT_PROT_EXEC) != 0;
    block->was_executable |= block->is_executable;
    SMF_CHECK(rt_get_protection(address) == prot);
  }

  void ask(std::int64_t address) {
    const Block* const block = find(address);
    const bool is_executable = block != nullptr && block->is_executable;
    SMF_CHECK(rt_is_executable(address) == is_executable);
    SMF_CHECK((rt_get_protection(address) >= 0) == (block != nullptr));
    SMF_CHECK(rt_get_function_pointer(address) == (is_executable ? address : 0));
    SMF_CHECK(rt_exec_memory_count() == static_cast<std::int64_t>(blocks_.size()));
  }

  void call_code(std::int64_t address) {
    const Block* const block = find(address);
    const bool is_empty_code = block != nullptr && block->is_code && !block->is_written;
    if (block != nullptr && block->is_executable && !is_empty_code) {
      if (address != block->address || !block->has_function) return;
      SMF_CHECK(rt_call_function_2(address, 40, 2) == 42);
      SMF_CHECK(rt_last_error().code == RT_OK);
      return;
    }
    SMF_CHECK(rt_call_function_0(address) == 0);
    note(false);
    SMF_CHECK(rt_call_function_1(address, 1) == 0);
    note(false);
    SMF_CHECK(rt_call_function_2(address, 1, 2) == 0);
    note(false);
  }

  void take(rt_bytes bytes) {
    note(bytes.data != nullptr);
    SMF_CHECK(bytes.length >= 0);
    if (bytes.data != nullptr) SMF_CHECK(bytes.data[bytes.length] == 0);
    rt_free_bytes(bytes);
  }

  static void note(bool is_success) {
    if (is_success) return;
    const rt_error error = rt_last_error();
    SMF_CHECK(error.code > RT_OK && error.code <= RT_CANCELLED);
    SMF_CHECK(error.length > 3 && std::memcmp(error.text, "rt_", 3) == 0);
    SMF_CHECK(std::strlen(error.text) == static_cast<std::size_t>(error.length));
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::vector<rt_mapping> live_{};
  std::vector<Block> blocks_{};
  smf::ffi::HandleCalls handle_calls_{kModule, [this] { return byte(); }};
  volatile unsigned sum_ = 0;
};

void write_file() {
  std::FILE* const file = std::fopen(kPath, "wb");
  SMF_CHECK(file != nullptr);
  const std::string content(20'000, 'x');
  SMF_CHECK(std::fwrite(content.data(), 1, content.size(), file) == content.size());
  std::fclose(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_written = (write_file(), write_sample_module(kModule));
  SMF_CHECK(is_written);
  Calls calls(data, size);
  while (!calls.is_done()) calls.call();
  return 0;
}
