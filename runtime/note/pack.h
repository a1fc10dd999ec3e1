// A note on its way into a module: put in an order that rows can be appended to, and indexed.
//
// A note that is updated in place (update.h) has `instantiations` last, since rows are appended at
// the end of the text. The table's lines are moved behind the others', every byte kept; a text laid
// out so that they cannot be moved as lines is written anew (write_note). The index (index.h)
// covers the text that results. Small notes do without one: reading them whole is as fast.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/format/module_spec.h"

namespace smf {

// Rows from which on a note is given an index.
inline constexpr std::size_t kLeastIndexedRows = 16;

struct PackedNote {
  std::string text;         // up to and including the line `# END_NOTE`
  ByteVector index;         // of section `.smf.nidx`
  std::size_t row_count{};  // of both tables
};

// `text` with or without its terminator line, and whatever follows that. kInvalidInput where it is
// no SDN.
Result<PackedNote> pack_note(std::string_view text);

// Gives the module this note: section `note.sdn` with room behind the text, and `.smf.nidx` from
// kLeastIndexedRows on, or where it had one. Sections that are there are replaced in their place;
// new ones go to the end, so that no section's number changes. H96 gets no index.
void put_note(const PackedNote& note, ModuleSpec& spec);

// Whether `index` is one over this note's text, as it may be after updates in place: its end is a
// terminator line, and every row of the text that it covers, tombstones among them, is found.
// Linear in the text.
bool is_index_of(Bytes index, std::string_view text);

// For a spec made of parts (a manifest): makes an index that is there anew where it does not fit
// the note. One that fits stays as it is, so that unpacking and packing gives the same bytes,
// updates in place included.
Result<void> refresh_note_index(ModuleSpec& spec);

}  // namespace smf
