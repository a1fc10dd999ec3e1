/* The C interface of the SMF runtime: libsmf_rt.so.
 *
 * These are the foreign functions that the Simple language declares. So numbers are int64_t
 * throughout, addresses among them, and a text that goes in is a pointer and a length in bytes,
 * with no NUL needed behind it.
 *
 * Errors: a function that fails returns the value that its comment names, and rt_last_error() tells
 * why. Numbers may be anything: an address is looked up among the live mappings that rt_mmap_file()
 * made, or the live allocations of executable memory, a handle among the live ones, and neither is
 * ever used on the caller's word. Pointers are the caller's promise: a text has to be there, and
 * rt_free_bytes() takes what came out of here, once. A null pointer where there has to be something
 * is RT_INVALID_ARGUMENT.
 *
 * Threads: every function may be called from several threads at once, also with the same address; a
 * thread is not cancelled within one. After fork() in a program with several threads, the child
 * calls none of them until it has called exec.
 *
 * Signals: the first file that is mapped, by rt_mmap_file() or as a module, installs a handler for
 * SIGBUS, which lets accesses to a file that became shorter read zeros, and hands on what is not
 * about a mapping made here. A program that installs its own handler does so before that, or calls
 * the previous one from it.
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

/* Frees what rt_mmap_read_bytes(), rt_mmap_read_string() or rt_smf_note_find*() gave. { NULL, 0 }
 * is allowed. */
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
 * two ways, and the functions below take either. They know no other memory, but that
 * rt_call_function_*() take what rt_smf_jit_instantiate() gives: the address of a mapped file is
 * refused, as theirs is by the functions above.
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
 * have been written there. What the code does then is up to who wrote it.
 *
 * Or it is that of a function which an instantiator has made, and which is in use until the
 * function returns: rt_smf_jit_free() fails with RT_UNSUPPORTED. Where its type is known, it has as
 * many parameters as are given here, and takes and returns 64-bit integers and addresses, or
 * returns nothing, which is 0 here; else RT_INVALID_ARGUMENT. It is not known of what an earlier
 * process compiled: then it is up to the caller.
 *
 * Code that leaves by longjmp() counts as being called for ever. Failure: 0; as a function may
 * return 0 as well, these three set RT_OK where they succeed. */
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

/* ---- Modules ---- */

/* The rt_smf_* functions open SMF modules, compile their templates, and read and update their
 * notes. (Loading the native code of modules is none of them.)
 *
 * A cache, a module and an instantiator are known by handles, numbers above 0. A handle is good
 * until it is freed, in any thread; its number is never given again. What is no handle, one of
 * another kind, or one that was freed, is RT_INVALID_ARGUMENT, and nothing happens.
 *
 * Structs of options, and of statistics, begin with their size, which the caller sets:
 *
 *   rt_smf_jit_options options = {.size = sizeof options, .update_mode = RT_SMF_UPDATE_OFF};
 *
 * All else may be 0, which is the default. So programs go on working with later libraries, whose
 * structs are longer; a struct that is longer than this library's is RT_UNSUPPORTED. A null pointer
 * for options is all defaults. What is a yes or no is 1 or 0. */

/* ---- The cache of modules ---- */

/* rt_smf_cache_options.revalidation: how often a file that is in the cache is asked whether it
 * changed, when its path is asked for. */
enum {
  RT_SMF_REVALIDATE_INTERVAL = 0, /* when the last time is `interval_ms` ago */
  RT_SMF_REVALIDATE_ALWAYS = 1,
  RT_SMF_REVALIDATE_NEVER = 2, /* until it is evicted or invalidated */
  RT_SMF_REVALIDATE_WATCH = 3  /* when the system tells of a change */
};

/* rt_smf_cache_options.eviction: who goes first where there is no room. */
enum {
  RT_SMF_EVICT_LRU = 0, /* who was not used for longest */
  RT_SMF_EVICT_SIEVE = 1
};

