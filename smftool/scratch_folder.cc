#include "smftool/scratch_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace smf::tool {

Result<ScratchFolder> ScratchFolder::create(std::string_view prefix) {
  std::error_code error;
  std::string path = std::filesystem::temp_directory_path(error) / fmt::format("{}-XXXXXX", prefix);
  if (error || ::mkdtemp(path.data()) == nullptr)
    return fail_system("create a folder", path, error ? error.value() : errno);
  return ScratchFolder(std::move(path));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace smf::tool
