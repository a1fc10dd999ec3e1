#include "runtime/os/signal_chain.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace smf::os {
namespace {

constexpr struct sigaction kDefault{};  // SIG_DFL is 0

// Sent by a program, or a fault? What the kernel makes of an instruction has a positive code. The
// exception is memory that turned bad before anybody used it, which may be ignored.
bool may_be_ignored(const siginfo_t& info) {
  return info.si_code <= 0 || (info.si_signo == SIGBUS && info.si_code == BUS_MCEERR_AO);
}

// The same signal again, with what the kernel knew of it; it arrives when the handler returns, at
// the instruction that was interrupted, which is where a core dump should point.
void end_process(int signal, siginfo_t* info) {
  ::sigaction(signal, &kDefault, nullptr);
  if (::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::gettid(), signal, info) != 0) ::raise(signal);
}

}  // namespace

Result<void> SignalChain::install(SystemCalls& calls) {
  if (is_installed_) return {};
  // The older one has to be known before the first signal can come.
  if (calls.sigaction(signal_, nullptr, &seen_) != 0)
    return fail_system("read the signal's handler", {}, errno);
  older_.store(&seen_, std::memory_order_release);
  struct sigaction ours{};
  ours.sa_sigaction = handler_;
  // System calls that a kill(2) interrupts go on as they would have.
  const bool has_handler = seen_.sa_handler != SIG_DFL && seen_.sa_handler != SIG_IGN;
  ours.sa_flags =
      SA_SIGINFO | SA_ONSTACK | (has_handler ? seen_.sa_flags & SA_RESTART : SA_RESTART);
  if (calls.sigaction(signal_, &ours, &replaced_) != 0)
    return fail_system("install a signal handler", {}, errno);
  is_installed_ = true;
  older_.store(&replaced_, std::memory_order_release);
  return {};
}

Result<bool> SignalChain::is_in_front(SystemCalls& calls) const {
  struct sigaction now{};
  if (calls.sigaction(signal_, nullptr, &now) != 0)
    return fail_system("read the signal's handler", {}, errno);
  return (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handler_;
}

void SignalChain::pass_on(siginfo_t* info, void* context) {
  const struct sigaction* const older = older_.load(std::memory_order_acquire);
  if (older->sa_handler == SIG_IGN && may_be_ignored(*info)) return;
  if (older->sa_handler == SIG_DFL || older->sa_handler == SIG_IGN)
    return end_process(signal_, info);
  if ((older->sa_flags & static_cast<int>(SA_RESETHAND)) != 0)
    older_.store(&kDefault, std::memory_order_release);

  // Blocked now: what the thread had blocked, and the signal itself.
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &older->sa_mask, &before);
  if ((older->sa_flags & SA_NODEFER) != 0) {
    sigset_t itself;
    ::sigemptyset(&itself);
    ::sigaddset(&itself, signal_);
    ::pthread_sigmask(SIG_UNBLOCK, &itself, nullptr);
  }
  if ((older->sa_flags & SA_SIGINFO) != 0)
    older->sa_sigaction(signal_, info, context);
  else
    older->sa_handler(signal_);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace smf::os
