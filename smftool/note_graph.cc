// smftool note graph: which instantiations need which, as text, JSON or a picture.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/note/graph.h"
#include "runtime/note/graph_page.h"
#include "runtime/os/filter_program.h"
#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/json_output.h"
#include "smftool/messages.h"
#include "smftool/note_input.h"
#include "smftool/printable.h"
#include "smftool/sdn_input.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

struct GraphOptions {
  std::string file{};
  std::string output{};
  bool json = false;
  bool dot = false;
  bool svg = false;
  bool html = false;
};

std::string shown_path(const std::string& path) {
  return path == "-" ? "standard input" : printable(path);
}

void print_text(const Context& context, const GraphOptions& options, const DependencyGraph& graph) {
  const bool coloured = is_coloured(context, context.out);
  const std::vector<DependencyCycle> cycles = graph.find_cycles();
  const auto warnings =
      static_cast<std::size_t>(std::ranges::count(cycles, true, &DependencyCycle::is_warning));
  const bool may_be_more = cycles.size() == DependencyGraph::kMaxCycles;
  fmt::print(context.out, "{}: {}, {}; cycles: {}, {}{}\n", shown_path(options.file),
             counted(graph.size(), "instantiation"),
             counted(graph.edges().size(), "dependency", "dependencies"),
             counted(cycles.size() - warnings, "error"), counted(warnings, "warning"),
             may_be_more ? " and maybe more" : "");
  if (!cycles.empty()) {
    fmt::print(context.out, "\n{}\n", styled("Cycles", Style::kBold, coloured));
    Table table(context.out, coloured, {{}, {}});
    for (const DependencyCycle& cycle : cycles) {
      table.add_row(
          {cycle.is_warning ? Cell("warning", Style::kYellow) : Cell("E0420", Style::kRed),
           graph.path(cycle)});
    }
  }
  const auto order = graph.topological_order();
  if (!order || order->empty()) return;
  fmt::print(context.out, "\n{}\n", styled("Order, what is needed first", Style::kBold, coloured));
  for (const std::uint32_t node : *order)
    fmt::print(context.out, "  {}\n", printable(graph.name(node)));
}

void print_json(const Context& context, const GraphOptions& options, const DependencyGraph& graph) {
  JsonOutput json(context.out, "smf.note-graph/1");
  json.field("path", options.file);
  json.begin_array("nodes");
  for (std::uint32_t node = 0; node < graph.size(); ++node) json.element(graph.name(node));
  json.end();
  json.begin_array("edges");
  for (const DependencyGraph::Edge& edge : graph.edges())
    json.element({{"from", edge.from}, {"to", edge.to}, {"kind", edge.kind}});
  json.end();
  const std::vector<DependencyCycle> cycles = graph.find_cycles();
  json.begin_array("cycles");
  for (const DependencyCycle& cycle : cycles) {
    json.element({{"severity", cycle.is_warning ? "warning" : "error"},
                  {"code", cycle.is_warning ? Json(nullptr) : Json("E0420")},
                  {"nodes", cycle.nodes},
                  {"path", graph.path(cycle)}});
  }
  json.end();
  json.field("all_cycles", cycles.size() < DependencyGraph::kMaxCycles);
  const auto order = graph.topological_order();
  json.field("order", order ? Json(*order) : Json(nullptr));
}

Result<std::string> svg_of(const DependencyGraph& graph) {
  auto drawn = os::run_filter({"dot", "-Tsvg"}, graph.to_dot());
  if (!drawn) {
    Error error = std::move(drawn).error();
    if (error.system_errno == ENOENT)
      error.message += "; --svg needs Graphviz (package 'graphviz'), --html and --dot do not";
    return std::unexpected(std::move(error));
  }
  if (drawn->exit_status == 0) return std::move(drawn->output);
  const std::string& said = drawn->errors;
  return fail(ErrorCode::kSystem,
              fmt::format("dot ended with status {}{}{}", drawn->exit_status,
                          said.empty() ? "" : ": ", said.substr(0, said.find('\n'))));
}

Result<ExitStatus> run(const Context& context, const GraphOptions& options) {
  if (options.json + options.dot + options.svg + options.html > 1)
    return wrong_usage("of --json, --dot, --svg and --html one can be had at a time");
  const bool is_file = options.dot || options.svg || options.html;
  if (!options.output.empty() && !is_file)
    return wrong_usage("-o goes with --dot, --svg or --html");
  SMF_ASSIGN(NoteInput input, NoteInput::open(options.file));
  SMF_ASSIGN(const Note* const note, input.read());
  const DependencyGraph graph(*note);
  if (!is_file) {
    options.json ? print_json(context, options, graph) : print_text(context, options, graph);
    return ExitStatus::kDone;
  }
  auto text = options.svg    ? svg_of(graph)
              : options.html ? to_html(graph, shown_path(options.file))
                             : graph.to_dot();
  if (!text) return std::unexpected(std::move(text).error().at_path(options.file));
  SMF_TRY(write_text(context, options.output.empty() ? "-" : options.output, *text));
  return ExitStatus::kDone;
}

}  // namespace

void add_note_graph(Command note) {
  Command command = note.command("graph", "Show which instantiations need which, and cycles");
  const auto options = std::make_shared<GraphOptions>();
  command.argument("FILE", options->file, "A module, or the text of a note; - is standard input");
  command.flag("--json", options->json, "One JSON document, schema smf.note-graph/1");
  command.flag("--dot", options->dot, "In Graphviz' language");
  command.flag("--svg", options->svg, "A picture, drawn by Graphviz' program dot");
  command.flag("--html", options->html, "A page to look around in; needs no other program");
  command.option("-o,--output", options->output, "Where to (default: standard output)")
      .value("OUT");
  command.examples(
      "smftool note graph app.smf\n"
      "smftool note graph --html app.smf -o graph.html");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
