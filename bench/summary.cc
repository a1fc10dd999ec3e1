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

double quantile(const std::vector<double>& values, double part) {
  SMF_CHECK(!values.empty() && part > 0 && part <= 1);
  const auto rank = std::ceil(static_cast<double>(values.size()) * part);
  return values[std::max<std::size_t>(static_cast<std::size_t>(rank), 1) - 1];
}

Summary summarize(std::vector<double> values) {
  SMF_CHECK(!values.empty());
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {.min = values.front(),
          .median = values[values.size() / 2],
          .p99 = quantile(values, 0.99),
          .cv = mean > 0 && count > 1 ? std::sqrt(squares / (count - 1)) / mean : 0,
          .count = values.size()};
}

}  // namespace smf::bench
