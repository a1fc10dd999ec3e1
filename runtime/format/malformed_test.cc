// Each malformed thing on its own, and the offset that its error names.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "runtime/format/golden_reading.h"
#include "runtime/format/view.h"
#include "testdata/golden/golden.h"

namespace smf {
namespace {

// A golden P128 module that tests break. Section table, symbols and header stand where the trailer
// says; all offsets in the tests are the specification's.
class Malformed : public testing::Test {
 protected:
  Malformed() { use("p128-everything.smf"); }

  void use(const std::string& name) {
    const auto files = golden::golden_files();
    const auto found = std::ranges::find(files, name, &golden::File::name);
    ASSERT_NE(found, files.end());
    file_ = found->bytes;
    header_ = file_.size() - 128;
    sections_ = number(header_ + 20, 8);
    symbols_ = number(header_ + 28, 8);
  }

  std::uint64_t number(std::size_t at, unsigned width) const {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(file_.at(at + i))} << (8 * i);
    return value;
  }
  void put(std::size_t at, std::uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) file_.at(at + i) = static_cast<char>(value >> (8 * i));
  }
  std::size_t section(std::size_t index) const { return sections_ + 64 * index; }
  std::size_t symbol(std::size_t index) const { return symbols_ + 56 * index; }

  void expect_open_fails(const std::string& message, std::uint64_t offset,
                         ErrorCode code = ErrorCode::kInvalidInput) {
    const ExactBuffer buffer(file_);
    const auto view = SmfView::open(buffer.bytes());
    ASSERT_FALSE(view) << message;
    EXPECT_NE(view.error().message.find(message), std::string::npos) << view.error().describe();
    EXPECT_EQ(view.error().offset, offset) << view.error().describe();
    EXPECT_EQ(view.error().code, code) << view.error().describe();
  }

  // `access` of the opened view fails.
  template <typename Access>
  void expect_fails(const std::string& message, std::uint64_t offset, Access access) {
    const ExactBuffer buffer(file_);
    const auto view = SmfView::open(buffer.bytes());
    ASSERT_TRUE(view) << view.error().describe();
    const auto result = access(*view);
    ASSERT_FALSE(result) << message;
    EXPECT_NE(result.error().message.find(message), std::string::npos) << result.error().describe();
    EXPECT_EQ(result.error().offset, offset) << result.error().describe();
  }
  void expect_symbol_fails(std::uint32_t index, const std::string& message, std::uint64_t offset) {
    expect_fails(message, offset, [&](const SmfView& view) { return view.symbol(index); });
  }
  void expect_relocation_fails(std::uint32_t index, const std::string& message,
                               std::uint64_t offset) {
    expect_fails(message, offset,
                 [&](const SmfView& view) { return view.relocation(*view.section(1), index); });
  }

  std::string file_;
  std::size_t header_ = 0, sections_ = 0, symbols_ = 0;
};

TEST_F(Malformed, WritableCode) {
  put(section(0) + 4, 7, 4);
  expect_open_fails("writable", section(0) + 4);
}

TEST_F(Malformed, OverlappingPayloadsInEitherOrder) {
  const std::uint64_t code = number(section(0) + 8, 8);
  put(section(2) + 8, code + 31, 8);
  expect_open_fails("overlaps", section(2));
  put(section(2) + 8, code + 32, 8);
  const ExactBuffer buffer(file_);
  EXPECT_TRUE(SmfView::open(buffer.bytes()));
}

TEST_F(Malformed, EntryPointOutsideCode) {
  put(header_ + 44, 40, 8);
  expect_open_fails("entry point", header_);
  put(header_ + 44, UINT64_MAX, 8);
  expect_open_fails("entry point", header_);
}

TEST_F(Malformed, AlignmentThatIsNoPowerOfTwoOrTooLarge) {
  put(section(3) + 32, 24, 8);
  expect_open_fails("no power of two", section(3) + 32);
  put(section(3) + 32, std::uint64_t{1} << 31, 8);
  expect_open_fails("limit", section(3) + 32, ErrorCode::kLimit);
}

TEST_F(Malformed, UnknownMajorVersion) {
  put(header_ + 4, 2, 1);
  expect_open_fails("version 2.1", header_ + 4, ErrorCode::kUnsupported);
}

TEST_F(Malformed, MoreThan65535Sections) {
  put(header_ + 16, 0x10000, 4);
  expect_open_fails("65536 sections", header_ + 16, ErrorCode::kLimit);
}

TEST_F(Malformed, TablesPastTheFile) {
  const auto good = file_;
  put(header_ + 16, 0xFFFF, 4);
  expect_open_fails("65535 sections", header_ + 20);
  file_ = good;
  put(header_ + 20, UINT64_MAX - 63, 8);
  expect_open_fails("ends past the file", header_ + 20);
  file_ = good;
  put(header_ + 36, UINT32_MAX, 4);
  expect_open_fails("4294967295 symbols", header_ + 28);
  file_ = good;
  put(header_ + 28, UINT64_MAX, 8);
  expect_open_fails("ends past the file", header_ + 28);
  file_ = good;
  put(header_ + 56, 0xFFFFFFFF, 4);
  expect_open_fails("module data starts", header_ + 56);
}

