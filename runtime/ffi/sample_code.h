/* For tests, in C and C++: functions in machine code, with C's calling convention.
 *
 * Encodings: Intel SDM volume 2, Arm ARM C6.2, RISC-V unprivileged specification chapters 2 and 24.
 */
#ifndef SMF_RUNTIME_FFI_SAMPLE_CODE_H_
#define SMF_RUNTIME_FFI_SAMPLE_CODE_H_

#include <stdint.h>

/* The first argument; the sum of two; and what the function does that is the first argument, with
 * the same arguments. */
#if defined(__x86_64__)
/* mov rax, rdi; ret    lea rax, [rdi + rsi]; ret    jmp rdi */
static const uint8_t kFirstArgument[] = {0x48, 0x89, 0xf8, 0xc3};
static const uint8_t kSum[] = {0x48, 0x8d, 0x04, 0x37, 0xc3};
static const uint8_t kJumpToFirstArgument[] = {0xff, 0xe7};
#elif defined(__aarch64__)
/* ret    add x0, x0, x1; ret    br x0 */
static const uint8_t kFirstArgument[] = {0xc0, 0x03, 0x5f, 0xd6};
static const uint8_t kSum[] = {0x00, 0x00, 0x01, 0x8b, 0xc0, 0x03, 0x5f, 0xd6};
static const uint8_t kJumpToFirstArgument[] = {0x00, 0x00, 0x1f, 0xd6};
#elif defined(__riscv)
/* ret    add a0, a0, a1; ret    jr a0 */
static const uint8_t kFirstArgument[] = {0x67, 0x80, 0x00, 0x00};
static const uint8_t kSum[] = {0x33, 0x05, 0xb5, 0x00, 0x67, 0x80, 0x00, 0x00};
static const uint8_t kJumpToFirstArgument[] = {0x67, 0x00, 0x05, 0x00};
#else
#error "machine code for this processor is missing"
#endif

#endif /* SMF_RUNTIME_FFI_SAMPLE_CODE_H_ */
