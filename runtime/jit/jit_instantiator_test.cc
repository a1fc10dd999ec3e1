// What goes beyond the 44 cases: what a function calls, groups, names, sharing.
#include "runtime/jit/jit_instantiator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "runtime/jit/jit_testing.h"

namespace smf {
namespace {

class JitCallees : public JitModules {};

TEST_F(JitCallees, CalleesComeFirstAndNeedNoRow) {
  const auto jit = make();
  load(*jit, add("m.smf", row_free_note(),
                 calling("a", {"b<T>"}, 1) + calling("b", {"c<T>"}, 2) + calling("c", {}, 3)));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  EXPECT_EQ(numbering_->groups, (std::vector<std::string>{"c$i64", "b$i64", "a$i64"}));
  ASSERT_EQ(callees_in(a).size(), 1u);
  EXPECT_EQ(call_code(callees_in(a)[0]), number_of("b$i64"));
  // What was made on the way is there for whoever asks.
  EXPECT_EQ(jit->stats().cached_count, 3u);
  EXPECT_EQ(jit->try_jit_instantiate("b$i64").address(), callees_in(a)[0]);
}

TEST_F(JitCallees, ACalleeIsFoundInAnotherModule) {
  const auto jit = make();
  load(*jit, add("m.smf", row_free_note(), calling("a", {"b<T>"}, 1)));
  EXPECT_EQ(error_of(jit->try_jit_instantiate("a$i64")),
            "'a$i64' needs the function 'b$i64', which nobody provides");
  load(*jit, add("n.smf", "", calling("b", {}, 2)));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  EXPECT_EQ(call_code(callees_in(a)[0]), number_of("b$i64"));
}

TEST_F(JitCallees, ARowOfAnotherNameIsTheSameInstantiation) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}, {"b", "Int", "b$Int"}}),
                 calling("a", {"b<T>"}, 1) + calling("b", {}, 2)));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  const JitResult b = jit->try_jit_instantiate("b$Int");
  ASSERT_TRUE(b.is_success()) << b.describe();
  EXPECT_EQ(b.address(), callees_in(a)[0]);
  EXPECT_EQ(std::get<JitSuccess>(b).symbol, "b$Int");
  EXPECT_EQ(numbering_->count("b$i64"), 1);
  EXPECT_EQ(jit->stats().cached_count, 2u);
}

TEST_F(JitCallees, AFunctionThatCallsItselfIsCompiled) {
  const auto jit = make();
  load(*jit, add("m.smf", row_free_note(), calling("a", {"a<T>"}, 1)));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  EXPECT_EQ(callees_in(a)[0], a.address());
}

TEST_F(JitCallees, ACircleIsCompiledAsOne) {
  const auto jit = make();
  // a calls b and d; b and c call each other; d is alone.
  load(*jit, add("m.smf", row_free_note(),
                 calling("a", {"b<T>", "d<T>"}, 1) + calling("b", {"c<T>"}, 2) +
                     calling("c", {"b<T>", "d<T>"}, 3) + calling("d", {}, 4)));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  EXPECT_EQ(numbering_->groups, (std::vector<std::string>{"d$i64", "b$i64+c$i64", "a$i64"}));
  const JitResult b = jit->try_jit_instantiate("b$i64"), c = jit->try_jit_instantiate("c$i64");
  expect_made(b, "b$i64");
  expect_made(c, "c$i64");
  EXPECT_EQ(callees_in(a)[0], b.address());
  EXPECT_EQ(callees_in(b)[0], c.address());
  EXPECT_EQ(callees_in(c)[0], b.address());
  EXPECT_EQ(callees_in(c)[1], callees_in(a)[1]);
}

