// For tests: modules built into memory.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/format/builder.h"
#include "runtime/os/input_file.h"
#include "runtime/os/output_file.h"

namespace smf {

// A path in the test's own folder that nothing else uses.
inline std::string scratch_path(std::string_view name) {
  static std::atomic<int> counter{0};
  return testing::TempDir() + std::to_string(counter++) + "-" + std::string(name);
}

inline std::string read_file(const std::string& path) {
  auto file = os::FileBytes::load(path);
  EXPECT_TRUE(file) << file.error().describe();
  return file ? std::string(as_text(file->bytes())) : std::string();
}

inline void write_file(const std::string& path, std::string_view content) {
  auto out = os::OutputFile::create(path);
  ASSERT_TRUE(out) << out.error().describe();
  ASSERT_TRUE(out->append(as_bytes(content)));
  ASSERT_TRUE(out->commit());
}

inline Result<std::string> build_bytes(const ModuleSpec& spec, unsigned jobs = 1) {
  const std::string path = scratch_path("module.smf");
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(path));
  SMF_ASSIGN(const BuildSummary summary, build_module(spec, {.jobs = jobs}, out));
  SMF_TRY(out.commit());
  std::string bytes = read_file(path);
  EXPECT_EQ(bytes.size(), summary.file_size);
  std::filesystem::remove(path);
  return bytes;
}

}  // namespace smf
