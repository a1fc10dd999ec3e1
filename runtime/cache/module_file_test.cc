#include "runtime/cache/module_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/failing_new.h"
#include "runtime/cache/crossover.h"
#include "runtime/format/building.h"
#include "runtime/os/fault_calls.h"
#include "runtime/os/recording_calls.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

using FaultyCalls = os::FaultCallsOver<os::RecordingCalls>;

// A file that is changed right after its size was asked for.
class ChangingCalls : public os::SystemCalls {
 public:
  std::string path;
  off_t becomes = 0;  // bytes

  int fstat(int fd, struct stat* out) override {
    const int result = SystemCalls::fstat(fd, out);
    EXPECT_EQ(::truncate(path.c_str(), becomes), 0);
    return result;
  }
};

class ModuleFileTest : public testing::Test {
 public:
  ModuleFileTest() : folder_(scratch_path("module_file")), path_(folder_ + "/module.smf") {
    fs::create_directories(folder_);
    write(3500);
  }
  ~ModuleFileTest() override { fs::remove_all(folder_); }

  // A module of `code_size` bytes of code.
  void write(std::size_t code_size) {
    ModuleSpec spec;
    spec.sections.push_back({.name = "code",
                             .type = static_cast<std::uint8_t>(SectionType::kCode),
                             .flags = kSectionRead | kSectionExec,
                             .alignment = 16,
                             .payload = text_source(std::string(code_size, '\xC3'))});
    const auto bytes = build_bytes(spec);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    bytes_ = *bytes;
    write_file(path_, bytes_);
  }

  Result<ModuleFile> load(const PlacementOptions& options) {
    return ModuleFile::load(path_, options, slabs_, os::SystemCalls::kernel());
  }

  const std::string folder_;
  const std::string path_;
  std::string bytes_;
  Slabs slabs_ = *Slabs::create();
};

TEST_F(ModuleFileTest, ReadOrMappedItIsTheSame) {
  for (const Placement placement : {Placement::kRead, Placement::kMap}) {
    const auto file = load({.placement = placement});
    ASSERT_TRUE(file) << file.error().describe();
    EXPECT_EQ(file->is_mapped(), placement == Placement::kMap);
    EXPECT_EQ(slabs_.stats().blocks, placement == Placement::kMap ? 0u : 1u);
    EXPECT_EQ(as_text(file->view().file()), bytes_);
    EXPECT_EQ(file->identity(), *ModuleFile::identify(path_, os::SystemCalls::kernel()));
    EXPECT_FALSE(file->is_truncated());
  }
}

TEST_F(ModuleFileTest, ASmallModuleTakesFourSystemCalls) {
  os::RecordingCalls calls;
  Slabs slabs = *Slabs::create(calls);
  const auto first = ModuleFile::load(path_, {}, slabs, calls);
  ASSERT_TRUE(first);
  calls.names.clear();
  const auto second = ModuleFile::load(path_, {}, slabs, calls);
  ASSERT_TRUE(second);
  EXPECT_EQ(calls.names, (std::vector<std::string_view>{"open", "fstat", "pread", "close"}));
}

TEST_F(ModuleFileTest, TheSizeDecidesUnlessTheCallerDoes) {
  const std::uint64_t size = bytes_.size();
  EXPECT_FALSE(load({.map_from = size + 1})->is_mapped());
  EXPECT_TRUE(load({.map_from = size})->is_mapped());
  EXPECT_TRUE(load({.placement = Placement::kMap, .map_from = size + 1})->is_mapped());
  EXPECT_FALSE(load({.placement = Placement::kRead, .map_from = 1})->is_mapped());
}

TEST_F(ModuleFileTest, WithoutASizeTheMachineDecides) {
  for (const std::uint64_t size : {kLeastCrossover / 2, measured_crossover() - 4096,
                                   measured_crossover() + 4096, kMostCrossover + 1}) {
    write(size);
    const auto file = load({});
    ASSERT_TRUE(file) << file.error().describe();
    EXPECT_EQ(file->is_mapped(), bytes_.size() >= measured_crossover()) << size;
    EXPECT_TRUE(as_text(file->view().file()) == bytes_);
  }
}

TEST_F(ModuleFileTest, LargeOnesAreReadIfTheCallerWantsIt) {
  write(Slabs::kLargestBlock);
  const auto file = load({.placement = Placement::kRead});
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_FALSE(file->is_mapped());
  EXPECT_TRUE(as_text(file->view().file()) == bytes_);
}

TEST_F(ModuleFileTest, WhatWasReadOutlivesTheSlabsAndTheFile) {
  std::optional<ModuleFile> file;
  {
    Slabs slabs = *Slabs::create();
    file = *ModuleFile::load(path_, {}, slabs, os::SystemCalls::kernel());
  }
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(as_text(file->view().file()), bytes_);
  EXPECT_FALSE(file->is_truncated());
}

