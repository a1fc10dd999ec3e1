// Calls of the C interface with any numbers: none crashes, and each failure says why.
//
//   ./bazelw run --config=fuzz //runtime/ffi:ffi_fuzz -- -max_total_time=600
//
// An input is calls: a byte for the function, then its arguments. An argument is a byte that says
// what it is made of, the address or the size of a live mapping, a page or zero, and one that is
// added, or eight bytes that are any number.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/ffi/smf_rt.h"

namespace {

// Where the fuzzer was started: it brings its own folder.
constexpr const char* kPath = "ffi_fuzz-file";

class Calls {
 public:
  Calls(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  ~Calls() {
    for (const rt_mapping& one : live_) SMF_CHECK(rt_munmap(one.address, one.size));
  }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  bool is_done() const { return at_ == end_; }

  void call() {
    switch (byte() % 10) {
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
      default:
        return note(rt_file_size_for_mmap(kPath, byte() % 14) >= 0);
    }
  }

 private:
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
    for (std::int64_t i = 0; bytes != nullptr && i < length; ++i) sum_ += bytes[i];
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
  static const bool is_written = (write_file(), true);
  SMF_CHECK(is_written);
  Calls calls(data, size);
  while (!calls.is_done()) calls.call();
  return 0;
}
