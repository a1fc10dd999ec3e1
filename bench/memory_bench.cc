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
// Figures of --results, but for that, are what there is more of than before a cache was made.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/calibration.h"
#include "bench/modules.h"
#include "bench/program.h"
#include "bench/results.h"
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
  std::uint64_t resident_anonymous = 0;  // of `resident`: the process's own
  std::uint64_t page_tables = 0;
  std::uint64_t heap = 0;  // in use
};

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
          .resident_anonymous = kib_of(rollup, "\nAnonymous"),
          .page_tables = kib_of(status, "\nVmPTE"),
          .heap = heap};
}

void print_head(std::string_view title) {
  fmt::print("\n{:<42} {:>14} {:>14} {:>14} {:>14} {:>14}\n", title, "virtual KiB", "resident KiB",
             "own KiB", "tables KiB", "heap KiB");
}

void print(std::string_view when, const Memory& memory) {
  fmt::print("  {:<40} {:>14} {:>14} {:>14} {:>14} {:>14}\n", when, memory.virtual_bytes / kKib,
             memory.resident / kKib, memory.resident_anonymous / kKib, memory.page_tables / kKib,
             memory.heap / kKib);
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

// What there is more of than before, as figures.
void add_growth(const std::string& subject, const Memory& before, const Memory& now) {
  const auto add = [&](const char* what, std::uint64_t Memory::* part) {
    const double growth = static_cast<double>(now.*part) - static_cast<double>(before.*part);
    results().figures.push_back(
        {.name = fmt::format("{}.{}/ours", subject, what), .unit = "bytes", .samples = {growth}});
  };
  add("virtual", &Memory::virtual_bytes);
  add("resident", &Memory::resident);
  add("own", &Memory::resident_anonymous);
  add("heap", &Memory::heap);
}

void show_memory(Placement placement, const Modules& modules) {
  const std::string subject =
      fmt::format("{}_modules_of_{}_MiB_{}", modules.paths().size(),
                  (modules.file_size() + kMib / 2) / kMib, name_of(placement));
  const auto show = [&](std::string_view when, const char* short_name, const Memory& before) {
    const Memory now = memory_now();
    print(when, now);
    add_growth(fmt::format("{}.{}", subject, short_name), before, now);
  };
  print_head(fmt::format("{} modules of {} MiB, {}", modules.paths().size(),
                         modules.file_size() / kMib, name_of(placement)));
  const Memory before = memory_now();
  print("before", before);
  SmfCache cache = make_cache(placement, modules);
  for (const std::string& path : modules.paths()) SMF_CHECK(cache.get(path));
  show("all are open", "open", before);
  for (const std::string& path : modules.paths()) touch(middle(cache.find(path).view().file()), 1);
  show("one page of each was touched", "page_of_each", before);
  const Bytes one = cache.find(modules.paths().front()).view().file();
  touch(one, one.size());
  show("each page of one was touched", "pages_of_one", before);
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

void show_heap(Placement placement, const Modules& modules) {
  const std::uint64_t before = heap_in_use();
  SmfCache cache = make_cache(placement, modules);
  for (const std::string& path : modules.paths()) SMF_CHECK(cache.get(path));
  const std::uint64_t used = heap_in_use() - before;
  // What was read is in slabs, which are no heap.
  std::uint64_t paths = 0;
  for (const std::string& path : modules.paths()) paths += path.size();
  const std::uint64_t rest = used > paths ? used - paths : 0;  // 0: a malloc that does not count
  const double each = static_cast<double>(rest) / static_cast<double>(modules.paths().size());
  add_exact(fmt::format("heap_of_a_module_{}/ours", name_of(placement)), "bytes", each);
  fmt::print(
      "{} modules of {} bytes, {}: {} bytes of heap a module, beside its path {:.0f} "
      "(aim: {})\n",
      modules.paths().size(), modules.file_size(), name_of(placement),
      used / modules.paths().size(), each, kAimHeapBytes);
}

// Of packing a file of data, compressed, by all processors: what a process of its own has in memory
// at most.
void report_packing(const std::string& folder, std::uint64_t size) {
  const std::string from = folder + "/data", to = folder + "/packed.smf";
  write_data(from, size);
  const pid_t child = ::fork();
  SMF_CHECK(child >= 0);
  if (child == 0) ::_exit(pack(from, to) ? 0 : 1);
  int status = 0;
  struct rusage usage{};
  SMF_CHECK(::wait4(child, &status, 0, &usage) == child && status == 0);
  std::filesystem::remove(from);
  std::filesystem::remove(to);
  const std::uint64_t peak = static_cast<std::uint64_t>(usage.ru_maxrss) * kKib;
  results().figures.push_back({.name = fmt::format("pack_{}_MiB.peak/ours", size / kMib),
                               .unit = "bytes",
                               .samples = {static_cast<double>(peak)}});
  fmt::print("packing {} MiB, compressed: {} KiB of memory at most\n", size / kMib, peak / kKib);
}

struct Plan {
  std::size_t modules = 100;
  std::uint64_t module_size = 10 * kMib;
  std::size_t small_modules = 1000;
  std::uint64_t small_size = 4 * kKib;
  std::uint64_t packed = 2048 * kMib;

  static Plan quick() {
    return {.modules = 10, .module_size = kMib, .small_modules = 100, .packed = 64 * kMib};
  }
};

int measure(const Plan& plan, const std::string& folder) {
  const Calibration calibration = calibrate(folder);
  print(results().environment, calibration);
  results().machine = to_json(calibration);
  report_packing(folder, plan.packed);
  {
    const Modules small(folder + "/small", plan.small_modules, plan.small_size);
    fmt::print("\n");
    for (const Placement placement : {Placement::kRead, Placement::kMap})
      show_heap(placement, small);
  }
  const Modules large(folder + "/large", plan.modules, plan.module_size);
  // In one process each: what the first left in the allocator would be the second's.
  for (const Placement placement : {Placement::kMap, Placement::kRead})
    show_memory(placement, large);
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
