#include "runtime/ffi/jit_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

#include "runtime/ffi/arguments.h"

namespace smf::ffi {
namespace {

Result<void> check_type(std::uint64_t address, const JitFunction& function, unsigned arguments) {
  if (function.code.data() != std::bit_cast<const std::byte*>(address))
    return refuse(fmt::format("no function begins at 0x{:x}, which is in code of one", address));
  if (!function.type) return {};
  if (!function.type->is_of_words)
    return refuse(
        fmt::format("the function at 0x{:x} is not one of 64-bit integers and addresses", address));
  if (function.type->parameters == arguments) return {};
  return refuse(fmt::format("the function at 0x{:x} has {} parameters and is given {} arguments",
                            address, function.type->parameters, arguments));
}

}  // namespace

JitObject::~JitObject() { jit_functions().remove(this); }

Result<std::int64_t> JitFunctions::add(std::shared_ptr<JitObject> object) {
  const JitObject* const key = object.get();
  {
    const std::unique_lock lock(mutex_);
    entries_.push_back({.object = key});
  }
  SMF_ASSIGN(const std::int64_t handle, handles().add(std::move(object)));
  const std::unique_lock lock(mutex_);
  // Gone where somebody has guessed the handle, and freed it.
  const auto entry = std::ranges::find(entries_, key, &Entry::object);
  if (entry != entries_.end()) entry->handle = handle;
  return handle;
}

void JitFunctions::remove(const JitObject* object) noexcept {
  const std::unique_lock lock(mutex_);
  std::erase_if(entries_, [=](const Entry& entry) { return entry.object == object; });
}

std::optional<Result<JitCall>> JitFunctions::begin_call(std::int64_t address, unsigned arguments) {
  const auto function = static_cast<std::uint64_t>(address);
  // Nothing that is found here is destroyed: its destructor waits for the lock.
  const std::shared_lock lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.handle == 0) continue;
    const auto found = entry.object->jit->function_at(std::bit_cast<const void*>(function));
    if (!found) continue;
    if (auto fits = check_type(function, *found, arguments); !fits)
      return std::unexpected(std::move(fits).error());
    // By its handle, so that whoever frees it sees that it is in use, or this that it was freed.
    auto owner = handles().find<JitObject>(entry.handle);
    if (!owner) return std::unexpected(std::move(owner).error());
    return JitCall{.owner = *std::move(owner),
                   .function = function,
                   .returns = !found->type || found->type->returns};
  }
  return std::nullopt;
}

JitFunctions& jit_functions() {
  static auto& all = *new JitFunctions;
  return all;
}

}  // namespace smf::ffi
