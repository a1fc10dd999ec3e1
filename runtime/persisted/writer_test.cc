#include "runtime/persisted/writer.h"

#include <sys/stat.h>

#include <filesystem>

#include "runtime/format/convert.h"
#include "runtime/os/recording_calls.h"
#include "runtime/persisted/persisting.h"
#include "runtime/persisted/room.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRows = 30;

class PersistedWriter : public testing::Test {
 protected:
  PersistedWriter() : path_(scratch_path("persisted.smf")) {
    write_file(path_, module_with_room(kRows, 64u << 10));
  }
  ~PersistedWriter() override { fs::remove(path_); }
  PersistedCodeWriter writer() {
    auto opened = PersistedCodeWriter::open(path_);
    EXPECT_TRUE(opened) << opened.error().describe();
    return *std::move(opened);
  }
  std::set<std::size_t> kept() { return kept_in(read_file(path_), kRows); }

  std::string path_;
};

std::set<std::size_t> up_to(std::size_t end) {
  std::set<std::size_t> all;
  for (std::size_t i = 0; i < end; ++i) all.insert(i);
  return all;
}

TEST_F(PersistedWriter, WhatIsKeptIsFound) {
  PersistedCodeWriter writer = this->writer();
  for (std::size_t i = 0; i < 5; ++i) {
    const auto update = persist(writer, i);
    ASSERT_TRUE(update) << update.error().describe();
    EXPECT_EQ(update->added, 1u);
    EXPECT_FALSE(update->was_rewritten);
    EXPECT_EQ(kept(), up_to(i + 1));
  }
}

TEST_F(PersistedWriter, NothingOutsideOfTheSectionChanges) {
  const std::string before = read_file(path_);
  const auto view = SmfView::open(as_bytes(before));
  const auto section = view->find_section(kJitRoomSection);
  ASSERT_TRUE(section && *section);
  PersistedCodeWriter writer = this->writer();
  ASSERT_TRUE(persist(writer, 1));
  const std::string after = read_file(path_);
  ASSERT_EQ(after.size(), before.size());
  EXPECT_NE(after, before);
  const std::uint64_t begin = (*section)->offset + kFirstEntry;
  const std::uint64_t end = begin + sample_code(1).entry().size();
  EXPECT_EQ(after.substr(0, begin), before.substr(0, begin));
  EXPECT_EQ(after.substr(end), before.substr(end));
}

TEST_F(PersistedWriter, ABatchIsOneSync) {
  std::vector<PersistedPiece> pieces;
  const SamplePiece a(1, 1, 80), b(2, 1, 80), again(2, 1, 80);
  os::RecordingCalls calls;
  auto writer = PersistedCodeWriter::open(path_, calls);
  ASSERT_TRUE(writer);
  for (const SamplePiece* const sample : {&a, &b, &again}) pieces.push_back(sample->piece());
  calls.names.clear();
  const auto update = writer->append(pieces);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->added, 2u);
  EXPECT_EQ(update->already_there, 1u);
  EXPECT_EQ(std::ranges::count(calls.names, "pwrite"), 3);  // entries, two commit words
  EXPECT_EQ(std::ranges::count(calls.names, "mmap"), 0) << "it knows the section";
}

TEST_F(PersistedWriter, WhatIsThereIsNotAddedAgain) {
  PersistedCodeWriter first = writer(), second = writer();
  ASSERT_EQ(persist(first, 3)->added, 1u);
  const std::string before = read_file(path_);
  const auto update = persist(second, 3);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->added, 0u);
  EXPECT_EQ(update->already_there, 1u);
  EXPECT_EQ(read_file(path_), before);
  ASSERT_EQ(persist(second, 4)->added, 1u);
  ASSERT_EQ(persist(first, 5)->added, 1u);
  EXPECT_EQ(kept(), (std::set<std::size_t>{3, 4, 5}));
}

TEST_F(PersistedWriter, ADamagedEntryIsAddedAgain) {
  PersistedCodeWriter writer = this->writer();
  ASSERT_TRUE(persist(writer, 3));
  std::string bytes = read_file(path_);
  const SamplePiece sample = sample_code(3);
  const std::size_t at = bytes.find(as_text(sample.piece().code));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 5] ^= 1;
  write_file(path_, bytes);
  ASSERT_EQ(persist(writer, 3)->added, 1u);
  const auto view_bytes = read_file(path_);
  const auto view = SmfView::open(as_bytes(view_bytes));
  auto reader = PersistedCodeReader::open(*view);
  ASSERT_TRUE(reader && reader->refresh());
  const auto code = reader->find(sample.key());
  ASSERT_TRUE(code);
  EXPECT_TRUE(is_same(*code, sample.piece()));
}

