#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/foreign.h"
#include "runtime/mir/json.h"
#include "runtime/mir/json_parser.h"
#include "runtime/mir/shapes.h"

namespace smf::mir {
namespace {

class JsonReader : private JsonParser {
 public:
  explicit JsonReader(const GenericParameters& given) : given_(given) {}

  Unit read(const Json& json) && {
    if (json.is_array()) {
      definitions(json);
    } else if (!json.is_object()) {
      refuse("neither an object nor an array");
    } else if (json.contains("functions") || json.contains("types")) {
      expect(json, {"name", "functions", "types"});
      if (json.contains("name")) unit().name = string(json["name"], "name");
      if (json.contains("types")) definitions(json["types"]);
      if (json.contains("functions"))
        for (const Json& one : array(json["functions"], "functions")) function(one, false);
    } else {
      function(json, true);
    }
    return std::move(builder_.unit);
  }

 private:
  // ---- Instructions ----

  List operands(const Json& object, std::initializer_list<const char*> single_ones,
                const char* more = nullptr) {
    std::vector<Operand> all;
    for (const char* const name : single_ones) all.push_back(operand(member(object, name)));
    if (more != nullptr)
      for (const Json& one : array(member(object, more), more)) all.push_back(operand(one));
    return builder_.operands(all);
  }
  List local_operand(Operand::Kind kind, const Json& json, const char* what) {
    return builder_.operands({{Operand::of(kind, local(json, what))}});
  }

