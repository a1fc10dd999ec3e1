#include "testdata/golden/golden.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace smf::golden {
namespace {

const std::filesystem::path kFolder = "testdata/golden";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Golden, TheGeneratorStillWritesTheCommittedFiles) {
  for (const File& file : golden_files())
    EXPECT_EQ(read_file(kFolder / file.name), file.bytes) << file.name;
}

TEST(Golden, EveryCommittedFileComesFromTheGeneratorAndNamesAreUnique) {
  std::set<std::string> names;
  for (const File& file : golden_files()) EXPECT_TRUE(names.insert(file.name).second) << file.name;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".smf") continue;
    EXPECT_TRUE(names.contains(entry.path().filename())) << entry.path();
  }
}

TEST(Golden, TheReadmeDescribesEveryFile) {
  const std::string readme = read_file(kFolder / "README.md");
  for (const File& file : golden_files()) {
    const std::string line = "- `" + file.name + "` (" + file.dialect + ", " +
                             std::to_string(file.bytes.size()) + " bytes): " + file.what + ".\n";
    EXPECT_NE(readme.find(line), std::string::npos) << line;
  }
}

TEST(Golden, TheExamplesHaveTheSizesOfTheSpecification) {
  const auto files = golden_files();
  EXPECT_EQ(files[0].bytes.size(), 550u);
  EXPECT_EQ(files[1].bytes.size(), 550u);
  EXPECT_EQ(files[2].bytes.size(), 179u);
  EXPECT_EQ(files[2].bytes.substr(128, 6), std::string("\xb8\0\0\0\0\xc3", 6));
  EXPECT_EQ(files[2].bytes.substr(174), std::string("main\0", 5));
  EXPECT_EQ(files[0].bytes.substr(416, 6), std::string("\0main\0", 6));
  EXPECT_EQ(files[0].bytes.substr(422, 4), std::string("SMF\0", 4));
  EXPECT_EQ(files[0].bytes[360 + 43], 0x53);
  EXPECT_EQ(files[0].bytes.substr(364, 4), "\x08\xe2\x90\xea");
}

}  // namespace
}  // namespace smf::golden
