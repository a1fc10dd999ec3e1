#include "runtime/exec/code_space.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/exec/machine_code.h"
#include "runtime/os/input_file.h"
#include "runtime/os/tiny_function.h"

namespace smf::internal {
namespace {

// Newer than the headers that this is built with.
constexpr unsigned kMfdExec = 0x10;                     // Linux 6.3
constexpr int kSealFutureWrite = 0x10;                  // 5.1
constexpr int kPopulateRead = 22, kPopulateWrite = 23;  // 5.14
constexpr int kWipeOnFork = 18;                         // 4.14

constexpr int kReserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

// What is executable; where the build has landing pads, the processor enforces them.
#if defined(__ARM_FEATURE_BTI_DEFAULT)
constexpr int kExecutable = PROT_READ | PROT_EXEC | 0x10;  // PROT_BTI
#else
constexpr int kExecutable = PROT_READ | PROT_EXEC;
#endif

// The build with SMF_EXEC_UNPROTECTED shows what protection costs, in a benchmark, which brings its
// own map_segment(). Nothing that ships has it.
#if defined(SMF_EXEC_UNPROTECTED)
constexpr bool kIsProtected = false;
#else
constexpr bool kIsProtected = true;
#endif

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

// Any code of this library.
const void* own_code() { return reinterpret_cast<const void*>(&own_code); }

int call(const std::byte* function) {
  int (*callable)() = nullptr;
  std::memcpy(&callable, &function, sizeof callable);
  return callable();
}

// Whether code that is written in one view runs, and runs anew, in the other.
bool runs(std::byte* code, std::byte* writable) {
  constexpr auto kFirst = os::function_returning(41);
  constexpr auto kSecond = os::function_returning(42);
  std::byte* const to = writable + kLandingPad.size();
  std::ranges::copy(std::as_bytes(std::span(kLandingPad)), writable);
  const auto write = [&](const auto& function) {
    std::memcpy(to, function.data(), function.size());
    synchronize_code({code, kLandingPad.size() + function.size()});
  };
  write(kFirst);
  if (call(code) != 41) return false;
  write(kSecond);
  const bool is_new = call(code) == 42;
  return is_new;
}

// Reads a byte of each page.
void touch(const std::byte* first, std::size_t size, std::size_t page) {
  for (std::size_t at = 0; at < size; at += page)
    static_cast<void>(*static_cast<const volatile std::byte*>(first + at));
}

}  // namespace

CodeSpace::CodeSpace(const Options& options)
    : options_(options),
      calls_(options.calls),
      page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))),
      owner_(::getpid()),
      regions_(options.max_regions) {}

CodeSpace::CodeSpace(CodeSpace&& other) noexcept
    : options_(other.options_),
      calls_(other.calls_),
      page_(other.page_),
      owner_(other.owner_),
      protection_(other.protection_),
      refusal_(std::move(other.refusal_)),
      is_near_(other.is_near_),
      is_hidden_(other.is_hidden_),
      is_sealed_(other.is_sealed_),
      is_sealed_by_kernel_(other.is_sealed_by_kernel_),
      shared_(std::exchange(other.shared_, nullptr)),
      regions_(std::move(other.regions_)),
      region_count_(other.region_count_.exchange(0)),
      segments_(std::move(other.segments_)) {}

CodeSpace::~CodeSpace() {
  const unsigned count = regions();
  for (unsigned i = 0; i != count; ++i) {
    release(regions_[i].writable);
    if (regions_[i].code != regions_[i].writable) release(regions_[i].code);
  }
  if (shared_ != nullptr) calls_->munmap(shared_, sizeof(Shared));
}

Result<CodeSpace> CodeSpace::create(const Options& options) {
  SMF_CHECK(options.max_regions >= 1 && options.max_regions <= kMaxRegions);
  SMF_CHECK(std::has_single_bit(options.region_size) && options.region_size >= kMaxSegment);
  CodeSpace space(options);
  SMF_TRY(space.make_shared());
  space.protection_ = options.protection.value_or(CodeProtection::kDualMapping);
  if (space.protection_ == CodeProtection::kPageProtection || !kIsProtected) return space;
  const auto tried = space.try_dual_mapping();
  if (tried) return space;
  if (options.protection) return std::unexpected(tried.error());
  space.refusal_ = tried.error().describe();
  space.protection_ = CodeProtection::kPageProtection;
  return space;
}

