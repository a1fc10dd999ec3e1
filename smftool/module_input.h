// A module that a command reads: its bytes, the view over them, and the file to stream from.
#pragma once

#include <memory>
#include <string>

#include "runtime/base/error.h"
#include "runtime/format/view.h"
#include "runtime/os/input_file.h"

namespace smf::tool {

class ModuleInput {
 public:
  // "-" is standard input. Errors carry the path.
  static Result<ModuleInput> open(const std::string& path);

  const std::string& path() const { return path_; }
  const SmfView& view() const { return view_; }
  // The file, where it is one that can be read by position; payloads then need no memory.
  const std::shared_ptr<const os::InputFile>& file() const { return file_; }

 private:
  ModuleInput(std::string path, os::FileBytes bytes, const SmfView& view)
      : path_(std::move(path)), bytes_(std::move(bytes)), view_(view) {}

  std::string path_;
  os::FileBytes bytes_;
  SmfView view_;
  std::shared_ptr<const os::InputFile> file_{};
};

}  // namespace smf::tool
