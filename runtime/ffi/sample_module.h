/* For tests, in C and C++: a module with templates, a note and data.
 *
 * Templates in MIR, each of one type parameter T; rows of the note are for i64 and have the usual
 * names:
 *
 *   max(T, T) -> T       possible, also for f64
 *   divide(T, T) -> T    possible; traps on 0
 *   doubled(T) -> T      possible; the function `double_it` of whoever provides it
 *   next() -> T          possible; adds 1 to the global 77, of whoever provides it
 *   node(T) -> T         possible; uses a type that contains itself
 *   broken(T) -> T       possible; calls a function that nobody has
 *   identity(T) -> T     instantiations, "compiled"
 *
 * Sections: `code`, 64 bytes with the symbol `answer` at 16, of 4; `zeros`, a BSS of 4096; `table`,
 * compressed, the bytes 0, 1, 2, 3 again and again, 100000 in all; those of the templates and the
 * note.
 */
#ifndef SMF_RUNTIME_FFI_SAMPLE_MODULE_H_
#define SMF_RUNTIME_FFI_SAMPLE_MODULE_H_

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tells on standard error what went wrong. */
bool write_sample_module(const char* path);

#ifdef __cplusplus
}
#endif

#endif /* SMF_RUNTIME_FFI_SAMPLE_MODULE_H_ */
