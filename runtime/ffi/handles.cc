#include "runtime/ffi/handles.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "runtime/ffi/arguments.h"

namespace smf::ffi {
namespace {

constexpr unsigned kKindShift = Handles::kSlotBits + Handles::kGenerationBits;
constexpr std::uint64_t kLastGeneration = (std::uint64_t{1} << Handles::kGenerationBits) - 1;
constexpr std::size_t kMaxSlots = std::size_t{1} << Handles::kSlotBits;

std::string_view name_of(std::uint64_t kind) {
  switch (static_cast<HandleKind>(kind)) {
    case HandleKind::kCache:
      return "a cache";
    case HandleKind::kModule:
      return "a module";
    case HandleKind::kJit:
      return "an instantiator";
  }
  return {};
}

std::int64_t handle_of(HandleKind kind, std::uint64_t generation, std::uint64_t slot) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(kind) << kKindShift |
                                   generation << Handles::kSlotBits | slot);
}

}  // namespace

Result<std::int64_t> Handles::add(HandleKind kind, Object object) {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    if (slots_.size() == kMaxSlots)
      return fail(ErrorCode::kLimit, fmt::format("there are {} handles already", kMaxSlots));
    // So that remove() needs no memory.
    if (free_.capacity() == slots_.size())
      free_.reserve(std::max<std::size_t>(16, 2 * slots_.size()));
    slots_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.kind = kind;
  slot.object = std::move(object);
  return handle_of(kind, slot.generation, index);
}

Result<Handles::Slot*> Handles::live_slot(HandleKind kind, std::int64_t handle) {
  const auto number = static_cast<std::uint64_t>(handle);
  const std::uint64_t its_kind = number >> kKindShift;
  const std::uint64_t generation = number >> kSlotBits & kLastGeneration;
  const std::uint64_t index = number & (kMaxSlots - 1);
  const std::string_view wanted = name_of(static_cast<std::uint64_t>(kind));
  const auto is_none = [&] {
    return refuse(fmt::format("this is no handle, where that of {} is wanted", wanted));
  };
  const std::string_view name = name_of(its_kind);
  if (name.empty() || index >= slots_.size() || generation == 0) return is_none();
  Slot& slot = slots_[index];
  if (generation < slot.generation) return refuse(fmt::format("the handle of {} was freed", name));
  if (generation > slot.generation || slot.object == nullptr ||
      its_kind != static_cast<std::uint64_t>(slot.kind))
    return is_none();
  if (its_kind != static_cast<std::uint64_t>(kind))
    return refuse(
        fmt::format("this is the handle of {}, where that of {} is wanted", name, wanted));
  return &slot;
}

Result<Handles::Object> Handles::find(HandleKind kind, std::int64_t handle) {
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(const Slot* const slot, live_slot(kind, handle));
  return slot->object;
}

Result<Handles::Object> Handles::remove(HandleKind kind, std::int64_t handle, bool is_unused) {
  const std::lock_guard lock(mutex_);
  SMF_ASSIGN(Slot* const slot, live_slot(kind, handle));
  // Nobody gets another meanwhile: that takes the lock.
  if (is_unused && slot->object.use_count() != 1)
    return fail(ErrorCode::kUnsupported, fmt::format("{} is in use by another call",
                                                     name_of(static_cast<std::uint64_t>(kind))));
  Object object = std::exchange(slot->object, nullptr);
  if (slot->generation++ != kLastGeneration)
    free_.push_back(static_cast<std::uint32_t>(slot - slots_.data()));
  return object;
}

std::size_t Handles::count() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const Slot& slot) { return slot.object != nullptr; }));
}

Handles& handles() {
  static auto& all = *new Handles;
  return all;
}

}  // namespace smf::ffi
