// Changing a document without touching what is not changed.
//
//     SMF_ASSIGN(sdn::Editor editor, sdn::Editor::open(text));
//     SMF_TRY(editor.set("build.target", "aarch64"));
//     SMF_TRY(editor.push("build.flags", "fast"));
//     write_file(editor.text());
//
// Every byte outside of an edit stays: comments, blank lines, how numbers are spelled, indentation,
// line ends, a byte order mark. What is new follows its surroundings: the indentation of its
// neighbours, the document's line ends, brackets in brackets and lines in blocks. A comment goes
// with its value when the value's lines go; a comment inside a value that is replaced goes too.
//
// An edit cannot go wrong quietly. The new text is parsed and must hold the old document with just
// this change made to it (OwnedValue is the oracle); if it does not, or does not parse, the edit is
// refused and the text is what it was. So an edit takes time and memory linear in the document, not
// in the edit: a program that makes thousands should build an OwnedValue and write that.
//
// Rejected: a tree that keeps blanks and comments at its nodes (each of the grammar's forms would
// need a place for them), and patching the parsed nodes in place instead of parsing anew (fast, but
// then two pieces of code decide what a text means).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/owned.h"

namespace smf::sdn {

// Move-only. Not thread-safe.
class Editor {
 public:
  // Strict documents only: what other modes accept may not survive being read strictly. Errors are
  // those of parse_owned().
  static Result<Editor> open(std::string text, const Limits& limits = {});

  // The present text and what it means. Valid until the next edit that succeeds.
  std::string_view text() const { return document_.text(); }
  const Document& document() const { return document_; }
  Value root() const { return document_.root(); }
  Result<Value> get(std::string_view path) const { return document_.get(path); }
  // Whether an edit has changed the text since it was opened.
  bool is_modified() const { return is_modified_; }

  // Replaces the value at `path`, whatever its kind, or adds a key at the end of the dict before
  // the last segment, which must exist: kNotFound otherwise. kInvalidArgument for a malformed
  // path, the empty path, and a value that cannot stand there (a dict as a table's cell).
  Result<void> set(std::string_view path, const OwnedValue& value);
  // Removes a dict's entry, an array's element or a table's row. The last one leaves an empty
  // dict, array or table.
  Result<void> erase(std::string_view path);
  // Appends to the array at `path`, or, given an array of as many scalars as there are columns, a
  // row to the table. kInvalidArgument if something else is there.
  Result<void> push(std::string_view path, const OwnedValue& value);

 private:
  Editor(Document document, const Limits& limits)
      : document_(std::move(document)), limits_(limits) {}
  // Replaces bytes of the text if the result means `expected`.
  Result<void> splice(Span span, std::string_view with, const OwnedValue& expected);

  Document document_;
  Limits limits_;
  bool is_modified_ = false;
};

}  // namespace smf::sdn
