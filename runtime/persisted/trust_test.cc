#include "runtime/persisted/trust.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/format/building.h"
#include "runtime/os/fault_calls.h"
#include "runtime/os/input_file.h"

namespace smf {
namespace {

struct stat file_of(uid_t owner, mode_t mode) {
  struct stat file{};
  file.st_uid = owner;
  file.st_mode = S_IFREG | mode;
  return file;
}

TEST(TrustPersistedRule, ByDefaultOnlyWhatNobodyElseMayWrite) {
  constexpr auto kRule = TrustPersisted::kOwnerOnly;
  EXPECT_TRUE(is_trusted(file_of(7, 0644), kRule, 7));
  EXPECT_TRUE(is_trusted(file_of(0, 0755), kRule, 7));
  EXPECT_TRUE(is_trusted(file_of(7, 0444), kRule, 7));
  EXPECT_FALSE(is_trusted(file_of(8, 0644), kRule, 7));
  EXPECT_FALSE(is_trusted(file_of(8, 0400), kRule, 7));
  EXPECT_FALSE(is_trusted(file_of(8, 0644), kRule, 0));
  EXPECT_FALSE(is_trusted(file_of(7, 0664), kRule, 7));
  EXPECT_FALSE(is_trusted(file_of(7, 0646), kRule, 7));
  EXPECT_FALSE(is_trusted(file_of(0, 0662), kRule, 7));
}

TEST(TrustPersistedRule, NeverAndAlwaysDoNotLook) {
  EXPECT_FALSE(is_trusted(file_of(7, 0600), TrustPersisted::kNever, 7));
  EXPECT_TRUE(is_trusted(file_of(8, 0666), TrustPersisted::kAlways, 7));
  EXPECT_EQ(is_trusted(-1, TrustPersisted::kNever), false);
  EXPECT_EQ(is_trusted(-1, TrustPersisted::kAlways), true);
}

TEST(TrustPersistedRule, AsksTheFileThatIsOpen) {
  const std::string path = scratch_path("trust");
  write_file(path, "x");
  const auto file = os::InputFile::open(path);
  ASSERT_TRUE(file);
  constexpr auto kRule = TrustPersisted::kOwnerOnly;
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(is_trusted(file->descriptor(), kRule), true);
  ASSERT_EQ(::chmod(path.c_str(), 0664), 0);
  EXPECT_EQ(is_trusted(file->descriptor(), kRule), false);
  EXPECT_FALSE(is_trusted(-1, kRule));
  os::FaultCalls calls;
  calls.fail_at = 0;
  EXPECT_EQ(is_trusted(file->descriptor(), kRule, calls).error().system_errno, EIO);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace smf
