#include "runtime/sdn/gathering.h"

#include <cstring>
#include <utility>

namespace smf::sdn::internal {

Gathering::Branch& Gathering::find(const std::vector<Node>& path, std::uint32_t start) {
  Branch* at = &root_;
  for (const Node& key : path) {
    const auto place = at->places.find(key.string());
    if (place == at->places.end() || at->items[place->second].branch == nullptr) {
      auto branch = std::make_unique<Branch>();
      branch->start = start;
      put(*at, {.key = key, .branch = std::move(branch)});
      at = at->items.back().branch.get();
    } else {
      at = at->items[place->second].branch.get();
    }
  }
  return *at;
}

void Gathering::put(Branch& branch, Item item) {
  const std::string_view key = item.key.string();
  const auto [place, is_new] = branch.places.try_emplace(key, branch.items.size());
  if (!is_new) {
    warnings_.add(ErrorKind::kDuplicateKey, item.key.start,
                  "the key '{}' is there already: the last one counts", clipped(key));
    branch.items[place->second].is_dropped = true;
    place->second = branch.items.size();
  }
  branch.items.push_back(std::move(item));
}

void Gathering::put(const std::vector<Node>& path, const Node& key, const Node& value) {
  put(find(path, value.start), {.key = key, .value = value});
}

void Gathering::put_all(const std::vector<Node>& path, const Node& dict) {
  Branch& branch = find(path, dict.start);
  const Node::Range range = dict.payload.range;
  for (std::uint32_t i = 0; i < range.count; ++i) {
    const Node* const entry = storage_.nodes.at(range.first + 2 * i);
    put(branch, {.key = entry[0], .value = entry[1]});
  }
}

// Recursive to the depth of the sections, which the parser limits.
Node Gathering::close(Branch& branch) {
  std::vector<Node> nodes;
  for (Item& item : branch.items) {
    if (item.is_dropped) continue;
    nodes.push_back(item.key);
    nodes.push_back(item.branch == nullptr ? item.value : close(*item.branch));
  }
  const auto count = static_cast<std::uint32_t>(nodes.size());
  const std::uint32_t start = nodes.empty() ? branch.start : nodes.front().start;
  const Node dict{
      start, Node::make_tag(Kind::kDict, 0), {.range = {storage_.nodes.size(), count / 2}}};
  Node* const to = storage_.nodes.extend(count);
  if (count > 0) std::memcpy(to, nodes.data(), count * sizeof(Node));
  storage_.nodes.advance(count);
  return dict;
}

}  // namespace smf::sdn::internal
