// What is left of kept code when the power goes: any part of what was not synced (os/power_cut.h).
#include "runtime/os/power_cut.h"

#include "runtime/os/power_cut_testing.h"
#include "runtime/persisted/accident.h"

namespace smf {
namespace {

class PersistedPowerCut : public os::PowerCutTest {
 protected:
  PersistedPowerCut() : PowerCutTest(module_with_room(kAccidentRows, 8192)) {}

  static void expect_next_writer_mends(const std::string& state) {
    os::MemoryCalls calls;
    calls.put(kPath, state);
    ASSERT_TRUE(keep_another(kPath, calls));
    expect_mended(state, calls.bytes(kPath));
  }

  // What a writer that died left where the next entry goes: everything looks committed, and like
  // an entry, but the first word.
  void leave_garbage() {
    const std::size_t at = image_.find(std::string_view("SMFJ\1\0", 6)) + kFirstEntry;
    std::string left;
    for (std::size_t i = 0; i < 30; ++i) {
      ByteVector entry = sample_code(kAccidentRows + i).entry();
      store(std::span(entry), 0, kCommitted);
      left += as_text(entry);
    }
    left[0] = '\0';
    image_.replace(at, left.size(), left);
  }
};

TEST_F(PersistedPowerCut, WhatTheNotePromisesIsThere) {
  for (const bool has_garbage : {false, true}) {
    if (has_garbage) leave_garbage();
    os::MemoryCalls calls;
    const ino_t number = calls.put(kPath, image_);
    ASSERT_TRUE(keep_some(kPath, calls));
    // Entries, sync, three commits; rows, sync, commit, sync, three tombstones.
    ASSERT_EQ(calls.events().size(), 12u);
    for_each_state(calls, number, [&](const std::string& state, auto events) {
      const std::set<std::size_t> kept = expect_whole(state);
      for (const std::size_t i : kept) EXPECT_NE(std::ranges::find(kSome, i), kSome.end());
      if (syncs(events) >= 2) {
        EXPECT_EQ(kept.size(), kSome.size()) << "promised, and gone";
      }
      expect_next_writer_mends(state);
    });
    EXPECT_EQ(syncs(calls.events()), 3u);
  }
  EXPECT_GE(states_, 60u);
}

TEST_F(PersistedPowerCut, ByRewritingLeavesTheOldFileOrTheNewOne) {
  image_ = module_with_room(kAccidentRows, 16);
  os::MemoryCalls calls;
  const ino_t number = calls.put(kPath, image_);
  ASSERT_TRUE(keep_another(kPath, calls));
  expect_old_or_new(calls, number);
  EXPECT_EQ(expect_whole(calls.bytes(kPath)), (std::set<std::size_t>{11}));
}

// What other writers must not come between.
TEST_F(PersistedPowerCut, HoldsTheLockWhileItWritesAndWhenItRenames) {
  os::MemoryCalls calls;
  const ino_t number = calls.put(kPath, image_);
  auto writer = PersistedCodeWriter::open(kPath, calls);
  ASSERT_TRUE(writer);
  ASSERT_EQ(persist(*writer, 1)->was_rewritten, false);
  ASSERT_EQ(writer->append(SamplePiece(99, 1, 20'000).piece())->was_rewritten, true);
  expect_locked(calls, number, 2, 1);  // entry, commit
}

TEST_F(PersistedPowerCut, BehindAWriterThatWasKilledLosesNothing) {
  const auto keep = [](os::SystemCalls& calls) { return keep_some(kPath, calls); };
  const auto keep_other = [](os::SystemCalls& calls) { return keep_another(kPath, calls); };
  const auto check = [](const std::string& state) { expect_whole(state); };
  expect_nothing_lost(keep, keep, check, check);
  expect_nothing_lost(keep, keep_other, check, check);
  EXPECT_GE(states_, 500u);
}

}  // namespace
}  // namespace smf
