/* Tessera for hosts: opening the library in a lua_State of yours, lending memory to scripts, taking
 * it back. Include this after lua.h; arrays themselves are tessera.h's.
 *
 * None of these functions raises a Lua error unless it says so: they may be called outside of any
 * protected call. Functions that take a lua_State belong to the thread that runs that state;
 * tessera_revoke and tessera_lease_free may be called from any thread, and so may tessera.h's
 * tsr_context_cancel with the context of a state, while that state is open.
 */
#ifndef TESSERA_LUA_H
#define TESSERA_LUA_H

#include <lua.h>
#include <string.h>

#include "tessera.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TESSERA_ABI 1

/* The ABI number of this header's half of the library, beside tsr_abi(); a host that loads the
 * shared library compares both with its headers' numbers. Structs grow by tessera.h's rule. */
TSR_API int tessera_abi(void);

/* What scripts may do beyond arithmetic on memory. All are off unless named. TESSERA_THREADS lets
 * them have the library start threads; threads that the host gives, by core.executor or with
 * tsr_context_set_threads, need no capability, and setting one thread needs none either. */
enum { TESSERA_FILES = 1, TESSERA_POINTERS = 2, TESSERA_THREADS = 4 };

typedef struct tessera_config {
    size_t struct_size; /* sizeof(tessera_config) */
    tsr_config core;    /* allocator, quota, cache, kernel level, the host's threads (executor);
                           core.struct_size must be set too, and tells where the rest begins */
    unsigned capabilities;
    /* Where scripts' files come from and go to instead of the system's paths; copied, NULL: the
     * system's. TESSERA_FILES is needed all the same. */
    const tsr_opener *opener;
} tessera_config;

/* A configuration for scripts that nobody vouches for: no capabilities, a quota of 64 MiB, of which
 * 8 MiB may be kept for reuse, and one thread. The caller changes what it likes. What else such a
 * script must not have (io, os, debug, package, load) is not this library's to take away. */
static inline void tessera_untrusted(tessera_config *config) {
    memset(config, 0, sizeof *config); /* not in the library, which may know of more fields */
    config->struct_size = sizeof *config;
    config->core.struct_size = sizeof config->core;
    config->core.quota = (size_t)64 << 20;
    config->core.cache_limit = (size_t)8 << 20;
}

/* Opens the library in L, as luaL_requiref would: afterwards require "tessera", "tessera.torch" and
 * "tessera.numpy" give it, without any file on disk. Pushes the module table. `config` may be NULL:
 * system allocator, no quota, no capabilities. A state that has the library open keeps it as it is.
 * TSR_EVALUE, TSR_EMEMORY, TSR_EUNSUPPORTED (a kernel level that this machine cannot run); nothing
 * is pushed then. */
TSR_API tsr_status tessera_open(lua_State *L, const tessera_config *config, tsr_error *err);

/* The context of a state, borrowed; NULL when the library is not open in it. */
TSR_API tsr_context *tessera_context(lua_State *L);
/* Makes array operations of the state fail with the kind "cancelled", those of scripts too, until
 * tsr_context_clear_cancel(tessera_context(L)); for hooks and for between calls. Other threads and
 * signal handlers, which may not touch L, keep tessera_context(L) and call tsr_context_cancel.
 * False when the library is not open in L. */
TSR_API bool tessera_cancel(lua_State *L);
/* From so many seconds from now on, array operations of the state fail with the kind "deadline"; 0
 * is none. Scripts can set earlier ones for a call (ts.deadline), never later ones. False when the
 * library is not open in L. tsr_context_set_deadline does the same from other threads. */
TSR_API bool tessera_set_deadline(lua_State *L, double seconds);
/* Memory figures of the state; false when the library is not open in it. */
TSR_API bool tessera_memory(lua_State *L, tsr_memory *out);
/* The last error that a script's call raised; status TSR_OK when there was none. */
TSR_API void tessera_last_error(lua_State *L, tsr_error *out);

/* Host memory, described as an array. */
typedef struct tessera_buffer {
    size_t struct_size; /* sizeof(tessera_buffer) */
    void *data;         /* first element */
    tsr_dtype dtype;
    int ndim;
    const int64_t *shape;
    const int64_t *strides; /* bytes, not negative; NULL: row-major */
    unsigned rights;        /* TSR_READ, TSR_WRITE, or both */
    const char *label;      /* for messages; copied */
    /* Called exactly once with `user` and `data` when the memory is no longer referred to: when the
     * lease is revoked, or when the last array and the lease are gone. On the thread where that
     * happens. May be NULL. */
    void (*release)(void *user, void *data);
    void *user;
} tessera_buffer;

