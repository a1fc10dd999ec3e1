// What convert, compress, decompress, add-stub and strip-stub share: a module in, the same module
// with one thing changed out.
#pragma once

#include <functional>
#include <string>

#include "runtime/base/error.h"
#include "runtime/format/convert.h"
#include "runtime/format/module_spec.h"
#include "smftool/command.h"
#include "smftool/context.h"
#include "smftool/module_input.h"

namespace smf::tool {

struct RewriteOptions {
  std::string input{};
  std::string output{};
  unsigned jobs = 0;  // 0: all processors
};

// IN, -o and --jobs.
void add_rewrite_options(Command& command, RewriteOptions& options);

// Reads the module, has `change` change its spec, and writes it. IN and OUT may be the same file.
Result<ExitStatus> rewrite(
    const Context& context, const RewriteOptions& options, Target target, const char* what,
    const std::function<Result<void>(const ModuleInput&, ModuleSpec&)>& change);

}  // namespace smf::tool
