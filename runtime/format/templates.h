// The sections that hold generic templates: `template_code` and `template_meta`.
//
// `template_code` begins with the public stream, which older readers know, and goes on, at the next
// multiple of 8, with a record a template that holds its body:
//
//   "GTPL" | u16 1 | u32 n | n times { u8 kind | u32 length | name | u8 parameter count } | pad to
//   8 n times { u32 length of what follows | "GTPL" | u8 1 | u8 0 | u32 1 | u8 kind | body }
//
// A symbol's template_offset is relative to the section and points at the record's length. A
// section without records (as others write it) has templates without bodies. `template_meta`
// counts:
//
//   "META" | u16 1 | u32 functions | u32 structs | u32 enums | u32 traits
//
// The first byte of a body says its form; form 1 is the JSON text of the template, as the compiler
// prints it, with its parameter names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"

namespace smf {

enum class TemplateKind : std::uint8_t { kFunction, kStruct, kClass, kEnum, kTrait };
std::string template_kind_name(std::uint8_t kind);

inline constexpr std::uint8_t kTemplateBodyJson = 1;
inline constexpr std::uint8_t kTemplateBodyBinary = 2;
inline constexpr std::uint32_t kMaxTemplates = 1u << 20;
inline constexpr std::uint32_t kMaxTemplateName = 1u << 16;

struct TemplateSpec {
  TemplateKind kind = TemplateKind::kFunction;
  std::string name;
  std::vector<std::string> parameters;  // at most 255
  ByteVector body;                      // its first byte is the form
};

struct TemplateSections {
  ByteVector code, meta;
  std::vector<std::uint64_t> offsets;  // template_offset of each template
};

// The bytes of both sections. kInvalidArgument where a name or a number is over its limit.
Result<TemplateSections> write_templates(std::span<const TemplateSpec> templates);

struct TemplateEntry {
  std::uint8_t kind = 0;
  std::string_view name;
  std::uint8_t parameter_count = 0;
  std::uint64_t offset = 0;  // of the record, relative to the section; 0 where there is none
  Bytes body;                // empty where there is no record
};

// The templates of a `template_code` section. Names and bodies point into it. Offsets in errors are
// relative to the section.
Result<std::vector<TemplateEntry>> read_templates(Bytes section);

struct TemplateCounts {
  std::uint32_t functions = 0, structs = 0, enums = 0, traits = 0;
  friend bool operator==(const TemplateCounts&, const TemplateCounts&) = default;
};

// The counts of a `template_meta` section.
Result<TemplateCounts> read_template_counts(Bytes section);
// The counts that these templates should have; classes count as structs.
TemplateCounts count_templates(std::span<const TemplateEntry> templates);

}  // namespace smf
