#include "runtime/format/elf/relocations.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "runtime/format/elf/relocation_types.h"

namespace smf::elf {
namespace {

// One relocation of an object, and what to say about it if it cannot be.
struct Entry {
  const Object& object;
  const ObjectSection& target;
  std::uint64_t at;  // of the entry, in the object
  Elf64_Rela raw;

  std::uint32_t type() const { return ELF64_R_TYPE(raw.r_info); }
  std::uint32_t symbol() const { return ELF64_R_SYM(raw.r_info); }

  std::unexpected<Error> fail(const std::string& what,
                              ErrorCode code = ErrorCode::kInvalidInput) const {
    return object.fail(
        at, fmt::format("relocation at {:#x} of section '{}': {}", raw.r_offset, target.name, what),
        code);
  }
};

class Converter {
 public:
  Converter(std::span<const Object> objects, Layout& layout, Symbols& symbols)
      : objects_(objects), layout_(layout), symbols_(symbols), results_(layout.outputs.size()) {}

  Result<std::vector<std::vector<ImportedRelocation>>> run() {
    for (std::uint32_t i = 0; i < objects_.size(); ++i) {
      for (const auto section : objects_[i].relocation_sections) SMF_TRY(convert(i, section));
    }
    return std::move(results_);
  }

 private:
  Result<void> convert(std::uint32_t object_index, std::uint32_t index) {
    const auto& object = objects_[object_index];
    const auto& table = object.sections[index];
    const auto& target = object.sections[table.info];
    const auto& placement = layout_.of(object_index, table.info);
    if (placement.fate != Fate::kKept || table.size == 0) return {};
    if (target.type == SHT_NOBITS)
      return object.fail(object.section_header(index),
                         fmt::format("section '{}' relocates '{}', which has no contents",
                                     table.name, target.name));
    auto& results = results_[placement.output];
    const auto end = table.offset + table.size;
    for (auto at = table.offset; at < end; at += sizeof(Elf64_Rela)) {
      const Entry entry{object, target, at, load<Elf64_Rela>(object.bytes, at)};
      if (is_no_relocation(object.machine, entry.type())) continue;
      SMF_ASSIGN(const RelocationRule* rule, check(entry, placement));
      SMF_ASSIGN(const auto target_symbol, refer(entry, object_index));
      if (target_symbol.discarded) {
        SMF_TRY(forget(entry, placement, *rule));
        continue;
      }
      SMF_ASSIGN(auto result, make(entry, placement, *rule, target_symbol));
      results.push_back(result);
    }
    return {};
  }

  Result<const RelocationRule*> check(const Entry& entry, const Placement& placement) const {
    const auto machine = entry.object.machine;
    if (entry.symbol() >= std::max<std::size_t>(entry.object.symbols.size(), 1))
      return entry.fail(fmt::format("refers to symbol {}, but there are {}", entry.symbol(),
                                    entry.object.symbols.size()));
    const auto* rule = find_rule(machine, entry.type());
    if (rule == nullptr)
      return entry.fail(describe_unsupported(machine, entry.type(), name_of(entry)),
                        ErrorCode::kUnsupported);
    if (!in_range(entry.raw.r_offset, rule->width, entry.target.size))
      return entry.fail(fmt::format("the {} bytes of {} end past the section of {}", rule->width,
                                    rule->name, entry.target.size));
    if (rule->mask == 0) return rule;
    const auto offset = placement.offset + entry.raw.r_offset;
    const auto instruction =
        load<std::uint32_t>(layout_.outputs[placement.output].section.bytes, offset);
    if (offset % sizeof instruction != 0 || !agrees(*rule, instruction))
      return entry.fail(
          fmt::format("{} does not go with the instruction {:#010x}", rule->name, instruction));
    return rule;
  }

  static std::string_view name_of(const Entry& entry) {
    return entry.symbol() == 0 ? "" : entry.object.symbols[entry.symbol()].name;
  }

  Result<Symbols::Target> refer(const Entry& entry, std::uint32_t object_index) {
    auto target = symbols_.refer(object_index, entry.symbol());
    if (target) return *target;
    return entry.fail(
        fmt::format("{} refers to {}", relocation_name(entry.object.machine, entry.type()),
                    target.error()),
        ErrorCode::kUnsupported);
  }

  Result<void> forget(const Entry& entry, const Placement& placement, const RelocationRule& rule) {
    auto& output = layout_.outputs[placement.output];
    const auto& symbol = entry.object.symbols[entry.symbol()];
    if (!is_unwind_table(output))
      return entry.fail(
          fmt::format("{} refers to '{}' within a group that an earlier object has "
                      "as well, and which is therefore discarded",
                      rule.name, symbol.name));
    const auto field =
        std::span(output.section.bytes).subspan(placement.offset + entry.raw.r_offset, rule.width);
    std::ranges::fill(field, std::byte{0});
    return {};
  }

  static Result<ImportedRelocation> make(const Entry& entry, const Placement& placement,
                                         const RelocationRule& rule,
                                         const Symbols::Target& target) {
    ImportedRelocation result{.section = placement.output,
                              .offset = placement.offset + entry.raw.r_offset,
                              .symbol = target.symbol,
                              .type = rule.type};
    // P moves with the field, so that for PC-relative types, too, only S has to be made up for.
    if (__builtin_add_overflow(entry.raw.r_addend, target.offset, &result.addend))
      return entry.fail(
          fmt::format("the addend {} of {} is too large", entry.raw.r_addend, rule.name));
    return result;
  }

  std::span<const Object> objects_;
  Layout& layout_;
  Symbols& symbols_;
  std::vector<std::vector<ImportedRelocation>> results_;
};

}  // namespace

Result<std::vector<std::vector<ImportedRelocation>>> convert_relocations(
    std::span<const Object> objects, Layout& layout, Symbols& symbols) {
  return Converter(objects, layout, symbols).run();
}

}  // namespace smf::elf
