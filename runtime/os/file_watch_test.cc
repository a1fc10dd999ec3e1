#include "runtime/os/file_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/os/fault_calls.h"

namespace smf::os {
namespace {

namespace fs = std::filesystem;
using Kind = FileWatch::Change::Kind;

class Watched : public testing::Test {
 protected:
  Watched() {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = folder_ / "file";
    put(path_, "old");
  }
  static void put(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  static FileWatch watch(const std::vector<std::string>& paths,
                         SystemCalls& calls = SystemCalls::kernel()) {
    auto watch = FileWatch::create(calls);
    EXPECT_TRUE(watch);
    for (const std::string& path : paths) EXPECT_TRUE(watch->add(path));
    return *std::move(watch);
  }
  static std::vector<FileWatch::Change> changes(FileWatch& watch) {
    std::vector<FileWatch::Change> all;
    EXPECT_TRUE(watch.poll_changes([&](const auto& change) { all.push_back(change); }));
    return all;
  }
  // What happened to the one path, in order.
  std::vector<Kind> kinds(FileWatch& watch) const {
    std::vector<Kind> kinds;
    for (const auto& change : changes(watch)) {
      EXPECT_EQ(change.path, path_);
      kinds.push_back(change.kind);
    }
    return kinds;
  }

  fs::path folder_;
  std::string path_;
};

using Kinds = std::vector<Kind>;

TEST_F(Watched, NothingHappensToAFileThatIsOnlyRead) {
  FileWatch watched = watch({path_});
  std::string content;
  std::ifstream(path_) >> content;
  EXPECT_EQ(content, "old");
  EXPECT_TRUE(changes(watched).empty());
}

TEST_F(Watched, AWriteInPlaceIsAChangeOfContent) {
  FileWatch watched = watch({path_});
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::write(fd, "new", 3), 3);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kContent});
  EXPECT_TRUE(changes(watched).empty());
  ::close(fd);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kContent});
}

TEST_F(Watched, ATruncationIsAChangeOfContent) {
  FileWatch watched = watch({path_});
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kContent});
}

TEST_F(Watched, ARenameOverTheFileIsAChangeOfItsNameAndTheNewFileIsWatched) {
  FileWatch watched = watch({path_});
  put(folder_ / "next", "new");
  fs::rename(folder_ / "next", path_);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kName});
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kContent});
}

TEST_F(Watched, DeletionAndCreationAreChangesOfTheName) {
  FileWatch watched = watch({path_});
  fs::remove(path_);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kName});
  put(path_, "");
  EXPECT_EQ(kinds(watched), (Kinds{Kind::kName, Kind::kContent}));
  fs::rename(path_, folder_ / "elsewhere");
  EXPECT_EQ(kinds(watched), Kinds{Kind::kName});
  put(folder_ / "elsewhere", "new");
  EXPECT_TRUE(changes(watched).empty());
}

TEST_F(Watched, AFileNeedNotBeThereYet) {
  const std::string later = folder_ / "later";
  FileWatch watched = watch({later});
  put(path_, "not watched");
  ASSERT_EQ(::mkdir((folder_ / "late").c_str(), 0755), 0);  // nor is the beginning of a name
  EXPECT_TRUE(changes(watched).empty());
  ASSERT_EQ(::link(path_.c_str(), later.c_str()), 0);
  EXPECT_EQ(changes(watched), (std::vector<FileWatch::Change>{{Kind::kName, later}}));
}

TEST_F(Watched, AChangeOfModeIsOneOfAttributes) {
  FileWatch watched = watch({path_});
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kAttributes});
}

TEST_F(Watched, EachPathIsToldOfItsOwnFileInTheOrderOfTheChanges) {
  const std::string other = folder_ / "other";
  FileWatch watched = watch({path_, other});
  EXPECT_EQ(watched.size(), 2u);
  ASSERT_EQ(::link(path_.c_str(), other.c_str()), 0);
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  ASSERT_EQ(::truncate(other.c_str(), 1), 0);
  const auto all = changes(watched);
  EXPECT_EQ(all, (std::vector<FileWatch::Change>{
                     {Kind::kName, other}, {Kind::kContent, path_}, {Kind::kContent, other}}));
}

