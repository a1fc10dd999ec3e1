// Several writers and a reader at once; SMF_LONG=1 in the environment makes the runs long.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "runtime/note/lookup.h"
#include "runtime/note/updating.h"
#include "runtime/os/input_file.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

bool is_long() { return std::getenv("SMF_LONG") != nullptr; }

// A module of `count` possible rows with room for all of them to be promoted in place.
std::string roomy_bytes(std::size_t count) {
  ModuleSpec spec = sample_module(sample_note(count));
  const auto packed = pack_note(sample_note(count));
  EXPECT_TRUE(packed);
  spec.sections.at(1).payload = text_source(packed->text + std::string(200 * count, ' '));
  return build_bytes(spec).value_or("");
}

Result<NoteUpdate> promote(NoteUpdater& updater, std::size_t row) {
  return updater.promote({.mangled_name = possible_name(row), .from_file = "f", .from_loc = "l"});
}

Result<NoteUpdate> add(NoteUpdater& updater, std::size_t number) {
  const NotePossibleRow row{.template_name = "Set",
                            .type_args = std::to_string(number),
                            .mangled_name = fmt::format("Set${}", number)};
  return updater.add(std::span(&row, 1));
}

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

class Writers : public testing::Test {
 protected:
  Writers() : path_(scratch_path("writers/module.smf")) {
    fs::create_directories(fs::path(path_).parent_path());
  }
  ~Writers() override { fs::remove_all(fs::path(path_).parent_path()); }

  // Promotes every row from `first` on in steps, and adds some.
  bool work(std::size_t first, std::size_t step, std::size_t count, std::size_t add_each) const {
    auto updater = NoteUpdater::open(path_);
    if (!updater) return false;
    for (std::size_t i = first; i < count; i += step) {
      if (!promote(*updater, i)) return false;
      if (add_each != 0 && i % add_each == 0 && !add(*updater, i)) return false;
    }
    return true;
  }

  std::string path_;
};

TEST_F(Writers, ProcessesThatAppendAndReplaceLoseNothing) {
  constexpr std::size_t kRows = 120, kProcesses = 4;
  write_file(path_, sample_bytes(kRows));
  std::vector<pid_t> children;
  for (std::size_t n = 0; n < kProcesses; ++n)
    children.push_back(in_child([&] { return work(n, kProcesses, kRows, 10); }));
  for (const pid_t child : children) expect_done(child);
  const NoteNames names = names_of(read_file(path_));
  EXPECT_EQ(names.made.size(), kRows + 1);
  EXPECT_EQ(names.possible.size(), kRows / 10);
  expect_nothing_lost(names, kRows);
}

TEST_F(Writers, ThreadsWithAnUpdaterEachLoseNothing) {
  constexpr std::size_t kRows = 90, kThreads = 3;
  write_file(path_, sample_bytes(kRows));
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < kThreads; ++n)
    threads.emplace_back([&, n] { failures += work(n, kThreads, kRows, 30) ? 0 : 1; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  const NoteNames names = names_of(read_file(path_));
  EXPECT_EQ(names.made.size(), kRows + 1);
  EXPECT_EQ(names.possible.size(), kRows / 30);
}

// Half of the rounds kill a writer that appends, half one that rewrites.
TEST_F(Writers, AProcessMayBeKilledAtAnyMoment) {
  constexpr std::size_t kRows = 300;
  const int rounds = is_long() ? 1000 : 100;
  const std::string fresh = sample_bytes(kRows);
  std::mt19937 random(5);
  std::size_t made_before = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round % 25 == 0) {
      write_file(path_, fresh);
      made_before = 0;
    }
    const std::size_t first = random() % kRows;
    const std::size_t add_each = round % 2 == 0 ? 0 : 1;
    const pid_t child = in_child([&] { return work(first, 1, kRows, add_each); });
    ::usleep(random() % 8000);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const NoteNames names = names_of(read_file(path_));
    expect_nothing_lost(names, kRows);
    EXPECT_GE(names.made.size(), made_before) << "an instantiation was lost";
    made_before = names.made.size();
    if (HasFailure()) return;
  }
}

// A reader that maps the file once and parses it in place, over and over.
class Reader {
 public:
  Reader(const std::string& path, std::size_t rows) : rows_(rows) {
    auto file = os::FileBytes::map(path);
    EXPECT_TRUE(file);
    file_ = *std::move(file);
    view_ = SmfView::open(file_.bytes());
    EXPECT_TRUE(view_);
    lookup_ = NoteLookup::open(*view_).value();
    first_ = Note::parse(*view_->note().value());
    EXPECT_TRUE(first_);
    copies_ = names_in(*first_);
  }

  // How many rows are instantiations by now.
  std::size_t read(std::mt19937& random) {
    const auto text = view_->note();
    EXPECT_TRUE(text && *text);
    const auto note = Note::parse(text->value_or(""));
    EXPECT_TRUE(note) << note.error().describe();
    if (!note) return 0;
    for (int i = 0; i < 20; ++i) {
      const std::string name = possible_name(random() % rows_);
      const auto found = lookup_->find(name);
      EXPECT_TRUE(found && *found) << name << " is lost";
    }
    const auto snapshot = NoteSnapshot::read(*view_);
    EXPECT_TRUE(snapshot);
    if (!snapshot) return 0;
    for (std::size_t i = 0; i < rows_; ++i)
      EXPECT_TRUE(snapshot->note().find(possible_name(i))) << i << " is lost";
    EXPECT_EQ(names_in(*first_), copies_) << "bytes of a view have changed";
    return snapshot->note().instantiation_count();
  }

 private:
  // Through the views of the cells, which point into the mapping.
  static std::vector<std::string> names_in(const Note& note) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < note.possible_count(); ++i)
      names.emplace_back(note.possible(i).mangled_name);
    for (std::size_t i = 0; i < note.instantiation_count(); ++i)
      names.emplace_back(note.instantiation(i).from_loc);
    return names;
  }

  std::size_t rows_;
  os::FileBytes file_{};
  Result<SmfView> view_ = std::unexpected(Error{});
  std::optional<NoteLookup> lookup_{};
  Result<Note> first_ = std::unexpected(Error{});
  std::vector<std::string> copies_{};
};

TEST_F(Writers, AMappedReaderSeesEveryRowAtEveryMoment) {
  constexpr std::size_t kRows = 1000;
  const int runs = is_long() ? 100 : 4;
  std::size_t all_reads = 0;
  std::mt19937 random(3);
  for (int run = 0; run < runs; ++run) {
    write_file(path_, roomy_bytes(kRows));
    Reader reader(path_, kRows);
    for (const std::size_t n : {0, 1}) in_child([&] { return work(n, 2, kRows, 0); });
    std::size_t made = 1, reads = 0;
    int done = 0, status = 0;
    for (; done < 2 && !HasFailure(); ++reads) {
      const pid_t ended = ::waitpid(-1, &status, WNOHANG);
      EXPECT_TRUE(ended == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
      done += ended > 0;
      const std::size_t now = reader.read(random);
      EXPECT_GE(now, made);
      made = now;
    }
    EXPECT_EQ(made, kRows + 1);
    EXPECT_GE(reads, 2u);
    ASSERT_FALSE(HasFailure());
    all_reads += reads;
  }
  RecordProperty("promotions", static_cast<int>(runs * kRows));
  RecordProperty("reads", static_cast<int>(all_reads));
}

}  // namespace
}  // namespace smf
