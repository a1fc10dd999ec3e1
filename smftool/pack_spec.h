// From the options of `smftool pack` to the module they describe.
#pragma once

#include "runtime/base/error.h"
#include "runtime/format/module_spec.h"
#include "smftool/context.h"
#include "smftool/pack_options.h"

namespace smf::tool {

// kInvalidArgument where the options are wrong; other errors are about the files they name.
Result<ModuleSpec> make_pack_spec(const Context& context, const PackOptions& options);

}  // namespace smf::tool
