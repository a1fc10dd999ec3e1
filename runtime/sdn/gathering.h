// A dict whose entries stand in several places of a text: the sections `[a]`, `[b]`, `[a.c]` and
// the heads `action go`, `action stop` of lenient mode.
//
// A gathered dict stands where its first part does, and its entries are in the order of the text. A
// key that is there already is a warning, and the last one counts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "runtime/sdn/mistake.h"
#include "runtime/sdn/node.h"

namespace smf::sdn::internal {

class Gathering {
 public:
  Gathering(Storage& storage, Warnings& warnings) : storage_(storage), warnings_(warnings) {}

  // Adds an entry to the dict that `path`, a list of keys, leads to from the root. All of these
  // throw std::bad_alloc and take O(log n) comparisons for an entry.
  void put(const std::vector<Node>& path, const Node& key, const Node& value);
  // Adds all entries of a dict to the one at `path`, which may stay empty.
  void put_all(const std::vector<Node>& path, const Node& dict);

  // The root, as nodes of the storage. Once.
  Node close() { return close(root_); }

 private:
  struct Item;
  struct Branch {
    std::vector<Item> items{};
    std::map<std::string_view, std::size_t> places{};  // in items
    std::uint32_t start = 0;                           // of an empty one
  };
  struct Item {
    Node key{};
    Node value{};
    std::unique_ptr<Branch> branch{};  // instead of a value
    bool is_dropped = false;           // a later one has the same key
  };

  Branch& find(const std::vector<Node>& path, std::uint32_t start);
  void put(Branch& branch, Item item);
  Node close(Branch& branch);

  Storage& storage_;
  Warnings& warnings_;
  Branch root_{};
};

}  // namespace smf::sdn::internal
