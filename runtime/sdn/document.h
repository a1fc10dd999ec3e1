// SDN, the notation of note.sdn and of manifests: from text to values.
//
//     SMF_ASSIGN(const sdn::Document document, sdn::parse(text));
//     SMF_ASSIGN(const sdn::Value rows, document.get("build.possible"));
//     SMF_ASSIGN(const sdn::Table possible, rows.expect_table());
//
// The language is described in docs/sdn.md. A Document that exists is valid throughout: nothing is
// parsed lazily, and its views never fail. It borrows its text: every string without escapes points
// there, so the text must outlive the document and must not change meanwhile. parse_owned() keeps
// the text inside the document instead.
//
// Parsing is linear in the text, allocates per document and not per value, and recurses no deeper
// than Limits::depth, whatever the text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/diagnostic.h"
#include "runtime/sdn/value.h"

namespace smf::sdn {

// Text that strict mode accepts means the same in lenient mode, without a warning.
enum class Mode : std::uint8_t {
  kStrict,   // what is not in docs/sdn.md is an error
  kLenient,  // also lists of YAML, sections of TOML and so on, each with a warning
  // What the first implementation of SDN makes of a text, characters it loses included: for
  // comparing, not for use. It warns of what is lost.
  kUpstream,
};

// What a text may ask for; more is an error of kind kLimit. The ceilings are what the form in
// memory can hold: a limit above one is kInvalidArgument.
struct Limits {
  std::uint32_t depth = 50;  // blocks, brackets and tables around a value, the document not counted
  std::uint64_t string_bytes = std::uint64_t{1} << 20;  // of one string or key, after escapes
  std::uint64_t values = 16'000'000;  // table cells, array elements and dict entries together
  std::uint64_t text_bytes = kTextCeiling;
  std::uint32_t warnings = 100;  // kept; further ones are only counted

  static constexpr std::uint32_t kDepthCeiling = 1000;
  static constexpr std::uint64_t kStringCeiling = internal::kMaxNodeLength;
  static constexpr std::uint64_t kValuesCeiling = std::uint64_t{1} << 30;
  static constexpr std::uint64_t kTextCeiling = 0xFFFF'FFFF;
  static constexpr std::uint32_t kWarningsCeiling = 10'000;
};

struct ParseOptions {
  Mode mode = Mode::kStrict;
  Limits limits{};
};

// A parsed text; move-only. Const throughout, so it may be read from any number of threads.
class Document {
 public:
  explicit Document(std::unique_ptr<internal::Storage> storage) : storage_(std::move(storage)) {}

  // The whole document, a dict.
  Value root() const { return {storage_.get(), &storage_->root}; }
  Dict dict() const { return *root().as_dict(); }
  // root().get(path).
  Result<Value> get(std::string_view path) const { return root().get(path); }
  // The text as given to parse.
  std::string_view text() const { return storage_->text; }
  // What other modes than strict let pass, in the order of the text: as many as Limits::warnings.
  std::span<const Diagnostic> warnings() const { return storage_->warnings; }
  // How many there were.
  std::uint64_t warning_count() const { return storage_->warning_count; }
  // Whether strict mode would read the same from the text: it was read so, or in lenient mode
  // without a warning.
  bool is_strict() const { return storage_->has_spans && storage_->warning_count == 0; }
  // Line and column of a byte of the text. Linear in the offset.
  Position position(std::uint64_t offset) const { return position_of(text(), offset); }

 private:
  std::unique_ptr<internal::Storage> storage_;
};

// Parses `text`, which the document borrows: it must outlive the document, unchanged. Errors say
// "LINE:COLUMN: message", with the offset in Error::offset; `diagnostic`, where given, then also
// receives the kind, the position and the line. kOutOfMemory if memory runs out. Thread-safe.
Result<Document> parse(std::string_view text, const ParseOptions& options = {},
                       Diagnostic* diagnostic = nullptr);

// The same with a text that the document keeps.
Result<Document> parse_owned(std::string text, const ParseOptions& options = {},
                             Diagnostic* diagnostic = nullptr);

}  // namespace smf::sdn
