/* What the files of the Lua binding share. The binding sees the core through tessera.h alone.
 *
 * Objects. A tensor and an ndarray are the same full userdata, tsrL_object, which holds one
 * reference to a tsr_array; the face says which metatable it has. Functions make the userdata first
 * (tsrL_new) and let the core write the array into it, so that an error in between leaks nothing.
 *
 * The array of a small result lies in the object itself, which needs no finalizer then (placed.c).
 * tsrL_test and tsrL_check give such an array memory of its own before they return; tsrL_peek and
 * tsrL_look do not, for functions that are done with it when they return.
 *
 * Finalizers. Any allocation of Lua's can run a script's __gc, which may release() or resize_() the
 * very array that the running function has at hand. So both leave the tsr_array itself alone until
 * the object is collected: only the storage behind it is exchanged for an empty, revoked one, and
 * what the function does next fails as with any revoked memory.
 *
 * Functions. Every C function of the library is a closure with the upvalues of tsrL_upvalue: the
 * library, the two metatables, the name it was registered under (for messages) and its face.
 *
 * Errors. The core returns a status and fills a tsr_error; tsrL_raise alone turns that into a Lua
 * error. TSRL_TRY runs a core call, collects garbage and tries once more when memory was short, and
 * raises what is left.
 *
 * Counting. Scripts count indices and dimensions from 1; tsrL_index and tsrL_dim are the only
 * places that know, with tsr_error's index_base for messages. */
#ifndef TSRL_BINDING_H
#define TSRL_BINDING_H

#include "compat.h"
#include "tessera.h"

enum tsrL_upvalue {
    TSRL_UP_LIBRARY = 1,
    TSRL_UP_NDARRAY, /* metatables, in the order of tsr_face */
    TSRL_UP_TENSOR,
    TSRL_UP_NAME,
    TSRL_UP_FACE,
    TSRL_UPVALUES = TSRL_UP_FACE
};

enum { TSRL_FILES = 1, TSRL_POINTERS = 2, TSRL_THREADS = 4 }; /* capabilities */

enum { TSRL_NUMBERS = 3 }; /* most operands of an operation */

typedef struct tsrL_mailbox tsrL_mailbox;

/* What an object holds. Cells lie in blocks that live as long as the library, apart from the
 * objects: Lua may free an object whose finalizer it had no memory to call, and what it held is let
 * go of when the library closes; so is what finalizers make while a state closes, which is not
 * finalized. */
typedef struct tsrL_cell {
    tsr_array *array;  /* NULL before it is filled in */
    tsr_array *former; /* without memory, kept because a resize may happen while it is looked at */
    struct tsrL_cell *next; /* of the unused ones */
} tsrL_cell;

typedef struct tsrL_block tsrL_block; /* of cells */

/* Operations of three operands, behind those of tsr_do. */
enum { TSRL_DO_WHERE = TSR_DO_COUNT, TSRL_DO_CLAMP, TSRL_DO_COUNT };

/* What the closure of an elementwise operation has at hand. */
typedef struct tsrL_operation {
    struct tsrL_library *library;
    tsr_do operation; /* or one of those above */
    int count;        /* of operands */
    tsr_memo memo[TSR_FACE_COUNT];
} tsrL_operation;

/* One per lua_State: what the C functions have in common. */
typedef struct tsrL_library {
    tsr_context *context; /* NULL once the state is closing */
    unsigned capabilities;
    tsr_opener opener;       /* the host's, for files; struct_size 0: none */
    struct tsrL_open *files; /* a list of the open ones */
    tsr_dtype default_float[TSR_FACE_COUNT];
    uint64_t reported;        /* of tsr_context_allocated, told to the collector */
    struct tsrL_trace *trace; /* of the fused function that is being traced, NULL: none */
    uint32_t traces;          /* so far: their serial numbers */
    size_t alive; /* bytes in use after the last collection that was asked for, or less */
    tsrL_mailbox *mailbox;
    tsrL_cell *unused;  /* a list */
    tsrL_block *blocks; /* all of them; Lua's, kept alive by the library's metatable */
    int block_count;
    tsrL_cell gone;       /* of objects that were finalized: empty for ever */
    tsr_storage *nothing; /* revoked: what released arrays refer to */
    tsrL_operation operations[TSRL_DO_COUNT];
    /* 0-dimensional arrays that numbers among the operands are written into: place, dtype */
    tsr_array *numbers[TSRL_NUMBERS][TSR_DTYPE_COUNT];
    /* of the last error */
    tsr_error last;
    int last_argument;
    char last_operation[48];
} tsrL_library;

