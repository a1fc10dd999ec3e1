// Whether templates can become functions: what is checked of the bodies that a module stores.
//
// Each body is read, compared with what the module says of it, and, being a function, verified in
// its general form (verify.h), with the definitions of its own and the other bodies. Whether what
// it calls exists is not asked: another module may have it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/templates.h"
#include "runtime/format/verify.h"
#include "runtime/format/view.h"

namespace smf::mir {

struct TemplateFinding {
  std::size_t index = 0;  // of the template
  // kUnsupported: the template is for another back end, or a later version of this library. Its
  // offset, if any, is in the body.
  Error error{};
};

// In the order of the templates, at most one for each. Templates without a body are passed over.
// Fails only where memory runs out. Thread-safe.
Result<std::vector<TemplateFinding>> check_templates(std::span<const TemplateEntry> templates);

// Adds findings to `report`: errors, and a note for what is unsupported. Says nothing about a
// section that cannot be read, which verify_module() tells. The same otherwise.
Result<void> verify_templates(const SmfView& view, const VerifyOptions& options,
                              VerifyReport& report);

}  // namespace smf::mir
