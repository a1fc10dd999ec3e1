// A signal handler of ours in front of the one that was there, which goes on getting what is not
// for us, as if we were not there.
//
// Signal handlers are the process's, not a library's. Ours is installed once and stays: to put the
// old one back is only right while nobody came after us, and nobody can know. What another library
// does later:
//   * It installs its handler and passes on to ours what is not its own: both work.
//   * It installs one and passes nothing on: we are deaf, and it gets what would have been for us.
//     is_in_front() tells. We do not install ourselves again in front of it: should it pass on to
//     us after all, each would take the other for the older one, and a signal would go round for
//     ever.
//   * It puts back what was there before it came, and that was before us: the same.
// A sanitizer's own handler, a crash reporter's, a language runtime's is usually older than us.
//
// Passed on, a signal meets what it would have met: SIG_DFL ends the process with that signal, at
// the same instruction; SIG_IGN ignores what kill(2) sent, and ends the process where an
// instruction faulted, as the kernel does; a handler gets the same arguments, its mask, SA_NODEFER
// and SA_RESETHAND. It runs on our stack, which is the alternative one where the thread has one.
//
// Rejected: interposing sigaction() as ART's libsigchain does, since it takes the whole process to
// link against it; signalfd(2) and sigtimedwait(2), which do not get synchronous signals.
#pragma once

#include <atomic>
#include <csignal>

#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

// For one signal; with static storage, since a handler that is installed cannot go away.
class SignalChain {
 public:
  using Handler = void (*)(int, siginfo_t*, void*);

  constexpr SignalChain(int signal, Handler handler) : signal_(signal), handler_(handler) {}

  // Without effect where it has been done. Fails with kSystem; then nothing has changed. One thread
  // at a time. The signal is blocked while `handler` runs: a fault in there ends the process.
  Result<void> install(SystemCalls& calls);

  // Whether the process's handler is ours. Thread-safe.
  Result<bool> is_in_front(SystemCalls& calls) const;

  // From within `handler`, for what is not ours. Async-signal-safe. May not return: the older
  // handler may jump out.
  void pass_on(siginfo_t* info, void* context);

 private:
  int signal_;
  Handler handler_;
  bool is_installed_ = false;
  // Two, since what was there when we looked may not be what our handler replaced.
  struct sigaction seen_{}, replaced_{};
  std::atomic<const struct sigaction*> older_{nullptr};
};

}  // namespace smf::os
