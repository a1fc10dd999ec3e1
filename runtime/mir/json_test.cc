#include "runtime/mir/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace smf::mir {
namespace {

// A function of one block, as the compiler prints it.
std::string function_of(std::string_view instructions, std::string_view terminator) {
  return R"({"symbol":1,"name":"f","signature":{"params":["I64"],"return_type":null,)"
         R"("is_variadic":false},"locals":[{"id":0,"name":"x","type":"I64","kind":{"Arg":0}}],)"
         R"("blocks":[{"id":0,"label":"entry","instructions":[)" +
         std::string(instructions) + R"(],"terminator":)" + std::string(terminator) +
         R"(}],"entry_block":0,"generic_params":["T"]})";
}
std::string with_instruction(std::string_view instruction) {
  return function_of(instruction, R"({"Return":null})");
}
std::string with_type(std::string_view type) {
  return with_instruction(R"({"Alloc":{"dest":1,"type":)" + std::string(type) + "}}");
}
std::string with_constant(std::string_view value, std::string_view type) {
  return with_instruction(R"({"Const":{"dest":1,"value":)" + std::string(value) + R"(,"type":)" +
                          std::string(type) + "}}");
}
std::string with_terminator(std::string_view terminator) { return function_of("", terminator); }

void expect_same(const std::string& json) {
  const auto unit = read_json(json);
  ASSERT_TRUE(unit) << unit.error().describe() << "\n" << json;
  EXPECT_EQ(write_json(*unit), json);
}

Unit read(const std::string& json) {
  auto unit = read_json(json);
  EXPECT_TRUE(unit) << unit.error().describe() << "\n" << json;
  return unit ? *unit : Unit{};
}

constexpr std::string_view kIdentity =
    R"({"symbol":1,"name":"identity",)"
    R"("signature":{"params":[{"Opaque":"T"}],"return_type":{"Opaque":"T"},"is_variadic":false},)"
    R"("locals":[{"id":0,"name":"x","type":{"Opaque":"T"},"kind":{"Arg":0}},)"
    R"({"id":1,"name":null,"type":{"Opaque":"T"},"kind":"Return"},)"
    R"({"id":4,"name":"v","type":"Bool","kind":"Var"},)"
    R"({"id":2,"name":null,"type":"Char","kind":"Temp"}],)"
    R"("blocks":[{"id":0,"label":"entry","instructions":[{"Copy":{"dest":1,"src":0}}],)"
    R"("terminator":{"Return":{"Move":1}}},)"
    R"({"id":7,"label":null,"instructions":[],"terminator":"Unreachable"}],)"
    R"("entry_block":0,"generic_params":["T"]})";

TEST(Json, AFunctionIsWhatItSays) {
  const Unit unit = read(std::string(kIdentity));
  EXPECT_EQ(unit.name, kNone);
  ASSERT_EQ(unit.functions.size(), 1u);
  const Function& function = unit.functions[0];
  EXPECT_EQ(function.symbol, 1u);
  EXPECT_EQ(unit.string(function.name), "identity");
  EXPECT_EQ(function.entry, 0u);
  ASSERT_EQ(function.parameters.count, 1u);
  EXPECT_EQ(unit.string(unit.parameters[0].name), "T");
  EXPECT_EQ(unit.parameters[0].constraint, Constraint::kAny);
  const Type& signature = unit.types[function.signature];
  ASSERT_EQ(signature.kind, TypeKind::kFuncPtr);
  EXPECT_FALSE(signature.flag);
  ASSERT_EQ(unit.parts(signature).size(), 2u);
  const Type& parameter = unit.types[unit.parts(signature)[1]];
  EXPECT_EQ(parameter.kind, TypeKind::kParameter) << "an opaque type of a parameter's name";
  EXPECT_EQ(unit.string(parameter.name), "T");
  ASSERT_EQ(unit.locals.size(), 4u);
  EXPECT_EQ(unit.locals[0].kind, LocalKind::kArg);
  EXPECT_EQ(unit.locals[0].argument, 0u);
  EXPECT_EQ(unit.locals[1].kind, LocalKind::kReturn);
  EXPECT_EQ(unit.locals[1].name, kNone);
  EXPECT_EQ(unit.locals[2].id, 4u);
  EXPECT_EQ(unit.locals[2].kind, LocalKind::kVar);
  EXPECT_EQ(unit.locals[2].type, primitive(TypeKind::kBool));
  EXPECT_EQ(unit.locals[3].kind, LocalKind::kTemp);
  ASSERT_EQ(unit.blocks.size(), 2u);
  EXPECT_EQ(unit.blocks[1].id, 7u);
  EXPECT_EQ(unit.blocks[1].label, kNone);
  EXPECT_EQ(unit.blocks[1].terminator.end, End::kUnreachable);
  ASSERT_EQ(unit.instructions.size(), 1u);
  EXPECT_EQ(unit.instructions[0].op, Op::kCopy);
  EXPECT_EQ(unit.instructions[0].dest, 1u);
  EXPECT_TRUE(unit.of(unit.instructions[0])[0] == Operand::copy(0));
  const Terminator& end = unit.blocks[0].terminator;
  EXPECT_EQ(end.end, End::kReturn);
  ASSERT_EQ(end.operands.count, 1u);
  EXPECT_TRUE(unit.operands[end.operands.first] == Operand::move(1));
}

TEST(Json, AFunctionIsWrittenAsTheCompilerPrintsIt) { expect_same(std::string(kIdentity)); }

TEST(Json, EachInstructionIsWrittenAsTheCompilerPrintsIt) {
  constexpr std::string_view kInstructions[] = {
      R"("Nop")",
      R"({"Const":{"dest":1,"value":5,"type":"I64"}})",
      R"({"Copy":{"dest":1,"src":0}})",
      R"({"Move":{"dest":1,"src":0}})",
      R"({"BinOp":{"dest":1,"op":"Add","left":{"Copy":0},"right":{"Move":0}}})",
      R"({"CheckedBinOp":{"dest":1,"op":"Mul","left":{"Copy":0},"right":{"Copy":0}}})",
      R"({"UnaryOp":{"dest":1,"op":"Neg","operand":{"Copy":0}}})",
      R"({"UnaryOp":{"dest":1,"op":"Not","operand":{"Copy":0}}})",
      R"({"UnaryOp":{"dest":1,"op":"BitNot","operand":{"Copy":0}}})",
      R"({"Alloc":{"dest":1,"type":{"Array":{"element":"U8","size":16}}}})",
      R"({"Load":{"dest":1,"ptr":{"Copy":0}}})",
      R"({"Store":{"ptr":{"Copy":0},"value":{"Const":{"value":1,"type":"I64"}}}})",
      R"({"GlobalAddr":{"dest":1,"symbol":9,"mutable":true}})",
      R"({"GlobalAddr":{"dest":1,"symbol":9,"mutable":false}})",
      R"({"GetElementPtr":{"dest":1,"base":{"Copy":0},"indices":[{"Copy":2},{"Copy":3}]}})",
      R"({"GetElementPtr":{"dest":1,"base":{"Copy":0},"indices":[]}})",
      R"({"Aggregate":{"dest":1,"kind":{"Array":"I32"},"operands":[{"Copy":0}]}})",
      R"({"Aggregate":{"dest":1,"kind":"Tuple","operands":[]}})",
      R"({"Aggregate":{"dest":1,"kind":{"Struct":4},"operands":[{"Copy":0}]}})",
      R"({"Aggregate":{"dest":1,"kind":{"Struct":{"symbol":4,"args":["I8"]}},"operands":[]}})",
      R"({"Aggregate":{"dest":1,"kind":{"Enum":{"symbol":4,"variant":2}},"operands":[]}})",
      (R"({"Aggregate":{"dest":1,"kind":{"Enum":{"symbol":4,"args":["I8"],"variant":2}},)"
       R"("operands":[]}})"),
      R"({"GetField":{"dest":1,"base":{"Copy":0},"field":3}})",
      R"({"SetField":{"base":{"Copy":0},"field":3,"value":{"Copy":0}}})",
      R"({"Cast":{"dest":1,"operand":{"Copy":0},"target":"F32"}})",
      R"({"Bitcast":{"dest":1,"operand":{"Copy":0},"target":"U64"}})",
      (R"({"Call":{"dest":1,"func":{"Const":{"value":"g","type":{"FuncPtr":{"params":[],)"
       R"("return_type":"I64","is_variadic":true}}}},"args":[]}})"),
      (R"({"Call":{"dest":null,"func":{"Const":{"value":"g","type":{"Opaque":"fn"}}},)"
       R"("args":[{"Copy":0},{"Move":0}]}})"),
      (R"({"CallIndirect":{"dest":1,"ptr":{"Copy":0},"args":[{"Copy":0}],)"
       R"("signature":{"params":["I64"],"return_type":null,"is_variadic":false}}})"),
      (R"({"Intrinsic":{"dest":1,"name":"size_of","args":[{"Const":{"value":null,)"
       R"("type":{"Opaque":"T"}}}]}})"),
      R"({"Intrinsic":{"dest":null,"name":"memcpy","args":[]}})",
      R"({"DebugValue":{"local":0,"name":"x"}})",
  };
  for (const std::string_view one : kInstructions) expect_same(with_instruction(one));
  for (const char* const op :
       {"Add", "Sub", "Mul", "Div", "Rem", "Pow", "BitAnd", "BitOr", "BitXor", "Shl", "Shr", "Eq",
        "Ne", "Lt", "Le", "Gt", "Ge", "Offset"}) {
    const std::string json = with_instruction(std::string(R"({"BinOp":{"dest":1,"op":")") + op +
                                              R"(","left":{"Copy":0},"right":{"Copy":0}}})");
    expect_same(json);
    EXPECT_EQ(read(json).instructions[0].op, Op::kBinary);
  }
}

