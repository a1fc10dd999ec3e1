// Keys and columns of manifests, in the order they are written. Internal to this package.
#pragma once

#include <array>
#include <string_view>

namespace smf::manifest {

inline constexpr std::array<std::string_view, 10> kSectionColumns = {
    "name", "type",        "flags",  "align",        "virtual_size",
    "file", "compression", "stored", "content_hash", "stored_hash"};
enum SectionColumn {
  kName,
  kType,
  kFlags,
  kAlign,
  kVirtualSize,
  kFile,
  kCompression,
  kStored,
  kContentHash,
  kStoredHash,
};

inline constexpr std::array<std::string_view, 12> kSymbolColumns = {
    "name",  "type", "binding", "visibility", "flags",           "section",
    "value", "size", "type_id", "version",    "template_params", "template_offset"};
enum SymbolColumn {
  kSymbolName,
  kSymbolType,
  kBinding,
  kVisibility,
  kSymbolFlags,
  kSection,
  kValue,
  kSize,
  kTypeId,
  kVersion,
  kTemplateParams,
  kTemplateOffset,
};

}  // namespace smf::manifest
