/* Tessera: an n-dimensional array engine for programs that embed Lua. The only public header of the
 * core library; its comments are the C manual. The core is C11, knows nothing of Lua, keeps no
 * global state, prints nothing, never ends the process, and starts no thread before it is told to
 * (tsr_context_set_threads). It is long because a host should have to include and read one file.
 *
 * Objects
 *   tsr_context   where memory comes from, its quota and figures, the kernels that run, and on how
 *                 many threads.
 *   tsr_storage   a block of bytes: owned, lent by a host, or anchored to a foreign object.
 *   tsr_array     a view of a storage: dtype, shape, signed strides in bytes, offset, rights.
 *
 * Conventions
 *   A function that can fail returns a tsr_status. Results go through out-pointers, which are NULL
 *   after a failure; details go to `err`, which may be NULL. After any failure nothing observable
 *   has changed. Dimensions and indices start at 0 here; negative dimensions count from the end.
 *
 *   new        the caller owns the result and releases it
 *   borrowed   valid while the object it came from lives
 *   view       a new array that shares and retains the storage of another
 *   retains    counts a reference of its own;  releases  drops one
 *   takes      owned by the callee from the call on, also when the call fails
 *
 * Structs that begin with struct_size may grow at their end from one version to the next. The
 * caller sets struct_size to the sizeof that its header gives, and everything that it does not use
 * to 0. A smaller struct than the library's comes from an older header: what it lacks counts as 0.
 * A larger one comes from a newer header: it is taken when all that the library does not know of
 * is 0, and refused with TSR_EUNSUPPORTED otherwise. No struct grows by more than 1 KiB.
 *
 * Threads
 *   References may be retained and released from any thread. Arrays may be read from many threads
 * at once. Writes to one storage are ordered by the caller. A context may be configured by one
 * thread at a time; allocation and release through it are safe from any thread.
 */
#ifndef TESSERA_H
#define TESSERA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(TSR_API)
#define TSR_API __attribute__((visibility("default")))
#elif !defined(TSR_API)
#define TSR_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TSR_VERSION  "0.1.0"
#define TSR_ABI      1
#define TSR_MAX_DIMS 32

/* The ABI number that the library was built with; a host compares it with TSR_ABI. It is the number
 * in the shared library's name. As long as it stays, functions are only added, structs that begin
 * with struct_size only grow, and other structs do not change. */
TSR_API int tsr_abi(void);

/* ---- status and errors ---- */

typedef enum tsr_status {
    TSR_OK = 0,
    TSR_ESHAPE,       /* shapes that do not fit each other or the operation */
    TSR_EDTYPE,       /* a dtype that the operation does not take */
    TSR_EINDEX,       /* an index or a dimension out of range */
    TSR_EVALUE,       /* any other value out of its domain; sizes that overflow */
    TSR_EMEMORY,      /* the allocator refused, or the quota would be exceeded */
    TSR_EREADONLY,    /* a write without the right to write, or a read without that to read */
    TSR_EREVOKED,     /* the storage was revoked by its host, or released */
    TSR_ECANCELLED,   /* the operation was cancelled */
    TSR_EDEADLINE,    /* a deadline passed */
    TSR_ELIMIT,       /* a limit of the host, or a capability that is off */
    TSR_EIO,          /* a file or stream failed */
    TSR_EUNSUPPORTED, /* not possible for these operands, for instance a view that needs a copy */
    TSR_EBUSY,        /* pinned or shared, so that it cannot be revoked or resized now */
    TSR_STATUS_COUNT
} tsr_status;

/* Details of a failure. The caller provides it, zeroed but for index_base; it owns nothing. */
typedef struct tsr_error {
    tsr_status status;
    int32_t index_base; /* what the first index and dimension is called in messages: 0, or 1 for
                           callers whose own language counts so */
    char message[472];  /* one line in English, without the operation's name */
} tsr_error;

/* The kind that scripts see for a status: "shape", "dtype", "index", ... (borrowed, static). */
TSR_API const char *tsr_status_name(tsr_status status);

/* Writes a failure into `err` (may be NULL) and returns `status`. The format knows
 *   %s text   %d int64_t   %u size_t   %t tsr_dtype   %c char (as int)   %%
 *   %i int64_t, an index or a dimension from 0, printed from err->index_base (negative: as it is)
 *   %v a shape: int ndim, const int64_t *sizes, printed as (2, 3)
 * and no other directive. Text that does not fit is cut. */
TSR_API tsr_status tsr_error_set(tsr_error *err, tsr_status status, const char *format, ...);

/* Reads a struct, or the end of one, that grows as said above: `size` bytes of the caller's into
 * `known` bytes of ours. `name` is for messages. TSR_EVALUE: `size` is below `least` or cannot be
 * meant. */
TSR_API tsr_status tsr_struct_read(void *out, size_t known, const void *from, size_t size,
                                   size_t least, const char *name, tsr_error *err);

/* ---- dtypes ---- */

typedef enum tsr_dtype {
    TSR_BOOL,
    TSR_UINT8,
    TSR_INT8,
    TSR_INT16,
    TSR_UINT16,
    TSR_INT32,
    TSR_UINT32,
    TSR_INT64,
    TSR_UINT64,
    TSR_FLOAT16,
    TSR_BFLOAT16,
    TSR_FLOAT32,
    TSR_FLOAT64,
    TSR_COMPLEX64,
    TSR_COMPLEX128,
    TSR_DTYPE_COUNT
} tsr_dtype;

/* What is known of a dtype; one static table, borrowed for ever. */
typedef struct tsr_dtype_info {
    const char *name;    /* "float32" */
    const char *typestr; /* NumPy's, little-endian: "<f4"; bfloat16 is "<V2" */
    char kind;           /* 'b' bool, 'u' unsigned, 'i' signed, 'f' floating, 'c' complex */
    uint8_t itemsize;    /* bytes */
    uint8_t alignment;   /* natural alignment in bytes */
    uint8_t digits;      /* integers: value bits; floating and complex: mantissa bits with the
                            implicit one */
    tsr_dtype component; /* complex: the dtype of a part; others: itself */
} tsr_dtype_info;

/* NULL when `dtype` is not one. */
TSR_API const tsr_dtype_info *tsr_dtype_describe(tsr_dtype dtype);

/* The two faces of an array. They differ in names and rules, never in memory. */
typedef enum tsr_face { TSR_FACE_NUMPY, TSR_FACE_TORCH, TSR_FACE_COUNT } tsr_face;

/* Finds a dtype by name ("float32"), by an alias of the face ("half"; "float" is float32 on torch
 * and float64 on numpy) or by NumPy type string ("<f4", "f4", "|u1"). False when there is none;
 * foreign byte order is none (an array has it: tsr_view_swapped). */
TSR_API bool tsr_dtype_parse(tsr_face face, const char *text, tsr_dtype *out);
/* The aliases of a dtype on a face, separated by spaces (borrowed, static). */
TSR_API const char *tsr_dtype_aliases(tsr_face face, tsr_dtype dtype);

/* The dtype that arrays of two dtypes meet in, by the face's rules (NumPy 2's lattice, PyTorch's
 * torch.promote_types). Symmetric. torch and numpy disagree: int64 with float32 is float32 on torch
 * and float64 on numpy. */
TSR_API tsr_dtype tsr_dtype_promote(tsr_face face, tsr_dtype a, tsr_dtype b);
/* The dtype that a set of dtypes meets in, bit i standing for dtype i; TSR_DTYPE_COUNT for none. On
 * numpy that is not a chain of pairs: int8, uint16 and float16 meet in float32. */
TSR_API tsr_dtype tsr_dtype_promote_set(tsr_face face, uint32_t set);

typedef enum tsr_casting {
    TSR_CAST_NO,        /* the same dtype only */
    TSR_CAST_SAFE,      /* every value is preserved (np.can_cast's "safe") */
    TSR_CAST_SAME_KIND, /* safe, or within a kind */
    TSR_CAST_UNSAFE     /* anything */
} tsr_casting;

TSR_API bool tsr_dtype_can_cast(tsr_dtype from, tsr_dtype to, tsr_casting casting);

/* One number. `dtype` is BOOL, INT64, UINT64, FLOAT64 or COMPLEX128 and tells which member holds it
 * (BOOL uses i). */
typedef struct tsr_scalar {
    tsr_dtype dtype;
    union {
        int64_t i;
        uint64_t u;
        double f;
        double c[2]; /* real, imaginary */
    } as;
} tsr_scalar;

/* Reads one element at `at` (any alignment). Exact for every dtype. */
TSR_API tsr_scalar tsr_scalar_load(tsr_dtype dtype, const void *at);

/* Converts and writes one element at `at` (any alignment). Conversion is the same as between
 * arrays: floating to integer truncates, saturates, and NaN becomes 0; integer to narrower integer
 * keeps the low bits; to bool is "not equal to 0"; complex to real drops the imaginary part;
 * floating to narrower floating rounds once to nearest even; integers reach 16-bit floating types
 * by way of float32, as PyTorch's do. */
