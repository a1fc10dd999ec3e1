#include "runtime/format/elf/testing/files.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "runtime/base/check.h"

namespace smf::elf::testing {

std::string sample_path() {
  const char* files = std::getenv("SAMPLE_LIBRARY");
  SMF_CHECK(files != nullptr);
  std::istringstream words(files);
  for (std::string word; words >> word;) {
    if (word.ends_with(".a")) return word;
  }
  check_failed("SAMPLE_LIBRARY names an archive", __FILE__, __LINE__);
}

ByteVector read_sample() {
  std::ifstream stream(sample_path(), std::ios::binary);
  SMF_CHECK(stream.is_open());
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace smf::elf::testing
