// For tests: what LIR means, in C++.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/codegen/lir.h"

namespace smf::codegen {

// What the registers a, b, c and d hold.
struct Operands {
  std::uint64_t a = 0, b = 0, c = 0, d = 0;
};

// What an instruction between registers writes. Of 32 bits, the others are 0. nullopt: it traps.
std::optional<std::uint64_t> evaluate(const Instruction& i, const Operands& operands);
bool holds(Condition condition, Width width, std::uint64_t a, std::uint64_t b);
bool holds_for_floats(Condition condition, Width width, std::uint64_t a, std::uint64_t b);

// What functions call by a symbol.
using EvaluatedCallee = std::function<std::vector<std::uint64_t>(std::span<const std::uint64_t>)>;

// Runs a function with all its memory real: addresses are those of this process.
class LirEvaluator {
 public:
  explicit LirEvaluator(const Function& function) : function_(function) {}
  void define(const std::string& symbol, EvaluatedCallee callee) {
    callees_[symbol] = std::move(callee);
  }

  // By the order of the parameters; what it gives back in the order of its kReturn. nullopt where
  // it traps.
  std::optional<std::vector<std::uint64_t>> run(std::span<const std::uint64_t> arguments);
  std::uint32_t trap() const { return trap_; }

 private:
  bool step(const Instruction& i);  // whether it goes on behind it
  void memory(const Instruction& i);
  void call(const Call& call);
  std::uint64_t address(const Instruction& i) const;
  std::uint64_t& value(Register reg) { return values_[reg]; }
  Operands operands(const Instruction& i) const;

  const Function& function_;
  std::map<std::string, EvaluatedCallee> callees_{};
  std::vector<std::uint64_t> values_{};
  std::vector<std::vector<std::uint64_t>> slots_{};
  std::vector<std::uint64_t> result_{};
  std::uint32_t next_ = 0;
  std::uint32_t trap_ = 0;
  bool has_returned_ = false;
  bool has_trapped_ = false;
};

}  // namespace smf::codegen
