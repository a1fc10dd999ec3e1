#include "runtime/cache/prefetch.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/cache/module_files.h"

namespace smf {
namespace {

// Counts opens, questions and advice; advice can be made to fail.
class AdvisedCalls : public os::SystemCalls {
 public:
  int open(const char* path, int flags, mode_t mode) override {
    ++opens;
    return SystemCalls::open(path, flags, mode);
  }
  int stat(const char* path, struct stat* out) override {
    ++stats;
    return SystemCalls::stat(path, out);
  }
  int madvise(void* address, size_t size, int advice) override {
    if (advice == MADV_WILLNEED) ++will_need;
    if (advice == MADV_POPULATE_READ) ++populate;
    if (!fails) return SystemCalls::madvise(address, size, advice);
    errno = EIO;
    return -1;
  }
  std::atomic<int> opens = 0, stats = 0, will_need = 0, populate = 0;
  bool fails = false;
};

class Prefetch : public ModuleFiles {
 protected:
  SmfCache make(const CacheOptions& options = {}) { return ModuleFiles::make(options, calls_); }
  std::vector<std::string> write_some(std::size_t count) const {
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
      write(i, fmt::format("code {}", i));
      paths.push_back(path(i));
    }
    return paths;
  }

  AdvisedCalls calls_;
};

TEST_F(Prefetch, TheModuleIsInTheCacheAndNotPinned) {
  write(0, "early");
  SmfCache cache = make({.revalidation = Revalidation::kAlways});
  ASSERT_TRUE(cache.prefetch(path(0)));
  EXPECT_TRUE(cache.is_cached(path(0)));
  const int opens = calls_.opens;
  ASSERT_TRUE(cache.prefetch(path(0)));
  EXPECT_EQ(calls_.opens, opens);
  EXPECT_EQ(calls_.stats, 0);
  EXPECT_EQ(code_of(*cache.get(path(0))), "early");
  EXPECT_TRUE(cache.evict(path(0)));
  EXPECT_EQ(cache.stats().held_files, 0u);
  EXPECT_EQ(cache.stats().hits, 1u);
  EXPECT_EQ(cache.prefetch(path(1)).error().path, path(1));
}

TEST_F(Prefetch, OnlyMappedFilesAreReadAhead) {
  write(0, "code");
  SmfCache read = make({.placement = Placement::kRead});
  ASSERT_TRUE(read.prefetch(path(0)));
  ASSERT_TRUE(read.prefetch(path(0), os::Advice::kPopulate));
  EXPECT_EQ(calls_.will_need + calls_.populate, 0);
  SmfCache mapped = make({.placement = Placement::kMap});
  ASSERT_TRUE(mapped.prefetch(path(0)));
  EXPECT_EQ(calls_.will_need, 1);
  EXPECT_EQ(calls_.populate, 0);
  ASSERT_TRUE(mapped.prefetch(path(0), os::Advice::kPopulate));
  EXPECT_EQ(calls_.populate, 1);
  ASSERT_TRUE(mapped.get(path(0))->advise(os::Advice::kWillNeed));
  EXPECT_EQ(calls_.will_need, 2);
}

TEST_F(Prefetch, ThatAFileCannotBeReadAheadIsNoFailureButThatItIsNotInMemoryIs) {
  write(0, "code");
  calls_.fails = true;
  SmfCache cache = make({.placement = Placement::kMap});
  EXPECT_TRUE(cache.prefetch(path(0)));
  const auto populated = cache.prefetch(path(0), os::Advice::kPopulate);
  ASSERT_FALSE(populated);
  EXPECT_EQ(populated.error().system_errno, EIO);
  EXPECT_TRUE(cache.is_cached(path(0)));
}

TEST_F(Prefetch, ManyAreLoadedAndEachFailureIsReported) {
  std::vector<std::string> paths = write_some(20);
  write_file(path(7), "this is no module");
  paths[3] = path(100);
  paths.insert(paths.begin() + 10, path(0));  // twice
  for (const unsigned workers : {0u, 1u, 3u, 100u}) {
    SmfCache cache = make();
    ASSERT_TRUE(cache.get(path(1)));
    const auto report = cache.prefetch_parallel(paths, workers);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->loaded + report->already_there, 19u);
    EXPECT_GE(report->already_there, 1u);  // path(0) may be loaded for both
    EXPECT_LE(report->already_there, 2u);
    ASSERT_EQ(report->failures.size(), 2u);
    EXPECT_EQ(report->failures[0].path, path(100));
    EXPECT_EQ(report->failures[0].error.code, ErrorCode::kSystem);
    EXPECT_EQ(report->failures[1].path, path(7));
    EXPECT_EQ(report->failures[1].error.code, ErrorCode::kInvalidInput);
    EXPECT_EQ(cache.stats().files, 18u);
    EXPECT_EQ(cache.stats().held_files, 0u);
  }
  const auto nothing = make().prefetch_parallel({});
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->loaded + nothing->already_there + nothing->failures.size(), 0u);
}

TEST_F(Prefetch, ThereAreNoMoreThreadsThanPathsAndTheCallingOneIsOfThem) {
  const std::vector<std::string> paths = write_some(3);
  for (const auto& [workers, expected] : {std::pair{1u, 0}, {2u, 1}, {3u, 2}, {9u, 2}}) {
    int starts = 0;
    SmfCache cache = make();
    const auto report = internal::prefetch_all(
        paths, workers,
        [&](const std::string& path) -> Result<bool> { return cache.prefetch(path).has_value(); },
        [&](std::function<void()> run) {
          ++starts;
          return std::thread(std::move(run));
        });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->loaded, 3u);
    EXPECT_EQ(starts, expected);
  }
}

TEST_F(Prefetch, WhereNoThreadCanBeStartedTheCallingOneLoadsAll) {
  const std::vector<std::string> paths = write_some(3);
  std::vector<std::string> loaded;
  const auto report = internal::prefetch_all(
      paths, 3,
      [&](const std::string& path) -> Result<bool> {
        loaded.push_back(path);
        return true;
      },
      [](const std::function<void()>&) -> std::thread {
        throw std::system_error(EAGAIN, std::generic_category());
      });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->loaded, 3u);
  EXPECT_EQ(loaded, paths);
}

}  // namespace
}  // namespace smf
