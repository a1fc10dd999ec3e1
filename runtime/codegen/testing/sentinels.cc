#include "runtime/codegen/testing/sentinels.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "runtime/codegen/testing/native_code.h"

extern "C" {
unsigned smf_test_sentinels_lost = 0;

[[gnu::used]] std::uint64_t smf_test_mix(std::uint64_t a, std::uint64_t b, double c) {
  return smf::codegen::mix(a, b, c);
}
[[gnu::used]] double smf_test_mix_float(double a, double b, std::uint64_t c) {
  return smf::codegen::mix_float(a, b, c);
}
[[gnu::used]] void smf_test_trap(void* context, const smf::codegen::TrapRecord* record) {
  smf::codegen::throw_trapped(context, record);
}
}

namespace smf::codegen {
namespace {

void destroy_registers() {
#if defined(__x86_64__)
  asm volatile(
      "mov $-1, %%rax\n mov %%rax, %%rcx\n mov %%rax, %%rdx\n mov %%rax, %%rsi\n"
      "mov %%rax, %%rdi\n mov %%rax, %%r8\n mov %%rax, %%r9\n mov %%rax, %%r10\n"
      "mov %%rax, %%r11\n movq %%rax, %%xmm0\n movq %%rax, %%xmm1\n movq %%rax, %%xmm2\n"
      "movq %%rax, %%xmm3\n movq %%rax, %%xmm4\n movq %%rax, %%xmm5\n movq %%rax, %%xmm6\n"
      "movq %%rax, %%xmm7\n movq %%rax, %%xmm8\n movq %%rax, %%xmm9\n movq %%rax, %%xmm10\n"
      "movq %%rax, %%xmm11\n movq %%rax, %%xmm12\n movq %%rax, %%xmm13\n movq %%rax, %%xmm14\n"
      "movq %%rax, %%xmm15\n" ::
          : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2",
            "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
            "xmm13", "xmm14", "xmm15", "cc");
#endif
}

}  // namespace

std::uint64_t mix(std::uint64_t a, std::uint64_t b, double c) {
  destroy_registers();
  const std::uint64_t bits = std::isnan(c) ? 1 : std::bit_cast<std::uint64_t>(c);
  return std::rotl(a * 0x9e3779b97f4a7c15 ^ b, 17) + bits;
}

double mix_float(double a, double b, std::uint64_t c) {
  destroy_registers();
  return a - b * 0.5 + static_cast<double>(c >> 40);
}

void reset_sentinels() { smf_test_sentinels_lost = 0; }
bool sentinels_held() { return smf_test_sentinels_lost == 0; }

}  // namespace smf::codegen

#if defined(__x86_64__)

// What preserved registers hold: a number, and those after it. SMF_COMPARE uses rax.
#define SMF_SENTINEL "0x5e4714e15e4714e1"
#define SMF_COMPARE                                                                    \
  "movabs $" SMF_SENTINEL                                                              \
  ", %rax\n cmp %rax, %rbx\n jne 1f\n inc %rax\n cmp %rax, %r12\n jne 1f\n inc %rax\n" \
  "cmp %rax, %r13\n jne 1f\n inc %rax\n cmp %rax, %r14\n jne 1f\n inc %rax\n"          \
  "cmp %rax, %r15\n jne 1f\n"
// rsp is a multiple of 16 where a call is made.
#define SMF_OBSERVER(name, goes_on)                                           \
  asm(".text\n.p2align 4\n.globl " name "\n" name ":\n endbr64\n" SMF_COMPARE \
      "lea 8(%rsp), %rax\n test $15, %al\n jne 1f\n jmp 2f\n"                 \
      "1: movl $1, smf_test_sentinels_lost(%rip)\n 2: jmp " goes_on "\n")

SMF_OBSERVER("smf_test_observing_mix", "smf_test_mix");
SMF_OBSERVER("smf_test_observing_mix_float", "smf_test_mix_float");
SMF_OBSERVER("smf_test_observing_trap", "smf_test_trap");

asm(".text\n.p2align 4\n.globl smf_test_call_with_sentinels\nsmf_test_call_with_sentinels:\n"
    ".cfi_startproc\n endbr64\n push %rbp\n .cfi_def_cfa_offset 16\n .cfi_offset %rbp, -16\n"
    "mov %rsp, %rbp\n .cfi_def_cfa_register %rbp\n"
    "push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n sub $8, %rsp\n"
    ".cfi_offset %rbx, -24\n .cfi_offset %r12, -32\n .cfi_offset %r13, -40\n"
    ".cfi_offset %r14, -48\n .cfi_offset %r15, -56\n"
    "mov %rdi, %rax\n mov %rsi, %rdi\n movabs $" SMF_SENTINEL
    ", %rbx\n lea 1(%rbx), %r12\n lea 2(%rbx), %r13\n lea 3(%rbx), %r14\n lea 4(%rbx), %r15\n"
    "call *%rax\n" SMF_COMPARE
    "mov $1, %eax\n jmp 2f\n 1: xor %eax, %eax\n 2: add $8, %rsp\n"
    "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n .cfi_def_cfa %rsp, 8\n"
    "ret\n .cfi_endproc\n");

extern "C" {
std::uint64_t smf_test_observing_mix(std::uint64_t, std::uint64_t, double);
double smf_test_observing_mix_float(double, double, std::uint64_t);
void smf_test_observing_trap(void*, const void*);
bool smf_test_call_with_sentinels(const void*, void*);
}

namespace smf::codegen {

const void* observing_mix() { return reinterpret_cast<const void*>(&smf_test_observing_mix); }
const void* observing_mix_float() {
  return reinterpret_cast<const void*>(&smf_test_observing_mix_float);
}
const void* observing_trap() { return reinterpret_cast<const void*>(&smf_test_observing_trap); }
bool call_with_sentinels(const void* function, void* argument) {
  return smf_test_call_with_sentinels(function, argument);
}

}  // namespace smf::codegen

#else

namespace smf::codegen {

const void* observing_mix() { return reinterpret_cast<const void*>(&smf_test_mix); }
const void* observing_mix_float() { return reinterpret_cast<const void*>(&smf_test_mix_float); }
const void* observing_trap() { return reinterpret_cast<const void*>(&smf_test_trap); }
bool call_with_sentinels(const void* function, void* argument) {
  void (*called)(void*) = nullptr;
  std::memcpy(&called, &function, sizeof called);
  called(argument);
  return true;
}

}  // namespace smf::codegen

#endif