TEST_F(PersistedWriter, AModuleWithoutRoomIsGivenSome) {
  write_file(path_, sample_bytes(kRows));
  PersistedCodeWriter writer = this->writer();
  const auto update = persist(writer, 2);
  ASSERT_TRUE(update) << update.error().describe();
  EXPECT_TRUE(update->was_rewritten);
  EXPECT_EQ(room_in(read_file(path_)), kLeastJitRoom);
  ASSERT_EQ(persist(writer, 3)->was_rewritten, false);
  EXPECT_EQ(kept(), (std::set<std::size_t>{2, 3}));
  expect_nothing_lost(names_of(read_file(path_)), kRows);
}

TEST_F(PersistedWriter, FullRoomIsDoubledAndNothingLost) {
  constexpr std::size_t kMany = 800;
  write_file(path_, module_with_room(kRows, 100));
  PersistedCodeWriter writer = this->writer();
  int rewrites = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    const auto update = persist(writer, i);
    ASSERT_TRUE(update) << update.error().describe();
    rewrites += update->was_rewritten;
  }
  EXPECT_GE(rewrites, 2);
  EXPECT_LE(rewrites, 6);
  EXPECT_EQ(kept_in(read_file(path_), kMany), up_to(kMany));
  expect_nothing_lost(names_of(read_file(path_)), kRows);
}

// Without an end word: nothing fits behind the last entry.
TEST_F(PersistedWriter, RoomMayBeUsedToItsLastByte) {
  const std::size_t size = sample_code(0).entry().size();
  write_file(path_, module_with_room(kRows, 2 * size));
  PersistedCodeWriter writer = this->writer(), other = this->writer();
  EXPECT_FALSE(persist(writer, 0)->was_rewritten);
  EXPECT_FALSE(persist(other, 1)->was_rewritten);
  EXPECT_EQ(kept(), up_to(2));
  EXPECT_TRUE(persist(writer, 2)->was_rewritten);
  EXPECT_EQ(kept(), up_to(3));
}

TEST_F(PersistedWriter, WhatADeadWriterLeftIsOverwrittenAndCutOff) {
  std::string bytes = read_file(path_);
  const std::size_t at = bytes.find(std::string_view("SMFJ\1\0", 6)) + kFirstEntry;
  // Every word of it looks committed but the first.
  for (std::size_t i = 4; i < 4096; i += 4) bytes.replace(at + i, 4, std::string("\1\0\0\0", 4));
  write_file(path_, bytes);
  PersistedCodeWriter writer = this->writer();
  for (std::size_t i = 0; i < kRows; ++i) {
    ASSERT_EQ(persist(writer, i)->was_rewritten, false);
    EXPECT_EQ(kept(), up_to(i + 1));
  }
}

TEST_F(PersistedWriter, BrokenRoomIsWrittenAnewWithWhatCanBeRead) {
  PersistedCodeWriter writer = this->writer();
  ASSERT_TRUE(persist(writer, 0));
  ASSERT_TRUE(persist(writer, 1));
  std::string bytes = read_file(path_);
  const std::size_t at =
      bytes.find(std::string_view("SMFJ\1\0", 6)) + kFirstEntry + sample_code(0).entry().size();
  bytes[at + 4] ^= 0x40;  // the size of the second
  write_file(path_, bytes);
  const auto update = persist(writer, 2);
  ASSERT_TRUE(update);
  EXPECT_TRUE(update->was_rewritten);
  EXPECT_EQ(kept(), (std::set<std::size_t>{0, 2}));
  bytes.replace(bytes.find("SMFJ"), 4, "????");
  write_file(path_, bytes);
  EXPECT_TRUE(persist(writer, 7)->was_rewritten);
  EXPECT_EQ(kept(), (std::set<std::size_t>{7}));
}

TEST_F(PersistedWriter, ARewriteKeepsModeAndFollowsALink) {
  write_file(path_, module_with_room(kRows, 20));
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  const std::string link = path_ + ".link";
  fs::create_symlink(path_, link);
  auto writer = PersistedCodeWriter::open(link);
  ASSERT_TRUE(writer);
  EXPECT_TRUE(persist(*writer, 1)->was_rewritten);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(fs::status(path_).permissions(), static_cast<fs::perms>(0640));
  EXPECT_EQ(kept(), (std::set<std::size_t>{1}));
  fs::remove(link);
}

