/* From C: functions that an instantiator made are called by their address, rt_call_function_*(). */
#define _POSIX_C_SOURCE 200809L
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

static char path[4000];

static int64_t new_jit(rt_smf_jit_options options) {
  options.size = sizeof options;
  options.update_mode = RT_SMF_UPDATE_OFF;
  const int64_t jit = rt_smf_jit_new(&options);
  CHECK(jit > 0 && rt_smf_jit_load(jit, TEXT(path)));
  return jit;
}

/* ---- What is called ---- */

static void functions_are_called(void) {
  const int64_t jit = new_jit((rt_smf_jit_options){0});
  const int64_t max = rt_smf_jit_resolve(jit, TEXT("max$i64"));
  CHECK(rt_call_function_2(max, -3, 40) == 40 && rt_last_error().code == RT_OK);
  CHECK(rt_call_function_2(max, INT64_MAX, INT64_MIN) == INT64_MAX);

  /* One that returns nothing. */
  int64_t place = 0;
  const int64_t put = rt_smf_jit_resolve(jit, TEXT("put$i64"));
  CHECK(rt_call_function_2(put, (int64_t)(intptr_t)&place, 77) == 0);
  CHECK(rt_last_error().code == RT_OK && place == 77);

  /* It is callable as long as the instantiator is there, whatever becomes of its name. */
  CHECK(rt_smf_jit_forget(jit, TEXT("max$i64")));
  CHECK(rt_call_function_2(max, 1, 2) == 2);
  const int64_t again = rt_smf_jit_resolve(jit, TEXT("max$i64"));
  CHECK(again != max && rt_call_function_2(again, 4, 3) == 4);
  CHECK(rt_smf_jit_unload(jit, TEXT(path)) && rt_call_function_2(max, 6, 5) == 6);
  CHECK(rt_smf_jit_free(jit));
}

static void what_does_not_fit_is_refused(void) {
  const int64_t jit = new_jit((rt_smf_jit_options){0});
  const int64_t max = rt_smf_jit_resolve(jit, TEXT("max$i64"));
  const int64_t max_of_floats = rt_smf_jit_resolve(jit, TEXT("max$f64"));
  CHECK(max != 0 && max_of_floats != 0);
  CHECK(rt_call_function_1(max, 1) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_call_function_1(0x",
                 "has 2 parameters and is given 1 arguments"));
  CHECK(rt_call_function_0(max) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "has 2 parameters and is given 0 arguments", ""));
  CHECK(rt_call_function_2(max_of_floats, 1, 2) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "is not one of 64-bit integers and addresses", ""));
  CHECK(rt_call_function_2(max + 1, 1, 2) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "no function begins at 0x", "which is in code of one"));
  CHECK(rt_call_function_2(max + 4096, 1, 2) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "of no function instantiated here", ""));

  /* They are called, and all else that allocations are for is refused. */
  CHECK(!rt_is_executable(max) && rt_last_error().code == RT_INVALID_ARGUMENT);
  CHECK(rt_write_exec_memory(max, (const uint8_t*)"\xC3", 1, 0) == -1);
  CHECK(!rt_free_exec_memory(max, 64));
  CHECK(rt_call_function_2(max, 1, 2) == 2);
  CHECK(rt_smf_jit_free(jit));
  CHECK(rt_call_function_2(max, 1, 2) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "is in no executable memory allocated here",
                 "of no function instantiated here"));
}

static void each_instantiator_has_its_own(void) {
  enum { kCount = 5 };
  int64_t jits[kCount], functions[kCount];
  for (int i = 0; i < kCount; ++i) {
    jits[i] = new_jit((rt_smf_jit_options){0});
    functions[i] = rt_smf_jit_resolve(jits[i], TEXT("max$i64"));
  }
  for (int freed = 0; freed < kCount; ++freed) {
    for (int i = 0; i < kCount; ++i)
      CHECK(rt_call_function_2(functions[i], i, 3) == (i < freed ? 0 : i > 3 ? i : 3));
    CHECK(rt_smf_jit_free(jits[freed]));
  }
}

