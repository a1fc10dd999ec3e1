#include <fmt/format.h>

#include <optional>
#include <unordered_map>
#include <vector>

#include "runtime/note/graph.h"
#include "runtime/note/note_verifier.h"

namespace smf {
namespace {

constexpr std::string_view kArrow = "->";

// What the paths that a note lists are compared with: the edges of `dependencies`, by their ends.
class KnownEdges {
 public:
  explicit KnownEdges(const DependencyGraph& graph) {
    for (std::uint32_t node = 0; node < graph.size(); ++node)
      nodes_.emplace(graph.name(node), node);
    for (const DependencyGraph::Edge& edge : graph.edges())
      may_be_finite_[ends(edge.from, edge.to)] |= graph.may_be_finite(edge);
  }

  // Whether an edge of the cycle that "A->B->A" spells may be finite; nullopt where it is no cycle
  // of these edges.
  std::optional<bool> find_cycle(std::string_view path) const {
    const auto nodes = nodes_of(path);
    if (!nodes || nodes->size() < 2 || nodes->front() != nodes->back()) return std::nullopt;
    bool any = false;
    for (std::size_t i = 0; i + 1 < nodes->size(); ++i) {
      const auto edge = may_be_finite_.find(ends((*nodes)[i], (*nodes)[i + 1]));
      if (edge == may_be_finite_.end()) return std::nullopt;
      any = any || edge->second;
    }
    return any;
  }

 private:
  static std::uint64_t ends(std::uint32_t from, std::uint32_t to) {
    return std::uint64_t{from} << 32 | to;
  }

  // A name may hold arrows itself, as in `Map$fn(i64)->text`: so many of its parts are put
  // together.
  static constexpr std::size_t kMaxArrowsInName = 8;

  std::optional<std::vector<std::uint32_t>> nodes_of(std::string_view path) const {
    std::vector<std::uint32_t> nodes;
    std::size_t begin = 0;
    std::size_t arrows = 0;
    for (std::size_t at = 0;; at += kArrow.size()) {
      at = std::min(path.find(kArrow, at), path.size());
      const auto found = nodes_.find(path.substr(begin, at - begin));
      if (found != nodes_.end()) {
        nodes.push_back(found->second);
        begin = at + kArrow.size();
        arrows = 0;
      } else if (++arrows > kMaxArrowsInName) {
        return std::nullopt;
      }
      if (at == path.size()) break;
    }
    if (begin <= path.size()) return std::nullopt;  // the last name is unknown
    return nodes;
  }

  std::unordered_map<std::string_view, std::uint32_t> nodes_;
  std::unordered_map<std::uint64_t, bool> may_be_finite_;
};

}  // namespace

void NoteVerifier::check_cycles() {
  const DependencyGraph graph(note_);
  const std::vector<DependencyCycle> cycles = graph.find_cycles();
  for (const DependencyCycle& cycle : cycles) {
    if (cycle.is_warning) {
      report(Severity::kWarning, cycle.offset,
             fmt::format("a cycle of dependencies that can be finite: {}", graph.path(cycle)));
    } else {
      report(Severity::kError, cycle.offset,
             fmt::format("E0420: a cycle of dependencies: {}", graph.path(cycle)));
    }
  }
  if (cycles.size() == DependencyGraph::kMaxCycles) {
    report(Severity::kNote, cycles.back().offset,
           fmt::format("the first {} cycles are told", cycles.size()));
  }
  if (note_.circular_warning_count() + note_.circular_error_count() == 0) return;
  const KnownEdges edges(graph);
  const auto told = [&](const CircularRow& row, std::string_view table) {
    const auto is_finite = edges.find_cycle(row.cycle_path);
    if (!is_finite) {
      report(
          Severity::kWarning, row.offset,
          fmt::format("{} lists '{}', which is no cycle of dependencies", table, row.cycle_path));
    }
    return is_finite;
  };
  for (std::size_t i = 0; i < note_.circular_warning_count(); ++i) {
    const CircularRow row = note_.circular_warning(i);
    const auto is_finite = told(row, "circular_warnings");
    if (is_finite && !*is_finite) {
      report(Severity::kWarning, row.offset,
             fmt::format("circular_warnings lists '{}', which is an error", row.cycle_path));
    }
  }
  for (std::size_t i = 0; i < note_.circular_error_count(); ++i) {
    const CircularRow row = note_.circular_error(i);
    if (row.code == "E0421") {
      report(Severity::kError, row.offset,
             fmt::format("E0421: a cycle of type inference: {}", row.cycle_path));
      continue;
    }
    const auto is_finite = told(row, "circular_errors");
    if (is_finite && *is_finite) {
      report(Severity::kWarning, row.offset,
             fmt::format("circular_errors lists '{}', which can be finite", row.cycle_path));
    }
  }
}

}  // namespace smf
