// Everything at once, for TSan and ASan above all. SMF_LONG=1 in the environment makes it a minute,
// and 10 000 truncations.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cache/cache.h"
#include "runtime/cache/module_files.h"
#include "runtime/format/building.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

constexpr std::size_t kFiles = 24;
constexpr std::size_t kCodeSize = 9'000;  // some pages

bool is_long() { return std::getenv("SMF_LONG") != nullptr; }

class Threads : public ModuleFiles {
 protected:
  Threads() {
    for (std::size_t i = 0; i < kFiles; ++i) write(i, 0);
  }

  // The code of file i says i, many times, and then its version: bytes of two files or versions are
  // never taken for one.
  void write(std::size_t i, std::size_t version) const {
    std::string code;
    while (code.size() < kCodeSize) code += fmt::format("{:02}", i);
    const ModuleSpec spec = spec_of(code + fmt::format(":{:06}", version));
    auto out = os::OutputFile::create(path(i));
    ASSERT_TRUE(out && build_module(spec, {.jobs = 1}, *out) && out->commit());
  }

  static bool is_whole(const SmfView& view, std::size_t i) {
    const auto section = view.find_section("code");
    if (!section || !*section) return false;
    const std::string_view code = as_text(view.stored(**section));
    const std::string mark = fmt::format("{:02}", i);
    if (code.size() != kCodeSize + 7) return false;
    for (std::size_t at = 0; at < kCodeSize; at += 2)
      if (code[at] != mark[0] || code[at + 1] != mark[1]) return false;
    return code[kCodeSize] == ':';
  }
  // Whole, or known to be cut.
  static bool is_good(const ModuleRef& module, std::size_t i) {
    return is_whole(module.view(), i) || !module.ok();
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

  // `truncate` may be empty.
  template <typename Write, typename Check>
  bool step(const Write& write, const std::function<void(std::size_t)>& truncate,
            const Check& check) {
    const std::size_t i = random_() % kFiles;
    // A file that is cut at this moment is no module.
    const auto is_good = [&](const Result<ModuleRef>& loaded) {
      if (loaded) return check(*loaded, i);
      return truncate && loaded.error().code != ErrorCode::kCancelled &&
             loaded.error().path == paths_[i];
    };
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
        return is_good(load.get());
      }
      case 6: {
        std::atomic<int> called = 0;  // 1 for each time, and 100 if it was well
        AsyncLoad load = cache_.get_async(paths_[i], [&](const Result<ModuleRef>& loaded) {
          called += is_good(loaded) ? 101 : 1;
        });
        const bool is_cancelled = random_() % 4 == 0 && load.cancel();
        load.wait();
        return called == (is_cancelled ? 1 : 101);
      }
      case 7: {
        if (random_() % 8 != 0) return true;
        const auto report = cache_.prefetch_parallel(paths_, 2);
        return report && (truncate || report->failures.empty()) &&
               report->loaded + report->already_there + report->failures.size() == paths_.size();
      }
      case 8:
        if (truncate) truncate(i);
        return true;
      default:
        break;
    }
    auto module = cache_.get(paths_[i]);
    if (!is_good(module)) return false;
    if (!module || random_() % 4 != 0) return true;
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

struct Mix {
  std::string name;
  CacheOptions options;
  bool truncates = false;
  friend void PrintTo(const Mix& mix, std::ostream* out) { *out << mix.name; }
};

class ThreadsWith : public Threads, public testing::WithParamInterface<Mix> {
 protected:
  // Eight workers for a while.
  void run(SmfCache& cache, const std::function<void(std::size_t)>& truncate) {
    const auto length = std::chrono::milliseconds(is_long() ? 60'000 : 1'000);
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < kFiles; ++i) paths.push_back(path(i));
    std::atomic<bool> ends = false;
    std::atomic<std::uint64_t> failures = 0, steps = 0;
    std::vector<std::vector<std::pair<std::size_t, ModuleRef>>> kept(8);
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < kept.size(); ++n) {
      threads.emplace_back([&, n] {
        Worker worker(cache, paths, n);
        const auto write_one = [&](std::size_t i, std::size_t version) { write(i, version); };
        for (; !ends; ++steps) failures += worker.step(write_one, truncate, is_good) ? 0 : 1;
        kept[n] = worker.take_kept();
      });
    }
    std::this_thread::sleep_for(length);
    ends = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failures, 0u);
    EXPECT_GT(steps, 100u);
    // Pins of threads that are gone are let go by this one.
    for (const auto& pins : kept)
      for (const auto& [i, module] : pins) EXPECT_TRUE(is_good(module, i));
  }
};

