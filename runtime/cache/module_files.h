// For tests: a folder of modules, each of one section whose text tells which module and version it
// is.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/cache/cache.h"
#include "runtime/format/building.h"

namespace smf {

class ModuleFiles : public testing::Test {
 public:
  ~ModuleFiles() override { std::filesystem::remove_all(folder_); }

 protected:
  ModuleFiles() : folder_(scratch_path("modules")) { std::filesystem::create_directories(folder_); }

  std::string path(std::size_t i) const { return fmt::format("{}/module_{}.smf", folder_, i); }

  static ModuleSpec spec_of(std::string_view code) {
    ModuleSpec spec;
    spec.sections.push_back({.name = "code",
                             .type = static_cast<std::uint8_t>(SectionType::kCode),
                             .flags = kSectionRead | kSectionExec,
                             .alignment = 16,
                             .payload = text_source(std::string(code))});
    return spec;
  }
  static std::string module_of(std::string_view code) { return build_bytes(spec_of(code)).value(); }

  // Replaces what is there by renaming.
  void write(std::size_t i, std::string_view code) const { write_file(path(i), module_of(code)); }

  static std::string code_of(const ModuleRef& module) {
    const auto section = module.view().find_section("code");
    return std::string(as_text(module.view().stored(**section)));
  }

  SmfCache make(CacheOptions options, os::SystemCalls& calls) const {
    options.calls = &calls;
    auto cache = SmfCache::create(options);
    EXPECT_TRUE(cache) << cache.error().describe();
    return *std::move(cache);
  }

  std::string folder_;
};

}  // namespace smf