TEST_F(Watched, TwoPathsOfOneFileAreBothTold) {
  const std::string same = folder_ / "." / "file";
  FileWatch watched = watch({path_, same});
  ASSERT_TRUE(watched.add(same));
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  EXPECT_EQ(changes(watched),
            (std::vector<FileWatch::Change>{{Kind::kContent, path_}, {Kind::kContent, same}}));
  ASSERT_TRUE(watched.remove(path_));
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(changes(watched), (std::vector<FileWatch::Change>{{Kind::kContent, same}}));
}

TEST_F(Watched, ARemovedPathIsToldNothingAndMayBeAddedAgain) {
  FileWatch watched = watch({path_});
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  ASSERT_TRUE(watched.remove(path_));
  EXPECT_EQ(watched.size(), 0u);
  ASSERT_EQ(::truncate(path_.c_str(), 2), 0);
  EXPECT_TRUE(changes(watched).empty());
  ASSERT_TRUE(watched.add(path_));
  ASSERT_EQ(::truncate(path_.c_str(), 3), 0);
  EXPECT_EQ(kinds(watched), Kinds{Kind::kContent});
  EXPECT_TRUE(watched.remove(folder_ / "never added"));
}

TEST_F(Watched, AFolderThatIsGoneOrMovedIsNotWatchedAnyLonger) {
  FileWatch watched = watch({path_});
  fs::rename(folder_, folder_.string() + "-moved");
  EXPECT_EQ(kinds(watched), Kinds{Kind::kUnwatched});
  EXPECT_EQ(watched.size(), 0u);
  put(folder_.string() + "-moved/file", "new");
  EXPECT_TRUE(changes(watched).empty());
  EXPECT_EQ(watched.add(path_).error().system_errno, ENOENT);

  fs::rename(folder_.string() + "-moved", folder_);
  ASSERT_TRUE(watched.add(path_));
  fs::remove_all(folder_);
  EXPECT_EQ(kinds(watched), (Kinds{Kind::kName, Kind::kUnwatched}));
  fs::create_directories(folder_);
  ASSERT_TRUE(watched.add(path_));
  fs::remove_all(folder_);
  EXPECT_TRUE(watched.remove(path_));  // before it is known that the kernel's watch has ended
  EXPECT_TRUE(changes(watched).empty());
}

TEST_F(Watched, APathIsSplitAtItsLastSlash) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  FileWatch watched = watch({"file"});
  ASSERT_EQ(::truncate("file", 1), 0);
  EXPECT_EQ(changes(watched), (std::vector<FileWatch::Change>{{Kind::kContent, "file"}}));
  fs::current_path(before);
  EXPECT_TRUE(watched.add("/file-in-the-root"));
  EXPECT_EQ(watched.add(folder_.string() + "/").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(watched.add("").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(watched.add(path_ + "/file").error().system_errno, ENOTDIR);
  EXPECT_EQ(watched.size(), 2u);
}

TEST_F(Watched, AFunctionThatIsToldMayAddAndRemove) {
  const std::string other = folder_ / "other";
  FileWatch watched = watch({path_});
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  ASSERT_TRUE(watched.poll_changes([&](const auto& change) {
    EXPECT_TRUE(watched.remove(change.path));
    EXPECT_TRUE(watched.add(other));
  }));
  put(path_, "not watched");
  put(other, "");
  EXPECT_EQ(changes(watched),
            (std::vector<FileWatch::Change>{{Kind::kName, other}, {Kind::kContent, other}}));
}

TEST_F(Watched, TheDescriptorIsReadableWhenSomethingHappened) {
  FileWatch watched = watch({path_});
  pollfd waiting{.fd = watched.descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&waiting, 1, 0), 0);
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  EXPECT_EQ(::poll(&waiting, 1, 0), 1);
}

// The kernel's queue has run over.
class Overflowing : public SystemCalls {
 public:
  ssize_t read(int fd, void* out, size_t size) override {
    if (!std::exchange(is_full, false)) return SystemCalls::read(fd, out, size);
    const inotify_event event{.wd = -1, .mask = IN_Q_OVERFLOW, .cookie = 0, .len = 0};
    std::memcpy(out, &event, sizeof event);
    return sizeof event;
  }
  bool is_full = true;
};

