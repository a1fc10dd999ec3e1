#include "smftool/note_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "smftool/suggestions.h"

namespace smf::tool {
namespace {

// Longer names are not worth comparing letter by letter.
constexpr std::size_t kLongestHint = 80;

template <typename Spell>
std::string hint(const Note& note, std::string_view word, const Spell& spell) {
  std::vector<std::string> known;
  const auto add = [&](const auto& row) {
    std::string spelled = spell(row);
    if (spelled.size() <= kLongestHint) known.push_back(std::move(spelled));
  };
  for (std::size_t i = 0; i < note.instantiation_count(); ++i) add(note.instantiation(i));
  for (std::size_t i = 0; i < note.possible_count(); ++i) add(note.possible(i));
  const std::string near = nearest(word, known);
  return near.empty() ? "" : fmt::format("; did you mean '{}'?", near);
}

}  // namespace

Result<NoteInput> NoteInput::open(const std::string& path) {
  NoteInput input;
  input.path_ = path;
  SMF_ASSIGN(input.bytes_, os::FileBytes::load(path));
  const Bytes bytes = input.bytes_.bytes();
  auto view = SmfView::open(bytes);
  if (view) {
    input.module_ = *view;
    const auto section = view->find_section(kNoteSection);
    if (section && *section) input.begin_ = (*section)->offset;
  } else if (std::ranges::find(bytes, std::byte{0}) != bytes.end()) {
    return std::unexpected(std::move(view).error().at_path(path));
  }
  return input;
}

Result<const Note*> NoteInput::read() {
  if (module_) {
    if (!snapshot_) {
      auto snapshot = NoteSnapshot::read(*module_);
      if (!snapshot) return std::unexpected(located(std::move(snapshot).error()));
      snapshot_ = std::move(*snapshot);
    }
    return &snapshot_->note();
  }
  if (!text_) {
    auto note = Note::parse(as_text(bytes_.bytes()));
    if (!note) return std::unexpected(located(std::move(note).error()));
    text_ = std::move(*note);
  }
  return &*text_;
}

Error NoteInput::located(Error error) const {
  if (error.offset) *error.offset += begin_;
  return std::move(error).at_path(path_);
}

std::string name_hint(const Note& note, std::string_view name) {
  return hint(note, name, [](const auto& row) { return std::string(row.mangled_name); });
}

std::string pair_hint(const Note& note, std::string_view pair) {
  return hint(note, pair, [](const auto& row) {
    return fmt::format("{}<{}>", row.template_name, row.type_args);
  });
}

}  // namespace smf::tool
