/* From C: every function of smf_rt.h for executable memory, its failures included. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/ffi/sample_code.h"
#include "runtime/ffi/smf_rt.h"
#include "runtime/ffi/smf_rt_check.h"

static int64_t page;

static int64_t alloc_with(const uint8_t* code, size_t length, int64_t size) {
  const int64_t address = rt_alloc_exec_memory(size);
  CHECK(address != 0);
  CHECK(rt_write_exec_memory(address, code, (int64_t)length, 0) == (int64_t)length);
  return address;
}

/* What goes to standard error meanwhile, but for its end where there is no room. */
static void dump_into(char* text, size_t room) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const int kept = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  rt_exec_memory_dump_stats();
  dup2(kept, STDERR_FILENO);
  close(kept);
  size_t size = 0;
  for (ssize_t got = 1; got > 0 && size < room - 1; size += got > 0 ? (size_t)got : 0)
    got = read(ends[0], text + size, room - 1 - size);
  close(ends[0]);
  text[size] = '\0';
}

static void code_is_written_and_called(void) {
  CHECK(rt_exec_memory_total() == 0 && rt_exec_memory_count() == 0);
  const int64_t code = rt_alloc_exec_memory(100);
  CHECK(code != 0 && rt_exec_memory_total() == 100 && rt_exec_memory_count() == 1);
  CHECK(rt_get_protection(code) == (RT_PROT_READ | RT_PROT_EXEC));
  CHECK(rt_is_executable(code + 99));
  CHECK(rt_call_function_0(code) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_call_function_0(0x", "no code was written at 0x"));

  CHECK(rt_write_exec_memory(code, kSum, sizeof kSum, 0) == sizeof kSum);
  rt_flush_icache(code, sizeof kSum);
  CHECK(rt_write_exec_memory(code + 32, kFirstArgument, sizeof kFirstArgument, 32) ==
        sizeof kFirstArgument);
  CHECK(rt_write_exec_memory(code, NULL, 0, 100) == 0);
  CHECK(rt_make_executable(code, 100));
  CHECK(rt_call_function_2(code, -7, INT64_MAX) == INT64_MAX - 7);
  CHECK(rt_call_function_1(code + 64, INT64_MIN) == INT64_MIN);

  /* A 0 that is no failure. */
  CHECK(rt_call_function_1(0, 0) == 0 && rt_last_error().code == RT_INVALID_ARGUMENT);
  CHECK(rt_call_function_1(code + 64, 0) == 0 && rt_last_error().code == RT_OK);
  CHECK(rt_last_error().length == 0 && rt_last_error().system_errno == 0);

  const int64_t address = rt_get_function_pointer(code);
  CHECK(address == code);
  int64_t (*sum)(int64_t, int64_t) = NULL;
  memcpy(&sum, &address, sizeof sum);
  CHECK(sum(1, 2) == 3);

  char text[2000];
  dump_into(text, sizeof text);
  CHECK(strncmp(text, "=== Executable Memory Statistics ===\n", 37) == 0);
  CHECK(strstr(text, "\nallocated:   100 bytes in 1\n") != NULL);
  CHECK(strstr(text, "\nprotection:  dual mapping") != NULL ||
        strstr(text, "\nprotection:  page protection") != NULL);
  CHECK(rt_free_exec_memory(code, 100));
  CHECK(rt_exec_memory_total() == 0 && rt_exec_memory_count() == 0);
}

static void pages_become_executable(void) {
  const int64_t pages = rt_alloc_rw_memory(page + 1);
  CHECK(pages != 0 && pages % page == 0 && rt_exec_memory_total() == page + 1);
  CHECK(rt_get_protection(pages) == (RT_PROT_READ | RT_PROT_WRITE));
  CHECK(!rt_is_executable(pages));
  CHECK(rt_get_function_pointer(pages) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_get_function_pointer(0x", "is not executable"));
  CHECK(rt_call_function_2(pages, 1, 2) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_call_function_2(0x", "is not executable"));
  memcpy((void*)(intptr_t)pages, kSum, sizeof kSum);
  CHECK(rt_write_exec_memory(pages, kFirstArgument, sizeof kFirstArgument, page - 16) ==
        sizeof kFirstArgument);
  CHECK(rt_set_protection(pages, page + 1, RT_PROT_READ));
  CHECK(rt_set_protection(pages, page + 1, RT_PROT_READ | RT_PROT_WRITE));
  CHECK(rt_make_executable(pages, page + 1));
  CHECK(rt_call_function_2(pages, 40, 2) == 42);
  CHECK(rt_call_function_1(pages + page - 16, 5) == 5);

  CHECK(!rt_set_protection(pages, page + 1, RT_PROT_READ | RT_PROT_WRITE));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_set_protection(0x", "has been executable"));
  CHECK(!rt_set_protection(pages, page + 1, RT_PROT_WRITE | RT_PROT_EXEC));
  CHECK(error_is(RT_INVALID_ARGUMENT, ", 0x6)", "writable and executable together"));
  CHECK(rt_write_exec_memory(pages, kSum, sizeof kSum, 0) == -1);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_write_exec_memory(0x", "they have been executable"));
  CHECK(rt_set_protection(pages, page + 1, RT_PROT_NONE));
  CHECK(rt_get_protection(pages) == RT_PROT_NONE && !rt_is_executable(pages));
  rt_flush_icache(pages, 1);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_flush_icache(0x", "is not readable"));
  CHECK(rt_free_exec_memory(pages, page + 1));
}

/* Every function that takes an address, with one that is in no allocation. */
static void refuses_address(int64_t address) {
  static const char* const reason = "executable memory allocated here";
  const int32_t code = RT_INVALID_ARGUMENT;
  CHECK(!rt_free_exec_memory(address, 1) && error_is(code, "rt_free_exec_memory(0x", reason));
  CHECK(rt_write_exec_memory(address, kSum, 1, 0) == -1);
  CHECK(error_is(code, "rt_write_exec_memory(0x", reason));
  CHECK(!rt_make_executable(address, 1) && error_is(code, "rt_make_executable(0x", reason));
  CHECK(rt_get_function_pointer(address) == 0 && error_is(code, "rt_get_function_", reason));
  CHECK(rt_call_function_0(address) == 0 && error_is(code, "rt_call_function_0(0x", reason));
  CHECK(rt_call_function_1(address, 1) == 0 && error_is(code, "rt_call_function_1(0x", reason));
  CHECK(rt_call_function_2(address, 1, 2) == 0 && error_is(code, "rt_call_function_2", reason));
  CHECK(!rt_set_protection(address, 1, RT_PROT_READ) && error_is(code, "rt_set_prot", reason));
  CHECK(rt_get_protection(address) == -1 && error_is(code, "rt_get_protection(0x", reason));
  CHECK(!rt_is_executable(address) && error_is(code, "rt_is_executable(0x", reason));
  rt_flush_icache(address, 1);
  CHECK(error_is(code, "rt_flush_icache(0x", reason));
}

static void refuses_what_is_not_allocated_here(void) {
  static const char* const kOwn = "memory, but not allocated here";
  const int64_t code = alloc_with(kSum, sizeof kSum, 64);
  const rt_mapping mapped = rt_mmap_file(NULL, 0, RT_PROT_READ | RT_PROT_EXEC,
                                         RT_MAP_PRIVATE | RT_MAP_ANONYMOUS, 0, page);
  const int64_t anywhere[] = {
      0, 1, -1, INT64_MIN, INT64_MAX, (int64_t)(intptr_t)kOwn, code - 1, code + 64, mapped.address};
  for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; ++i) refuses_address(anywhere[i]);
  CHECK(rt_munmap(mapped.address, mapped.size));
  CHECK(!rt_munmap(code, 64));
  CHECK(rt_mmap_view(code, 0, 1) == NULL);

  CHECK(!rt_free_exec_memory(code, 63) && !rt_free_exec_memory(code, 65));
  CHECK(error_is(RT_INVALID_ARGUMENT, "65 bytes are not all that was allocated at 0x", ": 64"));
  CHECK(!rt_free_exec_memory(code + 1, 63));
  CHECK(!rt_make_executable(code, 0) && !rt_set_protection(code, -1, RT_PROT_READ));
  CHECK(!rt_set_protection(code, 64, RT_PROT_READ));
  CHECK(error_is(RT_UNSUPPORTED, "rt_set_protection(0x", "shares pages with other code"));
  CHECK(rt_free_exec_memory(code, 64));
  CHECK(!rt_free_exec_memory(code, 64));
  refuses_address(code);
}

static void refuses_sizes_and_bytes(void) {
  CHECK(rt_alloc_exec_memory(0) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_alloc_exec_memory(0): the size is 0", ""));
  CHECK(rt_alloc_exec_memory(-1) == 0 && error_is(RT_INVALID_ARGUMENT, "is -1: negative", ""));
  CHECK(rt_alloc_exec_memory(INT64_MAX) == 0 && error_is(RT_LIMIT, "more than a region", ""));
  CHECK(rt_alloc_rw_memory(0) == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_alloc_rw_memory(0): the size is 0", ""));
  CHECK(rt_alloc_rw_memory(INT64_MIN) == 0);
  CHECK(rt_alloc_rw_memory(INT64_MAX) == 0);
  CHECK(error_is(RT_SYSTEM, "cannot map", "") && rt_last_error().system_errno == ENOMEM);

  const int64_t code = alloc_with(kSum, sizeof kSum, 64);
  static const uint8_t much[65];
  CHECK(rt_write_exec_memory(code, much, 65, 0) == -1);
  CHECK(error_is(RT_INVALID_ARGUMENT, "length 65, offset 0", "lead out of the 64 allocated at"));
  CHECK(rt_write_exec_memory(code, much, 1, 64) == -1);
  CHECK(rt_write_exec_memory(code, much, 1, -1) == -1);
  CHECK(rt_write_exec_memory(code, much, 1, INT64_MAX) == -1);
  CHECK(rt_write_exec_memory(code, much, -1, 0) == -1);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the code's length is -1: negative", ""));
  CHECK(rt_write_exec_memory(code, NULL, 1, 0) == -1);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the code is null", ""));
  rt_flush_icache(code, 65);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_flush_icache(0x", "lead out of"));
  CHECK(rt_call_function_2(code, 1, 2) == 3);
  CHECK(rt_free_exec_memory(code, 64));
}

static int64_t free_the_caller(int64_t self, int64_t code) {
  (void)self;
  CHECK(!rt_free_exec_memory(code, 64));
  CHECK(error_is(RT_UNSUPPORTED, "rt_free_exec_memory(0x", "is being called"));
  CHECK(rt_write_exec_memory(code, kSum, 1, 0) == -1);
  CHECK(error_is(RT_UNSUPPORTED, "rt_write_exec_memory(0x", "is being called"));
  return 11;
}

static void* call_it(void* code) {
  CHECK(rt_call_function_2(*(int64_t*)code, (int64_t)(intptr_t)&free_the_caller, *(int64_t*)code) ==
        11);
  CHECK(rt_last_error().code == RT_OK);
  return NULL;
}

static void code_is_not_freed_while_it_is_called(void) {
  int64_t code = alloc_with(kJumpToFirstArgument, sizeof kJumpToFirstArgument, 64);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, call_it, &code) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  call_it(&code);
  CHECK(rt_free_exec_memory(code, 64));
}

int main(void) {
  page = rt_get_page_size();
  code_is_written_and_called();
  pages_become_executable();
  refuses_what_is_not_allocated_here();
  refuses_sizes_and_bytes();
  code_is_not_freed_while_it_is_called();
  CHECK(rt_exec_memory_total() == 0 && rt_exec_memory_count() == 0);
  if (failures != 0) fprintf(stderr, "%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}
