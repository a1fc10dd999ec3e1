#include "bench/modules.h"

#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/format/builder.h"
#include "runtime/os/output_file.h"

namespace smf::bench {
namespace {

constexpr std::uint64_t kMostTables = 768;  // bytes of a module that are no payload

// The size of the file.
std::uint64_t make_module(const std::string& path, std::uint64_t payload, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  ByteVector bytes(align_up(payload, sizeof(std::uint64_t)));
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t))
    store<std::uint64_t>(bytes, at, random());
  bytes.resize(payload);
  ModuleSpec spec;
  spec.sections.push_back({.name = "code",
                           .type = static_cast<std::uint8_t>(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .alignment = 1,
                           .payload = memory_source(std::move(bytes))});
  auto out = os::OutputFile::create(path);
  SMF_CHECK(out);
  const auto summary = build_module(spec, {.jobs = 1}, *out);
  SMF_CHECK(summary && out->commit());
  return summary->file_size;
}

}  // namespace

Modules::Modules(const std::string& folder, std::size_t count, std::uint64_t file_size)
    : file_size_(file_size) {
  SMF_CHECK(file_size > kMostTables);
  std::filesystem::create_directories(folder);
  // How much is not payload can be seen from a module of nearly the size.
  const std::string path = folder + "/probe.smf";
  const std::uint64_t nearly = file_size - kMostTables;
  const std::uint64_t tables = make_module(path, nearly, 0) - nearly;
  SMF_CHECK(tables <= kMostTables && std::filesystem::remove(path));
  for (std::size_t i = 0; i < count; ++i) {
    paths_.push_back(fmt::format("{}/{:05}.smf", folder, i));
    file_size_ = make_module(paths_.back(), file_size - tables, i + 1);
  }
}

}  // namespace smf::bench
