// A folder for files that are needed for a while: gone with the object.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/error.h"

namespace smf::tool {

class ScratchFolder {
 public:
  // Where temporary files are kept (TMPDIR), readable by this user alone; its name begins with
  // `prefix`.
  static Result<ScratchFolder> create(std::string_view prefix);

  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;  // empty: moved from
};

}  // namespace smf::tool
