// SmfCache against a textbook cache: a mutex, an unordered_map and a list.
//
//   ./bazelw run -c opt //bench:cache_bench
//
// Both hold the same 1 000 modules under paths of 60 bytes, and each hit pins a module and lets it
// go. The textbook's pin is a shared_ptr; its list is moved at each hit, as LRU has it. Keys are
// uniform, in an order that is made before anything is timed. Two threads are kept on two
// processors; the time of one of their hits is given, so twice the rate of one thread is the same
// time. How hits are distributed follows, timed in groups (latencies.h).
//
// Rows load_*: opening, checking and closing a module, mapped and read; ours is what a cache would
// do of the two, and is told to read where they are 4 KiB. At the end, the system calls of a hit.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/instructions.h"
#include "bench/latencies.h"
#include "bench/ratios.h"
#include "bench/results.h"
#include "bench/system_calls.h"
#include "bench/temporary_folder.h"
#include "runtime/base/check.h"
#include "runtime/cache/cache.h"
#include "runtime/format/builder.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kModules = 1000;
constexpr std::size_t kPathSize = 60;
constexpr int kHitsInGroup = 16;  // one is about as short as reading the clock
constexpr int kGroups = 500;      // whenever the benchmark's function is called

// A folder of modules, gone at the end.
class Modules {
 public:
  Modules() : folder_(own_path("cache_bench")) {
    fs::create_directories(folder_);
    for (std::size_t i = 0; i < kModules; ++i) {
      std::string path = fmt::format("{}/{:05}", folder_.string(), i);
      path += std::string(kPathSize - std::min(kPathSize - 4, path.size()) - 4, 'x') + ".smf";
      make(path, 3000);
      paths_.push_back(std::move(path));
    }
    make(large(), 1u << 20);
    std::mt19937 random(1);
    order_.resize(1u << 16);
    for (std::uint32_t& i : order_) i = random() % kModules;
  }
  ~Modules() { fs::remove_all(folder_); }

  const std::vector<std::string>& paths() const { return paths_; }
  // A path a call, the same sequence for whoever starts at the same place.
  const std::string& path(std::uint64_t n) const { return paths_[order_[n % order_.size()]]; }

  // One of 1 MiB of code.
  std::string large() const { return (folder_ / "large.smf").string(); }

  static const Modules& get() {
    static const Modules kModulesOfRun;
    return kModulesOfRun;
  }

 private:
  static void make(const std::string& path, std::size_t code) {
    ModuleSpec spec;
    spec.sections.push_back({.name = "code",
                             .type = static_cast<std::uint8_t>(SectionType::kCode),
                             .flags = kSectionRead | kSectionExec,
                             .alignment = 16,
                             .payload = text_source(std::string(code, '\xC3'))});
    auto out = os::OutputFile::create(path);
    SMF_CHECK(out && build_module(spec, {.jobs = 1}, *out) && out->commit());
  }

  fs::path folder_;
  std::vector<std::string> paths_;
  std::vector<std::uint32_t> order_;
};

class Textbook {
 public:
  std::shared_ptr<const ModuleFile> get(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (const auto known = by_path_.find(path); known != by_path_.end()) {
      order_.splice(order_.begin(), order_, known->second);
      return known->second->second;
    }
    auto file = ModuleFile::load(path, {}, slabs_, os::SystemCalls::kernel());
    SMF_CHECK(file);
    order_.emplace_front(path, std::make_shared<const ModuleFile>(*std::move(file)));
    by_path_.emplace(path, order_.begin());
    return order_.front().second;
  }

 private:
  using Order = std::list<std::pair<std::string, std::shared_ptr<const ModuleFile>>>;
  Slabs slabs_ = *Slabs::create();
  std::mutex mutex_;
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_path_;
};

SmfCache& ours(Revalidation revalidation) {
  static SmfCache caches[] = {*SmfCache::create({.revalidation = Revalidation::kAlways}),
                              *SmfCache::create(),
                              *SmfCache::create({.revalidation = Revalidation::kNever})};
  return caches[static_cast<std::size_t>(revalidation)];
}

