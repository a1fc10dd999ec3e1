#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <iterator>
#include <stdexcept>

#include "runtime/mir/json.h"
#include "runtime/mir/shapes.h"
#include "runtime/mir/spelling.h"

namespace smf::mir {
namespace {

class JsonWriter {
 public:
  explicit JsonWriter(const Unit& unit, std::size_t max_size) : unit_(unit), max_size_(max_size) {}

  std::string write() && {
    const bool is_alone =
        unit_.functions.size() == 1 && unit_.definitions.empty() && unit_.name == kNone;
    if (is_alone) {
      write(unit_.functions[0]);
      return std::move(out_);
    }
    out_ += '{';
    if (unit_.name != kNone) put("\"name\":{},", quoted(unit_.name));
    out_ += "\"functions\":";
    list(unit_.functions, [&](const Function& function) { write(function); });
    if (!unit_.definitions.empty()) {
      out_ += ",\"types\":";
      list(unit_.definitions, [&](const Definition& definition) { write(definition); });
    }
    out_ += '}';
    return std::move(out_);
  }

 private:
  template <typename... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }
  std::string quoted(StringId id) const { return quote(unit_.string(id)); }
  std::string quoted_or_null(StringId id) const { return id == kNone ? "null" : quoted(id); }
  static std::string number_or_null(std::uint32_t number) {
    return number == kNone ? "null" : std::to_string(number);
  }
  template <typename Range, typename Write>
  void list(const Range& range, const Write& write) {
    out_ += '[';
    bool is_first = true;
    for (const auto& one : range) {
      if (!is_first) out_ += ',';
      is_first = false;
      check_size();
      write(one);
    }
    out_ += ']';
  }
  void types(std::span<const TypeId> ids) {
    list(ids, [&](TypeId id) { type(id); });
  }

  void check_size() const {
    if (out_.size() > max_size_)
      throw std::length_error(fmt::format("more than {} bytes when written out", max_size_));
  }

  void type(TypeId id) {
    check_size();
    const Type& type = unit_.types[id];
    const auto parts = unit_.parts(type);
    const std::string_view name = kTypeNames[static_cast<std::size_t>(type.kind)].json;
    switch (type.kind) {
      case TypeKind::kPtr:
      case TypeKind::kRef:
        put("{{\"{}\":{{\"{}\":", name, type.kind == TypeKind::kPtr ? "pointee" : "referent");
        this->type(parts[0]);
        put(",\"mutable\":{}}}}}", type.flag);
        break;
      case TypeKind::kFuncPtr:
        out_ += "{\"FuncPtr\":";
        signature(id);
        out_ += '}';
        break;
      case TypeKind::kArray:
        out_ += "{\"Array\":{\"element\":";
        this->type(parts[0]);
        put(",\"size\":{}}}}}", type.number);
        break;
      case TypeKind::kSlice:
      case TypeKind::kPromise:
      case TypeKind::kActor:
        put("{{\"{}\":", name);
        this->type(parts[0]);
        out_ += '}';
        break;
      case TypeKind::kTuple:
      case TypeKind::kUnion:
        put("{{\"{}\":", name);
        types(parts);
        out_ += '}';
        break;
      case TypeKind::kStruct:
      case TypeKind::kEnum:
        put("{{\"{}\":", name);
        symbol(type);
        out_ += '}';
        break;
      case TypeKind::kDict:
        two("Dict", "key", "value", parts);
        break;
      case TypeKind::kResult:
        two("Result", "ok", "err", parts);
        break;
      case TypeKind::kGenerator:
        two("Generator", "yield", "return", parts);
        break;
      case TypeKind::kOpaque:
      case TypeKind::kParameter:
        put("{{\"Opaque\":{}}}", quoted(type.name));
        break;
      default:
        put("\"{}\"", name);
    }
  }
  void two(const char* name, const char* first, const char* second, std::span<const TypeId> parts) {
    put("{{\"{}\":{{\"{}\":", name, first);
    type(parts[0]);
    put(",\"{}\":", second);
    type(parts[1]);
    out_ += "}}";
  }
  // A struct's or an enum's, bare where it has no arguments.
  void symbol(const Type& type) {
    const auto arguments = unit_.parts(type);
    if (arguments.empty()) return put("{}", type.number);
    put("{{\"symbol\":{},\"args\":", type.number);
    types(arguments);
    out_ += '}';
  }
  void signature(TypeId id) {
    const auto parts = unit_.parts(id);
    out_ += "{\"params\":";
    types(parts.subspan(1));
    out_ += ",\"return_type\":";
    parts[0] == kNone ? void(out_ += "null") : type(parts[0]);
    put(",\"is_variadic\":{}}}", unit_.types[id].flag);
  }

