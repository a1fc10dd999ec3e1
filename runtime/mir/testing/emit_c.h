// Functions of a Program as C, for a C compiler: the same meaning (docs/mir.md), by another way.
//
// What the interpreter and generated machine code compute is compared with what a C compiler makes
// of this. So nothing here asks what they ask: the operations are written out in C, and layouts are
// those of C structs (checked against layout.h when the C is compiled).
//
// The C is C11 with GNU extensions, for `gcc -O1 -fwrapv -fno-strict-aliasing -ffp-contract=off -w`
// on a 64-bit little-endian machine. A file is c_prologue() and then the code of any number of
// programs, each with its own prefix. It has
//   * smf_trap, a pointer that is to be set before anything is called: a function that is told the
//     kind (Trap::Kind), the FunctionId and the block of a trap, and does not return;
//   * for each function a C function PREFIXf<ID>, whose arguments and result are the C types; and
//     for those that are to be called from outside, which alone can be seen there,
//     `void PREFIXf<ID>_call(const void* const* arguments, void* result)`;
//   * for each function of the embedder a pointer of that last type, PREFIXnative<N>, and for each
//     global a pointer to it, PREFIXglobal<SYMBOL>; both to be set.
//
// What cannot be done in C: the limits and the checks of memory of the interpreter's checked mode.
// A function for which they matter behaves here as C does. A call through a pointer of what is no
// such function is not found out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::mir {

struct EmittedC {
  std::string code{};
  std::vector<FunctionId> functions{};  // all of them
  std::vector<std::string> natives{};   // PREFIXnative0, …: by mangled name
  std::vector<Symbol> globals{};
};

std::string_view c_prologue();

// `entries`, which are to be called from outside, and what they call, which is made and verified
// here. Errors as for Program::make and verify; kUnsupported: general functions, and the address of
// an embedder's function that takes any arguments. Throws std::bad_alloc.
Result<EmittedC> emit_c(Program& program, Layouts& layouts, std::string_view prefix,
                        std::span<const FunctionId> entries);

}  // namespace smf::mir
