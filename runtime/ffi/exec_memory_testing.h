// For the tests of ExecMemory: code to put there, calls of it, and what a refusal looks like.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/exec/machine_code.h"
#include "runtime/ffi/exec_memory.h"
#include "runtime/ffi/sample_code.h"
#include "runtime/ffi/testing.h"
#include "runtime/os/tiny_function.h"

namespace smf::ffi {

inline std::byte* at(std::int64_t address) { return reinterpret_cast<std::byte*>(address); }

inline Bytes code_of(std::span<const std::uint8_t> code) { return std::as_bytes(code); }

// `int f(void) { return number; }`
inline std::vector<std::byte> returning(std::uint32_t number) {
  const auto code = os::function_returning(number);
  return {code.begin(), code.end()};
}

template <typename... Arguments>
Result<std::int64_t> call(ExecMemory& memory, std::int64_t address, Arguments... arguments) {
  SMF_ASSIGN(const auto function, memory.begin_call(address));
  return function.run(arguments...);
}

inline bool is_trap(std::int64_t address, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) {
    const auto trap = kTrap[static_cast<std::size_t>(i) % kTrap.size()];
    if (at(address)[i] != static_cast<std::byte>(trap)) return false;
  }
  return true;
}

// Whether it is refused as what cannot be, with this in the message.
template <typename T>
testing::AssertionResult refuses(const Result<T>& result, std::string_view message,
                                 ErrorCode code = ErrorCode::kInvalidArgument) {
  if (result) return testing::AssertionFailure() << "it succeeded";
  if (result.error().code != code || !result.error().message.contains(message))
    return testing::AssertionFailure() << result.error().describe();
  return testing::AssertionSuccess();
}

// With either protection.
class Memory : public testing::TestWithParam<CodeProtection> {
 protected:
  std::int64_t alloc_with(Bytes code, std::int64_t size) {
    const std::int64_t address = memory.alloc_code(size).value();
    EXPECT_EQ(memory.write(address, code, 0), static_cast<std::int64_t>(code.size()));
    return address;
  }

  ExecMemory memory{{.protection = GetParam()}};
};

inline std::string name_of(const testing::TestParamInfo<CodeProtection>& tested) {
  return tested.param == CodeProtection::kDualMapping ? "DualMapping" : "PageProtection";
}

}  // namespace smf::ffi
