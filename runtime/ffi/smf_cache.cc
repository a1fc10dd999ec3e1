// rt_smf_cache_*: thin over SmfCache. Values of 0 in options are its defaults.
#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "runtime/ffi/smf_objects.h"

namespace {

using smf::CacheOptions;
using smf::ErrorCode;
using smf::Result;
using smf::ffi::about;
using smf::ffi::CacheObject;
using smf::ffi::handles;
using smf::ffi::ModuleObject;
using smf::ffi::number_of;
using smf::ffi::path_of;
using smf::ffi::with;

Result<CacheOptions> cache_options(const rt_smf_cache_options* given) {
  constexpr std::uint64_t kMaxInterval = std::uint64_t{24} * 60 * 60 * 1000;  // in ms
  SMF_ASSIGN(const rt_smf_cache_options all, smf::ffi::options_of(given));
  CacheOptions options;
  SMF_ASSIGN(options.max_files, smf::ffi::count_of("max_files", all.max_files, options.max_files));
  SMF_ASSIGN(options.max_bytes, smf::ffi::count_of("max_bytes", all.max_bytes, options.max_bytes));
  SMF_ASSIGN(options.max_frame_bytes,
             smf::ffi::count_of("max_frame_bytes", all.max_frame_bytes, options.max_frame_bytes));
  SMF_ASSIGN(options.revalidation,
             smf::ffi::choice_of("revalidation", all.revalidation,
                                 {smf::Revalidation::kInterval, smf::Revalidation::kAlways,
                                  smf::Revalidation::kNever, smf::Revalidation::kWatch}));
  SMF_ASSIGN(const std::uint64_t interval,
             smf::ffi::count_of("interval_ms", all.interval_ms,
                                static_cast<std::uint64_t>(options.interval.count())));
  if (interval > kMaxInterval)
    return smf::ffi::refuse(
        fmt::format("interval_ms is {}: more than a day, {}", interval, kMaxInterval));
  options.interval = std::chrono::milliseconds(interval);
  SMF_ASSIGN(options.eviction,
             smf::ffi::choice_of("eviction", all.eviction,
                                 {smf::EvictionKind::kLru, smf::EvictionKind::kSieve}));
  SMF_ASSIGN(options.share_content, smf::ffi::yes_or_no("share_content", all.share_content));
  return options;
}

// `work` gets the cache and the path.
bool about_path_of_cache(const char* name, std::int64_t cache, const char* path,
                         std::int64_t length, const auto& work) {
  return with<CacheObject>(name, cache, [&](CacheObject& object) -> Result<void> {
    SMF_ASSIGN(const std::string_view text, path_of(path, length));
    return work(object.cache, text);
  });
}

Result<void> found_in_cache(bool is_there, std::string_view path) {
  if (is_there) return {};
  return smf::fail(ErrorCode::kNotFound, fmt::format("'{}' is not in the cache", path));
}

}  // namespace

int64_t rt_smf_cache_new(const rt_smf_cache_options* options) {
  static constexpr const char* kName = "rt_smf_cache_new";
  return smf::ffi::at_boundary(
      kName, std::int64_t{0},
      [&]() -> Result<std::int64_t> {
        SMF_ASSIGN(const CacheOptions all, cache_options(options));
        SMF_ASSIGN(smf::SmfCache cache, smf::SmfCache::create(all));
        return handles().add(std::make_shared<CacheObject>(std::move(cache)));
      },
      [] { return std::string(kName); });
}

bool rt_smf_cache_free(int64_t cache) {
  return about("rt_smf_cache_free", false, cache, [=]() -> Result<bool> {
    SMF_TRY(handles().remove<CacheObject>(cache));
    return true;
  });
}

int64_t rt_smf_cache_get(int64_t cache, const char* path, int64_t path_length) {
  return about("rt_smf_cache_get", std::int64_t{0}, cache, [=]() -> Result<std::int64_t> {
    SMF_ASSIGN(const auto object, handles().find<CacheObject>(cache));
    SMF_ASSIGN(const std::string_view text, path_of(path, path_length));
    SMF_ASSIGN(smf::ModuleRef module, object->cache.get(text));
    return handles().add(std::make_shared<ModuleObject>(std::move(module)));
  });
}

bool rt_smf_cache_prefetch(int64_t cache, const char* path, int64_t path_length) {
  return about_path_of_cache("rt_smf_cache_prefetch", cache, path, path_length,
                             [](auto& of, std::string_view text) { return of.prefetch(text); });
}

bool rt_smf_cache_evict(int64_t cache, const char* path, int64_t path_length) {
  return about_path_of_cache(
      "rt_smf_cache_evict", cache, path, path_length,
      [](auto& of, std::string_view text) { return found_in_cache(of.evict(text), text); });
}

bool rt_smf_cache_invalidate(int64_t cache, const char* path, int64_t path_length) {
  return about_path_of_cache(
      "rt_smf_cache_invalidate", cache, path, path_length,
      [](auto& of, std::string_view text) { return found_in_cache(of.invalidate(text), text); });
}

bool rt_smf_cache_clear(int64_t cache) {
  return with<CacheObject>("rt_smf_cache_clear", cache, [](CacheObject& object) -> Result<void> {
    object.cache.clear();
    return {};
  });
}

bool rt_smf_cache_stats(int64_t cache, rt_smf_cache_statistics* statistics) {
  return with<CacheObject>("rt_smf_cache_stats", cache, [=](CacheObject& object) -> Result<void> {
    const smf::CacheStats stats = object.cache.stats();
    return smf::ffi::give(
        rt_smf_cache_statistics{.size = 0,
                                .files = number_of(stats.files),
                                .names = number_of(stats.names),
                                .bytes_read = number_of(stats.bytes_read),
                                .bytes_mapped = number_of(stats.bytes_mapped),
                                .bytes_decompressed = number_of(stats.bytes_decompressed),
                                .bytes_frames = number_of(stats.bytes_frames),
                                .held_files = number_of(stats.held_files),
                                .held_bytes = number_of(stats.held_bytes),
                                .hits = number_of(stats.hits),
                                .misses = number_of(stats.misses),
                                .evictions = number_of(stats.evictions),
                                .revalidations = number_of(stats.revalidations),
                                .replacements = number_of(stats.replacements),
                                .note_updates = number_of(stats.note_updates),
                                .errors = number_of(stats.errors)},
        statistics);
  });
}
