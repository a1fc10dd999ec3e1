#include "runtime/mir/testing/emit_c_function.h"

#include <fmt/format.h>

#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

constexpr bool is_data_pointer(TypeKind kind) {
  return kind == TypeKind::kPtr || kind == TypeKind::kRef;
}

}  // namespace

// ---- What stands in front ----

std::string CDeclarations::function_name(FunctionId id) const {
  return fmt::format("{}f{}", prefix, id);
}

std::string CDeclarations::head(std::string_view name, TypeId signature) {
  const auto given = program.unit().parts(signature);
  const std::vector<TypeId> parts(given.begin(), given.end());
  std::string made = fmt::format("static {} {}(", types.name(parts[0]), name);
  for (std::size_t i = 1; i != parts.size(); ++i)
    made += fmt::format("{}{} a{}", i == 1 ? "" : ", ", types.name(parts[i]), i - 1);
  return made + (parts.size() == 1 ? "void)" : ")");
}

std::string CDeclarations::text(StringId id) {
  std::string name = fmt::format("{}s{}", prefix, id);
  if (!texts_.insert(id).second) return name;
  code += fmt::format("static const unsigned char {}[] = \"", name);
  for (const char c : program.unit().string(id))
    code += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  code += "\";\n";
  return name;
}

std::string CDeclarations::global(Symbol symbol) {
  std::string name = fmt::format("{}global{}", prefix, symbol);
  if (globals.insert(symbol).second) code += fmt::format("smf_address {};\n", name);
  return name;
}

std::string CDeclarations::native(const std::string& mangled_name) {
  std::size_t index = 0;
  while (index != natives.size() && natives[index] != mangled_name) ++index;
  std::string name = fmt::format("{}native{}", prefix, index);
  if (index != natives.size()) return name;
  natives.push_back(mangled_name);
  code += fmt::format("smf_native {};\n", name);
  return name;
}

std::string CDeclarations::native_call(const std::string& mangled_name, TypeId signature) {
  const auto [known, is_new] = thunk_names_.try_emplace({mangled_name, signature});
  if (!is_new) return known->second;
  const std::string pointer = native(mangled_name);
  known->second = fmt::format("{}_{}", pointer, signature);
  const auto parts = program.unit().parts(signature);
  const std::size_t count = parts.size() - 1;
  const TypeId result = parts[0];
  thunks += head(known->second, signature) + " {\n  const void* arguments[] = {";
  for (std::size_t i = 0; i != count; ++i) thunks += fmt::format("&a{}, ", i);
  thunks += "0};\n";
  thunks += fmt::format("  if (!{}) smf_trap(SMF_MISSING, -1, -1);\n", pointer);
  // One that returns something where nobody wants it has room for a little.
  thunks += result == kNone ? "  unsigned char result[64];\n"
                            : fmt::format("  {} result;\n", types.name(result));
  thunks += fmt::format("  {}(arguments, &result);\n", pointer);
  thunks += result == kNone ? "}\n" : "  return result;\n}\n";
  return known->second;
}

// ---- The function ----

CFunction::CFunction(CDeclarations& declarations, FunctionId id)
    : declarations_(declarations),
      types_(declarations.types),
      program_(declarations.program),
      id_(id),
      function_(declarations.program.unit().functions[id]) {}

template <typename... Arguments>
void CFunction::line(std::string_view format, const Arguments&... arguments) {
  body_ += "  " + fmt::format(fmt::runtime(format), arguments...) + "\n";
}
void CFunction::set(LocalId dest, std::string_view expression) {
  if (dest == kNone) return line("(void)({});", expression);
  line("l{} = {};", dest, expression);
}
void CFunction::stop(std::string_view kind) { line("smf_trap({}, {});", kind, at_); }

TypeId CFunction::type_of(Operand operand) const {
  return operand.is_local() ? type_of(LocalId(operand.index))
                            : unit().constants[operand.index].type;
}

std::vector<TypeId> CFunction::signature_parts(TypeId signature) const {
  const auto parts = unit().parts(signature);
  return {parts.begin(), parts.end()};
}

std::string CFunction::write() {
  std::string locals;
  for (std::uint32_t i = 0; i != function_.locals.count; ++i) {
    const Local local = unit().locals[function_.locals.first + i];
    locals += fmt::format(
        "  {} l{}{};\n", types_.name(local.type), i,
        local.kind == LocalKind::kArg ? fmt::format(" = a{}", local.argument) : std::string());
  }
  for (std::uint32_t b = 0; b != function_.blocks.count; ++b) {
    const Block block = unit().blocks[function_.blocks.first + b];
    at_ = fmt::format("{}, {}", id_, b);
    body_ += fmt::format("b{}:;\n", b);
    for (std::uint32_t i = 0; i != block.instructions.count; ++i)
      instruction(block.instructions.first + i);
    terminator(block.terminator);
  }
  return fmt::format("{} {{\n{}{}  goto b{};\n{}}}\n",
                     declarations_.head(declarations_.function_name(id_), function_.signature),
                     locals, slots_, function_.entry, body_);
}

