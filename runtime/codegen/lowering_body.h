// A MIR function that is being lowered. It is used for one after another: begin_body() sets
// everything.
#pragma once

#include <string>
#include <vector>

#include "runtime/codegen/lowering.h"

namespace smf::codegen {

struct Lowering::Body {
  mir::FunctionId id = 0;
  mir::Function function{};
  std::string name{};
  mir::BlockId block = 0;  // where it is
  std::vector<Value> locals{};
  // Of a local that is the address of a slot which is held like a local: what the slot holds.
  std::vector<Value> pointees{};
  std::vector<bool> is_promoted{};
  std::vector<Label> labels{};  // of its blocks

  // The outermost receives its arguments and returns as its convention has it; an inlined one
  // moves them, and jumps.
  const Convention* convention = nullptr;
  struct Argument {
    mir::LocalId local = mir::kNone;
    bool is_direct = false;
  };
  std::vector<Argument> arguments{};
  Register result_address = kNoRegister;
  Value result{};
  Label after = 0;
  Body* outer = nullptr;
};

// An address that is being computed: base + disp + (index << shift).
struct Lowering::Element {
  Location at{};
  Register index = kNoRegister;
  std::uint8_t shift = 0;
  std::int64_t disp = 0;
};

}  // namespace smf::codegen
