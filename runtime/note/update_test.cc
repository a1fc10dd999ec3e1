#include "runtime/note/update.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "runtime/note/updating.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

std::string note_of(const std::string& bytes) {
  const auto view = SmfView::open(as_bytes(bytes));
  EXPECT_TRUE(view);
  const auto text = view->note();
  EXPECT_TRUE(text && *text);
  return std::string(text->value_or(""));
}

std::vector<NotePromotion> promotions(std::size_t first, std::size_t count) {
  std::vector<NotePromotion> rows;
  for (std::size_t i = first; i < first + count; ++i)
    rows.push_back({.mangled_name = possible_name(i)});
  return rows;
}

// Bytes of `a` that are other bytes in `b`.
std::size_t difference(const std::string& a, const std::string& b, std::size_t from,
                       std::size_t to) {
  std::size_t count = 0;
  for (std::size_t i = from; i < to; ++i) count += a[i] != b[i];
  return count;
}

class Update : public testing::Test {
 protected:
  Update() : path_(scratch_path("update.smf")) { write_file(path_, sample_bytes(30)); }
  ~Update() override { fs::remove(path_); }
  NoteUpdater updater() {
    auto opened = NoteUpdater::open(path_);
    EXPECT_TRUE(opened) << opened.error().describe();
    return *std::move(opened);
  }
  std::string path_;
};

TEST_F(Update, APromotedRowMovesFromOneTableToTheOther) {
  const auto update = updater().promote({.mangled_name = "List$3"});
  ASSERT_TRUE(update) << update.error().describe();
  EXPECT_EQ(update->changed, 1u);
  EXPECT_FALSE(update->was_rewritten);
  const std::string text = note_of(read_file(path_));
  const auto note = Note::parse(text);
  ASSERT_TRUE(note);
  ASSERT_EQ(note->instantiation_count(), 2u);
  EXPECT_EQ(note->possible_count(), 29u);
  const InstantiationRow row = note->instantiation(1);
  EXPECT_EQ(row.id, 1);
  EXPECT_EQ(row.template_name, "List");
  EXPECT_EQ(row.type_args, "3");
  EXPECT_EQ(row.mangled_name, "List$3");
  EXPECT_EQ(row.from_file, path_);
  EXPECT_EQ(row.from_loc, path_ + ":0:0:jit");
  EXPECT_EQ(row.to_obj, "jit_memory");
  EXPECT_EQ(row.status, "jit_compiled");
}

TEST_F(Update, OldBytesStayButForTheCommitAndTheTombstone) {
  const std::string before = read_file(path_);
  NoteUpdater updater = this->updater();
  ASSERT_TRUE(updater.promote(promotions(0, 5)));
  const std::string after = read_file(path_);
  ASSERT_EQ(after.size(), before.size());
  const std::size_t end = before.find("# END_NOTE\n") + 11;
  EXPECT_EQ(difference(before, after, 0, end), 6u);  // a byte of the terminator, one of each row
  const std::size_t room_end = before.find_first_not_of(' ', end);
  EXPECT_EQ(difference(before, after, room_end, before.size()), 0u);
  const NoteNames names = names_of(after);
  expect_nothing_lost(names, 30);
  EXPECT_EQ(names.made.size(), 6u);
  EXPECT_EQ(names.possible.size(), 25u);
}

TEST_F(Update, WhatIsThereAlreadyIsCountedAndNotWritten) {
  NoteUpdater first = updater();
  NoteUpdater second = updater();
  ASSERT_TRUE(first.promote(promotions(0, 3)));
  const std::string before = read_file(path_);
  const auto update = second.promote(promotions(0, 3));
  ASSERT_TRUE(update);
  EXPECT_EQ(update->changed, 0u);
  EXPECT_EQ(update->already_there, 3u);
  EXPECT_EQ(read_file(path_), before);
  const std::vector<NotePromotion> twice = {{.mangled_name = "List$9"}, {.mangled_name = "List$9"}};
  ASSERT_EQ(second.promote(twice)->changed, 1u);
  expect_nothing_lost(names_of(read_file(path_)), 30);
}

TEST_F(Update, IdsGoOnAcrossWriters) {
  NoteUpdater first = updater();
  NoteUpdater second = updater();
  ASSERT_TRUE(first.promote(promotions(0, 1)));
  ASSERT_TRUE(second.promote(promotions(1, 1)));
  ASSERT_TRUE(first.promote(promotions(2, 1)));
  const std::string text = note_of(read_file(path_));
  const auto note = Note::parse(text);
  ASSERT_TRUE(note);
  for (std::size_t i = 0; i < note->instantiation_count(); ++i)
    EXPECT_EQ(note->instantiation(i).id, static_cast<std::int64_t>(i));
}

