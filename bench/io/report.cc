#include "bench/io/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bench/summary.h"
#include "runtime/base/check.h"
#include "runtime/os/page_size.h"

namespace smf::bench {
namespace {

constexpr std::size_t kPread = 0, kWhole = 1, kMmap = 2, kPopulate = 3;  // of kBreakEvenMethods
constexpr std::size_t kFiguresSize = 64;

std::string cell_text(const CellId& cell) {
  return fmt::format("{:>8} {:>6} {:<9} {:<10}", size_text(cell.span), size_text(cell.size),
                     name_of(cell.state), name_of(cell.order));
}

const Row* find(std::span<const Row> rows, std::string_view method) {
  const auto row = std::ranges::find(rows, method, &Row::method);
  return row == rows.end() || !row->left_out.empty() ? nullptr : &*row;
}

// Of a method's time to another's, round by round.
std::vector<double> ratios(const Row& of, const Row& to) {
  const std::vector<double>&a = of.charged(), &b = to.charged();
  SMF_CHECK(a.size() == b.size());
  std::vector<double> all;
  all.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) all.push_back(a[i] / b[i]);
  return all;
}
double ratio(const Row* of, const Row* to) {
  return of == nullptr || to == nullptr ? 0 : median(ratios(*of, *to));
}

std::string_view plain_mapping(State state) {
  return state == State::kPopulated ? "mmap_populate" : "mmap";
}

struct Class {
  std::string_view name;
  double from, below;
};
constexpr std::array<Class, 4> kClasses = {
    {{">= 100x", 100, 1e300}, {">= 10x", 10, 100}, {">= 1x", 1, 10}, {"< 1x: slower", 0, 1}}};

std::string_view class_of(double value) {
  for (const Class& each : kClasses) {
    if (value >= each.from && value < each.below) return each.name;
  }
  return "";
}

void print_classes(std::span<const Judgement> judgements, std::string_view against,
                   double Judgement::* value) {
  fmt::print("\nagainst {}, of {} cells:\n", against, judgements.size());
  for (const Class& each : kClasses) {
    // What they have in common, by size and state; the rest as a list.
    std::string cells;
    std::size_t count = 0;
    for (const Judgement& judged : judgements) {
      if (class_of(judged.*value) != each.name) continue;
      ++count;
      cells += fmt::format("{}{} of {} {} {}", cells.empty() ? "" : "; ",
                           size_text(judged.cell.size), size_text(judged.cell.span),
                           name_of(judged.cell.state), name_of(judged.cell.order));
    }
    fmt::print("  {:<13} {:>3}  {}\n", each.name, count, cells);
  }
}

std::string proof_of_cold(const CellId& cell) {
  return fmt::format("{} pages, none resident by mincore before each sample",
                     cell.span / os::page_size());
}

nlohmann::json to_json(const Row& row) {
  nlohmann::json json = {{"method", row.method}, {"mapping", row.is_mapping}};
  if (!row.left_out.empty()) {
    json["left_out"] = row.left_out;
    return json;
  }
  json["samples"] = row.charged();
  json["faults_opening"] = {{"minor", row.open_faults.minor}, {"major", row.open_faults.major}};
  json["faults_accessing"] = {{"minor", row.access_faults.minor},
                              {"major", row.access_faults.major}};
  return json;
}

// Figures of a cell: of mapping, which is ours, and of the two ways of reading parts.
void add_figures(std::span<const Row> rows, Results& results) {
  const CellId& cell = rows.front().cell;
  const std::string subject =
      as_name(fmt::format("{} {} of {} {}", name_of(cell.order), size_text(cell.size),
                          size_text(cell.span), name_of(cell.state)));
  const Row* const ours = find(rows, plain_mapping(cell.state));
  const auto add = [&](const Row& row, std::string_view who) {
    Figure& figure = results.figures.emplace_back(
        Figure{.name = fmt::format("{}/{}", subject, who), .samples = row.charged()});
    if (cell.state == State::kCold) figure.cold = proof_of_cold(cell);
  };
  if (ours == nullptr) return;
  add(*ours, "ours");
  constexpr std::pair<std::string_view, std::string_view> kPeers[] = {{"pread", "pread"},
                                                                      {"lseek+read", "lseek_read"}};
  for (const auto& [method, who] : kPeers) {
    const Row* const peer = find(rows, method);
    if (peer == nullptr) continue;
    add(*peer, who);
    results.ratios.push_back({.name = fmt::format("{}: ours/{}", subject, who),
                              .unit = "ns",
                              .ours = subject + "/ours",
                              .peer = fmt::format("{}/{}", subject, who),
                              .is_paired = true,
                              .samples = ratios(*ours, *peer),
                              .value = ratio(ours, peer)});
  }
}

// The number of accesses from which on the first is cheaper at every one that was measured; null
// where it is not at the last.
nlohmann::json cheaper_from(const BreakEven& file, std::size_t of, std::size_t against) {
  nlohmann::json from;
  for (auto point = file.points.rbegin(); point != file.points.rend(); ++point) {
    if (point->total_ns[of] >= point->total_ns[against]) break;
    from = point->accesses;
  }
  return from;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", bytes, kUnits[unit]);
}

void print_rows_head() {
  fmt::print(
      "\n{:>8} {:>6} {:<9} {:<10} {:<15} {:>7} {:>11} {:>11} {:>11} {:>5} {:>13} {:>14} {:>14}\n",
      "span", "size", "state", "order", "method", "k", "ns min", "median", "p99", "CV %",
      "with opening", "faults opening", "accessing");
}

void print_rows(std::span<const Row> rows) {
  for (const Row& row : rows) {
    fmt::print("{} {:<15} {:>7} ", cell_text(row.cell), row.method, row.accesses);
    if (!row.left_out.empty()) {
      fmt::print("left out: {}\n", row.left_out);
      continue;
    }
    const Summary each = summarize(row.access_ns), total = summarize(row.total_ns);
    fmt::print("{:>11.1f} {:>11.1f} {:>11.1f} {:>5.1f} {:>13.1f} {:>9}+{:<4} {:>9}+{:<4}\n",
               each.min, each.median, each.p99, each.cv * 100, total.median, row.open_faults.minor,
               row.open_faults.major, row.access_faults.minor, row.access_faults.major);
  }
}

std::vector<Judgement> judge(std::span<const std::vector<Row>> cells) {
  std::vector<Judgement> judgements;
  for (const std::vector<Row>& rows : cells) {
    if (rows.empty()) continue;
    const CellId& cell = rows.front().cell;
    const Row* const mapped = find(rows, plain_mapping(cell.state));
    const Row* const pread = find(rows, "pread");
    const Row* const lseek_read = find(rows, "lseek+read");
    if (mapped == nullptr || pread == nullptr || lseek_read == nullptr) continue;
    const Row* best = mapped;
    for (const Row& row : rows) {
      if (row.is_mapping && row.left_out.empty() && ratio(&row, best) < 1) best = &row;
    }
    judgements.push_back({.cell = cell,
                          .lseek_read = ratio(lseek_read, mapped),
                          .pread = ratio(pread, mapped),
                          .whole_read = ratio(find(rows, "whole_read"), mapped),
                          .best = best->method,
                          .best_pread = ratio(pread, best)});
  }
  return judgements;
}

void print_verdict(std::span<const Judgement> judgements) {
  fmt::print(
      "\nHow many times as long reading takes as mapping without advice (populated: with it).\n"
      "warm, populated: an access, opening apart. fresh, cold: opening and closing charged.\n\n");
  fmt::print("{:>8} {:>6} {:<9} {:<10} {:>12} {:>9} {:>12}   {}\n", "span", "size", "state",
             "order", "lseek+read", "pread", "whole read", "pread / fastest mapping");
  for (const Judgement& judged : judgements) {
    fmt::print("{} {:>11.2f}x {:>8.2f}x {:>11.2f}x   {:.2f}x {}\n", cell_text(judged.cell),
               judged.lseek_read, judged.pread, judged.whole_read, judged.best_pread, judged.best);
  }
  print_classes(judgements, "lseek+read", &Judgement::lseek_read);
  print_classes(judgements, "pread", &Judgement::pread);
  const auto count = [&](double Judgement::* value, double from) {
    return std::ranges::count_if(judgements, [&](const auto& j) { return j.*value >= from; });
  };
  fmt::print(
      "\nverdict: \"mapping gives about 100 times faster random access than reading\" holds in {} "
      "of "
      "{} cells against lseek+read and in {} against pread; mapping is slower in {} and {}.\n",
      count(&Judgement::lseek_read, 100), judgements.size(), count(&Judgement::pread, 100),
      judgements.size() - static_cast<std::size_t>(count(&Judgement::lseek_read, 1)),
      judgements.size() - static_cast<std::size_t>(count(&Judgement::pread, 1)));
}

void print_break_even(std::span<const BreakEven> files) {
  fmt::print(
      "\nFor how many accesses of 64 B at random places, all of it charged (open, map, fault, "
      "unmap,\nclose; the file in the page cache), mapping is cheaper. Counts are powers of "
      "two.\n\n");
  fmt::print("{:>8} {:>14} {:>14} {:>18} {:>18} {:>14}\n", "file", "mmap < pread", "mmap < whole",
             "populate < pread", "populate < whole", "measured to");
  for (const BreakEven& file : files) {
    std::vector<std::size_t> ks;
    ks.reserve(file.points.size());
    for (const auto& point : file.points) ks.push_back(point.accesses);
    const auto wins = [&](std::size_t of, std::size_t against) {
      std::vector<bool> is_cheaper;
      is_cheaper.reserve(file.points.size());
      for (const auto& point : file.points)
        is_cheaper.push_back(point.total_ns[of] < point.total_ns[against]);
      return describe_wins(ks, is_cheaper);
    };
    fmt::print("{:>8} {:>14} {:>14} {:>18} {:>18} {:>14}\n", size_text(file.file_size),
               wins(kMmap, kPread), wins(kMmap, kWhole), wins(kPopulate, kPread),
               wins(kPopulate, kWhole), ks.back());
  }
}

void add_results(std::span<const Row> rows, Results& results) {
  if (rows.empty()) return;
  const CellId& cell = rows.front().cell;
  nlohmann::json methods = nlohmann::json::array();
  for (const Row& row : rows) methods.push_back(to_json(row));
  nlohmann::json json = {{"span", cell.span},
                         {"size", cell.size},
                         {"state", name_of(cell.state)},
                         {"order", name_of(cell.order)},
                         {"accesses", rows.front().accesses},
                         {"with_opening", is_opening_charged(cell.state)},
                         {"methods", std::move(methods)}};
  if (cell.state == State::kCold) json["cold"] = proof_of_cold(cell);
  results.matrix.push_back(std::move(json));
  if (cell.size == kFiguresSize && cell.order == Order::kRandom) add_figures(rows, results);
}

nlohmann::json to_json(const BreakEven& file) {
  nlohmann::json points = nlohmann::json::array();
  for (const auto& point : file.points) {
    nlohmann::json json = {{"accesses", point.accesses}};
    for (std::size_t i = 0; i < point.total_ns.size(); ++i)
      json[kBreakEvenMethods[i]] = point.total_ns[i];
    points.push_back(std::move(json));
  }
  return {{"span", file.file_size},
          {"size", file.access_size},
          {"accesses", cheaper_from(file, kMmap, kPread)},
          {"accesses_against_whole_read", cheaper_from(file, kMmap, kWhole)},
          {"accesses_populated", cheaper_from(file, kPopulate, kPread)},
          {"accesses_populated_against_whole_read", cheaper_from(file, kPopulate, kWhole)},
          {"total_ns", std::move(points)}};
}

}  // namespace smf::bench
