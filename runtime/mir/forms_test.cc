// JSON, bytes and text say the same: of random units, of random functions, and of functions as the
// compiler prints them. SMF_LONG=1 in the environment tries 100 000 of each.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>

#include "runtime/base/failing_new.h"
#include "runtime/mir/binary.h"
#include "runtime/mir/json.h"
#include "runtime/mir/sample_functions.h"
#include "runtime/mir/testing/random_function.h"
#include "runtime/mir/testing/random_unit.h"
#include "runtime/mir/text.h"

namespace smf::mir {
namespace {

const std::uint64_t kUnits = std::getenv("SMF_LONG") != nullptr ? 100'000 : 2'000;
const std::uint64_t kRounds = std::getenv("SMF_LONG") != nullptr ? 100'000 : 300;

// JSON numbers strings, types and constants in the order in which it meets them, so what has been
// read is compared as text.
TEST(Forms, JsonReadsBackAsTheSameJson) {
  for (std::uint64_t seed = 1; seed <= kUnits; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const std::string json = write_json(random_unit(seed));
    const auto unit = read_json(json);
    ASSERT_TRUE(unit) << unit.error().describe() << "\n" << json;
    ASSERT_EQ(write_json(*unit), json);
  }
}

// Where a list lies in its array the bytes do not say: a unit that was read is equal to what is
// read again, and the JSON of all is equal.
TEST(Forms, BytesReadBackAsTheSameUnit) {
  for (std::uint64_t seed = 1; seed <= kUnits; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Unit unit = random_unit(seed);
    const ByteVector bytes = write_binary(unit);
    const auto read = read_binary(bytes);
    ASSERT_TRUE(read) << read.error().describe() << "\n" << write_json(unit);
    ASSERT_TRUE(write_binary(*read) == bytes);
    ASSERT_EQ(write_json(*read), write_json(unit));
    ASSERT_TRUE(read->text == unit.text && read->string_ends == unit.string_ends);
    ASSERT_TRUE(read->constants == unit.constants && read->operands == unit.operands);
    ASSERT_TRUE(read->locals == unit.locals && read->cases == unit.cases);
    const auto again = read_binary(write_binary(*read));
    ASSERT_TRUE(again && *again == *read);
  }
}

// From JSON to bytes, from these to text, and back to JSON.
void expect_round(const Unit& unit) {
  const std::string json = write_json(unit);
  const auto of_json = read_json(json);
  ASSERT_TRUE(of_json) << of_json.error().describe() << "\n" << json;
  const auto of_bytes = read_binary(write_binary(*of_json));
  ASSERT_TRUE(of_bytes) << of_bytes.error().describe() << "\n" << json;
  const std::string text = write_text(*of_bytes);
  const auto of_text = read_text(text);
  ASSERT_TRUE(of_text) << of_text.error().describe() << "\n" << text;
  ASSERT_EQ(write_json(*of_text), json) << text;
}

TEST(Forms, RandomFunctionsGoRoundThroughAllForms) {
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ASSERT_NO_FATAL_FAILURE(
        expect_round(random_function(seed, {.max_callees = 2, .statements = 12})));
  }
}

TEST(Forms, RandomUnitsGoRoundThroughAllForms) {
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    ASSERT_NO_FATAL_FAILURE(expect_round(random_unit(seed)));
  }
}

TEST(Forms, AUnitOfJsonKeepsItsArraysAsBytes) {
  for (const std::string_view function : kSampleFunctions) {
    const auto unit = read_json(function);
    ASSERT_TRUE(unit) << unit.error().describe();
    const auto read = read_binary(write_binary(*unit));
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(write_json(*read), write_json(*unit));
    EXPECT_TRUE(read->constants == unit->constants && read->operands == unit->operands);
  }
}

TEST(Forms, BytesAreAtMostATenthOfTheJson) {
  for (const std::string_view function : kSampleFunctions) {
    const auto unit = read_json(function);
    ASSERT_TRUE(unit) << unit.error().describe();
    const std::string json = write_json(*unit);  // without line ends
    EXPECT_LE(write_binary(*unit).size() * 10, json.size()) << json;
  }
}

