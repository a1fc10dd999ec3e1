#include "runtime/format/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <span>

namespace smf {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 6> kPlatforms = {"any",   "linux",   "windows",
                                                        "macos", "freebsd", "bare-metal"};
constexpr std::array<std::string_view, 8> kArchs = {"x86-64",  "aarch64", "x86",    "arm",
                                                    "riscv64", "riscv32", "wasm32", "wasm64"};
constexpr std::array<std::string_view, 5> kAppTypes = {"cli", "tui", "gui", "service", "repl"};
constexpr std::array<std::string_view, 17> kSectionTypes = {
    "",
    "code",
    "data",
    "rodata",
    "bss",
    "reloc",
    "symtab",
    "strtab",
    "debug",
    "typeinfo",
    "version",
    "srcmap",
    "template-code",
    "template-meta",
    "drv-manifest",
    "launch-meta",
    "aspect-packs",
};
constexpr std::array<std::string_view, 6> kSymbolTypes = {"function", "data",  "type",
                                                          "trait",    "actor", "constant"};
constexpr std::array<std::string_view, 3> kBindings = {"local", "global", "weak"};
constexpr std::array<std::string_view, 10> kRelocTypes = {
    "none",     "abs64",  "pc32",      "plt32",     "gotpcrel",
    "branch26", "page21", "pageoff12", "gotpage21", "gotpageoff12"};
constexpr std::array<std::string_view, 5> kModuleFlags = {"executable", "reloadable", "debug-info",
                                                          "position-independent", "stub"};

std::string name_of(Names names, std::uint8_t value) {
  if (value < names.size() && !names[value].empty()) return std::string(names[value]);
  return fmt::format("{}", value);
}

std::optional<std::uint8_t> value_of(Names names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!name.empty() && names[i] == name) return static_cast<std::uint8_t>(i);
  std::uint8_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data(), end, number);
  if (name.empty() || error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

// "0x10" in hexadecimal.
std::optional<std::uint32_t> parse_hex(std::string_view text) {
  std::uint32_t number = 0;
  if (!text.starts_with("0x") || text.size() == 2) return std::nullopt;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + 2, end, number, 16);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

}  // namespace

std::string_view dialect_name(Dialect dialect) {
  switch (dialect) {
    case Dialect::kP128:
      return "P128";
    case Dialect::kH96:
      return "H96";
    case Dialect::kH96T:
      return "H96T";
    case Dialect::kH72:
      return "H72";
  }
  return "?";
}

std::string platform_name(std::uint8_t value) { return name_of(kPlatforms, value); }
std::string arch_name(std::uint8_t value) { return name_of(kArchs, value); }
std::string app_type_name(std::uint8_t value) { return name_of(kAppTypes, value); }
std::string section_type_name(std::uint8_t value) { return name_of(kSectionTypes, value); }
std::string binding_name(std::uint8_t value) { return name_of(kBindings, value); }

std::string symbol_type_name(SymbolType value) {
  if (value == SymbolType::kNone) return "none";
  return name_of(kSymbolTypes, static_cast<std::uint8_t>(value));
}

std::string reloc_type_name(RelocType value) {
  return name_of(kRelocTypes, static_cast<std::uint8_t>(value));
}

std::string_view algorithm_name(Algorithm value) {
  switch (value) {
    case Algorithm::kNone:
      return "none";
    case Algorithm::kZstd:
      return "zstd";
    case Algorithm::kLz4:
      return "lz4";
  }
  return "?";
}

std::string section_flags_text(std::uint32_t flags) {
  std::string text;
  for (std::size_t bit = 0; bit < 4; ++bit) text += (flags >> bit & 1) ? "rwxz"[bit] : '-';
  if (flags >> 4) text += fmt::format("+0x{:x}", flags & ~0xFu);
  return text;
}

std::string module_flags_text(std::uint32_t flags) {
  std::string text;
  for (std::size_t bit = 0; bit < kModuleFlags.size(); ++bit) {
    if (flags >> bit & 1) text += (text.empty() ? "" : " ") + std::string(kModuleFlags[bit]);
  }
  const std::uint32_t rest = flags & ~((1u << kModuleFlags.size()) - 1);
  if (rest) text += fmt::format("{}0x{:x}", text.empty() ? "" : " ", rest);
  return text;
}

std::optional<std::uint8_t> parse_platform(std::string_view name) {
  return value_of(kPlatforms, name);
}
std::optional<std::uint8_t> parse_arch(std::string_view name) { return value_of(kArchs, name); }
std::optional<std::uint8_t> parse_app_type(std::string_view name) {
  return value_of(kAppTypes, name);
}
std::optional<std::uint8_t> parse_section_type(std::string_view name) {
  return value_of(kSectionTypes, name);
}
std::optional<std::uint8_t> parse_binding(std::string_view name) {
  return value_of(kBindings, name);
}

std::optional<SymbolType> parse_symbol_type(std::string_view name) {
  if (name == "none") return SymbolType::kNone;
  const auto value = value_of(kSymbolTypes, name);
  if (!value || *value >= kSymbolTypes.size()) return std::nullopt;
  return static_cast<SymbolType>(*value);
}

std::optional<std::uint32_t> parse_section_flags(std::string_view text) {
  std::uint32_t flags = 0;
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    const auto rest = parse_hex(text.substr(plus + 1));
    if (!rest) return std::nullopt;
    flags = *rest;
    text = text.substr(0, plus);
  }
  for (const char c : text) {
    const auto bit = std::string_view("rwxz").find(c);
    if (bit != std::string_view::npos) {
      flags |= 1u << bit;
    } else if (c != '-') {
      return std::nullopt;
    }
  }
  return flags;
}

std::optional<std::uint32_t> parse_module_flags(std::string_view text) {
  std::uint32_t flags = 0;
  while (!text.empty()) {
    const auto space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    if (word.empty()) continue;
    const auto named = std::ranges::find(kModuleFlags, word);
    if (named != kModuleFlags.end()) {
      flags |= 1u << (named - kModuleFlags.begin());
    } else if (const auto bits = parse_hex(word)) {
      flags |= *bits;
    } else {
      return std::nullopt;
    }
  }
  return flags;
}

}  // namespace smf