  void value(const Constant& constant) {
    switch (constant.kind) {
      case ValueKind::kInt:
        put("{}", static_cast<std::int64_t>(constant.bits));
        break;
      case ValueKind::kUnsigned:
        put("{}", constant.bits);
        break;
      case ValueKind::kFloat: {
        const auto number = std::bit_cast<double>(constant.bits);
        std::isfinite(number) ? put("{}", spell_float(number)) : put("\"{}\"", spell_float(number));
        break;
      }
      case ValueKind::kBool:
        put("{}", constant.bits != 0);
        break;
      case ValueKind::kString:
        out_ += quoted(static_cast<StringId>(constant.bits));
        break;
      case ValueKind::kZero:
        out_ += "\"Zero\"";
        break;
      case ValueKind::kNull:
        out_ += "null";
        break;
    }
  }
  void operand(Operand operand) {
    if (operand.is_local())
      return put("{{\"{}\":{}}}", operand.kind() == Operand::Kind::kCopy ? "Copy" : "Move",
                 std::uint32_t{operand.index});
    const Constant& constant = unit_.constants[operand.index];
    out_ += "{\"Const\":{\"value\":";
    value(constant);
    out_ += ",\"type\":";
    type(constant.type);
    out_ += "}}";
  }
  void operands(std::span<const Operand> all) {
    list(all, [&](Operand one) { operand(one); });
  }

  void write(const Instruction& instruction) {
    const auto operands = unit_.of(instruction);
    const auto member = [&](const char* name, Operand value) {
      put(",\"{}\":", name);
      operand(value);
    };
    if (instruction.op == Op::kNop) return put("\"Nop\"");
    if (instruction.op == Op::kForeign) {
      out_ += unit_.string(instruction.number);
      return;
    }
    put("{{\"{}\":{{", kOpNames[static_cast<std::size_t>(instruction.op)].json);
    if (shape_of(instruction.op).has_dest) put("\"dest\":{}", number_or_null(instruction.dest));
    switch (instruction.op) {
      case Op::kConst: {
        const Constant& constant = unit_.constants[operands[0].index];
        out_ += ",\"value\":";
        value(constant);
        out_ += ",\"type\":";
        type(constant.type);
        break;
      }
      case Op::kCopy:
      case Op::kMove:
        put(",\"src\":{}", std::uint32_t{operands[0].index});
        break;
      case Op::kBinary:
      case Op::kChecked:
        put(",\"op\":\"{}\"", kBinaryNames[instruction.detail].json);
        member("left", operands[0]);
        member("right", operands[1]);
        break;
      case Op::kUnary:
        put(",\"op\":\"{}\"", kUnaryNames[instruction.detail].json);
        member("operand", operands[0]);
        break;
      case Op::kAlloc:
        out_ += ",\"type\":";
        type(instruction.type);
        break;
      case Op::kLoad:
        member("ptr", operands[0]);
        break;
      case Op::kStore:
        out_ += "\"ptr\":";
        operand(operands[0]);
        member("value", operands[1]);
        break;
      case Op::kGlobalAddr:
        put(",\"symbol\":{},\"mutable\":{}", instruction.number, instruction.detail != 0);
        break;
      case Op::kGetElementPtr:
        member("base", operands[0]);
        out_ += ",\"indices\":";
        this->operands(operands.subspan(1));
        break;
      case Op::kAggregate:
        out_ += ",\"kind\":";
        aggregate(instruction);
        out_ += ",\"operands\":";
        this->operands(operands);
        break;
      case Op::kGetField:
        member("base", operands[0]);
        put(",\"field\":{}", instruction.number);
        break;
      case Op::kSetField:
        out_ += "\"base\":";
        operand(operands[0]);
        put(",\"field\":{}", instruction.number);
        member("value", operands[1]);
        break;
      case Op::kCast:
      case Op::kBitcast:
        member("operand", operands[0]);
        out_ += ",\"target\":";
        type(instruction.type);
        break;
      case Op::kCall:
      case Op::kCallIndirect:
        member(instruction.op == Op::kCall ? "func" : "ptr", operands[0]);
        out_ += ",\"args\":";
        this->operands(operands.subspan(1));
        if (instruction.op == Op::kCall) break;
        out_ += ",\"signature\":";
        signature(instruction.type);
        break;
      case Op::kIntrinsic:
        put(",\"name\":{},\"args\":", quoted(instruction.number));
        this->operands(operands);
        break;
      case Op::kDebugValue:
        put("\"local\":{},\"name\":{}", std::uint32_t{operands[0].index},
            quoted(instruction.number));
        break;
      case Op::kNop:
      case Op::kForeign:
        break;
    }
    out_ += "}}";
  }
  void aggregate(const Instruction& instruction) {
    const Type& type = unit_.types[instruction.type];
    switch (type.kind) {
      case TypeKind::kArray:
        out_ += "{\"Array\":";
        this->type(unit_.parts(type)[0]);
        out_ += '}';
        break;
      case TypeKind::kStruct:
        out_ += "{\"Struct\":";
        symbol(type);
        out_ += '}';
        break;
      case TypeKind::kEnum: {
        const auto arguments = unit_.parts(type);
        put("{{\"Enum\":{{\"symbol\":{},", type.number);
        if (!arguments.empty()) {
          out_ += "\"args\":";
          types(arguments);
          out_ += ',';
        }
        put("\"variant\":{}}}}}", instruction.number);
        break;
      }
      default:
        out_ += "\"Tuple\"";
    }
  }

