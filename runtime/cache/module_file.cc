#include "runtime/cache/module_file.h"

#include <cerrno>
#include <utility>

namespace smf {

Result<ModuleFile::FileContent> ModuleFile::content_of(const os::InputFile& file,
                                                       Placement placement) {
  const bool is_mapped =
      placement == Placement::kMap || (placement == Placement::kBySize && file.size() >= kMapFrom);
  if (is_mapped && file.size() > 0) {
    SMF_ASSIGN(os::MappedFile mapped,
               os::MappedFile::map(file.descriptor(), file.path(), {}, file.calls()));
    return FileContent(std::move(mapped));
  }
  SMF_ASSIGN(os::FileBytes read, os::FileBytes::read(file));
  return FileContent(std::move(read));
}

Result<ModuleFile> ModuleFile::load(const std::string& path, Placement placement,
                                    os::SystemCalls& calls) {
  SMF_ASSIGN(const os::InputFile file, os::InputFile::open(path, calls));
  auto content = content_of(file, placement);
  if (!content) return std::unexpected(std::move(content).error().at_path(path));
  const Bytes bytes = std::visit([](const auto& held) { return held.bytes(); }, *content);
  auto view = SmfView::open(bytes);
  if (!view) return std::unexpected(std::move(view).error().at_path(path));
  return ModuleFile(*std::move(content), *view, FileIdentity::of(file.status()));
}

Result<FileIdentity> ModuleFile::identify(const std::string& path, os::SystemCalls& calls) {
  struct stat status{};
  if (calls.stat(path.c_str(), &status) != 0) return fail_system("stat", path, errno);
  return FileIdentity::of(status);
}

}  // namespace smf
