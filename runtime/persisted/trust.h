// Whose persisted code is run.
//
// Code that is stored in a module is as trustworthy as the module's own code: its checksum finds
// damage, not forgery. But a process that never runs a module's code may still read its templates,
// and a file that somebody else may write can change while it is mapped. So there is a rule, which
// asks who may write the file; by default, nobody but this user and root.
//
// Where a file has an access control list, the permissions of the group are its mask: they cover
// every entry of the list, so a list that lets anybody else write shows as writable by the group.
// Folders are not looked at: who may rename in them gives the path another file, which is then
// asked about in its turn. Ask about the file that is mapped (a descriptor, or its status), not
// about a path.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>

#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf {

enum class TrustPersisted : std::uint8_t {
  kNever,
  // The file belongs to this user or to root, and neither group nor others may write it.
  kOwnerOnly,
  kAlways,
};

// By the status of the file; `user` is the one that the process acts as.
bool is_trusted(const struct stat& file, TrustPersisted rule, uid_t user);
// Of the user that this process acts as.
bool is_trusted(const struct stat& file, TrustPersisted rule);
// Of a file that is open. Where the rule needs no look, there is no system call.
Result<bool> is_trusted(int descriptor, TrustPersisted rule,
                        os::SystemCalls& calls = os::SystemCalls::kernel());

}  // namespace smf
