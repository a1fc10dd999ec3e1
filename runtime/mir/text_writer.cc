#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "runtime/mir/shapes.h"
#include "runtime/mir/spelling.h"
#include "runtime/mir/text.h"
#include "runtime/mir/text_lexer.h"

namespace smf::mir {
namespace {

constexpr std::size_t kMaxHeading = 1000;

class TextWriter {
 public:
  explicit TextWriter(const Unit& unit, std::size_t max_size) : unit_(unit), max_size_(max_size) {
    find_bare_definitions();
  }

  std::string write() && {
    if (unit_.name != kNone) put("module {}\n", quote(unit_.string(unit_.name)));
    for (const Definition& definition : unit_.definitions) write(definition);
    for (const Function& function : unit_.functions) write(function);
    return std::move(out_);
  }

  std::string heading(const Function& function) && {
    return in_short([&] {
      name_with_parameters(function.name, function.parameters);
      signature(function.signature);
    });
  }
  std::string heading(const Definition& definition) && {
    return in_short([&] { name_with_parameters(definition.name, definition.parameters); });
  }

 private:
  template <typename Write>
  std::string in_short(const Write& write) {
    try {
      write();
    } catch (const std::length_error&) {
      out_ += "...";
    }
    return std::move(out_);
  }

  template <typename... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }
  template <typename Range, typename Write>
  void list(const Range& range, const Write& write) {
    bool is_first = true;
    for (const auto& one : range) {
      if (!is_first) out_ += ", ";
      is_first = false;
      check_size();
      write(one);
    }
  }
  std::string name(StringId id) const {
    const std::string_view text = unit_.string(id);
    return is_bare_name(text) ? std::string(text) : quote(text);
  }
  // One that begins a line, where `foreign` means something.
  std::string name_at_line_start(StringId id) const {
    return unit_.string(id) == "foreign" ? "\"foreign\"" : name(id);
  }

  // ---- Types ----

  // Whether every reader takes the name for this definition.
  void find_bare_definitions() {
    std::map<std::string_view, int> names;
    std::map<Symbol, int> symbols;
    for (const Definition& one : unit_.definitions) {
      ++names[unit_.string(one.name)];
      ++symbols[one.symbol];
    }
    for (const Definition& one : unit_.definitions) {
      const std::string_view name = unit_.string(one.name);
      if (names[name] == 1 && symbols[one.symbol] == 1 && is_bare_name(name) && !is_type_word(name))
        bare_definitions_[one.symbol] = &one;
    }
  }
  bool is_in_scope(std::string_view name) const {
    return std::ranges::any_of(Unit::of(unit_.parameters, scope_), [&](const Parameter& one) {
      return unit_.string(one.name) == name;
    });
  }

  void check_size() const {
    if (out_.size() > max_size_)
      throw std::length_error(fmt::format("more than {} bytes when written out", max_size_));
  }

  void type(TypeId id) {
    check_size();
    const Type& type = unit_.types[id];
    const auto parts = unit_.parts(type);
    const std::string_view word = kTypeNames[static_cast<std::size_t>(type.kind)].text;
    switch (type.kind) {
      case TypeKind::kPtr:
      case TypeKind::kRef:
        put("{}{}", word, type.flag ? "mut " : "");
        return this->type(parts[0]);
      case TypeKind::kFuncPtr:
        out_ += word;
        return signature(id);
      case TypeKind::kArray:
        out_ += '[';
        this->type(parts[0]);
        return put("; {}]", type.number);
      case TypeKind::kSlice:
        out_ += '[';
        this->type(parts[0]);
        return put("]");
      case TypeKind::kTuple:
        out_ += '(';
        types(parts);
        return put("{}", parts.size() == 1 ? ",)" : ")");
      case TypeKind::kStruct:
      case TypeKind::kEnum:
        return defined(type, word);
      case TypeKind::kOpaque:
      case TypeKind::kParameter:
        return named(unit_.string(type.name));
      default:
        out_ += word;
        if (parts.empty() && type.kind != TypeKind::kUnion) return;
        return arguments(parts);
    }
  }
  void types(std::span<const TypeId> ids) {
    list(ids, [&](TypeId id) { type(id); });
  }
  void arguments(std::span<const TypeId> ids) {
    out_ += '<';
    types(ids);
    out_ += '>';
  }
  // As JSON, which does not tell the two apart, is read.
  void named(std::string_view name) {
    if (is_in_scope(name)) {
      is_bare_name(name) && !is_type_word(name) ? put("{}", name) : put("param {}", quote(name));
    } else {
      name == "text" ? put("text") : put("opaque {}", quote(name));
    }
  }
  void defined(const Type& type, std::string_view word) {
    const auto found = bare_definitions_.find(static_cast<Symbol>(type.number));
    const bool is_bare = found != bare_definitions_.end() &&
                         found->second->is_enum == (type.kind == TypeKind::kEnum) &&
                         !is_in_scope(unit_.string(found->second->name));
    is_bare ? put("{}", unit_.string(found->second->name)) : put("{} #{}", word, type.number);
    if (type.parts.count != 0) arguments(unit_.parts(type));
  }
  void signature(TypeId id) {
    const auto parts = unit_.parts(id);
    out_ += '(';
    types(parts.subspan(1));
    if (unit_.types[id].flag) out_ += parts.size() > 1 ? ", ..." : "...";
    out_ += ')';
    if (parts[0] == kNone) return;
    out_ += " -> ";
    type(parts[0]);
  }

