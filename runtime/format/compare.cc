#include "runtime/format/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <new>
#include <utility>

#include "runtime/base/hash.h"
#include "runtime/format/compression.h"
#include "runtime/format/module_spec.h"
#include "runtime/format/templates.h"

namespace smf {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string>>;
// By name and occurrence, in the order of the first module.
struct Items {
  std::vector<std::pair<std::string, Fields>> list{};
  std::map<std::pair<std::string, int>, std::size_t> at{};
  std::map<std::string, int, std::less<>> seen{};

  void add(std::string name, Fields fields) {
    at[{name, seen[name]++}] = list.size();
    list.emplace_back(std::move(name), std::move(fields));
  }
};

std::string hash_text(Bytes bytes) { return fmt::format("{:016x}", xxh3_64(bytes)); }

Items header_items(const SmfView& view) {
  const Header& header = view.header();
  Items items;
  items.add("", {{"dialect", std::string(dialect_name(header.dialect))},
                 {"version", fmt::format("{}.{}", header.major, header.minor)},
                 {"platform", platform_name(header.platform)},
                 {"architecture", arch_name(header.arch)},
                 {"application", app_type_name(header.app_type)},
                 {"flags", module_flags_text(header.flags)},
                 {"entry point", fmt::format("0x{:x}", header.entry_point)},
                 {"stub size", fmt::format("{}", header.stub_size)},
                 {"exported symbols", fmt::format("{}", header.exported_count)},
                 {"source hash", fmt::format("{:016x}", header.source_hash)},
                 {"window", fmt::format("{} x {}", header.window_width, header.window_height)},
                 {"prefetch", fmt::format("hint {}, {} files", header.prefetch_hint,
                                          header.prefetch_file_count)}});
  return items;
}

Result<Items> section_items(const SmfView& view) {
  Items items;
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    SMF_ASSIGN(const Section section, view.section(i));
    if (is_derived_section(section.name())) continue;
    Fields fields = {{"type", section_type_name(section.type)},
                     {"flags", section_flags_text(section.flags)},
                     {"alignment", fmt::format("{}", section.alignment)},
                     {"stored size", fmt::format("{}", section.size)},
                     {"size", fmt::format("{}", section.memory_size())}};
    // The note is compared row by row.
    if (!section.is_note()) fields.emplace_back("content", hash_text(view.stored(section)));
    items.add(std::string(section.name()), std::move(fields));
  }
  return items;
}

Result<Items> symbol_items(const SmfView& view) {
  Items items;
  for (std::uint32_t i = 0; i < view.symbol_count(); ++i) {
    SMF_ASSIGN(const Symbol symbol, view.symbol(i));
    std::string place = symbol.is_defined() ? "-" : "import";
    if (symbol.section) {
      SMF_ASSIGN(const Section section, view.section(*symbol.section));
      place = section.name();
    }
    items.add(std::string(symbol.name),
              {{"type", symbol_type_name(symbol.type)},
               {"binding", binding_name(static_cast<std::uint8_t>(symbol.binding))},
               {"section", std::move(place)},
               {"value", fmt::format("0x{:x}", symbol.value)},
               {"size", fmt::format("{}", symbol.size)},
               {"flags", fmt::format("0x{:x}", symbol.flags)},
               {"type id", fmt::format("{}", symbol.type_id)},
               {"version", fmt::format("{}", symbol.version)},
               {"template parameters", fmt::format("{}", symbol.template_param_count)}});
  }
  return items;
}

// A row is an indented line below the head of its table, "NAME |COLUMNS|".
Result<Items> note_items(const SmfView& view) {
  Items items;
  SMF_ASSIGN(const auto note, view.note());
  std::string_view rest = note.value_or("");
  std::string table;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto text = line.find_first_not_of(" \t");
    if (text == std::string_view::npos || line[text] == '#') continue;
    if (text == 0) {
      table = line.substr(0, line.find_first_of(" |:"));
    } else {
      items.add(table + '\n' + std::string(line.substr(text)), {});
    }
  }
  return items;
}

Result<Items> template_items(const SmfView& view) {
  Items items;
  SMF_ASSIGN(const auto section, view.find_section(kTemplateCodeSection));
  if (!section) return items;
  ByteVector storage;
  Bytes content = view.stored(*section);
  if (section->compressed) {
    SMF_ASSIGN(storage, decompress(content, section->virtual_size));
    content = storage;
  }
  auto templates = read_templates(content);
  if (!templates) {
    Error error = std::move(templates).error();
    error.offset = section->offset + error.offset.value_or(0);
    return std::unexpected(std::move(error));
  }
  for (const TemplateEntry& entry : *templates) {
    items.add(std::string(entry.name), {{"kind", template_kind_name(entry.kind)},
                                        {"parameters", fmt::format("{}", entry.parameter_count)},
                                        {"body size", fmt::format("{}", entry.body.size())},
                                        {"body", hash_text(entry.body)}});
  }
  return items;
}

Difference whole(Part part, Change change, const std::string& name) {
  Difference difference{.part = part, .change = change, .name = name};
  if (part == Part::kNote) {
    const auto split = name.find('\n');
    difference.field = name.substr(split + 1);
    difference.name = name.substr(0, split);
  }
  return difference;
}

void compare(Part part, const Items& before, const Items& after, std::vector<Difference>& out) {
  std::vector<bool> met(after.list.size());
  std::map<std::string, int, std::less<>> seen;
  for (const auto& [name, fields] : before.list) {
    const auto match = after.at.find({name, seen[name]++});
    if (match == after.at.end()) {
      out.push_back(whole(part, Change::kRemoved, name));
      continue;
    }
    met[match->second] = true;
    const Fields& others = after.list[match->second].second;
    for (std::size_t i = 0; i < std::min(fields.size(), others.size()); ++i) {
      if (fields[i].second == others[i].second) continue;
      out.push_back({.part = part,
                     .change = Change::kChanged,
                     .name = name,
                     .field = std::string(fields[i].first),
                     .before = fields[i].second,
                     .after = others[i].second});
    }
  }
  for (std::size_t i = 0; i < after.list.size(); ++i)
    if (!met[i]) out.push_back(whole(part, Change::kAdded, after.list[i].first));
}

}  // namespace

std::string_view part_name(Part part) {
  switch (part) {
    case Part::kHeader:
      return "header";
    case Part::kSection:
      return "section";
    case Part::kSymbol:
      return "symbol";
    case Part::kNote:
      return "note";
    case Part::kTemplate:
      return "template";
  }
  return "?";
}

std::string_view change_name(Change change) {
  switch (change) {
    case Change::kAdded:
      return "added";
    case Change::kRemoved:
      return "removed";
    case Change::kChanged:
      return "changed";
  }
  return "?";
}

Result<std::vector<Difference>> compare_modules(const SmfView& before, const SmfView& after) try {
  std::vector<Difference> out;
  const auto compare_part = [&](Part part, auto items_of) -> Result<void> {
    Result<Items> first = items_of(before);
    if (!first) return std::unexpected(std::move(first).error().at_path("before"));
    Result<Items> second = items_of(after);
    if (!second) return std::unexpected(std::move(second).error().at_path("after"));
    compare(part, *first, *second, out);
    return {};
  };
  SMF_TRY(compare_part(Part::kHeader, header_items));
  SMF_TRY(compare_part(Part::kSection, section_items));
  SMF_TRY(compare_part(Part::kSymbol, symbol_items));
  SMF_TRY(compare_part(Part::kNote, note_items));
  SMF_TRY(compare_part(Part::kTemplate, template_items));
  return out;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to compare the modules");
}

}  // namespace smf
