// Everything at once, for TSan and ASan above all. SMF_LONG=1 in the environment makes it a minute.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cache/cache.h"
#include "runtime/cache/module_files.h"
#include "runtime/format/building.h"

namespace smf {
namespace {

constexpr std::size_t kFiles = 24;

class Threads : public ModuleFiles {
 protected:
  Threads() {
    for (std::size_t i = 0; i < kFiles; ++i) write(i, 0);
  }

  // The code of file i says i, many times, and then its version: bytes of two files or versions are
  // never taken for one.
  void write(std::size_t i, std::size_t version) const {
    std::string code;
    for (int n = 0; n < 200; ++n) code += fmt::format("{:02}", i);
    const ModuleSpec spec = spec_of(code + fmt::format(":{:06}", version));
    auto out = os::OutputFile::create(path(i));
    ASSERT_TRUE(out && build_module(spec, {.jobs = 1}, *out) && out->commit());
  }

  static bool is_whole(const ModuleRef& module, std::size_t i) {
    const auto section = module.view().find_section("code");
    if (!section || !*section) return false;
    const std::string_view code = as_text(module.view().stored(**section));
    if (code.size() != 407) return false;
    for (std::size_t at = 0; at < 400; at += 2)
      if (code.substr(at, 2) != fmt::format("{:02}", i)) return false;
    return code[400] == ':';
  }

  static bool ends_with(const ModuleRef& module, std::string_view end) {
    return code_of(module).ends_with(end);
  }
};

// What one thread does: mostly hits, sometimes each of the others; some pins are kept for a while
// or handed to another thread.
class Worker {
 public:
  Worker(SmfCache& cache, std::vector<std::string> paths, unsigned seed)
      : cache_(cache), paths_(std::move(paths)), random_(seed) {}

  template <typename Write, typename Check>
  bool step(const Write& write, const Check& check) {
    const std::size_t i = random_() % kFiles;
    switch (random_() % 64) {
      case 0:
        cache_.evict(paths_[i]);
        return true;
      case 1:
        cache_.invalidate(paths_[i]);
        return true;
      case 2:
        write(i, random_() % 1'000'000);
        return true;
      case 3:
        if (random_() % 8 == 0) cache_.clear();
        return true;
      case 4:
        return cache_.stats().files <= kFiles;
      case 5: {
        AsyncLoad load = cache_.get_async(paths_[i]);
        if (random_() % 4 == 0 && load.cancel())
          return load.get().error().code == ErrorCode::kCancelled;
        const auto loaded = load.get();
        return loaded && check(*loaded, i);
      }
      case 6: {
        std::atomic<int> called = 0;  // 1 for each time, and 100 if it was well
        AsyncLoad load = cache_.get_async(paths_[i], [&](const Result<ModuleRef>& loaded) {
          called += loaded && check(*loaded, i) ? 101 : 1;
        });
        const bool is_cancelled = random_() % 4 == 0 && load.cancel();
        load.wait();
        return called == (is_cancelled ? 1 : 101);
      }
      case 7: {
        if (random_() % 8 != 0) return true;
        const auto report = cache_.prefetch_parallel(paths_, 2);
        return report && report->failures.empty() &&
               report->loaded + report->already_there == paths_.size();
      }
      default:
        break;
    }
    auto module = cache_.get(paths_[i]);
    if (!module || !check(*module, i)) return false;
    if (random_() % 4 != 0) return true;
    auto copy = module->copy();
    if (!copy || !check(*copy, i)) return false;
    kept_.emplace_back(i, *std::move(copy));
    if (kept_.size() < 8) return true;
    const bool good = check(kept_.front().second, kept_.front().first);
    kept_.erase(kept_.begin());
    return good;
  }

  std::vector<std::pair<std::size_t, ModuleRef>> take_kept() { return std::move(kept_); }

 private:
  SmfCache& cache_;
  std::vector<std::string> paths_;
  std::mt19937 random_;
  std::vector<std::pair<std::size_t, ModuleRef>> kept_{};
};

TEST_F(Threads, GettingInEachWayEvictingInvalidatingAndReplacingAtOnce) {
  const auto length = std::chrono::seconds(std::getenv("SMF_LONG") != nullptr ? 60 : 2);
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < kFiles; ++i) paths.push_back(path(i));
  using std::chrono::milliseconds;
  const CacheOptions intervals{.max_files = kFiles / 2, .interval = milliseconds(5)};
  const CacheOptions watches{.max_files = kFiles / 2,
                             .eviction = EvictionKind::kSieve,
                             .revalidation = Revalidation::kWatch,
                             .interval = milliseconds(0)};
  for (const CacheOptions& options : {intervals, watches}) {
    auto cache = SmfCache::create(options);
    ASSERT_TRUE(cache);
    std::atomic<bool> ends = false;
    std::atomic<std::uint64_t> failures = 0, steps = 0;
    std::vector<std::vector<std::pair<std::size_t, ModuleRef>>> kept(8);
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < kept.size(); ++n) {
      threads.emplace_back([&, n] {
        Worker worker(*cache, paths, n);
        const auto write_one = [&](std::size_t i, std::size_t version) { write(i, version); };
        for (; !ends; ++steps) failures += worker.step(write_one, is_whole) ? 0 : 1;
        kept[n] = worker.take_kept();
      });
    }
    std::this_thread::sleep_for(length / 2);
    ends = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failures, 0u);
    EXPECT_GT(steps, 100u);
    // Pins of threads that are gone are let go by this one.
    for (const auto& pins : kept)
      for (const auto& [i, module] : pins) EXPECT_TRUE(is_whole(module, i));
    kept.clear();
    EXPECT_EQ(cache->stats().held_files, 0u);
    EXPECT_LE(cache->stats().files, kFiles / 2);
    if (options.revalidation != Revalidation::kWatch) continue;
    EXPECT_EQ(cache->stats().unwatched, 0u);
    for (std::size_t i = 0; i < kFiles; ++i) {
      write(i, 999'999);
      EXPECT_TRUE(ends_with(*cache->get(paths[i]), "999999")) << i;
    }
  }
}

TEST_F(Threads, OneLoadServesAllWhoAsk) {
  for (int round = 0; round < 50; ++round) {
    auto cache = SmfCache::create();
    ASSERT_TRUE(cache);
    std::vector<std::thread> threads;
    std::vector<const std::byte*> seen(4);
    std::vector<ModuleRef> pins(seen.size());
    for (std::size_t n = 0; n < seen.size(); ++n) {
      threads.emplace_back([&, n] {
        pins[n] = *cache->get(path(0));
        seen[n] = pins[n].view().file().data();
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::byte* const bytes : seen) EXPECT_EQ(bytes, seen[0]);
  }
}

}  // namespace
}  // namespace smf
