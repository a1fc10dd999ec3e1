#include "runtime/note/lookup.h"

#include <filesystem>
#include <random>
#include <vector>

#include "runtime/note/index.h"
#include "runtime/note/updating.h"
#include "runtime/os/input_file.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRows = 200;

std::string describe(const std::optional<NoteMatch>& match) {
  if (!match) return "absent";
  if (const auto* const made = std::get_if<InstantiationRow>(&*match))
    return fmt::format("made {}<{}> {} {} {} {} {}", made->template_name, made->type_args,
                       made->mangled_name, made->from_file, made->from_loc, made->to_obj,
                       made->status);
  const auto& row = std::get<PossibleRow>(*match);
  return fmt::format("possible {}<{}> {} {} {}", row.template_name, row.type_args, row.mangled_name,
                     row.required_by, row.can_defer);
}

std::string describe(const Result<std::optional<NoteMatch>>& found) {
  return found ? describe(*found) : found.error().describe();
}

std::optional<NoteMatch> row_at(const Note& note, const std::optional<Note::Place>& place) {
  if (!place) return std::nullopt;
  if (place->is_possible) return note.possible(place->row);
  return note.instantiation(place->row);
}

class Lookup : public testing::Test {
 protected:
  Lookup() : path_(scratch_path("lookup.smf")) { write_file(path_, sample_bytes(kRows)); }
  ~Lookup() override { fs::remove(path_); }

  SmfView map() {
    auto file = os::FileBytes::map(path_);
    EXPECT_TRUE(file);
    files_.push_back(*std::move(file));
    auto view = SmfView::open(files_.back().bytes());
    EXPECT_TRUE(view) << view.error().describe();
    return *view;
  }
  void promote(std::size_t first, std::size_t count) {
    auto updater = NoteUpdater::open(path_);
    ASSERT_TRUE(updater);
    std::vector<NotePromotion> rows;
    for (std::size_t i = first; i < first + count; ++i)
      rows.push_back({.mangled_name = possible_name(i), .from_file = "f", .from_loc = "l"});
    const auto update = updater->promote(rows);
    ASSERT_TRUE(update);
    ASSERT_FALSE(update->was_rewritten);
  }
  // Every name gives what the whole note gives.
  static void expect_the_answers_of_the_note(const SmfView& view) {
    auto lookup = NoteLookup::open(view);
    ASSERT_TRUE(lookup);
    const auto snapshot = NoteSnapshot::read(view);
    ASSERT_TRUE(snapshot);
    const Note& note = snapshot->note();
    const auto expect_same = [&](const std::string& name) {
      EXPECT_EQ(describe(lookup->find(name)), describe(row_at(note, note.find(name)))) << name;
    };
    for (std::size_t i = 0; i < kRows + 5; ++i) expect_same(possible_name(i));
    for (const char* name : {"Main$i64", "Main", "", "List$", "# END_NOTE"}) expect_same(name);
    EXPECT_EQ(describe(lookup->find("Main", "Int")), describe(row_at(note, note.find("Main$i64"))));
    EXPECT_EQ(describe(lookup->find("List", "7")), describe(row_at(note, note.find("List$7"))));
    EXPECT_EQ(describe(lookup->find("List", "none")), "absent");
  }

  std::string path_;
  std::vector<os::FileBytes> files_;
};

TEST_F(Lookup, FindsARowWithoutReadingTheNote) {
  auto lookup = NoteLookup::open(map());
  ASSERT_TRUE(lookup);
  ASSERT_TRUE(lookup->has_index());
  for (std::size_t i = 0; i < kRows; ++i)
    EXPECT_EQ(describe(lookup->find(possible_name(i))),
              fmt::format("possible List<{}> List${} main true", i, i));
  EXPECT_EQ(describe(lookup->find("Main$i64")),
            "made Main<i64> Main$i64 main.spl main.spl:1:2 main.o compiled");
  EXPECT_EQ(describe(lookup->find("Main", "i64")), describe(lookup->find("Main$i64")));
  EXPECT_FALSE(lookup->has_read_all());
  EXPECT_EQ(describe(lookup->find("absent")), "absent");
  EXPECT_TRUE(lookup->has_read_all());
}

