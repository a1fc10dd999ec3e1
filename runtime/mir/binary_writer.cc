#include "runtime/format/templates.h"
#include "runtime/mir/binary.h"
#include "runtime/mir/binary_codes.h"

namespace smf::mir {
namespace {

class BinaryWriter {
 public:
  explicit BinaryWriter(const Unit& unit) : unit_(unit) {}

  ByteVector write() && {
    byte(kTemplateBodyBinary);
    byte(kBinaryVersion);
    for (const std::size_t size :
         {unit_.string_ends.size(), unit_.types.size() - kPrimitives, unit_.constants.size(),
          unit_.definitions.size(), unit_.functions.size(), unit_.numbers.size(),
          unit_.locals.size(), unit_.blocks.size(), unit_.instructions.size(),
          unit_.operands.size()})
      number(size);
    number(optional(unit_.name));
    for (StringId id = 0; id != unit_.string_ends.size(); ++id) number(unit_.string(id).size());
    append_bytes(out_, std::as_bytes(std::span(unit_.text)));
    for (TypeId id = kPrimitives; id != unit_.types.size(); ++id) write(unit_.types[id]);
    for (const Constant& constant : unit_.constants) write(constant);
    for (const Definition& definition : unit_.definitions) write(definition);
    for (const Function& function : unit_.functions) write(function);
    return std::move(out_);
  }

 private:
  void byte(unsigned value) { out_.push_back(static_cast<std::byte>(value)); }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<unsigned>(value & 0x7f) | 0x80);
    byte(static_cast<unsigned>(value));
  }
  // Small in both directions: 0, -1, 1, -2 ...
  void signed_number(std::uint64_t bits) {
    number(bits << 1 ^ (static_cast<std::int64_t>(bits) < 0 ? ~std::uint64_t{0} : 0));
  }
  static std::uint64_t optional(std::uint32_t value) { return value == kNone ? 0 : value + 1ull; }
  void numbers(List list) {
    for (const std::uint32_t value : Unit::of(unit_.numbers, list)) number(value);
  }

  void write(const Type& type) {
    byte(static_cast<unsigned>(type.kind) | (type.flag ? kTypeFlag : 0u));
    switch (shape_of(type.kind)) {
      case TypeShape::kNamed:
        number(type.name);
        return;
      case TypeShape::kSymbol:
        number(type.number);
        break;
      case TypeShape::kArray:
        number(type.number);
        break;
      case TypeShape::kSignature: {
        const auto parts = unit_.parts(type);
        number(parts.size());
        number(optional(parts[0]));
        for (const TypeId part : parts.subspan(1)) number(part);
        return;
      }
      case TypeShape::kFixed:
      case TypeShape::kList:
        break;
    }
    if (!has_fixed_parts(type.kind)) number(type.parts.count);
    numbers(type.parts);
  }

  void write(const Constant& constant) {
    number(constant.type * std::uint64_t{kValueKinds} + static_cast<unsigned>(constant.kind));
    switch (constant.kind) {
      case ValueKind::kInt:
        signed_number(constant.bits);
        break;
      case ValueKind::kUnsigned:
      case ValueKind::kString:
        number(constant.bits);
        break;
      case ValueKind::kFloat:
        append(out_, constant.bits);
        break;
      case ValueKind::kBool:
        byte(static_cast<unsigned>(constant.bits));
        break;
      case ValueKind::kZero:
      case ValueKind::kNull:
        break;
    }
  }

  void parameters(List list) {
    number(list.count);
    for (const Parameter& parameter : Unit::of(unit_.parameters, list)) {
      number(parameter.name * std::uint64_t{kConstraints} +
             static_cast<unsigned>(parameter.constraint));
    }
  }

  void write(const Definition& definition) {
    number(definition.symbol);
    number(definition.name * std::uint64_t{2} + (definition.is_enum ? 1 : 0));
    parameters(definition.parameters);
    number(definition.parts.count);
    if (!definition.is_enum) return fields(definition.parts);
    for (const Variant& variant : Unit::of(unit_.variants, definition.parts)) {
      number(variant.name);
      number(variant.fields.count);
      fields(variant.fields);
    }
  }
  void fields(List list) {
    for (const Field& field : Unit::of(unit_.fields, list)) {
      number(optional(field.name));
      number(field.type);
    }
  }

