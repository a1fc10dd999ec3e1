#include "runtime/note/graph_layout.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

namespace smf {
namespace {

constexpr int kMargin = 24;
constexpr int kPadding = 12;          // in a node, beside its label
constexpr int kTenthsPerColumn = 73;  // a character of a monospaced font at 12 pixels, tenths
constexpr int kLayerGap = 72;
constexpr int kRowGap = 14;
constexpr int kBendHeight = 8;
constexpr int kPortShift = 6;  // apart: an edge, and the one back
constexpr int kSweeps = 8;
constexpr std::size_t kLongestLabel = 48;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Columns of a monospaced font: East Asian characters and symbols take two.
int columns_of(std::string_view text) {
  int columns = 0;
  for (const char c : text) {
    if (is_continuation(c)) continue;
    columns += static_cast<unsigned char>(c) > 0xE2 ? 2 : 1;
  }
  return columns;
}

// Nodes, and behind them the bends of edges over several layers.
struct Item {
  std::uint32_t layer = 0;
  int height = GraphLayout::kNodeHeight;
  int y = 0;                                           // its middle
  std::array<std::vector<std::uint32_t>, 2> beside{};  // in the layer before, and behind
};

class Layering {
 public:
  explicit Layering(const DependencyGraph& graph) : graph_(graph), items_(graph.size()) {}

  GraphLayout run() {
    collect_edges();
    turn_back_edges();
    choose_layers();
    add_bends();
    order_layers();
    place();
    return std::move(layout_);
  }

 private:
  struct Way {
    std::uint32_t left = 0, right = 0;  // its ends, once cycles are cut
    bool is_back = false;               // drawn from right to left
    std::vector<std::uint32_t> bends{};
  };

  void collect_edges();
  void turn_back_edges();
  void choose_layers();
  void add_bends();
  void join(std::uint32_t left, std::uint32_t right) {
    items_[left].beside[1].push_back(right);
    items_[right].beside[0].push_back(left);
  }
  void order_layers();
  void sort_layer(std::vector<std::uint32_t>& layer, std::size_t side);
  int wanted_y(const Item& item) const;
  void settle(const std::vector<std::uint32_t>& layer);
  void place();
  void place_edges(const std::vector<int>& layer_x, const std::vector<int>& layer_width);

