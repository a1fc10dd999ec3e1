// Mapping a file against reading it: all that decides between them, crossed.
//
//   ./bazelw run -c opt //bench:io_bench                   minutes; 1 GiB of disk, 3 of memory
//   ./bazelw run -c opt //bench:io_bench -- --quick        up to 16 MiB, fewer accesses
//   ./bazelw run -c opt //bench:io_bench -- --spans=1M,64M --results=FILE --folder=DIRECTORY
//
// "Mapping gives about 100 times faster random access than reading" is true and false, as one
// chooses: of small accesses to a file whose pages are all mapped, it is; of the first access to
// each page, or of a file that is not in memory, or of a file that is opened for a few accesses, it
// is not. So it is measured for each combination of
//
//   span     a file of 1 MiB, 64 MiB, 512 MiB, 1 GiB; of random bytes, without holes, on a disk
//   size     of an access: 8 B, 64 B, 4 KiB
//   state    of the file's pages: warm, populated, fresh, cold (io/cell.h)
//   order    random, random with each access waiting for the one before (warm only), Zipf, in order
//   method   lseek+read, pread, reading all, mapping with each advice (io/access.h)
//
// and the last table says from how many accesses on mapping is cheaper (io/break_even.h). The
// verdict at the end is computed from the rows.
//
// A driver of its own, not Google Benchmark's: a repetition has three parts that are reported
// apart, the state has to be made before each and proved (no page in memory), the methods of a cell
// take turns so that ratios are of neighbours in time, and what they read is compared.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "bench/calibration.h"
#include "bench/io/break_even.h"
#include "bench/io/cell.h"
#include "bench/io/report.h"
#include "bench/page_cache.h"
#include "bench/program.h"
#include "bench/results.h"
#include "bench/temporary_folder.h"
#include "runtime/base/check.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

constexpr std::uint64_t kMib = 1u << 20;

struct Plan {
  std::vector<std::uint64_t> spans;
  std::vector<std::size_t> sizes = {8, 64, 4096};
  std::vector<std::uint64_t> small_files = {4096, 65'536};  // for the break-even only
  std::size_t repetitions = 11;
  std::size_t warm_accesses = 20'000;
  std::size_t fresh_accesses = 2'000;
  std::size_t cold_accesses = 100;
  std::size_t most_accesses = 1u << 16;  // for the break-even

  static Plan full() { return {.spans = {kMib, 64 * kMib, 512 * kMib, 1024 * kMib}}; }
  static Plan quick() {
    return {.spans = {kMib, 16 * kMib},
            .sizes = {64, 4096},
            .small_files = {4096},
            .repetitions = 3,
            .warm_accesses = 2'000,
            .fresh_accesses = 200,
            .cold_accesses = 10,
            .most_accesses = 1u << 10};
  }

  std::size_t accesses(State state) const {
    if (state == State::kCold) return cold_accesses;
    return state == State::kFresh ? fresh_accesses : warm_accesses;
  }
};

void write_random(const std::string& path, std::uint64_t size) {
  auto out = os::OutputFile::create(path);
  SMF_CHECK(out);
  std::mt19937_64 random(size);
  ByteVector piece(std::min(size, kMib));
  for (std::uint64_t written = 0; written < size; written += piece.size()) {
    for (std::size_t at = 0; at < piece.size(); at += sizeof(std::uint64_t))
      store<std::uint64_t>(piece, at, random());
    SMF_CHECK(out->append(piece));
  }
  SMF_CHECK(out->commit());
}

// Why a file of this size cannot be measured here; empty if it can. It is on the disk once, in the
// page cache once, and in the buffer of the whole read once.
std::string obstacle(const std::string& folder, std::uint64_t size) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return "the folder cannot be asked for room";
  if (std::uint64_t{disk.f_bavail} * disk.f_frsize < size + size / 8) return "no room on the disk";
  if (available_memory() < 2 * size + size / 2) return "not enough memory";
  return {};
}

class IoBench {
 public:
  IoBench(Plan plan, Place place, std::string folder)
      : plan_(std::move(plan)), place_(std::move(place)), folder_(std::move(folder)) {}

