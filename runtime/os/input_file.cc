#include "runtime/os/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace smf::os {
namespace {

constexpr std::size_t kStreamStep = 1u << 20;

Result<ByteVector> read_to_end(const Descriptor& from, const std::string& path,
                               std::uint64_t limit) {
  ByteVector all;
  for (;;) {
    const std::size_t used = all.size();
    all.resize(used + kStreamStep);
    const ssize_t got = from.calls().read(from.get(), all.data() + used, kStreamStep);
    if (got < 0 && errno == EINTR) {
      all.resize(used);
      continue;
    }
    if (got < 0) return fail_system("read", path, errno);
    all.resize(used + static_cast<std::size_t>(got));
    if (got == 0) return all;
    if (all.size() > limit)
      return fail(ErrorCode::kLimit, fmt::format("longer than {} bytes", limit));
  }
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), calls_(other.calls_) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
    calls_ = other.calls_;
  }
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) calls_->close(std::exchange(fd_, -1));
}

Result<InputFile> InputFile::open(std::string path, SystemCalls& calls) {
  InputFile file;
  file.descriptor_ = Descriptor(calls.open(path.c_str(), O_RDONLY, 0), calls);
  if (!file.descriptor_) return fail_system("open", std::move(path), errno);
  struct stat& status = file.status_;
  if (calls.fstat(file.descriptor_.get(), &status) != 0)
    return fail_system("stat", std::move(path), errno);
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidInput,
              .message = S_ISDIR(status.st_mode) ? "is a directory" : "is no regular file",
              .path = std::move(path)});
  }
  file.path_ = std::move(path);
  return file;
}

Result<void> InputFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t got = descriptor_.calls().pread(descriptor_.get(), out.data(), out.size(),
                                                  static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_system("read", path_, errno);
    if (got == 0) {
      return std::unexpected(Error{.code = ErrorCode::kInvalidInput,
                                   .message = "the file has become shorter while it was read",
                                   .path = path_,
                                   .offset = offset});
    }
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<FileBytes> FileBytes::load(const std::string& path, std::uint64_t limit,
                                  SystemCalls& calls) try {
  FileBytes file;
  file.calls_ = &calls;
  // A duplicate of standard input, so that closing it is nobody's loss.
  Descriptor from(
      path == "-" ? calls.open("/dev/stdin", O_RDONLY, 0) : calls.open(path.c_str(), O_RDONLY, 0),
      calls);
  if (!from) return fail_system("open", path, errno);
  struct stat status{};
  if (calls.fstat(from.get(), &status) != 0) return fail_system("stat", path, errno);
  if (S_ISDIR(status.st_mode)) {
    return std::unexpected(
        Error{.code = ErrorCode::kInvalidInput, .message = "is a directory", .path = path});
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const bool regular = S_ISREG(status.st_mode) && path != "-";
  if (regular && size > limit) {
    return std::unexpected(
        Error{.code = ErrorCode::kLimit,
              .message = fmt::format("is {} bytes long; the limit is {}", size, limit),
              .path = path});
  }
  if (!regular || size == 0) {  // also the files of /proc, which say 0
    auto all = read_to_end(from, path, limit);
    if (!all) return std::unexpected(std::move(all).error().at_path(path));
    file.read_ = *std::move(all);
    return file;
  }
  if (size > kReadWholeBytes) {
    SMF_TRY(file.map_whole(from.get(), size, path, calls));
    return file;
  }
  file.read_.resize(size);
  std::size_t used = 0;
  while (used < size) {
    const ssize_t got = calls.read(from.get(), file.read_.data() + used, size - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_system("read", path, errno);
    if (got == 0) break;  // shorter by now: what is there is the file
    used += static_cast<std::size_t>(got);
  }
  file.read_.resize(used);
  return file;
} catch (const std::bad_alloc&) {
  return std::unexpected(Error{
      .code = ErrorCode::kOutOfMemory, .message = "not enough memory for the file", .path = path});
}

Result<FileBytes> FileBytes::read(const InputFile& from) try {
  FileBytes file;
  file.read_.resize(from.size());
  SMF_TRY(from.read_at(0, file.read_));
  return file;
} catch (const std::bad_alloc&) {
  return std::unexpected(Error{.code = ErrorCode::kOutOfMemory,
                               .message = "not enough memory for the file",
                               .path = from.path()});
}

Result<FileBytes> FileBytes::map(const std::string& path, SystemCalls& calls) {
  SMF_ASSIGN(const InputFile from, InputFile::open(path, calls));
  return map(from);
}

Result<FileBytes> FileBytes::map(const InputFile& from) {
  return map(from.descriptor(), from.size(), from.path(), from.calls());
}

Result<FileBytes> FileBytes::map(int descriptor, std::uint64_t size, const std::string& path,
                                 SystemCalls& calls) {
  FileBytes file;
  SMF_TRY(file.map_whole(descriptor, size, path, calls));
  return file;
}

Result<void> FileBytes::map_whole(int fd, std::uint64_t size, const std::string& path,
                                  SystemCalls& calls) {
  void* address = calls.mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return fail_system("map", path, errno);
  mapped_ = static_cast<const std::byte*>(address);
  mapped_size_ = size;
  calls_ = &calls;
  return {};
}

FileBytes::~FileBytes() {
  if (mapped_) calls_->munmap(const_cast<std::byte*>(mapped_), mapped_size_);
}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : read_(std::move(other.read_)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_size_(other.mapped_size_),
      calls_(other.calls_) {}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(read_, other.read_);
  std::swap(mapped_, other.mapped_);
  std::swap(mapped_size_, other.mapped_size_);
  std::swap(calls_, other.calls_);
  return *this;
}

}  // namespace smf::os
