// Modules that come and go, notes that cannot be updated, memory that is not there.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "runtime/jit/jit_testing.h"
#include "runtime/note/update.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

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