  Instruction instruction(const Json& json) {
    if (is_foreign_instruction(json))
      return {.op = Op::kForeign, .number = builder_.string(json.dump())};
    if (json.is_string()) return {};  // Nop
    const auto [name, inside] = single(json, "an instruction");
    Instruction made{.op = static_cast<Op>(*find_name(kOpNames, &Names::json, name))};
    if (made.op == Op::kNop) refuse("\"Nop\" has no members");
    const Json& in = *inside;
    if (shape_of(made.op).has_dest) made.dest = local_or_null(in, "dest");
    if (made.dest == kNone && shape_of(made.op).has_dest && !may_lack_dest(made.op))
      refuse("\"dest\" is null");
    switch (made.op) {
      case Op::kConst: {
        expect(in, {"dest", "value", "type"});
        const TypeId type = this->type(member(in, "type"));
        const ConstantId value = constant(member(in, "value"), type);
        made.operands = builder_.operands({{Operand::constant(value)}});
        break;
      }
      case Op::kCopy:
      case Op::kMove:
        expect(in, {"dest", "src"});
        made.operands =
            local_operand(made.op == Op::kCopy ? Operand::Kind::kCopy : Operand::Kind::kMove,
                          member(in, "src"), "src");
        break;
      case Op::kBinary:
      case Op::kChecked:
      case Op::kUnary:
        operation(made, in);
        break;
      case Op::kAlloc:
        expect(in, {"dest", "type"});
        made.type = type(member(in, "type"));
        break;
      case Op::kLoad:
        expect(in, {"dest", "ptr"});
        made.operands = operands(in, {"ptr"});
        break;
      case Op::kStore:
        expect(in, {"ptr", "value"});
        made.operands = operands(in, {"ptr", "value"});
        break;
      case Op::kGlobalAddr:
        expect(in, {"dest", "symbol", "mutable"});
        made.number = number(member(in, "symbol"), "symbol");
        made.detail = boolean(member(in, "mutable"), "mutable") ? 1 : 0;
        break;
      case Op::kGetElementPtr:
        expect(in, {"dest", "base", "indices"});
        made.operands = operands(in, {"base"}, "indices");
        break;
      case Op::kAggregate:
        expect(in, {"dest", "kind", "operands"});
        aggregate(made, member(in, "kind"));
        made.operands = operands(in, {}, "operands");
        break;
      case Op::kGetField:
        expect(in, {"dest", "base", "field"});
        made.operands = operands(in, {"base"});
        made.number = number(member(in, "field"), "field");
        break;
      case Op::kSetField:
        expect(in, {"base", "field", "value"});
        made.operands = operands(in, {"base", "value"});
        made.number = number(member(in, "field"), "field");
        break;
      case Op::kCast:
      case Op::kBitcast:
        expect(in, {"dest", "operand", "target"});
        made.operands = operands(in, {"operand"});
        made.type = type(member(in, "target"));
        break;
      case Op::kCall:
        expect(in, {"dest", "func", "args"});
        made.operands = operands(in, {"func"}, "args");
        break;
      case Op::kCallIndirect:
        expect(in, {"dest", "ptr", "args", "signature"});
        made.operands = operands(in, {"ptr"}, "args");
        made.type = signature(member(in, "signature"));
        break;
      case Op::kIntrinsic:
        expect(in, {"dest", "name", "args"});
        made.number = string(member(in, "name"), "name");
        made.operands = operands(in, {}, "args");
        break;
      case Op::kDebugValue:
        expect(in, {"local", "name"});
        made.operands = local_operand(Operand::Kind::kCopy, member(in, "local"), "local");
        made.number = string(member(in, "name"), "name");
        break;
      case Op::kNop:
      case Op::kForeign:
        break;
    }
    return made;
  }
  void operation(Instruction& made, const Json& in) {
    const Json& op = member(in, "op");
    if (!op.is_string()) refuse("\"op\" is no string");
    const auto& name = op.get_ref<const std::string&>();
    const bool is_unary = made.op == Op::kUnary;
    const auto index = is_unary ? find_name(kUnaryNames, &Names::json, name)
                                : find_name(kBinaryNames, &Names::json, name);
    if (!index) refuse(fmt::format("{} is no operator", shown(op)));
    made.detail = static_cast<std::uint8_t>(*index);
    if (is_unary) {
      expect(in, {"dest", "op", "operand"});
      made.operands = operands(in, {"operand"});
    } else {
      expect(in, {"dest", "op", "left", "right"});
      made.operands = operands(in, {"left", "right"});
    }
  }
  void aggregate(Instruction& made, const Json& json) {
    if (json.is_string() && json.get_ref<const std::string&>() == "Tuple") {
      made.type = builder_.type(TypeKind::kTuple);
      return;
    }
    const auto [name, inside] = single(json, "a kind of aggregate");
    if (name == "Array") {
      const TypeId element = type(*inside);
      made.type = builder_.type(TypeKind::kArray, {{element}});
    } else if (name == "Struct") {
      made.type = symbol_type(TypeKind::kStruct, *inside);
    } else if (name == "Enum") {
      expect(*inside, {"symbol", "args", "variant"});
      const Symbol symbol = number(member(*inside, "symbol"), "symbol");
      std::vector<TypeId> arguments;
      if (inside->contains("args")) arguments = types((*inside)["args"], "args");
      made.type = builder_.type(TypeKind::kEnum, arguments, false, symbol);
      made.number = number(member(*inside, "variant"), "variant");
    } else {
      refuse(fmt::format("{} is no kind of aggregate", shown(json)));
    }
  }

  // ---- Terminators ----

  List targets(std::initializer_list<std::uint32_t> blocks) { return builder_.numbers(blocks); }
  BlockId block_number(const Json& object, const char* name) const {
    return number(member(object, name), name);
  }