TEST(Json, EachTerminatorIsWrittenAsTheCompilerPrintsIt) {
  constexpr std::string_view kTerminators[] = {
      R"({"Goto":3})",
      R"({"Return":null})",
      R"({"Return":{"Copy":0}})",
      R"({"If":{"cond":{"Copy":0},"then":1,"else":2}})",
      R"({"Switch":{"value":{"Copy":0},"targets":[],"default":1}})",
      (R"({"Switch":{"value":{"Copy":0},"targets":[{"value":-1,"target":2},)"
       R"({"value":18446744073709551615,"target":3}],"default":1}})"),
      R"("Unreachable")",
      R"({"Abort":"out of range"})",
      (R"({"CallTerminator":{"dest":1,"func":{"Copy":0},"args":[{"Copy":0}],"normal":1,"unwind":2,)"
       R"("unwind_payload_dest":3,"unwind_type_tag_dest":4}})"),
      (R"({"CallTerminator":{"dest":null,"func":{"Copy":0},"args":[],"normal":1,"unwind":null,)"
       R"("unwind_payload_dest":null,"unwind_type_tag_dest":null}})"),
  };
  for (const std::string_view one : kTerminators) {
    expect_same(with_terminator(one));
    EXPECT_NE(read(with_terminator(one)).blocks[0].terminator.end, End::kForeign) << one;
  }
}

