#include "runtime/note/graph_page.h"

#include <fmt/format.h>

#include <iterator>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/note/graph_layout.h"
#include "runtime/note/graph_page_parts.h"

namespace smf {
namespace {

using Mark = DependencyGraph::Mark;

constexpr std::string_view kKinds[] = {"field_type", "inner_type", "type_param", "method_dep"};

// Text between tags, or in quotes. Control characters have no place in HTML.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += "\uFFFD";
    } else {
      out += c;
    }
  }
  return out;
}

std::string counted(std::size_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", count, count == 1 ? singular : plural);
}

// The class of what is part of a cycle.
std::string_view class_of(Mark mark) {
  return mark == Mark::kError ? " error" : mark == Mark::kWarning ? " warning" : "";
}

// Only known kinds: what a file says does not choose a class.
std::string_view class_of_kind(std::string_view kind) {
  for (const std::string_view known : kKinds)
    if (kind == known) return known;
  return "other";
}

class Page {
 public:
  Page(const DependencyGraph& graph, std::string_view title)
      : graph_(graph),
        title_(escaped(title)),
        cycles_(graph.find_cycles()),
        edge_marks_(graph.marks(cycles_)),
        node_marks_(graph.size()),
        layout_(lay_out(graph)) {
    for (const DependencyCycle& cycle : cycles_) {
      for (const std::uint32_t node : cycle.nodes)
        node_marks_[node] =
            std::max(node_marks_[node], cycle.is_warning ? Mark::kWarning : Mark::kError);
    }
  }

