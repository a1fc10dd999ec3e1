// A cache's modules by their numbers, for one thread at a time. What is not a module's is a link in
// the list of free numbers, so that this takes one pointer a module and giving a number back needs
// no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/cache/cached_module.h"
#include "runtime/cache/thread_cells.h"

namespace smf::internal {

class ModuleTable {
 public:
  // Modules that are in a cache, and those that have left it and are pinned.
  static constexpr std::size_t kMost = CellsOfThread::kChunk * CellsOfThread::kMaxChunks;

  // A free number, which set() takes. Throws std::bad_alloc; also where there are kMost.
  ModuleNumber next_free() {
    if (free_ != kNone) return free_;
    if (slots_.size() == kMost) throw std::bad_alloc();
    slots_.push_back(0);
    free(static_cast<ModuleNumber>(slots_.size() - 1));
    return free_;
  }
  void set(CachedModule::Ptr module) {
    const ModuleNumber number = module->number();
    SMF_CHECK(number == free_);
    free_ = static_cast<ModuleNumber>(slots_[number] >> 1);
    slots_[number] = reinterpret_cast<std::uintptr_t>(module.release());
  }
  // Below size(). nullptr where the number is free, or its module was taken out.
  CachedModule* find(ModuleNumber number) const {
    const std::uintptr_t slot = slots_[number];
    return (slot & kIsFree) != 0 ? nullptr : reinterpret_cast<CachedModule*>(slot);
  }
  // The number is not free before free().
  CachedModule* take(ModuleNumber number) {
    CachedModule* const module = find(number);
    slots_[number] = 0;
    return module;
  }
  void free(ModuleNumber number) {
    slots_[number] = std::uintptr_t{free_} << 1 | kIsFree;
    free_ = number;
  }
  std::size_t size() const { return slots_.size(); }

 private:
  static constexpr std::uintptr_t kIsFree = 1;  // modules stand at even addresses
  static constexpr ModuleNumber kNone = UINT32_MAX;

  std::vector<std::uintptr_t> slots_;
  ModuleNumber free_ = kNone;
};

}  // namespace smf::internal
