#include <fmt/format.h>

#include "smftool/inspection.h"

namespace smf::tool {
namespace {

Json broken_entry(std::uint64_t index, const Error& error) {
  Json entry = {{"index", index}, {"error", error.message}};
  if (error.offset) entry["offset"] = *error.offset;
  return entry;
}

void write_header(JsonOutput& json, const SmfView& view) {
  const Header& header = view.header();
  json.begin_object("header");
  json.field("dialect", dialect_name(header.dialect));
  json.field("version", fmt::format("{}.{}", header.major, header.minor));
  json.field("offset", header.header_offset);
  json.field("platform", platform_name(header.platform));
  json.field("arch", arch_name(header.arch));
  json.field("app_type", app_type_name(header.app_type));
  json.field("flags", header.flags);
  json.field("flag_names", module_flags_text(header.flags));
  json.field("entry_point", header.entry_point);
  json.field("stub_size", header.stub_size);
  json.field("data_offset", header.base);
  json.field("section_count", header.section_count);
  json.field("section_table", header.section_table);
  json.field("symbol_count", header.symbol_count);
  json.field("symbol_table", header.symbol_table);
  json.field("exported_count", header.exported_count);
  json.field("compression", header.compression);
  json.field("compression_level", header.level);
  json.field("module_hash", hex_text(header.module_hash));
  json.field("source_hash", hex_text(header.source_hash));
  json.field("window_width", header.window_width);
  json.field("window_height", header.window_height);
  json.field("prefetch_hint", header.prefetch_hint);
  json.field("prefetch_file_count", header.prefetch_file_count);
  json.end();
}

std::uint64_t write_sections(JsonOutput& json, const SmfView& view) {
  std::uint64_t broken = 0;
  json.begin_array("sections");
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    const auto section = view.section(i);
    if (!section) {
      json.element(broken_entry(i, section.error()));
      ++broken;
      continue;
    }
    json.element({{"index", i},
                  {"name", section->name()},
                  {"type", section_type_name(section->type)},
                  {"flags", section_flags_text(section->flags)},
                  {"offset", section->offset},
                  {"size", section->size},
                  {"memory_size", section->memory_size()},
                  {"alignment", section->alignment},
                  {"compressed", section->compressed}});
  }
  json.end();
  return broken;
}

std::uint64_t write_symbols(JsonOutput& json, const SmfView& view) {
  std::uint64_t broken = 0;
  json.begin_array("symbols");
  for (std::uint32_t i = 0; i < view.symbol_count(); ++i) {
    const auto symbol = view.symbol(i);
    if (!symbol) {
      json.element(broken_entry(i, symbol.error()));
      ++broken;
      continue;
    }
    Json entry = {{"index", i},
                  {"name", symbol->name},
                  {"type", symbol_type_name(symbol->type)},
                  {"binding", binding_name(static_cast<std::uint8_t>(symbol->binding))},
                  {"defined", symbol->is_defined()},
                  {"section", nullptr},
                  {"value", symbol->value},
                  {"size", symbol->size},
                  {"flags", symbol->flags},
                  {"type_id", symbol->type_id},
                  {"version", symbol->version}};
    if (symbol->section) entry["section"] = *symbol->section;
    if (symbol->is_template()) {
      entry["template_parameters"] = symbol->template_param_count;
      entry["template_offset"] = symbol->template_offset;
    }
    json.element(entry);
  }
  json.end();
  return broken;
}

void write_symbol_summary(JsonOutput& json, const SmfView& view) {
  Json counts = Json::object();
  for (const auto& [kind, count] : count_symbols(view)) counts[kind] = count;
  json.field("symbol_counts", counts);
}

Result<std::uint64_t> write_relocations(JsonOutput& json, const SmfView& view) {
  std::uint64_t broken = 0;
  json.begin_array("relocations");
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    SMF_ASSIGN(const Section section, view.section(i));
    for (std::uint64_t k = 0; k < SmfView::relocation_count(section); ++k) {
      const auto relocation = view.relocation(section, k);
      if (!relocation) {
        json.element(broken_entry(k, relocation.error()));
        ++broken;
        continue;
      }
      json.element({{"section", section.name()},
                    {"offset", relocation->offset},
                    {"type", reloc_type_name(relocation->type)},
                    {"symbol", relocation->symbol},
                    {"addend", relocation->addend}});
    }
  }
  json.end();
  return broken;
}

