#include "runtime/format/golden_reading.h"

#include "runtime/format/compression.h"

namespace smf {
namespace {

constexpr DecompressionLimits kSmallLimits{
    .max_bytes = 1u << 16, .max_ratio = 1000, .ratio_floor = 1u << 12, .max_window_log = 17};
// Hostile tables may claim to be long; their first entries and the last are as good as all.
constexpr std::uint64_t kMostEntries = 4096;

template <typename T>
bool note(Walk& walk, const Result<T>& result) {
  if (result) {
    ++walk.good;
    return true;
  }
  ++walk.refused;
  if (walk.complaint.empty()) walk.complaint = complaint_about(result.error());
  return false;
}

// Reads every byte, for the sanitizers.
std::uint8_t touch(Bytes bytes) {
  volatile std::uint8_t sum = 0;
  for (const std::byte byte : bytes) sum = sum ^ static_cast<std::uint8_t>(byte);
  return sum;
}

void walk_section(const SmfView& view, const Section& section, Walk& walk) {
  touch(view.stored(section));
  touch(as_bytes(section.name()));
  if (section.compressed)
    note(walk, decompress(view.stored(section), section.virtual_size, kSmallLimits));
  if (!section.is(SectionType::kReloc)) return;
  note(walk, view.relocation_target_size(section));
  const std::uint64_t count = SmfView::relocation_count(section);
  for (std::uint64_t i = 0; i < count && i < kMostEntries; ++i)
    note(walk, view.relocation(section, i));
  if (count > kMostEntries) note(walk, view.relocation(section, count - 1));
}

}  // namespace

std::string complaint_about(const Error& error) {
  if (error.message.empty()) return "an error without a message";
  if (error.code == ErrorCode::kInvalidInput && !error.offset) return "no offset: " + error.message;
  return "";
}

Walk walk_everything(const SmfView& view) {
  Walk walk;
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    const auto section = view.section(i);
    if (note(walk, section)) walk_section(view, *section, walk);
  }
  for (std::uint32_t i = 0; i < view.symbol_count() && i < kMostEntries; ++i) {
    const auto symbol = view.symbol(i);
    if (note(walk, symbol)) touch(as_bytes(symbol->name));
  }
  const auto text = view.note();
  if (note(walk, text) && *text) touch(as_bytes(**text));
  for (const std::string_view name : {"main", "puts", "helper", "", "absent"}) {
    const auto symbol = view.find_symbol(name);
    if (note(walk, symbol) && *symbol) touch(as_bytes((*symbol)->name));
  }
  for (const std::string_view name : {"code", "note.sdn", "absent"})
    note(walk, view.find_section(name));
  return walk;
}

bool is_same_reopened(const SmfView& view) {
  const SmfView again = SmfView::reopen(view.file(), view.opened());
  return again.header() == view.header() && again.code_size() == view.code_size() &&
         again.has_symbol_index() == view.has_symbol_index();
}

}  // namespace smf
