#include "runtime/mir/check_templates.h"

#include <fmt/format.h>

#include <new>
#include <optional>
#include <string>
#include <utility>

#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/template_source.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

std::unexpected<Error> differs(const char* what) {
  return fail(ErrorCode::kInvalidInput, fmt::format("its body has another {}", what));
}

Result<void> check_frame(const TemplateEntry& entry, const Unit& body) {
  if (entry.kind == static_cast<std::uint8_t>(TemplateKind::kFunction)) {
    if (body.functions.size() != 1) return differs("kind");
    const Function& function = body.functions.front();
    if (body.string(function.name) != entry.name) return differs("name");
    if (function.parameters.count != entry.parameter_count) return differs("number of parameters");
    return {};
  }
  if (body.definitions.empty() || !body.functions.empty()) return differs("kind");
  const Definition& definition = body.definitions.front();
  const bool is_enum = entry.kind == static_cast<std::uint8_t>(TemplateKind::kEnum);
  if (definition.is_enum != is_enum) return differs("kind");
  if (body.string(definition.name) != entry.name) return differs("name");
  if (definition.parameters.count != entry.parameter_count) return differs("number of parameters");
  return {};
}

Result<void> add(Program& program, const TemplateEntry& entry) {
  SMF_ASSIGN(Unit body, read_body(entry.body));
  SMF_TRY(check_frame(entry, body));
  return program.add(std::move(body));
}

Result<void> verify_general(Program& program, Layouts& layouts, std::string_view name) {
  SMF_ASSIGN(const FunctionId function, program.check(name));
  return verify(program, layouts, function);
}

// Of a definition, whether it has a size: with the plainest arguments, which meet every constraint.
Result<void> lay_out_plain(Program& program, Layouts& layouts, const TemplateEntry& entry) {
  std::string expression(entry.name);
  for (unsigned i = 0; i != entry.parameter_count; ++i) expression += i == 0 ? "<i64" : ",i64";
  const auto type = program.type(expression + ">");
  if (!type) return {};  // a name that no expression can have
  SMF_TRY(layouts.of(*type));
  return {};
}

Result<void> check_one(Program& program, Layouts& layouts, const TemplateEntry& entry) {
  return entry.kind == static_cast<std::uint8_t>(TemplateKind::kFunction)
             ? verify_general(program, layouts, entry.name)
             : lay_out_plain(program, layouts, entry);
}

}  // namespace

Result<std::vector<TemplateFinding>> check_templates(std::span<const TemplateEntry> templates) try {
  std::vector<std::optional<Error>> errors(templates.size());
  const auto note = [&](std::size_t i, const Result<void>& done) {
    if (!done) errors[i] = done.error();
  };
  Program program;
  Layouts layouts(program);
  for (std::size_t i = 0; i != templates.size(); ++i)
    if (!templates[i].body.empty()) note(i, add(program, templates[i]));
  for (std::size_t i = 0; i != templates.size(); ++i) {
    if (errors[i] || templates[i].body.empty()) continue;
    note(i, check_one(program, layouts, templates[i]));
  }
  std::vector<TemplateFinding> findings;
  for (std::size_t i = 0; i != errors.size(); ++i) {
    if (!errors[i]) continue;
    if (errors[i]->code == ErrorCode::kOutOfMemory) return std::unexpected(*std::move(errors[i]));
    findings.push_back({i, *std::move(errors[i])});
  }
  return findings;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to check the templates");
}

Result<void> verify_templates(const SmfView& view, const VerifyOptions& options,
                              VerifyReport& report) {
  const auto section = view.find_section(kTemplateCodeSection);
  if (!section || !*section) return {};
  ByteVector storage;
  Bytes content = view.stored(**section);
  if ((*section)->compressed) {
    auto expanded = decompress(content, (*section)->virtual_size, options.limits);
    if (!expanded) return {};
    storage = *std::move(expanded);
    content = storage;
  }
  const auto templates = read_templates(content);
  if (!templates) return {};
  SMF_ASSIGN(const std::vector<TemplateFinding> findings, check_templates(*templates));
  for (const TemplateFinding& finding : findings) {
    const TemplateEntry& entry = (*templates)[finding.index];
    std::uint64_t offset = (*section)->offset;
    // In what is compressed there are no offsets of the file.
    if (!(*section)->compressed) {
      offset += static_cast<std::uint64_t>(entry.body.data() - content.data()) +
                finding.error.offset.value_or(0);
    }
    const bool is_foreign = finding.error.code == ErrorCode::kUnsupported;
    report.add({is_foreign ? Severity::kNote : Severity::kError, offset,
                fmt::format("template '{}': {}", entry.name, finding.error.message)},
               options.max_findings);
  }
  return {};
}

}  // namespace smf::mir
