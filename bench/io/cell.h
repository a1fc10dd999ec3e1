// One cell of the matrix: a file, a size of accesses, their order, and the state that the file's
// pages are in. Every method is measured in it, in turns.
//
//   kWarm       opened and mapped long ago, each page touched since: what is left of an access when
//               everything else is paid for
//   kPopulated  a new mapping for each repetition, all its page table entries made in one call; not
//               charged to the accesses
//   kFresh      a new mapping for each repetition, the file in the page cache: faults included
//   kCold       the same, the file not in memory: it was synced and dropped from the page cache,
//               nothing mapped it, and mincore(2) counted no resident page (page_cache.h). A sample
//               for which that was not so is none of this state, and its row is left out.
//
// In all states but kWarm a repetition is open, accesses, close. In kWarm a method is opened, and
// its pages touched, once for all cells of a file; closing is not charged.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/io/access.h"
#include "bench/summary.h"

namespace smf::bench {

enum class State : std::uint8_t { kWarm, kPopulated, kFresh, kCold };
enum class Order : std::uint8_t {
  kRandom,      // uniform
  kChained,     // uniform, each offset known when the bytes before it have been consumed
  kZipf,        // pages of 4 KiB by Zipf's law, exponent 0.99, scattered over the file
  kSequential,  // from the start, again from there at the end
};

std::string_view name_of(State state);
std::string_view name_of(Order order);

// What is charged for in the state's verdict: the accesses alone, or opening and closing too.
bool is_opening_charged(State state);

struct Faults {
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
};

// One repetition.
struct Sample {
  double open_ns = 0;
  double accesses_ns = 0;
  double close_ns = 0;
  Faults open_faults;
  Faults access_faults;
  std::uint64_t sum = 0;
  std::uint64_t resident = 0;  // kCold: pages in memory before opening; 0 is cold

  double total_ns() const { return open_ns + accesses_ns + close_ns; }
};

struct CellId {
  std::uint64_t span = 0;  // bytes of the file
  std::size_t size = 0;    // bytes of an access
  State state = State::kWarm;
  Order order = Order::kRandom;
};

struct Row {
  CellId cell;
  std::string method;
  bool is_mapping = false;
  std::size_t accesses = 0;  // in a repetition
  // Of one access; a repetition each. The same place is the same round in all rows of a cell.
  std::vector<double> access_ns{};
  std::vector<double> total_ns{};  // with its part of opening and closing
  Faults open_faults{};            // of the last repetition
  Faults access_faults{};
  std::string left_out{};  // why it does not count; empty: it does

  // What the state charges for.
  const std::vector<double>& charged() const {
    return is_opening_charged(cell.state) ? total_ns : access_ns;
  }
};

// Offsets of `count` accesses, the same for the same cell.
std::vector<std::uint64_t> make_offsets(const CellId& cell, std::size_t count);

// Opens, accesses and closes once.
Result<Sample> measure_once(Method& method, const std::string& path, const Accesses& accesses);

// Measures the cells of one file.
class CellRunner {
 public:
  // `buffer` is as large as the file.
  CellRunner(std::string path, std::span<std::byte> buffer, std::size_t repetitions);

  // Rows of all methods that the state has. Aborts where two methods come to different sums. Cells
  // of kWarm come before those of other states.
  std::vector<Row> run(const CellId& cell, std::size_t accesses);

 private:
  struct Contender {
    Method* method;
    Row row;
    std::vector<Sample> samples{};
  };

  void open_for_long(std::uint64_t span);
  void close_again();
  void repeat(std::vector<Contender>& contenders, const CellId& cell, const Accesses& accesses);
  std::optional<Sample> measure(Contender& contender, const CellId& cell, const Accesses& accesses);

  std::string path_;
  std::size_t repetitions_;
  std::vector<std::unique_ptr<Method>> methods_;
  std::mt19937_64 random_{1};  // for the turns

  bool is_open_ = false;                 // in kWarm
  std::vector<double> long_open_ns_;     // what that took each of methods_
  std::vector<std::string> not_opened_;  // why, for each
};

}  // namespace smf::bench
