// Where values end: nodes hold where they begin, and the rest is in the text.
#include "runtime/sdn/scan.h"
#include "runtime/sdn/value.h"

namespace smf::sdn {
namespace {

using internal::Node;
using internal::Storage;
using internal::TableShape;

// Over a text that has been parsed: what is looked for is there.
class Ends {
 public:
  explicit Ends(const Storage& storage) : storage_(storage), text_(storage.text) {}

  std::uint64_t of(const Node& node) const {
    switch (node.kind()) {
      case Kind::kArray:
        return container(node, 1, ']');
      case Kind::kDict:
        return container(node, 2, '}');
      case Kind::kTable:
        return table(storage_.tables[static_cast<std::size_t>(node.payload.integer)]);
      default:
        return node.quoted() ? quoted(node.start) : node.start + node.length();
    }
  }

 private:
  std::uint64_t quoted(std::uint64_t at) const {
    if (text_.substr(at, 3) == "\"\"\"") {
      for (at += 3; text_.substr(at, 3) != "\"\"\""; ++at)
        if (text_[at] == '\\') ++at;
      return at + 3;
    }
    for (++at; text_[at] != '"'; ++at)
      if (text_[at] == '\\') ++at;
    return at + 1;
  }

  // Past blanks, line ends, comments and, between brackets, commas.
  std::uint64_t skip(std::uint64_t at, bool commas) const {
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '#' && at > 0 && (is_blank(text_[at - 1]) || text_[at - 1] == '\n')) {
        at = text_.find('\n', at);
        if (at == std::string_view::npos) return text_.size();
      } else if (!is_blank(c) && c != '\n' && c != '\r' && (c != ',' || !commas)) {
        break;
      }
    }
    return at;
  }

  // A block begins where its first child does; brackets stand before theirs.
  std::uint64_t container(const Node& node, std::uint32_t nodes_each, char bracket) const {
    const Node::Range range = node.payload.range;
    if (range.count == 0) {
      const bool is_inline =
          node.start < text_.size() && (text_[node.start] == '[' || text_[node.start] == '{');
      return is_inline ? skip(node.start + 1, true) + 1 : node.start;
    }
    const Node* const first = storage_.nodes.at(range.first);
    const std::uint64_t end = of(first[range.count * nodes_each - 1]);
    if (first->start == node.start) return end;
    const std::uint64_t close = skip(end, true);
    SMF_DCHECK(text_[close] == bracket);
    static_cast<void>(bracket);
    return close + 1;
  }

  std::uint64_t table(const TableShape& shape) const {
    // The header's closing bar or brace, past the last column.
    const std::uint64_t header =
        skip(of(storage_.nodes[shape.columns + shape.column_count - 1]), false) + 1;
    const std::uint64_t after = skip(header, false);
    // A row on a line may begin with `=` itself; it is then the first cell.
    const bool is_inline = after < text_.size() && text_[after] == '=' &&
                           (shape.row_count == 0 || storage_.nodes[shape.cells].start > after);
    if (shape.row_count == 0) {
      if (!is_inline) return header;
      return skip(skip(after + 1, false) + 1, true) + 1;
    }
    const std::uint64_t end =
        of(storage_.nodes[shape.cells + shape.row_count * shape.column_count - 1]);
    if (!is_inline) return end;
    return skip(skip(end, true) + 1, true) + 1;
  }

  const Storage& storage_;
  std::string_view text_;
};

}  // namespace

Span Value::span() const {
  if (!storage_->has_spans) return {node_->start, 0};
  return {node_->start, Ends(*storage_).of(*node_) - node_->start};
}

}  // namespace smf::sdn
