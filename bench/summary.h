// What repetitions say.
#pragma once

#include <cstddef>
#include <vector>

namespace smf::bench {

// Of at least one value; of an even number, the upper one in the middle.
double median(std::vector<double> values);

// The least of `values`, which are sorted, that at least this part of all is not above; `part` is
// above 0 and at most 1.
double quantile(const std::vector<double>& values, double part);

struct Summary {
  double min = 0;
  double median = 0;
  double p99 = 0;  // the greatest, of fewer than 100 values
  double cv = 0;   // standard deviation divided by mean
  std::size_t count = 0;
};

Summary summarize(std::vector<double> values);

}  // namespace smf::bench
