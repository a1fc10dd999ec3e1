/* The C interface of the SMF runtime: libsmf_rt.so.
 *
 * These are the foreign functions that the Simple language declares. So numbers are int64_t
 * throughout, addresses among them, and a text that goes in is a pointer and a length in bytes,
 * with no NUL needed behind it.
 *
 * Errors: a function that fails returns the value that its comment names, and rt_last_error() tells
 * why. Numbers may be anything: an address is looked up among the live mappings that rt_mmap_file()
 * made, or the live allocations of executable memory, and never used on the caller's word. Pointers
 * are the caller's promise: a text has to be there, and rt_free_bytes() takes what came out of
 * here, once.
 *
 * Threads: every function may be called from several threads at once, also with the same address; a
 * thread is not cancelled within one. After fork() in a program with several threads, the child
 * calls none of them until it has called exec.
 *
 * Signals: the first file that is mapped installs a handler for SIGBUS, which lets accesses to a
 * file that became shorter read zeros, and hands on what is not about a mapping made here. A
 * program that installs its own handler does so before that, or calls the previous one from it.
 *
 * For C11 and later, and C++. No C++ exception comes out of it, but those of a function that
 * rt_call_function_*() call.
 */
#ifndef SMF_RUNTIME_FFI_SMF_RT_H_
#define SMF_RUNTIME_FFI_SMF_RT_H_

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RT_API __attribute__((visibility("default")))
#else
#define RT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---- */

/* rt_error.code */
enum {
  RT_OK = 0,               /* no function has failed in this thread */
  RT_INVALID_INPUT = 1,    /* a file is not as it should be: too short, no regular file */
  RT_UNSUPPORTED = 2,      /* well formed, but not done here */
  RT_LIMIT = 3,            /* more than a limit allows */
  RT_NOT_FOUND = 4,        /* a name that is not there; of a path: RT_SYSTEM with ENOENT */
  RT_INVALID_ARGUMENT = 5, /* the caller asked for what cannot be */
  RT_SYSTEM = 6,           /* the operating system refused: system_errno says why */
  RT_OUT_OF_MEMORY = 7,
  RT_CANCELLED = 8 /* called off before it began; nothing here does so yet */
};

typedef struct rt_error {
  int32_t code;         /* RT_* */
  int32_t system_errno; /* an errno value where code is RT_SYSTEM, else 0 */
  const char* text;     /* for a person: function, arguments, reason; NUL-terminated, never null */
  int64_t length;       /* of the text, without the NUL */
} rt_error;

/* The last failure of a function of this library in the calling thread. As with errno, functions
 * that succeed leave it as it was, but rt_call_function_*(): ask after a failure only. The text
 * lasts until the next failure in the thread, or the thread's end; nobody frees it. */
RT_API rt_error rt_last_error(void);

/* ---- Mapped files ---- */

/* Bits of `prot`. RT_PROT_WRITE and RT_PROT_EXEC together are refused everywhere, and no function
 * changes the protection of a mapping. */
enum {
  RT_PROT_NONE = 0, /* addresses that nothing may touch */
  RT_PROT_READ = 1,
  RT_PROT_WRITE = 2,
  RT_PROT_EXEC = 4
};

/* Bits of `flags`: one of the first two. */
enum {
  RT_MAP_SHARED = 1,      /* what is written goes into the file */
  RT_MAP_PRIVATE = 2,     /* what is written stays in this process */
  RT_MAP_FIXED = 0x10,    /* refused: it would replace what is mapped already */
  RT_MAP_ANONYMOUS = 0x20 /* zeros, of no file: path empty, offset 0, a length */
};

/* `advice` of rt_madvise() */
enum {
  RT_ADVICE_NORMAL = 0,
  RT_ADVICE_RANDOM = 1,     /* no reading ahead */
  RT_ADVICE_SEQUENTIAL = 2, /* much reading ahead */
  RT_ADVICE_WILLNEED = 3,   /* start to read now */
  RT_ADVICE_DONTNEED = 4    /* give the pages back; the next access fetches them again */
};

