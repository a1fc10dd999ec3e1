#include "runtime/sdn/spell.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "runtime/base/check.h"
#include "runtime/sdn/scan.h"
#include "runtime/sdn/text_check.h"

namespace smf::sdn {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

std::string_view separators(Place place) {
  switch (place) {
    case Place::kLine:
      return "";
    case Place::kBlockLine:
      return ":=|";
    case Place::kBracket:
      return ",[]{}";
    case Place::kCell:
      return ",";
    case Place::kParenthesis:
      return ",[]{}()";
  }
  SMF_CHECK(false);
}

}  // namespace

bool reads_back_bare(std::string_view text, Place place) {
  if (text.empty() || is_blank(text.back())) return false;
  // The first character may open another form; `- ` begins a list elsewhere.
  constexpr std::string_view kOpening = " \t\"[{(|#";
  if (kOpening.find(text[0]) != text.npos || text == "-" || text.starts_with("- ")) return false;
  if (text.starts_with("table{") || text.starts_with("table|")) return false;
  const std::string_view ends = separators(place);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_control(text[i]) || ends.find(text[i]) != ends.npos) return false;
    if (text[i] == '#' && is_blank(text[i - 1])) return false;
  }
  return read_bare(text).meaning == Meaning::kString;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_control(c) && c != '"' && c != '\\') continue;
    out += text.substr(done, i - done);
    done = i + 1;
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c));
        break;
    }
  }
  out += text.substr(done);
  out += '"';
}

void append_string(std::string& out, std::string_view text, Place place) {
  if (reads_back_bare(text, place)) {
    out += text;
  } else {
    append_quoted(out, text);
  }
}

void append_key(std::string& out, std::string_view key) {
  // A byte order mark would vanish at the start of a document.
  const bool bare = !key.empty() && is_key_start(key[0]) && !key.starts_with(kByteOrderMark) &&
                    std::all_of(key.begin(), key.end(), is_key_character);
  if (bare) {
    out += key;
  } else {
    append_quoted(out, key);
  }
}

void append_column(std::string& out, std::string_view column) {
  constexpr std::string_view kMeaning = "\",|{}#";
  const bool bare = !column.empty() && !is_blank(column[0]) && !is_blank(column.back()) &&
                    column.find_first_of(kMeaning) == column.npos &&
                    std::none_of(column.begin(), column.end(), is_control);
  if (bare) {
    out += column;
  } else {
    append_quoted(out, column);
  }
}

void append_int(std::string& out, std::int64_t value) {
  char digits[24];
  const auto [last, error] = std::to_chars(digits, digits + sizeof digits, value);
  SMF_CHECK(error == std::errc{});
  out.append(digits, last);
}

void append_float(std::string& out, double value) {
  SMF_CHECK(std::isfinite(value));
  char digits[32];
  const auto [last, error] = std::to_chars(digits, digits + sizeof digits, value);
  SMF_CHECK(error == std::errc{});
  const std::string_view written(digits, static_cast<std::size_t>(last - digits));
  out += written;
  if (written.find_first_of(".e") == written.npos) out += ".0";
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text.substr(at));
    if (size == 0) return false;
    at += size;
  }
  return true;
}

}  // namespace smf::sdn