TEST_F(Update, AFullRoomMeansOneRewriteThatGivesNewRoom) {
  NoteUpdater updater = this->updater();
  write_file(path_, build_bytes(sample_module(sample_note(300))).value());
  int rewrites = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto update = updater.promote({.mangled_name = possible_name(i)});
    ASSERT_TRUE(update) << update.error().describe();
    rewrites += update->was_rewritten;
  }
  EXPECT_GE(rewrites, 1);
  EXPECT_LE(rewrites, 20);
  const NoteNames names = names_of(read_file(path_));
  expect_nothing_lost(names, 300);
  EXPECT_EQ(names.made.size(), 301u);
  EXPECT_TRUE(names.possible.empty());
}

TEST_F(Update, ARewriteKeepsModeAndFollowsALink) {
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  const std::string link = path_ + ".link";
  fs::create_symlink(path_, link);
  auto updater = NoteUpdater::open(link);
  ASSERT_TRUE(updater);
  const std::vector<NotePossibleRow> rows = {
      {.template_name = "Set", .type_args = "text", .mangled_name = "Set$text"}};
  const auto update = updater->add(rows);
  ASSERT_TRUE(update) << update.error().describe();
  EXPECT_TRUE(update->was_rewritten);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(fs::status(path_).permissions(), static_cast<fs::perms>(0640));
  const NoteNames names = names_of(read_file(path_));
  EXPECT_TRUE(names.possible.contains("Set$text"));
  expect_nothing_lost(names, 30);
  fs::remove(link);
}

TEST_F(Update, AddedRowsAreThereOnce) {
  NoteUpdater updater = this->updater();
  const std::vector<NotePossibleRow> rows = {
      {.template_name = "Set", .type_args = "text", .mangled_name = "Set$text"},
      {.template_name = "Set", .type_args = "String", .mangled_name = "Set$text"},
      {.template_name = "Main", .type_args = "Int", .mangled_name = "Main$i64"}};
  const auto update = updater.add(rows);
  ASSERT_TRUE(update) << update.error().describe();
  EXPECT_EQ(update->changed, 1u);
  EXPECT_EQ(update->already_there, 2u);
  ASSERT_EQ(updater.promote({.mangled_name = "Set$text"})->was_rewritten, false);
  EXPECT_TRUE(names_of(read_file(path_)).made.contains("Set$text"));
}

TEST_F(Update, ANameWithTwoMeaningsIsRefusedAndNothingWritten) {
  const std::string before = read_file(path_);
  NoteUpdater updater = this->updater();
  const std::vector<NotePossibleRow> rows = {
      {.template_name = "Set", .type_args = "text", .mangled_name = "Set$text"},
      {.template_name = "Lis", .type_args = "t3", .mangled_name = "List$3"}};
  const auto added = updater.add(rows);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(added.error().message,
            "the name 'List$3' stands for List<3> in the note, and here for Lis<t3>");
  const auto promoted = updater.promote({.mangled_name = "List$3", .type_args = "4"});
  EXPECT_FALSE(promoted);
  const std::vector<NotePromotion> unknown = {{.mangled_name = "List$1"}, {.mangled_name = "no"}};
  EXPECT_EQ(updater.promote(unknown).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_file(path_), before);
}

TEST_F(Update, ARowWithABarIsRewrittenInsteadOfCommentedOut) {
  std::string text = sample_note(2);
  const auto at = text.find("List$1");
  text.replace(at, 6, "List$a|b");
  write_file(path_, build_bytes(sample_module(text)).value());
  NoteUpdater updater = this->updater();
  EXPECT_EQ(updater.promote({.mangled_name = "List$0"})->was_rewritten, false);
  EXPECT_EQ(updater.promote({.mangled_name = "List$a|b"})->was_rewritten, true);
  const NoteNames names = names_of(read_file(path_));
  EXPECT_TRUE(names.made.contains("List$a|b"));
  EXPECT_TRUE(names.possible.empty());
}

TEST_F(Update, ARowThatWouldNotReadBackIsRefusedAndNothingWritten) {
  const std::string before = read_file(path_);
  NoteUpdater updater = this->updater();
  EXPECT_FALSE(updater.promote({.mangled_name = "List$3", .from_file = "\xFF.spl"}));
  EXPECT_EQ(read_file(path_), before);
  EXPECT_TRUE(updater.promote({.mangled_name = "List$3"}));
}

