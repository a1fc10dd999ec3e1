// Tables and results of io_bench, and its verdict: in which cells mapping is 100 times faster than
// reading, 10 times, or slower.
//
// A ratio is the median of the ratios of the repetitions: both times of one repetition were taken
// within moments, so a machine that is slower for a while is slower for both.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/io/break_even.h"
#include "bench/io/cell.h"
#include "bench/results.h"

namespace smf::bench {

// "64 MiB", "8 B".
std::string size_text(std::uint64_t bytes);

void print_rows_head();
void print_rows(std::span<const Row> rows);  // of one cell

// How many times as long reading took as mapping, in one cell.
struct Judgement {
  CellId cell;
  double lseek_read = 0;
  double pread = 0;
  double whole_read = 0;
  std::string best;       // which advice was the fastest
  double best_pread = 0;  // pread against that
};

// Of mapping without advice (in State::kPopulated, of populating); nothing where a row was left
// out.
std::vector<Judgement> judge(std::span<const std::vector<Row>> cells);
void print_verdict(std::span<const Judgement> judgements);

void print_break_even(std::span<const BreakEven> files);

// Adds a cell of the matrix, and, for random accesses of 64 bytes, figures and their ratios.
void add_results(std::span<const Row> rows, Results& results);

nlohmann::json to_json(const BreakEven& file);

}  // namespace smf::bench
