// A compiled instantiation as it is stored in a module's section `.smf.jit`.
//
//   section   header, 16 bytes: "SMFJ" | 4 u16 version 1 | 6 zeros
//             entries, one behind the other, each a multiple of 16 bytes
//             a zero word, where an entry could follow; behind it anything
//
//   entry     0 u32 1, the commit word | 4 u32 size of the entry
//             8 XXH3-128 of [24, size), low half first
//             24 u32 code size | 28 u32 functions f | 32 u32 relocations r | 36 u32 size of names
//             40 u64 zero
//             48  f times { XXH3-128 key | u32 offset in the code | u32 size | u32 name offset |
//                           u32 name size }
//             ..  r times { u32 offset in the code | u8 kind | 3 zeros | u32 name offset |
//                           u32 name size }
//             ..  code, at a multiple of 16 | names | zeros to a multiple of 16
//
// The section's size is the room there is. An entry counts when its commit word is 1, which is
// written last (writer.h): so a reader never looks at half of one, and the end of the entries is
// the first word that is not 1. Whatever a writer that died left behind that word, nobody reaches:
// the next one writes a zero word behind its own entry before it commits that.
//
// Everything of an entry but these first words is under the checksum, and its size follows from
// the rest, so damage makes an entry unknown, and never other code. The checksum is no signature:
// whether the file is to be trusted is another question (trust.h).
//
// An entry holds what is compiled as one: functions that call each other are one piece of code, and
// any of them may be asked for first. So keys belong to functions. The key is the caller's: a hash
// of all that the code depends on (template, arguments, code generator, processor). What is found
// under a key is never stale; code under a key that nobody asks for any more is dead, until the
// file is written anew for lack of room. Names are for that, to see which entry replaces which,
// and for people. What a relocation's kind means is the code generator's business.
//
// Sizes: a function of 30 instructions makes some 200 bytes of code, and 80 to 150 around it; the
// least room there is, 64 KiB, holds some 200. Rejected: an index in the section (a second thing to
// commit; readers make theirs in some 0.1 us a function, index.h); entries compressed (they are
// copied from the mapping in one go); numbers in place of names (they mean something in one
// process); one commit word for the section, the end of what counts (a writer that dies leaves
// nothing to tidy either way, but every reader would watch one cache line that every writer
// changes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/format/layout.h"

namespace smf {

struct PersistedFunction {
  Hash128 key{};
  std::uint32_t offset = 0;  // in the code
  std::uint32_t size = 0;
  std::string_view name{};  // mangled

  friend bool operator==(const PersistedFunction&, const PersistedFunction&) = default;
};

// 8 bytes at `offset` of the code, which take the address of what the name stands for.
struct PersistedRelocation {
  std::uint32_t offset = 0;
  std::uint8_t kind = 0;
  std::string_view name{};

  friend bool operator==(const PersistedRelocation&, const PersistedRelocation&) = default;
};

// What is to be stored.
struct PersistedPiece {
  Bytes code{};
  std::span<const PersistedFunction> functions{};  // one at least; keys differ
  std::span<const PersistedRelocation> relocations{};
};

namespace layout {

struct PersistedEntry {
  std::uint32_t committed, size;
  Hash128 checksum;
  std::uint32_t code_size, function_count, relocation_count, names_size;
  std::uint64_t reserved;
};

struct PersistedFunctionEntry {
  Hash128 key;
  std::uint32_t offset, size, name_offset, name_size;
};

struct PersistedRelocationEntry {
  std::uint32_t offset;
  std::uint8_t kind;
  std::uint8_t reserved[3];
  std::uint32_t name_offset, name_size;
};

static_assert(sizeof(PersistedEntry) == 48);
static_assert(offsetof(PersistedEntry, checksum) == 8);
static_assert(offsetof(PersistedEntry, code_size) == 24);
static_assert(sizeof(PersistedFunctionEntry) == 32);
static_assert(offsetof(PersistedFunctionEntry, name_offset) == 24);
static_assert(sizeof(PersistedRelocationEntry) == 16);
static_assert(offsetof(PersistedRelocationEntry, name_offset) == 8);

}  // namespace layout

inline constexpr std::uint64_t kEntryAlignment = 16;
inline constexpr std::uint64_t kFirstEntry = sizeof(layout::JitRoomHeader);
inline constexpr std::uint32_t kCommitted = 1;
// No entry is larger; code of one compilation is some KiB.
inline constexpr std::uint64_t kMaxEntrySize = 256u << 20;

// An entry that was found: a view of the section's bytes. A value; any number of threads. Should
// somebody change the bytes under it, against the rules, accessors give nullopt, and nothing out of
// bounds.
class PersistedCode {
 public:
  Bytes code() const { return code_; }
  std::uint32_t function_count() const { return function_count_; }
  std::uint32_t relocation_count() const { return relocation_count_; }
  // `index` is below the count. What they say lies within the code.
  std::optional<PersistedFunction> function(std::uint32_t index) const;
  std::optional<PersistedRelocation> relocation(std::uint32_t index) const;
  // The function whose key was asked for.
  std::uint32_t found() const { return found_; }

 private:
  friend class EntryView;
  std::optional<std::string_view> name(std::uint32_t offset, std::uint32_t size) const;

  Bytes functions_{}, relocations_{}, code_{}, names_{};
  std::uint32_t function_count_ = 0, relocation_count_ = 0, found_ = 0;
};

// An entry whose parts are known to lie within the section, and no more.
class EntryView {
 public:
  // Of the entry at `offset`, below the section's size. nullopt where there is none: `section` ends
  // there, the entry is not committed, or it is wrong, which tells is_broken().
  static std::optional<EntryView> at(Bytes section, std::uint64_t offset);
  // Whether what stands where at() finds nothing is something that no writer leaves.
  static bool is_broken(Bytes section, std::uint64_t offset);

  std::uint64_t size() const { return bytes_.size(); }
  Bytes bytes() const { return bytes_; }
  std::uint32_t function_count() const { return parts_.function_count_; }
  Hash128 key(std::uint32_t function) const;
  // Whether all it says of itself holds, the checksum included. Linear in the entry.
  bool is_sound() const;
  // Only for entries that are.
  PersistedCode code(std::uint32_t found = 0) const;

 private:
  Bytes bytes_{};
  Hash128 checksum_{};
  PersistedCode parts_{};
};

// The bytes of an entry, not committed. kInvalidArgument for a piece that no reader would accept:
// functions or relocations outside of the code, offsets that are no multiples of 16 and 8, no
// function; kLimit for one that is larger than kMaxEntrySize.
Result<ByteVector> write_entry(const PersistedPiece& piece);

}  // namespace smf