// More than are searched one by one, in a circle and in a row.
TEST_F(JitCallees, AGroupMayBeLarge) {
  const auto jit = make();
  std::string templates;
  constexpr int kMembers = 30;
  for (int i = 0; i != kMembers; ++i) {
    const std::string next = fmt::format("r{}<T>", (i + 1) % kMembers);
    const std::string leaf = fmt::format("l{}<T>", i);
    templates += calling(fmt::format("r{}", i), {next, leaf, "r3<T>"}, 2 * i + 1);
    templates += calling(fmt::format("l{}", i), {}, 2 * i + 2);
  }
  load(*jit, add("m.smf", note_text({{"r0", "i64", "r0$i64"}}), templates));
  const JitResult made = jit->try_jit_instantiate("r0$i64");
  expect_made(made, "r0$i64");
  EXPECT_EQ(jit->stats().cached_count, 2u * kMembers);
  EXPECT_EQ(numbering_->groups.size(), kMembers + 1u);  // each leaf by itself
  for (int i = 0; i != kMembers; ++i) {
    const JitResult one = jit->try_jit_instantiate(fmt::format("r{}$i64", i));
    expect_made(one, fmt::format("r{}$i64", i));
    const auto callees = callees_in(one);
    const std::string next = fmt::format("r{}$i64", (i + 1) % kMembers);
    ASSERT_EQ(callees.size(), next == "r3$i64" ? 2u : 3u);
    EXPECT_EQ(call_code(callees[0]), number_of(next));
    EXPECT_EQ(call_code(callees[1]), number_of(fmt::format("l{}$i64", i)));
    EXPECT_EQ(call_code(callees[next == "r3$i64" ? 0 : 2]), number_of("r3$i64"));
  }
}

TEST_F(JitCallees, TypesThatGrowForEverEndWithTheirChain) {
  const auto jit = make({.update_mode = UpdateMode::kOff, .max_depth = 4});
  load(*jit, add("m.smf", row_free_note(),
                 "struct #10 Box<T> {\n  value: T\n}\n"
                 "fn #1 a<T>(T) -> T entry 0 {\n  local %0 x: T arg 0\n"
                 "  local %1: Box<T> temp\n  block 0:\n"
                 "    %1 = aggregate struct Box<T> (%0)\n"
                 "    %1 = call fn(Box<T>) -> Box<T> \"a<Box<T>>\"(%1)\n    return %0\n}\n"));
  EXPECT_EQ(error_of(jit->try_jit_instantiate("a$i64")),
            "Maximum JIT depth (4) exceeded: a$i64 -> a$Box<i64> -> a$Box<Box<i64>> -> "
            "a$Box<Box<Box<i64>>> -> a$Box<Box<Box<Box<i64>>>>");
  EXPECT_EQ(jit->stats().cached_count, 0u);
  // Nothing is left in progress.
  EXPECT_TRUE(std::holds_alternative<JitCompilationError>(jit->try_jit_instantiate("a$i64")));
}

TEST_F(JitCallees, ATypeThatContainsItselfIsACircle) {
  const auto jit = make();
  load(*jit, add("m.smf", row_free_note(),
                 "struct #10 Node<T> {\n  value: T\n  next: Node<T>\n}\n"
                 "fn #1 a<T>(T) -> T entry 0 {\n  local %0 x: T arg 0\n"
                 "  local %1: Node<T> temp\n  block 0:\n    return %0\n}\n"));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  ASSERT_TRUE(std::holds_alternative<JitCircularDependency>(a)) << a.describe();
  EXPECT_EQ(std::get<JitCircularDependency>(a).cycle,
            (std::vector<std::string>{"Node<i64>", "Node<i64>"}));
}

TEST_F(JitCallees, RegisteredSymbolsComeBeforeTemplatesAndSourcesLast) {
  const int here = 0, there = 0;
  std::vector<std::string> asked;
  JitOptions options{.update_mode = UpdateMode::kOff};
  options.symbol_sources.push_back([&](std::string_view name) -> const void* {
    asked.emplace_back(name);
    return nullptr;
  });
  options.symbol_sources.push_back(
      [&](std::string_view name) { return name == "from_source" ? &there : nullptr; });
  const auto jit = make(std::move(options));
  load(*jit, add("m.smf", row_free_note(),
                 calling("a", {"b<T>", "from_source"}, 1) + calling("b", {}, 2)));
  ASSERT_TRUE(jit->register_symbol("b$i64", &here));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  EXPECT_EQ(callees_in(a), (std::vector<const void*>{&here, &there}));
  EXPECT_EQ(asked, std::vector<std::string>{"from_source"});
  EXPECT_EQ(numbering_->count("b$i64"), 0);
}

