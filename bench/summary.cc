#include "bench/summary.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/check.h"

namespace smf::bench {

double median(std::vector<double> values) {
  SMF_CHECK(!values.empty());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

Summary summarize(std::vector<double> values) {
  SMF_CHECK(!values.empty());
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  // The least value that 99 % of all are not above.
  const auto rank = static_cast<std::size_t>(std::ceil(count * 0.99));
  return {.min = values.front(),
          .median = values[values.size() / 2],
          .p99 = values[rank - 1],
          .cv = mean > 0 && count > 1 ? std::sqrt(squares / (count - 1)) / mean : 0,
          .count = values.size()};
}

}  // namespace smf::bench
