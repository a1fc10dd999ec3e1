#include "bench/io/cell.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "bench/page_cache.h"
#include "bench/stopwatch.h"
#include "bench/zipf.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

constexpr std::uint64_t kPage = 4096;  // the unit of Zipf's law here; no page of the machine
constexpr double kZipfExponent = 0.99;

Faults faults_so_far() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return {.minor = static_cast<std::uint64_t>(usage.ru_minflt),
          .major = static_cast<std::uint64_t>(usage.ru_majflt)};
}

Faults operator-(const Faults& now, const Faults& before) {
  return {.minor = now.minor - before.minor, .major = now.major - before.major};
}

// A permutation of [0, count), so that the most frequent pages are not neighbours.
std::vector<std::uint32_t> scattered(std::uint64_t count, std::mt19937_64& random) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  for (std::uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

// Touches each page of the machine that the file has.
void touch_all(Method& method, std::uint64_t span) {
  std::vector<std::uint64_t> offsets;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (std::uint64_t at = 0; at < span; at += page) offsets.push_back(at);
  method.run({.offsets = offsets, .size = 8});
}

bool is_measured(const Method& method, State state) {
  // Populating is a state of its own; where it is not charged, there is nothing else to map.
  const bool is_populate = method.is_mapping() && method.is_whole();
  if (state == State::kPopulated) return is_populate || !method.is_mapping();
  return true;
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::kWarm:
      return "warm";
    case State::kPopulated:
      return "populated";
    case State::kFresh:
      return "fresh";
    case State::kCold:
      return "cold";
  }
  return "";
}

std::string_view name_of(Order order) {
  switch (order) {
    case Order::kRandom:
      return "random";
    case Order::kChained:
      return "chained";
    case Order::kZipf:
      return "zipf";
    case Order::kSequential:
      return "sequential";
  }
  return "";
}

bool is_opening_charged(State state) { return state == State::kFresh || state == State::kCold; }

std::vector<std::uint64_t> make_offsets(const CellId& cell, std::size_t count) {
  std::vector<std::uint64_t> offsets(count);
  std::mt19937_64 random(1);
  const std::uint64_t places = cell.span / cell.size;
  switch (cell.order) {
    case Order::kRandom:
    case Order::kChained:
      for (std::uint64_t& offset : offsets) offset = random() % places * cell.size;
      break;
    case Order::kZipf: {
      const std::uint64_t pages = cell.span / kPage;
      const Zipf zipf(pages, kZipfExponent);
      const auto page_of_rank = scattered(pages, random);
      for (std::uint64_t& offset : offsets) {
        offset = page_of_rank[zipf(random)] * kPage + random() % (kPage / cell.size) * cell.size;
      }
      break;
    }
    case Order::kSequential:
      for (std::size_t i = 0; i < count; ++i) offsets[i] = i % places * cell.size;
      break;
  }
  return offsets;
}

Result<Sample> measure_once(Method& method, const std::string& path, const Accesses& accesses) {
  Sample sample;
  const Faults before = faults_so_far();
  Stopwatch watch;
  SMF_TRY(method.open(path));
  sample.open_ns = watch.lap();
  const Faults opened = faults_so_far();
  watch.lap();
  sample.sum = method.run(accesses);
  sample.accesses_ns = watch.lap();
  const Faults accessed = faults_so_far();
  watch.lap();
  method.close();
  sample.close_ns = watch.lap();
  sample.open_faults = opened - before;
  sample.access_faults = accessed - opened;
  return sample;
}

CellRunner::CellRunner(std::string path, std::span<std::byte> buffer, std::size_t repetitions)
    : path_(std::move(path)), repetitions_(repetitions), methods_(make_all_methods(buffer)) {}

