#include "runtime/cache/path_table.h"

#include <algorithm>
#include <bit>

#include "runtime/base/check.h"

namespace smf::internal {

PathTable::PathTable() : slots_(new Slots(kFirstSlots)) {}

PathTable::~PathTable() { delete slots_.load(std::memory_order_relaxed); }

// The name first: whoever sees the hash sees it.
void PathTable::put(Slots& slots, Name* name) {
  std::uint64_t at = name->hash & slots.mask;
  while (slots.slot[at].hash.load(std::memory_order_relaxed) != kEmpty) at = (at + 1) & slots.mask;
  slots.slot[at].name.store(name, std::memory_order_release);
  slots.slot[at].hash.store(marked(name->hash), std::memory_order_release);
}

std::unique_ptr<PathTable::Slots> PathTable::insert(Name* name) {
  Slots* const old = slots_.load(std::memory_order_relaxed);
  if (2 * (used_ + 1) <= old->mask + 1) {
    put(*old, name);
    ++used_;
    ++size_;
    return nullptr;
  }
  auto fresh = std::make_unique<Slots>(std::max(kFirstSlots, std::bit_ceil(4 * (size_ + 1))));
  for (std::uint64_t i = 0; i <= old->mask; ++i)
    if (Name* const there = old->slot[i].name.load(std::memory_order_relaxed)) put(*fresh, there);
  put(*fresh, name);
  slots_.store(fresh.release(), std::memory_order_release);
  used_ = ++size_;
  return std::unique_ptr<Slots>(old);
}

void PathTable::erase(const Name* name) {
  Slots& slots = *slots_.load(std::memory_order_relaxed);
  for (std::uint64_t at = name->hash & slots.mask;; at = (at + 1) & slots.mask) {
    SMF_CHECK(slots.slot[at].hash.load(std::memory_order_relaxed) != kEmpty);
    if (slots.slot[at].name.load(std::memory_order_relaxed) != name) continue;
    slots.slot[at].name.store(nullptr, std::memory_order_release);
    --size_;
    return;
  }
}

std::size_t PathTable::memory() const {
  return (slots_.load(std::memory_order_relaxed)->mask + 1) * sizeof(Slot);
}

}  // namespace smf::internal
