#include "runtime/format/elf/symbols.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>

namespace smf::elf {
namespace {

SymbolKind kind_of(const ObjectSymbol& symbol) {
  switch (symbol.type) {
    case STT_FUNC:
      return SymbolKind::kFunction;
    case STT_OBJECT:
    case STT_COMMON:
      return SymbolKind::kData;
    default:
      return SymbolKind::kNone;
  }
}

// AArch64 assemblers mark where code ($x) and data ($d) begin: many, and of use to disassemblers.
bool is_mapping_symbol(Machine machine, std::string_view name) {
  return machine == Machine::kAArch64 && (name.starts_with("$x") || name.starts_with("$d")) &&
         (name.size() == 2 || name[2] == '.');
}

// Locals that relocations reach through their section's symbol.
bool is_anonymous(const Object& object, const ObjectSymbol& symbol) {
  return symbol.type == STT_SECTION || symbol.name.empty() ||
         is_mapping_symbol(object.machine, symbol.name);
}

}  // namespace

Result<void> Symbols::define(const ImportLimits& limits) {
  slots_.reserve(objects_.size());
  for (std::uint32_t i = 0; i < objects_.size(); ++i) {
    slots_.emplace_back(objects_[i].symbols.size(), kNoIndex);
    for (std::uint32_t j = 1; j < objects_[i].symbols.size(); ++j) {
      if (objects_[i].symbols[j].binding != Binding::kLocal) SMF_TRY(resolve(i, j));
    }
  }
  SMF_TRY(place_commons(limits));
  section_symbols_.assign(layout_.outputs.size(), kNoIndex);
  list_definitions();
  return {};
}

Result<void> Symbols::resolve(std::uint32_t object, std::uint32_t index) {
  const auto& symbol = objects_[object].symbols[index];
  const auto next = static_cast<std::uint32_t>(globals_.size());
  const auto [found, is_new] = by_name_.try_emplace(symbol.name, next);
  if (is_new) globals_.push_back({.name = symbol.name, .object = object, .symbol = index});
  slots_[object][index] = found->second;

  auto& global = globals_[found->second];
  global.hidden |= symbol.hidden;
  const bool is_weak = symbol.binding == Binding::kWeak;
  const bool is_defined = symbol.place != Place::kUndefined &&
                          (symbol.place != Place::kSection ||
                           layout_.of(object, symbol.section).fate != Fate::kDiscarded);
  if (!is_defined) {
    global.strongly_referenced |= !is_weak;
    return {};
  }
  if (symbol.place == Place::kCommon) {
    if (!std::has_single_bit(std::max<std::uint64_t>(symbol.value, 1)))
      return objects_[object].fail(objects_[object].symbol_entry(index),
                                   fmt::format("the common symbol '{}' has the alignment {}, which "
                                               "is no power of two",
                                               symbol.name, symbol.value));
    global.common_size = std::max(global.common_size, symbol.size);
    global.common_alignment = std::max(global.common_alignment, symbol.value);
    return add_definition(global, Rank::kCommon, object, index);
  }
  return add_definition(global, is_weak ? Rank::kWeak : Rank::kStrong, object, index);
}

Result<void> Symbols::add_definition(Global& global, Rank rank, std::uint32_t object,
                                     std::uint32_t symbol) {
  if (rank == Rank::kStrong && global.rank == Rank::kStrong)
    return objects_[object].fail(objects_[object].symbol_entry(symbol),
                                 fmt::format("symbol '{}' is defined here and in {}", global.name,
                                             objects_[global.object].path));
  if (rank <= global.rank) return {};
  global.rank = rank;
  global.object = object;
  global.symbol = symbol;
  return {};
}

Result<void> Symbols::place_commons(const ImportLimits& limits) {
  auto& bss = layout_.outputs[Layout::kBss].section;
  for (auto& global : globals_) {
    if (global.rank != Rank::kCommon) continue;
    const auto& object = objects_[global.object];
    const auto offset = global.common_alignment > limits.alignment
                            ? std::nullopt
                            : extend(bss, global.common_size, global.common_alignment, limits);
    if (!offset)
      return object.fail(object.symbol_entry(global.symbol),
                         fmt::format("the common symbol '{}' ({} bytes, alignment {}) passes the "
                                     "limit of {} bytes or the alignment {}",
                                     global.name, global.common_size, global.common_alignment,
                                     limits.section_size, limits.alignment),
                         ErrorCode::kLimit);
    global.common_offset = *offset;
  }
  return {};
}

void Symbols::list_definitions() {
  for (std::uint32_t i = 0; i < objects_.size(); ++i) {
    const auto& object = objects_[i];
    for (std::uint32_t j = 1; j < object.symbols.size(); ++j) {
      const auto& symbol = object.symbols[j];
      const bool is_kept =
          symbol.place == Place::kCommon ||
          (symbol.place == Place::kSection && layout_.of(i, symbol.section).fate == Fate::kKept);
      if (!is_kept) continue;
      if (symbol.binding != Binding::kLocal) {
        auto& global = globals_[slots_[i][j]];
        if (global.object == i && global.symbol == j)
          global.result = add(describe_definition(global));
      } else if (symbol.type != STT_FILE && !is_anonymous(object, symbol)) {
        const auto& placement = layout_.of(i, symbol.section);
        slots_[i][j] = add({.name = std::string(symbol.name),
                            .kind = kind_of(symbol),
                            .binding = Binding::kLocal,
                            .section = placement.output,
                            .value = placement.offset + symbol.value,
                            .size = symbol.size});
      }
    }
  }
}

std::uint32_t Symbols::add(ImportedSymbol symbol) {
  SMF_CHECK(symbols_.size() < kNoIndex);
  symbols_.push_back(std::move(symbol));
  return static_cast<std::uint32_t>(symbols_.size() - 1);
}

ImportedSymbol Symbols::describe_definition(const Global& global) const {
  const auto& symbol = objects_[global.object].symbols[global.symbol];
  ImportedSymbol result{.name = std::string(global.name),
                        .kind = kind_of(symbol),
                        .binding = symbol.binding,
                        .section = std::nullopt};
  // A module has no binding for what its own parts share and others must not see.
  if (global.hidden) result.binding = Binding::kLocal;
  if (global.rank == Rank::kCommon) {
    result.kind = SymbolKind::kData;
    result.section = Layout::kBss;
    result.value = global.common_offset;
    result.size = global.common_size;
  } else {
    const auto& placement = layout_.of(global.object, symbol.section);
    result.section = placement.output;
    result.value = placement.offset + symbol.value;
    result.size = symbol.size;
  }
  return result;
}

std::uint32_t Symbols::section_symbol(std::uint32_t output) {
  auto& index = section_symbols_[output];
  if (index == kNoIndex)
    index = add({.name = "." + layout_.outputs[output].section.name, .section = output});
  return index;
}

std::expected<Symbols::Target, std::string> Symbols::refer(std::uint32_t object,
                                                           std::uint32_t symbol) {
  if (symbol == 0) return std::unexpected("no symbol");
  if (objects_[object].symbols[symbol].binding == Binding::kLocal)
    return refer_local(object, symbol);
  return refer_global(globals_[slots_[object][symbol]]);
}

std::expected<Symbols::Target, std::string> Symbols::refer_local(std::uint32_t object,
                                                                 std::uint32_t index) {
  const auto& symbol = objects_[object].symbols[index];
  if (symbol.place == Place::kAbsolute)
    return std::unexpected(fmt::format("the absolute symbol '{}'", symbol.name));
  if (symbol.place != Place::kSection)
    return std::unexpected(fmt::format("the local symbol '{}', which is undefined", symbol.name));
  const auto& placement = layout_.of(object, symbol.section);
  if (placement.fate == Fate::kDiscarded) return Target{.discarded = true};
  if (placement.fate == Fate::kLeftOut)
    return std::unexpected(fmt::format("section '{}', which is not loaded",
                                       objects_[object].sections[symbol.section].name));
  if (slots_[object][index] != kNoIndex) return Target{.symbol = slots_[object][index]};
  return Target{.symbol = section_symbol(placement.output),
                .offset = placement.offset + symbol.value};
}

std::expected<Symbols::Target, std::string> Symbols::refer_global(Global& global) {
  if (global.result != kNoIndex) return Target{.symbol = global.result};
  const auto& mention = objects_[global.object].symbols[global.symbol];
  if (global.rank != Rank::kUndefined) {
    const auto why = mention.place == Place::kAbsolute
                         ? "the absolute symbol '{}'"
                         : "symbol '{}', which is in a section that is not loaded";
    return std::unexpected(fmt::format(fmt::runtime(why), global.name));
  }
  global.result = add({.name = std::string(global.name),
                       .kind = kind_of(mention),
                       .binding = global.strongly_referenced ? Binding::kGlobal : Binding::kWeak,
                       .section = std::nullopt});
  return Target{.symbol = global.result};
}

}  // namespace smf::elf
