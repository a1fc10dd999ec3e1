// What modules cost in memory while a cache holds them.
//
//   ./bazelw run -c opt //bench:memory_bench
//   ./bazelw run -c opt //bench:memory_bench -- --modules=1000 --module_size=100K
//
// 100 modules of 10 MiB, mapped and then read: virtual and resident memory of the process before,
// when all are open, when one page of each was touched, and when each page of one was (statm and
// smaps_rollup in /proc/self). Pages of a mapped file count as resident when this process has
// touched them, or their neighbours (the kernel maps up to 16 pages at a fault); they belong to the
// page cache, and are given back when memory is short. What was read is the process's own.
//
// Then 1 000 modules of 4 KiB: bytes of heap that a module costs beside its path and its bytes, as
// mallinfo2() counts them, the allocator's own heads included. The aim is 256.
//
// And packing 2 GiB of data, compressed, by all processors: the most memory that a process of its
// own has resident meanwhile. The aim is 300 MiB.
//
// Each is measured eleven times, in random order, by a process of its own, so that nobody finds in
// the allocator what another one left; what is printed are medians. All but the last is what there
// is more of than before a cache was made.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/calibration.h"
#include "bench/modules.h"
#include "bench/program.h"
#include "bench/results.h"
#include "bench/summary.h"
#include "bench/temporary_folder.h"
#include "runtime/base/check.h"
#include "runtime/cache/cache.h"
#include "runtime/format/builder.h"
#include "runtime/os/input_file.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

constexpr std::uint64_t kKib = 1024;
constexpr std::uint64_t kMib = 1024 * kKib;
constexpr std::uint64_t kAimHeapBytes = 256;  // a module

struct Memory {
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident = 0;
  std::uint64_t own = 0;  // of `resident`: no pages of files
  std::uint64_t page_tables = 0;
  std::uint64_t heap = 0;  // in use
};

struct Part {
  std::string_view name;
  std::uint64_t Memory::* bytes;
};
constexpr std::array<Part, 5> kParts = {{{"virtual", &Memory::virtual_bytes},
                                         {"resident", &Memory::resident},
                                         {"own", &Memory::own},
                                         {"tables", &Memory::page_tables},
                                         {"heap", &Memory::heap}}};

// What a process found: a number for each name.
using Found = std::vector<std::pair<std::string, double>>;

// The number behind `name` in lines "Name:   123 kB", in bytes.
std::uint64_t kib_of(std::string_view text, std::string_view name) {
  const auto line = text.find(name);
  if (line == std::string_view::npos) return 0;
  text.remove_prefix(line + name.size());
  text.remove_prefix(std::min(text.find_first_not_of(": \t"), text.size()));
  std::uint64_t kib = 0;
  std::from_chars(text.data(), text.data() + text.size(), kib);
  return kib * kKib;
}

std::string proc_text(const std::string& path) {
  const auto file = os::FileBytes::load(path);
  return file ? std::string(as_text(file->bytes())) : std::string();
}

std::uint64_t heap_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

Memory memory_now() {
  // First, so that the texts below do not count.
  const std::uint64_t heap = heap_in_use();
  const std::string rollup = proc_text("/proc/self/smaps_rollup");
  const std::string status = proc_text("/proc/self/status");
  const std::string statm = proc_text("/proc/self/statm");
  std::uint64_t pages = 0;
  std::from_chars(statm.data(), statm.data() + statm.size(), pages);
  return {.virtual_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
          .resident = kib_of(rollup, "\nRss"),
          .own = kib_of(rollup, "\nAnonymous"),
          .page_tables = kib_of(status, "\nVmPTE"),
          .heap = heap};
}

SmfCache make_cache(Placement placement, const Modules& modules) {
  auto cache = SmfCache::create({.max_files = modules.paths().size() + 1,
                                 .max_bytes = UINT64_MAX / 2,
                                 .revalidation = Revalidation::kNever,
                                 .placement = placement});
  SMF_CHECK(cache);
  return *std::move(cache);
}

// Reads a byte of each page of the first `size` bytes.
void touch(Bytes bytes, std::uint64_t size) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const volatile std::byte* const at = bytes.data();
  for (std::uint64_t offset = 0; offset < std::min<std::uint64_t>(size, bytes.size());
       offset += page)
    static_cast<void>(at[offset]);
}

// The middle, where no table of the module is.
Bytes middle(Bytes file) { return file.subspan(file.size() / 2); }

std::string_view name_of(Placement placement) {
  return placement == Placement::kMap ? "mapped" : "read";
}

