#include "runtime/exec/unwinding.h"

#include <new>

#include "runtime/exec/frame_description.h"
#include "runtime/exec/frame_registration.h"

namespace smf {

Unwinding::~Unwinding() {
  for (auto& [region, description] : descriptions_) __deregister_frame(description.data());
}

void Unwinding::region_added(std::span<const std::byte> region) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    const auto [entry, is_new] =
        descriptions_.try_emplace(region.data(), internal::describe_frames(region));
    if (is_new) __register_frame(entry->second.data());
  } catch (const std::bad_alloc&) {
    is_out_of_memory_ = true;
  }
}

void Unwinding::region_removed(std::span<const std::byte> region) noexcept {
  const std::lock_guard lock(mutex_);
  const auto entry = descriptions_.find(region.data());
  if (entry == descriptions_.end()) return;
  __deregister_frame(entry->second.data());
  descriptions_.erase(entry);
}

std::size_t Unwinding::registrations() const {
  const std::lock_guard lock(mutex_);
  return descriptions_.size();
}

Result<void> Unwinding::status() const {
  const std::lock_guard lock(mutex_);
  if (is_out_of_memory_)
    return fail(ErrorCode::kOutOfMemory, "not enough memory to describe frames of code");
  return {};
}

}  // namespace smf