typedef struct rt_smf_cache_options {
  int64_t size;            /* of this struct, in bytes */
  int64_t max_files;       /* 0: 4096 */
  int64_t max_bytes;       /* of files and of what is decompressed; 0: 4 GiB */
  int64_t max_frame_bytes; /* of those, of parts of large compressed sections; 0: 64 MiB */
  int64_t revalidation;    /* RT_SMF_REVALIDATE_* */
  int64_t interval_ms;     /* 0: 100; at most a day */
  int64_t eviction;        /* RT_SMF_EVICT_* */
  int64_t share_content;   /* whether files of equal bytes are one module */
} rt_smf_cache_options;

typedef struct rt_smf_cache_statistics {
  int64_t size;               /* of this struct, in bytes */
  int64_t files;              /* modules in the cache */
  int64_t names;              /* paths that lead to them */
  int64_t bytes_read;         /* of those that were read */
  int64_t bytes_mapped;       /* of those that are mapped */
  int64_t bytes_decompressed; /* of their sections */
  int64_t bytes_frames;
  int64_t held_files; /* modules that have left it, and have handles */
  int64_t held_bytes;
  int64_t hits;
  int64_t misses;        /* that loaded, or waited for who did */
  int64_t evictions;     /* for want of room */
  int64_t revalidations; /* files that were asked whether they changed */
  int64_t replacements;  /* and had been replaced */
  int64_t note_updates;  /* and had their note updated in place */
  int64_t errors;        /* modules that could not be got */
} rt_smf_cache_statistics;

/* A cache of its own, empty. Failure: 0. */
RT_API int64_t rt_smf_cache_new(const rt_smf_cache_options* options);

/* Frees the handle. Modules of it stay as long as their handles, and so does what an instantiator
 * or another thread uses of it. Failure: false. */
RT_API bool rt_smf_cache_free(int64_t cache);

/* A handle of the module at the path, loaded if need be, to be given to rt_smf_module_release().
 * Each call gives another. The module stays as it was got while there is one, also when the file is
 * replaced; of a note that is updated in place, docs/ffi.md says what is seen. Failure: 0, with
 * RT_INVALID_INPUT for a file that is no module. */
RT_API int64_t rt_smf_cache_get(int64_t cache, const char* path, int64_t path_length);

/* Loads the module into the cache, with no handle. Failure: false. */
RT_API bool rt_smf_cache_prefetch(int64_t cache, const char* path, int64_t path_length);

/* Takes the module at the path out, under all of its names. Failure: false, with RT_NOT_FOUND where
 * it is not in the cache. */
RT_API bool rt_smf_cache_evict(int64_t cache, const char* path, int64_t path_length);

/* The next rt_smf_cache_get() of the path asks whether the file changed. Failure: as above. */
RT_API bool rt_smf_cache_invalidate(int64_t cache, const char* path, int64_t path_length);

/* Takes all modules out. Failure: false. */
RT_API bool rt_smf_cache_clear(int64_t cache);

/* Fills the struct, whose `size` is set. Failure: false, with nothing written. */
RT_API bool rt_smf_cache_stats(int64_t cache, rt_smf_cache_statistics* statistics);

/* ---- A module ---- */

/* What lies in a module: rt_smf_section.type */
enum {
  RT_SMF_SECTION_CODE = 1,
  RT_SMF_SECTION_DATA = 2,
  RT_SMF_SECTION_RODATA = 3,
  RT_SMF_SECTION_BSS = 4,
  RT_SMF_SECTION_RELOC = 5,
  RT_SMF_SECTION_TEMPLATE_CODE = 12,
  RT_SMF_SECTION_TEMPLATE_META = 13 /* the note among them; others: docs/format.md */
};

typedef struct rt_smf_section {
  const uint8_t* data; /* uncompressed; never null, but nothing to read in a BSS */
  int64_t length;      /* bytes there */
  int64_t memory_size; /* the same, and of a BSS the zeros */
  int64_t index;       /* in the module, from 0 */
  int64_t type;        /* RT_SMF_SECTION_*, or a number that has no name here */
  int64_t flags;       /* as the module has them: 1 read, 2 write, 4 exec */
  char name[24];       /* NUL-terminated */
} rt_smf_section;

