#include "runtime/mir/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/mir/interpreter_call.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

// Between slots in checked mode, so that what leads out of one is in none.
constexpr std::size_t kGap = 16;

}  // namespace

Interpreter::Interpreter(Program& program, Layouts& layouts, const InterpreterOptions& options)
    : program_(program), layouts_(layouts), options_(options) {}
Interpreter::~Interpreter() = default;

void Interpreter::lend(const void* begin, std::size_t size, bool is_writable) {
  objects_[static_cast<const std::byte*>(begin)] = {size, is_writable, true};
}
void Interpreter::take_back(const void* begin) {
  objects_.erase(static_cast<const std::byte*>(begin));
}

bool Interpreter::may_read(const void* begin, std::size_t size) const {
  const auto* const at = static_cast<const std::byte*>(begin);
  const auto after = objects_.upper_bound(at);
  if (after == objects_.begin()) return false;
  const auto& [first, object] = *std::prev(after);
  return object.is_alive && in_range(static_cast<std::size_t>(at - first), size, object.size);
}

const Interpreter::Prepared& Interpreter::prepare(FunctionId id) {
  auto& known = prepared_[id];
  if (known != nullptr) return *known;
  const Function function = program_.unit().functions[id];
  auto prepared = std::make_shared<Prepared>();
  std::size_t end = 0;
  const auto place = [&](TypeId type) {
    const Layout layout = *layouts_.of(type);
    const std::size_t at = align_up(end, std::max<std::size_t>(layout.alignment, 8));
    end = at + layout.size + kGap;
    return std::pair(at, layout.size);
  };
  for (std::uint32_t i = 0; i != function.locals.count; ++i) {
    const auto [at, size] = place(program_.unit().locals[function.locals.first + i].type);
    prepared->locals.push_back(at);
    prepared->sizes.push_back(size);
  }
  for (std::uint32_t b = 0; b != function.blocks.count; ++b) {
    const List list = program_.unit().blocks[function.blocks.first + b].instructions;
    for (std::uint32_t i = list.first; i != list.first + list.count; ++i) {
      const Instruction& instruction = program_.unit().instructions[i];
      if (instruction.op == Op::kAlloc) prepared->slots[i] = place(instruction.type).first;
    }
  }
  prepared->frame_size = end;
  known = std::move(prepared);
  return *known;
}

// Zeroed, and there until the outermost call ends.
std::byte* Interpreter::keep(std::size_t size) {
  memory_.push_back(std::make_unique<std::byte[]>(std::max<std::size_t>(size, 1)));
  return memory_.back().get();
}

// An address that stands for a function.
const void* Interpreter::address_of(FunctionId function, std::uint32_t callee) {
  auto& place = function_places_[program_.dependencies(function)[callee]];
  if (place == nullptr) {
    place = std::make_unique<std::byte>();
    functions_by_place_.emplace(place.get(), std::pair(function, callee));
  }
  return place.get();
}

// The bytes of a constant, which stay where they are.
std::string_view Interpreter::text(StringId id) {
  const auto [known, is_new] = texts_.try_emplace(id, program_.unit().string(id));
  if (is_new) lend(known->second.data(), known->second.size(), false);
  return known->second;
}

void Interpreter::enter(FunctionId function, std::span<const void* const> arguments, void* result,
                        const Call* from) {
  const auto refuse = [&](Trap::Kind kind, std::string message) {
    if (from != nullptr) from->trap(kind, std::move(message));
    throw Trap{
        .kind = kind,
        .function = std::string(program_.unit().string(program_.unit().functions[function].name)),
        .message = std::move(message)};
  };
  if (program_.is_general(function))
    refuse(Trap::Kind::kInvalid, "a function in its general form cannot be run");
  if (!verified_.contains(function)) {
    if (auto verified = verify(program_, layouts_, function); !verified)
      refuse(Trap::Kind::kInvalid, verified.error().message);
    verified_.insert(function);
  }
  if (calls_ == options_.max_calls) refuse(Trap::Kind::kLimit, "too many calls in one another");
  const std::size_t size = prepare(function).frame_size;
  if (size > options_.max_memory - memory_used_) refuse(Trap::Kind::kLimit, "too much memory");
  const struct Depth {
    explicit Depth(unsigned& calls) : calls(calls) { ++calls; }
    ~Depth() { --calls; }
    unsigned& calls;
  } depth(calls_);
  memory_used_ += size;
  const std::size_t kept = memory_.size();
  Call(*this, function).run(arguments, result);
  // In checked mode what points into it has to be told from what points into a later one.
  if (options_.is_checked) return;
  memory_used_ -= size;
  memory_.resize(kept);
}

std::expected<void, Trap> Interpreter::run(FunctionId function,
                                           std::span<const void* const> arguments, void* result) {
  const bool is_outermost = calls_ == 0;
  if (is_outermost) steps_ = 0;
  const std::size_t kept = memory_.size();
  std::expected<void, Trap> done;
  try {
    enter(function, arguments, result, nullptr);
  } catch (Trap& trap) {
    done = std::unexpected(std::move(trap));
  } catch (const std::bad_alloc&) {
    done = std::unexpected(Trap{.kind = Trap::Kind::kLimit, .message = "not enough memory"});
  }
  if (is_outermost) {
    std::erase_if(objects_, [](const auto& object) { return !object.second.is_alive; });
    memory_.resize(kept);
    memory_used_ = 0;
  }
  return done;
}

}  // namespace smf::mir
