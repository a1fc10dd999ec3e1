#include "runtime/mir/testing/random_unit.h"

#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/mir/shapes.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {
namespace {

class RandomUnits {
 public:
  RandomUnits(std::uint64_t seed, const RandomUnitOptions& options)
      : engine_(seed), options_(options) {}

  Unit make() && {
    const bool is_module = chance(3);
    if (is_module) {
      if (!chance(3)) unit().name = string();
      for (std::uint64_t count = below(4); count > 0; --count) definition();
    }
    const auto most = static_cast<std::uint64_t>(options_.max_functions);
    const std::uint64_t functions = is_module ? below(most + 1) : 1;
    for (std::uint64_t i = 0; i != functions; ++i) function();
    return std::move(builder_.unit);
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  std::uint32_t small(std::uint64_t bound) { return static_cast<std::uint32_t>(below(bound)); }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  Unit& unit() { return builder_.unit; }

  // ---- Strings and numbers ----

  std::string text() {
    static constexpr std::string_view kPieces[] = {
        "a",    "T",    "list", "\"", "\\",     " ",      "\n",         "\r",     "\t",
        "\x01", "\x1f", "\x7f", "/",  "\u00e9", "\u20ac", "\U0001F600", "\uFEFF", "{",
        "[",    ":",    ",",    "$",  "<",      ">",      "null",       "Nop",    "'"};
    std::string result;
    for (std::uint64_t pieces = below(5); pieces > 0; --pieces)
      result += kPieces[below(std::size(kPieces))];
    if (chance(16)) result += '\0';
    return result;
  }
  StringId string() { return builder_.string(text()); }
  StringId name() { return builder_.string("n" + text()); }
  StringId string_or_none() { return chance(3) ? kNone : string(); }

  std::uint32_t any_number(std::uint32_t limit) {
    switch (below(8)) {
      case 0:
        return limit - 1;
      case 1:
        return static_cast<std::uint32_t>(engine_() % limit);
      default:
        return small(12);
    }
  }
  LocalId local() { return any_number(Operand::kMaxIndex); }
  LocalId local_or_none() { return chance(3) ? kNone : local(); }
  BlockId block() { return any_number(kNone); }
  Symbol symbol() { return any_number(kNone); }
  // The one after the last, mostly; else a gap, one that was there, or any.
  std::uint32_t after(std::uint32_t next, std::uint32_t limit) {
    if (next >= limit || chance(12)) return any_number(limit);
    return next;
  }

  std::pair<ValueKind, std::uint64_t> integer() {
    std::uint64_t bits = 0;
    switch (below(6)) {
      case 0:
        bits = engine_();
        if (bits >> 63 != 0) return {chance(2) ? ValueKind::kInt : ValueKind::kUnsigned, bits};
        break;
      case 1:
        bits = std::uint64_t{1} << 63;
        return {chance(2) ? ValueKind::kInt : ValueKind::kUnsigned, bits};
      case 2:
        return {ValueKind::kUnsigned, ~std::uint64_t{0}};
      case 3:
        bits = (std::uint64_t{1} << 63) - 1;
        break;
      default:
        bits = below(400) - 200;
    }
    return {ValueKind::kInt, bits};
  }
  double finite() {
    constexpr double kSpecial[] = {0.0,    -0.0, 1.0,  -2.5, 1e300,
                                   5e-324, 0.1,  1e22, 1e16, 123456789.0};
    const auto value = std::bit_cast<double>(engine_());
    return std::isfinite(value) && chance(2) ? value : kSpecial[below(std::size(kSpecial))];
  }
  double any_float() {
    using Limits = std::numeric_limits<double>;
    constexpr double kSpecial[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()};
    return chance(3) ? kSpecial[below(std::size(kSpecial))] : finite();
  }

  // ---- Types and values ----

  TypeId type() { return type(options_.type_depth); }
  TypeId type(int depth) {
    const auto kind =
        static_cast<TypeKind>(depth > 0 && chance(2) ? below(kTypeKinds) : below(kPrimitives));
    switch (kind) {
      case TypeKind::kFuncPtr:
        return signature(depth - 1);
      case TypeKind::kOpaque:
      case TypeKind::kParameter:
        return named(kind);
      default:
        break;
    }
    const int fixed = parts_of(kind);
    std::vector<TypeId> parts(fixed >= 0 ? static_cast<std::uint64_t>(fixed) : below(4));
    for (TypeId& part : parts) part = type(depth - 1);
    const bool has_symbol = kind == TypeKind::kStruct || kind == TypeKind::kEnum;
    const bool flag = (kind == TypeKind::kPtr || kind == TypeKind::kRef) && chance(2);
    std::uint64_t number = 0;
    if (has_symbol) number = symbol();
    if (kind == TypeKind::kArray) number = chance(4) ? engine_() : below(100);
    return builder_.type(kind, parts, flag, number);
  }
  TypeId signature(int depth) {
    std::vector<TypeId> parts{chance(3) ? kNone : type(depth)};
    for (std::uint64_t count = below(4); count > 0; --count) parts.push_back(type(depth));
    return builder_.type(TypeKind::kFuncPtr, parts, chance(4));
  }
  TypeId named(TypeKind kind) {
    if (kind == TypeKind::kParameter && !scope_.empty())
      return builder_.type(kind, {}, false, 0, scope_[below(scope_.size())]);
    // Parameters begin otherwise.
    return builder_.type(TypeKind::kOpaque, {}, false, 0, builder_.string("o" + text()));
  }

  ConstantId constant() {
    Constant made{.type = type()};
    const bool is_float = mir::is_float(made.type);
    made.kind = static_cast<ValueKind>(below(7));
    switch (made.kind) {
      case ValueKind::kInt:
      case ValueKind::kUnsigned:
        std::tie(made.kind, made.bits) = integer();
        break;
      case ValueKind::kFloat:
        made.bits = std::bit_cast<std::uint64_t>(is_float ? any_float() : finite());
        break;
      case ValueKind::kBool:
        made.bits = below(2);
        break;
      case ValueKind::kString:
        made.bits = !is_float && chance(6) ? builder_.string("NaN") : string();
        break;
      case ValueKind::kZero:
      case ValueKind::kNull:
        break;
    }
    return builder_.constant(made);
  }
  Operand operand() {
    switch (below(3)) {
      case 0:
        return Operand::copy(local());
      case 1:
        return Operand::move(local());
      default:
        return Operand::constant(constant());
    }
  }
  List operands(std::uint64_t count) {
    std::vector<Operand> all(count);
    for (Operand& one : all) one = operand();
    return builder_.operands(all);
  }

  // ---- Instructions ----

  StringId foreign_instruction() {
    static constexpr std::string_view kAll[] = {
        R"({"VhdlSlice":{"dest":3,"signal":{"Copy":1},"hi":7,"lo":0}})",
        R"("UnsupportedInst")",
        R"({"BinOp":{"dest":1,"op":"MatMul","left":{"Copy":0},"right":{"Move":2}}})",
        R"({"CheckedBinOp":{"dest":1,"op":"BroadcastAdd","left":{"Copy":0},"right":{"Copy":2}}})",
        R"({"UnaryOp":{"dest":2,"op":"Transpose","operand":{"Copy":0}}})",
        R"({"GpuBarrier":{"scope":null}})",
        R"({"ActorSend":{"actor":{"Copy":9},"message":{"Const":{"value":-0.5,"type":"F64"}}}})",
        R"({"CoverageProbe":[18446744073709551615,-9223372036854775808,"\u0001\"é",true,{}]})",
        R"({"":0})",
    };
    return builder_.string(kAll[below(std::size(kAll))]);
  }
  StringId foreign_terminator() {
    static constexpr std::string_view kAll[] = {
        R"({"Throw":{"value":{"Copy":1},"type_tag":7}})",
        R"({"Resume":{"payload":{"Move":4}}})",
        R"("Suspend")",
        R"({"Yield":null})",
    };
    return builder_.string(kAll[below(std::size(kAll))]);
  }

  LocalId dest(Op op) {
    if (may_lack_dest(op) && chance(3)) return kNone;
    next_dest_ = after(next_dest_, Operand::kMaxIndex);
    return next_dest_++;
  }
  Instruction instruction() {
    Instruction made{.op = static_cast<Op>(below(kOps))};
    const OpShape shape = shape_of(made.op);
    if (shape.has_dest) made.dest = dest(made.op);
    if (made.op == Op::kBinary || made.op == Op::kChecked)
      made.detail = static_cast<std::uint8_t>(below(kBinaryOps));
    if (made.op == Op::kUnary) made.detail = static_cast<std::uint8_t>(below(kUnaryOps));
    if (made.op == Op::kGlobalAddr) made.detail = chance(2) ? 1 : 0;
    if (made.op == Op::kAggregate) {
      made.type = aggregate_type();
    } else if (made.op == Op::kCallIndirect) {
      made.type = signature(options_.type_depth);
    } else if (shape.has_type) {
      made.type = type();
    }
    if (made.op == Op::kForeign) {
      made.number = foreign_instruction();
    } else if (made.op == Op::kIntrinsic || made.op == Op::kDebugValue) {
      made.number = string();
    } else if (has_number(unit(), shape, made.type)) {
      made.number = any_number(kNone);
    }
    made.operands = operands_of(made.op, shape);
    return made;
  }
  List operands_of(Op op, OpShape shape) {
    switch (op) {
      case Op::kConst:
        return builder_.operands({{Operand::constant(constant())}});
      case Op::kMove:
        return builder_.operands({{Operand::move(local())}});
      case Op::kCopy:
      case Op::kDebugValue:
        return builder_.operands({{Operand::copy(local())}});
      default:
        break;
    }
    const std::uint64_t least = needs_operand(op) ? 1 : 0;
    return operands(shape.operands >= 0 ? static_cast<std::uint64_t>(shape.operands)
                                        : least + below(4));
  }
  TypeId aggregate_type() {
    switch (below(4)) {
      case 0: {
        const TypeId element = type();
        return builder_.type(TypeKind::kArray, {{element}});
      }
      case 1:
        return builder_.type(TypeKind::kTuple);
      default: {
        std::vector<TypeId> arguments(below(3));
        for (TypeId& one : arguments) one = type();
        const TypeKind kind = chance(2) ? TypeKind::kStruct : TypeKind::kEnum;
        return builder_.type(kind, arguments, false, symbol());
      }
    }
  }

  Terminator terminator() {
    Terminator made{.end = static_cast<End>(below(kEnds))};
    std::uint64_t targets = 0;
    switch (made.end) {
      case End::kGoto:
        targets = 1;
        break;
      case End::kReturn:
        made.operands = operands(below(2));
        break;
      case End::kIf:
        made.operands = operands(1);
        targets = 2;
        break;
      case End::kSwitch:
        made.operands = operands(1);
        made.cases = cases();
        targets = 1;
        break;
      case End::kUnreachable:
        break;
      case End::kAbort:
        made.text = string();
        break;
      case End::kCall:
        made.dest = local_or_none();
        made.unwind_payload = local_or_none();
        made.unwind_type_tag = local_or_none();
        made.operands = operands(1 + below(3));
        targets = 1 + below(2);
        break;
      case End::kForeign:
        made.text = foreign_terminator();
        break;
    }
    std::vector<BlockId> blocks(targets);
    for (BlockId& one : blocks) one = block();
    made.targets = builder_.numbers(blocks);
    return made;
  }
  List cases() {
    std::vector<Case> all(below(5));
    for (Case& one : all) {
      std::tie(one.kind, one.bits) = integer();
      one.target = block();
    }
    return UnitBuilder::add(unit().cases, std::span<const Case>(all));
  }

  // ---- Functions and definitions ----

  List parameters() {
    static constexpr std::string_view kNames[] = {"T", "U", "Key", "\u00c4"};
    std::vector<Parameter> all;
    scope_.clear();
    for (const std::string_view name : kNames) {
      if (!chance(3)) continue;
      all.push_back({.name = builder_.string(name),
                     .constraint = static_cast<Constraint>(chance(2) ? 0 : below(3))});
      scope_.push_back(all.back().name);
    }
    return UnitBuilder::add(unit().parameters, std::span<const Parameter>(all));
  }
  List fields(bool with_names) {
    std::vector<Field> all(below(4));
    for (Field& one : all) {
      one.name = with_names ? string_or_none() : kNone;
      one.type = type();
    }
    return UnitBuilder::add(unit().fields, std::span<const Field>(all));
  }
  void definition() {
    Definition made{.symbol = symbol(), .name = name(), .is_enum = chance(2)};
    made.parameters = parameters();
    if (made.is_enum) {
      std::vector<Variant> all(below(4));
      for (Variant& one : all) one = {.name = string(), .fields = fields(false)};
      made.parts = UnitBuilder::add(unit().variants, std::span<const Variant>(all));
    } else {
      made.parts = fields(true);
    }
    unit().definitions.push_back(made);
  }

  void function() {
    Function made{.symbol = symbol(), .name = name()};
    made.parameters = parameters();
    made.signature = signature(options_.type_depth);
    made.entry = block();
    made.locals = locals();
    next_dest_ = 0;
    BlockId next = 0;
    std::vector<Block> blocks(below(static_cast<std::uint64_t>(options_.max_blocks) + 1));
    for (Block& one : blocks) {
      one.id = after(next, kNone);
      next = one.id + 1;
      one.label = string_or_none();
      one.instructions.first = UnitBuilder::size_of(unit().instructions);
      const auto most = static_cast<std::uint64_t>(options_.max_instructions);
      for (std::uint64_t count = below(most + 1); count > 0; --count)
        unit().instructions.push_back(instruction());
      one.instructions = UnitBuilder::since(one.instructions.first, unit().instructions);
      one.terminator = terminator();
    }
    made.blocks = UnitBuilder::add(unit().blocks, std::span<const Block>(blocks));
    unit().functions.push_back(made);
  }
  List locals() {
    std::vector<Local> all(below(6));
    LocalId next = 0;
    std::uint32_t argument = 0;
    for (Local& one : all) {
      one.id = after(next, Operand::kMaxIndex);
      next = one.id + 1;
      one.name = string_or_none();
      one.type = type();
      one.kind = static_cast<LocalKind>(below(4));
      if (one.kind != LocalKind::kArg) continue;
      one.argument = after(argument, kNone);
      argument = one.argument + 1;
    }
    return UnitBuilder::add(unit().locals, std::span<const Local>(all));
  }

  std::mt19937_64 engine_;
  const RandomUnitOptions& options_;
  UnitBuilder builder_{};
  std::vector<StringId> scope_{};
  LocalId next_dest_ = 0;
};

}  // namespace

Unit random_unit(std::uint64_t seed, const RandomUnitOptions& options) {
  return RandomUnits(seed, options).make();
}

}  // namespace smf::mir