Result<std::uint64_t> write_templates(JsonOutput& json, const SmfView& view) {
  std::uint64_t broken = 0;
  json.begin_array("templates");
  ByteVector storage;
  SMF_ASSIGN(const auto templates, summarise_templates(view, storage));
  for (const TemplateSummary& one : templates) {
    Json entry = {{"name", one.entry.name},
                  {"kind", template_kind_name(one.entry.kind)},
                  {"parameters", one.entry.parameter_count},
                  {"offset", one.entry.offset},
                  {"body_size", one.entry.body.size()}};
    if (one.error) {
      entry["error"] = one.error->describe();
      ++broken;
    } else if (!one.entry.body.empty()) {
      entry["signature"] = one.signature;
    }
    if (one.blocks != 0) {
      entry["blocks"] = one.blocks;
      entry["instructions"] = one.instructions;
    }
    json.element(entry);
  }
  json.end();
  return broken;
}

Json persisted_functions(const PersistedCode& code) {
  Json functions = Json::array();
  for (std::uint32_t i = 0; i < code.function_count(); ++i) {
    const auto function = code.function(i);
    if (!function) continue;
    functions.push_back(
        {{"name", function->name},
         {"key", fmt::format("{:016x}{:016x}", function->key.high, function->key.low)},
         {"offset", function->offset},
         {"size", function->size}});
  }
  return functions;
}

Result<std::uint64_t> write_persisted(JsonOutput& json, const SmfView& view) {
  SMF_ASSIGN(const auto kept, summarise_persisted(view));
  if (!kept) {
    json.field("persisted", nullptr);
    return 0;
  }
  std::uint64_t broken = 0;
  json.begin_object("persisted");
  if (!kept->problem.empty()) json.field("problem", kept->problem);
  json.field("used", kept->used);
  json.field("free", kept->room - kept->used);
  json.begin_array("entries");
  for (const PersistedSummary::Entry& entry : kept->entries) {
    Json fields = {{"offset", entry.offset}, {"size", entry.size}};
    if (entry.code) {
      fields["code_size"] = entry.code->code().size();
      fields["relocations"] = entry.code->relocation_count();
      fields["functions"] = persisted_functions(*entry.code);
    } else {
      fields["error"] = "a damaged entry";
      ++broken;
    }
    json.element(fields);
  }
  json.end();
  json.end();
  return broken;
}

}  // namespace

Result<std::uint64_t> inspect_as_json(JsonOutput& json, const std::string& path,
                                      const SmfView& view, const Inspection& shown) {
  std::uint64_t broken = 0;
  const std::size_t depth = json.depth();
  json.begin_object();
  json.field("path", path);
  json.field("size", view.file().size());
  json.field("warnings", oddities(view));
  const auto write = [&]() -> Result<void> {
    if (shown.header) write_header(json, view);
    if (shown.sections) broken += write_sections(json, view);
    if (shown.symbol_summary) write_symbol_summary(json, view);
    if (shown.symbols) broken += write_symbols(json, view);
    if (shown.relocations) {
      SMF_ASSIGN(const std::uint64_t more, write_relocations(json, view));
      broken += more;
    }
    if (shown.templates) {
      SMF_ASSIGN(const std::uint64_t more, write_templates(json, view));
      SMF_ASSIGN(const std::uint64_t damaged, write_persisted(json, view));
      broken += more + damaged;
    }
    if (shown.note) {
      SMF_ASSIGN(const auto note, view.note());
      json.field("note", note ? Json(*note) : Json(nullptr));
    }
    return {};
  };
  const Result<void> written = write();
  while (json.depth() > depth + 1) json.end();  // of a part that failed midway
  if (!written) json.field("error", written.error().describe());
  json.end();
  if (!written) return std::unexpected(written.error());
  return broken;
}

}  // namespace smf::tool
