#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/foreign.h"
#include "runtime/mir/json_text.h"
#include "runtime/mir/shapes.h"
#include "runtime/mir/text.h"
#include "runtime/mir/text_parser.h"
#include "runtime/sdn/diagnostic.h"

namespace smf::mir {
namespace {

class TextReader {
 public:
  explicit TextReader(std::string_view text) : parser_(text) {}

  Unit read() && {
    if (parser_.accept("module")) {
      unit().name = parser_.string("the name of the module as a string");
      parser_.expect_line_end();
    }
    while (parser_.peek().kind != TokenKind::kEnd) {
      if (parser_.peek().is("struct") || parser_.peek().is("enum")) {
        definition();
      } else if (parser_.accept("fn")) {
        function();
      } else {
        parser_.refuse("'fn', 'struct' or 'enum'");
      }
    }
    return std::move(parser_.builder.unit);
  }

 private:
  Unit& unit() { return parser_.builder.unit; }
  BlockId block_number() { return parser_.number("the number of a block"); }

  // ---- Functions and definitions ----

  StringId name_of(const char* what) {
    const Token token = parser_.peek();
    const StringId id = parser_.name(what);
    if (unit().string(id).empty())
      TextParser::refuse_at(token, fmt::format("expected {}, found an empty string", what));
    return id;
  }

  // <T, U: numeric>, or nothing.
  List parameters() {
    std::vector<Parameter> all;
    std::vector<StringId> names;
    if (parser_.accept("<")) {
      do {
        const Token token = parser_.peek();
        Parameter one{.name = parser_.name("the name of a parameter")};
        if (std::ranges::find(names, one.name) != names.end())
          TextParser::refuse_at(token, fmt::format("expected another name than that of a parameter "
                                                   "before, found {}",
                                                   shown(token)));
        if (parser_.accept(":")) {
          const auto constraint = find_name(kConstraintNames, &Names::text, parser_.peek().text);
          if (!constraint) parser_.refuse("'any', 'numeric' or 'ordered'");
          parser_.take();
          one.constraint = static_cast<Constraint>(*constraint);
        }
        names.push_back(one.name);
        all.push_back(one);
      } while (parser_.accept(","));
      if (!parser_.accept(">")) parser_.refuse("',' or '>'");
    }
    parser_.set_scope(std::move(names));
    return UnitBuilder::add(unit().parameters, std::span<const Parameter>(all));
  }

  void begin_lines() {
    parser_.expect("{");
    parser_.expect_line_end();
  }
  // At the brace behind the last of them.
  bool is_end_of_lines() {
    if (!parser_.accept("}")) return false;
    parser_.expect_line_end();
    return true;
  }

  void definition() {
    Definition made{.is_enum = parser_.take().is("enum")};
    made.symbol = parser_.symbol();
    made.name = name_of("the name of a definition");
    made.parameters = parameters();
    begin_lines();
    made.parts = made.is_enum ? variants() : struct_fields();
    unit().definitions.push_back(made);
  }
  List struct_fields() {
    std::vector<Field> fields;
    while (!is_end_of_lines()) {
      Field one;
      if (!parser_.peek().is(":")) one.name = parser_.name("a field or '}'");
      parser_.expect(":");
      one.type = parser_.type();
      parser_.expect_line_end();
      fields.push_back(one);
    }
    return UnitBuilder::add(unit().fields, std::span<const Field>(fields));
  }
  List variants() {
    std::vector<Variant> variants;
    while (!is_end_of_lines()) {
      Variant one{.name = parser_.name("a variant or '}'")};
      parser_.expect("(");
      std::vector<Field> fields;
      if (!parser_.accept(")")) {
        do {
          fields.push_back({.name = kNone, .type = parser_.type()});
        } while (parser_.accept(","));
        if (!parser_.accept(")")) parser_.refuse("',' or ')'");
      }
      parser_.expect_line_end();
      one.fields = UnitBuilder::add(unit().fields, std::span<const Field>(fields));
      variants.push_back(one);
    }
    return UnitBuilder::add(unit().variants, std::span<const Variant>(variants));
  }

