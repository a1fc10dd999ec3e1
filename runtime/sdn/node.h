// The form a parsed document has in memory; callers use Value (value.h).
//
// A document is one array of 16-byte nodes. The children of a container lie side by side, so a
// table is its cells row by row: cell (r, c) is one addition away, and 100 000 rows of 8 cells are
// 12.8 MB in one allocation. Strings are pointers into the text, or into the document's arena where
// they have escapes. A node holds the offset of what it stands for, so positions cost no further
// memory: they are counted when somebody asks.
//
// Rejected: a tree of std::variant (40 bytes and an allocation a cell); 8-byte nodes with lazily
// parsed numbers (half the memory, but a document would then not be validated once it exists).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/sdn/diagnostic.h"

namespace smf::sdn {

enum class Kind : std::uint8_t { kNull, kBool, kInt, kFloat, kString, kArray, kDict, kTable };

// "an int" for kInt, and so on, for messages.
std::string_view describe(Kind kind);

namespace internal {

inline constexpr std::uint32_t kMaxNodeLength = (1u << 28) - 1;

struct Node {
  struct Range {
    std::uint32_t first;  // index of the first child
    std::uint32_t count;  // array: elements; dict: entries, each a key node and a value node
  };
  union Payload {
    std::int64_t integer;  // also a bool, as 0 or 1, and the index of a table
    double real;
    const char* text;
    Range range;
  };

  std::uint32_t start;  // offset in the text of the first byte, an opening quote included
  std::uint32_t tag;    // kind in bits 0-2, bit 3 whether quoted, length in bits 4-31
  Payload payload;

  Kind kind() const { return static_cast<Kind>(tag & 7u); }
  bool quoted() const { return (tag & 8u) != 0; }
  // Of a string, its bytes; of other scalars, the bytes they take in the text.
  std::uint32_t length() const { return tag >> 4; }
  std::string_view string() const { return {payload.text, length()}; }

  static std::uint32_t make_tag(Kind kind, std::uint64_t length, bool quoted = false) {
    return static_cast<std::uint32_t>(kind) | (quoted ? 8u : 0u) |
           static_cast<std::uint32_t>(length) << 4;
  }
};
static_assert(sizeof(Node) == 16 && std::is_trivially_copyable_v<Node>);

// A growing array of nodes. Grown by realloc, which moves large blocks by remapping their pages
// instead of copying them, as std::vector must. Throws std::bad_alloc.
class NodeArray {
 public:
  NodeArray() = default;
  NodeArray(const NodeArray&) = delete;
  NodeArray& operator=(const NodeArray&) = delete;
  ~NodeArray() { std::free(data_); }

  std::uint32_t size() const { return size_; }
  const Node& operator[](std::uint32_t index) const { return data_[index]; }
  Node& operator[](std::uint32_t index) { return data_[index]; }
  const Node* at(std::uint32_t index) const { return data_ + index; }

  void push(const Node& node) {
    if (size_ == capacity_) [[unlikely]]
      grow(std::uint64_t{size_} + 1);
    data_[size_++] = node;
  }
  // Room for `count` more, to be filled through the pointer and then counted by advance().
  Node* extend(std::uint32_t count) {
    if (capacity_ - size_ < count) [[unlikely]]
      grow(std::uint64_t{size_} + count);
    return data_ + size_;
  }
  void advance(std::uint32_t count) { size_ += count; }
  // Room for `count`, if memory for it can be had: growing later copies.
  void expect(std::uint64_t count);
  void truncate(std::uint32_t size) { size_ = size; }

 private:
  void grow(std::uint64_t at_least);

  Node* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

struct TableShape {
  std::uint32_t columns;  // index of the first column's node, a string
  std::uint32_t column_count;
  std::uint32_t cells;  // index of cell (0, 0)
  std::uint32_t row_count;
  bool named;  // columns are names; else they are types
};

// Everything a document owns. Its address stays, so that a Document can be moved under its views.
struct Storage {
  std::string owned_text;  // empty where the text is the caller's
  std::string_view text;
  NodeArray nodes;
  std::vector<TableShape> tables;
  std::vector<std::unique_ptr<char[]>> arena;  // strings that had escapes
  std::size_t arena_left = 0;
  char* arena_next = nullptr;
  Node root;
  std::vector<Diagnostic> warnings;
  std::uint64_t warning_count = 0;
  // Whether a value's bytes can be found again by looking at the text: not where characters were
  // dropped from it.
  bool has_spans = true;

  // `size` bytes that stay where they are as long as the document lives. Throws std::bad_alloc.
  char* allocate(std::size_t size);
};

}  // namespace internal
}  // namespace smf::sdn
