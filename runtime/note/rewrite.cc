#include "runtime/note/rewrite.h"

#include <utility>

#include "runtime/format/builder.h"
#include "runtime/format/convert.h"
#include "runtime/note/names.h"
#include "runtime/note/pack.h"
#include "runtime/os/output_file.h"

namespace smf {
namespace {

// Whether the same instantiation exists: then the row in `possible` waits for its tombstone.
bool exists(const Note& note, const PossibleRow& row) {
  const auto place = note.find(row.mangled_name);
  if (!place || place->is_possible) return false;
  const InstantiationRow made = note.instantiation(place->row);
  return made.template_name == row.template_name && same_type_args(made.type_args, row.type_args);
}

}  // namespace

Result<void> rewrite_note(const SmfView& view, const std::string& path, NoteEdits edits,
                          const std::function<bool(std::string_view)>& drops,
                          os::SystemCalls& calls) {
  SMF_ASSIGN(const auto text, view.note());
  SMF_ASSIGN(const Note note, Note::parse(text.value_or("")));
  edits.dropped_possible.resize(note.possible_count());
  for (std::size_t i = 0; i < note.possible_count(); ++i) {
    const PossibleRow row = note.possible(i);
    edits.dropped_possible[i] = (drops && drops(row.mangled_name)) || exists(note, row);
  }
  SMF_ASSIGN(const std::string edited, write_note(note, edits));
  SMF_ASSIGN(const PackedNote packed, pack_note(edited));
  SMF_ASSIGN(ModuleSpec spec, spec_from_view(view, Target::kSame));
  put_note(packed, spec);
  SMF_TRY(check_spec(spec));
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(path, {}, calls));
  SMF_TRY(build_module(spec, {}, out));
  return out.commit();
}

}  // namespace smf
