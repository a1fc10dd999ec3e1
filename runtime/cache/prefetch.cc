#include "runtime/cache/prefetch.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/cache/cache_state.h"

namespace smf::internal {
namespace {

// Ends when no path is left.
void prefetch_some(std::span<const std::string> paths, const PrefetchOne& one,
                   std::atomic<std::size_t>& next, std::span<Result<bool>> results) {
  for (std::size_t i = next.fetch_add(1); i < paths.size(); i = next.fetch_add(1))
    results[i] = one(paths[i]);
}

}  // namespace

Result<bool> prefetch(CacheState& state, std::string_view path, os::Advice advice) try {
  ModuleRef module = state.find(path);
  const bool is_new = !module;
  if (is_new) {
    SMF_ASSIGN(module, state.get(path));
  }
  // Reading ahead is only a hint; who wants the pages in memory has to know that they are not.
  const auto advised = module.advise(advice);
  if (!advised && advice != os::Advice::kWillNeed) return std::unexpected(advised.error());
  return is_new;
} catch (const std::bad_alloc&) {
  return std::unexpected(Error{.code = ErrorCode::kOutOfMemory});
}

Result<PrefetchReport> prefetch_all(std::span<const std::string> paths, unsigned workers,
                                    const PrefetchOne& one, const StartThread& start) try {
  if (workers == 0) workers = std::max(1u, std::thread::hardware_concurrency());
  const std::size_t most = std::min<std::size_t>(workers, CacheOptions::kMaxLoadWorkers);
  const std::size_t helpers = paths.empty() ? 0 : std::min(most, paths.size()) - 1;
  std::vector<Result<bool>> results(paths.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  threads.reserve(helpers);
  const auto run = [&] { prefetch_some(paths, one, next, results); };
  try {
    while (threads.size() < helpers) threads.push_back(start(run));
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  run();
  for (std::thread& thread : threads) thread.join();

  PrefetchReport report;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!results[i])
      report.failures.push_back({.path = paths[i], .error = std::move(results[i]).error()});
    else
      ++(*results[i] ? report.loaded : report.already_there);
  }
  return report;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the report");
}

}  // namespace smf::internal
