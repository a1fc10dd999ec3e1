/* A program in C that was given what is installed, and no more: calls max$i64 of the module that is
 * its argument. */
#include <stdio.h>
#include <string.h>

#include "runtime/ffi/smf_rt.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const int64_t jit = rt_smf_jit_new(NULL);
  if (!rt_smf_jit_load(jit, argv[1], (int64_t)strlen(argv[1]))) {
    fprintf(stderr, "%s\n", rt_last_error().text);
    return 1;
  }
  const rt_smf_jit_result made = rt_smf_jit_instantiate(jit, "max$i64", 7);
  if (made.status != RT_SMF_JIT_SUCCESS) {
    fprintf(stderr, "%s\n", rt_last_error().text);
    return 1;
  }
  int64_t (*max)(int64_t, int64_t) = NULL;
  memcpy(&max, &made.address, sizeof max);
  printf("C: %lld\n", (long long)max(40, 2));
  return rt_smf_jit_free(jit) ? 0 : 1;
}
