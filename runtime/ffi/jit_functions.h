// Instantiators that foreign code made, and their functions, found by an address alone: what
// rt_call_function_*() call beside allocations.
//
// An address is looked for in the code of each instantiator, of which there are few. That takes a
// shared lock, and is done only where the address is in no allocation, so calls of those do not
// know of it. While a function is called its instantiator is in use, as by any other call: it
// cannot be freed (handles.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/ffi/handles.h"
#include "runtime/ffi/smf_rt.h"
#include "runtime/jit/jit_instantiator.h"

namespace smf::ffi {

struct JitObject {
  static constexpr HandleKind kKind = HandleKind::kJit;

  JitObject() = default;
  ~JitObject();
  JitObject(const JitObject&) = delete;
  JitObject& operator=(const JitObject&) = delete;

  rt_smf_jit_options given{};  // whose functions and contexts are called
  std::unique_ptr<JitInstantiator> jit{};
};

// A function that stays until this goes. An object without one is false.
struct JitCall {
  std::shared_ptr<JitObject> owner{};
  std::uint64_t function = 0;
  bool returns = true;  // something, or it is not known

  explicit operator bool() const { return owner != nullptr; }
};

// Thread-safe. Throws std::bad_alloc, with nothing changed.
class JitFunctions {
 public:
  // Until it is destroyed, found from then on.
  Result<std::int64_t> add(std::shared_ptr<JitObject> object);
  // For a call with so many numbers. nullopt: the address is in no instantiator's code.
  // kInvalidArgument: no function begins there, or one that is known to be of another type.
  std::optional<Result<JitCall>> begin_call(std::int64_t address, unsigned arguments);

 private:
  friend JitObject;
  struct Entry {
    const JitObject* object = nullptr;
    std::int64_t handle = 0;  // 0: not yet
  };
  void remove(const JitObject* object) noexcept;

  std::shared_mutex mutex_{};
  std::vector<Entry> entries_{};
};

// Of the process, as handles are.
JitFunctions& jit_functions();

}  // namespace smf::ffi