  void function() {
    Function made{.symbol = parser_.symbol()};
    made.name = name_of("the name of a function");
    made.parameters = parameters();
    made.signature = parser_.signature();
    parser_.expect("entry");
    made.entry = block_number();
    begin_lines();
    made.locals.first = UnitBuilder::size_of(unit().locals);
    while (parser_.accept("local")) unit().locals.push_back(local());
    made.locals = UnitBuilder::since(made.locals.first, unit().locals);
    std::vector<Block> blocks;
    while (!is_end_of_lines()) {
      if (!parser_.accept("block"))
        parser_.refuse(blocks.empty() ? "'local', 'block' or '}'" : "'block' or '}'");
      blocks.push_back(block());
    }
    made.blocks = UnitBuilder::add(unit().blocks, std::span<const Block>(blocks));
    unit().functions.push_back(made);
  }
  Local local() {
    Local made{.id = parser_.local()};
    if (!parser_.peek().is(":")) made.name = parser_.name("a name or ':'");
    parser_.expect(":");
    made.type = parser_.type();
    constexpr std::string_view kKinds[] = {"var", "temp", "return", "arg"};
    const auto* const found = std::ranges::find_if(
        kKinds, [&](std::string_view kind) { return parser_.peek().is(kind); });
    if (found == std::end(kKinds)) parser_.refuse("'var', 'temp', 'return' or 'arg'");
    parser_.take();
    made.kind = static_cast<LocalKind>(found - std::begin(kKinds));
    if (made.kind == LocalKind::kArg) made.argument = parser_.number("the number of an argument");
    parser_.expect_line_end();
    return made;
  }

  Block block() {
    Block made{.id = block_number()};
    if (!parser_.peek().is(":")) made.label = parser_.name("a label or ':'");
    parser_.expect(":");
    parser_.expect_line_end();
    made.instructions.first = UnitBuilder::size_of(unit().instructions);
    for (bool is_complete = false; !is_complete;) {
      is_complete = statement(made.terminator);
      parser_.expect_line_end();
    }
    made.instructions = UnitBuilder::since(made.instructions.first, unit().instructions);
    return made;
  }

  // ---- Instructions ----

  // One line; true if it is the terminator.
  bool statement(Terminator& terminator) {
    if (parser_.peek().is("foreign")) return foreign(terminator);
    LocalId dest = kNone;
    if (parser_.peek().kind == TokenKind::kLocal) {
      dest = parser_.local();
      parser_.expect("=");
    }
    const Token word = parser_.peek();
    if (word.kind == TokenKind::kWord) {
      if (dest == kNone && end_of(word.text, terminator)) return true;
      if (word.text == "invoke") {
        invoke(terminator, dest);
        return true;
      }
      if (auto made = instruction(word, dest)) {
        made->dest = dest;
        unit().instructions.push_back(*made);
        return false;
      }
    }
    parser_.refuse(dest == kNone ? "an instruction or a terminator"
                                 : "an instruction that has a result");
  }

  // It is the terminator if the block ends with it.
  bool foreign(Terminator& terminator) {
    parser_.take();
    const Token text = parser_.peek();
    const Result<Json> json = parse_json(text.text);
    if (!json) {
      const Error& error = json.error();
      const std::size_t place = error.offset ? error.message.find(": ") + 2 : 0;
      throw TextMistake{.offset = text.offset + error.offset.value_or(0),
                        .message = error.message.substr(place),
                        .code = error.code};
    }
    parser_.take();
    const Token next = parser_.peek_next_line();
    const bool is_end = next.kind == TokenKind::kEnd || next.is("}") || next.is("block");
    if (!(is_end ? is_foreign_terminator(*json) : is_foreign_instruction(*json)))
      TextParser::refuse_at(text, fmt::format("expected {} of another back end, found other JSON",
                                              is_end ? "a terminator" : "an instruction"));
    const StringId id = parser_.builder.string(json->dump());
    if (is_end) {
      terminator.end = End::kForeign;
      terminator.text = id;
    } else {
      unit().instructions.push_back({.op = Op::kForeign, .number = id});
    }
    return is_end;
  }

