#include "runtime/os/signal_chain.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "runtime/os/fault_calls.h"

namespace smf::os {
namespace {

// Each test has a signal of its own, since a chain that is installed stays.
template <int kSignal>
struct Chain {
  static void on_signal(int, siginfo_t* info, void* context) {
    count = count + 1;
    chain.pass_on(info, context);
  }
  static inline volatile int count = 0;
  static inline constinit SignalChain chain{kSignal, on_signal};
};

// What the older handler saw.
struct Seen {
  int count = 0;
  int signal = 0;
  int value = 0;
  bool has_context = false;
  bool blocks_itself = false;
  bool blocks_other = false;
};
Seen seen;

void note_mask(int signal) {
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  ++seen.count;
  seen.signal = signal;
  seen.blocks_itself = ::sigismember(&mask, signal) == 1;
  seen.blocks_other = ::sigismember(&mask, SIGALRM) == 1;
}
void plain(int signal) { note_mask(signal); }
void with_info(int signal, siginfo_t* info, void* context) {
  note_mask(signal);
  seen.value = info->si_value.sival_int;
  seen.has_context = context != nullptr;
}

void install_older(int signal, int flags) {
  seen = {};
  struct sigaction older{};
  if ((flags & SA_SIGINFO) != 0)
    older.sa_sigaction = with_info;
  else
    older.sa_handler = plain;
  older.sa_flags = flags;
  ::sigaddset(&older.sa_mask, SIGALRM);
  ASSERT_EQ(::sigaction(signal, &older, nullptr), 0);
}

TEST(SignalChain, AnOlderHandlerGetsTheSameArguments) {
  install_older(SIGUSR1, SA_SIGINFO);
  ASSERT_TRUE(Chain<SIGUSR1>::chain.install(SystemCalls::kernel()));
  ASSERT_EQ(::sigqueue(::getpid(), SIGUSR1, sigval{.sival_int = 77}), 0);
  // TSan lets a signal that was sent wait for the next call that may block.
  while (Chain<SIGUSR1>::count == 0) ::usleep(1000);
  EXPECT_EQ(Chain<SIGUSR1>::count, 1);
  EXPECT_EQ(seen.count, 1);
  EXPECT_EQ(seen.signal, SIGUSR1);
  EXPECT_EQ(seen.value, 77);
  EXPECT_TRUE(seen.has_context);
}

TEST(SignalChain, AnOlderHandlerHasItsOwnMaskAndTheThreadGetsItsOwnBack) {
  install_older(SIGUSR2, 0);
  ASSERT_TRUE(Chain<SIGUSR2>::chain.install(SystemCalls::kernel()));
  ::raise(SIGUSR2);
  EXPECT_EQ(seen.count, 1);
  EXPECT_TRUE(seen.blocks_itself);
  EXPECT_TRUE(seen.blocks_other);
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(::sigismember(&mask, SIGUSR2), 0);
  EXPECT_EQ(::sigismember(&mask, SIGALRM), 0);
}

TEST(SignalChain, AnOlderHandlerThatMayBeInterruptedByItselfStillMay) {
  install_older(SIGPROF, SA_NODEFER);
  ASSERT_TRUE(Chain<SIGPROF>::chain.install(SystemCalls::kernel()));
  ::raise(SIGPROF);
  EXPECT_EQ(seen.count, 1);
  EXPECT_FALSE(seen.blocks_itself);
}

TEST(SignalChain, AnIgnoredSignalIsStillIgnored) {
  ASSERT_NE(::signal(SIGVTALRM, SIG_IGN), SIG_ERR);
  ASSERT_TRUE(Chain<SIGVTALRM>::chain.install(SystemCalls::kernel()));
  ::raise(SIGVTALRM);
  EXPECT_EQ(Chain<SIGVTALRM>::count, 1);
}

TEST(SignalChain, IsInstalledOnceAndKnowsWhenAnotherCameLater) {
  auto& kernel = SystemCalls::kernel();
  install_older(SIGWINCH, 0);
  auto& chain = Chain<SIGWINCH>::chain;
  EXPECT_EQ(chain.is_in_front(kernel), false);
  ASSERT_TRUE(chain.install(kernel));
  EXPECT_EQ(chain.is_in_front(kernel), true);
  install_older(SIGWINCH, SA_SIGINFO);
  EXPECT_EQ(chain.is_in_front(kernel), false);
  ASSERT_TRUE(chain.install(kernel));
  EXPECT_EQ(chain.is_in_front(kernel), false);
  ::raise(SIGWINCH);
  EXPECT_EQ(Chain<SIGWINCH>::count, 0);
  EXPECT_EQ(seen.count, 1);
}

TEST(SignalChain, EverySystemCallMayFailAndNothingHasChanged) {
  install_older(SIGURG, 0);
  for (const int n : {0, 1}) {
    FaultCalls calls;
    calls.fail_at = n;
    const auto installed = Chain<SIGURG>::chain.install(calls);
    ASSERT_FALSE(installed);
    EXPECT_EQ(installed.error().system_errno, EIO);
    ::raise(SIGURG);
    EXPECT_EQ(Chain<SIGURG>::count, 0);
    EXPECT_EQ(seen.count, n + 1);
  }
  FaultCalls calls;
  ASSERT_TRUE(Chain<SIGURG>::chain.install(calls));
  EXPECT_EQ(calls.calls, 2);
  calls.fail_at = 2;
  EXPECT_FALSE(Chain<SIGURG>::chain.is_in_front(calls));
}

// In processes of their own, which start from main() again: the signal ends them.
class SignalChainDeath : public testing::Test {
 protected:
  SignalChainDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

void raise_it_unhandled() {
  ::signal(SIGXCPU, SIG_DFL);
  if (Chain<SIGXCPU>::chain.install(SystemCalls::kernel())) ::raise(SIGXCPU);
  ::_exit(1);
}

TEST_F(SignalChainDeath, WithoutAnOlderHandlerTheSignalEndsTheProcess) {
  EXPECT_EXIT(raise_it_unhandled(), testing::KilledBySignal(SIGXCPU), "");
}

void raise_it_twice() {
  install_older(SIGXCPU, static_cast<int>(SA_RESETHAND));
  if (!Chain<SIGXCPU>::chain.install(SystemCalls::kernel())) ::_exit(1);
  ::raise(SIGXCPU);
  if (seen.count != 1) ::_exit(2);
  ::raise(SIGXCPU);
  ::_exit(3);
}

TEST_F(SignalChainDeath, AnOlderHandlerForOneSignalIsFollowedByTheEnd) {
  EXPECT_EXIT(raise_it_twice(), testing::KilledBySignal(SIGXCPU), "");
}

}  // namespace
}  // namespace smf::os
