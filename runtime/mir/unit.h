// Functions and type definitions of the compiler's middle language (MIR), in memory.
//
// A Unit is what one JSON text, one text file or one template's body holds: functions, definitions
// of the structs and enums that they use, and the types, strings and constants of all of them. Each
// sort of thing is one array, and things name each other by their index in it; what varies in
// number, such as an instruction's operands, is a List, a range of an array. So a template is read
// with a dozen allocations, whatever its size, copied as arrays, and walked in order. A tree of
// nodes, as the compiler has it, takes one an instruction and 30 times the memory of the file.
//
// A Unit says exactly what its source says, sense or nonsense: a local may be used that is not
// there, and a type may be too large. verify.h tells. Only this is certain: all indices and Lists
// are in range; the parts of a type have lower numbers than the type, so types are no cycles (a
// recursive struct names itself by its symbol); types, strings and constants are there once each.
//
// Symbols, locals and blocks keep the numbers that the compiler gave them, in any order and with
// gaps. Instructions of other back ends are their JSON, compact: they load, print and are stored
// again unchanged, and nothing here understands them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace smf::mir {

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

// Bytes that a Unit is written as at most, in JSON or text. A body of a few bytes can name one long
// type, or one long string, any number of times.
inline constexpr std::size_t kMaxWritten = std::size_t{1} << 30;

// Indices into the arrays of a Unit.
using StringId = std::uint32_t;
using TypeId = std::uint32_t;
using ConstantId = std::uint32_t;
// Numbers of the source.
using LocalId = std::uint32_t;
using BlockId = std::uint32_t;
using Symbol = std::uint32_t;

struct List {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  friend bool operator==(const List&, const List&) = default;
};

// ---- Types ----

enum class TypeKind : std::uint8_t {
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kU16,
  kU32,
  kU64,
  kF32,
  kF64,
  kBool,
  kChar,
  kUnit,
  kNever,
  kPtr,        // parts: what it points at
  kRef,        // the same
  kFuncPtr,    // parts: what it returns, or kNone, and the parameters
  kArray,      // parts: the element
  kSlice,      // the same
  kTuple,      // parts: its own
  kStruct,     // parts: the arguments of its definition
  kEnum,       // the same
  kDict,       // parts: key, value
  kResult,     // parts: Ok, Err
  kUnion,      // parts: its own
  kOpaque,     // `text` is one
  kPromise,    // parts: one
  kGenerator,  // parts: what it yields, what it returns
  kActor,      // parts: the message
  kParameter,  // of the template
};
inline constexpr std::uint32_t kPrimitives = 14;  // their TypeIds are their kinds
inline constexpr std::size_t kTypeKinds = 30;

struct Type {
  TypeKind kind = TypeKind::kUnit;
  bool flag = false;         // kPtr, kRef: may be written; kFuncPtr: takes any more arguments
  StringId name = kNone;     // kOpaque, kParameter
  std::uint64_t number = 0;  // kArray: elements; kStruct, kEnum: the symbol
  List parts{};              // in Unit::numbers

  friend bool operator==(const Type&, const Type&) = default;
};

constexpr TypeId primitive(TypeKind kind) { return static_cast<TypeId>(kind); }

constexpr bool is_integer(TypeKind kind) {
  return kind <= TypeKind::kU64 || kind == TypeKind::kChar;
}
constexpr bool is_signed(TypeKind kind) { return kind <= TypeKind::kI64; }
constexpr bool is_float(TypeKind kind) { return kind == TypeKind::kF32 || kind == TypeKind::kF64; }
constexpr bool is_float(TypeId type) {
  return type < kPrimitives && is_float(static_cast<TypeKind>(type));
}
constexpr bool has_variants(TypeKind kind) {
  return kind == TypeKind::kEnum || kind == TypeKind::kResult;
}
constexpr bool is_pointer(TypeKind kind) {
  return kind == TypeKind::kPtr || kind == TypeKind::kRef || kind == TypeKind::kFuncPtr;
}
// Whether its operators are a processor's; of others they are functions. About a parameter's
// nothing is known.
constexpr bool has_operators(TypeKind kind) {
  switch (kind) {
    case TypeKind::kOpaque:
    case TypeKind::kStruct:
    case TypeKind::kEnum:
    case TypeKind::kTuple:
    case TypeKind::kArray:
    case TypeKind::kSlice:
    case TypeKind::kResult:
      return false;
    default:
      return true;
  }
}

