#include "smftool/inspection.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "runtime/format/compression.h"
#include "runtime/format/hashes.h"
#include "runtime/mir/template_source.h"
#include "runtime/mir/text.h"
#include "runtime/persisted/reader.h"

namespace smf::tool {
namespace {

// Larger modules are for `verify` to hash: looking at one should not mean reading all of it.
constexpr std::uint64_t kHashedAtOnce = 4u << 20;

}  // namespace

std::string dialect_text(const Header& header) {
  return fmt::format("{}, version {}.{}", dialect_name(header.dialect), header.major, header.minor);
}

std::vector<std::pair<std::string, std::uint64_t>> count_symbols(const SmfView& view) {
  std::map<std::string, std::uint64_t> counts;
  for (std::uint32_t i = 0; i < view.symbol_count(); ++i) {
    const auto symbol = view.symbol(i);
    if (!symbol) {
      ++counts["broken"];
    } else if (!symbol->is_defined()) {
      ++counts["import"];
    } else if (symbol->is_template()) {
      ++counts["template"];
    } else {
      ++counts[symbol_type_name(symbol->type)];
    }
  }
  return {counts.begin(), counts.end()};
}

Result<Bytes> section_content(const SmfView& view, const Section& section, ByteVector& storage) {
  if (!section.compressed) return view.stored(section);
  auto content = decompress(view.stored(section), section.virtual_size);
  if (!content) {
    Error error = std::move(content).error();
    error.offset = section.offset + error.offset.value_or(0);
    return std::unexpected(std::move(error));
  }
  storage = *std::move(content);
  return Bytes(storage);
}

Result<std::vector<TemplateSummary>> summarise_templates(const SmfView& view, ByteVector& storage) {
  std::vector<TemplateSummary> summaries;
  SMF_ASSIGN(const auto section, view.find_section(kTemplateCodeSection));
  if (!section) return summaries;
  SMF_ASSIGN(const Bytes content, section_content(view, *section, storage));
  auto templates = read_templates(content);
  if (!templates) {
    Error error = std::move(templates).error();
    error.offset = section->offset + error.offset.value_or(0);
    return std::unexpected(std::move(error));
  }
  for (const TemplateEntry& entry : *templates) {
    TemplateSummary summary{.entry = entry, .signature = std::string(entry.name)};
    auto body = entry.body.empty() ? mir::Unit() : mir::read_body(entry.body);
    if (!body) {
      summary.error = std::move(body).error();
      if (summary.error->offset && !section->compressed) {
        *summary.error->offset +=
            section->offset + static_cast<std::uint64_t>(entry.body.data() - content.data());
      }
    } else if (!body->functions.empty()) {
      const mir::Function& function = body->functions.front();
      summary.signature = mir::heading(*body, function);
      summary.blocks = function.blocks.count;
      for (const mir::Block& block : mir::Unit::of(body->blocks, function.blocks))
        summary.instructions += block.instructions.count;
    } else if (!body->definitions.empty()) {
      summary.signature = mir::heading(*body, body->definitions.front());
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Result<std::optional<PersistedSummary>> summarise_persisted(const SmfView& view) {
  SMF_ASSIGN(const auto section, view.find_section(kJitRoomSection));
  if (!section) return std::nullopt;
  PersistedSummary summary;
  const Bytes bytes = section->compressed ? Bytes() : view.stored(*section);
  switch (jit_room_state(bytes)) {
    case JitRoomState::kAbsent:
      summary.problem = "the section is in another form";
      return summary;
    case JitRoomState::kNewer:
      summary.problem = "the section is of a later version";
      return summary;
    case JitRoomState::kUsable:
      break;
  }
  std::uint64_t at = kFirstEntry;
  while (const auto entry = EntryView::at(bytes, at)) {
    summary.entries.push_back({.offset = section->offset + at, .size = entry->size()});
    if (entry->is_sound()) summary.entries.back().code = entry->code();
    at += entry->size();
  }
  summary.room = bytes.size() - kFirstEntry;
  summary.used = at - kFirstEntry;
  return summary;
}

std::string function_names(const PersistedCode& code) {
  std::string names;
  for (std::uint32_t i = 0; i < code.function_count(); ++i) {
    const auto function = code.function(i);
    if (i > 0) names += ", ";
    names += function ? function->name : "?";
  }
  return names;
}

std::vector<std::string> oddities(const SmfView& view) {
  std::vector<std::string> found;
  const Header& header = view.header();
  if (header.dialect != Dialect::kP128) {
    found.push_back(fmt::format("dialect {}; 'smftool convert' gives version 1.1",
                                dialect_name(header.dialect)));
  } else if (header.major == 1 && header.minor > 1) {
    found.push_back(
        fmt::format("version 1.{} is newer than this program; what it does not know "
                    "is not shown",
                    header.minor));
  }
  if (header.module_hash != 0 && view.file().size() <= kHashedAtOnce) {
    const auto hashes = compute_hashes(view);
    if (hashes && hashes->module != header.module_hash)
      found.push_back(
          "the module hash is not the one this library computes: another writer's, or "
          "the file was changed");
  }
  return found;
}

}  // namespace smf::tool
