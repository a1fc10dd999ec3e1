// What is left of kept code when the power goes: any part of what was not synced (os/power_cut.h).
#include "runtime/os/power_cut.h"

#include <span>
#include <vector>

#include "runtime/os/fault_calls.h"
#include "runtime/persisted/accident.h"

namespace smf {
namespace {

constexpr const char* kPath = "/nowhere/module.smf";
constexpr std::uint64_t kMostStates = 1u << 12;

using Calls = os::FaultCallsOver<os::MemoryCalls>;

class PersistedPowerCut : public testing::Test {
 protected:
  // Calls check(state, events) for every state the disk may have after each prefix of the calls.
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

  static void expect_next_writer_mends(const std::string& state) {
    os::MemoryCalls calls;
    calls.put(kPath, state);
    ASSERT_TRUE(keep_another(kPath, calls));
    expect_mended(state, calls.bytes(kPath));
  }

  static std::size_t syncs(std::span<const os::MemoryCalls::Event> events) {
    return static_cast<std::size_t>(std::ranges::count(events, os::MemoryCalls::Event::Kind::kSync,
                                                       &os::MemoryCalls::Event::kind));
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

  std::string image_ = module_with_room(kAccidentRows, 8192);
  std::size_t states_ = 0;
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
  const std::string after = calls.bytes(kPath);
  for_each_state(calls, number, [&](const std::string& state, auto events) {
    EXPECT_TRUE(state == after || (state == image_ && events.size() < calls.events().size()))
        << "half of a file, or one that was promised is gone";
  });
  EXPECT_EQ(expect_whole(after), (std::set<std::size_t>{11}));
}

// What other writers must not come between.
TEST_F(PersistedPowerCut, HoldsTheLockWhileItWritesAndWhenItRenames) {
  os::MemoryCalls calls;
  const ino_t number = calls.put(kPath, image_);
  auto writer = PersistedCodeWriter::open(kPath, calls);
  ASSERT_TRUE(writer);
  ASSERT_EQ(persist(*writer, 1)->was_rewritten, false);
  ASSERT_EQ(writer->append(SamplePiece(99, 1, 20'000).piece())->was_rewritten, true);
  std::size_t writes = 0, renames = 0;
  for (const os::MemoryCalls::Event& event : calls.events()) {
    const bool is_write =
        event.kind == os::MemoryCalls::Event::Kind::kWrite && event.file == number;
    const bool is_rename = event.kind == os::MemoryCalls::Event::Kind::kName && event.path == kPath;
    writes += is_write;
    renames += is_rename;
    if (is_write || is_rename) {
      EXPECT_TRUE(event.is_locked);
    }
  }
  EXPECT_EQ(writes, 2u);  // entry, commit
  EXPECT_EQ(renames, 1u);
}

// One writer is killed, the next finds what is in the cache, and then the power goes: what the
// first one wrote may still not be on the disk.
TEST_F(PersistedPowerCut, BehindAWriterThatWasKilledLosesNothing) {
  for (int n = 0;; ++n) {
    bool was_killed = true;
    for (const bool same : {true, false}) {
      Calls calls;
      const ino_t number = calls.put(kPath, image_);
      calls.fail_at = n;
      calls.stays_broken = true;
      static_cast<void>(keep_some(kPath, calls));
      was_killed = calls.calls > n;
      calls.fail_at = -1;
      ASSERT_TRUE(same ? keep_some(kPath, calls) : keep_another(kPath, calls));
      expect_whole(calls.bytes(kPath));
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
