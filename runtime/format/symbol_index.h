// The symbol index: a hash table in the file, section `.smf.sym`.
//
// Finding one of 100 000 symbols by their name hashes alone reads 5.6 MB, 1 400 pages. The index is
// an open-addressing table of 8-byte slots {u32 tag, u32 symbol + 1}, at most half full, keyed by
// XXH3-64 of the name: the low bits choose the slot, the high 32 are the tag, and probing is
// linear. A look-up touches one page of the index (two where a run crosses a page), one of the
// symbol table and one of the strings. 100 000 symbols need 262 144 slots, 2 MiB.
//
// Each name stands in the table once, for the symbol a reference to it means (symbol_rank). A hit
// is verified by comparing the name itself. A table that is malformed is ignored and the reader
// searches the name hashes instead; one that is well formed but leaves out a name makes that name
// not found, which `verify` reports. The builder doubles the table until no run is longer than
// kMaxProbe, which bounds a look-up in a hostile file too.
//
//   0  char[4] "SMFX" | 4 u16 version 1 | 6 u16 zero | 8 u32 symbol_count | 12 u32 slot_count
//   16 slots: slot_count times { u32 tag | u32 symbol index + 1, 0 for an empty slot }
//
// Rejected: a sorted table (17 probes, each another page), a perfect hash (slower to build, and a
// name that is absent still has to be compared).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "runtime/base/bytes.h"

namespace smf {

class SymbolIndex {
 public:
  static constexpr std::uint32_t kMaxProbe = 64;
  static constexpr std::uint64_t kHeaderSize = 16;

  // Over the bytes of the section; nullopt where they are no index over `symbol_count` symbols.
  static std::optional<SymbolIndex> open(Bytes section, std::uint32_t symbol_count);

  // A walk over the symbols that `name` may mean. next() gives the index of one, below
  // symbol_count, or nullopt when there is none left.
  class Candidates {
   public:
    std::optional<std::uint32_t> next();

   private:
    friend class SymbolIndex;
    const SymbolIndex* index_ = nullptr;
    std::uint32_t slot_ = 0, probes_ = 0, tag_ = 0;
  };
  Candidates find(std::string_view name) const;

  std::uint32_t slot_count() const { return slot_count_; }

  // The section's bytes for these names: names[i] is symbol i, an empty one is left out. Of symbols
  // that share a name the one of the lowest rank is entered, and of those the first.
  static ByteVector build(std::span<const std::string_view> names, std::span<const int> ranks);

 private:
  Bytes slots_;
  std::uint32_t slot_count_ = 0;
  std::uint32_t symbol_count_ = 0;
};

}  // namespace smf
