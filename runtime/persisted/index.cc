#include "runtime/persisted/index.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace smf {
namespace {

bool is_less(const Hash128& a, const Hash128& b) {
  return std::tie(a.high, a.low) < std::tie(b.high, b.low);
}

}  // namespace

bool PersistedIndex::is_before(const Slot& a, const Slot& b) {
  if (a.key != b.key) return is_less(a.key, b.key);
  return std::tie(a.place.entry, a.place.function) < std::tie(b.place.entry, b.place.function);
}

void PersistedIndex::read_on(Bytes section, std::uint64_t begin) {
  std::vector<Slot> fresh;
  std::uint64_t end = end_, entries = 0;
  while (const auto entry = EntryView::at(section, end - begin)) {
    for (std::uint32_t i = 0; i < entry->function_count(); ++i)
      fresh.push_back({.key = entry->key(i), .place = {.entry = end, .function = i}});
    end += entry->size();
    ++entries;
  }
  is_broken_ = EntryView::is_broken(section, end - begin);
  if (entries == 0) return;

  std::ranges::sort(fresh, is_before);
  std::vector<Slot> merged;
  merged.reserve(slots_.size() + fresh.size());
  std::ranges::merge(slots_, fresh, std::back_inserter(merged), is_before);
  // The last of each key stays.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (i + 1 < merged.size() && merged[i + 1].key == merged[i].key) continue;
    merged[kept++] = merged[i];
  }
  merged.resize(kept);
  slots_ = std::move(merged);
  end_ = end;
  entry_count_ += entries;
}

std::optional<PersistedIndex::Place> PersistedIndex::find(const Hash128& key) const {
  const auto at = std::ranges::lower_bound(slots_, key, is_less, &Slot::key);
  if (at == slots_.end() || at->key != key) return std::nullopt;
  return at->place;
}

}  // namespace smf
