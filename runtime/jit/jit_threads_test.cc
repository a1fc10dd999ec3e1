// Many threads ask at once: for one symbol, for different ones, for functions that call each other
// in circles, while modules are loaded and symbols forgotten. SMF_LONG=1 lets the mix go on for a
// minute.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/jit/jit_testing.h"
#include "runtime/jit/symbol_resolver.h"

namespace smf {
namespace {

constexpr unsigned kThreads = 8;

class JitThreads : public JitModules {
 protected:
  static void run(unsigned threads, const std::function<void(unsigned)>& work) {
    std::vector<std::thread> running;
    for (unsigned i = 0; i != threads; ++i) running.emplace_back([&, i] { work(i); });
    for (std::thread& thread : running) thread.join();
  }
};

// Threads meet here.
class Meeting {
 public:
  explicit Meeting(unsigned count) : missing_(count) {}
  // False where the others do not come within 10 s.
  bool wait() {
    std::unique_lock lock(mutex_);
    if (--missing_ == 0) changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return missing_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned missing_;
};

TEST_F(JitThreads, OneSymbolIsCompiledOnce) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}}),
                 calling("a", {"b<T>"}, 1) + calling("b", {}, 2)));
  // The first is held until another waits for it.
  numbering_->before_return = [&](const std::string&) {
    while (jit->stats().waits == 0) std::this_thread::yield();
  };
  std::vector<const void*> addresses(kThreads);
  run(kThreads, [&](unsigned i) { addresses[i] = jit->try_jit_instantiate("a$i64").address(); });
  for (const void* const address : addresses) EXPECT_EQ(address, addresses[0]);
  ASSERT_NE(addresses[0], nullptr);
  EXPECT_EQ(numbering_->count("a$i64"), 1);
  EXPECT_EQ(numbering_->count("b$i64"), 1);
}

TEST_F(JitThreads, DifferentSymbolsAreCompiledAtOnce) {
  const auto jit = make();
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}, {"b", "i64", "b$i64"}}),
                 calling("a", {}, 1) + calling("b", {}, 2)));
  Meeting meeting(2);
  std::atomic<int> met{0};
  numbering_->before_return = [&](const std::string&) { met += meeting.wait() ? 1 : 0; };
  run(2, [&](unsigned i) {
    EXPECT_TRUE(jit->try_jit_instantiate(i == 0 ? "a$i64" : "b$i64").is_success());
  });
  EXPECT_EQ(met, 2);
}

// One begins with a and comes to b, the other with b and comes to a: both hold what the other
// needs.
TEST_F(JitThreads, WaitsThatWouldCloseACircleDoNot) {
  for (int round = 0; round != 20; ++round) {
    Meeting meeting(2);
    auto compiler = std::make_shared<ForeignCompiler>(
        [&](const TemplateRequest& request) -> Result<codegen::Code> {
          // Asked before a callee is: each holds its own.
          thread_local bool has_met = false;
          if (request.template_name == "a" || request.template_name == "b") {
            EXPECT_TRUE(has_met || meeting.wait());
            has_met = true;
          }
          return fail(ErrorCode::kUnsupported, "");
        });
    const auto jit = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
    load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}, {"b", "i64", "b$i64"}}),
                   calling("a", {"b<T>"}, 1) + calling("b", {"a<T>"}, 2)));
    JitResult results[2];
    run(2, [&](unsigned i) { results[i] = jit->try_jit_instantiate(i == 0 ? "a$i64" : "b$i64"); });
    expect_made(results[0], "a$i64");
    expect_made(results[1], "b$i64");
    // There is one of each for whoever asks, and the circle is closed.
    EXPECT_EQ(jit->try_jit_instantiate("a$i64").address(), results[0].address());
    EXPECT_EQ(jit->try_jit_instantiate("b$i64").address(), results[1].address());
    EXPECT_EQ(call_code(callees_in(results[0])[0]), number_of("b$i64"));
    EXPECT_EQ(call_code(callees_in(results[1])[0]), number_of("a$i64"));
    EXPECT_EQ(jit->stats().cached_count, 2u);
  }
}

TEST_F(JitThreads, WhoWaitedForWhatFailsTriesItself) {
  std::atomic<int> failures{1};
  JitInstantiator* inner = nullptr;
  auto compiler =
      std::make_shared<ForeignCompiler>([&](const TemplateRequest&) -> Result<codegen::Code> {
        if (failures.fetch_sub(1) <= 0) return fail(ErrorCode::kUnsupported, "");
        while (inner->stats().waits == 0) std::this_thread::yield();
        return fail(ErrorCode::kInvalidInput, "not today");
      });
  // Not made before the wait is over: `waits` is counted behind it.
  compiler->before_return = nullptr;
  const auto jit = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
  inner = jit.get();
  load(*jit, add("m.smf", note_text({{"a", "i64", "a$i64"}}), calling("a", {}, 1)));
  std::atomic<int> successes{0};
  run(3, [&](unsigned) { successes += jit->try_jit_instantiate("a$i64").is_success() ? 1 : 0; });
  EXPECT_EQ(successes, 2);
  EXPECT_EQ(compiler->count("a$i64"), 1);
}