TSR_API void tsr_scalar_store(tsr_dtype dtype, void *at, const tsr_scalar *value);

/* ---- contexts and memory ---- */

typedef struct tsr_context tsr_context;

/* Where every byte comes from. `alignment` is a power of two; `zeroed` asks for zero bytes. NULL
 * means refused. Both may be called from any thread. */
typedef struct tsr_allocator {
    void *(*allocate)(void *user, size_t bytes, size_t alignment, bool zeroed);
    void (*release)(void *user, void *block, size_t bytes, size_t alignment);
    void *user;
} tsr_allocator;

/* A host's threads. parallel_for runs task(user, i) once for every 0 <= i < count, on any threads
 * and in any order, and returns when all of them have ended; what was written before it is seen by
 * the tasks, and what they wrote is seen after it, as after starting and joining threads. It is
 * called from whatever thread uses the context, from several at once, and also from inside a task,
 * on one of the host's own threads: so it must not wait for a free thread, and running all on the
 * calling thread is always right. Tasks never raise and never touch a lua_State. For equal results
 * the threads have the rounding and flush-to-zero modes of the caller. `threads` is how many work
 * at the same time, the caller's included, 1 to TSR_MAX_THREADS. `self` is borrowed and must live
 * as long as the context's memory. */
typedef struct tsr_executor {
    void (*parallel_for)(void *self, int64_t count, void (*task)(void *user, int64_t index),
                         void *user);
    int threads;
    void *self;
} tsr_executor;

enum { TSR_MAX_THREADS = 1024 };

typedef struct tsr_config {
    size_t struct_size;      /* sizeof(tsr_config) */
    tsr_allocator allocator; /* all zero: the system's */
    size_t quota;            /* most bytes held at once, cache included; 0: no limit */
    size_t cache_limit;      /* most bytes kept for reuse, never more than twice the peak in use;
                                0: 1/16 of the machine's memory, at least 256 MiB, of which the
                                system may take what is beyond these; SIZE_MAX: keep none */
    const char *isa;       /* "v2", "v3", "v4" or "base" to force a kernel level; NULL: the best */
    tsr_executor executor; /* all zero: none, work runs on the calling thread */
} tsr_config;

typedef struct tsr_memory {
    size_t current;     /* bytes in use, without the cache */
    size_t peak;        /* the largest that current has been */
    size_t cached;      /* freed bytes kept for reuse */
    size_t lent;        /* bytes of foreign memory that live storages refer to, but for files */
    size_t quota;       /* 0: none */
    size_t mapped;      /* bytes of mapped files that live storages refer to */
    uint64_t allocated; /* bytes handed out since the context was made, reused ones too */
} tsr_memory;

/* New context. `config` may be NULL. */
TSR_API tsr_status tsr_context_new(const tsr_config *config, tsr_context **out, tsr_error *err);
/* Releases the owner's reference. The memory itself goes when the last array and storage that came
 * from the context is released, which may be later and on another thread. */
TSR_API void tsr_context_release(tsr_context *context);
TSR_API void tsr_context_memory(const tsr_context *context, tsr_memory *out);
/* Sets the quota in bytes, 0 for none. Memory in use is not taken back, but nothing more is given
 * while it exceeds the quota; the cache goes when it is in the way. */
TSR_API void tsr_context_set_quota(tsr_context *context, size_t bytes);
/* What allocations do for a while. */
typedef enum tsr_section {
    TSR_SECTION_NONE,
    TSR_SECTION_NO_ALLOC, /* each fails with TSR_ELIMIT, those from the cache too */
    TSR_SECTION_ESTIMATE  /* nothing is computed and no data written, and new arrays are of the kind
                             TSR_ESTIMATED: address space without memory, unusable afterwards. What
                             needs values fails with TSR_EUNSUPPORTED */
} tsr_section;

/* What tsr_context_begin puts aside. */
typedef struct tsr_sections {
    tsr_section section;
    int64_t held, most;
    uint64_t bytes;
} tsr_sections;

/* Begins a section, inside of another one perhaps, and ends it. *bytes: what an estimate would have
 * allocated in all; *most: the most that it would have held at once, above what it began with. For
 * the thread that the context belongs to. */
TSR_API void tsr_context_begin(tsr_context *context, tsr_section section, tsr_sections *before);
TSR_API void tsr_context_end(tsr_context *context, const tsr_sections *before, uint64_t *bytes,
                             uint64_t *most);
TSR_API tsr_section tsr_context_section(const tsr_context *context);
/* Gives all cached blocks back to the allocator. */
TSR_API void tsr_context_trim(tsr_context *context);
/* Bytes handed out since the context was made; what a garbage collector should be told of. */
TSR_API uint64_t tsr_context_allocated(const tsr_context *context);
/* How many implicit copies of array data were made (a copy that the caller did not ask for by
 * name), and the way to count one. */
TSR_API uint64_t tsr_context_copies(const tsr_context *context);
TSR_API void tsr_context_count_copy(tsr_context *context);
/* The kernel level in use: "base", "v2", "v3" or "v4" (borrowed, static). */
TSR_API const char *tsr_context_isa(const tsr_context *context);
/* Scratch memory for bindings, counted like all other memory; NULL when refused. `bytes` must be
 * given again to release it. */
TSR_API void *tsr_context_allocate(tsr_context *context, size_t bytes, tsr_error *err);
TSR_API void tsr_context_free(tsr_context *context, void *block, size_t bytes);

/* ---- threads and interruption ---- */

/* On how many threads the context's work runs, the calling thread included. 1, the default without
 * a host's executor: the calling thread alone. 0: as many as there are processors that this process
 * may run on. Above 1, the library starts n - 1 threads of its own at the first work that is large
 * enough, and keeps them, asleep, until the number changes or the owner releases the context (which
 * then waits for them to end; never for an array's last release, and never from one of them). Fewer
 * threads than asked for, when the system gives no more, are no error. They have 1 MiB of stack and
 * take no signals but faults of their own. After a fork the child starts its own when it needs
 * them. With a host's executor the library starts none: n is cut to the executor's threads, which
 * is also the default, and 1 leaves it unused. Results do not depend on n. TSR_EVALUE: n is
 * negative or above TSR_MAX_THREADS. One thread configures at a time, while others may compute. */
TSR_API tsr_status tsr_context_set_threads(tsr_context *context, int n, tsr_error *err);
/* What was set; after 0, what it came to. */
TSR_API int tsr_context_threads(const tsr_context *context);

/* Asks every operation of the context to stop: those that run fail with TSR_ECANCELLED within
 * milliseconds, later ones at once, until the flag is cleared. What a stopped operation was to
 * write is undefined; everything else is as before. Any thread; cancel may be called from a signal
 * handler too: it is one atomic store. The context must be alive. */
TSR_API void tsr_context_cancel(tsr_context *context);
TSR_API void tsr_context_clear_cancel(tsr_context *context);
TSR_API bool tsr_context_cancelled(const tsr_context *context);
/* The time, in nanoseconds of CLOCK_MONOTONIC, from which on operations fail with TSR_EDEADLINE as
 * if cancelled; 0 is none, the default. Any thread, signal handlers too. */
TSR_API void tsr_context_set_deadline(tsr_context *context, int64_t nanoseconds);
TSR_API int64_t tsr_context_deadline(const tsr_context *context);
/* TSR_OK, TSR_ECANCELLED or TSR_EDEADLINE: for long loops of the caller's own, which ask every few
 * microseconds of work. */
TSR_API tsr_status tsr_context_interrupted(const tsr_context *context, tsr_error *err);
/* The deadline that is so many seconds from now on; 0 (none) for 0, less, and NaN. */
TSR_API int64_t tsr_deadline_after(double seconds);

/* ---- storages ---- */

typedef struct tsr_storage tsr_storage;

typedef enum tsr_kind {
    TSR_OWNED,     /* allocated through the context */
    TSR_LENT,      /* a host's memory, which it may revoke */
    TSR_STRING,    /* the bytes of an immutable Lua string */
    TSR_FOREIGN,   /* another library's object, kept alive by the release callback */
    TSR_MAPPED,    /* a mapped file */
    TSR_IMPORTED,  /* taken from a DLPack producer */
    TSR_ESTIMATED, /* made in an estimate: no memory */
    TSR_KIND_COUNT
} tsr_kind;

enum { TSR_READ = 1, TSR_WRITE = 2, TSR_RESIZE = 4 };

/* Foreign memory to be wrapped. `release` (may be NULL) is called exactly once with `user` and
 * `data`, when the last view is gone or the storage is revoked, on the thread where that happens.
 */
