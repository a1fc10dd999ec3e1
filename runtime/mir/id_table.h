// Numbers of things by what these are, where the things themselves are in an array: only a hash and
// the number are kept, and whoever looks for one compares.
//
// An open-addressing table, linear probing, at most half full. Each table hashes differently, so
// that no file can be written whose things all fall into one place.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace smf::mir {

class IdTable {
 public:
  // Of words, and of texts, one after the other. The upper half of a product has a share of all
  // bits of both factors.
  class Hash {
   public:
    explicit Hash(const IdTable& table) : secret_(table.secret_), sum_(table.secret_ >> 1) {}
    Hash& add(std::uint64_t word) {
      const auto product = static_cast<unsigned __int128>(sum_ ^ word) * secret_;
      sum_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
      return *this;
    }
    Hash& add(std::span<const std::uint32_t> numbers) {
      for (const std::uint32_t number : numbers) add(number);
      return add(numbers.size());
    }
    Hash& add(std::string_view text) {
      const std::size_t size = text.size();
      for (std::uint64_t word = 0; !text.empty(); word = 0) {
        const std::size_t count = text.size() < sizeof word ? text.size() : sizeof word;
        std::memcpy(&word, text.data(), count);
        add(word);
        text.remove_prefix(count);
      }
      return add(size);
    }

   private:
    friend class IdTable;
    std::uint32_t value() const { return static_cast<std::uint32_t>(sum_ >> 32); }

    std::uint64_t secret_;
    std::uint64_t sum_;
  };

  static constexpr std::uint32_t kNotThere = ~std::uint32_t{0};

  // The number of that hash for which `is_same(number)`.
  template <typename IsSame>
  std::uint32_t find(const Hash& hash, IsSame&& is_same) const {
    if (slots_.empty()) return kNotThere;
    const std::uint32_t value = hash.value();
    for (std::size_t i = value & mask();; i = (i + 1) & mask()) {
      const Slot& slot = slots_[i];
      if (slot.id == kNotThere || (slot.hash == value && is_same(slot.id))) return slot.id;
    }
  }
  // Of what is not there. Throws std::bad_alloc, and has changed nothing then.
  void add(const Hash& hash, std::uint32_t id) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    enter(slots_, {hash.value(), id});
    ++count_;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = kNotThere;
  };

  std::size_t mask() const { return slots_.size() - 1; }
  static void enter(std::vector<Slot>& slots, Slot slot) {
    std::size_t i = slot.hash & (slots.size() - 1);
    while (slots[i].id != kNotThere) i = (i + 1) & (slots.size() - 1);
    slots[i] = slot;
  }
  void grow() {
    std::vector<Slot> larger(slots_.empty() ? 64 : 2 * slots_.size());
    for (const Slot& slot : slots_)
      if (slot.id != kNotThere) enter(larger, slot);
    slots_.swap(larger);
  }

  // Where it is in memory is another place each time.
  std::uint64_t secret_ = (reinterpret_cast<std::uintptr_t>(this) * 0x9e3779b97f4a7c15u) | 1;
  std::vector<Slot> slots_{};
  std::size_t count_ = 0;
};

}  // namespace smf::mir