  std::optional<Instruction> instruction(const Token& word, LocalId dest) {
    Instruction made;
    const auto binary = find_name(kBinaryNames, &Names::text, word.text);
    const auto unary = find_name(kUnaryNames, &Names::text, word.text);
    const auto op = find_name(kOpNames, &Names::text, word.text);
    if (binary || unary) {
      made.op = binary ? Op::kBinary : Op::kUnary;
    } else if (op) {
      made.op = static_cast<Op>(*op);
    } else {
      return std::nullopt;
    }
    const bool has_dest = shape_of(made.op).has_dest;
    if (dest == kNone && has_dest && !may_lack_dest(made.op))
      parser_.refuse("a local and '=' in front");
    if (dest != kNone && !has_dest) return std::nullopt;
    parser_.take();
    if (binary || unary) {
      made.detail = static_cast<std::uint8_t>(binary ? *binary : *unary);
      operands(made, binary ? 2 : 1);
    } else {
      rest_of(made);
    }
    return made;
  }

  void add(Instruction& made, const std::vector<Operand>& operands) {
    made.operands = parser_.builder.operands(operands);
  }
  void operands(Instruction& made, int count) {
    std::vector<Operand> all{parser_.operand()};
    for (int i = 1; i < count; ++i) {
      parser_.expect(",");
      all.push_back(parser_.operand());
    }
    add(made, all);
  }
  // OP(OP, ...)
  std::vector<Operand> call() {
    std::vector<Operand> all{parser_.operand()};
    const std::vector<Operand> arguments = parser_.operands_in_parentheses();
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  std::uint32_t field() { return parser_.number("the number of a field"); }

  void rest_of(Instruction& made) {
    switch (made.op) {
      case Op::kConst:
        return add(made, {Operand::constant(parser_.constant())});
      case Op::kCopy:
        return add(made, {Operand::copy(parser_.local())});
      case Op::kMove:
        return add(made, {Operand::move(parser_.local())});
      case Op::kChecked: {
        const auto binary = find_name(kBinaryNames, &Names::text, parser_.peek().text);
        if (!binary) parser_.refuse("an operator such as 'add'");
        parser_.take();
        made.detail = static_cast<std::uint8_t>(*binary);
        return operands(made, 2);
      }
      case Op::kAlloc:
        made.type = parser_.type();
        return;
      case Op::kLoad:
        return operands(made, 1);
      case Op::kStore:
        return operands(made, 2);
      case Op::kGlobalAddr:
        made.detail = parser_.accept("mut") ? 1 : 0;
        made.number = parser_.symbol();
        return;
      case Op::kGetElementPtr: {
        std::vector<Operand> all{parser_.operand()};
        while (parser_.accept(",")) all.push_back(parser_.operand());
        return add(made, all);
      }
      case Op::kAggregate:
        return aggregate(made);
      case Op::kGetField:
        operands(made, 1);
        parser_.expect(",");
        made.number = field();
        return;
      case Op::kSetField: {
        const Operand base = parser_.operand();
        parser_.expect(",");
        made.number = field();
        parser_.expect(",");
        return add(made, {base, parser_.operand()});
      }
      case Op::kCast:
      case Op::kBitcast:
        operands(made, 1);
        parser_.expect("to");
        made.type = parser_.type();
        return;
      case Op::kCall:
        return add(made, call());
      case Op::kCallIndirect:
        add(made, call());
        parser_.expect("as");
        parser_.expect("fn");
        made.type = parser_.signature();
        return;
      case Op::kIntrinsic:
        made.number = parser_.name("the name of an intrinsic");
        return add(made, parser_.operands_in_parentheses());
      case Op::kDebugValue:
        add(made, {Operand::copy(parser_.local())});
        made.number = parser_.name("a name");
        return;
      case Op::kNop:
      case Op::kBinary:
      case Op::kUnary:
      case Op::kForeign:
        return;
    }
  }

  void aggregate(Instruction& made) {
    if (parser_.accept("tuple")) {
      made.type = parser_.builder.type(TypeKind::kTuple);
    } else if (parser_.accept("array")) {
      const TypeId element = parser_.type();
      made.type = parser_.builder.type(TypeKind::kArray, {{element}});
    } else if (parser_.peek().is("struct") || parser_.peek().is("enum")) {
      const bool is_enum = parser_.take().is("enum");
      const Token token = parser_.peek();
      made.type = parser_.type();
      const TypeKind kind = is_enum ? TypeKind::kEnum : TypeKind::kStruct;
      if (unit().types[made.type].kind != kind)
        TextParser::refuse_at(token, fmt::format("expected {}, found another type",
                                                 is_enum ? "an enum" : "a struct"));
      if (is_enum) made.number = parser_.number("the number of a variant");
    } else {
      parser_.refuse("'array', 'tuple', 'struct' or 'enum'");
    }
    add(made, parser_.operands_in_parentheses());
  }

  // ---- Terminators ----

  // False if `word` begins none; else it is read.
  bool end_of(std::string_view word, Terminator& made) {
    const auto one = [&] { return parser_.builder.operands({{parser_.operand()}}); };
    if (word == "goto") {
      parser_.take();
      made.end = End::kGoto;
      made.targets = parser_.builder.numbers({{block_number()}});
    } else if (word == "return") {
      parser_.take();
      made.end = End::kReturn;
      if (!parser_.peek().ends_line()) made.operands = one();
    } else if (word == "if") {
      parser_.take();
      made.end = End::kIf;
      made.operands = one();
      parser_.expect("then");
      const BlockId then = block_number();
      parser_.expect("else");
      made.targets = parser_.builder.numbers({{then, block_number()}});
    } else if (word == "switch") {
      parser_.take();
      made.end = End::kSwitch;
      made.operands = one();
      made.cases = cases();
      parser_.expect("else");
      made.targets = parser_.builder.numbers({{block_number()}});
    } else if (word == "unreachable") {
      parser_.take();
      made.end = End::kUnreachable;
    } else if (word == "abort") {
      parser_.take();
      made.end = End::kAbort;
      made.text = parser_.string("a message as a string");
    } else {
      return false;
    }
    return true;
  }
  List cases() {
    std::vector<Case> all;
    parser_.expect("[");
    if (!parser_.accept("]")) {
      do {
        Case one = parser_.case_value();
        parser_.expect(":");
        one.target = block_number();
        all.push_back(one);
      } while (parser_.accept(","));
      if (!parser_.accept("]")) parser_.refuse("',' or ']'");
    }
    return UnitBuilder::add(unit().cases, std::span<const Case>(all));
  }
  void invoke(Terminator& made, LocalId dest) {
    parser_.take();
    made.end = End::kCall;
    made.dest = dest;
    made.operands = parser_.builder.operands(call());
    parser_.expect("to");
    std::vector<BlockId> targets{block_number()};
    if (parser_.accept("unwind")) targets.push_back(block_number());
    made.targets = parser_.builder.numbers(targets);
    if (parser_.accept("payload")) made.unwind_payload = parser_.local();
    if (parser_.accept("tag")) made.unwind_type_tag = parser_.local();
  }

  TextParser parser_;
};

// A function of its own, so that memory may also be short for the message.
Result<Unit> read(std::string_view text) try {
  return TextReader(text).read();
} catch (const TextMistake& mistake) {
  const sdn::Position at = sdn::position_of(text, mistake.offset);
  return fail_at(mistake.offset, fmt::format("{}:{}: {}", at.line, at.column, mistake.message),
                 mistake.code);
}

}  // namespace

Result<Unit> read_text(std::string_view text) try {
  return read(text);
} catch (const std::length_error&) {
  return fail(ErrorCode::kLimit, "2^30 things in a unit");
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a template");
}

}  // namespace smf::mir
