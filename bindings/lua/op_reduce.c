/* Reductions over dimensions in Lua: sum, prod, mean, any, all, extremes, counts.
 *
 * Both faces' names for an option are accepted; what the order of positional arguments is depends
 * on the face and the function, as PyTorch and NumPy have it. */
#include "fuse.h"
#include "ops.h"
#include "view.h"

#include <string.h>

enum { ELEMENT_MOST = 16 }; /* bytes */

/* The options, and what they are called. */
enum { DIM, KEEP, DTYPE, OUT, INITIAL, WHERE, OPTIONS };
static const char *const option_names[OPTIONS] = {
    [DIM] = "dim|axis", [KEEP] = "keepdim|keepdims", [DTYPE] = "dtype",
    [OUT] = "out",      [INITIAL] = "initial",       [WHERE] = "where"};

/* Their orders as positional arguments. */
static const uint8_t torch_order[] = {DIM, KEEP, DTYPE, OUT};
static const uint8_t sum_order[] = {DIM, DTYPE, OUT, KEEP, INITIAL, WHERE};
static const uint8_t mean_order[] = {DIM, DTYPE, OUT, KEEP, WHERE};
static const uint8_t extreme_order[] = {DIM, OUT, KEEP, INITIAL, WHERE};
static const uint8_t truth_order[] = {DIM, OUT, KEEP, WHERE};

/* at[option] becomes the stack index of the option, of a nil where there is none. */
static void bind(lua_State *L, int count, const uint8_t *order, int *at) {
    const char *names[OPTIONS];
    for (int i = 0; i < count; i++)
        names[i] = option_names[order[i]];
    tsrL_bind(L, 2, count, names);
    lua_pushnil(L);
    for (int i = 0; i < OPTIONS; i++)
        at[i] = 2 + count;
    for (int i = 0; i < count; i++)
        at[order[i]] = 2 + i;
}

static tsrL_object *optional_array(lua_State *L, int index) {
    return lua_isnil(L, index) ? NULL : tsrL_look(L, index);
}

int tsrL_reduce_dims(lua_State *L, int index, tsr_face face, int64_t *dims) {
    int count = -1;
    if (lua_type(L, index) == LUA_TNUMBER) {
        dims[0] = tsrL_integer(L, index);
        count = 1;
    } else if (!lua_isnil(L, index)) {
        count = tsrL_integers(L, index, TSR_MAX_DIMS, dims);
    }
    for (int i = 0; i < count; i++)
        if (dims[i] == 0)
            tsrL_fail(L, TSR_EINDEX, index, "dimensions start at 1");
    return count == 0 && face == TSR_FACE_TORCH ? -1 : count;
}

/* Of a placeholder: dimensions are looked at when there is an array. The options are bound. */
static int trace(lua_State *L, tsr_reduction reduction, tsr_face face, const int *at) {
    int64_t dims[TSR_MAX_DIMS];
    int count = tsrL_reduce_dims(L, at[DIM], face, dims);
    if (!lua_isnil(L, at[OUT]) || !lua_isnil(L, at[WHERE]) || !lua_isnil(L, at[INITIAL]))
        tsrL_fail(L, TSR_EUNSUPPORTED, 0,
                  "cannot be traced in a fused function with out, where or initial");
    return tsrL_trace_reduce(L, reduction, count, dims, tsrL_opt_boolean(L, at[KEEP], false),
                             tsrL_opt_dtype(L, at[DTYPE], face, TSR_DTYPE_COUNT));
}

/* The dimensions to reduce, -1: all. Of 0 dimensions PyTorch takes the first and the last. */
static int reduced_dims(lua_State *L, int index, const tsrL_object *o, int *dims) {
    bool torch = o->face == TSR_FACE_TORCH;
    int ndim = tsr_array_ndim(o->cell->array);
    if (torch && ndim == 0) {
        int64_t given[TSR_MAX_DIMS];
        int count = tsrL_reduce_dims(L, index, TSR_FACE_TORCH, given);
        for (int i = 0; i < count; i++)
            if (given[i] != 1 && given[i] != -1)
                tsrL_fail(L, TSR_EINDEX, DIM + 2, "dimension %d is out of range for 0 dimensions",
                          given[i]);
        return -1;
    }
    int count = tsrL_dims(L, index, ndim, dims);
    return count == 0 && torch ? -1 : count; /* PyTorch: no dimensions are all */
}

