// A module in the cache, or one that has left it and is still pinned.
//
// One piece of memory holds all of it, with its first name and that name's path at the end: most
// modules have one name.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "runtime/cache/chain.h"
#include "runtime/cache/module_file.h"
#include "runtime/cache/path_table.h"
#include "runtime/cache/section_content.h"

namespace smf::internal {

class CacheState;

class CachedModule {
 public:
  struct Free {
    void operator()(CachedModule* module) const {
      module->~CachedModule();
      ::operator delete(module);
    }
  };
  using Ptr = std::unique_ptr<CachedModule, Free>;

  // Throws std::bad_alloc.
  static Ptr create(ModuleFile file, ModuleNumber number, CacheState& state,
                    std::string_view path) {
    void* const memory = ::operator new(sizeof(CachedModule) + path.size());
    return Ptr(::new (memory) CachedModule(std::move(file), number, state, path));
  }

  // Its identity, as of the last revalidation, is under the cache's lock, as are those below.
  ModuleFile file;
  CachedModule* next = nullptr;  // in the identity table, or in a list of what has left

  // Of compressed sections.
  LazyContent content;

  // What a hit touches stands together, with the name behind it.
  CacheState* const state;
  // Pins that were let go by threads without a cell of their own.
  std::atomic<std::uint32_t> let_go_elsewhere{0};
  // Nobody finds it any more: whoever lets a pin go asks whether it was the last.
  std::atomic<bool> has_left{false};

  // Names that lead here, under the cache's lock: the first one, unless that was taken out, and
  // others in a chain that hangs in it.
  bool has_names() const { return has_first_name_ || first_name_.next != nullptr; }
  bool has_one_name() const {
    return has_first_name_ ? first_name_.next == nullptr
                           : first_name_.next != nullptr && first_name_.next->next == nullptr;
  }
  Name* other_names() const { return first_name_.next; }
  void add_name(Name& name) {
    if (&name == &first_name_) {
      has_first_name_ = true;
    } else {
      name.next = first_name_.next;
      first_name_.next = &name;
    }
  }
  void remove_name(Name& name) {
    if (&name == &first_name_) {
      has_first_name_ = false;
      return;
    }
    Name** at = &first_name_.next;
    while (*at != &name) at = &(*at)->next;
    *at = name.next;
  }
  // Any of them, taken out; nullptr where there is none.
  Name* take_name() {
    Name* const name = first_name_.next != nullptr ? first_name_.next : &first_name_;
    if (!has_names()) return nullptr;
    remove_name(*name);
    return name;
  }

  ModuleNumber number() const { return first_name_.number; }
  std::uint64_t size() const { return file.bytes().size(); }
  Name& first_name() { return first_name_; }
  // Under which it came.
  std::string_view path() const { return first_name_.path(); }

  // What counts against the cache's capacity. Under the cache's lock.
  std::uint64_t weight() const { return size() + charged(); }
  // Of that, beside the file's bytes.
  std::uint64_t charged() const {
    const ModuleContent* const made = content.get();
    return made == nullptr ? 0 : made->charged;
  }

 private:
  CachedModule(ModuleFile its_file, ModuleNumber its_number, CacheState& its_state,
               std::string_view path)
      : file(std::move(its_file)), state(&its_state), first_name_(path, this, its_number) {}

  bool has_first_name_ = false;
  Name first_name_;  // the last member
};

}  // namespace smf::internal
