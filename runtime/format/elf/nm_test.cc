// The symbols of an import against what nm says of the same archive.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "runtime/format/elf/import.h"
#include "runtime/format/elf/testing/check_promises.h"
#include "runtime/format/elf/testing/files.h"

namespace smf::elf {
namespace {

struct Oracle {
  std::map<std::string, std::uint64_t> defined;  // the largest size by name
  std::set<std::string> undefined;
};

// `nm -P`: a line a symbol, NAME TYPE VALUE SIZE, the numbers in hexadecimal. Lower-case types are
// local, but for the unique, weak and IFUNC ones.
Oracle ask_nm() {
  Oracle oracle;
  FILE* nm = popen(("nm -P " + testing::sample_path()).c_str(), "r");
  std::array<char, 4096> line;
  while (std::fgets(line.data(), line.size(), nm) != nullptr) {
    std::istringstream words(line.data());
    std::string name, type, value, size;
    words >> name >> type >> value >> size;
    if (type == "U") oracle.undefined.insert(name);
    if (type.size() != 1 || std::string_view("TDBRVWCuGS").find(type) == std::string_view::npos)
      continue;
    auto& largest = oracle.defined[name];
    largest = std::max<std::uint64_t>(largest, std::stoull("0" + size, nullptr, 16));
  }
  pclose(nm);
  for (const auto& [name, size] : oracle.defined) oracle.undefined.erase(name);
  return oracle;
}

TEST(Import, HasTheSymbolsThatNmSees) {
  if (access("/usr/bin/nm", X_OK) != 0) GTEST_SKIP() << "binutils are not installed";
  const auto oracle = ask_nm();
  ASSERT_FALSE(oracle.defined.empty());
  const auto bytes = testing::read_sample();
  const InputFile file{"libsample.a", bytes};
  const auto object = import_objects({&file, 1});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(testing::broken_promise(*object), "");

  std::map<std::string, std::uint64_t> defined;
  std::set<std::string> hidden, undefined;
  for (const auto& symbol : object->symbols) {
    if (!symbol.section) {
      undefined.insert(symbol.name);
    } else if (symbol.binding != Binding::kLocal) {
      defined[symbol.name] = symbol.size;
    } else {
      hidden.insert(symbol.name);
    }
  }
  for (const auto& [name, size] : oracle.defined) {
    if (hidden.contains(name)) continue;
    ASSERT_TRUE(defined.contains(name)) << name;
    EXPECT_EQ(defined[name], size) << name;
  }
  for (const auto& [name, size] : defined) EXPECT_TRUE(oracle.defined.contains(name)) << name;
  for (const auto& name : undefined) EXPECT_TRUE(oracle.undefined.contains(name)) << name;
  // Assemblers mention the offset table without referring to it.
  for (const auto& name : oracle.undefined)
    EXPECT_TRUE(undefined.contains(name) || name == "_GLOBAL_OFFSET_TABLE_") << name;
}

TEST(Import, GivesTheSameForTheSameFiles) {
  const auto bytes = testing::read_sample();
  const InputFile file{"libsample.a", bytes};
  const auto once = import_objects({&file, 1}), again = import_objects({&file, 1});
  ASSERT_TRUE(once && again);
  ASSERT_EQ(once->symbols.size(), again->symbols.size());
  for (std::size_t i = 0; i < once->symbols.size(); ++i)
    EXPECT_EQ(once->symbols[i].name, again->symbols[i].name);
  ASSERT_EQ(once->sections.size(), again->sections.size());
  for (std::size_t i = 0; i < once->sections.size(); ++i)
    EXPECT_EQ(once->sections[i].bytes, again->sections[i].bytes);
}

}  // namespace
}  // namespace smf::elf