TEST_F(Malformed, PayloadsPastTheFile) {
  put(section(5) + 16, file_.size(), 8);
  expect_open_fails("ends past the file", section(5) + 8);
  put(section(5) + 16, 1, 8);
  put(section(5) + 8, UINT64_MAX, 8);
  expect_open_fails("ends past the file", section(5) + 8);
}

TEST_F(Malformed, SectionNamesThatCannotBePrinted) {
  put(section(3) + 40, 0x1B, 1);
  expect_open_fails("not printable", section(3) + 40);
}

TEST_F(Malformed, TablesInsideAHeaderAtTheStart) {
  use("h96-everything.smf");
  put(24, 95, 8);
  expect_open_fails("inside the header", 24);
}

TEST_F(Malformed, CodeLargerThanTheAddressSpace) {
  put(header_ + 12, 1, 1);
  for (const int code : {0, 2}) {
    put(section(code) + 4, 5 | 8, 4);
    put(section(code) + 24, UINT64_MAX, 8);
  }
  expect_open_fails("larger than the address space", section(2));
}

TEST_F(Malformed, SymbolNames) {
  const std::uint64_t strings = symbols_ + 56 * number(header_ + 36, 4);
  put(symbol(0) + 0, header_ - strings, 4);
  expect_symbol_fails(0, "string area", symbol(0));
  put(symbol(0) + 0, UINT32_MAX, 4);
  expect_symbol_fails(0, "string area", symbol(0));
  put(symbol(0) + 0, header_ - strings - 1, 4);
  put(header_ - 1, 'x', 1);
  expect_symbol_fails(0, "no terminating NUL", header_ - 1);
}

TEST_F(Malformed, SymbolHashesTypesAndBindings) {
  put(symbol(0) + 4, 1, 4);
  expect_symbol_fails(0, "name hash", symbol(0) + 4);
  put(symbol(1) + 8, 6, 1);
  expect_symbol_fails(1, "symbol type 6", symbol(1) + 8);
  put(symbol(2) + 9, 3, 1);
  expect_symbol_fails(2, "binding 3", symbol(2) + 9);
  use("h96-everything.smf");
  symbols_ = number(32, 8);
  put(symbol(1) + 8, 7, 1);
  expect_symbol_fails(1, "symbol type 7", symbol(1) + 8);
}

TEST_F(Malformed, SymbolsOutsideTheirSection) {
  put(symbol(0) + 41, 12, 2);
  expect_symbol_fails(0, "section 11 of 11", symbol(0) + 41);
  put(symbol(2) + 16, 25, 8);
  expect_symbol_fails(2, "covers", symbol(2) + 16);
  put(symbol(4) + 24, UINT64_MAX, 8);
  expect_symbol_fails(4, "covers", symbol(4) + 16);
  put(symbol(6) + 16, 4096 - 127, 8);
  expect_symbol_fails(6, "covers", symbol(6) + 16);
}

TEST_F(Malformed, SymbolsOutsideTheCodeOfAnOlderModule) {
  use("h72-example.smf");
  put(134 + 16, 1, 8);
  expect_symbol_fails(0, "covers", 134 + 16);
}

TEST_F(Malformed, Relocations) {
  const std::uint64_t rela = number(section(1) + 8, 8);
  put(rela + 12, 5, 1);
  expect_relocation_fails(0, "type 5", rela + 12);
  put(rela + 24, 33, 8);
  expect_relocation_fails(1, "outside", rela + 24);
  put(rela + 48 + 8, 15, 4);
  expect_relocation_fails(2, "symbol 15 of 15", rela + 48 + 8);
  put(rela + 72, UINT64_MAX - 1, 8);
  expect_relocation_fails(3, "outside", rela + 72);
}

TEST_F(Malformed, RelocationsOfASectionThatIsNotThere) {
  put(section(3) + 40, 'D', 1);
  expect_fails("not there", section(4),
               [](const SmfView& view) { return view.relocation(*view.section(4), 0); });
}

TEST_F(Malformed, ANoteWithoutSizeAndTerminator) {
  const std::uint64_t note = number(section(10) + 8, 8);
  put(section(10) + 16, 0, 8);
  const std::size_t end = file_.find("\n# END_NOTE", note);
  file_[end + 1] = '!';
  expect_fails("no line '# END_NOTE'", note, [](const SmfView& view) { return view.note(); });
}

TEST_F(Malformed, NoFileAtAll) {
  file_.clear();
  expect_open_fails("no SMF header", 0);
  file_ = "#!/bin/sh\n";
  expect_open_fails("no SMF header", 0);
}

}  // namespace
}  // namespace smf
