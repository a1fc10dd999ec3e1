// What goes beyond the 44 cases: what a function calls, groups, names, sharing, modules that come
// and go, notes that cannot be updated, memory that is not there.
#include "runtime/jit/jit_instantiator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "runtime/jit/jit_testing.h"
#include "runtime/note/update.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

class JitCallees : public JitModules {};

std::string row_free_note() { return note_text({{"a", "i64", "a$i64"}}); }

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

// ---- Modules that come and go ----

class JitReloading : public JitModules {};

TEST_F(JitReloading, PointersStayAndSymbolsStayWhatTheyAre) {
  const auto jit = make();
  const std::string path = add("m.smf", row_free_note(), calling("a", {}, 1));
  load(*jit, path);
  const JitResult before = jit->try_jit_instantiate("a$i64");
  expect_made(before, "a$i64");
  ASSERT_TRUE(jit->unload(path));
  expect_made(before, "a$i64");
  // It is compiled, whatever is loaded.
  EXPECT_EQ(jit->try_jit_instantiate("a$i64").address(), before.address());
  EXPECT_FALSE(jit->can_jit_instantiate("a$i64"));

  write_file(path, module_bytes(row_free_note(), calling("a", {"b<T>"}, 1) + calling("b", {}, 2)));
  load(*jit, path);
  EXPECT_EQ(jit->try_jit_instantiate("a$i64").address(), before.address());
  ASSERT_TRUE(jit->forget("a$i64"));
  const JitResult after = jit->try_jit_instantiate("a$i64");
  expect_made(after, "a$i64");
  EXPECT_NE(after.address(), before.address());
  EXPECT_EQ(callees_in(after).size(), 1u);
  expect_made(before, "a$i64");
}

TEST_F(JitReloading, ForgettingReachesWhatWasMadeOnTheWay) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}, {"b", "i64", "b$i64"}}),
                 calling("a", {"b<T>"}, 1) + calling("b", {}, 2)));
  const JitResult first = jit->try_jit_instantiate("a$i64");
  expect_made(first, "a$i64");
  ASSERT_TRUE(jit->forget("a$i64"));
  ASSERT_TRUE(jit->forget("b$i64"));
  EXPECT_FALSE(jit->forget("b$i64"));
  EXPECT_EQ(jit->stats().cached_count, 0u);
  const JitResult second = jit->try_jit_instantiate("a$i64");
  expect_made(second, "a$i64");
  EXPECT_NE(callees_in(second)[0], callees_in(first)[0]);
}

TEST_F(JitReloading, AFailedLoadLeavesWhatWasThere) {
  const auto jit = make();
  const std::string path = add("m.smf", row_free_note(), calling("a", {}, 1));
  load(*jit, path);
  write_file(path, "nonsense");
  EXPECT_FALSE(jit->load_metadata(path));
  EXPECT_EQ(jit->stats().loaded_smf_count, 1u);
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
}

TEST_F(JitReloading, TemplatesAndTypesOfTheFirstModuleCount) {
  const auto jit = make();
  const std::string first = add("m.smf", row_free_note(), calling("a", {"b<T>"}, 1));
  load(*jit, first);
  load(*jit, add("n.smf", "", calling("b", {}, 1)));
  load(*jit, add("o.smf", "", calling("b", {"missing"}, 1)));
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
}

// A definition that differs from one of the same name spoils a program: what is asked for next
// must not suffer.
TEST_F(JitReloading, ATypeThatIsDefinedTwiceIsAnErrorOfWhoUsesBoth) {
  const std::string one = "struct #10 P<T> {\n  x: T\n}\n", two = "struct #10 P<T> {\n  y: u8\n}\n";
  const auto uses = [](std::string_view name, std::string_view callee) {
    std::string call =
        callee.empty() ? "" : fmt::format("    %1 = call fn(T) -> T \"{}\"(%0)\n", callee);
    return fmt::format(
        "fn #1 {}<T>(T) -> T entry 0 {{\n  local %0 x: T arg 0\n  local %1: T temp\n"
        "  local %2: P<T> temp\n  block 0:\n{}    return %0\n}}\n",
        name, call);
  };
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}, {"c", "i64", "c$i64"}}),
                 one + uses("a", "")));
  load(*jit, add("n.smf", note_text({{"b", "i64", "b$i64"}}), two + uses("b", "")));
  load(*jit, add("o.smf", "", one + uses("c", "b<T>")));
  EXPECT_TRUE(jit->try_jit_instantiate("a$i64").is_success());
  EXPECT_TRUE(jit->try_jit_instantiate("b$i64").is_success());
  ASSERT_TRUE(jit->forget("b$i64"));
  const std::string message = error_of(jit->try_jit_instantiate("c$i64"));
  EXPECT_TRUE(message.contains("type 'P' is defined twice")) << message;
}