std::string CFunction::wrapper() {
  const std::vector<TypeId> parts = signature_parts(function_.signature);
  const std::string name = declarations_.function_name(id_);
  std::string made =
      fmt::format("void {}_call(const void* const* arguments, void* result) {{\n", name);
  std::string arguments;
  for (std::size_t i = 1; i != parts.size(); ++i) {
    made += fmt::format("  {0} a{1};\n  memcpy(&a{1}, arguments[{1}], sizeof a{1});\n",
                        types_.name(parts[i]), i - 1);
    arguments += fmt::format("{}a{}", i == 1 ? "" : ", ", i - 1);
  }
  if (parts[0] == kNone) return made + fmt::format("  {}({});\n}}\n", name, arguments);
  return made + fmt::format("  {} made = {}({});\n  memcpy(result, &made, sizeof made);\n}}\n",
                            types_.name(parts[0]), name, arguments);
}

// ---- Operands ----

std::string CFunction::value(Operand operand) {
  return operand.is_local() ? fmt::format("l{}", LocalId(operand.index)) : constant(operand.index);
}

std::string CFunction::number(Operand operand) {
  const TypeId type = type_of(operand);
  if (kind(type) == TypeKind::kBool) return "(" + value(operand) + " != 0)";
  if (is_pointer(kind(type))) return "(uint64_t)" + value(operand);
  return value(operand);
}

std::string CFunction::constant(ConstantId id) {
  const Constant constant = unit().constants[id];
  const std::string type = types_.name(constant.type);
  switch (constant.kind) {
    case ValueKind::kInt:
      if (is_float(constant.type))
        return fmt::format("(({})(int64_t){:#x}ull)", type, constant.bits);
      return fmt::format("(({}){:#x}ull)", type, constant.bits);
    case ValueKind::kUnsigned:
    case ValueKind::kBool:
      return fmt::format("(({}){:#x}ull)", type, constant.bits);
    case ValueKind::kFloat:
      return fmt::format("(({})smf_bits_f64({:#x}ull))", type, constant.bits);
    case ValueKind::kString: {
      if (kind(constant.type) == TypeKind::kFuncPtr) return function_address(id, constant.type);
      const auto text = static_cast<StringId>(constant.bits);
      return fmt::format("(({}){{(smf_address){}, {}}})", type, declarations_.text(text),
                         unit().string(text).size());
    }
    case ValueKind::kZero:
    case ValueKind::kNull:
      break;
  }
  const bool is_number = (constant.type < kPrimitives && types_.suffix(constant.type) != "") ||
                         is_pointer(kind(constant.type));
  return fmt::format("(({}){})", type, is_number ? "0" : "{}");
}

std::string CFunction::function_address(ConstantId id, TypeId signature) {
  const Callee callee = program_.dependencies(id_)[program_.callee(id_, id)];
  if (program_.has(callee.name)) {
    const FunctionId made = *program_.make(callee);
    return fmt::format("((smf_address){})", declarations_.function_name(made));
  }
  const std::string name = program_.mangled_name(callee);
  if (unit().types[signature].flag)
    throw NoC{fmt::format("the address of '{}', which takes any arguments", name)};
  return fmt::format("((smf_address){})", declarations_.native_call(name, signature));
}

// ---- Instructions ----