typedef struct tsr_buffer {
    size_t struct_size; /* sizeof(tsr_buffer) */
    void *data;         /* may be NULL when bytes is 0 */
    size_t bytes;
    tsr_kind kind;     /* any but TSR_OWNED and TSR_ESTIMATED */
    unsigned rights;   /* TSR_READ, TSR_WRITE, or both */
    const char *label; /* shown in messages; copied, cut at 63 bytes; may be NULL */
    void (*release)(void *user, void *data);
    void *user;
} tsr_buffer;

/* New storage of `bytes` bytes, contents undefined, or zero when `zeroed`. */
TSR_API tsr_status tsr_storage_new(tsr_context *context, size_t bytes, bool zeroed,
                                   tsr_storage **out, tsr_error *err);
/* New storage over foreign memory. On failure `release` is not called. */
TSR_API tsr_status tsr_storage_wrap(tsr_context *context, const tsr_buffer *buffer,
                                    tsr_storage **out, tsr_error *err);
/* Sets the release callback of foreign memory after the fact, for owners who must not be called
 * back when one of their later steps fails. */
TSR_API void tsr_storage_on_release(tsr_storage *storage, void (*release)(void *user, void *data),
                                    void *user);
TSR_API void tsr_storage_retain(tsr_storage *storage);
TSR_API void tsr_storage_release(tsr_storage *storage);
/* Retains unless the last reference is gone already: for owners of weak references, who know by
 * other means that the storage is not freed yet. False when it was too late. */
TSR_API bool tsr_storage_try_retain(tsr_storage *storage);
/* Keeps the bytes from being revoked, moved or freed until unpinned. Fails with TSR_EREVOKED. */
TSR_API tsr_status tsr_storage_pin(tsr_storage *storage, tsr_error *err);
TSR_API void tsr_storage_unpin(tsr_storage *storage);
/* A pin for a consumer outside of the library, which keeps the address and cannot be told of a
 * revocation. `holder` names it in messages ("a DLPack consumer"; borrowed for ever). Owned memory
 * needs no more than a reference; there these do nothing. Any thread. TSR_EREVOKED;
 * TSR_EUNSUPPORTED for memory of the kinds string and foreign, which ends with its Lua state. */
TSR_API tsr_status tsr_storage_export(tsr_storage *storage, const char *holder, tsr_error *err);
TSR_API void tsr_storage_unexport(tsr_storage *storage);
/* Takes foreign memory back: from now on every view of it fails with TSR_EREVOKED, and the release
 * callback has run (when two threads revoke at once, it may still run on the other one). While
 * operations run on it, waits for them for so many nanoseconds (-1: for ever, 0: not at all); those
 * that begin meanwhile fail as if it were revoked. TSR_EBUSY, and nothing changed, when they take
 * longer, and at once when an export holds the storage; TSR_EVALUE when the storage owns its bytes.
 * Revoking twice is no error. Any thread, but not from within such an operation. */
TSR_API tsr_status tsr_storage_revoke(tsr_storage *storage, int64_t nanoseconds, tsr_error *err);
/* Takes rights of foreign memory away, for every view of it; none are ever given back. Operations
 * that begin afterwards fail with TSR_EREADONLY if they need more. TSR_EBUSY when operations that
 * began before are not done after so many nanoseconds (as above), or an export holds the storage;
 * the rights are gone then too. TSR_EVALUE for owned memory. Any thread. */
TSR_API tsr_status tsr_storage_narrow(tsr_storage *storage, unsigned rights, int64_t nanoseconds,
                                      tsr_error *err);
/* The bytes; only stable while pinned or, for owned memory, until resized. NULL when revoked. */
TSR_API void *tsr_storage_data(const tsr_storage *storage);
TSR_API size_t tsr_storage_bytes(const tsr_storage *storage);
TSR_API tsr_kind tsr_storage_kind(const tsr_storage *storage);
TSR_API const char *tsr_kind_name(tsr_kind kind);
TSR_API unsigned tsr_storage_rights(const tsr_storage *storage);
TSR_API const char *tsr_storage_label(const tsr_storage *storage); /* borrowed; "" when none */
TSR_API bool tsr_storage_revoked(const tsr_storage *storage);
TSR_API unsigned tsr_storage_pins(const tsr_storage *storage);
/* How many references there are; 1 means that nobody else can see the bytes. */
TSR_API unsigned tsr_storage_references(const tsr_storage *storage);
/* Bumped by every write through any view; wraps. `touch` is for those who write through data. */
TSR_API uint64_t tsr_storage_version(const tsr_storage *storage);
TSR_API void tsr_storage_touch(tsr_storage *storage);
/* Grows or shrinks owned memory that one array alone refers to; keeps the leading bytes. Refused
 * with TSR_EBUSY for shared, pinned or foreign memory. */
TSR_API tsr_status tsr_storage_resize(tsr_storage *storage, size_t bytes, tsr_error *err);

/* ---- arrays ---- */

typedef struct tsr_array tsr_array;

/* New row-major array with a storage of its own, contents undefined (zero when `zeroed`). */
TSR_API tsr_status tsr_array_new(tsr_context *context, tsr_dtype dtype, int ndim,
                                 const int64_t *shape, bool zeroed, tsr_array **out,
                                 tsr_error *err);
/* View of `storage` (retained). `strides` in bytes, NULL for row-major; `offset` in bytes. Every
 * element must lie inside the storage. `rights` are cut to the storage's. `context` pays for the
 * array's own few bytes, and may differ from the storage's. */
TSR_API tsr_status tsr_array_from_storage(tsr_context *context, tsr_storage *storage,
                                          tsr_dtype dtype, int ndim, const int64_t *shape,
                                          const int64_t *strides, int64_t offset, unsigned rights,
                                          tsr_array **out, tsr_error *err);
/* tsr_storage_wrap and a view of the new storage, at the price of one. The caller has a reference
 * to each; nothing is called, and nothing made, on failure. `offset` is that of the first element.
 */
TSR_API tsr_status tsr_array_wrap(tsr_context *context, const tsr_buffer *buffer, tsr_dtype dtype,
                                  int ndim, const int64_t *shape, const int64_t *strides,
                                  int64_t offset, unsigned rights, tsr_array **out,
                                  tsr_storage **storage, tsr_error *err);
TSR_API void tsr_array_retain(tsr_array *array);
TSR_API void tsr_array_release(tsr_array *array);

/* Gives an array that alone refers to its owned storage another shape, row-major: the leading bytes
 * stay, new ones are undefined. The array itself changes when it has room for the dimensions; else
 * *array becomes a new one that has room for any number, and the old one, which the caller still
 * owns, should be vacated. TSR_EBUSY when the array or its storage is shared, foreign or pinned. */
TSR_API tsr_status tsr_array_resize(tsr_array **array, int ndim, const int64_t *shape,
                                    tsr_error *err);
/* Lets go of the storage of an array that stays as it is otherwise and refers to `instead`
 * (retained) from then on, which should be empty and revoked: for languages where memory can be let
 * go while somebody still looks at the array. False, and nothing, when others hold the array. */
TSR_API bool tsr_array_vacate(tsr_array *array, tsr_storage *instead);

/* Placed arrays: small results that lie in memory of the caller's, headers and all, so that making
 * them allocates nothing; so there are none where a quota, an allocator of the host's or a section
 * is to know of every byte. Operations read and write them as any other; but they go with their
 * memory whatever references they have, so nobody may retain, view, resize or vacate one. Settling
 * gives a new array of the same elements and version that has memory of its context. */
enum { TSR_PLACE_MOST = 8192 }; /* bytes of elements */
/* The memory that so many dimensions and bytes of elements take, 0 when they may not be placed. */
TSR_API size_t tsr_place_bytes(const tsr_context *context, int ndim, int64_t bytes);
TSR_API bool tsr_array_placed(const tsr_array *array);
TSR_API tsr_status tsr_array_settle(const tsr_array *placed, tsr_array **out, tsr_error *err);

TSR_API tsr_dtype tsr_array_dtype(const tsr_array *array);
TSR_API int tsr_array_ndim(const tsr_array *array);
TSR_API const int64_t *tsr_array_shape(const tsr_array *array);   /* borrowed; ndim sizes */
TSR_API const int64_t *tsr_array_strides(const tsr_array *array); /* borrowed; ndim, bytes */
TSR_API int64_t tsr_array_offset(const tsr_array *array);         /* bytes into the storage */
TSR_API int64_t tsr_array_size(const tsr_array *array);           /* number of elements */
TSR_API size_t tsr_array_itemsize(const tsr_array *array);        /* bytes */
TSR_API unsigned tsr_array_rights(const tsr_array *array);
TSR_API tsr_storage *tsr_array_storage(const tsr_array *array); /* borrowed */
TSR_API tsr_context *tsr_array_context(const tsr_array *array); /* borrowed */
/* Address of the first element; NULL when revoked. Pin the storage to rely on it. */
TSR_API void *tsr_array_data(const tsr_array *array);
TSR_API bool tsr_array_is_contiguous(const tsr_array *array);         /* row-major, no gaps */
TSR_API bool tsr_array_is_fortran_contiguous(const tsr_array *array); /* column-major, no gaps */
TSR_API bool tsr_array_is_aligned(const tsr_array *array);
/* Whether its elements lie in the byte order that this machine has not (tsr_view_swapped). All of
 * the library's functions read and write them rightly; who takes the bytes by tsr_array_data must
 * ask. Such an array is neither contiguous nor aligned, so asking for that is enough, too. */
