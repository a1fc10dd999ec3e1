#include "runtime/codegen/lir.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

namespace smf::codegen {
namespace {

constexpr std::array<std::string_view, 14> kConditionNames{
    "equal",          "not equal",   "less",          "not less",         "less equal",
    "not less equal", "below",       "not below",     "below equal",      "not below equal",
    "greater",        "not greater", "greater equal", "not greater equal"};

constexpr std::array<std::string_view, static_cast<unsigned>(Op::kReturn) + 1> kOpNames{
    "nop",
    "constant",
    "move",
    "add",
    "sub",
    "mul",
    "mul_high_unsigned",
    "mul_high_signed",
    "and",
    "or",
    "xor",
    "shl",
    "shr_unsigned",
    "shr_signed",
    "rotl",
    "rotr",
    "div_unsigned",
    "div_signed",
    "rem_unsigned",
    "rem_signed",
    "add_checked",
    "sub_checked",
    "mul_checked",
    "neg",
    "not",
    "popcount",
    "clz",
    "ctz",
    "byte_swap",
    "sign_extend",
    "zero_extend",
    "compare",
    "select",
    "address",
    "float_constant",
    "float_add",
    "float_sub",
    "float_mul",
    "float_div",
    "float_sqrt",
    "float_neg",
    "float_abs",
    "float_min",
    "float_max",
    "float_floor",
    "float_ceil",
    "float_trunc",
    "float_fma",
    "float_widen",
    "float_narrow",
    "float_compare",
    "from_signed",
    "from_unsigned",
    "to_signed",
    "to_unsigned",
    "bits_to_float",
    "bits_from_float",
    "load",
    "store",
    "float_load",
    "float_store",
    "copy_bytes",
    "zero_bytes",
    "call",
    "trap_if",
    "trap_if_float",
    "jump",
    "branch",
    "float_branch",
    "trap",
    "return"};
static_assert(kOpNames[static_cast<unsigned>(Op::kFloatConstant)] == "float_constant");
static_assert(kOpNames[static_cast<unsigned>(Op::kLoad)] == "load");
static_assert(kOpNames.back() == "return");

bool compares(const Instruction& i) {
  switch (i.op) {
    case Op::kCompare:
    case Op::kSelect:
    case Op::kFloatCompare:
    case Op::kTrapIf:
    case Op::kTrapIfFloat:
    case Op::kBranch:
    case Op::kFloatBranch:
      return true;
    default:
      return false;
  }
}

bool has_immediate(const Instruction& i) {
  switch (i.op) {
    case Op::kConstant:
    case Op::kFloatConstant:
    case Op::kCopyBytes:
    case Op::kZeroBytes:
      return true;
    case Op::kStore:
      return i.c == kNoRegister;
    default:
      return takes_constant(i.op) && i.b == kNoRegister;
  }
}

// Writes one function.
class Description {
 public:
  explicit Description(const Function& function) : function_(function) {}

  std::string text() {
    add("function {}", function_.name);
    transfers(function_.parameters);
    text_ += '\n';
    for (std::size_t n = 0; n != function_.slots.size(); ++n)
      add("  slot {}: {} bytes, alignment {}\n", n, function_.slots[n].size,
          function_.slots[n].alignment);
    for (std::size_t n = 0; n != function_.blocks.size(); ++n) {
      const Block& block = function_.blocks[n];
      add("block {} depth {}\n", n, block.depth);
      for (const Instruction& i : function_.of(block)) instruction(i);
    }
    return std::move(text_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  std::string_view letter(Register reg) const {
    if (reg >= function_.registers.size()) return "?";
    return function_.registers[reg] == Bank::kVector ? "v" : "r";
  }
  void reg(Register number) { add(" {}{}", letter(number), number); }

  void transfers(List list) {
    text_ += " (";
    std::string_view between;
    for (const Transfer& transfer : function_.of(list)) {
      add("{}{}{} in {}", between, letter(transfer.reg), transfer.reg, transfer.physical);
      between = ", ";
    }
    text_ += ')';
  }

  void place(const Instruction& i) {
    text_ += " [";
    switch (i.base) {
      case Base::kRegister:
        add("{}{}", letter(i.a), i.a);
        break;
      case Base::kSlot:
        add("slot {}", i.a);
        break;
      case Base::kPool:
        add("pool {}", i.a);
        break;
      case Base::kSymbol:
        add("symbol {}", i.a < function_.symbols.size() ? function_.symbols[i.a].name : "?");
        break;
      case Base::kIncoming:
        text_ += "incoming";
        break;
      case Base::kOutgoing:
        text_ += "outgoing";
        break;
    }
    if (i.b != kNoRegister) add(" + {}{} << {}", letter(i.b), i.b, i.shift);
    if (i.disp != 0) add(" + {}", i.disp);
    text_ += ']';
  }

  void call(const Call& call) {
    switch (call.target) {
      case Call::Target::kSymbol:
        add(" {}",
            call.callee < function_.symbols.size() ? function_.symbols[call.callee].name : "?");
        break;
      case Call::Target::kFunction:
        add(" function {}", call.callee);
        break;
      case Call::Target::kRegister:
        reg(call.callee);
        break;
    }
    transfers(call.arguments);
    text_ += " gives";
    transfers(call.results);
    if (call.stack_bytes != 0) add(" {} bytes on the stack", call.stack_bytes);
  }

  void operands(const Instruction& i) {
    if (is_memory(i.op)) {
      place(i);
    } else {
      if (i.a != kNoRegister) reg(i.a);
      if (compares(i)) add(" {}", kConditionNames[static_cast<unsigned>(i.condition)]);
      if (i.b != kNoRegister) reg(i.b);
    }
    if (has_immediate(i) && compares(i)) add(" {}", i.imm);
    if (i.c != kNoRegister) reg(i.c);
    if (i.d != kNoRegister) reg(i.d);
    if (has_immediate(i) && !compares(i)) add(" {}", i.imm);
  }

  void instruction(const Instruction& i) {
    text_ += "  ";
    if (i.dest != kNoRegister) add("{}{} = ", letter(i.dest), i.dest);
    add("{}.{}", kOpNames[static_cast<unsigned>(i.op)], 8u << static_cast<unsigned>(i.width));
    if (i.op == Op::kSignExtend || i.op == Op::kZeroExtend ||
        (i.op >= Op::kFromSigned && i.op <= Op::kToUnsigned))
      add(".{}", 8u << static_cast<unsigned>(i.from));
    if (i.op == Op::kLoad && i.is_signed) text_ += ".signed";
    operands(i);
    switch (i.op) {
      case Op::kCall:
        call(function_.calls[i.call]);
        break;
      case Op::kReturn:
        transfers(i.transfers);
        break;
      case Op::kAddChecked:
      case Op::kSubChecked:
      case Op::kMulChecked:
      case Op::kTrap:
      case Op::kTrapIf:
      case Op::kTrapIfFloat:
        add(" trap {}", i.target);
        break;
      case Op::kJump:
        add(" to {}", i.target);
        break;
      case Op::kBranch:
      case Op::kFloatBranch:
        add(" to {} else {}", i.target, i.other);
        break;
      default:
        break;
    }
    text_ += '\n';
  }

  const Function& function_;
  std::string text_{};
};

}  // namespace

void Function::clear() {
  name.clear();
  registers.clear();
  instructions.clear();
  blocks.clear();
  transfers.clear();
  parameters = {};
  calls.clear();
  symbols.clear();
  traps.clear();
  slots.clear();
  pool.clear();
}

std::string describe(const Function& function) { return Description(function).text(); }

}  // namespace smf::codegen
