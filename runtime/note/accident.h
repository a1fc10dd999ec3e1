// For tests: updates that are interrupted, and what must hold of the file afterwards.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/format/view.h"
#include "runtime/note/updating.h"
#include "runtime/os/system_calls.h"

namespace smf {

inline constexpr std::size_t kAccidentRows = 20;

inline std::vector<NotePromotion> some_rows() {
  return {{.mangled_name = "List$2"}, {.mangled_name = "List$5"}, {.mangled_name = "List$17"}};
}

inline Result<void> promote_some(const std::string& path, os::SystemCalls& calls) {
  SMF_ASSIGN(NoteUpdater updater, NoteUpdater::open(path, calls));
  SMF_ASSIGN(const NoteUpdate update, updater.promote(some_rows()));
  static_cast<void>(update);
  return {};
}

inline Result<void> add_some(const std::string& path, os::SystemCalls& calls) {
  SMF_ASSIGN(NoteUpdater updater, NoteUpdater::open(path, calls));
  const std::vector<NotePossibleRow> rows = {{.template_name = "Set", .mangled_name = "Set"}};
  SMF_ASSIGN(const NoteUpdate update, updater.add(rows));
  static_cast<void>(update);
  return {};
}

using Operation = Result<void> (*)(const std::string&, os::SystemCalls&);

// The module is whole, and the three rows moved together or not at all.
inline NoteNames expect_whole(std::string_view bytes) {
  NoteNames names = names_of(bytes);
  expect_nothing_lost(names, kAccidentRows);
  const bool moved = names.made.contains("List$2");
  for (const NotePromotion& row : some_rows())
    EXPECT_EQ(names.made.contains(row.mangled_name), moved) << row.mangled_name;
  return names;
}

// Nothing of an accident is left: no row in both tables, nothing behind the terminator line but
// blanks.
inline void expect_tidy(std::string_view bytes) {
  const NoteNames names = expect_whole(bytes);
  for (const std::string& name : names.made) EXPECT_FALSE(names.possible.contains(name)) << name;
  const auto view = SmfView::open(as_bytes(bytes));
  ASSERT_TRUE(view);
  const auto section = view->find_section(kNoteSection);
  const auto text = view->note();
  ASSERT_TRUE(section && *section && text && *text);
  const std::string_view behind = as_text(view->stored(**section)).substr((*text)->size());
  EXPECT_EQ(behind.find_first_not_of(' '), std::string_view::npos) << behind;
}

// The next writer does its work. The file is to be tidy then.
inline void promote_another(const std::string& path,
                            os::SystemCalls& calls = os::SystemCalls::kernel()) {
  auto updater = NoteUpdater::open(path, calls);
  ASSERT_TRUE(updater) << updater.error().describe();
  const auto update = updater->promote({.mangled_name = "List$11"});
  ASSERT_TRUE(update) << update.error().describe();
}

}  // namespace smf