TSR_API bool tsr_array_is_swapped(const tsr_array *array);
/* TSR_EUNSUPPORTED when it is: for those who hand out its bytes. */
TSR_API tsr_status tsr_array_native(const tsr_array *array, tsr_error *err);
/* TSR_OK, TSR_EREVOKED, or TSR_EREADONLY when the right to write (`write`), or to read, is missing.
 */
TSR_API tsr_status tsr_array_usable(const tsr_array *array, bool write, tsr_error *err);

/* TSR_OK when the values may be read through tsr_array_data: as above, and TSR_EUNSUPPORTED for
 * what an estimate made. */
TSR_API tsr_status tsr_array_readable(const tsr_array *array, tsr_error *err);

/* Element access by ndim 0-based indices, each in range (no negative ones): the fast path. Fails
 * with TSR_EINDEX, TSR_EREVOKED, TSR_EREADONLY. */
TSR_API tsr_status tsr_array_get(const tsr_array *array, int count, const int64_t *index,
                                 tsr_scalar *out, tsr_error *err);
TSR_API tsr_status tsr_array_set(tsr_array *array, int count, const int64_t *index,
                                 const tsr_scalar *value, tsr_error *err);

/* Whether some byte belongs to both: exactly (`exact`; an effort bound may make it answer true when
 * undecided), or by comparing the address ranges only. */
TSR_API bool tsr_array_shares(const tsr_array *a, const tsr_array *b, bool exact);

/* ---- views: each gives a view (new array, same storage), or fails and gives none ----
 *
 * A view of a revoked storage is TSR_EREVOKED, like every other use of it. */

/* One entry of an index. */
typedef struct tsr_index {
    enum {
        TSR_INDEX_AT,    /* `start`: one position (negative counts from the end); drops the dim */
        TSR_INDEX_RANGE, /* `count` positions start, start + step, ...: all must be in range */
        TSR_INDEX_ALL,   /* the whole dimension */
        TSR_INDEX_NEW,   /* a new dimension of size 1 */
        TSR_INDEX_ELLIPSIS, /* as many whole dimensions as are left; once */
    } kind;
    int64_t start, step, count;
} tsr_index;

TSR_API tsr_status tsr_view_index(const tsr_array *array, int count, const tsr_index *items,
                                  tsr_array **out, tsr_error *err);
TSR_API tsr_status tsr_view_alias(const tsr_array *array, unsigned rights, tsr_array **out,
                                  tsr_error *err);
/* The same bytes as elements in the other byte order, of each part for complex ones. */
TSR_API tsr_status tsr_view_swapped(const tsr_array *array, tsr_array **out, tsr_error *err);
TSR_API tsr_status tsr_view_select(const tsr_array *array, int dim, int64_t index, tsr_array **out,
                                   tsr_error *err);
TSR_API tsr_status tsr_view_narrow(const tsr_array *array, int dim, int64_t start, int64_t length,
                                   int64_t step, tsr_array **out, tsr_error *err);
/* dims[i] is the dimension of the source that becomes dimension i; each once. */
TSR_API tsr_status tsr_view_permute(const tsr_array *array, int count, const int *dims,
                                    tsr_array **out, tsr_error *err);
TSR_API tsr_status tsr_view_swap(const tsr_array *array, int dim0, int dim1, tsr_array **out,
                                 tsr_error *err);
/* Same elements in row-major order under another shape; one size may be -1 (inferred). Fails with
 * TSR_EUNSUPPORTED when the layout would need a copy, with TSR_ESHAPE when sizes do not match. */
TSR_API tsr_status tsr_view_reshape(const tsr_array *array, int ndim, const int64_t *shape,
                                    tsr_array **out, tsr_error *err);
/* Resolves a -1 in `shape` for `size` elements into `resolved` (room for ndim); TSR_ESHAPE. */
TSR_API tsr_status tsr_shape_resolve(int64_t size, int ndim, const int64_t *shape,
                                     int64_t *resolved, tsr_error *err);
/* The same bytes as another dtype. Differing item sizes rescale the last dimension, whose stride
 * must be one item and whose extent must divide. Those of an array in the other byte order can be
 * seen as numbers of the same size, in that order too, or as single bytes. */
TSR_API tsr_status tsr_view_dtype(const tsr_array *array, tsr_dtype dtype, tsr_array **out,
                                  tsr_error *err);
/* Broadcasts to a shape; -1 keeps a size. Repeated dimensions have stride 0 and the view loses no
 * rights, so writing to it writes one element many times. */
TSR_API tsr_status tsr_view_broadcast(const tsr_array *array, int ndim, const int64_t *shape,
                                      tsr_array **out, tsr_error *err);
/* Broadcast shape of `count` shapes into `shape` (room for TSR_MAX_DIMS) and `ndim`. */
TSR_API tsr_status tsr_shape_broadcast(int count, const int *ndims, const int64_t *const *shapes,
                                       int *ndim, int64_t *shape, tsr_error *err);
/* Drops the dimensions of size 1 among `dims`; count -1 means all. With `strict`, a named dimension
 * of another size is TSR_ESHAPE; without, it stays. */
TSR_API tsr_status tsr_view_squeeze(const tsr_array *array, int count, const int *dims, bool strict,
                                    tsr_array **out, tsr_error *err);
/* Adds a dimension of size 1 so that it becomes dimension `dim` of the result. */
TSR_API tsr_status tsr_view_unsqueeze(const tsr_array *array, int dim, tsr_array **out,
                                      tsr_error *err);
/* Diagonal of dim0 and dim1 as the last dimension; offset > 0 lies above the main one. */
TSR_API tsr_status tsr_view_diagonal(const tsr_array *array, int64_t offset, int dim0, int dim1,
                                     tsr_array **out, tsr_error *err);
/* Reverses the dimensions of the list. */
TSR_API tsr_status tsr_view_flip(const tsr_array *array, int count, const int *dims,
                                 tsr_array **out, tsr_error *err);
/* Windows of `size` every `step` along `dim`; the window becomes a new last dimension. */
TSR_API tsr_status tsr_view_unfold(const tsr_array *array, int dim, int64_t size, int64_t step,
                                   tsr_array **out, tsr_error *err);
/* Any layout over the same storage, checked against its bounds. Strides and offset in bytes. */
TSR_API tsr_status tsr_view_strided(const tsr_array *array, int ndim, const int64_t *shape,
                                    const int64_t *strides, int64_t offset, tsr_array **out,
                                    tsr_error *err);
/* Real (part 0) or imaginary (part 1) parts of a complex array. */
TSR_API tsr_status tsr_view_part(const tsr_array *array, int part, tsr_array **out, tsr_error *err);
/* Complex (..., n) as real (..., n, 2), and back. */
TSR_API tsr_status tsr_view_as_real(const tsr_array *array, tsr_array **out, tsr_error *err);
TSR_API tsr_status tsr_view_as_complex(const tsr_array *array, tsr_array **out, tsr_error *err);

/* Normalises a dimension that may be negative: -ndim <= dim < ndim. TSR_EINDEX. */
TSR_API tsr_status tsr_dim_resolve(int ndim, int64_t dim, int *out, tsr_error *err);

/* ---- copying ---- */

typedef enum tsr_order {
    TSR_ORDER_C,    /* row-major */
    TSR_ORDER_F,    /* column-major */
    TSR_ORDER_KEEP, /* the source's order of dimensions, without gaps, as NumPy sorts them */
    TSR_ORDER_TORCH /* the same, with ties as PyTorch decides them */
} tsr_order;

/* dst[...] = src[...], broadcasting src and converting. Overlap gives the right answer. */
TSR_API tsr_status tsr_copy(tsr_array *dst, const tsr_array *src, tsr_error *err);
/* Every element of dst becomes `value`, converted once. */
TSR_API tsr_status tsr_fill(tsr_array *dst, const tsr_scalar *value, tsr_error *err);
/* New array with the values of `src` as `dtype`, without gaps, in `order`. */
TSR_API tsr_status tsr_clone(tsr_context *context, const tsr_array *src, tsr_dtype dtype,
                             tsr_order order, tsr_array **out, tsr_error *err);
/* The same in `place`, when that has the bytes of tsr_clone_room; these are 0 when the copy would
 * not be small and row-major. */
TSR_API size_t tsr_clone_room(tsr_context *context, const tsr_array *src, tsr_dtype dtype,
                              tsr_order order);