// ---- Values ----

enum class ValueKind : std::uint8_t { kInt, kUnsigned, kFloat, kBool, kString, kZero, kNull };

struct Constant {
  TypeId type = 0;
  ValueKind kind = ValueKind::kNull;
  // kInt: as int64_t. kUnsigned: more than an int64_t holds. kFloat: the bits of a double. kString:
  // a StringId.
  std::uint64_t bits = 0;

  friend bool operator==(const Constant&, const Constant&) = default;
};

struct Operand {
  enum class Kind : std::uint8_t { kCopy, kMove, kConst };
  static constexpr std::uint32_t kMaxIndex = (1u << 30) - 1;

  std::uint32_t index : 30;  // a LocalId or a ConstantId
  std::uint32_t bits : 2;

  static Operand copy(LocalId local) { return of(Kind::kCopy, local); }
  static Operand move(LocalId local) { return of(Kind::kMove, local); }
  static Operand constant(ConstantId id) { return of(Kind::kConst, id); }
  static Operand of(Kind kind, std::uint32_t index) {
    return {.index = index & kMaxIndex, .bits = static_cast<std::uint32_t>(kind) & 3};
  }
  Kind kind() const { return static_cast<Kind>(bits); }
  bool is_local() const { return kind() != Kind::kConst; }
  friend bool operator==(const Operand& a, const Operand& b) {
    return a.index == b.index && a.bits == b.bits;
  }
};
static_assert(sizeof(Operand) == 4);

// ---- Instructions ----

enum class BinaryOp : std::uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kRem,
  kPow,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShl,
  kShr,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kOffset,
};
inline constexpr std::size_t kBinaryOps = 18;

constexpr bool is_comparison(BinaryOp op) { return op >= BinaryOp::kEq && op <= BinaryOp::kGe; }
constexpr bool is_shift(BinaryOp op) { return op == BinaryOp::kShl || op == BinaryOp::kShr; }

enum class UnaryOp : std::uint8_t { kNeg, kNot, kBitNot };
inline constexpr std::size_t kUnaryOps = 3;

enum class Op : std::uint8_t {
  kNop,
  kConst,          // operands: a constant
  kCopy,           // operands: a local
  kMove,           // the same
  kBinary,         // detail: BinaryOp; operands: left, right
  kChecked,        // the same; traps on overflow
  kUnary,          // detail: UnaryOp; operands: one
  kAlloc,          // type
  kLoad,           // operands: pointer
  kStore,          // operands: pointer, value
  kGlobalAddr,     // number: Symbol; detail: 1 if mutable
  kGetElementPtr,  // operands: base, indices
  kAggregate,      // type: kArray (of 0), kTuple (of nothing), kStruct, kEnum; number: variant
  kGetField,       // operands: base; number: field
  kSetField,       // operands: base, value; number: field
  kCast,           // operands: one; type
  kBitcast,        // the same
  kCall,           // operands: function, arguments
  kCallIndirect,   // operands: pointer, arguments; type: kFuncPtr
  kIntrinsic,      // operands: arguments; number: StringId of its name
  kDebugValue,     // operands: a local; number: StringId of its name
  kForeign,        // number: StringId of the JSON
};
inline constexpr std::size_t kOps = 22;

struct Instruction {
  Op op = Op::kNop;
  std::uint8_t detail = 0;
  LocalId dest = kNone;
  TypeId type = kNone;
  std::uint32_t number = kNone;
  List operands{};

  friend bool operator==(const Instruction&, const Instruction&) = default;
};

enum class End : std::uint8_t {
  kGoto,         // targets: one
  kReturn,       // operands: one or none
  kIf,           // operands: condition; targets: then, else
  kSwitch,       // operands: value; cases; targets: default
  kUnreachable,  //
  kAbort,        // text: StringId of the message
  kCall,         // operands: function, arguments; dest; targets: normal, or normal and unwind
  kForeign,      // text: StringId of the JSON
};
inline constexpr std::size_t kEnds = 8;

struct Case {
  ValueKind kind = ValueKind::kInt;  // or kUnsigned
  std::uint64_t bits = 0;
  BlockId target = 0;

  friend bool operator==(const Case&, const Case&) = default;
};

struct Terminator {
  End end = End::kUnreachable;
  StringId text = kNone;
  LocalId dest = kNone;
  LocalId unwind_payload = kNone;   // kCall
  LocalId unwind_type_tag = kNone;  // kCall
  List operands{};
  List targets{};  // in Unit::numbers
  List cases{};