  void write(const Function& function) {
    number(function.symbol);
    number(function.name);
    number(function.signature);
    number(function.entry);
    parameters(function.parameters);
    number(function.locals.count);
    std::uint32_t next = 0, argument = 0;
    for (const Local& local : Unit::of(unit_.locals, function.locals)) {
      unsigned head = static_cast<unsigned>(local.kind);
      if (local.name != kNone) head |= kLocalNamed;
      if (local.id != next) head |= kLocalNumbered;
      const bool is_next = local.kind != LocalKind::kArg || local.argument == argument;
      if (!is_next) head |= kLocalArgument;
      byte(head);
      if (local.id != next) number(local.id);
      if (local.name != kNone) number(local.name);
      number(local.type);
      if (!is_next) number(local.argument);
      next = local.id + 1;
      if (local.kind == LocalKind::kArg) argument = local.argument + 1;
    }
    number(function.blocks.count);
    next = 0;
    last_dest_ = kNone;
    for (const Block& block : Unit::of(unit_.blocks, function.blocks)) {
      byte((block.id != next ? kBlockNumbered : 0u) | (block.label != kNone ? kBlockLabelled : 0u));
      if (block.id != next) number(block.id);
      if (block.label != kNone) number(block.label);
      next = block.id + 1;
      number(block.instructions.count);
      for (const Instruction& instruction : Unit::of(unit_.instructions, block.instructions))
        write(instruction);
      write(block.terminator);
    }
  }

  void write(const Instruction& instruction) {
    const OpShape shape = shape_of(instruction.op);
    const bool is_next = shape.has_dest && instruction.dest == last_dest_ + 1;
    byte(code_of(instruction.op, instruction.detail) | (is_next ? kNextDest : 0u));
    if (shape.has_dest) {
      if (!is_next) number(optional(instruction.dest));
      if (instruction.dest != kNone) last_dest_ = instruction.dest;
    }
    if (shape.has_type) number(instruction.type);
    if (has_number(unit_, shape, instruction.type)) number(instruction.number);
    operands(instruction.operands, shape.operands);
  }
  void operands(List list, int fixed) {
    if (fixed < 0) number(list.count);
    for (const Operand operand : Unit::of(unit_.operands, list))
      number(operand.index * std::uint64_t{4} + operand.bits);
  }

  void write(const Terminator& terminator) {
    const unsigned end = static_cast<unsigned>(terminator.end);
    switch (terminator.end) {
      case End::kGoto:
      case End::kIf:
        byte(end);
        operands(terminator.operands, 1);
        break;
      case End::kReturn:
        byte(end | (terminator.operands.count != 0 ? kEndFlag : 0u));
        operands(terminator.operands, 1);
        break;
      case End::kSwitch:
        byte(end);
        operands(terminator.operands, 1);
        number(terminator.cases.count);
        for (const Case& one : Unit::of(unit_.cases, terminator.cases)) {
          byte(static_cast<unsigned>(one.kind));
          one.kind == ValueKind::kInt ? signed_number(one.bits) : number(one.bits);
          number(one.target);
        }
        break;
      case End::kUnreachable:
        byte(end);
        break;
      case End::kAbort:
      case End::kForeign:
        byte(end);
        number(terminator.text);
        break;
      case End::kCall:
        byte(end | (terminator.targets.count == 2 ? kEndFlag : 0u));
        number(optional(terminator.dest));
        number(optional(terminator.unwind_payload));
        number(optional(terminator.unwind_type_tag));
        operands(terminator.operands, -1);
        break;
    }
    numbers(terminator.targets);
  }

  const Unit& unit_;
  ByteVector out_{};
  LocalId last_dest_ = kNone;
};

}  // namespace

ByteVector write_binary(const Unit& unit) { return BinaryWriter(unit).write(); }

}  // namespace smf::mir
