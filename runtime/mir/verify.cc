#include "runtime/mir/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/definite.h"
#include "runtime/mir/demands.h"

namespace smf::mir {

const std::array<std::string_view, kIntrinsics> kIntrinsicNames = {
    "size_of", "align_of", "memcpy", "memmove", "memset",   "memcmp",    "sqrt",     "abs",
    "min",     "max",      "floor",  "ceil",    "trunc",    "fma",       "popcount", "clz",
    "ctz",     "bswap",    "rotl",   "rotr",    "enum_tag", "enum_field"};

std::size_t find_intrinsic(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kIntrinsicNames, name) -
                                  kIntrinsicNames.begin());
}

std::optional<std::uint64_t> constant_index(const Unit& unit, Operand operand) {
  if (operand.is_local()) return std::nullopt;
  const Constant& constant = unit.constants[operand.index];
  if (constant.kind == ValueKind::kZero) return 0;
  if (constant.kind != ValueKind::kInt || static_cast<std::int64_t>(constant.bits) < 0)
    return std::nullopt;
  return constant.bits;
}

namespace {

// Thrown within this file only.
struct BodyRefused {
  ErrorCode code;
  std::string message;
};

class Verifier {
 public:
  // `notes`: of a general form, what it demands of its parameters.
  Verifier(Program& program, Layouts& layouts, FunctionId function, DemandNotes* notes = nullptr)
      : program_(program),
        layouts_(layouts),
        function_(program.unit().functions[function]),
        notes_(notes) {}

  void verify() {
    check_signature();
    for (const Local& local : locals()) sized(local.type);
    for (std::uint32_t b = 0; b != function_.blocks.count; ++b) {
      const std::uint32_t count = block(b).instructions.count;
      for (std::uint32_t i = 0; i != count; ++i) check_at({b, i});
      check_at({b, kTerminator});
    }
    at_block_ = kNone;
    if (const auto undefined = find_undefined(unit(), function_)) {
      at_block_ = undefined->block;
      at_instruction_ = undefined->instruction;
      const Local& local = locals()[undefined->local];
      refuse(fmt::format(
          "local {}{} may be used before it is defined", undefined->local,
          local.name == kNone ? std::string() : fmt::format(" ({})", unit().string(local.name))));
    }
  }
  // Of that function, what is there.
  void check_at(Demands::Place place) {
    at_block_ = place.block;
    at_instruction_ = place.instruction;
    // Copies: types that are made on the way move the arrays.
    if (place.instruction == kTerminator) return check(Terminator(block(place.block).terminator));
    const std::uint32_t first = block(place.block).instructions.first;
    check(Instruction(unit().instructions[first + place.instruction]));
  }

 private:
  static constexpr std::uint32_t kTerminator = kNone;

  const Unit& unit() const { return program_.unit(); }
  std::span<const Local> locals() const { return Unit::of(unit().locals, function_.locals); }
  const Block& block(std::uint32_t index) const {
    return unit().blocks[function_.blocks.first + index];
  }

  [[noreturn]] void refuse(std::string_view message,
                           ErrorCode code = ErrorCode::kInvalidInput) const {
    std::string where = fmt::format("function '{}'", unit().string(function_.name));
    if (at_block_ != kNone) {
      where += fmt::format(", block {}", at_block_);
      where += at_instruction_ == kTerminator ? std::string(", terminator")
                                              : fmt::format(", instruction {}", at_instruction_);
    }
    throw BodyRefused{code, fmt::format("{}: {}", where, message)};
  }
  template <typename T>
  T value(Result<T> result) const {
    if (!result) refuse(result.error().message, result.error().code);
    return *std::move(result);
  }
  std::string name(TypeId type) const {
    return type == kNone ? std::string("nothing") : program_.name_of(type);
  }

  // ---- Types ----