TEST_F(Watched, WhenTheQueueRanOverEverythingMayHaveChanged) {
  Overflowing calls;
  FileWatch watched = watch({path_}, calls);
  EXPECT_EQ(changes(watched), (std::vector<FileWatch::Change>{{Kind::kEverything, ""}}));
  EXPECT_TRUE(changes(watched).empty());
}

TEST_F(Watched, MoreEventsThanABufferHoldsAreAllTold) {
  const std::string name = folder_ / std::string(200, 'n');
  FileWatch watched = watch({path_, name});
  std::vector<FileWatch::Change> expected;
  put(name, "");
  expected.push_back({Kind::kName, name});
  expected.push_back({Kind::kContent, name});
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(::truncate(path_.c_str(), i % 2), 0);
    ASSERT_EQ(::truncate(name.c_str(), i % 2 + 1), 0);
    expected.push_back({Kind::kContent, path_});
    expected.push_back({Kind::kContent, name});
  }
  EXPECT_EQ(changes(watched), expected);
}

TEST_F(Watched, WhatAFunctionThatThrowsWasNotToldIsMadeUpFor) {
  FileWatch watched = watch({path_});
  ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
  EXPECT_THROW(
      static_cast<void>(watched.poll_changes([](const auto&) { throw std::runtime_error("x"); })),
      std::runtime_error);
  EXPECT_EQ(changes(watched), (std::vector<FileWatch::Change>{{Kind::kEverything, ""}}));
  EXPECT_TRUE(changes(watched).empty());
}

TEST_F(Watched, ALimitIsNamedInTheError) {
  FaultCalls calls;
  calls.fail_at = 0;
  calls.error = EMFILE;
  const auto refused = FileWatch::create(calls);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kSystem);
  EXPECT_EQ(refused.error().system_errno, EMFILE);
  EXPECT_NE(refused.error().message.find("max_user_instances"), std::string::npos);

  FileWatch watched = watch({}, calls);
  calls.fail_at = calls.calls;
  calls.error = ENOSPC;
  const auto added = watched.add(path_);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().system_errno, ENOSPC);
  EXPECT_EQ(added.error().path, path_);
  EXPECT_NE(added.error().message.find("max_user_watches"), std::string::npos);
  EXPECT_EQ(watched.size(), 0u);
  EXPECT_TRUE(watched.add(path_));
}

TEST_F(Watched, EverySystemCallMayFailAndNothingIsLost) {
  const int descriptors = descriptor_count();
  int failures = 0;
  for (int n = 0;; ++n) {
    FaultCalls calls;
    calls.fail_at = n;
    {
      auto created = FileWatch::create(calls);
      const bool is_added = created && created->add(path_);
      ASSERT_EQ(::truncate(path_.c_str(), 1), 0);
      std::vector<FileWatch::Change> all;
      const auto take = [&](const auto& change) { all.push_back(change); };
      if (is_added) {
        const auto first = created->poll_changes(take);
        const auto second = created->poll_changes(take);
        if (!first || !second) {
          ++failures;
          EXPECT_TRUE(created->poll_changes(take));
          EXPECT_EQ(std::ranges::count(all, FileWatch::Change{Kind::kEverything, ""}), 1);
        } else {
          EXPECT_EQ(all, (std::vector<FileWatch::Change>{{Kind::kContent, path_}}));
        }
        if (const auto removed = created->remove(path_); !removed) {
          ++failures;
          EXPECT_EQ(removed.error().system_errno, EIO);
        }
        EXPECT_EQ(created->size(), 0u);
      } else {
        ++failures;
      }
    }
    EXPECT_EQ(descriptor_count(), descriptors) << "call " << n;
    if (calls.calls <= n) break;
  }
  EXPECT_EQ(failures, 6);  // create, add, read (3), remove; not close
}

TEST_F(Watched, NothingIsLeftAfterManyWatches) {
  const int descriptors = descriptor_count();
  for (int i = 0; i < 200; ++i) {  // more than fs.inotify.max_user_instances allows at once
    FileWatch watched = watch({path_, "/file-in-the-root"});
    FileWatch moved = std::move(watched);
    ASSERT_EQ(::truncate(path_.c_str(), i % 2), 0);
    EXPECT_EQ(changes(moved).size(), 1u);
  }
  EXPECT_EQ(descriptor_count(), descriptors);
}

}  // namespace
}  // namespace smf::os
