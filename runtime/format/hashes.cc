#include "runtime/format/hashes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/format/layout.h"

namespace smf {
namespace {

constexpr char kHashMagic[4] = {'S', 'M', 'F', 'H'};
constexpr std::uint16_t kHashVersion = 1;

struct Extent {
  std::uint64_t begin, end;
};

std::uint64_t module_hash_field(const Header& header) {
  switch (header.dialect) {
    case Dialect::kP128:
      return header.header_offset + offsetof(layout::HeaderP128, module_hash);
    case Dialect::kH72:
      return header.header_offset + offsetof(layout::HeaderH72, module_hash);
    default:
      return header.header_offset + offsetof(layout::HeaderH96, module_hash);
  }
}

// The hash of file[base, end) with the extents taken as zero. They may overlap and lie anywhere.
Xxh3Stream hash_with_holes(Bytes file, std::uint64_t base, std::vector<Extent> holes) {
  std::ranges::sort(holes, {}, &Extent::begin);
  Xxh3Stream stream;
  std::uint64_t at = base;
  for (const Extent& hole : holes) {
    const std::uint64_t begin = std::clamp<std::uint64_t>(hole.begin, at, file.size());
    const std::uint64_t end = std::clamp<std::uint64_t>(hole.end, begin, file.size());
    stream.update(file.subspan(at, begin - at));
    stream.update_zeros(end - begin);
    at = end;
  }
  stream.update(file.subspan(at));
  return stream;
}

}  // namespace

ByteVector write_hash_section(const Hash128& content, std::span<const std::uint64_t> sections) {
  ByteVector out;
  out.reserve(kHashSectionHeader + sections.size_bytes());
  append(out, kHashMagic);
  append(out, kHashVersion);
  append(out, std::uint16_t{0});
  append(out, static_cast<std::uint32_t>(sections.size()));
  append(out, std::uint32_t{0});
  append(out, content.low);
  append(out, content.high);
  append_bytes(out, std::as_bytes(sections));
  return out;
}

Result<std::optional<StoredHashes>> stored_hashes(const SmfView& view) {
  SMF_ASSIGN(const auto section, view.find_section(kHashSection));
  if (!section) return std::nullopt;
  const Bytes bytes = view.stored(*section);
  if (bytes.size() < kHashSectionHeader ||
      std::memcmp(bytes.data(), kHashMagic, sizeof kHashMagic) != 0)
    return fail_at(section->offset, "section '.smf.hash' does not begin with SMFH");
  const auto version = load<std::uint16_t>(bytes, 4);
  if (version != kHashVersion) {
    return fail_at(section->offset + 4,
                   fmt::format("section '.smf.hash' has version {}; this build reads 1", version),
                   ErrorCode::kUnsupported);
  }
  const auto count = load<std::uint32_t>(bytes, 8);
  if (count != view.section_count() ||
      bytes.size() != kHashSectionHeader + std::uint64_t{count} * 8)
    return fail_at(section->offset + 8,
                   fmt::format("section '.smf.hash' is about {} sections in {} bytes; the module "
                               "has {}",
                               count, bytes.size(), view.section_count()));
  return StoredHashes{.content = {load<std::uint64_t>(bytes, 16), load<std::uint64_t>(bytes, 24)},
                      .sections = bytes.subspan(kHashSectionHeader)};
}

Result<ModuleHashes> compute_hashes(const SmfView& view) {
  const Header& header = view.header();
  const std::uint64_t field = module_hash_field(header);
  std::vector<Extent> holes = {{field, field + 8}};
  std::optional<Extent> own;
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    SMF_ASSIGN(const Section section, view.section(i));
    const Extent extent{section.offset, section.offset + section.size};
    if (is_mutable_section(section.name())) holes.push_back(extent);
    if (section.name() == kHashSection) own = extent;
  }
  ModuleHashes hashes;
  hashes.module = hash_with_holes(view.file(), header.base, holes).digest_64();
  if (own) holes.push_back(*own);
  hashes.content = hash_with_holes(view.file(), header.base, std::move(holes)).digest_128();
  return hashes;
}

}  // namespace smf