Result<void> CodeSpace::make_shared() {
  void* const memory = calls_->mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_system("mmap a page for code memory", {}, errno);
  shared_ = static_cast<Shared*>(memory);
  calls_->madvise(memory, sizeof(Shared), kWipeOnFork);
  return {};
}

// On a page of its own, apart from where code will be.
Result<void> CodeSpace::try_dual_mapping() {
  const std::size_t size = min_segment();
  struct Pages {
    os::SystemCalls& calls;
    void* const memory;
    const std::size_t size;
    ~Pages() {
      if (memory != MAP_FAILED) calls.munmap(memory, size);
    }
  };
  const Pages pages{*calls_, calls_->mmap(nullptr, 2 * size, PROT_NONE, kReserved, -1, 0),
                    2 * size};
  if (pages.memory == MAP_FAILED) return fail_system("reserve pages for a trial", {}, errno);
  auto* const code = static_cast<std::byte*>(pages.memory);
  SMF_TRY(map_twice(code, code + size, size));
  if (!runs(code, code + size)) {
    return fail(ErrorCode::kUnsupported,
                "code that was written through another address was not run as written");
  }
  return {};
}

// The address is a wish, and what is elsewhere is given back. MAP_FIXED_NOREPLACE would save that,
// but ThreadSanitizer, which allows few ranges, makes an address outside of them 0 and leaves the
// flag; and root may have memory there.
std::byte* CodeSpace::reserve_at(std::uintptr_t address) {
  void* const wanted = reinterpret_cast<void*>(address);
  void* const got = calls_->mmap(wanted, reserved_size(), PROT_NONE, kReserved, -1, 0);
  if (got == MAP_FAILED) return nullptr;
  if (got == wanted) return static_cast<std::byte*>(got) + page_;
  calls_->munmap(got, reserved_size());
  return nullptr;
}

// The part between the guard pages. `near`: to where Options says; else anywhere, unforeseeably.
Result<std::byte*> CodeSpace::reserve(bool near) {
  if (near) {
    const void* const anchor = options_.near != nullptr ? options_.near : own_code();
    const std::uint64_t middle = number(anchor) - number(anchor) % options_.region_size;
    for (std::uint64_t away = options_.region_size; away + reserved_size() < kReach;
         away += options_.region_size) {
      if (auto* const found = reserve_at(middle + away)) return found;
      if (middle <= away) continue;
      if (auto* const found = reserve_at(middle - away)) return found;
    }
    if (options_.near != nullptr) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("no range of {} bytes is free within 2 GiB of 0x{:x}",
                              reserved_size(), number(anchor)));
    }
    is_near_ = false;
  }
  // 47 bits are what every processor and kernel gives.
  for (int tried = 0; tried != 8; ++tried) {
    std::uint64_t random = 0;
    if (calls_->getrandom(&random, sizeof random) != static_cast<ssize_t>(sizeof random))
      return fail_system("getrandom", {}, errno);
    const std::uint64_t address = random % ((std::uint64_t{1} << 47) - 2 * options_.region_size);
    if (auto* const found = reserve_at(address & ~std::uint64_t{page_ - 1})) return found;
  }
  void* const got = calls_->mmap(nullptr, reserved_size(), PROT_NONE, kReserved, -1, 0);
  if (got == MAP_FAILED)
    return fail_system(fmt::format("reserve {} bytes of addresses", reserved_size()), {}, errno);
  return static_cast<std::byte*>(got) + page_;
}

