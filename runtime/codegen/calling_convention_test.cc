#include "runtime/codegen/calling_convention.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/running.h"

namespace smf::codegen {
namespace {

constexpr std::array<std::string_view, 16> kX86Names{"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                     "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                     "r12", "r13", "r14", "r15"};

std::string register_name(Machine machine, Bank bank, unsigned number) {
  if (machine == Machine::kAArch64)
    return fmt::format("{}{}", bank == Bank::kVector ? 'v' : 'x', number);
  if (bank == Bank::kVector) return fmt::format("xmm{}", number);
  return std::string(kX86Names.at(number));
}

// `rdi`, `rdi:0-8+xmm0:8-4` (offset and size of each piece where it is not all of the value),
// `[8]` on the stack, `&x0` and `&[8]` for an address, `-` for nothing.
std::string described(Machine machine, const PassedValue& value) {
  std::string text = value.kind == PassedValue::Kind::kReference ? "&" : "";
  if (value.kind == PassedValue::Kind::kNothing) return "-";
  const bool is_stored = value.kind != PassedValue::Kind::kPieces && value.pieces.empty();
  if (is_stored) return text + fmt::format("[{}]", value.stack_offset);
  for (const Piece& piece : value.pieces) {
    if (&piece != value.pieces.data()) text += '+';
    text += register_name(machine, piece.bank, piece.physical);
    if (value.kind == PassedValue::Kind::kPieces && piece.size != value.layout.size)
      text += fmt::format(":{}-{}", piece.offset, piece.size);
  }
  return text;
}

std::string described_result(Machine machine, const Convention& convention) {
  if (convention.result.kind != PassedValue::Kind::kReference)
    return described(machine, convention.result);
  std::string text = "&" + register_name(machine, Bank::kGeneral, convention.result_address);
  if (convention.returns_address)
    text += "=" + register_name(machine, Bank::kGeneral, convention.returned_address);
  return text;
}

std::string described(Machine machine, const Convention& convention) {
  std::string text;
  for (const PassedValue& value : convention.parameters) text += described(machine, value) + " ";
  text += "-> " + described_result(machine, convention);
  if (convention.stack_bytes != 0) text += fmt::format(", {} bytes", convention.stack_bytes);
  if (convention.is_variadic) text += fmt::format(", {} vectors", convention.vector_arguments);
  return text;
}

// What is of the program here; `Mixed` and the others are used in the tables below.
constexpr std::string_view kDefinitions =
    "struct #1 Pair<A, B> {\n  first: A\n  second: B\n}\n"
    "struct #2 Three<T> {\n  values: [T; 3]\n}\n"
    "struct #3 Recursive {\n  next: *struct #3\n  value: f64\n}\n"
    "enum #4 Option<T> {\n  None()\n  Some(T)\n}\n"
    "enum #5 Either<A, B> {\n  Left(A)\n  Right(B)\n}\n"
    "enum #6 Small {\n  A()\n  B()\n}\n"
    "enum #7 Shape {\n  Circle(f32)\n  Box(f32, f32, f32)\n}\n";

struct Case {
  std::string_view signature;
  std::string_view x86;
  std::string_view a64;
};

class CallingConvention : public testing::Test {
 protected:
  void SetUp() override { running.add(kDefinitions); }

  std::string of(Machine machine, std::string_view signature,
                 std::initializer_list<std::string_view> further = {}) {
    const auto type = running.program.type(signature);
    if (!type) return type.error().message;
    std::vector<mir::TypeId> types;
    for (const std::string_view name : further) types.push_back(running.program.type(name).value());
    const auto convention = convention_of(machine, running.program, running.layouts, *type, types);
    return convention ? described(machine, *convention) : convention.error().message;
  }
  void expect(std::initializer_list<Case> cases) {
    for (const Case& one : cases) {
      EXPECT_EQ(of(Machine::kX86_64, one.signature), one.x86) << one.signature;
      EXPECT_EQ(of(Machine::kAArch64, one.signature), one.a64) << one.signature;
    }
  }

