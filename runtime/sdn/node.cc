#include "runtime/sdn/node.h"

#include <algorithm>

namespace smf::sdn {

std::string_view describe(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "a bool";
    case Kind::kInt:
      return "an int";
    case Kind::kFloat:
      return "a float";
    case Kind::kString:
      return "a string";
    case Kind::kArray:
      return "an array";
    case Kind::kDict:
      return "a dict";
    case Kind::kTable:
      return "a table";
  }
  SMF_CHECK(false);
}

namespace internal {
namespace {
constexpr std::uint64_t kMost = 0xFFFF'FFFF;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
}  // namespace

void NodeArray::expect(std::uint64_t count) {
  if (count <= capacity_ || count > kMost) return;
  void* const moved = std::realloc(static_cast<void*>(data_), count * sizeof(Node));
  if (moved == nullptr) return;
  data_ = static_cast<Node*>(moved);
  capacity_ = static_cast<std::uint32_t>(count);
}

void NodeArray::grow(std::uint64_t at_least) {
  if (at_least > kMost) throw std::bad_alloc();
  const std::uint64_t doubled = std::max<std::uint64_t>(64, std::uint64_t{capacity_} * 2);
  const std::uint64_t capacity = std::min(kMost, std::max(at_least, doubled));
  void* moved = std::realloc(static_cast<void*>(data_), capacity * sizeof(Node));
  if (moved == nullptr) throw std::bad_alloc();
  data_ = static_cast<Node*>(moved);
  capacity_ = static_cast<std::uint32_t>(capacity);
}

char* Storage::allocate(std::size_t size) {
  if (size > arena_left) {
    const std::size_t chunk = std::max(size, kChunkBytes);
    arena.push_back(std::make_unique_for_overwrite<char[]>(chunk));
    if (size > kChunkBytes / 2) return arena.back().get();  // its own; the open chunk stays open
    arena_next = arena.back().get();
    arena_left = chunk;
  }
  char* const result = arena_next;
  arena_next += size;
  arena_left -= size;
  return result;
}

}  // namespace internal
}  // namespace smf::sdn
