// The caches of LevelDB and RocksDB, in cache_bench's rows hit/… and hit_2_threads/….
//
//   apt-get install libleveldb-dev librocksdb-dev         (Debian 12: LevelDB 1.23, RocksDB 7.8)
//   ./bazelw run -c opt --define=peers=db //bench:cache_bench
//
// As in hit/ours: 1 000 keys of 60 bytes, asked for uniformly in the order that is made there, an
// entry looked up and let go. A hit of theirs is a look-up by a key alone; nothing of a file is
// asked. HyperClockCache takes keys of 16 bytes and no others, which are less to hash and compare
// than ours: its rows say so. Values are pointers to nothing that is read.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <rocksdb/cache.h>
#include <rocksdb/version.h>
#include <sched.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/latencies.h"
#include "bench/results.h"
#include "runtime/base/check.h"

static_assert(ROCKSDB_MAJOR == 7, "Cache::Insert() and Lookup() differ in other versions");

namespace smf::bench {
namespace {

constexpr std::size_t kKeys = 1000;
constexpr std::size_t kCapacity =
    16 * kKeys;                        // of entries that cost 1: sharded caches fill unevenly
constexpr std::size_t kPathSize = 60;  // bytes, as in cache_bench.cc
constexpr std::size_t kHyperClockKeySize = 16;
constexpr int kHitsInGroup = 16, kGroups = 500;  // as in cache_bench.cc

class Keys {
 public:
  explicit Keys(std::size_t size) : order_(1u << 16) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      std::string key = fmt::format("{:05}", i);
      key += std::string(size - key.size(), 'x');
      keys_.push_back(std::move(key));
    }
    std::mt19937 random(1);
    for (std::uint32_t& i : order_) i = random() % kKeys;
  }

  const std::vector<std::string>& all() const { return keys_; }
  const std::string& key(std::uint64_t n) const { return keys_[order_[n % order_.size()]]; }

 private:
  std::vector<std::string> keys_;
  std::vector<std::uint32_t> order_;
};

class LevelDb {
 public:
  static constexpr const char* kName = "leveldb";
  static constexpr std::size_t kKeySize = kPathSize;
  LevelDb() : cache_(leveldb::NewLRUCache(kCapacity)) {}

  void insert(const std::string& key) {
    cache_->Release(cache_->Insert(key, this, 1, [](const leveldb::Slice&, void*) {}));
  }
  bool hit(const std::string& key) {
    leveldb::Cache::Handle* const handle = cache_->Lookup(key);
    if (handle == nullptr) return false;
    benchmark::DoNotOptimize(cache_->Value(handle));
    cache_->Release(handle);
    return true;
  }

 private:
  std::unique_ptr<leveldb::Cache> cache_;
};

class RocksDb {
 public:
  explicit RocksDb(std::shared_ptr<rocksdb::Cache> cache) : cache_(std::move(cache)) {}

  void insert(const std::string& key) {
    SMF_CHECK(cache_->Insert(key, this, 1, [](const rocksdb::Slice&, void*) {}).ok());
  }
  bool hit(const std::string& key) {
    rocksdb::Cache::Handle* const handle = cache_->Lookup(key);
    if (handle == nullptr) return false;
    benchmark::DoNotOptimize(cache_->Value(handle));
    cache_->Release(handle);
    return true;
  }

 private:
  std::shared_ptr<rocksdb::Cache> cache_;
};

class RocksDbLru : public RocksDb {
 public:
  static constexpr const char* kName = "rocksdb_lru";
  static constexpr std::size_t kKeySize = kPathSize;
  RocksDbLru() : RocksDb(rocksdb::NewLRUCache(options())) {}

 private:
  static rocksdb::LRUCacheOptions options() {
    rocksdb::LRUCacheOptions options;
    options.capacity = kCapacity;
    options.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
    return options;
  }
};

class RocksDbHyperClock : public RocksDb {
 public:
  static constexpr const char* kName = "rocksdb_hyper_clock_16_byte_keys";
  static constexpr std::size_t kKeySize = kHyperClockKeySize;
  RocksDbHyperClock() : RocksDb(options().MakeSharedCache()) {}

 private:
  static rocksdb::HyperClockCacheOptions options() {
    rocksdb::HyperClockCacheOptions options(kCapacity, /*_estimated_entry_charge=*/1);
    options.metadata_charge_policy = rocksdb::kDontChargeCacheMetadata;
    return options;
  }
};

void keep_on_processor(int number) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(number, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

template <typename Cache>
void hits(benchmark::State& state) {
  static const Keys kKeysOfRun(Cache::kKeySize);
  static Cache& cache = *[] {
    static Cache made;
    for (const std::string& key : kKeysOfRun.all()) made.insert(key);
    return &made;
  }();
  for (const std::string& key : kKeysOfRun.all()) SMF_CHECK(cache.hit(key));
  if (state.threads() > 1) keep_on_processor(state.thread_index());
  auto n = static_cast<std::uint64_t>(state.thread_index()) * 7919;
  for (auto _ : state) benchmark::DoNotOptimize(cache.hit(kKeysOfRun.key(n++)));
  const std::string row = state.threads() > 1 ? "hit_2_threads" : "hit";
  time_each(fmt::format("{}/{}", row, Cache::kName), 0, kGroups, kHitsInGroup,
            [&](int) { benchmark::DoNotOptimize(cache.hit(kKeysOfRun.key(n++))); });
}

[[maybe_unused]] const bool kIsTold =
    tell_library("leveldb",
                 fmt::format("{}.{}", int{leveldb::kMajorVersion}, int{leveldb::kMinorVersion})) &&
    tell_library("rocksdb", fmt::format("{}.{}.{}", ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH));

BENCHMARK(hits<LevelDb>)->Name("hit/leveldb");
BENCHMARK(hits<RocksDbLru>)->Name("hit/rocksdb_lru");
BENCHMARK(hits<RocksDbHyperClock>)->Name("hit/rocksdb_hyper_clock_16_byte_keys");
BENCHMARK(hits<LevelDb>)->Name("hit_2_threads/leveldb")->Threads(2)->UseRealTime();
BENCHMARK(hits<RocksDbLru>)->Name("hit_2_threads/rocksdb_lru")->Threads(2)->UseRealTime();
BENCHMARK(hits<RocksDbHyperClock>)
    ->Name("hit_2_threads/rocksdb_hyper_clock_16_byte_keys")
    ->Threads(2)
    ->UseRealTime();

}  // namespace
}  // namespace smf::bench
