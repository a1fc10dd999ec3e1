// From how many accesses on mapping a file is cheaper than reading it.
//
// Measured, not computed: a file in the page cache is opened, accessed k times at random places and
// closed again, for k = 1, 2, 4, … Each way of doing so is timed as a whole, in turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace smf::bench {

struct BreakEven {
  struct Point {
    std::size_t accesses = 0;
    // Medians of opening, accessing and closing, in ns, as in kBreakEvenMethods.
    std::vector<double> total_ns;
  };
  std::uint64_t file_size = 0;
  std::size_t access_size = 0;
  std::vector<Point> points;
};

inline constexpr const char* kBreakEvenMethods[] = {"pread", "whole_read", "mmap", "mmap_populate"};

// `buffer` is as large as the file. Up to `most` accesses.
BreakEven find_break_even(const std::string& path, std::uint64_t file_size,
                          std::span<std::byte> buffer, std::size_t most, std::size_t repetitions);

// For which k of `ks` the first of two is cheaper: "from 64", "below 8", "8 to 32", "8", "always",
// "never"; "mixed" where it changes more than twice. `is_cheaper` has a value for each k.
std::string describe_wins(std::span<const std::size_t> ks, const std::vector<bool>& is_cheaper);

}  // namespace smf::bench
