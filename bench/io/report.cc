#include "bench/io/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bench/summary.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

std::string cell_text(const CellId& cell) {
  return fmt::format("{:>8} {:>6} {:<9} {:<10}", size_text(cell.span), size_text(cell.size),
                     name_of(cell.state), name_of(cell.order));
}

const Row* find(std::span<const Row> rows, std::string_view method) {
  const auto row = std::ranges::find(rows, method, &Row::method);
  return row == rows.end() || !row->left_out.empty() ? nullptr : &*row;
}

// Of a method's time to another's.
double ratio(const Row* of, const Row* to) {
  if (of == nullptr || to == nullptr) return 0;
  const std::vector<double>&a = of->charged(), &b = to->charged();
  SMF_CHECK(a.size() == b.size());
  std::vector<double> ratios;
  ratios.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
  return median(std::move(ratios));
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
  constexpr std::size_t kPread = 0, kWhole = 1, kMmap = 2, kPopulate = 3;
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

nlohmann::json to_json(const Row& row) {
  nlohmann::json json = {{"span", row.cell.span},
                         {"size", row.cell.size},
                         {"state", name_of(row.cell.state)},
                         {"order", name_of(row.cell.order)},
                         {"method", row.method},
                         {"accesses", row.accesses}};
  if (!row.left_out.empty()) {
    json["left_out"] = row.left_out;
    return json;
  }
  const auto add = [&](const char* name, const std::vector<double>& times) {
    const Summary summary = summarize(times);
    json[name] = {{"min", summary.min},
                  {"median", summary.median},
                  {"p99", summary.p99},
                  {"cv", summary.cv},
                  {"repetitions", summary.count}};
  };
  add("access_ns", row.access_ns);
  add("access_ns_with_opening", row.total_ns);
  json["minor_faults_opening"] = row.open_faults.minor;
  json["major_faults_opening"] = row.open_faults.major;
  json["minor_faults_accessing"] = row.access_faults.minor;
  json["major_faults_accessing"] = row.access_faults.major;
  return json;
}

nlohmann::json to_json(const Judgement& judged) {
  return {{"span", judged.cell.span},
          {"size", judged.cell.size},
          {"state", name_of(judged.cell.state)},
          {"order", name_of(judged.cell.order)},
          {"lseek_read_to_mapping", judged.lseek_read},
          {"pread_to_mapping", judged.pread},
          {"whole_read_to_mapping", judged.whole_read},
          {"fastest_mapping", judged.best},
          {"pread_to_fastest_mapping", judged.best_pread}};
}

nlohmann::json to_json(const BreakEven& file) {
  nlohmann::json points = nlohmann::json::array();
  for (const auto& point : file.points) {
    nlohmann::json json = {{"accesses", point.accesses}};
    for (std::size_t i = 0; i < point.total_ns.size(); ++i)
      json[kBreakEvenMethods[i]] = point.total_ns[i];
    points.push_back(std::move(json));
  }
  return {{"file_size", file.file_size},
          {"access_size", file.access_size},
          {"total_ns", std::move(points)}};
}

}  // namespace smf::bench
