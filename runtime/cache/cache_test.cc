#include "runtime/cache/cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "runtime/cache/module_files.h"
#include "runtime/format/building.h"
#include "runtime/note/update.h"
#include "runtime/note/updating.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

// Counts the calls that a hit must not make.
class CountingCalls : public os::SystemCalls {
 public:
  int open(const char* path, int flags, mode_t mode) override {
    ++opens;
    return SystemCalls::open(path, flags, mode);
  }
  int stat(const char* path, struct stat* out) override {
    ++stats;
    const int result = SystemCalls::stat(path, out);
    if (after_stat) after_stat();
    return result;
  }
  std::function<void()> after_stat{};
  int opens = 0, stats = 0;
};

class Cache : public ModuleFiles {
 protected:
  SmfCache make(const CacheOptions& options = {}) { return ModuleFiles::make(options, calls_); }

  CountingCalls calls_;
};

TEST_F(Cache, AHitOpensAndAsksNothing) {
  write(0, "one");
  SmfCache cache = make({.revalidation = Revalidation::kNever});
  const auto first = cache.get(path(0));
  ASSERT_TRUE(first) << first.error().describe();
  const int opens = calls_.opens;
  const auto second = cache.get(path(0));
  ASSERT_TRUE(second);
  EXPECT_EQ(first->view().file().data(), second->view().file().data());
  EXPECT_EQ(code_of(*second), "one");
  EXPECT_EQ(calls_.opens, opens);
  EXPECT_EQ(calls_.stats, 0);
  const CacheStats stats = cache.stats();
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(stats.files, 1u);
  EXPECT_EQ(stats.bytes_read, second->view().file().size());
}