void keep_on_processor(int number) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(number, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

// `name`: the benchmark's.
template <typename Get>
void hits(benchmark::State& state, const char* name, const Get& get) {
  const Modules& modules = Modules::get();
  for (const std::string& path : modules.paths()) SMF_CHECK(get(path));
  if (state.threads() > 1) keep_on_processor(state.thread_index());
  auto n = static_cast<std::uint64_t>(state.thread_index()) * 7919;
  for (auto _ : state) {
    const auto module = get(modules.path(n++));
    benchmark::DoNotOptimize(&module);
  }
  time_each(name, 0, kGroups, kHitsInGroup, [&](int) {
    const auto module = get(modules.path(n++));
    benchmark::DoNotOptimize(&module);
  });
}

void hit_ours(benchmark::State& state, const char* name, Revalidation revalidation) {
  SmfCache& cache = ours(revalidation);
  hits(state, name, [&](const std::string& path) { return cache.get(path); });
}

// A cache for each thread: what two processors do that share nothing.
void hit_unshared(benchmark::State& state, const char* name) {
  static SmfCache caches[] = {*SmfCache::create({.revalidation = Revalidation::kNever}),
                              *SmfCache::create({.revalidation = Revalidation::kNever})};
  SmfCache& cache = caches[state.thread_index()];
  hits(state, name, [&](const std::string& path) { return cache.get(path); });
}

void hit_textbook(benchmark::State& state, const char* name) {
  static Textbook cache;
  hits(state, name, [&](const std::string& path) { return cache.get(path); });
}

// Another pin of a module that is pinned already.
void pin_again(benchmark::State& state) {
  const auto module = ours(Revalidation::kNever).get(Modules::get().path(0));
  SMF_CHECK(module);
  for (auto _ : state) {
    const auto copy = module->copy();
    benchmark::DoNotOptimize(&copy);
  }
}

void load_one(const std::string& path, Placement placement, Slabs& slabs) {
  const auto file =
      ModuleFile::load(path, {.placement = placement}, slabs, os::SystemCalls::kernel());
  benchmark::DoNotOptimize(file->view().header().module_hash);
}

// In a program that has loaded others. The first one may bring a huge page, which would be all of a
// sample that has only that one.
template <Placement kPlacement>
void load(benchmark::State& state) {
  const Modules& modules = Modules::get();
  Slabs slabs = *Slabs::create();
  std::uint64_t n = 0;
  load_one(modules.path(n++), kPlacement, slabs);
  for (auto _ : state) load_one(modules.path(n++), kPlacement, slabs);
}

// In a program that loads no other: with all that the slab takes, and gives back.
void load_alone(benchmark::State& state, Placement placement) {
  const Modules& modules = Modules::get();
  std::uint64_t n = 0;
  for (auto _ : state) {
    Slabs slabs = *Slabs::create();
    load_one(modules.path(n++), placement, slabs);
  }
}

void load_large(benchmark::State& state, Placement placement) {
  const std::string path = Modules::get().large();
  Slabs slabs = *Slabs::create();
  load_one(path, placement, slabs);
  for (auto _ : state) load_one(path, placement, slabs);
}

// The same four calls and nothing else, into memory that is there: what the system takes of it.
void load_calls(benchmark::State& state) {
  const Modules& modules = Modules::get();
  std::vector<std::byte> buffer(1u << 16);
  std::uint64_t n = 0;
  for (auto _ : state) {
    const int file = ::open(modules.path(n++).c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status{};
    SMF_CHECK(file >= 0 && ::fstat(file, &status) == 0);
    SMF_CHECK(::pread(file, buffer.data(), static_cast<std::size_t>(status.st_size), 0) > 0);
    ::close(file);
    benchmark::DoNotOptimize(buffer.data());
  }
}

// A name is told to whoever measures hits one by one.
template <typename F, typename... Arguments>
void register_hits(const char* name, int threads, F function, Arguments... arguments) {
  if (threads == 1) {
    benchmark::RegisterBenchmark(name, function, name, arguments...);
  } else {
    benchmark::RegisterBenchmark(name, function, name, arguments...)
        ->Threads(threads)
        ->UseRealTime();
  }
}

void register_all() {
  using enum Revalidation;
  register_deterministic("hit/ours", 1000, hit_ours, "hit/ours", kNever);
  register_hits("hit/ours_interval", 1, hit_ours, kInterval);
  register_hits("hit/ours_always", 1, hit_ours, kAlways);
  register_deterministic("hit/textbook", 1000, hit_textbook, "hit/textbook");
  register_hits("hit_2_threads/ours", 2, hit_ours, kNever);
  register_hits("hit_2_threads/unshared", 2, hit_unshared);
  register_hits("hit_2_threads/textbook", 2, hit_textbook);
  register_deterministic("pin_again/ours", 1000, pin_again);
  benchmark::RegisterBenchmark("load_4_kib/system_calls_alone", load_calls);
  register_deterministic("load_4_kib/ours", 1000, load<Placement::kRead>);
  benchmark::RegisterBenchmark("load_4_kib/mapped", load<Placement::kMap>);
  benchmark::RegisterBenchmark("load_4_kib_alone/ours", load_alone, Placement::kRead);
  benchmark::RegisterBenchmark("load_4_kib_alone/mapped", load_alone, Placement::kMap);
  benchmark::RegisterBenchmark("load_1_mib/ours", load_large, Placement::kBySize);
  benchmark::RegisterBenchmark("load_1_mib/read", load_large, Placement::kRead);
  benchmark::RegisterBenchmark("load_1_mib/mapped", load_large, Placement::kMap);
}

void count_calls(const std::string& who, Revalidation revalidation) {
  const Modules& modules = Modules::get();  // removed by this process
  add_system_calls("hit", who, 1000, [&] {
    const auto cache =
        std::make_shared<SmfCache>(*SmfCache::create({.revalidation = revalidation}));
    for (const std::string& path : modules.paths()) SMF_CHECK(cache->get(path));
    return [cache, &modules](int i) {
      SMF_CHECK(cache->get(modules.path(static_cast<std::uint64_t>(i))));
    };
  });
}

void report() {
  count_calls("ours", Revalidation::kNever);
  count_calls("ours_always", Revalidation::kAlways);
  tell_left_out({"leveldb", "rocksdb"}, "built without --define=peers=db");
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) {
  smf::bench::register_all();
  return smf::bench::run_benchmarks(argc, argv, smf::bench::report);
}
