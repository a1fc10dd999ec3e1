// For the fuzzer: calls of the rt_smf_* functions with any handles, beside a model that knows which
// are live, and of which kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/ffi/smf_rt.h"

namespace smf::ffi {

class HandleCalls {
 public:
  // `path` is a sample module (sample_module.h).
  HandleCalls(std::string_view path, std::function<std::uint8_t()> byte)
      : path_(path), byte_(std::move(byte)) {}
  ~HandleCalls() {
    while (!live_.empty()) free_first();
  }
  HandleCalls(const HandleCalls&) = delete;
  HandleCalls& operator=(const HandleCalls&) = delete;

  void call() {
    switch (byte_() % 16) {
      case 0:
        return make_cache();
      case 1:
        return make_jit();
      case 2:
      case 3:
        return get_module();
      case 4:
        return free(handle());
      case 5:
      case 6:
        return use_module(handle());
      case 7:
        return use_note(handle());
      case 8:
      case 9:
        return use_cache(handle());
      case 10:
        return promote();
      default:
        return use_jit(handle());
    }
  }

 private:
  enum class Kind { kCache, kModule, kJit };
  static constexpr std::size_t kMaxLive = 12;

  std::int64_t any() {
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | byte_();
    return static_cast<std::int64_t>(number);
  }
  // In most cases one that is taken.
  std::int64_t number() { return byte_() % 8 == 0 ? any() : byte_() % 5; }

  std::int64_t handle() {
    const std::uint8_t kind = byte_();
    const auto& from = kind % 8 < 5 ? order_ : freed_;
    if (kind % 8 == 7 || from.empty()) return any();
    const std::int64_t one = from[static_cast<std::size_t>(kind / 8) % from.size()];
    // Another slot, generation or kind.
    if (kind % 8 != 6) return one;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(one) +
                                     (std::uint64_t{byte_()} << byte_() % 64));
  }
  bool is(std::int64_t handle, Kind kind) const {
    const auto found = live_.find(handle);
    return found != live_.end() && found->second == kind;
  }

  // What was asked of a handle: not of the wrong ones.
  void note(bool is_success, std::int64_t handle, Kind kind) {
    SMF_CHECK(!is_success || is(handle, kind));
    if (is_success) return;
    const rt_error error = rt_last_error();
    SMF_CHECK(error.code > RT_OK && error.code <= RT_CANCELLED);
    SMF_CHECK(std::string_view(error.text).starts_with("rt_smf_"));
    SMF_CHECK(is(handle, kind) || error.code == RT_INVALID_ARGUMENT);
  }

  void add(std::int64_t handle, Kind kind) {
    SMF_CHECK(handle >= 0);
    if (handle == 0) return;
    SMF_CHECK(live_.emplace(handle, kind).second);
    for (const std::int64_t old : freed_) SMF_CHECK(old != handle);
    order_.push_back(handle);
    if (order_.size() > kMaxLive) free_first();
  }
  void free_first() { free(order_.front()); }

  void free(std::int64_t handle) {
    const bool cache = rt_smf_cache_free(handle), module = rt_smf_module_release(handle),
               jit = rt_smf_jit_free(handle);
    const auto found = live_.find(handle);
    const bool is_live = found != live_.end();
    SMF_CHECK(cache == (is_live && found->second == Kind::kCache));
    SMF_CHECK(module == (is_live && found->second == Kind::kModule));
    SMF_CHECK(jit == (is_live && found->second == Kind::kJit));
    if (!is_live) return;
    live_.erase(found);
    std::erase(order_, handle);
    freed_.push_back(handle);
    if (freed_.size() > 4 * kMaxLive) freed_.erase(freed_.begin());
  }

  template <typename Options>
  std::int64_t size_of() {
    return byte_() % 8 == 0 ? any() : static_cast<std::int64_t>(sizeof(Options)) - byte_() % 4 * 8;
  }

  void make_cache() {
    const rt_smf_cache_options options{.size = size_of<rt_smf_cache_options>(),
                                       .max_files = number(),
                                       .max_bytes = number(),
                                       .max_frame_bytes = number(),
                                       .revalidation = number(),
                                       .interval_ms = number(),
                                       .eviction = number(),
                                       .share_content = number()};
    add(rt_smf_cache_new(byte_() % 2 == 0 ? &options : nullptr), Kind::kCache);
  }

  void make_jit() {
    const rt_smf_jit_options options{
        .size = size_of<rt_smf_jit_options>(),
        .disabled = byte_() % 8 == 0 ? number() : 0,
        .update_mode = byte_() % 8 == 0 ? number() : std::int64_t{RT_SMF_UPDATE_OFF},
        .max_depth = number(),
        .trust = byte_() % 4,
        .missing_files_ok = byte_() % 3,
        .verbose = 0,
        .process_symbols = byte_() % 2,
        .cache = byte_() % 2 == 0 ? handle() : 0,
        .trap_handler = nullptr,
        .trap_context = nullptr,
        .symbol_source = nullptr,
        .symbol_context = nullptr,
        .global_source = nullptr,
        .global_context = nullptr};
    const std::int64_t made = rt_smf_jit_new(byte_() % 2 == 0 ? &options : nullptr);
    add(made, Kind::kJit);
    if (made != 0 && live_.contains(made)) load(made);
  }

