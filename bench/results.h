// What a benchmark found, and the file that a report reads of it: `--results=FILE`.
//
// A figure is what a number is of, with one sample for each repetition, in the order measured. It
// is called SUBJECT/WHO, where WHO is "ours", a variant of ours ("ours_…") or a peer; the same name
// may stand twice, with two units. The file is one JSON object; docs/benchmarks.md has its fields.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/environment.h"
#include "runtime/base/error.h"

namespace smf::bench {

struct Figure {
  std::string name{};
  std::string unit = "ns";  // or "instructions", "bytes", "ratio", "percent", "calls", "faults"
  bool is_higher_better = false;
  std::vector<double> samples{};
  // The same from run to run, so that any change is one: a count, a size. One sample.
  bool is_exact = false;
  // The proof that what was to be cold was; empty where nothing was to be.
  std::string cold{};
};

// Ours to a peer's, below 1 where ours is less.
struct Ratio {
  std::string name{};  // "SUBJECT: ours/PEER"; two of one name differ in their unit
  std::string unit{};
  std::string ours{};  // the two figures
  std::string peer{};
  // The same place is the same round, whose parts were measured within moments.
  bool is_paired = false;
  std::vector<double> samples{};
  double value = 0;  // paired: the median of the samples; else the ratio of the medians
};

// Of single operations, or, where these are too short for a clock, of groups of them: a group's
// time divided by how many it has.
struct Distribution {
  std::string name{};
  std::size_t count = 0;                      // of groups
  std::size_t group = 1;                      // operations
  double p50 = 0, p90 = 0, p99 = 0, max = 0;  // ns; the clock's own time was subtracted
  double clock_ns = 0;                        // which was this, for each group
};

// Where the time of one operation goes.
struct Stages {
  std::string name{};
  std::vector<std::pair<std::string, double>> parts{};  // ns
};

struct LeftOut {
  std::string name{};
  std::string why{};
};

struct Results {
  std::string benchmark{};
  bool is_brief = false;  // of --quick: compared with such only
  Environment environment{};
  std::vector<Figure> figures{};
  std::vector<Ratio> ratios{};
  std::vector<Distribution> distributions{};
  std::vector<Stages> stages{};
  std::vector<LeftOut> left_out{};
  // Arrays of objects, of io_bench alone (io/report.h), and an object: what elementary operations
  // of the machine cost (calibration.h).
  nlohmann::json matrix = nlohmann::json::array();
  nlohmann::json break_even = nlohmann::json::array();
  nlohmann::json machine = nlohmann::json::object();
};

// Those of this process, which every part of a benchmark adds to. From one thread at a time.
Results& results();

// Adds an exact figure.
void add_exact(std::string name, std::string unit, double value, bool is_higher_better = false);

// `text` as part of a name: letters, digits, "." and "-" stay, what is between them becomes "_".
std::string as_name(std::string_view text);

// To be called where a library is used that figures depend on. True, so that it can stand where
// variables are initialised.
bool tell_library(std::string_view name, std::string_view version);

// Puts into left_out what of `libraries` nobody has told of.
void tell_left_out(std::initializer_list<std::string_view> libraries, std::string_view why);

// Of each figure SUBJECT/PEER to SUBJECT/ours of the same unit. What has a value of 0 has no ratio.
std::vector<Ratio> ratios_of(std::span<const Figure> figures);

// The ratios above as a table.
void print_ratios(std::span<const Ratio> ratios, std::span<const Figure> figures);

nlohmann::json to_json(const Results& results);

// Whoever reads `path` finds the whole or what was there before.
Result<void> write_results(const Results& results, const std::string& path);

}  // namespace smf::bench
