// A module's file in memory, and the view over it.
//
// Small files are read, large ones mapped. A page fault costs more than reading the page where page
// tables are slow (12 us against 1.5 on the virtual machine this was measured on; 0.1 to 0.5 on
// bare metal), and what was read cannot be truncated under a reader. Where the sizes cross follows
// from the machine (crossover.h), not from the caller, so both look the same: a span of bytes that
// stays. What is read goes into a slab (slabs.h).
//
// A cache keeps thousands of these, most of them of small files, so one of a file that was read is
// 90 bytes: its view (200 bytes) is made again when it is asked for, from bytes that nobody can
// change.
//
// Reading takes four system calls: open, fstat, read, close. As many bytes are read as fstat told,
// so there is no second read to see the end; the identity is that of the same fstat. A file that
// becomes shorter meanwhile is an error; one that becomes longer, or is written to, has another
// identity afterwards, and a cache that asks for it loads it again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/cache/file_identity.h"
#include "runtime/cache/slabs.h"
#include "runtime/format/view.h"
#include "runtime/os/input_file.h"
#include "runtime/os/mapped_file.h"
#include "runtime/os/system_calls.h"

namespace smf {

enum class Placement : std::uint8_t {
  kBySize,  // read below PlacementOptions::map_from, else mapped
  kRead,
  kMap,
};

struct PlacementOptions {
  Placement placement = Placement::kBySize;
  std::uint64_t map_from = 0;  // bytes; 0: measured_crossover()
};

// Immutable but for set_identity(), and for bytes that others change in a mapped file. Move-only.
// What was read keeps the slab it lies in, also when the Slabs are gone; `calls` must outlive it.
class ModuleFile {
 public:
  // Opens, reads or maps, and checks the module as SmfView::open() does. kSystem where the system
  // refuses, kInvalidInput for what is no module, kOutOfMemory; errors carry the path. Nothing is
  // measured for a file that is on one side of all crossovers.
  static Result<ModuleFile> load(const std::string& path, const PlacementOptions& options,
                                 Slabs& slabs, os::SystemCalls& calls);
  // Without loading: which file is there now.
  static Result<FileIdentity> identify(const std::string& path, os::SystemCalls& calls);

  Bytes bytes() const { return mapped_ != nullptr ? mapped_->file.bytes() : block_.bytes(); }
  // By value: of what was read it is made anew, in some 40 ns.
  SmfView view() const {
    return mapped_ != nullptr ? mapped_->view : SmfView::reopen(block_.bytes(), opened_);
  }
  FileIdentity identity() const {
    return {.device = device_,
            .inode = inode_,
            .size = bytes().size(),
            .modified = modified_,
            .changed = changed_};
  }
  // The file was changed in place, and is still the same.
  void set_identity(const FileIdentity& identity) {
    device_ = identity.device;
    inode_ = identity.inode;
    modified_ = identity.modified;
    changed_ = identity.changed;
  }

  bool is_mapped() const { return mapped_ != nullptr; }
  // Whether the file was found truncated under its mapping, so that zeros were read. Never of what
  // was read.
  bool is_truncated() const { return mapped_ != nullptr && mapped_->file.is_truncated(); }
  // Of a mapped file, as MappedFile::advise().
  Result<void> advise(os::Advice advice) const {
    return mapped_ != nullptr ? mapped_->file.advise(advice) : Result<void>();
  }

 private:
  // Others may write into the file, so what was checked is kept.
  struct Mapped {
    os::MappedFile file;
    SmfView view;
  };

  static Result<ModuleFile> load_open(const os::InputFile& file, const PlacementOptions& options,
                                      Slabs& slabs);
  static Result<ModuleFile> read(const os::InputFile& file, Slabs& slabs);
  static Result<ModuleFile> map(const os::InputFile& file);
  ModuleFile(SlabBlock block, const SmfView& view, const FileIdentity& identity)
      : block_(std::move(block)), opened_(view.opened()) {
    set_identity(identity);
  }
  ModuleFile(std::unique_ptr<Mapped> mapped, const FileIdentity& identity)
      : mapped_(std::move(mapped)) {
    set_identity(identity);
  }

  SlabBlock block_;                 // of what was read
  std::unique_ptr<Mapped> mapped_;  // or this
  SmfView::Opened opened_;
  // An identity whose size is that of the bytes.
  std::uint64_t device_ = 0, inode_ = 0;
  std::int64_t modified_ = 0, changed_ = 0;
};

}  // namespace smf
