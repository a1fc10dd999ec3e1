// Several processes that keep code in one module, and a reader; SMF_LONG=1 in the environment makes
// the runs long.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "runtime/os/input_file.h"
#include "runtime/persisted/persisting.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

bool is_long() { return std::getenv("SMF_LONG") != nullptr; }

template <typename Body>
pid_t in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  return child;
}

void expect_done(pid_t child) {
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

class PersistedWriters : public testing::Test {
 protected:
  PersistedWriters() : path_(scratch_path("writers/module.smf")) {
    fs::create_directories(fs::path(path_).parent_path());
  }
  ~PersistedWriters() override { fs::remove_all(fs::path(path_).parent_path()); }

  // Keeps the code of every row from `first` on in steps, and promotes each unless told not to.
  bool work(std::size_t first, std::size_t step, std::size_t count, bool promotes = true) const {
    auto writer = PersistedCodeWriter::open(path_);
    auto updater = NoteUpdater::open(path_);
    if (!writer || !updater) return false;
    for (std::size_t i = first; i < count; i += step) {
      if (!persist(*writer, i)) return false;
      if (promotes && !updater->promote(promotion_of(i))) return false;
    }
    return true;
  }

  void expect_all_kept(std::size_t rows) {
    const std::string bytes = read_file(path_);
    EXPECT_EQ(kept_in(bytes, rows).size(), rows);
    const NoteNames names = names_of(bytes);
    expect_nothing_lost(names, rows);
    EXPECT_EQ(names.made.size(), rows + 1);
    EXPECT_TRUE(names.possible.empty());
  }

  std::string path_;
};

// The room is too small for all: the file is replaced under them some times, for code as for rows.
TEST_F(PersistedWriters, ManyProcessesLoseNothing) {
  const std::size_t processes = is_long() ? 100 : 8;
  const std::size_t rows = processes * 10;
  write_file(path_, module_with_room(rows, 1000));
  std::vector<pid_t> children;
  for (std::size_t n = 0; n < processes; ++n)
    children.push_back(in_child([&] { return work(n, processes, rows); }));
  for (const pid_t child : children) expect_done(child);
  expect_all_kept(rows);
}

// All of them make all of it: what one has done the others find, and each is there once.
TEST_F(PersistedWriters, ProcessesThatMakeTheSameKeepItOnce) {
  constexpr std::size_t kRows = 30;
  write_file(path_, module_with_room(kRows, kRows * sample_code(0).entry().size()));
  std::vector<pid_t> children;
  for (int n = 0; n < 4; ++n) children.push_back(in_child([&] { return work(0, 1, kRows); }));
  for (const pid_t child : children) expect_done(child);
  expect_all_kept(kRows);
  EXPECT_EQ(room_in(read_file(path_)), kFirstEntry + kRows * sample_code(0).entry().size());
}

TEST_F(PersistedWriters, ThreadsWithAWriterEachLoseNothing) {
  constexpr std::size_t kRows = 60, kThreads = 3;
  write_file(path_, module_with_room(kRows, 1000));
  std::vector<std::thread> threads;
  std::vector<char> done(kThreads);
  for (std::size_t n = 0; n < kThreads; ++n)
    threads.emplace_back([&, n] { done[n] = work(n, kThreads, kRows); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::ranges::count(done, 1), static_cast<std::ptrdiff_t>(kThreads));
  expect_all_kept(kRows);
}

TEST_F(PersistedWriters, AProcessMayBeKilledAtAnyMoment) {
  constexpr std::size_t kRows = 200;
  const int rounds = is_long() ? 1000 : 60;
  const std::string fresh = module_with_room(kRows, 10'000);
  std::mt19937 random(5);
  std::set<std::size_t> before;
  for (int round = 0; round < rounds; ++round) {
    if (round % 20 == 0) {
      write_file(path_, fresh);
      before.clear();
    }
    const std::size_t first = random() % kRows;
    const pid_t child = in_child([&] { return work(first, 1, kRows); });
    ::usleep(random() % 8000);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const std::string bytes = read_file(path_);
    const NoteNames names = names_of(bytes);
    expect_nothing_lost(names, kRows);
    std::set<std::size_t> kept = kept_in(bytes, kRows);
    EXPECT_TRUE(std::ranges::includes(kept, before)) << "code was lost";
    for (std::size_t i = 0; i < kRows; ++i)
      if (names.made.contains(possible_name(i))) {
        EXPECT_TRUE(kept.contains(i)) << i;
      }
    before = std::move(kept);
    if (HasFailure()) return;
  }
}

// A reader that maps the file once and looks for all of it, over and over.
TEST_F(PersistedWriters, AMappedReaderFindsWhatIsThereAndNothingTorn) {
  constexpr std::size_t kRows = 1000;
  const int runs = is_long() ? 100 : 2;
  for (int run = 0; run < runs; ++run) {
    write_file(path_, module_with_room(kRows, kRows * 400));
    const auto file = os::FileBytes::map(path_);
    ASSERT_TRUE(file);
    const auto view = SmfView::open(file->bytes());
    ASSERT_TRUE(view);
    auto reader = PersistedCodeReader::open(*view);
    ASSERT_TRUE(reader);
    for (const std::size_t n : {0, 1}) in_child([&] { return work(n, 2, kRows, false); });
    std::set<std::size_t> found;
    int done = 0, status = 0;
    for (std::size_t reads = 0; (done < 2 || reads < 2) && !HasFailure(); ++reads) {
      const pid_t ended = done < 2 ? ::waitpid(-1, &status, WNOHANG) : 0;
      EXPECT_TRUE(ended == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
      done += ended > 0;
      ASSERT_TRUE(reader->refresh());
      std::set<std::size_t> now;
      for (std::size_t i = 0; i < kRows; ++i) {
        const SamplePiece expected = sample_code(i);
        const auto code = reader->find(expected.key());
        if (!code) continue;
        EXPECT_TRUE(is_same(*code, expected.piece())) << i;
        now.insert(i);
      }
      EXPECT_TRUE(std::ranges::includes(now, found));
      EXPECT_EQ(now.size(), reader->index().entry_count());
      found = std::move(now);
    }
    EXPECT_EQ(found.size(), kRows);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace smf
