// What is left of an update when the power goes: any part of what was not synced (os/power_cut.h).
#include "runtime/os/power_cut.h"

#include <vector>

#include "runtime/note/accident.h"
#include "runtime/os/power_cut_testing.h"

namespace smf {
namespace {

class PowerCutOfAnUpdate : public os::PowerCutTest {
 protected:
  PowerCutOfAnUpdate() : PowerCutTest(sample_bytes(kAccidentRows)) {}

  // And then the next writer comes.
  static void expect_mended(const std::string& state) {
    os::MemoryCalls calls;
    calls.put(kPath, state);
    promote_another(kPath, calls);
    expect_tidy(calls.bytes(kPath));
    EXPECT_TRUE(names_of(calls.bytes(kPath)).made.contains("List$11"));
  }
};

TEST_F(PowerCutOfAnUpdate, InPlaceLeavesTheRowsMovedTogetherOrNotAtAll) {
  os::MemoryCalls calls;
  const ino_t number = calls.put(kPath, image_);
  ASSERT_TRUE(promote_some(kPath, calls));
  ASSERT_EQ(calls.events().size(), 7u);  // rows, sync, commit, sync, three tombstones
  for_each_state(calls, number, [&](const std::string& state, auto events) {
    const NoteNames names = expect_whole(state);
    if (syncs(events) == 2) {
      EXPECT_TRUE(names.made.contains("List$2")) << "promised, and gone";
    }
    expect_mended(state);
  });
  EXPECT_EQ(syncs(calls.events()), 2u);
  EXPECT_GE(states_, 20u);
}

// Rows of many sectors, and what a writer that died left behind them.
TEST_F(PowerCutOfAnUpdate, OfALargeBatchLeavesItWholeOrNotAtAll) {
  const std::size_t end = image_.find("# END_NOTE\n") + 11;
  image_.replace(end, 3800, std::string(3789, 'x') + "# END_NOTE\n");
  os::MemoryCalls calls;
  const ino_t number = calls.put(kPath, image_);
  auto updater = NoteUpdater::open(kPath, calls);
  ASSERT_TRUE(updater);
  std::vector<NotePromotion> rows = some_rows();
  for (std::size_t i = 0; i < kAccidentRows; ++i)
    if (i != 11) rows.push_back({.mangled_name = possible_name(i)});
  for (NotePromotion& row : rows) row.from_file = row.from_loc = "f";
  ASSERT_EQ(updater->promote(rows)->was_rewritten, false);
  for_each_state(calls, number, [&](const std::string& state, auto) {
    const NoteNames names = expect_whole(state);
    EXPECT_EQ(names.made.contains("List$0"), names.made.contains("List$2"));
  });
  EXPECT_GE(states_, 500u);
}

TEST_F(PowerCutOfAnUpdate, ByRewritingLeavesTheOldFileOrTheNewOne) {
  os::MemoryCalls calls;
  const ino_t number = calls.put(kPath, image_);
  ASSERT_TRUE(add_some(kPath, calls));
  expect_old_or_new(calls, number);
  expect_whole(calls.bytes(kPath));
}

// What other writers must not come between.
TEST_F(PowerCutOfAnUpdate, HoldsTheLockWhileItWritesAndWhenItRenames) {
  os::MemoryCalls calls;
  const ino_t number = calls.put(kPath, image_);
  auto updater = NoteUpdater::open(kPath, calls);
  ASSERT_TRUE(updater);
  ASSERT_EQ(updater->promote({.mangled_name = "List$0"})->was_rewritten, false);
  const std::string large(1u << 14, 'x');  // more than there is room for
  ASSERT_EQ(updater->promote({.mangled_name = "List$1", .from_file = large})->was_rewritten, true);
  ASSERT_TRUE(add_some(kPath, calls));
  expect_locked(calls, number, 3, 2);  // rows, commit, tombstone
}

TEST_F(PowerCutOfAnUpdate, BehindAWriterThatWasKilledLosesNothing) {
  const auto promote = [](os::SystemCalls& calls) { return promote_some(kPath, calls); };
  const auto promote_other = [](os::SystemCalls& calls) -> Result<void> {
    return promote_another(kPath, calls), Result<void>();
  };
  const auto check = [](const std::string& state) { expect_whole(state); };
  const auto check_cache = [](const std::string& state) { expect_tidy(state); };
  expect_nothing_lost(promote, promote, check_cache, check);
  expect_nothing_lost(promote, promote_other, check_cache, check);
  EXPECT_GE(states_, 500u);
}

}  // namespace
}  // namespace smf