TEST_F(JitCallees, TheProcessIsASource) {
  JitOptions options{.update_mode = UpdateMode::kOff};
  options.symbol_sources.push_back(dlsym_source());
  const auto jit = make(std::move(options));
  load(*jit, add("m.smf", row_free_note(), calling("a", {"strlen"}, 1)));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  EXPECT_NE(callees_in(a)[0], nullptr);
}

TEST_F(JitCallees, AnOperatorOfAStructIsAFunctionOfItsName) {
  const auto jit = make();
  const std::string less =
      "fn #1 less<T: ordered>(T, T) -> bool entry 0 {\n  local %0 a: T arg 0\n"
      "  local %1 b: T arg 1\n  local %2: bool temp\n  block 0:\n    %2 = lt %0, %1\n"
      "    return %2\n}\n"
      "fn #2 compare<T>(text, text) -> bool entry 0 {\n  local %0 a: text arg 0\n"
      "  local %1 b: text arg 1\n  block 0:\n    return bool true\n}\n";
  // The row says what lt$text is.
  load(*jit, add("m.smf", note_text({{"less", "text", "less$text"}, {"compare", "u8", "lt$text"}}),
                 less));
  const JitResult result = jit->try_jit_instantiate("less$text");
  ASSERT_TRUE(result.is_success()) << result.describe();
  EXPECT_EQ(callees_in(result)[0], jit->try_jit_instantiate("lt$text").address());
  EXPECT_EQ(numbering_->count("compare$u8"), 1);
}

TEST_F(JitCallees, WhatIsCompiledByTheEmbedderIsNotLookedInto) {
  auto compiler = std::make_shared<ForeignCompiler>(
      [](const TemplateRequest& request) -> Result<codegen::Code> {
        if (request.template_name != "b") return fail(ErrorCode::kUnsupported, "mine is b");
        EXPECT_EQ(request.type_args, "i64");
        EXPECT_FALSE(request.body.empty());
        return numbered_code({{"b$i64", {"c$Int"}}});
      });
  const auto jit = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}, {"c", "Int", "c$Int"}}),
                 calling("a", {"b<T>"}, 1) + calling("b", {"nothing"}, 2) + calling("c", {}, 3)));
  const JitResult a = jit->try_jit_instantiate("a$i64");
  expect_made(a, "a$i64");
  const JitResult b = jit->try_jit_instantiate("b$i64");
  expect_made(b, "b$i64");
  EXPECT_EQ(callees_in(a)[0], b.address());
  EXPECT_EQ(callees_in(b)[0], jit->try_jit_instantiate("c$Int").address());
  EXPECT_EQ(compiler->groups, (std::vector<std::string>{"c$i64", "a$i64"}));
}

TEST_F(JitCallees, WhatAnEmbeddersCompilerThrowsPassesAndLeavesNothing) {
  bool throws = true;
  auto compiler = std::make_shared<ForeignCompiler>(
      [&](const TemplateRequest& request) -> Result<codegen::Code> {
        if (request.template_name == "b" && throws) throw 7;
        return fail(ErrorCode::kUnsupported, "");
      });
  const auto jit = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
  load(*jit, add("m.smf", row_free_note(), calling("a", {"b<T>"}, 1) + calling("b", {"a<T>"}, 2)));
  EXPECT_THROW(jit->try_jit_instantiate("a$i64"), int);
  throws = false;
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
}