typedef struct tsrL_object {
    const void *magic;
    tsrL_cell *cell;
    uint32_t trace; /* serial number, of a placeholder: there is no array then; 0: none */
    int32_t node;   /* in that trace */
    uint8_t face;   /* tsr_face */
    bool requires_grad;
    bool released; /* by release(): array is still there, but must not be used any more */
    bool placed;   /* the array is part of the object (placed.c), or will be when it is filled in */
} tsrL_object;

/* Raises: `argument` is of the wrong type. */
int tsrL_type_error(lua_State *L, int argument, const char *expected);

/* ---- library (library.c, module.c) ---- */

/* Of the running function; raises when closed. */
static inline tsrL_library *tsrL_lib(lua_State *L) {
    tsrL_library *lib = lua_touserdata(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    if (lib->context == NULL)
        luaL_error(L, "tessera: the library is closed");
    return lib;
}
tsrL_library *tsrL_find_lib(lua_State *L); /* of the state, NULL when it was never opened */
tsr_face tsrL_face(lua_State *L);          /* of the running function */
/* Pushes a new library object; its first parts are made. Raises, with *err told why. */
tsrL_library *tsrL_push_library(lua_State *L, const tsr_config *config, unsigned capabilities,
                                tsr_error *err);
/* Makes the object at a stack index the state's library. */
void tsrL_keep_library(lua_State *L, int index);
/* Opens the library in a state (once) and pushes its module table. When the context cannot be made,
 * *err (may be NULL) tells why before the error is raised. */
tsrL_library *tsrL_open(lua_State *L, const tsr_config *config, unsigned capabilities,
                        tsr_error *err);
/* Registers functions with the shared upvalues into the table on top. */
void tsrL_setfuncs(lua_State *L, const luaL_Reg *functions, tsr_face face);

/* ---- objects (object.c) */

extern const char tsrL_magic; /* its address marks our userdata */

tsrL_object *tsrL_new(lua_State *L, tsr_face face); /* pushes an object without an array */
/* The same for those who have the library at hand. */
tsrL_object *tsrL_new_in(lua_State *L, tsrL_library *lib, tsr_face face);
void tsrL_collect(lua_State *L); /* a full collection, for more memory */
/* Whether there is an array: neither unfilled nor released. `o` may be NULL. */
static inline bool tsrL_filled(const tsrL_object *o) {
    return o != NULL && o->cell->array != NULL && !o->released;
}

/* Placed arrays (placed.c). New object with a place of `bytes` bytes for a result; right before the
 * result is made there must be a cell, for one that does not fit. */
tsrL_object *tsrL_new_placed(lua_State *L, tsr_face face, size_t bytes, void **place);
/* The new object on top got an array that is not placed. */
void tsrL_hold(lua_State *L, tsrL_library *lib, tsrL_object *o);
void tsrL_settle(lua_State *L, int index, tsrL_object *o);
void tsrL_add_metatable_without_gc(lua_State *L); /* of the metatable on top */
enum { TSRL_WITHOUT_GC = 1 };                     /* where that is */
void tsrL_add_cells(lua_State *L, tsrL_library *lib);
/* Makes sure that there is an unused cell. */
static inline void tsrL_reserve_cell(lua_State *L, tsrL_library *lib) {
    if (lib->unused == NULL)
        tsrL_add_cells(L, lib);
}
tsrL_cell *tsrL_take_cell(tsrL_library *lib); /* that one */

/* NULL when it is none of ours. The array may be placed: for those who have no more use for it when
 * they return. */
static inline tsrL_object *tsrL_peek(lua_State *L, int index) {
    tsrL_object *o = lua_touserdata(L, index);
    return (o != NULL && lua_rawlen(L, index) >= sizeof *o && o->magic == &tsrL_magic) ? o : NULL;
}

/* The same, and the array is a lasting one. */
static inline tsrL_object *tsrL_test(lua_State *L, int index) {
    tsrL_object *o = tsrL_peek(L, index);
    if (o != NULL && o->placed)
        tsrL_settle(L, index, o);
    return o;
}

/* tsrL_peek, but raises when it is none of ours, and for released ones. */
static inline tsrL_object *tsrL_look(lua_State *L, int index) {
    tsrL_object *o = tsrL_peek(L, index);
    if (!tsrL_filled(o))
        tsrL_type_error(L, index, "an array");
    return o;
}

/* The same for tsrL_test. */
static inline tsrL_object *tsrL_check(lua_State *L, int index) {
    tsrL_object *o = tsrL_test(L, index);
    if (!tsrL_filled(o))
        tsrL_type_error(L, index, "an array");
    return o;
}

/* The array at `index`: an object's own, or one made out of a table or number, which then replaces
 * the value at `index`. An operand may be placed. */
tsrL_object *tsrL_toarray(lua_State *L, int index, tsr_face face);
tsrL_object *tsrL_operand(lua_State *L, int index, tsr_face face);
/* Takes the array out of a new object again: what was written to, which may be placed, is the one
 * that another object has. */
static inline void tsrL_drop(tsrL_object *made) {
    tsr_array_release(made->cell->array);
    made->cell->array = NULL;
}
/* Pushes a view of an existing array (retains it). */
tsrL_object *tsrL_push(lua_State *L, tsr_array *array, tsr_face face);
int tsrL_register_objects(lua_State *L);
void tsrL_close_objects(tsrL_library *lib); /* lets go of all arrays */
/* What a function for hosts does in a protected call; it returns how many values it pushed. */
typedef struct tsrL_host_call {
    int (*body)(lua_State *L, struct tsrL_host_call *call);
} tsrL_host_call;
/* Functions with the upvalues of the library, for hosts: one that calls the body of a
 * tsrL_host_call, given as lightuserdata, and settle(object). nil before the library is open. */
void tsrL_get_host_closure(lua_State *L);
void tsrL_get_settle_closure(lua_State *L);
/* Pushes the element as a Lua value; a complex one cannot be, and the caller deals with it. Raises
 * when no Lua number of this runtime holds it. */
void tsrL_push_scalar(lua_State *L, const tsr_scalar *value);

/* ---- errors (error.c) */

#define TSRL_ERROR                                                                                 \
    (tsr_error) {                                                                                  \
        .index_base = 1                                                                            \
    }
/* The same for a variable that exists, without clearing the room for the message: that alone would
 * cost half of what indexing does. */
static inline void tsrL_no_error(tsr_error *err) {
    err->status = TSR_OK;
    err->index_base = 1;
    err->message[0] = '\0';
}
int tsrL_raise(lua_State *L, const tsr_error *err);
/* Raises with the name of the running function; `argument` counts from 1, 0 is none. The format is
 * tsr_error_set's. */
#define tsrL_fail(L, status, argument, ...)                                                        \
    do {                                                                                           \
        tsr_error fail_ = TSRL_ERROR;                                                              \
        tsr_error_set(&fail_, status, __VA_ARGS__);                                                \
        tsrL_raise_argument(L, &fail_, argument);                                                  \
    } while (0)
int tsrL_raise_argument(lua_State *L, const tsr_error *err, int argument);
int tsrL_last_error(lua_State *L);
int tsrL_raise_from_lua(lua_State *L); /* raise(kind, operation, message) for the Lua half */

#define TSRL_TRY(L, err, call)                                                                     \
    do {                                                                                           \
        tsr_status try_ = (call);                                                                  \
        if (try_ == TSR_EMEMORY && (err)->status != TSR_ELIMIT) {                                  \
            tsrL_collect(L);                                                                       \
            try_ = (call);                                                                         \
        }                                                                                          \
        if (try_ != TSR_OK)                                                                        \
            tsrL_raise(L, err);                                                                    \
    } while (0)

/* ---- arguments (args.c) */

/* Lets the parameters `names` (alternatives separated by '|') occupy the stack from `first` on, one
 * slot each, nil when absent: positional arguments as they are, the rest out of a final options
 * table. Unknown options, options given twice and surplus arguments raise. */
void tsrL_bind(lua_State *L, int first, int count, const char *const *names);
enum { TSRL_MAX_PARAMETERS = 8 };
int tsrL_bind_from_lua(lua_State *L);
bool tsrL_is_options(lua_State *L, int index); /* a table with names and no sequence */
/* Pushes the value of an options table that gives out= and nothing else; else pushes nothing. */
bool tsrL_push_only_out(lua_State *L, int index);
int64_t tsrL_integer(lua_State *L, int argument);
int64_t tsrL_opt_integer(lua_State *L, int argument, int64_t otherwise);
double tsrL_number(lua_State *L, int argument);
bool tsrL_opt_boolean(lua_State *L, int argument, bool otherwise);
/* 0-based from 1-based; negative ones stay. */
int64_t tsrL_index(lua_State *L, int argument);
/* 0-based and in [0, ndim). */
int tsrL_dim(lua_State *L, int argument, int ndim);
/* The dimensions of a number or a table of numbers; `count` is -1 for nil. */
int tsrL_dims(lua_State *L, int argument, int ndim, int *dims);
/* Sizes: one table, or numbers from `first` on. Returns ndim; *next is the argument after. -1
 * passes when `unknown`. */
int tsrL_sizes(lua_State *L, int first, bool unknown, int64_t *shape, int *next);
/* The integers of the table at `argument`, at most `most`; returns how many. */
int tsrL_integers(lua_State *L, int argument, int most, int64_t *out);
tsr_dtype tsrL_dtype(lua_State *L, int argument, tsr_face face);
bool tsrL_test_dtype(lua_State *L, int index, tsr_dtype *out);
tsr_dtype tsrL_opt_dtype(lua_State *L, int argument, tsr_face face, tsr_dtype otherwise);
/* A number, boolean or 0-dimensional array. */
bool tsrL_test_scalar(lua_State *L, int index, tsr_scalar *out);
tsr_scalar tsrL_scalar(lua_State *L, int argument);
/* Whether an integer fits an integer dtype (anything else fits), and raising when it does not. */
bool tsrL_fits(const tsr_scalar *value, tsr_dtype dtype);
void tsrL_check_fits(lua_State *L, const tsr_scalar *value, tsr_dtype dtype);
/* Pushes the text of the number at `index` as Lua's tostring makes it, whatever the locale. */
const char *tsrL_push_number_text(lua_State *L, int index); /* environment.c */

typedef enum tsrL_copy { TSRL_COPY_NEVER, TSRL_COPY_IF_NEEDED, TSRL_COPY_ALWAYS } tsrL_copy;
tsrL_copy tsrL_opt_copy(lua_State *L, int argument, tsrL_copy otherwise);
/* "A" is column-major when `like` is that and not row-major, else row-major; without `like` it is
 * "K". */
tsr_order tsrL_opt_order(lua_State *L, int argument, tsr_order otherwise, const tsr_array *like);
tsr_casting tsrL_opt_casting(lua_State *L, int argument, tsr_casting otherwise);

/* ---- dtypes (dtype.c) */

void tsrL_push_dtype(lua_State *L, tsr_dtype dtype);
void tsrL_register_dtypes(lua_State *L);
/* The dtype of new arrays: of a Lua number without dtype, and of zeros() and the like. */
tsr_dtype tsrL_default_dtype(tsrL_library *lib, tsr_face face, tsr_dtype kind);

/* ---- tables (table.c) */

/* Pushes a new array of the value at `index` (number, boolean, nested table). `dtype` may be
 * TSR_DTYPE_COUNT: out of the values. */
tsrL_object *tsrL_from_value(lua_State *L, int index, tsr_face face, tsr_dtype dtype);
void tsrL_push_shape(lua_State *L, int ndim, const int64_t *sizes, tsr_face face);

/* ---- anchors (anchor.c): Lua values that foreign storages keep alive */

/* Makes a storage over bytes that the Lua value at `index` keeps alive. */
tsr_status tsrL_anchor(lua_State *L, int index, tsr_buffer *buffer, tsr_storage **out,
                       tsr_error *err);
/* The array of `made` becomes a view of such a storage; raises. */
void tsrL_fill_anchored(lua_State *L, int index, tsr_buffer *buffer, tsrL_object *made,
                        tsr_dtype dtype, int ndim, const int64_t *shape, const int64_t *strides,
                        int64_t offset);
tsrL_mailbox *tsrL_mailbox_new(tsr_context *context, tsr_error *err);
void tsrL_mailbox_drain(lua_State *L, tsrL_mailbox *mailbox);
void tsrL_mailbox_close(lua_State *L, tsrL_mailbox *mailbox);

/* ---- DLPack capsules (capsule.c) */

/* Pushes an empty capsule, and gives the place of its struct. */
void **tsrL_push_capsule(lua_State *L, bool legacy);
/* The place of the struct of the capsule at `index`; NULL when it is no capsule. */
void **tsrL_test_capsule(lua_State *L, int index, bool *legacy);
void tsrL_register_capsules(lua_State *L);

/* ---- the array interface (op_interface.c) */

/* Makes the value at stack index 1, when it is none of ours but offers __array_interface, an
 * ndarray over its memory; leaves all else as it is. */
void tsrL_adopt(lua_State *L);

/* ---- storages (storage.c) */

void tsrL_register_storages(lua_State *L);
/* Pushes the label, "" when there is none; the storage may be gone afterwards (finalizers). */
void tsrL_push_label(lua_State *L, const tsr_storage *storage);

/* ---- files (file.c) */

/* Adds the functions that file.c describes to the table on top. */
void tsrL_register_files(lua_State *L);
void tsrL_register_file_text(lua_State *L); /* file_text.c */
void tsrL_close_files(tsrL_library *lib);
/* Raises unless the host allows files. */
void tsrL_check_files(lua_State *L);
/* The path at `argument`: a string without NULs. */
const char *tsrL_path(lua_State *L, int argument);

/* ---- indexing (index.c) */

/* Pushes a view of the face and gradient mark of `o`. */
void tsrL_push_view(lua_State *L, const tsrL_object *o, int count, const tsr_index *items);
int tsrL_get_index(lua_State *L); /* __index for keys that are no names */
int tsrL_set_index(lua_State *L); /* __newindex */
extern const char tsrL_newaxis, tsrL_ellipsis;

/* ---- single elements (element.c) */

/* Pushes an element; false, and nothing, when it is complex. The positions are in range. */
bool tsrL_push_element(lua_State *L, const tsr_array *a, int count, const int64_t *index);
/* x[i] and x[i] = v for the arguments of __index and __newindex; false, and nothing, when it is not
 * as simple as that. */
bool tsrL_get_quickly(lua_State *L, const tsr_array *a);
bool tsrL_set_quickly(lua_State *L, tsr_array *a);

/* ---- for the Lua half alone */

int tsrL_softmax(lua_State *L); /* short.c */
int tsrL_short_way(lua_State *L);
int tsrL_variance(lua_State *L); /* op_reduce.c */
/* Pushes the variance of x alone, or x and a dimension, or x and a table of nothing but a dimension
 * and out=; false, and nothing of use on the stack, for other arguments. */
bool tsrL_variance_quickly(lua_State *L, int top, int correction, bool root);
int tsrL_singular_values(lua_State *L);

/* ---- cdata of LuaJIT (op_ffi.c); on other Luas there is none */

/* Pushes the 64-bit integer as int64_t or uint64_t; false, and nothing, where that cannot be. */
bool tsrL_push_wide(lua_State *L, const tsr_scalar *value);
/* Whether the value at `index` is one of those, and which. */
bool tsrL_test_wide(lua_State *L, int index, tsr_scalar *out);

/* For bindings/ffi alone, by these names in core. */
int tsrL_ffi_library(lua_State *L);
int tsrL_ffi_builtin(lua_State *L);
int tsrL_ffi_compile(lua_State *L);
int tsrL_ffi_functions(lua_State *L);
int tsrL_ffi_expose(lua_State *L);
int tsrL_ffi_check(lua_State *L);
int tsrL_ffi_address(lua_State *L);

/* ---- the Lua half (lua_half.c) */

void tsrL_push_environment(lua_State *L); /* environment.c: its globals */
/* Pushes what the module of the Lua half returned, loading it once. */
void tsrL_require(lua_State *L, const char *name);

#endif
