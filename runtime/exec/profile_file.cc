#include "runtime/exec/profile_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <utility>

namespace smf::internal {

namespace {

// Anybody may put something in the way where profilers look. Another user's file would show where
// code lies; a second name of a file of ours would empty it; a pipe would stop who writes to it.
bool is_ours_alone(const struct stat& file) {
  return S_ISREG(file.st_mode) && file.st_uid == ::geteuid() && file.st_nlink == 1;
}

}  // namespace

Result<ProfileFile> ProfileFile::create(std::string path, os::SystemCalls& calls) try {
  ProfileFile file;
  file.path_ = std::move(path);
  file.owner_ = ::getpid();
  file.buffer_.reserve(kBufferBytes);
  constexpr int kFlags = O_RDWR | O_CREAT | O_NOFOLLOW;
  file.descriptor_ = os::Descriptor(calls.open(file.path_.c_str(), kFlags, 0600), calls);
  const auto failed = [&](int error) {
    return fail_system("create a file for profilers", file.path_, error);
  };
  if (!file.descriptor_) return failed(errno);
  struct stat status{};
  if (calls.fstat(file.descriptor_.get(), &status) != 0) return failed(errno);
  if (!is_ours_alone(status)) return failed(EPERM);
  if (status.st_size != 0 && calls.ftruncate(file.descriptor_.get(), 0) != 0) return failed(errno);
  return file;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a profiler's file");
}

void ProfileFile::append(Bytes head, Bytes body) noexcept {
  const std::size_t size = head.size() + body.size();
  if (size > kBufferBytes - buffer_.size()) flush();
  if (error_ != 0) return;
  if (size <= kBufferBytes) {
    append_bytes(buffer_, head);
    append_bytes(buffer_, body);
  } else if (write(head) && write(body)) {
    complete_ += size;
  }
}

void ProfileFile::flush() noexcept {
  if (!buffer_.empty() && error_ == 0 && write(buffer_)) complete_ += buffer_.size();
  buffer_.clear();
}

bool ProfileFile::write(Bytes bytes) noexcept {
  if (::getpid() != owner_) return false;
  os::SystemCalls& calls = descriptor_.calls();
  while (!bytes.empty()) {
    const ssize_t put = calls.write(descriptor_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      error_ = put == 0 ? EIO : errno;
      // Should that fail too, readers find a record that is cut short.
      static_cast<void>(calls.ftruncate(descriptor_.get(), static_cast<off_t>(complete_)));
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

Result<void> ProfileFile::status() const {
  if (error_ != 0) return fail_system("write to a file for profilers", path_, error_);
  return {};
}

}  // namespace smf::internal
