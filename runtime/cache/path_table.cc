#include "runtime/cache/path_table.h"

#include <algorithm>
#include <bit>

#include "runtime/base/check.h"
#include "runtime/base/hash.h"

namespace smf::internal {

PathTable::PathTable() : slots_(new Slots(kFirstSlots)) {}

PathTable::~PathTable() { delete slots_.load(std::memory_order_relaxed); }

std::uint64_t PathTable::hash(std::string_view path) { return xxh3_64(as_bytes(path)); }

// The name first: whoever sees the hash sees it.
void PathTable::put(Slots& slots, std::uint64_t marked_hash, Name* name) {
  std::uint64_t at = marked_hash & slots.mask;
  while (slots.slot[at].hash.load(std::memory_order_relaxed) != kEmpty) at = (at + 1) & slots.mask;
  slots.slot[at].name.store(name, std::memory_order_release);
  slots.slot[at].hash.store(marked_hash, std::memory_order_release);
}

PathTable::Slots* PathTable::insert(std::uint64_t hash, Name* name) {
  Slots* const old = slots_.load(std::memory_order_relaxed);
  if (4 * (used_ + 1) <= 3 * (old->mask + 1)) {
    put(*old, marked(hash), name);
    ++used_;
    ++size_;
    return nullptr;
  }
  // Half of it free, or it would soon be full again.
  auto fresh = std::make_unique<Slots>(std::max(kFirstSlots, std::bit_ceil(2 * (size_ + 1))));
  for (std::uint64_t i = 0; i <= old->mask; ++i) {
    const Slot& slot = old->slot[i];
    if (Name* const there = slot.name.load(std::memory_order_relaxed))
      put(*fresh, slot.hash.load(std::memory_order_relaxed), there);
  }
  put(*fresh, marked(hash), name);
  slots_.store(fresh.release(), std::memory_order_release);
  used_ = ++size_;
  return old;
}

void PathTable::erase(const Name* name) {
  Slots& slots = *slots_.load(std::memory_order_relaxed);
  for (std::uint64_t at = hash(name->path()) & slots.mask;; at = (at + 1) & slots.mask) {
    SMF_CHECK(slots.slot[at].hash.load(std::memory_order_relaxed) != kEmpty);
    if (slots.slot[at].name.load(std::memory_order_relaxed) != name) continue;
    slots.slot[at].name.store(nullptr, std::memory_order_release);
    --size_;
    return;
  }
}

}  // namespace smf::internal
