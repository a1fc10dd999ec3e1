/* From C: every rt_smf_* function, its failures included, on a module that is made here. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/ffi/sample_module.h"
#include "runtime/ffi/smf_rt.h"
#include "runtime/ffi/smf_rt_check.h"

/* A text and its length, as arguments. */
#define TEXT(text) (text), (int64_t)strlen(text)

typedef int64_t (*function_1)(int64_t);
typedef int64_t (*function_2)(int64_t, int64_t);

static char path[4000];

static function_1 as_function_1(int64_t address) {
  function_1 function = NULL;
  memcpy(&function, &address, sizeof function);
  return function;
}

static function_2 as_function_2(int64_t address) {
  function_2 function = NULL;
  memcpy(&function, &address, sizeof function);
  return function;
}

static int64_t new_cache(void) {
  const int64_t cache = rt_smf_cache_new(NULL);
  CHECK(cache > 0);
  return cache;
}

static int64_t new_jit(rt_smf_jit_options options) {
  options.size = sizeof options;
  const int64_t jit = rt_smf_jit_new(&options);
  CHECK(jit > 0);
  CHECK(rt_smf_jit_load(jit, TEXT(path)));
  return jit;
}

static bool bytes_are(rt_bytes bytes, const char* text) {
  return bytes.data != NULL && (size_t)bytes.length == strlen(text) &&
         strcmp((const char*)bytes.data, text) == 0;
}

static void free_row(rt_smf_note_row row) {
  rt_free_bytes(row.mangled_name);
  rt_free_bytes(row.template_name);
  rt_free_bytes(row.type_args);
  rt_free_bytes(row.status);
}

/* ---- The cache ---- */

