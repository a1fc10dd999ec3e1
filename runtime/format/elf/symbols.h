// The symbols of all objects become those of one: a global name stands for one symbol, local ones
// stay what they were.
//
// Of several definitions a strong one wins over a common one (an uninitialised C variable of
// -fcommon), that over a weak one, and among equals the first; two strong ones are an error.
// Symbols that a relocation asks for and nobody defines are imports; section symbols are made when
// the first relocation asks for one.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"
#include "runtime/format/elf/layout.h"
#include "runtime/format/elf/object.h"

namespace smf::elf {

class Symbols {
 public:
  // What a relocation refers to.
  struct Target {
    bool discarded = false;    // a local symbol of a discarded group: the rest means nothing
    std::uint32_t symbol = 0;  // index into the symbols of the result
    std::uint64_t offset = 0;  // to add to the addend
  };

  // Both outlive the Symbols.
  Symbols(std::span<const Object> objects, Layout& layout) : objects_(objects), layout_(layout) {}

  // Resolves names, gives common symbols their place in bss, and lists all definitions.
  Result<void> define(const ImportLimits& limits);

  // What symbol `symbol` of object `object` (both exist) is in the result. The error tells why it
  // can be nothing, in words that go after "refers to".
  std::expected<Target, std::string> refer(std::uint32_t object, std::uint32_t symbol);

  // The list, in the order of the inputs, then in that of the first references. Ends the use.
  std::vector<ImportedSymbol> take() { return std::move(symbols_); }

 private:
  enum class Rank : std::uint8_t { kUndefined, kWeak, kCommon, kStrong };
  struct Global {
    std::string_view name;
    Rank rank = Rank::kUndefined;
    std::uint32_t object = 0;  // of the definition, or of the first mention
    std::uint32_t symbol = 0;
    bool strongly_referenced = false;
    bool hidden = false;
    std::uint64_t common_size = 0;
    std::uint64_t common_alignment = 1;
    std::uint64_t common_offset = 0;
    std::uint32_t result = kNoIndex;
  };
  static constexpr std::uint32_t kNoIndex = UINT32_MAX;

  Result<void> resolve(std::uint32_t object, std::uint32_t symbol);
  Result<void> add_definition(Global& global, Rank rank, std::uint32_t object,
                              std::uint32_t symbol);
  Result<void> place_commons(const ImportLimits& limits);
  void list_definitions();
  std::uint32_t add(ImportedSymbol symbol);
  ImportedSymbol describe_definition(const Global& global) const;
  std::uint32_t section_symbol(std::uint32_t output);
  std::expected<Target, std::string> refer_local(std::uint32_t object, std::uint32_t symbol);
  std::expected<Target, std::string> refer_global(Global& global);

  std::span<const Object> objects_;
  Layout& layout_;
  std::vector<Global> globals_{};
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
  // By object, by its symbol: for globals an index into globals_, for locals one into symbols_.
  std::vector<std::vector<std::uint32_t>> slots_{};
  std::vector<std::uint32_t> section_symbols_{};  // by output
  std::vector<ImportedSymbol> symbols_{};
};

}  // namespace smf::elf
