#include "runtime/persisted/trust.h"

#include <unistd.h>

#include <cerrno>

namespace smf {

bool is_trusted(const struct stat& file, TrustPersisted rule, uid_t user) {
  switch (rule) {
    case TrustPersisted::kNever:
      return false;
    case TrustPersisted::kOwnerOnly:
      return (file.st_uid == user || file.st_uid == 0) && (file.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    case TrustPersisted::kAlways:
      return true;
  }
  return false;
}

bool is_trusted(const struct stat& file, TrustPersisted rule) {
  return is_trusted(file, rule, ::geteuid());
}

Result<bool> is_trusted(int descriptor, TrustPersisted rule, os::SystemCalls& calls) {
  if (rule != TrustPersisted::kOwnerOnly) return rule == TrustPersisted::kAlways;
  struct stat file{};
  if (calls.fstat(descriptor, &file) != 0) return fail_system("stat", "", errno);
  return is_trusted(file, rule);
}

}  // namespace smf
