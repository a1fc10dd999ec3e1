// Where operands come from, and where results go.
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

#include "runtime/mir/testing/random_body.h"

namespace smf::mir {
namespace {

constexpr std::uint64_t kMixing = 0x9E37'79B9'7F4A'7C15;

constexpr std::string_view kTexts[] = {"a", "", "text", "\u20ac \"quoted\" \\",
                                       "longer, with\nlines"};

}  // namespace

Operand RandomBody::read(LocalId local) {
  return chance(4) ? Operand::move(local) : Operand::copy(local);
}

std::optional<RandomBody::Variable> RandomBody::find(TypeId type, bool has_to_change) {
  std::vector<Variable> found;
  for (const Variable& one : variables_)
    if (one.type == type && (one.may_change || !has_to_change)) found.push_back(one);
  if (found.empty()) return std::nullopt;
  // What is new has been looked at less.
  return chance(2) ? found.back() : choice_.of(found);
}

Operand RandomBody::value(TypeId type) {
  if (!chance(5)) {
    if (const auto known = find(type)) return read(known->local);
  }
  return fresh(type);
}

Operand RandomBody::fresh(TypeId type) {
  const TypeKind of_type = kind(type);
  switch (of_type) {
    case TypeKind::kPtr:
    case TypeKind::kRef: {
      const LocalId made = temporary(type);
      const TypeId pointee = types_.part(type);
      const LocalId pointer = slot(pointee);
      emit({.op = Op::kCast, .dest = made, .type = type}, {Operand::copy(pointer)});
      return Operand::copy(made);
    }
    case TypeKind::kSlice:
      return new_slice(type);
    case TypeKind::kOpaque:
      return Operand::constant(builder_.constant(
          {.type = type, .kind = ValueKind::kString, .bits = builder_.string(choice_.of(kTexts))}));
    case TypeKind::kUnit:
    case TypeKind::kNever:
      return zero(type);
    case TypeKind::kArray:
    case TypeKind::kTuple:
    case TypeKind::kStruct:
    case TypeKind::kEnum:
    case TypeKind::kResult:
      if (types_.is_plain(type) && chance(6)) return zero(type);
      return aggregate(type, false);
    default:
      break;
  }
  // A number that something else was.
  if (chance(2) && !variables_.empty()) {
    const Variable from = choice_.of(variables_);
    const bool is_scalar = is_integer(kind(from.type)) || is_float(kind(from.type)) ||
                           kind(from.type) == TypeKind::kBool;
    if (is_scalar) return Operand::copy(emit_cast(read(from.local), type));
  }
  return chance(6) ? from_hash(type) : constant(type);
}

// ---- Constants ----

Operand RandomBody::zero(TypeId type) {
  const ValueKind kind =
      this->kind(type) == TypeKind::kUnit && chance(2) ? ValueKind::kNull : ValueKind::kZero;
  return Operand::constant(builder_.constant({.type = type, .kind = kind}));
}

// The low bits of `bits`, as a number of that type.
Operand RandomBody::integer(TypeId type, std::uint64_t bits) {
  const unsigned spare = 64 - bits_of(kind(type));
  Constant made{.type = type, .kind = ValueKind::kInt, .bits = bits << spare >> spare};
  if (is_signed(kind(type)) && spare != 0 && (bits >> (63 - spare) & 1) != 0)
    made.bits |= ~std::uint64_t{0} << (64 - spare);
  if (kind(type) == TypeKind::kU64 && bits >> 63 != 0) made.kind = ValueKind::kUnsigned;
  return Operand::constant(builder_.constant(made));
}

Operand RandomBody::constant(TypeId type) {
  const TypeKind of_type = kind(type);
  if (chance(12)) return zero(type);
  if (of_type == TypeKind::kBool) {
    const ValueKind kind = chance(4) ? ValueKind::kInt : ValueKind::kBool;
    return Operand::constant(builder_.constant({.type = type, .kind = kind, .bits = below(2)}));
  }
  if (is_float(of_type)) {
    using Single = std::numeric_limits<float>;
    using Double = std::numeric_limits<double>;
    static constexpr double kEdges[] = {0.0,
                                        -0.0,
                                        1.0,
                                        -1.0,
                                        0.5,
                                        -1.5,
                                        2.5,
                                        3.0,
                                        127.5,
                                        255.5,
                                        -128.5,
                                        65535.9,
                                        1e10,
                                        0.1,
                                        2147483648.0,
                                        -2147483649.0,
                                        9223372036854775808.0,
                                        18446744073709551616.0,
                                        4294967295.0,
                                        -9223372036854775808.0,
                                        Double::quiet_NaN(),
                                        Double::infinity(),
                                        -Double::infinity(),
                                        Double::denorm_min(),
                                        Double::min(),
                                        Double::max(),
                                        Double::lowest(),
                                        Double::epsilon(),
                                        static_cast<double>(Single::denorm_min()),
                                        static_cast<double>(Single::min()),
                                        static_cast<double>(Single::max()),
                                        1e300,
                                        1e-300};
    if (chance(8)) {
      const auto whole =
          static_cast<std::uint64_t>(static_cast<std::int64_t>(choice_.bits()) >> (1 + below(62)));
      return Operand::constant(
          builder_.constant({.type = type, .kind = ValueKind::kInt, .bits = whole}));
    }
    double chosen = choice_.of(kEdges);
    if (chance(6)) {
      chosen = Double::quiet_NaN();
    } else if (chance(3)) {
      const auto any = std::bit_cast<double>(choice_.bits());
      if (!std::isnan(any)) chosen = any;
    }
    return Operand::constant(builder_.constant(
        {.type = type, .kind = ValueKind::kFloat, .bits = std::bit_cast<std::uint64_t>(chosen)}));
  }
  const unsigned width = bits_of(of_type);
  const std::uint64_t top = std::uint64_t{1} << (width - 1);
  switch (below(9)) {
    case 0:
      return integer(type, 0);
    case 1:
      return integer(type, 1);
    case 2:
      return integer(type, ~std::uint64_t{0});  // −1, or the largest
    case 3:
      return integer(type, top);  // the least
    case 4:
      return integer(type, top - 1);
    case 5:
      return integer(type, std::uint64_t{1} << below(width));
    case 6:
      return integer(type, below(20));
    default:
      return integer(type, choice_.bits());
  }
}

// ---- The hash ----

void RandomBody::mix_word(Operand word) {
  const auto step = [&](BinaryOp op, Operand operand) {
    emit({.op = Op::kBinary, .detail = static_cast<std::uint8_t>(op), .dest = hash_},
         {Operand::copy(hash_), operand});
  };
  step(BinaryOp::kBitXor, word);
  step(BinaryOp::kMul, number(kMixing));
}

void RandomBody::mix(Operand value) {
  const TypeId type = draft_.type_of(value);
  const TypeKind of_type = kind(type);
  const TypeId word = of(TypeKind::kU64);
  switch (of_type) {
    case TypeKind::kU64:
      return mix_word(value);
    case TypeKind::kUnit:
    case TypeKind::kNever:
    case TypeKind::kPtr:
    case TypeKind::kRef:
    case TypeKind::kFuncPtr:
      return;
    case TypeKind::kF32:
    case TypeKind::kF64: {
      const TypeId bits = of_type == TypeKind::kF32 ? of(TypeKind::kU32) : word;
      const Operand seen = without_nan(value);
      const LocalId as_bits = temporary(bits);
      emit({.op = Op::kBitcast, .dest = as_bits, .type = bits}, {seen});
      return mix(Operand::copy(as_bits));
    }
    case TypeKind::kSlice:
    case TypeKind::kOpaque:
      return mix_sequence(value);
    default:
      break;
  }
  if (is_integer(of_type) || of_type == TypeKind::kBool)
    return mix_word(Operand::copy(emit_cast(value, word)));
  if (!types_.is_plain(type)) return;
  const auto known = scope_.mixers.find(type);
  const RandomCallee mixer =
      known != scope_.mixers.end() ? known->second : write_mixer(scope_, type);
  steps_ += times_ * mixer.cost;
  emit({.op = Op::kCall, .dest = hash_},
       {name_of(mixer.name, mixer.signature), Operand::copy(hash_), value});
}

void RandomBody::saw(LocalId result) {
  if (chance(2)) mix(Operand::copy(result));
}

Operand RandomBody::from_hash(TypeId type) {
  const TypeKind of_type = kind(type);
  switch (of_type) {
    case TypeKind::kUnit:
    case TypeKind::kNever:
      return zero(type);
    case TypeKind::kArray:
    case TypeKind::kTuple:
    case TypeKind::kStruct:
    case TypeKind::kEnum:
    case TypeKind::kResult:
      return aggregate(type, true);
    default:
      break;
  }
  const Operand turned[] = {Operand::copy(hash_), integer(of(TypeKind::kU32), 24 + below(40))};
  const LocalId word = emit_intrinsic(Intrinsic::kRotr, of(TypeKind::kU64), turned);
  if (of_type == TypeKind::kU64) return Operand::copy(word);
  if (of_type == TypeKind::kBool) {
    const LocalId bit = emit_binary(BinaryOp::kBitAnd, of(TypeKind::kU64), Operand::copy(word),
                                    number(std::uint64_t{1} << below(64)));
    return Operand::copy(emit_cast(Operand::copy(bit), type));
  }
  if (is_float(of_type)) {
    const TypeId whole = chance(2) ? of(TypeKind::kI16) : of(TypeKind::kI64);
    return Operand::copy(emit_cast(Operand::copy(emit_cast(Operand::copy(word), whole)), type));
  }
  return Operand::copy(emit_cast(Operand::copy(word), type));
}

// Of a type that is made of others: of the hash, or of anything.
Operand RandomBody::aggregate(TypeId type, bool is_of_hash) {
  const Type made = types_.get(type);
  const auto part = [&](TypeId of_part) {
    return is_of_hash ? from_hash(of_part) : value(of_part);
  };
  std::vector<Operand> operands;
  Instruction instruction{.op = Op::kAggregate, .type = type};
  if (made.kind == TypeKind::kArray) {
    const TypeId element = types_.part(type);
    for (std::uint64_t i = 0; i != made.number; ++i) operands.push_back(part(element));
    instruction.type = types_.array(element, 0);
  } else {
    std::uint32_t variant = 0;
    if (types_.is_enum(type)) {
      variant = choice_.small(types_.variants(type));
      // There is none of Never.
      if (made.kind == TypeKind::kResult && kind(types_.part(type, 1)) == TypeKind::kNever)
        variant = 0;
      instruction.number = variant;
    }
    for (const TypeId field : types_.fields(type, variant)) operands.push_back(part(field));
    if (made.kind == TypeKind::kTuple) instruction.type = types_.tuple({});
    // A struct's or an enum's arguments need not be said, and a Result is an enum of any symbol.
    if (made.kind == TypeKind::kResult) {
      instruction.type = builder_.type(TypeKind::kEnum, {}, false, below(50));
    } else if (made.kind != TypeKind::kTuple && chance(2)) {
      instruction.type = builder_.type(made.kind, {}, false, made.number);
    }
  }
  instruction.dest = temporary(type);
  emit(instruction, operands);
  return Operand::copy(instruction.dest);
}

// ---- What nobody promises ----

Operand RandomBody::without_nan(Operand value) {
  const TypeId type = draft_.type_of(value);
  const LocalId result = temporary(type);
  assign(result, value);
  const LocalId is_number =
      emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(result), Operand::copy(result));
  const BlockId is_nan = draft_.block(), after = draft_.block();
  branch(Operand::copy(is_number), after, is_nan);
  draft_.enter(is_nan);
  assign(result, Operand::constant(builder_.constant({.type = type, .kind = ValueKind::kZero})));
  go_to(after);
  draft_.enter(after);
  return Operand::copy(result);
}

Operand RandomBody::without_sign_of_zero(Operand value) {
  const TypeId type = draft_.type_of(value);
  const Operand zero =
      Operand::constant(builder_.constant({.type = type, .kind = ValueKind::kZero}));
  return Operand::copy(emit_binary(BinaryOp::kAdd, type, value, zero));
}

// True once in so many, of the hash.
Operand RandomBody::condition(std::uint64_t one_in) {
  const LocalId part =
      emit_binary(BinaryOp::kRem, of(TypeKind::kU64), Operand::copy(hash_), number(one_in));
  const LocalId met =
      emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(part), number(below(one_in)));
  return Operand::copy(met);
}

}  // namespace smf::mir
