// Where C++ ends: what every rt_* function does around its work.
//
// Nothing that happens inside gets out as an exception, and every failure is left for
// rt_last_error(). The text is in a buffer of the thread, of a fixed size: storing a failure then
// needs no memory, also when there is none, and no destructor at a thread's end that would run
// before somebody else's. 1 KiB is room for the longest message with a path of 700 bytes; a longer
// one loses the front of the path.
//
// A thread that another cancels (pthread_cancel) would unwind out of open(2) or msync(2), through
// functions that may not be left so; cancelling waits until the function is done.
#pragma once

#include <pthread.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/ffi/smf_rt.h"

namespace smf::ffi {

// `call` is the function and its arguments: "rt_munmap(0x7f0000, 4096)".
void set_last_error(std::string_view call, const Error& error) noexcept;
rt_error last_error() noexcept;
// As before the thread's first failure.
void clear_last_error() noexcept;

class CancellationOff {
 public:
  CancellationOff() { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &previous_); }
  ~CancellationOff() { ::pthread_setcancelstate(previous_, nullptr); }
  CancellationOff(const CancellationOff&) = delete;
  CancellationOff& operator=(const CancellationOff&) = delete;

 private:
  int previous_ = 0;
};

// What `work` gives, a Result; or `failure`, with the error stored. `describe` gives the call as a
// text, and `name` is the function's, should there be no memory for that.
template <typename T, typename Work, typename Describe>
T at_boundary(const char* name, T failure, const Work& work, const Describe& describe) noexcept {
  const CancellationOff off;
  try {
    auto result = work();
    if (result) return *std::move(result);
    set_last_error(describe(), result.error());
  } catch (const std::bad_alloc&) {
    set_last_error(name, Error{.code = ErrorCode::kOutOfMemory, .message = "out of memory"});
  } catch (const std::exception&) {
    set_last_error(name, Error{.code = ErrorCode::kLimit, .message = "too many at once"});
  }
  return failure;
}

}  // namespace smf::ffi
