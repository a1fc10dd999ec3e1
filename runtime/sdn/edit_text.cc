#include "runtime/sdn/edit_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/sdn/scan.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn::internal {
namespace {

constexpr std::size_t kWriterStep = 4;  // blanks by which the writer indents a block

}  // namespace

EditStyle::EditStyle(std::string_view text) {
  const std::size_t newline = text.find('\n');
  if (newline != std::string_view::npos && newline > 0 && text[newline - 1] == '\r')
    line_end_ = "\r\n";
  // The first line that is indented tells the unit, unless it only carries a comment.
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::size_t content = at;
    while (content < end && is_blank(text[content])) ++content;
    if (content > at && content < end && text[content] != '#' && text[content] != '\r') {
      unit_ = text.substr(at, content - at);
      return;
    }
    at = end + 1;
  }
}

// The writer indents with 4 spaces and ends lines with "\n"; no line end stands inside its strings.
Result<std::string> EditStyle::entry(std::string_view key, const OwnedValue& value,
                                     std::string_view indentation) const {
  OwnedValue dict = OwnedValue::dict();
  dict.put(key, value);
  SMF_ASSIGN(const std::string text, write(dict, {.max_depth = 1000}));
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::size_t content = at;
    while (content < end && text[content] == ' ') ++content;
    out += indentation;
    for (std::size_t i = 0; i < (content - at) / kWriterStep; ++i) out += unit_;
    out += text.substr(content, end - content);
    out += line_end_;
    at = end + 1;
  }
  return out;
}

Result<std::string> EditStyle::after_key(std::string_view key, const OwnedValue& value,
                                         std::string_view indentation) const {
  SMF_ASSIGN(std::string text, entry(key, value, indentation));
  std::string written_key;
  append_key(written_key, key);
  text.resize(text.size() - line_end_.size());
  return text.substr(indentation.size() + written_key.size());
}

Result<std::string> EditStyle::one_line(const OwnedValue& value, Place place, bool in_quotes) {
  const bool is_cell = place == Place::kCell || place == Place::kParenthesis;
  const bool is_container =
      value.kind() == Kind::kArray || value.kind() == Kind::kDict || value.kind() == Kind::kTable;
  if (is_cell && is_container) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} cannot be a table's cell", describe(value.kind())));
  }
  const auto text = value.as_string();
  if (!text) return write_inline(value, {.max_depth = 1000});
  if (!is_utf8(*text))
    return fail(ErrorCode::kInvalidArgument, "text that is not UTF-8 has no notation");
  std::string out;
  if (in_quotes) {
    append_quoted(out, *text);
  } else {
    append_string(out, *text, place);
  }
  return out;
}

Result<std::string> EditStyle::row(const OwnedValue& cells, bool quote_strings,
                                   std::string_view indentation) const {
  std::string out(indentation);
  for (const OwnedValue& cell : *cells.as_array()) {
    if (out.size() > indentation.size()) out += ", ";
    SMF_ASSIGN(const std::string text,
               one_line(cell, Place::kCell, quote_strings && cell.kind() == Kind::kString));
    out += text;
  }
  out += line_end_;
  return out;
}

}  // namespace smf::sdn::internal
