// What is computed of scalars.
#include <fmt/format.h>

#include <array>

#include "runtime/mir/testing/emit_c_function.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

// As C spells them; those without are functions of the prologue.
constexpr std::array<std::string_view, kBinaryOps> kSpelled = {
    "+", "-", "*", "/", "", "", "&", "|", "^", "", "", "==", "!=", "<", "<=", ">", ">=", ""};
constexpr std::array<std::string_view, kBinaryOps> kNamed = {
    "add", "sub", "mul", "div", "rem", "pow", "", "", "", "shl", "shr", "", "", "", "", "", "", ""};

}  // namespace

void CFunction::binary(const Instruction& made, std::span<const Operand> operands) {
  const auto op = static_cast<BinaryOp>(made.detail);
  const std::string_view spelled = kSpelled[made.detail], named = kNamed[made.detail];
  const TypeId type = type_of(operands[0]);
  const bool is_checked = made.op == Op::kChecked;
  if (op == BinaryOp::kOffset) {
    return set(made.dest, fmt::format("{} + {} * sizeof({})", value(operands[0]),
                                      index(operands[1]), types_.name(part(type))));
  }
  const std::string left = number(operands[0]), right = number(operands[1]);
  if (is_comparison(op)) return set(made.dest, fmt::format("{} {} {}", left, spelled, right));
  const std::string name = types_.name(type);
  if (named.empty() || (is_float(type) && !spelled.empty()))
    return set(made.dest, fmt::format("({})({} {} {})", name, left, spelled, right));
  const std::string_view suffix = types_.suffix(type);
  if (is_float(type))
    return set(made.dest, fmt::format("smf_{}_{}({}, {})", named, suffix, left, right));
  const bool divides = op == BinaryOp::kDiv || op == BinaryOp::kRem;
  const bool is_other_checked = is_checked && !divides && op != BinaryOp::kShr;
  const bool may_stop = is_other_checked || divides || op == BinaryOp::kPow;
  set(made.dest, fmt::format("smf_{}{}_{}({}, {}{}{})", is_other_checked ? "checked_" : "", named,
                             suffix, left, is_shift(op) ? "(uint64_t)" + right : right,
                             may_stop ? ", " : "", may_stop ? at_ : std::string()));
}

std::string CFunction::unary(UnaryOp op, Operand operand) {
  const TypeId type = type_of(operand);
  const std::string of = number(operand);
  if (op == UnaryOp::kNot) return "!" + of;
  if (op == UnaryOp::kBitNot) return fmt::format("({})~{}", types_.name(type), of);
  if (is_float(type)) return "-" + of;
  return fmt::format("smf_sub_{}(0, {})", types_.suffix(type), of);
}

std::string CFunction::cast(Operand operand, TypeId to) {
  const TypeId from = type_of(operand);
  const std::string of = number(operand);
  if (kind(to) == TypeKind::kBool) return of + " != 0";
  if (is_float(from) && !is_float(to))
    return fmt::format("smf_cast_f64_{}((double){})", types_.suffix(to), of);
  // By way of 64 bits, as its own type is signed or not.
  if (is_pointer(kind(to))) return fmt::format("(smf_address)(uint64_t){}", of);
  return fmt::format("({}){}", types_.name(to), of);
}

std::string CFunction::scalar_intrinsic(std::size_t which, std::span<const Operand> operands) {
  const auto intrinsic = static_cast<Intrinsic>(which);
  const bool turns = intrinsic == Intrinsic::kRotl || intrinsic == Intrinsic::kRotr;
  std::string arguments = number(operands[0]);
  for (const Operand operand : operands.subspan(1))
    arguments += ", " + (turns ? index(operand) : number(operand));
  return fmt::format("smf_{}_{}({})", kIntrinsicNames[which], types_.suffix(type_of(operands[0])),
                     arguments);
}

}  // namespace smf::mir