TEST_F(Cache, OptionsOutOfRangeAreRefused) {
  EXPECT_EQ(SmfCache::create({.max_files = 0}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(SmfCache::create({.interval = std::chrono::milliseconds(-1)}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(Cache, AFileThatIsMissingOrNoModuleIsAnErrorWithItsPath) {
  write_file(path(1), "this is no module");
  SmfCache cache = make();
  const auto missing = cache.get(path(0));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kSystem);
  EXPECT_EQ(missing.error().path, path(0));
  EXPECT_EQ(cache.get(path(1)).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(cache.get("").error().code, ErrorCode::kSystem);
  EXPECT_EQ(cache.stats().errors, 3u);
  EXPECT_EQ(cache.stats().files, 0u);
}

TEST_F(Cache, FilesOfEqualBytesShareOneModuleWhereThatIsWanted) {
  write(0, "equal");
  write(1, "equal");
  write(2, "other");
  for (const bool share : {false, true}) {
    SmfCache cache = make({.revalidation = Revalidation::kAlways, .share_content = share});
    std::vector<ModuleRef> modules;
    for (std::size_t i = 0; i < 3; ++i) modules.push_back(*cache.get(path(i)));
    EXPECT_EQ(modules[0].view().file().data() == modules[1].view().file().data(), share);
    EXPECT_EQ(cache.stats().files, share ? 2u : 3u);
    EXPECT_EQ(cache.stats().names, 3u);
    // Each name is held against its own file: nothing is loaded again.
    const std::uint64_t misses = cache.stats().misses;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(cache.get(path(i)));
    EXPECT_EQ(cache.stats().misses, misses);
  }
}

TEST_F(Cache, OneOfTwoEqualFilesThatIsReplacedLeavesTheOther) {
  for (const std::size_t replaced : {0, 1}) {
    write(0, "equal");
    write(1, "equal");
    SmfCache cache = make({.revalidation = Revalidation::kAlways, .share_content = true});
    for (std::size_t i = 0; i < 2; ++i) ASSERT_TRUE(cache.get(path(i)));
    EXPECT_EQ(cache.stats().files, 1u);
    write_file(path(replaced) + ".new", module_of("new"));
    fs::rename(path(replaced) + ".new", path(replaced));
    EXPECT_EQ(code_of(*cache.get(path(replaced))), "new");
    EXPECT_EQ(code_of(*cache.get(path(1 - replaced))), "equal");
    EXPECT_EQ(cache.stats().files, 2u);
    EXPECT_EQ(cache.stats().names, 2u);
    cache.clear();
    EXPECT_EQ(cache.stats().names, 0u);
  }
}

// Whoever writes a file writes its hash: what decides is the bytes.
TEST_F(Cache, AContentHashThatLiesIsNotBelieved) {
  const auto forge = [&](std::string bytes) {
    const auto view = SmfView::open(as_bytes(bytes));
    const auto section = view->find_section(".smf.hash");
    const std::size_t at = as_text(view->stored(**section)).data() - bytes.data();
    bytes.replace(at + 16, 16, std::string(16, 'h'));
    return bytes;
  };
  for (std::size_t i = 0; i < 2; ++i)
    write_file(path(i), forge(module_of(i == 0 ? "first" : "other")));
  SmfCache cache = make({.share_content = true});
  EXPECT_EQ(code_of(*cache.get(path(0))), "first");
  EXPECT_EQ(code_of(*cache.get(path(1))), "other");
  EXPECT_EQ(cache.stats().files, 2u);
}

TEST_F(Cache, APinKeepsTheBytesOfWhatWasEvicted) {
  write(0, "kept");
  SmfCache cache = make();
  ModuleRef module = *cache.get(path(0));
  EXPECT_TRUE(cache.evict(path(0)));
  EXPECT_FALSE(cache.evict(path(0)));
  EXPECT_FALSE(cache.is_cached(path(0)));
  EXPECT_EQ(code_of(module), "kept");
  EXPECT_EQ(cache.stats().held_files, 1u);
  EXPECT_EQ(cache.stats().held_bytes, module.view().file().size());
  ModuleRef other = *module.copy();
  module.reset();
  EXPECT_EQ(cache.stats().held_files, 1u);
  EXPECT_EQ(code_of(other), "kept");
  other.reset();
  EXPECT_EQ(cache.stats().held_files, 0u);
}

TEST_F(Cache, APinOutlivesTheCache) {
  write(0, "long");
  ModuleRef module;
  {
    SmfCache cache = make();
    module = *cache.get(path(0));
  }
  EXPECT_EQ(code_of(module), "long");
}

TEST_F(Cache, TwoNamesOfOneFileShareIt) {
  write(0, "shared");
  fs::create_hard_link(path(0), path(1));
  fs::create_symlink(path(0), path(2));
  SmfCache cache = make();
  const ModuleRef a = *cache.get(path(0)), b = *cache.get(path(1)), c = *cache.get(path(2));
  EXPECT_EQ(a.view().file().data(), b.view().file().data());
  EXPECT_EQ(a.view().file().data(), c.view().file().data());
  EXPECT_EQ(cache.stats().files, 1u);
  EXPECT_EQ(cache.stats().names, 3u);
  EXPECT_TRUE(cache.evict(path(1)));
  EXPECT_EQ(cache.stats().names, 0u);
}

TEST_F(Cache, AReplacedFileIsLoadedAnewAndOldPinsKeepTheOldBytes) {
  write(0, "old");
  SmfCache cache = make({.revalidation = Revalidation::kAlways});
  const ModuleRef old = *cache.get(path(0));
  write(0, "newer");
  const ModuleRef fresh = *cache.get(path(0));
  EXPECT_EQ(code_of(old), "old");
  EXPECT_EQ(code_of(fresh), "newer");
  EXPECT_EQ(cache.stats().replacements, 1u);
  EXPECT_EQ(cache.stats().files, 1u);
  EXPECT_EQ(cache.stats().held_files, 1u);
}

TEST_F(Cache, AFileThatHasGoneIsAnErrorAndItsEntryGoes) {
  write(0, "here");
  SmfCache cache = make({.revalidation = Revalidation::kAlways});
  ASSERT_TRUE(cache.get(path(0)));
  fs::remove(path(0));
  EXPECT_EQ(cache.get(path(0)).error().code, ErrorCode::kSystem);
  EXPECT_FALSE(cache.is_cached(path(0)));
}

TEST_F(Cache, TheIntervalBoundsHowOftenAFileIsAsked) {
  write(0, "a");
  SmfCache cache = make({.interval = std::chrono::hours(1)});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(cache.get(path(0)));
  EXPECT_EQ(calls_.stats, 0);
  write(0, "bb");
  EXPECT_EQ(code_of(*cache.get(path(0))), "a");
  EXPECT_TRUE(cache.invalidate(path(0)));
  EXPECT_EQ(code_of(*cache.get(path(0))), "bb");
  EXPECT_EQ(cache.stats().revalidations, 1u);
  EXPECT_FALSE(cache.invalidate(path(1)));
}

// The entry stays if the file is mapped; what was read is read again.
// The answer that is on its way may be the old one.
TEST_F(Cache, AnInvalidationWhileTheFileIsBeingAskedIsNotLost) {
  write(0, "module");
  SmfCache cache = make({.interval = std::chrono::hours(1)});
  ASSERT_TRUE(cache.get(path(0)));
  EXPECT_TRUE(cache.invalidate(path(0)));
  calls_.after_stat = [&] { cache.invalidate(path(0)); };
  ASSERT_TRUE(cache.get(path(0)));
  calls_.after_stat = {};
  EXPECT_EQ(calls_.stats, 1);
  ASSERT_TRUE(cache.get(path(0)));
  EXPECT_EQ(calls_.stats, 2);
  ASSERT_TRUE(cache.get(path(0)));
  EXPECT_EQ(calls_.stats, 2);
}

TEST_F(Cache, ANoteUpdatedInPlaceIsNoReplacement) {
  for (const Placement placement : {Placement::kMap, Placement::kRead}) {
    write_file(path(0), sample_bytes(20));
    SmfCache cache = make({.revalidation = Revalidation::kAlways, .placement = placement});
    const ModuleRef before = *cache.get(path(0));
    auto updater = NoteUpdater::open(path(0));
    ASSERT_TRUE(updater && updater->promote({.mangled_name = possible_name(3)}));
    const ModuleRef after = *cache.get(path(0));
    EXPECT_EQ(cache.stats().note_updates, 1u);
    EXPECT_EQ(cache.stats().replacements, 0u);
    EXPECT_EQ(before.view().file().data() == after.view().file().data(),
              placement == Placement::kMap);
    const auto note = Note::parse(**after.view().note());
    ASSERT_TRUE(note);
    EXPECT_FALSE(note->find(possible_name(3))->is_possible);
    ASSERT_TRUE(cache.get(path(0)));
    EXPECT_EQ(cache.stats().note_updates, 1u);
  }
}

TEST_F(Cache, CapacityIsKeptInFilesAndInBytes) {
  for (std::size_t i = 0; i < 10; ++i) write(i, std::string(1000, 'x'));
  const std::uint64_t size = fs::file_size(path(0));
  SmfCache by_files = make({.max_files = 3});
  SmfCache by_bytes = make({.max_bytes = 3 * size + 1});
  for (SmfCache* const cache : {&by_files, &by_bytes}) {
    for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(cache->get(path(i)));
    const CacheStats stats = cache->stats();
    EXPECT_EQ(stats.files, 3u);
    EXPECT_EQ(stats.bytes_read, 3 * size);
    EXPECT_EQ(stats.evictions, 7u);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(cache->is_cached(path(i)), i >= 7) << i;
  }
  SmfCache tiny = make({.max_bytes = 1});
  ASSERT_TRUE(tiny.get(path(0)) && tiny.get(path(1)));
  EXPECT_EQ(tiny.stats().files, 1u);
}

// Against a map and a list, as a textbook has it.
// Coming into the cache is no hit: of what only came, the oldest goes.
TEST_F(Cache, SieveKeepsWhatWasHit) {
  for (std::size_t i = 0; i < 5; ++i) write(i, "module");
  SmfCache cache = make({.max_files = 3, .eviction = EvictionKind::kSieve});
  for (const std::size_t i : {0, 1, 2, 0, 3}) ASSERT_TRUE(cache.get(path(i)));
  EXPECT_TRUE(cache.is_cached(path(0)));
  EXPECT_FALSE(cache.is_cached(path(1)));
  ASSERT_TRUE(cache.get(path(4)));
  EXPECT_TRUE(cache.is_cached(path(0)));
  EXPECT_FALSE(cache.is_cached(path(2)));
}

TEST_F(Cache, EvictsExactlyWhatAnLruModelDoes) {
  constexpr std::size_t kFiles = 40, kCapacity = 12;
  for (std::size_t i = 0; i < kFiles; ++i) write(i, fmt::format("code {}", i));
  SmfCache cache = make({.max_files = kCapacity, .revalidation = Revalidation::kNever});
  std::list<std::size_t> model;
  std::mt19937 random(4);
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = std::min(random() % kFiles, random() % kFiles);
    const auto place = std::ranges::find(model, i);
    ASSERT_EQ(cache.is_cached(path(i)), place != model.end()) << step;
    if (random() % 20 == 0) {
      cache.evict(path(i));
      if (place != model.end()) model.erase(place);
      continue;
    }
    const auto module = cache.get(path(i));
    ASSERT_TRUE(module);
    ASSERT_EQ(code_of(*module), fmt::format("code {}", i));
    if (place != model.end()) model.erase(place);
    model.push_front(i);
    if (model.size() > kCapacity) model.pop_back();
  }
}

TEST_F(Cache, LoadsThatGoWellAreCountedByTheTimeTheyTook) {
  EXPECT_EQ(CacheStats::load_time_index(0), 0u);
  EXPECT_EQ(CacheStats::load_time_index(1'999), 0u);
  EXPECT_EQ(CacheStats::load_time_index(2'000), 1u);
  EXPECT_EQ(CacheStats::load_time_index(1'023'999), 9u);
  EXPECT_EQ(CacheStats::load_time_index(1'024'000), 10u);
  EXPECT_EQ(CacheStats::load_time_index(1'048'575'999), 19u);
  EXPECT_EQ(CacheStats::load_time_index(1'048'576'000), 20u);
  EXPECT_EQ(CacheStats::load_time_index(UINT64_MAX), 20u);
  write(0, "a");
  write(1, "b");
  SmfCache cache = make({.revalidation = Revalidation::kAlways});
  ASSERT_TRUE(cache.get(path(0)) && cache.get(path(0)) && cache.get(path(1)));
  ASSERT_FALSE(cache.get(path(2)));
  write(1, "replaced");
  ASSERT_TRUE(cache.get(path(1)));
  const CacheStats stats = cache.stats();
  EXPECT_EQ(std::accumulate(stats.load_times.begin(), stats.load_times.end(), 0u), 3u);
  EXPECT_GT(stats.load_time_ns, 0u);
}

// Nothing leaks, and the next call goes well.
TEST_F(Cache, EachSystemCallMayFail) {
  write(0, "a");
  for (const Placement placement : {Placement::kMap, Placement::kRead}) {
    bool is_last = false;
    for (int n = 0; !is_last; ++n) {
      os::FaultCalls calls;
      const int descriptors = os::descriptor_count();
      {
        auto cache = SmfCache::create(
            {.revalidation = Revalidation::kAlways, .placement = placement, .calls = &calls});
        ASSERT_TRUE(cache);
        calls.fail_at = n;
        const auto first = cache->get(path(0));
        const auto second = cache->get(path(0));
        EXPECT_TRUE(first || first.error().code == ErrorCode::kSystem);
        EXPECT_TRUE(second || second.error().code == ErrorCode::kSystem);
        EXPECT_TRUE(first || second) << "one call failed";
        is_last = calls.calls <= n;
        calls.fail_at = -1;
        ASSERT_TRUE(cache->get(path(0)));
        EXPECT_EQ(cache->stats().files, 1u);
      }
      EXPECT_EQ(os::descriptor_count(), descriptors);
    }
  }
}

}  // namespace
}  // namespace smf
