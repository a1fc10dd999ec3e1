// libgccjit, in jit_bench's rows: the function built by its calls, compiled without optimisation,
// to a pointer, and that given back. It starts an assembler and a linker, so the time is the
// clock's.
#include <benchmark/benchmark.h>
#include <libgccjit.h>

#include <string>
#include <vector>

#include "bench/jit/sample.h"
#include "bench/latencies.h"
#include "bench/stopwatch.h"
#include "bench/summary.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

using Value = gcc_jit_rvalue*;
using Variable = gcc_jit_lvalue*;
using Block = gcc_jit_block*;

// What the template does, in the same blocks.
class Builder {
 public:
  explicit Builder(gcc_jit_context* context) : context_(context) {
    gcc_jit_param* parameters[] = {parameter(pointer_, "data"), parameter(unsigned_, "size"),
                                   parameter(unsigned_, "at"), parameter(address_, "context")};
    function_ = gcc_jit_context_new_function(context_, nullptr, GCC_JIT_FUNCTION_EXPORTED,
                                             unsigned_, "sift_down", 4, parameters, 0);
    data_ = gcc_jit_param_as_rvalue(parameters[0]);
    size_ = gcc_jit_param_as_rvalue(parameters[1]);
    at_ = gcc_jit_param_as_lvalue(parameters[2]);
  }

  void build() {
    const Variable child = local(unsigned_, "child"), steps = local(unsigned_, "steps");
    const Variable next = local(unsigned_, "next");
    const Variable own = local(signed_, "own"), value = local(signed_, "value");
    const Block entry = block(), head = block(), right = block(), which = block(),
                take_next = block(), compare = block(), swap = block(), done = block();
    const Value one = gcc_jit_context_one(context_, unsigned_);
    const Value two = gcc_jit_context_new_rvalue_from_int(context_, unsigned_, 2);
    set(entry, steps, gcc_jit_context_zero(context_, unsigned_));
    gcc_jit_block_end_with_jump(entry, nullptr, head);
    set(head, child, plus(times(get(at_), two), one));
    branch(head, less(get(child), size_), right, done);
    set(right, next, plus(get(child), one));
    branch(right, less(get(next), size_), which, compare);
    branch(which, less(get(element(child)), get(element(next))), take_next, compare);
    set(take_next, child, get(next));
    gcc_jit_block_end_with_jump(take_next, nullptr, compare);
    set(compare, own, get(element(at_)));
    set(compare, value, get(element(child)));
    branch(compare, less(get(own), get(value)), swap, done);
    set(swap, element(at_), get(value));
    set(swap, element(child), get(own));
    set(swap, at_, get(child));
    set(swap, steps, plus(get(steps), one));
    gcc_jit_block_end_with_jump(swap, nullptr, head);
    gcc_jit_block_end_with_return(done, nullptr, get(steps));
  }

 private:
  gcc_jit_param* parameter(gcc_jit_type* type, const char* name) {
    return gcc_jit_context_new_param(context_, nullptr, type, name);
  }
  Variable local(gcc_jit_type* type, const char* name) {
    return gcc_jit_function_new_local(function_, nullptr, type, name);
  }
  Block block() { return gcc_jit_function_new_block(function_, nullptr); }
  static Value get(Variable variable) { return gcc_jit_lvalue_as_rvalue(variable); }
  static void set(Block in, Variable to, Value value) {
    gcc_jit_block_add_assignment(in, nullptr, to, value);
  }
  static void branch(Block from, Value condition, Block then, Block other) {
    gcc_jit_block_end_with_conditional(from, nullptr, condition, then, other);
  }
  Value plus(Value a, Value b) {
    return gcc_jit_context_new_binary_op(context_, nullptr, GCC_JIT_BINARY_OP_PLUS, unsigned_, a,
                                         b);
  }
  Value times(Value a, Value b) {
    return gcc_jit_context_new_binary_op(context_, nullptr, GCC_JIT_BINARY_OP_MULT, unsigned_, a,
                                         b);
  }
  Value less(Value a, Value b) {
    return gcc_jit_context_new_comparison(context_, nullptr, GCC_JIT_COMPARISON_LT, a, b);
  }
  Variable element(Variable index) {
    return gcc_jit_context_new_array_access(context_, nullptr, data_, get(index));
  }

  gcc_jit_context* const context_;
  gcc_jit_type* const unsigned_ = gcc_jit_context_get_int_type(context_, 8, 0);
  gcc_jit_type* const signed_ = gcc_jit_context_get_int_type(context_, 8, 1);
  gcc_jit_type* const pointer_ = gcc_jit_type_get_pointer(signed_);
  gcc_jit_type* const address_ = gcc_jit_context_get_type(context_, GCC_JIT_TYPE_VOID_PTR);
  gcc_jit_function* function_ = nullptr;
  Value data_ = nullptr;
  Value size_ = nullptr;
  Variable at_ = nullptr;
};

class GccJit {
 public:
  GccJit() {
    gcc_jit_context* const context = gcc_jit_context_acquire();
    gcc_jit_context_set_int_option(context, GCC_JIT_INT_OPTION_OPTIMIZATION_LEVEL, 0);
    Builder(context).build();
    result_ = gcc_jit_context_compile(context);
    gcc_jit_context_release(context);
    SMF_CHECK(result_ != nullptr);
  }
  ~GccJit() { gcc_jit_result_release(result_); }
  GccJit(const GccJit&) = delete;
  GccJit& operator=(const GccJit&) = delete;
  const void* code() const { return gcc_jit_result_get_code(result_, "sift_down"); }

 private:
  gcc_jit_result* result_ = nullptr;
};

void cold_gccjit(benchmark::State& state) {
  check_sift_down(GccJit().code());
  const auto one = [](int /*i*/) { SMF_CHECK(GccJit().code() != nullptr); };
  std::vector<double> seconds;
  for (auto _ : state) {
    for (int i = 0; i != 3; ++i) {
      Stopwatch watch;
      one(i);
      seconds.push_back(watch.lap() * 1e-9);
    }
    state.SetIterationTime(median(seconds));
  }
  time_each("cold/libgccjit_O0", 0, 3, 1, one);
}
[[maybe_unused]] const bool kIsTold =
    tell_library("libgccjit", std::to_string(gcc_jit_version_major()) + "." +
                                  std::to_string(gcc_jit_version_minor()));
BENCHMARK(cold_gccjit)->Name("cold/libgccjit_O0")->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace smf::bench
