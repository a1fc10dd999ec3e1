#include "runtime/os/memory_calls.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "runtime/base/check.h"

namespace smf::os {
namespace {

// Far above those of the process, so that a mix-up shows.
constexpr int kFirstDescriptor = 1 << 20;
constexpr int kUnnamed = O_TMPFILE & ~O_DIRECTORY;

int fails(int error) {
  errno = error;
  return -1;
}

void describe(const MemoryCalls::File& file, struct stat* out) {
  *out = {};
  out->st_dev = 1;
  out->st_ino = file.number;
  out->st_mode = S_IFREG | 0644;
  out->st_size = static_cast<off_t>(file.bytes.size());
}

}  // namespace

ino_t MemoryCalls::put(const std::string& path, std::string bytes) {
  FilePointer file = make_file();
  file->bytes = std::move(bytes);
  names_[path] = file;
  return file->number;
}

const std::string& MemoryCalls::bytes(const std::string& path) const {
  const auto found = names_.find(path);
  SMF_CHECK(found != names_.end());
  return found->second->bytes;
}

int MemoryCalls::add_descriptor(FilePointer file) {
  const int fd = descriptors_.empty() ? kFirstDescriptor : descriptors_.rbegin()->first + 1;
  descriptors_[fd] = {.file = std::move(file)};
  return fd;
}

MemoryCalls::Open* MemoryCalls::find_open(int fd) {
  const auto found = descriptors_.find(fd);
  if (found == descriptors_.end()) return static_cast<void>(fails(EBADF)), nullptr;
  if (!found->second.file) return static_cast<void>(fails(EISDIR)), nullptr;
  return &found->second;
}

MemoryCalls::FilePointer MemoryCalls::find_named(std::string_view path) {
  const auto found = names_.find(path);
  if (found == names_.end()) return static_cast<void>(fails(ENOENT)), nullptr;
  return found->second;
}

void MemoryCalls::give_name(const std::string& path, FilePointer file) {
  const auto before = names_.find(path);
  events_.push_back({.kind = Event::Kind::kName,
                     .file = file->number,
                     .path = path,
                     .is_locked = before != names_.end() && is_locked(before->second)});
  names_[path] = std::move(file);
}

bool MemoryCalls::is_locked(const FilePointer& file) const {
  return std::ranges::any_of(descriptors_, [&](const auto& entry) {
    return entry.second.file == file && entry.second.is_locked;
  });
}

int MemoryCalls::open(const char* path, int flags, mode_t) {
  if ((flags & kUnnamed) == kUnnamed) return add_descriptor(make_file());
  if ((flags & O_DIRECTORY) != 0) return add_descriptor(nullptr);
  if ((flags & O_CREAT) == 0) {
    FilePointer file = find_named(path);
    return file ? add_descriptor(std::move(file)) : -1;
  }
  if (names_.contains(path)) return fails(EEXIST);
  FilePointer file = make_file();
  give_name(path, file);
  return add_descriptor(std::move(file));
}

int MemoryCalls::close(int fd) { return descriptors_.erase(fd) == 1 ? 0 : fails(EBADF); }

int MemoryCalls::fstat(int fd, struct stat* out) {
  const Open* const open = find_open(fd);
  if (open == nullptr) return -1;
  describe(*open->file, out);
  return 0;
}

int MemoryCalls::stat(const char* path, struct stat* out) {
  const FilePointer file = find_named(path);
  if (!file) return -1;
  describe(*file, out);
  return 0;
}

// There are no links.
ssize_t MemoryCalls::readlink(const char* path, char*, size_t) {
  return fails(find_named(path) ? EINVAL : ENOENT);
}

int MemoryCalls::fchmod(int fd, mode_t) { return find_open(fd) != nullptr ? 0 : -1; }
int MemoryCalls::fchown(int fd, uid_t, gid_t) { return find_open(fd) != nullptr ? 0 : -1; }

ssize_t MemoryCalls::read(int fd, void* out, size_t size) {
  Open* const open = find_open(fd);
  if (open == nullptr) return -1;
  const ssize_t got = pread(fd, out, size, static_cast<off_t>(open->position));
  if (got > 0) open->position += static_cast<std::size_t>(got);
  return got;
}

ssize_t MemoryCalls::pread(int fd, void* out, size_t size, off_t offset) {
  const Open* const open = find_open(fd);
  if (open == nullptr) return -1;
  const std::string_view bytes = open->file->bytes;
  const std::string_view part =
      bytes.substr(std::min(bytes.size(), static_cast<std::size_t>(offset)), size);
  if (!part.empty()) std::memcpy(out, part.data(), part.size());
  return static_cast<ssize_t>(part.size());
}

ssize_t MemoryCalls::write(int fd, const void* data, size_t size) {
  Open* const open = find_open(fd);
  if (open == nullptr) return -1;
  const ssize_t put = pwrite(fd, data, size, static_cast<off_t>(open->position));
  if (put > 0) open->position += static_cast<std::size_t>(put);
  return put;
}

ssize_t MemoryCalls::pwrite(int fd, const void* data, size_t size, off_t offset) {
  const Open* const open = find_open(fd);
  if (open == nullptr) return -1;
  std::string& bytes = open->file->bytes;
  const auto at = static_cast<std::size_t>(offset);
  if (at + size > bytes.size()) {
    SMF_CHECK(open->file->mappings == 0);  // they would be left with bytes that have moved
    bytes.resize(at + size);
  }
  std::memcpy(bytes.data() + at, data, size);
  events_.push_back({.kind = Event::Kind::kWrite,
                     .file = open->file->number,
                     .offset = at,
                     .data = std::string(static_cast<const char*>(data), size),
                     .is_locked = is_locked(open->file)});
  return static_cast<ssize_t>(size);
}

int MemoryCalls::fsync(int fd) {
  const auto found = descriptors_.find(fd);
  if (found == descriptors_.end()) return fails(EBADF);
  if (found->second.file)
    events_.push_back({.kind = Event::Kind::kSync, .file = found->second.file->number});
  else
    events_.push_back({.kind = Event::Kind::kSyncFolder});
  return 0;
}

int MemoryCalls::fdatasync(int fd) { return fsync(fd); }

// Nobody waits: there is one thread.
int MemoryCalls::flock(int fd, int operation) {
  Open* const open = find_open(fd);
  if (open == nullptr) return -1;
  if (operation == LOCK_EX && !open->is_locked && is_locked(open->file)) return fails(EDEADLK);
  open->is_locked = operation == LOCK_EX;
  return 0;
}

ssize_t MemoryCalls::listxattr(const char*, char*, size_t) { return 0; }
ssize_t MemoryCalls::getxattr(const char*, const char*, void*, size_t) { return fails(ENODATA); }
int MemoryCalls::fsetxattr(int, const char*, const void*, size_t) { return fails(ENOTSUP); }

// From "/proc/self/fd/N", as an unnamed file gets its name.
int MemoryCalls::linkat(int, const char* from, int, const char* to, int) {
  const std::string_view source = from;
  int fd = -1;
  std::from_chars(source.data() + source.rfind('/') + 1, source.data() + source.size(), fd);
  const Open* const open = find_open(fd);
  if (open == nullptr) return -1;
  if (names_.contains(to)) return fails(EEXIST);
  give_name(to, open->file);
  return 0;
}

int MemoryCalls::rename(const char* from, const char* to) {
  const FilePointer file = find_named(from);
  if (!file) return -1;
  give_name(to, file);
  names_.erase(from);
  events_.push_back({.kind = Event::Kind::kRemove, .path = from});
  return 0;
}

int MemoryCalls::unlink(const char* path) {
  if (!find_named(path)) return -1;
  names_.erase(path);
  events_.push_back({.kind = Event::Kind::kRemove, .path = path});
  return 0;
}

int MemoryCalls::mkdir(const char*, mode_t) { return fails(ENOSYS); }

void* MemoryCalls::mmap(void*, size_t size, int protection, int, int fd, off_t offset) {
  const Open* const open = find_open(fd);
  if (open == nullptr) return MAP_FAILED;
  if (offset != 0 || (protection & PROT_WRITE) != 0 || size > open->file->bytes.size()) {
    errno = ENOSYS;
    return MAP_FAILED;
  }
  ++open->file->mappings;
  mappings_.emplace(open->file->bytes.data(), open->file);
  return open->file->bytes.data();
}

int MemoryCalls::munmap(void* address, size_t) {
  const auto found = mappings_.find(address);
  if (found == mappings_.end()) return fails(EINVAL);
  --found->second->mappings;
  mappings_.erase(found);
  return 0;
}

int MemoryCalls::madvise(void*, size_t, int) { return fails(ENOSYS); }
int MemoryCalls::mlock(const void*, size_t) { return fails(ENOSYS); }
int MemoryCalls::munlock(const void*, size_t) { return fails(ENOSYS); }
int MemoryCalls::msync(void*, size_t, int) { return fails(ENOSYS); }
int MemoryCalls::mincore(void*, size_t, unsigned char*) { return fails(ENOSYS); }
int MemoryCalls::inotify_init1(int) { return fails(ENOSYS); }
int MemoryCalls::inotify_add_watch(int, const char*, std::uint32_t) { return fails(ENOSYS); }
int MemoryCalls::inotify_rm_watch(int, int) { return fails(ENOSYS); }

}  // namespace smf::os
