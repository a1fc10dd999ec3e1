#include "runtime/format/elf/module_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "runtime/format/layout.h"

namespace smf::elf {
namespace {

constexpr std::size_t kMaxName = 16;
constexpr std::string_view kRelocations = ".rela";
constexpr std::size_t kMaxTargetName = kMaxName - kRelocations.size() - 1;

struct Kind {
  SectionType type;
  std::uint32_t flags;
};

Kind kind_of(SectionKind kind) {
  switch (kind) {
    case SectionKind::kCode:
      return {SectionType::kCode, kSectionRead | kSectionExec};
    case SectionKind::kRoData:
      return {SectionType::kRoData, kSectionRead};
    case SectionKind::kData:
      return {SectionType::kData, kSectionRead | kSectionWrite};
    case SectionKind::kBss:
      return {SectionType::kBss, kSectionRead | kSectionWrite};
  }
  return {SectionType::kData, kSectionRead};
}

bool is_taken(const ModuleSpec& spec, std::string_view name) {
  return std::ranges::any_of(spec.sections, [&](const auto& other) { return other.name == name; });
}

// A name that `.rela.NAME` has room for.
std::string short_name(const ModuleSpec& spec, const std::string& name) {
  std::string candidate = name.substr(0, kMaxTargetName);
  for (int n = 2; is_taken(spec, candidate); ++n) {
    const std::string suffix = fmt::format("~{}", n);
    candidate = name.substr(0, kMaxTargetName - suffix.size()) + suffix;
  }
  return candidate;
}

smf::Binding binding_of(Binding binding) {
  switch (binding) {
    case Binding::kLocal:
      return smf::Binding::kLocal;
    case Binding::kGlobal:
      return smf::Binding::kGlobal;
    case Binding::kWeak:
      return smf::Binding::kWeak;
  }
  return smf::Binding::kLocal;
}

std::vector<bool> find_called(const ImportedObject& object) {
  std::vector<bool> called(object.symbols.size());
  for (const ImportedRelocation& relocation : object.relocations) {
    if (relocation.type == RelocType::kPlt32 || relocation.type == RelocType::kBranch26)
      called[relocation.symbol] = true;
  }
  return called;
}

// What the import is turned into needs to know where its parts went.
class Addition {
 public:
  Addition(ImportedObject& object, ModuleSpec& spec)
      : object_(object), spec_(spec), has_relocations_(object.sections.size()) {
    for (const ImportedRelocation& relocation : object.relocations)
      has_relocations_[relocation.section] = true;
  }

  Result<void> add_sections() {
    for (const SectionSpec& section : spec_.sections) {
      if (has_type(section, SectionType::kCode)) code_end_ += section.payload->size();
    }
    indices_.resize(object_.sections.size());
    code_offsets_.resize(object_.sections.size());
    for (const bool is_code_pass : {true, false}) {
      for (std::size_t i = 0; i < object_.sections.size(); ++i) {
        if ((object_.sections[i].kind == SectionKind::kCode) == is_code_pass)
          SMF_TRY(add_section(i));
      }
    }
    return {};
  }

  void add_symbols() {
    const std::vector<bool> called = find_called(object_);
    first_symbol_ = static_cast<std::uint32_t>(spec_.symbols.size());
    for (std::size_t i = 0; i < object_.symbols.size(); ++i) {
      ImportedSymbol& symbol = object_.symbols[i];
      SymbolSpec spec{.name = std::move(symbol.name),
                      .type = SymbolType::kData,
                      .binding = binding_of(symbol.binding),
                      .visibility = symbol.section ? std::uint8_t{1} : std::uint8_t{0},
                      .value = symbol.value,
                      .size = symbol.size};
      const bool is_in_code =
          symbol.section && object_.sections[*symbol.section].kind == SectionKind::kCode;
      if (symbol.kind == SymbolKind::kFunction ||
          (symbol.kind == SymbolKind::kNone && (is_in_code || called[i])))
        spec.type = SymbolType::kFunction;
      if (symbol.section) spec.section = indices_[*symbol.section];
      spec_.symbols.push_back(std::move(spec));
    }
  }

  // Code has one relocation section, every other section its own.
  Result<void> add_relocations() {
    std::vector<std::pair<std::string, ByteVector>> tables;
    for (const ImportedRelocation& relocation : object_.relocations) {
      const bool is_code = object_.sections[relocation.section].kind == SectionKind::kCode;
      std::string name(kRelocations);
      if (!is_code) name += "." + spec_.sections[indices_[relocation.section]].name;
      auto table = std::ranges::find(tables, name, &std::pair<std::string, ByteVector>::first);
      if (table == tables.end())
        table = tables.insert(table, std::pair(std::move(name), ByteVector()));
      append(table->second, layout::RelocationEntry{
                                .offset = relocation.offset + code_offsets_[relocation.section],
                                .symbol = relocation.symbol + first_symbol_,
                                .type = static_cast<std::uint8_t>(relocation.type),
                                .ignored13 = {},
                                .addend = relocation.addend});
    }
    for (auto& [name, bytes] : tables) {
      if (is_taken(spec_, name))
        return fail(ErrorCode::kInvalidArgument, fmt::format("two sections are named '{}'", name));
      spec_.sections.push_back({.name = std::move(name),
                                .type = static_cast<std::uint8_t>(SectionType::kReloc),
                                .flags = kSectionRead,
                                .alignment = alignof(std::uint64_t),
                                .payload = memory_source(std::move(bytes))});
    }
    return {};
  }

 private:
  Result<void> add_section(std::size_t index) {
    ImportedSection& section = object_.sections[index];
    const bool is_code = section.kind == SectionKind::kCode;
    std::string name = std::move(section.name);
    if (has_relocations_[index] && !is_code && name.size() > kMaxTargetName)
      name = short_name(spec_, name);
    if (is_taken(spec_, name))
      return fail(ErrorCode::kInvalidArgument, fmt::format("two sections are named '{}'", name));
    const Kind kind = kind_of(section.kind);
    SectionSpec spec{.name = std::move(name),
                     .type = static_cast<std::uint8_t>(kind.type),
                     .flags = kind.flags,
                     .alignment = section.alignment};
    if (section.kind == SectionKind::kBss) {
      spec.virtual_size = section.size;
    } else {
      spec.payload = memory_source(std::move(section.bytes));
    }
    if (is_code) code_offsets_[index] = std::exchange(code_end_, code_end_ + section.size);
    indices_[index] = static_cast<std::uint16_t>(spec_.sections.size());
    spec_.sections.push_back(std::move(spec));
    return {};
  }

  ImportedObject& object_;
  ModuleSpec& spec_;
  std::vector<bool> has_relocations_;
  std::vector<std::uint16_t> indices_{};       // of object sections, in the module
  std::vector<std::uint64_t> code_offsets_{};  // where each starts in all code; 0 for others
  std::uint64_t code_end_ = 0;
  std::uint32_t first_symbol_ = 0;
};

}  // namespace

Arch arch_of(Machine machine) {
  return machine == Machine::kAArch64 ? Arch::kAArch64 : Arch::kX86_64;
}

Result<void> add_object(ImportedObject object, ModuleSpec& spec) {
  if (object.sections.size() + spec.sections.size() > 0xFFFF / 2)
    return fail(ErrorCode::kLimit, "the objects have more than 32767 sections");
  Addition addition(object, spec);
  SMF_TRY(addition.add_sections());
  addition.add_symbols();
  return addition.add_relocations();
}

}  // namespace smf::elf