  const DependencyGraph& graph_;
  std::vector<Item> items_;
  std::vector<Way> ways_{};  // as layout_.edges
  std::vector<std::vector<std::uint32_t>> layers_{};
  std::vector<std::uint32_t> rank_{};  // of an item in its layer
  GraphLayout layout_{};
};

void Layering::collect_edges() {
  std::unordered_set<std::uint64_t> seen;
  for (const DependencyGraph::Edge& edge : graph_.edges()) {
    if (!seen.insert(std::uint64_t{edge.from} << 32 | edge.to).second) continue;
    layout_.edges.push_back({.from = edge.from, .to = edge.to});
    ways_.push_back({.left = edge.from, .right = edge.to});
  }
}

// Depth first, along the edges in their order: what leads back to an open node is turned.
void Layering::turn_back_edges() {
  enum class State : std::uint8_t { kNew, kOpen, kDone };
  std::vector<State> states(graph_.size());
  std::vector<std::size_t> next(graph_.size() + 1);  // ways leave nodes in blocks
  for (const Way& way : ways_) ++next[way.left + 1];
  for (std::size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  const std::vector<std::size_t> first = next;
  std::vector<std::uint32_t> stack;
  for (std::uint32_t root = 0; root < graph_.size(); ++root) {
    if (states[root] != State::kNew) continue;
    states[root] = State::kOpen;
    stack.push_back(root);
    while (!stack.empty()) {
      const std::uint32_t node = stack.back();
      if (next[node] == first[node + 1]) {
        states[node] = State::kDone;
        stack.pop_back();
        continue;
      }
      Way& way = ways_[next[node]++];
      const std::uint32_t to = way.right;
      if (states[to] == State::kOpen) {
        way.is_back = true;
        if (to != node) std::swap(way.left, way.right);
      } else if (states[to] == State::kNew) {
        states[to] = State::kOpen;
        stack.push_back(to);
      }
    }
  }
}

void Layering::choose_layers() {
  std::vector<std::vector<std::uint32_t>> to(graph_.size());
  std::vector<std::uint32_t> missing(graph_.size());
  for (const Way& way : ways_) {
    if (way.left == way.right) continue;
    to[way.left].push_back(way.right);
    ++missing[way.right];
  }
  const std::vector<std::uint32_t> in = missing;
  std::vector<std::uint32_t> order;
  for (std::uint32_t node = 0; node < graph_.size(); ++node)
    if (missing[node] == 0) order.push_back(node);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const std::uint32_t next : to[order[i]]) {
      items_[next].layer = std::max(items_[next].layer, items_[order[i]].layer + 1);
      if (--missing[next] == 0) order.push_back(next);
    }
  }
  // What nobody needs stands next to what it needs.
  for (std::uint32_t node = 0; node < graph_.size(); ++node) {
    if (in[node] != 0 || to[node].empty()) continue;
    std::uint32_t nearest = UINT32_MAX;
    for (const std::uint32_t next : to[node]) nearest = std::min(nearest, items_[next].layer);
    items_[node].layer = nearest - 1;
  }
}

void Layering::add_bends() {
  std::size_t bends = 0;
  for (Way& way : ways_) {
    if (way.left == way.right) continue;
    const std::uint32_t first = items_[way.left].layer;
    const std::uint32_t last = items_[way.right].layer;
    bends += last - first - 1;
    if (bends > GraphLayout::kMaxBends) {
      bends -= last - first - 1;
      continue;
    }
    std::uint32_t before = way.left;
    for (std::uint32_t layer = first + 1; layer < last; ++layer) {
      const auto bend = static_cast<std::uint32_t>(items_.size());
      items_.push_back({.layer = layer, .height = kBendHeight});
      way.bends.push_back(bend);
      join(before, bend);
      before = bend;
    }
    join(before, way.right);
  }
}

// By the median of the neighbours' ranks; who has none keeps the own rank.
void Layering::sort_layer(std::vector<std::uint32_t>& layer, std::size_t side) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> keyed;
  for (const std::uint32_t item : layer) {
    std::vector<std::uint32_t> ranks;
    for (const std::uint32_t other : items_[item].beside[side]) ranks.push_back(rank_[other]);
    std::ranges::sort(ranks);
    keyed.emplace_back(ranks.empty() ? rank_[item] : ranks[ranks.size() / 2], item);
  }
  std::ranges::stable_sort(keyed, {}, &std::pair<std::uint32_t, std::uint32_t>::first);
  for (std::uint32_t i = 0; i < layer.size(); ++i) {
    layer[i] = keyed[i].second;
    rank_[layer[i]] = i;
  }
}

void Layering::order_layers() {
  rank_.resize(items_.size());
  for (std::uint32_t item = 0; item < items_.size(); ++item) {
    if (layers_.size() <= items_[item].layer) layers_.resize(items_[item].layer + 1);
    std::vector<std::uint32_t>& layer = layers_[items_[item].layer];
    rank_[item] = static_cast<std::uint32_t>(layer.size());
    layer.push_back(item);
  }
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    if (sweep % 2 == 0) {
      for (std::size_t i = 1; i < layers_.size(); ++i) sort_layer(layers_[i], 0);
    } else {
      for (std::size_t i = layers_.size(); i-- > 1;) sort_layer(layers_[i - 1], 1);
    }
  }
}

int Layering::wanted_y(const Item& item) const {
  std::vector<int> places;
  for (const auto& neighbours : item.beside)
    for (const std::uint32_t other : neighbours) places.push_back(items_[other].y);
  if (places.empty()) return item.y;
  std::ranges::sort(places);
  return (places[(places.size() - 1) / 2] + places[places.size() / 2]) / 2;
}

