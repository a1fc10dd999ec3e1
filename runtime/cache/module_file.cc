#include "runtime/cache/module_file.h"

#include <cerrno>
#include <new>
#include <utility>

#include "runtime/cache/crossover.h"

namespace smf {
namespace {

bool is_to_be_mapped(std::uint64_t size, const PlacementOptions& options) {
  if (size == 0) return false;  // which no mapping can be
  if (options.placement != Placement::kBySize) return options.placement == Placement::kMap;
  if (options.map_from != 0) return size >= options.map_from;
  if (size < kLeastCrossover || size >= kMostCrossover) return size >= kMostCrossover;
  return size >= measured_crossover();
}

}  // namespace

Result<ModuleFile> ModuleFile::read(const os::InputFile& file, Slabs& slabs) {
  SMF_ASSIGN(SlabBlock block, slabs.allocate(file.size()));
  SMF_TRY(file.read_at(0, block.bytes()));
  SMF_ASSIGN(const SmfView view, SmfView::open(block.bytes()));
  return ModuleFile(std::move(block), view, FileIdentity::of(file.status()));
}

Result<ModuleFile> ModuleFile::map(const os::InputFile& file) {
  SMF_ASSIGN(os::MappedFile mapped,
             os::MappedFile::map(file.descriptor(), file.path(), {}, file.calls()));
  SMF_ASSIGN(const SmfView view, SmfView::open(mapped.bytes()));
  return ModuleFile(std::make_unique<Mapped>(std::move(mapped), view),
                    FileIdentity::of(file.status()));
}

Result<ModuleFile> ModuleFile::load_open(const os::InputFile& file, const PlacementOptions& options,
                                         Slabs& slabs) {
  return is_to_be_mapped(file.size(), options) ? map(file) : read(file, slabs);
}

Result<ModuleFile> ModuleFile::load(const std::string& path, const PlacementOptions& options,
                                    Slabs& slabs, os::SystemCalls& calls) try {
  SMF_ASSIGN(const os::InputFile file, os::InputFile::open(path, calls));
  auto loaded = load_open(file, options, slabs);
  if (!loaded) return std::unexpected(std::move(loaded).error().at_path(path));
  return loaded;
} catch (const std::bad_alloc&) {
  return std::unexpected(Error{.code = ErrorCode::kOutOfMemory,
                               .message = "not enough memory for the module",
                               .path = path});
}

Result<FileIdentity> ModuleFile::identify(const std::string& path, os::SystemCalls& calls) {
  struct stat status{};
  if (calls.stat(path.c_str(), &status) != 0) return fail_system("stat", path, errno);
  return FileIdentity::of(status);
}

}  // namespace smf