/* rt_smf_symbol.type and .binding */
enum {
  RT_SMF_SYMBOL_FUNCTION = 0,
  RT_SMF_SYMBOL_DATA = 1,
  RT_SMF_SYMBOL_TYPE = 2,
  RT_SMF_SYMBOL_TRAIT = 3,
  RT_SMF_SYMBOL_ACTOR = 4,
  RT_SMF_SYMBOL_CONSTANT = 5,
  RT_SMF_SYMBOL_NONE = 255 /* modules of early versions only */
};
enum { RT_SMF_BINDING_LOCAL = 0, RT_SMF_BINDING_GLOBAL = 1, RT_SMF_BINDING_WEAK = 2 };

typedef struct rt_smf_symbol {
  int64_t section; /* its index; -1 for none, and in early modules, which do not say */
  int64_t offset;  /* in the section; in early modules, in all code laid end to end */
  int64_t size;    /* bytes */
  int64_t type;
  int64_t binding;
  int64_t is_defined;  /* here; 0: an import */
  int64_t is_template; /* without code */
} rt_smf_symbol;

/* Frees a module's handle: pointers to its sections are dead. Failure: false. */
RT_API bool rt_smf_module_release(int64_t module);

/* How many sections it has. Failure: -1. */
RT_API int64_t rt_smf_module_section_count(int64_t module);

/* The first section of this name, or the one of this index, from 0. Nothing is copied: the bytes
 * last until the handle is released, and nobody writes to them or frees them. What is compressed is
 * decompressed once. Failure: false, with RT_NOT_FOUND where there is none, and zeros in
 * `section`. */
RT_API bool rt_smf_module_section(int64_t module, const char* name, int64_t name_length,
                                  rt_smf_section* section);
RT_API bool rt_smf_module_section_at(int64_t module, int64_t index, rt_smf_section* section);

/* The symbol that a reference to this name means: of several, global before weak before local
 * before undefined. Failure: false, with RT_NOT_FOUND where there is none, and zeros in `symbol`.
 */
RT_API bool rt_smf_module_symbol(int64_t module, const char* name, int64_t name_length,
                                 rt_smf_symbol* symbol);

/* 1 unless zeros were read of a mapped file that became shorter: then 0, and what was read from
 * sections is void. Asked after reading, it covers all that was read before. Failure: -1. */
RT_API int64_t rt_smf_module_is_whole(int64_t module);

/* ---- A module's note ---- */

/* A row of a note. Its texts are the caller's, each to be freed with rt_free_bytes(). */
typedef struct rt_smf_note_row {
  int64_t is_possible; /* 1: can be made; 0: an instantiation, which is there */
  rt_bytes mangled_name;
  rt_bytes template_name;
  rt_bytes type_args; /* joined with `,` */
  rt_bytes status;    /* of an instantiation; of what is possible, empty */
} rt_smf_note_row;

/* How many rows the two tables have. Failure: { -1, -1 }. */
typedef struct rt_smf_note_rows {
  int64_t possible;
  int64_t instantiations;
} rt_smf_note_rows;

/* The row of this mangled name; or of this template with these arguments, however they are spelled.
 * Failure: false, with RT_NOT_FOUND where neither table has it, and zeros in `row`, of which
 * nothing is to be freed. */
RT_API bool rt_smf_note_find(int64_t module, const char* mangled_name, int64_t name_length,
                             rt_smf_note_row* row);
RT_API bool rt_smf_note_find_template(int64_t module, const char* template_name,
                                      int64_t template_length, const char* type_args,
                                      int64_t args_length, rt_smf_note_row* row);

/* Reads all of the note. A module without one has no rows. */
RT_API rt_smf_note_rows rt_smf_note_count(int64_t module);

