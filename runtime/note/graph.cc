#include "runtime/note/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace smf {
namespace {

std::string dot_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out + '"';
}

}  // namespace

DependencyGraph::DependencyGraph(const Note& note) {
  std::unordered_map<std::string_view, std::uint32_t> nodes;
  const auto node_of = [&](std::string_view name) {
    const auto [at, is_new] = nodes.emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (is_new) names_.push_back(name);
    return at->second;
  };
  std::vector<Edge> rows;
  rows.reserve(note.dependency_count());
  for (std::size_t i = 0; i < note.dependency_count(); ++i) {
    const DependencyRow row = note.dependency(i);
    const std::uint32_t from = node_of(row.from_inst);
    rows.push_back({from, node_of(row.to_inst), row.dep_kind, row.offset});
  }
  // By the node they leave, in the order of the rows: a counting sort.
  first_edge_.resize(names_.size() + 1);
  for (const Edge& edge : rows) ++first_edge_[edge.from + 1];
  for (std::size_t i = 1; i < first_edge_.size(); ++i) first_edge_[i] += first_edge_[i - 1];
  std::vector<std::uint32_t> next(first_edge_.begin(), first_edge_.end() - 1);
  edges_.resize(rows.size());
  for (const Edge& edge : rows) edges_[next[edge.from]++] = edge;
}

// An optional or a result ends the recursion of what is inside it.
bool DependencyGraph::may_be_finite(const Edge& edge) const {
  if (edge.kind != "inner_type") return false;
  const std::string_view name = names_[edge.from];
  const std::string_view base = name.substr(0, name.find_first_of("$<"));
  return base == "Option" || base == "Result" || base == "Nullable";
}

std::vector<DependencyCycle> DependencyGraph::find_cycles(std::size_t limit) const {
  enum class State : std::uint8_t { kNew, kOpen, kDone };
  std::vector<DependencyCycle> cycles;
  std::vector<State> states(size());
  std::vector<std::uint32_t> position(size());  // of an open node on the stack
  struct Visit {
    std::uint32_t node;
    std::uint32_t next_edge;
  };
  std::vector<Visit> stack;
  const auto open = [&](std::uint32_t node) {
    states[node] = State::kOpen;
    position[node] = static_cast<std::uint32_t>(stack.size());
    stack.push_back({node, first_edge_[node]});
  };
  const auto close_cycle = [&](const Edge& back) {
    DependencyCycle cycle{.offset = back.offset, .is_warning = may_be_finite(back)};
    for (std::size_t i = position[back.to]; i < stack.size(); ++i) {
      cycle.nodes.push_back(stack[i].node);
      // The edge to the next visit is the one before next_edge.
      if (i + 1 < stack.size() && may_be_finite(edges_[stack[i].next_edge - 1]))
        cycle.is_warning = true;
    }
    cycle.nodes.push_back(back.to);
    cycles.push_back(std::move(cycle));
  };
  for (std::uint32_t root = 0; root < size(); ++root) {
    if (states[root] != State::kNew) continue;
    open(root);
    while (!stack.empty()) {
      Visit& visit = stack.back();
      if (visit.next_edge == first_edge_[visit.node + 1]) {
        states[visit.node] = State::kDone;
        stack.pop_back();
        continue;
      }
      const Edge& edge = edges_[visit.next_edge++];
      if (states[edge.to] == State::kNew) {
        open(edge.to);
      } else if (states[edge.to] == State::kOpen) {
        close_cycle(edge);
        if (cycles.size() >= limit) return cycles;
      }
    }
  }
  return cycles;
}

std::optional<std::vector<std::uint32_t>> DependencyGraph::topological_order() const {
  // Kahn's algorithm from the leaves: a node is ready when all it needs are there.
  std::vector<std::uint32_t> missing(size());
  std::vector<std::vector<std::uint32_t>> needed_by(size());
  for (const Edge& edge : edges_) {
    ++missing[edge.from];
    needed_by[edge.to].push_back(edge.from);
  }
  std::vector<std::uint32_t> order;
  order.reserve(size());
  for (std::uint32_t node = 0; node < size(); ++node)
    if (missing[node] == 0) order.push_back(node);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const std::uint32_t node : needed_by[order[i]])
      if (--missing[node] == 0) order.push_back(node);
  }
  if (order.size() < size()) return std::nullopt;
  return order;
}

std::string DependencyGraph::path(const DependencyCycle& cycle) const {
  std::string out;
  std::string_view arrow;
  for (const std::uint32_t node : cycle.nodes) {
    out += arrow;
    out += name(node);
    arrow = "->";
  }
  return out;
}

std::vector<DependencyGraph::Mark> DependencyGraph::marks(
    const std::vector<DependencyCycle>& cycles) const {
  std::unordered_map<std::uint64_t, Mark> by_ends;
  const auto ends = [](std::uint32_t from, std::uint32_t to) {
    return std::uint64_t{from} << 32 | to;
  };
  for (const DependencyCycle& cycle : cycles) {
    const Mark mark = cycle.is_warning ? Mark::kWarning : Mark::kError;
    for (std::size_t i = 0; i + 1 < cycle.nodes.size(); ++i) {
      Mark& known = by_ends[ends(cycle.nodes[i], cycle.nodes[i + 1])];
      known = std::max(known, mark);
    }
  }
  std::vector<Mark> marks;
  marks.reserve(edges_.size());
  for (const Edge& edge : edges_) {
    const auto found = by_ends.find(ends(edge.from, edge.to));
    marks.push_back(found != by_ends.end() ? found->second : Mark::kNone);
  }
  return marks;
}

std::string DependencyGraph::to_dot() const {
  std::string out =
      "digraph instantiations {\n"
      "  rankdir=LR;\n"
      "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
      "  edge [fontname=\"sans-serif\", fontsize=10];\n";
  for (std::uint32_t node = 0; node < size(); ++node)
    out += fmt::format("  n{} [label={}];\n", node, dot_quoted(name(node)));
  const std::vector<Mark> marks = this->marks(find_cycles());
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    const std::string_view colour = marks[i] == Mark::kError     ? "#c62828"
                                    : marks[i] == Mark::kWarning ? "#e65100"
                                                                 : "#607d8b";
    out += fmt::format("  n{} -> n{} [label={}, color=\"{}\", fontcolor=\"{}\"];\n", edges_[i].from,
                       edges_[i].to, dot_quoted(edges_[i].kind), colour, colour);
  }
  return out + "}\n";
}

}  // namespace smf
