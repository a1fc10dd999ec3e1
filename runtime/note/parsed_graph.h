// For tests: the graph of a note that has dependencies only.
#pragma once

#include <string>
#include <utility>

#include "runtime/note/graph.h"
#include "runtime/note/note.h"

namespace smf {

struct ParsedGraph {
  explicit ParsedGraph(std::string rows)
      : text("dependencies |from_inst, to_inst, dep_kind|\n" + std::move(rows)),
        note(Note::parse(text).value()),
        graph(note) {}
  std::string text;
  Note note;
  DependencyGraph graph;
};

}  // namespace smf
