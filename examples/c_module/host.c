/* Loads the module that is its argument through the C interface: reads a section, looks at the
 * symbols of compiled code, and calls a function that is made of a template. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/ffi/smf_rt.h"

static void stop_unless(bool is_good) {
  if (is_good) return;
  fprintf(stderr, "host: %s\n", rt_last_error().text);
  exit(1);
}

static void read_module(const char* path) {
  const int64_t cache = rt_smf_cache_new(NULL);
  stop_unless(cache != 0);
  const int64_t module = rt_smf_cache_get(cache, path, (int64_t)strlen(path));
  stop_unless(module != 0);

  rt_smf_section greeting;
  stop_unless(rt_smf_module_section(module, "greeting", 8, &greeting));
  fwrite(greeting.data, 1, (size_t)greeting.length, stdout);

  /* A constant lies in its section as the compiler laid it out. */
  rt_smf_symbol prices;
  rt_smf_section constants;
  stop_unless(rt_smf_module_symbol(module, "shop_prices", 11, &prices));
  stop_unless(rt_smf_module_section_at(module, prices.section, &constants));
  int64_t second = 0;
  memcpy(&second, constants.data + prices.offset + sizeof second, sizeof second);
  printf("the second price is %" PRId64 "\n", second);

  rt_smf_symbol function;
  stop_unless(rt_smf_module_symbol(module, "price_of", 8, &function));
  printf("price_of is a function: %s\n",
         function.type == RT_SMF_SYMBOL_FUNCTION && function.size > 0 ? "yes" : "no");
  stop_unless(rt_smf_module_release(module) && rt_smf_cache_free(cache));
}

/* A slice, as templates take it. */
typedef struct {
  const int64_t* data;
  uint64_t count;
} numbers;

static void call_template(const char* path) {
  const rt_smf_jit_options options = {.size = sizeof options, .update_mode = RT_SMF_UPDATE_OFF};
  const int64_t jit = rt_smf_jit_new(&options);
  stop_unless(jit != 0 && rt_smf_jit_load(jit, path, (int64_t)strlen(path)));
  const rt_smf_jit_result made = rt_smf_jit_instantiate(jit, "total$i64", 9);
  stop_unless(made.status == RT_SMF_JIT_SUCCESS);

  int64_t (*total)(numbers prices, numbers amounts) = NULL;
  memcpy(&total, &made.address, sizeof total);
  const int64_t prices[] = {250, 1999}, amounts[] = {4, 1};
  const numbers of_prices = {prices, 2}, of_amounts = {amounts, 2};
  printf("total$i64 is %" PRId64 "\n", total(of_prices, of_amounts));
  stop_unless(rt_smf_jit_free(jit));
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  read_module(argv[1]);
  call_template(argv[1]);
  return 0;
}
