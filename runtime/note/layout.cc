#include "runtime/note/layout.h"

#include <algorithm>

#include "runtime/note/columns.h"

namespace smf {
namespace {

struct ColumnName {
  std::string_view name;
  NoteColumn column;
};

constexpr ColumnName kColumnNames[] = {
    {"id", NoteColumn::kId},
    {"template", NoteColumn::kTemplate},
    {"template_name", NoteColumn::kTemplate},
    {"type_args", NoteColumn::kTypeArgs},
    {"mangled_name", NoteColumn::kMangledName},
    {"from_file", NoteColumn::kFromFile},
    {"from_loc", NoteColumn::kFromLoc},
    {"to_obj", NoteColumn::kToObj},
    {"output_file", NoteColumn::kToObj},
    {"status", NoteColumn::kStatus},
    {"required_by", NoteColumn::kRequiredBy},
    {"can_defer", NoteColumn::kCanDefer},
};

std::vector<NoteLayout::Entry> find_entries(std::string_view text, const sdn::Dict& dict) {
  std::vector<NoteLayout::Entry> entries;
  for (const sdn::DictEntry entry : dict) {
    const std::uint32_t begin = line_begin(text, entry.key_offset);
    if (!entries.empty()) entries.back().end = begin;
    entries.push_back({.key = entry.key,
                       .begin = begin,
                       .end = static_cast<std::uint32_t>(text.size()),
                       .at_line_start = begin == entry.key_offset});
  }
  return entries;
}

class TableReader {
 public:
  TableReader(std::string_view text, const NoteLayout::Entry& entry, const sdn::Table& source)
      : text_(text), source_(source) {
    table_.exists = true;
    table_.is_plain = entry.at_line_start && source.named();
    table_.begin = entry.begin;
    table_.end = line_end(text, entry.begin);
    for (std::size_t i = 0; i < source.column_count(); ++i) {
      const NoteColumn column =
          source.named() ? note_column(source.column_name(i)) : NoteColumn::kOther;
      // The first of two spellings of one column is it.
      const bool is_repeated = column != NoteColumn::kOther && table_.has(column);
      table_.columns.push_back(is_repeated ? NoteColumn::kOther : column);
    }
    table_.is_plain &= table_.has(NoteColumn::kMangledName);
  }

  NoteLayout::Table read() {
    table_.rows.reserve(source_.row_count());
    for (std::size_t i = 0; i < source_.row_count(); ++i) read_row(source_.row(i));
    return std::move(table_);
  }

 private:
  void read_row(const sdn::Row& source) {
    NoteLayout::Row row;
    row.line = line_begin(text_, source.offset());
    const std::uint32_t end = line_end(text_, source.offset());
    const std::string_view line = text_.substr(row.line, end - row.line);
    const std::size_t indent = source.offset() - row.line;
    // Three quotes may begin text of several lines.
    table_.is_plain &= row.line >= table_.end && indent > 0 &&
                       line.substr(0, indent).find_first_not_of(' ') == std::string_view::npos &&
                       line.find("\"\"\"") == std::string_view::npos;
    table_.indent = indent;
    table_.end = std::max(table_.end, end);
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const sdn::Value cell = source[i];
      if (table_.columns[i] == NoteColumn::kId)
        row.id = number_cell(source, static_cast<std::uint16_t>(i));
      if (table_.columns[i] == NoteColumn::kTemplate) row.template_name = cell.scalar_text();
      if (table_.columns[i] == NoteColumn::kTypeArgs) row.type_args = cell.scalar_text();
      if (table_.columns[i] == NoteColumn::kMangledName) row.mangled_name = cell.scalar_text();
    }
    table_.rows.push_back(row);
  }

  std::string_view text_;
  const sdn::Table& source_;
  NoteLayout::Table table_;
};

}  // namespace

bool NoteLayout::Table::has(NoteColumn column) const {
  return std::ranges::find(columns, column) != columns.end();
}

std::optional<NoteIndex::Table> NoteLayout::Table::indexed(std::string_view text) const {
  NoteIndex::Table indexed;
  if (columns.size() > indexed.columns.size()) return std::nullopt;
  std::ranges::copy(columns, indexed.columns.begin());
  if (!is_plain) return indexed;
  indexed.begin = line_end(text, begin);
  indexed.end = end;
  return indexed;
}

std::string_view note_table_name(NoteTable table) {
  return table == NoteTable::kInstantiations ? "instantiations" : "possible";
}

NoteColumn note_column(std::string_view name) {
  const auto* const found = std::ranges::find(kColumnNames, name, &ColumnName::name);
  return found != std::end(kColumnNames) ? found->column : NoteColumn::kOther;
}

std::uint32_t line_begin(std::string_view text, std::uint64_t offset) {
  if (offset == 0) return 0;
  const std::size_t before = text.rfind('\n', offset - 1);
  return before == std::string_view::npos ? 0 : static_cast<std::uint32_t>(before + 1);
}

std::uint32_t line_end(std::string_view text, std::uint64_t offset) {
  const std::size_t newline = text.find('\n', offset);
  return static_cast<std::uint32_t>(newline == std::string_view::npos ? text.size() : newline + 1);
}

Result<NoteLayout> NoteLayout::parse(std::string_view text) {
  NoteLayout layout;
  SMF_ASSIGN(sdn::Document parsed, sdn::parse(text));
  layout.document.push_back(std::move(parsed));
  const sdn::Dict dict = layout.document.front().dict();
  layout.entries = find_entries(text, dict);
  for (std::size_t i = 0; i < dict.size(); ++i) {
    const auto table = dict[i].value.as_table();
    if (!table) continue;
    for (const NoteTable which : {NoteTable::kInstantiations, NoteTable::kPossible}) {
      if (dict[i].key == note_table_name(which))
        layout.tables[static_cast<std::size_t>(which)] =
            TableReader(text, layout.entries[i], *table).read();
    }
  }
  return layout;
}

}  // namespace smf
