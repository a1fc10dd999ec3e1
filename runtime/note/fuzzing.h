// For fuzz targets: modules around a note of any bytes, made in memory, and what must hold of every
// module whose note reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/format/builder.h"
#include "runtime/format/convert.h"
#include "runtime/format/view.h"
#include "runtime/note/lookup.h"
#include "runtime/note/pack.h"
#include "runtime/os/memory_calls.h"
#include "runtime/os/output_file.h"

// AddressSanitizer's options. Freed memory is used again soon, and of who took it less is kept:
// three times as many runs in a second.
extern "C" {
[[gnu::used]] inline const char* __asan_default_options() {
  return "quarantine_size_mb=1:malloc_context_size=8";
}
}

namespace smf::fuzzing {

inline constexpr const char* kPath = "/nowhere/module.smf";

// The line up to the next newline, taken off `text`.
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

inline ModuleSpec module_without_note() {
  ModuleSpec spec;
  spec.sections.push_back({.name = "code",
                           .type = static_cast<std::uint8_t>(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .alignment = 16,
                           .payload = text_source("code")});
  return spec;
}

// The note as `pack` would have it; nullopt where it is none.
inline std::optional<std::string> packed_module(std::string_view text) {
  const auto packed = pack_note(text);
  if (!packed) return std::nullopt;
  ModuleSpec spec = module_without_note();
  put_note(*packed, spec);
  os::MemoryCalls calls;
  auto out = os::OutputFile::create(kPath, {}, calls);
  SMF_CHECK(out && build_module(spec, {}, *out) && out->commit());
  return calls.bytes(kPath);
}

// The note's section as it is given, with an index where `index` is not empty.
inline std::string raw_module(std::string_view section, const ByteVector& index) {
  ModuleSpec spec = module_without_note();
  spec.sections.push_back(note_section(""));
  spec.sections.back().payload = text_source(std::string(section));
  if (!index.empty()) {
    spec.sections.push_back({.name = std::string(kNoteIndexSection),
                             .type = static_cast<std::uint8_t>(SectionType::kDebug),
                             .flags = kSectionRead,
                             .alignment = 8,
                             .payload = memory_source(index)});
  }
  os::MemoryCalls calls;
  auto out = os::OutputFile::create(kPath, {}, calls);
  SMF_CHECK(out && build_module(spec, {}, *out) && out->commit());
  return calls.bytes(kPath);
}

inline std::optional<NoteMatch> row_at(const Note& note, const std::optional<Note::Place>& place) {
  if (!place) return std::nullopt;
  if (place->is_possible) return note.possible(place->row);
  return note.instantiation(place->row);
}

// A search by the name, and one by what it stands for, give what the whole note gives.
template <typename Row>
void check_lookup_of(NoteLookup& lookup, const Note& note, const Row& row) {
  const auto expected = row_at(note, note.find(row.mangled_name));
  const auto found = lookup.find(row.mangled_name);
  SMF_CHECK(found && *found && **found == expected);
  // Of several rows for one instantiation, either may be found.
  const auto by_pair = lookup.find(row.template_name, row.type_args);
  SMF_CHECK(by_pair && *by_pair && note.find(row.template_name, row.type_args));
  std::visit(
      [&](const auto& other) {
        SMF_CHECK(other.template_name == row.template_name);
        const auto same = note.find(other.template_name, other.type_args);
        SMF_CHECK(same == note.find(row.template_name, row.type_args));
      },
      **by_pair);
}

// Whatever is asked, `lookup`, which may have been opened before the last updates, answers as the
// whole note does.
inline void check_lookups(NoteLookup& lookup, const Note& note) {
  for (std::size_t i = 0; i < note.instantiation_count(); ++i)
    check_lookup_of(lookup, note, note.instantiation(i));
  for (std::size_t i = 0; i < note.possible_count(); ++i)
    check_lookup_of(lookup, note, note.possible(i));
  for (const char* name : {"A", "List$0", ""}) {
    const auto found = lookup.find(name);
    SMF_CHECK(found && *found == row_at(note, note.find(name)));
  }
}

}  // namespace smf::fuzzing