Result<unsigned> CodeSpace::add_region() {
  const unsigned number = regions();
  if (number == options_.max_regions)
    return fail(ErrorCode::kLimit, fmt::format("code memory has {} regions already", number));
  Region region;
  SMF_ASSIGN(region.code, reserve(true));
  region.writable = region.code;
  if (protection_ == CodeProtection::kDualMapping && kIsProtected) {
    auto writable = reserve(false);
    if (!writable) {
      release(region.code);
      return std::unexpected(std::move(writable).error());
    }
    region.writable = *writable;
  }
  regions_[number] = region;
  shared_->writable[number].store(is_hidden_ ? 0 : smf::internal::number(region.writable));
  region_count_.store(number + 1, std::memory_order_release);
  return number;
}

void CodeSpace::release(std::byte* first) {
  if (first != nullptr) calls_->munmap(first - page_, reserved_size());
}

std::optional<std::uint64_t> CodeSpace::find_gap(std::size_t size) const {
  const std::uint64_t end = regions() * options_.region_size;
  // Where a block of the size fits behind `from`, which must not lead over a region's end.
  const auto fit = [&](std::uint64_t from) {
    const std::uint64_t rest = options_.region_size - from % options_.region_size;
    return rest < size ? from + rest : from;
  };
  std::uint64_t from = 0;
  for (const auto& [offset, length] : segments_) {
    if (fit(from) + size <= offset) break;
    from = offset + length;
  }
  from = fit(from);
  if (from + size > end) return std::nullopt;
  return from;
}

Result<void> CodeSpace::add_segment(std::uint64_t offset, std::size_t size) {
  const Region& region = regions_[offset / options_.region_size];
  const std::uint64_t within = offset % options_.region_size;
  const auto added = segments_.emplace(offset, size).first;
  const bool is_later = kIsProtected && protection_ == CodeProtection::kPageProtection;
  const auto mapped =
      is_later ? Result<void>() : map_segment(region.code + within, region.writable + within, size);
  if (!mapped) segments_.erase(added);
  return mapped;
}

#if !defined(SMF_EXEC_UNPROTECTED)
Result<void> CodeSpace::map_segment(std::byte* code, std::byte* writable, std::size_t size) {
  return map_twice(code, writable, size);
}
#endif

