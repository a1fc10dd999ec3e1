#include "runtime/sdn/editor.h"

#include <fmt/format.h>

#include <new>
#include <utility>
#include <vector>

#include "runtime/sdn/edit_site.h"
#include "runtime/sdn/edit_text.h"
#include "runtime/sdn/path.h"
#include "runtime/sdn/scan.h"

namespace smf::sdn {
namespace {

using internal::EditSite;
using internal::EditStyle;

// Bytes to replace, and what with.
struct Change {
  Span span{};
  std::string text{};
};

Span between(std::uint64_t from, std::uint64_t to) { return {from, to - from}; }

std::string_view at(std::string_view text, Span span) {
  return text.substr(span.offset, span.length);
}

// Works out which bytes an edit changes. Nothing here has to be right for every text: Editor
// compares what comes out with what was asked for.
class Planner {
 public:
  explicit Planner(std::string_view text) : text_(text), style_(text) {}

  Result<Change> set(const EditSite& site, const OwnedValue& value) const {
    switch (site.kind) {
      case EditSite::Kind::kNewEntry:
        return add_entry(site, value);
      case EditSite::Kind::kEntry:
        return internal::is_inline(text_, *site.parent)
                   ? replace(*site.value, value, Place::kBracket)
                   : replace_entry(site, value);
      case EditSite::Kind::kElement:
        return replace(
            *site.value, value,
            internal::is_inline(text_, *site.parent) ? Place::kBracket : Place::kBlockLine);
      case EditSite::Kind::kCell:
        return replace(
            *site.value, value,
            internal::has_inline_rows(text_, *site.parent) ? Place::kParenthesis : Place::kCell);
      case EditSite::Kind::kRoot:
        return fail(ErrorCode::kInvalidArgument, "expected a path below the document");
      case EditSite::Kind::kRow:
        return fail(ErrorCode::kInvalidArgument, "expected a column after the row's index");
    }
    std::unreachable();
  }

  Result<Change> erase(const EditSite& site) const {
    switch (site.kind) {
      case EditSite::Kind::kEntry: {
        const Dict dict = *site.parent->as_dict();
        const std::uint64_t start = dict[site.index].key_offset;
        if (!internal::is_inline(text_, *site.parent))
          return erase_lines(start, site.value->span().end());
        const std::uint64_t before =
            site.index == 0 ? start : dict[site.index - 1].value.span().end();
        return erase_item(before, between(start, site.value->span().end()));
      }
      case EditSite::Kind::kElement: {
        const Array array = *site.parent->as_array();
        const Span span = site.value->span();
        if (!internal::is_inline(text_, *site.parent)) return erase_lines(span.offset, span.end());
        return erase_item(site.index == 0 ? span.offset : array[site.index - 1].span().end(), span);
      }
      case EditSite::Kind::kRow:
        return erase_row(site);
      case EditSite::Kind::kNewEntry:
        return fail(ErrorCode::kNotFound, fmt::format("nothing is at '{}'", site.key));
      default:
        return fail(ErrorCode::kInvalidArgument, "only entries, elements and rows can be erased");
    }
  }

  Result<Change> push(const Value& target, const OwnedValue& value) const {
    if (const auto table = target.as_table()) return push_row(target, *table, value);
    const Array array = *target.as_array();
    if (!internal::is_inline(text_, target)) {
      const Span last = array[array.size() - 1].span();
      SMF_ASSIGN(const std::string element, EditStyle::one_line(value, Place::kBlockLine, false));
      return insert_line(last.end(), std::string(internal::indentation_at(text_, last.offset)) +
                                         element + std::string(style_.line_end()));
    }
    SMF_ASSIGN(const std::string element, EditStyle::one_line(value, Place::kBracket, false));
    if (array.empty()) return Change{{target.offset() + 1, 0}, element};
    const Span last = array[array.size() - 1].span();
    std::string separator = ", ";
    if (array.size() > 1 && has_newline(array[array.size() - 2].span().end(), last.offset))
      separator = "," + std::string(style_.line_end()) +
                  std::string(internal::indentation_at(text_, last.offset));
    return Change{{last.end(), 0}, separator + element};
  }

 private:
  bool has_newline(std::uint64_t from, std::uint64_t to) const {
    return at(text_, between(from, to)).find('\n') != std::string_view::npos;
  }

  // A value in the place of another, on one line.
  static Result<Change> replace(const Value& old, const OwnedValue& value, Place place) {
    const bool in_quotes =
        old.kind() == Kind::kString && old.quoted() && value.kind() == Kind::kString;
    SMF_ASSIGN(std::string text, EditStyle::one_line(value, place, in_quotes));
    return Change{old.span(), std::move(text)};
  }

