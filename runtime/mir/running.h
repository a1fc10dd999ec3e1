// For tests: templates from texts, and calls of what becomes of them.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/mir/binary.h"
#include "runtime/mir/interpreter.h"
#include "runtime/mir/json.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/text.h"

namespace smf::mir {

// The name of the type that C++ calls T.
template <typename T>
std::string_view type_name() {
  if constexpr (std::is_same_v<T, float>) {
    return "f32";
  } else if constexpr (std::is_same_v<T, double>) {
    return "f64";
  } else {
    constexpr std::string_view kSigned[] = {"i8", "i16", "i32", "i64"};
    constexpr std::string_view kUnsigned[] = {"u8", "u16", "u32", "u64"};
    constexpr int kIndex = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return std::is_signed_v<T> ? kSigned[kIndex] : kUnsigned[kIndex];
  }
}

// As a Slice and as text are passed.
template <typename T>
struct SliceOf {
  T* data = nullptr;
  std::uint64_t size = 0;
};
struct Text {
  const char* data = nullptr;
  std::uint64_t size = 0;

  Text() = default;
  Text(std::string_view text) : data(text.data()), size(text.size()) {}  // NOLINT
  std::string_view view() const { return {data, size}; }
};

class Running {
 public:
  explicit Running(const InterpreterOptions& options = {.is_checked = true})
      : interpreter(program, layouts, options) {}

  void add(std::string_view text) {
    auto unit = read_text(text);
    ASSERT_TRUE(unit.has_value()) << unit.error().describe();
    const auto added = program.add(*std::move(unit));
    ASSERT_TRUE(added.has_value()) << added.error().describe();
  }
  // One of testdata/templates, after a way through all its forms: text, JSON, bytes.
  void add_file(const std::string& name) {
    std::ifstream file("testdata/templates/" + name);
    ASSERT_TRUE(file.is_open()) << name;
    std::stringstream text;
    text << file.rdbuf();
    const auto from_text = read_text(text.str());
    ASSERT_TRUE(from_text.has_value()) << from_text.error().describe();
    const auto from_json = read_json(write_json(*from_text));
    ASSERT_TRUE(from_json.has_value()) << from_json.error().describe();
    auto unit = read_binary(write_binary(*from_json));
    ASSERT_TRUE(unit.has_value()) << unit.error().describe();
    const auto added = program.add(*std::move(unit));
    ASSERT_TRUE(added.has_value()) << added.error().describe();
  }
  Result<FunctionId> make(std::string_view name, std::initializer_list<std::string_view> types) {
    Callee callee{.name = std::string(name)};
    for (const std::string_view type : types) {
      SMF_ASSIGN(const TypeId id, program.type(type));
      callee.arguments.push_back(id);
    }
    return program.make(callee);
  }
  template <typename R, typename... Arguments>
  std::expected<R, Trap> call(std::string_view name, std::initializer_list<std::string_view> types,
                              const Arguments&... arguments) {
    const auto function = make(name, types);
    if (!function)
      return std::unexpected(
          Trap{.kind = Trap::Kind::kInvalid, .message = function.error().message});
    const std::array<const void*, sizeof...(arguments)> pointers{&arguments...};
    R result{};
    if (auto done = interpreter.run(*function, pointers, &result); !done)
      return std::unexpected(std::move(done).error());
    return result;
  }
  // A call that has to go well; the message, where it does not.
  template <typename R, typename... Arguments>
  R value(std::string_view name, std::initializer_list<std::string_view> types,
          const Arguments&... arguments) {
    auto result = call<R>(name, types, arguments...);
    EXPECT_TRUE(result.has_value()) << name << ": " << result.error().function << ", block "
                                    << result.error().block << ": " << result.error().message;
    return result.value_or(R{});
  }
  template <typename... Arguments>
  void done(std::string_view name, std::initializer_list<std::string_view> types,
            const Arguments&... arguments) {
    value<std::array<std::byte, 16>>(name, types, arguments...);
  }
  // Why a call does not go well.
  template <typename... Arguments>
  Trap trap(std::string_view name, std::initializer_list<std::string_view> types,
            const Arguments&... arguments) {
    auto result = call<std::array<std::byte, 16>>(name, types, arguments...);
    EXPECT_FALSE(result.has_value()) << name;
    return result ? Trap{} : std::move(result).error();
  }
  template <typename T>
  void lend(std::vector<T>& values) {
    const auto* const begin = reinterpret_cast<const std::byte*>(values.data());
    const std::byte* const end = begin + values.size() * sizeof(T);
    // What was lent before, and is gone, may have been where this is.
    std::erase_if(lent_, [&](const auto& other) {
      const bool is_there = other.first < end && begin < other.second;
      if (is_there) interpreter.take_back(other.first);
      return is_there;
    });
    interpreter.lend(begin, values.size() * sizeof(T), true);
    lent_.emplace_back(begin, end);
  }

  Program program{};
  Layouts layouts{program};
  Interpreter interpreter;

 private:
  std::vector<std::pair<const std::byte*, const std::byte*>> lent_{};
};

}  // namespace smf::mir