static void modules_are_cached(void) {
  const rt_smf_cache_options options = {.size = sizeof options,
                                        .max_files = 10,
                                        .max_bytes = 1 << 20,
                                        .max_frame_bytes = 1 << 19,
                                        .revalidation = RT_SMF_REVALIDATE_NEVER,
                                        .interval_ms = 5,
                                        .eviction = RT_SMF_EVICT_SIEVE,
                                        .share_content = 1};
  const int64_t cache = rt_smf_cache_new(&options);
  CHECK(cache > 0);
  const int64_t first = rt_smf_cache_get(cache, TEXT(path));
  const int64_t second = rt_smf_cache_get(cache, TEXT(path));
  CHECK(first > 0 && second > 0 && first != second);
  rt_smf_cache_statistics stats = {.size = sizeof stats};
  CHECK(rt_smf_cache_stats(cache, &stats));
  CHECK(stats.size == sizeof stats && stats.files == 1 && stats.names == 1);
  CHECK(stats.hits == 1 && stats.misses == 1 && stats.errors == 0);

  CHECK(rt_smf_cache_invalidate(cache, TEXT(path)));
  CHECK(rt_smf_cache_evict(cache, TEXT(path)));
  CHECK(!rt_smf_cache_evict(cache, TEXT(path)));
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_cache_evict(0x", "is not in the cache"));
  CHECK(!rt_smf_cache_invalidate(cache, TEXT(path)));
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_cache_invalidate(0x", "is not in the cache"));
  CHECK(rt_smf_cache_stats(cache, &stats) && stats.files == 0 && stats.held_files == 1);

  CHECK(rt_smf_cache_prefetch(cache, TEXT(path)));
  CHECK(rt_smf_cache_stats(cache, &stats) && stats.files == 1);
  CHECK(rt_smf_cache_clear(cache));
  CHECK(rt_smf_cache_stats(cache, &stats) && stats.files == 0);

  /* A program that knows the struct's beginning only. */
  rt_smf_cache_statistics shorter = {.size = 24, .files = -7, .names = -7, .bytes_read = -7};
  CHECK(rt_smf_cache_stats(cache, &shorter));
  CHECK(shorter.files == 0 && shorter.names == 0 && shorter.bytes_read == -7);

  /* Modules stay when the cache goes. */
  CHECK(rt_smf_cache_free(cache));
  CHECK(rt_smf_module_section_count(first) > 0);
  CHECK(rt_smf_module_release(first) && rt_smf_module_release(second));
  CHECK(!rt_smf_cache_free(cache));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_cache_free(0x", "the handle of a cache was freed"));
}

static void cache_refuses(void) {
  const int64_t cache = new_cache();
  CHECK(rt_smf_cache_get(cache, TEXT("/no/such/module.smf")) == 0);
  CHECK(error_is(RT_SYSTEM, "rt_smf_cache_get(0x", "/no/such/module.smf"));
  CHECK(rt_last_error().system_errno == ENOENT);
  CHECK(!rt_smf_cache_prefetch(cache, TEXT("/no/such/module.smf")));
  CHECK(error_is(RT_SYSTEM, "rt_smf_cache_prefetch(0x", "/no/such/module.smf"));
  CHECK(rt_smf_cache_get(cache, TEXT("/proc/self/exe")) == 0 &&
        rt_last_error().code == RT_INVALID_INPUT);
  CHECK(rt_smf_cache_get(cache, "a\0b", 3) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_cache_get(0x", "the path has a NUL at 1"));
  CHECK(rt_smf_cache_get(cache, NULL, 1) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the path is null", ""));
  CHECK(rt_smf_cache_get(cache, "", -1) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the path's length is -1: negative", ""));
  rt_smf_cache_statistics stats = {.size = sizeof stats};
  CHECK(rt_smf_cache_stats(cache, &stats) && stats.errors == 3);
  CHECK(!rt_smf_cache_stats(cache, NULL) && error_is(RT_INVALID_ARGUMENT, "are null", ""));
  stats.size = 0;
  CHECK(!rt_smf_cache_stats(cache, &stats));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_cache_stats(0x", "size is 0"));
  stats.size = sizeof stats + 8;
  CHECK(!rt_smf_cache_stats(cache, &stats));
  CHECK(error_is(RT_UNSUPPORTED, "rt_smf_cache_stats(0x", "of a later version"));
  CHECK(rt_smf_cache_free(cache));

  const rt_smf_cache_options wrong[] = {
      {.size = 0},
      {.size = 12},
      {.size = sizeof *wrong, .max_files = -1},
      {.size = sizeof *wrong, .max_files = INT64_MAX},
      {.size = sizeof *wrong, .max_bytes = -1},
      {.size = sizeof *wrong, .max_frame_bytes = INT64_MIN},
      {.size = sizeof *wrong, .revalidation = 4},
      {.size = sizeof *wrong, .revalidation = -1},
      {.size = sizeof *wrong, .interval_ms = -1},
      {.size = sizeof *wrong, .interval_ms = INT64_MAX},
      {.size = sizeof *wrong, .eviction = 2},
      {.size = sizeof *wrong, .share_content = 2},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    CHECK(rt_smf_cache_new(&wrong[i]) == 0);
    CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_cache_new: ", ""));
  }
  const rt_smf_cache_options later = {.size = sizeof later + 8};
  CHECK(rt_smf_cache_new(&later) == 0 && error_is(RT_UNSUPPORTED, "of a later version", ""));
}

/* ---- A module ---- */

static void sections_are_found(int64_t module) {
  const int64_t count = rt_smf_module_section_count(module);
  CHECK(count >= 6);
  rt_smf_section section;
  for (int64_t i = 0; i < count; ++i) {
    CHECK(rt_smf_module_section_at(module, i, &section));
    CHECK(section.index == i && section.data != NULL && strlen(section.name) > 0);
    rt_smf_section same;
    CHECK(rt_smf_module_section(module, TEXT(section.name), &same));
    CHECK(same.index == i && same.data == section.data && same.length == section.length);
  }
  CHECK(!rt_smf_module_section_at(module, count, &section) && section.data == NULL);
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_module_section_at(0x", "there is no section"));
  CHECK(!rt_smf_module_section_at(module, -1, &section));

  CHECK(rt_smf_module_section(module, TEXT("code"), &section));
  CHECK(section.type == RT_SMF_SECTION_CODE && section.length == 64 && section.memory_size == 64);
  CHECK(section.flags == 5 && section.data[63] == 0xC3);
  CHECK(rt_smf_module_section(module, TEXT("zeros"), &section));
  CHECK(section.type == RT_SMF_SECTION_BSS && section.length == 0 && section.memory_size == 4096);
  CHECK(rt_smf_module_section(module, TEXT("table"), &section));
  CHECK(section.type == RT_SMF_SECTION_RODATA && section.length == 100000);
  CHECK(section.data[0] == 0 && section.data[99999] == 3);

  CHECK(!rt_smf_module_section(module, TEXT("nothing"), &section) && section.length == 0);
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_module_section(0x", "there is no section 'nothing'"));
  CHECK(!rt_smf_module_section(module, NULL, 3, &section));
  CHECK(error_is(RT_INVALID_ARGUMENT, "the name is null", ""));
  CHECK(!rt_smf_module_section(module, TEXT("code"), NULL));
  CHECK(error_is(RT_INVALID_ARGUMENT, "the section is null", ""));
  CHECK(!rt_smf_module_section_at(module, 0, NULL));
  CHECK(rt_smf_module_is_whole(module) == 1);
}

static void symbols_are_found(int64_t module) {
  rt_smf_symbol symbol;
  CHECK(rt_smf_module_symbol(module, TEXT("answer"), &symbol));
  rt_smf_section section;
  CHECK(rt_smf_module_section_at(module, symbol.section, &section));
  CHECK(strcmp(section.name, "code") == 0 && symbol.offset == 16 && symbol.size == 4);
  CHECK(symbol.type == RT_SMF_SYMBOL_FUNCTION && symbol.binding == RT_SMF_BINDING_GLOBAL);
  CHECK(symbol.is_defined == 1 && symbol.is_template == 0);
  CHECK(rt_smf_module_symbol(module, TEXT("max"), &symbol) && symbol.is_template == 1);
  CHECK(!rt_smf_module_symbol(module, TEXT("question"), &symbol) && symbol.size == 0);
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_module_symbol(0x", "there is no symbol 'question'"));
  CHECK(!rt_smf_module_symbol(module, TEXT("answer"), NULL));
  CHECK(error_is(RT_INVALID_ARGUMENT, "the symbol is null", ""));
}

static void a_module_is_read(void) {
  const int64_t cache = new_cache();
  const int64_t module = rt_smf_cache_get(cache, TEXT(path));
  sections_are_found(module);
  symbols_are_found(module);
  CHECK(rt_smf_module_release(module));
  CHECK(!rt_smf_module_release(module));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_module_release(0x", "of a module was freed"));
  CHECK(rt_smf_cache_free(cache));
}

/* ---- The note ---- */

static void check_row(int64_t module, const char* name, int64_t is_possible, const char* status) {
  rt_smf_note_row row;
  CHECK(rt_smf_note_find(module, TEXT(name), &row));
  CHECK(row.is_possible == is_possible && bytes_are(row.status, status));
  CHECK(bytes_are(row.mangled_name, name) && bytes_are(row.type_args, "i64"));
  free_row(row);
}

static void rows_are_found_and_promoted(void) {
  const int64_t cache = new_cache();
  int64_t module = rt_smf_cache_get(cache, TEXT(path));
  check_row(module, "identity$i64", 0, "compiled");
  check_row(module, "max$i64", 1, "");
  rt_smf_note_row row;
  CHECK(rt_smf_note_find_template(module, TEXT("max"), TEXT("Int"), &row));
  CHECK(bytes_are(row.mangled_name, "max$i64") && bytes_are(row.template_name, "max"));
  free_row(row);
  CHECK(!rt_smf_note_find(module, TEXT("max$text"), &row) && row.status.data == NULL);
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_note_find(0x", "the note has no such row"));
  CHECK(!rt_smf_note_find_template(module, TEXT("max"), TEXT("text"), &row));
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_note_find_template(0x", "the note has no such row"));
  CHECK(!rt_smf_note_find(module, TEXT("max$i64"), NULL));
  CHECK(error_is(RT_INVALID_ARGUMENT, "the row is null", ""));
  CHECK(!rt_smf_note_find_template(module, NULL, 3, TEXT("i64"), &row));
  CHECK(error_is(RT_INVALID_ARGUMENT, "the template is null", ""));
  CHECK(rt_smf_note_count(module).possible == 8);
  CHECK(rt_smf_note_count(module).instantiations == 1);

  CHECK(rt_smf_note_promote(TEXT(path), TEXT("max$i64")) == 1);
  CHECK(rt_smf_note_promote(TEXT(path), TEXT("max$i64")) == 0);
  CHECK(rt_smf_note_promote(TEXT(path), TEXT("max$text")) == -1);
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_note_promote: ", "max$text"));
  CHECK(rt_smf_note_promote(TEXT("/no/such/module.smf"), TEXT("max$i64")) == -1);
  CHECK(error_is(RT_SYSTEM, "rt_smf_note_promote: ", "/no/such/module.smf"));
  CHECK(rt_smf_note_promote(NULL, 1, TEXT("max$i64")) == -1);

  CHECK(rt_smf_module_release(module));
  CHECK(rt_smf_cache_invalidate(cache, TEXT(path)));
  module = rt_smf_cache_get(cache, TEXT(path));
  check_row(module, "max$i64", 0, "jit_compiled");
  CHECK(rt_smf_note_count(module).possible == 7);
  CHECK(rt_smf_note_count(module).instantiations == 2);
  CHECK(rt_smf_module_release(module) && rt_smf_cache_free(cache));
  CHECK(rt_smf_note_count(module).possible == -1);
  CHECK(rt_smf_note_count(module).instantiations == -1);
}

/* ---- Instantiating ---- */

static void functions_are_made_and_called(void) {
  const int64_t cache = new_cache();
  const int64_t jit = new_jit((rt_smf_jit_options){.cache = cache});
  CHECK(rt_smf_cache_free(cache)); /* The instantiator has it. */
  CHECK(rt_smf_jit_can_instantiate(jit, TEXT("max$i64")) == 1);
  CHECK(rt_smf_jit_can_instantiate(jit, TEXT("max$text")) == 0);
  const rt_smf_jit_result max = rt_smf_jit_instantiate(jit, TEXT("max$i64"));
  CHECK(max.status == RT_SMF_JIT_SUCCESS && max.address != 0);
  if (max.address == 0) return;
  CHECK(as_function_2(max.address)(-3, 40) == 40);
  CHECK(as_function_2(max.address)(INT64_MAX, INT64_MIN) == INT64_MAX);
  CHECK(rt_smf_jit_instantiate(jit, TEXT("max$i64")).address == max.address);
  CHECK(rt_smf_jit_resolve(jit, TEXT("max$i64")) == max.address);
  CHECK(rt_call_function_2(max.address, 1, 2) == 2 && rt_last_error().code == RT_OK);

  rt_smf_jit_statistics stats = {.size = sizeof stats};
  CHECK(rt_smf_jit_stats(jit, &stats));
  CHECK(stats.cached == 1 && stats.compiled == 1 && stats.modules == 1 && stats.code_bytes > 0);
  CHECK(stats.compile_ns > 0 && stats.shared == 0 && stats.persisted_hits == 0);
  CHECK(!rt_smf_jit_stats(jit, NULL));

  CHECK(rt_smf_jit_forget(jit, TEXT("max$i64")));
  CHECK(!rt_smf_jit_forget(jit, TEXT("max$i64")));
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_jit_forget(0x", "'max$i64' was not compiled"));
  CHECK(rt_smf_jit_instantiate(jit, TEXT("max$i64")).status == RT_SMF_JIT_SUCCESS);

  CHECK(rt_smf_jit_unload(jit, TEXT(path)));
  CHECK(!rt_smf_jit_unload(jit, TEXT(path)));
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_jit_unload(0x", "is not loaded"));
  CHECK(rt_smf_jit_can_instantiate(jit, TEXT("max$f64")) == 0);
  CHECK(as_function_2(max.address)(5, 4) == 5);
  CHECK(rt_smf_jit_flush(jit));
  CHECK(rt_smf_jit_free(jit));
  CHECK(!rt_smf_jit_free(jit));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_jit_free(0x", "of an instantiator was freed"));
}

static int64_t twice(int64_t number) { return 2 * number; }
static int64_t thrice(int64_t number) { return 3 * number; }

static int64_t address_of(function_1 function) {
  int64_t address = 0;
  memcpy(&address, &function, sizeof address);
  return address;
}

static int64_t jit_in_use = 0;

/* The embedder's. `context` counts the calls. */
static int64_t find_symbol(void* context, const char* symbol, int64_t length) {
  ++*(int*)context;
  if (jit_in_use != 0) {
    CHECK(!rt_smf_jit_free(jit_in_use));
    CHECK(error_is(RT_UNSUPPORTED, "rt_smf_jit_free(0x", "an instantiator is in use"));
    CHECK(rt_smf_jit_resolve(jit_in_use, TEXT("max$f64")) != 0);
  }
  return length == 9 && memcmp(symbol, "double_it", 9) == 0 ? address_of(twice) : 0;
}

static int64_t find_global(void* context, int64_t number) {
  return number == 77 ? (int64_t)(intptr_t)context : 0;
}

static void what_code_needs_is_the_embedders(void) {
  int calls = 0;
  int64_t global = 40;
  const int64_t jit = new_jit((rt_smf_jit_options){.update_mode = RT_SMF_UPDATE_OFF,
                                                   .symbol_source = find_symbol,
                                                   .symbol_context = &calls,
                                                   .global_source = find_global,
                                                   .global_context = &global});
  jit_in_use = jit;
  const int64_t doubled = rt_smf_jit_resolve(jit, TEXT("doubled$i64"));
  CHECK(doubled != 0 && calls > 0);
  jit_in_use = 0;
  if (doubled != 0) CHECK(as_function_1(doubled)(21) == 42);
  const int64_t next = rt_smf_jit_resolve(jit, TEXT("next$i64"));
  CHECK(next != 0);
  if (next != 0) CHECK(as_function_1(next)(2) == 42 && global == 42);

  /* What is registered comes before what a source has, for code that is made from then on. */
  CHECK(rt_smf_jit_register(jit, TEXT("double_it"), address_of(thrice)));
  CHECK(rt_smf_jit_resolve(jit, TEXT("double_it")) == address_of(thrice));
  CHECK(rt_smf_jit_forget(jit, TEXT("doubled$i64")));
  const int64_t tripled = rt_smf_jit_resolve(jit, TEXT("doubled$i64"));
  if (tripled != 0 && doubled != 0)
    CHECK(as_function_1(tripled)(14) == 42 && as_function_1(doubled)(14) == 28);
  CHECK(rt_smf_jit_register(jit, TEXT("double_it"), 0));
  CHECK(rt_smf_jit_resolve(jit, TEXT("double_it")) == 0 && rt_last_error().code == RT_NOT_FOUND);
  CHECK(!rt_smf_jit_register(jit, NULL, 5, 0));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_jit_register(0x", "the symbol is null"));
  CHECK(rt_smf_jit_free(jit));
}

static void requests_fail(void) {
  const int64_t jit = new_jit((rt_smf_jit_options){.update_mode = RT_SMF_UPDATE_OFF});
  rt_smf_jit_result result = rt_smf_jit_instantiate(jit, TEXT("max$text"));
  CHECK(result.status == RT_SMF_JIT_NOT_FOUND && result.address == 0);
  CHECK(error_is(RT_NOT_FOUND, "rt_smf_jit_instantiate(0x", "max$text was not found"));
  result = rt_smf_jit_instantiate(jit, TEXT("node$i64"));
  CHECK(result.status == RT_SMF_JIT_CIRCULAR && result.address == 0);
  CHECK(error_is(RT_INVALID_INPUT, "circular dependency: ", "Node"));
  result = rt_smf_jit_instantiate(jit, TEXT("broken$i64"));
  CHECK(result.status == RT_SMF_JIT_COMPILATION_ERROR && result.address == 0);
  CHECK(error_is(RT_INVALID_INPUT, "rt_smf_jit_instantiate(0x", "nobody_has_this"));
  CHECK(rt_smf_jit_resolve(jit, TEXT("broken$i64")) == 0);
  CHECK(error_is(RT_INVALID_INPUT, "rt_smf_jit_resolve(0x", "nobody_has_this"));
  result = rt_smf_jit_instantiate(jit, NULL, 4);
  CHECK(result.status == RT_SMF_JIT_REFUSED && result.address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the symbol is null", ""));
  CHECK(!rt_smf_jit_load(jit, TEXT("/no/such/module.smf")));
  CHECK(error_is(RT_SYSTEM, "rt_smf_jit_load(0x", "/no/such/module.smf"));
  CHECK(rt_smf_jit_free(jit));

  const int64_t off = new_jit((rt_smf_jit_options){.disabled = 1, .missing_files_ok = 1});
  CHECK(rt_smf_jit_load(off, TEXT("/no/such/module.smf")));
  CHECK(rt_smf_jit_instantiate(off, TEXT("max$i64")).status == RT_SMF_JIT_NOT_FOUND);
  CHECK(rt_smf_jit_free(off));
}

static void jit_refuses_options(void) {
  const rt_smf_jit_options wrong[] = {
      {.size = 7},
      {.size = -8},
      {.size = sizeof *wrong, .disabled = 2},
      {.size = sizeof *wrong, .update_mode = 3},
      {.size = sizeof *wrong, .max_depth = -1},
      {.size = sizeof *wrong, .trust = 3},
      {.size = sizeof *wrong, .missing_files_ok = -1},
      {.size = sizeof *wrong, .verbose = 9},
      {.size = sizeof *wrong, .process_symbols = 2},
      {.size = sizeof *wrong, .cache = 12345},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    CHECK(rt_smf_jit_new(&wrong[i]) == 0);
    CHECK(error_is(RT_INVALID_ARGUMENT, "rt_smf_jit_new: ", ""));
  }
  const rt_smf_jit_options later = {.size = sizeof later + 8};
  CHECK(rt_smf_jit_new(&later) == 0 && rt_last_error().code == RT_UNSUPPORTED);
}

static void notes_follow(void) {
  CHECK(write_sample_module(path));
  const int64_t cache = new_cache();
  const int64_t deferred = new_jit((rt_smf_jit_options){.trust = RT_SMF_TRUST_NEVER});
  const int64_t sync = new_jit((rt_smf_jit_options){.update_mode = RT_SMF_UPDATE_SYNC});
  CHECK(rt_smf_jit_instantiate(deferred, TEXT("max$i64")).status == RT_SMF_JIT_SUCCESS);
  CHECK(rt_smf_jit_instantiate(sync, TEXT("divide$i64")).status == RT_SMF_JIT_SUCCESS);
  int64_t module = rt_smf_cache_get(cache, TEXT(path));
  check_row(module, "max$i64", 1, "");
  check_row(module, "divide$i64", 0, "jit_compiled");
  CHECK(rt_smf_module_release(module));
  CHECK(rt_smf_jit_flush(deferred));
  CHECK(rt_smf_cache_clear(cache));
  module = rt_smf_cache_get(cache, TEXT(path));
  check_row(module, "max$i64", 0, "jit_compiled");
  CHECK(rt_smf_module_release(module));
  CHECK(rt_smf_jit_free(deferred));

  /* The file has gone: what is to be written there is not, and the code is there all the same. */
  CHECK(remove(path) == 0);
  const rt_smf_jit_result result = rt_smf_jit_instantiate(sync, TEXT("max$f64"));
  CHECK(result.status == RT_SMF_JIT_UPDATE_FAILED && result.address == 0);
  CHECK(error_is(RT_SYSTEM, "max$f64 was compiled, but its note was not updated", path));
  CHECK(rt_last_error().system_errno == ENOENT);
  CHECK(rt_smf_jit_resolve(sync, TEXT("max$f64")) != 0);
  CHECK(rt_smf_jit_free(sync) && rt_smf_cache_free(cache));
  CHECK(write_sample_module(path));
}

typedef struct trapped {
  jmp_buf place;
  char function[40];
  char message[100];
  int64_t kind;
} trapped;

static void keep_trap(void* context, const rt_smf_trap* trap) {
  trapped* to = context;
  snprintf(to->function, sizeof to->function, "%.*s", (int)trap->function_length, trap->function);
  snprintf(to->message, sizeof to->message, "%.*s", (int)trap->message_length, trap->message);
  to->kind = trap->kind;
  longjmp(to->place, 1);
}

static void traps_are_handed_on(void) {
  static trapped to;
  const int64_t jit = new_jit((rt_smf_jit_options){
      .update_mode = RT_SMF_UPDATE_OFF, .trap_handler = keep_trap, .trap_context = &to});
  const int64_t divide = rt_smf_jit_resolve(jit, TEXT("divide$i64"));
  CHECK(divide != 0);
  if (divide != 0) {
    CHECK(as_function_2(divide)(84, 2) == 42);
    static volatile bool has_returned = false;
    if (setjmp(to.place) == 0) {
      as_function_2(divide)(1, 0);
      has_returned = true;
    }
    CHECK(!has_returned && to.kind == RT_SMF_TRAP_OPERATION);
    CHECK(strcmp(to.function, "divide$i64") == 0 && strlen(to.message) > 0);
  }
  CHECK(rt_smf_jit_free(jit));
}

/* ---- Handles ---- */

/* Every function that takes a handle, with one that is none of its kind. */
static void refuses_cache(int64_t handle, const char* reason) {
  const int32_t code = RT_INVALID_ARGUMENT;
  rt_smf_cache_statistics stats = {.size = sizeof stats};
  CHECK(!rt_smf_cache_free(handle) && error_is(code, "rt_smf_cache_free(0x", reason));
  CHECK(rt_smf_cache_get(handle, TEXT(path)) == 0 && error_is(code, "rt_smf_cache_get", reason));
  CHECK(!rt_smf_cache_prefetch(handle, TEXT(path)) && error_is(code, "_prefetch(0x", reason));
  CHECK(!rt_smf_cache_evict(handle, TEXT(path)) && error_is(code, "cache_evict(0x", reason));
  CHECK(!rt_smf_cache_invalidate(handle, TEXT(path)) && error_is(code, "_invalidate", reason));
  CHECK(!rt_smf_cache_clear(handle) && error_is(code, "rt_smf_cache_clear(0x", reason));
  CHECK(!rt_smf_cache_stats(handle, &stats) && error_is(code, "rt_smf_cache_stats(0x", reason));
}

static void refuses_module(int64_t handle, const char* reason) {
  const int32_t code = RT_INVALID_ARGUMENT;
  rt_smf_section section;
  rt_smf_symbol symbol;
  rt_smf_note_row row;
  CHECK(!rt_smf_module_release(handle) && error_is(code, "rt_smf_module_release(0x", reason));
  CHECK(rt_smf_module_section_count(handle) == -1 && error_is(code, "_section_count", reason));
  CHECK(!rt_smf_module_section(handle, TEXT("code"), &section) && section.data == NULL);
  CHECK(error_is(code, "rt_smf_module_section(0x", reason));
  CHECK(!rt_smf_module_section_at(handle, 0, &section) && error_is(code, "_section_at", reason));
  CHECK(!rt_smf_module_symbol(handle, TEXT("answer"), &symbol) && symbol.size == 0);
  CHECK(error_is(code, "rt_smf_module_symbol(0x", reason));
  CHECK(rt_smf_module_is_whole(handle) == -1 && error_is(code, "rt_smf_module_is_whole", reason));
  CHECK(!rt_smf_note_find(handle, TEXT("max$i64"), &row) && row.status.data == NULL);
  CHECK(error_is(code, "rt_smf_note_find(0x", reason));
  CHECK(!rt_smf_note_find_template(handle, TEXT("max"), TEXT("i64"), &row));
  CHECK(error_is(code, "rt_smf_note_find_template(0x", reason));
  CHECK(rt_smf_note_count(handle).possible == -1 && error_is(code, "rt_smf_note_count", reason));
}

static void refuses_jit(int64_t handle, const char* reason) {
  const int32_t code = RT_INVALID_ARGUMENT;
  rt_smf_jit_statistics stats = {.size = sizeof stats};
  CHECK(!rt_smf_jit_free(handle) && error_is(code, "rt_smf_jit_free(0x", reason));
  CHECK(!rt_smf_jit_load(handle, TEXT(path)) && error_is(code, "rt_smf_jit_load(0x", reason));
  CHECK(!rt_smf_jit_unload(handle, TEXT(path)) && error_is(code, "rt_smf_jit_unload(0x", reason));
  CHECK(rt_smf_jit_instantiate(handle, TEXT("max$i64")).status == RT_SMF_JIT_REFUSED);
  CHECK(error_is(code, "rt_smf_jit_instantiate(0x", reason));
  CHECK(rt_smf_jit_can_instantiate(handle, TEXT("a")) == -1 && error_is(code, "_can_", reason));
  CHECK(rt_smf_jit_resolve(handle, TEXT("a")) == 0 && error_is(code, "jit_resolve(0x", reason));
  CHECK(!rt_smf_jit_register(handle, TEXT("a"), 1) && error_is(code, "jit_register(0x", reason));
  CHECK(!rt_smf_jit_forget(handle, TEXT("a")) && error_is(code, "rt_smf_jit_forget(0x", reason));
  CHECK(!rt_smf_jit_flush(handle) && error_is(code, "rt_smf_jit_flush(0x", reason));
  CHECK(!rt_smf_jit_stats(handle, &stats) && error_is(code, "rt_smf_jit_stats(0x", reason));
}

static void handles_are_checked(void) {
  static const char* const kNone = "this is no handle, where that of ";
  static const char* const kOther = "where that of ";
  const int64_t cache = new_cache();
  const int64_t module = rt_smf_cache_get(cache, TEXT(path));
  const int64_t jit = new_jit((rt_smf_jit_options){.update_mode = RT_SMF_UPDATE_OFF});
  const int64_t anything[] = {0,
                              1,
                              -1,
                              INT64_MIN,
                              INT64_MAX,
                              (int64_t)(intptr_t)&anything,
                              cache + (1 << 24),
                              module | INT64_C(0xffffff),
                              -jit};
  for (size_t i = 0; i < sizeof anything / sizeof *anything; ++i) {
    refuses_cache(anything[i], kNone);
    refuses_module(anything[i], kNone);
    refuses_jit(anything[i], kNone);
  }
  refuses_cache(module, "this is the handle of a module, where that of a cache is wanted");
  refuses_cache(jit, kOther);
  refuses_module(cache, "this is the handle of a cache, where that of a module is wanted");
  refuses_module(jit, "this is the handle of an instantiator, where");
  refuses_jit(cache, "where that of an instantiator is wanted");
  refuses_jit(module, kOther);

  CHECK(rt_smf_jit_free(jit) && rt_smf_module_release(module) && rt_smf_cache_free(cache));
  const int64_t later = new_cache(); /* in a place that one of them had */
  CHECK(later != cache && later != module && later != jit);
  refuses_cache(cache, "the handle of a cache was freed");
  refuses_module(module, "the handle of a module was freed");
  refuses_jit(jit, "the handle of an instantiator was freed");
  CHECK(rt_smf_cache_free(later));
}

/* ---- Threads ---- */

enum { kThreads = 4, kRounds = 1000, kShared = 6 };

/* Handles that all threads use, free and replace without asking each other. */
static _Atomic int64_t shared[kShared];

static bool is_refusal(bool is_success) {
  const int32_t code = rt_last_error().code;
  return is_success || code == RT_INVALID_ARGUMENT || code == RT_UNSUPPORTED ||
         code == RT_NOT_FOUND;
}

static void use_anything(int64_t handle) {
  rt_smf_section section;
  CHECK(is_refusal(rt_smf_module_section(handle, TEXT("table"), &section)));
  rt_smf_note_row row;
  const bool has_row = rt_smf_note_find(handle, TEXT("max$f64"), &row);
  CHECK(is_refusal(has_row));
  if (has_row) free_row(row);
  CHECK(is_refusal(rt_smf_cache_prefetch(handle, TEXT(path))));
  const rt_smf_jit_result result = rt_smf_jit_instantiate(handle, TEXT("max$f64"));
  CHECK(is_refusal(result.status == RT_SMF_JIT_SUCCESS));
}

static void free_anything(int64_t handle) {
  CHECK(is_refusal(rt_smf_module_release(handle)));
  CHECK(is_refusal(rt_smf_cache_free(handle)));
  CHECK(is_refusal(rt_smf_jit_free(handle)));
}

static void* misuse_handles(void* number) {
  unsigned random = *(unsigned*)number + 1;
  for (int round = 0; round < kRounds; ++round) {
    random = random * 1103515245u + 12345u;
    const unsigned i = (random >> 16) % kShared;
    use_anything(shared[i]);
    use_anything(shared[(i + 1) % kShared]);
    if (random >> 28 != 0) continue;
    /* One of each kind comes anew; some handles that are overwritten leak their objects. */
    free_anything(shared[i]);
    const rt_smf_jit_options options = {.size = sizeof options, .update_mode = RT_SMF_UPDATE_OFF};
    const int64_t made = i % 3 == 0   ? rt_smf_cache_new(NULL)
                         : i % 3 == 1 ? rt_smf_jit_new(&options)
                                      : rt_smf_cache_get(shared[0], TEXT(path));
    if (i % 3 == 1) rt_smf_jit_load(made, TEXT(path));
    free_anything(atomic_exchange(&shared[i], made));
  }
  return NULL;
}

static void threads_misuse_handles(void) {
  const int64_t own = new_cache();
  for (int i = 0; i < kShared; ++i)
    shared[i] = i % 3 == 0   ? new_cache()
                : i % 3 == 1 ? new_jit((rt_smf_jit_options){.update_mode = RT_SMF_UPDATE_OFF})
                             : rt_smf_cache_get(own, TEXT(path));
  pthread_t threads[kThreads];
  unsigned numbers[kThreads];
  for (unsigned i = 0; i < kThreads; ++i) {
    numbers[i] = i;
    CHECK(pthread_create(&threads[i], NULL, misuse_handles, &numbers[i]) == 0);
  }
  for (unsigned i = 0; i < kThreads; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  for (int i = 0; i < kShared; ++i) free_anything(shared[i]);
  for (int i = 0; i < kShared; ++i) {
    refuses_cache(shared[i], "");
    refuses_module(shared[i], "");
    refuses_jit(shared[i], "");
  }
  CHECK(rt_smf_cache_free(own));
}

int main(void) {
  const char* folder = getenv("TEST_TMPDIR");
  snprintf(path, sizeof path, "%s/smf_rt_smf_test-%ld.smf", folder != NULL ? folder : "/tmp",
           (long)getpid());
  CHECK(write_sample_module(path));
  modules_are_cached();
  cache_refuses();
  a_module_is_read();
  rows_are_found_and_promoted();
  functions_are_made_and_called();
  what_code_needs_is_the_embedders();
  requests_fail();
  jit_refuses_options();
  notes_follow();
  traps_are_handed_on();
  handles_are_checked();
  threads_misuse_handles();
  remove(path);
  if (failures != 0) fprintf(stderr, "%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}
