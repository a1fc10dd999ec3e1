#include "runtime/os/memory_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <set>

#include "runtime/os/fault_calls.h"
#include "runtime/os/input_file.h"
#include "runtime/os/locked_file.h"
#include "runtime/os/output_file.h"
#include "runtime/os/power_cut.h"

namespace smf::os {
namespace {

constexpr const char* kPath = "/nowhere/file";

Result<void> replace(const std::string& content, SystemCalls& calls) {
  SMF_ASSIGN(OutputFile out, OutputFile::create(kPath, {}, calls));
  SMF_TRY(out.append(as_bytes(content)));
  return out.commit();
}

std::set<std::string> states(const MemoryCalls& calls, ino_t number, const std::string& image,
                             std::size_t events) {
  std::set<std::string> states;
  const PowerCut cut(kPath, number, image, std::span(calls.events()).first(events));
  EXPECT_TRUE(cut.for_each_state(10'000, [&](const std::string& state) { states.insert(state); }));
  return states;
}

TEST(MemoryCalls, AFileIsReadMappedWrittenAndReplaced) {
  MemoryCalls calls;
  calls.put(kPath, "old bytes");
  LockedFile file(kPath, LockedFile::Access::kReadWrite, calls);
  ASSERT_TRUE(file.lock());
  EXPECT_EQ(file.size(), 9u);
  const auto mapped = FileBytes::map(kPath, calls);
  ASSERT_TRUE(mapped);
  ASSERT_TRUE(file.write_at(0, as_bytes("OLD")));
  EXPECT_EQ(as_text(mapped->bytes()), "OLD bytes");
  EXPECT_EQ(as_text(FileBytes::load(kPath, UINT64_MAX, calls)->bytes()), "OLD bytes");
  ASSERT_TRUE(replace("new", calls));
  EXPECT_EQ(calls.bytes(kPath), "new");
  EXPECT_EQ(as_text(mapped->bytes()), "OLD bytes");
  file.unlock();
  EXPECT_EQ(file.lock(), true) << "another file has the name";
  EXPECT_EQ(calls.file_count(), 1u);
}

TEST(MemoryCalls, EachCallMayFailAndNoTemporaryStays) {
  for (const bool has_unnamed_files : {true, false}) {
    for (int n = 0;; ++n) {
      FaultCallsOver<MemoryCalls> calls;
      calls.put(kPath, "old");
      calls.fail_at = n;
      calls.has_unnamed_files = has_unnamed_files;
      const auto done = replace("new", calls);
      EXPECT_EQ(calls.descriptor_count(), 0u) << n;
      EXPECT_EQ(calls.file_count(), 1u) << n;
      if (calls.calls <= n) {
        ASSERT_TRUE(done);
        EXPECT_EQ(calls.bytes(kPath), "new");
        EXPECT_GE(n, 8);
        break;
      }
    }
  }
}

TEST(PowerCut, OfSectorsWrittenSinceTheSyncEachIsOldOrNewForItself) {
  MemoryCalls calls;
  const std::string image(1536, '.');
  const ino_t number = calls.put(kPath, image);
  LockedFile file(kPath, LockedFile::Access::kReadWrite, calls);
  ASSERT_TRUE(file.lock());
  ASSERT_TRUE(file.write_at(511, as_bytes("ab")));
  ASSERT_TRUE(file.write_at(600, as_bytes("c")));
  ASSERT_TRUE(file.sync_data());
  std::string a = image, b = image, c = image;
  a[511] = 'a';
  b[512] = 'b';
  c[512] = 'b', c[600] = 'c';
  std::string a_b = b, a_c = c;
  a_b[511] = a_c[511] = 'a';
  EXPECT_EQ(states(calls, number, image, 0), std::set<std::string>{image});
  EXPECT_EQ(states(calls, number, image, 1), (std::set<std::string>{image, a, b, a_b}));
  EXPECT_EQ(states(calls, number, image, 2), (std::set<std::string>{image, a, b, c, a_b, a_c}));
  EXPECT_EQ(states(calls, number, image, 3), std::set<std::string>{a_c});
}

TEST(PowerCut, AReplacedFileIsTheOldOneOrTheNewOneWhole) {
  MemoryCalls calls;
  const ino_t number = calls.put(kPath, "old");
  ASSERT_TRUE(replace(std::string(2000, 'n'), calls));
  const std::size_t events = calls.events().size();
  for (std::size_t n = 0; n < events; ++n)
    for (const std::string& state : states(calls, number, "old", n))
      EXPECT_TRUE(state == "old" || state == std::string(2000, 'n')) << n << ": " << state;
  EXPECT_EQ(states(calls, number, "old", events), std::set<std::string>{std::string(2000, 'n')});
}

// What a program that does not sync before it renames would get.
TEST(PowerCut, AFileThatWasNotSyncedMayBeEmptyUnderItsNewName) {
  MemoryCalls calls;
  const ino_t number = calls.put(kPath, "old");
  const int fd = calls.open("other", O_CREAT | O_EXCL | O_RDWR, 0666);
  ASSERT_EQ(calls.write(fd, "new", 3), 3);
  ASSERT_EQ(calls.rename("other", kPath), 0);
  calls.close(fd);
  EXPECT_EQ(states(calls, number, "old", calls.events().size()),
            (std::set<std::string>{"old", "", std::string(3, '\0'), "new"}));
}

}  // namespace
}  // namespace smf::os
