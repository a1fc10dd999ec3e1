#include "runtime/cache/crossover.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <limits>
#include <span>

#include "runtime/cache/slabs.h"
#include "runtime/os/input_file.h"

namespace smf {
namespace {

static_assert(kMostCrossover <= Slabs::kLargestBlock, "what is read goes into a slab");

constexpr std::size_t kStretch = 64u << 10;
constexpr std::size_t kFileBytes = kTouchedStretches * kStretch;
constexpr std::size_t kFewBytes = 64;  // what a read costs without copying
constexpr std::size_t kLeastPage = 4u << 10, kMostPage = 64u << 10;
constexpr std::size_t kReadBytes = 128u << 10;
constexpr int kTimes = 3;
constexpr int kTimesToPopulate = 2;

// The least of some times: what interrupts adds, and never takes away.
class Least {
 public:
  void add(double time) { time_ = std::min(time_, time); }
  double get() const { return time_; }

 private:
  double time_ = std::numeric_limits<double>::infinity();
};

// The file, mapped; unmapped when it leaves the scope.
class Mapping {
 public:
  Mapping(const os::Descriptor& file, os::SystemCalls& calls)
      : address_(calls.mmap(nullptr, kFileBytes, PROT_READ, MAP_PRIVATE, file.get(), 0)),
        calls_(calls) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (address_ != MAP_FAILED) calls_.munmap(address_, kFileBytes);
  }
  explicit operator bool() const { return address_ != MAP_FAILED; }
  const std::byte* get() const { return static_cast<const std::byte*>(address_); }

 private:
  void* address_;
  os::SystemCalls& calls_;
};

std::unexpected<Error> refused(const char* what) { return fail_system(what, {}, errno); }

class Measurement {
 public:
  Measurement(os::SystemCalls& calls, NanosecondClock clock) : calls_(calls), clock_(clock) {}

  Result<LoadCosts> run() {
    LoadCosts costs;
    SMF_ASSIGN(const SlabBlock block, populate(costs));
    os::Descriptor file = open_program();
    if (!file) {
      SMF_ASSIGN(file, make_file(block.bytes()));
    }
    SMF_TRY(read(file, block.bytes(), costs));
    SMF_TRY(map(file, costs));
    return costs;
  }

 private:
  double now() const { return static_cast<double>(clock_()); }

  // Empty where it is too short.
  os::Descriptor open_program() {
    os::Descriptor file(calls_.open("/proc/self/exe", O_RDONLY, 0), calls_);
    struct stat status{};
    const bool is_good = file && calls_.fstat(file.get(), &status) == 0 &&
                         static_cast<std::size_t>(status.st_size) >= kFileBytes;
    return is_good ? std::move(file) : os::Descriptor();
  }

  Result<os::Descriptor> make_file(std::span<const std::byte> content) {
    os::Descriptor file(calls_.open("/tmp", O_TMPFILE | O_RDWR | O_EXCL, 0600), calls_);
    if (!file) return refused("make a file to measure");
    for (std::size_t at = 0; at < kFileBytes;) {
      const ssize_t put =
          calls_.pwrite(file.get(), content.data(), std::min(content.size(), kFileBytes - at),
                        static_cast<off_t>(at));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return refused("write a file to measure");
      at += static_cast<std::size_t>(put);
    }
    return file;
  }

  // A block out of a new slab, its pages touched. Where that brought a huge page, there is more in
  // memory than the block, for the same money.
  Result<SlabBlock> populate(LoadCosts& costs) {
    SlabBlock block;
    Least byte;
    for (int i = 0; i < kTimesToPopulate; ++i) {
      block.reset();
      const double start = now();
      SMF_ASSIGN(Slabs slabs, Slabs::create(calls_));
      SMF_ASSIGN(block, slabs.allocate(kReadBytes));
      for (std::size_t at = 0; at < kReadBytes; at += kLeastPage) block.bytes()[at] = std::byte{1};
      const double end = now();
      SMF_ASSIGN(const std::size_t populated, populated_behind(block.bytes().data()));
      byte.add((end - start) / static_cast<double>(populated));
    }
    costs.populate_byte = byte.get();
    return block;
  }

