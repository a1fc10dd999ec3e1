// What handles stand for, and what the rt_smf_* functions have in common.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/cache/cache.h"
#include "runtime/ffi/arguments.h"
#include "runtime/ffi/boundary.h"
#include "runtime/ffi/handles.h"
#include "runtime/ffi/smf_rt.h"
#include "runtime/note/lookup.h"

namespace smf::ffi {

struct CacheObject {
  static constexpr HandleKind kKind = HandleKind::kCache;
  explicit CacheObject(SmfCache made) : cache(std::move(made)) {}

  SmfCache cache;
};

// A pin, and what was found out about the note.
struct ModuleObject {
  static constexpr HandleKind kKind = HandleKind::kModule;
  explicit ModuleObject(ModuleRef pin) : module(std::move(pin)) {}

  // Asked after reading.
  Result<void> check_whole() const {
    if (module.ok()) return {};
    return fail(ErrorCode::kInvalidInput, "the file was truncated while it was mapped");
  }

  ModuleRef module;
  std::mutex lookup_mutex{};
  std::optional<NoteLookup> lookup{};  // gone before the module is
};

// `work` is about an object with this handle.
template <typename T, typename Work>
T about(const char* name, T failure, std::int64_t handle, const Work& work) noexcept {
  return at_boundary(name, failure, work, [=] {
    return fmt::format("{}(0x{:x})", name, static_cast<std::uint64_t>(handle));
  });
}

// The same, of an object that is found, and of whose work nothing comes but an error.
template <typename Object, typename Work>
bool with(const char* name, std::int64_t handle, const Work& work) noexcept {
  return about(name, false, handle, [&]() -> Result<bool> {
    SMF_ASSIGN(const auto object, handles().find<Object>(handle));
    SMF_TRY(work(*object));
    return true;
  });
}

// How long the caller's struct is, which is one of this library's or of an earlier one.
template <typename Struct>
Result<std::size_t> size_of(std::string_view what, const Struct& given) {
  static_assert(std::is_trivially_copyable_v<Struct> && sizeof(Struct) % 8 == 0);
  if (given.size < 8 || given.size % 8 != 0)
    return refuse(fmt::format("the {}' size is {}: that of no such struct", what, given.size));
  const auto size = static_cast<std::uint64_t>(given.size);
  if (size > sizeof(Struct))
    return fail(ErrorCode::kUnsupported,
                fmt::format("the {} are of a later version: they have {} bytes, and {} are known",
                            what, size, sizeof(Struct)));
  return size;
}

// Of a null pointer, and behind the caller's size, all is 0.
template <typename Options>
Result<Options> options_of(const Options* given) {
  Options all{};
  if (given == nullptr) return all;
  SMF_ASSIGN(const std::size_t size, size_of("options", *given));
  std::memcpy(&all, given, size);
  return all;
}

// As much as the caller's struct has room for; its size stays.
template <typename Statistics>
Result<void> give(Statistics all, Statistics* to) {
  if (to == nullptr) return refuse("the statistics are null");
  SMF_ASSIGN(const std::size_t size, size_of("statistics", *to));
  all.size = to->size;
  std::memcpy(to, &all, size);
  return {};
}

// One of the values, by its number.
template <typename T>
Result<T> choice_of(std::string_view what, std::int64_t number, std::initializer_list<T> values) {
  if (number >= 0 && static_cast<std::uint64_t>(number) < values.size())
    return values.begin()[number];
  return refuse(
      fmt::format("{} {} is unknown: 0 to {} are known", what, number, values.size() - 1));
}

inline Result<bool> yes_or_no(std::string_view what, std::int64_t number) {
  return choice_of(what, number, {false, true});
}

// 0 is `usual`.
inline Result<std::uint64_t> count_of(std::string_view what, std::int64_t number,
                                      std::uint64_t usual) {
  SMF_TRY(check_not_negative(what, number));
  return number == 0 ? usual : static_cast<std::uint64_t>(number);
}

constexpr std::int64_t number_of(std::uint64_t count) { return static_cast<std::int64_t>(count); }

}  // namespace smf::ffi
