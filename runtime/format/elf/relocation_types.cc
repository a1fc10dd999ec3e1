#include "runtime/format/elf/relocation_types.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace smf::elf {
namespace {

#define SMF_RULE(name, ...) {name, #name, __VA_ARGS__}

constexpr auto kX86Rules = std::to_array<RelocationRule>({
    SMF_RULE(R_X86_64_64, RelocType::kAbs64, 8),
    SMF_RULE(R_X86_64_PC32, RelocType::kPc32),
    SMF_RULE(R_X86_64_PLT32, RelocType::kPlt32),
    SMF_RULE(R_X86_64_GOTPCREL, RelocType::kGotPcRel),
    SMF_RULE(R_X86_64_GOTPCRELX, RelocType::kGotPcRel),
    SMF_RULE(R_X86_64_REX_GOTPCRELX, RelocType::kGotPcRel),
});

// Bits of A64 instructions (Arm ARM C4.1): ADD (immediate, unshifted); load/store with unsigned
// offset, whose bits 31:30 are the size; LDR and STR of 16 bytes, a case of size 0; B and BL; ADRP.
constexpr std::uint32_t kAddMask = 0x7FC00000, kAdd = 0x11000000;
constexpr std::uint32_t kAccessMask = 0xFB000000;
constexpr std::uint32_t kAccess8 = 0x39000000, kAccess16 = 0x79000000, kAccess32 = 0xB9000000,
                        kAccess64 = 0xF9000000;
constexpr std::uint32_t kAccess128Mask = 0xFF800000, kAccess128 = 0x3D800000;
constexpr std::uint32_t kLoad64Mask = 0xFFC00000, kLoad64 = 0xF9400000;
constexpr std::uint32_t kBranchMask = 0xFC000000, kBranch = 0x14000000, kCall = 0x94000000;
constexpr std::uint32_t kAdrpMask = 0x9F000000, kAdrp = 0x90000000;

constexpr auto kArmRules = std::to_array<RelocationRule>({
    SMF_RULE(R_AARCH64_ABS64, RelocType::kAbs64, 8),
    SMF_RULE(R_AARCH64_PREL32, RelocType::kPc32),
    SMF_RULE(R_AARCH64_CALL26, RelocType::kBranch26, 4, kBranchMask, kCall),
    SMF_RULE(R_AARCH64_JUMP26, RelocType::kBranch26, 4, kBranchMask, kBranch),
    SMF_RULE(R_AARCH64_ADR_PREL_PG_HI21, RelocType::kPage21, 4, kAdrpMask, kAdrp),
    SMF_RULE(R_AARCH64_ADD_ABS_LO12_NC, RelocType::kPageOff12, 4, kAddMask, kAdd),
    SMF_RULE(R_AARCH64_LDST8_ABS_LO12_NC, RelocType::kPageOff12, 4, kAccessMask, kAccess8),
    SMF_RULE(R_AARCH64_LDST16_ABS_LO12_NC, RelocType::kPageOff12, 4, kAccessMask, kAccess16),
    SMF_RULE(R_AARCH64_LDST32_ABS_LO12_NC, RelocType::kPageOff12, 4, kAccessMask, kAccess32),
    SMF_RULE(R_AARCH64_LDST64_ABS_LO12_NC, RelocType::kPageOff12, 4, kAccessMask, kAccess64),
    SMF_RULE(R_AARCH64_LDST128_ABS_LO12_NC, RelocType::kPageOff12, 4, kAccess128Mask, kAccess128),
    SMF_RULE(R_AARCH64_ADR_GOT_PAGE, RelocType::kGotPage21, 4, kAdrpMask, kAdrp),
    SMF_RULE(R_AARCH64_LD64_GOT_LO12_NC, RelocType::kGotPageOff12, 4, kLoad64Mask, kLoad64),
});

#undef SMF_RULE

// Ranges of types that share the reason for being met, and its remedy.
struct Remedy {
  std::uint32_t first;
  std::uint32_t last;
  std::string_view advice;
};

constexpr std::string_view kPic = "compile with -fPIC";
constexpr std::string_view kModel = "compile with -mcmodel=small (the default)";
constexpr std::string_view kTls = "do without thread_local, or compile with clang's -femulated-tls";
constexpr std::string_view kLinked = "it belongs to linked files";
constexpr std::string_view kNear = "keep the target in the same section";
constexpr std::string_view kNarrow = "use a 64-bit address, or a 32-bit difference";

constexpr auto kX86Remedies = std::to_array<Remedy>({
    {R_X86_64_GOT32, R_X86_64_GOT32, kModel},
    {R_X86_64_COPY, R_X86_64_RELATIVE, kLinked},
    {R_X86_64_32, R_X86_64_32S, kPic},
    {R_X86_64_16, R_X86_64_PC8, kNarrow},
    {R_X86_64_DTPMOD64, R_X86_64_TPOFF32, kTls},
    {R_X86_64_PC64, R_X86_64_PLTOFF64, kModel},
    {R_X86_64_SIZE32, R_X86_64_SIZE64, "take the size as a constant"},
    {R_X86_64_GOTPC32_TLSDESC, R_X86_64_TLSDESC, kTls},
    {R_X86_64_IRELATIVE, R_X86_64_RELATIVE64, kLinked},
    {43, 43, "compile without -mapxf"},
    {44, 45, kTls},
    {46, 46, "compile without -mapxf"},
});

constexpr auto kArmRemedies = std::to_array<Remedy>({
    {R_AARCH64_ABS32, R_AARCH64_ABS16, kNarrow},
    {R_AARCH64_PREL64, R_AARCH64_PREL16, kNarrow},
    {R_AARCH64_MOVW_UABS_G0, R_AARCH64_MOVW_SABS_G2, kModel},
    {R_AARCH64_LD_PREL_LO19, R_AARCH64_ADR_PREL_LO21, kModel},
    {R_AARCH64_ADR_PREL_PG_HI21_NC, R_AARCH64_ADR_PREL_PG_HI21_NC, kModel},
    {R_AARCH64_TSTBR14, R_AARCH64_CONDBR19, kNear},
    {R_AARCH64_MOVW_PREL_G0, R_AARCH64_MOVW_PREL_G3, kModel},
    {R_AARCH64_MOVW_GOTOFF_G0, R_AARCH64_GOT_LD_PREL19, kModel},
    {R_AARCH64_LD64_GOTOFF_LO15, R_AARCH64_LD64_GOTPAGE_LO15, "compile with -fPIC, not -fpic"},
    {R_AARCH64_TLSGD_ADR_PREL21, R_AARCH64_TLSLD_LDST128_DTPREL_LO12_NC, kTls},
    {R_AARCH64_COPY, R_AARCH64_IRELATIVE, kLinked},
});

template <typename T>
std::span<const T> by_machine(Machine machine, std::span<const T> x86, std::span<const T> arm) {
  return machine == Machine::kX86_64 ? x86 : arm;
}

}  // namespace