  const Type& get(TypeId type) const { return unit().types[type]; }
  TypeKind kind(TypeId type) const { return type == kNone ? TypeKind::kUnit : get(type).kind; }
  Demands::Place here() const { return {at_block_, at_instruction_}; }
  // Whether `test` holds of the type's kind. A parameter passes, and is noted to be of such a kind.
  // Nothing else in this class may let pass a type because it is a parameter, or has one in it, but
  // sized(), fields_of() and bitcast(), which note that too: who skips verification relies on it.
  template <typename Test>
  bool is_of(TypeId type, const Test& test) {
    if (kind(type) != TypeKind::kParameter) return test(kind(type));
    if (notes_ == nullptr) return true;
    TypeKinds kinds = 0;
    for (std::size_t i = 0; i != kTypeKinds; ++i)
      if (test(static_cast<TypeKind>(i))) kinds |= only(static_cast<TypeKind>(i));
    notes_->kinds(type, kinds & ~only(TypeKind::kParameter), here());
    return true;
  }
  // The same for what an operator computes with: of a kind that has no operators it becomes a call
  // of a function (Program), which fits.
  template <typename Test>
  bool is_operand(TypeId type, const Test& test) {
    if (kind(type) != TypeKind::kParameter) return test(kind(type));
    return is_of(type, [&](TypeKind of) { return test(of) || !has_operators(of); });
  }
  static bool is_number(TypeKind of) { return is_integer(of) || is_float(of); }

  Layout sized(TypeId type) {
    if (!program_.holds_parameter(type)) return value(layouts_.of(type));
    if (notes_ != nullptr && !is_pointer(kind(type))) notes_->size(type, here());
    return {};
  }
  // What has a size has fields whose types are not too large, whatever its parameters are.
  std::vector<TypeId> fields_of(TypeId type, std::uint32_t variant = 0) {
    if (notes_ != nullptr && program_.holds_parameter(type)) notes_->size(type, here());
    return value(program_.fields(type, variant));
  }
  TypeId type_of(Operand operand) const {
    return operand.is_local() ? locals()[operand.index].type : unit().constants[operand.index].type;
  }
  TypeId dest_type(const Instruction& instruction) const {
    return instruction.dest == kNone ? kNone : locals()[instruction.dest].type;
  }
  void same(TypeId found, TypeId expected, std::string_view what) const {
    if (found != expected)
      refuse(fmt::format("{} is {}, not {}", what, name(found), name(expected)));
  }
  // What a pointer points at.
  TypeId pointee(TypeId type, std::string_view what) const {
    if (kind(type) != TypeKind::kPtr && kind(type) != TypeKind::kRef)
      refuse(fmt::format("{} is {}, not a pointer", what, name(type)));
    return unit().parts(type)[0];
  }
  void integer(TypeId type, std::string_view what) {
    if (!is_of(type, [](TypeKind of) { return is_integer(of); }))
      refuse(fmt::format("{} is {}, not an integer", what, name(type)));
  }

  void check_signature() const {
    const auto parts = unit().parts(function_.signature);
    if (get(function_.signature).flag)
      refuse("a function with a body that is variadic", ErrorCode::kUnsupported);
    std::vector<bool> seen(parts.size() - 1);
    for (const Local& local : locals()) {
      if (local.kind != LocalKind::kArg) continue;
      if (local.argument >= seen.size())
        refuse(fmt::format("local {} is argument {} of {}", local.id, local.argument, seen.size()));
      if (seen[local.argument]) refuse(fmt::format("argument {} is two locals", local.argument));
      seen[local.argument] = true;
      same(local.type, parts[local.argument + 1], fmt::format("argument {}", local.argument));
    }
  }

  // ---- Constants ----

