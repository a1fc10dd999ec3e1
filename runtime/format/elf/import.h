// Compiled code on its way into a module: ELF relocatable objects in, plain data out.
//
// import_objects() does what `ld -r` does, as far as a module needs it: it reads x86-64 and AArch64
// objects (alone or in ar archives), lays their sections of one kind back to back, resolves names
// among them and keeps the relocations that a loader has to apply. The result owns its bytes and
// knows nothing of ELF. What the module format has no words for (thread-local storage, IFUNC,
// 32-bit absolute addresses) is refused with the compiler option that avoids it; what a loader does
// not need (debug information, notes) is left out and listed.
//
//   .text*  -> code     .rodata* -> rodata     .data* -> data     .bss*, COMMON -> bss
//   other allocated sections -> a section of their own, without the leading dot
//
// An archive counts as all of its members in their order: nothing is picked by need.
// Sources: System V gABI chapters 4 and 5, the psABIs of x86-64 (4.4) and AArch64 (5.7), ar(5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"

namespace smf::elf {

enum class Machine { kX86_64, kAArch64 };
enum class SectionKind { kCode, kData, kRoData, kBss };
enum class SymbolKind { kNone, kFunction, kData };
enum class Binding { kLocal, kGlobal, kWeak };

// Numbered as in the module format. S is the symbol's address, A the addend, P the address of the
// relocated field, G the address of the symbol's slot in a table of pointers.
enum class RelocType : std::uint8_t {
  kAbs64 = 1,     // 64 bits: S + A
  kPc32 = 2,      // 32 bits, signed: S + A - P
  kPlt32 = 3,     // as kPc32; S may be a stub that jumps to the symbol
  kGotPcRel = 4,  // 32 bits, signed: G + A - P
  // AArch64 instructions. Where an offset within a page is scaled by the access size, the
  // instruction itself tells the scale (1 for ADD, 1 to 16 for loads and stores); the importer has
  // checked that it is one of those and that it agrees with the object's relocation.
  kBranch26 = 5,      // B, BL: (S + A - P) >> 2
  kPage21 = 6,        // ADRP: (Page(S + A) - Page(P)) >> 12
  kPageOff12 = 7,     // ADD, LDR, STR with unsigned offset: ((S + A) & 0xfff) / scale
  kGotPage21 = 8,     // ADRP: (Page(G + A) - Page(P)) >> 12
  kGotPageOff12 = 9,  // LDR of 64 bits: ((G + A) & 0xfff) / 8
};

struct ImportedSection {
  std::string name{};  // 1 to 16 bytes, unique in the object
  SectionKind kind = SectionKind::kData;
  std::uint64_t alignment = 1;  // bytes, a power of two
  std::uint64_t size = 0;       // bytes in memory
  ByteVector bytes{};           // `size` bytes; none where kind is kBss
};

// Global names are unique in the object; local ones may repeat and may equal a global one. What the
// objects share with each other but hide from other modules (visibility hidden) has become local.
struct ImportedSymbol {
  std::string name{};  // never empty
  SymbolKind kind = SymbolKind::kNone;
  Binding binding = Binding::kLocal;
  std::optional<std::uint32_t> section{};  // index into sections; none: an import
  std::uint64_t value = 0;                 // bytes from the section's start
  std::uint64_t size = 0;                  // bytes; value + size lies within the section
};

struct ImportedRelocation {
  std::uint32_t section = 0;  // index into sections; never one of kind kBss
  std::uint64_t offset = 0;   // bytes from the section's start; the whole field lies within it
  std::uint32_t symbol = 0;   // index into symbols
  RelocType type = RelocType::kAbs64;
  std::int64_t addend = 0;
};

// Code comes first among the sections; otherwise everything is in the order of the inputs.
struct ImportedObject {
  Machine machine = Machine::kX86_64;
  std::vector<ImportedSection> sections;
  std::vector<ImportedSymbol> symbols;
  std::vector<ImportedRelocation> relocations;  // by section; within one in the order of the inputs
  std::vector<std::string> left_out;            // a line for a person each, "FILE: WHAT (WHY)"
};

// An object or an archive; the bytes say which. `path` is for messages only.
struct InputFile {
  std::string path;
  Bytes bytes;
};

// What hostile or mistaken input may cost. Beyond it import_objects() fails with kLimit.
struct ImportLimits {
  std::uint64_t section_size = std::uint64_t{1} << 31;  // bytes; kPc32 reaches no further
  std::uint64_t alignment = std::uint64_t{1} << 21;     // bytes; a huge page
  std::uint64_t name_size = std::uint64_t{1} << 16;     // bytes of one name
  std::uint64_t names_size = std::uint64_t{1} << 28;    // bytes of all names of one object
};

// Merges `files` into one object that owns its memory; same files, same result.
// Errors carry the path ("lib.a(member.o)" for archives) and the offset from the start of the file
// as given: kInvalidInput for bytes that are no such object and for conflicting definitions,
// kUnsupported for what a module cannot express, kLimit, kOutOfMemory. Memory use is a small
// multiple of the input plus the padding that alignments ask for. Thread-safe: no shared state.
Result<ImportedObject> import_objects(std::span<const InputFile> files,
                                      const ImportLimits& limits = {});

}  // namespace smf::elf