/* A mapping. Failure is { 0, 0 }. */
typedef struct rt_mapping {
  int64_t address; /* of its first byte, a whole number of pages */
  int64_t size;    /* bytes: the length that was asked for, or the rest of the file */
} rt_mapping;

/* Bytes that the caller owns, to be freed with rt_free_bytes(). Behind them stands a zero that
 * `length` does not count, so that a text is a C string. Failure is { NULL, 0 }; what is empty and
 * no failure has data that is not NULL. */
typedef struct rt_bytes {
  uint8_t* data;
  int64_t length;
} rt_bytes;

/* Maps `length` bytes of a regular file, from `offset` on, a multiple of the page size; a length of
 * 0 is the rest of the file. All of them have to be in the file now. A path has at most 4095 bytes
 * and no NUL. A file that becomes shorter later reads as zeros, and the functions below fail with
 * RT_INVALID_INPUT once such zeros were read. That goes by pages: the rest of the file's last page
 * reads as zeros that nobody notices. To write with RT_MAP_SHARED, the file has to be writable.
 * Writing is done through the address. Failure: { 0, 0 }. */
RT_API rt_mapping rt_mmap_file(const char* path, int64_t path_length, int64_t prot, int64_t flags,
                               int64_t offset, int64_t length);

/* Unmaps what rt_mmap_file() gave: both numbers as they came, a part cannot be unmapped. Waits for
 * the calls of other threads that use the mapping; when it returns, pointers of rt_mmap_view() are
 * dead. Failure: false. With RT_SYSTEM, the system refused: the memory stays mapped, but is none of
 * this library's any more. */
RT_API bool rt_munmap(int64_t address, int64_t size);

/* A copy of the `length` bytes at address + offset. The address may be any in a mapping, which also
 * has to hold the bytes and be readable. The caller frees the copy. Failure: { NULL, 0 }. */
RT_API rt_bytes rt_mmap_read_bytes(int64_t address, int64_t offset, int64_t length);

/* The same of the bytes from address + offset up to a NUL, at most `max_length`; 0 is no maximum.
 * The end of the mapping ends the text as well. Whether it is UTF-8 is not looked at. The caller
 * frees the copy. Failure: { NULL, 0 }. */
RT_API rt_bytes rt_mmap_read_string(int64_t address, int64_t offset, int64_t max_length);

/* The bytes themselves, checked as those of rt_mmap_read_bytes(), not copied. The pointer dies with
 * rt_munmap(): whoever lets another thread unmap while it is used reads memory that is not there.
 * Nobody frees it. What is read through it after a truncation is zeros: ask again for the view
 * afterwards, which then fails. Failure: NULL. */
RT_API const uint8_t* rt_mmap_view(int64_t address, int64_t offset, int64_t length);

/* Frees what rt_mmap_read_bytes() or rt_mmap_read_string() gave. { NULL, 0 } is allowed. */
RT_API void rt_free_bytes(rt_bytes bytes);

/* The size of a regular file in bytes. Failure: -1. */
RT_API int64_t rt_file_size_for_mmap(const char* path, int64_t path_length);

/* The size of a page in bytes, which is the same as long as the process lives. Failure: -1. */
RT_API int64_t rt_get_page_size(void);

/* The rest are about the pages that `size` bytes from the address on touch: one byte at least, all
 * in one mapping. Failure: false. */

/* Writes what was changed to the disk, and waits for that unless `async`. The mapping has to be
 * shared and writable; of another there is nothing to write. */
RT_API bool rt_msync(int64_t address, int64_t size, bool async);

/* Keeps the pages in memory, which RLIMIT_MEMLOCK limits; and no longer. */
RT_API bool rt_mlock(int64_t address, int64_t size);
RT_API bool rt_munlock(int64_t address, int64_t size);

/* Tells how the pages will be used: RT_ADVICE_*. RT_ADVICE_DONTNEED of a mapping that is private
 * and writable is refused, because what was written there would be lost. */
RT_API bool rt_madvise(int64_t address, int64_t size, int64_t advice);

/* ---- Executable memory ---- */

