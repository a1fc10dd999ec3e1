#include <fmt/format.h>

#include "smftool/counted.h"
#include "smftool/inspection.h"
#include "smftool/printable.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

class TextInspection {
 public:
  TextInspection(const Context& context, const SmfView& view)
      : out_(context.out), coloured_(is_coloured(context, context.out)), view_(view) {}

  void print_header();
  void print_sections();
  void print_symbol_summary();
  void print_symbols();
  Result<void> print_relocations();
  Result<void> print_templates();
  Result<void> print_persisted();
  Result<void> print_note();
  std::uint64_t broken() const { return broken_; }

 private:
  void print_title(std::string_view title) {
    fmt::print(out_, "\n{}\n", styled(title, Style::kBold, coloured_));
  }
  void print_broken(Table& table, std::uint64_t index, const Error& error) {
    ++broken_;
    table.add_line(fmt::format("#{}: {}", index, error.describe()), Style::kRed);
  }
  std::string symbol_name(std::uint32_t index) const {
    const auto symbol = view_.symbol(index);
    return symbol ? std::string(symbol->name) : fmt::format("#{}", index);
  }
  std::string section_name(const Symbol& symbol) const {
    if (!symbol.is_defined()) return "import";
    if (!symbol.section) return "-";
    const auto section = view_.section(*symbol.section);
    return section ? std::string(section->name()) : fmt::format("#{}", *symbol.section);
  }

  std::FILE* out_;
  bool coloured_;
  const SmfView& view_;
  std::uint64_t broken_ = 0;
};

std::string plain_or_dash(const std::string& text) { return text.empty() ? "-" : text; }

void TextInspection::print_header() {
  const Header& header = view_.header();
  print_title("Header");
  Table table(out_, coloured_, {{}, {}});
  const auto row = [&](const char* name, std::string value) {
    table.add_row({{name, Style::kFaint}, std::move(value)});
  };
  row("dialect", dialect_text(header));
  row("file size", fmt::format("{}", view_.file().size()));
  row("header", fmt::format("{} bytes at 0x{:x}", header.header_size(), header.header_offset));
  row("platform", platform_name(header.platform));
  row("architecture", arch_name(header.arch));
  row("application", app_type_name(header.app_type));
  row("flags", plain_or_dash(module_flags_text(header.flags)));
  row("entry point", (header.flags & kModuleExecutable) || header.entry_point
                         ? fmt::format("0x{:x}", header.entry_point)
                         : "-");
  if (header.stub_size > 0)
    row("stub",
        fmt::format("{} bytes, the module starts at 0x{:x}", header.stub_size, header.base));
  row("section table",
      fmt::format("{} at 0x{:x}", counted(header.section_count, "entry", "entries"),
                  header.section_table));
  row("symbol table",
      fmt::format("{} at 0x{:x}, {} exported", counted(header.symbol_count, "entry", "entries"),
                  header.symbol_table, header.exported_count));
  row("strings", fmt::format("0x{:x} to 0x{:x}", header.strings_begin, header.strings_end));
  if (header.compression != 0)
    row("compression",
        fmt::format("{} level {}", algorithm_name(static_cast<Algorithm>(header.compression)),
                    header.level));
  row("module hash", fmt::format("{:016x}", header.module_hash));
  row("source hash", fmt::format("{:016x}", header.source_hash));
  if (header.window_width || header.window_height)
    row("window", fmt::format("{} x {}", header.window_width, header.window_height));
  if (header.prefetch_hint || header.prefetch_file_count)
    row("prefetch",
        fmt::format("hint {}, {} files", header.prefetch_hint, header.prefetch_file_count));
}

void TextInspection::print_sections() {
  print_title(fmt::format("Sections ({})", view_.section_count()));
  Table table(out_, coloured_,
              {{"#", Align::kRight},
               {"name"},
               {"type"},
               {"flags"},
               {"offset", Align::kRight},
               {"size", Align::kRight},
               {"in memory", Align::kRight},
               {"align", Align::kRight}});
  for (std::uint32_t i = 0; i < view_.section_count(); ++i) {
    const auto section = view_.section(i);
    if (!section) {
      print_broken(table, i, section.error());
      continue;
    }
    table.add_row({fmt::format("{}", i), std::string(section->name()),
                   section_type_name(section->type), section_flags_text(section->flags),
                   fmt::format("0x{:x}", section->offset), fmt::format("{}", section->size),
                   fmt::format("{}", section->memory_size()),
                   fmt::format("{}", section->alignment)});
  }
}

void TextInspection::print_symbol_summary() {
  print_title(fmt::format("Symbols ({})", view_.symbol_count()));
  if (view_.symbol_count() == 0) return;
  std::string text;
  for (const auto& [kind, count] : count_symbols(view_)) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, kind);
    if (kind == "broken") broken_ += count;
  }
  fmt::print(out_, "  {}{}\n", text, view_.has_symbol_index() ? "; indexed" : "");
}

