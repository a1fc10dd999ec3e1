#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "runtime/format/templates.h"
#include "runtime/mir/binary.h"
#include "runtime/mir/binary_codes.h"
#include "runtime/mir/foreign.h"
#include "runtime/sdn/text_check.h"

namespace smf::mir {
namespace {

// Where reading stopped. Thrown within this file only: a check a number, with a result each, would
// be half of its lines and of its time.
struct BinaryRefused {
  std::uint64_t offset;
  std::string message;
};

class BinaryReader {
 public:
  explicit BinaryReader(Bytes bytes) : bytes_(bytes) {}

  Unit read() && {
    at_ = 2;
    const std::size_t strings = count(), types = count(), constants = count();
    const std::size_t definitions = count(), functions = count();
    const std::array<std::uint32_t, 5> sizes = {count(), count(), count(), count(), count()};
    unit_.numbers.reserve(sizes[0]);
    unit_.locals.reserve(sizes[1]);
    unit_.blocks.reserve(sizes[2]);
    unit_.instructions.reserve(sizes[3]);
    unit_.operands.reserve(sizes[4]);
    const std::uint64_t name = number();
    read_strings(strings);
    if (name > strings) refuse("the name is no string of this unit");
    unit_.name = static_cast<StringId>(name - 1);
    unit_.types.reserve(kPrimitives + types);
    for (std::uint32_t kind = 0; kind != kPrimitives; ++kind)
      unit_.types.push_back({.kind = static_cast<TypeKind>(kind)});
    for (std::size_t i = 0; i != types; ++i) read_type();
    check_depth();
    check_unique(unit_.types.size(), "type", [&](TypeId a, TypeId b) {
      const auto key = [&](const Type& type) {
        return std::tuple(type.kind, type.flag, type.name, type.number);
      };
      const Type &left = unit_.types[a], &right = unit_.types[b];
      if (key(left) != key(right)) return key(left) < key(right);
      return std::ranges::lexicographical_compare(unit_.parts(left), unit_.parts(right));
    });
    unit_.constants.reserve(constants);
    for (std::size_t i = 0; i != constants; ++i) read_constant();
    check_unique(constants, "constant", [&](ConstantId a, ConstantId b) {
      const auto key = [](const Constant& one) { return std::tuple(one.type, one.kind, one.bits); };
      return key(unit_.constants[a]) < key(unit_.constants[b]);
    });
    unit_.definitions.reserve(definitions);
    for (std::size_t i = 0; i != definitions; ++i) read_definition();
    unit_.functions.reserve(functions);
    for (std::size_t i = 0; i != functions; ++i) read_function();
    if (at_ != bytes_.size()) refuse("bytes after the end");
    if (unit_.numbers.size() != sizes[0] || unit_.locals.size() != sizes[1] ||
        unit_.blocks.size() != sizes[2] || unit_.instructions.size() != sizes[3] ||
        unit_.operands.size() != sizes[4])
      refuse("more or fewer things than the beginning says");
    return std::move(unit_);
  }

 private:
  [[noreturn]] void refuse(std::string message) const {
    throw BinaryRefused{at_, std::move(message)};
  }