std::string name_of(const testing::TestParamInfo<Mix>& info) { return info.param.name; }

TEST_P(ThreadsWith, EverythingAtOnce) {
  const CacheOptions& options = GetParam().options;
  const int descriptors = os::descriptor_count();
  const std::size_t mappings = os::mapping_count(folder_);
  {
    auto cache = SmfCache::create(options);
    ASSERT_TRUE(cache);
    std::function<void(std::size_t)> truncate;
    if (GetParam().truncates)
      truncate = [&](std::size_t i) { EXPECT_EQ(::truncate(path(i).c_str(), 0), 0); };
    run(*cache, truncate);
    EXPECT_EQ(cache->stats().held_files, 0u);
    EXPECT_LE(cache->stats().files, kFiles / 2);
    EXPECT_LE(os::mapping_count(folder_), mappings + cache->stats().files);
    // What was written last is seen.
    if (options.revalidation == Revalidation::kWatch) {
      EXPECT_EQ(cache->stats().unwatched, 0u);
      for (std::size_t i = 0; i < kFiles; ++i) {
        write(i, 999'999);
        EXPECT_TRUE(ends_with(*cache->get(path(i)), "999999")) << i;
      }
    }
  }
  EXPECT_EQ(os::descriptor_count(), descriptors);
  EXPECT_EQ(os::mapping_count(folder_), mappings);
}

constexpr std::size_t kMost = kFiles / 2;
constexpr auto kOften = std::chrono::milliseconds(5);
INSTANTIATE_TEST_SUITE_P(
    Mixes, ThreadsWith,
    testing::Values(Mix{"Replacing", {.max_files = kMost, .interval = kOften}},
                    Mix{"Watching",
                        {.max_files = kMost,
                         .eviction = EvictionKind::kSieve,
                         .revalidation = Revalidation::kWatch,
                         .interval = std::chrono::milliseconds(0)}},
                    Mix{"Truncating", {.max_files = kMost, .interval = kOften}, true},
                    Mix{"TruncatingMapped",
                        {.max_files = kMost, .interval = kOften, .placement = Placement::kMap},
                        true},
                    Mix{"TruncatingShared",
                        {.max_files = kMost,
                         .interval = kOften,
                         .placement = Placement::kMap,
                         .share_content = true},
                        true}),
    name_of);

// A module is cut while two threads read all of it, over and over: they live, and know.
TEST_F(Threads, TruncationUnderTwoReaders) {
  const int rounds = is_long() ? 10'000 : 200;
  auto cache =
      SmfCache::create({.revalidation = Revalidation::kNever, .placement = Placement::kMap});
  ASSERT_TRUE(cache);
  for (int round = 0; round < rounds; ++round) {
    write(0, 0);
    cache->evict(path(0));
    const auto module = cache->get(path(0));
    ASSERT_TRUE(module);
    const SmfView view = module->view();
    std::atomic<int> started = 0;
    std::atomic<std::uint64_t> wrong = 0;
    std::vector<std::thread> readers;
    for (int n = 0; n < 2; ++n) {
      readers.emplace_back([&] {
        ++started;
        while (module->ok()) wrong += is_whole(view, 0) || !module->ok() ? 0 : 1;
      });
    }
    while (started < 2) std::this_thread::yield();
    ASSERT_EQ(::truncate(path(0).c_str(), 0), 0);
    for (std::thread& reader : readers) reader.join();
    ASSERT_EQ(wrong, 0u);
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
