#include "runtime/exec/gdb_registration.h"

#include <iterator>
#include <mutex>
#include <new>
#include <utility>

#include "runtime/exec/symbol_file.h"

namespace smf {
namespace internal {

extern "C" {

// A call that the compiler neither drops nor takes apart.
[[gnu::weak, gnu::noinline, gnu::used]] void __jit_debug_register_code() {
  asm volatile("" ::: "memory");
}

[[gnu::weak, gnu::used]] constinit GdbDescriptor __jit_debug_descriptor{};
}

namespace {

constinit std::mutex mutex;  // of the descriptor, of all entries, and of each listener's objects

void tell(GdbAction action, GdbEntry& entry) {
  __jit_debug_descriptor.action = action;
  __jit_debug_descriptor.relevant = &entry;
  __jit_debug_register_code();
  __jit_debug_descriptor.action = GdbAction::kNone;
  __jit_debug_descriptor.relevant = nullptr;
}

}  // namespace
}  // namespace internal

GdbRegistration::~GdbRegistration() {
  const std::lock_guard lock(internal::mutex);
  erase(objects_.begin(), objects_.end());
}

void GdbRegistration::published(std::span<const std::byte> code, std::string_view name) noexcept {
  const Function function{.code = code, .name = name};
  batch_published(code, {&function, 1});
}

void GdbRegistration::batch_published(std::span<const std::byte> block,
                                      std::span<const Function> functions) noexcept {
  try {
    auto object = std::make_unique<Object>();
    object->file = internal::make_symbol_file(block, functions);
    object->entry = {.symbol_file = object->file.data(), .symbol_file_size = object->file.size()};
    const std::lock_guard lock(internal::mutex);
    std::unique_ptr<Object>& place = objects_[block.data()];
    if (place != nullptr) unlink(*place);
    place = std::move(object);
    internal::GdbEntry& entry = place->entry;
    entry.next = std::exchange(internal::__jit_debug_descriptor.first, &entry);
    if (entry.next != nullptr) entry.next->previous = &entry;
    internal::tell(internal::GdbAction::kRegister, entry);
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(internal::mutex);
    is_out_of_memory_ = true;
  }
}

void GdbRegistration::freed(std::span<const std::byte> code) noexcept {
  const std::lock_guard lock(internal::mutex);
  const auto object = objects_.find(code.data());
  if (object != objects_.end()) erase(object, std::next(object));
}

void GdbRegistration::region_removed(std::span<const std::byte> region) noexcept {
  const std::lock_guard lock(internal::mutex);
  erase(objects_.lower_bound(region.data()), objects_.lower_bound(region.data() + region.size()));
}

Result<void> GdbRegistration::status() const {
  const std::lock_guard lock(internal::mutex);
  if (is_out_of_memory_)
    return fail(ErrorCode::kOutOfMemory, "not enough memory to tell a debugger about code");
  return {};
}

// The debugger reads the list and the entry while it is told: it is out of the first, and still
// there.
void GdbRegistration::unlink(Object& object) {
  internal::GdbEntry& entry = object.entry;
  (entry.previous != nullptr ? entry.previous->next : internal::__jit_debug_descriptor.first) =
      entry.next;
  if (entry.next != nullptr) entry.next->previous = entry.previous;
  internal::tell(internal::GdbAction::kUnregister, entry);
}

void GdbRegistration::erase(Objects::iterator first, Objects::iterator last) {
  for (auto object = first; object != last; ++object) unlink(*object->second);
  objects_.erase(first, last);
}

}  // namespace smf