TEST_F(Update, TheOtherPublishedColumnsAreKept) {
  const std::string text =
      "possible |mangled_name, template_name, type_args, can_defer, mood|\n"
      "  \"A$text\", \"A\", \"text\", \"true\", \"good\"\n"
      "instantiations |template, type_args, mangled_name, output_file, mood, status|\n"
      "  \"B\", \"i64\", \"B$i64\", \"b.o\", \"bad\", \"compiled\"\n";
  write_file(path_, build_bytes(sample_module(text)).value());
  const auto update = updater().promote({.mangled_name = "A$text"});
  ASSERT_TRUE(update) << update.error().describe();
  EXPECT_FALSE(update->was_rewritten);
  EXPECT_NE(note_of(read_file(path_)).find("\n  \"A\", \"text\", \"A$text\", \"jit_memory\", "),
            std::string::npos);
  EXPECT_EQ(names_of(read_file(path_)).made.size(), 2u);
}

TEST_F(Update, ANoteWithoutRoomOrInAnotherOrderIsRewrittenOnce) {
  ModuleSpec spec = sample_module(sample_note(3));
  spec.sections.at(1).payload = text_source(sample_note(3));  // as another writer leaves it
  write_file(path_, build_bytes(spec).value());
  NoteUpdater updater = this->updater();
  EXPECT_EQ(updater.promote({.mangled_name = "List$0"})->was_rewritten, true);
  EXPECT_EQ(updater.promote({.mangled_name = "List$1"})->was_rewritten, false);
  const NoteNames names = names_of(read_file(path_));
  expect_nothing_lost(names, 3);
  EXPECT_EQ(names.made.size(), 3u);
}

TEST_F(Update, WhatADeadWriterLeftIsBlankedAndItsTombstonesAreWritten) {
  std::string bytes = read_file(path_);
  const std::size_t end = bytes.find("# END_NOTE\n") + 11;
  // Committed, the tombstone not written yet; and another writer's rows that were not committed.
  const std::string made =
      "    1, \"List\", \"7\", \"List$7\", \"f\", \"l\", \"o\", \"s\"\n\n# END_NOTE\n";
  const std::string half =
      "    2, \"List\", \"8\", \"Lis" + std::string(900, 'x') + "\n# END_NOTE\n";
  bytes.replace(end, made.size() + half.size(), made + half);
  bytes[end - 9] = 'e';
  write_file(path_, bytes);
  EXPECT_TRUE(names_of(bytes).possible.contains("List$7"));

  ASSERT_EQ(updater().promote({.mangled_name = "List$9"})->was_rewritten, false);
  const std::string after = read_file(path_);
  const NoteNames names = names_of(after);
  expect_nothing_lost(names, 30);
  EXPECT_TRUE(names.made.contains("List$7"));
  EXPECT_FALSE(names.possible.contains("List$7"));
  EXPECT_FALSE(names.possible.contains("List$9"));
  EXPECT_EQ(after.find("xxx"), std::string::npos);
}

TEST_F(Update, AnotherWritersFormIsRefusedByName) {
  std::string bytes = read_file(path_);
  bytes[bytes.size() - 128 + 5] = 0;  // the minor version
  write_file(path_, bytes);
  const auto opened = NoteUpdater::open(path_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(opened.error().path, path_);
  EXPECT_EQ(opened.error().message,
            "the module is in the form P128 1.0 of another writer; convert it first");
}

TEST_F(Update, AModuleWithoutANoteIsRefused) {
  ModuleSpec spec = sample_module(sample_note(1));
  spec.sections.resize(1);
  write_file(path_, build_bytes(spec).value());
  EXPECT_EQ(NoteUpdater::open(path_).error().code, ErrorCode::kNotFound);
  write_file(path_, "");
  EXPECT_EQ(NoteUpdater::open(path_).error().code, ErrorCode::kInvalidInput);
}

TEST_F(Update, H96IsUpdatedToo) {
  ModuleSpec spec = sample_module(sample_note(3));
  spec.format = OutputFormat::kH96;
  spec.with_hash_section = false;
  write_file(path_, build_bytes(spec).value());
  NoteUpdater updater = this->updater();
  EXPECT_EQ(updater.promote({.mangled_name = "List$0"})->was_rewritten, false);
  const std::vector<NotePossibleRow> rows = {{.template_name = "S", .mangled_name = "S"}};
  EXPECT_EQ(updater.add(rows)->was_rewritten, true);
  const std::string bytes = read_file(path_);
  EXPECT_EQ(SmfView::open(as_bytes(bytes))->header().dialect, Dialect::kH96);
  expect_nothing_lost(names_of(bytes), 3);
}

TEST_F(Update, AReplacedFileIsNoticed) {
  NoteUpdater updater = this->updater();
  ASSERT_TRUE(updater.promote({.mangled_name = "List$0"}));
  write_file(path_, sample_bytes(40));  // by renaming
  EXPECT_EQ(updater.promote({.mangled_name = "List$35"})->changed, 1u);
  const NoteNames names = names_of(read_file(path_));
  expect_nothing_lost(names, 40);
  EXPECT_EQ(names.made.size(), 2u);
}

}  // namespace
}  // namespace smf