TSR_API tsr_status tsr_clone_at(tsr_context *context, const tsr_array *src, tsr_dtype dtype,
                                tsr_order order, void *place, size_t place_bytes, tsr_array **out,
                                tsr_error *err);
/* New array without gaps, shaped as `like`, ordered by `order`, contents undefined. */
TSR_API tsr_status tsr_empty_like(tsr_context *context, const tsr_array *like, tsr_dtype dtype,
                                  tsr_order order, tsr_array **out, tsr_error *err);
/* New array: the arrays one after the other along `dim`, converted to `dtype`. Shapes agree in all
 * other dimensions. */
TSR_API tsr_status tsr_concatenate(tsr_context *context, int count, tsr_array *const *arrays,
                                   int dim, tsr_dtype dtype, tsr_array **out, tsr_error *err);
/* New array: element i along `dim` repeated counts[i] times (counts non-negative, one per element),
 * or `times` times when counts is NULL. */
TSR_API tsr_status tsr_repeat(tsr_context *context, const tsr_array *array, int dim,
                              const int64_t *counts, int64_t times, tsr_array **out,
                              tsr_error *err);
/* New array: a copy of `array` whose elements above (upper false) or below (upper true) diagonal
 * `offset` of the last two dimensions are zero. */
TSR_API tsr_status tsr_triangle(tsr_context *context, const tsr_array *array, bool upper,
                                int64_t offset, tsr_array **out, tsr_error *err);

/* ---- making values ---- */

/* dst (1-d) becomes start + i * step. Integers and bool: exact 64-bit arithmetic that wraps, both
 * given as INT64. Floating and complex: double arithmetic, rounded once to the dtype. */
TSR_API tsr_status tsr_fill_range(tsr_array *dst, const tsr_scalar *start, const tsr_scalar *step,
                                  tsr_error *err);

/* ---- elementwise operations ---- */

/* What core/ops/elementwise.def describes, a row each. */
typedef enum tsr_do {
    TSR_DO_ADD,
    TSR_DO_SUBTRACT,
    TSR_DO_MULTIPLY,
    TSR_DO_DIVIDE,
    TSR_DO_FLOOR_DIVIDE,
    TSR_DO_REMAINDER,
    TSR_DO_FMOD,
    TSR_DO_MAXIMUM,
    TSR_DO_MINIMUM,
    TSR_DO_FMAX,
    TSR_DO_FMIN,
    TSR_DO_EQUAL,
    TSR_DO_NOT_EQUAL,
    TSR_DO_LESS,
    TSR_DO_LESS_EQUAL,
    TSR_DO_GREATER,
    TSR_DO_GREATER_EQUAL,
    TSR_DO_BITWISE_AND,
    TSR_DO_BITWISE_OR,
    TSR_DO_BITWISE_XOR,
    TSR_DO_LEFT_SHIFT,
    TSR_DO_RIGHT_SHIFT,
    TSR_DO_LOGICAL_AND,
    TSR_DO_LOGICAL_OR,
    TSR_DO_LOGICAL_XOR,
    TSR_DO_NEGATIVE,
    TSR_DO_POSITIVE,
    TSR_DO_CONJUGATE,
    TSR_DO_ABSOLUTE,
    TSR_DO_SQUARE,
    TSR_DO_SIGN,
    TSR_DO_RECIPROCAL,
    TSR_DO_FLOOR,
    TSR_DO_CEIL,
    TSR_DO_TRUNC,
    TSR_DO_RINT,
    TSR_DO_ROUND,
    TSR_DO_BITWISE_NOT,
    TSR_DO_LOGICAL_NOT,
    TSR_DO_ISNAN,
    TSR_DO_ISINF,
    TSR_DO_ISFINITE,
    TSR_DO_SIGNBIT,
    TSR_DO_SGN,
    TSR_DO_ANGLE,
    TSR_DO_FRACTION,
    TSR_DO_MANTISSA,
    TSR_DO_EXPONENT,
    TSR_DO_SQRT,
    TSR_DO_RSQRT,
    TSR_DO_CBRT,
    TSR_DO_EXP,
    TSR_DO_EXP2,
    TSR_DO_EXPM1,
    TSR_DO_LOG,
    TSR_DO_LOG2,
    TSR_DO_LOG10,
    TSR_DO_LOG1P,
    TSR_DO_SIN,
    TSR_DO_COS,
    TSR_DO_TAN,
    TSR_DO_ASIN,
    TSR_DO_ACOS,
    TSR_DO_ATAN,
    TSR_DO_SINH,
    TSR_DO_COSH,
    TSR_DO_TANH,
    TSR_DO_ASINH,
    TSR_DO_ACOSH,
    TSR_DO_ATANH,
    TSR_DO_SIGMOID,
    TSR_DO_ERF,
    TSR_DO_ERFC,
    TSR_DO_ERFINV,
    TSR_DO_LGAMMA,
    TSR_DO_DIGAMMA,
    TSR_DO_I0,
    TSR_DO_SINC,
    TSR_DO_POW,
    TSR_DO_FLOAT_POWER,
    TSR_DO_ATAN2,
    TSR_DO_HYPOT,
    TSR_DO_COPYSIGN,
    TSR_DO_NEXTAFTER,
    TSR_DO_HEAVISIDE,
    TSR_DO_GCD,
    TSR_DO_LCM,
    TSR_DO_LDEXP,
    TSR_DO_COUNT
} tsr_do;

/* What a caller keeps for an operation on a face between calls, so that calls of the same kind need
 * not find out again what the dtypes mean. Zero at first; for one thread at a time and one context.
 */
typedef struct tsr_memo {
    uint64_t words[8];
} tsr_memo;

/* How an operation is applied; all zero but `face` and `default_float` is fine. */
typedef struct tsr_apply_options {
    tsr_face face;           /* whose promotion rules */
    tsr_dtype default_float; /* of numbers and, on torch, of integers that must become floating */
    uint32_t weak;           /* bit k: operand k is a number, which only raises the category */
    tsr_array *out;          /* written to (borrowed), NULL for a new array; may be an operand */
    const tsr_array *where;  /* bool; elements where it is false stay as they are in `out`, or 0 */
    const tsr_array *alpha;  /* 0-dimensional: multiplies the second operand of add and subtract */
    tsr_memo *memo;          /* NULL: none */
    void *place;             /* where a new array may be placed, aligned as an int64_t, */
    size_t place_bytes;      /* if it takes no more than this */
} tsr_apply_options;

/* *result is a new array, or `out` retained. Operands are broadcast together; `out` must have the
 * broadcast shape (on np, one that they broadcast to), and a dtype that the result can be cast to:
 * on np within its kind, on torch within its category (bool, integer, floating, complex). Operands
 * that overlap `out` in another order are copied first. Integers compare as numbers, whatever their
 * dtypes. TSR_ESHAPE, TSR_EDTYPE, TSR_EREADONLY, TSR_EREVOKED. */
TSR_API tsr_status tsr_apply(tsr_context *context, tsr_do operation,
                             const tsr_array *const *operands, const tsr_apply_options *options,
                             tsr_array **result, tsr_error *err);
/* The bytes of a place that a new result of the same call, with a memo, will lie in; 0 when it will
 * not, or there will be none: operands that are not small, row-major and of one shape. */
TSR_API size_t tsr_apply_room(tsr_context *context, tsr_do operation,
                              const tsr_array *const *operands, const tsr_apply_options *options);
/* The shortest way, for what scripts do most: `x` and `y` (for one operand, the same) are small
 * vectors of one length as they were made, of the dtypes that the memo's last call had, which its
 * kernel takes as they are. tsr_at_once_room gives the bytes of the placed result, 0 when it is not
 * as simple; tsr_apply_at_once makes it in a place of so many bytes. NULL, and nothing happened,
 * when it has become less simple since. */
TSR_API size_t tsr_at_once_room(tsr_context *context, const tsr_memo *memo, tsr_dtype default_float,
                                const tsr_array *x, const tsr_array *y);
TSR_API tsr_array *tsr_apply_at_once(tsr_context *context, const tsr_memo *memo,
                                     tsr_dtype default_float, const tsr_array *x,
                                     const tsr_array *y, void *place, size_t room);
/* New array: x where `condition` is not 0, else y, in the dtype that x and y promote to. Operands
 * are condition, x, y; options as above (`where` is not looked at). */
TSR_API tsr_status tsr_where(tsr_context *context, const tsr_array *const *operands,
                             const tsr_apply_options *options, tsr_array **result, tsr_error *err);
/* x between two numbers, in its own dtype: the minimum of the maximum of x and low, and high.
 * Operands are x, low, high; options as above, the numbers weak. TSR_EUNSUPPORTED when x is not of
 * a dtype for that: not bool, complex or 16 bits wide. */
