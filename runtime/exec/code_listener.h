// Who wants to know about code: debuggers, profilers, the unwinder.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace smf {

// Of a CodeMemory that was created with it. The calls come from the thread that does what they tell
// about, several threads' at once, and may hold the code memory's lock: they must not call that
// code memory, nor throw. Addresses are those at which code runs.
class CodeListener {
 public:
  virtual ~CodeListener() = default;

  // A range in which there will be code, and one in which there is none any more.
  virtual void region_added(std::span<const std::byte> /*region*/) noexcept {}
  virtual void region_removed(std::span<const std::byte> /*region*/) noexcept {}

  // Code that may be called from now on, and code that may not be called any more, before its
  // memory is used again.
  virtual void published(std::span<const std::byte> code, std::string_view name) noexcept = 0;
  virtual void freed(std::span<const std::byte> code) noexcept = 0;
};

}  // namespace smf
