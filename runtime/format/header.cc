#include "runtime/format/header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "runtime/format/layout.h"
#include "runtime/format/tables.h"

namespace smf {
namespace {

// A place where a header may stand, in the order they are tried. For equally good candidates the
// order means nothing: a tie is refused.
struct Place {
  Dialect dialect;
  bool at_end;
};
constexpr Place kPlaces[] = {{Dialect::kP128, true},
                             {Dialect::kH96, false},
                             {Dialect::kH72, false},
                             {Dialect::kH96T, true},
                             {Dialect::kP128, false}};

// What became of a place: how far the checks came orders the errors.
struct Attempt {
  Header header;
  std::optional<Error> error;
  std::uint64_t progress = 0;  // 0: no magic there; 1: magic; 2 + n: n sections were good
};

using Attempts = std::array<Attempt, std::size(kPlaces)>;

std::string place_name(const Place& place) {
  const bool is_usual =
      place.at_end == (place.dialect != Dialect::kH96 && place.dialect != Dialect::kH72);
  return fmt::format("{}{}", dialect_name(place.dialect), is_usual ? "" : " at the start");
}

template <typename Layout>
void copy_common(const Layout& from, Header& to) {
  to.major = from.major;
  to.minor = from.minor;
  to.platform = from.platform;
  to.arch = from.arch;
  to.flags = from.flags;
  to.section_count = from.section_count;
  to.section_table = from.section_table_offset;
  to.symbol_table = from.symbol_table_offset;
  to.symbol_count = from.symbol_count;
  to.exported_count = from.exported_count;
  to.entry_point = from.entry_point;
  to.module_hash = from.module_hash;
  to.source_hash = from.source_hash;
}

template <typename Layout>
void copy_newer(const Layout& from, Header& to) {
  copy_common(from, to);
  to.compression = from.compression;
  to.level = from.level;
  to.stub_size = from.stub_size;
  to.base = from.smf_data_offset;
  to.app_type = from.app_type;
  to.window_width = from.window_width;
  to.window_height = from.window_height;
  to.prefetch_hint = from.prefetch_hint;
  to.prefetch_file_count = from.prefetch_file_count;
}

// The fields as they stand; table offsets still count from the base.
Header decode(Bytes file, Dialect dialect, std::uint64_t offset) {
  Header header{.dialect = dialect, .header_offset = offset};
  switch (dialect) {
    case Dialect::kP128: {
      const auto raw = load<layout::HeaderP128>(file, offset);
      copy_newer(raw, header);
      std::memcpy(header.options_hash.data(), raw.options_hash, sizeof raw.options_hash);
      break;
    }
    case Dialect::kH96:
    case Dialect::kH96T:
      copy_newer(load<layout::HeaderH96>(file, offset), header);
      break;
    case Dialect::kH72:
      copy_common(load<layout::HeaderH72>(file, offset), header);
      break;
  }
  return header;
}

bool has_magic(Bytes file, std::uint64_t offset) {
  return in_range(offset, sizeof layout::kMagic, file.size()) &&
         std::memcmp(file.data() + offset, layout::kMagic, sizeof layout::kMagic) == 0;
}

// Where the header fields stand that messages are about, from the start of the header.
struct FieldOffsets {
  std::uint64_t section_count, section_table, symbol_table, base;
};
FieldOffsets field_offsets(Dialect dialect) {
  const auto of = [](auto layout) -> FieldOffsets {
    using Layout = decltype(layout);
    std::uint64_t base = 0;
    if constexpr (requires { layout.smf_data_offset; }) base = offsetof(Layout, smf_data_offset);
    return {.section_count = offsetof(Layout, section_count),
            .section_table = offsetof(Layout, section_table_offset),
            .symbol_table = offsetof(Layout, symbol_table_offset),
            .base = base};
  };
  switch (dialect) {
    case Dialect::kP128:
      return of(layout::HeaderP128{});
    case Dialect::kH72:
      return of(layout::HeaderH72{});
    default:
      return of(layout::HeaderH96{});
  }
}

// Whether a table of `count` entries stands where a header at the start of the file does.
bool is_inside_header(const Header& header, std::uint64_t table, std::uint32_t count,
                      bool at_start) {
  return at_start && count > 0 && header.base + table < header.header_size();
}

// Turns the table offsets into file offsets and finds the string area.
Result<void> place_tables(Header& header, std::uint64_t end, bool at_start) {
  const std::uint64_t at = header.header_offset;
  const FieldOffsets fields = field_offsets(header.dialect);
  if (header.major > 1) {
    return fail_at(at + offsetof(layout::HeaderP128, major),
                   fmt::format("format version {}.{}: this build reads major versions 0 and 1",
                               header.major, header.minor),
                   ErrorCode::kUnsupported);
  }
  if (header.base > end || header.stub_size > end) {
    return fail_at(at + fields.base,
                   fmt::format("module data starts at 0x{:x} behind a stub of 0x{:x} bytes; "
                               "the file ends at 0x{:x}",
                               header.base, header.stub_size, end));
  }
  const std::uint64_t room = end - header.base;
  if (header.section_count > 0xFFFF) {
    return fail_at(at + fields.section_count,
                   fmt::format("{} sections; the limit is 65535", header.section_count),
                   ErrorCode::kLimit);
  }
  if (!in_range(header.section_table, header.section_count * header.section_entry_size(), room)) {
    return fail_at(at + fields.section_table,
                   fmt::format("table of {} sections at 0x{:x} ends past the file",
                               header.section_count, header.section_table));
  }
  if (is_inside_header(header, header.section_table, header.section_count, at_start)) {
    return fail_at(
        at + fields.section_table,
        fmt::format("table of sections at 0x{:x} lies inside the header", header.section_table));
  }
  header.section_table += header.base;
  header.strings_begin = header.strings_end = end;
  if (header.symbol_count == 0) {
    header.symbol_table = end;
    return {};
  }
  const std::uint64_t symbols = header.symbol_count * header.symbol_entry_size();
  if (!in_range(header.symbol_table, symbols, room)) {
    return fail_at(at + fields.symbol_table,
                   fmt::format("table of {} symbols at 0x{:x} ends past the file",
                               header.symbol_count, header.symbol_table));
  }
  if (is_inside_header(header, header.symbol_table, header.symbol_count, at_start)) {
    return fail_at(
        at + fields.symbol_table,
        fmt::format("table of symbols at 0x{:x} lies inside the header", header.symbol_table));
  }
  header.symbol_table += header.base;
  header.strings_begin = header.symbol_table + symbols;
  return {};
}

Attempt attempt(Bytes file, const Place& place) {
  Attempt result;
  Header probe{.dialect = place.dialect};
  const std::uint64_t size = probe.header_size();
  if (file.size() < size || !has_magic(file, place.at_end ? file.size() - size : 0)) {
    result.error = Error{.message = "no magic"};
    return result;
  }
  result.progress = 1;
  result.header = decode(file, place.dialect, place.at_end ? file.size() - size : 0);
  const std::uint64_t end = place.at_end ? result.header.header_offset : file.size();
  if (auto placed = place_tables(result.header, end, !place.at_end); !placed) {
    result.error = std::move(placed).error();
    return result;
  }
  for (std::uint32_t i = 0; i < result.header.section_count; ++i) {
    result.progress = 2 + i;
    if (auto section = load_section(file, result.header, i); !section) {
      result.error = std::move(section).error();
      return result;
    }
  }
  return result;
}

// Whether the symbols looked at make sense, and whether the file ends where the last name does.
struct Plausibility {
  bool good = false;
  bool exact = false;
};

// Without symbols: whether header, section table and payloads account for the file to its end.
// Where there is nothing but a header and they do not, the candidate explains nothing.
Plausibility account_for(Bytes file, const Header& header) {
  std::uint64_t last_end = header.is_at_start() ? header.header_size() : header.base;
  if (header.section_count > 0) {
    last_end = std::max(last_end,
                        header.section_table + header.section_count * header.section_entry_size());
  }
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    if (const auto section = load_section(file, header, i))
      last_end = std::max(last_end, section->offset + section->size);
  }
  const bool exact = last_end == header.strings_end;
  return {.good = exact || header.section_count > 0, .exact = exact};
}

Plausibility sample_symbols(Bytes file, const Header& header) {
  const std::uint32_t count = header.symbol_count;
  if (count == 0) return account_for(file, header);
  std::uint64_t last_end = 0;
  const std::uint32_t samples = std::min<std::uint32_t>(count, kNameSamples);
  for (std::uint32_t i = 0; i < samples; ++i) {
    // Half of them at the end, where the last names are; the others spread over the table.
    const std::uint32_t index = count <= kNameSamples ? i
                                : i < kNameSamples / 2
                                    ? static_cast<std::uint32_t>(std::uint64_t{i} * count / samples)
                                    : count - 1 - (i - kNameSamples / 2);
    const auto symbol = load_symbol(file, header, index);
    if (!symbol) return {};
    const auto* begin = reinterpret_cast<const std::byte*>(symbol->name.data());
    last_end = std::max<std::uint64_t>(last_end, (begin - file.data()) + symbol->name.size() + 1);
  }
  return {.good = true, .exact = last_end == header.strings_end};
}

bool types_are_known(Bytes file, const Header& header) {
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    const auto section = load_section(file, header, i);
    if (!section || section->type == 0 ||
        section->type > static_cast<std::uint8_t>(SectionType::kAspectPackDirectory))
      return false;
  }
  return true;
}

