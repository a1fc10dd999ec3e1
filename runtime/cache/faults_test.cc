// Whatever fails, once: the call it failed in says so, nothing is lost, torn or left behind, and
// the same calls go well afterwards.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/failing_new.h"
#include "runtime/cache/module_files.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

class Faults : public ModuleFiles, public testing::WithParamInterface<CacheOptions> {
 protected:
  static constexpr std::size_t kGets = 9;

  Faults() {
    for (std::size_t i = 0; i < 4; ++i) paths_.push_back(path(i));
    link_ = folder_ + "/link";
    std::filesystem::create_symlink(paths_[0], link_);
    version_ = folder_ + "/version";
    write(0, "module 0");
    write(2, "equal");
    write(3, "equal");
  }

  // What use() replaces. Hundreds of times, so nothing waits for the disk.
  void put_back() const {
    std::ofstream(paths_[1], std::ios::binary) << first_;
    std::ofstream(version_, std::ios::binary) << second_;
  }

  // Allocates nothing of its own.
  struct Outcome {
    std::optional<ErrorCode> created;
    std::array<std::optional<ErrorCode>, kGets> gets{};
    bool is_pin_whole = true;

    std::size_t failures() const {
      std::size_t count = created ? 1 : 0;
      for (const auto& get : gets) count += get ? 1 : 0;
      return count;
    }
    bool is_good() const {
      const auto is_known = [](const std::optional<ErrorCode>& code) {
        return !code || *code == ErrorCode::kOutOfMemory || *code == ErrorCode::kSystem;
      };
      for (const auto& get : gets)
        if (!is_known(get)) return false;
      return is_known(created) && is_pin_whole;
    }
  };

  // Loads, hits, another name, evictions for want of room, a replaced file, a pin that is held
  // meanwhile and after its module has left.
  Outcome use(const CacheOptions& options, std::optional<SmfCache>& cache) const {
    Outcome outcome;
    auto created = SmfCache::create(options);
    if (!created) {
      outcome.created = created.error().code;
      return outcome;
    }
    cache.emplace(*std::move(created));
    std::size_t n = 0;
    const auto note = [&](const Result<ModuleRef>& result) {
      if (!result) outcome.gets[n] = result.error().code;
      ++n;
    };
    auto held = cache->get(paths_[0]);
    note(held);
    note(cache->get(paths_[0]));
    note(cache->get(link_));
    note(cache->get(paths_[1]));
    note(cache->get(paths_[2]));
    note(cache->get(paths_[3]));
    ::rename(version_.c_str(), paths_[1].c_str());
    note(cache->get(paths_[1]));
    if (held) {
      auto copy = held->copy();
      note(copy);
      cache->evict(paths_[0]);
      cache->clear();
      outcome.is_pin_whole = held->view().section_count() > 0;
    } else {
      ++n;
    }
    note(cache->get(paths_[2]));
    return outcome;
  }

  // After a failure has been seen: all is well again.
  void expect_well(std::optional<SmfCache>& cache) const {
    if (!cache) return;
    for (const std::string& each : paths_) {
      cache->invalidate(each);
      const auto module = cache->get(each);
      ASSERT_TRUE(module) << module.error().describe();
      ASSERT_GT(module->view().section_count(), 0u);
    }
    const CacheStats stats = cache->stats();
    EXPECT_LE(stats.files, 2u);
    EXPECT_GE(stats.names, stats.files);
    EXPECT_EQ(stats.held_files, 0u);
    EXPECT_EQ(stats.held_bytes, 0u);
    cache->clear();
    EXPECT_EQ(cache->stats().files, 0u);
    EXPECT_EQ(cache->stats().names, 0u);
    EXPECT_EQ(cache->stats().bytes_mapped + cache->stats().bytes_read, 0u);
  }

  // Calls use_failing(), which lets the n-th of something fail and tells whether there were as
  // many, for all n.
  template <typename UseFailing>
  void fail_each(const UseFailing& use_failing) const {
    bool has_failed = true;
    for (std::int64_t n = 0; has_failed; ++n) {
      put_back();
      const int descriptors = os::descriptor_count();
      const std::size_t mappings = os::mapping_count(folder_);
      std::optional<SmfCache> cache;
      Outcome outcome;
      has_failed = use_failing(n, cache, outcome);
      ASSERT_TRUE(outcome.is_good()) << n;
      ASSERT_LE(outcome.failures(), has_failed ? 1u : 0u) << n;
      ASSERT_NO_FATAL_FAILURE(expect_well(cache)) << n;
      cache.reset();
      ASSERT_EQ(os::descriptor_count(), descriptors) << n;
      ASSERT_EQ(os::mapping_count(folder_), mappings) << n;
    }
  }

  std::vector<std::string> paths_;
  std::string link_, version_;
  const std::string first_ = module_of("first"), second_ = module_of("second, longer");
};

TEST_P(Faults, EachAllocationMayFail) {
  fail_each([&](std::int64_t n, std::optional<SmfCache>& cache, Outcome& outcome) {
    const FailingNew failing(n);
    outcome = use(GetParam(), cache);
    return failing.has_failed();
  });
}

TEST_P(Faults, EachSystemCallMayFail) {
  os::FaultCalls calls;
  CacheOptions options = GetParam();
  options.calls = &calls;
  fail_each([&](std::int64_t n, std::optional<SmfCache>& cache, Outcome& outcome) {
    calls.calls = 0;
    calls.fail_at = static_cast<int>(n);
    outcome = use(options, cache);
    calls.fail_at = -1;
    return calls.calls > n;
  });
}

std::string name_of(const testing::TestParamInfo<CacheOptions>& info) {
  return fmt::format("{}_{}_{}", info.param.placement == Placement::kMap ? "Mapped" : "Read",
                     info.param.revalidation == Revalidation::kWatch ? "Watched" : "Asked",
                     info.param.share_content ? "Shared" : "Apart");
}

INSTANTIATE_TEST_SUITE_P(Ways, Faults,
                         testing::Values(CacheOptions{.max_files = 2,
                                                      .revalidation = Revalidation::kAlways,
                                                      .placement = Placement::kRead},
                                         CacheOptions{.max_files = 2,
                                                      .eviction = EvictionKind::kSieve,
                                                      .revalidation = Revalidation::kAlways,
                                                      .placement = Placement::kMap},
                                         CacheOptions{.max_files = 2,
                                                      .revalidation = Revalidation::kAlways,
                                                      .placement = Placement::kMap,
                                                      .share_content = true},
                                         CacheOptions{.max_files = 2,
                                                      .revalidation = Revalidation::kWatch,
                                                      .interval = std::chrono::milliseconds(0),
                                                      .placement = Placement::kRead}),
                         name_of);

}  // namespace
}  // namespace smf