  friend bool operator==(const Terminator&, const Terminator&) = default;
};

// ---- Functions and definitions ----

struct Block {
  BlockId id = 0;
  StringId label = kNone;
  List instructions{};
  Terminator terminator{};

  friend bool operator==(const Block&, const Block&) = default;
};

enum class LocalKind : std::uint8_t { kVar, kTemp, kReturn, kArg };

struct Local {
  LocalId id = 0;
  StringId name = kNone;
  TypeId type = 0;
  LocalKind kind = LocalKind::kVar;
  std::uint32_t argument = 0;  // kArg: which

  friend bool operator==(const Local&, const Local&) = default;
};

// What an argument has to be: anything; a number; something that Lt compares, so a number, a Bool,
// a Char or text, or a type for which there is lt$TYPE.
enum class Constraint : std::uint8_t { kAny, kNumeric, kOrdered };

struct Parameter {
  StringId name = 0;
  Constraint constraint = Constraint::kAny;

  friend bool operator==(const Parameter&, const Parameter&) = default;
};

struct Function {
  Symbol symbol = 0;
  StringId name = 0;
  TypeId signature = 0;  // kFuncPtr
  BlockId entry = 0;
  List parameters{};
  List locals{};
  List blocks{};

  friend bool operator==(const Function&, const Function&) = default;
};

// Of a struct's definition; and of a variant, without a name.
struct Field {
  StringId name = kNone;
  TypeId type = 0;

  friend bool operator==(const Field&, const Field&) = default;
};

struct Variant {
  StringId name = 0;
  List fields{};

  friend bool operator==(const Variant&, const Variant&) = default;
};

struct Definition {
  Symbol symbol = 0;
  StringId name = 0;
  bool is_enum = false;
  List parameters{};
  List parts{};  // in Unit::fields, or in Unit::variants

  friend bool operator==(const Definition&, const Definition&) = default;
};

struct Unit {
  StringId name = kNone;  // a module has one
  std::vector<char> text{};
  std::vector<std::uint32_t> string_ends{};  // in `text`
  std::vector<Type> types{};                 // the first are the primitives
  std::vector<Constant> constants{};
  std::vector<Definition> definitions{};
  std::vector<Function> functions{};

  std::vector<std::uint32_t> numbers{};  // parts of types, targets of terminators
  std::vector<Parameter> parameters{};
  std::vector<Field> fields{};
  std::vector<Variant> variants{};
  std::vector<Local> locals{};
  std::vector<Block> blocks{};
  std::vector<Instruction> instructions{};
  std::vector<Operand> operands{};
  std::vector<Case> cases{};

  // Those of `id`, which is no kNone.
  std::string_view string(StringId id) const {
    const std::uint32_t begin = id == 0 ? 0 : string_ends[id - 1];
    return {text.data() + begin, string_ends[id] - begin};
  }
  std::span<const std::uint32_t> parts(const Type& type) const { return of(numbers, type.parts); }
  std::span<const std::uint32_t> parts(TypeId type) const { return parts(types[type]); }
  std::span<const Operand> of(const Instruction& instruction) const {
    return of(operands, instruction.operands);
  }
  template <typename T>
  static std::span<const T> of(const std::vector<T>& array, List list) {
    return std::span(array).subspan(list.first, list.count);
  }
  // The first definition of that symbol; nullptr without one.
  const Definition* definition(Symbol symbol) const;

  friend bool operator==(const Unit&, const Unit&) = default;
};

// Names as the JSON has them, and as the text has them.
struct Names {
  std::string_view json;
  std::string_view text;
};
extern const std::array<Names, kTypeKinds> kTypeNames;
extern const std::array<Names, kBinaryOps> kBinaryNames;
extern const std::array<Names, kUnaryOps> kUnaryNames;
extern const std::array<Names, kOps> kOpNames;
extern const std::array<Names, 3> kConstraintNames;

// The index of what has that name in one form: find_name(kOpNames, &Names::json, "Load"). What has
// no name in the form is not found.
template <std::size_t N>
std::optional<std::size_t> find_name(const std::array<Names, N>& names,
                                     std::string_view Names::* form, std::string_view name) {
  const auto found = std::ranges::find(names, name, form);
  if (found == names.end() || name.empty()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace smf::mir