std::string subject_of(Placement placement, const Modules& modules) {
  return fmt::format("{}_modules_of_{}_MiB_{}", modules.paths().size(),
                     (modules.file_size() + kMib / 2) / kMib, name_of(placement));
}

constexpr std::array<std::string_view, 3> kMoments = {"open", "page_of_each", "pages_of_one"};

Found memory_of(Placement placement, const Modules& modules) {
  Found found;
  const Memory before = memory_now();
  const auto add_growth = [&](std::string_view moment) {
    const Memory now = memory_now();
    for (const auto& [name, bytes] : kParts)
      found.emplace_back(fmt::format("{}.{}.{}/ours", subject_of(placement, modules), moment, name),
                         static_cast<double>(now.*bytes) - static_cast<double>(before.*bytes));
  };
  SmfCache cache = make_cache(placement, modules);
  for (const std::string& path : modules.paths()) SMF_CHECK(cache.get(path));
  add_growth(kMoments[0]);
  for (const std::string& path : modules.paths()) touch(middle(cache.find(path).view().file()), 1);
  add_growth(kMoments[1]);
  const Bytes one = cache.find(modules.paths().front()).view().file();
  touch(one, one.size());
  add_growth(kMoments[2]);
  return found;
}

// Numbers that compress to about a half.
void write_data(const std::string& path, std::uint64_t size) {
  std::mt19937_64 random(1);
  std::string block;
  while (block.size() < kMib) block += fmt::format("{:016x} ", random());
  block.resize(kMib);
  std::ofstream out(path, std::ios::binary);
  for (std::uint64_t at = 0; at < size; at += kMib) {
    // Otherwise each block would be a copy of the one before.
    for (std::size_t i = 0; i < block.size(); i += 512) block[i] = static_cast<char>(random());
    out << block;
  }
  SMF_CHECK(out.flush());
}

bool pack(const std::string& from, const std::string& to) {
  auto source = file_source(from);
  auto out = os::OutputFile::create(to);
  if (!source || !out) return false;
  ModuleSpec spec;
  spec.sections.push_back({.name = "data",
                           .type = static_cast<std::uint8_t>(SectionType::kData),
                           .payload = *std::move(source),
                           .compression = {Algorithm::kZstd, 3}});
  const unsigned processors = std::max(std::thread::hardware_concurrency(), 1u);
  return build_module(spec, {.jobs = processors}, *out) && out->commit();
}

// Bytes of heap a module, beside its path. Not counted is what an empty cache has and what a
// program has once, for the first module of all. What was read is in slabs, which are no heap.
Found heap_of(Placement placement, const Modules& modules) {
  SMF_CHECK(make_cache(placement, modules).get(modules.paths().front()));
  SmfCache cache = make_cache(placement, modules);
  const std::uint64_t before = heap_in_use();
  for (const std::string& path : modules.paths()) SMF_CHECK(cache.get(path));
  const std::uint64_t used = heap_in_use() - before;
  std::uint64_t paths = 0;
  for (const std::string& path : modules.paths()) paths += path.size();
  const std::uint64_t rest = used > paths ? used - paths : 0;  // 0: a malloc that does not count
  return {{fmt::format("heap_of_a_module_{}/ours", name_of(placement)),
           static_cast<double>(rest) / static_cast<double>(modules.paths().size())}};
}

// Of packing `from`, compressed, by all processors: the most memory that this process ever had.
Found peak_of_packing(const std::string& from, const std::string& to, std::uint64_t size) {
  SMF_CHECK(pack(from, to));
  struct rusage usage{};
  SMF_CHECK(::getrusage(RUSAGE_SELF, &usage) == 0 && std::filesystem::remove(to));
  return {{fmt::format("pack_{}_MiB.peak/ours", size / kMib),
           static_cast<double>(static_cast<std::uint64_t>(usage.ru_maxrss) * kKib)}};
}

