// Writes the golden files into a folder: bazel run //testdata/golden:write_golden -- FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "testdata/golden/golden.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_golden FOLDER\n");
    return 2;
  }
  for (const smf::golden::File& file : smf::golden::golden_files()) {
    std::ofstream out(std::filesystem::path(argv[1]) / file.name, std::ios::binary);
    out << file.bytes;
    if (!out.flush()) {
      std::fprintf(stderr, "cannot write %s\n", file.name.c_str());
      return 1;
    }
    std::printf("- `%s` (%s, %zu bytes): %s.\n", file.name.c_str(), file.dialect.c_str(),
                file.bytes.size(), file.what.c_str());
  }
}