  // ---- Values ----

  void integer(ValueKind kind, std::uint64_t bits) {
    kind == ValueKind::kUnsigned ? put("{}", bits) : put("{}", static_cast<std::int64_t>(bits));
  }
  void value(const Constant& constant) {
    const bool is_float = mir::is_float(constant.type);
    switch (constant.kind) {
      case ValueKind::kInt:
      case ValueKind::kUnsigned:
        return integer(constant.kind, constant.bits);
      case ValueKind::kFloat: {
        const std::string digits = spell_float(std::bit_cast<double>(constant.bits));
        return std::isfinite(std::bit_cast<double>(constant.bits)) ? put("{}", digits)
                                                                   : string(digits, is_float);
      }
      case ValueKind::kBool:
        return put("{}", constant.bits != 0);
      case ValueKind::kString:
        return string(unit_.string(static_cast<StringId>(constant.bits)), is_float);
      case ValueKind::kZero:
        return put("zero");
      case ValueKind::kNull:
        return put("null");
    }
  }
  // What JSON has in quotes.
  void string(std::string_view text, bool is_float) {
    if (text == "Zero") return put("zero");
    if (is_float && text == "NaN") return put("nan");
    if (is_float && text == "Infinity") return put("inf");
    if (is_float && text == "-Infinity") return put("-inf");
    put("{}", quote(text));
  }
  void constant(Operand operand) {
    const Constant& constant = unit_.constants[operand.index];
    type(constant.type);
    out_ += ' ';
    value(constant);
  }
  void operand(Operand operand) {
    if (!operand.is_local()) return constant(operand);
    put("{}%{}", operand.kind() == Operand::Kind::kMove ? "move " : "",
        std::uint32_t{operand.index});
  }
  void operands(std::span<const Operand> all) {
    list(all, [&](Operand one) { operand(one); });
  }
  void in_parentheses(std::span<const Operand> all) {
    out_ += '(';
    operands(all);
    out_ += ')';
  }
  void call(std::span<const Operand> all) {
    operand(all[0]);
    in_parentheses(all.subspan(1));
  }

  // ---- Instructions ----

  void write(const Instruction& instruction) {
    const auto all = unit_.of(instruction);
    out_ += "    ";
    if (instruction.dest != kNone) put("%{} = ", instruction.dest);
    put("{}", kOpNames[static_cast<std::size_t>(instruction.op)].text);
    if (instruction.op != Op::kNop && instruction.op != Op::kBinary && instruction.op != Op::kUnary)
      out_ += ' ';
    rest_of(instruction, all);
    out_ += '\n';
  }
  void rest_of(const Instruction& instruction, std::span<const Operand> all) {
    switch (instruction.op) {
      case Op::kNop:
        return;
      case Op::kCopy:
      case Op::kMove:
        return put("%{}", std::uint32_t{all[0].index});
      case Op::kBinary:
      case Op::kChecked:
        put("{} ", kBinaryNames[instruction.detail].text);
        return operands(all);
      case Op::kUnary:
        put("{} ", kUnaryNames[instruction.detail].text);
        return operands(all);
      case Op::kAlloc:
        return type(instruction.type);
      case Op::kConst:
      case Op::kLoad:
      case Op::kStore:
      case Op::kGetElementPtr:
        return operands(all);
      case Op::kGlobalAddr:
        return put("{}#{}", instruction.detail != 0 ? "mut " : "", instruction.number);
      case Op::kAggregate:
        return aggregate(instruction, all);
      case Op::kGetField:
        operands(all);
        return put(", {}", instruction.number);
      case Op::kSetField:
        operand(all[0]);
        put(", {}, ", instruction.number);
        return operand(all[1]);
      case Op::kCast:
      case Op::kBitcast:
        operands(all);
        out_ += " to ";
        return type(instruction.type);
      case Op::kCall:
        return call(all);
      case Op::kCallIndirect:
        call(all);
        out_ += " as fn";
        return signature(instruction.type);
      case Op::kIntrinsic:
        out_ += name(instruction.number);
        return in_parentheses(all);
      case Op::kDebugValue:
        return put("%{} {}", std::uint32_t{all[0].index}, name(instruction.number));
      case Op::kForeign:
        return put("{}", unit_.string(instruction.number));
    }
  }
  void aggregate(const Instruction& instruction, std::span<const Operand> all) {
    const Type& type = unit_.types[instruction.type];
    switch (type.kind) {
      case TypeKind::kArray:
        out_ += "array ";
        this->type(unit_.parts(type)[0]);
        break;
      case TypeKind::kStruct:
        out_ += "struct ";
        this->type(instruction.type);
        break;
      case TypeKind::kEnum:
        out_ += "enum ";
        this->type(instruction.type);
        put(" {}", instruction.number);
        break;
      default:
        out_ += "tuple";
    }
    out_ += ' ';
    in_parentheses(all);
  }