  void check_constant(ConstantId id) {
    const Constant constant = unit().constants[id];
    const TypeKind type = kind(constant.type);
    bool fits = false;
    switch (constant.kind) {
      case ValueKind::kInt:
      case ValueKind::kUnsigned:
        fits = is_of(constant.type, [&](TypeKind of) {
          return is_float(of) || is_pointer(of) || (is_integer(of) && fits_integer(constant, of)) ||
                 (of == TypeKind::kBool && constant.kind == ValueKind::kInt && constant.bits <= 1);
        });
        break;
      case ValueKind::kFloat:
        fits = is_of(constant.type, [](TypeKind of) { return is_float(of); });
        break;
      case ValueKind::kBool:
        fits = type == TypeKind::kBool;
        break;
      case ValueKind::kString:
        fits = type == TypeKind::kFuncPtr || type == TypeKind::kOpaque;
        sized(constant.type);
        break;
      case ValueKind::kZero:
        sized(constant.type);
        fits = true;
        break;
      case ValueKind::kNull:
        fits = is_pointer(type) || type == TypeKind::kUnit;
        break;
    }
    if (!fits) refuse(fmt::format("a constant that is no {}", name(constant.type)));
  }
  bool fits_integer(const Constant& constant, TypeKind type) {
    const unsigned width = static_cast<unsigned>(sized(primitive(type)).size * 8);
    if (constant.kind == ValueKind::kUnsigned) return type == TypeKind::kU64;
    const auto value = static_cast<std::int64_t>(constant.bits);
    if (!is_signed(type)) return value >= 0 && (width == 64 || constant.bits >> width == 0);
    return width == 64 ||
           (value >= -(std::int64_t{1} << (width - 1)) && value < std::int64_t{1} << (width - 1));
  }
  void check_operands(List list, bool is_call) {
    for (std::uint32_t i = 0; i != list.count; ++i) {
      const Operand operand = unit().operands[list.first + i];
      if (!operand.is_local() && !(is_call && i == 0)) check_constant(operand.index);
    }
  }

  // ---- Instructions ----

  void check(const Instruction instruction) {
    const bool is_call = instruction.op == Op::kCall;
    check_operands(instruction.operands, is_call);
    const auto span = unit().of(instruction);
    const std::vector<Operand> operands(span.begin(), span.end());
    const TypeId dest = dest_type(instruction);
    const auto type = [&](std::size_t index) { return type_of(operands[index]); };
    switch (instruction.op) {
      case Op::kNop:
      case Op::kForeign:
      case Op::kDebugValue:
        break;
      case Op::kConst:
      case Op::kCopy:
      case Op::kMove:
        same(dest, type(0), "the destination");
        break;
      case Op::kBinary:
      case Op::kChecked:
        binary(static_cast<BinaryOp>(instruction.detail), type(0), type(1), dest);
        break;
      case Op::kUnary:
        unary(static_cast<UnaryOp>(instruction.detail), type(0), dest);
        break;
      case Op::kAlloc:
        sized(instruction.type);
        same(pointee(dest, "the destination"), instruction.type, "what the destination points at");
        break;
      case Op::kLoad:
        same(pointee(type(0), "the address"), dest, "what the address points at");
        break;
      case Op::kStore:
        same(type(1), pointee(type(0), "the address"), "the value");
        break;
      case Op::kGlobalAddr:
        pointee(dest, "the destination");
        break;
      case Op::kGetElementPtr:
        element(operands, dest);
        break;
      case Op::kAggregate:
        aggregate(instruction, operands, dest);
        break;
      case Op::kGetField:
        same(dest, field(type(0), instruction.number), "the destination");
        break;
      case Op::kSetField:
        if (!operands[0].is_local()) refuse("a field of a constant is set");
        same(type(1), field(type(0), instruction.number), "the value");
        break;
      case Op::kCast:
        cast(type(0), instruction.type);
        same(dest, instruction.type, "the destination");
        break;
      case Op::kBitcast:
        bitcast(type(0), instruction.type);
        same(dest, instruction.type, "the destination");
        break;
      case Op::kCall:
        call(operands, dest);
        break;
      case Op::kCallIndirect:
        if (!is_pointer(kind(type(0)))) refuse("what is called is no pointer");
        signature(instruction.type, operands, dest);
        break;
      case Op::kIntrinsic:
        intrinsic(instruction, operands, dest);
        break;
    }
  }