void CFunction::instruction(std::uint32_t index) {
  const Instruction made = unit().instructions[index];
  const auto given = unit().of(made);
  const std::vector<Operand> operands(given.begin(), given.end());
  switch (made.op) {
    case Op::kNop:
    case Op::kDebugValue:
    case Op::kForeign:
      return;
    case Op::kConst:
    case Op::kCopy:
    case Op::kMove:
      return set(made.dest, value(operands[0]));
    case Op::kBinary:
    case Op::kChecked:
      return binary(made, operands);
    case Op::kUnary:
      return set(made.dest, unary(static_cast<UnaryOp>(made.detail), operands[0]));
    case Op::kAlloc:
      slots_ +=
          fmt::format("  {} s{} __attribute__((aligned(8)));\n", types_.name(made.type), index);
      line("memset(&s{0}, 0, sizeof s{0});", index);
      return set(made.dest, fmt::format("(smf_address)&s{}", index));
    case Op::kLoad:
      return set(made.dest, fmt::format("*({}*){}", types_.name(part(type_of(operands[0]))),
                                        value(operands[0])));
    case Op::kStore:
      return line("*({}*){} = {};", types_.name(type_of(operands[1])), value(operands[0]),
                  value(operands[1]));
    case Op::kGlobalAddr: {
      const std::string global = declarations_.global(made.number);
      line("if ({} == 0) smf_trap(SMF_MISSING, {});", global, at_);
      return set(made.dest, global);
    }
    case Op::kGetElementPtr:
      return element(made.dest, operands);
    case Op::kAggregate:
      return aggregate(made, operands);
    case Op::kGetField:
      return set(made.dest, field(operands[0], made.number));
    case Op::kSetField: {
      const std::string place = field(operands[0], made.number);
      return line("{} = {};", place, value(operands[1]));
    }
    case Op::kCast:
      return set(made.dest, cast(operands[0], made.type));
    case Op::kBitcast:
      return line("{{ {} before = {}; memcpy(&l{}, &before, sizeof before); }}",
                  types_.name(type_of(operands[0])), value(operands[0]), made.dest);
    case Op::kCall:
      return call(made.dest, operands);
    case Op::kCallIndirect:
      return call_address(made.dest, made.type, operands);
    case Op::kIntrinsic:
      return intrinsic(made, operands);
  }
}

void CFunction::element(LocalId dest, std::span<const Operand> operands) {
  TypeId type = part(type_of(operands[0]));
  std::string address = fmt::format("{} + {} * sizeof({})", value(operands[0]), index(operands[1]),
                                    types_.name(type));
  for (std::size_t i = 2; i != operands.size(); ++i) {
    if (kind(type) == TypeKind::kArray) {
      type = part(type);
      address += fmt::format(" + {} * sizeof({})", index(operands[i]), types_.name(type));
      continue;
    }
    const auto number = static_cast<std::uint32_t>(*constant_index(unit(), operands[i]));
    address += fmt::format(" + offsetof({}, {})", types_.name(type), types_.field(type, number));
    type = (*program_.fields(type))[number];
  }
  set(dest, address);
}

void CFunction::aggregate(const Instruction& made, std::span<const Operand> operands) {
  const TypeId type = type_of(made.dest);
  // The destination may be one of the operands.
  body_ += fmt::format("  {{ {} made = {{}};", types_.name(type));
  const bool is_enum = has_variants(kind(type));
  const std::uint32_t variant = is_enum ? made.number : 0;
  if (is_enum) body_ += fmt::format(" made.tag = {};", variant);
  for (std::uint32_t i = 0; i != operands.size(); ++i) {
    const std::string place =
        kind(type) == TypeKind::kArray ? fmt::format("e[{}]", i) : types_.field(type, i, variant);
    body_ += fmt::format(" made.{} = {};", place, value(operands[i]));
  }
  body_ += fmt::format(" l{} = made; }}\n", made.dest);
}

// Of a value, or of what a pointer points at.
std::string CFunction::field(Operand base, std::uint32_t number) {
  const TypeId type = type_of(base);
  if (!is_data_pointer(kind(type)))
    return fmt::format("{}.{}", value(base), types_.field(type, number));
  const TypeId pointee = part(type);
  return fmt::format("(({}*){})->{}", types_.name(pointee), value(base),
                     types_.field(pointee, number));
}

void CFunction::intrinsic(const Instruction& made, std::span<const Operand> operands) {
  const std::size_t index = find_intrinsic(unit().string(made.number));
  const auto address = [&](std::size_t i) { return value(operands[i]); };
  switch (static_cast<Intrinsic>(index)) {
    case Intrinsic::kSizeOf:
      return set(made.dest, fmt::format("sizeof({})", types_.name(type_of(operands[0]))));
    case Intrinsic::kAlignOf:
      return set(made.dest, fmt::format("_Alignof({})", types_.name(type_of(operands[0]))));
    case Intrinsic::kMemcpy:
    case Intrinsic::kMemmove:
      return set(made.dest, fmt::format("memmove({}, {}, {})", address(0), address(1),
                                        this->index(operands[2])));
    case Intrinsic::kMemset:
      return set(made.dest, fmt::format("memset({}, (unsigned char){}, {})", address(0),
                                        number(operands[1]), this->index(operands[2])));
    case Intrinsic::kMemcmp:
      return set(made.dest, fmt::format("smf_memcmp({}, {}, {})", address(0), address(1),
                                        this->index(operands[2])));
    case Intrinsic::kEnumTag:
      return set(made.dest, fmt::format("{}.tag", value(operands[0])));
    case Intrinsic::kEnumField: {
      const auto variant = static_cast<std::uint32_t>(*constant_index(unit(), operands[1]));
      const auto number = static_cast<std::uint32_t>(*constant_index(unit(), operands[2]));
      const std::string whole = value(operands[0]);
      line("if ({}.tag != {}) smf_trap(SMF_OPERATION, {});", whole, variant, at_);
      return set(made.dest,
                 fmt::format("{}.{}", whole, types_.field(type_of(operands[0]), number, variant)));
    }
    default:
      return set(made.dest, scalar_intrinsic(index, operands));
  }
}