typedef struct tsr_storage tessera_lease;

/* Pushes an ndarray over the host's memory, with no copy. *lease (may be NULL) is new: free it with
 * tessera_lease_free. On failure nothing is pushed and `release` is not called. */
TSR_API tsr_status tessera_lend(lua_State *L, const tessera_buffer *buffer, tessera_lease **lease,
                                tsr_error *err);

typedef enum tessera_revoke_mode {
    TESSERA_REFUSE, /* TSR_EBUSY while an operation runs on the memory */
    TESSERA_WAIT    /* for running operations to end; those that begin meanwhile fail */
} tessera_revoke_mode;

/* Takes lent memory back: every array over it, in every state and on either face, raises from now
 * on instead of touching it. TSR_EBUSY in either mode while an export (DLPack) holds the memory,
 * since its consumer cannot be told; the message says who. Revoking twice is no error. Any thread;
 * never TESSERA_WAIT from inside an operation on the same memory.
 *
 * Views of tessera.ffi (LuaJIT, scripts with raw pointers) do not hold the memory: they are looked
 * at when they are made and at each v:check(), and touch it in between. */
TSR_API tsr_status tessera_revoke(tessera_lease *lease, tessera_revoke_mode mode, tsr_error *err);
/* The same, waiting for so many nanoseconds at most; TSR_EBUSY, and nothing changed, afterwards. */
TSR_API tsr_status tessera_revoke_within(tessera_lease *lease, int64_t nanoseconds, tsr_error *err);
/* Takes rights away from all arrays over the memory: TSR_READ leaves them read-only, TSR_WRITE
 * write-only, 0 neither. Rights are never given back. What begins afterwards without the right
 * raises an error of the kind "readonly"; what runs is waited for, or not, as above: TSR_EBUSY
 * tells that somebody may still use the rights, which are gone all the same. Any thread. */
TSR_API tsr_status tessera_narrow(tessera_lease *lease, unsigned rights, tessera_revoke_mode mode,
                                  tsr_error *err);
/* Tells scripts, whose x._version and storage():version it raises, that the host wrote to the
 * memory. Any thread. */
TSR_API void tessera_touched(tessera_lease *lease);
/* Lets go of the lease; the arrays stay as they are. Any thread. */
TSR_API void tessera_lease_free(tessera_lease *lease);

/* Calls the function that lies below its `nargs` arguments on the stack, as lua_pcall does, with
 * `count` ndarrays over host memory as further arguments, lent for the length of the call: when it
 * returns, the arrays are revoked, whatever the script kept, and the release callbacks have run.
 * Returns lua_pcall's code, with the results or the error value on the stack. Memory that was
 * exported in the call and is still held cannot be taken back: that is LUA_ERRRUN with a message
 * instead of the results, and its callback comes when the consumer lets go. `buffers` are borrowed;
 * on an error before the call no callback runs. The stack must have room for `count` more. */
TSR_API int tessera_pcall_lent(lua_State *L, int nargs, int nresults, int msgh, int count,
                               const tessera_buffer *buffers);

/* The array at a stack index, borrowed from it: NULL when it is none (test), or a Lua error
 * (check). */
TSR_API tsr_array *tessera_test(lua_State *L, int index);
TSR_API tsr_array *tessera_check(lua_State *L, int index);
/* Pushes an array (retained) as a tensor or an ndarray. The same array may be pushed in several
 * states. */
TSR_API tsr_status tessera_push(lua_State *L, tsr_array *array, tsr_face face, tsr_error *err);

/* The array at a stack index as a DLPack struct, and such a struct as an array: tsr_dlpack_export
 * and tsr_dlpack_import, which say what `options` and `holder` are. to_dlpack leaves the stack
 * alone; *out is NULL after a failure, TSR_EVALUE when there is no array. from_dlpack takes the
 * struct, pushes an array of the face, and pushes nothing after a failure. */
TSR_API tsr_status tessera_to_dlpack(lua_State *L, int index, unsigned options, const char *holder,
                                     void **out, tsr_error *err);
TSR_API tsr_status tessera_from_dlpack(lua_State *L, void *managed, unsigned options, tsr_face face,
                                       tsr_error *err);

#ifdef __cplusplus
}
#endif
#endif