  void binary(BinaryOp op, TypeId left, TypeId right, TypeId dest) {
    if (op == BinaryOp::kOffset) {
      sized(pointee(left, "the left operand"));
      integer(right, "the right operand");
      return same(dest, left, "the destination");
    }
    if (is_shift(op)) {
      if (!is_operand(left, [](TypeKind kind) { return is_integer(kind); }))
        refuse(fmt::format("the left operand is {}, not an integer", name(left)));
      integer(right, "the right operand");
      return same(dest, left, "the destination");
    }
    same(right, left, "the right operand");
    if (is_comparison(op)) {
      if (!is_operand(left, [](TypeKind of) {
            return is_number(of) || of == TypeKind::kBool || is_pointer(of);
          }))
        refuse(fmt::format("{} cannot be compared", name(left)));
      return same(dest, primitive(TypeKind::kBool), "the destination");
    }
    const bool is_bitwise =
        op == BinaryOp::kBitAnd || op == BinaryOp::kBitOr || op == BinaryOp::kBitXor;
    const bool fits = is_operand(left, [&](TypeKind of) {
      return is_bitwise ? is_integer(of) || of == TypeKind::kBool : is_number(of);
    });
    if (!fits) {
      refuse(fmt::format("{} of {}", kBinaryNames[static_cast<std::size_t>(op)].text, name(left)));
    }
    same(dest, left, "the destination");
  }
  void unary(UnaryOp op, TypeId type, TypeId dest) {
    const bool fits = is_operand(type, [&](TypeKind of) {
      return op == UnaryOp::kNeg   ? is_number(of)
             : op == UnaryOp::kNot ? of == TypeKind::kBool
                                   : is_integer(of);
    });
    if (!fits)
      refuse(fmt::format("{} of {}", kUnaryNames[static_cast<std::size_t>(op)].text, name(type)));
    same(dest, type, "the destination");
  }

  void element(const std::vector<Operand>& operands, TypeId dest) {
    TypeId at = pointee(type_of(operands[0]), "the base");
    if (operands.size() < 2) refuse("an element without an index");
    sized(at);
    for (std::size_t i = 1; i != operands.size(); ++i) {
      integer(type_of(operands[i]), "an index");
      if (i == 1) continue;
      if (kind(at) == TypeKind::kArray) {
        at = unit().parts(at)[0];
        continue;
      }
      const auto index = constant_index(unit(), operands[i]);
      if (!index || *index >= kNone)
        refuse(fmt::format("an index into {} that is no constant", name(at)));
      at = field(at, static_cast<std::uint32_t>(*index));
    }
    same(pointee(dest, "the destination"), at, "what the destination points at");
  }

  // Of a value or of what a pointer points at.
  TypeId field(TypeId type, std::uint32_t number) {
    if (kind(type) == TypeKind::kPtr || kind(type) == TypeKind::kRef) type = unit().parts(type)[0];
    if (has_variants(kind(type)))
      refuse(fmt::format("a field of {}, whose variant is not known here", name(type)));
    const std::vector<TypeId> fields = fields_of(type);
    if (number >= fields.size())
      refuse(fmt::format("field {} of {}, which has {}", number, name(type), fields.size()));
    return fields[number];
  }