void CellRunner::open_for_long(std::uint64_t span) {
  long_open_ns_.assign(methods_.size(), 0);
  not_opened_.assign(methods_.size(), {});
  for (std::size_t i = 0; i < methods_.size(); ++i) {
    Stopwatch watch;
    if (auto opened = methods_[i]->open(path_); !opened) {
      not_opened_[i] = opened.error().describe();
      continue;
    }
    if (methods_[i]->is_mapping()) touch_all(*methods_[i], span);
    long_open_ns_[i] = watch.lap();
  }
  is_open_ = true;
}

void CellRunner::close_again() {
  for (std::size_t i = 0; i < methods_.size(); ++i) {
    if (not_opened_[i].empty()) methods_[i]->close();
  }
  is_open_ = false;
}

std::optional<Sample> CellRunner::measure(Contender& contender, const CellId& cell,
                                          const Accesses& accesses) {
  Method& method = *contender.method;
  if (cell.state == State::kWarm) {
    Sample sample;
    const Faults before = faults_so_far();
    Stopwatch watch;
    sample.sum = method.run(accesses);
    sample.accesses_ns = watch.lap();
    sample.access_faults = faults_so_far() - before;
    return sample;
  }
  const std::uint64_t resident = cell.state == State::kCold ? make_cold(path_) : 0;
  auto sample = measure_once(method, path_, accesses);
  if (!sample) {
    contender.row.left_out = sample.error().describe();
    return std::nullopt;
  }
  sample->resident = resident;
  if (resident != 0) contender.row.left_out = fmt::format("not cold: {} pages", resident);
  return *sample;
}

void CellRunner::repeat(std::vector<Contender>& contenders, const CellId& cell,
                        const Accesses& accesses) {
  std::optional<std::uint64_t> sum;
  std::vector<std::size_t> turns(contenders.size());
  std::iota(turns.begin(), turns.end(), std::size_t{0});
  // The first round warms what the state lets be warm, and does not count.
  const std::size_t first = cell.state == State::kCold ? 1 : 0;
  for (std::size_t round = first; round <= repetitions_; ++round) {
    for (std::size_t i = turns.size(); i > 1; --i) std::swap(turns[i - 1], turns[random_() % i]);
    for (const std::size_t turn : turns) {
      Contender& contender = contenders[turn];
      if (!contender.row.left_out.empty()) continue;
      const auto sample = measure(contender, cell, accesses);
      if (!sample) continue;
      if (!sum) sum = sample->sum;
      SMF_CHECK(sample->sum == *sum);  // else they did not read the same
      if (round > 0) contender.samples.push_back(*sample);
    }
  }
}

std::vector<Row> CellRunner::run(const CellId& cell, std::size_t accesses) {
  const bool is_warm = cell.state == State::kWarm;
  if (is_warm && !is_open_) open_for_long(cell.span);
  if (!is_warm && is_open_) close_again();
  std::vector<Contender> contenders;
  std::vector<double> open_ns;  // apart from what a sample has
  for (std::size_t i = 0; i < methods_.size(); ++i) {
    if (!is_measured(*methods_[i], cell.state)) continue;
    contenders.push_back({.method = methods_[i].get(),
                          .row = {.cell = cell,
                                  .method = std::string(methods_[i]->name()),
                                  .is_mapping = methods_[i]->is_mapping(),
                                  .accesses = accesses,
                                  .left_out = is_warm ? not_opened_[i] : std::string()}});
    open_ns.push_back(is_warm ? long_open_ns_[i] : 0);
  }
  const auto offsets = make_offsets(cell, accesses);
  const bool is_chained = cell.order == Order::kChained;
  repeat(contenders, cell,
         {.offsets = offsets,
          .size = cell.size,
          .dependence = is_chained ? Dependence::kChained : Dependence::kNone});
  std::vector<Row> rows;
  const auto count = static_cast<double>(accesses);
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    Row& row = contenders[i].row;
    for (const Sample& sample : contenders[i].samples) {
      row.access_ns.push_back(sample.accesses_ns / count);
      row.total_ns.push_back((sample.total_ns() + open_ns[i]) / count);
      row.open_faults = sample.open_faults;
      row.access_faults = sample.access_faults;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace smf::bench
