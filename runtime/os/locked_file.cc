#include "runtime/os/locked_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

namespace smf::os {
namespace {

// How often the path may name another file by the time the lock is there. Each time some other
// writer got its work done, so one that is still not served after this many is not being kept out
// by chance.
constexpr int kMostReplacements = 10'000;

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

LockedFile::LockedFile(LockedFile&& other) noexcept
    : path_(std::move(other.path_)),
      access_(other.access_),
      calls_(other.calls_),
      descriptor_(std::move(other.descriptor_)),
      size_(other.size_),
      is_locked_(std::exchange(other.is_locked_, false)) {}

LockedFile& LockedFile::operator=(LockedFile&& other) noexcept {
  if (this == &other) return *this;
  unlock();
  path_ = std::move(other.path_);
  access_ = other.access_;
  calls_ = other.calls_;
  descriptor_ = std::move(other.descriptor_);
  size_ = other.size_;
  is_locked_ = std::exchange(other.is_locked_, false);
  return *this;
}

Result<void> LockedFile::open() {
  // O_NONBLOCK: a pipe or a device must not hold up the question what it is.
  const int access = access_ == Access::kRead ? O_RDONLY : O_RDWR;
  descriptor_ = Descriptor(calls_->open(path_.c_str(), access | O_NONBLOCK, 0), *calls_);
  if (!descriptor_) return fail_system("open", path_, errno);
  return {};
}

Result<void> LockedFile::wait() {
  while (calls_->flock(descriptor_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return fail_system("lock", path_, errno);
  }
  is_locked_ = true;
  return {};
}

Result<bool> LockedFile::lock() {
  SMF_CHECK(!is_locked_);
  bool is_new = false;
  for (int i = 0; i < kMostReplacements; ++i) {
    if (!descriptor_) {
      is_new = true;
      SMF_TRY(open());
    }
    SMF_TRY(wait());
    struct stat locked{}, named{};
    const bool is_known =
        calls_->fstat(descriptor_.get(), &locked) == 0 && calls_->stat(path_.c_str(), &named) == 0;
    const int error = errno;
    if (is_known && is_same_file(locked, named)) {
      size_ = static_cast<std::uint64_t>(locked.st_size);
      if (S_ISREG(locked.st_mode)) return is_new;
      unlock();
      return std::unexpected(
          Error{.code = ErrorCode::kInvalidInput, .message = "not a regular file", .path = path_});
    }
    unlock();
    if (!is_known) return fail_system("stat", path_, error);
    descriptor_.reset();
  }
  return fail_system("lock", path_, EBUSY);
}

void LockedFile::unlock() {
  if (!is_locked_) return;
  is_locked_ = false;
  // The lock ends with the descriptor, should this fail.
  if (calls_->flock(descriptor_.get(), LOCK_UN) != 0) descriptor_.reset();
}

Result<void> LockedFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t got =
        calls_->pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_system("read", path_, errno);
    if (got == 0)
      return std::unexpected(Error{.code = ErrorCode::kInvalidInput,
                                   .message = "the file has become shorter",
                                   .path = path_,
                                   .offset = offset});
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> LockedFile::write_at(std::uint64_t offset, Bytes bytes) const {
  SMF_CHECK(is_locked_);
  while (!bytes.empty()) {
    const ssize_t put =
        calls_->pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_system("write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

Result<void> LockedFile::sync_data() const {
  if (calls_->fdatasync(descriptor_.get()) != 0) return fail_system("write", path_, errno);
  return {};
}

}  // namespace smf::os
