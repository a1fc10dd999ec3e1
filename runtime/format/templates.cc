#include "runtime/format/templates.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace smf {
namespace {

constexpr char kCodeMagic[4] = {'G', 'T', 'P', 'L'};
constexpr char kMetaMagic[4] = {'M', 'E', 'T', 'A'};
constexpr std::uint16_t kStreamVersion = 1;
constexpr std::uint64_t kRecordAlignment = 8;
constexpr std::uint64_t kRecordHead = 4 + 1 + 1 + 4 + 1;  // magic, major, minor, count, kind
constexpr std::uint64_t kMetaSize = 22;
constexpr std::array<std::string_view, 5> kKinds = {"function", "struct", "class", "enum", "trait"};

void count(TemplateCounts& counts, std::uint8_t kind) {
  switch (static_cast<TemplateKind>(kind)) {
    case TemplateKind::kFunction:
      ++counts.functions;
      break;
    case TemplateKind::kStruct:
    case TemplateKind::kClass:
      ++counts.structs;
      break;
    case TemplateKind::kEnum:
      ++counts.enums;
      break;
    case TemplateKind::kTrait:
      ++counts.traits;
      break;
  }
}

// Reads fields in order; the first that does not fit is the error.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : bytes_(bytes) {}

  template <typename T>
  Result<T> take(std::string_view what) {
    SMF_ASSIGN(const Bytes bytes, take_bytes(sizeof(T), what));
    return load<T>(bytes, 0);
  }
  Result<Bytes> take_bytes(std::uint64_t size, std::string_view what) {
    if (!in_range(at_, size, bytes_.size()))
      return fail_at(
          at_, fmt::format("{} needs {} bytes; {} are left", what, size, bytes_.size() - at_));
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  Result<void> expect_magic(const char (&magic)[4]) {
    SMF_ASSIGN(const Bytes found, take_bytes(4, "magic"));
    if (std::memcmp(found.data(), magic, 4) == 0) return {};
    return fail_at(at_ - 4, fmt::format("expected magic {}", std::string_view(magic, 4)));
  }
  Result<void> expect_version() {
    SMF_ASSIGN(const auto version, take<std::uint16_t>("version"));
    if (version == kStreamVersion) return {};
    return fail_at(at_ - 2, fmt::format("version {}; this build reads 1", version),
                   ErrorCode::kUnsupported);
  }
  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return bytes_.size() - at_; }

 private:
  Bytes bytes_;
  std::uint64_t at_ = 0;
};

Result<TemplateEntry> read_head(Cursor& cursor) {
  TemplateEntry entry;
  SMF_ASSIGN(entry.kind, cursor.take<std::uint8_t>("template kind"));
  if (entry.kind >= kKinds.size())
    return fail_at(cursor.at() - 1,
                   fmt::format("template kind {} is not one of 0 to 4", entry.kind));
  SMF_ASSIGN(const auto length, cursor.take<std::uint32_t>("template name length"));
  if (length > kMaxTemplateName)
    return fail_at(
        cursor.at() - 4,
        fmt::format("template name of {} bytes; the limit is {}", length, kMaxTemplateName),
        ErrorCode::kLimit);
  SMF_ASSIGN(const Bytes name, cursor.take_bytes(length, "template name"));
  entry.name = as_text(name);
  SMF_ASSIGN(entry.parameter_count, cursor.take<std::uint8_t>("parameter count"));
  return entry;
}

Result<void> read_record(Cursor& cursor, TemplateEntry& entry) {
  entry.offset = cursor.at();
  SMF_ASSIGN(const auto length, cursor.take<std::uint32_t>("record length"));
  SMF_ASSIGN(const Bytes record, cursor.take_bytes(length, "template record"));
  const std::uint64_t start = entry.offset + 4;
  if (record.size() < kRecordHead || std::memcmp(record.data(), kCodeMagic, 4) != 0)
    return fail_at(start, "template record does not begin with GTPL");
  const auto major = load<std::uint8_t>(record, 4);
  if (major != 1)
    return fail_at(start + 4, fmt::format("template record version {}; this build reads 1", major),
                   ErrorCode::kUnsupported);
  const auto kind = load<std::uint8_t>(record, 10);
  if (load<std::uint32_t>(record, 6) != 1 || kind != entry.kind)
    return fail_at(start + 6, fmt::format("record of template '{}' is about another kind or number "
                                          "of templates than its head",
                                          entry.name));
  entry.body = record.subspan(kRecordHead);
  return {};
}

}  // namespace