  mir::Running running{};
};

TEST_F(CallingConvention, ScalarsAreInTheFirstRegisterOfTheirBank) {
  expect({
      {"fn()", "-> -", "-> -"},
      {"fn(i64)->i64", "rdi -> rax", "x0 -> x0"},
      {"fn(i8,u16,char,bool)->i8", "rdi rsi rdx rcx -> rax", "x0 x1 x2 x3 -> x0"},
      {"fn(f32)->f32", "xmm0 -> xmm0", "v0 -> v0"},
      {"fn(f64,i32,f32,u64)->f64", "xmm0 rdi xmm1 rsi -> xmm0", "v0 x0 v1 x1 -> v0"},
      {"fn(*i8,&f64,fn(i64)->i64)->*f32", "rdi rsi rdx -> rax", "x0 x1 x2 -> x0"},
      {"fn(i32)->never", "rdi -> -", "x0 -> -"},
      {"fn(i32)->bool", "rdi -> rax", "x0 -> x0"},
  });
}

TEST_F(CallingConvention, WhatHasNoSizeIsNowhere) {
  expect({
      {"fn(nil,i64,(),[i64;0])->nil", "- rdi - - -> -", "- x0 - - -> -"},
      {"fn((nil,nil),f32)->((),nil)", "- xmm0 -> -", "- v0 -> -"},
      {"fn((nil,i64,nil))->(nil,i64)", "rdi -> rax", "x0 -> x0"},
      {"fn((nil,f32))->(f32,[i64;0])", "xmm0 -> xmm0", "v0 -> x0"},
  });
}

TEST_F(CallingConvention, ScalarsBeyondTheRegistersAreOnTheStackInEightBytesEach) {
  expect({
      {"fn(i64,i64,i64,i64,i64,i64,i64,i8,i64)",
       "rdi rsi rdx rcx r8 r9 [0] [8] [16] -> -, 32 bytes",
       "x0 x1 x2 x3 x4 x5 x6 x7 [0] -> -, 16 bytes"},
      {"fn(i8,i8,i8,i8,i8,i8,i8,i8,i8,i16)->i8",
       "rdi rsi rdx rcx r8 r9 [0] [8] [16] [24] -> rax, 32 bytes",
       "x0 x1 x2 x3 x4 x5 x6 x7 [0] [8] -> x0, 16 bytes"},
      {"fn(f64,f64,f64,f64,f64,f64,f64,f64,f32,f64,i64)",
       "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 [0] [8] rdi -> -, 16 bytes",
       "v0 v1 v2 v3 v4 v5 v6 v7 [0] [8] x0 -> -, 16 bytes"},
      // Floats are in registers when integers are on the stack already.
      {"fn(i64,i64,i64,i64,i64,i64,i64,i64,i64,f32)",
       "rdi rsi rdx rcx r8 r9 [0] [8] [16] xmm0 -> -, 32 bytes",
       "x0 x1 x2 x3 x4 x5 x6 x7 [0] v0 -> -, 16 bytes"},
  });
}

TEST_F(CallingConvention, CompositesOfIntegersAreInPiecesOfEightBytes) {
  expect({
      {"fn((i32,i32))->(i32,i32)", "rdi -> rax", "x0 -> x0"},
      {"fn((i64,i64))->(i64,i64)", "rdi:0-8+rsi:8-8 -> rax:0-8+rdx:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn((i64,i8))->Pair<i64,i8>", "rdi:0-8+rsi:8-8 -> rax:0-8+rdx:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn((i8,i8,i8))->[i8;3]", "rdi -> rax", "x0 -> x0"},
      {"fn([i16;5])->[i32;3]", "rdi:0-8+rsi:8-2 -> rax:0-8+rdx:8-4",
       "x0:0-8+x1:8-2 -> x0:0-8+x1:8-4"},
      {"fn([u8;16],i8)->[u8;16]", "rdi:0-8+rsi:8-8 rdx -> rax:0-8+rdx:8-8",
       "x0:0-8+x1:8-8 x2 -> x0:0-8+x1:8-8"},
      {"fn([u8;1])->[u8;1]", "rdi -> rax", "x0 -> x0"},
      {"fn(((i8,i8),(i16,[i8;5])))->bool", "rdi:0-8+rsi:8-2 -> rax", "x0:0-8+x1:8-2 -> x0"},
  });
}

TEST_F(CallingConvention, SlicesAndTextAreAPointerAndALength) {
  expect({
      {"fn([i8])->[i8]", "rdi:0-8+rsi:8-8 -> rax:0-8+rdx:8-8", "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn(text,i32,text)->text", "rdi:0-8+rsi:8-8 rdx rcx:0-8+r8:8-8 -> rax:0-8+rdx:8-8",
       "x0:0-8+x1:8-8 x2 x3:0-8+x4:8-8 -> x0:0-8+x1:8-8"},
      {"fn((text,i8))->(text,text)", "[0] -> &rdi=rax, 32 bytes", "&x0 -> &x8"},
  });
}

TEST_F(CallingConvention, CompositesOfFloatsAreInVectorRegisters) {
  expect({
      {"fn((f32,f32))->(f32,f32)", "xmm0 -> xmm0", "v0:0-4+v1:4-4 -> v0:0-4+v1:4-4"},
      {"fn([f32;3])->[f32;3]", "xmm0:0-8+xmm1:8-4 -> xmm0:0-8+xmm1:8-4",
       "v0:0-4+v1:4-4+v2:8-4 -> v0:0-4+v1:4-4+v2:8-4"},
      {"fn(Three<f32>)->Three<f32>", "xmm0:0-8+xmm1:8-4 -> xmm0:0-8+xmm1:8-4",
       "v0:0-4+v1:4-4+v2:8-4 -> v0:0-4+v1:4-4+v2:8-4"},
      {"fn([f32;4])->[f32;4]", "xmm0:0-8+xmm1:8-8 -> xmm0:0-8+xmm1:8-8",
       "v0:0-4+v1:4-4+v2:8-4+v3:12-4 -> v0:0-4+v1:4-4+v2:8-4+v3:12-4"},
      {"fn((f64,f64))->Pair<f64,f64>", "xmm0:0-8+xmm1:8-8 -> xmm0:0-8+xmm1:8-8",
       "v0:0-8+v1:8-8 -> v0:0-8+v1:8-8"},
      {"fn([f64;1],f64)->[f64;1]", "xmm0 xmm1 -> xmm0", "v0 v1 -> v0"},
      {"fn((f32,(f32,[f32;1])))->f32", "xmm0:0-8+xmm1:8-4 -> xmm0", "v0:0-4+v1:4-4+v2:8-4 -> v0"},
  });
}

TEST_F(CallingConvention, UpToFourFloatsOfOneKindAreInVectorRegistersOfAArch64) {
  expect({
      {"fn([f64;4],i64)->[f64;4]", "[0] rsi -> &rdi=rax, 32 bytes",
       "v0:0-8+v1:8-8+v2:16-8+v3:24-8 x0 -> v0:0-8+v1:8-8+v2:16-8+v3:24-8"},
      {"fn([f64;3])->[f64;3]", "[0] -> &rdi=rax, 32 bytes",
       "v0:0-8+v1:8-8+v2:16-8 -> v0:0-8+v1:8-8+v2:16-8"},
      {"fn([f64;5])->[f64;5]", "[0] -> &rdi=rax, 48 bytes", "&x0 -> &x8"},
      {"fn([f32;5])->[f32;5]", "[0] -> &rdi=rax, 32 bytes", "&x0 -> &x8"},
      {"fn(((f32,f32),(f32,f32)))->i8", "xmm0:0-8+xmm1:8-8 -> rax",
       "v0:0-4+v1:4-4+v2:8-4+v3:12-4 -> x0"},
      // Of two kinds: as any other.
      {"fn((f32,f64))->(f32,f64)", "xmm0:0-8+xmm1:8-8 -> xmm0:0-8+xmm1:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn((f64,f32,f32))->(f64,f32,f32)", "xmm0:0-8+xmm1:8-8 -> xmm0:0-8+xmm1:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
  });
}

TEST_F(CallingConvention, AnIntegerInItsEightBytesMakesAFloatAnInteger) {
  expect({
      {"fn((f64,i64))->(f64,i64)", "xmm0:0-8+rdi:8-8 -> xmm0:0-8+rax:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn((i64,f64))->(i64,f64)", "rdi:0-8+xmm0:8-8 -> rax:0-8+xmm0:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn((f32,f32,i32))->(f32,f32,i32)", "xmm0:0-8+rdi:8-4 -> xmm0:0-8+rax:8-4",
       "x0:0-8+x1:8-4 -> x0:0-8+x1:8-4"},
      {"fn((f32,i32,f32))->(i32,f32)", "rdi:0-8+xmm0:8-4 -> rax", "x0:0-8+x1:8-4 -> x0"},
      {"fn((f32,i8))->(i8,f32)", "rdi -> rax", "x0 -> x0"},
      {"fn(Recursive)->Recursive", "rdi:0-8+xmm0:8-8 -> rax:0-8+xmm0:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
  });
}

TEST_F(CallingConvention, EnumsAreATagAndAUnionOfTheirVariants) {
  expect({
      {"fn(Small)->Small", "rdi -> rax", "x0 -> x0"},
      {"fn(Option<i32>)->Option<i32>", "rdi -> rax", "x0 -> x0"},
      {"fn(Option<f32>)->Option<f32>", "rdi -> rax", "x0 -> x0"},
      {"fn(Option<f64>)->Option<f64>", "rdi:0-8+xmm0:8-8 -> rax:0-8+xmm0:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn(Either<f64,i8>)->Either<i64,f64>", "rdi:0-8+rsi:8-8 -> rax:0-8+rdx:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn(Either<f64,f32>)->Either<f32,f64>", "rdi:0-8+xmm0:8-8 -> rax:0-8+xmm0:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn(Shape)->Shape", "rdi:0-8+xmm0:8-8 -> rax:0-8+xmm0:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn(Either<i32,[f32;2]>)->i8", "rdi:0-8+xmm0:8-4 -> rax", "x0:0-8+x1:8-4 -> x0"},
      {"fn(Option<Option<f32>>)->Option<Option<f32>>", "rdi:0-8+xmm0:8-4 -> rax:0-8+xmm0:8-4",
       "x0:0-8+x1:8-4 -> x0:0-8+x1:8-4"},
      {"fn(Result<i64,f64>)->Result<f64,f64>", "rdi:0-8+rsi:8-8 -> rax:0-8+xmm0:8-8",
       "x0:0-8+x1:8-8 -> x0:0-8+x1:8-8"},
      {"fn(Option<text>)->Option<text>", "[0] -> &rdi=rax, 32 bytes", "&x0 -> &x8"},
      {"fn(Option<nil>)->Option<()>", "rdi -> rax", "x0 -> x0"},
  });
}

TEST_F(CallingConvention, LargerCompositesAreInMemory) {
  expect({
      {"fn([u8;17])->[u8;17]", "[0] -> &rdi=rax, 32 bytes", "&x0 -> &x8"},
      {"fn(i64,(i64,i64,i8),i64)->i64", "rdi [0] rsi -> rax, 32 bytes", "x0 &x1 x2 -> x0"},
      {"fn(i64,[u8;17],[i32;100],f64)->(i64,i64,i64)", "rsi [0] [24] xmm0 -> &rdi=rax, 432 bytes",
       "x0 &x1 &x2 v0 -> &x8"},
      {"fn((f64,f64,f32))->(f64,f64,f32)", "[0] -> &rdi=rax, 32 bytes", "&x0 -> &x8"},
      {"fn(i8,i8,i8,i8,i8,i8,i8,i8,(i64,i64,i64),i8)",
       "rdi rsi rdx rcx r8 r9 [0] [8] [16] [40] -> -, 48 bytes",
       "x0 x1 x2 x3 x4 x5 x6 x7 &[0] [8] -> -, 16 bytes"},
  });
}

TEST_F(CallingConvention, ACompositeThatDoesNotFitTheRegistersIsOnTheStackAsAWhole) {
  expect({
      // On x86-64 what comes behind it may fit all the same; on AArch64 the bank is used up.
      {"fn(i8,i8,i8,i8,i8,(i64,i64),i8)", "rdi rsi rdx rcx r8 [0] r9 -> -, 16 bytes",
       "x0 x1 x2 x3 x4 x5:0-8+x6:8-8 x7 -> -"},
      {"fn(i8,i8,i8,i8,i8,i8,i8,(i64,i64),i8)", "rdi rsi rdx rcx r8 r9 [0] [8] [24] -> -, 32 bytes",
       "x0 x1 x2 x3 x4 x5 x6 [0] [16] -> -, 32 bytes"},
      {"fn(i8,i8,i8,i8,i8,i8,i8,text,f32)", "rdi rsi rdx rcx r8 r9 [0] [8] xmm0 -> -, 32 bytes",
       "x0 x1 x2 x3 x4 x5 x6 [0] v0 -> -, 16 bytes"},
      {"fn(f32,f32,f32,f32,f32,f32,f32,[f64;2],f32)",
       "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 [0] xmm7 -> -, 16 bytes",
       "v0 v1 v2 v3 v4 v5 v6 [0] [16] -> -, 32 bytes"},
      {"fn(f32,f32,f32,f32,f32,[f32;4],f32,i8)",
       "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5:0-8+xmm6:8-8 xmm7 rdi -> -",
       "v0 v1 v2 v3 v4 [0] [16] x0 -> -, 32 bytes"},
      // One bank is enough to lack.
      {"fn(i8,i8,i8,i8,i8,i8,(i64,f64),f64)", "rdi rsi rdx rcx r8 r9 [0] xmm0 -> -, 16 bytes",
       "x0 x1 x2 x3 x4 x5 x6:0-8+x7:8-8 v0 -> -"},
      {"fn([f64;4],[f64;4],f64,[f64;3])->i8", "[0] [32] xmm0 [64] -> rax, 96 bytes",
       "v0:0-8+v1:8-8+v2:16-8+v3:24-8 v4:0-8+v5:8-8+v6:16-8+v7:24-8 [0] [8] -> x0, 32 bytes"},
      {"fn([i8;3],i8,i8,i8,i8,i8,[i8;3],[i8;9],[i8;12],i8)",
       "rdi rsi rdx rcx r8 r9 [0] [8] [24] [40] -> -, 48 bytes",
       "x0 x1 x2 x3 x4 x5 x6 [0] [16] [32] -> -, 48 bytes"},
  });
}

TEST_F(CallingConvention, TheAddressOfAResultTakesARegisterOfX86Only) {
  expect({
      {"fn(i8,i8,i8,i8,i8,i8,i8)->[i64;3]", "rsi rdx rcx r8 r9 [0] [8] -> &rdi=rax, 16 bytes",
       "x0 x1 x2 x3 x4 x5 x6 -> &x8"},
      {"fn(f32,(i64,f64))->(i64,i64,f64)", "xmm0 rsi:0-8+xmm1:8-8 -> &rdi=rax",
       "v0 x0:0-8+x1:8-8 -> &x8"},
      {"fn()->(text,bool)", "-> &rdi=rax", "-> &x8"},
  });
}

TEST_F(CallingConvention, FurtherArgumentsAreAsTheOthersAndVectorsAreCounted) {
  EXPECT_EQ(of(Machine::kX86_64, "fn(*i8,...)->i32"), "rdi -> rax, 0 vectors");
  EXPECT_EQ(of(Machine::kX86_64, "fn(*i8,...)->i32", {"i32", "f64", "(f64,f64)"}),
            "rdi rsi xmm0 xmm1:0-8+xmm2:8-8 -> rax, 3 vectors");
  EXPECT_EQ(of(Machine::kX86_64, "fn(f64,...)->i32",
               {"f64", "f64", "f64", "f64", "f64", "f64", "f64", "f64"}),
            "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 [0] -> rax, 16 bytes, 8 vectors");
  EXPECT_EQ(of(Machine::kAArch64, "fn(*i8,...)->i32", {"i32", "f64", "(f64,f64)"}),
            "x0 x1 v0 v1:0-8+v2:8-8 -> x0, 3 vectors");
}

TEST_F(CallingConvention, ManyVariantsThatHoldManyVariantsAreLookedAtOnce) {
  std::string text = "enum #10 E0 {\n  A()\n}\n";
  for (int i = 1; i != 4; ++i) {
    text += fmt::format("enum #{} E{} {{\n", 10 + i, i);
    for (int variant = 0; variant != 3000; ++variant)
      text += fmt::format("  V{}(enum #{})\n", variant, 9 + i);
    text += "}\n";
  }
  running.add(text);
  EXPECT_EQ(of(Machine::kX86_64, "fn(E3)->E3"), "rdi:0-8+rsi:8-8 -> rax:0-8+rdx:8-8");
}

TEST_F(CallingConvention, RefusesWhatHasNoLayoutAndTooMuchOfTheStack) {
  EXPECT_EQ(of(Machine::kX86_64, "fn([i8;2000000000],[i8;200000000])"),
            "arguments take more than 2147483631 bytes of the stack");
  EXPECT_EQ(of(Machine::kAArch64, "fn([i8;2000000000],[i8;200000000])"), "&x0 &x1 -> -");
  const mir::TypeId type = running.program.builder().type(
      mir::TypeKind::kFuncPtr,
      std::vector<mir::TypeId>{
          mir::kNone,
          running.program.builder().type(mir::TypeKind::kPromise, std::vector<mir::TypeId>{0})});
  const auto refused = convention_of(Machine::kX86_64, running.program, running.layouts, type);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace smf::codegen