TEST(Json, EachTypeIsWrittenAsTheCompilerPrintsIt) {
  for (const char* const primitive : {"I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "F32",
                                      "F64", "Bool", "Char", "Unit", "Never"})
    expect_same(with_type(std::string("\"") + primitive + "\""));
  constexpr std::string_view kTypes[] = {
      R"({"Ptr":{"pointee":"I8","mutable":true}})",
      R"({"Ref":{"referent":{"Ref":{"referent":"I8","mutable":false}},"mutable":true}})",
      R"({"FuncPtr":{"params":["I8","F64"],"return_type":null,"is_variadic":true}})",
      R"({"Array":{"element":"I8","size":18446744073709551615}})",
      R"({"Slice":"I8"})",
      R"({"Tuple":[]})",
      R"({"Tuple":["I8",{"Tuple":["I8"]}]})",
      R"({"Struct":4294967294})",
      R"({"Struct":{"symbol":7,"args":["I8",{"Opaque":"T"}]}})",
      R"({"Enum":8})",
      R"({"Enum":{"symbol":8,"args":["Bool"]}})",
      R"({"Dict":{"key":"I8","value":"U8"}})",
      R"({"Result":{"ok":"I8","err":"U8"}})",
      R"({"Union":["I8","U8"]})",
      R"({"Opaque":"text"})",
      R"({"Promise":"I8"})",
      R"({"Generator":{"yield":"I8","return":"Unit"}})",
      R"({"ActorType":"I8"})",
  };
  for (const std::string_view one : kTypes) expect_same(with_type(one));
}

