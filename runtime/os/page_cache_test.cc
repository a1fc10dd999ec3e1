#include "runtime/os/page_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/os/mapped_file.h"
#include "runtime/os/page_size.h"

namespace smf::os {
namespace {

constexpr int kPages = 3;

std::string file_of_pages(const std::string& name) {
  std::string path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << std::string(kPages * page_size(), 'x');
  return path;
}

TEST(PageCache, WhatItSaysStayedIsWhatTheMappingHasAndTheContentIsUnchanged) {
  const std::string path = file_of_pages("dropped");
  const auto file = InputFile::open(path);
  ASSERT_TRUE(file) << file.error().describe();
  const auto stayed = drop_pages(*file);
  ASSERT_TRUE(stayed) << stayed.error().describe();
  // All of them, where the folder of tests is in memory; none else, as nobody maps the file.
  EXPECT_TRUE(*stayed == 0 || *stayed == kPages) << *stayed;
  const auto mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->resident_pages(), *stayed);
  EXPECT_EQ(as_text(mapped->bytes()), std::string(kPages * page_size(), 'x'));
}

TEST(PageCache, PagesThatSomebodyMapsStay) {
  const std::string path = file_of_pages("mapped");
  const auto mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped && mapped->advise(Advice::kPopulate));
  const auto file = InputFile::open(path);
  ASSERT_TRUE(file);
  const auto stayed = drop_pages(*file);
  ASSERT_TRUE(stayed);
  EXPECT_GT(*stayed, 0u);
}

TEST(PageCache, AnEmptyFileHasNothingToDrop) {
  const std::string path = std::filesystem::path(testing::TempDir()) / "empty";
  std::ofstream(path, std::ios::binary).flush();
  const auto file = InputFile::open(path);
  ASSERT_TRUE(file);
  const auto stayed = drop_pages(*file);
  ASSERT_FALSE(stayed);
  EXPECT_EQ(stayed.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(stayed.error().path, path);
}

}  // namespace
}  // namespace smf::os
