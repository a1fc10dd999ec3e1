// A template's function run on values of the command line: what `mir run` and `jit` share.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/unit.h"
#include "smftool/context.h"
#include "smftool/mir_value.h"

namespace smf::tool {

struct MirRunOptions {
  std::string file{};
  std::string function{};
  std::vector<std::string> arguments{};
  std::vector<std::string> others{};
  std::vector<std::string> generics{};
  std::uint64_t max_steps = 1'000'000'000;
  std::uint64_t max_memory = std::uint64_t{64} << 20;
};

// In the interpreter, every access checked.
Result<ExitStatus> run_mir(const Context& context, const MirRunOptions& options);

// Values for a call, and room for what it returns.
class MirArguments {
 public:
  // `types` are the result's, or kNone, and the arguments'; as many texts as these. `values` owns
  // the memory. kInvalidArgument for a text that is no value of its type.
  static Result<MirArguments> make(MirValues& values, std::span<const mir::TypeId> types,
                                   const std::vector<std::string>& texts);

  std::span<const void* const> pointers() const { return pointers_; }
  void* result() const { return result_; }
  // After the call: what it returned, and arguments that lead to something that it changed.
  Result<void> print(const Context& context, MirValues& values) const;

 private:
  MirArguments() = default;

  std::vector<mir::TypeId> types_{};
  std::vector<const void*> pointers_{};
  std::vector<std::string> before_{};
  void* result_ = nullptr;
};

}  // namespace smf::tool
