// What is left when an update stops: at a system call that fails, when the process is killed, and
// when the power goes and the disk has any part of what was not synced.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <vector>

#include "runtime/note/updating.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRows = 20;

std::vector<NotePromotion> some_rows() {
  return {{.mangled_name = "List$2"}, {.mangled_name = "List$5"}, {.mangled_name = "List$17"}};
}

Result<void> promote_some(const std::string& path, os::SystemCalls& calls) {
  SMF_ASSIGN(NoteUpdater updater, NoteUpdater::open(path, calls));
  SMF_ASSIGN(const NoteUpdate update, updater.promote(some_rows()));
  static_cast<void>(update);
  return {};
}

Result<void> add_some(const std::string& path, os::SystemCalls& calls) {
  SMF_ASSIGN(NoteUpdater updater, NoteUpdater::open(path, calls));
  const std::vector<NotePossibleRow> rows = {{.template_name = "Set", .mangled_name = "Set"}};
  SMF_ASSIGN(const NoteUpdate update, updater.add(rows));
  static_cast<void>(update);
  return {};
}

using Operation = Result<void> (*)(const std::string&, os::SystemCalls&);

// The module is whole, and the three rows moved together or not at all.
NoteNames expect_whole(const std::string& bytes) {
  NoteNames names = names_of(bytes);
  expect_nothing_lost(names, kRows);
  const bool moved = names.made.contains("List$2");
  for (const NotePromotion& row : some_rows())
    EXPECT_EQ(names.made.contains(row.mangled_name), moved) << row.mangled_name;
  return names;
}

// After the next writer nothing of the accident is left: no row in both tables, nothing behind the
// terminator line but blanks.
void expect_mended(const std::string& path) {
  auto updater = NoteUpdater::open(path);
  ASSERT_TRUE(updater) << updater.error().describe();
  ASSERT_TRUE(updater->promote({.mangled_name = "List$11"}));
  const std::string bytes = read_file(path);
  const NoteNames names = expect_whole(bytes);
  EXPECT_TRUE(names.made.contains("List$11"));
  for (const std::string& name : names.made) EXPECT_FALSE(names.possible.contains(name)) << name;
  const auto view = SmfView::open(as_bytes(bytes));
  ASSERT_TRUE(view);
  const auto section = view->find_section(kNoteSection);
  const auto text = view->note();
  ASSERT_TRUE(section && *section && text && *text);
  const std::string_view behind = as_text(view->stored(**section)).substr((*text)->size());
  EXPECT_EQ(behind.find_first_not_of(' '), std::string_view::npos) << behind;
}

class Crash : public testing::Test {
 protected:
  Crash() : bytes_(sample_bytes(kRows)), path_(scratch_path("crash/module.smf")) {
    fs::create_directories(fs::path(path_).parent_path());
    write_file(path_, bytes_);
  }
  ~Crash() override { fs::remove_all(fs::path(path_).parent_path()); }

  void fail_each_call(Operation operation, int error) {
    for (int n = 0;; ++n) {
      write_file(path_, bytes_);
      const int descriptors = os::descriptor_count();
      os::FaultCalls calls;
      calls.fail_at = n;
      calls.error = error;
      const auto done = operation(path_, calls);
      EXPECT_EQ(os::descriptor_count(), descriptors) << n;
      expect_whole(read_file(path_));
      if (calls.calls <= n) {
        EXPECT_TRUE(done) << done.error().describe();
        EXPECT_GE(n, 15);
        return;
      }
      if (!done) {
        EXPECT_EQ(done.error().system_errno, error) << n;
      }
      expect_mended(path_);
    }
  }

