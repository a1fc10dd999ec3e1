#include "runtime/format/elf/archive.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/format/elf/testing/import_helpers.h"
#include "runtime/format/elf/testing/object_builder.h"

namespace smf::elf {
namespace {

using testing::archive_header;
using testing::bytes_of;

Result<std::vector<ArchiveMember>> read(const ByteVector& bytes) {
  return read_archive({"lib.a", bytes});
}

TEST(Archive, HasItsMembersInOrderWithoutIndexAndNameTable) {
  const auto bytes = testing::archive_of({{"odd.o", bytes_of("12345")},
                                          {"a_name_of_over_fifteen_bytes.o", bytes_of("6")},
                                          {"another_name_that_is_long.o", bytes_of("")}});
  const auto members = read(bytes);
  ASSERT_TRUE(members) << members.error().describe();
  ASSERT_EQ(members->size(), 3u);
  EXPECT_EQ((*members)[0].path, "lib.a(odd.o)");
  EXPECT_EQ(as_text((*members)[0].bytes), "12345");
  EXPECT_EQ((*members)[1].path, "lib.a(a_name_of_over_fifteen_bytes.o)");
  EXPECT_EQ(as_text((*members)[1].bytes), "6");
  EXPECT_EQ(bytes[(*members)[1].offset], std::byte{'6'});
  EXPECT_EQ((*members)[2].path, "lib.a(another_name_that_is_long.o)");
}

TEST(Archive, MayBeEmpty) {
  const auto members = read(bytes_of("!<arch>\n"));
  ASSERT_TRUE(members);
  EXPECT_TRUE(members->empty());
}

TEST(Archive, ThatIsThinIsRefusedByName) {
  const auto members = read(bytes_of("!<thin>\n"));
  ASSERT_FALSE(members);
  EXPECT_EQ(members.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(members.error().message.find("thin archive"), std::string::npos);
}

TEST(Archive, ThatIsDamagedIsRefusedWithTheOffset) {
  const std::string magic = "!<arch>\n";
  auto bad_end = archive_header("a.o/", 0);
  bad_end.back() = 'x';
  auto bad_size = archive_header("a.o/", 0);
  bad_size[48] = 'z';
  const struct {
    std::string bytes;
    std::uint64_t offset;
    std::string_view message;
  } cases[] = {
      {magic + "a.o", 8, "ends within a member's header"},
      {magic + bad_end, 66, "expected a member's header"},
      {magic + bad_size, 56, "expected a member's size"},
      {magic + archive_header("a.o/", 9), 56, "a member of 9 bytes ends past the archive of 68"},
      {magic + archive_header("/7", 0), 8, "beyond the table of long names, which has 0 bytes"},
      {magic + archive_header("//", 2) + "ab" + archive_header("/0", 0), 70, "does not end"},
      {magic + archive_header("#1/20", 0), 8, "in the BSD form"},
      {magic + archive_header("a\x1b.o/", 0), 8, "control characters"},
  };
  for (const auto& wrong : cases) {
    const auto members = read(bytes_of(wrong.bytes));
    ASSERT_FALSE(members) << wrong.message;
    EXPECT_NE(members.error().message.find(wrong.message), std::string::npos)
        << members.error().describe();
    EXPECT_EQ(members.error().path, "lib.a");
    EXPECT_EQ(members.error().offset, wrong.offset) << wrong.message;
  }
}

TEST(Archive, CountsTheOffsetsOfErrorsFromItsOwnStart) {
  testing::ObjectBuilder builder;
  builder.text(".text", "\xc3");
  const auto good = builder.build();
  const auto bytes = testing::archive_of({{"good.o", good}, {"bad.o", bytes_of("not ELF")}});
  const InputFile file{"lib.a", bytes};
  const auto object = import_objects({&file, 1});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().path, "lib.a(bad.o)");
  EXPECT_EQ(object.error().offset, as_text(bytes).find("not ELF"));
}

}  // namespace
}  // namespace smf::elf
