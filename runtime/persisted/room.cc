#include "runtime/persisted/room.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "runtime/format/assembly.h"
#include "runtime/persisted/entry.h"

namespace smf {
namespace {

using Names = std::unordered_set<std::string_view>;

// Whether a function of the entry has a name that is not among `later`; all are from now on.
bool is_live(const PersistedCode& code, Names& later) {
  bool live = false;
  for (std::uint32_t i = 0; i < code.function_count(); ++i)
    if (const auto function = code.function(i)) live |= later.insert(function->name).second;
  return live;
}

}  // namespace

ByteVector merged_room(Bytes old, std::span<const ByteVector> added) {
  std::vector<EntryView> entries;
  std::uint64_t at = kFirstEntry;
  while (const auto entry = EntryView::at(old, at)) {
    at += entry->size();
    if (entry->is_sound()) entries.push_back(*entry);
  }

  std::vector<ByteVector> committed(added.begin(), added.end());
  Names later;
  for (ByteVector& entry : committed) {
    store(std::span(entry), 0, kCommitted);
    const auto view = EntryView::at(entry, 0);
    SMF_CHECK(view);
    is_live(view->code(), later);
  }
  std::vector<EntryView> live;
  for (std::size_t i = entries.size(); i-- > 0;)
    if (is_live(entries[i].code(), later)) live.push_back(entries[i]);
  std::ranges::reverse(live);

  ByteVector room;
  append(room, layout::kEmptyJitRoom);
  for (const EntryView& entry : live) append_bytes(room, entry.bytes());
  for (const ByteVector& entry : committed) append_bytes(room, entry);
  return room;
}

Result<std::uint64_t> room_for(std::uint64_t used, std::uint64_t before, std::uint64_t least) {
  if (used > kMostJitRoom) {
    return fail(ErrorCode::kLimit,
                fmt::format("persisted code of {} bytes; the most is {}", used, kMostJitRoom));
  }
  std::uint64_t room = std::max(before, least);
  while (used > room / 2) room *= 2;
  return std::min(room, kMostJitRoom);
}

}  // namespace smf
