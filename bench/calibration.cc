#include "bench/calibration.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "bench/page_cache.h"
#include "bench/stopwatch.h"
#include "bench/summary.h"
#include "runtime/base/check.h"
#include "runtime/os/input_file.h"
#include "runtime/os/mapped_file.h"
#include "runtime/os/output_file.h"
#include "runtime/os/page_size.h"

namespace smf::bench {
namespace {

constexpr std::size_t kRepetitions = 5;
constexpr std::size_t kFileSize = 16u << 20;
constexpr std::size_t kCopySize = 64u << 20;

// Median over repetitions; each gives the time of one operation.
double repeated(const std::function<double()>& once) {
  std::vector<double> times;
  times.reserve(kRepetitions);
  for (std::size_t i = 0; i < kRepetitions; ++i) times.push_back(once());
  return median(times);
}

double system_call_ns() {
  constexpr int kCalls = 20'000;
  Stopwatch watch;
  for (int i = 0; i < kCalls; ++i) ::syscall(SYS_getppid);
  return watch.lap() / kCalls;
}

double clock_ns() {
  constexpr int kCalls = 20'000;
  Stopwatch watch, whole;
  for (int i = 0; i < kCalls; ++i) benchmark::DoNotOptimize(watch.lap());
  return whole.lap() / kCalls;
}

double pages_of_file(std::size_t page) {
  const std::size_t pages = kFileSize / page;
  return static_cast<double>(pages);
}

double anonymous_fault_ns(std::size_t page) {
  void* const memory =
      ::mmap(nullptr, kFileSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SMF_CHECK(memory != MAP_FAILED);
  ::madvise(memory, kFileSize, MADV_NOHUGEPAGE);
  auto* const bytes = static_cast<volatile char*>(memory);
  Stopwatch watch;
  for (std::size_t at = 0; at < kFileSize; at += page) bytes[at] = 1;
  const double time = watch.lap();
  ::munmap(memory, kFileSize);
  return time / pages_of_file(page);
}

os::MappedFile map(const std::string& path) {
  auto mapped = os::MappedFile::open(path);
  SMF_CHECK(mapped);
  return *std::move(mapped);
}

std::uint64_t faults_so_far() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return static_cast<std::uint64_t>(usage.ru_minflt);
}

// One fault, and into `pages` how many pages it maps.
double file_fault_ns(const std::string& path, std::size_t page, double& pages) {
  const os::MappedFile mapped = map(path);
  const Bytes bytes = mapped.bytes();
  const std::uint64_t before = faults_so_far();
  std::uint64_t sum = 0;  // DoNotOptimize() of the byte itself would not load it
  Stopwatch watch;
  for (std::size_t at = 0; at < bytes.size(); at += page) sum += load<std::uint8_t>(bytes, at);
  benchmark::DoNotOptimize(sum);
  const double time = watch.lap();
  const auto faults = static_cast<double>(std::max<std::uint64_t>(faults_so_far() - before, 1));
  pages = pages_of_file(page) / faults;
  return time / faults;
}

double populate_page_ns(const std::string& path, std::size_t page) {
  const os::MappedFile mapped = map(path);
  Stopwatch watch;
  const auto populated = mapped.advise(os::Advice::kPopulate);
  const double time = watch.lap();
  return populated ? time / pages_of_file(page) : 0;
}

double memcpy_gb_per_s() {
  const ByteVector from(kCopySize, std::byte{1});
  ByteVector to(kCopySize, std::byte{2});
  const double ns = repeated([&] {
    Stopwatch watch;
    std::memcpy(to.data(), from.data(), kCopySize);
    benchmark::ClobberMemory();
    return watch.lap();
  });
  return static_cast<double>(kCopySize) / ns;
}

}  // namespace

Calibration calibrate(const std::string& folder) {
  const std::uint64_t page = os::page_size();
  Calibration made;
  const std::string path = folder + "/calibration";
  auto out = os::OutputFile::create(path);
  SMF_CHECK(out && out->append(ByteVector(kFileSize, std::byte{1})) && out->commit());
  ByteVector buffer(kFileSize);
  read_anew(path, buffer);
  made.system_call_ns = repeated(system_call_ns);
  made.clock_ns = repeated(clock_ns);
  made.anonymous_fault_ns = repeated([&] { return anonymous_fault_ns(page); });
  made.file_fault_ns =
      repeated([&] { return file_fault_ns(path, page, made.pages_of_file_fault); });
  made.populate_page_ns = repeated([&] { return populate_page_ns(path, page); });
  made.memcpy_gb_per_s = memcpy_gb_per_s();
  ::unlink(path.c_str());
  return made;
}

void print(const Environment& on, const Calibration& c) {
  constexpr double kGib = 1u << 30;
  fmt::print(
      "{}, {}, {}: {} processors, {:.1f} GiB; pages of {} bytes, huge pages: {}; files on {}\n",
      on.kernel, on.arch, on.processor, on.processors, static_cast<double>(on.memory) / kGib,
      on.page_size, on.huge_pages, on.file_system);
  fmt::print(
      "system call {:.0f} ns, fault on a page of zeros {:.0f} ns, fault in a file {:.0f} ns for "
      "{:.0f} "
      "pages, populating {:.0f} ns a page, clock {:.0f} ns, memcpy {:.1f} GB/s\n",
      c.system_call_ns, c.anonymous_fault_ns, c.file_fault_ns, c.pages_of_file_fault,
      c.populate_page_ns, c.clock_ns, c.memcpy_gb_per_s);
}

nlohmann::json to_json(const Calibration& c) {
  return {{"system_call_ns", c.system_call_ns},     {"anonymous_fault_ns", c.anonymous_fault_ns},
          {"file_fault_ns", c.file_fault_ns},       {"pages_of_file_fault", c.pages_of_file_fault},
          {"populate_page_ns", c.populate_page_ns}, {"clock_ns", c.clock_ns},
          {"memcpy_gb_per_s", c.memcpy_gb_per_s}};
}

void stay_on_one_processor() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int here = ::sched_getcpu();
  CPU_SET(here < 0 ? 0 : here, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace smf::bench