  // Adds to results().
  int run() {
    stay_on_one_processor();
    const Calibration calibration = calibrate(folder_);
    print(results().environment, calibration);
    results().machine = to_json(calibration);
    if (!place_.is_on_disk) fmt::print("{} is in memory: nothing is cold there\n", place_.folder);
    print_rows_head();
    for (const std::uint64_t size : plan_.small_files) measure_small(size);
    for (const std::uint64_t span : plan_.spans) measure_span(span);
    print_break_even(break_evens_);
    const auto judgements = judge(cells_);
    print_verdict(judgements);
    for (const auto& rows : cells_) add_results(rows, results());
    for (const BreakEven& file : break_evens_) results().break_even.push_back(to_json(file));
    return 0;
  }

 private:
  std::string make_file(std::uint64_t size) {
    if (const std::string why = obstacle(folder_, size); !why.empty()) {
      fmt::print("{:>8} left out: {}\n", size_text(size), why);
      return {};
    }
    std::string path = fmt::format("{}/{}", folder_, size);
    write_random(path, size);
    return path;
  }

  void measure_small(std::uint64_t size) {
    const std::string path = make_file(size);
    if (path.empty()) return;
    ByteVector buffer(size);
    break_even(path, size, buffer);
    ::unlink(path.c_str());
  }

  void measure_span(std::uint64_t span) {
    const std::string path = make_file(span);
    if (path.empty()) return;
    ByteVector buffer(span);
    read_anew(path, buffer);
    {
      CellRunner runner(path, buffer, plan_.repetitions);
      using enum State;
      for (const State state : {kWarm, kPopulated, kFresh, kCold}) {
        if (state == kCold && !place_.is_on_disk) continue;
        measure_state(runner, span, state);
      }
    }
    break_even(path, span, buffer);
    ::unlink(path.c_str());
  }

  void measure_state(CellRunner& runner, std::uint64_t span, State state) {
    using enum Order;
    for (const std::size_t size : plan_.sizes) {
      for (const Order order : {kRandom, kChained, kZipf, kSequential}) {
        if (order == kChained && state != State::kWarm) continue;
        cells_.push_back(runner.run({.span = span, .size = size, .state = state, .order = order},
                                    plan_.accesses(state)));
        print_rows(cells_.back());
        std::fflush(stdout);
      }
    }
  }

  void break_even(const std::string& path, std::uint64_t size, std::span<std::byte> buffer) {
    read_anew(path, buffer);
    break_evens_.push_back(
        find_break_even(path, size, buffer, plan_.most_accesses, plan_.repetitions));
  }

  Plan plan_;
  Place place_;
  std::string folder_;
  std::vector<std::vector<Row>> cells_;
  std::vector<BreakEven> break_evens_;
};

int run(int argc, char** argv) {
  CLI::App app("Mapping files against reading them");
  std::vector<std::uint64_t> spans;
  std::string folder;
  std::size_t repetitions = 0;
  RunOptions options;
  add_options(app, options);
  app.add_option("--spans", spans, "sizes of files, as 64M,1G")
      ->delimiter(',')
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--repetitions", repetitions, "of each row; at least 2");
  app.add_option("--folder", folder, "on the disk to be measured");
  CLI11_PARSE(app, argc, argv);

  Plan plan = options.is_quick ? Plan::quick() : Plan::full();
  if (!spans.empty()) plan.spans = spans;
  if (repetitions != 0) plan.repetitions = std::max(repetitions, std::size_t{2});
  for (const std::uint64_t span : plan.spans) {
    if (span == 0 || span % kMib != 0) {
      fmt::print(stderr, "--spans: {} is no multiple of 1 MiB\n", span);
      return 2;
    }
  }
  const Place place = find_place(folder);
  return run_in_temporary_folder(place, [&](const std::string& own) {
    return run_and_write(options, place.file_system,
                         [&] { return IoBench(plan, place, own).run(); });
  });
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) { return smf::bench::run(argc, argv); }
