#include "runtime/cache/crossover.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <span>

#include "runtime/cache/slabs.h"
#include "runtime/os/input_file.h"

namespace smf {
namespace {

constexpr std::size_t kStretch = 64u << 10;
constexpr std::size_t kFileBytes = kTouchedStretches * kStretch;
constexpr std::size_t kFewBytes = 64;  // what a read costs without copying
constexpr std::size_t kTimes = 5;
constexpr std::size_t kTimesToPopulate = 3;

template <std::size_t kCount>
double median(std::array<double, kCount> samples) {
  std::ranges::sort(samples);
  return samples[kCount / 2];
}

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
    SMF_ASSIGN(Slabs slabs, Slabs::create(calls_));
    LoadCosts costs;
    SMF_ASSIGN(const SlabBlock block, populate(slabs, costs));
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

  // Each block takes the slab's next step; the first makes the slab as well.
  Result<SlabBlock> populate(Slabs& slabs, LoadCosts& costs) {
    std::array<double, kTimesToPopulate> samples;
    std::array<SlabBlock, kTimesToPopulate> blocks;
    for (std::size_t i = 0; i < kTimesToPopulate; ++i) {
      const double start = now();
      SMF_ASSIGN(blocks[i], slabs.allocate(Slabs::kStep));
      samples[i] = now() - start;
    }
    costs.populate_byte = median(samples) / Slabs::kStep;
    return std::move(blocks[0]);
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
    std::array<double, kTimes> few, many;
    for (std::size_t i = 0; i < kTimes; ++i) {
      SMF_ASSIGN(few[i], time_to_read(file, out.first(kFewBytes), 0));
      SMF_ASSIGN(many[i], time_to_read(file, out, 0));
    }
    costs.read_call = median(few);
    costs.read_byte = (median(many) - median(few)) / static_cast<double>(out.size() - kFewBytes);
    return {};
  }

  Result<void> map(const os::Descriptor& file, LoadCosts& costs) {
    std::array<double, kTimes> calls, faults;
    for (std::size_t i = 0; i < kTimes; ++i) {
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
      faults[i] = (touched - mapped) / kTouchedStretches;
      calls[i] = now() - touched + (mapped - start);
    }
    costs.map_call = median(calls);
    costs.fault = median(faults);
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

std::int64_t steady_nanoseconds() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
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
