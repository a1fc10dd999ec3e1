// The operations of MIR, as C: docs/mir.md, Meaning.
#include "runtime/mir/testing/emit_c.h"

namespace smf::mir {
namespace {

constexpr std::string_view kPrologue = R"C(#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char* smf_address;
typedef uint8_t smf_bool;
typedef struct {} smf_unit;
typedef void (*smf_native)(const void* const* arguments, void* result);

void (*smf_trap)(int kind, int function, int block) __attribute__((noreturn));
#define SMF_OPERATION 0
#define SMF_ABORT 1
#define SMF_UNREACHABLE 2
#define SMF_MISSING 5
#define SMF_INVALID 6

// Where something is, for those that may trap.
#define SMF_AT int function, int block
#define SMF_STOP smf_trap(SMF_OPERATION, function, block)

// A compiler's own idea of these may differ in the last bit.
static double (*volatile smf_pow_f64)(double, double) = pow;
static float (*volatile smf_pow_f32)(float, float) = powf;

#define SMF_FUNCTION static inline __attribute__((unused))

// T: the type; U: the same without a sign; N: its name; B: bits.
#define SMF_INTEGER(T, U, N, B)                                                             \
  SMF_FUNCTION T smf_add_##N(T a, T b) { return (T)(U)((uint64_t)a + (uint64_t)b); }        \
  SMF_FUNCTION T smf_sub_##N(T a, T b) { return (T)(U)((uint64_t)a - (uint64_t)b); }        \
  SMF_FUNCTION T smf_mul_##N(T a, T b) { return (T)(U)((uint64_t)a * (uint64_t)b); }        \
  SMF_FUNCTION T smf_checked_add_##N(T a, T b, SMF_AT) {                                    \
    T sum;                                                                                  \
    if (__builtin_add_overflow(a, b, &sum)) SMF_STOP;                                       \
    return sum;                                                                             \
  }                                                                                         \
  SMF_FUNCTION T smf_checked_sub_##N(T a, T b, SMF_AT) {                                    \
    T difference;                                                                           \
    if (__builtin_sub_overflow(a, b, &difference)) SMF_STOP;                                \
    return difference;                                                                      \
  }                                                                                         \
  SMF_FUNCTION T smf_checked_mul_##N(T a, T b, SMF_AT) {                                    \
    T product;                                                                              \
    if (__builtin_mul_overflow(a, b, &product)) SMF_STOP;                                   \
    return product;                                                                         \
  }                                                                                         \
  SMF_FUNCTION T smf_div_##N(T a, T b, SMF_AT) {                                            \
    if (b == 0) SMF_STOP;                                                                   \
    if ((T)-1 < 0 && b == (T)-1) {                                                          \
      if (a == (T)((U)1 << (B - 1))) SMF_STOP;                                              \
      return (T)-a;                                                                         \
    }                                                                                       \
    return (T)(a / b);                                                                      \
  }                                                                                         \
  SMF_FUNCTION T smf_rem_##N(T a, T b, SMF_AT) {                                            \
    if (b == 0) SMF_STOP;                                                                   \
    if ((T)-1 < 0 && b == (T)-1) {                                                          \
      if (a == (T)((U)1 << (B - 1))) SMF_STOP;                                              \
      return 0;                                                                             \
    }                                                                                       \
    return (T)(a % b);                                                                      \
  }                                                                                         \
  static T smf_wrapped_pow_##N(T a, U b) {                                                  \
    if (b == 0) return 1;                                                                   \
    T root = smf_wrapped_pow_##N(a, b / 2);                                                 \
    T square = smf_mul_##N(root, root);                                                     \
    return b % 2 == 0 ? square : smf_mul_##N(square, a);                                    \
  }                                                                                         \
  SMF_FUNCTION T smf_pow_##N(T a, T b, SMF_AT) {                                            \
    if (b < 0) SMF_STOP;                                                                    \
    return smf_wrapped_pow_##N(a, (U)b);                                                    \
  }                                                                                         \
  static __attribute__((unused)) T smf_checked_pow_##N(T a, T b, SMF_AT) {                  \
    if (b < 0) SMF_STOP;                                                                    \
    if (b == 0 || a == 1) return 1;                                                         \
    if (a == 0) return 0;                                                                   \
    if ((T)-1 < 0 && a == (T)-1) return b % 2 == 0 ? 1 : a;                                 \
    T product = 1;                                                                          \
    for (; b != 0; --b) product = smf_checked_mul_##N(product, a, function, block);         \
    return product;                                                                         \
  }                                                                                         \
  SMF_FUNCTION T smf_shl_##N(T a, uint64_t by) { return (T)(U)((uint64_t)a << by % B); }    \
  SMF_FUNCTION T smf_shr_##N(T a, uint64_t by) { return (T)(a >> by % B); }                 \
  SMF_FUNCTION T smf_checked_shl_##N(T a, uint64_t by, SMF_AT) {                            \
    if (by >= B) SMF_STOP;                                                                  \
    return smf_shl_##N(a, by);                                                              \
  }                                                                                         \
  SMF_FUNCTION T smf_abs_##N(T a) { return a < 0 ? smf_sub_##N(0, a) : a; }                 \
  SMF_FUNCTION T smf_min_##N(T a, T b) { return b < a ? b : a; }                            \
  SMF_FUNCTION T smf_max_##N(T a, T b) { return a < b ? b : a; }                            \
  static __attribute__((unused)) T smf_popcount_##N(T a) {                                  \
    T count = 0;                                                                            \
    for (int i = 0; i != B; ++i) count = (T)(count + ((U)a >> i & 1));                      \
    return count;                                                                           \
  }                                                                                         \
  static __attribute__((unused)) T smf_clz_##N(T a) {                                       \
    T count = 0;                                                                            \
    for (int i = B - 1; i >= 0 && ((U)a >> i & 1) == 0; --i) ++count;                       \
    return count;                                                                           \
  }                                                                                         \
  static __attribute__((unused)) T smf_ctz_##N(T a) {                                       \
    T count = 0;                                                                            \
    for (int i = 0; i != B && ((U)a >> i & 1) == 0; ++i) ++count;                           \
    return count;                                                                           \
  }                                                                                         \
  static __attribute__((unused)) T smf_bswap_##N(T a) {                                     \
    unsigned char bytes[sizeof a], turned[sizeof a];                                        \
    memcpy(bytes, &a, sizeof a);                                                            \
    for (size_t i = 0; i != sizeof a; ++i) turned[i] = bytes[sizeof a - 1 - i];             \
    memcpy(&a, turned, sizeof a);                                                           \
    return a;                                                                               \
  }                                                                                         \
  SMF_FUNCTION T smf_rotl_##N(T a, uint64_t by) {                                           \
    by %= B;                                                                                \
    return by == 0 ? a : (T)(U)((uint64_t)(U)a << by | (uint64_t)(U)a >> (B - by));         \
  }                                                                                         \
  SMF_FUNCTION T smf_rotr_##N(T a, uint64_t by) { return smf_rotl_##N(a, B - by % B); }     \
  SMF_FUNCTION T smf_cast_f64_##N(double a) {                                               \
    const T least = (T)-1 < 0 ? (T)((U)1 << (B - 1)) : 0;                                   \
    const T most = (T)-1 < 0 ? (T)~((U)1 << (B - 1)) : (T)-1;                               \
    if (a != a) return 0;                                                                   \
    if (a <= (double)least) return least;                                                   \
    if (a >= ldexp(1, (T)-1 < 0 ? B - 1 : B)) return most;                                  \
    return (T)a;                                                                            \
  }

