// Which file it is, and in which state.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>

namespace smf {

// What tells a file's contents from others without reading them. Times are in nanoseconds since
// 1970; a file system may keep them coarser.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;
  std::int64_t changed = 0;

  static FileIdentity of(const struct stat& status) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .size = static_cast<std::uint64_t>(status.st_size),
            .modified = status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec,
            .changed = status.st_ctim.tv_sec * kSecond + status.st_ctim.tv_nsec};
  }

  // The same file of the same size, whenever it was changed.
  bool is_same_file(const FileIdentity& other) const {
    return device == other.device && inode == other.inode && size == other.size;
  }
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

}  // namespace smf
