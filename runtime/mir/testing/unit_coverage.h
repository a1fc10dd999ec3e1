// For tests of random units: what there is in them, and whether that is everything.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/mir/unit.h"
#include "runtime/mir/verify.h"

namespace smf::mir {

class UnitCoverage {
 public:
  void add(const Unit& unit) {
    looked_at_.clear();
    for (const Function& function : unit.functions) {
      std::map<LocalId, TypeId> locals;
      for (const Local& local : Unit::of(unit.locals, function.locals)) {
        locals[local.id] = local.type;
        add_type(unit, local.type);
      }
      for (const Block& block : Unit::of(unit.blocks, function.blocks)) {
        ends_.insert(block.terminator.end);
        for (const Instruction& one : Unit::of(unit.instructions, block.instructions)) {
          const auto operands = unit.of(one);
          TypeId type = kNone;
          if (!operands.empty()) {
            type = operands[0].is_local() ? locals.at(operands[0].index)
                                          : unit.constants[operands[0].index].type;
          }
          add_instruction(unit, one, type);
        }
      }
    }
  }

  // Each at least once, but for what is of other back ends.
  void expect_each() const {
    for (std::size_t i = 0; i != kOps; ++i) {
      const auto op = static_cast<Op>(i);
      EXPECT_TRUE(op == Op::kForeign || ops_.contains(op)) << kOpNames[i].json;
    }
    for (std::size_t i = 0; i != kEnds; ++i) {
      const auto end = static_cast<End>(i);
      EXPECT_TRUE(end == End::kForeign || ends_.contains(end)) << "terminator " << i;
    }
    for (std::size_t i = 0; i != kIntrinsics; ++i)
      EXPECT_TRUE(intrinsics_.contains(i)) << kIntrinsicNames[i];
    for (std::size_t i = 0; i != kBinaryOps; ++i)
      EXPECT_TRUE(binary_.contains(static_cast<BinaryOp>(i))) << kBinaryNames[i].json;
    for (std::size_t i = 0; i != kUnaryOps; ++i)
      EXPECT_TRUE(unary_.contains(static_cast<UnaryOp>(i))) << kUnaryNames[i].json;
    const std::set<TypeKind> others = {TypeKind::kDict, TypeKind::kUnion, TypeKind::kPromise,
                                       TypeKind::kGenerator, TypeKind::kActor};
    for (std::size_t i = 0; i != kTypeKinds; ++i) {
      const auto kind = static_cast<TypeKind>(i);
      EXPECT_EQ(types_.contains(kind), !others.contains(kind)) << kTypeNames[i].json;
    }
  }
  // Each operator of each type that it has, and each cast.
  void expect_each_of_each_type() const {
    for (TypeId type = 0; type != kScalars; ++type) {
      const auto kind = static_cast<TypeKind>(type);
      const bool is_bool = kind == TypeKind::kBool;
      const std::string_view name = kTypeNames[type].json;
      for (std::size_t i = 0; i != kBinaryOps; ++i) {
        const auto op = static_cast<BinaryOp>(i);
        const bool is_bitwise = op >= BinaryOp::kBitAnd && op <= BinaryOp::kBitXor;
        if (op == BinaryOp::kOffset) continue;
        if (is_float(kind) && (is_bitwise || is_shift(op))) continue;
        if (is_bool && !is_bitwise && !is_comparison(op)) continue;
        for (const bool is_checked : {false, true})
          EXPECT_TRUE(binary_of_.contains({op, {is_checked, type}}))
              << (is_checked ? "checked " : "") << kBinaryNames[i].json << " of " << name;
      }
      EXPECT_EQ(unary_of_.contains({UnaryOp::kNeg, type}), !is_bool) << name;
      EXPECT_EQ(unary_of_.contains({UnaryOp::kNot, type}), is_bool) << name;
      EXPECT_EQ(unary_of_.contains({UnaryOp::kBitNot, type}), is_integer(kind)) << name;
      for (TypeId to = 0; to != kScalars; ++to)
        EXPECT_TRUE(casts_.contains({type, to})) << name << " to " << kTypeNames[to].json;
    }
  }

 private:
  static constexpr TypeId kScalars = primitive(TypeKind::kUnit);

  void add_type(const Unit& unit, TypeId type) {
    if (type == kNone || !looked_at_.insert(type).second) return;
    types_.insert(unit.types[type].kind);
    for (const TypeId part : unit.parts(type)) add_type(unit, part);
  }
  // `type` is that of the first operand.
  void add_instruction(const Unit& unit, const Instruction& one, TypeId type) {
    ops_.insert(one.op);
    const bool is_checked = one.op == Op::kChecked;
    if (one.op == Op::kBinary || is_checked) {
      const auto op = static_cast<BinaryOp>(one.detail);
      binary_.insert(op);
      binary_of_.insert({op, {is_checked, type}});
    }
    if (one.op == Op::kUnary) {
      const auto op = static_cast<UnaryOp>(one.detail);
      unary_.insert(op);
      unary_of_.emplace(op, type);
    }
    if (one.op == Op::kCast) casts_.emplace(type, one.type);
    if (one.op == Op::kIntrinsic) intrinsics_.insert(find_intrinsic(unit.string(one.number)));
  }

  std::set<TypeId> looked_at_{};
  std::set<Op> ops_{};
  std::set<End> ends_{};
  std::set<std::size_t> intrinsics_{};
  std::set<BinaryOp> binary_{};
  std::set<UnaryOp> unary_{};
  std::set<TypeKind> types_{};
  std::set<std::pair<BinaryOp, std::pair<bool, TypeId>>> binary_of_{};
  std::set<std::pair<UnaryOp, TypeId>> unary_of_{};
  std::set<std::pair<TypeId, TypeId>> casts_{};
};

}  // namespace smf::mir