// ---- Notes that cannot be updated ----

class JitNotes : public JitModules {
 protected:
  std::string add_two() {
    return add("m.smf", note_text({{"a", "i64", "a$i64"}, {"a", "u8", "a$u8"}}),
               calling("a", {"b<T>"}, 1) + calling("b", {}, 2));
  }
  std::size_t possible_on_disk(const std::string& path) {
    const auto other = make();
    load(*other, path);
    return other->metadata(path)->possible.size();
  }
};

TEST_F(JitNotes, SyncSaysWhatFailedAndTheCodeIsThere) {
  os::FaultCalls calls;
  const auto jit = make({.update_mode = UpdateMode::kSync, .calls = &calls});
  const std::string path = add_two();
  load(*jit, path);
  calls.fail_at = 0;
  calls.stays_broken = true;
  const JitResult failed = jit->try_jit_instantiate("a$i64");
  ASSERT_TRUE(std::holds_alternative<JitUpdateFailed>(failed)) << failed.describe();
  EXPECT_EQ(std::get<JitUpdateFailed>(failed).symbol, "a$i64");
  EXPECT_EQ(std::get<JitUpdateFailed>(failed).error.path, path);
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
  EXPECT_EQ(possible_on_disk(path), 2u);
  EXPECT_EQ(jit->metadata(path)->possible.size(), 2u);
  calls.fail_at = -1;
  calls.stays_broken = false;
  calls.calls = 0;
  EXPECT_TRUE(jit->update_note(path, "a$i64"));
  EXPECT_EQ(possible_on_disk(path), 1u);
}

// Wherever it fails, the request says so or the row has moved, and the next updates go well.
TEST_F(JitNotes, EverySystemCallOfAnUpdateMayFail) {
  int steps = 0;
  for (bool is_done = false; !is_done; ++steps) {
    ASSERT_LT(steps, 200);
    os::FaultCalls calls;
    const auto jit = make({.update_mode = UpdateMode::kSync, .calls = &calls});
    const std::string path = add_two();
    load(*jit, path);
    calls.fail_at = steps;
    const JitResult result = jit->try_jit_instantiate("a$i64");
    is_done = calls.calls <= steps;
    calls.fail_at = -1;
    EXPECT_TRUE(!is_done || result.is_success()) << result.describe();
    EXPECT_TRUE(result.is_success() || std::holds_alternative<JitUpdateFailed>(result));
    EXPECT_TRUE(!result.is_success() || possible_on_disk(path) == 1u);
    expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
    expect_made(jit->try_jit_instantiate("a$u8"), "a$u8");
    EXPECT_LE(possible_on_disk(path), result.is_success() ? 0u : 1u);
  }
  EXPECT_GT(steps, 5);
}

TEST_F(JitNotes, DeferredUpdatesWaitForFlush) {
  const auto jit = make({.update_mode = UpdateMode::kDeferred});
  const std::string path = add_two();
  load(*jit, path);
  const std::string before = read_file(path);
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
  expect_made(jit->try_jit_instantiate("a$u8"), "a$u8");
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(jit->metadata(path)->possible.size(), 2u);
  ASSERT_TRUE(jit->flush());
  EXPECT_EQ(possible_on_disk(path), 0u);
  EXPECT_EQ(jit->metadata(path)->instantiations.size(), 2u);
}

// b$Int is made with a, asked for, forgotten and asked for again: its row waits three times.
TEST_F(JitNotes, ARowThatWaitsTwiceMovesOnce) {
  const auto jit = make({.update_mode = UpdateMode::kDeferred});
  const std::string path = add("m.smf", note_text({{"a", "i64", "a$i64"}, {"b", "Int", "b$Int"}}),
                               calling("a", {"b<T>"}, 1) + calling("b", {}, 2));
  load(*jit, path);
  EXPECT_TRUE(jit->try_jit_instantiate("a$i64").is_success());
  EXPECT_TRUE(jit->try_jit_instantiate("b$Int").is_success());
  EXPECT_TRUE(jit->forget("b$Int"));
  EXPECT_TRUE(jit->try_jit_instantiate("b$Int").is_success());
  const auto flushed = jit->flush();
  ASSERT_TRUE(flushed) << flushed.error().describe();
  EXPECT_EQ(jit->metadata(path)->instantiations.size(), 2u);
  EXPECT_EQ(possible_on_disk(path), 0u);
}

