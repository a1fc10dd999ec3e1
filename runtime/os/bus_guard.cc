#include "runtime/os/bus_guard.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <new>
#include <utility>

#include "runtime/base/fences.h"
#include "runtime/os/page_size.h"
#include "runtime/os/signal_chain.h"

namespace smf::os {

// The handler reads slots without a lock. It announces itself as a visitor, then looks whether the
// slot is live; who removes the range makes it dead, then waits until there is no visitor. Both
// orders are sequentially consistent, so either the visitor sees a dead slot, or the remover sees
// the visitor. All other fields change only while the slot is dead.
struct GuardSlot {
  std::atomic<std::uintptr_t> begin{0};  // 0: dead
  std::atomic<std::uintptr_t> end{0};
  std::atomic<int> protection{PROT_NONE};
  std::atomic<std::uint32_t> visitors{0};
  std::atomic<std::uint64_t> hits{0};
  GuardSlot* next_free = nullptr;  // under the registry's mutex
};

namespace {

// Slots come in chunks that are never freed, so that a handler may look at any of them at any time.
// 65,536 slots of 40 bytes at most; a process with 100 mapped modules has 128 of them, 5 KiB.
constexpr std::size_t kChunkSlots = 64;
constexpr std::size_t kMostChunks = GuardedRange::kMostRanges / kChunkSlots;

struct Chunk {
  std::array<GuardSlot, kChunkSlots> slots{};
};

void on_bus_error(int signal, siginfo_t* info, void* context);

struct Registry {
  std::array<std::atomic<Chunk*>, kMostChunks> chunks{};
  std::atomic<std::size_t> chunk_count{0};
  SignalChain chain{SIGBUS, on_bus_error};

  std::mutex mutex{};  // of adding and removing; the handler takes none
  GuardSlot* free = nullptr;
  bool watches_forks = false;
};

constinit Registry registry;

// Pages of zeros from that of `address` to the end. A raw system call, since mmap(3) is not
// async-signal-safe by its word, and a sanitizer's wrapper of it is not by its deed: it would call
// this a write that races with all readers.
bool put_zeros(std::uintptr_t address, std::uintptr_t end, int protection, std::uintptr_t page) {
  const std::uintptr_t from = address & ~(page - 1);
  const long result = ::syscall(SYS_mmap, from, end - from, protection,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0L);
  return result == static_cast<long>(from);
}

// Of one slot, as its visitor.
bool absorb_in(GuardSlot& slot, std::uintptr_t address) {
  const std::uintptr_t begin = slot.begin.load();
  const std::uintptr_t end = slot.end.load(std::memory_order_relaxed);
  if (begin == 0 || address < begin || address >= end) return false;
  // Noted before the zeros appear: who reads one finds the note.
  slot.hits.fetch_add(1);
  return put_zeros(address, end, slot.protection.load(std::memory_order_relaxed), page_size());
}

bool absorb(std::uintptr_t address) {
  const std::size_t count = registry.chunk_count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    for (GuardSlot& slot : registry.chunks[i].load(std::memory_order_acquire)->slots) {
      // A look from outside, to leave the counters of other ranges alone. The range that this
      // thread is reading cannot change now.
      const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
      if (begin == 0 || address < begin) continue;
      if (address >= slot.end.load(std::memory_order_relaxed)) continue;
      slot.visitors.fetch_add(1);
      const bool is_absorbed = absorb_in(slot, address);
      slot.visitors.fetch_sub(1);
      if (is_absorbed) return true;
    }
  }
  return false;
}

void on_bus_error(int, siginfo_t* info, void* context) {
  const int error = errno;
  if (info->si_code != BUS_ADRERR || !absorb(reinterpret_cast<std::uintptr_t>(info->si_addr)))
    registry.chain.pass_on(info, context);
  errno = error;
}

// In a child, the other threads are gone: those that held the mutex, and those in the handler.
void before_fork() { registry.mutex.lock(); }
void after_fork() { registry.mutex.unlock(); }
void after_fork_in_child() {
  const std::size_t count = registry.chunk_count.load();
  for (std::size_t i = 0; i < count; ++i) {
    for (GuardSlot& slot : registry.chunks[i].load()->slots) slot.visitors.store(0);
  }
  registry.mutex.unlock();
}

// Both under the mutex.
Result<void> prepare(SystemCalls& calls) {
  page_size();  // now, not first in the handler
  if (!registry.watches_forks) {
    const int error = ::pthread_atfork(before_fork, after_fork, after_fork_in_child);
    if (error != 0) return fail_system("watch for forks", {}, error);
    registry.watches_forks = true;
  }
  return registry.chain.install(calls);
}

Result<GuardSlot*> take_slot() {
  if (registry.free == nullptr) {
    const std::size_t count = registry.chunk_count.load();
    if (count == kMostChunks) return fail(ErrorCode::kLimit, "too many guarded ranges");
    auto* const chunk = new (std::nothrow) Chunk;
    if (chunk == nullptr) return fail(ErrorCode::kOutOfMemory, "not enough memory for a guard");
    for (GuardSlot& slot : chunk->slots) slot.next_free = std::exchange(registry.free, &slot);
    registry.chunks[count].store(chunk, std::memory_order_release);
    registry.chunk_count.store(count + 1, std::memory_order_release);
  }
  return std::exchange(registry.free, registry.free->next_free);
}

}  // namespace

Result<GuardedRange> GuardedRange::add(Bytes mapped, Access access, SystemCalls& calls) {
  SMF_CHECK(!mapped.empty());
  const auto from = reinterpret_cast<std::uintptr_t>(mapped.data());
  const std::lock_guard lock(registry.mutex);
  SMF_TRY(prepare(calls));
  SMF_ASSIGN(GuardSlot* const slot, take_slot());
  slot->hits.store(0);
  slot->protection.store(access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE);
  slot->end.store(align_up(from + mapped.size(), page_size()));
  slot->begin.store(from & ~(page_size() - 1));  // live from here on
  GuardedRange range;
  range.slot_ = slot;
  return range;
}

Result<bool> GuardedRange::is_handler_in_front(SystemCalls& calls) {
  return registry.chain.is_in_front(calls);
}

GuardedRange::GuardedRange(GuardedRange&& other) noexcept
    : slot_(std::exchange(other.slot_, nullptr)) {}

GuardedRange& GuardedRange::operator=(GuardedRange&& other) noexcept {
  if (this != &other) {
    remove();
    slot_ = std::exchange(other.slot_, nullptr);
  }
  return *this;
}

void GuardedRange::remove() {
  if (slot_ == nullptr) return;
  slot_->begin.store(0);
  // A visitor is there for one system call.
  while (slot_->visitors.load() != 0) ::sched_yield();
  const std::lock_guard lock(registry.mutex);
  slot_->next_free = std::exchange(registry.free, slot_);
  slot_ = nullptr;
}

std::uint64_t GuardedRange::hits() const {
  if (slot_ == nullptr) return 0;
  acquire_fence();  // after what was read from the range
  return slot_->hits.load(std::memory_order_relaxed);
}

Result<void> ReadGuard::check() const {
  if (ok()) return {};
  return fail(ErrorCode::kInvalidInput, "the file has become shorter while it was read");
}

}  // namespace smf::os
