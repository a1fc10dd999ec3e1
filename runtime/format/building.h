// For tests: modules and payloads built into memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/format/builder.h"
#include "runtime/format/compression.h"
#include "runtime/format/seekable.h"
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

// A seekable payload, put together the way the packer does, but with frames of this size.
inline ByteVector compress_seekable(Bytes content, std::size_t frame_size) {
  FrameCompressor compressor({Algorithm::kZstd, 3});
  ByteVector out;
  std::vector<SeekFrame> frames;
  for (std::size_t at = 0; at < content.size(); at += frame_size) {
    const Bytes piece = content.subspan(at, std::min(frame_size, content.size() - at));
    const ByteVector frame = *compressor.compress(piece);
    frames.push_back({.stored_size = static_cast<std::uint32_t>(frame.size()),
                      .content_size = static_cast<std::uint32_t>(piece.size())});
    append_bytes(out, frame);
  }
  append_bytes(out, write_seek_table(frames));
  return out;
}

}  // namespace smf
