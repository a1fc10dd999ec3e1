// The proof of an import: compiled objects, put into memory by what was imported of them, do what
// the same objects do that the linker put into this test.
#include <gtest/gtest.h>

#include <string>

#include "runtime/format/elf/import.h"
#include "runtime/format/elf/testing/files.h"
#include "runtime/format/elf/testing/memory_image.h"
#include "runtime/format/elf/testing/sample.h"

namespace smf::elf {
namespace {

class ImportedCode : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto bytes = testing::read_sample();
    const InputFile file{"libsample.a", bytes};
    auto object = import_objects({&file, 1});
    ASSERT_TRUE(object.has_value()) << object.error().describe();
    object_ = new ImportedObject(*std::move(object));
    auto image = testing::MemoryImage::load(*object_);
    ASSERT_TRUE(image.has_value()) << image.error().describe();
    image_ = new testing::MemoryImage(*std::move(image));
  }

  static void TearDownTestSuite() {
    delete image_;
    delete object_;
  }

  void SetUp() override { ASSERT_NE(image_, nullptr); }

  static inline ImportedObject* object_ = nullptr;
  static inline testing::MemoryImage* image_ = nullptr;
};

#define IMPORTED(name) image_->function<decltype(name)>(#name)

TEST_F(ImportedCode, IsNotTheLinkedCode) {
  ASSERT_NE(IMPORTED(sample_switch), nullptr);
  EXPECT_NE(IMPORTED(sample_switch), &sample_switch);
}

TEST_F(ImportedCode, JumpsThroughTablesAndCallsAcrossObjects) {
  for (int which = -1; which < 7; ++which)
    EXPECT_EQ(IMPORTED(sample_switch)(which, 41), sample_switch(which, 41)) << which;
  EXPECT_EQ(IMPORTED(sample_across)(4), sample_across(4));
}

TEST_F(ImportedCode, ReadsConstantsAndStrings) {
  EXPECT_EQ(IMPORTED(sample_scale)(3.0), sample_scale(3.0));
  for (unsigned i = 0; i < 3; ++i) EXPECT_STREQ(IMPORTED(sample_name)(i), sample_name(i));
  EXPECT_EQ(IMPORTED(sample_name)(3), nullptr);
}

TEST_F(ImportedCode, CallsThroughPointersInData) {
  EXPECT_EQ(IMPORTED(sample_through_table)(0, 8), 16);
  EXPECT_EQ(IMPORTED(sample_through_table)(1, 8), -8);
}

TEST_F(ImportedCode, HasVariablesOfItsOwn) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(IMPORTED(sample_count)(), sample_count());
  auto* start = static_cast<long*>(image_->find("sample_start"));
  ASSERT_NE(start, &sample_start);
  *start = 5000;
  EXPECT_EQ(IMPORTED(sample_across)(1), 5002);
  EXPECT_EQ(sample_across(1), 1002);
  *start = sample_start;
}

TEST_F(ImportedCode, CallsWhatItImports) {
  EXPECT_EQ(IMPORTED(sample_length)("twelve bytes"), 12u);
}

TEST_F(ImportedCode, SharesAVariableThatBothObjectsDefine) {
  EXPECT_EQ(IMPORTED(sample_shared_here)(), IMPORTED(sample_shared_there)());
  EXPECT_NE(IMPORTED(sample_shared_here)(), sample_shared_here());
}

TEST_F(ImportedCode, ThrowsAndCatchesThroughFunctionsThatBothObjectsDefine) {
  for (const int value : {3, 10, 11}) {
    EXPECT_EQ(IMPORTED(sample_catch)(value), sample_catch(value)) << value;
    EXPECT_EQ(IMPORTED(sample_catch_there)(value), sample_catch_there(value)) << value;
  }
}

}  // namespace
}  // namespace smf::elf
