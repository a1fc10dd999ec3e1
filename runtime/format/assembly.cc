#include "runtime/format/assembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/format/layout.h"

namespace smf {
namespace {

constexpr std::uint64_t kJitRoomAlignment = 64;
constexpr std::uint64_t kTemplateAlignment = 8;

std::uint64_t size_of(const SectionSpec& section) {
  if (section.virtual_size) return *section.virtual_size;
  return section.payload ? section.payload->size() : 0;
}

bool is_template(const SymbolSpec& symbol) { return (symbol.flags & kSymbolGenericTemplate) != 0; }

SectionSpec template_section(std::string_view name, SectionType type, ByteVector bytes) {
  return {.name = std::string(name),
          .type = static_cast<std::uint8_t>(type),
          .flags = kSectionRead,
          .alignment = kTemplateAlignment,
          .payload = memory_source(std::move(bytes))};
}

SymbolType symbol_type_of(TemplateKind kind) {
  switch (kind) {
    case TemplateKind::kFunction:
      return SymbolType::kFunction;
    case TemplateKind::kTrait:
      return SymbolType::kTrait;
    case TemplateKind::kStruct:
    case TemplateKind::kClass:
    case TemplateKind::kEnum:
      return SymbolType::kType;
  }
  return SymbolType::kType;
}

}  // namespace

Result<void> add_templates(std::span<const TemplateSpec> templates, ModuleSpec& spec) {
  if (templates.empty()) return {};
  std::unordered_set<std::string_view> names;
  for (const TemplateSpec& one : templates) {
    if (!names.insert(one.name).second)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("template '{}' is given twice", one.name));
  }
  SMF_ASSIGN(TemplateSections sections, write_templates(templates));
  const auto index = static_cast<std::uint16_t>(spec.sections.size());
  spec.sections.push_back(
      template_section(kTemplateCodeSection, SectionType::kTemplateCode, std::move(sections.code)));
  spec.sections.push_back(
      template_section(kTemplateMetaSection, SectionType::kTemplateMeta, std::move(sections.meta)));
  for (std::size_t i = 0; i < templates.size(); ++i) {
    spec.symbols.push_back(
        {.name = templates[i].name,
         .type = symbol_type_of(templates[i].kind),
         .flags = kSymbolGenericTemplate,
         .template_param_count = static_cast<std::uint8_t>(templates[i].parameters.size()),
         // H96 has no section for it, and takes a value for one in code.
         .section = spec.format == OutputFormat::kP128 ? std::optional(index) : std::nullopt,
         .template_offset = sections.offsets[i]});
  }
  return {};
}

std::uint64_t default_jit_room(const ModuleSpec& spec) {
  std::uint64_t code = 0;
  for (const SectionSpec& section : spec.sections)
    if (has_type(section, SectionType::kCode)) code += size_of(section);
  return std::clamp(code / 10, kLeastJitRoom, kMostJitRoom);
}

SectionSpec jit_room_section(ByteVector content, std::uint64_t size) {
  return {.name = std::string(kJitRoomSection),
          .type = static_cast<std::uint8_t>(SectionType::kDebug),
          .flags = kSectionRead,
          .alignment = kJitRoomAlignment,
          .payload = padded_source(std::move(content), size)};
}

Result<void> add_jit_room(ModuleSpec& spec, std::optional<std::uint64_t> size) {
  const std::uint64_t room = size.value_or(default_jit_room(spec));
  if (room < sizeof(layout::JitRoomHeader) || room > kMostJitRoom) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("room for instantiations is {} to {} bytes, not {}",
                            sizeof(layout::JitRoomHeader), kMostJitRoom, room));
  }
  ByteVector header;
  append(header, layout::kEmptyJitRoom);
  spec.sections.push_back(jit_room_section(std::move(header), room));
  return {};
}

void put_code_first(ModuleSpec& spec) {
  std::vector<SectionSpec> sections;
  std::vector<std::uint16_t> moved_to(spec.sections.size());
  std::vector<bool> is_first(spec.sections.size());
  for (std::size_t i = 0; i < is_first.size(); ++i)
    is_first[i] = has_type(spec.sections[i], SectionType::kCode);
  for (const bool is_code_pass : {true, false}) {
    for (std::size_t old = 0; old < spec.sections.size(); ++old) {
      if (is_first[old] != is_code_pass) continue;
      moved_to[old] = static_cast<std::uint16_t>(sections.size());
      sections.push_back(std::move(spec.sections[old]));
    }
  }
  spec.sections = std::move(sections);
  for (SymbolSpec& symbol : spec.symbols)
    if (symbol.section) symbol.section = moved_to[*symbol.section];
}

Result<void> set_entry(std::string_view symbol, ModuleSpec& spec) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::kNotFound, fmt::format("entry symbol '{}' {}", symbol, why));
  };
  const auto found = std::ranges::find_if(spec.symbols, [&](const SymbolSpec& candidate) {
    return candidate.name == symbol && candidate.section && !is_template(candidate);
  });
  if (found == spec.symbols.end()) return refuse("is not defined in the module");
  if (!has_type(spec.sections[*found->section], SectionType::kCode))
    return refuse("does not lie in code");
  spec.entry_point = found->value;
  for (std::uint16_t i = 0; i < *found->section; ++i)
    if (has_type(spec.sections[i], SectionType::kCode))
      spec.entry_point += size_of(spec.sections[i]);
  spec.flags |= kModuleExecutable;
  return {};
}

Result<void> restrict_exports(std::span<const std::string> names, ModuleSpec& spec) {
  std::unordered_set<std::string_view> wanted(names.begin(), names.end());
  std::unordered_set<std::string_view> missing = wanted;
  for (SymbolSpec& symbol : spec.symbols) {
    if (symbol.visibility == 0 || symbol.binding == Binding::kLocal) continue;
    missing.erase(symbol.name);
    if (!is_template(symbol) && !wanted.contains(symbol.name)) symbol.binding = Binding::kLocal;
  }
  for (const std::string& name : names) {
    if (missing.contains(name))
      return fail(ErrorCode::kNotFound,
                  fmt::format("exported symbol '{}' is not defined in the module", name));
  }
  return {};
}

}  // namespace smf