TEST_F(Lookup, SeesWhatIsAppendedUnderIt) {
  auto lookup = NoteLookup::open(map());
  ASSERT_TRUE(lookup);
  EXPECT_EQ(describe(lookup->find("List$5")), "possible List<5> List$5 main true");
  promote(5, 2);
  EXPECT_EQ(describe(lookup->find("List$5")), "made List<5> List$5 f l jit_memory jit_compiled");
  EXPECT_EQ(describe(lookup->find("List$7")), "possible List<7> List$7 main true");
  promote(7, 1);
  EXPECT_EQ(describe(lookup->find("List", "7")), "made List<7> List$7 f l jit_memory jit_compiled");
  EXPECT_FALSE(lookup->has_read_all());
  EXPECT_EQ(describe(lookup->find("absent")), "absent");
  promote(8, 1);
  EXPECT_EQ(describe(lookup->find("List$8")), "made List<8> List$8 f l jit_memory jit_compiled");
  EXPECT_EQ(describe(lookup->find("List", "8")), describe(lookup->find("List$8")));
}

TEST_F(Lookup, AnswersDoNotDependOnTheIndex) {
  expect_the_answers_of_the_note(map());
  promote(3, 4);
  expect_the_answers_of_the_note(map());
  ModuleSpec spec = sample_module(sample_note(kRows));
  std::erase_if(spec.sections, [](const auto& s) { return s.name == kNoteIndexSection; });
  write_file(path_, build_bytes(spec).value());
  EXPECT_FALSE(NoteLookup::open(map())->has_index());
  expect_the_answers_of_the_note(map());
  promote(9, 4);
  expect_the_answers_of_the_note(map());
}

TEST_F(Lookup, AnIndexOfAnotherNoteIsHarmless) {
  const auto other = pack_note(sample_note(77));
  ASSERT_TRUE(other);
  ModuleSpec spec = sample_module(sample_note(kRows));
  spec.sections.back().payload = memory_source(other->index);
  ASSERT_EQ(spec.sections.back().name, kNoteIndexSection);
  write_file(path_, build_bytes(spec).value());
  EXPECT_FALSE(NoteLookup::open(map())->has_index());
  expect_the_answers_of_the_note(map());
}

TEST_F(Lookup, ADamagedIndexIsHarmless) {
  const std::string good = read_file(path_);
  const auto view = SmfView::open(as_bytes(good));
  const auto section = view->find_section(kNoteIndexSection);
  ASSERT_TRUE(section && *section);
  constexpr std::size_t head = NoteIndex::kHeaderSize;
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    std::string bad = good;
    for (int i = 0; i < 100; ++i)
      bad[(*section)->offset + head + random() % ((*section)->size - head)] ^=
          static_cast<char>(1 + random() % 255);
    if (round % 5 == 0) bad[(*section)->offset + random() % head] ^= 1;
    write_file(path_, bad);
    expect_the_answers_of_the_note(map());
  }
}

TEST_F(Lookup, InstantiationsWinsWhereARowIsInBothTables) {
  promote(5, 1);
  std::string bytes = read_file(path_);
  const auto at = bytes.find("#   5, \"List\"");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = ' ';
  write_file(path_, bytes);
  expect_the_answers_of_the_note(map());
  EXPECT_EQ(describe(NoteLookup::open(map())->find("List$5")),
            "made List<5> List$5 f l jit_memory jit_compiled");
}

TEST_F(Lookup, SeesWhatIsAppendedWithoutAnIndexToo) {
  ModuleSpec spec = sample_module(sample_note(kRows));
  spec.sections.pop_back();
  write_file(path_, build_bytes(spec).value());
  auto lookup = NoteLookup::open(map());
  ASSERT_FALSE(lookup->has_index());
  EXPECT_EQ(describe(lookup->find("List$5")), "possible List<5> List$5 main true");
  promote(5, 1);
  EXPECT_EQ(describe(lookup->find("List$5")), "made List<5> List$5 f l jit_memory jit_compiled");
  EXPECT_EQ(describe(lookup->find("List", "5")), describe(lookup->find("List$5")));
}

