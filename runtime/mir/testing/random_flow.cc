// Statements that branch, and how a function ends.
#include <array>
#include <vector>

#include "runtime/mir/testing/random_body.h"

namespace smf::mir {
namespace {

constexpr int kMaxDepth = 4;
constexpr std::uint64_t kMaxTimes = 64;

}  // namespace

void RandomBody::if_else() {
  if (depth_ == kMaxDepth) return compare();
  const Operand condition = chance(3) ? this->condition(2) : value(of(TypeKind::kBool));
  const BlockId then = draft_.block(), after = draft_.block();
  const bool has_else = chance(2);
  const BlockId otherwise = has_else ? draft_.block() : after;
  branch(condition, then, otherwise);
  draft_.enter(then);
  nested(1 + static_cast<int>(below(3)));
  go_to(after);
  if (has_else) {
    draft_.enter(otherwise);
    nested(1 + static_cast<int>(below(2)));
    go_to(after);
  }
  draft_.enter(after);
}

void RandomBody::switch_over() {
  if (depth_ == kMaxDepth) return compare();
  const TypeId type = chance(8) ? of(TypeKind::kBool) : types_.integer();
  const bool is_bool = kind(type) == TypeKind::kBool;
  // Of few values, so that cases are met; or of any.
  const bool is_small = !is_bool && chance(2);
  Operand on = chance(2) ? from_hash(type) : value(type);
  if (is_small) on = masked(type, on, 3);
  const BlockId after = draft_.block();
  std::vector<BlockId> blocks;
  std::vector<Case> cases;
  for (std::uint64_t count = below(5); count != 0; --count) {
    const Operand chosen = is_bool    ? Operand::constant(builder_.constant(
                                         {.type = type, .kind = ValueKind::kInt, .bits = below(2)}))
                           : is_small ? integer(type, below(5))
                                      : constant(type);
    const Constant one = builder_.unit.constants[chosen.index];
    if (one.kind != ValueKind::kInt && one.kind != ValueKind::kUnsigned) continue;
    bool is_there = false;
    for (const Case& known : cases) is_there = is_there || known.bits == one.bits;
    if (is_there) continue;
    if (blocks.empty() || !chance(4)) blocks.push_back(draft_.block());
    cases.push_back({.kind = one.kind, .bits = one.bits, .target = blocks.back()});
  }
  BlockId otherwise = after;
  if (chance(2)) blocks.push_back(otherwise = draft_.block());
  end({.end = End::kSwitch}, {{on}}, {{otherwise}}, cases);
  for (std::size_t i = 0; i != blocks.size(); ++i) {
    draft_.enter(blocks[i]);
    nested(1 + static_cast<int>(below(2)));
    // Into the next one, or out.
    go_to(i + 1 != blocks.size() && chance(4) ? blocks[i + 1] : after);
  }
  draft_.enter(after);
}

// A counter goes up or down; the test is at the begin or at the end.
void RandomBody::loop() {
  const std::uint64_t most = 1 + below(4);
  if (depth_ == kMaxDepth || times_ * (most + 1) > kMaxTimes) return binary();
  const TypeId type = types_.integer();
  const bool is_up = chance(2), is_tested_first = chance(2);
  Operand count = integer(type, most);
  if (chance(2)) {
    // Of a value, from 1 on.
    const Operand some = masked(type, value(type), most == 4 ? 3 : most / 2);
    const LocalId counted = emit_binary(BinaryOp::kBitOr, type, some, integer(type, 1));
    count = Operand::copy(counted);
  }
  const LocalId counter = temporary(type);
  assign(counter, is_up ? integer(type, 0) : count);
  const BlockId inside = draft_.block(), next = draft_.block(), after = draft_.block();
  const BlockId test = is_tested_first ? draft_.block() : inside;
  const std::uint64_t before = std::exchange(times_, times_ * (most + 1));
  const auto tested = [&] {
    const LocalId goes_on =
        is_up ? emit_binary(chance(2) ? BinaryOp::kLt : BinaryOp::kNe, of(TypeKind::kBool),
                            Operand::copy(counter), count)
              : emit_binary(chance(2) ? BinaryOp::kGt : BinaryOp::kNe, of(TypeKind::kBool),
                            Operand::copy(counter), integer(type, 0));
    branch(Operand::copy(goes_on), inside, after);
  };
  go_to(test);
  if (is_tested_first) {
    draft_.enter(test);
    tested();
  }
  draft_.enter(inside);
  loops_.push_back({.next = next, .after = after});
  {
    const Variables kept(*this);
    variables_.push_back({.local = counter, .type = type, .may_change = false});
    nested(1 + static_cast<int>(below(4)));
  }
  loops_.pop_back();
  go_to(next);
  draft_.enter(next);
  emit({.op = chance(2) ? Op::kChecked : Op::kBinary,
        .detail = static_cast<std::uint8_t>(is_up ? BinaryOp::kAdd : BinaryOp::kSub),
        .dest = counter},
       {Operand::copy(counter), integer(type, 1)});
  if (is_tested_first) {
    go_to(test);
  } else {
    tested();
  }
  times_ = before;
  draft_.enter(after);
}

// Blocks that jump to each other anyhow, as long as there is fuel.
void RandomBody::region() {
  constexpr std::uint64_t kFuel = 8;
  if (depth_ >= 2 || times_ * kFuel > kMaxTimes) return loop();
  const TypeId type = of(TypeKind::kI8);
  const LocalId fuel = temporary(type);
  assign(fuel, integer(type, kFuel));
  const BlockId after = draft_.block();
  std::vector<BlockId> blocks(2 + below(3));
  for (BlockId& block : blocks) block = draft_.block();
  const std::uint64_t before = std::exchange(times_, times_ * kFuel);
  // Two ways in.
  const Operand way = value(of(TypeKind::kBool));
  branch(way, blocks[0], blocks[1]);
  for (const BlockId block : blocks) {
    draft_.enter(block);
    emit({.op = Op::kBinary, .detail = static_cast<std::uint8_t>(BinaryOp::kSub), .dest = fuel},
         {Operand::copy(fuel), integer(type, 1)});
    const LocalId is_left =
        emit_binary(BinaryOp::kGt, of(TypeKind::kBool), Operand::copy(fuel), integer(type, 0));
    const BlockId inside = draft_.block();
    branch(Operand::copy(is_left), inside, after);
    draft_.enter(inside);
    const Variables kept(*this);
    nested(1 + static_cast<int>(below(2)));
    const BlockId first = choice_.of(blocks), second = choice_.of(blocks);
    if (chance(4)) {
      go_to(first);
    } else {
      const Operand condition = chance(2) ? this->condition(3) : value(of(TypeKind::kBool));
      branch(condition, first, chance(4) ? after : second);
    }
  }
  times_ = before;
  draft_.enter(after);
}

// Out of a loop, or to its next turn.
void RandomBody::leave() {
  if (loops_.empty()) return binary();
  const Loop loop = chance(3) ? choice_.of(loops_) : loops_.back();
  const Operand condition = this->condition(3);
  const BlockId stay = draft_.block();
  branch(condition, chance(2) ? loop.next : loop.after, stay);
  draft_.enter(stay);
}

void RandomBody::trap() {
  // Not in what is called for it: that would have no end.
  if (types_.part(self_.signature) == of(TypeKind::kNever)) return binary();
  const Operand met = condition(scope_.is_trappy ? 6 : 60);
  const BlockId then = draft_.block(), after = draft_.block();
  branch(met, then, after);
  draft_.enter(then);
  switch (below(3)) {
    case 0:
      end({.end = End::kUnreachable});
      break;
    case 1:
      end({.end = End::kAbort, .text = builder_.string("enough")});
      break;
    default: {
      const TypeId never = of(TypeKind::kNever), word = of(TypeKind::kU64);
      const TypeId signature = builder_.type(TypeKind::kFuncPtr, {{never, word}});
      const LocalId nothing = chance(2) ? temporary(never) : kNone;
      emit({.op = Op::kCall, .dest = nothing},
           {name_of(scope_.never_returns, signature), Operand::copy(hash_)});
      end({.end = End::kUnreachable});
    }
  }
  draft_.enter(after);
}

void RandomBody::return_early() {
  const TypeId result = types_.part(self_.signature);
  if (result == of(TypeKind::kNever)) return binary();
  const Operand met = condition(12);
  const BlockId then = draft_.block(), after = draft_.block();
  branch(met, then, after);
  draft_.enter(then);
  if (result == kNone) {
    end({.end = End::kReturn});
  } else {
    const Operand returned = types_.is_plain(result) ? from_hash(result) : value(result);
    end({.end = End::kReturn}, {{returned}});
  }
  draft_.enter(after);
}

// What has been computed is in the result, and in the global.
void RandomBody::finish() {
  if (!variables_.empty()) {
    const std::vector<Variable> all = variables_;
    for (int i = 0; i != 2; ++i) mix(read(choice_.of(all).local));
  }
  const TypeId result = types_.part(self_.signature);
  if (result == kNone || chance(2)) global();
  if (result == kNone) return end({.end = End::kReturn});
  if (result == of(TypeKind::kUnit) && chance(2)) return end({.end = End::kReturn});
  const Operand returned = types_.is_plain(result) ? from_hash(result) : value(result);
  const LocalId local = draft_.local(result, LocalKind::kReturn);
  assign(local, returned);
  end({.end = End::kReturn}, {{read(local)}});
}

}  // namespace smf::mir
