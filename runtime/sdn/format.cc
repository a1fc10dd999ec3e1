#include "runtime/sdn/format.h"

#include <algorithm>
#include <new>
#include <vector>

#include "runtime/sdn/edit_site.h"
#include "runtime/sdn/scan.h"
#include "runtime/sdn/spell.h"
#include "runtime/sdn/text_check.h"

namespace smf::sdn {
namespace {

// Finds values that go over lines of their own making: strings in triple quotes, brackets.
class TallValues {
 public:
  explicit TallValues(std::string_view text) : text_(text) {}

  std::vector<Span> find(const Value& root) && {
    visit(root);
    std::ranges::sort(found_, {}, &Span::offset);
    return std::move(found_);
  }

 private:
  // Recursive to the depth of the values.
  void visit(const Value& value) {
    const bool is_container = value.kind() == Kind::kArray || value.kind() == Kind::kDict;
    const bool is_tall_string = value.kind() == Kind::kString && value.quoted();
    if (is_tall_string || (is_container && internal::is_inline(text_, value)) ||
        (value.kind() == Kind::kTable && internal::has_inline_rows(text_, value))) {
      add(value.span());
      return;
    }
    if (const auto dict = value.as_dict()) {
      for (const DictEntry entry : *dict) visit(entry.value);
    } else if (const auto array = value.as_array()) {
      for (const Value element : *array) visit(element);
    } else if (const auto table = value.as_table()) {
      for (std::size_t row = 0; row < table->row_count(); ++row)
        for (const Value cell : table->row(row)) visit(cell);
    }
  }

  void add(Span span) {
    if (text_.substr(span.offset, span.length).contains('\n')) found_.push_back(span);
  }

  std::string_view text_;
  std::vector<Span> found_{};
};

class Formatter {
 public:
  Formatter(std::string_view text, std::vector<Span> tall) : text_(text), tall_(std::move(tall)) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  std::string run() && {
    while (at_ < text_.size()) {
      const std::uint64_t start = at_;
      const std::uint64_t end = std::min<std::uint64_t>(text_.find('\n', start), text_.size());
      at_ = end + 1;
      if (is_inside(start)) {
        out_ += text_.substr(start, end - start);
        out_ += '\n';
      } else {
        line(start, end);
      }
    }
    for (const std::string_view comment : comments_) put(comment, 0);
    return std::move(out_);
  }

 private:
  // Whether a value that began before goes on in the line that starts here.
  bool is_inside(std::uint64_t line) {
    while (next_tall_ < tall_.size() && tall_[next_tall_].end() <= line) ++next_tall_;
    return next_tall_ < tall_.size() && tall_[next_tall_].offset < line;
  }

  // Whether a value begins in this line and ends in a later one: then its end is not blank.
  bool is_open_at(std::uint64_t end) const {
    for (std::size_t i = next_tall_; i < tall_.size() && tall_[i].offset < end; ++i)
      if (tall_[i].end() > end) return true;
    return false;
  }

  void line(std::uint64_t start, std::uint64_t end) {
    std::uint64_t columns = 0;
    std::uint64_t first = start;
    for (; first < end && is_blank(text_[first]); ++first) columns += text_[first] == '\t' ? 4 : 1;
    std::uint64_t last = end;
    if (!is_open_at(end))
      while (last > first && (is_blank(text_[last - 1]) || text_[last - 1] == '\r')) --last;
    const std::string_view content = text_.substr(first, last - first);
    if (content.empty()) {
      is_gap_ = !out_.empty() || !comments_.empty();
      if (!comments_.empty()) comments_.emplace_back();
      return;
    }
    if (content[0] == '#') {
      if (comments_.empty() && is_gap_) comments_.emplace_back();
      is_gap_ = false;
      comments_.push_back(content);
      return;
    }
    while (!levels_.empty() && levels_.back() >= columns + 1) levels_.pop_back();
    const std::size_t indent = levels_.size() * kStep;
    levels_.push_back(columns + 1);
    if (comments_.empty() && is_gap_) comments_.emplace_back();
    for (const std::string_view comment : comments_) put(comment, indent);
    comments_.clear();
    is_gap_ = false;
    put(content, indent);
  }

  // An empty one is a blank line, of which there are never two.
  void put(std::string_view content, std::size_t indent) {
    if (content.empty()) {
      if (!out_.empty() && !out_.ends_with("\n\n")) out_ += '\n';
      return;
    }
    out_.append(indent, ' ');
    out_ += content;
    out_ += '\n';
  }

  std::string_view text_;
  std::vector<Span> tall_;
  std::size_t next_tall_ = 0;
  std::uint64_t at_ = 0;
  std::string out_{};
  std::vector<std::uint64_t> levels_{};       // columns + 1 of the blocks around
  std::vector<std::string_view> comments_{};  // not written yet; empty for a blank line
  bool is_gap_ = false;                       // blank lines were met
};

}  // namespace

Result<std::string> format(const Document& document) try {
  if (!document.is_strict())
    return fail(ErrorCode::kInvalidArgument, "only strict SDN can be formatted: write it anew");
  std::string out =
      Formatter(document.text(), TallValues(document.text()).find(document.root())).run();
  while (out.ends_with("\n\n")) out.pop_back();
  SMF_ASSIGN(const Document again, parse(out, {.limits = {.depth = Limits::kDepthCeiling}}));
  SMF_CHECK(again.root() == document.root());
  return out;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to format an SDN text");
}

}  // namespace smf::sdn
