#include "runtime/jit/jit_result.h"

#include <fmt/format.h>

namespace smf {
namespace {

struct Describing {
  std::string operator()(const JitSuccess& success) const {
    return fmt::format("{} is at {}", success.symbol, fmt::ptr(success.address));
  }
  std::string operator()(const JitNotFound& missing) const {
    return fmt::format("{} was not found", missing.symbol);
  }
  std::string operator()(const JitCircularDependency& circle) const {
    return fmt::format("circular dependency: {}", join_chain(circle.cycle));
  }
  std::string operator()(const JitCompilationError& error) const { return error.message; }
  std::string operator()(const JitUpdateFailed& failed) const {
    return fmt::format("{} was compiled, but its note was not updated: {}", failed.symbol,
                       failed.error.describe());
  }
};

}  // namespace

std::string join_chain(std::span<const std::string> names) {
  std::string chain;
  for (const std::string& name : names) {
    if (!chain.empty()) chain += " -> ";
    chain += name;
  }
  return chain;
}

std::string JitResult::describe() const {
  const variant& self = *this;
  return std::visit(Describing{}, self);
}

}  // namespace smf
