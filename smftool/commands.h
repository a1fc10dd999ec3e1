// The commands, in the order in which help lists them. Each has a file of its own.
#pragma once

#include <CLI/CLI.hpp>

#include "smftool/context.h"

namespace smf::tool {

void add_pack(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_extract(CLI::App& app, Context& context);
void add_unpack(CLI::App& app, Context& context);
void add_convert(CLI::App& app, Context& context);
void add_compress(CLI::App& app, Context& context);
void add_decompress(CLI::App& app, Context& context);
void add_add_stub(CLI::App& app, Context& context);
void add_strip_stub(CLI::App& app, Context& context);
void add_diff(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_tour(CLI::App& app, Context& context);
void add_docs(CLI::App& app, Context& context);  // not shown: man page and completions

}  // namespace smf::tool