// Both views, sealed and there. With an error, inaccessible again.
Result<void> CodeSpace::map_twice(std::byte* code, std::byte* writable, std::size_t size) {
  const auto undo = [&](std::unexpected<Error> error) {
    static_cast<void>(forget_pages(code, size));
    static_cast<void>(forget_pages(writable, size));
    return error;
  };
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  os::Descriptor fd(calls_->memfd_create("smf-code", kFlags | kMfdExec), *calls_);
  if (!fd && errno == EINVAL)
    fd = os::Descriptor(calls_->memfd_create("smf-code", kFlags), *calls_);
  if (!fd) return fail_system("memfd_create", {}, errno);
  if (calls_->ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    return fail_system("ftruncate a memfd", {}, errno);
  const os::Descriptor read_only(
      calls_->open(fmt::format("/proc/self/fd/{}", fd.get()).c_str(), O_RDONLY, 0), *calls_);
  if (!read_only) return fail_system("open a memfd for reading", {}, errno);
  if (calls_->mmap(writable, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(), 0) ==
      MAP_FAILED)
    return undo(fail_system("mmap code memory for writing", {}, errno));
  if (calls_->mmap(code, size, kExecutable, MAP_SHARED | MAP_FIXED, read_only.get(), 0) ==
      MAP_FAILED)
    return undo(fail_system("mmap code memory for execution", {}, errno));
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (calls_->add_seals(fd.get(), kSeals | kSealFutureWrite) != 0 &&
      (errno != EINVAL || calls_->add_seals(fd.get(), kSeals) != 0))
    return undo(fail_system("seal a memfd", {}, errno));
  if (calls_->madvise(writable, size, MADV_DONTFORK) != 0 ||
      calls_->madvise(writable, size, MADV_DONTDUMP) != 0)
    return undo(fail_system("madvise code memory", {}, errno));
  // Where the kernel does not know these, each page costs a fault, now.
  if (calls_->madvise(writable, size, kPopulateWrite) != 0 && errno != EINVAL)
    return undo(fail_system("populate code memory", {}, errno));
  fill_with_traps({writable, size});
  if (calls_->madvise(code, size, kPopulateRead) != 0) touch(code, size, page_);
  synchronize_code({code, size});
  return {};
}

Result<void> CodeSpace::forget_pages(std::byte* first, std::size_t size) {
  if (calls_->mmap(first, size, PROT_NONE, kReserved | MAP_FIXED, -1, 0) == MAP_FAILED)
    return fail_system("unmap code memory", {}, errno);
  return {};
}

Result<void> CodeSpace::remove_segment(std::uint64_t offset) {
  const auto segment = segments_.find(offset);
  SMF_CHECK(segment != segments_.end());
  const Region& region = regions_[offset / options_.region_size];
  const std::uint64_t within = offset % options_.region_size;
  // What is executable first: if the other fails then, the segment has no use, and no danger.
  SMF_TRY(forget_pages(region.code + within, segment->second));
  if (region.writable != region.code)
    SMF_TRY(forget_pages(region.writable + within, segment->second));
  segments_.erase(segment);
  return {};
}

Result<void> CodeSpace::protect(std::span<std::byte> pages, Access access) {
  if (!kIsProtected) return {};
  if (access == Access::kNone) return forget_pages(pages.data(), pages.size());
  const int protection = access == Access::kWrite ? PROT_READ | PROT_WRITE : kExecutable;
  if (calls_->mprotect(pages.data(), pages.size(), protection) != 0) {
    return fail_system(
        fmt::format("make code memory {}", access == Access::kWrite ? "writable" : "executable"),
        {}, errno);
  }
  return {};
}

// What writable() says.
void CodeSpace::publish() {
  const unsigned count = regions();
  for (unsigned i = 0; i != count; ++i)
    shared_->writable[i].store(is_hidden_ ? 0 : number(regions_[i].writable));
}

void CodeSpace::announce_hiding() {
  is_hidden_ = true;
  publish();
}

Result<void> CodeSpace::take_away() {
  SMF_CHECK(is_hidden_);
  if (protection_ == CodeProtection::kPageProtection || !kIsProtected) return {};
  const unsigned count = regions();
  for (unsigned i = 0; i != count; ++i) {
    if (calls_->mprotect(regions_[i].writable, options_.region_size, PROT_NONE) != 0)
      return fail_system("hide the writable view of code memory", {}, errno);
  }
  return {};
}

Result<void> CodeSpace::show() {
  if (is_sealed_) return fail(ErrorCode::kUnsupported, "code memory is sealed");
  if (::getpid() != owner_)
    return fail(ErrorCode::kUnsupported, "code memory belongs to the process that made it");
  if (!is_hidden_) return {};
  if (protection_ == CodeProtection::kDualMapping && kIsProtected) {
    for (const auto& [offset, size] : segments_) {
      std::byte* const first =
          regions_[offset / options_.region_size].writable + offset % options_.region_size;
      if (calls_->mprotect(first, size, PROT_READ | PROT_WRITE) != 0)
        return fail_system("show the writable view of code memory", {}, errno);
    }
  }
  is_hidden_ = false;
  publish();
  return {};
}

Result<void> CodeSpace::seal() {
  SMF_CHECK(is_hidden_);
  const unsigned count = regions();
  bool by_kernel = count != 0;
  for (unsigned i = 0; i != count; ++i) {
    Region& region = regions_[i];
    if (region.writable != region.code && region.writable != nullptr) {
      if (calls_->munmap(region.writable - page_, reserved_size()) != 0)
        return fail_system("unmap the writable view of code memory", {}, errno);
      region.writable = nullptr;
    }
    is_sealed_ = true;  // with the first, there is no way back
    if (kIsProtected && calls_->mseal(region.code - page_, reserved_size()) != 0) by_kernel = false;
  }
  is_sealed_ = true;
  is_sealed_by_kernel_ = by_kernel;
  return {};
}

}  // namespace smf::internal
