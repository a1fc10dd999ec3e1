/* For the tests in C: a check that reports and goes on. */
#ifndef SMF_RUNTIME_FFI_SMF_RT_CHECK_H_
#define SMF_RUNTIME_FFI_SMF_RT_CHECK_H_

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "runtime/ffi/smf_rt.h"

static int failures = 0;

static void check(bool holds, const char* what, int line) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "line %d: not so: %s\n  last error: %s\n", line, what, rt_last_error().text);
}

#define CHECK(condition) check((condition), #condition, __LINE__)

/* Whether the last error has this code, and its text holds all of the parts. */
static bool error_is(int32_t code, const char* part, const char* other) {
  const rt_error error = rt_last_error();
  return error.code == code && (size_t)error.length == strlen(error.text) &&
         strstr(error.text, part) != NULL && strstr(error.text, other) != NULL;
}

#endif /* SMF_RUNTIME_FFI_SMF_RT_CHECK_H_ */