TEST(Json, ATypeParameterIsOneInBothSpellings) {
  EXPECT_EQ(write_json(read(with_type(R"({"TypeParam":"T"})"))), with_type(R"({"Opaque":"T"})"));
  EXPECT_EQ(write_json(read(with_type(R"({"Struct":{"symbol":7,"args":[]}})"))),
            with_type(R"({"Struct":7})"));
}

TEST(Json, ValuesAreKeptExactly) {
  for (const char* const value :
       {"0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "18446744073709551615", "true", "false", "null", "\"Zero\"", "\"NaN\"", "\"callee\""})
    expect_same(with_constant(value, "\"I64\""));
  for (const char* const value : {"0.0", "-0.0", "0.1", "5e-324", "1.7976931348623157e+308",
                                  "1e+22", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "3"})
    expect_same(with_constant(value, "\"F64\""));
  expect_same(with_constant(R"("quote \" backslash \\ line\nend\r\t\u0000\u001f é 😀 /")",
                            R"({"Opaque":"text"})"));

  const Unit large = read(with_constant("18446744073709551615", "\"U64\""));
  EXPECT_EQ(large.constants[0].kind, ValueKind::kUnsigned);
  EXPECT_EQ(large.constants[0].bits, ~std::uint64_t{0});
  const Unit negative = read(with_constant("-2", "\"I64\""));
  EXPECT_EQ(negative.constants[0].kind, ValueKind::kInt);
  EXPECT_EQ(negative.constants[0].bits, ~std::uint64_t{1});
  const Unit zero = read(with_constant("-0.0", "\"F32\""));
  EXPECT_EQ(zero.constants[0].bits, std::uint64_t{1} << 63);
  const Unit nan = read(with_constant("\"NaN\"", "\"F32\""));
  EXPECT_EQ(nan.constants[0].kind, ValueKind::kFloat);
  EXPECT_TRUE(std::isnan(std::bit_cast<double>(nan.constants[0].bits)));
  const Unit text = read(with_constant("\"NaN\"", R"({"Opaque":"text"})"));
  EXPECT_EQ(text.constants[0].kind, ValueKind::kString);
  const Unit infinity = read(with_constant("\"-Infinity\"", "\"F64\""));
  EXPECT_EQ(std::bit_cast<double>(infinity.constants[0].bits),
            -std::numeric_limits<double>::infinity());
}

TEST(Json, WhatBelongsToOtherBackEndsIsKept) {
  constexpr std::string_view kInstructions[] = {
      R"({"VhdlSlice":{"dest":3,"signal":{"Copy":1},"hi":7,"lo":0}})",
      R"("UnsupportedInst")",
      R"({"BinOp":{"dest":1,"op":"MatMul","left":{"Copy":0},"right":{"Copy":0}}})",
      R"({"BinOp":{"dest":1,"op":"BroadcastAdd","left":{"Copy":0},"right":{"Copy":0}}})",
      R"({"UnaryOp":{"dest":1,"op":"Transpose","operand":{"Copy":0}}})",
      R"({"GpuLaunch":{"grid":[1,2,3],"rate":0.1,"big":18446744073709551615,"name":"\u0001é"}})",
  };
  for (const std::string_view one : kInstructions) {
    expect_same(with_instruction(one));
    EXPECT_EQ(read(with_instruction(one)).instructions[0].op, Op::kForeign) << one;
  }
  for (const std::string_view one :
       {R"({"Throw":{"value":{"Copy":0}}})", R"({"Resume":{}})", R"("Suspend")"}) {
    expect_same(with_terminator(one));
    EXPECT_EQ(read(with_terminator(one)).blocks[0].terminator.end, End::kForeign) << one;
  }
  EXPECT_EQ(write_json(read(with_instruction("{\"Gpu\" : {\n \"b\" : 1, \"a\" : [ ] } }"))),
            with_instruction(R"({"Gpu":{"b":1,"a":[]}})"))
      << "compact, members in their order";
}

