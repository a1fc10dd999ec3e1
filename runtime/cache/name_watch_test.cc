#include "runtime/cache/name_watch.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cache/module_files.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

// Counts what a hit must not do, lets limits be reached and the kernel's queue run over, and does
// something else while a file is being loaded.
class WatchCalls : public os::SystemCalls {
 public:
  int open(const char* path, int flags, mode_t mode) override {
    const int fd = SystemCalls::open(path, flags, mode);
    if (auto then = std::exchange(after_open, nullptr)) then();
    return fd;
  }
  int stat(const char* path, struct stat* out) override {
    ++stats;
    return SystemCalls::stat(path, out);
  }
  ssize_t read(int fd, void* out, size_t size) override {
    ++reads;
    if (fails_reading) {
      errno = EIO;
      return -1;
    }
    if (!std::exchange(is_full, false)) return SystemCalls::read(fd, out, size);
    const inotify_event event{.wd = -1, .mask = IN_Q_OVERFLOW, .cookie = 0, .len = 0};
    std::memcpy(out, &event, sizeof event);
    return sizeof event;
  }
  int inotify_init1(int flags) override {
    if (!has_no_instances) return SystemCalls::inotify_init1(flags);
    errno = EMFILE;
    return -1;
  }
  int inotify_add_watch(int fd, const char* path, std::uint32_t mask) override {
    if (!has_no_watches) return SystemCalls::inotify_add_watch(fd, path, mask);
    errno = ENOSPC;
    return -1;
  }
  int inotify_rm_watch(int fd, int watch) override {
    ++removals;
    return SystemCalls::inotify_rm_watch(fd, watch);
  }

  int stats = 0, reads = 0, removals = 0;
  bool is_full = false, fails_reading = false, has_no_instances = false, has_no_watches = false;
  std::function<void()> after_open{};
};

class Watching : public ModuleFiles {
 protected:
  Watching() { write(0, "old"); }

  // With an interval of 0 what was done before a get() is seen by it.
  SmfCache make(std::chrono::milliseconds interval = std::chrono::milliseconds(0)) {
    return ModuleFiles::make({.revalidation = Revalidation::kWatch, .interval = interval}, calls_);
  }
  static std::string get(SmfCache& cache, const std::string& path) {
    const auto module = cache.get(path);
    return module ? code_of(*module) : "error: " + module.error().describe();
  }
  // Not by replacing it.
  static void write_in_place(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  WatchCalls calls_;
};

TEST_F(Watching, AHitAsksNoFile) {
  SmfCache cache = make(std::chrono::hours(1));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(cache, path(0)), "old");
  EXPECT_EQ(calls_.stats, 0);
  EXPECT_LE(calls_.reads, 1);  // of what happened, in the first hour
  EXPECT_EQ(cache.stats().hits, 9u);
  EXPECT_EQ(cache.stats().revalidations, 0u);
  EXPECT_EQ(cache.stats().unwatched, 0u);

  SmfCache prompt = make();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(prompt, path(0)), "old");
  EXPECT_EQ(calls_.stats, 0);
}

TEST_F(Watching, AChangeIsNoticedAfterTheInterval) {
  SmfCache cache = make(std::chrono::milliseconds(1));
  EXPECT_EQ(get(cache, path(0)), "old");
  write(0, "new");
  std::string code = "old";
  while (code == "old") code = get(cache, path(0));
  EXPECT_EQ(code, "new");
  EXPECT_EQ(calls_.stats, 1);
}

TEST_F(Watching, AFileThatIsReplacedIsLoadedAnewAndWatchedOn) {
  SmfCache cache = make();
  for (const char* const code : {"old", "new", "newest"}) {
    write(0, code);
    EXPECT_EQ(get(cache, path(0)), code);
    const int stats = calls_.stats;
    EXPECT_EQ(get(cache, path(0)), code);
    EXPECT_EQ(calls_.stats, stats);
  }
  EXPECT_EQ(cache.stats().replacements, 2u);
  EXPECT_EQ(cache.stats().unwatched, 0u);
}

TEST_F(Watching, AFileThatIsWrittenIsReadAgain) {
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path(0)), "old");
  write_in_place(path(0), module_of("written in place"));
  EXPECT_EQ(get(cache, path(0)), "written in place");
  const int stats = calls_.stats;
  EXPECT_EQ(get(cache, path(0)), "written in place");
  EXPECT_EQ(calls_.stats, stats);
}

TEST_F(Watching, AFileThatHasGoneIsAnErrorUntilItIsBack) {
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path(0)), "old");
  fs::remove(path(0));
  EXPECT_EQ(cache.get(path(0)).error().system_errno, ENOENT);
  EXPECT_FALSE(cache.is_cached(path(0)));
  write(0, "back");
  EXPECT_EQ(get(cache, path(0)), "back");
}

TEST_F(Watching, AnotherFileInTheFolderConcernsNobody) {
  write(1, "other");
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path(0)), "old");
  EXPECT_EQ(get(cache, path(1)), "other");
  write(2, "not in the cache");
  write(1, "another");
  EXPECT_EQ(get(cache, path(0)), "old");
  EXPECT_EQ(calls_.stats, 0);
  EXPECT_EQ(get(cache, path(1)), "another");
  EXPECT_EQ(calls_.stats, 1);
}

