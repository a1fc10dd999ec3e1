#include "runtime/format/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <vector>

#include "runtime/base/fences.h"
#include "runtime/base/hash.h"
#include "runtime/format/layout.h"

namespace smf {
namespace {

constexpr std::string_view kTerminator = "# END_NOTE";
constexpr std::string_view kRelocPrefix = ".rela";

bool is_loadable(const Section& section) {
  return section.is(SectionType::kCode) || section.is(SectionType::kData) ||
         section.is(SectionType::kRoData);
}

std::unexpected<Error> overlap(const Section& a, const Section& b) {
  return fail_at(b.entry_offset,
                 fmt::format("section {} '{}' overlaps section {} '{}' at 0x{:x}", b.index,
                             b.name(), a.index, a.name(), std::max(a.offset, b.offset)));
}

}  // namespace

int symbol_rank(const Symbol& symbol) {
  if (!symbol.is_defined()) return 3;
  switch (symbol.binding) {
    case Binding::kGlobal:
      return 0;
    case Binding::kWeak:
      return 1;
    case Binding::kLocal:
      return 2;
  }
  return 3;
}

std::optional<std::string_view> terminated_note(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  for (std::size_t at = text.find(kTerminator); at != std::string_view::npos;
       at = text.find(kTerminator, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    // Rows that another process appended in place were written before this terminator line.
    acquire_fence();
    const std::size_t end = at + kTerminator.size();
    if (end == text.size()) return text;
    if (text[end] == '\n') return text.substr(0, end + 1);
    if (text[end] == '\r' || text[end] == ' ' || text[end] == '\0') return text.substr(0, end);
  }
  return std::nullopt;
}

Result<SmfView> SmfView::open(Bytes file) try {
  SMF_ASSIGN(const Header header, find_header(file));
  SmfView view(file, header);
  SMF_TRY(view.check_sections());
  SMF_TRY(view.check_entry_point());
  SMF_ASSIGN(const auto index, view.find_section(kSymbolIndexSection));
  view.index_section_ = header.section_count;
  if (index && !index->compressed) view.open_index(*index);
  return view;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to check the section table");
}

void SmfView::open_index(const Section& section) {
  index_ = SymbolIndex::open(stored(section), header_.symbol_count);
  if (index_) index_section_ = section.index;
}

SmfView::Opened SmfView::opened() const {
  return {.code_size = code_size_,
          .index_section = index_section_,
          .dialect = header_.dialect,
          .is_at_start = header_.is_at_start()};
}

SmfView SmfView::reopen(Bytes file, const Opened& opened) {
  const auto header = reread_header(file, opened.dialect, opened.is_at_start);
  SMF_CHECK(header);
  SmfView view(file, *header);
  view.code_size_ = opened.code_size;
  view.index_section_ = opened.index_section;
  if (opened.index_section < header->section_count) {
    const auto index = view.section(opened.index_section);
    SMF_CHECK(index);
    view.open_index(*index);
  }
  return view;
}

Result<void> SmfView::check_sections() {
  std::uint64_t last_end = 0;
  bool is_ordered = true;
  for (std::uint32_t i = 0; i < section_count(); ++i) {
    SMF_ASSIGN(const Section entry, section(i));
    if (entry.is(SectionType::kCode)) {
      if (entry.flags & kSectionWrite) {
        return fail_at(entry.entry_offset + offsetof(layout::SectionEntry, flags),
                       fmt::format("code section {} '{}' is writable", i, entry.name()));
      }
      if (entry.memory_size() > UINT64_MAX - code_size_)
        return fail_at(entry.entry_offset, "code sections are larger than the address space");
      code_size_ += entry.memory_size();
    }
    if (!is_loadable(entry) || entry.size == 0) continue;
    is_ordered = is_ordered && entry.offset >= last_end;
    last_end = entry.offset + entry.size;
  }
  return is_ordered ? Result<void>() : check_overlaps();
}

Result<void> SmfView::check_overlaps() const {
  std::vector<Section> sections;
  for (std::uint32_t i = 0; i < section_count(); ++i) {
    SMF_ASSIGN(const Section entry, section(i));
    if (is_loadable(entry) && entry.size > 0) sections.push_back(entry);
  }
  std::ranges::sort(sections, {}, &Section::offset);
  for (std::size_t i = 1; i < sections.size(); ++i) {
    const Section& before = sections[i - 1];
    if (before.offset + before.size > sections[i].offset) return overlap(before, sections[i]);
  }
  return {};
}

Result<void> SmfView::check_entry_point() const {
  const bool is_used = (header_.flags & kModuleExecutable) != 0 || header_.entry_point != 0;
  if (!is_used || header_.entry_point < code_size_) return {};
  return fail_at(header_.header_offset, fmt::format("entry point 0x{:x} lies outside the 0x{:x} "
                                                    "bytes of code",
                                                    header_.entry_point, code_size_));
}

Result<std::optional<Section>> SmfView::find_section(std::string_view name) const {
  for (std::uint32_t i = 0; i < section_count(); ++i) {
    SMF_ASSIGN(const Section entry, section(i));
    if (entry.name() == name) return entry;
  }
  return std::nullopt;
}

Bytes SmfView::stored(const Section& section) const {
  SMF_CHECK(in_range(section.offset, section.size, file_.size()));
  return file_.subspan(section.offset, section.size);
}

Result<void> SmfView::check_symbol_value(const Symbol& symbol) const {
  std::uint64_t room = 0;
  if (symbol.section) {
    SMF_ASSIGN(const Section holder, section(*symbol.section));
    room = holder.memory_size();
  } else if (header_.dialect != Dialect::kP128 && symbol.type == SymbolType::kFunction &&
             symbol.is_defined() && !symbol.is_template()) {
    room = code_size_;
  } else {
    return {};
  }
  if (in_range(symbol.value, symbol.size, room)) return {};
  return fail_at(symbol.entry_offset + offsetof(layout::SymbolEntryH72, value),
                 fmt::format("symbol {} '{}' covers 0x{:x} to 0x{:x} of 0x{:x} bytes", symbol.index,
                             symbol.name, symbol.value, symbol.value + symbol.size, room));
}

Result<Symbol> SmfView::symbol(std::uint32_t index) const {
  SMF_ASSIGN(const Symbol symbol, load_symbol(file_, header_, index));
  SMF_TRY(check_symbol_value(symbol));
  return symbol;
}

Result<std::optional<Symbol>> SmfView::find_symbol(std::string_view name) const {
  if (index_) {
    auto candidates = index_->find(name);
    while (const auto i = candidates.next()) {
      SMF_ASSIGN(const Symbol found, symbol(*i));
      if (found.name == name) return found;
    }
    return std::nullopt;
  }
  const std::uint32_t hash = fnv1a_32(name);
  std::optional<Symbol> best;
  for (std::uint32_t i = 0; i < symbol_count(); ++i) {
    const std::uint32_t stored_hash = load_symbol_hash(file_, header_, i);
    if (stored_hash != hash && stored_hash != 0) continue;
    SMF_ASSIGN(const Symbol found, symbol(i));
    if (found.name != name) continue;
    if (!best || symbol_rank(found) < symbol_rank(*best)) best = found;
    if (symbol_rank(*best) == 0) break;
  }
  return best;
}

std::uint64_t SmfView::relocation_count(const Section& section) {
  return section.is(SectionType::kReloc) ? section.size / sizeof(layout::RelocationEntry) : 0;
}

Result<std::uint64_t> SmfView::relocation_target_size(const Section& section) const {
  if (section.flags & kSectionCompressed) {
    return fail_at(section.entry_offset,
                   fmt::format("relocations '{}' are flagged compressed, which they never are",
                               section.name()));
  }
  std::string_view target = section.name();
  if (target.starts_with(kRelocPrefix)) target.remove_prefix(kRelocPrefix.size());
  if (target.starts_with('.')) {
    SMF_ASSIGN(const auto found, find_section(target.substr(1)));
    if (found) return found->memory_size();
    return fail_at(section.entry_offset,
                   fmt::format("relocations '{}' are about a section '{}' that is not there",
                               section.name(), target.substr(1)));
  }
  return code_size_;
}

Result<Relocation> SmfView::relocation(const Section& section, std::uint64_t index) const {
  SMF_ASSIGN(const std::uint64_t target_size, relocation_target_size(section));
  return relocation(section, index, target_size);
}

Result<std::optional<std::string_view>> SmfView::note() const {
  for (std::uint32_t i = 0; i < section_count(); ++i) {
    SMF_ASSIGN(const Section entry, section(i));
    if (!entry.is_note()) continue;
    // A trailer is no part of the note, whatever its bytes.
    const std::uint64_t end = std::max(header_.strings_end, entry.offset);
    const std::uint64_t rest = end - entry.offset;
    const Bytes bytes = file_.subspan(
        entry.offset, entry.size != 0 ? entry.size : std::min<std::uint64_t>(rest, kMaxNoteBytes));
    const auto text = terminated_note(bytes);
    if (!text && entry.size == 0) {
      return fail_at(entry.offset, "the note records no size, and no line '# END_NOTE' follows");
    }
    return text.value_or(as_text(bytes));
  }
  return std::nullopt;
}

}  // namespace smf