TEST_F(JitCallees, CodeThatDoesNotHoldTogetherIsRefused) {
  codegen::Code code;
  auto compiler = std::make_shared<ForeignCompiler>(
      [&](const TemplateRequest&) -> Result<codegen::Code> { return code; });
  const auto jit = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
  load(*jit, add("m.smf", row_free_note(), calling("a", {}, 1)));
  EXPECT_NE(error_of(jit->try_jit_instantiate("a$i64")), "");  // nothing
  code = numbered_code({{"a$i64", {}}});
  code.entries[0].size = 10'000;
  EXPECT_NE(error_of(jit->try_jit_instantiate("a$i64")), "");
  code = numbered_code({{"a$i64", {"memcpy"}}});
  code.relocations[0].offset = static_cast<std::uint32_t>(code.bytes.size()) - 4;
  EXPECT_NE(error_of(jit->try_jit_instantiate("a$i64")), "");
  code = numbered_code({{"a$i64", {}}});
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
}

TEST_F(JitCallees, ATemplateThatDoesNotVerifyIsRefusedEachTime) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}, {"b", "i64", "b$i64"}}),
                 "fn #1 a<T>(T) -> T entry 0 {\n  local %0 x: T arg 0\n  local %1: T temp\n"
                 "  block 0:\n    return %1\n}\n" +
                     calling("b", {}, 2)));
  for (int i = 0; i != 2; ++i) {
    const std::string message = error_of(jit->try_jit_instantiate("a$i64"));
    EXPECT_TRUE(message.contains("function 'a', block 0")) << message;
  }
  expect_made(jit->try_jit_instantiate("b$i64"), "b$i64");
}

// In general nothing is said about a parameter's value; of an i64 it is.
TEST_F(JitCallees, AnInstantiationIsVerifiedAsWell) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "u32", "a$u32"}, {"a", "f64", "a$f64"}}),
                 "fn #1 a<T>(T) -> T entry 0 {\n  local %0 x: T arg 0\n  local %1: T temp\n"
                 "  block 0:\n    %1 = intrinsic popcount(%0)\n    return %1\n}\n"));
  EXPECT_TRUE(jit->try_jit_instantiate("a$u32").is_success());
  const std::string message = error_of(jit->try_jit_instantiate("a$f64"));
  EXPECT_TRUE(message.contains("function 'a$f64', block 0, instruction 0")) << message;
}

// ---- Names ----

class JitNames : public JitModules {};

const char kClash[] = "the name 'x' stands for a<i64> and for b<i64>";

TEST_F(JitNames, ANameWithTwoMeaningsIsAnError) {
  const auto jit = make();
  const std::string templates = calling("a", {}, 1) + calling("b", {}, 2);
  load(*jit, add("m.smf", note_text({{"a", "i64", "x"}}), templates));
  const std::string other = add("n.smf", note_text({{"b", "Int", "x"}}));
  load(*jit, other);
  EXPECT_EQ(error_of(jit->try_jit_instantiate("x")), kClash);
  EXPECT_FALSE(jit->can_jit_instantiate("x"));
  ASSERT_TRUE(jit->unload(other));
  EXPECT_TRUE(jit->try_jit_instantiate("x").is_success());
}

TEST_F(JitNames, ANameThatGetsAnotherMeaningLaterIsAnErrorToo) {
  const auto jit = make();
  const std::string first =
      add("m.smf", note_text({{"a", "i64", "x"}}), calling("a", {}, 1) + calling("b", {}, 2));
  load(*jit, first);
  const JitResult x = jit->try_jit_instantiate("x");
  ASSERT_TRUE(x.is_success());
  load(*jit, add("n.smf", note_text({{"b", "i64", "x"}}), calling("b", {}, 2)));
  EXPECT_EQ(error_of(jit->try_jit_instantiate("x")), kClash);
  // While both are there.
  ASSERT_TRUE(jit->unload(folder_ + "/n.smf"));
  EXPECT_EQ(jit->try_jit_instantiate("x").address(), x.address());
  load(*jit, folder_ + "/n.smf");
  EXPECT_EQ(error_of(jit->try_jit_instantiate("x")), kClash);
  // Also when nobody lists the first meaning any more: pointers to it are about.
  ASSERT_TRUE(jit->unload(first));
  EXPECT_EQ(error_of(jit->try_jit_instantiate("x")), kClash);
  EXPECT_TRUE(jit->forget("x"));
  const JitResult other = jit->try_jit_instantiate("x");
  ASSERT_TRUE(other.is_success()) << other.describe();
  EXPECT_EQ(call_code(other.address()), number_of("b$i64"));
  EXPECT_EQ(call_code(x.address()), number_of("a$i64"));
}