bool is_h64(Bytes file) {
  return file.size() >= 24 && has_magic(file, 0) && load<std::uint64_t>(file, 16) == 64 &&
         file[6] == std::byte{0} && file[7] == std::byte{0};
}

// The error of the candidate that came furthest, and in a few words that of the others.
std::unexpected<Error> explain(Bytes file, const Attempts& attempts) {
  if (is_h64(file)) {
    return fail_at(16,
                   "header of the H64 dialect: an old linker wrote it with wrong offsets, and "
                   "its modules cannot be loaded",
                   ErrorCode::kUnsupported);
  }
  const auto best = std::ranges::max_element(attempts, {}, &Attempt::progress);
  if (best->progress == 0) {
    return fail_at(0, fmt::format("no SMF header at the start or the end of {} bytes "
                                  "(magic 53 4d 46 00)",
                                  file.size()));
  }
  Error error = *best->error;
  error.message =
      fmt::format("{} (read as {}", error.message, place_name(kPlaces[best - attempts.begin()]));
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const Attempt& other = attempts[i];
    if (&other != &*best && other.progress > 0) {
      error.message += fmt::format("; as {}: {} at 0x{:x}", place_name(kPlaces[i]),
                                   other.error->message, other.error->offset.value_or(0));
    }
  }
  error.message += ")";
  return std::unexpected(std::move(error));
}

