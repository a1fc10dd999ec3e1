// Objects that foreign code holds by a number: caches, modules, instantiators.
//
// Foreign code may hand in any number for a handle, and may go on using one that it has freed. So a
// handle says which slot of a table it is about, of what kind the object is, and the how manieth
// object of that slot it is:
//
//   63   60         24        0
//    0 kind generation     slot
//
// and all three are looked up before anything is touched. Addresses and small numbers have kind 0,
// which is none. A slot whose generations are used up is not used again, so no number is ever given
// twice.
//
// An object is shared by its handle and by the calls that are using it: a handle that is freed
// meanwhile fails from then on, and the object goes with the last call. Where calls run functions
// of the embedder's, that is not enough, since he wants to know when they are run no more: then
// remove_unused() refuses, as freeing code does that is being called (exec_memory.h). Rejected:
// waiting, for whoever frees an object out of its own callback would wait for himself.
//
// One lock, held to find a slot and count a use. Rejected: slots that are read without one, which
// would save some 20 ns of calls that look up names.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime/base/error.h"

namespace smf::ffi {

enum class HandleKind : std::uint8_t { kCache = 1, kModule, kJit };

// T says of which kind it is: T::kKind. Thread-safe. Throws std::bad_alloc, with nothing changed.
class Handles {
 public:
  static constexpr unsigned kSlotBits = 24, kGenerationBits = 36;

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;

  // Above 0. kLimit: as many live at once as there are slots.
  template <typename T>
  Result<std::int64_t> add(std::shared_ptr<T> object) {
    return add(T::kKind, std::move(object));
  }

  // kInvalidArgument for what is no live handle of such an object.
  template <typename T>
  Result<std::shared_ptr<T>> find(std::int64_t handle) {
    return cast<T>(find(T::kKind, handle));
  }

  // The handle is dead; the object is the caller's to let go.
  template <typename T>
  Result<std::shared_ptr<T>> remove(std::int64_t handle) {
    return cast<T>(remove(T::kKind, handle, false));
  }
  // The same where nobody else has the object, else kUnsupported.
  template <typename T>
  Result<std::shared_ptr<T>> remove_unused(std::int64_t handle) {
    return cast<T>(remove(T::kKind, handle, true));
  }

  std::size_t count();

 private:
  using Object = std::shared_ptr<void>;
  struct Slot {
    std::uint64_t generation = 1;
    HandleKind kind{};
    Object object{};  // nullptr: the next one gets this generation
  };

  template <typename T>
  static Result<std::shared_ptr<T>> cast(Result<Object> object) {
    if (!object) return std::unexpected(std::move(object).error());
    return std::static_pointer_cast<T>(*std::move(object));
  }
  Result<std::int64_t> add(HandleKind kind, Object object);
  Result<Object> find(HandleKind kind, std::int64_t handle);
  Result<Object> remove(HandleKind kind, std::int64_t handle, bool is_unused);
  Result<Slot*> live_slot(HandleKind kind, std::int64_t handle);  // under the lock

  std::mutex mutex_{};
  std::vector<Slot> slots_{};
  std::vector<std::uint32_t> free_{};  // has room for all slots
};

// Of the process, as handles are; never destroyed, because threads may still call at its end.
Handles& handles();

}  // namespace smf::ffi