TEST_F(Watching, AFolderThatIsMovedTakesItsFilesWithIt) {
  const std::string file = folder_ + "/sub/file.smf";
  fs::create_directory(folder_ + "/sub");
  write_file(file, module_of("before"));
  SmfCache cache = make();
  EXPECT_EQ(get(cache, file), "before");
  fs::rename(folder_ + "/sub", folder_ + "/moved");
  EXPECT_EQ(cache.get(file).error().system_errno, ENOENT);
  fs::create_directory(folder_ + "/sub");
  write_file(file, module_of("after"));
  EXPECT_EQ(get(cache, file), "after");
  write_file(file, module_of("and again"));
  EXPECT_EQ(get(cache, file), "and again");
  fs::remove_all(folder_ + "/sub");
  EXPECT_EQ(cache.get(file).error().system_errno, ENOENT);
  EXPECT_EQ(cache.stats().unwatched, 0u);
}

TEST_F(Watching, LinksOnTheWayAreWatchedAsWellAsTheFile) {
  for (const char* const version : {"v1", "v2"}) {
    fs::create_directories(folder_ + "/" + version);
    write_file(folder_ + "/" + version + "/real.smf", module_of(version));
    fs::create_symlink("real.smf", folder_ + "/" + version + "/link.smf");
  }
  fs::create_directory_symlink("v1", folder_ + "/current");
  const std::string path = folder_ + "/current/link.smf";
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path), "v1");
  EXPECT_EQ(get(cache, path), "v1");
  EXPECT_EQ(calls_.stats, 0);

  write_file(folder_ + "/v1/real.smf", module_of("the file"));
  EXPECT_EQ(get(cache, path), "the file");

  fs::create_directory_symlink("v2", folder_ + "/next");
  fs::rename(folder_ + "/next", folder_ + "/current");
  EXPECT_EQ(get(cache, path), "v2");

  write_file(folder_ + "/v2/other.smf", module_of("the other"));
  fs::remove(folder_ + "/v2/link.smf");
  fs::create_symlink("other.smf", folder_ + "/v2/link.smf");
  EXPECT_EQ(get(cache, path), "the other");

  const int stats = calls_.stats;
  write_file(folder_ + "/v1/real.smf", module_of("nobody's now"));
  EXPECT_EQ(get(cache, path), "the other");
  EXPECT_EQ(calls_.stats, stats);
}

TEST_F(Watching, ALinkIsNoLongerWatchedWhenTheLastNameThroughItGoes) {
  const std::string root = fs::canonical(folder_).string();
  fs::create_directory(root + "/far");
  fs::create_directory_symlink(root, root + "/far/link");
  write(1, "one");
  SmfCache cache = make();
  const std::string first = root + "/far/link/module_0.smf";
  const std::string second = root + "/far/link/module_1.smf";
  EXPECT_EQ(get(cache, first), "old");
  EXPECT_EQ(get(cache, second), "one");
  EXPECT_TRUE(cache.evict(first));
  EXPECT_EQ(calls_.removals, 0);
  EXPECT_TRUE(cache.evict(second));
  EXPECT_EQ(calls_.removals, 2);  // the link's folder and the files'
}

TEST_F(Watching, AChangeWhileAFileIsLoadedIsNotLost) {
  write(1, "other");
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path(1)), "other");
  calls_.after_open = [&] {
    write(0, "new");
    EXPECT_EQ(get(cache, path(1)), "other");  // which reads what happened
  };
  EXPECT_EQ(get(cache, path(0)), "old");
  EXPECT_EQ(get(cache, path(0)), "new");
  calls_.after_open = [&] { write(1, "another"); };
  EXPECT_TRUE(cache.evict(path(1)));
  EXPECT_EQ(get(cache, path(1)), "other");
  EXPECT_EQ(get(cache, path(1)), "another");
}

TEST_F(Watching, AFileThatIsEvictedWhileItIsLoadedIsWatchedNonetheless) {
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path(0)), "old");
  write(0, "new");
  calls_.after_open = [&] { EXPECT_TRUE(cache.evict(path(0))); };
  EXPECT_EQ(get(cache, path(0)), "new");
  write(0, "newer");
  EXPECT_EQ(get(cache, path(0)), "newer");
  EXPECT_EQ(cache.stats().unwatched, 0u);
}

TEST_F(Watching, WhenChangesWereLostEveryFileIsAsked) {
  write(1, "other");
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path(0)), "old");
  EXPECT_EQ(get(cache, path(1)), "other");
  calls_.is_full = true;
  EXPECT_EQ(get(cache, path(0)), "old");
  EXPECT_EQ(get(cache, path(1)), "other");
  EXPECT_EQ(calls_.stats, 2);
  EXPECT_EQ(get(cache, path(0)), "old");
  EXPECT_EQ(calls_.stats, 2);
}