// Among several candidates whose tables validate, the one that explains the symbols best. Known
// types come last: a module with a type of its own that holds another module is still itself.
Result<Header> choose(Bytes file, const Attempts& attempts) {
  const Attempt *plausible = nullptr, *exact = nullptr, *known = nullptr;
  int plausible_count = 0, exact_count = 0, known_count = 0;
  std::string names;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (attempts[i].error) continue;
    names += (names.empty() ? "" : " and as ") + place_name(kPlaces[i]);
    const Plausibility symbols = sample_symbols(file, attempts[i].header);
    if (!symbols.good) continue;
    ++plausible_count;
    plausible = &attempts[i];
    if (symbols.exact) {
      ++exact_count;
      exact = &attempts[i];
    }
    if (types_are_known(file, attempts[i].header)) {
      ++known_count;
      known = &attempts[i];
    }
  }
  if (plausible_count == 1) return plausible->header;
  if (exact_count == 1) return exact->header;
  if (exact_count == 0 && known_count == 1) return known->header;
  return fail_at(0, fmt::format("reads as {} equally well; refusing to guess", names));
}

// Whether an attempt read the very header that an earlier one took: a file that is all header,
// whose start is its end.
bool is_taken(const Attempts& attempts, std::size_t index) {
  const Header& header = attempts[index].header;
  for (std::size_t i = 0; i < index; ++i) {
    const Header& other = attempts[i].header;
    if (!attempts[i].error && other.header_offset == header.header_offset &&
        other.header_size() == header.header_size())
      return true;
  }
  return false;
}

}  // namespace

std::uint64_t Header::header_size() const {
  switch (dialect) {
    case Dialect::kP128:
      return sizeof(layout::HeaderP128);
    case Dialect::kH72:
      return sizeof(layout::HeaderH72);
    default:
      return sizeof(layout::HeaderH96);
  }
}

std::uint64_t Header::section_entry_size() const {
  return dialect == Dialect::kP128 ? layout::kSectionEntryP128 : sizeof(layout::SectionEntry);
}

std::uint64_t Header::symbol_entry_size() const {
  return dialect == Dialect::kH72 ? sizeof(layout::SymbolEntryH72) : sizeof(layout::SymbolEntry);
}

Result<Header> reread_header(Bytes file, Dialect dialect, bool is_at_start) {
  Header header{.dialect = dialect};
  const std::uint64_t offset = is_at_start ? 0 : file.size() - header.header_size();
  header = decode(file, dialect, offset);
  SMF_TRY(place_tables(header, is_at_start ? file.size() : offset, is_at_start));
  return header;
}

Result<Header> find_header(Bytes file) {
  Attempts attempts;
  const Attempt* good = nullptr;
  int good_count = 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    attempts[i] = attempt(file, kPlaces[i]);
    if (!attempts[i].error && is_taken(attempts, i))
      attempts[i] = {.header = {}, .error = Error{.message = "read already"}};
    if (attempts[i].error) continue;
    if (good_count++ == 0) good = &attempts[i];
  }
  if (good_count == 0) return explain(file, attempts);
  return good_count == 1 ? good->header : choose(file, attempts);
}

}  // namespace smf