  void die_at_each_call(Operation operation) {
    for (int n = 0;; ++n) {
      write_file(path_, bytes_);
      const pid_t child = ::fork();
      if (child == 0) {
        os::FaultCalls calls;
        calls.die_at = n;
        ::_exit(operation(path_, calls) ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      expect_whole(read_file(path_));
      if (WIFEXITED(status)) {
        EXPECT_EQ(WEXITSTATUS(status), 0);
        EXPECT_GE(n, 15);
        return;
      }
      expect_mended(path_);
    }
  }

  std::string bytes_;
  std::string path_;
};

TEST_F(Crash, EachCallOfAnUpdateInPlaceMayFail) {
  fail_each_call(promote_some, EIO);
  fail_each_call(promote_some, ENOSPC);
}

TEST_F(Crash, EachCallOfARewriteMayFail) {
  fail_each_call(add_some, EIO);
  fail_each_call(add_some, ENOSPC);
}

TEST_F(Crash, TheProcessMayBeKilledInFrontOfEachCallOfAnUpdateInPlace) {
  die_at_each_call(promote_some);
}

TEST_F(Crash, TheProcessMayBeKilledInFrontOfEachCallOfARewrite) { die_at_each_call(add_some); }

TEST_F(Crash, CallsMayBeInterruptedAndDoTheirWorkByHalves) {
  os::FaultCalls calls;
  calls.halves = true;
  const auto done = promote_some(path_, calls);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_TRUE(expect_whole(read_file(path_)).made.contains("List$2"));
}

// Remembers what is written where, and when it is synced.
class Recording : public os::SystemCalls {
 public:
  struct Event {
    bool is_sync = false;
    std::size_t offset = 0;
    std::string data{};
  };
  ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) override {
    events.push_back({.offset = static_cast<std::size_t>(offset),
                      .data = std::string(static_cast<const char*>(data), size)});
    return SystemCalls::pwrite(fd, data, size, offset);
  }
  int fdatasync(int fd) override {
    events.push_back({.is_sync = true});
    return SystemCalls::fdatasync(fd);
  }
  std::vector<Event> events;
};

constexpr std::size_t kSector = 512;  // what a disk writes whole
constexpr std::uint64_t kMostStates = 1u << 12;

// What the disk may hold when the power goes before event `count`: what was synced, and of each
// sector written since, any state it had meanwhile.
class Disk {
 public:
  Disk(std::string image, std::span<const Recording::Event> events) : synced_(std::move(image)) {
    cache_ = synced_;
    for (const Recording::Event& event : events) {
      if (event.is_sync) {
        synced_ = cache_;
        states_.clear();
        continue;
      }
      cache_.replace(event.offset, event.data.size(), event.data);
      for (std::size_t s = event.offset / kSector;
           s <= (event.offset + event.data.size() - 1) / kSector; ++s)
        states_[s].push_back(cache_.substr(s * kSector, kSector));
    }
  }

  // Every combination where there are few, else as many random ones.
  template <typename Check>
  void for_each_state(Check check) const {
    std::uint64_t combinations = 1;
    for (const auto& [sector, states] : states_)
      combinations = std::min<std::uint64_t>(combinations * (states.size() + 1), 1u << 30);
    std::mt19937_64 random(combinations);
    const bool all = combinations <= kMostStates;
    for (std::uint64_t n = 0; n < std::min(combinations, kMostStates); ++n)
      check(state(all ? n : random()));
  }

 private:
  std::string state(std::uint64_t choice) const {
    std::string image = synced_;
    for (const auto& [sector, states] : states_) {
      const std::size_t chosen = choice % (states.size() + 1);
      choice /= states.size() + 1;
      if (chosen > 0) image.replace(sector * kSector, kSector, states[chosen - 1]);
    }
    return image;
  }

  std::string synced_, cache_;
  std::map<std::size_t, std::vector<std::string>> states_;
};

TEST_F(Crash, ThePowerMayGoAtAnyMomentOfAnUpdateInPlace) {
  Recording calls;
  ASSERT_TRUE(promote_some(path_, calls));
  ASSERT_GE(calls.events.size(), 7u);  // rows, sync, commit, sync, three tombstones
  std::size_t count = 0, syncs = 0;
  for (std::size_t n = 0; n <= calls.events.size(); ++n) {
    if (n > 0 && calls.events[n - 1].is_sync) ++syncs;
    Disk(bytes_, std::span(calls.events).first(n)).for_each_state([&](const std::string& image) {
      const NoteNames names = expect_whole(image);
      if (syncs == 2) {
        EXPECT_TRUE(names.made.contains("List$2"));
      }
      if (++count % 16 != 0) return;
      write_file(path_, image);
      expect_mended(path_);
    });
  }
  EXPECT_EQ(syncs, 2u);
  EXPECT_GE(count, 20u);
}

// Rows of many sectors, and what a writer that died left behind them.
TEST_F(Crash, ThePowerMayGoAtAnyMomentOfALargeBatch) {
  std::string left = bytes_;
  const std::size_t end = left.find("# END_NOTE\n") + 11;
  left.replace(end, 3800, std::string(3789, 'x') + "# END_NOTE\n");
  write_file(path_, left);
  Recording calls;
  auto updater = NoteUpdater::open(path_, calls);
  ASSERT_TRUE(updater);
  std::vector<NotePromotion> rows = some_rows();
  for (std::size_t i = 0; i < kRows; ++i)
    if (i != 11)
      rows.push_back({.mangled_name = possible_name(i), .from_file = "f", .from_loc = "l"});
  for (NotePromotion& row : rows) row.from_file = row.from_loc = "f";
  ASSERT_EQ(updater->promote(rows)->was_rewritten, false);
  for (std::size_t n = 0; n <= calls.events.size(); ++n) {
    Disk(left, std::span(calls.events).first(n)).for_each_state([&](const std::string& image) {
      expect_whole(image);
    });
  }
}

}  // namespace
}  // namespace smf