SMF_INTEGER(int8_t, uint8_t, i8, 8)
SMF_INTEGER(int16_t, uint16_t, i16, 16)
SMF_INTEGER(int32_t, uint32_t, i32, 32)
SMF_INTEGER(int64_t, uint64_t, i64, 64)
SMF_INTEGER(uint8_t, uint8_t, u8, 8)
SMF_INTEGER(uint16_t, uint16_t, u16, 16)
SMF_INTEGER(uint32_t, uint32_t, u32, 32)
SMF_INTEGER(uint64_t, uint64_t, u64, 64)

#define SMF_FLOAT(T, N, SUFFIX)                                                             \
  SMF_FUNCTION T smf_rem_##N(T a, T b) { return fmod##SUFFIX(a, b); }                       \
  SMF_FUNCTION T smf_min_##N(T a, T b) { return a != a ? b : b != b ? a : b < a ? b : a; }  \
  SMF_FUNCTION T smf_max_##N(T a, T b) { return a != a ? b : b != b ? a : a < b ? b : a; }  \
  SMF_FUNCTION T smf_abs_##N(T a) { return fabs##SUFFIX(a); }                               \
  SMF_FUNCTION T smf_sqrt_##N(T a) { return sqrt##SUFFIX(a); }                              \
  SMF_FUNCTION T smf_floor_##N(T a) { return floor##SUFFIX(a); }                            \
  SMF_FUNCTION T smf_ceil_##N(T a) { return ceil##SUFFIX(a); }                              \
  SMF_FUNCTION T smf_trunc_##N(T a) { return trunc##SUFFIX(a); }                            \
  SMF_FUNCTION T smf_fma_##N(T a, T b, T c) { return fma##SUFFIX(a, b, c); }

SMF_FLOAT(float, f32, f)
SMF_FLOAT(double, f64, )

SMF_FUNCTION double smf_bits_f64(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
SMF_FUNCTION int32_t smf_memcmp(const void* a, const void* b, uint64_t size) {
  const unsigned char *left = a, *right = b;
  for (uint64_t i = 0; i != size; ++i)
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  return 0;
}
)C";

}  // namespace

std::string_view c_prologue() { return kPrologue; }

}  // namespace smf::mir
