// Outputs that appear complete or not at all.
//
// OutputFile writes into a file without a name (O_TMPFILE; a named temporary where the file system
// has none), and commit() gives it the name: fsync, link under a temporary name, rename over the
// destination, fsync of the directory. A process that is killed, or a disk that fills up, leaves
// the old destination untouched, and in nearly every case nothing else either. A destination that
// is a symbolic link is followed; mode, owner and extended attributes of a file that is replaced
// are kept.
// "-" (standard output), pipes and devices cannot be replaced: their bytes are spooled into a
// temporary file and copied at commit(), so that an error midway writes nothing there either.
//
// OutputDirectory does the same for a folder, by renaming a temporary sibling; the destination must
// not exist, or be empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/os/input_file.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

class OutputFile {
 public:
  struct Options {
    std::uint32_t mode = 0666;      // of a new file, less the umask
    bool add_execute_bits = false;  // also for a file that is replaced: x where it has r
  };

  static Result<OutputFile> create(std::string path, const Options& options,
                                   SystemCalls& calls = SystemCalls::kernel());
  static Result<OutputFile> create(std::string path) { return create(std::move(path), Options()); }

  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) noexcept = default;
  ~OutputFile();  // without commit(): nothing was written

  // At the end. Not thread-safe.
  Result<void> append(Bytes bytes);
  // Over bytes appended before.
  Result<void> overwrite(std::uint64_t offset, Bytes bytes);
  // Bytes appended before.
  Result<void> read_back(std::uint64_t offset, std::span<std::byte> out) const;

  std::uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }

  // Makes the file appear under its path, durably. Nothing may be called after it.
  Result<void> commit();

 private:
  OutputFile() = default;
  Result<void> copy_to_destination();
  Result<void> give_name();

  Descriptor descriptor_;
  std::string path_;         // as the caller gave it, for messages
  std::string destination_;  // with symbolic links resolved; empty for standard output
  std::string temporary_;    // name of the temporary while it has one
  bool spooled_ = false;
  std::uint64_t size_ = 0;
};

class OutputDirectory {
 public:
  static Result<OutputDirectory> create(std::string path,
                                        SystemCalls& calls = SystemCalls::kernel());

  OutputDirectory(OutputDirectory&& other) noexcept;
  OutputDirectory& operator=(OutputDirectory&&) = delete;
  ~OutputDirectory();  // without commit(): removes what was written

  // Where to put the files meanwhile.
  const std::string& staging() const { return staging_; }
  Result<void> commit();

 private:
  OutputDirectory() = default;
  std::string path_;
  std::string staging_;  // empty once committed
  SystemCalls* calls_ = nullptr;
};

}  // namespace smf::os