/* Memory for machine code, never writable and executable at once. An allocation is made in one of
 * two ways, and the functions below take either. They know no other memory: the address of a mapped
 * file is refused, as theirs is by the functions above.
 *
 * Where a size goes with an address, both are an allocation's as they were given: no part of one
 * can be freed or protected. Where it does not say so, the address may be any in an allocation.
 *
 * While code is called by rt_call_function_*(), in any thread, its allocation can be neither freed
 * nor written nor made inexecutable: that fails with RT_UNSUPPORTED, and does not wait. Calls made
 * through a plain pointer are not known here; then it is up to the caller. */

/* Memory that is executable at this address, and written through rt_write_exec_memory() only. The
 * size is rounded up to whole cache lines, and all of it is traps (SIGTRAP) until it is written. At
 * most 64 MiB at once, 1 GiB together: RT_LIMIT. Within 2 GiB of this library where there is room.
 * Failure: 0. */
RT_API int64_t rt_alloc_exec_memory(int64_t size);

/* Whole pages of zeros, readable and writable through their address, which rt_make_executable()
 * makes executable. Failure: 0. */
RT_API int64_t rt_alloc_rw_memory(int64_t size);

/* Frees an allocation of either. Pointers into it are dead, also function pointers. Failure: false.
 * With RT_SYSTEM, the system refused: the memory stays, but is none of this library's any more. */
RT_API bool rt_free_exec_memory(int64_t address, int64_t size);

/* Copies `length` bytes of code to address + offset, all of which has to be in the allocation;
 * gives the length. Instructions are fetched anew by themselves. Memory of rt_alloc_rw_memory() can
 * be written as long as it is writable. Failure: -1. With RT_SYSTEM, code is not executable until
 * it has been written again. */
RT_API int64_t rt_write_exec_memory(int64_t address, const uint8_t* code, int64_t length,
                                    int64_t offset);

/* Makes an allocation readable and executable, at the address that it has, and no longer writable,
 * for ever. Of what is executable already there is nothing to do. Failure: false, with nothing
 * changed. */
RT_API bool rt_make_executable(int64_t address, int64_t size);

/* Has processors fetch these instructions anew: one byte at least, all in one allocation that is
 * readable. rt_write_exec_memory() and rt_make_executable() do so by themselves. A failure changes
 * no value; it is seen in rt_last_error() alone. */
RT_API void rt_flush_icache(int64_t address, int64_t size);

/* The address as a function's, to be cast to a pointer, if an allocation that is executable holds
 * it. The pointer dies with the allocation. Failure: 0. */
RT_API int64_t rt_get_function_pointer(int64_t address);

/* Calls the code at the address with C's calling convention. The address has to be in an executable
 * allocation and aligned as instructions are, and, with rt_alloc_exec_memory(), something has to
 * have been written there. What the code does then is up to who wrote it. Code that leaves by
 * longjmp() counts as being called for ever. Failure: 0; as a function may return 0 as well, these
 * three set RT_OK where they succeed. */
RT_API int64_t rt_call_function_0(int64_t function);
RT_API int64_t rt_call_function_1(int64_t function, int64_t first);
RT_API int64_t rt_call_function_2(int64_t function, int64_t first, int64_t second);

/* Changes the protection of an allocation: RT_PROT_*. Memory that has been executable is never made
 * writable again: RT_INVALID_ARGUMENT. That of rt_alloc_exec_memory() stays as it is, readable and
 * executable: all else is RT_UNSUPPORTED. Failure: false, with nothing changed. */
RT_API bool rt_set_protection(int64_t address, int64_t size, int64_t prot);

/* The bits of the allocation that holds the address. Failure: -1. */
RT_API int64_t rt_get_protection(int64_t address);

/* Whether the allocation that holds the address is executable. Without one: false, with an error.
 */
RT_API bool rt_is_executable(int64_t address);

/* What is allocated: bytes, as they were asked for, and allocations. Failure: -1. */
RT_API int64_t rt_exec_memory_total(void);
RT_API int64_t rt_exec_memory_count(void);

/* Prints to standard error what is allocated, what is being called, and how memory is kept from
 * being writable and executable at once on this machine, under "=== Executable Memory Statistics
 * ===". */
RT_API void rt_exec_memory_dump_stats(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SMF_RUNTIME_FFI_SMF_RT_H_ */
