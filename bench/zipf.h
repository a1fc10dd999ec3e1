// Numbers that are asked for as words of a language are: the one of rank r with a probability in
// proportion to 1 / r^exponent. Exact, from a table of sums, which is 8 bytes a number.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace smf::bench {

class Zipf {
 public:
  Zipf(std::size_t count, double exponent) : sums_(count) {
    double sum = 0;
    for (std::size_t rank = 0; rank < count; ++rank) {
      sum += std::pow(static_cast<double>(rank + 1), -exponent);
      sums_[rank] = sum;
    }
  }

  // From 0, the most frequent, to count - 1.
  std::size_t operator()(std::mt19937_64& random) const {
    // 53 bits: by hand, since a library's own distribution is not the same everywhere.
    const double at = static_cast<double>(random() >> 11) * 0x1p-53 * sums_.back();
    const auto place = std::ranges::upper_bound(sums_, at);
    return std::min(static_cast<std::size_t>(place - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

}  // namespace smf::bench
