// A module in the cache, or one that has left it and is still pinned.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/cache/module_file.h"
#include "runtime/cache/path_table.h"
#include "runtime/cache/section_content.h"

namespace smf::internal {

class CacheState;

class CachedModule {
 public:
  CachedModule(ModuleFile its_file, ModuleNumber its_number)
      : file(std::move(its_file)), number(its_number), identity(file.identity()) {}

  const ModuleFile file;
  const ModuleNumber number;

  // Pins that were let go by threads without a cell of their own.
  std::atomic<std::uint32_t> let_go_elsewhere{0};
  // Nobody finds it any more: whoever lets a pin go asks whether it was the last.
  std::atomic<bool> has_left{false};

  // Under the cache's lock.
  FileIdentity identity;  // as of the last revalidation
  std::vector<std::unique_ptr<Name>> names;
  std::uint64_t charged = 0;  // bytes beside the file's, of `content`

  // Keeps the cache's innards while a module has left it and is pinned.
  std::shared_ptr<CacheState> keeper;
  CacheState* state = nullptr;

  // Of compressed sections. Goes first: it needs the cache's innards for that.
  LazyContent content;

  std::uint64_t size() const { return file.view().file().size(); }
  // What counts against the cache's capacity. Under the cache's lock.
  std::uint64_t weight() const { return size() + charged; }
};

}  // namespace smf::internal