TEST_F(JitNames, ANameThatIsMadeForTwoMeaningsIsAnError) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "A_B,C", "first"}, {"a", "A,B_C", "second"}}),
                 "struct #10 A_B<T> {\n  v: T\n}\n"
                 "fn #1 a<T, U>(*mut T, *mut U) entry 0 {\n  local %0 x: *mut T arg 0\n"
                 "  local %1 y: *mut U arg 1\n  block 0:\n    return\n}\n"));
  // Neither type is there: what counts is that the message is about types, not names.
  EXPECT_NE(error_of(jit->try_jit_instantiate("first")), "");
  auto compiler = std::make_shared<ForeignCompiler>(
      [](const TemplateRequest& request) -> Result<codegen::Code> {
        return numbered_code({{std::string(request.symbol), {}}});
      });
  const auto other = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
  load(*other, folder_ + "/m.smf");
  EXPECT_TRUE(other->try_jit_instantiate("first").is_success());
  EXPECT_EQ(error_of(other->try_jit_instantiate("second")),
            "the name 'a$A_B_C' stands for a<A_B,C> and for a<A,B_C>");
}

TEST_F(JitNames, InstantiationsOfSomeStatesAreMadeAgain) {
  const auto jit = make();
  const std::vector<TestRow> made = {{"a", "i64", "a$i64", "compiled"},
                                     {"a", "u8", "a$u8", "deferred"},
                                     {"a", "f64", "a$f64", "jit_compiled"},
                                     {"b", "f64", "b$f64", "jit_compiled"}};
  load(*jit, add("m.smf", note_text({}, made), calling("a", {}, 1)));
  EXPECT_FALSE(jit->can_jit_instantiate("a$i64"));
  EXPECT_TRUE(jit->can_jit_instantiate("a$u8"));
  EXPECT_TRUE(jit->can_jit_instantiate("a$f64"));
  EXPECT_FALSE(jit->can_jit_instantiate("b$f64")) << "its template is not there";
  EXPECT_TRUE(std::holds_alternative<JitNotFound>(jit->try_jit_instantiate("b$f64")));
  expect_made(jit->try_jit_instantiate("a$u8"), "a$u8");
  expect_made(jit->try_jit_instantiate("a$f64"), "a$f64");
  EXPECT_EQ(jit->find_possible("a$f64")->row.status, "jit_compiled");
}

TEST_F(JitNames, PossibleRowsComeFirstAndModulesInTheirOrder) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({}, {{"a", "i64", "a$i64", "deferred"}}), calling("a", {}, 1)));
  const std::string second = add("n.smf", note_text({{"a", "i64", "a$i64"}}));
  const std::string third = add("o.smf", note_text({{"a", "i64", "a$i64"}}));
  load(*jit, second);
  load(*jit, third);
  EXPECT_EQ(jit->find_possible("a$i64")->module, second);
  load(*jit, second);  // keeps its place
  EXPECT_EQ(jit->find_possible("a$i64")->module, second);
  ASSERT_TRUE(jit->unload(second));
  EXPECT_FALSE(jit->unload(second));
  EXPECT_EQ(jit->find_possible("a$i64")->module, third);
}

// ---- Sharing ----

class JitSharing : public JitModules {};

