// Runs functions of a Program as docs/mir.md says they mean: the reference for all that generates
// code, and slow (some 50 ns an instruction).
//
// Pointers are the process's, so that functions run on memory of the caller and call functions of
// his. In checked mode they may touch only what they are allowed to: their own stack slots, and
// what the embedder has lent. What lies outside, is too short, misaligned for its type, or of a
// function that has returned is a trap, and not a fault: slots keep their memory until the
// outermost call ends. That, and the limits, make it fit to run what nobody has vouched for.
//
// Not thread-safe. Calls of the embedder's functions may come back in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::mir {

// Why a function did not return.
struct Trap {
  enum class Kind : std::uint8_t {
    kOperation,    // division by zero, overflow, another variant, …
    kAbort,        // Abort
    kUnreachable,  // Unreachable
    kMemory,       // checked mode
    kLimit,
    kMissing,  // a function or a global that nobody provides
    kInvalid,  // a function that could not be made, or did not verify
  };
  Kind kind = Kind::kOperation;
  std::string function{};
  BlockId block = 0;
  std::string message{};
};

struct InterpreterOptions {
  bool is_checked = false;
  std::uint64_t max_steps = ~std::uint64_t{0};         // instructions and terminators
  std::uint64_t max_memory = std::uint64_t{64} << 20;  // bytes of frames and slots
  unsigned max_calls = 1'000;                          // one in another
};

class Interpreter {
 public:
  // Arguments and result are where values of the signature's types are.
  using Native = std::function<void(std::span<const void* const> arguments, void* result)>;

  // Both outlive it.
  Interpreter(Program& program, Layouts& layouts, const InterpreterOptions& options = {});
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // What a callee of that mangled name is, where the program has no such function.
  void provide(std::string name, Native native) { natives_[std::move(name)] = std::move(native); }
  // Where GlobalAddr of that symbol leads.
  void provide_global(Symbol symbol, void* address) { globals_[symbol] = address; }

  // Memory that may be touched in checked mode, until it is taken back.
  void lend(const void* begin, std::size_t size, bool is_writable);
  void take_back(const void* begin);
  // Whether all of it is lent, or text of a function: what a caller who did not write the function
  // asks before he follows a pointer that it gave him.
  bool may_read(const void* begin, std::size_t size) const;

  // `arguments` are as many as the signature has, each with a value of its type; `result` has room
  // for one, and may be nullptr where nothing is returned.
  std::expected<void, Trap> run(FunctionId function, std::span<const void* const> arguments,
                                void* result);
  // Of the last outermost run().
  std::uint64_t steps() const { return steps_; }

 private:
  struct Prepared;
  struct Object {
    std::size_t size = 0;
    bool is_writable = false;
    bool is_alive = true;
  };
  class Call;

  const Prepared& prepare(FunctionId function);
  std::byte* keep(std::size_t size);
  const void* address_of(FunctionId function, std::uint32_t callee);
  std::string_view text(StringId id);
  void enter(FunctionId function, std::span<const void* const> arguments, void* result,
             const Call* from);

  Program& program_;
  Layouts& layouts_;
  const InterpreterOptions options_;
  std::map<std::string, Native, std::less<>> natives_{};
  std::map<Symbol, void*> globals_{};
  std::map<FunctionId, std::shared_ptr<Prepared>> prepared_{};  // a type that is incomplete here
  std::map<const std::byte*, Object> objects_{};
  // Places whose addresses stand for functions.
  std::map<Callee, std::unique_ptr<std::byte>> function_places_{};
  std::map<const void*, std::pair<FunctionId, std::uint32_t>> functions_by_place_{};
  std::map<StringId, std::string> texts_{};
  std::set<FunctionId> verified_{};
  std::deque<std::unique_ptr<std::byte[]>> memory_{};
  std::uint64_t memory_used_ = 0;
  std::uint64_t steps_ = 0;
  unsigned calls_ = 0;
};

}  // namespace smf::mir
