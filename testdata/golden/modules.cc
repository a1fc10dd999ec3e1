#include "testdata/golden/modules.h"

#include <utility>

#include "testdata/golden/image.h"

namespace smf::golden {
namespace {

constexpr std::string_view kNote =
    "# Instantiation notes\n"
    "version: 1\n"
    "not_a_terminator: # END_NOTE\n"
    "# END_NOTE\n";

// mov $42,%eax; ret; and breakpoints up to `size`.
std::string x86_code(std::size_t size) {
  std::string code("\xb8\x2a\x00\x00\x00\xc3", 6);
  code.resize(size, '\xcc');
  return code;
}

// `GTPL` as upstream wrote it: kind, name and parameter count, and no body.
std::string template_code() {
  const std::string name = "identity";
  return "GTPL" + bytes_of(1, 2) + bytes_of(1, 4) + bytes_of(0, 1) + bytes_of(name.size(), 4) +
         name + bytes_of(1, 1);
}

// `META`: one function template, no structs, enums or traits.
std::string template_meta() {
  return "META" + bytes_of(1, 2) + bytes_of(1, 4) + bytes_of(0, 4) + bytes_of(0, 4) +
         bytes_of(0, 4);
}

std::vector<Symbol> every_symbol() {
  return {
      {.name = "main", .flags = 0x08, .section = 0, .value = 0, .size = 12},
      {.name = "helper", .binding = 0, .visibility = 0, .section = 2, .value = 0, .size = 4},
      {.name = "weak_hook", .binding = 2, .section = 0, .value = 16, .size = 8},
      {.name = "puts", .visibility = 0, .is_defined = false},
      {.name = "table", .type = 1, .section = 3, .value = 8, .size = 8},
      {.name = "quiet", .visibility = 0, .flags = 0x06, .section = 0, .value = 24, .size = 8},
      {.name = "zeroed", .type = 1, .section = 6, .value = 64, .size = 128},
      {.name = "Point", .type = 2, .type_id = 7, .version = 2},
      {.name = "Show", .type = 3, .type_id = 8},
      {.name = "Worker", .type = 4, .type_id = 9},
      {.name = "LIMIT", .type = 5, .value = 42},
      {.name = "identity", .flags = 0x10, .template_param_count = 1, .template_offset = 10},
      {.name = "identity$i64", .flags = 0x20, .section = 2, .value = 4, .size = 4},
      {.name = "helper", .binding = 0, .section = 0, .value = 8, .size = 4},
      {.name = "hashless", .section = 0, .value = 12, .size = 4, .zero_hash = true},
  };
}

std::string zstd_head(std::uint64_t content_size) {
  return std::string("\x28\xb5\x2f\xfd\x20", 5) + bytes_of(content_size, 1);
}

// One zstd frame with one raw block. At most 255 bytes.
std::string zstd_raw_frame(const std::string& text) {
  return zstd_head(text.size()) + bytes_of(text.size() << 3 | 0 << 1 | 1, 3) + text;
}

// One zstd frame with one block that repeats a byte.
std::string zstd_repeat_frame(char byte, std::uint64_t count) {
  return zstd_head(count) + bytes_of(count << 3 | 1 << 1 | 1, 3) + byte;
}

// One LZ4 frame: version 1, independent blocks of at most 64 KiB, one block stored as it is.
std::string lz4_frame(const std::string& text) {
  return std::string("\x04\x22\x4d\x18\x60\x40\x82", 7) + bytes_of(0x80000000u | text.size(), 4) +
         text + bytes_of(0, 4);
}

std::string seek_table(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& frames) {
  std::string table = bytes_of(0x184D2A5E, 4) + bytes_of(frames.size() * 8 + 9, 4);
  for (const auto& [stored, content] : frames) table += bytes_of(stored, 4) + bytes_of(content, 4);
  return table + bytes_of(frames.size(), 4) + bytes_of(0, 1) + bytes_of(0x8F92EAB1, 4);
}

}  // namespace

std::string bytes_of(std::uint64_t value, unsigned width) {
  std::string bytes;
  for (unsigned i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

// The text leaves open the alignments (16 for code, 8 for relocations) and the section flags (read
// and exec, read).
Module p128_example() {
  Module module;
  module.flags = 1;
  module.exported_count = 1;
  module.entry_point = 200;
  module.sections = {
      {.type = 1,
       .flags = 5,
       .name = "code",
       .bytes = std::string(200, '\0') + '\xc3',
       .alignment = 16},
      relocation_section(".rela", {{.offset = 5, .symbol = 0, .type = 1, .addend = 7}}, 0)};
  module.symbols = {{.name = "main", .flags = 14, .section = 0, .value = 200, .size = 1}};
  return module;
}

// The text leaves open the version (0.1), the platform (any), the module flags (executable), the
// exported count (1), the section's flags (read and exec) and alignment (16), and the symbol's
// value (0) and size (6).
Module h72_example() {
  Module module;
  module.major = 0;
  module.minor = 1;
  module.platform = 0;
  module.flags = 1;
  module.exported_count = 1;
  module.leading_nul = false;
  module.sections = {{.type = 1,
                      .flags = 5,
                      .name = "code",
                      .bytes = std::string("\xb8\x00\x00\x00\x00\xc3", 6),
                      .alignment = 16}};
  module.symbols = {{.name = "main", .size = 6}};
  return module;
}

Module everything() {
  Module module;
  module.flags = 0x1 | 0x2 | 0x8 | 0x4000;
  module.exported_count = 9;
  module.entry_point = 16;
  module.module_hash = 0x1122334455667788;
  module.source_hash = 0x99AABBCCDDEEFF00;
  module.app_type = 2;
  module.window_width = 1280;
  module.window_height = 720;
  module.prefetch_hint = 1;
  module.prefetch_file_count = 3;
  module.options_hash = "sixteen bytes ok";
  module.note = kNote;
  module.sections = {
      {.type = 1, .flags = 5, .name = "code", .bytes = x86_code(32), .alignment = 16},
      relocation_section(".rela",
                         {{.offset = 1, .symbol = 3, .type = 2, .addend = -4},
                          {.offset = 8, .symbol = 4, .type = 1, .addend = 0},
                          {.offset = 20, .symbol = 3, .type = 3, .addend = -4},
                          {.offset = 36, .symbol = 6, .type = 4, .addend = INT64_MIN},
                          {.offset = 40, .symbol = 14, .type = 0, .addend = INT64_MAX}},
                         11),
      {.type = 1, .flags = 5, .name = "code.cold", .bytes = x86_code(8), .alignment = 16},
      {.type = 2, .flags = 3, .name = "data", .bytes = "0123456789abcdef", .alignment = 8},
      relocation_section(".rela.data", {{.offset = 8, .symbol = 0, .type = 1, .addend = 2}}, 12),
      {.type = 3, .flags = 1, .name = "sixteen-letters!", .bytes = "constant text", .alignment = 4},
      {.type = 4, .flags = 3, .name = "bss", .bytes = "", .alignment = 64, .virtual_size = 4096},
      {.type = 200, .flags = 0x101, .name = "vendor", .bytes = "opaque", .alignment = 0},
      {.type = 12, .flags = 1, .name = "template_code", .bytes = template_code(), .alignment = 8},
      {.type = 13, .flags = 1, .name = "template_meta", .bytes = template_meta(), .alignment = 8},
      {.type = 13, .flags = 1, .name = "note.sdn", .bytes = *module.note, .alignment = 1}};
  module.symbols = every_symbol();
  return module;
}

Module everything_older(bool is_h72) {
  Module module = everything();
  module.major = is_h72 ? 0 : 1;
  module.minor = is_h72 ? 1 : 0;
  module.leading_nul = false;
  module.options_hash.clear();
  module.symbols.push_back({.name = "nothing", .type = 255, .visibility = 1});
  module = flattened(std::move(module));
  module.sections.at(6).recorded_size = 4096;
  module.sections.at(10).recorded_size = 0;
  if (!is_h72) return module;
  module.app_type = 0;
  module.window_width = module.window_height = 0;
  module.prefetch_hint = module.prefetch_file_count = 0;
  for (Symbol& symbol : module.symbols) {
    symbol.template_param_count = 0;
    symbol.template_offset = 0;
  }
  return module;
}

Module small() {
  Module module;
  module.flags = 1;
  module.exported_count = 1;
  module.note = "# END_NOTE\n";
  module.sections = {
      {.type = 1, .flags = 5, .name = "code", .bytes = x86_code(16), .alignment = 16},
      relocation_section(".rela", {{.offset = 8, .symbol = 1, .type = 1, .addend = 0}}, 21),
      {.type = 13, .flags = 1, .name = "note.sdn", .bytes = *module.note, .alignment = 8}};
  module.symbols = {{.name = "main", .section = 0, .value = 0, .size = 6},
                    {.name = "puts", .visibility = 0, .is_defined = false}};
  return module;
}

Module small_aarch64() {
  Module module = small();
  module.arch = 1;
  std::vector<Relocation> relocations;
  for (std::uint8_t type = 0; type <= 9; ++type)
    relocations.push_back({.offset = type, .symbol = 1, .type = type, .addend = -type});
  relocations[1].offset = 8;
  module.sections.at(0).bytes = std::string("\x40\x05\x80\x52\xc0\x03\x5f\xd6", 8) + x86_code(8);
  module.sections.at(1) = relocation_section(".rela", std::move(relocations), 22);
  return module;
}

Module small_riscv64() {
  Module module = small();
  module.arch = 4;
  module.sections.at(0).bytes = std::string("\x13\x05\xa0\x02\x67\x80\x00\x00", 8) + x86_code(8);
  module.sections.at(1) = relocation_section(".rela",
                                             {{.offset = 0, .symbol = 1, .type = 2, .addend = 0},
                                              {.offset = 8, .symbol = 0, .type = 1, .addend = 0}},
                                             23);
  return module;
}

Module compressed() {
  Module module = small();
  module.compression = 1;
  module.level = 3;
  const auto add = [&](std::string name, std::string stored, std::string content) {
    const std::uint64_t size = content.size();
    module.sections.push_back({.type = 3,
                               .flags = 1 | 8,
                               .name = std::move(name),
                               .bytes = std::move(stored),
                               .alignment = 8,
                               .virtual_size = size,
                               .uncompressed = std::move(content)});
  };
  const std::string text = "as it is";
  add("zstd.raw", zstd_raw_frame(text), text);
  add("zstd.repeat", zstd_repeat_frame('z', 200), std::string(200, 'z'));
  add("lz4", lz4_frame(text), text);
  const std::string first = zstd_raw_frame(text), second = zstd_repeat_frame('s', 100);
  add("zstd.seekable",
      first + second + seek_table({{first.size(), text.size()}, {second.size(), 100}}),
      text + std::string(100, 's'));
  return module;
}

std::string shebang_stub() {
  std::string stub = "#!/usr/bin/env -S smftool run\n";
  stub.resize(63, '#');
  return stub + '\n';
}

std::string elf_like_stub() {
  Image image(31);
  image.append(
      "\x7f"
      "ELF\2\1\1");
  image.grow(160 - image.size());
  return image.bytes();
}

}  // namespace smf::golden
