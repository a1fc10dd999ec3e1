// For tests: what holds with either protection.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "runtime/exec/tiny_code.h"

namespace smf {

inline std::string error_of(const Result<void>& result) {
  return result ? std::string("no error") : result.error().message;
}

inline Result<void> begin_of(CodeMemory& memory, std::size_t size) {
  SMF_TRY(memory.begin(size));
  return {};
}

// Everything holds with either protection.
class CodeMemoryWith : public testing::TestWithParam<CodeProtection> {
 protected:
  static CodeMemory make(CodeMemoryOptions options = {}) {
    options.protection = GetParam();
    auto memory = CodeMemory::create(options);
    EXPECT_TRUE(memory.has_value()) << memory.error().describe();
    return *std::move(memory);
  }
  static bool is_dual() { return GetParam() == CodeProtection::kDualMapping; }
};

inline std::string name_of(const testing::TestParamInfo<CodeProtection>& about) {
  return about.param == CodeProtection::kDualMapping ? "DualMapping" : "PageProtection";
}

// Not a dual mapping where an emulator is known to refuse it; anywhere else that is a failure.
inline bool allows_dual_mapping() {
  return !is_emulated() || CodeMemory::create({.protection = CodeProtection::kDualMapping});
}

inline auto either_protection() {
  std::vector<CodeProtection> protections{CodeProtection::kPageProtection};
  if (allows_dual_mapping()) protections.push_back(CodeProtection::kDualMapping);
  return testing::ValuesIn(protections);
}

}  // namespace smf
