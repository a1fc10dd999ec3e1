// Names and an address for each, that readers probe without a lock.
//
// An open-addressing table of pointers to names, linear probing, at most half full. A name that was
// entered stays in the table for good, with the address of now, or none: so nothing that a reader
// holds moves or goes. When the table grows, readers go on in the old one until they see the new;
// the old ones are kept, which are together as large as the new.
//
// A search costs the hash of the name, a line of the table and the line of the name.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/hash.h"

namespace smf::internal {

inline std::uint64_t hash_name(std::string_view name) { return xxh3_64(as_bytes(name)); }

class NameTable {
 public:
  // Where a name stands: stays as long as the table.
  struct Name {
    std::uint64_t hash = 0;
    std::atomic<const void*> value{nullptr};
    std::uint32_t size = 0;
    const char* text = nullptr;

    std::string_view view() const { return {text, size}; }
  };

  NameTable();
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;

  // Any number of threads, at any time. nullptr where the name was never entered.
  const Name* find(std::uint64_t hash, std::string_view name) const noexcept {
    const Slots* const slots = slots_.load(std::memory_order_acquire);
    for (std::size_t i = hash & slots->mask;; i = (i + 1) & slots->mask) {
      const Name* const one = slots->names[i].load(std::memory_order_acquire);
      if (one == nullptr) return nullptr;
      if (one->hash == hash && one->size == name.size() &&
          std::memcmp(one->text, name.data(), name.size()) == 0)
        return one;
    }
  }
  // Its value; nullptr where there is none.
  const void* value(std::uint64_t hash, std::string_view name) const noexcept {
    const Name* const found = find(hash, name);
    return found == nullptr ? nullptr : found->value.load(std::memory_order_acquire);
  }

  // One thread at a time. Throws std::bad_alloc, and has changed nothing then.
  const Name& set(std::uint64_t hash, std::string_view name, const void* value);
  // Of a name that is there, or, where `known` is nullptr, is not.
  const Name& set(const Name* known, std::uint64_t hash, std::string_view name, const void* value);
  // All names of that value have none from now on; how many. Linear.
  std::size_t take_away(const void* value) noexcept;

 private:
  struct Slots {
    explicit Slots(std::size_t size) : mask(size - 1), names(size) {}
    std::size_t mask;
    std::vector<std::atomic<const Name*>> names;
  };
  static void enter(Slots& slots, const Name& name);
  const char* keep(std::string_view text);

  std::atomic<Slots*> slots_{nullptr};
  std::vector<std::unique_ptr<Slots>> all_slots_{};
  std::deque<Name> names_{};
  std::vector<std::unique_ptr<char[]>> text_{};
  std::size_t text_left_ = 0;
};

}  // namespace smf::internal
