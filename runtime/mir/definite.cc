#include "runtime/mir/definite.h"

#include <vector>

namespace smf::mir {
namespace {

class Set {
 public:
  explicit Set(std::size_t locals) : bits_((locals + 63) / 64) {}
  bool has(LocalId local) const { return (bits_[local / 64] >> local % 64 & 1) != 0; }
  void add(LocalId local) { bits_[local / 64] |= std::uint64_t{1} << local % 64; }
  // Whether that took something away.
  bool keep_only(const Set& other) {
    bool is_changed = false;
    for (std::size_t i = 0; i != bits_.size(); ++i) {
      const std::uint64_t kept = bits_[i] & other.bits_[i];
      is_changed = is_changed || kept != bits_[i];
      bits_[i] = kept;
    }
    return is_changed;
  }

 private:
  std::vector<std::uint64_t> bits_;
};

class Flow {
 public:
  Flow(const Unit& unit, const Function& function) : unit_(unit), function_(function) {}

  std::optional<Undefined> find() {
    const std::uint32_t blocks = function_.blocks.count;
    Set arguments(function_.locals.count);
    for (const Local& local : Unit::of(unit_.locals, function_.locals))
      if (local.kind == LocalKind::kArg) arguments.add(local.id);
    begins_.resize(blocks);
    begins_[function_.entry] = arguments;
    std::vector<BlockId> waiting{function_.entry};
    while (!waiting.empty()) {
      const BlockId at = waiting.back();
      waiting.pop_back();
      Set defined = *begins_[at];
      walk(at, defined, nullptr);
      for (const BlockId next : Unit::of(unit_.numbers, block(at).terminator.targets))
        arrive(next, defined, waiting);
      for (const Case& one : Unit::of(unit_.cases, block(at).terminator.cases))
        arrive(one.target, defined, waiting);
    }
    for (BlockId at = 0; at != blocks; ++at) {
      if (!begins_[at]) continue;
      Set defined = *begins_[at];
      std::optional<Undefined> undefined;
      walk(at, defined, &undefined);
      if (undefined) return undefined;
    }
    return std::nullopt;
  }

 private:
  const Block& block(BlockId id) const { return unit_.blocks[function_.blocks.first + id]; }

  void arrive(BlockId at, const Set& defined, std::vector<BlockId>& waiting) {
    if (begins_[at] && !begins_[at]->keep_only(defined)) return;
    if (!begins_[at]) begins_[at] = defined;
    waiting.push_back(at);
  }

  void walk(BlockId at, Set& defined, std::optional<Undefined>* undefined) const {
    std::uint32_t index = 0;
    const auto use = [&](List operands, std::uint32_t instruction) {
      if (undefined == nullptr || *undefined) return;
      for (const Operand operand : Unit::of(unit_.operands, operands)) {
        if (!operand.is_local() || defined.has(operand.index)) continue;
        *undefined = Undefined{operand.index, at, instruction};
        return;
      }
    };
    for (const Instruction& one : Unit::of(unit_.instructions, block(at).instructions)) {
      // Debuggers are told about a local before it has a value.
      if (one.op != Op::kDebugValue) use(one.operands, index);
      if (one.dest != kNone) defined.add(one.dest);
      ++index;
    }
    use(block(at).terminator.operands, kNone);
  }

  const Unit& unit_;
  const Function& function_;
  std::vector<std::optional<Set>> begins_{};
};

}  // namespace

std::optional<Undefined> find_undefined(const Unit& unit, const Function& function) {
  return Flow(unit, function).find();
}

}  // namespace smf::mir