  void write(const Terminator& terminator) {
    const auto operands = Unit::of(unit_.operands, terminator.operands);
    const auto targets = Unit::of(unit_.numbers, terminator.targets);
    switch (terminator.end) {
      case End::kGoto:
        put("{{\"Goto\":{}}}", targets[0]);
        break;
      case End::kReturn:
        out_ += "{\"Return\":";
        operands.empty() ? void(out_ += "null") : operand(operands[0]);
        out_ += '}';
        break;
      case End::kIf:
        out_ += "{\"If\":{\"cond\":";
        operand(operands[0]);
        put(",\"then\":{},\"else\":{}}}}}", targets[0], targets[1]);
        break;
      case End::kSwitch:
        out_ += "{\"Switch\":{\"value\":";
        operand(operands[0]);
        out_ += ",\"targets\":";
        list(Unit::of(unit_.cases, terminator.cases), [&](const Case& one) {
          out_ += "{\"value\":";
          value({.kind = one.kind, .bits = one.bits});
          put(",\"target\":{}}}", one.target);
        });
        put(",\"default\":{}}}}}", targets[0]);
        break;
      case End::kUnreachable:
        out_ += "\"Unreachable\"";
        break;
      case End::kAbort:
        put("{{\"Abort\":{}}}", quoted(terminator.text));
        break;
      case End::kCall:
        put("{{\"CallTerminator\":{{\"dest\":{},\"func\":", number_or_null(terminator.dest));
        operand(operands[0]);
        out_ += ",\"args\":";
        this->operands(operands.subspan(1));
        put(",\"normal\":{},\"unwind\":{},\"unwind_payload_dest\":{},\"unwind_type_tag_dest\":{}}}}"
            "}",
            targets[0], number_or_null(targets.size() == 2 ? targets[1] : kNone),
            number_or_null(terminator.unwind_payload), number_or_null(terminator.unwind_type_tag));
        break;
      case End::kForeign:
        out_ += unit_.string(terminator.text);
        break;
    }
  }

  void write(const Function& function) {
    put("{{\"symbol\":{},\"name\":{},\"signature\":", function.symbol, quoted(function.name));
    signature(function.signature);
    out_ += ",\"locals\":";
    list(Unit::of(unit_.locals, function.locals), [&](const Local& local) {
      put("{{\"id\":{},\"name\":{},\"type\":", local.id, quoted_or_null(local.name));
      type(local.type);
      constexpr const char* kKinds[] = {"\"Var\"", "\"Temp\"", "\"Return\""};
      local.kind == LocalKind::kArg
          ? put(",\"kind\":{{\"Arg\":{}}}}}", local.argument)
          : put(",\"kind\":{}}}", kKinds[static_cast<std::size_t>(local.kind)]);
    });
    out_ += ",\"blocks\":";
    list(Unit::of(unit_.blocks, function.blocks), [&](const Block& block) {
      put("{{\"id\":{},\"label\":{},\"instructions\":", block.id, quoted_or_null(block.label));
      list(Unit::of(unit_.instructions, block.instructions),
           [&](const Instruction& instruction) { write(instruction); });
      out_ += ",\"terminator\":";
      write(block.terminator);
      out_ += '}';
    });
    put(",\"entry_block\":{}", function.entry);
    parameters(function.parameters);
    out_ += '}';
  }
  void parameters(List list) {
    if (list.count == 0) return;
    out_ += ",\"generic_params\":";
    this->list(Unit::of(unit_.parameters, list), [&](const Parameter& parameter) {
      if (parameter.constraint == Constraint::kAny) {
        out_ += quoted(parameter.name);
        return;
      }
      put("{{\"name\":{},\"constraint\":\"{}\"}}", quoted(parameter.name),
          kConstraintNames[static_cast<std::size_t>(parameter.constraint)].json);
    });
  }

  void write(const Definition& definition) {
    put("{{\"symbol\":{},\"name\":{}", definition.symbol, quoted(definition.name));
    parameters(definition.parameters);
    if (definition.is_enum) {
      out_ += ",\"enum\":";
      list(Unit::of(unit_.variants, definition.parts), [&](const Variant& variant) {
        put("{{\"variant\":{},\"fields\":", quoted(variant.name));
        list(Unit::of(unit_.fields, variant.fields), [&](const Field& field) { type(field.type); });
        out_ += '}';
      });
    } else {
      out_ += ",\"struct\":";
      list(Unit::of(unit_.fields, definition.parts), [&](const Field& field) {
        put("{{\"name\":{},\"type\":", quoted_or_null(field.name));
        type(field.type);
        out_ += '}';
      });
    }
    out_ += '}';
  }

  const Unit& unit_;
  const std::size_t max_size_;
  std::string out_{};
};

}  // namespace

std::string write_json(const Unit& unit, std::size_t max_size) {
  return JsonWriter(unit, max_size).write();
}

}  // namespace smf::mir