void TextInspection::print_symbols() {
  print_title(fmt::format("Symbols ({})", view_.symbol_count()));
  Table table(out_, coloured_,
              {{"#", Align::kRight},
               {"value", Align::kRight},
               {"size", Align::kRight},
               {"type"},
               {"binding"},
               {"section"},
               {"name"}});
  for (std::uint32_t i = 0; i < view_.symbol_count(); ++i) {
    const auto symbol = view_.symbol(i);
    if (!symbol) {
      print_broken(table, i, symbol.error());
      continue;
    }
    std::string type = symbol_type_name(symbol->type);
    if (symbol->is_template()) type += fmt::format("<{}>", symbol->template_param_count);
    table.add_row({fmt::format("{}", i), fmt::format("0x{:x}", symbol->value),
                   fmt::format("{}", symbol->size), std::move(type),
                   binding_name(static_cast<std::uint8_t>(symbol->binding)), section_name(*symbol),
                   std::string(symbol->name)});
  }
}

Result<void> TextInspection::print_relocations() {
  for (std::uint32_t i = 0; i < view_.section_count(); ++i) {
    SMF_ASSIGN(const Section section, view_.section(i));
    if (!section.is(SectionType::kReloc)) continue;
    const std::uint64_t count = SmfView::relocation_count(section);
    print_title(fmt::format("Relocations {} ({})", printable(section.name()), count));
    Table table(out_, coloured_,
                {{"offset", Align::kRight}, {"type"}, {"addend", Align::kRight}, {"symbol"}});
    for (std::uint64_t k = 0; k < count; ++k) {
      const auto relocation = view_.relocation(section, k);
      if (!relocation) {
        print_broken(table, k, relocation.error());
        continue;
      }
      table.add_row({fmt::format("0x{:x}", relocation->offset), reloc_type_name(relocation->type),
                     fmt::format("{}", relocation->addend), symbol_name(relocation->symbol)});
    }
  }
  return {};
}

Result<void> TextInspection::print_templates() {
  ByteVector storage;
  SMF_ASSIGN(const auto templates, summarise_templates(view_, storage));
  print_title(fmt::format("Templates ({})", templates.size()));
  if (templates.empty()) return {};
  Table table(out_, coloured_,
              {{"kind"},
               {"body", Align::kRight},
               {"blocks", Align::kRight},
               {"instructions", Align::kRight},
               {"signature"}});
  for (const TemplateSummary& one : templates) {
    if (one.error) {
      ++broken_;
      table.add_line(fmt::format("{}: {}", one.signature, one.error->describe()), Style::kRed);
      continue;
    }
    const bool is_function = one.blocks != 0;
    table.add_row({template_kind_name(one.entry.kind),
                   one.entry.body.empty() ? "-" : fmt::format("{}", one.entry.body.size()),
                   is_function ? fmt::format("{}", one.blocks) : "-",
                   is_function ? fmt::format("{}", one.instructions) : "-", one.signature});
  }
  return {};
}

Result<void> TextInspection::print_persisted() {
  SMF_ASSIGN(const auto kept, summarise_persisted(view_));
  if (!kept) return {};
  if (!kept->problem.empty()) {
    print_title(fmt::format("Persisted instantiations: {}", kept->problem));
    return {};
  }
  print_title(fmt::format("Persisted instantiations ({}), {} bytes used, {} free",
                          kept->entries.size(), kept->used, kept->room - kept->used));
  if (kept->entries.empty()) return {};
  Table table(out_, coloured_,
              {{"offset", Align::kRight},
               {"size", Align::kRight},
               {"code", Align::kRight},
               {"relocations", Align::kRight},
               {"functions"}});
  for (const PersistedSummary::Entry& entry : kept->entries) {
    if (!entry.code) {
      ++broken_;
      table.add_line(fmt::format("0x{:x}: a damaged entry", entry.offset), Style::kRed);
      continue;
    }
    table.add_row({fmt::format("0x{:x}", entry.offset), fmt::format("{}", entry.size),
                   fmt::format("{}", entry.code->code().size()),
                   fmt::format("{}", entry.code->relocation_count()), function_names(*entry.code)});
  }
  return {};
}

Result<void> TextInspection::print_note() {
  SMF_ASSIGN(const auto text, view_.note());
  print_title(text ? fmt::format("Note ({} bytes)", text->size()) : "Note (none)");
  std::string_view rest = text.value_or("");
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    fmt::print(out_, "  {}\n", printable(line));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> inspect_as_text(const Context& context, const std::string& path,
                                      const SmfView& view, const Inspection& shown) {
  TextInspection text(context, view);
  fmt::print(context.out, "{}: SMF module, {}\n", path == "-" ? "standard input" : printable(path),
             dialect_text(view.header()));
  if (shown.header) text.print_header();
  if (shown.sections) text.print_sections();
  if (shown.symbol_summary) text.print_symbol_summary();
  if (shown.symbols) text.print_symbols();
  if (shown.relocations) SMF_TRY(text.print_relocations());
  if (shown.templates) {
    SMF_TRY(text.print_templates());
    SMF_TRY(text.print_persisted());
  }
  if (shown.note) SMF_TRY(text.print_note());
  return text.broken();
}

}  // namespace smf::tool