bool is_no_relocation(Machine machine, std::uint32_t elf_type) {
  // AArch64 withdrew 256 in favour of 0; older assemblers still write it.
  return elf_type == 0 || (machine == Machine::kAArch64 && elf_type == 256);
}

const RelocationRule* find_rule(Machine machine, std::uint32_t elf_type) {
  const auto rules = by_machine<RelocationRule>(machine, kX86Rules, kArmRules);
  const auto rule = std::ranges::find(rules, elf_type, &RelocationRule::elf_type);
  return rule == rules.end() ? nullptr : &*rule;
}

bool agrees(const RelocationRule& rule, std::uint32_t instruction) {
  if ((instruction & rule.mask) != rule.value) return false;
  // An access of 16 bytes has the size bits of one of a byte and differs in others.
  return rule.value != kAccess8 || (instruction & kAccess128Mask) != kAccess128;
}

std::string describe_unsupported(Machine machine, std::uint32_t elf_type, std::string_view symbol) {
  std::string text = "a module cannot express ";
  if (const auto name = relocation_name(machine, elf_type); !name.empty()) {
    text += name;
  } else {
    text += fmt::format("{} relocation {}", machine == Machine::kX86_64 ? "x86-64" : "AArch64",
                        elf_type);
  }
  if (!symbol.empty()) text += fmt::format(" of '{}'", symbol);
  for (const auto& remedy : by_machine<Remedy>(machine, kX86Remedies, kArmRemedies)) {
    if (elf_type >= remedy.first && elf_type <= remedy.last)
      return fmt::format("{}: {}", text, remedy.advice);
  }
  return text;
}

}  // namespace smf::elf