/* Moves a row of `possible` to `instantiations`, with the status "jit_compiled", in the module's
 * file; it is on the disk when this returns. Gives 1, or 0 where it was there already. Failure: -1,
 * with RT_NOT_FOUND where neither table has it. */
RT_API int64_t rt_smf_note_promote(const char* path, int64_t path_length, const char* mangled_name,
                                   int64_t name_length);

/* ---- Instantiating templates ---- */

/* rt_smf_jit_options.update_mode: when the row of what was compiled leaves `possible` in the note
 * of its module. */
enum {
  RT_SMF_UPDATE_DEFERRED = 0, /* in rt_smf_jit_flush() and rt_smf_jit_free() */
  RT_SMF_UPDATE_SYNC = 1,     /* in rt_smf_jit_instantiate() */
  RT_SMF_UPDATE_OFF = 2       /* never */
};

/* rt_smf_jit_options.trust: from which files compiled code that is stored there is run. */
enum {
  RT_SMF_TRUST_OWNER_ONLY = 0, /* of this user or root, that nobody else may write */
  RT_SMF_TRUST_NEVER = 1,
  RT_SMF_TRUST_ALWAYS = 2
};

/* rt_smf_jit_result.status */
enum {
  RT_SMF_JIT_REFUSED = 0, /* no request was made: RT_INVALID_ARGUMENT, RT_OUT_OF_MEMORY */
  RT_SMF_JIT_SUCCESS = 1,
  RT_SMF_JIT_NOT_FOUND = 2,         /* in no module that was loaded: RT_NOT_FOUND */
  RT_SMF_JIT_CIRCULAR = 3,          /* it needs itself: RT_INVALID_INPUT, and the circle */
  RT_SMF_JIT_COMPILATION_ERROR = 4, /* RT_INVALID_INPUT, and what the compiler says */
  RT_SMF_JIT_UPDATE_FAILED = 5      /* it was compiled, and the next request succeeds; the note
                                     * could not be written, for the reason that the error has */
};

typedef struct rt_smf_jit_result {
  int64_t status;  /* RT_SMF_JIT_*; all but success leave an error */
  int64_t address; /* of the function, with success; else 0 */
} rt_smf_jit_result;

/* What compiled code tells when it traps, as on overflow. */
enum {
  RT_SMF_TRAP_OPERATION = 0,  /* one that has no result */
  RT_SMF_TRAP_ABORT = 1,      /* that the template asks for */
  RT_SMF_TRAP_UNREACHABLE = 2 /* a place that should not be reached was */
};
typedef struct rt_smf_trap {
  int64_t kind;  /* RT_SMF_TRAP_* */
  int64_t block; /* of the function's MIR */
  const char* function;
  int64_t function_length;
  const char* message;
  int64_t message_length;
} rt_smf_trap;

/* Called by the thread whose code traps. Where it returns, the process aborts; it may leave by
 * longjmp() instead. `trap` lasts until then. */
typedef void (*rt_smf_trap_handler)(void* context, const rt_smf_trap* trap);

/* The address of a symbol that compiled code calls and that nothing else has, or 0. Called by
 * several threads at once, in requests; it returns, with no exception and no longjmp(). It may make
 * requests itself. */
typedef int64_t (*rt_smf_symbol_source)(void* context, const char* symbol, int64_t length);

/* The same of a global that MIR knows by its number. */
typedef int64_t (*rt_smf_global_source)(void* context, int64_t number);

typedef struct rt_smf_jit_options {
  int64_t size;             /* of this struct, in bytes */
  int64_t disabled;         /* whether nothing is ever found */
  int64_t update_mode;      /* RT_SMF_UPDATE_* */
  int64_t max_depth;        /* of instantiations that need another; 0: 50; at most 1000 */
  int64_t trust;            /* RT_SMF_TRUST_* */
  int64_t missing_files_ok; /* whether a module that does not load has no rows, and no error */
  int64_t verbose;          /* whether a line on standard error tells of each symbol compiled */
  int64_t process_symbols;  /* whether what the process and its libraries export can be called */
  int64_t cache;            /* a handle; 0: one of its own */
  rt_smf_trap_handler trap_handler; /* null: tells on standard error, and aborts */
  void* trap_context;
  rt_smf_symbol_source symbol_source; /* null: none; asked last but for process_symbols */
  void* symbol_context;
  rt_smf_global_source global_source; /* null: none */
  void* global_context;
} rt_smf_jit_options;

