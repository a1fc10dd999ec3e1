// Whether the rows of a module's note make sense: what verify_module() (format), which knows the
// note as an SDN text only, leaves open.
//
// Errors are what makes rows useless or contradictory:
//   * an entry that should be a table is none, or a table with rows lacks a column that says what
//     they are about: `template` and `mangled_name`, `from_inst` and `to_inst`, `cycle_path`;
//   * a row of an instantiation without a mangled name;
//   * a mangled name that stands for two pairs of template and arguments, both named;
//   * a section `.smf.nidx` that is no index of this note;
//   * a cycle of `dependencies` that nothing breaks, E0420, and a cycle of type inference, E0421,
//     that the compiler listed.
// Warnings are what every reader gets along with: other columns that are missing, ids that are no
// numbers or stand twice, words that no tool is known to write, cycles that can be finite, and
// listed cycles that do not fit `dependencies`. A row that is in both tables, for an update was
// interrupted, is a note: the next writer finishes the job.
#pragma once

#include "runtime/base/error.h"
#include "runtime/format/verify.h"
#include "runtime/format/view.h"

namespace smf {

// Adds findings to `report`. Says nothing about a text that is no SDN, which verify_module() tells,
// and about a module without a note. Linear; fails only where memory runs out. Thread-safe.
Result<void> verify_note(const SmfView& view, const VerifyOptions& options, VerifyReport& report);

}  // namespace smf
