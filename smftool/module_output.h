// Writing a module: complete under its name, or not at all.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/format/builder.h"
#include "runtime/format/module_spec.h"
#include "smftool/context.h"

namespace smf::tool {

// Processors this process may run on: what --jobs defaults to.
unsigned available_processors();

// Builds `spec` into the file `path` ("-" is standard output), with a progress bar called `what`.
// A module with a stub becomes executable.
Result<BuildSummary> write_module(const Context& context, const ModuleSpec& spec,
                                  const std::string& path, unsigned jobs, std::string what);

// "out.smf: 4 sections, 2 symbols, 5234 bytes (34.1% of 15360)": on standard output, or on standard
// error where that is what the module went to. Nothing with --quiet.
void print_summary(const Context& context, const ModuleSpec& spec, const BuildSummary& summary,
                   const std::string& path);

}  // namespace smf::tool