TEST(Json, AModuleHasFunctionsAndDefinitions) {
  const std::string list =
      R"({"symbol":40,"name":"List","generic_params":["T",{"name":"N","constraint":"numeric"}],)"
      R"("struct":[{"name":"data","type":{"Ptr":{"pointee":{"Opaque":"T"},"mutable":true}}},)"
      R"({"name":null,"type":"I64"}]})";
  const std::string option =
      R"({"symbol":41,"name":"Option","generic_params":[{"name":"T","constraint":"ordered"}],)"
      R"("enum":[{"variant":"None","fields":[]},{"variant":"Some","fields":[{"Opaque":"T"},"I8"]}]})";
  const std::string plain = R"({"symbol":42,"name":"Plain","struct":[]})";
  const std::string module = R"({"name":"m","functions":[)" + std::string(kIdentity) +
                             R"(],"types":[)" + list + "," + option + "," + plain + "]}";
  expect_same(module);
  const Unit unit = read(module);
  EXPECT_EQ(unit.string(unit.name), "m");
  ASSERT_EQ(unit.definitions.size(), 3u);
  EXPECT_FALSE(unit.definitions[0].is_enum);
  EXPECT_TRUE(unit.definitions[1].is_enum);
  EXPECT_EQ(unit.definition(41), &unit.definitions[1]);
  EXPECT_EQ(unit.definition(43), nullptr);
  EXPECT_EQ(unit.parameters[1].constraint, Constraint::kNumeric);
  EXPECT_EQ(unit.parameters[2].constraint, Constraint::kOrdered);
  EXPECT_EQ(unit.types[unit.fields[2].type].kind, TypeKind::kParameter);

  expect_same(R"({"name":"m","functions":[]})");
  expect_same(R"({"functions":[]})");
  EXPECT_EQ(write_json(read("[" + plain + "]")), R"({"functions":[],"types":[)" + plain + "]}");
  EXPECT_EQ(write_json(read(R"({"types":[)" + plain + "]}")),
            R"({"functions":[],"types":[)" + plain + "]}");
}

TEST(Json, ParametersComeFromTheCallerWhereTheTextNamesNone) {
  std::string bare(kIdentity);
  constexpr std::string_view kParameters = R"(,"generic_params":["T"])";
  bare.erase(bare.find(kParameters), kParameters.size());
  EXPECT_EQ(write_json(read(bare)), bare) << "an opaque type then";
  const auto given = read_json(bare, {{"identity", {"T"}}, {"other", {"U"}}});
  ASSERT_TRUE(given);
  EXPECT_EQ(write_json(*given), kIdentity);
  const auto named = read_json(kIdentity, {{"identity", {"U"}}});
  ASSERT_TRUE(named);
  EXPECT_EQ(write_json(*named), kIdentity) << "what the text says counts";
}

TEST(Json, OlderPrintersSayThatAFunctionIsATemplate) {
  std::string text(kIdentity);
  text.insert(text.size() - 1, R"(,"is_generic_template":true)");
  EXPECT_EQ(write_json(read(text)), kIdentity);
}

TEST(Json, AParameterOfOneFunctionIsOpaqueInAnother) {
  std::string other(with_type(R"({"Opaque":"T"})"));
  const auto at = other.find(R"(["T"])");
  other.replace(at, 5, R"(["U"])");
  const Unit unit = read(R"({"functions":[)" + with_type(R"({"Opaque":"T"})") + "," + other + "]}");
  ASSERT_EQ(unit.instructions.size(), 2u);
  EXPECT_EQ(unit.types[unit.instructions[0].type].kind, TypeKind::kParameter);
  EXPECT_EQ(unit.types[unit.instructions[1].type].kind, TypeKind::kOpaque);
}

TEST(Json, AStringTypeOrConstantIsThereOnce) {
  const Unit unit =
      read(function_of(R"({"Const":{"dest":1,"value":5,"type":{"Slice":"I8"}}},)"
                       R"({"Const":{"dest":2,"value":5,"type":{"Slice":"I8"}}},"X","X")",
                       R"("Unreachable")"));
  EXPECT_EQ(unit.constants.size(), 1u);
  EXPECT_EQ(unit.types.size(), kPrimitives + 2) << "a signature and a slice";
  EXPECT_EQ(unit.string_ends.size(), 5u) << "f, T, x, entry and X";
}