  std::string write() && {
    write_head();
    print("<main>\n<div id=\"picture\">\n");
    write_picture();
    print("</div>\n<aside>\n");
    write_cycles();
    write_legend();
    write_order();
    print("</aside>\n</main>\n<script>{}</script>\n</body>\n</html>\n", kPageScript);
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void write_head();
  void write_picture();
  void write_edge(const GraphLayout::Edge& edge, Mark mark, std::string_view kinds,
                  std::string_view first_kind);
  void write_node(std::uint32_t node);
  void write_cycles();
  void write_legend();
  void write_order();

  const DependencyGraph& graph_;
  const std::string title_;
  const std::vector<DependencyCycle> cycles_;
  const std::vector<Mark> edge_marks_;  // as graph_.edges()
  std::vector<Mark> node_marks_;
  const GraphLayout layout_;
  std::string out_{};
};

void Page::write_head() {
  print(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<header>\n<h1>{}</h1>\n<p>{}, {}, {}</p>\n"
      "<input type=\"search\" placeholder=\"Find an instantiation\" aria-label=\"Find\">\n"
      "</header>\n",
      title_, kPageStyle, title_, counted(graph_.size(), "instantiation", "instantiations"),
      counted(graph_.edges().size(), "dependency", "dependencies"),
      counted(cycles_.size(), "cycle", "cycles"));
}

void Page::write_picture() {
  print("<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">\n<defs>\n",
        layout_.width, layout_.height);
  for (const std::string_view name : {"none", "warning", "error"}) {
    print(
        "<marker id=\"{0}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"9\" "
        "markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
        "<path class=\"head {0}\" d=\"M0 0L8 4L0 8z\"/></marker>\n",
        name);
  }
  print("</defs>\n");
  // Rows with the same ends are one line: their kinds are told together.
  std::unordered_map<std::uint64_t, std::string> kinds;
  std::vector<std::pair<std::string_view, Mark>> firsts;
  for (std::size_t i = 0; i < graph_.edges().size(); ++i) {
    const DependencyGraph::Edge& edge = graph_.edges()[i];
    std::string& told = kinds[std::uint64_t{edge.from} << 32 | edge.to];
    if (told.empty()) firsts.emplace_back(edge.kind, edge_marks_[i]);
    told += told.empty() ? ": " : ", ";
    told += edge.kind;
  }
  for (std::size_t i = 0; i < layout_.edges.size(); ++i) {
    const GraphLayout::Edge& edge = layout_.edges[i];
    write_edge(edge, firsts[i].second, kinds[std::uint64_t{edge.from} << 32 | edge.to],
               firsts[i].first);
  }
  for (std::uint32_t node = 0; node < graph_.size(); ++node) write_node(node);
  print("</svg>\n");
}

void Page::write_edge(const GraphLayout::Edge& edge, Mark mark, std::string_view kinds,
                      std::string_view first_kind) {
  const std::string_view mark_class = class_of(mark);
  print("<path class=\"edge {}{}\" data-from=\"{}\" data-to=\"{}\" marker-end=\"url(#{})\" d=\"",
        class_of_kind(first_kind), mark_class, edge.from, edge.to,
        mark_class.empty() ? "none" : mark_class.substr(1));
  if (edge.points.empty()) {
    const GraphLayout::Node& node = layout_.nodes[edge.from];
    constexpr int kLoop = 10;  // from the middle of the top, back to it
    const int x = node.left.x + node.width / 2;
    const int y = node.left.y - GraphLayout::kNodeHeight / 2;
    print("M{} {}C{} {} {} {} {} {}", x - kLoop, y, x - 2 * kLoop, y - 2 * kLoop, x + 2 * kLoop,
          y - 2 * kLoop, x + kLoop, y);
  } else {
    print("M{} {}", edge.points[0].x, edge.points[0].y);
    for (std::size_t i = 1; i < edge.points.size(); ++i) {
      const auto [x0, y0] = edge.points[i - 1];
      const auto [x, y] = edge.points[i];
      if (i % 2 == 1) {
        print("H{}", x);
      } else {
        print("C{} {} {} {} {} {}", (x0 + x) / 2, y0, (x0 + x) / 2, y, x, y);
      }
    }
  }
  print("\"><title>{} needs {}{}</title></path>\n", escaped(graph_.name(edge.from)),
        escaped(graph_.name(edge.to)), escaped(kinds));
}

void Page::write_node(std::uint32_t node) {
  const GraphLayout::Node& placed = layout_.nodes[node];
  print(
      "<g class=\"node{}\"><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" "
      "rx=\"5\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text></g>\n",
      class_of(node_marks_[node]), escaped(graph_.name(node)), placed.left.x,
      placed.left.y - GraphLayout::kNodeHeight / 2, placed.width, GraphLayout::kNodeHeight,
      placed.left.x + placed.width / 2, placed.left.y + 4, escaped(placed.label));
}

void Page::write_cycles() {
  print("<section>\n<h2>Cycles ({}{})</h2>\n<ul>\n", cycles_.size(),
        cycles_.size() == DependencyGraph::kMaxCycles ? " and maybe more" : "");
  for (const DependencyCycle& cycle : cycles_) {
    std::string path;
    for (const std::uint32_t node : cycle.nodes)
      path += fmt::format("{}{}", path.empty() ? "" : " ", node);
    print("<li><button class=\"{}\" data-path=\"{}\"><b>{}</b> {}</button></li>\n",
          cycle.is_warning ? "warning" : "error", path,
          cycle.is_warning ? "can be finite" : "E0420", escaped(graph_.path(cycle)));
  }
  print("</ul>\n</section>\n");
}

void Page::write_legend() {
  print("<section class=\"legend\">\n<h2>Legend</h2>\n<ul>\n");
  const auto line = [&](std::string_view classes, std::string_view text) {
    print(
        "<li><svg width=\"44\" height=\"10\"><path class=\"edge {}\" d=\"M0 "
        "5H44\"/></svg>{}</li>\n",
        classes, text);
  };
  for (const std::string_view kind : kKinds) line(kind, kind);
  line("error", "cycle, error E0420");
  line("warning", "cycle that can be finite");
  print("</ul>\n<p>An arrow leads from an instantiation to what it needs.</p>\n</section>\n");
}

void Page::write_order() {
  const auto order = graph_.topological_order();
  if (!order) return;
  print("<section>\n<h2>Order, what is needed first</h2>\n<ol>\n");
  for (const std::uint32_t node : *order) print("<li>{}</li>\n", escaped(graph_.name(node)));
  print("</ol>\n</section>\n");
}

}  // namespace

Result<std::string> to_html(const DependencyGraph& graph, std::string_view title) try {
  if (graph.size() > kMaxPageNodes || graph.edges().size() > kMaxPageEdges) {
    return fail(ErrorCode::kLimit,
                fmt::format("a graph of {} nodes and {} edges is too large for a page ({} and {})",
                            graph.size(), graph.edges().size(), kMaxPageNodes, kMaxPageEdges));
  }
  return Page(graph, title).write();
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to draw a graph");
}

}  // namespace smf
