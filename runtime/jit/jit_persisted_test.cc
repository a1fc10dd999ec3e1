// What one process compiles, the next takes from the module; and what it must not take.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "runtime/jit/jit_testing.h"
#include "runtime/os/fault_calls.h"
#include "runtime/persisted/reader.h"

namespace smf {
namespace {

// quick calls once, which calls itself and half; half calls nothing of its own.
constexpr std::string_view kTemplates =
    "fn #1 quick<T: numeric>(T) -> T entry 0 {\n  local %0 x: T arg 0\n  local %1: T temp\n"
    "  block 0:\n    %1 = call fn(T) -> T \"once<T>\"(%0)\n    %1 = add %1, %0\n"
    "    return %1\n}\n"
    "fn #2 once<T: numeric>(T) -> T entry 0 {\n  local %0 x: T arg 0\n  local %1: T temp\n"
    "  local %2: bool temp\n  block 0:\n    %2 = gt %0, T zero\n    if %2 then 1 else 2\n"
    "  block 1:\n    %1 = call fn(T) -> T \"half<T>\"(%0)\n"
    "    %1 = call fn(T) -> T \"once<T>\"(%1)\n    return %1\n  block 2:\n    return %0\n}\n"
    "fn #3 half<T: numeric>(T) -> T entry 0 {\n  local %0 x: T arg 0\n  local %1: T temp\n"
    "  local %2: T temp\n  block 0:\n    %1 = call fn(T) -> T \"outer\"(%0)\n    return %1\n}\n";

std::int64_t halved(std::int64_t x) { return x / 2; }

class JitPersisted : public JitModules {
 protected:
  std::string add_module(std::string_view templates = kTemplates) {
    std::string path = folder_ + "/p.smf";
    write_file(path,
               module_bytes(note_text({{"quick", "i64", "quick$i64"}, {"once", "Int", "once$Int"}}),
                            templates, true));
    return path;
  }
  std::unique_ptr<JitInstantiator> open(const std::string& path, JitOptions options = {}) {
    options.symbol_sources.push_back([](std::string_view name) {
      return name == "outer" ? reinterpret_cast<const void*>(&halved) : nullptr;
    });
    auto jit = JitInstantiator::create(std::move(options));
    EXPECT_TRUE(jit) << jit.error().describe();
    load(**jit, path);
    return *std::move(jit);
  }
  static std::int64_t call(JitInstantiator& jit, const char* symbol, std::int64_t argument) {
    const JitResult result = jit.try_jit_instantiate(symbol);
    EXPECT_TRUE(result.is_success()) << result.describe();
    std::int64_t (*function)(std::int64_t) = nullptr;
    const void* const address = result.address();
    std::memcpy(&function, &address, sizeof function);
    return function == nullptr ? -1 : function(argument);
  }
  static std::uint64_t functions_in(const std::string& path) {
    const std::string file = read_file(path);
    const auto view = SmfView::open(as_bytes(file));
    auto reader = PersistedCodeReader::open(*view);
    EXPECT_TRUE(reader && reader->refresh());
    return reader->index().function_count();
  }
  // What the module is left as by a process that compiles all of it.
  std::string compile_all(const std::string& path, JitOptions options = {}) {
    const auto jit = open(path, options);
    EXPECT_EQ(call(*jit, "quick$i64", 5), 5);
    EXPECT_EQ(jit->stats().persisted_hits, 0u);
    EXPECT_EQ(jit->stats().compiled, 3u);
    EXPECT_TRUE(jit->flush());
    return path;
  }
};

TEST_F(JitPersisted, TheNextProcessCompilesNothing) {
  for (const UpdateMode mode : {UpdateMode::kDeferred, UpdateMode::kSync}) {
    const std::string path = compile_all(add_module(), {.update_mode = mode});
    EXPECT_EQ(functions_in(path), 3u);
    const auto jit = open(path);
    const auto metadata = jit->metadata(path);
    ASSERT_EQ(metadata->instantiations.size(), 2u);
    for (const JitRow& row : metadata->instantiations) {
      EXPECT_EQ(row.to_obj, ".smf.jit");
      EXPECT_EQ(row.status, "jit_compiled");
    }
    EXPECT_EQ(call(*jit, "quick$i64", 5), 5);
    EXPECT_EQ(call(*jit, "once$Int", 5), 0);
    EXPECT_EQ(jit->stats().compiled, 0u);
    EXPECT_GE(jit->stats().persisted_hits, 2u);
    EXPECT_TRUE(jit->flush());
    EXPECT_EQ(functions_in(path), 3u);
  }
}

// As modules are delivered: nobody who makes them knows the processor that they will run on.
TEST_F(JitPersisted, CodeForAnyProcessorOfThisKindIsUsed) {
  const std::string path =
      compile_all(add_module(),
                  {.made_in = "made.smf", .target = {codegen::kThisMachine, codegen::Features{}}});
  const auto jit = open(path);
  EXPECT_EQ(call(*jit, "quick$i64", 5), 5);
  EXPECT_EQ(call(*jit, "once$Int", 5), 0);
  EXPECT_EQ(jit->stats().compiled, 0u);
  EXPECT_TRUE(jit->flush());
  EXPECT_EQ(functions_in(path), 3u);
  const std::string file = read_file(path);
  EXPECT_NE(file.find("made.smf:0:0:jit"), std::string::npos);
  EXPECT_EQ(file.find(path + ":0:0:jit"), std::string::npos);
}

TEST_F(JitPersisted, CodeForOtherMachinesIsKeptBesideTheOwn) {
  const std::string path = add_module();
  const auto other = codegen::kThisMachine == codegen::Machine::kX86_64 ? codegen::Machine::kAArch64
                                                                        : codegen::Machine::kX86_64;
  {
    const auto jit = open(path, {.target = {other, codegen::Features{}}});
    EXPECT_TRUE(jit->try_jit_instantiate("quick$i64").is_success());
    EXPECT_TRUE(jit->flush());
  }
  EXPECT_EQ(functions_in(path), 3u);
  compile_all(path);
  EXPECT_EQ(functions_in(path), 6u);
  const auto jit = open(path);
  EXPECT_EQ(call(*jit, "quick$i64", 5), 5);
  EXPECT_EQ(jit->stats().compiled, 0u);
}

TEST_F(JitPersisted, NothingIsStoredWhereUpdatesAreOffOrThereIsNoRoom) {
  const std::string path = compile_all(add_module(), {.update_mode = UpdateMode::kOff});
  EXPECT_EQ(functions_in(path), 0u);
  const std::string without = folder_ + "/w.smf";
  write_file(without, module_bytes(note_text({{"quick", "i64", "quick$i64"}}), kTemplates));
  compile_all(without);
  EXPECT_EQ(functions_in(without), 0u);
  EXPECT_EQ(open(without)->metadata(without)->instantiations[0].to_obj, "jit_memory");
}

TEST_F(JitPersisted, WhatIsNotTrustedIsCompiledAgain) {
  const std::string path = compile_all(add_module());
  const auto compiled = [&](TrustPersisted rule) {
    const auto jit = open(path, {.update_mode = UpdateMode::kOff, .trust_persisted = rule});
    EXPECT_EQ(call(*jit, "quick$i64", 5), 5);
    return jit->stats().compiled;
  };
  EXPECT_EQ(compiled(TrustPersisted::kOwnerOnly), 0u);
  EXPECT_EQ(compiled(TrustPersisted::kNever), 3u);
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(compiled(TrustPersisted::kOwnerOnly), 3u);
  EXPECT_EQ(compiled(TrustPersisted::kAlways), 0u);
}

// Each byte of code, and of what describes it, is flipped: it is compiled again, never run.
TEST_F(JitPersisted, DamagedEntriesAreCompiledAgain) {
  const std::string path = compile_all(add_module());
  const std::string whole = read_file(path);
  std::size_t begin = 0, end = 0;
  {
    const auto view = SmfView::open(as_bytes(whole));
    const auto section = view->find_section(kJitRoomSection);
    auto reader = PersistedCodeReader::open(*view);
    ASSERT_TRUE(reader && reader->refresh());
    begin = static_cast<std::size_t>((*section)->offset);
    end = begin + reader->index().end();
  }
  for (std::size_t at = begin; at < end; at += 13) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    write_file(path, damaged);
    const auto jit = open(path, {.update_mode = UpdateMode::kOff});
    EXPECT_EQ(call(*jit, "quick$i64", 9), 9) << "byte " << at - begin;
    EXPECT_EQ(call(*jit, "once$Int", 9), 0);
  }
}

TEST_F(JitPersisted, AnotherBodyOfACalleeMakesItStale) {
  const std::string path = compile_all(add_module());
  // The entries of the old module under the templates of the new one.
  const std::string old = read_file(path);
  std::string templates(kTemplates);
  const std::size_t at = templates.find("    %1 = call fn(T) -> T \"outer\"(%0)\n    return %1");
  ASSERT_NE(at, std::string::npos);
  templates.replace(
      at, std::string::npos,
      "    %1 = call fn(T) -> T \"outer\"(%0)\n    %1 = sub %1, %0\n    return %1\n}\n");
  add_module(templates);
  std::string fresh = read_file(path);
  const auto place = [](const std::string& file) {
    const auto view = SmfView::open(as_bytes(file));
    const auto section = view->find_section(kJitRoomSection);
    return std::pair((*section)->offset, (*section)->size);
  };
  const auto [from, size] = place(old);
  const auto [to, room] = place(fresh);
  ASSERT_EQ(size, room);
  fresh.replace(to, room, old, from, size);
  write_file(path, fresh);
  EXPECT_EQ(functions_in(path), 3u);
  {
    const auto jit = open(path);
    // half(4) is 2 - 4.
    EXPECT_EQ(call(*jit, "quick$i64", 4), 2);
    EXPECT_EQ(jit->stats().persisted_hits, 0u);
    EXPECT_EQ(jit->stats().compiled, 3u);
  }
  EXPECT_EQ(functions_in(path), 6u);
  const auto jit = open(path);
  EXPECT_EQ(call(*jit, "quick$i64", 4), 2);
  EXPECT_EQ(jit->stats().compiled, 0u);
}

TEST_F(JitPersisted, ACodeThatNeedsWhatNobodyHasTellsIt) {
  const std::string path = compile_all(add_module());
  auto jit = JitInstantiator::create({.update_mode = UpdateMode::kOff});
  ASSERT_TRUE(jit);
  load(**jit, path);
  EXPECT_EQ(error_of((*jit)->try_jit_instantiate("quick$i64")),
            "'half$i64' needs the function 'outer', which nobody provides");
}

TEST_F(JitPersisted, EverySystemCallOfStoringMayFail) {
  int steps = 0;
  for (bool is_done = false; !is_done; ++steps) {
    ASSERT_LT(steps, 300);
    const std::string path = add_module();
    {
      os::FaultCalls calls;
      const auto jit = open(path, {.update_mode = UpdateMode::kSync, .calls = &calls});
      calls.calls = 0;
      calls.fail_at = steps;
      const JitResult result = jit->try_jit_instantiate("quick$i64");
      is_done = calls.calls <= steps;
      EXPECT_TRUE(result.is_success() || std::holds_alternative<JitUpdateFailed>(result))
          << result.describe();
      calls.fail_at = -1;
      EXPECT_EQ(call(*jit, "quick$i64", 5), 5);
    }
    const auto jit = open(path, {.update_mode = UpdateMode::kOff});
    EXPECT_EQ(call(*jit, "quick$i64", 5), 5);
    EXPECT_EQ(jit->stats().compiled, is_done ? 0u : jit->stats().compiled);
  }
  EXPECT_GT(steps, 10);
}

}  // namespace
}  // namespace smf