void expect_error(const std::string& json, std::string_view message,
                  ErrorCode code = ErrorCode::kInvalidInput) {
  const auto unit = read_json(json);
  ASSERT_FALSE(unit) << json;
  EXPECT_EQ(unit.error().code, code) << unit.error().message;
  EXPECT_NE(unit.error().message.find(message), std::string::npos)
      << unit.error().message << "\nis not: " << message << "\nof: " << json;
}

TEST(JsonErrors, OfTheTextSayLineAndColumn) {
  expect_error("", "1:1: not JSON: ");
  expect_error("{\"name\": \"f\",\n  oops}", "2:3: not JSON: ");
  expect_error("[1e999]", "1:7: not JSON: number overflow");
  expect_error("[\n 18446744073709551616]", "2:2: an integer of more than 64 bits");
  expect_error("[-9223372036854775809]", "1:2: an integer of more than 64 bits");
  expect_error("[\"\xff\"]", "not JSON: ");
  expect_error("[\"\\ud800\"]", "not JSON: ");
  expect_error("[] []", "not JSON: ");
  expect_error(R"({"name":"f","name":"g"})", "1:18: a member \"name\" is there twice");
  expect_error("{\"a\":[{\"b\":1,\n\"b\":2}]}", "2:3: a member \"b\" is there twice");
  expect_error(std::string(501, '['), "1:501: nested deeper than 500", ErrorCode::kLimit);
  expect_error(std::string(500, '['), "not JSON: ");
  std::string type;
  for (int i = 0; i != 480; ++i) type += R"({"Slice":)";
  expect_same(with_type(type + "\"I8\"" + std::string(480, '}')));
}

TEST(JsonErrors, OfModulesAndFunctions) {
  expect_error("7", "neither an object nor an array");
  expect_error("{}", "neither a function nor a module nor type definitions");
  expect_error(R"({"functions":1})", "\"functions\" is no array");
  expect_error(R"({"functions":[],"types":{}})", "\"types\" is no array");
  expect_error(R"({"functions":[],"version":1})", "a member \"version\" that is not known");
  expect_error(R"({"functions":[],"name":1})", "\"name\" is no string");
  expect_error(R"({"functions":[1]})", "expected an object, found 1");
  expect_error(R"({"blocks":[]})", "a member \"name\" is missing");
  expect_error(R"({"blocks":[],"name":""})", "a function without a name");
  expect_error(R"({"blocks":[],"name":"f","symbol":-1})", "function 'f': \"symbol\" is -1");
  expect_error(R"({"blocks":[],"name":"f","symbol":4294967295})",
               "not a number from 0 to 4294967294");
  expect_error(R"({"blocks":[],"name":"f","symbol":1.0})", "\"symbol\" is 1.0");
  expect_error(R"({"blocks":[],"name":"f","symbol":1})", "a member \"signature\" is missing");
  expect_error(R"({"blocks":[],"name":"f","extra":1})", "function 'f': a member \"extra\"");
  constexpr std::string_view kStart = R"({"blocks":[],"name":"f","symbol":1,)";
  const auto with = [&](std::string_view rest) { return std::string(kStart) + std::string(rest); };
  expect_error(with(R"("generic_params":"T"})"), "\"generic_params\" is no array");
  expect_error(with(R"("generic_params":[1]})"), "\"generic_params\" is no string");
  expect_error(with(R"("generic_params":["T","T"]})"), "two parameters have one name");
  expect_error(with(R"("generic_params":[{"name":"T","constraint":"odd"}]})"),
               "\"odd\" is no constraint");
  expect_error(with(R"("generic_params":[{"name":"T"}]})"), "a member \"constraint\" is missing");
  expect_error(with(R"("signature":null})"), "expected an object, found null");
  expect_error(with(R"("signature":{"params":[],"return_type":null,"is_variadic":0}})"),
               "\"is_variadic\" is neither true nor false");
  constexpr std::string_view kSignature =
      R"("signature":{"params":[],"return_type":null,"is_variadic":false},"entry_block":0,)";
  const auto local = [&](std::string_view one) {
    return with(std::string(kSignature) + R"("locals":[)" + std::string(one) + "]}");
  };
  expect_error(local(R"({"id":1073741823,"name":null,"type":"I8","kind":"Var"})"), "1073741822");
  expect_error(local(R"({"id":0,"name":1,"type":"I8","kind":"Var"})"), "\"name\" is no string");
  expect_error(local(R"({"id":0,"name":null,"type":"I8","kind":"Static"})"),
               "\"Static\" is no kind of local");
  expect_error(local(R"({"id":0,"name":null,"type":"I8","kind":{"Arg":0,"x":1}})"),
               "expected a kind of local");
  expect_error(local(R"({"id":0,"name":null,"type":"I8","kind":{"Var":0}})"), "no kind of local");
  expect_error(local(R"({"id":0,"name":null,"type":"I8"})"), "a member \"kind\" is missing");
}

