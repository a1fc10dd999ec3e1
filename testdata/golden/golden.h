// Golden files: small modules of every dialect, and what a reader has to find in them.
//
// The generator writes every field at the offset that the specification's tables give, as a literal
// number, and uses nothing of runtime/format: where the two disagree, one of them is wrong. Padding
// is filled with garbage (seeded, so the files never change), as it is in files found in the wild.
// The files are committed beside this header; README.md describes each in a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smf::golden {

// Numbers are the ones of P128, whatever the dialect of the file.

struct Relocation {
  std::uint64_t offset = 0;
  std::uint32_t symbol = 0;
  std::uint8_t type = 0;
  std::int64_t addend = 0;
};

struct Section {
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  std::string name;
  std::string bytes;  // as stored
  std::uint64_t alignment = 1;
  std::optional<std::uint64_t> virtual_size{};   // where it is not the size of `bytes`
  std::optional<std::uint64_t> recorded_size{};  // where the entry says something else than it is
  std::vector<Relocation> relocations{};         // what `bytes` hold in a section of type 5
  std::string uncompressed{};                    // what `bytes` hold where flag 8 is set
};

struct Symbol {
  std::string name;
  std::uint8_t type = 0;  // 255: none, H72 and H96 only
  std::uint8_t binding = 1;
  std::uint8_t visibility = 1;
  std::uint8_t flags = 0;
  std::optional<std::uint16_t> section{};  // counted from 0; nothing in H72 and H96
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  std::uint32_t type_id = 0;
  std::uint32_t version = 0;
  std::uint8_t template_param_count = 0;
  std::uint64_t template_offset = 0;
  bool is_defined = true;
  bool zero_hash = false;  // the entry's hash field is 0
};

struct Module {
  std::uint8_t major = 1, minor = 1, platform = 1, arch = 0;
  std::uint32_t flags = 0;
  std::uint8_t compression = 0, level = 0;
  std::uint32_t exported_count = 0;
  std::uint64_t entry_point = 0;
  std::string stub;  // what stands in front; its size is smf_data_offset
  std::uint64_t module_hash = 0, source_hash = 0;
  std::uint8_t app_type = 0;
  std::uint16_t window_width = 0, window_height = 0;
  std::uint8_t prefetch_hint = 0, prefetch_file_count = 0;
  std::string options_hash;  // 16 bytes, P128
  std::vector<Section> sections;
  std::vector<Symbol> symbols;
  std::optional<std::string> note;
  bool leading_nul = true;     // of the string table
  bool deduplicated = true;    // equal names share their bytes
  bool section_marker = true;  // P128: byte 43 of a symbol is 0x53
  std::string after_strings;   // bytes between the last name and the end or the trailer
};

struct File {
  std::string name;     // "p128-example.smf"
  std::string dialect;  // "P128", "H96", "H96T", "H72"; of a refused file what it pretends to be
  std::string what;     // what it shows, in a line
  std::string bytes;
  Module content;       // empty for a refused file
  std::string refusal;  // part of the error's message where a reader must refuse it
};

// Every golden file, always in the same order and with the same bytes.
std::vector<File> golden_files();

// Lays `module` out in a dialect. `garbage` chooses what padding holds; 0 leaves it zero.
std::string write_h72(const Module& module, std::uint64_t garbage);
std::string write_h96(const Module& module, std::uint64_t garbage);
std::string write_h96t(const Module& module, std::uint64_t garbage);
std::string write_p128(const Module& module, std::uint64_t garbage);
std::string write_p128_at_start(const Module& module, std::uint64_t garbage);

// A section of type 5 that holds these.
Section relocation_section(std::string name, std::vector<Relocation> relocations,
                           std::uint64_t garbage);

// The same module as H72 and H96 can say it: symbols without sections, and values of code symbols
// counted from the start of all code sections laid back to back.
Module flattened(Module module);

}  // namespace smf::golden
