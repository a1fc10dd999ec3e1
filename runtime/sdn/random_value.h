// Values of every kind at random, for property tests: what is hard to write is drawn often.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "runtime/sdn/owned.h"

namespace smf::sdn {

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : engine_(seed) {}

  // A dict with up to `depth` containers inside each other.
  OwnedValue document(int depth);
  OwnedValue any(int depth);
  OwnedValue scalar();
  OwnedTable table();
  std::string text();
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace smf::sdn
