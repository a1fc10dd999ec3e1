// What is left of an update when the power goes: any part of what was not synced (os/power_cut.h).
#include "runtime/os/power_cut.h"

#include <span>
#include <vector>

#include "runtime/note/accident.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

constexpr const char* kPath = "/nowhere/module.smf";
// Updates have fewer states than this, so that every one of them is looked at.
constexpr std::uint64_t kMostStates = 1u << 12;

using Calls = os::FaultCallsOver<os::MemoryCalls>;

class PowerCutOfAnUpdate : public testing::Test {
 protected:
  PowerCutOfAnUpdate() : image_(sample_bytes(kAccidentRows)) {}

  // Calls check(state) for every state the disk may have after each prefix of the calls.
  template <typename Check>
  void for_each_state(const os::MemoryCalls& calls, ino_t number, const Check& check) {
    const std::span<const os::MemoryCalls::Event> events = calls.events();
    for (std::size_t n = 0; n <= events.size(); ++n) {
      const os::PowerCut cut(kPath, number, image_, events.first(n));
      EXPECT_TRUE(cut.for_each_state(kMostStates, [&](const std::string& state) {
        if (HasFailure()) return;
        ++states_;
        check(state, events.first(n));
      })) << "too many states to look at each";
    }
  }

  // And then the next writer comes.
  static void expect_mended(const std::string& state) {
    os::MemoryCalls calls;
    calls.put(kPath, state);
    promote_another(kPath, calls);
    expect_tidy(calls.bytes(kPath));
    EXPECT_TRUE(names_of(calls.bytes(kPath)).made.contains("List$11"));
  }

  static std::size_t syncs(std::span<const os::MemoryCalls::Event> events) {
    return static_cast<std::size_t>(std::ranges::count(events, os::MemoryCalls::Event::Kind::kSync,
                                                       &os::MemoryCalls::Event::kind));
  }

  std::string image_;
  std::size_t states_ = 0;
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
  const std::string after = calls.bytes(kPath);
  for_each_state(calls, number, [&](const std::string& state, auto events) {
    EXPECT_TRUE(state == after || (state == image_ && events.size() < calls.events().size()))
        << "half of a file, or one that was promised is gone";
  });
  expect_whole(after);
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
  std::size_t writes = 0, renames = 0;
  for (const os::MemoryCalls::Event& event : calls.events()) {
    const bool is_write = event.kind == os::MemoryCalls::Event::Kind::kWrite;
    const bool is_rename = event.kind == os::MemoryCalls::Event::Kind::kName && event.path == kPath;
    writes += is_write && event.file == number;
    renames += is_rename;
    if ((is_write && event.file == number) || is_rename) {
      EXPECT_TRUE(event.is_locked);
    }
  }
  EXPECT_EQ(writes, 3u);  // rows, commit, tombstone
  EXPECT_EQ(renames, 2u);
}

// One writer is killed, the next finds what is in the cache, and then the power goes: what the
// first one wrote may still not be on the disk.
TEST_F(PowerCutOfAnUpdate, BehindAWriterThatWasKilledLosesNothing) {
  const auto promote_again = [](os::SystemCalls& calls) { return promote_some(kPath, calls); };
  const auto promote_other = [](os::SystemCalls& calls) -> Result<void> {
    return promote_another(kPath, calls), Result<void>();
  };
  for (int n = 0;; ++n) {
    bool was_killed = true;
    for (const bool same : {true, false}) {
      Calls calls;
      const ino_t number = calls.put(kPath, image_);
      calls.fail_at = n;
      calls.stays_broken = true;
      const auto first = promote_some(kPath, calls);
      was_killed = calls.calls > n;
      calls.fail_at = -1;
      ASSERT_TRUE(same ? promote_again(calls) : promote_other(calls));
      expect_tidy(calls.bytes(kPath));
      for_each_state(calls, number, [&](const std::string& state, auto) { expect_whole(state); });
      ASSERT_FALSE(HasFailure()) << "killed in front of call " << n;
    }
    if (!was_killed) break;
    ASSERT_LT(n, 100);
  }
  EXPECT_GE(states_, 500u);
}

}  // namespace
}  // namespace smf