TSR_API tsr_status tsr_limit(tsr_context *context, const tsr_array *const *operands,
                             const tsr_apply_options *options, tsr_array **result, tsr_error *err);
/* tsr_apply_room for these two. */
TSR_API size_t tsr_where_room(tsr_context *context, const tsr_array *const *operands,
                              const tsr_apply_options *options);
/* How many operands an operation takes: 1 or 2. */
TSR_API int tsr_do_arity(tsr_do operation);
/* The dtype that operands meet in: sets of dtypes (bit d for dtype d) of arrays and of
 * 0-dimensional arrays, and the highest category of numbers (-1 none, 0 bool, 1 integer, 2
 * floating, 3 complex). */
TSR_API tsr_dtype tsr_dtype_meet(tsr_face face, tsr_dtype default_float, uint32_t arrays,
                                 uint32_t zero_dimensional, int numbers);

/* ---- reductions ---- */

typedef enum tsr_reduction {
    TSR_REDUCE_SUM,  /* integers and bool in 64 bits, wrapping; on np unsigned ones stay unsigned */
    TSR_REDUCE_PROD, /* the same */
    TSR_REDUCE_MAX,  /* NaN if there is one */
    TSR_REDUCE_MIN,
    TSR_REDUCE_FMAX, /* of what is not NaN, if there is any */
    TSR_REDUCE_FMIN,
    TSR_REDUCE_ANY,           /* whether one is not 0; bool */
    TSR_REDUCE_ALL,           /* whether none is 0; bool */
    TSR_REDUCE_COUNT_NONZERO, /* int64 */
    TSR_REDUCE_MEAN,          /* of integers float64 (np); torch wants a floating dtype */
    TSR_REDUCE_COUNT
} tsr_reduction;

/* How to reduce; set `dtype` and `count`, the rest may be zero. */
typedef struct tsr_reduce_options {
    tsr_face face;
    tsr_dtype dtype; /* that operands are converted to first, and of the result; TSR_DTYPE_COUNT:
                        by the face's rule */
    int count;       /* dimensions to reduce; -1: all */
    const int *dims; /* may be negative; each once */
    bool keep;       /* reduced dimensions stay, with size 1 */
    const tsr_array *where;    /* bool, broadcast with the array: what counts; NULL: everything */
    const tsr_scalar *initial; /* comes in as one element more; NULL: none */
    tsr_array *out;            /* written to (borrowed), NULL for a new array */
    void *place;               /* as in tsr_apply_options */
    size_t place_bytes;
} tsr_reduce_options;

/* *result is a new array, or `out` retained. Sums and products are combined in a fixed pairwise
 * order that depends on shape and layout alone: the bits are the same on every machine, instruction
 * set and number of threads; float16 and bfloat16 are summed in float32. The extremes of nothing
 * are TSR_EVALUE. TSR_EDTYPE, TSR_EINDEX, TSR_ESHAPE, TSR_EREADONLY, TSR_EREVOKED, TSR_EMEMORY,
 * TSR_ECANCELLED, TSR_EDEADLINE. */
TSR_API tsr_status tsr_reduce(tsr_context *context, tsr_reduction reduction, const tsr_array *array,
                              const tsr_reduce_options *options, tsr_array **result,
                              tsr_error *err);

/* The largest (smallest) elements along `dim` (NULL: of all, in row-major order) and the positions
 * of the first of them, from 0, as int64; NaN is the largest and the smallest. New arrays; `values`
 * may be NULL. TSR_EVALUE for the extreme of nothing. */
TSR_API tsr_status tsr_extreme(tsr_context *context, tsr_face face, bool smallest,
                               const tsr_array *array, const int *dim, bool keep,
                               tsr_array **values, tsr_array **positions, tsr_error *err);

typedef enum tsr_scan {
    TSR_SCAN_SUM,  /* integers and bool in 64 bits, as tsr_reduce */
    TSR_SCAN_PROD, /* the same */
    TSR_SCAN_MAX,
    TSR_SCAN_MIN,
    TSR_SCAN_COUNT
} tsr_scan;

/* New array (or options->out, retained): the scan along `dim`, element i of which combines elements
 * 0 to i. options: face, dtype and out. `positions`, for MAX and MIN, may be NULL: a new int64
 * array of where each extreme stands, the last of equals, from 0. */
TSR_API tsr_status tsr_scan_along(tsr_context *context, tsr_scan scan, const tsr_array *array,
                                  int dim, const tsr_reduce_options *options, tsr_array **result,
                                  tsr_array **positions, tsr_error *err);

/* The variance, or with `root` the standard deviation: the mean square of the distance from the
 * mean, over n - correction elements (not below 0). Of float32 and float64, on np also of integers
 * and bool, as float64; TSR_EUNSUPPORTED for others. options: face, count, dims, keep and out. */
TSR_API tsr_status tsr_variance(tsr_context *context, const tsr_array *array, double correction,
                                bool root, const tsr_reduce_options *options, tsr_array **result,
                                tsr_error *err);

/* New array: the singular values of the matrices in the last two dimensions, largest first; of the
 * real dtype of the parts, computed in double. Relative errors are a few 1e-16 of the largest value
 * (and often of each). A matrix with a part that is not finite has NaN. For matrices of some
 * hundred columns: the time grows with rows * columns^2 for each of about ten rounds. TSR_ESHAPE
 * for less than 2 dimensions, TSR_EDTYPE for integers and bool, TSR_EMEMORY, TSR_EREVOKED,
 * TSR_ECANCELLED. */
TSR_API tsr_status tsr_singular_values(tsr_context *context, const tsr_array *array,
                                       tsr_array **result, tsr_error *err);

/* exp(x) / sum(exp(x)) along `dim`, or its logarithm, computed accurately in `dtype`, a floating
 * one that the array is converted to first. *result is a new array, or `out` (NULL: none) retained,
 * which may be the array itself. PyTorch's rules for out. */
TSR_API tsr_status tsr_softmax(tsr_context *context, bool logarithm, const tsr_array *array,
                               int dim, tsr_dtype dtype, tsr_array *out, tsr_array **result,
                               tsr_error *err);

/* ---- expressions: many operations in one pass ---- */

typedef enum tsr_node_kind {
    TSR_NODE_INPUT,   /* the next input, in their order */
    TSR_NODE_NUMBER,  /* `number` */
    TSR_NODE_APPLY,   /* `operation` of the first operands */
    TSR_NODE_WHERE,   /* the second operand where the first one is not 0, else the third */
    TSR_NODE_CONVERT, /* the first operand as `dtype` */
} tsr_node_kind;

/* What an expression is made of: each node refers to earlier ones. */
typedef struct tsr_node {
    tsr_node_kind kind;
    int operands[3];
    tsr_do operation;
    tsr_face face; /* whose rules, of APPLY and WHERE */
    tsr_dtype dtype;
    tsr_scalar number;
} tsr_node;

/* An array or, if `number`, a Lua number: what compiling must know of an input. Arrays and numbers
 * of other values may come when it runs, but integers that fit other dtypes. */
typedef struct tsr_input {
    tsr_dtype dtype;
    bool zero_dimensional, number;
    tsr_scalar value; /* of a number */
} tsr_input;

typedef struct tsr_expression tsr_expression;

/* New expression, whose value is node `last`, for inputs of certain dtypes: the same results as its
 * operations one by one. With
 * `wide`, values of float16 and bfloat16 are rounded at the end only. TSR_EDTYPE when an operation
 * does not take its operands; TSR_EUNSUPPORTED when there are too many of them. */
TSR_API tsr_status tsr_expression_new(tsr_context *context, tsr_dtype default_float, bool wide,
                                      int count, int last, const tsr_node *nodes, int inputs,
                                      const tsr_input *input, tsr_expression **out, tsr_error *err);
TSR_API void tsr_expression_release(tsr_expression *expression);
/* The dtype of its value. */
TSR_API tsr_dtype tsr_expression_dtype(const tsr_expression *expression);
/* Runs it; inputs that are numbers are given in `numbers` (one entry an input; the others are not
 * looked at), arrays in `arrays`. options: face, out and where alone. As tsr_apply. */
TSR_API tsr_status tsr_expression_run(const tsr_expression *expression,
                                      const tsr_array *const *arrays,
                                      const tsr_scalar *const *numbers,
                                      const tsr_apply_options *options, tsr_array **result,
                                      tsr_error *err);
/* Runs it and reduces its value on the way. As tsr_reduce. */
TSR_API tsr_status tsr_expression_reduce(const tsr_expression *expression, tsr_reduction reduction,
                                         const tsr_array *const *arrays,
                                         const tsr_scalar *const *numbers,
                                         const tsr_reduce_options *options, tsr_array **result,
                                         tsr_error *err);