TEST(JsonErrors, OfDefinitions) {
  expect_error(R"([{"symbol":1,"name":"S"}])", "type 'S': needs either \"struct\" or \"enum\"");
  expect_error(R"([{"symbol":1,"name":"S","struct":[],"enum":[]}])", "needs either");
  expect_error(R"([{"symbol":1,"struct":[]}])", "a member \"name\" is missing");
  expect_error(R"([{"name":"S","struct":[]}])", "type 'S': a member \"symbol\" is missing");
  expect_error(R"([{"symbol":1,"name":"S","struct":[{"name":"a"}]}])", "\"type\" is missing");
  expect_error(R"([{"symbol":1,"name":"S","struct":[{"name":"a","type":"I7"}]}])",
               "\"I7\" is no type");
  expect_error(R"([{"symbol":1,"name":"S","enum":[{"variant":"A"}]}])", "\"fields\" is missing");
  expect_error(R"([{"symbol":1,"name":"S","enum":[{"variant":"A","fields":"I8"}]}])",
               "\"fields\" is no array of types");
  expect_error(R"([{"symbol":1,"name":"S","enum":[],"methods":[]}])", "\"methods\"");
}

TEST(JsonErrors, OfTypesAndValues) {
  expect_error(with_type(R"("UnknownType")"), "\"UnknownType\" is no type");
  expect_error(with_type(R"("Ptr")"), "\"Ptr\" is no type");
  expect_error(with_type(R"({"I32":0})"), "is no type");
  expect_error(with_type(R"({"Vector":"I8"})"), R"({"Vector":"I8"} is no type)");
  expect_error(with_type("3"), "expected a type, found 3");
  expect_error(with_type("{}"), "expected a type, found {}");
  expect_error(with_type(R"({"Slice":"I8","Tuple":[]})"), "expected a type");
  expect_error(with_type(R"({"Ptr":{"pointee":"I8"}})"), "a member \"mutable\" is missing");
  expect_error(with_type(R"({"Ptr":{"referent":"I8","mutable":true}})"), "\"referent\"");
  expect_error(with_type(R"({"Array":{"element":"I8","size":-1}})"), "the size of an array");
  expect_error(with_type(R"({"Tuple":"I8"})"), "\"Tuple\" is no array of types");
  expect_error(with_type(R"({"TypeParam":"U"})"), "there is no parameter \"U\"");
  expect_error(with_type(R"({"Opaque":1})"), "\"type\" is no string");
  expect_error(with_type(R"({"Struct":"List"})"), "\"symbol\" is \"List\"");
  expect_error(with_type(R"({"Struct":{"symbol":1}})"), "a member \"args\" is missing");
  expect_error(with_type(R"({"Dict":{"key":"I8"}})"), "a member \"value\" is missing");
  expect_error(with_constant("[1]", "\"I8\""),
               "function 'f', block 0, instruction 0: [1] is no value");
}

