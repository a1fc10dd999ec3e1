// Finding a repeated key among many, in linear time whatever the keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/sdn/mistake.h"
#include "runtime/sdn/node.h"

namespace smf::sdn::internal {

// Of `count` strings that stand `stride` nodes apart, the first that repeats an earlier one. Few
// are compared with each other; more go through a hash table, and if the hashes collide far more
// often than chance has it (an attack on the hash), the strings are sorted instead. `steps`, where
// given, counts comparisons and probes. Throws std::bad_alloc.
std::optional<std::uint32_t> find_repeated(const Node* first, std::uint32_t count,
                                           std::uint32_t stride, std::uint64_t* steps = nullptr);

// The part of the above that hashes cannot slow down: O(n log n) comparisons.
std::optional<std::uint32_t> find_repeated_by_sorting(const Node* first, std::uint32_t count,
                                                      std::uint32_t stride);

// Of entries with the same key the last one counts, ...
enum class Keep : std::uint8_t {
  kLastPlace,   // where it stands
  kFirstPlace,  // where the first one stood
};

// Drops the other ones from `count` entries, a key node and a value node each, and returns how many
// are left; a warning for each. O(n log n) comparisons whatever the keys. Throws std::bad_alloc.
std::uint32_t drop_repeated(Node* entries, std::uint32_t count, Keep keep, Warnings& warnings);

}  // namespace smf::sdn::internal
