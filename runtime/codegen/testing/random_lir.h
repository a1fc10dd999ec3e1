// For tests: functions made at random, `void (uint64_t buffer[kBufferWords])`. Many registers are
// alive at once, integers and floats of both widths, through conditions, loops and calls; what they
// hold comes from the buffer and goes there in the end.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "runtime/codegen/testing/lir_builder.h"

namespace smf::codegen {

// What they call: "mix" is uint64_t (uint64_t, uint64_t, double), "mix_float" double (double,
// double, uint64_t). Neither sees a float's NaN.
struct RandomLirOptions {
  unsigned variables = 20;
  unsigned statements = 40;
  bool has_calls = true;
  bool has_traps = false;
};

class RandomLir {
 public:
  static constexpr std::size_t kBufferWords = 64;

  RandomLir(std::uint64_t seed, const RandomLirOptions& options);

  const Function& function() const { return builder_.function(); }
  // Of the word of the buffer: whether a float of that width is stored there.
  bool is_float(std::size_t word, Width width) const;

 private:
  enum class Kind : std::uint8_t { kInteger32, kInteger64, kFloat, kDouble };
  struct Variable {
    Register reg = kNoRegister;
    Kind kind = Kind::kInteger64;
  };

  std::uint64_t any(std::uint64_t below) { return random_() % below; }
  static bool is_vector(Kind kind) { return kind == Kind::kFloat || kind == Kind::kDouble; }
  static Width width_of(Kind kind) {
    return kind == Kind::kInteger32 || kind == Kind::kFloat ? Width::k32 : Width::k64;
  }
  static Kind integer_kind(Width width) {
    return width == Width::k32 ? Kind::kInteger32 : Kind::kInteger64;
  }
  static Kind float_kind(Width width) { return width == Width::k32 ? Kind::kFloat : Kind::kDouble; }
  Register value(Kind kind);
  Register target(Kind kind);
  Register new_register(Kind kind);
  std::int64_t any_constant();

  void statements(unsigned count, unsigned nesting);
  void statement();
  void integer_binary();
  void integer_unary();
  void division();
  void compared();
  void floating();
  void converted();
  void memory();
  void bytes();
  void call();
  void trap_if();
  void condition(unsigned nesting);
  void loop(unsigned nesting);
  Instruction comparison(Op integer, Op floating);

  std::mt19937_64 random_;
  RandomLirOptions options_;
  LirBuilder builder_{"random"};
  std::vector<Variable> variables_{};    // alive to the end
  std::vector<Variable> temporaries_{};  // written where the current block always comes by
  unsigned depth_ = 0;
  std::uint32_t slots_[2] = {};
};

}  // namespace smf::codegen