TEST_F(Watching, WhenTheSystemDoesNotTellEveryFileIsAsked) {
  SmfCache cache = make();
  EXPECT_EQ(get(cache, path(0)), "old");
  calls_.fails_reading = true;
  write(0, "new");
  EXPECT_EQ(get(cache, path(0)), "new");
  write(0, "newer");
  EXPECT_EQ(get(cache, path(0)), "newer");
}

TEST_F(Watching, WhatCannotBeWatchedIsAskedEachIntervalUntilItCan) {
  for (bool WatchCalls::* const limit :
       {&WatchCalls::has_no_instances, &WatchCalls::has_no_watches}) {
    write(0, "old");
    calls_.*limit = true;
    SmfCache cache = make();
    EXPECT_EQ(get(cache, path(0)), "old");
    EXPECT_EQ(cache.stats().unwatched, 1u);
    const int stats = calls_.stats;
    EXPECT_EQ(get(cache, path(0)), "old");
    EXPECT_EQ(calls_.stats, stats + 1);
    write(0, "new");
    EXPECT_EQ(get(cache, path(0)), "new");
    calls_.*limit = false;
    EXPECT_EQ(get(cache, path(0)), "new");
    EXPECT_EQ(cache.stats().unwatched, 0u);
    const int later = calls_.stats;
    EXPECT_EQ(get(cache, path(0)), "new");
    EXPECT_EQ(calls_.stats, later);

    calls_.*limit = true;
    SmfCache slow = make(std::chrono::hours(1));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(slow, path(0)), "new");
    EXPECT_EQ(calls_.stats, later);
    EXPECT_TRUE(slow.evict(path(0)));
    EXPECT_EQ(slow.stats().unwatched, 0u);
    calls_.*limit = false;
  }
}

TEST_F(Watching, APinThatOutlivesTheCacheKeepsNoDescriptor) {
  const int descriptors = os::descriptor_count();
  std::optional<SmfCache> cache = make();
  const ModuleRef module = *cache->get(path(0));
  EXPECT_GT(os::descriptor_count(), descriptors);
  cache.reset();
  EXPECT_EQ(os::descriptor_count(), descriptors);
  EXPECT_EQ(code_of(module), "old");
}

TEST_F(Watching, EachSystemCallMayFailAndNoChangeIsMissed) {
  std::vector<std::string> versions;
  versions.reserve(4);
  for (int i = 0; i < 4; ++i) versions.push_back(module_of(fmt::format("version {}", i)));
  bool is_last = false;
  for (int n = 0; !is_last; ++n) {
    os::FaultCalls calls;
    const int descriptors = os::descriptor_count();
    {
      SmfCache cache =
          ModuleFiles::make({.revalidation = Revalidation::kWatch, .interval = {}}, calls);
      calls.fail_at = n;
      for (std::size_t i = 0; i < versions.size(); ++i) {
        write_in_place(path(1), versions[i]);
        fs::rename(path(1), path(0));
        const auto module = cache.get(path(0));
        if (module) {
          EXPECT_EQ(code_of(*module), fmt::format("version {}", i)) << "call " << n;
        } else {
          EXPECT_EQ(module.error().system_errno, EIO);
        }
      }
      is_last = calls.calls <= n;
      calls.fail_at = -1;
      EXPECT_EQ(get(cache, path(0)), "version 3");
      EXPECT_EQ(cache.stats().unwatched, 0u) << "call " << n;
    }
    EXPECT_EQ(os::descriptor_count(), descriptors) << "call " << n;
  }
}

using Points = std::vector<std::string>;

TEST(LinksAndFile, APathWithoutLinksIsOnlyMadePlain) {
  os::SystemCalls& calls = os::SystemCalls::kernel();
  EXPECT_EQ(*internal::links_and_file("/proc//./sys/../no/such", calls), Points{"/proc/no/such"});
  EXPECT_EQ(*internal::links_and_file("no/such/./file", calls), Points{"no/such/file"});
  EXPECT_EQ(*internal::links_and_file("../../no/../file", calls), Points{"../../file"});
  EXPECT_EQ(*internal::links_and_file("no/../../file", calls), Points{"../file"});
  EXPECT_EQ(*internal::links_and_file("/../file", calls), Points{"/file"});
}

TEST_F(Watching, EachLinkIsNamedByAPathWithoutLinks) {
  // The scratch folder may be behind links itself.
  const std::string root = fs::canonical(folder_).string();
  fs::create_directories(root + "/a/b");
  fs::create_directory_symlink("a/b", root + "/short");
  fs::create_symlink("../../module_0.smf", root + "/a/b/up");
  fs::create_symlink(root + "/short/up", root + "/long");
  EXPECT_EQ(*internal::links_and_file(root + "/long", calls_),
            (Points{root + "/long", root + "/short", root + "/a/b/up", root + "/module_0.smf"}));
  fs::create_symlink("loop", root + "/loop");
  EXPECT_EQ(internal::links_and_file(root + "/loop", calls_).error().system_errno, ELOOP);
}

}  // namespace
}  // namespace smf
