// Whether this program has one thread, and no locked operation needs to be one.
//
// The C library knows, and leaves the locks out of its own mutexes as well; a program that has had
// two threads counts as one that has them. Libraries that do not say so have threads.
#pragma once

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace smf {

inline bool is_single_threaded() {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

}  // namespace smf
