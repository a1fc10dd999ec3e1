#include "runtime/persisted/reader.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/format/assembly.h"

namespace smf {

JitRoomState jit_room_state(Bytes section) {
  if (section.size() < sizeof(layout::JitRoomHeader)) return JitRoomState::kAbsent;
  const auto header = load<layout::JitRoomHeader>(section, 0);
  const layout::JitRoomHeader& ours = layout::kEmptyJitRoom;
  if (std::memcmp(header.magic, ours.magic, sizeof header.magic) != 0) return JitRoomState::kAbsent;
  return header.version == ours.version ? JitRoomState::kUsable : JitRoomState::kNewer;
}

PersistedCodeReader::PersistedCodeReader(Bytes section) {
  if (jit_room_state(section) == JitRoomState::kUsable)
    section_ = section.first(std::min<std::uint64_t>(section.size(), kMostJitRoom));
}

Result<PersistedCodeReader> PersistedCodeReader::open(const SmfView& view) {
  SMF_ASSIGN(const auto section, view.find_section(kJitRoomSection));
  if (!section || section->compressed) return PersistedCodeReader(Bytes());
  return PersistedCodeReader(view.stored(*section));
}

Result<void> PersistedCodeReader::refresh() try {
  index_.read_on(section_);
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the index of persisted code");
}

std::optional<PersistedCode> PersistedCodeReader::find(const Hash128& key) const {
  const auto place = index_.find(key);
  if (!place) return std::nullopt;
  const auto entry = EntryView::at(section_, place->entry);
  if (!entry || !entry->is_sound() || place->function >= entry->function_count() ||
      entry->key(place->function) != key)
    return std::nullopt;
  return entry->code(place->function);
}

}  // namespace smf