/* What to do: a reduction, or behind those a variance. */
enum { VARIANCE = TSR_REDUCE_COUNT };
typedef struct task {
    int reduction;
    double correction; /* of a variance */
    bool root;
} task;

/* One attempt; arrays are asked for when nothing can run in between. */
static tsr_status attempt(lua_State *L, tsrL_library *lib, const task *t, const tsrL_object *o,
                          const tsr_reduce_options *options, tsr_array **result, tsr_error *err) {
    tsrL_reserve_cell(L, lib);
    const tsr_array *array = o->cell->array;
    if (t->reduction == VARIANCE)
        return tsr_variance(lib->context, array, t->correction, t->root, options, result, err);
    return tsr_reduce(lib->context, (tsr_reduction)t->reduction, array, options, result, err);
}

/* Pushes the result for an object, which may be placed; `out` may be NULL, its index is `at`. */
static void push_reduced(lua_State *L, const task *t, const tsrL_object *o,
                         tsr_reduce_options *options, const tsrL_object *out, int at) {
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err;
    tsrL_no_error(&err);
    if (out != NULL) {
        tsr_array *written = NULL;
        options->out = out->cell->array;
        TSRL_TRY(L, &err, attempt(L, lib, t, o, options, &written, &err));
        tsr_array_release(written); /* the object holds it */
        lua_pushvalue(L, at);
        return;
    }
    int ndim = tsr_array_ndim(o->cell->array);
    bool whole = options->count < 0 || ndim <= 1; /* one element comes out */
    size_t bytes = options->place_bytes =
        whole ? tsr_place_bytes(lib->context, options->keep ? ndim : 0, ELEMENT_MOST) : 0;
    tsrL_object *made = bytes > 0 ? tsrL_new_placed(L, (tsr_face)o->face, bytes, &options->place)
                                  : tsrL_new_in(L, lib, (tsr_face)o->face);
    TSRL_TRY(L, &err, attempt(L, lib, t, o, options, &made->cell->array, &err));
    if (bytes > 0 && !tsr_array_placed(made->cell->array))
        tsrL_hold(L, lib, made);
    if (o->requires_grad) {
        char kind = tsr_dtype_describe(tsr_array_dtype(made->cell->array))->kind;
        made->requires_grad = kind == 'f' || kind == 'c';
    }
}

static int reduce(lua_State *L, tsr_reduction reduction, int count, const uint8_t *order) {
    tsrL_object *o = tsrL_peek(L, 1);
    tsr_reduce_options options = {.dtype = TSR_DTYPE_COUNT, .count = -1};
    task t = {.reduction = reduction};
    if (lua_gettop(L) == 1 && tsrL_filled(o)) { /* most calls */
        options.face = (tsr_face)o->face;
        push_reduced(L, &t, o, &options, NULL, 0);
        return 1;
    }
    bool traced = tsrL_traces(L, 1);
    if (!traced)
        o = tsrL_self_looked_at(L);
    tsr_face face = options.face = (tsr_face)o->face;
    int at[OPTIONS], dims[TSR_MAX_DIMS];
    if (face == TSR_FACE_TORCH)
        bind(L, sizeof torch_order, torch_order, at);
    else
        bind(L, count, order, at);
    if (traced)
        return trace(L, reduction, face, at);
    options.dims = dims;
    options.count = reduced_dims(L, at[DIM], o, dims);
    options.keep = tsrL_opt_boolean(L, at[KEEP], false);
    options.dtype = tsrL_opt_dtype(L, at[DTYPE], face, TSR_DTYPE_COUNT);
    tsrL_object *out = optional_array(L, at[OUT]), *where = optional_array(L, at[WHERE]);
    tsr_scalar initial;
    if (!lua_isnil(L, at[INITIAL])) {
        initial = tsrL_scalar(L, at[INITIAL]);
        options.initial = &initial;
    }
    options.where = where != NULL ? where->cell->array : NULL;
    push_reduced(L, &t, o, &options, out, at[OUT]);
    return 1;
}

#define REDUCTION(name, REDUCTION, order)                                                          \
    int tsrL_op_##name(lua_State *L) {                                                             \
        return reduce(L, TSR_REDUCE_##REDUCTION, sizeof order, order);                             \
    }

