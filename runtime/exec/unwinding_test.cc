#include "runtime/exec/unwinding.h"

#include <gtest/gtest.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/exec/tiny_code.h"

namespace smf {
namespace {

// Where a walk that began in a callee came by: begins of functions, or else return addresses.
struct Walk {
  std::vector<const void*> frames{};
  bool ended_well = false;
};

Walk walk;  // of the last callee that walked

_Unwind_Reason_Code step(_Unwind_Context* context, void* frames) {
  const auto* const at = reinterpret_cast<const void*>(_Unwind_GetIP(context));
  static_cast<std::vector<const void*>*>(frames)->push_back(at);
  return _URC_NO_REASON;
}

extern "C" {

__attribute__((noinline)) void walk_the_stack() {
  walk = {};
  walk.ended_well = _Unwind_Backtrace(step, &walk.frames) == _URC_END_OF_STACK;
}

[[noreturn]] void throw_something() { throw std::runtime_error("thrown below compiled code"); }

__attribute__((noinline)) void call_compiled_code(const void* code, Callee callee) {
  call_calling(code, callee);
  asm volatile("");  // so that it is no tail call
}
}

class Unwound : public testing::Test {
 protected:
  void SetUp() override {
    if (code_calling().empty()) GTEST_SKIP() << "no code that calls for this processor";
  }
  static CodeMemory make(std::shared_ptr<Unwinding> unwinding) {
    CodeMemoryOptions options;
    options.listeners = {std::move(unwinding)};
    return CodeMemory::create(options).value();
  }
  static const void* add(CodeMemory& memory) {
    const auto code = code_calling();
    auto writer = memory.begin(code.size()).value();
    std::memcpy(writer.bytes().data(), code.data(), code.size());
    return writer.commit().value();
  }
  // What a catch above compiled code gets of what is thrown below.
  static std::string catch_above(const void* code) {
    try {
      call_compiled_code(code, throw_something);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "nothing";
  }
};

TEST_F(Unwound, ExceptionsPassThroughCompiledCode) {
  const auto unwinding = std::make_shared<Unwinding>();
  CodeMemory memory = make(unwinding);
  const void* const code = add(memory);
  EXPECT_EQ(catch_above(code), "thrown below compiled code");
  EXPECT_TRUE(unwinding->status());
}

TEST_F(Unwound, AWalkGoesThroughCompiledCodeAndOnToTheCaller) {
  CodeMemory memory = make(std::make_shared<Unwinding>());
  const void* const code = add(memory);
  call_compiled_code(code, walk_the_stack);
  EXPECT_TRUE(walk.ended_well);
  const auto block = memory.find(code);
  const auto in_block = std::ranges::find_if(walk.frames, [&](const void* address) {
    return address >= block.data() && address < block.data() + block.size();
  });
  ASSERT_NE(in_block, walk.frames.end());
  const auto caller = std::find_if(in_block + 1, walk.frames.end(), [](const void* address) {
    return _Unwind_FindEnclosingFunction(const_cast<void*>(address)) ==
           reinterpret_cast<const void*>(&call_compiled_code);
  });
  EXPECT_NE(caller, walk.frames.end());
}

TEST_F(Unwound, CompiledCodeCallsCompiledCode) {
  static const void* inner;
  CodeMemory memory = make(std::make_shared<Unwinding>());
  const void* const outer = add(memory);
  inner = add(memory);
  EXPECT_THROW(call_compiled_code(outer, [] { call_compiled_code(inner, throw_something); }),
               std::runtime_error);
}

TEST_F(Unwound, ThrowsWorkOnceTheCodeMemoryIsGone) {
  const auto unwinding = std::make_shared<Unwinding>();
  for (int i = 0; i != 3; ++i) {
    CodeMemory memory = make(unwinding);
    const void* const code = add(memory);
    EXPECT_EQ(unwinding->registrations(), 1u);
    EXPECT_EQ(catch_above(code), "thrown below compiled code");
  }
  EXPECT_EQ(unwinding->registrations(), 0u);
  EXPECT_THROW(throw_something(), std::runtime_error);
}

TEST_F(Unwound, ManyFunctionsAreOneRegistration) {
  const auto unwinding = std::make_shared<Unwinding>();
  CodeMemory memory = make(unwinding);
  const void* code = nullptr;
  for (int i = 0; i != 10'000; ++i) {
    code = add(memory);
    if (i % 1000 == 0) {
      EXPECT_EQ(catch_above(code), "thrown below compiled code");
    }
  }
  EXPECT_EQ(unwinding->registrations(), memory.stats().regions);
  EXPECT_EQ(unwinding->registrations(), 1u);
  EXPECT_EQ(catch_above(code), "thrown below compiled code");
}

TEST_F(Unwound, SeveralCodeMemoriesAndRegionsShareOneListener) {
  const auto unwinding = std::make_shared<Unwinding>();
  CodeMemoryOptions options;
  options.region_bytes = std::size_t{1} << 20;
  options.max_bytes = std::size_t{16} << 20;
  options.listeners = {unwinding};
  CodeMemory small = CodeMemory::create(options).value();
  CodeMemory other = make(unwinding);
  std::vector<const void*> codes{add(other)};
  std::vector<const void*> fillers;
  while (small.stats().regions < 3) {
    codes.push_back(add(small));
    fillers.push_back(publish(small, 1, 500'000).value());
  }
  EXPECT_EQ(unwinding->registrations(), 4u);
  for (const void* const code : codes) EXPECT_EQ(catch_above(code), "thrown below compiled code");
}

TEST_F(Unwound, AListenerThatIsGoneFirstLeavesNothing) {
  auto unwinding = std::make_unique<Unwinding>();
  static const std::byte region[64]{};
  unwinding->region_added(region);
  unwinding->region_added(region);  // told twice, it is one
  EXPECT_EQ(unwinding->registrations(), 1u);
  unwinding.reset();
  EXPECT_THROW(throw_something(), std::runtime_error);
}

TEST_F(Unwound, ThreadsThrowWhileRegionsComeAndGo) {
  const auto unwinding = std::make_shared<Unwinding>();
  CodeMemory memory = make(unwinding);
  const void* const code = add(memory);
  std::atomic<int> caught{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i != 2; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j != 200; ++j)
        if (catch_above(code) == "thrown below compiled code") ++caught;
    });
  }
  for (int i = 0; i != 50; ++i) {
    CodeMemory brief = make(unwinding);
    EXPECT_EQ(catch_above(add(brief)), "thrown below compiled code");
  }
  threads.clear();
  EXPECT_EQ(caught, 400);
  EXPECT_EQ(unwinding->registrations(), 1u);
}

}  // namespace
}  // namespace smf