  // Bytes in memory from the first block of a slab on.
  Result<std::size_t> populated_behind(const std::byte* block) {
    constexpr std::size_t kSpan = Slabs::kHugePage - kMostPage;  // ends within the first
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::array<unsigned char, kSpan / kLeastPage> pages{};
    auto* const begin =
        const_cast<std::byte*>(block) - reinterpret_cast<std::uintptr_t>(block) % page;
    if (calls_.mincore(begin, kSpan, pages.data()) != 0) return refused("ask for memory's pages");
    const auto count = std::ranges::count_if(pages, [](auto state) { return (state & 1) != 0; });
    return std::max(static_cast<std::size_t>(count) * page, kReadBytes);
  }

  Result<double> time_to_read(const os::Descriptor& file, std::span<std::byte> out,
                              std::size_t offset) {
    const double start = now();
    const ssize_t got =
        calls_.pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
    const double end = now();
    if (got < 0) return refused("read a file to measure");
    if (static_cast<std::size_t>(got) != out.size())
      return fail_system("read all of a file to measure", {}, EIO);
    return end - start;
  }

  Result<void> read(const os::Descriptor& file, std::span<std::byte> out, LoadCosts& costs) {
    // All of the file is in the page cache afterwards.
    for (std::size_t at = 0; at < kFileBytes; at += out.size())
      SMF_TRY(time_to_read(file, out, at));
    Least few, many;
    for (int i = 0; i < kTimes; ++i) {
      SMF_ASSIGN(const double time_of_few, time_to_read(file, out.first(kFewBytes), 0));
      SMF_ASSIGN(const double time_of_many, time_to_read(file, out, 0));
      few.add(time_of_few);
      many.add(time_of_many);
    }
    costs.read_call = few.get();
    costs.read_byte = (many.get() - few.get()) / static_cast<double>(out.size() - kFewBytes);
    return {};
  }

  Result<void> map(const os::Descriptor& file, LoadCosts& costs) {
    Least calls, faults;
    for (int i = 0; i < kTimes; ++i) {
      const double start = now();
      double mapped = 0, touched = 0;
      {
        const Mapping mapping(file, calls_);
        if (!mapping) return refused("map a file to measure");
        mapped = now();
        for (std::size_t at = 0; at < kFileBytes; at += kStretch)
          static_cast<void>(*static_cast<const volatile std::byte*>(mapping.get() + at));
        touched = now();
      }
      faults.add((touched - mapped) / kTouchedStretches);
      calls.add(now() - touched + (mapped - start));
    }
    costs.map_call = calls.get();
    costs.fault = faults.get();
    return {};
  }

  os::SystemCalls& calls_;
  const NanosecondClock clock_;
};

}  // namespace

std::uint64_t crossover_of(const LoadCosts& costs) {
  const double byte = costs.read_byte + costs.populate_byte;
  const double ahead = costs.map_call + kTouchedStretches * costs.fault - costs.read_call;
  if (!std::isfinite(ahead) || !std::isfinite(byte) || byte <= 0) return kDefaultCrossover;
  const double bytes = std::clamp(ahead / byte, static_cast<double>(kLeastCrossover),
                                  static_cast<double>(kMostCrossover));
  return std::bit_floor(static_cast<std::uint64_t>(std::round(bytes * std::sqrt(2.0))));
}

std::int64_t thread_nanoseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Result<LoadCosts> measure_load_costs(os::SystemCalls& calls, NanosecondClock clock) {
  return Measurement(calls, clock).run();
}

std::uint64_t measured_crossover() {
  static const std::uint64_t kMeasured = [] {
    const auto costs = measure_load_costs();
    return costs ? crossover_of(*costs) : kDefaultCrossover;
  }();
  return kMeasured;
}

}  // namespace smf
