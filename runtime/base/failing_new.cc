#include "runtime/base/failing_new.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "runtime/base/check.h"

namespace {

constexpr std::int64_t kNone = -1;

std::atomic<bool> g_exists{false};
std::atomic<bool> g_counts_all{false};
std::atomic<std::int64_t> g_count{0};
std::atomic<std::int64_t> g_number{kNone};
thread_local bool t_counts = false;

void* try_to_allocate(std::size_t size, std::size_t alignment = 0) noexcept {
  if ((t_counts || g_counts_all.load()) && g_count.fetch_add(1) == g_number.load()) return nullptr;
  if (alignment == 0) return std::malloc(std::max<std::size_t>(size, 1));
  return std::aligned_alloc(
      alignment, (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment);
}

void* allocate(std::size_t size, std::size_t alignment = 0) {
  if (void* const memory = try_to_allocate(size, alignment)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return try_to_allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return try_to_allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return try_to_allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return try_to_allocate(size, static_cast<std::size_t>(alignment));
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace smf {

FailingNew::FailingNew(std::int64_t number, Threads threads) {
  SMF_CHECK(!g_exists.exchange(true));
  g_count = 0;
  g_number = number;
  t_counts = threads == Threads::kThis;
  g_counts_all = threads == Threads::kAll;
}

FailingNew::~FailingNew() {
  t_counts = false;
  g_counts_all = false;
  g_number = kNone;
  g_exists = false;
}

std::int64_t FailingNew::count() const { return g_count.load(); }
bool FailingNew::has_failed() const { return g_number.load() >= 0 && count() > g_number.load(); }

}  // namespace smf
