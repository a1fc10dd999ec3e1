#include "runtime/format/elf/archive.h"

#include <ar.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace smf::elf {
namespace {

constexpr std::string_view kThinMagic = "!<thin>\n";
static_assert(sizeof(ar_hdr) == 60);

std::string_view trimmed(std::string_view field) {
  const auto end = field.find_last_not_of(' ');
  return field.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

std::optional<std::uint64_t> decimal(std::string_view digits) {
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end || digits.empty()) return std::nullopt;
  return value;
}

struct Header {
  std::string name;  // as in the field, without the blanks at its end
  std::uint64_t size = 0;
};

Result<Header> read_header(Bytes archive, std::uint64_t offset) {
  if (!in_range(offset, sizeof(ar_hdr), archive.size()))
    return fail_at(offset, fmt::format("the archive ends within a member's header of {} bytes",
                                       sizeof(ar_hdr)));
  const auto raw = load<ar_hdr>(archive, offset);
  if (std::string_view(raw.ar_fmag, sizeof raw.ar_fmag) != ARFMAG)
    return fail_at(offset + offsetof(ar_hdr, ar_fmag),
                   "expected a member's header, which ends in a backquote and a line feed");
  const auto size = decimal(trimmed({raw.ar_size, sizeof raw.ar_size}));
  if (!size)
    return fail_at(offset + offsetof(ar_hdr, ar_size), "expected a member's size in decimal");
  if (!in_range(offset + sizeof raw, *size, archive.size()))
    return fail_at(
        offset + offsetof(ar_hdr, ar_size),
        fmt::format("a member of {} bytes ends past the archive of {}", *size, archive.size()));
  return Header{.name = std::string(trimmed({raw.ar_name, sizeof raw.ar_name})), .size = *size};
}

// The entry of the table of long names that "/OFFSET" names; entries end in "/\n".
Result<std::string> long_name(std::string_view table, std::string_view digits,
                              std::uint64_t header_offset) {
  const auto at = decimal(digits);
  if (!at || *at >= table.size())
    return fail_at(header_offset,
                   fmt::format("a member's name is beyond the table of long names, which has {} "
                               "bytes",
                               table.size()));
  const auto entry = table.substr(*at);
  const auto end = entry.find('\n');
  if (end == std::string_view::npos)
    return fail_at(header_offset, "a member's name does not end within the table of long names");
  return std::string(entry.substr(0, end));
}

Result<std::string> member_name(const Header& header, std::string_view names,
                                std::uint64_t offset) {
  if (header.name.starts_with("#1/") || header.name.starts_with("__.SYMDEF"))
    return fail_at(offset,
                   "this archive is in the BSD form: make it with GNU ar or llvm-ar "
                   "--format=gnu",
                   ErrorCode::kUnsupported);
  std::string name = header.name;
  if (name.starts_with('/')) {
    SMF_ASSIGN(name, long_name(names, std::string_view(header.name).substr(1), offset));
  }
  if (name.ends_with('/')) name.pop_back();
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty() || std::ranges::any_of(name, is_control))
    return fail_at(offset, "a member's name is empty or has control characters");
  return name;
}

Result<std::vector<ArchiveMember>> read_members(const InputFile& file) {
  const auto magic = as_text(file.bytes.first(SARMAG));
  if (magic == kThinMagic)
    return fail_at(0,
                   "this is a thin archive, which only names its members: make it without "
                   "ar's option T",
                   ErrorCode::kUnsupported);

  std::vector<ArchiveMember> members;
  std::string names;
  for (std::uint64_t offset = SARMAG; offset < file.bytes.size();) {
    SMF_ASSIGN(const Header header, read_header(file.bytes, offset));
    const std::uint64_t payload = offset + sizeof(ar_hdr);
    const auto bytes = file.bytes.subspan(payload, header.size);
    if (header.name == "//") {
      names = as_text(bytes);
    } else if (header.name != "/" && header.name != "/SYM64/") {
      SMF_ASSIGN(const std::string name, member_name(header, names, offset));
      members.push_back({fmt::format("{}({})", file.path, name), payload, bytes});
    }
    offset = payload + header.size + header.size % 2;  // members start at even offsets
  }
  return members;
}

}  // namespace

bool is_archive(Bytes bytes) {
  if (bytes.size() < SARMAG) return false;
  const auto magic = as_text(bytes.first(SARMAG));
  return magic == ARMAG || magic == kThinMagic;
}

Result<std::vector<ArchiveMember>> read_archive(const InputFile& file) {
  auto members = read_members(file);
  if (!members) return std::unexpected(std::move(members).error().at_path(file.path));
  return members;
}

}  // namespace smf::elf