// One block of `count` additions.
std::string long_function(int count) {
  std::string instructions;
  for (int i = 0; i != count; ++i) {
    if (i != 0) instructions += ',';
    instructions += R"({"BinOp":{"dest":)" + std::to_string(i + 1) +
                    R"(,"op":"Add","left":{"Copy":)" + std::to_string(i) +
                    R"(},"right":{"Const":{"value":)" + std::to_string(i % 7) +
                    R"(,"type":"I64"}}}})";
  }
  return R"({"symbol":1,"name":"long","signature":{"params":["I64"],"return_type":"I64",)"
         R"("is_variadic":false},"locals":[{"id":0,"name":"x","type":"I64","kind":{"Arg":0}}],)"
         R"("blocks":[{"id":0,"label":"entry","instructions":[)" +
         instructions + R"(],"terminator":{"Return":{"Copy":)" + std::to_string(count) +
         R"(}}}],"entry_block":0})";
}

TEST(Forms, ReadingBytesTakesADozenAllocationsWhateverTheSize) {
  std::int64_t before = 0;
  for (const int count : {100, 1000}) {
    const auto unit = read_json(long_function(count));
    ASSERT_TRUE(unit) << unit.error().describe();
    ASSERT_EQ(unit->instructions.size(), static_cast<std::size_t>(count));
    const ByteVector bytes = write_binary(*unit);
    const FailingNew counting(-1);
    const auto read = read_binary(bytes);
    const std::int64_t allocations = counting.count();
    ASSERT_TRUE(read);
    EXPECT_LT(allocations, 25);
    EXPECT_GT(allocations, 5) << "they are counted";
    if (before != 0) {
      EXPECT_EQ(allocations, before);
    }
    before = allocations;
  }
}

// Not of JSON: its library allocates where it frees a tree, and there nothing may fail.
TEST(Forms, MemoryThatIsNotThereIsAnErrorOfBytes) {
  const ByteVector bytes = write_binary(*read_json(kVectorPush));
  const std::int64_t allocations = fail_each_allocation([&] {
    const auto unit = read_binary(bytes);
    EXPECT_TRUE(unit || unit.error().code == ErrorCode::kOutOfMemory);
  });
  EXPECT_GT(allocations, 5);
}

// The tests above are worth what the units are.
TEST(Forms, RandomUnitsHaveEverything) {
  std::set<TypeKind> types;
  std::set<ValueKind> values;
  std::set<std::pair<Op, int>> operations;
  std::set<std::pair<Op, TypeKind>> aggregates;
  std::set<End> ends;
  std::set<LocalKind> locals;
  std::set<Constraint> constraints;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Unit unit = random_unit(seed);
    for (const Type& type : unit.types) types.insert(type.kind);
    for (const Constant& constant : unit.constants) values.insert(constant.kind);
    for (const Instruction& one : unit.instructions) {
      operations.emplace(one.op, one.detail);
      if (one.op == Op::kAggregate) aggregates.emplace(one.op, unit.types[one.type].kind);
    }
    for (const Block& block : unit.blocks) ends.insert(block.terminator.end);
    for (const Local& local : unit.locals) locals.insert(local.kind);
    for (const Parameter& parameter : unit.parameters) constraints.insert(parameter.constraint);
  }
  EXPECT_EQ(types.size(), kTypeKinds);
  EXPECT_EQ(values.size(), 7u);
  EXPECT_EQ(operations.size(), (kOps - 3) + 2 * kBinaryOps + kUnaryOps + 1)
      << "each operator, and a global address of both sorts";
  EXPECT_EQ(aggregates.size(), 4u);
  EXPECT_EQ(ends.size(), kEnds);
  EXPECT_EQ(locals.size(), 4u);
  EXPECT_EQ(constraints.size(), 3u);
}

}  // namespace
}  // namespace smf::mir
