#include "runtime/os/extended_attributes.h"

#include <cerrno>
#include <cstring>

namespace smf::os {
namespace {

// What is no reason to refuse: not there, not here, not ours to set.
bool is_passed_over(int error) {
  return error == ENODATA || error == ENOTSUP || error == EPERM || error == EACCES ||
         error == ENOSYS;
}

// The kernel's limit for a value, and for a list of names. Asking for the size first would leave a
// moment for it to grow.
constexpr std::size_t kMostBytes = 64u << 10;

Result<void> copy_one(const std::string& from, const char* name, int descriptor,
                      const std::string& path, SystemCalls& calls) {
  std::string value(kMostBytes, '\0');
  const ssize_t size = calls.getxattr(from.c_str(), name, value.data(), value.size());
  if (size < 0) {
    if (is_passed_over(errno)) return {};
    return fail_system("read the extended attributes of", path, errno);
  }
  if (calls.fsetxattr(descriptor, name, value.data(), static_cast<std::size_t>(size)) != 0 &&
      !is_passed_over(errno))
    return fail_system("set the extended attributes of", path, errno);
  return {};
}

}  // namespace

Result<void> copy_extended_attributes(const std::string& from, int descriptor,
                                      const std::string& path, SystemCalls& calls) {
  std::string names(kMostBytes, '\0');
  const ssize_t size = calls.listxattr(from.c_str(), names.data(), names.size());
  if (size < 0) {
    if (is_passed_over(errno)) return {};
    return fail_system("read the extended attributes of", path, errno);
  }
  names.resize(static_cast<std::size_t>(size));
  for (std::size_t at = 0; at < names.size(); at += std::strlen(names.c_str() + at) + 1)
    SMF_TRY(copy_one(from, names.c_str() + at, descriptor, path, calls));
  return {};
}

}  // namespace smf::os
