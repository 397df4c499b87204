/* Reductions over dimensions in Lua: sum, prod, mean, any, all, extremes, counts.
 *
 * Both faces' names for an option are accepted; what the order of positional arguments is depends
 * on the face and the function, as PyTorch and NumPy have it. */
#include "fuse.h"
#include "ops.h"
#include "view.h"

enum { DIM = 2, KEEP, DTYPE, OUT, INITIAL, WHERE, LAST = WHERE };

/* Orders of the options from stack index 2 on, as places above. */
static const uint8_t torch_order[] = {DIM, KEEP, DTYPE, OUT};
static const uint8_t sum_order[] = {DIM, DTYPE, OUT, KEEP, INITIAL, WHERE};
static const uint8_t mean_order[] = {DIM, DTYPE, OUT, KEEP, WHERE};
static const uint8_t extreme_order[] = {DIM, OUT, KEEP, INITIAL, WHERE};
static const uint8_t truth_order[] = {DIM, OUT, KEEP, WHERE};

/* Puts the options into their places on the stack, nil where there are none. */
static void bind(lua_State *L, int count, const uint8_t *order) {
    static const char *const all[] = {NULL,    NULL,  "dim|axis", "keepdim|keepdims",
                                      "dtype", "out", "initial",  "where"};
    const char *names[LAST];
    for (int i = 0; i < count; i++)
        names[i] = all[order[i]];
    tsrL_bind(L, 2, count, names);
    for (int place = DIM; place <= LAST; place++) {
        int from = -1;
        for (int i = 0; i < count; i++)
            from = order[i] == place ? i : from;
        if (from >= 0)
            lua_pushvalue(L, 2 + from);
        else
            lua_pushnil(L);
    }
    for (int i = 0; i < count; i++)
        lua_remove(L, 2);
}

static tsrL_object *optional_array(lua_State *L, int index) {
    return lua_isnil(L, index) ? NULL : tsrL_check(L, index);
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
static int trace(lua_State *L, tsr_reduction reduction, tsr_face face) {
    int64_t dims[TSR_MAX_DIMS];
    int count = tsrL_reduce_dims(L, DIM, face, dims);
    if (!lua_isnil(L, OUT) || !lua_isnil(L, WHERE) || !lua_isnil(L, INITIAL))
        tsrL_fail(L, TSR_EUNSUPPORTED, 0,
                  "cannot be traced in a fused function with out, where or initial");
    return tsrL_trace_reduce(L, reduction, count, dims, tsrL_opt_boolean(L, KEEP, false),
                             tsrL_opt_dtype(L, DTYPE, face, TSR_DTYPE_COUNT));
}

/* The dimensions to reduce, -1: all. Of 0 dimensions PyTorch takes the first and the last. */
static int reduced_dims(lua_State *L, const tsrL_object *o, int *dims) {
    int64_t given[TSR_MAX_DIMS];
    bool torch = o->face == TSR_FACE_TORCH;
    int ndim = tsr_array_ndim(o->cell->array);
    if (torch && ndim == 0) {
        int count = tsrL_reduce_dims(L, DIM, TSR_FACE_TORCH, given);
        for (int i = 0; i < count; i++)
            if (given[i] != 1 && given[i] != -1)
                tsrL_fail(L, TSR_EINDEX, DIM, "dimension %d is out of range for 0 dimensions",
                          given[i]);
        return -1;
    }
    int count = tsrL_dims(L, DIM, ndim, dims);
    return count == 0 && torch ? -1 : count; /* PyTorch: no dimensions are all */
}

static int reduce(lua_State *L, tsr_reduction reduction, int count, const uint8_t *order) {
    bool traced = tsrL_traces(L, 1);
    tsrL_object *o = traced ? tsrL_test(L, 1) : tsrL_self(L);
    tsr_face face = (tsr_face)o->face;
    tsr_reduce_options options = {.face = face};
    int dims[TSR_MAX_DIMS];
    if (face == TSR_FACE_TORCH)
        bind(L, sizeof torch_order, torch_order);
    else
        bind(L, count, order);
    if (traced)
        return trace(L, reduction, face);
    options.dims = dims;
    options.count = reduced_dims(L, o, dims);
    options.keep = tsrL_opt_boolean(L, KEEP, false);
    options.dtype = tsrL_opt_dtype(L, DTYPE, face, TSR_DTYPE_COUNT);
    tsrL_object *out = optional_array(L, OUT), *where = optional_array(L, WHERE);
    tsr_scalar initial;
    if (!lua_isnil(L, INITIAL)) {
        initial = tsrL_scalar(L, INITIAL);
        options.initial = &initial;
    }
    options.out = out != NULL ? out->cell->array : NULL;
    options.where = where != NULL ? where->cell->array : NULL;
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, face);
    tsr_context *context = tsrL_lib(L)->context;
    TSRL_TRY(L, &err,
             tsr_reduce(context, reduction, o->cell->array, &options, &made->cell->array, &err));
    char kind = tsr_dtype_describe(tsr_array_dtype(made->cell->array))->kind;
    made->requires_grad = o->requires_grad && (kind == 'f' || kind == 'c');
    if (out != NULL)
        lua_pushvalue(L, OUT);
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
    tsrL_object *o = tsrL_check(L, 1);
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
