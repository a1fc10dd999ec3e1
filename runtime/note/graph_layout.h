// Where the nodes and edges of a dependency graph go in a picture.
//
// In layers from left to right, as Sugiyama, Tagawa and Toda (1981) have it: edges that close a
// cycle are turned round for the time being, a node's layer is the longest way to it, an edge over
// several layers bends in each of them, nodes and bends of a layer are put in the order of the
// medians of their neighbours, and then as near to those as they may be. What is needed stands to
// the right of what needs it. Numbers are integers, so the picture is the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/note/graph.h"

namespace smf {

struct GraphLayout {
  static constexpr int kNodeHeight = 28;
  // Bends in all; edges that come when there are so many go straight.
  static constexpr std::size_t kMaxBends = 50'000;

  struct Point {
    int x = 0, y = 0;
    friend bool operator==(const Point&, const Point&) = default;
  };
  struct Node {
    Point left{};  // the middle of its left side
    int width = 0;
    std::uint32_t layer = 0;
    std::string label{};  // the name, shortened
  };
  // One for all edges with the same ends.
  struct Edge {
    std::uint32_t from = 0, to = 0;
    // In pairs, straight within a pair: from the node's side to its layer's, through each layer the
    // edge bends in, from a layer's side to the node's. None where a node needs itself.
    std::vector<Point> points{};
  };

  int width = 0, height = 0;
  std::vector<Node> nodes{};  // by the graph's numbers
  std::vector<Edge> edges{};  // in the order of the graph's, the first of each pair
};

// Linear in the picture but for a few sorts; throws std::bad_alloc.
GraphLayout lay_out(const DependencyGraph& graph);

// `name`, or its start and `…` where it is longer than `max` characters.
std::string shortened(std::string_view name, std::size_t max);

}  // namespace smf
