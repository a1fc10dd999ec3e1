#include "runtime/mir/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/mir/shapes.h"

namespace smf::mir {

Importer::Importer(Program& program, Program::Source& source)
    : program_(program),
      source_(source),
      unit_(source.unit),
      scope_(program.buffers_.scope),
      types_(program.buffers_.types),
      parts_(program.buffers_.parts),
      local_types_(program.buffers_.local_types) {
  scope_.clear();
  types_.assign(unit_.types.size(), kNone);
  parts_.clear();
  local_types_.clear();
}

void Importer::replace(StringId parameter, TypeId type) {
  const auto known = std::ranges::find(scope_, parameter, &std::pair<StringId, TypeId>::first);
  if (known == scope_.end()) {
    scope_.emplace_back(parameter, type);
  } else {
    known->second = type;
  }
}

void Importer::refuse(std::string message, ErrorCode code) const {
  std::string where = name_.empty() ? std::string() : fmt::format("function '{}'", name_);
  if (at_block_) where += fmt::format(", block {}", *at_block_);
  if (at_instruction_) where += fmt::format(", instruction {}", *at_instruction_);
  throw NotImported{code, where.empty() ? std::move(message) : where + ": " + message};
}

// ---- Types ----

void Importer::check_extent(TypeId type) const {
  if (auto fits = program_.check_extent(type); !fits)
    refuse(fits.error().message, fits.error().code);
}

TypeId Importer::type(TypeId id) {
  if (id == kNone || id < kPrimitives) return id;
  TypeId& known = source_.depends[id] ? types_[id] : source_.types[id];
  if (known == kNone) known = import_type(unit_.types[id]);
  return known;
}

TypeId Importer::import_type(const Type& from) {
  if (from.kind == TypeKind::kParameter) {
    const auto in_place = std::ranges::find(scope_, from.name, &std::pair<StringId, TypeId>::first);
    if (in_place == scope_.end())
      refuse(fmt::format("there is no parameter '{}'", unit_.string(from.name)));
    return in_place->second;
  }
  if (++depth_ > Program::kMaxTypeDepth) {
    refuse(fmt::format("types are nested deeper than {}", Program::kMaxTypeDepth),
           ErrorCode::kLimit);
  }
  const std::size_t first = parts_.size();
  for (const TypeId part : unit_.parts(from)) {
    const TypeId imported = type(part);
    parts_.push_back(imported);
  }
  const auto parts = std::span<const TypeId>(parts_).subspan(first);
  std::uint64_t number = from.number;
  if (from.kind == TypeKind::kStruct || from.kind == TypeKind::kEnum) {
    const auto symbol = source_.symbols.find(static_cast<Symbol>(number));
    const std::string_view what = kTypeNames[static_cast<std::size_t>(from.kind)].text;
    if (symbol == source_.symbols.end()) refuse(fmt::format("{} {} is not defined", what, number));
    const Definition& definition = made().definitions[symbol->second];
    if (definition.is_enum != (from.kind == TypeKind::kEnum))
      refuse(fmt::format("'{}' is no {}", made().string(definition.name), what));
    if (definition.parameters.count != parts.size()) {
      refuse(fmt::format("'{}' has {} parameters and is given {}", made().string(definition.name),
                         definition.parameters.count, parts.size()));
    }
    number = symbol->second;
  }
  const TypeId to = builder().type(from.kind, parts, from.flag, number, string(from.name));
  parts_.resize(first);
  --depth_;
  check_extent(to);
  return to;
}

StringId Importer::string(StringId id) {
  if (id == kNone) return kNone;
  StringId& known = source_.strings[id];
  if (known == kNone) known = builder().string(unit_.string(id));
  return known;
}

// ---- Operands ----

LocalId Importer::local_elsewhere(LocalId id) const {
  const auto found = locals_.find(id);
  if (found == locals_.end()) refuse(fmt::format("there is no local {}", id));
  return found->second;
}

BlockId Importer::block(BlockId id) const {
  if (blocks_.empty() && id < block_count_) return id;
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) refuse(fmt::format("there is no block {}", id));
  return found->second;
}

// Of an operand that is the program's already.
TypeId Importer::type_of(Operand operand) const {
  return operand.is_local() ? local_types_[operand.index]
                            : program_.unit().constants[operand.index].type;
}

