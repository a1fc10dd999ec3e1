#include "smftool/module_input.h"

#include <utility>

namespace smf::tool {

Result<ModuleInput> ModuleInput::open(const std::string& path) {
  SMF_ASSIGN(os::FileBytes bytes, os::FileBytes::load(path));
  auto view = SmfView::open(bytes.bytes());
  if (!view) return std::unexpected(std::move(view).error().at_path(path));
  const bool is_large = bytes.is_mapped();
  ModuleInput input(path, std::move(bytes), *view);
  if (is_large) {
    SMF_ASSIGN(os::InputFile file, os::InputFile::open(path));
    // Not the file that was mapped, if somebody replaced it meanwhile: then the mapping serves.
    if (file.size() == view->file().size())
      input.file_ = std::make_shared<const os::InputFile>(std::move(file));
  }
  return input;
}

}  // namespace smf::tool