std::string template_kind_name(std::uint8_t kind) {
  return kind < kKinds.size() ? std::string(kKinds[kind]) : fmt::format("{}", kind);
}

Result<TemplateSections> write_templates(std::span<const TemplateSpec> templates) {
  TemplateSections out;
  if (templates.size() > kMaxTemplates)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} templates; the limit is {}", templates.size(), kMaxTemplates));
  append(out.code, kCodeMagic);
  append(out.code, kStreamVersion);
  append(out.code, static_cast<std::uint32_t>(templates.size()));
  TemplateCounts counts;
  for (const TemplateSpec& spec : templates) {
    if (spec.name.size() > kMaxTemplateName || spec.parameters.size() > UINT8_MAX ||
        spec.body.size() > UINT32_MAX - kRecordHead)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("template '{}': name, parameters or body are too large",
                              spec.name.substr(0, 80)));
    append(out.code, static_cast<std::uint8_t>(spec.kind));
    append(out.code, static_cast<std::uint32_t>(spec.name.size()));
    append_bytes(out.code, as_bytes(spec.name));
    append(out.code, static_cast<std::uint8_t>(spec.parameters.size()));
    count(counts, static_cast<std::uint8_t>(spec.kind));
  }
  out.code.resize(align_up(out.code.size(), kRecordAlignment));
  for (const TemplateSpec& spec : templates) {
    out.offsets.push_back(out.code.size());
    append(out.code, static_cast<std::uint32_t>(kRecordHead + spec.body.size()));
    append(out.code, kCodeMagic);
    append(out.code, std::uint8_t{1});
    append(out.code, std::uint8_t{0});
    append(out.code, std::uint32_t{1});
    append(out.code, static_cast<std::uint8_t>(spec.kind));
    append_bytes(out.code, spec.body);
  }
  append(out.meta, kMetaMagic);
  append(out.meta, kStreamVersion);
  append(out.meta, counts);
  SMF_CHECK(out.meta.size() == kMetaSize);
  return out;
}

Result<std::vector<TemplateEntry>> read_templates(Bytes section) {
  Cursor cursor(section);
  SMF_TRY(cursor.expect_magic(kCodeMagic));
  SMF_TRY(cursor.expect_version());
  SMF_ASSIGN(const auto template_count, cursor.take<std::uint32_t>("template count"));
  // A head is at least 6 bytes, so the count is held against the size before memory is taken.
  if (template_count > kMaxTemplates || template_count > cursor.left() / 6)
    return fail_at(6, fmt::format("{} templates in {} bytes", template_count, section.size()));
  std::vector<TemplateEntry> entries;
  entries.reserve(template_count);
  for (std::uint32_t i = 0; i < template_count; ++i) {
    SMF_ASSIGN(const TemplateEntry entry, read_head(cursor));
    entries.push_back(entry);
  }
  if (cursor.left() == 0) return entries;
  const std::uint64_t padding = align_up(cursor.at(), kRecordAlignment) - cursor.at();
  SMF_TRY(cursor.take_bytes(padding, "padding"));
  if (cursor.left() == 0) return entries;
  for (TemplateEntry& entry : entries) SMF_TRY(read_record(cursor, entry));
  if (cursor.left() != 0)
    return fail_at(cursor.at(), fmt::format("{} bytes follow the last template", cursor.left()));
  return entries;
}

Result<TemplateCounts> read_template_counts(Bytes section) {
  Cursor cursor(section);
  SMF_TRY(cursor.expect_magic(kMetaMagic));
  SMF_TRY(cursor.expect_version());
  SMF_ASSIGN(const TemplateCounts counts, cursor.take<TemplateCounts>("counts"));
  return counts;
}

TemplateCounts count_templates(std::span<const TemplateEntry> templates) {
  TemplateCounts counts;
  for (const TemplateEntry& entry : templates) count(counts, entry.kind);
  return counts;
}

}  // namespace smf