TEST_F(JitSharing, LayoutsThatAreAlikeShareCode) {
  const auto jit = make();
  load(*jit, add("m.smf",
                 note_text({{"a", "*i64", "a$1"},
                            {"a", "mut*text", "a$2"},
                            {"a", "P<i32>", "a$3"},
                            {"a", "Q<i32>", "a$4"},
                            {"a", "P<u32>", "a$5"},
                            {"a", "u64", "a$6"},
                            {"b", "P<i32>", "b$3"},
                            {"b", "Q<i32>", "b$4"}}),
                 "struct #10 P<T> {\n  x: T\n  y: T\n}\nstruct #11 Q<T> {\n  v: T\n  w: i32\n}\n" +
                     calling("a", {"a<T>"}, 1) + calling("b", {"a<T>"}, 2)));
  const auto address = [&](const char* name) {
    const JitResult result = jit->try_jit_instantiate(name);
    EXPECT_TRUE(result.is_success()) << result.describe();
    return result.address();
  };
  EXPECT_EQ(address("a$1"), address("a$2"));
  EXPECT_EQ(address("a$3"), address("a$4"));
  EXPECT_NE(address("a$1"), address("a$3"));
  EXPECT_NE(address("a$3"), address("a$5"));
  EXPECT_NE(address("a$1"), address("a$6"));
  EXPECT_EQ(jit->stats().shared, 2u);
  EXPECT_EQ(jit->stats().compiled, 4u);
  EXPECT_EQ(jit->stats().cached_count, 6u);
  // What b calls has a name that depends on its argument.
  EXPECT_NE(address("b$3"), address("b$4"));
}

// ---- Functions by their address ----

class JitPlaces : public JitModules {};

TEST_F(JitPlaces, AFunctionIsFoundByItsAddress) {
  auto created = JitInstantiator::create({.update_mode = UpdateMode::kOff});
  ASSERT_TRUE(created) << created.error().describe();
  const auto jit = *std::move(created);
  EXPECT_FALSE(jit->function_at(nullptr));
  load(*jit,
       add("m.smf",
           note_text({{"a", "i64", "a$i64"}, {"a", "f64", "a$f64"}, {"put", "u64", "put$u64"}}),
           calling("a", {}, 1) +
               "fn #2 put<T>(*mut T, T) entry 0 {\n  local %0 p: *mut T arg 0\n"
               "  local %1 x: T arg 1\n  block 0:\n    store %0, %1\n    return\n}\n"));
  const auto function = [&](const char* symbol) {
    const JitResult made = jit->try_jit_instantiate(symbol);
    EXPECT_TRUE(made.is_success()) << made.describe();
    const auto found = jit->function_at(made.address());
    EXPECT_TRUE(found && found->type && found->code.data() == made.address());
    return found.value_or(JitFunction{.type = JitFunction::Type{}});
  };
  const JitFunction a = function("a$i64");
  EXPECT_TRUE(a.type->is_of_words && a.type->returns && a.type->parameters == 1);
  EXPECT_FALSE(function("a$f64").type->is_of_words);
  const JitFunction put = function("put$u64");
  EXPECT_TRUE(put.type->is_of_words && !put.type->returns && put.type->parameters == 2);
  // Within one, before all, and behind.
  const auto within = jit->function_at(a.code.data() + a.code.size() - 1);
  EXPECT_TRUE(within && within->code.data() == a.code.data());
  EXPECT_FALSE(jit->function_at(a.code.data() - 1));
  EXPECT_FALSE(jit->function_at(put.code.data() + 4096));
  EXPECT_TRUE(jit->forget("a$i64"));
  EXPECT_TRUE(jit->function_at(a.code.data()));
  // Another does not know of it.
  EXPECT_FALSE(make()->function_at(a.code.data()));
}

TEST_F(JitPlaces, OfWhatAnEmbeddersCompilerMakesNothingIsKnown) {
  const auto jit = make({.compiler = std::make_shared<ForeignCompiler>([](const TemplateRequest&) {
                           return numbered_code({{"a$i64", {}}});
                         })});
  load(*jit, add("m.smf", row_free_note(), calling("a", {}, 1)));
  const JitResult made = jit->try_jit_instantiate("a$i64");
  ASSERT_TRUE(made.is_success()) << made.describe();
  const auto found = jit->function_at(made.address());
  EXPECT_TRUE(found && !found->type);
}

}  // namespace
}  // namespace smf
