// Timing several things, so that their times can be compared.
//
// A machine has fast and slow moments, of milliseconds or of minutes. So samples are taken in
// turns: those of each thing are spread evenly over the whole time, all things share the moments,
// and what is told is the median. Each gets about the same share of the time, so what is quick is
// asked often. The first sample of each only shows how long it takes, and fills caches; it is not
// counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"

namespace smf::tool {

struct Subject {
  std::string name{};   // "open/mapped", for programs
  std::string title{};  // "open and close, mapped", for people
  // A sample: the nanoseconds of one operation. It does the operation `count` times where it
  // `is_short`, and once otherwise.
  std::function<Result<double>(std::uint64_t count)> sample{};
  bool is_short = false;
  std::uint64_t bytes = 0;  // that an operation goes through; 0 where that is not the point
};

struct Figure {
  std::string name{}, title{};
  std::uint64_t bytes = 0;
  double median = 0, min = 0,
         p99 = 0;  // nanoseconds; of fewer than 100 samples, p99 is the greatest
  std::size_t samples = 0;
  std::uint64_t operations = 0;    // in each sample
  std::optional<Error> failure{};  // then there is no figure

  double bytes_per_ns() const { return static_cast<double>(bytes) / median; }  // GB/s
};

struct MeasuringLimits {
  static constexpr std::size_t kFewestSamples = 9, kMostSamples = 1000;
  static constexpr double kShortSampleNs = 50'000;  // at least, of what is short
};

// Nanoseconds since it was made.
class Watch {
 public:
  double ns() const {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Keeps the compiler from leaving out what computes `value`.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// A figure for each subject, in their order. Takes about `time`; longer where kFewestSamples of
// each take longer. `progress` is called with samples done and planned.
std::vector<Figure> measure(const std::vector<Subject>& subjects, std::chrono::nanoseconds time,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace smf::tool
