#include "runtime/cache/crossover.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/base/failing_new.h"
#include "runtime/os/fault_calls.h"
#include "runtime/os/recording_calls.h"

namespace smf {
namespace {

constexpr double kMiB = 1u << 20;

// A virtual machine: 58 us to open, map, touch once and close, of which 4 are not the mapping.
constexpr LoadCosts kVirtual = {
    .read_call = 1'000, .read_byte = 30'000 / kMiB, .map_call = 42'000, .fault = 12'000};
constexpr LoadCosts kBare = {
    .read_call = 200, .read_byte = 100.0 / 1024, .map_call = 2'000, .fault = 500};

TEST(Crossover, WhereFaultsAreDearReadingPaysLonger) {
  EXPECT_EQ(crossover_of(kVirtual), 4u << 20);  // (42 + 48 - 1) / 30 MiB
  EXPECT_EQ(crossover_of(kBare), 64u << 10);    // 38 KiB
}

TEST(Crossover, MemoryThatHasToBePopulatedIsPartOfThePriceOfReading) {
  LoadCosts costs = kVirtual;
  costs.populate_byte = 180'000 / kMiB;
  EXPECT_EQ(crossover_of(costs), 512u << 10);  // 89 / 210 MiB
}

TEST(Crossover, IsClampedAndRoundedByRatio) {
  LoadCosts costs{.read_byte = 1};
  const auto of = [&](double ahead) {
    costs.map_call = ahead;
    return crossover_of(costs);
  };
  EXPECT_EQ(of(-5), kLeastCrossover);
  EXPECT_EQ(of(0), kLeastCrossover);
  EXPECT_EQ(of(1e18), kMostCrossover);
  EXPECT_EQ(of(256 << 10), 256u << 10);
  EXPECT_EQ(of(1.40 * (256 << 10)), 256u << 10);
  EXPECT_EQ(of(1.42 * (256 << 10)), 512u << 10);
  std::uint64_t last = 0;
  for (double ahead = 1; ahead < 1e8; ahead *= 1.1) {
    const std::uint64_t now = of(ahead);
    EXPECT_TRUE(std::has_single_bit(now));
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(Crossover, CostsThatCannotBeGiveTheDefault) {
  EXPECT_EQ(crossover_of({}), kDefaultCrossover);
  EXPECT_EQ(crossover_of({.read_byte = -1, .fault = 100}), kDefaultCrossover);
  EXPECT_EQ(crossover_of({.read_byte = NAN, .fault = 100}), kDefaultCrossover);
  EXPECT_EQ(crossover_of({.read_byte = 1, .fault = std::numeric_limits<double>::infinity()}),
            kDefaultCrossover);
}

// Time that passes in system calls and nowhere else, so that it can be foretold.
std::int64_t g_now = 0;
std::int64_t foretold_clock() { return g_now; }

class TimedCalls : public os::RecordingCalls {
 public:
  int preempted_read = -1, preempted_map = -1;  // those that take a millisecond more
  bool has_program = true, has_huge_pages = false;

  int open(const char* path, int flags, mode_t mode) override {
    if (!has_program && std::string_view(path) == "/proc/self/exe") return errno = EACCES, -1;
    paths.emplace_back(path);
    return RecordingCalls::open(path, flags, mode);
  }
  ssize_t pread(int fd, void* out, std::size_t size, off_t offset) override {
    g_now += 1000 + static_cast<std::int64_t>(size) + late(reads_++ == preempted_read);
    return RecordingCalls::pread(fd, out, size, offset);
  }
  void* mmap(void* address, std::size_t size, int protection, int flags, int fd,
             off_t offset) override {
    if (fd >= 0) g_now += 3000 + late(maps_++ == preempted_map);
    return RecordingCalls::mmap(address, size, protection, flags, fd, offset);
  }
  int munmap(void* address, std::size_t size) override {
    g_now += 5000;
    return RecordingCalls::munmap(address, size);
  }
  int madvise(void* address, std::size_t size, int advice) override {
    if (advice == MADV_HUGEPAGE) return 0;
    g_now += static_cast<std::int64_t>(size) + late(advices_++ == preempted_map);
    return RecordingCalls::madvise(address, size, advice);
  }
  // The slab's first steps, or all of it.
  int mincore(void* address, std::size_t size, unsigned char* resident) override {
    EXPECT_EQ(RecordingCalls::mincore(address, size, resident), 0);
    const std::size_t populated = has_huge_pages ? size : 240u << 10;
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::fill_n(std::fill_n(resident, populated / page, 1), (size - populated) / page, 0);
    return 0;
  }

  std::vector<std::string> paths{};

 private:
  static std::int64_t late(bool is_late) { return is_late ? 1'000'000 : 0; }
  int reads_ = 0, maps_ = 0, advices_ = 0;
};

TEST(MeasureLoadCosts, GivesTheTimesOfTheCallsAlsoWhenPreempted) {
  for (int preempted = -1; preempted < 20; ++preempted) {
    TimedCalls calls;
    calls.preempted_read = calls.preempted_map = preempted;
    const auto costs = measure_load_costs(calls, foretold_clock);
    ASSERT_TRUE(costs) << costs.error().describe();
    EXPECT_NEAR(costs->read_call, 1064, 1e-6);
    EXPECT_NEAR(costs->read_byte, 1, 1e-6);
    // Two steps, of which the slab's books take 16 KiB.
    EXPECT_NEAR(costs->populate_byte, 256.0 / 240, 0.01);
    EXPECT_NEAR(costs->map_call, 8000, 1e-6);
    EXPECT_NEAR(costs->fault, 0, 1e-6);
  }
}

TEST(MeasureLoadCosts, AHugePageIsCheaperByWhatItBringsBesides) {
  TimedCalls calls;
  calls.has_huge_pages = true;
  const auto costs = measure_load_costs(calls, foretold_clock);
  ASSERT_TRUE(costs) << costs.error().describe();
  EXPECT_NEAR(costs->populate_byte, 256.0 / 1984, 0.01);
}

TEST(MeasureLoadCosts, WithoutTheProgramsFileMakesOneThatHasNoName) {
  TimedCalls calls;
  calls.has_program = false;
  const auto costs = measure_load_costs(calls, foretold_clock);
  ASSERT_TRUE(costs) << costs.error().describe();
  EXPECT_EQ(calls.paths, std::vector<std::string>{"/tmp"});
  EXPECT_NEAR(costs->read_byte, 1, 1e-6);
}

using FaultyTimedCalls = os::FaultCallsOver<TimedCalls>;

TEST(MeasureLoadCosts, EachSystemCallMayFailAndNothingIsLeft) {
  for (const bool has_program : {true, false}) {
    for (const bool stays_broken : {true, false}) {
      for (int n = 0;; ++n) {
        FaultyTimedCalls calls;
        calls.has_program = has_program;
        calls.fail_at = n;
        calls.stays_broken = stays_broken;
        const auto costs = measure_load_costs(calls, foretold_clock);
        EXPECT_EQ(calls.open_descriptors, 0) << n;
        EXPECT_EQ(calls.mapped_bytes, 0u) << n;
        if (!costs) {
          EXPECT_EQ(costs.error().code, ErrorCode::kSystem);
          EXPECT_EQ(costs.error().system_errno, EIO);
        }
        if (calls.calls > n) continue;
        EXPECT_TRUE(costs);
        EXPECT_GE(n, 20);
        break;
      }
    }
  }
}

TEST(MeasureLoadCosts, ReadsThatStopHalfWayAreAnError) {
  FaultyTimedCalls calls;
  calls.halves = true;
  EXPECT_FALSE(measure_load_costs(calls, foretold_clock));
  EXPECT_EQ(calls.open_descriptors, 0);
  EXPECT_EQ(calls.mapped_bytes, 0u);
}

TEST(MeasureLoadCosts, EachAllocationMayFail) {
  EXPECT_GE(fail_each_allocation([] {
              const auto costs = measure_load_costs();
              EXPECT_TRUE(costs || costs.error().code == ErrorCode::kOutOfMemory);
            }),
            1);
}

TEST(MeasureLoadCosts, OnThisMachineTheyAreTimes) {
  const auto costs = measure_load_costs();
  ASSERT_TRUE(costs) << costs.error().describe();
  for (const double cost : {costs->read_call, costs->populate_byte, costs->map_call, costs->fault})
    EXPECT_GT(cost, 0);
  RecordProperty("read_call", static_cast<int>(costs->read_call));
  RecordProperty("read_mib", static_cast<int>(costs->read_byte * kMiB));
  RecordProperty("populate_mib", static_cast<int>(costs->populate_byte * kMiB));
  RecordProperty("map_call", static_cast<int>(costs->map_call));
  RecordProperty("fault", static_cast<int>(costs->fault));
}

TEST(MeasuredCrossover, IsOneForAllThreads) {
  std::array<std::uint64_t, 4> seen{};
  std::vector<std::thread> threads;
  threads.reserve(seen.size());
  for (std::uint64_t& mine : seen) threads.emplace_back([&mine] { mine = measured_crossover(); });
  for (std::thread& thread : threads) thread.join();
  for (const std::uint64_t one : seen) EXPECT_EQ(one, measured_crossover());
  EXPECT_TRUE(std::has_single_bit(measured_crossover()));
  EXPECT_GE(measured_crossover(), kLeastCrossover);
  EXPECT_LE(measured_crossover(), kMostCrossover);
}

}  // namespace
}  // namespace smf
