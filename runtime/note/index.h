// The note index: a hash table in the file, section `.smf.nidx`.
//
// A loader that is asked for one instantiation should not parse the note: 100 000 rows are 10 MB of
// text, 2 500 pages and about 15 ms. The index is an open-addressing table of 8-byte slots keyed by
// XXH3-64 of the mangled name: the low bits choose the slot, the high 32 are the tag, probing is
// linear, and it is at most half full. A look-up touches a page of the index (two where a run
// crosses a page) and the page of the row. 100 000 rows need 262 144 slots, 2 MiB.
//
// It covers the text **as packed**: the offsets it gives lie in the text's first packed_size()
// bytes, which end with the terminator line the packer wrote. In-place updates change no offset
// there (a tombstone or a committed terminator is one byte, update.h) and append behind it, so the
// index is never rewritten in place, and no hash of the text is needed to use it: a hit counts only
// if the row that stands at the offset has the name. Rows appended later are found by reading on
// from packed_size(). An index that is malformed, or does not end where the text has a terminator
// line, is ignored; so is one whose head is not as it was written, which a hash of the head tells.
// A damaged slot is no danger: a place counts only between a table's header and its last row, where
// every line is a row of that table or a comment, and the row there has to have the name. A name
// that is left out makes a search miss, after which the whole note is read (lookup.h). So answers
// do not depend on the index, short of one that was made to lie, by somebody who might as well have
// changed the note.
//
// Each name is entered once: for its row in `instantiations` where it has one, else for the one in
// `possible`; of several in a table, for the first. The order of the columns stands in the index
// too, since the tables' headers are on pages of their own.
//
//    0  char[4] "SMFN" | 4 u16 version 1 | 6 u16 zero | 8 u32 packed_size | 12 u32 slot_count
//   16  u8[16] columns of instantiations: a NoteColumn each, 0 behind the last
//   32  u8[16] the same of possible
//   48  u32 | u32 where the rows of instantiations begin and end; 56 the same of possible
//   64  u64 XXH3-64 of the 64 bytes before
//   72  slot_count times { u32 tag | u32 row }
//
// `row` is the offset of the row's line in the text, with bit 31 set for `possible`; 0 is an empty
// slot (no row begins a text). So notes up to 2 GiB can be indexed, far above their limit. A table
// of more than 16 columns is not indexed.
//
// Rejected: sorted offsets (17 pages a search), a perfect hash (slower to build, and an absent name
// still has to be compared), one index over (template, arguments) as well (twice the size, for a
// key from which the name can nearly always be made).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "runtime/base/bytes.h"

namespace smf {

enum class NoteTable : std::uint8_t { kInstantiations, kPossible };

// What a column of these two tables holds. The numbers stand in files: change none.
enum class NoteColumn : std::uint8_t {
  kNone = 0,  // no such column
  kId = 1,
  kTemplate = 2,
  kTypeArgs = 3,
  kMangledName = 4,
  kFromFile = 5,
  kFromLoc = 6,
  kToObj = 7,
  kStatus = 8,
  kRequiredBy = 9,
  kCanDefer = 10,
  kOther = 255,  // one this version does not know
};

class NoteIndex {
 public:
  static constexpr std::uint32_t kMaxProbe = 64;
  static constexpr std::size_t kMaxColumns = 16;
  static constexpr std::uint64_t kHeaderSize = 72;

  using Columns = std::array<NoteColumn, kMaxColumns>;  // in order; kNone behind the last

  // Of a table: what stands in its rows, and where they are. Without rows that can be indexed, both
  // ends are 0.
  struct Table {
    Columns columns{};
    std::uint32_t begin = 0;  // of the first row's line, or of a comment before it
    std::uint32_t end = 0;    // behind the last row's
    friend bool operator==(const Table&, const Table&) = default;
  };

  // A row's line, in bytes from the start of the text.
  struct Place {
    NoteTable table = NoteTable::kInstantiations;
    std::uint32_t offset = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  // Over the bytes of the section, which must outlive the index; nullopt where they are none.
  static std::optional<NoteIndex> open(Bytes section);

  // Bytes of the text that is indexed, its terminator line included.
  std::uint32_t packed_size() const { return packed_size_; }
  const Table& table(NoteTable table) const { return tables_[static_cast<std::size_t>(table)]; }
  std::uint32_t slot_count() const { return slot_count_; }

  // A walk over the places where a row of this name may stand, each among the rows of its
  // table. next() gives nullopt when there is none left. No allocation.
  class Candidates {
   public:
    std::optional<Place> next();

   private:
    friend class NoteIndex;
    const NoteIndex* index_ = nullptr;
    std::uint32_t slot_ = 0, probes_ = 0, tag_ = 0;
  };
  Candidates find(std::string_view mangled_name) const;

  // Places that are entered, in the order of the slots: for checking an index against its text.
  std::optional<Place> slot(std::uint32_t index) const;

  struct Row {
    std::string_view mangled_name;
    Place place;
  };
  // The section's bytes. Of rows that share a name, the first in `rows` is entered.
  static ByteVector build(std::span<const Row> rows, const std::array<Table, 2>& tables,
                          std::uint32_t packed_size);

 private:
  bool is_among_rows(const Place& place) const {
    return place.offset >= table(place.table).begin && place.offset < table(place.table).end;
  }

  Bytes slots_;
  std::uint32_t slot_count_ = 0;
  std::uint32_t packed_size_ = 0;
  std::array<Table, 2> tables_{};
};

}  // namespace smf
