// Where templates come from, and where they go: the compiler's JSON or text into the bodies that a
// module stores (format/templates.h), and these back into Units.
//
// A function or definition is a template if it has parameters. Each is stored by itself, in the
// binary form, with the definitions that it needs (excerpt.h); ordinary functions of a module are
// left to the compiler's objects. Modules of early versions hold bodies of form kTemplateBodyJson,
// the JSON of one function or definition: they are read as well.
//
// All functions are pure and thread-safe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/templates.h"
#include "runtime/mir/json.h"
#include "runtime/mir/unit.h"

namespace smf::mir {

// JSON if `text` begins with { or [, else MIR's text form; `given` is for JSON, as in read_json().
// Errors as theirs.
Result<Unit> read_source(std::string_view text, const GenericParameters& given = {});

// The templates of `unit`, definitions first, each in the order of the unit. Symbols that it does
// not define are looked for in `types`. kInvalidInput: one without a name.
// kOutOfMemory.
Result<std::vector<TemplateSpec>> make_templates(const Unit& unit,
                                                 std::span<const Unit> types = {});

// Of a body as TemplateEntry has it. kInvalidInput with an offset in the body, kUnsupported for a
// form or version that is not known, kLimit, kOutOfMemory.
Result<Unit> read_body(Bytes body);

}  // namespace smf::mir
