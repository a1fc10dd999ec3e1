// Who wants to know about code: debuggers, profilers, the unwinder.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace smf {

// Of a CodeMemory that was created with it. The calls come from the thread that does what they tell
// about, several threads' at once, and may hold the code memory's lock: they must not call that
// code memory, nor throw. Addresses are those at which code runs.
//
// A listener costs nothing where it is not: without any, publishing and freeing have one branch
// that is never taken, batches keep no names, and a program that uses no listener does not link
// any.
class CodeListener {
 public:
  // A part of a block that has a name of its own.
  struct Function {
    std::span<const std::byte> code{};
    std::string_view name{};
  };

  virtual ~CodeListener() = default;

  // A range in which there will be code, and one in which there is none any more: what is still
  // there then is not told about as freed.
  virtual void region_added(std::span<const std::byte> /*region*/) noexcept {}
  virtual void region_removed(std::span<const std::byte> /*region*/) noexcept {}

  // Code that may be called from now on, and code that may not be called any more, before its
  // memory is used again.
  virtual void published(std::span<const std::byte> code, std::string_view name) noexcept = 0;
  // A block of several functions, by address, which will be freed together.
  virtual void batch_published(std::span<const std::byte> /*block*/,
                               std::span<const Function> functions) noexcept {
    for (const Function& function : functions) published(function.code, function.name);
  }
  virtual void freed(std::span<const std::byte> code) noexcept = 0;
};

}  // namespace smf
