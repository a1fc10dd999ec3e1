#include "runtime/os/mapped_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/os/fault_calls.h"
#include "runtime/os/input_file.h"
#include "runtime/os/page_size.h"

namespace smf::os {
namespace {

namespace fs = std::filesystem;

class Mapped : public testing::Test {
 protected:
  Mapped() {
    const fs::path folder = fs::path(testing::TempDir()) /
                            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(folder);
    path_ = folder / "file";
    content_.resize(5 * page_size() + 100);
    for (std::size_t i = 0; i < content_.size(); ++i)
      content_[i] = static_cast<char>(i * 31 + i / 251 + 1);
    std::ofstream(path_, std::ios::binary) << content_;
  }

  MappedFile map(const MapOptions& options = {}) const {
    auto file = MappedFile::open(path_, options);
    EXPECT_TRUE(file) << file.error().describe();
    return file ? *std::move(file) : MappedFile();
  }
  void truncate(std::size_t size) const { fs::resize_file(path_, size); }

  std::string path_, content_;
};

constexpr MapOptions kInPlace{.protection = MapOptions::Protection::kReadWrite,
                              .sharing = MapOptions::Sharing::kShared};
constexpr MapOptions kOwnCopy{.protection = MapOptions::Protection::kReadWrite};

TEST_F(Mapped, BytesBeginAndEndWhereTheOptionsSay) {
  const std::size_t page = page_size();
  EXPECT_TRUE(as_text(map().bytes()) == content_);
  for (const std::size_t offset : {std::size_t{1}, page - 1, page, page + 1, content_.size() - 1}) {
    const MappedFile to_end = map({.offset = offset});
    EXPECT_TRUE(as_text(to_end.bytes()) == std::string_view(content_).substr(offset)) << offset;
    const MappedFile one = map({.offset = offset, .length = 1});
    EXPECT_EQ(as_text(one.bytes()), content_.substr(offset, 1)) << offset;
  }
  EXPECT_EQ(mapping_count(path_), 0u);
}

TEST_F(Mapped, APartThatIsNotInTheFileIsRefused) {
  const std::uint64_t size = content_.size();
  for (const MapOptions& options :
       {MapOptions{.offset = size}, MapOptions{.offset = size + 1}, MapOptions{.length = size + 1},
        MapOptions{.offset = 1, .length = size}, MapOptions{.offset = 1, .length = UINT64_MAX},
        MapOptions{.offset = UINT64_MAX, .length = 2}}) {
    const auto file = MappedFile::open(path_, options);
    ASSERT_FALSE(file) << options.offset << " " << options.length;
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(file.error().path, path_);
  }
  truncate(0);
  EXPECT_EQ(MappedFile::open(path_).error().message, "has nothing to map");
}

TEST_F(Mapped, WhatIsNoRegularFileIsRefusedByName) {
  for (const std::string path : {"/", "/dev/zero"}) {
    const auto file = MappedFile::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(file.error().path, path);
  }
  const auto absent = MappedFile::open(path_ + "-absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kSystem);
  EXPECT_EQ(absent.error().system_errno, ENOENT);
  EXPECT_EQ(absent.error().path, path_ + "-absent");
  EXPECT_EQ(absent.error().message, "cannot open: No such file or directory");
}

TEST_F(Mapped, BytesStayWhereTheyAreWhenTheObjectIsMoved) {
  MappedFile first = map({.offset = 10});
  const std::byte* const data = first.bytes().data();
  MappedFile second = std::move(first);
  EXPECT_EQ(second.bytes().data(), data);
  EXPECT_EQ(second.path(), path_);
  MappedFile third = map();
  third = std::move(second);
  EXPECT_EQ(third.bytes().data(), data);
  EXPECT_EQ(as_text(third.bytes()), std::string_view(content_).substr(10));
  EXPECT_EQ(mapping_count(path_), 1u);
  truncate(0);
  EXPECT_EQ(third.bytes()[0], std::byte{0});
  EXPECT_TRUE(third.is_truncated());
}

TEST_F(Mapped, UnmappingLeavesNothing) {
  MappedFile file = map();
  EXPECT_EQ(mapping_count(path_), 1u);
  ASSERT_TRUE(file.unmap());
  EXPECT_EQ(mapping_count(path_), 0u);
  EXPECT_TRUE(file.bytes().empty());
  EXPECT_TRUE(file.unmap());
  EXPECT_EQ(file.lock().error().message, "is not mapped");
}

TEST_F(Mapped, WhatIsWrittenPrivatelyStaysHere) {
  MappedFile file = map(kOwnCopy);
  file.writable_bytes()[7] = std::byte{'!'};
  EXPECT_EQ(file.bytes()[7], std::byte{'!'});
  EXPECT_TRUE(slurp(path_) == content_);
  EXPECT_EQ(file.sync(Sync::kWait).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Mapped, WhatIsWrittenSharedGoesIntoTheFile) {
  MapOptions options = kInPlace;
  options.offset = page_size() + 3;
  MappedFile file = map(options);
  file.writable_bytes()[0] = std::byte{'!'};
  EXPECT_TRUE(file.sync(Sync::kStart));
  EXPECT_TRUE(file.sync(Sync::kWait, {.offset = 0, .length = 1}));
  content_[page_size() + 3] = '!';
  EXPECT_TRUE(slurp(path_) == content_);
}

TEST_F(Mapped, AFileThatIsOpenForReadingIsNotMappedToBeWritten) {
  const auto input = InputFile::open(path_);
  ASSERT_TRUE(input);
  const auto shared = MappedFile::map(input->descriptor(), path_, kInPlace);
  ASSERT_FALSE(shared);
  EXPECT_EQ(shared.error().system_errno, EACCES);
  EXPECT_TRUE(MappedFile::map(input->descriptor(), path_, kOwnCopy));
}

// "r-xp" of the mapping of `path` in /proc/self/maps.
std::string rights(const std::string& path) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.ends_with(path)) return line.substr(line.find(' ') + 1, 4);
  return {};
}

TEST_F(Mapped, RightsAreThoseOfTheProtection) {
  using Protection = MapOptions::Protection;
  using Sharing = MapOptions::Sharing;
  for (const auto& [protection, expected] :
       {std::pair{Protection::kNone, "---"}, std::pair{Protection::kRead, "r--"},
        std::pair{Protection::kWrite, "-w-"}, std::pair{Protection::kReadWrite, "rw-"},
        std::pair{Protection::kExecute, "--x"}, std::pair{Protection::kReadExecute, "r-x"}}) {
    const MappedFile own = map({.protection = protection});
    EXPECT_EQ(rights(path_), std::string(expected) + "p");
    EXPECT_EQ(own.protection(), protection);
  }
  const MappedFile shared = map({.sharing = Sharing::kShared});
  EXPECT_EQ(rights(path_), "r--s");
}

TEST(MappedMemory, OfNoFileIsZerosThatCanBeWritten) {
  auto memory = MappedFile::anonymous(
      {.length = page_size() + 1, .protection = MapOptions::Protection::kReadWrite});
  ASSERT_TRUE(memory) << memory.error().describe();
  EXPECT_EQ(memory->bytes().size(), page_size() + 1);
  EXPECT_EQ(memory->path(), "");
  EXPECT_TRUE(std::ranges::all_of(memory->bytes(), [](auto byte) { return byte == std::byte{}; }));
  memory->writable_bytes()[page_size()] = std::byte{7};
  EXPECT_EQ(memory->bytes()[page_size()], std::byte{7});
  EXPECT_TRUE(memory->advise(Advice::kWillNeed));
  EXPECT_FALSE(memory->advise(Advice::kDontNeed));
  EXPECT_FALSE(memory->sync(Sync::kWait));
  EXPECT_FALSE(memory->is_truncated());
  EXPECT_TRUE(memory->unmap());
}

TEST(MappedMemory, OfNoFileHasALengthAndNoOffset) {
  for (const MapOptions& options : {MapOptions{}, MapOptions{.offset = 1, .length = 1}})
    EXPECT_EQ(MappedFile::anonymous(options).error().code, ErrorCode::kInvalidArgument);
  FaultCalls calls;
  calls.fail_at = 0;
  calls.error = ENOMEM;
  EXPECT_EQ(MappedFile::anonymous({.length = 1}, calls).error().system_errno, ENOMEM);
}

// The advice that the kernel gets.
class Advised : public FaultCalls {
 public:
  int madvise(void* address, size_t size, int advice) override {
    last = advice;
    last_address = address;
    last_size = size;
    return FaultCalls::madvise(address, size, advice);
  }
  int last = -1;
  void* last_address = nullptr;
  std::size_t last_size = 0;
};

TEST_F(Mapped, AdviceReachesTheKernelForThePagesOfThePart) {
  Advised calls;
  const auto file = MappedFile::open(path_, {.offset = 10}, calls);
  ASSERT_TRUE(file);
  for (const auto& [advice, number] :
       {std::pair{Advice::kNormal, MADV_NORMAL}, std::pair{Advice::kRandom, MADV_RANDOM},
        std::pair{Advice::kSequential, MADV_SEQUENTIAL},
        std::pair{Advice::kWillNeed, MADV_WILLNEED}, std::pair{Advice::kDontNeed, MADV_DONTNEED},
        std::pair{Advice::kPopulate, MADV_POPULATE_READ}}) {
    EXPECT_TRUE(file->advise(advice)) << number;
    EXPECT_EQ(calls.last, number);
    EXPECT_EQ(calls.last_size, 6 * page_size());
  }
  // From the last byte of the first page to the first of the third.
  const std::size_t page = page_size();
  ASSERT_TRUE(file->advise(Advice::kWillNeed, {.offset = page - 11, .length = page + 2}));
  EXPECT_EQ(calls.last_address, file->bytes().data() - 10);
  EXPECT_EQ(calls.last_size, 3 * page);
  ASSERT_TRUE(file->advise(Advice::kWillNeed, {.offset = page - 10, .length = page}));
  EXPECT_EQ(calls.last_address, file->bytes().data() - 10 + page);
  EXPECT_EQ(calls.last_size, page);
  EXPECT_TRUE(as_text(file->bytes()) == std::string_view(content_).substr(10));
}

TEST_F(Mapped, HugePagesAreAskedForWhereTheKernelKnowsThem) {
  Advised calls;
  const auto file = MappedFile::open(path_, {}, calls);
  const auto asked = file->advise(Advice::kHugePage);
  EXPECT_EQ(calls.last, MADV_HUGEPAGE);
  EXPECT_TRUE(asked || asked.error().system_errno == EINVAL);
}

TEST_F(Mapped, PartsOutsideTheMappingAreRefused) {
  const MappedFile file = map({.offset = 100, .length = 1000});
  for (const MappedPart part : {MappedPart{.offset = 1001}, MappedPart{.length = 1001},
                                MappedPart{.offset = 1, .length = UINT64_MAX}}) {
    for (const auto& result : {file.advise(Advice::kRandom, part), file.lock(part),
                               file.unlock(part), map(kInPlace).sync(Sync::kWait, {1u << 30, 1})}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
      EXPECT_EQ(result.error().path, path_);
    }
    EXPECT_FALSE(file.resident_pages(part));
  }
}

TEST_F(Mapped, GivingPagesBackDoesNotLoseWhatWasWritten) {
  MappedFile own = map(kOwnCopy);
  EXPECT_EQ(own.advise(Advice::kDontNeed).error().code, ErrorCode::kInvalidArgument);
  MappedFile shared = map(kInPlace);
  shared.writable_bytes()[0] = std::byte{'!'};
  ASSERT_TRUE(shared.advise(Advice::kDontNeed));
  EXPECT_EQ(shared.bytes()[0], std::byte{'!'});
}

TEST_F(Mapped, AllPagesOfAPopulatedFileAreResident) {
  const MappedFile file = map({.populate = true});
  EXPECT_EQ(file.resident_pages(), 6u);
  EXPECT_EQ(file.resident_pages({.offset = page_size() - 1, .length = 2}), 2u);
}

TEST_F(Mapped, PagesAreCountedInMoreThanOneCall) {
  truncate(5000 * page_size());
  FaultCalls calls;
  const auto file = MappedFile::open(path_, {.populate = true}, calls);
  ASSERT_TRUE(file) << file.error().describe();
  calls.calls = 0;
  EXPECT_EQ(file->resident_pages(), 5000u);
  EXPECT_EQ(calls.calls, 2);
}

TEST_F(Mapped, PagesAreLockedInMemoryAndReleased) {
  const auto locked_kilobytes = [] {
    const std::string status = slurp("/proc/self/status");
    return std::stoul(status.substr(status.find("VmLck:") + 6));
  };
  const MappedFile file = map();
  ASSERT_TRUE(file.lock());
  ASSERT_TRUE(file.unlock());
  const auto before = locked_kilobytes();
  ASSERT_EQ(::mlock(content_.data(), 1), 0);
  const bool is_real = locked_kilobytes() != before;
  ASSERT_EQ(::munlock(content_.data(), 1), 0);
  if (!is_real) GTEST_SKIP() << "mlock(2) does nothing under a sanitizer";
  ASSERT_TRUE(file.lock({.length = 1}));
  EXPECT_EQ(locked_kilobytes(), before + page_size() / 1024);
  ASSERT_TRUE(file.lock());
  EXPECT_EQ(locked_kilobytes(), before + 6 * page_size() / 1024);
  ASSERT_TRUE(file.unlock());
  EXPECT_EQ(locked_kilobytes(), before);
}

TEST_F(Mapped, PopulatingPastTheEndIsAnErrorAndNoSignal) {
  for (const bool guard : {true, false}) {
    const MappedFile file = map({.guard = guard});
    truncate(page_size());
    EXPECT_TRUE(file.advise(Advice::kPopulate, {.length = page_size()}));
    const auto populated = file.advise(Advice::kPopulate);
    ASSERT_FALSE(populated);
    EXPECT_EQ(populated.error().system_errno, EFAULT);
    EXPECT_EQ(populated.error().path, path_);
    truncate(content_.size());
  }
}

TEST_F(Mapped, PopulatingWorksWhereTheKernelDoesNotKnowIt) {
  Advised calls;
  calls.error = EINVAL;
  auto file = MappedFile::open(path_, {}, calls);
  ASSERT_TRUE(file);
  calls.fail_at = calls.calls;
  calls.stays_broken = true;
  EXPECT_TRUE(file->advise(Advice::kPopulate));
  EXPECT_EQ(file->resident_pages().error().system_errno, EINVAL);
  truncate(page_size());
  const auto populated = file->advise(Advice::kPopulate);
  ASSERT_FALSE(populated);
  EXPECT_EQ(populated.error().system_errno, EFAULT);
  EXPECT_TRUE(file->is_truncated());
  calls.fail_at = -1;
  truncate(content_.size());  // zeros are no page of the file, even now
  EXPECT_EQ(file->advise(Advice::kPopulate).error().system_errno, EFAULT);

  auto bare = MappedFile::open(path_, {.guard = false}, calls);
  ASSERT_TRUE(bare);
  calls.fail_at = calls.calls;
  EXPECT_EQ(bare->advise(Advice::kPopulate).error().system_errno, EINVAL);
}

TEST_F(Mapped, ATruncatedFileReadsAsZerosAndSaysSo) {
  for (const MapOptions& options : {MapOptions{.offset = 50}, kOwnCopy, kInPlace}) {
    std::ofstream(path_, std::ios::binary) << content_;
    MappedFile file = map(options);
    const ReadGuard guard(file.guard());
    EXPECT_TRUE(guard.ok());
    truncate(0);
    EXPECT_TRUE(std::ranges::all_of(file.bytes(), [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_FALSE(guard.ok());
    EXPECT_TRUE(file.is_truncated());
    if (options.protection == MapOptions::Protection::kReadWrite)
      file.writable_bytes()[0] = std::byte{1};
    EXPECT_EQ(slurp(path_), "");
    EXPECT_TRUE(file.unmap());
  }
}

TEST_F(Mapped, EverySystemCallMayFailAndNothingIsLeft) {
  const int descriptors = descriptor_count();
  const auto use = [&](SystemCalls& calls) -> Result<void> {
    MapOptions options = kInPlace;
    options.populate = true;
    SMF_ASSIGN(MappedFile file, MappedFile::open(path_, options, calls));
    SMF_TRY(file.advise(Advice::kRandom));
    SMF_TRY(file.lock());
    SMF_TRY(file.unlock());
    SMF_TRY(file.sync(Sync::kWait));
    SMF_TRY(file.resident_pages());
    return file.unmap();
  };
  ASSERT_TRUE(use(SystemCalls::kernel()));  // installs the handler, which happens once
  int failures = 0;
  for (int n = 0;; ++n) {
    FaultCalls calls;
    calls.fail_at = n;
    const Result<void> done = use(calls);
    EXPECT_EQ(descriptor_count(), descriptors) << "call " << n;
    EXPECT_EQ(mapping_count(path_), 0u) << "call " << n;
    if (calls.calls <= n) break;
    if (done) continue;  // a descriptor that was only read may fail to close
    ++failures;
    EXPECT_EQ(done.error().code, ErrorCode::kSystem);
    EXPECT_EQ(done.error().system_errno, EIO);
    EXPECT_EQ(done.error().path, path_);
  }
  EXPECT_EQ(failures,
            10);  // open, fstat, mmap, madvise (2), mlock, munlock, msync, mincore, munmap
}

}  // namespace
}  // namespace smf::os
