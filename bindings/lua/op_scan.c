/* Positions of extremes, extremes along one dimension with their positions, and scans, in Lua.
 * Positions are counted from 1. */
#include "ops.h"
#include "view.h"

/* The core counts from 0; `positions` is new and contiguous. */
static void count_from_one(tsr_array *positions) {
    int64_t *at = tsr_array_data(positions);
    for (int64_t i = tsr_array_size(positions); i-- > 0;)
        at[i]++;
}

static const int *optional_dim(lua_State *L, int argument, int *room) {
    if (lua_isnil(L, argument))
        return NULL;
    int64_t dim = tsrL_index(L, argument); /* the core checks the range */
    *room = dim > TSR_MAX_DIMS        ? TSR_MAX_DIMS
            : dim < -TSR_MAX_DIMS - 1 ? -TSR_MAX_DIMS - 1
                                      : (int)dim;
    return room;
}

/* Writes the positions into out= and leaves that on top. */
static void copy_out(lua_State *L, int argument, const tsrL_object *made) {
    tsr_error err = TSRL_ERROR;
    tsrL_object *out = tsrL_look(L, argument);
    bool equal = tsr_array_ndim(out->cell->array) == tsr_array_ndim(made->cell->array);
    for (int i = 0; equal && i < tsr_array_ndim(out->cell->array); i++)
        equal = tsr_array_shape(out->cell->array)[i] == tsr_array_shape(made->cell->array)[i];
    if (!equal)
        tsrL_fail(L, TSR_ESHAPE, argument, "out has shape %v, the result %v",
                  tsr_array_ndim(out->cell->array), tsr_array_shape(out->cell->array),
                  tsr_array_ndim(made->cell->array), tsr_array_shape(made->cell->array));
    if (tsr_array_dtype(out->cell->array) != TSR_INT64)
        tsrL_fail(L, TSR_EDTYPE, argument, "positions are int64, out is %t",
                  (int)tsr_array_dtype(out->cell->array));
    TSRL_TRY(L, &err, tsr_copy(out->cell->array, made->cell->array, &err));
    lua_pushvalue(L, argument);
}

/* argmax(x, dim, keepdim), argmax(x, axis, out, keepdims) */
static int arg(lua_State *L, bool smallest) {
    static const char *const torch[] = {"dim|axis", "keepdim|keepdims", "out"};
    static const char *const numpy[] = {"axis|dim", "out", "keepdims|keepdim"};
    tsrL_object *o = tsrL_self_looked_at(L);
    bool np = o->face == TSR_FACE_NUMPY;
    int dim = 0, out = np ? 3 : 4;
    tsrL_bind(L, 2, 3, np ? numpy : torch);
    const int *along = optional_dim(L, 2, &dim);
    bool keep = tsrL_opt_boolean(L, np ? 4 : 3, false);
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, (tsr_face)o->face);
    tsr_context *context = tsrL_lib(L)->context;
    TSRL_TRY(L, &err,
             tsr_extreme(context, (tsr_face)o->face, smallest, o->cell->array, along, keep, NULL,
                         &made->cell->array, &err));
    count_from_one(made->cell->array);
    if (!lua_isnil(L, out))
        copy_out(L, out, made);
    return 1;
}

int tsrL_op_argmax(lua_State *L) {
    return arg(L, false);
}

int tsrL_op_argmin(lua_State *L) {
    return arg(L, true);
}

/* The functions that PyTorch's max and min stand for: with another tensor, elementwise; with a
 * dimension, values and positions; else over everything. */
static int extreme(lua_State *L, bool smallest) {
    static const char *const names[] = {"dim|axis", "keepdim|keepdims"};
    bool other = tsrL_peek(L, 2) != NULL;
    if (other || lua_gettop(L) == 1 || lua_isnil(L, 2)) {
        lua_CFunction f = smallest ? tsrL_op_amin : tsrL_op_amax;
        if (!other)
            return f(L);
        tsrL_self_looked_at(L);
        lua_getfield(L, 1, smallest ? "minimum" : "maximum");
        lua_insert(L, 1);
        lua_call(L, lua_gettop(L) - 1, 1);
        return 1;
    }
    tsrL_object *o = tsrL_self_looked_at(L);
    int dim = 0;
    tsrL_bind(L, 2, 2, names);
    const int *along = optional_dim(L, 2, &dim);
    bool keep = tsrL_opt_boolean(L, 3, false);
    if (along == NULL) {
        lua_settop(L, 1);
        return (smallest ? tsrL_op_amin : tsrL_op_amax)(L);
    }
    tsr_error err = TSRL_ERROR;
    tsrL_object *values = tsrL_derive(L, o), *positions = tsrL_new(L, (tsr_face)o->face);
    tsr_context *context = tsrL_lib(L)->context;
    TSRL_TRY(L, &err,
             tsr_extreme(context, (tsr_face)o->face, smallest, o->cell->array, along, keep,
                         &values->cell->array, &positions->cell->array, &err));
    count_from_one(positions->cell->array);
    return 2;
}