  void write(const Terminator& terminator) {
    const auto all = Unit::of(unit_.operands, terminator.operands);
    const auto targets = Unit::of(unit_.numbers, terminator.targets);
    out_ += "    ";
    switch (terminator.end) {
      case End::kGoto:
        put("goto {}", targets[0]);
        break;
      case End::kReturn:
        put("return{}", all.empty() ? "" : " ");
        operands(all);
        break;
      case End::kIf:
        out_ += "if ";
        operand(all[0]);
        put(" then {} else {}", targets[0], targets[1]);
        break;
      case End::kSwitch:
        out_ += "switch ";
        operand(all[0]);
        out_ += " [";
        list(Unit::of(unit_.cases, terminator.cases), [&](const Case& one) {
          integer(one.kind, one.bits);
          put(": {}", one.target);
        });
        put("] else {}", targets[0]);
        break;
      case End::kUnreachable:
        out_ += "unreachable";
        break;
      case End::kAbort:
        put("abort {}", quote(unit_.string(terminator.text)));
        break;
      case End::kCall:
        if (terminator.dest != kNone) put("%{} = ", terminator.dest);
        out_ += "invoke ";
        call(all);
        put(" to {}", targets[0]);
        if (targets.size() == 2) put(" unwind {}", targets[1]);
        if (terminator.unwind_payload != kNone) put(" payload %{}", terminator.unwind_payload);
        if (terminator.unwind_type_tag != kNone) put(" tag %{}", terminator.unwind_type_tag);
        break;
      case End::kForeign:
        put("foreign {}", unit_.string(terminator.text));
        break;
    }
    out_ += '\n';
  }

  // ---- Functions and definitions ----

  void begin(const char* what, Symbol symbol, StringId id, List parameters) {
    if (!out_.empty()) out_ += '\n';
    put("{} #{} ", what, symbol);
    name_with_parameters(id, parameters);
  }
  void name_with_parameters(StringId id, List parameters) {
    scope_ = parameters;
    out_ += name(id);
    if (parameters.count == 0) return;
    out_ += '<';
    list(Unit::of(unit_.parameters, parameters), [&](const Parameter& one) {
      out_ += name(one.name);
      if (one.constraint != Constraint::kAny)
        put(": {}", kConstraintNames[static_cast<std::size_t>(one.constraint)].text);
    });
    out_ += '>';
  }

  void write(const Definition& definition) {
    begin(definition.is_enum ? "enum" : "struct", definition.symbol, definition.name,
          definition.parameters);
    out_ += " {\n";
    if (definition.is_enum) {
      for (const Variant& variant : Unit::of(unit_.variants, definition.parts)) {
        put("  {}(", name_at_line_start(variant.name));
        list(Unit::of(unit_.fields, variant.fields), [&](const Field& field) { type(field.type); });
        out_ += ")\n";
      }
    } else {
      for (const Field& field : Unit::of(unit_.fields, definition.parts)) {
        put("  {}: ", field.name == kNone ? "" : name_at_line_start(field.name));
        type(field.type);
        out_ += '\n';
      }
    }
    out_ += "}\n";
  }

  void write(const Function& function) {
    begin("fn", function.symbol, function.name, function.parameters);
    signature(function.signature);
    put(" entry {} {{\n", function.entry);
    for (const Local& local : Unit::of(unit_.locals, function.locals)) {
      check_size();
      put("  local %{}", local.id);
      if (local.name != kNone) put(" {}", name(local.name));
      out_ += ": ";
      type(local.type);
      constexpr const char* kKinds[] = {"var", "temp", "return", "arg"};
      put(" {}", kKinds[static_cast<std::size_t>(local.kind)]);
      if (local.kind == LocalKind::kArg) put(" {}", local.argument);
      out_ += '\n';
    }
    for (const Block& block : Unit::of(unit_.blocks, function.blocks)) {
      put("  block {}", block.id);
      if (block.label != kNone) put(" {}", name(block.label));
      out_ += ":\n";
      for (const Instruction& one : Unit::of(unit_.instructions, block.instructions)) {
        check_size();
        write(one);
      }
      write(block.terminator);
    }
    out_ += "}\n";
  }

  const Unit& unit_;
  const std::size_t max_size_;
  std::string out_{};
  std::map<Symbol, const Definition*> bare_definitions_{};
  List scope_{};
};

}  // namespace

std::string write_text(const Unit& unit, std::size_t max_size) {
  return TextWriter(unit, max_size).write();
}

std::string heading(const Unit& unit, const Function& function) {
  return TextWriter(unit, kMaxHeading).heading(function);
}

std::string heading(const Unit& unit, const Definition& definition) {
  return TextWriter(unit, kMaxHeading).heading(definition);
}

}  // namespace smf::mir
