// What became of a request for a symbol.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/error.h"

namespace smf {

// `symbol` and `code` stay as long as the instantiator does.
struct JitSuccess {
  std::span<const std::byte> code{};  // the function's own bytes, where they run
  std::string_view symbol{};
  const void* address = nullptr;
};
// Not in what was loaded, or the instantiator is disabled. No error: others may have it.
struct JitNotFound {
  std::string symbol{};
};
// What needs itself and cannot be made in one go: a type that contains itself by value, or a symbol
// whose compiler asked for that symbol. In order, the last is the first again.
struct JitCircularDependency {
  std::vector<std::string> cycle{};
};
struct JitCompilationError {
  std::string message{};
};
// The symbol was compiled, and the next request for it succeeds; the note of its module is as it
// was.
struct JitUpdateFailed {
  std::string symbol{};
  Error error{};
};

class JitResult : public std::variant<JitNotFound, JitSuccess, JitCircularDependency,
                                      JitCompilationError, JitUpdateFailed> {
 public:
  using variant::variant;

  bool is_success() const { return std::holds_alternative<JitSuccess>(*this); }
  // Something went wrong. JitNotFound is neither.
  bool is_error() const { return !is_success() && !std::holds_alternative<JitNotFound>(*this); }
  // nullptr unless is_success().
  const void* address() const {
    const auto* const success = std::get_if<JitSuccess>(this);
    return success == nullptr ? nullptr : success->address;
  }
  // For a person: "max$i64 is at 0x7f…", "max$text was not found", the message.
  std::string describe() const;
};

// "a -> b -> a".
std::string join_chain(std::span<const std::string> names);

}  // namespace smf
