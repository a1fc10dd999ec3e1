// The sources of the sample module, from testdata/sample, as the build put them into the program.
#pragma once

#include <span>
#include <string_view>

namespace smf::tool {

struct SampleFile {
  std::string_view name;
  std::string_view content;
};

std::span<const SampleFile> sample_files();

}  // namespace smf::tool