  // An entry of a block: its value may take lines of its own, before or after.
  Result<Change> replace_entry(const EditSite& site, const OwnedValue& value) const {
    const DictEntry entry = (*site.parent->as_dict())[site.index];
    const Span old = site.value->span();
    const std::string_view indentation = internal::indentation_at(text_, entry.key_offset);
    SMF_ASSIGN(std::string after, style_.after_key(site.key, value, indentation));
    const bool was_lines =
        site.value->kind() == Kind::kTable ||
        at(text_, between(entry.key_offset, old.end())).find('\n') != std::string_view::npos;
    const bool is_line = after.starts_with(": ") && after.find('\n') == std::string::npos &&
                         !after.starts_with(": table");
    if (was_lines || !is_line) return Change{between(key_end(entry.key_offset), old.end()), after};
    if (old.length == 0) return Change{old, after.substr(1)};  // `key:` and nothing
    return replace(*site.value, value, Place::kLine);
  }

  std::uint64_t key_end(std::uint64_t key) const {
    std::uint64_t end = key;
    if (text_[end] == '"') {
      for (++end; text_[end] != '"'; ++end)
        if (text_[end] == '\\') ++end;
      return end + 1;
    }
    while (end < text_.size() && is_key_character(text_[end])) ++end;
    return end;
  }

  Result<Change> add_entry(const EditSite& site, const OwnedValue& value) const {
    const Dict dict = *site.parent->as_dict();
    if (internal::is_inline(text_, *site.parent)) {
      std::string entry = dict.empty() ? "" : ", ";
      append_key(entry, site.key);
      SMF_ASSIGN(const std::string text, EditStyle::one_line(value, Place::kBracket, false));
      entry += ": " + text;
      const std::uint64_t where =
          dict.empty() ? site.parent->offset() + 1 : dict[dict.size() - 1].value.span().end();
      return Change{{where, 0}, entry};
    }
    // Only the document itself is a block without entries.
    const std::string_view indentation =
        dict.empty() ? std::string_view() : internal::indentation_at(text_, dict[0].key_offset);
    SMF_ASSIGN(std::string text, style_.entry(site.key, value, indentation));
    if (!dict.empty()) return insert_line(dict[dict.size() - 1].value.span().end(), text);
    return insert_line(text_.size(), text);
  }

  // `line`, with its line end, behind the line that holds byte `after`.
  Change insert_line(std::uint64_t after, std::string line) const {
    const std::uint64_t where = internal::line_end(text_, after);
    const bool is_open =
        where == text_.size() && where > 0 && text_[where - 1] != '\n' && text_ != "\xEF\xBB\xBF";
    if (is_open) line = std::string(style_.line_end()) + line;
    return Change{{where, 0}, std::move(line)};
  }

  Change erase_lines(std::uint64_t first, std::uint64_t last) const {
    return {between(internal::line_start(text_, first), internal::line_end(text_, last)), ""};
  }

  // An item between brackets, with the comma that goes with it. `before` is the end of the item
  // before it, or its own start if it is the first.
  Change erase_item(std::uint64_t before, Span item) const {
    const std::uint64_t after = skip_blanks(item.end());
    if (after < text_.size() && text_[after] == ',')
      return {between(item.offset, skip_blanks(after + 1)), ""};
    // The last one: nothing but the comma may stand before it, else that is left as it is.
    const std::string_view gap = at(text_, between(before, item.offset));
    if (!gap.empty() && gap.find_first_not_of(", \t") == std::string_view::npos)
      return {between(before, item.end()), ""};
    return {item, ""};
  }

  std::uint64_t skip_blanks(std::uint64_t from) const {
    while (from < text_.size() && is_blank(text_[from])) ++from;
    return from;
  }

  Result<Change> erase_row(const EditSite& site) const {
    const Table table = *site.parent->as_table();
    const auto span_of = [&](std::size_t row) {
      return between(table.cell(row, 0).offset(),
                     table.cell(row, table.column_count() - 1).span().end());
    };
    const Span row = span_of(site.index);
    if (!internal::has_inline_rows(text_, *site.parent)) {
      const bool on_header = !has_newline(site.parent->offset(), row.offset);
      return on_header ? Change{row, ""} : erase_lines(row.offset, row.end());
    }
    // From the row's own `(` to its `)`.
    const std::uint64_t open = text_.rfind('(', row.offset);
    const std::uint64_t close = text_.find(')', row.end()) + 1;
    const std::uint64_t before =
        site.index == 0 ? open : text_.find(')', span_of(site.index - 1).end()) + 1;
    return erase_item(before, between(open, close));
  }

