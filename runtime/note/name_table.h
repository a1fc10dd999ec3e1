// A hash table from names to rows of a note, in memory.
//
// Open addressing, linear probing, at most half full; 8-byte slots {u32 tag, u32 place + 1}, where
// the top bit of the place tells the table. Of rows that match, the one added first is found: the
// caller compares the key itself, since 32 bits of tag and a slot prove nothing. 100 000 rows are
// 262 144 slots, 2 MiB.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/note/note.h"

namespace smf {

std::uint64_t hash_name(std::string_view mangled_name);
// Of the template and the canonical arguments.
std::uint64_t hash_arguments(std::string_view template_name, std::string_view type_args);

class NameTable {
 public:
  using Place = Note::Place;

  NameTable() = default;
  explicit NameTable(std::size_t rows) : slots_(std::bit_ceil(rows * 2 + 1)) {}

  // At most as many as the table was made for; rows are below 2^30, as sdn::Limits has it.
  void add(std::uint64_t hash, Place place) {
    std::size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot].place != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = {static_cast<std::uint32_t>(hash >> 32),
                    (place.row | (place.is_possible ? kPossible : 0)) + 1};
  }

  // The first place for which `matches(place)` holds.
  template <typename Matches>
  std::optional<Place> find(std::uint64_t hash, const Matches& matches) const {
    std::size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot].place != 0; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].tag != static_cast<std::uint32_t>(hash >> 32)) continue;
      const std::uint32_t code = slots_[slot].place - 1;
      const Place place{(code & kPossible) != 0, code & ~kPossible};
      if (matches(place)) return place;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kPossible = 1u << 31;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t place = 0;  // 0 for an empty slot
  };

  std::vector<Slot> slots_ = std::vector<Slot>(1);
};

}  // namespace smf
