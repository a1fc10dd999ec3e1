#include "runtime/cache/module_file.h"

#include <cerrno>
#include <utility>

namespace smf {
namespace {

Result<os::FileBytes> bytes_of(const os::InputFile& file, Placement placement) {
  const bool is_mapped = placement == Placement::kMap ||
                         (placement == Placement::kBySize && file.size() >= ModuleFile::kMapFrom);
  if (is_mapped && file.size() > 0) return os::FileBytes::map(file);
  return os::FileBytes::read(file);
}

}  // namespace

Result<ModuleFile> ModuleFile::load(const std::string& path, Placement placement,
                                    os::SystemCalls& calls) {
  SMF_ASSIGN(const os::InputFile file, os::InputFile::open(path, calls));
  auto bytes = bytes_of(file, placement);
  if (!bytes) return std::unexpected(std::move(bytes).error().at_path(path));
  auto view = SmfView::open(bytes->bytes());
  if (!view) return std::unexpected(std::move(view).error().at_path(path));
  return ModuleFile(*std::move(bytes), *view, FileIdentity::of(file.status()));
}

Result<FileIdentity> ModuleFile::identify(const std::string& path, os::SystemCalls& calls) {
  struct stat status{};
  if (calls.stat(path.c_str(), &status) != 0) return fail_system("stat", path, errno);
  return FileIdentity::of(status);
}

}  // namespace smf