// The note's rewrite takes the code along, and the code's rewrite the note.
TEST_F(PersistedWriter, GoesTogetherWithUpdatesOfTheNote) {
  write_file(path_, module_with_room(kRows, 400));
  auto updater = NoteUpdater::open(path_);
  ASSERT_TRUE(updater);
  PersistedCodeWriter writer = this->writer();
  for (std::size_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(persist(writer, i));
    ASSERT_TRUE(updater->promote(promotion_of(i)));
    const NotePossibleRow row{.template_name = "Set",
                              .type_args = std::to_string(i),
                              .mangled_name = fmt::format("Set${}", i)};
    if (i % 5 == 0) {
      ASSERT_TRUE(updater->add(std::span(&row, 1)));
    }
  }
  EXPECT_EQ(kept(), up_to(kRows));
  const NoteNames names = names_of(read_file(path_));
  expect_nothing_lost(names, kRows);
  EXPECT_EQ(names.made.size(), kRows + 1);
  EXPECT_EQ(names.possible.size(), kRows / 5);
}

TEST_F(PersistedWriter, TheHashesOfTheModuleStay) {
  const auto hashes = [&] {
    const std::string bytes = read_file(path_);
    const auto view = SmfView::open(as_bytes(bytes));
    EXPECT_TRUE(verify_module(*view)->ok());
    return view->header().module_hash;
  };
  const std::uint64_t before = hashes();
  PersistedCodeWriter writer = this->writer();
  ASSERT_TRUE(persist(writer, 1));
  EXPECT_EQ(hashes(), before);
}

TEST_F(PersistedWriter, OtherFormsAndLaterVersionsAreRefusedAndLeftAlone) {
  ModuleSpec spec = sample_module(sample_note(3));
  spec.format = OutputFormat::kH96;
  spec.with_hash_section = false;
  write_file(path_, build_bytes(spec).value_or(""));
  EXPECT_EQ(PersistedCodeWriter::open(path_).error().code, ErrorCode::kUnsupported);
  ByteVector later = section_of({}, 1000);
  later[4] = std::byte{2};
  write_file(path_, module_with_room(kRows, later));
  const std::string before = read_file(path_);
  const auto refused = PersistedCodeWriter::open(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_TRUE(refused.error().offset);
  EXPECT_EQ(refused.error().path, path_);
  EXPECT_EQ(read_file(path_), before);
  EXPECT_EQ(PersistedCodeWriter::open(path_ + ".none").error().code, ErrorCode::kSystem);
}

TEST_F(PersistedWriter, APieceThatCannotBeWrittenLeavesTheFile) {
  const std::string before = read_file(path_);
  PersistedCodeWriter writer = this->writer();
  EXPECT_EQ(writer.append(PersistedPiece{}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(read_file(path_), before);
  EXPECT_TRUE(persist(writer, 0));
}

TEST(PersistedRoom, DropsWhatWasReplaced) {
  const auto piece_of = [](std::vector<std::string> names, std::uint64_t key) {
    SamplePiece sample(key, 0, 64);
    for (std::string& name : names) sample.add_function(std::move(name), {key++, 1});
    return sample.entry();
  };
  std::vector<ByteVector> old = {piece_of({"a"}, 10), piece_of({"a", "b"}, 20), piece_of({"c"}, 30),
                                 piece_of({"d"}, 40), piece_of({"a"}, 50)};
  old[3].back() ^= std::byte{1};  // damaged
  const std::vector<ByteVector> added = {piece_of({"c"}, 60)};
  const ByteVector room = merged_room(section_of(old, 10), added);
  PersistedCodeReader reader(room);
  ASSERT_TRUE(reader.refresh());
  for (const std::uint64_t key : {20, 21, 50, 60}) EXPECT_TRUE(reader.find({key, 1})) << key;
  for (const std::uint64_t key : {10, 30, 40}) EXPECT_FALSE(reader.find({key, 1})) << key;
  EXPECT_EQ(reader.index().end(), room.size());
}

TEST(PersistedRoom, GrowsByDoublingWithinTheLimit) {
  EXPECT_EQ(room_for(100, 0, 1000), 1000u);
  EXPECT_EQ(room_for(100, 5000, 1000), 5000u);
  EXPECT_EQ(room_for(600, 1000, 1000), 2000u);
  EXPECT_EQ(room_for(5000, 1000, 1000), 16000u);
  EXPECT_EQ(room_for(kMostJitRoom, 1000, 1000), kMostJitRoom);
  EXPECT_EQ(room_for(kMostJitRoom + 1, 1000, 1000).error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace smf
