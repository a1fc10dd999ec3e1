// SMF_LONG=1 in the environment tries every change of a byte of 500 units more.
#include "runtime/mir/binary.h"

#include <gtest/gtest.h>

#include <bit>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/json.h"
#include "runtime/mir/sample_functions.h"
#include "runtime/mir/testing/random_unit.h"

namespace smf::mir {
namespace {

const bool kIsLong = std::getenv("SMF_LONG") != nullptr;

// "0a ff" as bytes; what is no hexadecimal digit separates.
ByteVector bytes_of(const std::string& hex) {
  ByteVector bytes;
  for (std::size_t at = 0; at + 1 < hex.size();) {
    if (std::isxdigit(static_cast<unsigned char>(hex[at])) == 0) {
      ++at;
      continue;
    }
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    at += 2;
  }
  return bytes;
}
std::string hex_of(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : bytes) {
    if (!hex.empty()) hex += ' ';
    hex += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    hex += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return hex;
}

constexpr std::string_view kMax =
    R"({"symbol":300,"name":"max","signature":{"params":[{"Opaque":"T"},{"Opaque":"T"}],)"
    R"("return_type":{"Opaque":"T"},"is_variadic":false},)"
    R"("locals":[{"id":0,"name":"a","type":{"Opaque":"T"},"kind":{"Arg":0}},)"
    R"({"id":1,"name":"b","type":{"Opaque":"T"},"kind":{"Arg":1}},)"
    R"({"id":2,"name":null,"type":"Bool","kind":"Temp"}],)"
    R"("blocks":[{"id":0,"label":"entry","instructions":[)"
    R"({"BinOp":{"dest":2,"op":"Lt","left":{"Copy":0},"right":{"Copy":1}}}],)"
    R"("terminator":{"If":{"cond":{"Copy":2},"then":1,"else":2}}},)"
    R"({"id":1,"label":null,"instructions":[],"terminator":{"Return":{"Copy":1}}},)"
    R"({"id":2,"label":null,"instructions":[],"terminator":{"Return":{"Copy":0}}}],)"
    R"("entry_block":0,"generic_params":[{"name":"T","constraint":"ordered"}]})";

// The same, and the example of docs/mir.md.
const std::string kMaxBytes =
    "02 01 "                             // form, version
    "05 02 00 00 01 "                    // strings, types, constants, definitions, functions
    "05 03 03 01 05 "                    // numbers, locals, blocks, instructions, operands
    "00 "                                // the unit has no name
    "03 01 01 01 05 "                    // lengths of the strings
    "6d 61 78 54 61 62 65 6e 74 72 79 "  // "max", "T", "a", "b", "entry"
    "1d 01 "                             // type 14: a parameter, "T"
    "10 03 0f 0e 0e "                    // type 15: a function of type 14 twice to type 14
    "ac 02 00 0f 00 "                    // symbol 300, "max", type 15, entry block 0
    "01 05 "                             // 1 parameter: "T", ordered
    "03 07 02 0e 07 03 0e 01 0a "        // 3 locals: argument a, argument b, a temporary Bool
    "03 02 04 01 "                       // 3 blocks; the first has a label, "entry", 1 instruction
    "2d 03 00 04 "                       // Lt, to local 2, of local 0 and local 1
    "02 08 01 02 "                       // If local 2 then block 1 else block 2
    "00 00 81 04 "                       // no label, no instructions, Return local 1
    "00 00 81 00";                       // the same of local 0

TEST(Binary, AnExampleByteForByte) {
  const auto unit = read_json(kMax);
  ASSERT_TRUE(unit) << unit.error().describe();
  EXPECT_EQ(hex_of(write_binary(*unit)), kMaxBytes);
  const auto read = read_binary(bytes_of(kMaxBytes));
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(write_json(*read), kMax);
}

// The bytes of a function of one block, from the count of its instructions to the end.
std::string body_of(std::string_view instructions,
                    std::string_view terminator = R"("Unreachable")") {
  const auto unit = read_json(
      R"({"symbol":1,"name":"f","signature":{"params":[],"return_type":null,)"
      R"("is_variadic":false},"locals":[],"blocks":[{"id":9,"label":null,"instructions":[)" +
      std::string(instructions) + R"(],"terminator":)" + std::string(terminator) +
      R"(}],"entry_block":9})");
  EXPECT_TRUE(unit) << unit.error().describe();
  if (!unit) return "";
  const std::string hex = hex_of(write_binary(*unit));
  constexpr std::string_view kBefore = " 00 01 01 09 ";  // no locals; a block that is numbered
  const auto at = hex.rfind(kBefore);
  EXPECT_NE(at, hex.npos) << hex;
  return hex.substr(at + kBefore.size());
}

TEST(Binary, InstructionsHaveTheirCodes) {
  EXPECT_EQ(body_of(R"("Nop")"), "01 00 04");
  EXPECT_EQ(body_of(R"({"Copy":{"dest":0,"src":5}})"), "01 82 14 04") << "the first destination";
  EXPECT_EQ(body_of(R"({"Copy":{"dest":1,"src":5}},{"Move":{"dest":2,"src":0}})"),
            "02 02 02 14 83 01 04")
      << "told, then the next";
  EXPECT_EQ(body_of(R"({"BinOp":{"dest":0,"op":"Add","left":{"Copy":1},"right":{"Move":2}}})"),
            "01 a0 04 09 04");
  EXPECT_EQ(body_of(R"({"BinOp":{"dest":0,"op":"Offset","left":{"Copy":1},"right":{"Move":2}}})"),
            "01 b1 04 09 04");
  EXPECT_EQ(
      body_of(R"({"CheckedBinOp":{"dest":0,"op":"Sub","left":{"Copy":1},"right":{"Move":2}}})"),
      "01 c1 04 09 04");
  EXPECT_EQ(body_of(R"({"UnaryOp":{"dest":0,"op":"BitNot","operand":{"Copy":1}}})"), "01 e2 04 04");
  EXPECT_EQ(body_of(R"({"Alloc":{"dest":0,"type":"I64"}})"), "01 87 03 04");
  EXPECT_EQ(body_of(R"({"Store":{"ptr":{"Copy":0},"value":{"Copy":1}}})"), "01 09 00 04 04");
  EXPECT_EQ(body_of(R"({"GlobalAddr":{"dest":0,"symbol":300,"mutable":false}})"), "01 8a ac 02 04");
  EXPECT_EQ(body_of(R"({"GlobalAddr":{"dest":0,"symbol":300,"mutable":true}})"), "01 9f ac 02 04");
  EXPECT_EQ(body_of(R"({"GetElementPtr":{"dest":0,"base":{"Copy":0},"indices":[{"Copy":1}]}})"),
            "01 8b 02 00 04 04");
  EXPECT_EQ(body_of(R"({"GetField":{"dest":0,"base":{"Copy":0},"field":2}})"), "01 8d 02 00 04");
  EXPECT_EQ(body_of(R"({"SetField":{"base":{"Copy":0},"field":2,"value":{"Copy":1}}})"),
            "01 0e 02 00 04 04");
  EXPECT_EQ(body_of(R"({"Cast":{"dest":0,"operand":{"Copy":0},"target":"U8"}})"), "01 8f 04 00 04");
  EXPECT_EQ(body_of(R"({"Call":{"dest":null,"func":{"Copy":0},"args":[]}})"), "01 11 00 01 00 04");
  EXPECT_EQ(body_of(R"({"Call":{"dest":0,"func":{"Copy":0},"args":[{"Copy":1}]}})"),
            "01 91 02 00 04 04");
  EXPECT_EQ(body_of(R"({"Aggregate":{"dest":0,"kind":{"Enum":{"symbol":7,"variant":2}},)"
                    R"("operands":[{"Copy":0}]}})"),
            "01 8c 0f 02 01 00 04");
  EXPECT_EQ(body_of(R"({"DebugValue":{"local":3,"name":"f"}})"), "01 14 00 0c 04");
  EXPECT_EQ(body_of(R"({"Gpu":1})"), "01 15 01 04") << "string 1 is the JSON";
}

TEST(Binary, TerminatorsHaveTheirCodes) {
  EXPECT_EQ(body_of("", R"({"Goto":300})"), "00 00 ac 02");
  EXPECT_EQ(body_of("", R"({"Return":null})"), "00 01");
  EXPECT_EQ(body_of("", R"({"Return":{"Move":1}})"), "00 81 05");
  EXPECT_EQ(body_of("", R"({"If":{"cond":{"Copy":0},"then":1,"else":2}})"), "00 02 00 01 02");
  EXPECT_EQ(body_of("", R"({"Switch":{"value":{"Copy":0},"targets":[{"value":-1,"target":2},)"
                        R"({"value":9223372036854775808,"target":3}],"default":4}})"),
            "00 03 00 02 00 01 02 01 80 80 80 80 80 80 80 80 80 01 03 04");
  EXPECT_EQ(body_of("", R"("Unreachable")"), "00 04");
  EXPECT_EQ(body_of("", R"({"Abort":"f"})"), "00 05 00");
  EXPECT_EQ(
      body_of("", R"({"CallTerminator":{"dest":null,"func":{"Copy":0},"args":[],"normal":1,)"
                  R"("unwind":null,"unwind_payload_dest":null,"unwind_type_tag_dest":null}})"),
      "00 06 00 00 00 01 00 01");
  EXPECT_EQ(body_of("", R"({"CallTerminator":{"dest":0,"func":{"Copy":0},"args":[],"normal":1,)"
                        R"("unwind":2,"unwind_payload_dest":3,"unwind_type_tag_dest":4}})"),
            "00 86 01 04 05 01 00 01 02");
  EXPECT_EQ(body_of("", R"({"Throw":0})"), "00 07 01");
}

TEST(Binary, ValuesTypesAndDefinitionsHaveTheirBytes) {
  const auto unit = read_json(
      R"({"name":"m","functions":[{"symbol":1,"name":"f","signature":{"params":[],)"
      R"("return_type":null,"is_variadic":true},"locals":[{"id":3,"name":null,"type":"I8",)"
      R"("kind":{"Arg":2}}],"blocks":[{"id":0,"label":null,"instructions":[)"
      R"({"Const":{"dest":0,"value":-3,"type":"I64"}},)"
      R"({"Const":{"dest":1,"value":18446744073709551615,"type":"U64"}},)"
      R"({"Const":{"dest":2,"value":1.5,"type":"F64"}},)"
      R"({"Const":{"dest":3,"value":true,"type":"Bool"}},)"
      R"({"Const":{"dest":4,"value":"m","type":"Unit"}},)"
      R"({"Const":{"dest":5,"value":"Zero","type":"Unit"}},)"
      R"({"Const":{"dest":6,"value":null,"type":"Unit"}},)"
      R"({"Alloc":{"dest":7,"type":{"Ptr":{"pointee":"I8","mutable":true}}}},)"
      R"({"Alloc":{"dest":8,"type":{"Array":{"element":"I8","size":300}}}},)"
      R"({"Alloc":{"dest":9,"type":{"Tuple":["I8","U8"]}}},)"
      R"({"Alloc":{"dest":10,"type":{"Struct":{"symbol":5,"args":["I8"]}}}},)"
      R"({"Alloc":{"dest":11,"type":{"Dict":{"key":"I8","value":"U8"}}}}],)"
      R"("terminator":"Unreachable"}],"entry_block":0}],)"
      R"("types":[{"symbol":5,"name":"S","struct":[{"name":"m","type":"U8"}]},)"
      R"({"symbol":6,"name":"E","enum":[{"variant":"S","fields":["U8","I8"]}]}]})");
  ASSERT_TRUE(unit) << unit.error().describe();
  EXPECT_EQ(hex_of(write_binary(*unit)),
            "02 01 04 06 07 02 01 08 01 01 0c 07 "
            "01 01 01 01 01 6d 53 45 66 "        // "m", "S", "E", "f"
            "90 01 00 "                          // 14: a variadic function of nothing to nothing
            "8e 00 "                             // 15: a pointer, may be written, to I8
            "11 ac 02 00 "                       // 16: 300 of I8
            "13 02 00 04 "                       // 17: a tuple of I8 and U8
            "14 05 01 00 "                       // 18: struct 5 of I8
            "16 00 04 "                          // 19: a dict
            "15 05 "                             // I64, an integer: -3
            "32 ff ff ff ff ff ff ff ff ff 01 "  // U64, a large one
            "41 00 00 00 00 00 00 f8 3f "        // F64: 1.5
            "49 01 "                             // Bool: true
            "58 00 59 5a "                       // Unit: string 0, zero, null
            "05 02 00 01 01 04 "                 // struct 5, "S": "m" of U8
            "06 05 00 01 01 02 00 04 00 00 "     // enum 6, "E": "S" of U8 and I8
            "01 03 0e 00 00 "                    // function 1, "f", type 14, entry 0
            "01 1b 03 00 02 "                    // local 3 of I8, argument 2
            "01 00 0c 81 02 81 06 81 0a 81 0e 81 12 81 16 81 1a "  // 7 constants
            "87 0f 87 10 87 11 87 12 87 13 04");
}

// `kMaxBytes` with one place changed, and what is said of it.
void expect_refused(std::string_view from, std::string_view to, std::string_view message,
                    ErrorCode code = ErrorCode::kInvalidInput) {
  std::string hex = kMaxBytes;
  const auto at = hex.find(from);
  ASSERT_NE(at, hex.npos) << from;
  ASSERT_EQ(hex.find(from, at + 1), hex.npos) << from << " is there twice";
  hex.replace(at, from.size(), to);
  const ByteVector bytes = bytes_of(hex);
  const auto unit = read_binary(bytes);
  ASSERT_FALSE(unit) << from << " as " << to;
  EXPECT_EQ(unit.error().code, code);
  EXPECT_NE(unit.error().message.find(message), std::string::npos)
      << unit.error().message << "\nis not: " << message;
  ASSERT_TRUE(unit.error().offset);
  EXPECT_LE(*unit.error().offset, bytes.size());
}

TEST(BinaryErrors, OfFormAndVersion) {
  expect_refused("02 01 05 02", "01 01 05 02", "form 1, not 2", ErrorCode::kUnsupported);
  expect_refused("02 01 05 02", "02 02 05 02", "version 2", ErrorCode::kUnsupported);
  EXPECT_FALSE(read_binary({}));
  EXPECT_FALSE(read_binary(bytes_of("02")));
}

TEST(BinaryErrors, OfNumbers) {
  expect_refused("ac 02 00 0f", "ac 00 00 0f", "a number that is written wrongly");
  expect_refused("ac 02 00 0f", "ff ff ff ff ff ff ff ff ff 02 00 0f", "written wrongly");
  expect_refused("ac 02 00 0f", "ff ff ff ff 0f 00 0f", "symbol 4294967295");
  expect_refused("02 01 05 02", "02 01 ff 7f 02", "more than the bytes that are left");
  expect_refused("05 03 03 01 05 00", "06 03 03 01 05 00", "more or fewer things");
  expect_refused("05 03 03 01 05 00", "05 03 03 02 05 00", "more or fewer things");
  expect_refused("05 03 03 01 05 00", "05 03 03 01 04 00", "more or fewer things");
  expect_refused("05 03 03 01 05 00", "05 02 03 01 05 00", "more or fewer things");
  expect_refused("05 03 03 01 05 00", "05 03 04 01 05 00", "more or fewer things");
  expect_refused("81 00", "81 00 00", "bytes after the end");
}

TEST(BinaryErrors, OfStrings) {
  expect_refused("01 05 00 03 01", "01 05 06 03 01", "the name is no string");
  expect_refused("6d 61 78", "ff 61 78", "string 0 is not UTF-8");
  expect_refused("54 61 62", "54 61 61", "string 3 is there twice");
  expect_refused("03 01 01 01 05 6d", "03 01 01 01 3e 6d", "more than the bytes that are left");
  expect_refused("03 01 01 01 05 6d", "30 30 01 01 05 6d", "longer than what is there");
}

TEST(BinaryErrors, OfTypes) {
  expect_refused("1d 01 10", "1d 05 10", "string 5 of 5");
  expect_refused("1d 01 10", "0d 01 10", "a type of kind 13");
  expect_refused("1d 01 10", "1e 01 10", "a type of kind 30");
  expect_refused("1d 01 10", "9d 01 10", "a flag of a type that has none");
  expect_refused("1d 01 10", "12 0e 10", "type 14 of 14");  // itself
  expect_refused("10 03 0f 0e 0e", "10 03 10 0e 0e", "type 15 of 15");
  expect_refused("10 03 0f 0e 0e", "10 00", "a signature without a result");
  expect_refused(
      "05 02 00 00 01 05 03 03 01 05 00 03 01 01 01 05 6d 61 78 54 61 62 65 6e 74 72 "
      "79 1d 01",
      "05 03 00 00 01 05 03 03 01 05 00 03 01 01 01 05 6d 61 78 54 61 62 65 6e 74 72 "
      "79 1d 01 1d 01",
      "type 15 is there twice");
}

TEST(BinaryErrors, OfTypesThatAreTooDeep) {
  for (const unsigned depth : {499u, 500u}) {
    // No strings, `depth` slices of I8 inside each other; nothing else.
    ByteVector bytes = bytes_of("02 01 00");
    const auto number = [&](unsigned value) {  // of two bytes at most
      if (value >= 0x80) bytes.push_back(static_cast<std::byte>((value & 0x7f) | 0x80));
      bytes.push_back(static_cast<std::byte>(value >= 0x80 ? value >> 7 : value));
    };
    number(depth);
    append_bytes(bytes, bytes_of("00 00 00"));
    number(depth);
    append_bytes(bytes, bytes_of("00 00 00 00 00"));
    for (unsigned i = 0; i != depth; ++i) {
      number(18);
      number(i == 0 ? 0 : 13 + i);
    }
    const auto unit = read_binary(bytes);
    EXPECT_EQ(unit.has_value(), depth == 499) << (unit ? "" : unit.error().describe());
    if (!unit) {
      EXPECT_NE(unit.error().message.find("type 513 is nested deeper than 500"), std::string::npos)
          << unit.error().message;
    }
  }
}

TEST(BinaryErrors, OfFunctionsAndLocals) {
  expect_refused("ac 02 00 0f", "ac 02 05 0f", "string 5 of 5");
  expect_refused("ac 02 00 0f", "ac 02 00 0e", "the type of a function is none");
  expect_refused("ac 02 00 0f", "ac 02 00 10", "type 16 of 16");
  expect_refused("01 05 03 07", "01 0f 03 07", "string 5 of 5");
  expect_refused("03 07 02 0e", "03 27 02 0e", "a local that begins wrongly");
  expect_refused("0e 01 0a", "0e 11 0a", "a local that begins wrongly");
  expect_refused("0e 01 0a", "0e 09 02 0a", "local 2 that is told needlessly");
  expect_refused("0e 01 0a", "0e 09 ff ff ff ff 03 0a", "local 1073741823");
  expect_refused("03 07 02 0e", "03 0f fe ff ff ff 03 02 0e", "local 1073741823 of 1073741823");
  expect_refused("03 07 02 0e", "03 17 02 0e 00", "argument 0 that is told needlessly");
  expect_refused("03 07 02 0e", "03 17 02 0e fe ff ff ff 0f", "argument 4294967295");
}

TEST(BinaryErrors, OfBlocksAndTerminators) {
  expect_refused("03 02 04 01 2d", "03 04 04 01 2d", "a block that begins wrongly");
  expect_refused("03 02 04 01 2d", "03 03 00 04 01 2d", "block 0 that is told needlessly");
  expect_refused("03 02 04 01 2d", "03 03 fe ff ff ff 0f 04 01 2d", "block 4294967295");
  expect_refused("02 08 01 02", "08 08 01 02", "terminator 8 of 8");
  expect_refused("02 08 01 02", "82 08 01 02", "a flag of a terminator that has none");
  expect_refused("02 08 01 02", "05 08", "string 8 of 5");
  expect_refused("02 08 01 02", "06 00 00 00 00 01", "a call of nothing");
  expect_refused("02 08 01 02", "03 08 01 02 01 01", "a case that is no integer");
  expect_refused("02 08 01 02", "03 08 01 01 05 01", "a small integer in the form of large ones");
}

TEST(BinaryErrors, OfInstructions) {
  const auto refused = [](std::string_view instruction, std::string_view message) {
    expect_refused("01 2d 03 00 04", "01 " + std::string(instruction), message);
  };
  refused("2d 01 00 04", "local 0 that is told needlessly");
  refused("2d 00 00 04", "an operation without a destination");
  refused("2d 80 80 80 80 04 00 04", "local 1073741823");
  refused("2d 03 03 04", "an operand that is neither");
  refused("2d 03 02 04", "operand 0 of 0");
  refused("32 03 00 04", "operator 18 of 18");
  refused("52 03 00 04", "operator 18 of 18");
  refused("63 03 00", "operator 3 of 3");
  refused("04 03 00 04", "an operation 4");
  refused("16 03 00 04", "an operation 22");
  refused("80", "a destination where there is none");
  refused("01 03 00", "an operand of another sort");
  refused("02 03 01", "an operand of another sort");
  refused("03 03 00", "an operand of another sort");
  refused("14 00 01", "an operand of another sort");
  refused("07 03 10", "type 16 of 16");
  refused("0b 03 00", "an operation without the operand");
  refused("11 00 00", "an operation without the operand");
  refused("12 00 0f 00", "an operation without the operand");
  refused("12 00 0e 01 00", "an indirect call of what is no function");
  refused("0c 03 0e 00", "an aggregate of a type that is none");
  refused("13 03 05 00", "string 5 of 5");
  refused("0d 03 ff ff ff ff 0f 00", "number 4294967295");
}

TEST(BinaryErrors, OfAggregates) {
  // Type 14 as an array of 1 I8, and as a tuple of an I8.
  for (const char* const type : {"11 01 00", "13 01 00"}) {
    std::string hex = kMaxBytes;
    hex.replace(hex.find("1d 01 10"), 5, type);
    hex.replace(hex.find("2d 03 00 04"), 11, "0c 03 0e 00");
    const auto unit = read_binary(bytes_of(hex));
    ASSERT_FALSE(unit);
    EXPECT_NE(unit.error().message.find("with a size or of a tuple with parts"), std::string::npos)
        << unit.error().message;
  }
}

std::vector<ByteVector> some_units() {
  std::vector<ByteVector> all{bytes_of(kMaxBytes)};
  for (const std::string_view one : kSampleFunctions) all.push_back(write_binary(*read_json(one)));
  const std::uint64_t seeds = kIsLong ? 500 : 10;
  const RandomUnitOptions options{
      .max_functions = 1, .max_blocks = 3, .max_instructions = 5, .type_depth = 2};
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    all.push_back(write_binary(random_unit(seed, options)));
  return all;
}

TEST(BinaryErrors, AnEndTooEarlyIsRefusedWhereverItIs) {
  for (const ByteVector& bytes : some_units()) {
    for (std::size_t size = 0; size != bytes.size(); ++size) {
      // A copy of its own size, so that a sanitizer sees who reads on.
      const ByteVector part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const auto unit = read_binary(part);
      ASSERT_FALSE(unit) << size << " of " << hex_of(bytes);
      ASSERT_TRUE(unit.error().offset && *unit.error().offset <= size);
    }
  }
}

TEST(Binary, WhatIsAcceptedOfAChangedUnitIsWrittenAsItWas) {
  std::size_t accepted = 0;
  const std::vector<ByteVector> all = some_units();
  for (const ByteVector& bytes : all) {
    ByteVector changed = bytes;
    for (std::size_t at = 0; at != bytes.size(); ++at) {
      for (unsigned value = 0; value != 256; ++value) {
        // Of all but the example one bit, without SMF_LONG.
        const unsigned bits = value ^ std::to_integer<unsigned>(bytes[at]);
        if (!kIsLong && bytes.size() != all.front().size() && !std::has_single_bit(bits)) continue;
        changed[at] = static_cast<std::byte>(value);
        const auto unit = read_binary(changed);
        if (!unit) {
          ASSERT_TRUE(unit.error().offset && *unit.error().offset <= changed.size());
          continue;
        }
        ++accepted;
        ASSERT_TRUE(write_binary(*unit) == changed) << hex_of(changed);
        ASSERT_FALSE(write_json(*unit).empty());
      }
      changed[at] = bytes[at];
    }
  }
  EXPECT_GT(accepted, 1000u);
}

}  // namespace
}  // namespace smf::mir
