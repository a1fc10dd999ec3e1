// A folder of modules to load, made by the builder. Each has one section of code, of bytes that
// differ from module to module; the files are as large as was asked for, but for
// a few bytes of alignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace smf::bench {

class Modules {
 public:
  // At least 1 KiB each. `folder` is made, and left to whoever owns what it is in.
  Modules(const std::string& folder, std::size_t count, std::uint64_t file_size);

  const std::vector<std::string>& paths() const { return paths_; }
  std::uint64_t file_size() const { return file_size_; }  // bytes

 private:
  std::vector<std::string> paths_;
  std::uint64_t file_size_;
};

}  // namespace smf::bench