// Two instantiators whose compilers ask each other.
TEST_F(JitThreads, CirclesAcrossInstantiatorsDoNotWaitForEver) {
  JitInstantiator* jits[2] = {};
  Meeting meeting(2);
  const auto compiler_of = [&](int own) {
    return std::make_shared<ForeignCompiler>(
        [&, own](const TemplateRequest& request) -> Result<codegen::Code> {
          thread_local int depth = 0;
          EXPECT_TRUE(depth != 0 || meeting.wait());
          ++depth;
          if (depth < 4) static_cast<void>(jits[1 - own]->try_jit_instantiate("a$i64"));
          --depth;
          return numbered_code({{std::string(request.symbol), {}}});
        });
  };
  const auto first = make({.update_mode = UpdateMode::kOff, .compiler = compiler_of(0)});
  const auto second = make({.update_mode = UpdateMode::kOff, .compiler = compiler_of(1)});
  jits[0] = first.get();
  jits[1] = second.get();
  const std::string path = add("m.smf", note_text({{"a", "i64", "a$i64"}}), calling("a", {}, 1));
  load(*first, path);
  load(*second, path);
  run(2, [&](unsigned i) { expect_made(jits[i]->try_jit_instantiate("a$i64"), "a$i64"); });
}

// A web of functions in which many are reached from many, with circles.
TEST_F(JitThreads, OverlappingSetsInAllOrders) {
  constexpr int kFunctions = 40;
  const std::vector<std::string> types = {"i64", "u8", "f64", "*i64"};
  std::string templates;
  std::vector<TestRow> rows;
  std::vector<std::string> symbols, names;
  std::mt19937 web(7);
  for (int i = 0; i != kFunctions; ++i) names.push_back(fmt::format("f{}<T>", i));
  for (int i = 0; i != kFunctions; ++i) {
    std::vector<std::string> callees;
    for (int n = static_cast<int>(web() % 4); n != 0; --n)
      callees.push_back(names[web() % kFunctions]);
    templates += calling(fmt::format("f{}", i), callees, i + 1);
    for (const std::string& type : types) {
      symbols.push_back(fmt::format("f{}${}", i, type));
      rows.push_back({fmt::format("f{}", i), type, symbols.back()});
    }
  }
  const std::string path = add("m.smf", note_text(rows), templates);
  const std::string other = add("n.smf", note_text({{"g", "i64", "g$i64"}}), calling("g", {}, 1));
  const bool is_long = std::getenv("SMF_LONG") != nullptr;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (int round = 0; is_long ? std::chrono::steady_clock::now() < end : round != 6; ++round) {
    const auto compiler = std::make_shared<NumberingCompiler>();
    const auto jit = make({.update_mode = UpdateMode::kOff, .compiler = compiler});
    load(*jit, path);
    const bool is_stirred = round % 2 == 1;
    std::atomic<std::uint64_t> wrong{0};
    run(kThreads, [&](unsigned number) {
      std::mt19937 random(static_cast<unsigned>(round) * kThreads + number);
      JitSymbolResolver resolver(*jit);
      for (int i = 0; i != 300; ++i) {
        const std::string& symbol = symbols[random() % symbols.size()];
        const JitResult result = jit->try_jit_instantiate(symbol);
        // Code that is shared returns the number of the first.
        const bool is_right =
            result.is_success() &&
            (symbol.ends_with("*i64") || call_code(result.address()) == number_of(symbol));
        wrong += is_right ? 0 : 1;
        if (!is_stirred) continue;
        if (number == 0 && i % 16 == 0) wrong += jit->load_metadata(other) ? 0 : 1;
        if (number == 1 && i % 8 == 0) static_cast<void>(jit->forget(symbol));
        if (number == 2 && i % 32 == 0) static_cast<void>(jit->unload(other));
        if (number == 3 && i % 64 == 0)
          wrong += resolver.register_symbol("unused", &resolver) ? 0 : 1;
        if (number == 4) static_cast<void>(jit->find_possible(symbol));
        if (number == 5 && i % 16 == 0) static_cast<void>(jit->metadata(path));
      }
    });
    EXPECT_EQ(wrong, 0u) << "round " << round;
    if (is_stirred) continue;
    // Each once, but where a circle was entered from two sides.
    const JitStats stats = jit->stats();
    EXPECT_LE(stats.cached_count, symbols.size());
    std::uint64_t twice = 0;
    for (const auto& [name, count] : compiler->compiled) twice += count > 1 ? 1 : 0;
    EXPECT_LE(twice, symbols.size() / 2) << "round " << round;
  }
}

// Those who wait meanwhile for rows to move see them somewhere.
TEST_F(JitThreads, RowsMoveWhileOthersAsk) {
  std::vector<TestRow> rows;
  for (int i = 0; i != 24; ++i)
    rows.push_back({"a", fmt::format("[i64;{}]", i + 1), fmt::format("a${}", i)});
  const std::string path = add("m.smf", note_text(rows), calling("a", {}, 1));
  {
    const auto jit = make({.update_mode = UpdateMode::kSync});
    load(*jit, path);
    run(4, [&](unsigned number) {
      std::mt19937 random(number);
      for (int i = 0; i != 60; ++i) {
        const std::string& symbol = rows[random() % rows.size()].mangled_name;
        EXPECT_TRUE(jit->can_jit_instantiate(symbol));
        EXPECT_TRUE(jit->try_jit_instantiate(symbol).is_success());
      }
    });
    for (const TestRow& row : rows)
      EXPECT_TRUE(jit->try_jit_instantiate(row.mangled_name).is_success());
    EXPECT_EQ(jit->metadata(path)->possible.size(), 0u);
  }
  const auto again = make();
  load(*again, path);
  EXPECT_EQ(again->metadata(path)->possible.size(), 0u);
  EXPECT_EQ(again->metadata(path)->instantiations.size(), rows.size());
}

}  // namespace
}  // namespace smf
