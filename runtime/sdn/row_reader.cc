#include "runtime/sdn/row_reader.h"

#include <new>

#include "runtime/sdn/parser.h"

namespace smf::sdn {

RowReader::RowReader(const Limits& limits) : limits_(limits) {}
RowReader::~RowReader() = default;

Result<std::optional<Row>> RowReader::read(std::string_view text, std::uint64_t line,
                                           std::uint32_t column_count) try {
  if (line >= text.size() || (line != 0 && text[line - 1] != '\n') || column_count == 0 ||
      text.size() > Limits::kTextCeiling)
    return fail(ErrorCode::kInvalidArgument, "no line of the text begins there");
  storage_.text = text;
  storage_.nodes.truncate(0);
  storage_.arena.clear();
  storage_.arena_left = 0;
  internal::Parser parser(storage_, limits_);
  std::uint32_t cells = 0;
  if (parser.run_row(line, column_count, cells))
    return Row(&storage_, storage_.nodes.at(cells), column_count);
  if (!parser.has_mistake()) return std::nullopt;
  const auto& mistake = parser.mistake();
  return std::unexpected(diagnose(text, mistake.offset, mistake.kind, mistake.message).to_error());
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a row");
}

}  // namespace smf::sdn
