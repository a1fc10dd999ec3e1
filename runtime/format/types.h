// The vocabulary of SMF: platforms, section kinds, symbol kinds, flags, and their names.
//
// Values are the ones of the dialect we write (P128, version 1.1); where an older dialect numbers
// something differently, the reader translates and nobody else has to know. Names are what smftool
// prints, what manifests hold and what command lines take, so they are part of the format's public
// face: change none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smf {

// How a file lays out its header and tables. docs/format.md describes each.
enum class Dialect : std::uint8_t {
  kP128,  // 128-byte packed header at the end (or the start); what this library writes
  kH96,   // 96-byte header at the start
  kH96T,  // the same header at the end
  kH72,   // 72-byte header at the start
};
std::string_view dialect_name(Dialect dialect);  // "P128", ...

enum class Platform : std::uint8_t { kAny, kLinux, kWindows, kMacOs, kFreeBsd, kBareMetal };
enum class Arch : std::uint8_t {
  kX86_64,
  kAArch64,
  kX86,
  kArm,
  kRiscV64,
  kRiscV32,
  kWasm32,
  kWasm64,
};
enum class AppType : std::uint8_t { kCli, kTui, kGui, kService, kRepl };
enum class Algorithm : std::uint8_t { kNone, kZstd, kLz4 };

enum class SectionType : std::uint8_t {
  kCode = 1,
  kData,
  kRoData,
  kBss,
  kReloc,
  kSymTab,
  kStrTab,
  kDebug,
  kTypeInfo,
  kVersion,
  kSrcMap,
  kTemplateCode,
  kTemplateMeta,
  kDrvManifest,
  kLaunchMeta,
  kAspectPackDirectory,
};

enum class SymbolType : std::uint8_t {
  kFunction,
  kData,
  kType,
  kTrait,
  kActor,
  kConstant,
  kNone = 255,  // H72 and H96 only
};
enum class Binding : std::uint8_t { kLocal, kGlobal, kWeak };

enum class RelocType : std::uint8_t {
  kNone,
  kAbs64,
  kPc32,
  kPlt32,
  kGotPcRel,
  kBranch26,
  kPage21,
  kPageOff12,
  kGotPage21,
  kGotPageOff12,  // AArch64
};

// Header flags. Bits without a name have had several meanings elsewhere: kept, never interpreted.
inline constexpr std::uint32_t kModuleExecutable = 0x01;
inline constexpr std::uint32_t kModuleReloadable = 0x02;
inline constexpr std::uint32_t kModuleDebugInfo = 0x04;
inline constexpr std::uint32_t kModulePositionIndependent = 0x08;
inline constexpr std::uint32_t kModuleHasStub = 0x10;  // H72: compressed

inline constexpr std::uint32_t kSectionRead = 0x1;
inline constexpr std::uint32_t kSectionWrite = 0x2;
inline constexpr std::uint32_t kSectionExec = 0x4;
inline constexpr std::uint32_t kSectionCompressed = 0x8;

inline constexpr std::uint8_t kSymbolPhaseMask = 0x03;
inline constexpr std::uint8_t kSymbolEventLoopAnchor = 0x04;
inline constexpr std::uint8_t kSymbolPinned = 0x08;
inline constexpr std::uint8_t kSymbolGenericTemplate = 0x10;
inline constexpr std::uint8_t kSymbolSpecialisation = 0x20;

// Section names with a meaning. Names that begin with kReservedPrefix are this library's own.
inline constexpr std::string_view kReservedPrefix = ".smf.";
inline constexpr std::string_view kNoteSection = "note.sdn";
inline constexpr std::string_view kTemplateCodeSection = "template_code";
inline constexpr std::string_view kTemplateMetaSection = "template_meta";
inline constexpr std::string_view kSymbolIndexSection = ".smf.sym";
inline constexpr std::string_view kNoteIndexSection = ".smf.nidx";
inline constexpr std::string_view kJitRoomSection = ".smf.jit";
inline constexpr std::string_view kHashSection = ".smf.hash";

// Sections that change in place after packing, and so are left out of every hash.
constexpr bool is_mutable_section(std::string_view name) {
  return name == kNoteSection || name == kNoteIndexSection || name == kJitRoomSection;
}

// The name of a value ("linux", "rodata", ...), or its number in decimal where it has none.
std::string platform_name(std::uint8_t value);
std::string arch_name(std::uint8_t value);
std::string app_type_name(std::uint8_t value);
std::string section_type_name(std::uint8_t value);
std::string symbol_type_name(SymbolType value);
std::string binding_name(std::uint8_t value);
std::string reloc_type_name(RelocType value);
std::string_view algorithm_name(Algorithm value);

// "r-x-": read, write, exec, compressed; bits without a letter behind it, as "+0x10".
std::string section_flags_text(std::uint32_t flags);
// "executable reloadable 0x100": the named bits, then the rest in hexadecimal; "" for 0.
std::string module_flags_text(std::uint32_t flags);

// The reverse: a name, or a decimal number below 256. nullopt for anything else.
std::optional<std::uint8_t> parse_platform(std::string_view name);
std::optional<std::uint8_t> parse_arch(std::string_view name);
std::optional<std::uint8_t> parse_app_type(std::string_view name);
std::optional<std::uint8_t> parse_section_type(std::string_view name);
std::optional<SymbolType> parse_symbol_type(std::string_view name);
std::optional<std::uint8_t> parse_binding(std::string_view name);
// As section_flags_text() has it: some of "rwxz" and "-" in any order, then perhaps "+0x10".
std::optional<std::uint32_t> parse_section_flags(std::string_view text);
// As module_flags_text() has it: names and hexadecimal numbers, separated by spaces.
std::optional<std::uint32_t> parse_module_flags(std::string_view text);

}  // namespace smf
