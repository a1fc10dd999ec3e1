#include "runtime/jit/name_table.h"

#include <algorithm>
#include <utility>

namespace smf::internal {
namespace {

constexpr std::size_t kFirstSlots = 256;
constexpr std::size_t kTextBlock = 4096;

}  // namespace

NameTable::NameTable() {
  all_slots_.push_back(std::make_unique<Slots>(kFirstSlots));
  slots_.store(all_slots_.back().get(), std::memory_order_release);
}

void NameTable::enter(Slots& slots, const Name& name) {
  std::size_t i = name.hash & slots.mask;
  while (slots.names[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & slots.mask;
  slots.names[i].store(&name, std::memory_order_release);
}

const char* NameTable::keep(std::string_view text) {
  if (text.size() > text_left_) {
    const std::size_t size = std::max(kTextBlock, text.size());
    text_.push_back(std::make_unique_for_overwrite<char[]>(size));
    text_left_ = size;
  }
  // From the end of the block down.
  text_left_ -= text.size();
  char* const at = text_.back().get() + text_left_;
  std::memcpy(at, text.data(), text.size());
  return at;
}

const NameTable::Name& NameTable::set(std::uint64_t hash, std::string_view name,
                                      const void* value) {
  return set(find(hash, name), hash, name, value);
}

const NameTable::Name& NameTable::set(const Name* known, std::uint64_t hash, std::string_view name,
                                      const void* value) {
  if (known != nullptr) {
    const_cast<Name*>(known)->value.store(value, std::memory_order_release);
    return *known;
  }
  Slots* slots = slots_.load(std::memory_order_relaxed);
  if (2 * (names_.size() + 1) > slots->names.size()) {
    auto larger = std::make_unique<Slots>(2 * slots->names.size());
    for (const Name& one : names_) enter(*larger, one);
    all_slots_.push_back(std::move(larger));
    slots = all_slots_.back().get();
    slots_.store(slots, std::memory_order_release);
  }
  const char* const text = keep(name);
  Name& added = names_.emplace_back();
  added.hash = hash;
  added.size = static_cast<std::uint32_t>(name.size());
  added.text = text;
  added.value.store(value, std::memory_order_relaxed);
  enter(*slots, added);
  return added;
}

std::size_t NameTable::take_away(const void* value) noexcept {
  std::size_t count = 0;
  for (Name& name : names_) {
    if (name.value.load(std::memory_order_relaxed) != value) continue;
    name.value.store(nullptr, std::memory_order_release);
    ++count;
  }
  return count;
}

}  // namespace smf::internal