  std::uint8_t byte() {
    if (at_ == bytes_.size()) refuse("the bytes end here");
    return std::to_integer<std::uint8_t>(bytes_[at_++]);
  }
  std::uint64_t number() {
    const std::uint8_t first = byte();
    if (first < 0x80) [[likely]]
      return first;
    std::uint64_t value = first & 0x7f;
    for (unsigned shift = 7;; shift += 7) {
      const std::uint8_t next = byte();
      // The tenth byte holds the last bit; and none is there for nothing.
      if ((shift == 63 && next > 1) || next == 0) refuse("a number that is written wrongly");
      value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
  }
  std::uint64_t signed_number() {
    const std::uint64_t value = number();
    return value >> 1 ^ ((value & 1) != 0 ? ~std::uint64_t{0} : 0);
  }
  // Each of what is counted takes a byte at least.
  std::uint32_t count() {
    const std::uint64_t value = number();
    if (value > bytes_.size() - at_)
      refuse(fmt::format("a count of {}, more than the bytes that are left", value));
    if (value >= Operand::kMaxIndex) refuse("2^30 things in a unit");
    return static_cast<std::uint32_t>(value);
  }
  std::uint32_t below(std::uint64_t limit, const char* what) {
    return below(number(), limit, what);
  }
  std::uint32_t below(std::uint64_t value, std::uint64_t limit, const char* what) const {
    if (value >= limit) refuse(fmt::format("{} {} of {}", what, value, limit));
    return static_cast<std::uint32_t>(value);
  }
  std::uint32_t optional_below(std::uint64_t limit, const char* what) {
    const std::uint64_t value = number();
    return value == 0 ? kNone : below(value - 1, limit, what);
  }
  StringId string_id() { return below(unit_.string_ends.size(), "string"); }
  TypeId type_id() { return below(unit_.types.size(), "type"); }
  LocalId local_id() { return below(Operand::kMaxIndex, "local"); }
  BlockId block_id() { return below(kNone, "block"); }
  Symbol symbol() { return below(kNone, "symbol"); }

  void read_strings(std::size_t strings) {
    unit_.string_ends.reserve(strings);
    std::uint64_t end = 0;
    for (std::size_t i = 0; i != strings; ++i) {
      end += count();
      if (end > bytes_.size()) refuse("a string is longer than what is there");
      unit_.string_ends.push_back(static_cast<std::uint32_t>(end));
    }
    if (end > bytes_.size() - at_) refuse("the strings are longer than what is there");
    const std::string_view text = as_text(bytes_.subspan(at_, end));
    unit_.text.assign(text.begin(), text.end());
    for (StringId id = 0; id != strings; ++id) {
      const std::string_view string = unit_.string(id);
      for (std::size_t i = 0; i < string.size();) {
        const std::size_t size = sdn::character_size(string.substr(i));
        if (size == 0) refuse(fmt::format("string {} is not UTF-8", id));
        i += size;
      }
    }
    at_ += end;
    check_unique(strings, "string",
                 [&](StringId a, StringId b) { return unit_.string(a) < unit_.string(b); });
  }

  // `less` orders by all that makes two of them one.
  template <typename Less>
  void check_unique(std::size_t count, const char* what, const Less& less) const {
    std::vector<std::uint32_t> ids(count);
    std::iota(ids.begin(), ids.end(), 0u);
    std::ranges::sort(ids, less);
    for (std::size_t i = 1; i < count; ++i)
      if (!less(ids[i - 1], ids[i])) refuse(fmt::format("{} {} is there twice", what, ids[i]));
  }

  List numbers(std::uint32_t count, std::uint64_t limit, const char* what) {
    const List list{static_cast<std::uint32_t>(unit_.numbers.size()), count};
    for (std::uint32_t i = 0; i != count; ++i) unit_.numbers.push_back(below(limit, what));
    return list;
  }

  // Whoever walks a type recurses.
  void check_depth() const {
    std::vector<std::uint32_t> depths(unit_.types.size(), 1);
    for (TypeId id = kPrimitives; id != unit_.types.size(); ++id) {
      for (const TypeId part : unit_.parts(id))
        if (part != kNone) depths[id] = std::max(depths[id], depths[part] + 1);
      if (depths[id] > kMaxTypeDepth)
        refuse(fmt::format("type {} is nested deeper than {}", id, kMaxTypeDepth));
    }
  }

  void read_type() {
    const std::uint8_t head = byte();
    Type type;
    const unsigned kind = head & (kTypeFlag - 1);
    if (kind < kPrimitives || kind >= kTypeKinds) refuse(fmt::format("a type of kind {}", kind));
    type.kind = static_cast<TypeKind>(kind);
    type.flag = (head & kTypeFlag) != 0;
    if (type.flag && !may_have_flag(type.kind)) refuse("a flag of a type that has none");
    const TypeShape shape = shape_of(type.kind);
    if (shape == TypeShape::kNamed) {
      type.name = string_id();
    } else if (shape == TypeShape::kSignature) {
      const std::uint32_t parts = count();
      if (parts == 0) refuse("a signature without a result");
      const TypeId result = optional_below(unit_.types.size(), "type");
      type.parts = {static_cast<std::uint32_t>(unit_.numbers.size()), parts};
      unit_.numbers.push_back(result);
      numbers(parts - 1, unit_.types.size(), "type");
    } else {
      if (shape == TypeShape::kSymbol) type.number = symbol();
      if (shape == TypeShape::kArray) type.number = number();
      const int fixed = parts_of(type.kind);
      type.parts = numbers(fixed >= 0 ? static_cast<std::uint32_t>(fixed) : count(),
                           unit_.types.size(), "type");
    }
    unit_.types.push_back(type);
  }

  void read_constant() {
    Constant constant;
    const std::uint64_t head = number();
    constant.type = below(head / kValueKinds, unit_.types.size(), "type");
    constant.kind = static_cast<ValueKind>(head % kValueKinds);
    switch (constant.kind) {
      case ValueKind::kInt:
        constant.bits = signed_number();
        break;
      case ValueKind::kUnsigned:
        constant.bits = unsigned_value();
        break;
      case ValueKind::kString:
        constant.bits = string_id();
        break;
      case ValueKind::kFloat:
        if (bytes_.size() - at_ < sizeof constant.bits) refuse("the bytes end in a float");
        constant.bits = load<std::uint64_t>(bytes_, at_);
        at_ += sizeof constant.bits;
        break;
      case ValueKind::kBool:
        constant.bits = byte();
        if (constant.bits > 1) refuse("a Bool that is neither true nor false");
        break;
      case ValueKind::kZero:
      case ValueKind::kNull:
        break;
    }
    unit_.constants.push_back(constant);
  }
  std::uint64_t unsigned_value() {
    const std::uint64_t bits = number();
    if (bits >> 63 == 0) refuse("a small integer in the form of large ones");
    return bits;
  }

  List parameters() {
    const List list{static_cast<std::uint32_t>(unit_.parameters.size()), count()};
    for (std::uint32_t i = 0; i != list.count; ++i) {
      const std::uint64_t head = number();
      unit_.parameters.push_back(
          {.name = below(head / kConstraints, unit_.string_ends.size(), "string"),
           .constraint = static_cast<Constraint>(head % kConstraints)});
    }
    return list;
  }
  List fields(std::uint32_t count) {
    const List list{static_cast<std::uint32_t>(unit_.fields.size()), count};
    for (std::uint32_t i = 0; i != count; ++i) {
      const StringId name = optional_below(unit_.string_ends.size(), "string");
      unit_.fields.push_back({.name = name, .type = type_id()});
    }
    return list;
  }
  void read_definition() {
    Definition definition;
    definition.symbol = symbol();
    const std::uint64_t head = number();
    definition.name = below(head / 2, unit_.string_ends.size(), "string");
    definition.is_enum = head % 2 != 0;
    definition.parameters = parameters();
    const std::uint32_t parts = count();
    if (definition.is_enum) {
      definition.parts = {static_cast<std::uint32_t>(unit_.variants.size()), parts};
      for (std::uint32_t i = 0; i != parts; ++i) {
        const StringId name = string_id();
        unit_.variants.push_back({.name = name, .fields = fields(count())});
      }
    } else {
      definition.parts = fields(parts);
    }
    unit_.definitions.push_back(definition);
  }

  void read_function() {
    Function function;
    function.symbol = symbol();
    function.name = string_id();
    function.signature = type_id();
    if (unit_.types[function.signature].kind != TypeKind::kFuncPtr)
      refuse("the type of a function is none");
    function.entry = block_id();
    function.parameters = parameters();
    function.locals = read_locals(count());
    const std::uint32_t blocks = count();
    function.blocks = {static_cast<std::uint32_t>(unit_.blocks.size()), blocks};
    BlockId next = 0;
    last_dest_ = kNone;
    for (std::uint32_t i = 0; i != blocks; ++i) {
      const unsigned head = byte();
      if (head > (kBlockNumbered | kBlockLabelled)) refuse("a block that begins wrongly");
      Block block{.id = next};
      if ((head & kBlockNumbered) != 0) block.id = block_id();
      check_number(block.id, next, (head & kBlockNumbered) != 0, kNone, "block");
      if ((head & kBlockLabelled) != 0) block.label = string_id();
      next = block.id + 1;
      block.instructions = {static_cast<std::uint32_t>(unit_.instructions.size()), count()};
      for (std::uint32_t n = 0; n != block.instructions.count; ++n) read_instruction();
      read_terminator(block.terminator);
      unit_.blocks.push_back(block);
    }
    unit_.functions.push_back(function);
  }
  List read_locals(std::uint32_t count) {
    const List list{static_cast<std::uint32_t>(unit_.locals.size()), count};
    LocalId next = 0;
    std::uint32_t argument = 0;
    for (std::uint32_t i = 0; i != count; ++i) {
      const unsigned head = byte();
      Local local{.id = next, .kind = static_cast<LocalKind>(head & 3)};
      const bool is_argument = local.kind == LocalKind::kArg;
      if (head >= 32 || ((head & kLocalArgument) != 0 && !is_argument))
        refuse("a local that begins wrongly");
      if ((head & kLocalNumbered) != 0) local.id = local_id();
      check_number(local.id, next, (head & kLocalNumbered) != 0, Operand::kMaxIndex, "local");
      if ((head & kLocalNamed) != 0) local.name = string_id();
      local.type = type_id();
      if (is_argument) {
        const bool is_told = (head & kLocalArgument) != 0;
        local.argument = is_told ? below(kNone, "argument") : argument;
        check_number(local.argument, argument, is_told, kNone, "argument");
        argument = local.argument + 1;
      }
      next = local.id + 1;
      unit_.locals.push_back(local);
    }
    return list;
  }

  // There is one way to write each number: it is told where it is not the next.
  void check_number(std::uint32_t number, std::uint32_t next, bool is_told, std::uint32_t limit,
                    const char* what) const {
    if (is_told && number == next) refuse(fmt::format("{} {} that is told needlessly", what, next));
    below(number, limit, what);
  }

  void read_instruction() {
    const unsigned head = byte();
    Instruction instruction;
    decode(head & ~kNextDest, instruction);
    const OpShape shape = shape_of(instruction.op);
    if (shape.has_dest) {
      read_dest(instruction, (head & kNextDest) != 0);
    } else if ((head & kNextDest) != 0) {
      refuse("a destination where there is none");
    }
    if (shape.has_type) {
      instruction.type = type_id();
      const TypeKind kind = unit_.types[instruction.type].kind;
      if (instruction.op == Op::kCallIndirect && kind != TypeKind::kFuncPtr)
        refuse("an indirect call of what is no function");
      if (instruction.op == Op::kAggregate && kind != TypeKind::kArray &&
          kind != TypeKind::kTuple && kind != TypeKind::kStruct && kind != TypeKind::kEnum)
        refuse("an aggregate of a type that is none");
      const Type& type = unit_.types[instruction.type];
      if (instruction.op == Op::kAggregate && ((kind == TypeKind::kArray && type.number != 0) ||
                                               (kind == TypeKind::kTuple && type.parts.count != 0)))
        refuse("an aggregate of an array with a size or of a tuple with parts");
    }
    if (has_number(unit_, shape, instruction.type)) {
      const bool is_string = instruction.op == Op::kIntrinsic ||
                             instruction.op == Op::kDebugValue || instruction.op == Op::kForeign;
      instruction.number = is_string ? string_id() : below(kNone, "number");
      if (instruction.op == Op::kForeign) check_foreign(instruction.number, is_foreign_instruction);
    }
    instruction.operands = read_operands(shape.operands);
    if (needs_operand(instruction.op) && instruction.operands.count == 0)
      refuse("an operation without the operand that it is of");
    check_sort(instruction);
    unit_.instructions.push_back(instruction);
  }
  void read_dest(Instruction& instruction, bool is_next) {
    const Op op = instruction.op;
    if (is_next) {
      instruction.dest = below(last_dest_ + 1, Operand::kMaxIndex, "local");
    } else {
      instruction.dest = optional_below(Operand::kMaxIndex, "local");
      if (instruction.dest == kNone) {
        if (!may_lack_dest(op)) refuse("an operation without a destination");
        return;
      }
      if (instruction.dest == last_dest_ + 1)
        refuse(fmt::format("local {} that is told needlessly", instruction.dest));
    }
    last_dest_ = instruction.dest;
  }
  void decode(unsigned code, Instruction& instruction) const {
    const auto detailed = [&](Op op, unsigned begin, std::size_t count) {
      instruction.op = op;
      instruction.detail = static_cast<std::uint8_t>(below(code - begin, count, "operator"));
    };
    if (code >= kUnaryCodes) return detailed(Op::kUnary, kUnaryCodes, kUnaryOps);
    if (code >= kCheckedCodes) return detailed(Op::kChecked, kCheckedCodes, kBinaryOps);
    if (code >= kBinaryCodes) return detailed(Op::kBinary, kBinaryCodes, kBinaryOps);
    if (code == kMutableGlobal) {
      instruction.op = Op::kGlobalAddr;
      instruction.detail = 1;
      return;
    }
    const Op op = static_cast<Op>(code);
    if (code >= kOps || op == Op::kBinary || op == Op::kChecked || op == Op::kUnary)
      refuse(fmt::format("an operation {}", code));
    instruction.op = op;
  }
  // Where the source has a place for a local or for a constant only.
  void check_sort(const Instruction& instruction) const {
    const Op op = instruction.op;
    if (op != Op::kConst && op != Op::kCopy && op != Op::kMove && op != Op::kDebugValue) return;
    const Operand::Kind kind = unit_.operands[instruction.operands.first].kind();
    const bool fits = op == Op::kConst  ? kind == Operand::Kind::kConst
                      : op == Op::kMove ? kind == Operand::Kind::kMove
                                        : kind == Operand::Kind::kCopy;
    if (!fits) refuse("an operand of another sort than the operation has");
  }
  List read_operands(int fixed) {
    const List list{static_cast<std::uint32_t>(unit_.operands.size()),
                    fixed >= 0 ? static_cast<std::uint32_t>(fixed) : count()};
    for (std::uint32_t i = 0; i != list.count; ++i) {
      const std::uint64_t code = number();
      const auto kind = static_cast<Operand::Kind>(code % 4);
      if (code % 4 == 3) refuse("an operand that is neither local nor constant");
      const std::uint64_t limit =
          kind == Operand::Kind::kConst ? unit_.constants.size() : Operand::kMaxIndex;
      unit_.operands.push_back(Operand::of(kind, below(code / 4, limit, "operand")));
    }
    return list;
  }

  // As read_json would have kept it.
  void check_foreign(StringId id, bool (*is_foreign)(const Json&)) const {
    const std::string_view text = unit_.string(id);
    const auto json = parse_json(text);
    if (!json || !is_foreign(*json) || json->dump() != text)
      refuse(fmt::format("string {} is no JSON of another back end", id));
  }

  void read_terminator(Terminator& terminator) {
    const unsigned head = byte();
    terminator.end = static_cast<End>(below(head & ~kEndFlag, kEnds, "terminator"));
    const bool flag = (head & kEndFlag) != 0;
    if (flag && terminator.end != End::kReturn && terminator.end != End::kCall)
      refuse("a flag of a terminator that has none");
    std::uint32_t targets = 0;
    switch (terminator.end) {
      case End::kGoto:
        targets = 1;
        break;
      case End::kReturn:
        if (flag) terminator.operands = read_operands(1);
        break;
      case End::kIf:
        terminator.operands = read_operands(1);
        targets = 2;
        break;
      case End::kSwitch:
        terminator.operands = read_operands(1);
        read_cases(terminator);
        targets = 1;
        break;
      case End::kUnreachable:
        break;
      case End::kAbort:
      case End::kForeign:
        terminator.text = string_id();
        if (terminator.end == End::kForeign) check_foreign(terminator.text, is_foreign_terminator);
        break;
      case End::kCall:
        terminator.dest = optional_below(Operand::kMaxIndex, "local");
        terminator.unwind_payload = optional_below(Operand::kMaxIndex, "local");
        terminator.unwind_type_tag = optional_below(Operand::kMaxIndex, "local");
        terminator.operands = read_operands(-1);
        if (terminator.operands.count == 0) refuse("a call of nothing");
        targets = flag ? 2 : 1;
        break;
    }
    terminator.targets = numbers(targets, kNone, "block");
  }
  void read_cases(Terminator& terminator) {
    terminator.cases = {static_cast<std::uint32_t>(unit_.cases.size()), count()};
    for (std::uint32_t i = 0; i != terminator.cases.count; ++i) {
      Case one;
      one.kind = static_cast<ValueKind>(byte());
      if (one.kind != ValueKind::kInt && one.kind != ValueKind::kUnsigned)
        refuse("a case that is no integer");
      one.bits = one.kind == ValueKind::kInt ? signed_number() : unsigned_value();
      one.target = block_id();
      unit_.cases.push_back(one);
    }
  }

  Bytes bytes_;
  std::uint64_t at_ = 0;
  Unit unit_{};
  LocalId last_dest_ = kNone;
};

}  // namespace

Result<Unit> read_binary(Bytes bytes) try {
  if (bytes.size() < 2) return fail_at(bytes.size(), "a template of fewer than 2 bytes");
  const auto form = std::to_integer<unsigned>(bytes[0]);
  if (form != kTemplateBodyBinary) {
    return fail_at(0, fmt::format("a template of form {}, not {}", form, kTemplateBodyBinary),
                   ErrorCode::kUnsupported);
  }
  const auto version = std::to_integer<unsigned>(bytes[1]);
  if (version != kBinaryVersion) {
    return fail_at(1, fmt::format("version {} of a template, not {}", version, kBinaryVersion),
                   ErrorCode::kUnsupported);
  }
  return BinaryReader(bytes).read();
} catch (const BinaryRefused& refused) {
  return fail_at(refused.offset, refused.message);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a template");
}

}  // namespace smf::mir