// A constant with the name of a function; what it names is a dependency.
ConstantId Importer::callee(std::string_view expression, TypeId type) {
  const CalleeExpression split = split_callee(expression);
  Callee callee{.name = std::string(split.name)};
  const FindType find = [&](std::string_view name) -> NamedType {
    for (const auto& [parameter, in_place] : scope_)
      if (unit_.string(parameter) == name) return {.type = in_place};
    return program_.find_definition(name);
  };
  for (const std::string_view argument : split.arguments) {
    auto parsed = parse_type(argument, builder(), find);
    if (!parsed) refuse(parsed.error().message, parsed.error().code);
    check_extent(*parsed);
    callee.arguments.push_back(*parsed);
  }
  const StringId name = builder().string(program_.mangled_name(callee));
  const ConstantId id =
      builder().constant({.type = type, .kind = ValueKind::kString, .bits = name});
  const auto known = std::ranges::find(dependencies, callee);
  const auto index = static_cast<std::uint32_t>(known - dependencies.begin());
  if (known == dependencies.end()) dependencies.push_back(std::move(callee));
  callees.emplace(id, index);
  return id;
}

ConstantId Importer::constant(ConstantId id, bool is_called) {
  if (const ConstantId known = source_.constants[id]; known != kNone && !is_called) return known;
  Constant constant = unit_.constants[id];
  const bool depends = constant.type != kNone && source_.depends[constant.type];
  constant.type = type(constant.type);
  if (constant.kind == ValueKind::kString) {
    const auto text = static_cast<StringId>(constant.bits);
    if (is_called || made().types[constant.type].kind == TypeKind::kFuncPtr)
      return callee(unit_.string(text), constant.type);
    constant.bits = string(text);
  }
  const ConstantId made = builder().constant(constant);
  if (!depends) source_.constants[id] = made;
  return made;
}

Operand Importer::operand(Operand operand, bool is_called) {
  return Operand::of(operand.kind(), operand.is_local() ? local(operand.index)
                                                        : constant(operand.index, is_called));
}

List Importer::operands(List list, bool is_call) {
  std::vector<Operand>& all = made().operands;
  const std::uint32_t first = UnitBuilder::size_of(all);
  // What comes in between are types, strings and constants.
  for (std::uint32_t i = 0; i != list.count; ++i)
    all.push_back(operand(unit_.operands[list.first + i], is_call && i == 0));
  return {.first = first, .count = list.count};
}

// ---- Instructions ----

void Importer::operation(Instruction& instruction) {
  const auto given = program_.unit().of(instruction);
  const TypeId type = type_of(given[0]);
  if (has_operators(program_.unit().types[type].kind)) return;
  const std::vector<Operand> arguments(given.begin(), given.end());
  const bool is_unary = instruction.op == Op::kUnary;
  const std::string_view op =
      is_unary ? kUnaryNames[instruction.detail].text : kBinaryNames[instruction.detail].text;
  std::vector<TypeId> signature{local_types_[instruction.dest]};
  for (const Operand argument : arguments) signature.push_back(type_of(argument));
  const TypeId function = builder().type(TypeKind::kFuncPtr, signature);
  std::vector<Operand> call{
      Operand::constant(callee(fmt::format("{}${}", op, program_.name_of(type)), function))};
  call.insert(call.end(), arguments.begin(), arguments.end());
  instruction = {.op = Op::kCall, .dest = instruction.dest, .operands = builder().operands(call)};
}

// The JSON may name a struct or an enum by its symbol alone: its arguments are the destination's. A
// Result is an enum of any symbol, which nothing need define.
TypeId Importer::aggregate_type(const Instruction& from, LocalId dest) {
  const Type& named = unit_.types[from.type];
  if (named.kind != TypeKind::kStruct && named.kind != TypeKind::kEnum) return type(from.type);
  if (dest == kNone) return type(from.type);
  const TypeId made_type = local_types_[dest];
  const Type& wanted = made().types[made_type];
  if (wanted.kind == TypeKind::kResult && named.kind == TypeKind::kEnum)
    return builder().type(TypeKind::kEnum, {}, false, named.number);
  const auto symbol = source_.symbols.find(static_cast<Symbol>(named.number));
  const bool is_same = wanted.kind == named.kind && symbol != source_.symbols.end() &&
                       symbol->second == wanted.number;
  return is_same && named.parts.count == 0 ? made_type : type(from.type);
}

