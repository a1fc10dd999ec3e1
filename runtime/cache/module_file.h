// A module's file in memory, and the view over it.
//
// Small files are read, large ones mapped. A page fault costs more than reading the page where page
// tables are slow (12 us against 1.5 on the virtual machine this was measured on; 0.1 to 0.5 on
// bare metal), and what was read cannot be truncated under a reader. Which is better follows from
// size and machine, not from the caller, so both look the same: a span of bytes that stays.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "runtime/base/error.h"
#include "runtime/cache/file_identity.h"
#include "runtime/format/view.h"
#include "runtime/os/input_file.h"
#include "runtime/os/mapped_file.h"
#include "runtime/os/system_calls.h"

namespace smf {

enum class Placement : std::uint8_t {
  kBySize,  // read below ModuleFile::kMapFrom, else mapped
  kRead,
  kMap,
};

// Immutable, but for bytes that others change in a mapped file. Move-only.
class ModuleFile {
 public:
  // Bytes. Measured where a fault is dear, 1 MiB is read in 31 us and mapped and touched in 363;
  // from here on, what is mapped and not touched begins to count.
  static constexpr std::uint64_t kMapFrom = 1u << 20;

  // Opens, reads or maps, and checks the module as SmfView::open() does. kSystem where the system
  // refuses, kInvalidInput for what is no module; errors carry the path.
  static Result<ModuleFile> load(const std::string& path, Placement placement,
                                 os::SystemCalls& calls);
  // Without loading: which file is there now.
  static Result<FileIdentity> identify(const std::string& path, os::SystemCalls& calls);

  const SmfView& view() const { return view_; }
  const FileIdentity& identity() const { return identity_; }
  bool is_mapped() const { return std::holds_alternative<os::MappedFile>(bytes_); }
  // Whether the file was found truncated under its mapping, so that zeros were read. Never of what
  // was read.
  bool is_truncated() const {
    const auto* const mapped = std::get_if<os::MappedFile>(&bytes_);
    return mapped != nullptr && mapped->is_truncated();
  }
  // Of a mapped file, as MappedFile::advise().
  Result<void> advise(os::Advice advice) const {
    const auto* const mapped = std::get_if<os::MappedFile>(&bytes_);
    return mapped != nullptr ? mapped->advise(advice) : Result<void>();
  }

 private:
  using FileContent = std::variant<os::FileBytes, os::MappedFile>;

  static Result<FileContent> content_of(const os::InputFile& file, Placement placement);
  ModuleFile(FileContent bytes, const SmfView& view, const FileIdentity& identity)
      : bytes_(std::move(bytes)), view_(view), identity_(identity) {}

  FileContent bytes_;
  SmfView view_;
  FileIdentity identity_;
};

}  // namespace smf