// What `measure` finds in a process of its own.
Found in_a_process(const std::function<Found()>& measure) {
  std::array<int, 2> ends{};
  SMF_CHECK(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  SMF_CHECK(child >= 0);
  if (child == 0) {
    std::string lines;
    for (const auto& [name, value] : measure()) lines += fmt::format("{} {}\n", name, value);
    for (std::string_view rest = lines; !rest.empty();) {
      const ssize_t written = ::write(ends[1], rest.data(), rest.size());
      SMF_CHECK(written > 0);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string lines;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = ::read(ends[0], part.data(), part.size())) > 0;)
    lines.append(part.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  SMF_CHECK(::waitpid(child, &status, 0) == child && status == 0);
  Found found;
  std::istringstream in(lines);
  for (std::string name, value; in >> name >> value;) found.emplace_back(name, std::stod(value));
  return found;
}

void add_samples(const Found& found) {
  auto& figures = results().figures;
  for (const auto& [name, value] : found) {
    const auto known = std::ranges::find(figures, name, &Figure::name);
    Figure& figure = known != figures.end()
                         ? *known
                         : figures.emplace_back(Figure{.name = name, .unit = "bytes"});
    figure.samples.push_back(value);
  }
}

double median_of(std::string_view name) {
  const auto& figures = results().figures;
  const auto figure = std::ranges::find(figures, name, &Figure::name);
  SMF_CHECK(figure != figures.end());
  return median(figure->samples);
}

void print_memory(Placement placement, const Modules& modules) {
  const std::string subject = subject_of(placement, modules);
  fmt::print("\n{:<42}", subject);
  for (const Part& part : kParts) fmt::print(" {:>14}", fmt::format("{} KiB", part.name));
  fmt::print("\n");
  constexpr std::array<std::string_view, 3> kTexts = {
      "all are open", "one page of each was touched", "each page of one was touched"};
  for (std::size_t i = 0; i != kMoments.size(); ++i) {
    fmt::print("  {:<40}", kTexts[i]);
    for (const Part& part : kParts)
      fmt::print(" {:>14.0f}",
                 median_of(fmt::format("{}.{}.{}/ours", subject, kMoments[i], part.name)) / kKib);
    fmt::print("\n");
  }
}

struct Plan {
  std::size_t modules = 100;
  std::uint64_t module_size = 10 * kMib;
  std::size_t small_modules = 1000;
  std::uint64_t small_size = 4 * kKib;
  std::uint64_t packed = 2048 * kMib;
  int rounds = 11;

  static Plan quick() {
    return {.modules = 10, .module_size = kMib, .packed = 64 * kMib, .rounds = 3};
  }
};

int measure(const Plan& plan, const std::string& folder) {
  const Calibration calibration = calibrate(folder);
  print(results().environment, calibration);
  results().machine = to_json(calibration);
  const std::string data = folder + "/data";
  write_data(data, plan.packed);
  const Modules small(folder + "/small", plan.small_modules, plan.small_size);
  const Modules large(folder + "/large", plan.modules, plan.module_size);
  std::vector<std::function<Found()>> all = {
      [&] { return peak_of_packing(data, folder + "/packed.smf", plan.packed); }};
  for (const Placement placement : {Placement::kRead, Placement::kMap}) {
    all.emplace_back([&, placement] { return heap_of(placement, small); });
    all.emplace_back([&, placement] { return memory_of(placement, large); });
  }
  std::mt19937_64 random(1);
  for (int round = 0; round != plan.rounds; ++round) {
    std::ranges::shuffle(all, random);
    for (const auto& each : all) add_samples(in_a_process(each));
  }
  std::ranges::sort(results().figures, {}, &Figure::name);
  fmt::print("\npacking {} MiB, compressed: {:.0f} KiB of memory at most\n\n", plan.packed / kMib,
             median_of(fmt::format("pack_{}_MiB.peak/ours", plan.packed / kMib)) / kKib);
  for (const Placement placement : {Placement::kRead, Placement::kMap})
    fmt::print("{} modules of {} bytes, {}: {:.0f} bytes of heap a module (aim: {})\n",
               small.paths().size(), small.file_size(), name_of(placement),
               median_of(fmt::format("heap_of_a_module_{}/ours", name_of(placement))),
               kAimHeapBytes);
  for (const Placement placement : {Placement::kMap, Placement::kRead})
    print_memory(placement, large);
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("What modules cost in memory");
  Plan plan;
  std::string folder;
  RunOptions options;
  add_options(app, options);
  app.add_option("--modules", plan.modules, "how many large ones");
  app.add_option("--module_size", plan.module_size, "as 10M")->transform(CLI::AsSizeValue(false));
  app.add_option("--small_modules", plan.small_modules, "how many of 4 KiB");
  app.add_option("--folder", folder, "for the modules");
  CLI11_PARSE(app, argc, argv);
  if (options.is_quick) plan = Plan::quick();
  const Place place = find_place(folder);
  return run_in_temporary_folder(place, [&](const std::string& own) {
    return run_and_write(options, place.file_system, [&] { return measure(plan, own); });
  });
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) { return smf::bench::run(argc, argv); }