  Terminator terminator(const Json& json) {
    if (is_foreign_terminator(json))
      return {.end = End::kForeign, .text = builder_.string(json.dump())};
    Terminator made;
    if (json.is_string()) return made;  // Unreachable
    const auto [name, inside] = single(json, "a terminator");
    if (name == "Goto") {
      made.end = End::kGoto;
      made.targets = targets({number(*inside, "Goto")});
    } else if (name == "Return") {
      made.end = End::kReturn;
      if (!inside->is_null()) made.operands = builder_.operands({{operand(*inside)}});
    } else if (name == "If") {
      expect(*inside, {"cond", "then", "else"});
      made.end = End::kIf;
      made.operands = operands(*inside, {"cond"});
      made.targets = targets({block_number(*inside, "then"), block_number(*inside, "else")});
    } else if (name == "Switch") {
      switch_on(made, *inside);
    } else if (name == "Abort") {
      made.end = End::kAbort;
      made.text = string(*inside, "Abort");
    } else {
      call(made, *inside);
    }
    return made;
  }
  void switch_on(Terminator& made, const Json& in) {
    expect(in, {"value", "targets", "default"});
    made.end = End::kSwitch;
    made.operands = operands(in, {"value"});
    std::vector<Case> cases;
    for (const Json& one : array(member(in, "targets"), "targets")) {
      expect(one, {"value", "target"});
      const Json& value = member(one, "value");
      if (!value.is_number_integer()) refuse(fmt::format("a case {} is no integer", shown(value)));
      const auto [kind, bits] = integer(value);
      cases.push_back({.kind = kind, .bits = bits, .target = block_number(one, "target")});
    }
    made.cases = UnitBuilder::add(unit().cases, std::span<const Case>(cases));
    made.targets = targets({block_number(in, "default")});
  }
  void call(Terminator& made, const Json& in) {
    expect(in, {"dest", "func", "args", "normal", "unwind", "unwind_payload_dest",
                "unwind_type_tag_dest"});
    made.end = End::kCall;
    made.dest = local_or_null(in, "dest");
    made.operands = operands(in, {"func"}, "args");
    const BlockId normal = block_number(in, "normal");
    const Json& unwind = member(in, "unwind");
    made.targets =
        unwind.is_null() ? targets({normal}) : targets({normal, number(unwind, "unwind")});
    made.unwind_payload = local_or_null(in, "unwind_payload_dest");
    made.unwind_type_tag = local_or_null(in, "unwind_type_tag_dest");
  }

  // ---- Functions and definitions ----

  List parameters(const Json& object) {
    std::vector<Parameter> all;
    if (object.contains("generic_params")) {
      for (const Json& one : array(object["generic_params"], "generic_params")) {
        Parameter parameter;
        if (one.is_object()) {
          expect(one, {"name", "constraint"});
          parameter.name = string(member(one, "name"), "name");
          const Json& constraint = member(one, "constraint");
          const auto index = constraint.is_string()
                                 ? find_name(kConstraintNames, &Names::json,
                                             constraint.get_ref<const std::string&>())
                                 : std::nullopt;
          if (!index) refuse(fmt::format("{} is no constraint", shown(constraint)));
          parameter.constraint = static_cast<Constraint>(*index);
        } else {
          parameter.name = string(one, "generic_params");
        }
        all.push_back(parameter);
      }
    }
    if (all.empty()) {
      if (const auto found = given_.find(name_); found != given_.end())
        for (const std::string& name : found->second) all.push_back({builder_.string(name)});
    }
    scope_.clear();
    for (const Parameter& parameter : all) {
      if (std::ranges::find(scope_, parameter.name) != scope_.end())
        refuse("two parameters have one name");
      scope_.push_back(parameter.name);
    }
    return UnitBuilder::add(unit().parameters, std::span<const Parameter>(all));
  }

  StringId begin(const char* thing, const Json& object) {
    thing_ = thing;
    name_.clear();
    block_.reset();
    instruction_.reset();
    const Json& name = member(object, "name");
    const StringId id = string(name, "name");
    if (name.get_ref<const std::string&>().empty())
      refuse(fmt::format("a {} without a name", thing));
    name_ = name.get<std::string>();
    return id;
  }

  void definitions(const Json& json) {
    for (const Json& one : array(json, "types")) definition(one);
    name_.clear();
  }
  void definition(const Json& json) {
    Definition made;
    made.name = begin("type", json);
    expect(json, {"symbol", "name", "generic_params", "struct", "enum"});
    made.symbol = number(member(json, "symbol"), "symbol");
    made.parameters = parameters(json);
    made.is_enum = json.contains("enum");
    if (made.is_enum == json.contains("struct")) refuse("needs either \"struct\" or \"enum\"");
    if (!made.is_enum) {
      std::vector<Field> fields;
      for (const Json& field : array(json["struct"], "struct")) {
        expect(field, {"name", "type"});
        const StringId name = string_or_null(member(field, "name"), "name");
        fields.push_back({.name = name, .type = type(member(field, "type"))});
      }
      made.parts = UnitBuilder::add(unit().fields, std::span<const Field>(fields));
    } else {
      std::vector<Variant> variants;
      for (const Json& variant : array(json["enum"], "enum")) {
        expect(variant, {"variant", "fields"});
        const StringId name = string(member(variant, "variant"), "variant");
        std::vector<Field> fields;
        for (const TypeId one : types(member(variant, "fields"), "fields"))
          fields.push_back({.name = kNone, .type = one});
        variants.push_back(
            {.name = name,
             .fields = UnitBuilder::add(unit().fields, std::span<const Field>(fields))});
      }
      made.parts = UnitBuilder::add(unit().variants, std::span<const Variant>(variants));
    }
    unit().definitions.push_back(made);
  }

