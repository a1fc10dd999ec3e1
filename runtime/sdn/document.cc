#include "runtime/sdn/document.h"

#include <fmt/format.h>

#include <new>
#include <optional>
#include <utility>

#include "runtime/sdn/parser.h"
#include "runtime/sdn/text_check.h"
#include "runtime/sdn/upstream_parser.h"

namespace smf::sdn {
namespace {

using internal::Mistake;
using internal::Storage;
using internal::Warnings;

std::optional<Mistake> run(Storage& storage, const ParseOptions& options, Warnings& warnings) {
  const Limits& limits = options.limits;
  if (storage.text.size() > limits.text_bytes) {
    return Mistake{ErrorKind::kLimit, limits.text_bytes,
                   fmt::format("a text longer than {} bytes", limits.text_bytes)};
  }
  if (options.mode == Mode::kUpstream) {
    storage.has_spans = false;
    return internal::parse_upstream(storage, limits, warnings);
  }
  if (const auto bad = find_bad_byte(storage.text)) {
    return Mistake{ErrorKind::kSyntax, bad->offset,
                   fmt::format("found {}, expected UTF-8 text", bad->what)};
  }
  internal::Parser parser(storage, limits, options.mode == Mode::kLenient ? &warnings : nullptr);
  if (parser.run()) return std::nullopt;
  return parser.mistake();
}

Result<Document> parse_storage(std::unique_ptr<Storage> storage, const ParseOptions& options,
                               Diagnostic* diagnostic) {
  const Limits& limits = options.limits;
  if (limits.depth > Limits::kDepthCeiling || limits.string_bytes > Limits::kStringCeiling ||
      limits.values > Limits::kValuesCeiling || limits.text_bytes > Limits::kTextCeiling ||
      limits.warnings > Limits::kWarningsCeiling) {
    return fail(ErrorCode::kInvalidArgument, "a limit for SDN text is above its ceiling");
  }
  Warnings warnings(limits.warnings);
  const auto mistake = run(*storage, options, warnings);
  if (!mistake) {
    storage->warning_count = warnings.count();
    storage->warnings = std::move(warnings).diagnose(storage->text);
    return Document(std::move(storage));
  }
  Diagnostic report = diagnose(storage->text, mistake->offset, mistake->kind, mistake->message);
  Error error = report.to_error();
  if (diagnostic != nullptr) *diagnostic = std::move(report);
  return std::unexpected(std::move(error));
}

}  // namespace

Result<Document> parse(std::string_view text, const ParseOptions& options,
                       Diagnostic* diagnostic) try {
  auto storage = std::make_unique<Storage>();
  storage->text = text;
  return parse_storage(std::move(storage), options, diagnostic);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the values of an SDN text");
}

Result<Document> parse_owned(std::string text, const ParseOptions& options,
                             Diagnostic* diagnostic) try {
  auto storage = std::make_unique<Storage>();
  storage->owned_text = std::move(text);
  storage->text = storage->owned_text;
  return parse_storage(std::move(storage), options, diagnostic);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the values of an SDN text");
}

}  // namespace smf::sdn
