#include "runtime/persisted/reader.h"

#include <deque>

#include "runtime/persisted/persisting.h"

namespace smf {
namespace {

PersistedCodeReader refreshed(Bytes section) {
  PersistedCodeReader reader(section);
  EXPECT_TRUE(reader.refresh());
  return reader;
}

TEST(PersistedReader, FindsEachOfAThousandAndNothingElse) {
  std::deque<SamplePiece> samples;
  std::vector<ByteVector> entries;
  for (std::size_t i = 0; i < 1000; ++i) {
    samples.emplace_back(i * 10, 1 + i % 3, 64);
    entries.push_back(samples.back().entry());
  }
  const ByteVector section = section_of(entries, 100);
  const PersistedCodeReader reader = refreshed(section);
  EXPECT_EQ(reader.index().entry_count(), 1000u);
  for (const SamplePiece& sample : samples) {
    for (std::size_t i = 0; i < sample.functions().size(); ++i) {
      const auto code = reader.find(sample.key(i));
      ASSERT_TRUE(code);
      EXPECT_TRUE(is_same(*code, sample.piece()));
      EXPECT_EQ(code->found(), i);
    }
    const Hash128 key = sample.key();
    EXPECT_FALSE(reader.find({key.low + 1, key.high}));
    EXPECT_FALSE(reader.find({key.low, key.high + 1}));
  }
}

TEST(PersistedReader, TakesInWhatIsAppended) {
  const SamplePiece first(1, 1, 64), second(2, 2, 80);
  ByteVector section = section_of({}, 1000);
  PersistedCodeReader reader = refreshed(section);
  EXPECT_FALSE(reader.find(first.key()));
  std::uint64_t at = kFirstEntry;
  for (const SamplePiece* const sample : {&first, &second}) {
    const ByteVector entry = sample->entry();
    std::ranges::copy(entry, section.begin() + static_cast<std::ptrdiff_t>(at));
    ASSERT_TRUE(reader.refresh());
    EXPECT_FALSE(reader.find(sample->key())) << "it is not committed";
    store(std::span(section), at, kCommitted);
    EXPECT_FALSE(reader.find(sample->key())) << "not before refresh()";
    ASSERT_TRUE(reader.refresh());
    EXPECT_TRUE(reader.find(sample->key()));
    at += entry.size();
  }
  EXPECT_TRUE(reader.find(first.key()));
  EXPECT_EQ(reader.index().end(), at);
}

TEST(PersistedReader, OfSeveralWithOneKeyTheLastCounts) {
  SamplePiece damaged(1, 1, 64), good(2, 0, 80);
  good.add_function("List$1", damaged.key());
  std::vector<ByteVector> entries = {damaged.entry(), good.entry()};
  entries[0].back() ^= std::byte{1};
  ByteVector section = section_of(entries, 0);
  const auto code = refreshed(section).find(good.key());
  ASSERT_TRUE(code);
  EXPECT_TRUE(is_same(*code, good.piece()));
  section = section_of(std::span(entries).first(1), 0);
  EXPECT_FALSE(refreshed(section).find(good.key()));
}

TEST(PersistedReader, NeverGivesOtherCodeWhateverByteIsChanged) {
  std::deque<SamplePiece> samples;
  std::vector<ByteVector> entries;
  for (std::size_t i = 0; i < 3; ++i) {
    samples.emplace_back(i * 10, 1 + i, 64);
    entries.push_back(samples.back().entry());
  }
  const ByteVector whole = section_of(entries, 32);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned change : {1u, 0x80u, 0xFFu, 0x10u}) {
      ByteVector section = whole;
      section[at] ^= static_cast<std::byte>(change);
      const PersistedCodeReader reader = refreshed(section);
      std::size_t found = 0;
      for (const SamplePiece& sample : samples) {
        const auto code = reader.find(sample.key());
        if (!code) continue;
        ++found;
        EXPECT_TRUE(is_same(*code, sample.piece())) << at;
      }
      const bool is_outside = (at >= 6 && at < kFirstEntry) || at >= whole.size() - 32;
      EXPECT_EQ(found == 3, is_outside) << at;
    }
  }
}

TEST(PersistedReader, NeverGivesOtherCodeWhereverTheBytesEnd) {
  const SamplePiece first(1, 1, 64), second(2, 1, 64);
  const std::vector<ByteVector> entries = {first.entry(), second.entry()};
  const ByteVector whole = section_of(entries, 0);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const ByteVector part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const PersistedCodeReader reader = refreshed(part);
    EXPECT_EQ(reader.find(first.key()).has_value(), size >= kFirstEntry + entries[0].size());
    EXPECT_EQ(reader.find(second.key()).has_value(), size == whole.size());
  }
}

TEST(PersistedReader, AModuleWithoutRoomKeepsNothing) {
  const std::string bytes = sample_bytes(3);
  const auto view = SmfView::open(as_bytes(bytes));
  ASSERT_TRUE(view);
  auto reader = PersistedCodeReader::open(*view);
  ASSERT_TRUE(reader && reader->refresh());
  EXPECT_FALSE(reader->find(sample_code(0).key()));
  EXPECT_EQ(reader->index().entry_count(), 0u);
}

TEST(PersistedReader, TellsFormsApart) {
  ByteVector section = section_of({}, 0);
  EXPECT_EQ(jit_room_state(section), JitRoomState::kUsable);
  EXPECT_EQ(jit_room_state(Bytes(section).first(15)), JitRoomState::kAbsent);
  section[4] = std::byte{2};
  EXPECT_EQ(jit_room_state(section), JitRoomState::kNewer);
  section[0] = std::byte{0};
  EXPECT_EQ(jit_room_state(section), JitRoomState::kAbsent);
}

// Keys that come from a file must not make the index slow: this would take minutes.
TEST(PersistedReader, EqualKeysCostNoMoreThanOthers) {
  const ByteVector code(16);
  std::vector<PersistedFunction> functions(100'000, {.key = {7, 7}, .size = 16, .name = "f"});
  const auto entry = write_entry({.code = code, .functions = functions});
  ASSERT_TRUE(entry);
  const std::vector<ByteVector> entries = {*entry};
  const ByteVector section = section_of(entries, 0);
  const PersistedCodeReader reader = refreshed(section);
  EXPECT_EQ(reader.index().function_count(), 1u);
  EXPECT_EQ(reader.find({7, 7})->found(), 99'999u);
}

}  // namespace
}  // namespace smf