  Result<Change> push_row(const Value& target, const Table& table, const OwnedValue& row) const {
    const std::size_t rows = table.row_count();
    const std::uint64_t end = target.span().end();
    if (internal::has_inline_rows(text_, target)) {
      std::string text = rows == 0 ? "(" : ", (";
      for (const OwnedValue& cell : *row.as_array()) {
        if (text.back() != '(') text += ", ";
        SMF_ASSIGN(const std::string one, EditStyle::one_line(cell, Place::kParenthesis, false));
        text += one;
      }
      text += ')';
      if (rows == 0) return Change{{end - 1, 0}, text};
      const std::uint64_t last = table.cell(rows - 1, table.column_count() - 1).span().end();
      return Change{{text_.find(')', last) + 1, 0}, text};
    }
    bool quote = rows > 0;
    for (std::size_t i = 0; quote && i < table.column_count(); ++i) {
      const Value cell = table.cell(rows - 1, i);
      quote = cell.kind() != Kind::kString || cell.quoted();
    }
    // Below the last row, or a step deeper than the header.
    std::string indentation(internal::indentation_at(text_, target.offset()));
    if (rows > 0 && has_newline(target.offset(), table.row(rows - 1).offset())) {
      indentation = internal::indentation_at(text_, table.row(rows - 1).offset());
    } else {
      indentation += style_.unit();
    }
    SMF_ASSIGN(std::string line, style_.row(row, quote, indentation));
    return insert_line(end, std::move(line));
  }

  std::string_view text_;
  EditStyle style_;
};

}  // namespace

Result<Editor> Editor::open(std::string text, const Limits& limits) {
  SMF_ASSIGN(Document document, parse_owned(std::move(text), {.limits = limits}));
  return Editor(std::move(document), limits);
}

Result<void> Editor::splice(Span span, std::string_view with, const OwnedValue& expected) {
  std::string text(this->text());
  text.replace(span.offset, span.length, with);
  auto changed = parse_owned(std::move(text), {.limits = limits_});
  if (!changed) {
    Error error = std::move(changed).error();
    if (error.code == ErrorCode::kInvalidInput) error.code = ErrorCode::kInvalidArgument;
    error.message = "the document would not be valid: " + error.message;
    return std::unexpected(std::move(error));
  }
  if (OwnedValue(changed->root()) != expected)
    return fail(ErrorCode::kInvalidArgument, "the document cannot hold this value at that place");
  document_ = *std::move(changed);
  is_modified_ = true;
  return {};
}

namespace {

// Where the last value of a block goes, so would the block: its container becomes an empty one.
bool is_last_of_block(std::string_view text, const EditSite& site) {
  if (site.kind != EditSite::Kind::kEntry && site.kind != EditSite::Kind::kElement) return false;
  const auto dict = site.parent->as_dict();
  const std::size_t size = dict ? dict->size() : site.parent->as_array()->size();
  return size == 1 && !internal::is_inline(text, *site.parent);
}

template <typename Work>
Result<void> guarded(Work work) try {
  return work();
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to change an SDN text");
}

}  // namespace

Result<void> Editor::set(std::string_view path, const OwnedValue& value) {
  return guarded([&]() -> Result<void> {
    SMF_ASSIGN(const std::vector<std::string> segments, split_path(path));
    SMF_ASSIGN(const EditSite site, internal::find_site(root(), segments));
    SMF_ASSIGN(const Change change, Planner(text()).set(site, value));
    OwnedValue expected(root());
    SMF_TRY(expected.set(path, value));
    return splice(change.span, change.text, expected);
  });
}

Result<void> Editor::erase(std::string_view path) {
  return guarded([&]() -> Result<void> {
    SMF_ASSIGN(std::vector<std::string> segments, split_path(path));
    SMF_ASSIGN(const EditSite site, internal::find_site(root(), segments));
    OwnedValue expected(root());
    if (segments.size() > 1 && is_last_of_block(text(), site)) {
      SMF_TRY(expected.erase(path));
      segments.pop_back();
      SMF_ASSIGN(const EditSite parent, internal::find_site(root(), segments));
      const OwnedValue empty =
          site.kind == EditSite::Kind::kEntry ? OwnedValue::dict() : OwnedValue::array();
      SMF_ASSIGN(const Change change, Planner(text()).set(parent, empty));
      return splice(change.span, change.text, expected);
    }
    SMF_ASSIGN(const Change change, Planner(text()).erase(site));
    SMF_TRY(expected.erase(path));
    return splice(change.span, change.text, expected);
  });
}

Result<void> Editor::push(std::string_view path, const OwnedValue& value) {
  return guarded([&]() -> Result<void> {
    OwnedValue expected(root());
    SMF_TRY(expected.push(path, value));  // there is an array or a table, and the row fits
    SMF_ASSIGN(const Value target, get(path));
    SMF_ASSIGN(const Change change, Planner(text()).push(target, value));
    return splice(change.span, change.text, expected);
  });
}

}  // namespace smf::sdn
