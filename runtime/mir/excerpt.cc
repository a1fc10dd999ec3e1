#include "runtime/mir/excerpt.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/mir/type_expression.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {
namespace {

// In type expressions.
constexpr std::string_view kBetweenNames = "<>()[]*&,; ";

// Copies things of one Unit into another. What types name is noted for the caller.
class Copier {
 public:
  Copier(UnitBuilder& to, const Unit& from) : to_(to), from_(from) {}

  StringId string(StringId id) { return id == kNone ? kNone : to_.string(from_.string(id)); }

  TypeId type(TypeId id) {
    if (id == kNone || id < kPrimitives) return id;
    if (const auto known = types_.find(id); known != types_.end()) return known->second;
    const Type& from = from_.types[id];
    std::vector<TypeId> parts;
    for (const TypeId part : from_.parts(from)) parts.push_back(type(part));
    if (from.kind == TypeKind::kStruct || from.kind == TypeKind::kEnum)
      symbols.push_back(static_cast<Symbol>(from.number));
    return types_[id] = to_.type(from.kind, parts, from.flag, from.number, string(from.name));
  }

  void definition(const Definition& from) {
    Definition to = from;
    to.name = string(from.name);
    to.parameters = parameters(from.parameters);
    if (from.is_enum) {
      std::vector<Variant> variants;
      for (const Variant& one : Unit::of(from_.variants, from.parts))
        variants.push_back({string(one.name), fields(one.fields)});
      to.parts = UnitBuilder::add(to_.unit.variants, std::span<const Variant>(variants));
    } else {
      to.parts = fields(from.parts);
    }
    to_.unit.definitions.push_back(to);
  }

  void function(const Function& from) {
    Function to = from;
    to.name = string(from.name);
    to.signature = type(from.signature);
    to.parameters = parameters(from.parameters);
    std::vector<Local> locals;
    for (Local local : Unit::of(from_.locals, from.locals)) {
      local.name = string(local.name);
      local.type = type(local.type);
      locals.push_back(local);
    }
    to.locals = UnitBuilder::add(to_.unit.locals, std::span<const Local>(locals));
    std::vector<Block> blocks;
    for (const Block& block : Unit::of(from_.blocks, from.blocks)) blocks.push_back(copy(block));
    to.blocks = UnitBuilder::add(to_.unit.blocks, std::span<const Block>(blocks));
    to_.unit.functions.push_back(to);
  }

  std::vector<Symbol> symbols{};
  std::vector<std::string> names{};

 private:
  // A callee's arguments, such as those of `push<List<T>>`, name definitions. What looks like a
  // name and is none is not found.
  void add_names(std::string_view expression) {
    for (const std::string_view argument : split_callee(expression).arguments) {
      std::string_view rest = argument;
      while (!rest.empty()) {
        const std::size_t begin = std::min(rest.find_first_not_of(kBetweenNames), rest.size());
        const std::size_t end = std::min(rest.find_first_of(kBetweenNames, begin), rest.size());
        if (begin != end) names.emplace_back(rest.substr(begin, end - begin));
        rest.remove_prefix(end);
      }
    }
  }

  List parameters(List list) {
    std::vector<Parameter> all;
    for (const Parameter& one : Unit::of(from_.parameters, list))
      all.push_back({string(one.name), one.constraint});
    return UnitBuilder::add(to_.unit.parameters, std::span<const Parameter>(all));
  }

  List fields(List list) {
    std::vector<Field> all;
    for (const Field& one : Unit::of(from_.fields, list))
      all.push_back({string(one.name), type(one.type)});
    return UnitBuilder::add(to_.unit.fields, std::span<const Field>(all));
  }

  Operand operand(Operand operand) {
    if (operand.is_local()) return operand;
    Constant constant = from_.constants[operand.index];
    constant.type = type(constant.type);
    if (constant.kind == ValueKind::kString) {
      const auto text = static_cast<StringId>(constant.bits);
      add_names(from_.string(text));
      constant.bits = string(text);
    }
    return Operand::constant(to_.constant(constant));
  }

  List operands(List list) {
    std::vector<Operand> all;
    for (const Operand one : Unit::of(from_.operands, list)) all.push_back(operand(one));
    return to_.operands(all);
  }

  Instruction copy(const Instruction& from) {
    Instruction to = from;
    to.type = type(from.type);
    if (from.op == Op::kIntrinsic || from.op == Op::kDebugValue || from.op == Op::kForeign)
      to.number = string(from.number);
    to.operands = operands(from.operands);
    return to;
  }

  Terminator copy(const Terminator& from) {
    Terminator to = from;
    to.text = string(from.text);
    to.operands = operands(from.operands);
    to.targets = to_.numbers(Unit::of(from_.numbers, from.targets));
    to.cases = UnitBuilder::add(to_.unit.cases, Unit::of(from_.cases, from.cases));
    return to;
  }

  Block copy(const Block& from) {
    Block to{.id = from.id, .label = string(from.label)};
    to.instructions.first = UnitBuilder::size_of(to_.unit.instructions);
    for (const Instruction& one : Unit::of(from_.instructions, from.instructions))
      to_.unit.instructions.push_back(copy(one));
    to.instructions = UnitBuilder::since(to.instructions.first, to_.unit.instructions);
    to.terminator = copy(from.terminator);
    return to;
  }

  UnitBuilder& to_;
  const Unit& from_;
  std::map<TypeId, TypeId> types_{};
};

class Excerpt {
 public:
  Excerpt(const Unit& unit, std::span<const Unit> types) {
    copiers_.emplace_back(to_, unit);
    units_.push_back(&unit);
    for (const Unit& one : types) {
      copiers_.emplace_back(to_, one);
      units_.push_back(&one);
    }
  }

  void add(const Definition& definition) {
    seen_.insert(definition.symbol);
    copiers_[0].definition(definition);
  }
  void add(const Function& function) { copiers_[0].function(function); }

  // What has been added names definitions, and these name others.
  Unit finish() && {
    for (bool is_done = false; !is_done;) {
      is_done = true;
      for (Copier& copier : copiers_) {
        for (const Symbol symbol : std::exchange(copier.symbols, {})) {
          is_done = false;
          define([&](const Definition& one, const Unit&) { return one.symbol == symbol; });
        }
        for (const std::string& name : std::exchange(copier.names, {})) {
          is_done = false;
          define(
              [&](const Definition& one, const Unit& of) { return of.string(one.name) == name; });
        }
      }
    }
    return std::move(to_.unit);
  }

 private:
  // The first of which that is true, once.
  template <typename Is>
  void define(const Is& is) {
    for (std::size_t i = 0; i != units_.size(); ++i) {
      const auto found = std::ranges::find_if(
          units_[i]->definitions, [&](const Definition& one) { return is(one, *units_[i]); });
      if (found == units_[i]->definitions.end()) continue;
      if (seen_.insert(found->symbol).second) copiers_[i].definition(*found);
      return;
    }
  }

  UnitBuilder to_{};
  std::deque<Copier> copiers_{};
  std::vector<const Unit*> units_{};
  std::set<Symbol> seen_{};
};

}  // namespace

Unit excerpt_of_function(const Unit& unit, std::size_t index, std::span<const Unit> types) {
  Excerpt excerpt(unit, types);
  excerpt.add(unit.functions[index]);
  return std::move(excerpt).finish();
}

Unit excerpt_of_definition(const Unit& unit, std::size_t index, std::span<const Unit> types) {
  Excerpt excerpt(unit, types);
  excerpt.add(unit.definitions[index]);
  return std::move(excerpt).finish();
}

}  // namespace smf::mir