void Importer::instruction(const Instruction& from) {
  Instruction to = from;
  if (from.op == Op::kForeign) {
    refuse(fmt::format("not compiled here: {}", unit_.string(from.number)),
           ErrorCode::kUnsupported);
  }
  if (from.dest != kNone) to.dest = local(from.dest);
  to.type = from.op == Op::kAggregate ? aggregate_type(from, to.dest) : type(from.type);
  if (from.op == Op::kIntrinsic || from.op == Op::kDebugValue) to.number = string(from.number);
  to.operands = operands(from.operands, from.op == Op::kCall);
  if (from.op == Op::kBinary || from.op == Op::kChecked || from.op == Op::kUnary) operation(to);
  made().instructions.push_back(to);
}

// A call that nobody catches anything from is an instruction, and a jump.
Terminator Importer::terminator(const Terminator& from) {
  Terminator to = from;
  if (from.end == End::kForeign) {
    refuse(fmt::format("not compiled here: {}", unit_.string(from.text)), ErrorCode::kUnsupported);
  }
  // Types are numbers too: all of these at once.
  std::vector<std::uint32_t>& numbers = made().numbers;
  const std::uint32_t first = UnitBuilder::size_of(numbers);
  for (const BlockId target : Unit::of(unit_.numbers, from.targets))
    numbers.push_back(block(target));
  const List targets = UnitBuilder::since(first, numbers);
  if (from.end == End::kCall) {
    if (targets.count == 2) refuse("not compiled here: unwinding", ErrorCode::kUnsupported);
    instruction({.op = Op::kCall, .dest = from.dest, .operands = from.operands});
    to = {.end = End::kGoto};
  } else {
    to.operands = operands(from.operands);
    to.text = string(from.text);
    std::vector<Case>& cases = made().cases;
    const std::uint32_t first_case = UnitBuilder::size_of(cases);
    for (Case one : Unit::of(unit_.cases, from.cases)) {
      one.target = block(one.target);
      cases.push_back(one);
    }
    to.cases = UnitBuilder::since(first_case, cases);
  }
  to.targets = targets;
  return to;
}

// ---- The function ----

List Importer::locals(const Function& function) {
  const auto given = Unit::of(unit_.locals, function.locals);
  bool is_dense = true;
  for (std::size_t i = 0; i != given.size(); ++i) is_dense = is_dense && given[i].id == i;
  std::vector<Local>& all = made().locals;
  const std::uint32_t first = UnitBuilder::size_of(all);
  for (Local local : given) {
    const auto index = static_cast<LocalId>(all.size() - first);
    if (!is_dense && !locals_.emplace(local.id, index).second)
      refuse(fmt::format("local {} is there twice", local.id));
    local.id = index;
    local.name = string(local.name);
    local.type = type(local.type);
    local_types_.push_back(local.type);
    all.push_back(local);
  }
  return UnitBuilder::since(first, all);
}

List Importer::blocks(const Function& function) {
  const auto given = Unit::of(unit_.blocks, function.blocks);
  bool is_dense = true;
  for (std::size_t i = 0; i != given.size(); ++i) is_dense = is_dense && given[i].id == i;
  block_count_ = is_dense ? function.blocks.count : 0;
  BlockId next = 0;
  for (const Block& block : given)
    if (!is_dense && !blocks_.emplace(block.id, next++).second)
      refuse(fmt::format("block {} is there twice", block.id));
  std::vector<Block>& all = made().blocks;
  const std::uint32_t first = UnitBuilder::size_of(all);
  for (const Block& from : given) {
    at_block_ = from.id;
    Block to{.id = static_cast<BlockId>(all.size() - first), .label = string(from.label)};
    to.instructions.first = UnitBuilder::size_of(made().instructions);
    at_instruction_ = 0;
    for (const Instruction& one : Unit::of(unit_.instructions, from.instructions)) {
      instruction(one);
      ++*at_instruction_;
    }
    to.terminator = terminator(from.terminator);
    at_instruction_.reset();
    to.instructions = UnitBuilder::since(to.instructions.first, made().instructions);
    all.push_back(to);
  }
  at_block_.reset();
  return UnitBuilder::since(first, all);
}

void Importer::function(const Function& function, StringId name) {
  name_ = unit_.string(function.name);
  Function to{.symbol = function.symbol, .name = name};
  to.signature = type(function.signature);
  to.locals = locals(function);
  to.blocks = blocks(function);
  if (block_count_ == 0 ? !blocks_.contains(function.entry) : function.entry >= block_count_)
    refuse(fmt::format("there is no entry block {}", function.entry));
  to.entry = block(function.entry);
  made().functions.push_back(to);
}

}  // namespace smf::mir