  void aggregate(const Instruction& instruction, const std::vector<Operand>& operands,
                 TypeId dest) {
    if (dest == kNone) refuse("an aggregate without a destination");
    const Type made = get(instruction.type);
    const Type wanted = get(dest);
    if (made.kind == TypeKind::kArray) {
      const TypeId element = unit().parts(made)[0];
      if (wanted.kind != TypeKind::kArray || unit().parts(wanted)[0] != element ||
          wanted.number != operands.size()) {
        refuse(fmt::format("the destination is {}, not {} elements of {}", name(dest),
                           operands.size(), name(element)));
      }
      for (const Operand operand : operands) same(type_of(operand), element, "an element");
      return;
    }
    // The JSON names a struct or enum by its symbol alone: its arguments are the destination's. A
    // Result has no symbol.
    const bool fits = made.kind == TypeKind::kTuple
                          ? wanted.kind == TypeKind::kTuple
                          : (wanted.kind == made.kind && wanted.number == made.number &&
                             (made.parts.count == 0 || instruction.type == dest)) ||
                                (wanted.kind == TypeKind::kResult && made.kind == TypeKind::kEnum);
    if (!fits)
      refuse(fmt::format("the destination is {}, not {}", name(dest), name(instruction.type)));
    const std::uint32_t variant = made.kind == TypeKind::kEnum ? instruction.number : 0;
    const std::vector<TypeId> fields = fields_of(dest, variant);
    if (fields.size() != operands.size()) {
      refuse(fmt::format("{} values for the {} fields of {}", operands.size(), fields.size(),
                         name(dest)));
    }
    for (std::size_t i = 0; i != fields.size(); ++i)
      same(type_of(operands[i]), fields[i], fmt::format("field {}", i));
  }

  void cast(TypeId from, TypeId to) {
    const auto is_scalar = [](TypeKind of) { return is_number(of) || of == TypeKind::kBool; };
    const bool is_address = (is_pointer(kind(from)) && is_pointer(kind(to))) ||
                            (is_pointer(kind(from)) && is_integer(kind(to))) ||
                            (is_integer(kind(from)) && is_pointer(kind(to)));
    if (!is_address && !(is_of(from, is_scalar) && is_of(to, is_scalar)))
      refuse(fmt::format("a cast of {} to {}", name(from), name(to)));
  }
  void bitcast(TypeId from, TypeId to) {
    if (program_.holds_parameter(from) || program_.holds_parameter(to)) {
      if (notes_ != nullptr) notes_->place(here());
      return;
    }
    const std::uint64_t before = sized(from).size, after = sized(to).size;
    if (before != after) {
      refuse(fmt::format("a bit cast of {}, {} bytes, to {}, {}", name(from), before, name(to),
                         after));
    }
  }

  // ---- Calls ----

  void call(const std::vector<Operand>& operands, TypeId dest) {
    const TypeId type = type_of(operands[0]);
    if (!operands[0].is_local()) {
      if (unit().constants[operands[0].index].kind != ValueKind::kString)
        refuse("what is called is neither a name nor a local");
      // Of a name without a type whoever finds the function knows the type.
      if (kind(type) == TypeKind::kOpaque) return;
    }
    if (kind(type) != TypeKind::kFuncPtr)
      refuse(fmt::format("what is called is {}, not a function", name(type)));
    signature(type, operands, dest);
  }
  void signature(TypeId type, const std::vector<Operand>& operands, TypeId dest) const {
    const auto parts = unit().parts(type);
    const std::size_t parameters = parts.size() - 1, given = operands.size() - 1;
    if (given < parameters || (given > parameters && !get(type).flag))
      refuse(fmt::format("{} arguments for {} parameters", given, parameters));
    for (std::size_t i = 0; i != parameters; ++i)
      same(type_of(operands[i + 1]), parts[i + 1], fmt::format("argument {}", i));
    if (dest != kNone)
      same(dest, parts[0] == kNone ? primitive(TypeKind::kUnit) : parts[0], "the destination");
  }

