// What a throw costs in a process that has compiled 10 000 functions, in exec_bench's rows.
//
//   throw          past two functions of C++. ours: with the functions published in a code memory
//                  that Unwinding listens to; nothing: without any; each: with a description for
//                  each function, as compilers register them, where the system places what is
//                  mapped. (libgcc searches them one by one from the highest address down, and
//                  that is above the program)
//   throw_through  the same, and a compiled function between the two
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/exec/code_memory.h"
#include "runtime/exec/frame_description.h"
#include "runtime/exec/frame_registration.h"
#include "runtime/exec/tiny_code.h"
#include "runtime/exec/unwinding.h"

namespace smf::bench {
namespace {

constexpr int kFunctions = 10'000;
constexpr std::size_t kMapped = std::size_t{1} << 20;  // as much as malloc() takes from mmap()

// 10 000 functions that call, and who describes them to the unwinder.
class Compiled {
 public:
  enum class Described { kByRegion, kEach };

  explicit Compiled(Described described) {
    CodeMemoryOptions options;
    const auto anchor = std::make_unique<std::byte[]>(kMapped);
    if (described == Described::kByRegion) {
      options.listeners = {std::make_shared<Unwinding>()};
    } else {
      options.near = anchor.get();
    }
    memory_ = std::make_unique<CodeMemory>(CodeMemory::create(options).value());
    const auto code = code_calling();
    for (int i = 0; i != kFunctions; ++i) {
      CodeWriter writer = memory_->begin(code.size()).value();
      std::memcpy(writer.bytes().data(), code.data(), code.size());
      last_ = writer.commit().value();
      if (described == Described::kByRegion) continue;
      const auto* const begin = static_cast<const std::byte*>(last_);
      each_.push_back(internal::describe_frames({begin, code.size()}));
    }
    for (ByteVector& description : each_) __register_frame(description.data());
  }
  ~Compiled() {
    for (ByteVector& description : each_) __deregister_frame(description.data());
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  const void* function() const { return last_; }

 private:
  std::unique_ptr<CodeMemory> memory_;
  const void* last_ = nullptr;
  std::vector<ByteVector> each_{};
};

[[noreturn]] __attribute__((noinline)) void throw_a_number() { throw 1; }

// What is thrown comes by here.
__attribute__((noinline)) void call(Callee callee) {
  callee();
  asm volatile("");  // so that it is no tail call
}
__attribute__((noinline)) void call_through(const void* code, Callee callee) {
  call_calling(code, callee);
  asm volatile("");
}

template <typename Call>
void throws(benchmark::State& state, const Call& thrower) {
  int caught = 0;
  for (auto _ : state) {
    try {
      thrower();
    } catch (int number) {
      caught += number;
    }
  }
  SMF_CHECK(caught == static_cast<int>(state.iterations()));
}

void throw_past(benchmark::State& state) {
  throws(state, [] { call(throw_a_number); });
}

template <Compiled::Described kDescribed>
void throw_beside(benchmark::State& state) {
  const Compiled compiled(kDescribed);
  throw_past(state);
}

template <Compiled::Described kDescribed>
void throw_through(benchmark::State& state) {
  if (code_calling().empty()) return state.SkipWithError("no code that calls for this processor");
  const Compiled compiled(kDescribed);
  throws(state, [&] { call_through(compiled.function(), throw_a_number); });
}

using Described = Compiled::Described;
BENCHMARK(throw_beside<Described::kByRegion>)->Name("throw/ours");
BENCHMARK(throw_past)->Name("throw/nothing");
BENCHMARK(throw_beside<Described::kEach>)->Name("throw/each");
BENCHMARK(throw_through<Described::kByRegion>)->Name("throw_through/ours");
BENCHMARK(throw_through<Described::kEach>)->Name("throw_through/each");

}  // namespace
}  // namespace smf::bench
