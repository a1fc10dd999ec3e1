#include "smftool/module_input.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace smf::tool {

namespace {

// A regular file that is worth streaming from; null for all else, which is read as it comes.
Result<std::shared_ptr<const os::InputFile>> large_file(const std::string& path) {
  // Looked at before it is opened: a named pipe that is opened and closed is lost to its writer.
  std::error_code ignored;
  if (path == "-" || !std::filesystem::is_regular_file(path, ignored)) return nullptr;
  SMF_ASSIGN(os::InputFile file, os::InputFile::open(path));
  if (file.size() <= os::FileBytes::kReadWholeBytes) return nullptr;
  return std::make_shared<const os::InputFile>(std::move(file));
}

}  // namespace

// A large file is opened once: what is mapped and what is streamed from is one file, also where
// somebody replaces it meanwhile.
Result<ModuleInput> ModuleInput::open(const std::string& path) {
  SMF_ASSIGN(auto file, large_file(path));
  SMF_ASSIGN(os::FileBytes bytes, file ? os::FileBytes::map(*file) : os::FileBytes::load(path));
  auto view = SmfView::open(bytes.bytes());
  if (!view) return std::unexpected(std::move(view).error().at_path(path));
  ModuleInput input(path, std::move(bytes), *view);
  input.file_ = std::move(file);
  return input;
}

}  // namespace smf::tool
