#include "runtime/note/graph.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>
#include <string>

#include "runtime/note/parsed_graph.h"

namespace smf {
namespace {

std::vector<std::string> paths(const DependencyGraph& graph) {
  std::vector<std::string> out;
  for (const DependencyCycle& cycle : graph.find_cycles())
    out.push_back((cycle.is_warning ? "warning " : "error ") + graph.path(cycle));
  return out;
}

TEST(DependencyGraph, AChainHasNoCycle) {
  const ParsedGraph chain("    A, B, field_type\n    B, C, field_type\n");
  EXPECT_TRUE(chain.graph.find_cycles().empty());
  EXPECT_EQ(chain.graph.topological_order(), (std::vector<std::uint32_t>{2, 1, 0}));
}

TEST(DependencyGraph, AChainThatIsClosedIsAnError) {
  const ParsedGraph closed("    A, B, field_type\n    B, C, field_type\n    C, A, inner_type\n");
  EXPECT_EQ(paths(closed.graph), (std::vector<std::string>{"error A->B->C->A"}));
  EXPECT_EQ(closed.graph.topological_order(), std::nullopt);
}

TEST(DependencyGraph, ANodeWithoutANameIsOnThePathToo) {
  const ParsedGraph nameless("    \"\", A, field_type\n    A, \"\", field_type\n");
  EXPECT_EQ(paths(nameless.graph), (std::vector<std::string>{"error ->A->"}));
}

TEST(DependencyGraph, ACycleThroughAnOptionIsAWarning) {
  const ParsedGraph node(
      "    Node, \"Option$Node\", field_type\n    \"Option$Node\", Node, inner_type\n");
  EXPECT_EQ(paths(node.graph), (std::vector<std::string>{"warning Node->Option$Node->Node"}));
  const ParsedGraph other(
      "    Node, \"Option$Node\", inner_type\n    \"Option$Node\", Node, field_type\n");
  EXPECT_EQ(paths(other.graph), (std::vector<std::string>{"error Node->Option$Node->Node"}));
  const ParsedGraph name(
      "    Node, \"Optional$Node\", field_type\n    \"Optional$Node\", Node, inner_type\n");
  EXPECT_EQ(paths(name.graph), (std::vector<std::string>{"error Node->Optional$Node->Node"}));
}

TEST(DependencyGraph, WhatNeedsItselfIsACycleOfOne) {
  const ParsedGraph self("    A, A, field_type\n");
  EXPECT_EQ(paths(self.graph), (std::vector<std::string>{"error A->A"}));
}

TEST(DependencyGraph, EveryBackEdgeIsACycle) {
  const ParsedGraph two("    A, B, x\n    B, A, x\n    B, C, x\n    C, A, x\n    C, B, x\n");
  EXPECT_EQ(paths(two.graph),
            (std::vector<std::string>{"error A->B->A", "error A->B->C->A", "error B->C->B"}));
  EXPECT_EQ(two.graph.find_cycles(2).size(), 2u);
}

TEST(DependencyGraph, IsWrittenForGraphviz) {
  const ParsedGraph node(
      "    Node, \"Option$Node\", field_type\n    \"Option$Node\", Node, inner_type\n");
  const std::string dot = node.graph.to_dot();
  EXPECT_NE(dot.find("n0 [label=\"Node\"];"), std::string::npos) << dot;
  EXPECT_NE(dot.find("n0 -> n1 [label=\"field_type\", color=\"#e65100\""), std::string::npos)
      << dot;
}

TEST(DependencyGraph, ADeepChainTakesNoStack) {
  std::string rows;
  constexpr int kDepth = 200'000;
  for (int i = 0; i < kDepth; ++i) rows += fmt::format("    n{}, n{}, t\n", i, i + 1);
  const ParsedGraph deep(rows);
  EXPECT_TRUE(deep.graph.find_cycles().empty());
  ASSERT_TRUE(deep.graph.topological_order());
  EXPECT_EQ(deep.graph.topological_order()->front(), kDepth);
  const ParsedGraph closed(rows + fmt::format("    n{}, n0, t\n", kDepth));
  EXPECT_EQ(closed.graph.find_cycles().at(0).nodes.size(), kDepth + 2u);
}

// Against reachability by brute force: a cycle is found exactly where a node reaches itself, each
// one is made of edges that are there, and an order puts what is needed first.
TEST(DependencyGraph, AgreesWithBruteForceOnRandomGraphs) {
  std::mt19937 random(3);
  int cyclic = 0;
  for (int round = 0; round < 500; ++round) {
    const unsigned nodes = 1 + random() % 8;
    std::set<std::pair<unsigned, unsigned>> edges;
    std::string rows;
    for (auto left = random() % 12; left > 0; --left) {
      const unsigned from = random() % nodes;
      const unsigned to = random() % nodes;
      edges.emplace(from, to);
      rows += fmt::format("    n{}, n{}, t\n", from, to);
    }
    const ParsedGraph parsed(rows);
    std::vector<std::vector<bool>> reaches(nodes, std::vector<bool>(nodes));
    for (const auto& [from, to] : edges) reaches[from][to] = true;
    for (unsigned k = 0; k < nodes; ++k)
      for (unsigned i = 0; i < nodes; ++i)
        for (unsigned j = 0; j < nodes; ++j)
          if (reaches[i][k] && reaches[k][j]) reaches[i][j] = true;
    bool is_cyclic = false;
    for (unsigned i = 0; i < nodes; ++i) is_cyclic = is_cyclic || reaches[i][i];
    cyclic += is_cyclic;
    const auto number = [&](std::uint32_t node) {
      return static_cast<unsigned>(std::stoul(std::string(parsed.graph.name(node).substr(1))));
    };
    const auto cycles = parsed.graph.find_cycles();
    ASSERT_EQ(!cycles.empty(), is_cyclic) << rows;
    for (const DependencyCycle& cycle : cycles) {
      ASSERT_EQ(cycle.nodes.front(), cycle.nodes.back());
      for (std::size_t i = 0; i + 1 < cycle.nodes.size(); ++i)
        ASSERT_TRUE(edges.contains({number(cycle.nodes[i]), number(cycle.nodes[i + 1])}));
    }
    const auto order = parsed.graph.topological_order();
    ASSERT_EQ(order.has_value(), !is_cyclic) << rows;
    if (!order) continue;
    std::set<std::uint32_t> made;
    for (const std::uint32_t node : *order) {
      for (const auto& edge : parsed.graph.edges()) {
        if (edge.from != node) continue;
        ASSERT_TRUE(made.contains(edge.to)) << rows;
      }
      made.insert(node);
    }
  }
  EXPECT_GT(cyclic, 100);
  EXPECT_LT(cyclic, 400);
}

}  // namespace
}  // namespace smf