TEST_F(ModuleFileTest, AFileThatBecomesShorterWhileItIsReadIsAnError) {
  ChangingCalls calls;
  calls.path = path_;
  for (const off_t size : {off_t{0}, off_t{1000}}) {
    write(3500);
    calls.becomes = size;
    const auto file = ModuleFile::load(path_, {}, slabs_, calls);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(file.error().path, path_);
    EXPECT_EQ(file.error().offset, static_cast<std::uint64_t>(size));
    EXPECT_EQ(slabs_.stats().blocks, 0u);
  }
}

TEST_F(ModuleFileTest, OfAFileThatBecomesLongerThereIsWhatWasAskedAbout) {
  ChangingCalls calls;
  calls.path = path_;
  calls.becomes = static_cast<off_t>(bytes_.size()) + 5000;
  const auto file = ModuleFile::load(path_, {}, slabs_, calls);
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_EQ(as_text(file->view().file()), bytes_);
  EXPECT_EQ(file->identity().size, bytes_.size());
  EXPECT_NE(file->identity(), *ModuleFile::identify(path_, os::SystemCalls::kernel()));
}

TEST_F(ModuleFileTest, WhatIsNoModuleIsAnErrorWithItsPath) {
  for (const std::string content : {"", "x", "this is no module"}) {
    write_file(path_, content);
    for (const Placement placement : {Placement::kRead, Placement::kMap}) {
      const auto file = load({.placement = placement});
      ASSERT_FALSE(file);
      EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput);
      EXPECT_EQ(file.error().path, path_);
      EXPECT_EQ(slabs_.stats().blocks, 0u);
    }
  }
  EXPECT_EQ(ModuleFile::load(folder_, {}, slabs_, os::SystemCalls::kernel()).error().path, folder_);
  EXPECT_EQ(ModuleFile::identify(folder_ + "/none", os::SystemCalls::kernel()).error().system_errno,
            ENOENT);
}

TEST_F(ModuleFileTest, ReadsByHalvesGiveTheWhole) {
  FaultyCalls calls;
  calls.halves = true;
  const auto file = ModuleFile::load(path_, {}, slabs_, calls);
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_EQ(as_text(file->view().file()), bytes_);
}

TEST_F(ModuleFileTest, EachSystemCallMayFailAndNothingIsLeft) {
  const int descriptors = os::descriptor_count();
  for (const Placement placement : {Placement::kRead, Placement::kMap}) {
    for (const std::size_t code_size : {std::size_t{3500}, Slabs::kLargestBlock}) {
      write(code_size);
      for (const int error : {EIO, ENOMEM}) {
        for (const bool halves : {false, true}) {
          if (halves && code_size > 3500) continue;
          int n = 0;
          for (bool is_last = false; !is_last; ++n) {
            FaultyCalls calls;
            calls.halves = halves;
            calls.step = 1000;
            calls.fail_at = n;
            calls.error = error;
            {
              Slabs slabs = *Slabs::create(calls);
              const auto file = ModuleFile::load(path_, {.placement = placement}, slabs, calls);
              if (file) {
                EXPECT_TRUE(as_text(file->view().file()) == bytes_);
              } else {
                EXPECT_TRUE(file.error().code == ErrorCode::kOutOfMemory ||
                            file.error().system_errno == error)
                    << file.error().describe();
                EXPECT_EQ(file.error().path, path_);
                EXPECT_EQ(slabs.stats().blocks, 0u);
              }
            }
            is_last = calls.calls <= n;
            EXPECT_EQ(calls.open_descriptors, 0) << n;
            EXPECT_EQ(calls.mapped_bytes, 0u) << n;
          }
          EXPECT_GE(n, placement == Placement::kRead ? 8 : 7);
        }
      }
    }
  }
  EXPECT_EQ(os::descriptor_count(), descriptors);
}

TEST_F(ModuleFileTest, EachAllocationMayFailAndNothingIsLeft) {
  os::RecordingCalls calls;
  calls.names.reserve(10'000);
  {
    Slabs slabs = *Slabs::create(calls);
    const SlabBlock held = *slabs.allocate(1);
    const std::size_t mapped = calls.mapped_bytes;
    for (const Placement placement : {Placement::kRead, Placement::kMap}) {
      EXPECT_GE(fail_each_allocation([&] {
                  calls.names.clear();
                  const auto file = ModuleFile::load(path_, {.placement = placement}, slabs, calls);
                  EXPECT_TRUE(file || (file.error().code == ErrorCode::kOutOfMemory &&
                                       file.error().path == path_));
                  EXPECT_EQ(calls.open_descriptors, 0);
                }),
                1);
      EXPECT_EQ(calls.mapped_bytes, mapped);
      EXPECT_EQ(slabs.stats().blocks, 1u);
    }
  }
  EXPECT_EQ(calls.mapped_bytes, 0u);
}

}  // namespace
}  // namespace smf
