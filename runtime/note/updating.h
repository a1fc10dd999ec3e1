// For tests: modules with a note, and what must hold of them at every moment.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "runtime/format/building.h"
#include "runtime/format/verify.h"
#include "runtime/note/note.h"
#include "runtime/note/pack.h"
#include "runtime/note/update.h"

namespace smf {

inline std::string possible_name(std::size_t i) { return fmt::format("List${}", i); }

// A note of `count` possible rows, List$0 ..., and one instantiation, Main$i64.
inline std::string sample_note(std::size_t count) {
  std::string text =
      "# Instantiation To/From Metadata\n# Format version: 1.0\n\n"
      "instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, "
      "status|\n"
      "    0, \"Main\", \"i64\", \"Main$i64\", \"main.spl\", \"main.spl:1:2\", \"main.o\", "
      "\"compiled\"\n\n"
      "possible |id, template, type_args, mangled_name, required_by, can_defer|\n";
  for (std::size_t i = 0; i < count; ++i)
    text +=
        fmt::format("    {}, \"List\", \"{}\", \"{}\", \"main\", true\n", i, i, possible_name(i));
  return text + "\ndependencies |from_inst, to_inst, dep_kind|\n\n# END_NOTE\n";
}

inline ModuleSpec sample_module(std::string_view note_text) {
  ModuleSpec spec;
  spec.sections.push_back({.name = "code",
                           .type = static_cast<std::uint8_t>(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .alignment = 16,
                           .payload = text_source(std::string(64, '\xC3'))});
  const auto packed = pack_note(note_text);
  EXPECT_TRUE(packed) << packed.error().describe();
  put_note(*packed, spec);
  for (int i = 0; i < 20; ++i)
    spec.symbols.push_back({.name = fmt::format("symbol_{}", i), .section = 0, .size = 1});
  return spec;
}

inline std::string sample_bytes(std::size_t count) {
  const auto bytes = build_bytes(sample_module(sample_note(count)));
  EXPECT_TRUE(bytes) << bytes.error().describe();
  return bytes.value_or("");
}

struct NoteNames {
  std::set<std::string, std::less<>> made, possible;
  bool has(const std::string& name) const { return made.contains(name) || possible.contains(name); }
};

// The names in the note of a module that must be whole: it opens, verifies, and its note reads.
inline NoteNames names_of(std::string_view file) {
  NoteNames names;
  const auto view = SmfView::open(as_bytes(file));
  EXPECT_TRUE(view) << view.error().describe();
  if (!view) return names;
  const auto report = verify_module(*view);
  EXPECT_TRUE(report && report->ok())
      << (report && !report->findings.empty() ? report->findings[0].message : "");
  const auto text = view->note();
  EXPECT_TRUE(text && *text);
  const auto note = Note::parse(text->value_or(""));
  EXPECT_TRUE(note) << note.error().describe();
  if (!note) return names;
  for (std::size_t i = 0; i < note->instantiation_count(); ++i) {
    const bool is_new = names.made.emplace(note->instantiation(i).mangled_name).second;
    EXPECT_TRUE(is_new) << note->instantiation(i).mangled_name << " is there twice";
  }
  for (std::size_t i = 0; i < note->possible_count(); ++i)
    names.possible.emplace(note->possible(i).mangled_name);
  return names;
}

// None of List$0 ... is lost.
inline void expect_nothing_lost(const NoteNames& names, std::size_t count) {
  EXPECT_TRUE(names.made.contains("Main$i64"));
  for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(names.has(possible_name(i))) << i;
}

}  // namespace smf