/* ---- DLPack: the exchange of arrays with other libraries in the process ----
 *
 * The two structs of the protocol, laid out as its header <dlpack/dlpack.h> lays them out on 64-bit
 * machines, so that pointers may be cast: a tsr_dl_legacy is a DLManagedTensor (the capsules called
 * "dltensor"), a tsr_dl_versioned is a DLManagedTensorVersioned ("dltensor_versioned"). Whoever
 * receives one owns it, and calls its deleter exactly once: any thread, any time. */

typedef struct tsr_dl_tensor {
    void *data;
    struct {
        int32_t type; /* TSR_DL_CPU and the like */
        int32_t id;
    } device;
    int32_t ndim;
    struct {
        uint8_t code; /* 0 int, 1 uint, 2 float, 4 bfloat, 5 complex, 6 bool */
        uint8_t bits;
        uint16_t lanes;
    } dtype;
    int64_t *shape;
    int64_t *strides; /* in elements; NULL: row-major */
    uint64_t byte_offset;
} tsr_dl_tensor;

typedef struct tsr_dl_legacy {
    tsr_dl_tensor tensor;
    void *manager;
    void (*deleter)(struct tsr_dl_legacy *self);
} tsr_dl_legacy;

typedef struct tsr_dl_versioned {
    uint32_t major, minor;
    void *manager;
    void (*deleter)(struct tsr_dl_versioned *self);
    uint64_t flags; /* TSR_DL_READ_ONLY and the like */
    tsr_dl_tensor tensor;
} tsr_dl_versioned;

enum { TSR_DL_MAJOR = 1, TSR_DL_MINOR = 1 };                          /* what is exported */
enum { TSR_DL_CPU = 1, TSR_DL_CUDA_HOST = 3, TSR_DL_ROCM_HOST = 11 }; /* what is imported */
enum { TSR_DL_READ_ONLY = 1, TSR_DL_IS_COPIED = 2, TSR_DL_SUBBYTE_PADDED = 4 };

/* How to export and import. */
enum {
    TSR_DLPACK_LEGACY = 1,    /* the struct is a tsr_dl_legacy, else a tsr_dl_versioned */
    TSR_DLPACK_NEGATIVE = 2,  /* export: the consumer takes negative strides (PyTorch does not: it
                                 aborts the process) */
    TSR_DLPACK_COPIED = 4,    /* export: say that the memory is a copy made for the consumer */
    TSR_DLPACK_READONLY = 8,  /* both: without the right to write */
    TSR_DLPACK_WRITABLE = 16, /* import: the memory behind a legacy struct, which cannot tell, may
                                 be written to; else it is taken to be read-only */
    TSR_DLPACK_RETRY = 32     /* import: when it fails with TSR_EMEMORY the struct stays with the
                                 caller, who may try again */
};

/* New struct over the array's memory, of the type that `options` say; no copy. It keeps the memory
 * until its deleter is called, also beyond the array, the context's owner and any lua_State, and
 * for so long memory that a host lent cannot be revoked: `holder` says in that message by whom it
 * is held (borrowed for ever; NULL: "a DLPack consumer"). Data is the address of the first element,
 * byte_offset 0, strides are always there, empty arrays have no address. TSR_EREVOKED;
 * TSR_EREADONLY: a legacy struct cannot say that memory is read-only; TSR_EUNSUPPORTED: strides
 * that are no multiple of the item size, negative ones unless they are asked for, memory that ends
 * with its Lua state. */
TSR_API tsr_status tsr_dlpack_export(const tsr_array *array, unsigned options, const char *holder,
                                     void **out, tsr_error *err);
/* New array over the memory of a struct, no copy; takes the struct, and calls its deleter once:
 * when the last array over that memory is gone, or at once when this fails. `context` pays for the
 * array. A struct that was exported here becomes a view of the storage that it came from. Of a
 * struct of another major version nothing but version and deleter is touched: TSR_EUNSUPPORTED, as
 * for memory of another device; TSR_EDTYPE: a dtype that is none of ours; TSR_ESHAPE, TSR_EVALUE:
 * sizes or strides that cannot be. */
TSR_API tsr_status tsr_dlpack_import(tsr_context *context, void *managed, unsigned options,
                                     tsr_array **out, tsr_error *err);
/* Calls the deleter of a struct that nobody wants, if it has one. */
TSR_API void tsr_dlpack_delete(void *managed, unsigned options);

/* ---- files ----
 *
 * NumPy's .npy and .npz, safetensors, PyTorch's .pt and .pth. Opening a file reads and checks what
 * it says of itself, and nothing else: arrays are read, or mapped, when they are asked for. Nothing
 * in a file is ever executed, and its word alone never makes the library allocate. Every error
 * names the file. A file belongs to one thread at a time; arrays outlive it.
 *
 * Saving writes a temporary file next to the one that is wanted, flushes it to the disk, and
 * renames it: a file is there whole or as it was, also for those who have it mapped. */

typedef enum tsr_format {
    TSR_FORMAT_NPY,
    TSR_FORMAT_NPZ,
    TSR_FORMAT_SAFETENSORS,
    TSR_FORMAT_PT,
    TSR_FORMAT_COUNT
} tsr_format;

/* "npy", "npz", "safetensors", "pt" (borrowed, static). */
TSR_API const char *tsr_format_name(tsr_format format);

typedef enum tsr_mapping {
    TSR_MAP_NONE,  /* arrays are read into memory of their own */
    TSR_MAP_READ,  /* read-only views of the file */
    TSR_MAP_COPY,  /* views that can be written; the file does not change */
    TSR_MAP_SHARED /* views that can be written, and the file changes with them; no archives */
} tsr_mapping;

/* Reading and writing through functions of a host's own, all called on the thread that reads or
 * writes. `close` (may be NULL) is called exactly once. */
typedef struct tsr_reader {
    int64_t size; /* bytes */
    /* Fills the buffer with the bytes from `offset` on, which are there; false when that fails. */
    bool (*read_at)(void *user, int64_t offset, void *buffer, size_t bytes);
    void (*close)(void *user);
    void *user;
} tsr_reader;

typedef struct tsr_writer {
    bool (*write)(void *user, const void *data, size_t bytes); /* goes on where it ended */
    /* With `keep` false something failed, and what was written is to be dropped. */
    bool (*close)(void *user, bool keep);
    void *user;
} tsr_writer;

/* Opens names; false when it does not. What it fills in begins zeroed. */
typedef struct tsr_opener {
    size_t struct_size; /* sizeof(tsr_opener) */
    bool (*read)(void *user, const char *name, tsr_reader *out);
    bool (*write)(void *user, const char *name, tsr_writer *out);
    void *user;
} tsr_opener;

typedef struct tsr_file_options {
    size_t struct_size;       /* sizeof(tsr_file_options) */
    const tsr_opener *opener; /* borrowed while the file is opened; NULL: the path is one of the
                                 system's. What comes from an opener cannot be mapped. */
    tsr_mapping mapping;
    bool bfloat16; /* "<V2" in .npy and .npz files is bfloat16 */
    bool raw; /* dtypes that there are not here come as bytes: uint8, with the bytes of an element
                 as one more dimension if it has several, or part of one */
} tsr_file_options;

typedef struct tsr_file tsr_file;

/* New file. `options` may be NULL. TSR_EIO: it cannot be read, or is broken; TSR_EUNSUPPORTED: it
 * holds what is not read, as pickles; TSR_ELIMIT, TSR_EMEMORY. */
TSR_API tsr_status tsr_file_open(tsr_context *context, const char *path,
                                 const tsr_file_options *options, tsr_file **out, tsr_error *err);
/* Lets go of the file. Its arrays stay as they are, mapped ones too. */
TSR_API void tsr_file_release(tsr_file *file);
/* Closes it, and revokes the arrays that are mapped: they fail with TSR_EREVOKED from then on. The
 * file must still be released. TSR_EBUSY, and nothing has changed, while one of them is pinned. */
TSR_API tsr_status tsr_file_close(tsr_file *file, tsr_error *err);
TSR_API bool tsr_file_closed(const tsr_file *file);
TSR_API tsr_format tsr_file_format(const tsr_file *file);

/* Entries in the order of the file: what has a name in it ("" in .npy files; in .pt files the way
 * to the tensor, "model.0.weight"). Names are borrowed from the file. */
TSR_API int64_t tsr_file_count(const tsr_file *file);
TSR_API const char *tsr_file_name(const tsr_file *file, int64_t entry);
TSR_API int64_t tsr_file_find(const tsr_file *file, const char *name); /* -1: there is none */

/* An array of an entry; structured .npy arrays have several, one a field. */
typedef struct tsr_field {
    const char *name;   /* "" when the array is not structured */
    const char *stored; /* what the file calls the dtype */
    tsr_dtype dtype;    /* TSR_DTYPE_COUNT when there is no such dtype here */
    int ndim;
    const int64_t *shape; /* borrowed from the file */
} tsr_field;