REDUCTION(sum, SUM, sum_order)
REDUCTION(prod, PROD, sum_order)
REDUCTION(mean, MEAN, mean_order)
REDUCTION(amax, MAX, extreme_order)
REDUCTION(amin, MIN, extreme_order)
REDUCTION(nanmax, FMAX, extreme_order)
REDUCTION(nanmin, FMIN, extreme_order)
REDUCTION(any, ANY, truth_order)
REDUCTION(all, ALL, truth_order)
REDUCTION(count_nonzero, COUNT_NONZERO, truth_order)

/* singular_values(x) of matrices, as an array of x's face. */
int tsrL_singular_values(lua_State *L) {
    lua_settop(L, 1);
    tsrL_object *o = tsrL_check(L, 1);
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_derive(L, o);
    TSRL_TRY(L, &err,
             tsr_singular_values(tsrL_lib(L)->context, o->cell->array, &made->cell->array, &err));
    return 1;
}

/* variance(x, dims, correction, keep, root) for the Lua half: nil for what the core does not do. */
int tsrL_variance(lua_State *L) {
    lua_settop(L, 5);
    tsrL_object *o = tsrL_look(L, 1);
    int dims[TSR_MAX_DIMS];
    tsr_reduce_options options = {.face = (tsr_face)o->face,
                                  .dtype = TSR_DTYPE_COUNT,
                                  .count = tsrL_dims(L, 2, tsr_array_ndim(o->cell->array), dims),
                                  .dims = dims,
                                  .keep = lua_toboolean(L, 4)};
    double correction = lua_tonumber(L, 3);
    bool root = lua_toboolean(L, 5);
    tsr_error err = TSRL_ERROR;
    tsr_context *context = tsrL_lib(L)->context;
    tsrL_object *made = tsrL_derive(L, o);
    tsr_status status =
        tsr_variance(context, o->cell->array, correction, root, &options, &made->cell->array, &err);
    if (status == TSR_EUNSUPPORTED)
        return 0;
    if (status != TSR_OK)
        TSRL_TRY(L, &err,
                 tsr_variance(context, o->cell->array, correction, root, &options,
                              &made->cell->array, &err));
    return 1;
}

/* Reads {dim = ..., out = ...} at 2, without out= into *dim, and leaves out= at 3, nil for none.
 * False when there is anything else. */
static bool read_table(lua_State *L, int64_t *dim) {
    lua_settop(L, 3);
    for (lua_pushnil(L); lua_next(L, 2) != 0;) {
        size_t n;
        const char *word = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &n) : "";
        if (strcmp(word, "out") == 0)
            lua_replace(L, 3);
        else if ((strcmp(word, "axis") != 0 && strcmp(word, "dim") != 0) || *dim != 0 ||
                 !tsrL_tointeger(L, -1, dim))
            return false;
        else
            lua_pop(L, 1);
    }
    return true;
}

bool tsrL_variance_quickly(lua_State *L, int top, int correction, bool root) {
    const tsrL_object *o = tsrL_peek(L, 1), *out = NULL;
    if (!tsrL_filled(o) || top > 2)
        return false;
    const tsr_dtype_info *info = tsr_dtype_describe(tsr_array_dtype(o->cell->array));
    int64_t dim = 0; /* all of them */
    bool table = top == 2 && lua_type(L, 2) == LUA_TTABLE;
    if (info->kind != 'f' || info->itemsize < 4)
        return false;
    if (table ? !read_table(L, &dim) : top == 2 && (!tsrL_tointeger(L, 2, &dim) || dim == 0))
        return false;
    if (table && !lua_isnil(L, 3) && !tsrL_filled(out = tsrL_peek(L, 3)))
        return false;
    int ndim = tsr_array_ndim(o->cell->array);
    if (dim > ndim || dim < -ndim)
        return false;
    int only = (int)(dim > 0 ? dim - 1 : dim);
    tsr_reduce_options options = {.face = (tsr_face)o->face,
                                  .dtype = TSR_DTYPE_COUNT,
                                  .count = dim == 0 ? -1 : 1,
                                  .dims = &only};
    task t = {.reduction = VARIANCE, .correction = correction, .root = root};
    push_reduced(L, &t, o, &options, out, 3);
    return true;
}
