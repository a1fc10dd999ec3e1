/* From C: the errors of smf_rt.h, and every function for mapped files, its failures included. */
#include "runtime/ffi/smf_rt.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/ffi/smf_rt_check.h"

static char path[4096];
static int64_t page;

static int64_t length_of(const char* text) { return (int64_t)strlen(text); }

static rt_mapping map(int64_t prot, int64_t flags, int64_t offset, int64_t length) {
  return rt_mmap_file(path, length_of(path), prot, flags, offset, length);
}

/* Three pages and 100 bytes: the page's letter, a NUL at the end of each "line" of 10. */
static void write_file(void) {
  FILE* file = fopen(path, "wb");
  CHECK(file != NULL);
  for (int64_t i = 0; i < 3 * page + 100; ++i) fputc(i % 10 == 9 ? 0 : (int)('a' + i / page), file);
  fclose(file);
}

static void truncate_file(void) {
  FILE* file = fopen(path, "wb");
  CHECK(file != NULL);
  fclose(file);
}

static void no_error_yet(void) {
  const rt_error error = rt_last_error();
  CHECK(error.code == RT_OK && error.system_errno == 0);
  CHECK(error.text != NULL && error.text[0] == '\0' && error.length == 0);
}

static void maps_and_reads(void) {
  const rt_mapping whole = map(RT_PROT_READ, RT_MAP_PRIVATE, 0, 0);
  CHECK(whole.address != 0 && whole.address % page == 0);
  CHECK(whole.size == 3 * page + 100);
  CHECK(rt_file_size_for_mmap(path, length_of(path)) == whole.size);

  const rt_bytes bytes = rt_mmap_read_bytes(whole.address, page - 2, 4);
  CHECK(bytes.length == 4 && bytes.data != NULL && bytes.data[2] == 'b' && bytes.data[4] == 0);
  rt_free_bytes(bytes);
  const rt_bytes further = rt_mmap_read_bytes(whole.address + page, 3 * page + 100 - page, 0);
  CHECK(further.length == 0 && further.data != NULL);
  rt_free_bytes(further);

  const rt_bytes text = rt_mmap_read_string(whole.address, 2, 0);
  CHECK(text.length == 7 && strcmp((const char*)text.data, "aaaaaaa") == 0);
  rt_free_bytes(text);
  const rt_bytes cut = rt_mmap_read_string(whole.address, 0, 3);
  CHECK(cut.length == 3 && strcmp((const char*)cut.data, "aaa") == 0);
  rt_free_bytes(cut);
  const rt_bytes empty = rt_mmap_read_string(whole.address, 9, 0);
  CHECK(empty.length == 0 && empty.data != NULL);
  rt_free_bytes(empty);
  /* Without a NUL the mapping's end is the text's: three pages and 100 bytes are no multiple of
   * ten, for any page of a power of two. */
  const rt_bytes last = rt_mmap_read_string(whole.address, whole.size - 1, 0);
  CHECK(last.length == ((whole.size - 1) % 10 == 9 ? 0 : 1));
  rt_free_bytes(last);

  const uint8_t* view = rt_mmap_view(whole.address + 5, page, 10);
  CHECK(view == (const uint8_t*)(intptr_t)(whole.address + 5 + page) && *view == 'b');

  CHECK(rt_madvise(whole.address, whole.size, RT_ADVICE_NORMAL));
  CHECK(rt_madvise(whole.address, whole.size, RT_ADVICE_RANDOM));
  CHECK(rt_madvise(whole.address, whole.size, RT_ADVICE_SEQUENTIAL));
  CHECK(rt_madvise(whole.address + 1, 1, RT_ADVICE_WILLNEED));
  CHECK(rt_madvise(whole.address, whole.size, RT_ADVICE_DONTNEED));
  CHECK(rt_mlock(whole.address + 10, page));
  CHECK(rt_munlock(whole.address + 10, page));
  CHECK(rt_munmap(whole.address, whole.size));

  const rt_mapping part = map(RT_PROT_READ | RT_PROT_EXEC, RT_MAP_PRIVATE, page, page);
  CHECK(part.size == page);
  CHECK(*rt_mmap_view(part.address, 0, 1) == 'b');
  CHECK(rt_munmap(part.address, part.size));

  const rt_mapping none = map(RT_PROT_NONE, RT_MAP_PRIVATE, 0, 0);
  CHECK(none.address != 0);
  CHECK(rt_mmap_read_bytes(none.address, 0, 1).data == NULL);
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_mmap_read_bytes(0x", "is not readable"));
  CHECK(rt_munmap(none.address, none.size));
}

static void writes(void) {
  const rt_mapping shared = map(RT_PROT_READ | RT_PROT_WRITE, RT_MAP_SHARED, 0, 0);
  CHECK(shared.address != 0);
  memcpy((void*)(intptr_t)shared.address, "written", 8);
  CHECK(rt_msync(shared.address, 7, true));
  CHECK(rt_msync(shared.address, shared.size, false));
  const rt_mapping other = map(RT_PROT_READ, RT_MAP_SHARED, 0, 0);
  const rt_bytes text = rt_mmap_read_string(other.address, 0, 0);
  CHECK(text.data != NULL && strcmp((const char*)text.data, "written") == 0);
  rt_free_bytes(text);
  CHECK(!rt_msync(other.address, other.size, false));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_msync(0x", "is not mapped to be written"));
  CHECK(rt_munmap(other.address, other.size));
  CHECK(rt_munmap(shared.address, shared.size));

  const rt_mapping memory =
      rt_mmap_file(NULL, 0, RT_PROT_READ | RT_PROT_WRITE, RT_MAP_PRIVATE | RT_MAP_ANONYMOUS, 0, 10);
  CHECK(memory.size == 10);
  CHECK(*rt_mmap_view(memory.address, 9, 1) == 0);
  *(char*)(intptr_t)memory.address = 'x';
  CHECK(*rt_mmap_view(memory.address, 0, 1) == 'x');
  CHECK(!rt_madvise(memory.address, 10, RT_ADVICE_DONTNEED));
  CHECK(error_is(RT_INVALID_ARGUMENT, "rt_madvise(0x", "would lose"));
  CHECK(rt_munmap(memory.address, memory.size));
}

static void refuses_to_map(void) {
  static const struct {
    int64_t prot, flags, offset, length;
    const char* reason;
  } cases[] = {
      {RT_PROT_WRITE | RT_PROT_EXEC, RT_MAP_PRIVATE, 0, 0, "writable and executable together"},
      {7, RT_MAP_SHARED, 0, 0, "writable and executable together"},
      {8, RT_MAP_PRIVATE, 0, 0, "protection 0x8 has unknown bits"},
      {-1, RT_MAP_PRIVATE, 0, 0, "unknown bits"},
      {1, 0, 0, 0, "either shared (1) or private (2)"},
      {1, 3, 0, 0, "either shared (1) or private (2)"},
      {1, RT_MAP_PRIVATE | RT_MAP_FIXED, 0, 0, "fixed (0x10)"},
      {1, RT_MAP_PRIVATE | 0x40, 0, 0, "flags 0x42 have unknown bits"},
      {1, INT64_MIN, 0, 0, "unknown bits"},
      {1, RT_MAP_PRIVATE, 1, 0, "no multiple of the page size"},
      {1, RT_MAP_PRIVATE, -4096, 0, "the offset is -4096: negative"},
      {1, RT_MAP_PRIVATE, 0, -1, "the length is -1: negative"},
      {1, RT_MAP_PRIVATE | RT_MAP_ANONYMOUS, 0, 10, "has no path"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const rt_mapping got = map(cases[i].prot, cases[i].flags, cases[i].offset, cases[i].length);
    CHECK(got.address == 0 && got.size == 0);
    CHECK(error_is(RT_INVALID_ARGUMENT, "rt_mmap_file(prot 0x", cases[i].reason));
  }
  CHECK(map(1, RT_MAP_PRIVATE, 0, INT64_MAX).address == 0);
  CHECK(error_is(RT_INVALID_INPUT, path, "too short to map"));
  CHECK(map(1, RT_MAP_PRIVATE, 4 * page, 0).address == 0);
  CHECK(error_is(RT_INVALID_INPUT, path, "too short to map"));

  CHECK(rt_mmap_file("/absent\0file", 12, 1, RT_MAP_PRIVATE, 0, 0).address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the path has a NUL at 7", ""));
  CHECK(rt_mmap_file("/", 1, 1, RT_MAP_PRIVATE, 0, 0).address == 0);
  CHECK(error_is(RT_INVALID_INPUT, "/: is no regular file", ""));
  CHECK(rt_mmap_file("", 0, 1, RT_MAP_PRIVATE, 0, 0).address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the path is empty", ""));
  CHECK(rt_mmap_file(NULL, 5, 1, RT_MAP_PRIVATE, 0, 0).address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the path is null", ""));
  CHECK(rt_mmap_file(path, -1, 1, RT_MAP_PRIVATE, 0, 0).address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "length is -1: negative", ""));
  CHECK(rt_mmap_file(path, INT64_MAX, 1, RT_MAP_PRIVATE, 0, 0).address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "longer than 4095", ""));
  CHECK(rt_mmap_file("/absent", 7, 1, RT_MAP_PRIVATE, 0, 0).address == 0);
  CHECK(error_is(RT_SYSTEM, "/absent: cannot open", "") && rt_last_error().system_errno == ENOENT);

  const int64_t anonymous = RT_MAP_SHARED | RT_MAP_ANONYMOUS;
  CHECK(rt_mmap_file(NULL, 0, 1, anonymous, 0, 0).address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "needs a length", ""));
  CHECK(rt_mmap_file(NULL, 0, 1, anonymous, page, 1).address == 0);
  CHECK(error_is(RT_INVALID_ARGUMENT, "has no offset", ""));
  CHECK(rt_mmap_file(NULL, 0, 1, anonymous, 0, INT64_MAX).address == 0);
  CHECK(error_is(RT_SYSTEM, "length 9223372036854775807", "cannot map"));

  CHECK(rt_file_size_for_mmap("/", 1) == -1);
  CHECK(error_is(RT_INVALID_INPUT, "rt_file_size_for_mmap: /: is no regular file", ""));
  CHECK(rt_file_size_for_mmap("/absent", 7) == -1);
  CHECK(rt_last_error().system_errno == ENOENT);
  CHECK(rt_file_size_for_mmap("", 0) == -1);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the path is empty", ""));
}

/* A path that has no room in a message keeps its end, and the reason behind it. */
static void long_paths_are_cut_in_front(void) {
  char longest[4095];
  memset(longest, 'd', sizeof longest);
  for (size_t i = 0; i < sizeof longest; i += 200) longest[i] = '/';
  memcpy(longest + sizeof longest - 5, "/last", 5);
  CHECK(rt_file_size_for_mmap(longest, sizeof longest) == -1);
  CHECK(error_is(RT_SYSTEM, "rt_file_size_for_mmap: ...d", "/last: cannot stat: "));
  CHECK(rt_last_error().length == 1023);
}

/* Every function that takes an address, with one that is in no mapping, or leads out of one. */
static void refuses_addresses(int64_t address, int64_t size, int32_t code, const char* reason) {
  const char* hex = "(0x";
  CHECK(!rt_munmap(address, size) && error_is(code, "rt_munmap", hex));
  CHECK(rt_mmap_read_bytes(address, 0, size).data == NULL && error_is(code, hex, reason));
  CHECK(rt_mmap_view(address, 0, size) == NULL && error_is(code, hex, reason));
  CHECK(!rt_msync(address, size, false) && error_is(code, hex, reason));
  CHECK(!rt_mlock(address, size) && error_is(code, hex, reason));
  CHECK(!rt_munlock(address, size) && error_is(code, hex, reason));
  CHECK(!rt_madvise(address, size, RT_ADVICE_NORMAL) && error_is(code, hex, reason));
}

static void refuses_what_is_not_mapped_here(void) {
  const int64_t own = (int64_t)(intptr_t)path; /* memory, but not of a mapping made here */
  const int64_t anywhere[] = {0, 1, -1, INT64_MIN, INT64_MAX, own};
  for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; ++i) {
    refuses_addresses(anywhere[i], 1, RT_INVALID_ARGUMENT, "is in no mapping made here");
    CHECK(rt_mmap_read_string(anywhere[i], 0, 0).data == NULL);
  }

  const rt_mapping mapped = map(RT_PROT_READ, RT_MAP_PRIVATE, 0, 0);
  refuses_addresses(mapped.address, mapped.size + 1, RT_INVALID_ARGUMENT,
                    "lead out of the mapping");
  refuses_addresses(mapped.address, INT64_MAX, RT_INVALID_ARGUMENT, "lead out of the mapping");
  refuses_addresses(mapped.address + 1, mapped.size, RT_INVALID_ARGUMENT, "lead out of");
  refuses_addresses(mapped.address, -1, RT_INVALID_ARGUMENT, "is -1: negative");
  refuses_addresses(mapped.address + mapped.size, 1, RT_INVALID_ARGUMENT, "is in no mapping");
  CHECK(!rt_mlock(mapped.address, 0) && error_is(RT_INVALID_ARGUMENT, "rt_mlock", "is 0"));
  CHECK(!rt_munmap(mapped.address, mapped.size - 1));
  CHECK(!rt_munmap(mapped.address, page));
  CHECK(error_is(RT_INVALID_ARGUMENT, "are not the whole mapping at 0x", ""));
  CHECK(!rt_munmap(mapped.address + page, mapped.size - page));
  CHECK(error_is(RT_INVALID_ARGUMENT, "no mapping made here begins at 0x", ""));

  CHECK(rt_mmap_read_bytes(mapped.address, mapped.size, 1).data == NULL);
  CHECK(rt_mmap_read_bytes(mapped.address, -1, 1).data == NULL);
  CHECK(error_is(RT_INVALID_ARGUMENT, "the offset is -1: negative", ""));
  CHECK(rt_mmap_read_bytes(mapped.address, INT64_MAX, 1).data == NULL);
  CHECK(rt_mmap_read_bytes(mapped.address + 5, INT64_MAX, INT64_MAX).data == NULL);
  CHECK(rt_mmap_read_string(mapped.address, mapped.size + 1, 0).data == NULL);
  CHECK(rt_mmap_read_string(mapped.address, 0, -1).data == NULL);
  CHECK(rt_mmap_view(mapped.address, 1, mapped.size) == NULL);
  CHECK(!rt_madvise(mapped.address, 1, 5) && error_is(RT_INVALID_ARGUMENT, "advice 5", ""));
  CHECK(!rt_madvise(mapped.address, 1, -1) && error_is(RT_INVALID_ARGUMENT, "advice -1", ""));

  CHECK(rt_munmap(mapped.address, mapped.size));
  refuses_addresses(mapped.address, mapped.size, RT_INVALID_ARGUMENT, "");
  rt_free_bytes((rt_bytes){NULL, 0});
}

static void survives_a_truncation(void) {
  const rt_mapping mapped = map(RT_PROT_READ, RT_MAP_PRIVATE, 0, 0);
  const uint8_t* view = rt_mmap_view(mapped.address, 0, mapped.size);
  CHECK(view != NULL && view[2 * page] == 'c');
  truncate_file();
  CHECK(view[page] == 0);
  const rt_bytes bytes = rt_mmap_read_bytes(mapped.address, 0, mapped.size);
  CHECK(bytes.data == NULL && bytes.length == 0);
  CHECK(error_is(RT_INVALID_INPUT, path, "has become shorter than its mapping at 0x"));
  CHECK(rt_mmap_read_string(mapped.address, 0, 0).data == NULL);
  CHECK(rt_mmap_view(mapped.address, 0, 1) == NULL);
  CHECK(rt_munmap(mapped.address, mapped.size));
  write_file();
}

static void* see_no_error(void* out) {
  *(int32_t*)out = rt_last_error().code;
  CHECK(!rt_mlock(1, 1));
  return NULL;
}

static void errors_are_the_threads_own_and_stay(void) {
  CHECK(rt_file_size_for_mmap("/absent", 7) == -1);
  CHECK(rt_get_page_size() == page); /* succeeds */
  CHECK(error_is(RT_SYSTEM, "rt_file_size_for_mmap: /absent", ""));
  int32_t code = -1;
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, see_no_error, &code) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(code == RT_OK);
  CHECK(error_is(RT_SYSTEM, "rt_file_size_for_mmap: /absent", ""));
}

int main(void) {
  const char* folder = getenv("TEST_TMPDIR");
  snprintf(path, sizeof path, "%s/smf_rt_test-file", folder != NULL ? folder : "/tmp");
  no_error_yet();
  page = rt_get_page_size();
  CHECK(page >= 4096);
  write_file();
  maps_and_reads();
  writes();
  write_file();
  refuses_to_map();
  long_paths_are_cut_in_front();
  refuses_what_is_not_mapped_here();
  survives_a_truncation();
  errors_are_the_threads_own_and_stay();
  remove(path);
  if (failures != 0) fprintf(stderr, "%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}
