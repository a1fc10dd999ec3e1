// What is drawn by lot, from a seed: the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace smf::mir {

class RandomChoice {
 public:
  explicit RandomChoice(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  std::uint32_t small(std::uint32_t bound) { return static_cast<std::uint32_t>(below(bound)); }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  template <typename Range>
  const auto& of(const Range& values) {
    return values[below(std::size(values))];
  }
  template <typename T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace smf::mir