TEST_F(JitNotes, TheEndFlushesAndTellsWhatFailed) {
  os::FaultCalls calls;
  std::vector<std::string> failed;
  const std::string path = add_two();
  JitOptions options{.update_mode = UpdateMode::kDeferred, .calls = &calls};
  options.on_update_failed = [&](const JitUpdateFailed& one) { failed.push_back(one.symbol); };
  {
    const auto jit = make(options);
    load(*jit, path);
    expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
    calls.fail_at = 0;
    calls.stays_broken = true;
    EXPECT_FALSE(jit->flush());
    EXPECT_EQ(failed, std::vector<std::string>{"a$i64"});
  }
  EXPECT_EQ(failed, (std::vector<std::string>{"a$i64", "a$i64"}));
  EXPECT_EQ(possible_on_disk(path), 2u);
  calls.stays_broken = false;
  calls.fail_at = -1;
  {
    const auto jit = make(options);
    load(*jit, path);
    expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
  }
  EXPECT_EQ(failed.size(), 2u);
  EXPECT_EQ(possible_on_disk(path), 1u);
}

TEST_F(JitNotes, AModuleThatIsNoLongerThereIsAnErrorOfTheFlush) {
  const auto jit = make({.update_mode = UpdateMode::kDeferred});
  const std::string path = add_two();
  load(*jit, path);
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
  ASSERT_TRUE(jit->unload(path));
  std::filesystem::remove(path);
  const auto flushed = jit->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().path, path);
}

// Killed at each of its steps, an update leaves a note in which each row is somewhere.
TEST_F(JitNotes, TornNotesAreRead) {
  const std::string path = add_two();
  const std::string before = read_file(path);
  int steps = 0;
  for (bool is_done = false; !is_done; ++steps) {
    ASSERT_LT(steps, 200);
    write_file(path, before);
    os::FaultCalls calls;
    calls.fail_at = steps;
    calls.stays_broken = true;
    auto updater = NoteUpdater::open(path, calls);
    is_done = updater && updater->promote({.mangled_name = "a$i64"}) && calls.calls <= steps;
    const auto jit = make();
    load(*jit, path);
    EXPECT_TRUE(jit->can_jit_instantiate("a$i64"));
    const auto metadata = jit->metadata(path);
    EXPECT_EQ(metadata->possible.size() + metadata->instantiations.size(), 2u) << "step " << steps;
    expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
    expect_made(jit->try_jit_instantiate("a$u8"), "a$u8");
  }
}

// ---- Memory ----

class JitMemory : public JitModules {
 protected:
  static std::shared_ptr<CodeMemory> memory_of(CodeMemoryOptions options) {
    auto memory = CodeMemory::create(options);
    EXPECT_TRUE(memory) << memory.error().describe();
    return std::make_shared<CodeMemory>(*std::move(memory));
  }
};

TEST_F(JitMemory, CodeThatFindsNoPlaceIsACompilationError) {
  os::FaultCalls calls;
  const auto memory = memory_of({.max_bytes = 1 << 20, .region_bytes = 1 << 20, .calls = &calls});
  const auto jit = make({.update_mode = UpdateMode::kOff, .code_memory = memory});
  load(*jit, add("m.smf", row_free_note(), calling("a", {}, 1)));
  std::vector<CodeWriter> writers;
  for (std::size_t size = 1 << 19; size != 0; size /= 2)
    for (;;) {
      auto writer = memory->begin(size);
      if (!writer) break;
      writers.push_back(*std::move(writer));
    }
  const std::string message = error_of(jit->try_jit_instantiate("a$i64"));
  EXPECT_TRUE(message.starts_with("Failed to allocate executable memory")) << message;
  EXPECT_EQ(jit->stats().cached_count, 0u);
  writers.clear();
  expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
}

TEST_F(JitMemory, ItGivesBackWhatItTookOfTheEmbeddersCodeMemory) {
  const auto memory = memory_of({});
  {
    const auto jit = make({.update_mode = UpdateMode::kOff, .code_memory = memory});
    load(*jit,
         add("m.smf", row_free_note(), calling("a", {"b<T>"}, 1) + calling("b", {"a<T>"}, 2)));
    expect_made(jit->try_jit_instantiate("a$i64"), "a$i64");
    EXPECT_EQ(memory->stats().blocks, 1u);
  }
  EXPECT_EQ(memory->stats().blocks, 0u);
}

}  // namespace
}  // namespace smf