TEST(JsonErrors, OfInstructionsSayWhichOne) {
  expect_error(function_of(R"("Nop",{"Copy":{"dest":1,"src":-1}})", R"("Unreachable")"),
               "function 'f', block 0, instruction 1: \"src\" is -1");
  expect_error(with_instruction("1"), "expected an instruction, found 1");
  expect_error(with_instruction(R"({"Copy":{"dest":1,"src":0},"Move":{}})"),
               "expected an instruction");
  expect_error(with_instruction(R"({"Nop":{"dest":1}})"), "\"Nop\" has no members");
  expect_error(with_instruction(R"({"Copy":{"dest":null,"src":0}})"), "\"dest\" is null");
  expect_error(with_instruction(R"({"Copy":{"dest":1073741823,"src":0}})"),
               "\"dest\" is 1073741823");
  expect_error(with_instruction(R"({"Copy":{"dest":1,"src":0,"at":2}})"), "a member \"at\"");
  expect_error(with_instruction(R"({"Copy":[1,0]})"), "expected an object, found [1,0]");
  expect_error(with_instruction(R"({"BinOp":{"dest":1,"left":{"Copy":0}}})"), "\"op\" is missing");
  expect_error(with_instruction(R"({"BinOp":{"dest":1,"op":3}})"), "\"op\" is no string");
  expect_error(with_instruction(R"({"BinOp":{"dest":1,"op":"Add","left":{"Copy":0}}})"),
               "a member \"right\" is missing");
  expect_error(with_instruction(R"({"Load":{"dest":1,"ptr":{"Global":0}}})"),
               R"({"Global":0} is no operand)");
  expect_error(with_instruction(R"({"Load":{"dest":1,"ptr":0}})"), "expected an operand, found 0");
  expect_error(with_instruction(R"({"Load":{"dest":1,"ptr":{"Const":{"value":1}}}})"),
               "a member \"type\" is missing");
  expect_error(with_instruction(R"({"Call":{"dest":1,"func":{"Copy":0},"args":null}})"),
               "\"args\" is no array");
  expect_error(with_instruction(R"({"Intrinsic":{"dest":1,"name":null,"args":[]}})"),
               "\"name\" is no string");
  expect_error(with_instruction(R"({"Aggregate":{"dest":1,"kind":"Set","operands":[]}})"),
               "expected a kind of aggregate");
  expect_error(with_instruction(R"({"Aggregate":{"dest":1,"kind":{"Slice":"I8"},"operands":[]}})"),
               "is no kind of aggregate");
  expect_error(with_instruction(R"({"Aggregate":{"dest":1,"kind":{"Enum":3},"operands":[]}})"),
               "expected an object, found 3");
  expect_error(with_instruction(R"({"GlobalAddr":{"dest":1,"symbol":2,"mutable":null}})"),
               "\"mutable\" is neither true nor false");
  expect_error(with_instruction(R"({"GetField":{"dest":1,"base":{"Copy":0},"field":"x"}})"),
               "\"field\" is \"x\"");
}

TEST(JsonErrors, OfTerminatorsSayWhichOne) {
  expect_error(with_terminator("null"), "block 0, terminator: expected a terminator, found null");
  expect_error(with_terminator(R"({"Goto":-1})"), "function 'f', block 0, terminator: \"Goto\"");
  expect_error(with_terminator(R"({"If":{"cond":{"Copy":0},"then":1}})"), "\"else\" is missing");
  expect_error(with_terminator(R"({"Abort":null})"), "\"Abort\" is no string");
  expect_error(with_terminator(R"({"Switch":{"value":{"Copy":0},"targets":{},"default":1}})"),
               "\"targets\" is no array");
  expect_error(with_terminator(R"({"Switch":{"value":{"Copy":0},"targets":)"
                               R"([{"value":1.5,"target":1}],"default":1}})"),
               "a case 1.5 is no integer");
  expect_error(with_terminator(R"({"CallTerminator":{"dest":1,"func":{"Copy":0},"args":[]}})"),
               "a member \"normal\" is missing");
  expect_error(R"({"blocks":[{"id":3,"label":null,"instructions":[]}],"name":"f","symbol":1,)"
               R"("signature":{"params":[],"return_type":null,"is_variadic":false},)"
               R"("locals":[],"entry_block":0})",
               "function 'f', block 3, terminator: a member \"terminator\" is missing");
}

TEST(JsonErrors, WhatIsShownIsShortAndAscii) {
  const auto unit = read_json(with_type("\"" + std::string(1000, 'x') + "\""));
  ASSERT_FALSE(unit);
  EXPECT_LT(unit.error().message.size(), 150u);
  std::string accents;
  for (int i = 0; i != 100; ++i) accents += "é";
  for (const char* const before : {"", "a"}) {
    const auto other = read_json(with_type("\"" + (before + accents) + "\""));
    ASSERT_FALSE(other);
    for (const char c : other.error().message) EXPECT_GE(c, ' ');
  }
}

}  // namespace
}  // namespace smf::mir