// ---- Calls ----

TypeId CFunction::actual_signature(TypeId result, std::span<const Operand> operands) {
  std::vector<TypeId> parts{result};
  for (const Operand operand : operands.subspan(1)) parts.push_back(type_of(operand));
  return program_.builder().type(TypeKind::kFuncPtr, parts);
}

void CFunction::call(LocalId dest, std::span<const Operand> operands) {
  const TypeId type = type_of(operands[0]);
  if (operands[0].is_local()) return call_address(dest, type, operands);
  const bool has_type = kind(type) == TypeKind::kFuncPtr;
  const Callee callee = program_.dependencies(id_)[program_.callee(id_, operands[0].index)];
  if (program_.has(callee.name)) {
    const FunctionId made = *program_.make(callee);
    const TypeId signature = unit().functions[made].signature;
    const std::vector<TypeId> parts = signature_parts(signature);
    bool fits = (!has_type || type == signature) && parts.size() == operands.size();
    for (std::size_t i = 1; fits && i != operands.size(); ++i)
      fits = type_of(operands[i]) == parts[i];
    const TypeId result = parts[0] == kNone ? primitive(TypeKind::kUnit) : parts[0];
    if (!fits || (dest != kNone && type_of(dest) != result)) return stop("SMF_INVALID");
    return call_as(dest, parts[0], declarations_.function_name(made), operands);
  }
  const std::string name = program_.mangled_name(callee);
  const TypeId result = has_type ? part(type) : dest == kNone ? kNone : type_of(dest);
  const TypeId signature = actual_signature(result, operands);
  line("if ({} == 0) smf_trap(SMF_MISSING, {});", declarations_.native(name), at_);
  call_as(dest, result, declarations_.native_call(name, signature), operands);
}

void CFunction::call_address(LocalId dest, TypeId signature, std::span<const Operand> operands) {
  const TypeId result = part(signature);
  const std::string type = types_.function_pointer(actual_signature(result, operands));
  call_as(dest, result, fmt::format("(({}){})", type, value(operands[0])), operands);
}

void CFunction::call_as(LocalId dest, TypeId result, const std::string& callee,
                        std::span<const Operand> operands) {
  std::string arguments;
  for (const Operand operand : operands.subspan(1))
    arguments += (arguments.empty() ? "" : ", ") + value(operand);
  const std::string made = fmt::format("{}({})", callee, arguments);
  if (dest == kNone || result == kNone) return line("{};", made);
  line("l{} = {};", dest, made);
}

// ---- Terminators ----

void CFunction::terminator(const Terminator& made) {
  const auto given = Unit::of(unit().operands, made.operands);
  const std::vector<Operand> operands(given.begin(), given.end());
  const auto targets = Unit::of(unit().numbers, made.targets);
  switch (made.end) {
    case End::kGoto:
      return line("goto b{};", targets[0]);
    case End::kReturn: {
      const TypeId result = part(function_.signature);
      if (result == kNone) return line("return;");
      return line("return {};", operands.empty() ? "(smf_unit){}" : value(operands[0]));
    }
    case End::kIf:
      return line("if ({}) goto b{}; else goto b{};", number(operands[0]), targets[0], targets[1]);
    case End::kSwitch: {
      const std::string type = types_.name(type_of(operands[0]));
      const bool is_signed_type = is_signed(kind(type_of(operands[0])));
      line("switch ({}) {{", number(operands[0]));
      for (const Case& one : Unit::of(unit().cases, made.cases)) {
        line("  case ({}){:#x}ull: goto b{};", is_signed_type ? "int64_t" : "uint64_t", one.bits,
             one.target);
      }
      return line("  default: goto b{}; }}", targets[0]);
    }
    case End::kAbort:
      return stop("SMF_ABORT");
    default:
      return stop("SMF_UNREACHABLE");
  }
}

}  // namespace smf::mir