  void function(const Json& json, bool stands_alone) {
    if (stands_alone && json.is_object() && !json.contains("blocks"))
      refuse("neither a function nor a module nor type definitions");
    Function made;
    made.name = begin("function", json);
    expect(json, {"symbol", "name", "signature", "locals", "blocks", "entry_block",
                  "generic_params", "is_generic_template"});
    made.symbol = number(member(json, "symbol"), "symbol");
    made.parameters = parameters(json);
    made.signature = signature(member(json, "signature"));
    made.entry = block_number(json, "entry_block");
    made.locals.first = UnitBuilder::size_of(unit().locals);
    for (const Json& one : array(member(json, "locals"), "locals")) local_of(one);
    made.locals = UnitBuilder::since(made.locals.first, unit().locals);
    // A block's instructions are added one by one, the blocks at the end: a block is complete then.
    std::vector<Block> blocks;
    for (const Json& one : array(member(json, "blocks"), "blocks")) blocks.push_back(block(one));
    made.blocks = UnitBuilder::add(unit().blocks, std::span<const Block>(blocks));
    unit().functions.push_back(made);
  }
  void local_of(const Json& json) {
    expect(json, {"id", "name", "type", "kind"});
    Local made;
    made.id = local(member(json, "id"), "id");
    made.name = string_or_null(member(json, "name"), "name");
    made.type = type(member(json, "type"));
    const Json& kind = member(json, "kind");
    if (kind.is_string()) {
      constexpr std::string_view kKinds[] = {"Var", "Temp", "Return"};
      const auto found = std::ranges::find(kKinds, kind.get_ref<const std::string&>());
      if (found == std::end(kKinds)) refuse(fmt::format("{} is no kind of local", shown(kind)));
      made.kind = static_cast<LocalKind>(found - std::begin(kKinds));
    } else {
      const auto [name, index] = single(kind, "a kind of local");
      if (name != "Arg") refuse(fmt::format("{} is no kind of local", shown(kind)));
      made.kind = LocalKind::kArg;
      made.argument = number(*index, "Arg");
    }
    unit().locals.push_back(made);
  }
  Block block(const Json& json) {
    expect(json, {"id", "label", "instructions", "terminator"});
    Block made;
    made.id = block_number(json, "id");
    block_ = made.id;
    made.label = string_or_null(member(json, "label"), "label");
    made.instructions.first = UnitBuilder::size_of(unit().instructions);
    std::size_t count = 0;
    for (const Json& one : array(member(json, "instructions"), "instructions")) {
      instruction_ = count++;
      unit().instructions.push_back(instruction(one));
    }
    made.instructions = UnitBuilder::since(made.instructions.first, unit().instructions);
    instruction_ = kTerminator;
    made.terminator = terminator(member(json, "terminator"));
    instruction_.reset();
    block_.reset();
    return made;
  }

  const GenericParameters& given_;
};

// A function of its own, so that memory may also be short for the message.
Result<Unit> read(std::string_view text, const GenericParameters& given) try {
  SMF_ASSIGN(const Json json, parse_json(text));
  return JsonReader(given).read(json);
} catch (const JsonMistake& mistake) {
  return fail(ErrorCode::kInvalidInput, mistake.message);
}

}  // namespace

Result<Unit> read_json(std::string_view text, const GenericParameters& given) try {
  return read(text, given);
} catch (const std::length_error&) {
  return fail(ErrorCode::kLimit, "2^30 things in a unit");
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a template");
}

}  // namespace smf::mir