TEST_F(Lookup, AnInstantiationThatCannotBeIndexedWinsToo) {
  std::string text = "possible |template, type_args, mangled_name|\n";
  for (std::size_t i = 0; i < kRows; ++i)
    text += fmt::format("    \"List\", \"{}\", \"{}\"\n", i, possible_name(i));
  text +=
      "instantiations |template, type_args, mangled_name, from_file|\n"
      "    \"Main\", \"i64\", \"Main$i64\", \"f\"\n"
      "    \"List\", \"5\", \"List$5\", \"\"\"f\"\"\"\n";
  write_file(path_, build_bytes(sample_module(text)).value());
  expect_the_answers_of_the_note(map());
  EXPECT_EQ(describe(NoteLookup::open(map())->find("List$5")), "made List<5> List$5 f   ");
}

TEST_F(Lookup, AColumnOfTheOtherTableIsNoFieldOfTheRow) {
  std::string text =
      "possible |mangled_name, template, type_args, status|\n    \"A\", \"A\", \"\", \"s\"\n"
      "instantiations |mangled_name, template, type_args, required_by|\n";
  for (std::size_t i = 0; i < kRows; ++i)
    text += fmt::format("    \"{}\", \"List\", \"{}\", \"main\"\n", possible_name(i), i);
  write_file(path_, build_bytes(sample_module(text)).value());
  ASSERT_TRUE(NoteLookup::open(map())->has_index());
  expect_the_answers_of_the_note(map());
  EXPECT_EQ(describe(NoteLookup::open(map())->find("List$5")), "made List<5> List$5    ");
}

TEST_F(Lookup, ATableOfManyColumnsCanBeAppendedTo) {
  std::string text = sample_note(kRows);
  std::string columns, cells;
  for (int i = 0; i < 12; ++i) columns += fmt::format(", extra{}", i), cells += ", 1";
  text.insert(text.find("status|") + 6, columns);
  text.insert(text.find("\"compiled\"\n") + 10, cells);
  write_file(path_, build_bytes(sample_module(text)).value());
  auto lookup = NoteLookup::open(map());
  promote(5, 2);
  EXPECT_EQ(describe(lookup->find("List$6")), "made List<6> List$6 f l jit_memory jit_compiled");
  expect_the_answers_of_the_note(map());
}

TEST_F(Lookup, TheSameNameForAnotherPairIsNotTheRowAskedFor) {
  std::string text = sample_note(20);
  text.insert(text.find("\ndependencies"),
              "    90, \"Map\", \"a_b,c\", \"Map$a_b_c\", \"\", true\n"
              "    91, \"Map\", \"x,y\", \"odd name\", \"\", true\n");
  write_file(path_, build_bytes(sample_module(text)).value());
  auto lookup = NoteLookup::open(map());
  EXPECT_EQ(describe(lookup->find("Map", "a_b,c")), "possible Map<a_b,c> Map$a_b_c  true");
  EXPECT_FALSE(lookup->has_read_all());
  EXPECT_EQ(describe(lookup->find("Map", "a,b_c")), "absent");
  EXPECT_EQ(describe(lookup->find("Map", "x, y")), "possible Map<x,y> odd name  true");
}

TEST_F(Lookup, AModuleWithoutANoteHasNoRows) {
  ModuleSpec spec = sample_module(sample_note(1));
  spec.sections.resize(1);
  write_file(path_, build_bytes(spec).value());
  EXPECT_EQ(describe(NoteLookup::open(map())->find("List$0")), "absent");
  EXPECT_EQ(NoteSnapshot::read(map()).error().code, ErrorCode::kNotFound);
}

TEST_F(Lookup, ASnapshotStaysUntilItIsRefreshed) {
  auto snapshot = NoteSnapshot::read(map());
  ASSERT_TRUE(snapshot);
  promote(0, 3);
  EXPECT_EQ(snapshot->note().instantiation_count(), 1u);
  EXPECT_EQ(snapshot->refresh(), true);
  EXPECT_EQ(snapshot->note().instantiation_count(), 4u);
  EXPECT_EQ(snapshot->refresh(), false);
}

}  // namespace
}  // namespace smf