TSR_API tsr_status tsr_file_fields(tsr_file *file, int64_t entry, int64_t *count, tsr_error *err);
TSR_API tsr_status tsr_file_field(tsr_file *file, int64_t entry, int64_t field, tsr_field *out,
                                  tsr_error *err);
/* New array: read, or a view of the mapped file. The fields of a structured array, and tensors of
 * one storage in a .pt file, share their memory. Data in the byte order of other machines is put
 * right when it is read; mapped, it is a view in that order (tsr_view_swapped). What is compressed
 * cannot be mapped (TSR_EUNSUPPORTED). The check sum of a member of an archive is compared when it
 * is read (TSR_EIO); mapping touches nothing, and so checks nothing but that the member lies where
 * the archive says. TSR_EDTYPE: there is no such dtype here. */
TSR_API tsr_status tsr_file_array(tsr_file *file, int64_t entry, int64_t field, tsr_array **out,
                                  tsr_error *err);
/* Texts that a safetensors file has besides; returns how many. Borrowed from the file. */
TSR_API int64_t tsr_file_metadata(const tsr_file *file, int64_t i, const char **key,
                                  const char **value);

typedef enum tsr_value_kind {
    TSR_VALUE_NONE,
    TSR_VALUE_BOOL,
    TSR_VALUE_INTEGER,
    TSR_VALUE_NUMBER,
    TSR_VALUE_TEXT,
    TSR_VALUE_LIST,
    TSR_VALUE_TUPLE,
    TSR_VALUE_DICT,
    TSR_VALUE_ARRAY,
    TSR_VALUE_DTYPE,
    TSR_VALUE_KIND_COUNT
} tsr_value_kind;

/* What a .pt file holds: tensors, and what they are arranged in. Devices are texts ("cuda:0"), and
 * so are dtypes that there are not here. */
typedef struct tsr_value {
    tsr_value_kind kind;
    bool requires_grad; /* of an array */
    int64_t count;      /* bytes of a text, items of a list or tuple, pairs of a dict */
    union {
        int64_t integer; /* of a boolean too; a tsr_dtype */
        double number;
        const char *text; /* borrowed from the file; not ended by a NUL */
        int64_t items;    /* for tsr_file_item; -1 when there are none */
        int64_t entry;    /* of an array: in the file; when saving, in the list of arrays */
    } as;
} tsr_value;

/* The number of the value that was saved; -1 when the file is no .pt file. */
TSR_API int64_t tsr_file_root(const tsr_file *file);
/* A value by its number. TSR_EINDEX. */
TSR_API tsr_status tsr_file_value(const tsr_file *file, int64_t value, tsr_value *out,
                                  tsr_error *err);
/* The number of the value at *at, which moves on and is -1 at the end: items of a list or tuple,
 * keys and values of a dict in turn. Values may be shared, and may contain themselves. */
TSR_API int64_t tsr_file_item(const tsr_file *file, int64_t *at);

/* An array to be saved. */
typedef struct tsr_named {
    const char *name;
    const tsr_array *array;
} tsr_named;

typedef struct tsr_save_options {
    size_t struct_size;          /* sizeof(tsr_save_options) */
    const tsr_opener *opener;    /* NULL: the path is one of the system's */
    bool compressed;             /* .npz: deflated, which needs zlib (libz.so.1) at run time */
    int64_t metadata_count;      /* safetensors: pairs */
    const char *const *metadata; /* keys and values in turn */
    int64_t value_count; /* .pt: the one value that is saved, as it would be read aloud: a list,
                            tuple or dict is followed by its items, each with its own */
    const tsr_value *values;
} tsr_save_options;

/* Writes arrays to a file: .npy one, .npz and safetensors any number with different names, .pt
 * those that the values mention. bfloat16 is "<V2" in .npy and .npz. TSR_EIO, TSR_EUNSUPPORTED (a
 * dtype that the format has not, no zlib), TSR_EVALUE, TSR_EREVOKED, TSR_EMEMORY, TSR_ECANCELLED.
 */
TSR_API tsr_status tsr_file_save(tsr_context *context, const char *path, tsr_format format,
                                 int64_t count, const tsr_named *arrays,
                                 const tsr_save_options *options, tsr_error *err);

/* New storage: the bytes of a file from `offset` on, `most` at most unless that is negative. */
TSR_API tsr_status tsr_file_bytes(tsr_context *context, const char *path,
                                  const tsr_file_options *options, int64_t offset, int64_t most,
                                  tsr_storage **out, tsr_error *err);
/* Writes bytes, and behind them the elements of an array (NULL: none) in row-major order. */
TSR_API tsr_status tsr_file_write(tsr_context *context, const char *path, const tsr_opener *opener,
                                  const void *data, size_t bytes, const tsr_array *array,
                                  tsr_error *err);

/* Pictures: .png files as arrays height x width x channels of uint8, 1 to 4 channels: grey, grey
 * and alpha, RGB, RGBA. Need libpng (libpng16.so.16) at run time: TSR_EUNSUPPORTED without it, and
 * for 16 bits a channel. To save, (height, width) is grey. */
TSR_API tsr_status tsr_image_load(tsr_context *context, const char *path, const tsr_opener *opener,
                                  tsr_array **out, tsr_error *err);
TSR_API tsr_status tsr_image_save(tsr_context *context, const char *path, const tsr_opener *opener,
                                  const tsr_array *array, tsr_error *err);

/* ---- numbers as text ----
 *
 * Exact, locale-free, without allocation. A number is given as a double together with the dtype
 * that it belongs to, because "shortest digits that read back as the same number" depends on the
 * neighbours of that dtype: 0.1 in float16 is the double 0.0999755859375. A double that the dtype
 * does not hold is rounded to it first, once, to nearest even. Complex dtypes stand for their
 * parts, all other dtypes for float64.
 *
 * All functions return the length of the whole text, write no terminator, and write only what fits
 * into `room` bytes. */

typedef enum tsr_trim {
    TSR_TRIM_KEEP,  /* NumPy's 'k': zeros up to the precision, and always a point */
    TSR_TRIM_POINT, /* NumPy's '.': no trailing zeros, always a point */
    TSR_TRIM_ZERO,  /* NumPy's '0': no trailing zeros, but one digit after the point */
    TSR_TRIM_ALL,   /* NumPy's '-': no trailing zeros, no bare point (in scientific notation NumPy
                       leaves the point where zeros were trimmed, and so does this) */
    TSR_TRIM_FIXED, /* as printf %f and %e: zeros up to the precision, no bare point */
    TSR_TRIM_BARE   /* as printf %g: no trailing zeros, never a bare point */
} tsr_trim;

/* How to write a number; the fields mean what the arguments of NumPy's format_float_positional and
 * format_float_scientific of the same name mean, and -1 stands for None. */
typedef struct tsr_decimal_style {
    int precision;   /* most digits; -1 (with `unique` only): as many as needed */
    int min_digits;  /* least digits, with `unique` */
    int pad_left;    /* characters before the point, filled up with spaces */
    int pad_right;   /* characters after the point, filled up with spaces (positional only) */
    int exp_digits;  /* least digits of the exponent, at most 5 (scientific only); -1: 2 */
    bool unique;     /* stop at the shortest digits that identify the number */
    bool fractional; /* precision counts digits after the point, not all (positional only) */
    bool sign;       /* show + too */
    tsr_trim trim;
} tsr_decimal_style;

/* Precisions, paddings and least digits above this are out of the domain. Text of any style within
 * the domain fits into TSR_DECIMAL_ROOM bytes. */
enum { TSR_DECIMAL_LIMIT = 1500, TSR_DECIMAL_ROOM = 4096 };

/* Shortest digits, all zeros trimmed but the point kept: NumPy's building block. */
#define TSR_DECIMAL_SHORTEST                                                                       \
    { -1, -1, -1, -1, -1, true, true, false, TSR_TRIM_POINT }

TSR_API size_t tsr_decimal_positional(tsr_dtype dtype, double value, const tsr_decimal_style *style,
                                      char *out, size_t room);
TSR_API size_t tsr_decimal_scientific(tsr_dtype dtype, double value, const tsr_decimal_style *style,
                                      char *out, size_t room);

/* As C's %.*f, %.*e and %.*g, and so as Python's format(value, ".4f"): the exact value rounded to
 * `digits`, ties to even. NaN has no sign. */
TSR_API size_t tsr_decimal_fixed(double value, int digits, char *out, size_t room);
TSR_API size_t tsr_decimal_exp(double value, int digits, char *out, size_t room);
TSR_API size_t tsr_decimal_general(double value, int digits, char *out, size_t room);

/* Reads the number that `text`, of `n` bytes, begins with: a sign, digits with or without a point,
 * an exponent; or inf, infinity, nan in any case. *out is the nearest double. Returns how many
 * bytes it has, 0 when there is none. */
TSR_API size_t tsr_decimal_read(const char *text, size_t n, double *out);

#ifdef __cplusplus
}
#endif
#endif
