// smftool sdn query: rows of a table that fit, in order, and the columns that are asked for.

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/sdn/json/json.h"
#include "runtime/sdn/query.h"
#include "smftool/commands.h"
#include "smftool/messages.h"
#include "smftool/sdn_input.h"
#include "smftool/sdn_value.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

struct QueryOptions {
  std::string file{};
  std::string path{};
  std::vector<std::string> columns{};
  std::vector<std::string> conditions{};
  std::vector<std::string> order{};
  std::uint64_t limit = UINT64_MAX;
  std::uint64_t offset = 0;
  bool count = false;
  bool json = false;
  ModeFlags mode{};
};

struct Condition {
  std::string column{};
  sdn::Comparison comparison = sdn::Comparison::kEqual;
  sdn::OwnedValue value{};
};

// "size>=30": the first operator in the text, the longest that stands there.
Result<Condition> parse_condition(const std::string& text) {
  constexpr std::pair<std::string_view, sdn::Comparison> kOperators[] = {
      {"!=", sdn::Comparison::kNotEqual},
      {"<=", sdn::Comparison::kLessOrEqual},
      {">=", sdn::Comparison::kGreaterOrEqual},
      {"*=", sdn::Comparison::kContains},
      {"^=", sdn::Comparison::kStartsWith},
      {"=", sdn::Comparison::kEqual},
      {"<", sdn::Comparison::kLess},
      {">", sdn::Comparison::kGreater},
  };
  const std::size_t at = text.find_first_of("!<>*^=");
  for (const auto& [sign, comparison] : kOperators) {
    if (at == std::string::npos || at == 0 || !std::string_view(text).substr(at).starts_with(sign))
      continue;
    SMF_ASSIGN(sdn::OwnedValue value, parse_value(text.substr(at + sign.size())));
    return Condition{text.substr(0, at), comparison, std::move(value)};
  }
  return wrong_usage(fmt::format(
      "--where: expected COLUMN, one of = != < <= > >= *= ^= and a value, not '{}'", text));
}

// "a,b": names of columns.
std::vector<std::string_view> split_names(const std::string& text) {
  std::vector<std::string_view> names;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    names.push_back(std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
  return names;
}

Result<sdn::TableQuery> ordered(sdn::TableQuery rows, const std::vector<std::string>& order) {
  // Stable, so the least important comes first.
  for (auto item = order.rbegin(); item != order.rend(); ++item) {
    std::string_view column = *item;
    const bool down = column.ends_with(":desc");
    if (down) column.remove_suffix(5);
    if (column.ends_with(":asc")) column.remove_suffix(4);
    SMF_ASSIGN(rows,
               rows.order_by(column, down ? sdn::Order::kDescending : sdn::Order::kAscending));
  }
  return rows;
}

Result<sdn::TableQuery> ask(const sdn::Table& table, const QueryOptions& options,
                            const std::vector<Condition>& conditions) {
  sdn::TableQuery rows(table);
  for (const Condition& condition : conditions) {
    SMF_ASSIGN(rows, rows.where(condition.column, condition.comparison, condition.value));
  }
  SMF_ASSIGN(rows, ordered(std::move(rows), options.order));
  rows = rows.offset(options.offset).limit(options.limit);
  std::vector<std::string_view> names;
  for (const std::string& list : options.columns)
    for (const std::string_view name : split_names(list)) names.push_back(name);
  if (names.empty()) return rows;
  return rows.select(names);
}

Result<void> print_rows(const Context& context, const sdn::TableQuery& rows) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < rows.column_count(); ++i) {
    bool numbers = rows.any();
    for (std::size_t row = 0; row < std::min(rows.count(), Table::kRowsMeasured); ++row) {
      const sdn::Kind kind = rows.cell(row, i).kind();
      numbers = numbers && (kind == sdn::Kind::kInt || kind == sdn::Kind::kFloat);
    }
    columns.push_back({std::string(rows.column_name(i)), numbers ? Align::kRight : Align::kLeft});
  }
  Table table(context.out, is_coloured(context, context.out), std::move(columns));
  for (std::size_t row = 0; row < rows.count(); ++row) {
    std::vector<Cell> cells;
    for (std::size_t i = 0; i < rows.column_count(); ++i) {
      SMF_ASSIGN(std::string text, value_text(sdn::OwnedValue(rows.cell(row, i))));
      cells.emplace_back(std::move(text));
    }
    table.add_row(std::move(cells));
  }
  return {};
}

Result<ExitStatus> run(const Context& context, const QueryOptions& options) {
  std::vector<Condition> conditions;
  for (const std::string& text : options.conditions) {
    SMF_ASSIGN(Condition condition, parse_condition(text));
    conditions.push_back(std::move(condition));
  }
  SMF_ASSIGN(const sdn::Mode mode, options.mode.mode());
  SMF_ASSIGN(const auto document, read_sdn(context, options.file, mode));
  if (!document) return ExitStatus::kFinding;
  const auto blame = [&](Error error) {
    return std::unexpected(std::move(error).at_path(options.file));
  };
  auto value = document->get(options.path);
  if (!value) return blame(std::move(value).error());
  auto table = value->expect_table();
  if (!table) return blame(std::move(table).error());
  auto rows = ask(*table, options, conditions);
  if (!rows) return blame(std::move(rows).error());
  if (options.count) {
    fmt::print(context.out, "{}\n", rows->count());
  } else if (options.json) {
    SMF_ASSIGN(const std::string text, sdn::to_json(sdn::OwnedValue(rows->to_table())));
    fmt::print(context.out, "{}\n", text);
  } else {
    SMF_TRY(print_rows(context, *rows));
  }
  return ExitStatus::kDone;
}

}  // namespace

void add_sdn_query(Command sdn) {
  Command command = sdn.command("query", "Print rows of a table");
  const auto options = std::make_shared<QueryOptions>();
  command.argument("FILE", options->file, "An SDN document; - is standard input");
  command.argument("PATH", options->path, "Where the table is");
  command
      .list("--where", options->conditions,
            "Rows whose cell compares so with VALUE; OP is one of = != < <= > >= and, for "
            "text, *= (holds) and ^= (begins with)")
      .value("COLUMN OP VALUE");
  command
      .list("--order-by", options->order, "Sort by this column; of several, the first counts most")
      .value("COLUMN[:desc]");
  command.option("--offset", options->offset, "Leave out so many rows at the start").value("N");
  command.option("--limit", options->limit, "Print so many at most").value("N");
  command.list("--select", options->columns, "Only these columns").value("COLUMN,...");
  command.flag("--count", options->count, "Print how many there are");
  command.flag("--json", options->json, "An array of objects");
  options->mode.add_to(command);
  command.examples(
      "smftool sdn query note.sdn possible --where 'template=List' --select id,mangled_name\n"
      "smftool sdn query note.sdn instantiations --where 'status!=compiled' --count");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