  // The module, or a path near it.
  std::int64_t path_length() {
    const auto size = static_cast<std::int64_t>(path_.size());
    return byte_() % 8 == 0 ? byte_() % (size + 1) - 1 : size;
  }
  std::pair<const char*, std::int64_t> symbol() {
    static constexpr std::array<std::string_view, 10> kNames{
        "max$i64",  "max$f64",    "divide$i64",   "doubled$i64", "next$i64",
        "node$i64", "broken$i64", "identity$i64", "answer",      "table"};
    const std::uint8_t which = byte_();
    const std::string_view name = kNames[which / 2 % kNames.size()];
    const auto size = static_cast<std::int64_t>(name.size());
    return {name.data(), which % 16 == 1 ? byte_() % (size + 2) - 1 : size};
  }

  void load(std::int64_t handle) {
    note(rt_smf_jit_load(handle, path_.data(), path_length()), handle, Kind::kJit);
  }

  void get_module() {
    const std::int64_t cache = handle();
    const std::int64_t made = rt_smf_cache_get(cache, path_.data(), path_length());
    note(made != 0, cache, Kind::kCache);
    add(made, Kind::kModule);
  }

  void use_cache(std::int64_t handle) {
    rt_smf_cache_statistics stats{};
    stats.size = size_of<rt_smf_cache_statistics>();
    note(rt_smf_cache_stats(handle, &stats), handle, Kind::kCache);
    const std::int64_t length = path_length();
    note(rt_smf_cache_prefetch(handle, path_.data(), length), handle, Kind::kCache);
    note(rt_smf_cache_invalidate(handle, path_.data(), length), handle, Kind::kCache);
    if (byte_() % 2 == 0)
      note(rt_smf_cache_evict(handle, path_.data(), length), handle, Kind::kCache);
    if (byte_() % 4 == 0) note(rt_smf_cache_clear(handle), handle, Kind::kCache);
  }

  void use_module(std::int64_t handle) {
    note(rt_smf_module_section_count(handle) >= 0, handle, Kind::kModule);
    note(rt_smf_module_is_whole(handle) >= 0, handle, Kind::kModule);
    const auto [name, length] = symbol();
    rt_smf_section section;
    const bool is_found = byte_() % 2 == 0 ? rt_smf_module_section(handle, name, length, &section)
                                           : rt_smf_module_section_at(handle, number(), &section);
    note(is_found, handle, Kind::kModule);
    SMF_CHECK(is_found == (section.data != nullptr));
    for (std::int64_t i = 0; i < section.length; ++i) sum_ = sum_ + section.data[i];
    rt_smf_symbol found;
    note(rt_smf_module_symbol(handle, name, length, &found), handle, Kind::kModule);
  }

  void use_note(std::int64_t handle) {
    const rt_smf_note_rows rows = rt_smf_note_count(handle);
    note(rows.possible >= 0, handle, Kind::kModule);
    SMF_CHECK(rows.possible < 0 || rows.possible + rows.instantiations == 9);
    const auto [name, length] = symbol();
    rt_smf_note_row row;
    const bool is_found = byte_() % 2 == 0
                              ? rt_smf_note_find(handle, name, length, &row)
                              : rt_smf_note_find_template(handle, name, length, "i64", 3, &row);
    note(is_found, handle, Kind::kModule);
    for (const rt_bytes one : {row.mangled_name, row.template_name, row.type_args, row.status}) {
      SMF_CHECK((one.data != nullptr) == is_found);
      rt_free_bytes(one);
    }
  }

  void use_jit(std::int64_t handle) {
    const auto [name, length] = symbol();
    const rt_smf_jit_result result = rt_smf_jit_instantiate(handle, name, length);
    note(result.status == RT_SMF_JIT_SUCCESS, handle, Kind::kJit);
    SMF_CHECK((result.address != 0) == (result.status == RT_SMF_JIT_SUCCESS));
    SMF_CHECK(is(handle, Kind::kJit) || result.status == RT_SMF_JIT_REFUSED);
    note(rt_smf_jit_can_instantiate(handle, name, length) >= 0, handle, Kind::kJit);
    switch (byte_() % 8) {
      case 0:
        return load(handle);
      case 1:
        return note(rt_smf_jit_unload(handle, path_.data(), path_length()), handle, Kind::kJit);
      case 2:
        return note(rt_smf_jit_resolve(handle, name, length) != 0, handle, Kind::kJit);
      case 3:
        // Nobody calls it: what is compiled here is never run.
        return note(rt_smf_jit_register(handle, "double_it", 9, number()), handle, Kind::kJit);
      case 4:
        return note(rt_smf_jit_forget(handle, name, length), handle, Kind::kJit);
      case 5:
        return note(rt_smf_jit_flush(handle), handle, Kind::kJit);
      default:
        break;
    }
    rt_smf_jit_statistics stats{};
    stats.size = size_of<rt_smf_jit_statistics>();
    note(rt_smf_jit_stats(handle, &stats), handle, Kind::kJit);
  }

  void promote() {
    const auto [name, length] = symbol();
    const std::int64_t changed = rt_smf_note_promote(path_.data(), path_length(), name, length);
    SMF_CHECK(changed >= -1 && changed <= 1);
    if (changed < 0) SMF_CHECK(rt_last_error().code > RT_OK);
  }

  std::string_view path_;
  std::function<std::uint8_t()> byte_;
  std::map<std::int64_t, Kind> live_{};
  std::vector<std::int64_t> order_{};  // live, the oldest first
  std::vector<std::int64_t> freed_{};
  volatile unsigned sum_ = 0;
};

}  // namespace smf::ffi
