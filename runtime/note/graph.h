// Which instantiations need which: the graph of a note's `dependencies`.
//
// Nodes are mangled names in the order in which the table first names them; edges are rows. A
// depth-first search, from nodes and along edges in that order, gives cycles: every edge back to a
// node that is being visited closes one. A cycle is a warning if one of its edges has the kind
// `inner_type` and starts at an `Option`, a `Result` or a `Nullable` -- the type can be finite --
// and the error E0420 otherwise. Without cycles there is a topological order, what is needed first.
//
// All searches keep their own stack, so a chain of a million instantiations is no deeper than one;
// time and memory are linear, except that the paths of many nested cycles are as long as they are:
// find_cycles() stops after `limit` of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/note/note.h"

namespace smf {

struct DependencyCycle {
  std::vector<std::uint32_t> nodes{};  // in order, the first one also last
  std::uint64_t offset = 0;            // of the row that closes it, as in DependencyRow
  bool is_warning = false;             // else the error E0420
};

// Borrows the strings of the note it was made from, which must outlive it. Thread-safe.
class DependencyGraph {
 public:
  struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::string_view kind{};
    std::uint64_t offset = 0;  // of its row
  };

  // At most 2^32 - 1 nodes; throws std::bad_alloc.
  explicit DependencyGraph(const Note& note);

  std::size_t size() const { return names_.size(); }
  std::string_view name(std::uint32_t node) const { return names_.at(node); }
  // The edges that leave a node stand together, in the order of the rows.
  const std::vector<Edge>& edges() const { return edges_; }

  static constexpr std::size_t kMaxCycles = 1000;
  std::vector<DependencyCycle> find_cycles(std::size_t limit = kMaxCycles) const;
  // Whether the edge makes a warning of the cycles through it.
  bool may_be_finite(const Edge& edge) const;
  // Whether each edge is part of one of these cycles, and of which kind; errors prevail. Edges with
  // the same ends count as one.
  enum class Mark : std::uint8_t { kNone, kWarning, kError };
  std::vector<Mark> marks(const std::vector<DependencyCycle>& cycles) const;
  // Every node behind those it needs; nullopt where there is a cycle.
  std::optional<std::vector<std::uint32_t>> topological_order() const;

  // "A->B->A".
  std::string path(const DependencyCycle& cycle) const;
  // The whole graph in Graphviz' language: edges by kind, those of cycles marked.
  std::string to_dot() const;

 private:
  std::vector<std::string_view> names_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> first_edge_;  // of each node; one more for the end
};

}  // namespace smf
