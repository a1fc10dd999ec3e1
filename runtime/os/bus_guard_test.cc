// SMF_LONG=1 in the environment makes the runs long.
#include "runtime/os/bus_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/os/fault_calls.h"
#include "runtime/os/page_size.h"

namespace smf::os {
namespace {

const int kRounds = std::getenv("SMF_LONG") != nullptr ? 10'000 : 500;
constexpr std::byte kOld{0x5a};

// A file of some pages of kOld, mapped.
class Pages {
 public:
  explicit Pages(std::size_t count, int protection = PROT_READ)
      : size_(count * page_size()), name_(testing::TempDir() + "/pages-XXXXXX") {
    fd_ = ::mkstemp(name_.data());
    fill();
    memory_ = ::mmap(nullptr, size_, protection, protection == PROT_READ ? MAP_PRIVATE : MAP_SHARED,
                     fd_, 0);
    SMF_CHECK(memory_ != MAP_FAILED);
  }
  ~Pages() {
    ::munmap(memory_, size_);
    ::close(fd_);
    ::unlink(name_.c_str());
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  void fill() const {
    const ByteVector old(size_, kOld);
    SMF_CHECK(::pwrite(fd_, old.data(), size_, 0) == static_cast<ssize_t>(size_));
  }
  void truncate(std::size_t pages) const {
    SMF_CHECK(::ftruncate(fd_, static_cast<off_t>(pages * page_size())) == 0);
  }
  // As if mapped anew, without the zeros.
  void map_again() const { map_at(*this); }
  // In place of what `other` has mapped. A raw call: to TSan, mmap(3) writes what others read.
  void map_at(const Pages& other) const {
    const long there =
        ::syscall(SYS_mmap, other.memory_, size_, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd_, 0L);
    SMF_CHECK(there == reinterpret_cast<long>(other.memory_));
  }
  std::byte read(std::size_t page) const { return *first_of(page); }
  void write(std::size_t page, std::byte value) const { *first_of(page) = value; }
  Bytes bytes() const { return {static_cast<const std::byte*>(memory_), size_}; }
  std::size_t count() const { return size_ / page_size(); }

 private:
  volatile std::byte* first_of(std::size_t page) const {
    return static_cast<volatile std::byte*>(memory_) + page * page_size();
  }

  std::size_t size_;
  std::string name_;
  int fd_ = -1;
  void* memory_ = nullptr;
};

GuardedRange guarded(const Pages& pages,
                     GuardedRange::Access access = GuardedRange::Access::kRead) {
  auto range = GuardedRange::add(pages.bytes(), access);
  SMF_CHECK(range);
  return *std::move(range);
}

std::size_t mappings_within(Bytes bytes) {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) {
    const auto begin = std::stoull(line, nullptr, 16);
    const auto from = reinterpret_cast<std::uintptr_t>(bytes.data());
    if (begin >= from && begin < from + bytes.size()) ++count;
  }
  return count;
}

TEST(BusGuard, WhatLiesPastTheNewEndReadsAsZerosAndTheRangeSaysSo) {
  const Pages pages(4);
  const GuardedRange range = guarded(pages);
  const ReadGuard before(range);
  pages.truncate(2);
  EXPECT_EQ(pages.read(1), kOld);
  EXPECT_TRUE(before.ok());
  EXPECT_TRUE(before.check());
  EXPECT_EQ(pages.read(2), std::byte{0});
  EXPECT_FALSE(before.ok());
  EXPECT_TRUE(range.is_truncated());
  EXPECT_EQ(pages.read(1), kOld);
  EXPECT_EQ(before.check().error().message, "the file has become shorter while it was read");
}

TEST(BusGuard, AGuardThatBeginsAfterTheTruncationKnowsOfItToo) {
  const Pages pages(1);
  const GuardedRange range = guarded(pages);
  pages.truncate(0);
  EXPECT_EQ(pages.read(0), std::byte{0});
  const ReadGuard later(range);
  EXPECT_EQ(pages.read(0), std::byte{0});
  EXPECT_FALSE(later.ok());
}

TEST(BusGuard, AScanPastTheEndCostsOneSignal) {
  const Pages pages(64);
  const GuardedRange range = guarded(pages);
  pages.truncate(1);
  for (std::size_t i = 1; i < pages.count(); ++i) EXPECT_EQ(pages.read(i), std::byte{0});
  EXPECT_EQ(range.hits(), 1u);
}

TEST(BusGuard, AScanFromBehindLeavesTwoMappings) {
  const Pages pages(64);
  const GuardedRange range = guarded(pages);
  pages.truncate(1);
  for (std::size_t i = pages.count(); i-- > 1;) EXPECT_EQ(pages.read(i), std::byte{0});
  EXPECT_EQ(range.hits(), 63u);
  EXPECT_EQ(mappings_within(pages.bytes()), 2u);
}

TEST(BusGuard, WhatIsWrittenPastTheEndGoesNowhere) {
  const Pages pages(3, PROT_READ | PROT_WRITE);
  const GuardedRange range = guarded(pages, GuardedRange::Access::kReadWrite);
  pages.truncate(1);
  pages.write(1, std::byte{7});
  pages.write(2, std::byte{8});
  EXPECT_EQ(pages.read(1), std::byte{7});
  EXPECT_TRUE(range.is_truncated());
}

TEST(BusGuard, TheErrorNumberOfTheReaderStays) {
  const Pages pages(1);
  const GuardedRange range = guarded(pages);
  pages.truncate(0);
  errno = ENOTTY;
  const std::byte value = pages.read(0);
  const int error = errno;
  EXPECT_EQ(value, std::byte{0});
  EXPECT_EQ(error, ENOTTY);
}

TEST(BusGuard, AHitIsOfItsRangeAndOfNoOther) {
  std::vector<std::unique_ptr<Pages>> pages;
  std::vector<GuardedRange> ranges;
  for (int i = 0; i < 200; ++i) {  // more than a chunk
    pages.push_back(std::make_unique<Pages>(1));
    ranges.push_back(guarded(*pages.back()));
  }
  for (std::size_t i = 0; i < ranges.size(); i += 2) {
    pages[i]->truncate(0);
    EXPECT_EQ(pages[i]->read(0), std::byte{0});
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) EXPECT_EQ(ranges[i].is_truncated(), i % 2 == 0);
}

TEST(BusGuard, ARangeThatIsMovedStaysGuardedAndOneThatIsAddedLaterStartsClean) {
  const Pages pages(1);
  GuardedRange first = guarded(pages);
  GuardedRange second = std::move(first);
  pages.truncate(0);
  EXPECT_EQ(pages.read(0), std::byte{0});
  EXPECT_TRUE(second.is_truncated());
  second.remove();
  EXPECT_FALSE(second);
  EXPECT_FALSE(second.is_truncated());
  const GuardedRange again = guarded(pages);
  EXPECT_FALSE(again.is_truncated());
}

TEST(BusGuard, TwoReadersOutliveEveryTruncation) {
  const Pages pages(16);
  std::barrier step(3);
  std::atomic<bool> is_over = false, is_cut = false;
  std::atomic<int> wrong = 0, saw_zero_without_note = 0;
  GuardedRange range;
  const auto read = [&] {
    for (;;) {
      step.arrive_and_wait();  // mapped and guarded
      if (is_over) return;
      for (bool is_last = false; !is_last;) {
        is_last = is_cut;
        const ReadGuard guard(range);
        bool has_zero = false;
        for (std::size_t i = 0; i < pages.count(); ++i) {
          const std::byte value = pages.read(i);
          if (value != kOld && value != std::byte{0}) ++wrong;
          has_zero |= value == std::byte{0};
        }
        if (has_zero && guard.ok()) ++saw_zero_without_note;
        std::this_thread::yield();  // the machine may have fewer processors than threads
      }
      step.arrive_and_wait();  // read
    }
  };
  std::thread one(read), two(read);
  int noted = 0;
  for (int i = 0; i < kRounds; ++i) {
    pages.fill();
    pages.map_again();
    range = guarded(pages);
    is_cut = false;
    step.arrive_and_wait();
    pages.truncate(static_cast<std::size_t>(i) % pages.count());
    is_cut = true;
    step.arrive_and_wait();
    if (range.is_truncated()) ++noted;
    range.remove();
  }
  is_over = true;
  step.arrive_and_wait();
  one.join();
  two.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(saw_zero_without_note, 0);
  EXPECT_EQ(noted, kRounds);
}

TEST(BusGuard, RangesComeAndGoWhileOthersAreHit) {
  std::atomic<bool> is_over = false;
  std::atomic<int> failures = 0;
  std::thread other([&] {
    const Pages pages(2);
    while (!is_over) {
      const GuardedRange range = guarded(pages);
      if (pages.read(1) != kOld || range.is_truncated()) ++failures;
    }
  });
  const Pages pages(2);
  for (int i = 0; i < kRounds; ++i) {
    pages.map_again();
    const GuardedRange range = guarded(pages);
    pages.truncate(1);
    if (pages.read(1) != std::byte{0} || !range.is_truncated()) ++failures;
    pages.truncate(2);
  }
  is_over = true;
  other.join();
  EXPECT_EQ(failures, 0);
}

// A child has the parent's ranges, but not its threads: one that was in the handler, or had the
// registry locked, must not keep the child waiting.
TEST(BusGuard, AChildInheritsTheGuardWhileAnotherThreadIsBeingHit) {
  std::atomic<bool> is_over = false;
  const Pages mine(1), busy(2);
  const GuardedRange range = guarded(mine);
  GuardedRange busy_range = guarded(busy);
  std::thread other([&] {
    busy.truncate(1);
    while (!is_over) {
      static_cast<void>(busy.read(1));
      busy.map_again();
      guarded(mine).remove();
    }
  });
  mine.truncate(0);
  for (int i = 0; i < 50; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      busy_range.remove();
      const bool is_good = mine.read(0) == std::byte{0} && range.is_truncated();
      ::_exit(is_good ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  is_over = true;
  other.join();
}

// In processes of their own, which start from main() again: the handler that is there before ours
// is part of the test. Under a sanitizer it would be the sanitizer's.
class BusGuardDeath : public testing::Test {
 protected:
  BusGuardDeath() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

void hit(const Pages& pages) {
  pages.truncate(0);
  static_cast<void>(pages.read(0));
}

// With that handler before ours.
void hit_what_is_not_ours(void (*older)(int)) {
  ::signal(SIGBUS, older);
  const Pages ours(1), other(1);
  const GuardedRange range = guarded(ours);
  hit(ours);
  if (!range.is_truncated()) ::_exit(1);
  hit(other);
  ::_exit(2);
}

TEST_F(BusGuardDeath, AnAddressThatIsNotOursEndsTheProcessAsWithoutUs) {
  EXPECT_EXIT(hit_what_is_not_ours(SIG_DFL), testing::KilledBySignal(SIGBUS), "");
}

TEST_F(BusGuardDeath, AFaultThatIsIgnoredEndsTheProcessAsTheKernelDoes) {
  EXPECT_EXIT(hit_what_is_not_ours(SIG_IGN), testing::KilledBySignal(SIGBUS), "");
}

TEST_F(BusGuardDeath, AnOlderHandlerGetsWhatIsNotOurs) {
  EXPECT_EXIT(hit_what_is_not_ours([](int) { ::_exit(3); }), testing::ExitedWithCode(3), "");
}

void hit_a_removed_range() {
  ::signal(SIGBUS, SIG_DFL);
  const Pages pages(1);
  guarded(pages).remove();
  hit(pages);
  ::_exit(1);
}

TEST_F(BusGuardDeath, ARangeThatWasRemovedIsNotOurs) {
  EXPECT_EXIT(hit_a_removed_range(), testing::KilledBySignal(SIGBUS), "");
}

const void* expected_address;

void hit_with_information() {
  struct sigaction older{};
  older.sa_sigaction = [](int signal, siginfo_t* info, void* context) {
    const bool is_expected = signal == SIGBUS && info->si_code == BUS_ADRERR &&
                             info->si_addr == expected_address && context != nullptr;
    ::_exit(is_expected ? 4 : 5);
  };
  older.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &older, nullptr);
  const Pages ours(1), other(1);
  const GuardedRange range = guarded(ours);
  expected_address = other.bytes().data();
  hit(other);
  ::_exit(1);
}

TEST_F(BusGuardDeath, AnOlderHandlerLearnsTheAddress) {
  EXPECT_EXIT(hit_with_information(), testing::ExitedWithCode(4), "");
}

void break_memory() {
  ::signal(SIGBUS, [](int) { ::_exit(3); });
  const Pages ours(1);
  const GuardedRange range = guarded(ours);
  siginfo_t info{};
  info.si_signo = SIGBUS;
  info.si_code = BUS_MCEERR_AR;
  info.si_addr = const_cast<std::byte*>(ours.bytes().data());
  ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), ::gettid(), SIGBUS, &info);
  ::_exit(1);
}

TEST_F(BusGuardDeath, BrokenMemoryIsNotOursEvenInOurRange) {
  EXPECT_EXIT(break_memory(), testing::ExitedWithCode(3), "");
}

// The code to leave with.
int add_with_failures() {
  const Pages pages(1);
  for (int n = 0; n < 2; ++n) {
    FaultCalls calls;
    calls.fail_at = n;
    const auto range = GuardedRange::add(pages.bytes(), GuardedRange::Access::kRead, calls);
    if (range || range.error().system_errno != EIO) return 1;
    if (GuardedRange::is_handler_in_front() != false) return 2;
  }
  const GuardedRange range = guarded(pages);
  if (GuardedRange::is_handler_in_front() != true) return 3;
  hit(pages);
  return range.is_truncated() ? 0 : 4;
}

// A reader is in the handler when its range is removed and something else is mapped there. Gives
// the code to leave with.
int map_another_file_where_a_range_was() {
  ::signal(SIGBUS, [](int) {});  // for accesses between the two: they are tried again
  const Pages gone(1), next(1);
  gone.truncate(0);
  std::atomic<bool> is_over = false;
  gone.map_again();
  GuardedRange range = guarded(gone);
  std::thread reader([&] {
    while (!is_over) static_cast<void>(gone.read(0));
  });
  int overwritten = 0;
  for (int i = 0; i < 4 * kRounds; ++i) {
    range.remove();
    next.map_at(gone);
    for (int spin = 0; spin < 200; ++spin) {
      if (gone.read(0) != kOld) {
        ++overwritten;
        break;
      }
    }
    range = guarded(gone);
    gone.map_again();
    for (int spin = 0; spin < i % 50 && !range.is_truncated(); ++spin) std::this_thread::yield();
  }
  is_over = true;
  reader.join();
  return overwritten == 0 ? 0 : 1;
}

TEST_F(BusGuardDeath, WhatIsMappedWhereARangeWasIsNotOverwritten) {
  EXPECT_EXIT(::_exit(map_another_file_where_a_range_was()), testing::ExitedWithCode(0), "");
}

TEST_F(BusGuardDeath, WithoutAHandlerNoRangeIsGuarded) {
  EXPECT_EXIT(::_exit(add_with_failures()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace smf::os
