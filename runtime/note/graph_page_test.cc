#include "runtime/note/graph_page.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "runtime/note/graph_layout.h"
#include "runtime/note/parsed_graph.h"

namespace smf {
namespace {

std::size_t count(const std::string& page, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = page.find(what, at)) != std::string::npos; at += what.size())
    ++found;
  return found;
}

// Whether two nodes lie over each other.
bool any_overlap(const GraphLayout& layout) {
  for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto& [a, b] = std::pair(layout.nodes[i], layout.nodes[j]);
      if (std::abs(a.left.y - b.left.y) < GraphLayout::kNodeHeight &&
          a.left.x < b.left.x + b.width && b.left.x < a.left.x + a.width)
        return true;
    }
  }
  return false;
}

TEST(GraphLayout, WhatIsNeededStandsToTheRight) {
  const ParsedGraph chain("    A, B, x\n    B, C, x\n    A, C, x\n    D, C, x\n");
  const GraphLayout layout = lay_out(chain.graph);
  std::vector<std::uint32_t> layers;
  layers.reserve(layout.nodes.size());
  for (const GraphLayout::Node& node : layout.nodes) layers.push_back(node.layer);
  EXPECT_EQ(layers, (std::vector<std::uint32_t>{0, 1, 2, 1}));  // D next to what it needs
  for (const GraphLayout::Edge& edge : layout.edges)
    EXPECT_LT(edge.points.front().x, edge.points.back().x);
  EXPECT_EQ(layout.edges[1].points.size(), 6u);  // A to C, with a bend
}

TEST(GraphLayout, AnEdgeBackIsDrawnFromRightToLeftApartFromTheOther) {
  const ParsedGraph pair("    A, B, x\n    B, A, x\n    B, B, x\n    A, B, y\n");
  const GraphLayout layout = lay_out(pair.graph);
  ASSERT_EQ(layout.edges.size(), 3u);
  EXPECT_LT(layout.edges[0].points.front().x, layout.edges[0].points.back().x);
  EXPECT_GT(layout.edges[1].points.front().x, layout.edges[1].points.back().x);
  EXPECT_NE(layout.edges[0].points.front().y, layout.edges[1].points.back().y);
  EXPECT_TRUE(layout.edges[2].points.empty());
}

TEST(GraphLayout, NodesDoNotOverlapAndLieInside) {
  std::string rows;
  for (int i = 1; i < 150; ++i)
    rows += fmt::format("    N{}, N{}, x\n    N{}, N{}, x\n", i, i / 3, i, i * 7 % 50);
  const ParsedGraph parsed(rows);
  const GraphLayout layout = lay_out(parsed.graph);
  EXPECT_FALSE(any_overlap(layout));
  for (const GraphLayout::Node& node : layout.nodes) {
    EXPECT_GE(node.left.x, 0);
    EXPECT_GE(node.left.y, GraphLayout::kNodeHeight / 2);
    EXPECT_LE(node.left.x + node.width, layout.width);
    EXPECT_LE(node.left.y + GraphLayout::kNodeHeight / 2, layout.height);
  }
}

TEST(GraphLayout, ALongChainWithAnEdgeOverItIsQuick) {
  std::string rows;
  for (int i = 0; i < 3000; ++i) rows += fmt::format("    N{}, N{}, x\n", i, i + 1);
  for (int i = 0; i < 100; ++i) rows += fmt::format("    N{}, N3000, x\n", i);
  const ParsedGraph parsed(rows);
  std::size_t bends = 0;
  for (const GraphLayout::Edge& edge : lay_out(parsed.graph).edges)
    bends += (edge.points.size() - 4) / 2;
  EXPECT_LE(bends, GraphLayout::kMaxBends);
  EXPECT_GT(bends, 40'000u);
}

TEST(GraphLayout, LongNamesAreShortenedBetweenCharacters) {
  EXPECT_EQ(shortened("List$Int", 8), "List$Int");
  EXPECT_EQ(shortened("List$Int", 7), "List$I…");
  EXPECT_EQ(shortened("äöüß", 3), "äö…");
  EXPECT_EQ(shortened("", 3), "");
}

TEST(GraphPage, ShowsEveryNodeEdgeAndCycle) {
  const ParsedGraph parsed(
      "    A, B, field_type\n    B, C, type_param\n    C, A, method_dep\n"
      "    Node, \"Option$Node\", field_type\n    \"Option$Node\", Node, inner_type\n");
  const std::string page = to_html(parsed.graph, "app.smf").value();
  EXPECT_EQ(count(page, "<g class=\"node error\">"), 3u);
  EXPECT_EQ(count(page, "<g class=\"node warning\">"), 2u);
  EXPECT_EQ(count(page, "<path class=\"edge field_type error\" data-from=\"0\" data-to=\"1\""), 1u);
  EXPECT_EQ(count(page, "<title>C needs A: method_dep</title>"), 1u);
  EXPECT_EQ(count(page, "<b>E0420</b> A-&gt;B-&gt;C-&gt;A"), 1u);
  EXPECT_EQ(count(page, "<b>can be finite</b> Node-&gt;Option$Node-&gt;Node"), 1u);
  EXPECT_EQ(count(page, "Order, what is needed first"), 0u);
  EXPECT_EQ(page, to_html(parsed.graph, "app.smf").value());
}

TEST(GraphPage, WithoutCyclesTellsTheOrder) {
  const ParsedGraph parsed("    A, B, field_type\n    A, B, inner_type\n");
  const std::string page = to_html(parsed.graph, "x").value();
  EXPECT_EQ(count(page, "<ol>\n<li>B</li>\n<li>A</li>\n</ol>"), 1u);
  EXPECT_EQ(count(page, "<title>A needs B: field_type, inner_type</title>"), 1u);
}

TEST(GraphPage, NamesAreTextWhateverTheyHold) {
  const ParsedGraph parsed("    \"</script><b a='\\\"'>&\", \"B\\u{7}\\n\", \"x\\\"><script>\"\n");
  const std::string page = to_html(parsed.graph, "<i>").value();
  EXPECT_EQ(count(page, "<b a="), 0u);
  EXPECT_EQ(count(page, "<script>"), 1u);
  EXPECT_EQ(count(page, "</script>"), 1u);
  EXPECT_EQ(count(page, "<i>"), 0u);
  EXPECT_EQ(count(page, "&lt;/script&gt;&lt;b a='&quot;'&gt;&amp;"), 4u);
  EXPECT_EQ(count(page, "B\uFFFD\uFFFD"), 4u);  // title, label, edge, order
}

TEST(GraphPage, FetchesNothing) {
  const ParsedGraph parsed("    A, B, x\n");
  const std::string page = to_html(parsed.graph, "x").value();
  for (const std::string_view what : {"http://", "https://", "src=", "href=", "@import", "fetch("})
    EXPECT_EQ(count(page, what), 0u) << what;
}

TEST(GraphPage, AnEmptyGraphIsAPageAndAHugeOneIsRefused) {
  EXPECT_TRUE(to_html(ParsedGraph("").graph, "x"));
  std::string rows;
  for (std::size_t i = 0; i < kMaxPageNodes; ++i) rows += fmt::format("    N{}, A, x\n", i);
  const auto refused = to_html(ParsedGraph(rows).graph, "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace smf