typedef struct rt_smf_jit_statistics {
  int64_t size;           /* of this struct, in bytes */
  int64_t cached;         /* symbols that were compiled, or share code */
  int64_t modules;        /* loaded */
  int64_t compiled;       /* functions */
  int64_t shared;         /* symbols that got code of an equal body */
  int64_t persisted_hits; /* symbols whose code was stored in their module */
  int64_t compile_ns;     /* time that requests took which compiled */
  int64_t code_bytes;
  int64_t waits; /* for what another thread was compiling */
} rt_smf_jit_statistics;

/* An instantiator, to be given to rt_smf_jit_free(). Failure: 0. */
RT_API int64_t rt_smf_jit_new(const rt_smf_jit_options* options);

/* Moves the rows that wait for it, as rt_smf_jit_flush() does, but in silence, and frees all: code
 * that was handed out is dead, which is up to the caller. While a request or another call uses it,
 * in any thread, it is not freed: RT_UNSUPPORTED, and does not wait. So none of its functions is
 * called after this. Failure: false. */
RT_API bool rt_smf_jit_free(int64_t jit);

/* Reads the note and the templates of a module. One that was loaded before is loaded anew. Failure:
 * false, with what was loaded before. */
RT_API bool rt_smf_jit_load(int64_t jit, const char* path, int64_t path_length);

/* Forgets them. What was compiled stays, and stays callable. Failure: false, with RT_NOT_FOUND
 * where it was not loaded. */
RT_API bool rt_smf_jit_unload(int64_t jit, const char* path, int64_t path_length);

/* The function of this mangled name, compiled if it was not before, and what it calls. It is called
 * with C's calling convention, by whoever knows its type, or by rt_call_function_*(), and good
 * until the instantiator is freed. (Else it is no allocation of rt_alloc_exec_memory().) Failure: a
 * status other than RT_SMF_JIT_SUCCESS, and address 0. */
RT_API rt_smf_jit_result rt_smf_jit_instantiate(int64_t jit, const char* symbol,
                                                int64_t symbol_length);

/* 1 where some module that was loaded has a row to make it from, else 0, which is no error.
 * Failure: -1. */
RT_API int64_t rt_smf_jit_can_instantiate(int64_t jit, const char* symbol, int64_t symbol_length);

/* What was registered under this name; else the address of its instantiation, whether or not its
 * note could be updated. Failure: 0, with the errors of rt_smf_jit_instantiate(). */
RT_API int64_t rt_smf_jit_resolve(int64_t jit, const char* symbol, int64_t symbol_length);

/* What compiled code calls under this name, before all else; 0 takes it back. Code that is there
 * keeps what it has. That there is such a function is the caller's promise. Failure: false. */
RT_API bool rt_smf_jit_register(int64_t jit, const char* symbol, int64_t symbol_length,
                                int64_t address);

/* The next request for it compiles; code that is there stays, also in what calls it. Failure:
 * false, with RT_NOT_FOUND where it was not compiled. */
RT_API bool rt_smf_jit_forget(int64_t jit, const char* symbol, int64_t symbol_length);

/* Moves all rows that wait for it into `instantiations`, in their modules' files. Failure: false,
 * with the first error; rows that could not be moved wait for the next time. */
RT_API bool rt_smf_jit_flush(int64_t jit);

/* Fills the struct, whose `size` is set. Failure: false, with nothing written. */
RT_API bool rt_smf_jit_stats(int64_t jit, rt_smf_jit_statistics* statistics);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SMF_RUNTIME_FFI_SMF_RT_H_ */