int tsrL_op_max(lua_State *L) {
    return extreme(L, false);
}

int tsrL_op_min(lua_State *L) {
    return extreme(L, true);
}

/* ---- scans ---- */

/* cumsum(x, dim, dtype, out); on np without an axis along all elements. */
static int scan(lua_State *L, tsr_scan kind) {
    static const char *const names[] = {"dim|axis", "dtype", "out"};
    tsrL_object *o = tsrL_self_looked_at(L);
    tsr_face face = (tsr_face)o->face;
    tsr_error err = TSRL_ERROR;
    tsrL_bind(L, 2, 3, names);
    int dim = 0;
    if (optional_dim(L, 2, &dim) == NULL) {
        if (face == TSR_FACE_TORCH)
            tsrL_fail(L, TSR_EVALUE, 2, "needs a dimension");
        int64_t all = -1;
        tsrL_check(L, 1);
        tsrL_object *flat = tsrL_derive(L, o);
        tsr_status status = tsr_view_reshape(o->cell->array, 1, &all, &flat->cell->array, &err);
        if (status == TSR_EUNSUPPORTED) {
            tsr_context *context = tsrL_lib(L)->context;
            tsrL_object *copy = tsrL_derive(L, o);
            TSRL_TRY(L, &err,
                     tsr_clone(context, o->cell->array, tsr_array_dtype(o->cell->array),
                               TSR_ORDER_C, &copy->cell->array, &err));
            status = tsr_view_reshape(copy->cell->array, 1, &all, &flat->cell->array, &err);
            lua_pop(L, 1);
        }
        if (status != TSR_OK)
            tsrL_raise(L, &err);
        o = flat;
    }
    tsrL_object *out = lua_isnil(L, 4) ? NULL : tsrL_look(L, 4);
    tsr_reduce_options options = {.face = face,
                                  .dtype = tsrL_opt_dtype(L, 3, face, TSR_DTYPE_COUNT)};
    tsr_context *context = tsrL_lib(L)->context;
    tsrL_object *made = tsrL_new(L, face);
    options.out = out != NULL ? out->cell->array : NULL; /* nothing of Lua's runs from here on */
    TSRL_TRY(L, &err,
             tsr_scan_along(context, kind, o->cell->array, dim, &options, &made->cell->array, NULL,
                            &err));
    char type = tsr_dtype_describe(tsr_array_dtype(made->cell->array))->kind;
    made->requires_grad = o->requires_grad && (type == 'f' || type == 'c');
    if (out != NULL) {
        tsrL_drop(made);
        lua_pushvalue(L, 4);
    }
    return 1;
}

int tsrL_op_cumsum(lua_State *L) {
    return scan(L, TSR_SCAN_SUM);
}

int tsrL_op_cumprod(lua_State *L) {
    return scan(L, TSR_SCAN_PROD);
}

/* cummax(x, dim): values and positions */
static int scan_extreme(lua_State *L, tsr_scan kind) {
    static const char *const names[] = {"dim|axis"};
    tsrL_object *o = tsrL_self_looked_at(L);
    int dim = 0;
    tsrL_bind(L, 2, 1, names);
    if (optional_dim(L, 2, &dim) == NULL)
        tsrL_fail(L, TSR_EVALUE, 2, "needs a dimension");
    tsr_error err = TSRL_ERROR;
    tsr_reduce_options options = {.face = (tsr_face)o->face, .dtype = TSR_DTYPE_COUNT};
    tsr_context *context = tsrL_lib(L)->context;
    tsrL_object *values = tsrL_derive(L, o), *positions = tsrL_new(L, (tsr_face)o->face);
    TSRL_TRY(L, &err,
             tsr_scan_along(context, kind, o->cell->array, dim, &options, &values->cell->array,
                            &positions->cell->array, &err));
    count_from_one(positions->cell->array);
    return 2;
}

int tsrL_op_cummax(lua_State *L) {
    return scan_extreme(L, TSR_SCAN_MAX);
}

int tsrL_op_cummin(lua_State *L) {
    return scan_extreme(L, TSR_SCAN_MIN);
}