  void intrinsic(const Instruction& instruction, const std::vector<Operand>& operands,
                 TypeId dest) {
    const std::string_view called = unit().string(instruction.number);
    const std::size_t index = find_intrinsic(called);
    if (index == kIntrinsics) refuse(fmt::format("there is no intrinsic '{}'", called));
    const auto which = static_cast<Intrinsic>(index);
    const auto count = [&](std::size_t expected) {
      if (operands.size() != expected)
        refuse(fmt::format("{} takes {} arguments and is given {}", called, expected,
                           operands.size()));
    };
    const auto type = [&](std::size_t i) { return type_of(operands[i]); };
    // All arguments and the result of one type, which is an integer, a float or either.
    const auto uniform = [&](std::size_t expected, bool integers, bool floats) {
      count(expected);
      if (!is_of(type(0), [&](TypeKind of) {
            return (integers && is_integer(of)) || (floats && is_float(of));
          }))
        refuse(fmt::format("{} of {}", called, name(type(0))));
      for (std::size_t i = 1; i != expected; ++i) same(type(i), type(0), "an argument");
      if (dest != kNone) same(dest, type(0), "the destination");
    };
    const auto result = [&](TypeKind of) {
      if (dest != kNone) same(dest, primitive(of), "the destination");
    };
    switch (which) {
      case Intrinsic::kSizeOf:
      case Intrinsic::kAlignOf:
        count(1);
        sized(type(0));
        return result(TypeKind::kU64);
      case Intrinsic::kMemcpy:
      case Intrinsic::kMemmove:
      case Intrinsic::kMemcmp:
        count(3);
        pointee(type(0), "the first argument");
        pointee(type(1), "the second argument");
        integer(type(2), "the size");
        if (which == Intrinsic::kMemcmp) return result(TypeKind::kI32);
        if (dest != kNone) same(dest, type(0), "the destination");
        return;
      case Intrinsic::kMemset:
        count(3);
        pointee(type(0), "the first argument");
        integer(type(1), "the byte");
        integer(type(2), "the size");
        if (dest != kNone) same(dest, type(0), "the destination");
        return;
      case Intrinsic::kSqrt:
      case Intrinsic::kFloor:
      case Intrinsic::kCeil:
      case Intrinsic::kTrunc:
        return uniform(1, false, true);
      case Intrinsic::kFma:
        return uniform(3, false, true);
      case Intrinsic::kAbs:
        return uniform(1, true, true);
      case Intrinsic::kMin:
      case Intrinsic::kMax:
        return uniform(2, true, true);
      case Intrinsic::kPopcount:
      case Intrinsic::kClz:
      case Intrinsic::kCtz:
      case Intrinsic::kBswap:
        return uniform(1, true, false);
      case Intrinsic::kRotl:
      case Intrinsic::kRotr:
        count(2);
        integer(type(0), "the value");
        integer(type(1), "the count");
        if (dest != kNone) same(dest, type(0), "the destination");
        return;
      case Intrinsic::kEnumTag:
        count(1);
        enumeration(type(0));
        return result(TypeKind::kU32);
      case Intrinsic::kEnumField: {
        count(3);
        enumeration(type(0));
        const auto variant = constant_index(unit(), operands[1]);
        const auto number = constant_index(unit(), operands[2]);
        if (!variant || *variant >= kNone || !number)
          refuse("the variant or the field of enum_field is no constant");
        const auto fields = fields_of(type(0), static_cast<std::uint32_t>(*variant));
        if (*number >= fields.size()) {
          refuse(fmt::format("field {} of variant {} of {}, which has {}", *number, *variant,
                             name(type(0)), fields.size()));
        }
        if (dest != kNone) same(dest, fields[*number], "the destination");
        return;
      }
    }
  }
  void enumeration(TypeId type) const {
    if (kind(type) != TypeKind::kEnum && kind(type) != TypeKind::kResult)
      refuse(fmt::format("{} is no enum", name(type)));
  }

  // ---- Terminators ----

