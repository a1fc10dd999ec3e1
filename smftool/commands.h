// The commands, in the order in which help lists them. Each has a file of its own.
#pragma once

#include "smftool/command.h"

namespace smf::tool {

void add_pack(Command tool);
void add_inspect(Command tool);
void add_verify(Command tool);
void add_extract(Command tool);
void add_unpack(Command tool);
void add_convert(Command tool);
void add_compress(Command tool);
void add_decompress(Command tool);
void add_add_stub(Command tool);
void add_strip_stub(Command tool);
void add_diff(Command tool);
void add_sdn(Command tool);
void add_note(Command tool);
void add_jit(Command tool);
void add_instantiate(Command tool);
void add_mir(Command tool);
void add_doctor(Command tool);
void add_tour(Command tool);
void add_docs(Command tool);  // not shown: man page and completions

// Below `sdn`, `note` and `mir`.
void add_sdn_query(Command sdn);
void add_note_find(Command note);
void add_note_updates(Command note);  // add, promote
void add_note_graph(Command note);
void add_mir_run(Command mir);

}  // namespace smf::tool