// As near to where they want to be as order and distances allow: half way between the places that
// pushing down and pushing up would give.
void Layering::settle(const std::vector<std::uint32_t>& layer) {
  const auto distance = [&](std::size_t i) {
    return (items_[layer[i - 1]].height + items_[layer[i]].height) / 2 + kRowGap;
  };
  std::vector<int> down;
  down.reserve(layer.size());
  for (const std::uint32_t item : layer) down.push_back(wanted_y(items_[item]));
  std::vector<int> up = down;
  for (std::size_t i = 1; i < layer.size(); ++i)
    down[i] = std::max(down[i], down[i - 1] + distance(i));
  for (std::size_t i = layer.size(); i-- > 1;) up[i - 1] = std::min(up[i - 1], up[i] - distance(i));
  for (std::size_t i = 0; i < layer.size(); ++i) {
    items_[layer[i]].y = (down[i] + up[i]) / 2;
    // Halves are cut off towards zero, which may cost a pixel of the distance.
    if (i > 0)
      items_[layer[i]].y = std::max(items_[layer[i]].y, items_[layer[i - 1]].y + distance(i));
  }
}

void Layering::place() {
  for (const auto& layer : layers_) {
    int y = 0;
    for (const std::uint32_t item : layer) {
      items_[item].y = y;
      y += items_[item].height + kRowGap;
    }
  }
  for (int sweep = 0; sweep < kSweeps; ++sweep)
    for (std::size_t i = 0; i < layers_.size(); ++i)
      settle(layers_[sweep % 2 == 0 ? i : layers_.size() - 1 - i]);
  int top = 0;
  int bottom = 0;
  for (const Item& item : items_) {
    top = std::min(top, item.y);
    bottom = std::max(bottom, item.y);
  }
  for (Item& item : items_) item.y += kMargin + GraphLayout::kNodeHeight / 2 - top;
  layout_.height = bottom - top + GraphLayout::kNodeHeight + 2 * kMargin;

  std::vector<int> layer_width(layers_.size());
  for (std::uint32_t node = 0; node < graph_.size(); ++node) {
    GraphLayout::Node placed{.layer = items_[node].layer,
                             .label = shortened(graph_.name(node), kLongestLabel)};
    placed.width = columns_of(placed.label) * kTenthsPerColumn / 10 + 2 * kPadding;
    layer_width[placed.layer] = std::max(layer_width[placed.layer], placed.width);
    layout_.nodes.push_back(std::move(placed));
  }
  std::vector<int> layer_x;
  int x = kMargin;
  for (const int width : layer_width) {
    layer_x.push_back(x);
    x += width + kLayerGap;
  }
  layout_.width = layers_.empty() ? 2 * kMargin : x - kLayerGap + kMargin;
  for (std::uint32_t node = 0; node < graph_.size(); ++node) {
    GraphLayout::Node& placed = layout_.nodes[node];
    placed.left = {layer_x[placed.layer] + (layer_width[placed.layer] - placed.width) / 2,
                   items_[node].y};
  }
  place_edges(layer_x, layer_width);
}

void Layering::place_edges(const std::vector<int>& layer_x, const std::vector<int>& layer_width) {
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    const Way& way = ways_[i];
    if (way.left == way.right) continue;
    const GraphLayout::Node& left = layout_.nodes[way.left];
    const GraphLayout::Node& right = layout_.nodes[way.right];
    const int shift = way.is_back ? kPortShift : 0;
    std::vector<GraphLayout::Point>& points = layout_.edges[i].points;
    points.push_back({left.left.x + left.width, left.left.y + shift});
    points.push_back({layer_x[left.layer] + layer_width[left.layer], left.left.y + shift});
    for (const std::uint32_t bend : way.bends) {
      const std::uint32_t layer = items_[bend].layer;
      points.push_back({layer_x[layer], items_[bend].y});
      points.push_back({layer_x[layer] + layer_width[layer], items_[bend].y});
    }
    points.push_back({layer_x[right.layer], right.left.y + shift});
    points.push_back({right.left.x, right.left.y + shift});
    if (way.is_back) std::ranges::reverse(points);
  }
}

}  // namespace

std::string shortened(std::string_view name, std::size_t max) {
  std::size_t characters = 0;
  std::size_t cut = name.size();
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is_continuation(name[i])) continue;
    if (++characters == max) cut = i;
    if (characters > max) return std::string(name.substr(0, cut)) + "…";
  }
  return std::string(name);
}

GraphLayout lay_out(const DependencyGraph& graph) { return Layering(graph).run(); }

}  // namespace smf
