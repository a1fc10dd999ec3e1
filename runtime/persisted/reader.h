// Finding compiled instantiations in a module.
//
//   auto reader = PersistedCodeReader::open(view);
//   SMF_TRY(reader->refresh());                       // makes the index; again: what was appended
//   if (const auto code = reader->find(key)) ...      // copy, relocate, run
//
// No lock is taken: an entry is complete when its commit word is there, and never changes after
// (entry.h). A module that was replaced by another file is another mapping, and needs another
// reader.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/format/view.h"
#include "runtime/persisted/entry.h"
#include "runtime/persisted/index.h"

namespace smf {

// The section `.smf.jit` of a module.
enum class JitRoomState : std::uint8_t {
  kUsable,
  kAbsent,  // or one that is not of this form, or compressed: what replaces it loses nothing
  kNewer,   // of a later version, which is left alone
};
JitRoomState jit_room_state(Bytes section);

// A value, cheap before the first refresh(). Not thread-safe but for find(), which may run on any
// number of threads while nobody calls refresh(). The view's bytes must outlive it.
class PersistedCodeReader {
 public:
  // Looks into the section table and no further. A module without room, or with one that cannot be
  // read, is one where nothing is found.
  static Result<PersistedCodeReader> open(const SmfView& view);
  // Over the bytes of the section.
  explicit PersistedCodeReader(Bytes section);

  // Takes in the entries there are. The first time that is linear in their number, and touches
  // their heads; later it is one look at a word where nothing was appended. kOutOfMemory leaves
  // what was known.
  Result<void> refresh();

  // The code under this key: complete, its checksum right, and all of it within the section;
  // nullopt where there is none. Does not allocate. Linear in the entry.
  std::optional<PersistedCode> find(const Hash128& key) const;

  const PersistedIndex& index() const { return index_; }
  Bytes section() const { return section_; }

 private:
  Bytes section_{};  // empty where there is no room
  PersistedIndex index_{};
};

}  // namespace smf
