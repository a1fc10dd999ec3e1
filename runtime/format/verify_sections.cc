#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "runtime/format/hashes.h"
#include "runtime/format/module_spec.h"
#include "runtime/format/verifier.h"

namespace smf {
namespace {

constexpr std::uint64_t kDecompressStep = 1u << 20;

bool is_known_reserved(std::string_view name) {
  return is_derived_section(name) || name == kNoteIndexSection || name == kJitRoomSection;
}

std::string label(const Section& section) {
  return fmt::format("section {} '{}'", section.index, section.name());
}

}  // namespace

bool Verifier::is_ours() const {
  return std::ranges::any_of(
      sections_, [](const Section& s) { return s.name().starts_with(kReservedPrefix); });
}

void Verifier::check_sections() {
  std::unordered_set<std::string> names;
  for (std::uint32_t i = 0; i < view_.section_count(); ++i) {
    const auto section = view_.section(i);
    if (!section) {
      report(section.error());
      continue;
    }
    sections_.push_back(*section);
    check_section(*section);
    if (!names.insert(std::string(section->name())).second) {
      report(is_ours() ? Severity::kError : Severity::kWarning, section->entry_offset,
             fmt::format("{} has the name of an earlier section", label(*section)));
    }
  }
  check_extents();
}

void Verifier::check_section(const Section& section) {
  const bool is_unknown =
      section.type == 0 ||
      section.type > static_cast<std::uint8_t>(SectionType::kAspectPackDirectory);
  if (is_unknown) {
    report(Severity::kNote, section.entry_offset,
           fmt::format("{} has unknown type {}: kept, not checked", label(section), section.type));
  }
  const std::uint64_t alignment = std::max<std::uint64_t>(section.alignment, 1);
  if (section.size > 0 && (section.offset - view_.header().base) % alignment != 0) {
    report(is_ours() ? Severity::kError : Severity::kWarning, section.entry_offset,
           fmt::format("{} is not aligned to {} bytes", label(section), alignment));
  }
  if (section.name().starts_with(kReservedPrefix) && !is_known_reserved(section.name())) {
    report(Severity::kWarning, section.entry_offset,
           fmt::format("{} has a reserved name that this build does not know", label(section)));
  }
}

// Payloads of our own files share no byte with each other or with the tables.
void Verifier::check_extents() {
  struct Extent {
    std::uint64_t begin, end;
    std::string what;
  };
  const Header& header = view_.header();
  std::vector<Extent> extents;
  for (const Section& section : sections_) {
    if (section.size > 0)
      extents.push_back({section.offset, section.offset + section.size, label(section)});
  }
  const auto add = [&](std::uint64_t begin, std::uint64_t size, const char* what) {
    if (size > 0) extents.push_back({begin, begin + size, what});
  };
  add(header.header_offset, header.header_size(), "the header");
  add(header.section_table, header.section_count * header.section_entry_size(),
      "the section table");
  add(header.symbol_table, header.symbol_count * header.symbol_entry_size(), "the symbol table");
  std::ranges::sort(extents, {}, &Extent::begin);
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i - 1].end <= extents[i].begin) continue;
    report(is_ours() ? Severity::kError : Severity::kWarning, extents[i].begin,
           fmt::format("{} overlaps {}", extents[i].what, extents[i - 1].what));
  }
}

void Verifier::check_payloads() {
  ByteVector buffer;
  std::uint64_t total = 0, done = 0;
  for (const Section& section : sections_)
    total = saturating_sum(total, section.compressed ? section.virtual_size : 0);
  const auto checked = check_total(view_.file().size(), total, options_.limits);
  if (!checked) report(checked.error());
  for (const Section& section : sections_) {
    if (!section.compressed) {
      if ((section.flags & kSectionCompressed) && view_.header().dialect == Dialect::kP128) {
        report(Severity::kError, section.entry_offset,
               fmt::format("{} is flagged compressed, but the header names no algorithm",
                           label(section)));
      }
      continue;
    }
    if (!checked) continue;
    auto reader = SectionReader::open(view_.stored(section), section.virtual_size, options_.limits);
    if (!reader) {
      report(reader.error(), section.offset, label(section));
      continue;
    }
    for (std::uint64_t at = 0; at < reader->size(); at += buffer.size()) {
      buffer.resize(std::min(kDecompressStep, reader->size() - at));
      if (const auto read = reader->read(at, buffer); !read) {
        report(read.error(), section.offset, label(section));
        break;
      }
      done += buffer.size();
      if (options_.progress) options_.progress(done, total);
    }
    if (const auto empty = reader->check_empty_frames(); !empty)
      report(empty.error(), section.offset, label(section));
  }
}

void Verifier::check_section_hash(const Section& section, std::uint64_t expected) {
  if (is_mutable_section(section.name()) || section.name() == kHashSection) return;
  const std::uint64_t found = section.size == 0 ? xxh3_64({}) : xxh3_64(view_.stored(section));
  if (found == expected) return;
  report(Severity::kError, section.offset,
         fmt::format("{} has XXH3-64 0x{:016x}; '.smf.hash' says 0x{:016x}", label(section), found,
                     expected));
}

void Verifier::check_hashes() {
  const auto stored = stored_hashes(view_);
  if (!stored) report(stored.error());
  const auto computed = compute_hashes(view_);
  if (!computed) return;  // a section that cannot be read, which has been reported
  const Header& header = view_.header();
  if (stored && *stored) {
    for (const Section& section : sections_)
      check_section_hash(section, (*stored)->section(section.index));
    if (computed->content != (*stored)->content) {
      report(Severity::kError, header.base,
             fmt::format("content has XXH3-128 0x{:016x}{:016x}; '.smf.hash' says 0x{:016x}{:016x}",
                         computed->content.high, computed->content.low, (*stored)->content.high,
                         (*stored)->content.low));
    }
  }
  if (header.module_hash == computed->module) return;
  if (header.module_hash == 0) {
    report(Severity::kNote, header.header_offset, "module hash: none recorded, not checked");
    return;
  }
  report(is_ours() ? Severity::kError : Severity::kWarning, header.header_offset,
         fmt::format("module hash is 0x{:016x}; the XXH3-64 of the content is 0x{:016x}{}",
                     header.module_hash, computed->module,
                     is_ours() ? "" : " (another writer's hash, or a changed file)"));
}

}  // namespace smf
