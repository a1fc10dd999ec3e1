#include "runtime/cache/thread_cells.h"

#include <sched.h>

#include <algorithm>
#include <new>

namespace smf::internal {
namespace {

std::atomic<std::uint64_t> next_number{1};

}  // namespace

namespace {
// Handles may outlive the registry, in other thread-local objects.
thread_local bool is_gone = false;
}  // namespace

constinit thread_local std::uint64_t ThreadCells::last_number = 0;
constinit thread_local CellsOfThread* ThreadCells::last_cells = nullptr;

// What a thread has of each cache that it uses. At its end it gives all of it back.
struct ThreadRegistry {
  struct Entry {
    std::uint64_t number = 0;
    CellsOfThread* cells = nullptr;
    std::weak_ptr<ThreadCells> all{};
  };

  ~ThreadRegistry() {
    is_gone = true;
    ThreadCells::last_number = 0;
    for (const Entry& entry : entries)
      if (const auto all = entry.all.lock()) all->give_back(entry.cells);
  }

  CellsOfThread* find_or_take(ThreadCells& all) {
    const auto known = std::ranges::find(entries, all.number(), &Entry::number);
    if (known == entries.end()) {
      std::erase_if(entries, [](const Entry& entry) { return entry.all.expired(); });
      entries.reserve(entries.size() + 1);
      last = {all.number(), all.take(), all.weak_from_this()};
      entries.push_back(last);
    } else {
      last = *known;
    }
    return last.cells;
  }

  Entry last{};
  std::vector<Entry> entries{};
};

namespace {
thread_local ThreadRegistry registry;
}  // namespace

CellsOfThread::~CellsOfThread() {
  for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
}

ThreadCell* CellsOfThread::make_cell(ModuleNumber module) {
  auto* const chunk = new (std::nothrow) std::array<ThreadCell, kChunk>();
  if (chunk == nullptr) return nullptr;
  chunks_[module / kChunk].store(chunk, std::memory_order_release);
  return &(*chunk)[module % kChunk];
}

std::shared_ptr<ThreadCells> ThreadCells::create() {
  return std::shared_ptr<ThreadCells>(new ThreadCells());
}

ThreadCells::ThreadCells() : number_(next_number.fetch_add(1, std::memory_order_relaxed)) {}

CellsOfThread* ThreadCells::find_mine() try {
  if (is_gone) return nullptr;
  CellsOfThread* const cells = registry.find_or_take(*this);
  last_number = number_;
  last_cells = cells;
  return cells;
} catch (const std::bad_alloc&) {
  return nullptr;
}

CellsOfThread* ThreadCells::take() {
  const std::lock_guard lock(mutex_);
  for (const auto& cells : threads_) {
    if (cells->is_taken_) continue;
    cells->is_taken_ = true;
    return cells.get();
  }
  threads_.push_back(std::make_unique<CellsOfThread>());
  return threads_.back().get();
}

void ThreadCells::give_back(CellsOfThread* cells) {
  const std::lock_guard lock(mutex_);
  cells->is_taken_ = false;
}

void ThreadCells::wait_for_readers() {
  os::asymmetric_fence_heavy();
  wait_for_those_inside();
}

void ThreadCells::wait_for_those_inside() {
  const std::lock_guard lock(mutex_);
  for (const auto& cells : threads_) {
    const std::uint64_t before = cells->sequence.load(std::memory_order_acquire);
    if (before % 2 == 0) continue;
    while (cells->sequence.load(std::memory_order_acquire) == before) ::sched_yield();
  }
}

std::uint32_t ThreadCells::pins(ModuleNumber module) const {
  const std::lock_guard lock(mutex_);
  std::uint32_t let_go = 0, taken = 0;
  for (const auto& cells : threads_)
    if (const auto* cell = cells->find(module))
      let_go += cell->let_go.load(std::memory_order_acquire);
  for (const auto& cells : threads_)
    if (const auto* cell = cells->find(module))
      taken += cell->taken.load(std::memory_order_acquire);
  return taken - let_go;
}

Stamp ThreadCells::stamp(ModuleNumber module) const {
  const std::lock_guard lock(mutex_);
  Stamp latest = 0;
  for (const auto& cells : threads_)
    if (const auto* cell = cells->find(module))
      latest = std::max(latest, cell->stamp.load(std::memory_order_relaxed));
  return latest;
}

std::uint64_t ThreadCells::hits() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& cells : threads_) sum += cells->hits.load(std::memory_order_relaxed);
  return sum;
}

void ThreadCells::reset(ModuleNumber module) {
  const std::lock_guard lock(mutex_);
  for (const auto& cells : threads_) {
    auto* const chunk =
        cells->chunks_[module / CellsOfThread::kChunk].load(std::memory_order_acquire);
    if (chunk == nullptr) continue;
    ThreadCell& cell = (*chunk)[module % CellsOfThread::kChunk];
    cell.taken.store(0, std::memory_order_relaxed);
    cell.let_go.store(0, std::memory_order_relaxed);
    cell.stamp.store(0, std::memory_order_relaxed);
  }
}

Stamp ThreadCells::tick() {
  const std::lock_guard lock(mutex_);
  Stamp latest = now_.load(std::memory_order_relaxed);
  for (const auto& cells : threads_)
    latest = std::max(latest, cells->last.load(std::memory_order_relaxed));
  now_.store(latest + 1, std::memory_order_relaxed);
  return latest + 1;
}

}  // namespace smf::internal