  void check(const Terminator terminator) {
    check_operands(terminator.operands, false);
    const auto operands = Unit::of(unit().operands, terminator.operands);
    switch (terminator.end) {
      case End::kReturn: {
        const TypeId returned = unit().parts(function_.signature)[0];
        const TypeId wanted = returned == kNone ? primitive(TypeKind::kUnit) : returned;
        const TypeId found = operands.empty() ? primitive(TypeKind::kUnit) : type_of(operands[0]);
        same(found, wanted, "what is returned");
        break;
      }
      case End::kIf:
        same(type_of(operands[0]), primitive(TypeKind::kBool), "the condition");
        break;
      case End::kSwitch: {
        const TypeId type = type_of(operands[0]);
        const auto cases = Unit::of(unit().cases, terminator.cases);
        const auto fits = [&](TypeKind of) {
          return !is_integer(of) || std::ranges::all_of(cases, [&](const Case& one) {
            return fits_integer({.kind = one.kind, .bits = one.bits}, of);
          });
        };
        const auto is_value = [](TypeKind of) { return is_integer(of) || of == TypeKind::kBool; };
        if (!is_of(type, is_value))
          refuse(fmt::format("the value is {}, not an integer", name(type)));
        if (!is_of(type, fits)) refuse(fmt::format("a case that is no {}", name(type)));
        std::vector<std::pair<ValueKind, std::uint64_t>> values;
        for (const Case& one : cases) values.emplace_back(one.kind, one.bits);
        std::ranges::sort(values);
        if (std::ranges::adjacent_find(values) != values.end()) refuse("a case is there twice");
        break;
      }
      default:
        break;
    }
  }

  Program& program_;
  Layouts& layouts_;
  const Function function_;
  DemandNotes* const notes_;
  std::uint32_t at_block_ = kNone;
  std::uint32_t at_instruction_ = kNone;
};

std::unexpected<Error> out_of_memory_to_verify() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to verify a function");
}

}  // namespace

Result<void> verify(Program& program, Layouts& layouts, FunctionId function) try {
  Verifier(program, layouts, function).verify();
  return {};
} catch (const BodyRefused& refused) {
  return fail(refused.code, refused.message);
} catch (const std::bad_alloc&) {
  return out_of_memory_to_verify();
}

// ---- Templates ----

Result<Demands> verify_template(Program& program, Layouts& layouts, const Unit& source,
                                const Function& function) try {
  SMF_ASSIGN(const FunctionId general, program.check(source.string(function.name)));
  std::vector<TypeId> parameters;
  for (const Parameter& one : Unit::of(source.parameters, function.parameters)) {
    UnitBuilder& builder = program.builder();
    const StringId name = builder.string(source.string(one.name));
    parameters.push_back(builder.type(TypeKind::kParameter, {}, false, 0, name));
  }
  DemandNotes notes(program, general, parameters);
  Verifier(program, layouts, general, &notes).verify();
  return notes.take();
} catch (const BodyRefused& refused) {
  return fail(refused.code, refused.message);
} catch (const std::bad_alloc&) {
  return out_of_memory_to_verify();
}

bool meets(Program& program, Layouts& layouts, FunctionId function, const Demands& demands,
           std::span<const TypeId> arguments) {
  const Unit& unit = program.unit();
  if (arguments.size() != demands.kinds.size()) return false;
  for (std::size_t i = 0; i != arguments.size(); ++i)
    if (!has(demands.kinds[i], unit.types[arguments[i]].kind)) return false;
  const List locals = unit.functions[function].locals;
  for (const Demands::Sized& one : demands.sizes) {
    using Where = Demands::Sized::Where;
    TypeId type = one.where == Where::kArgument ? arguments[one.index]
                                                : unit.locals[locals.first + one.index].type;
    if (one.where == Where::kPointee) type = unit.parts(type)[0];
    if (type >= kPrimitives && !layouts.of(type)) return false;
  }
  if (demands.places.empty()) return true;
  try {
    Verifier verifier(program, layouts, function);
    for (const Demands::Place& place : demands.places) {
      if (place.block == kNone) return false;
      verifier.check_at(place);
    }
    return true;
  } catch (const BodyRefused&) {
    return false;
  }
}

Result<void> verify(Program& program, Layouts& layouts, FunctionId function, const Demands& demands,
                    std::span<const TypeId> arguments) try {
  if (meets(program, layouts, function, demands, arguments)) return {};
  return verify(program, layouts, function);
} catch (const std::bad_alloc&) {
  return out_of_memory_to_verify();
}

}  // namespace smf::mir
