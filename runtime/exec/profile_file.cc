#include "runtime/exec/profile_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <utility>

namespace smf::internal {

Result<ProfileFile> ProfileFile::create(std::string path, os::SystemCalls& calls) try {
  ProfileFile file;
  file.path_ = std::move(path);
  file.owner_ = ::getpid();
  file.buffer_.reserve(kBufferBytes);
  constexpr int kFlags = O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW;
  file.descriptor_ = os::Descriptor(calls.open(file.path_.c_str(), kFlags, 0600), calls);
  if (!file.descriptor_) return fail_system("create a file for profilers", file.path_, errno);
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