/* ---- What is in use ---- */

static int64_t jit_in_use = 0;
static int calls = 0;

static int64_t free_the_instantiator(int64_t number) {
  ++calls;
  CHECK(!rt_smf_jit_free(jit_in_use));
  CHECK(error_is(RT_UNSUPPORTED, "rt_smf_jit_free(0x", "an instantiator is in use"));
  return number + 1;
}

static void an_instantiator_is_not_freed_under_a_call(void) {
  const int64_t jit = jit_in_use = new_jit((rt_smf_jit_options){0});
  int64_t (*const function)(int64_t) = free_the_instantiator;
  int64_t address = 0;
  memcpy(&address, &function, sizeof address);
  CHECK(rt_smf_jit_register(jit, TEXT("double_it"), address));
  const int64_t doubled = rt_smf_jit_resolve(jit, TEXT("doubled$i64"));
  CHECK(rt_call_function_1(doubled, 41) == 42 && calls == 1);
  CHECK(rt_smf_jit_free(jit));
}

static jmp_buf place;

static void leave(void* context, const rt_smf_trap* trap) {
  (void)context;
  (void)trap;
  longjmp(place, 1);
}

/* As it is with allocations. */
static void code_that_leaves_counts_as_called_for_ever(void) {
  const int64_t jit = new_jit((rt_smf_jit_options){.trap_handler = leave});
  const int64_t divide = rt_smf_jit_resolve(jit, TEXT("divide$i64"));
  CHECK(rt_call_function_2(divide, 84, 2) == 42);
  static volatile bool has_returned = false;
  if (setjmp(place) == 0) {
    rt_call_function_2(divide, 1, 0);
    has_returned = true;
  }
  CHECK(!has_returned);
  CHECK(!rt_smf_jit_free(jit) && rt_last_error().code == RT_UNSUPPORTED);
  CHECK(rt_call_function_2(divide, 84, 2) == 42);
}

/* ---- Threads ---- */

enum { kThreads = 4, kRounds = 100 };
static _Atomic int64_t shared_function = 0;
static atomic_bool is_done = false;

static void* call_what_comes_and_goes(void* unused) {
  (void)unused;
  int64_t called = 0;
  while (!atomic_load(&is_done)) {
    const int64_t result = rt_call_function_2(atomic_load(&shared_function), 40, 2);
    if (rt_last_error().code == RT_OK) {
      CHECK(result == 40);
      ++called;
    } else {
      CHECK(result == 0 && rt_last_error().code == RT_INVALID_ARGUMENT);
    }
  }
  return (void*)(intptr_t)called;
}

static void instantiators_go_while_others_call(void) {
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i)
    CHECK(pthread_create(&threads[i], NULL, call_what_comes_and_goes, NULL) == 0);
  for (int round = 0; round < kRounds; ++round) {
    const int64_t jit = new_jit((rt_smf_jit_options){0});
    const int64_t max = rt_smf_jit_resolve(jit, TEXT("max$i64"));
    atomic_store(&shared_function, max);
    CHECK(rt_call_function_2(max, 1, 2) == 2);
    /* Refused while it is being called, and then done. */
    while (!rt_smf_jit_free(jit)) CHECK(rt_last_error().code == RT_UNSUPPORTED);
  }
  atomic_store(&is_done, true);
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(void) {
  const char* folder = getenv("TEST_TMPDIR");
  snprintf(path, sizeof path, "%s/smf_rt_jit_call_test-%ld.smf", folder != NULL ? folder : "/tmp",
           (long)getpid());
  CHECK(write_sample_module(path));
  functions_are_called();
  what_does_not_fit_is_refused();
  each_instantiator_has_its_own();
  an_instantiator_is_not_freed_under_a_call();
  code_that_leaves_counts_as_called_for_ever();
  instantiators_go_while_others_call();
  remove(path);
  if (failures != 0) fprintf(stderr, "%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}
