/* Views by position and by order of dimensions: select, narrow, unfold, transposes, flips. They
 * change how memory is seen and copy nothing. Each function reads its arguments, makes an object
 * and lets one core function write the view into it. */
#include "ops.h"
#include "view.h"

/* Dimensions from argument `first` on: numbers or one table. -1 when there are none. */
int tsrL_rest_dims(lua_State *L, int first, int ndim, int *dims) {
    if (lua_type(L, first) != LUA_TNUMBER)
        return tsrL_dims(L, first, ndim, dims);
    int n = 0;
    for (int i = first; i <= lua_gettop(L); i++) {
        if (n == TSR_MAX_DIMS)
            tsrL_fail(L, TSR_EVALUE, i, "more than %d dimensions", (int64_t)TSR_MAX_DIMS);
        dims[n++] = tsrL_dim(L, i, ndim);
    }
    return n;
}

/* ---- positions and ranges ---- */

int tsrL_op_select(lua_State *L) {
    static const char *const names[] = {"dim|axis", "index"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 2, names);
    int dim = tsrL_dim(L, 2, tsr_array_ndim(o->cell->array));
    TSRL_VIEW(L, o, tsr_view_select, dim, tsrL_index(L, 3));
    return 1;
}

int tsrL_op_narrow(lua_State *L) {
    static const char *const names[] = {"dim|axis", "start", "length"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 3, names);
    int dim = tsrL_dim(L, 2, tsr_array_ndim(o->cell->array));
    int64_t n = tsr_array_shape(o->cell->array)[dim], length = tsrL_integer(L, 4);
    int64_t start = (lua_tonumber(L, 3) == (double)n + 1 && length == 0) ? 0 : tsrL_index(L, 3);
    if (start < 0)
        start += n;
    if (length < 0 || start < 0 || start > n - length)
        tsrL_fail(L, TSR_EINDEX, 3, "%d elements from %i on leave dimension %i of size %d", length,
                  start, (int64_t)dim, n);
    TSRL_VIEW(L, o, tsr_view_narrow, dim, start, length, 1);
    return 1;
}

int tsrL_op_unfold(lua_State *L) {
    static const char *const names[] = {"dimension|dim", "size", "step"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 3, names);
    int dim = tsrL_dim(L, 2, tsr_array_ndim(o->cell->array));
    int64_t size = tsrL_integer(L, 3), step = tsrL_opt_integer(L, 4, 1);
    TSRL_VIEW(L, o, tsr_view_unfold, dim, size, step);
    return 1;
}

/* torch: sizes and strides in elements, the offset absolute in the storage. np: strides in bytes,
 * from the array's first element. */
int tsrL_op_as_strided(lua_State *L) {
    static const char *const names[] = {"size|shape", "stride|strides", "storage_offset|offset"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 3, names);
    bool torch = tsrL_face(L) == TSR_FACE_TORCH;
    int64_t shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS];
    int ndim = tsrL_integers(L, 2, TSR_MAX_DIMS, shape);
    int count = tsrL_integers(L, 3, TSR_MAX_DIMS, strides);
    if (count != ndim)
        tsrL_fail(L, TSR_ESHAPE, 3, "%d sizes and %d strides", (int64_t)ndim, (int64_t)count);
    int64_t item = (int64_t)tsr_array_itemsize(o->cell->array),
            offset = tsr_array_offset(o->cell->array);
    bool fits = true;
    for (int i = 0; torch && i < ndim; i++)
        fits = fits && !__builtin_mul_overflow(strides[i], item, &strides[i]);
    if (torch && !lua_isnil(L, 4))
        fits = fits && !__builtin_mul_overflow(tsrL_integer(L, 4), item, &offset);
    else if (!lua_isnil(L, 4))
        fits = !__builtin_add_overflow(offset, tsrL_integer(L, 4), &offset);
    if (!fits)
        tsrL_fail(L, TSR_EVALUE, 3, "strides or offset overflow");
    TSRL_VIEW(L, o, tsr_view_strided, ndim, shape, strides, offset);
    return 1;
}

/* ---- order of dimensions ---- */

void tsrL_reversed(int ndim, int *dims) {
    for (int i = 0; i < ndim; i++)
        dims[i] = ndim - 1 - i;
}

int tsrL_op_reverse_dims(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    int dims[TSR_MAX_DIMS], ndim = tsr_array_ndim(o->cell->array);
    tsrL_reversed(ndim, dims);
    TSRL_VIEW(L, o, tsr_view_permute, ndim, dims);
    return 1;
}

int tsrL_op_permute(lua_State *L) {
    static const char *const names[] = {"dims|axes"};
    tsrL_object *o = tsrL_self(L);
    int dims[TSR_MAX_DIMS], ndim = tsr_array_ndim(o->cell->array);
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    int count = tsrL_rest_dims(L, 2, ndim, dims);
    if (count < 0)
        tsrL_reversed(count = ndim, dims);
    TSRL_VIEW(L, o, tsr_view_permute, count, dims);
    return 1;
}

int tsrL_op_swap_dims(lua_State *L) {
    static const char *const names[] = {"dim0|axis0|axis1", "dim1|axis2"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->cell->array);
    int dim0 = tsrL_dim(L, 2, ndim), dim1 = tsrL_dim(L, 3, ndim);
    TSRL_VIEW(L, o, tsr_view_swap, dim0, dim1);
    return 1;
}

/* t(): the transpose of a matrix; arrays of fewer dimensions as they are. */
int tsrL_op_t(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    int ndim = tsr_array_ndim(o->cell->array);
    if (ndim > 2)
        tsrL_fail(L, TSR_ESHAPE, 1, "needs at most 2 dimensions, the shape is %v", ndim,
                  tsr_array_shape(o->cell->array));
    return tsrL_op_reverse_dims(L);
}

int tsrL_op_matrix_transpose(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    if (tsr_array_ndim(o->cell->array) < 2)
        tsrL_fail(L, TSR_ESHAPE, 1, "needs at least 2 dimensions, the shape is %v",
                  tsr_array_ndim(o->cell->array), tsr_array_shape(o->cell->array));
    TSRL_VIEW(L, o, tsr_view_swap, -1, -2);
    return 1;
}

int tsrL_op_movedim(lua_State *L) {
    static const char *const names[] = {"source", "destination"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->cell->array), from[TSR_MAX_DIMS], to[TSR_MAX_DIMS];
    int count = tsrL_dims(L, 2, ndim, from);
    if (count < 0)
        tsrL_type_error(L, 2, "a dimension or a table of dimensions");
    if (tsrL_dims(L, 3, ndim, to) != count)
        tsrL_fail(L, TSR_EVALUE, 3, "source and destination must name equally many dimensions");
    int order[TSR_MAX_DIMS];
    uint32_t moved = 0, taken = 0;
    for (int i = 0; i < count; i++) {
        if (((moved >> from[i] | taken >> to[i]) & 1) != 0)
            tsrL_fail(L, TSR_EVALUE, 2, "a dimension is given twice");
        moved |= 1u << from[i];
        taken |= 1u << to[i];
        order[to[i]] = from[i];
    }
    for (int i = 0, next = 0; i < ndim; i++) {
        if ((taken >> i & 1) != 0)
            continue;
        while ((moved >> next & 1) != 0)
            next++;
        order[i] = next++;
    }
    TSRL_VIEW(L, o, tsr_view_permute, ndim, order);
    return 1;
}

/* rollaxis(axis, start): the axis is moved so that it lies before the one that was `start`. */
int tsrL_op_rollaxis(lua_State *L) {
    static const char *const names[] = {"axis", "start"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->cell->array), axis = tsrL_dim(L, 2, ndim), start = 0,
        order[TSR_MAX_DIMS];
    if (lua_tonumber(L, 3) == (double)ndim + 1)
        start = ndim;
    else if (!lua_isnil(L, 3))
        start = tsrL_dim(L, 3, ndim);
    if (axis < start)
        start--;
    for (int i = 0, next = 0; i < ndim; i++) {
        next += next == axis;
        order[i] = i == start ? axis : next++;
    }
    TSRL_VIEW(L, o, tsr_view_permute, ndim, order);
    return 1;
}

int tsrL_op_flip(lua_State *L) {
    static const char *const names[] = {"dims|axis"};
    tsrL_object *o = tsrL_self(L);
    int ndim = tsr_array_ndim(o->cell->array), dims[TSR_MAX_DIMS];
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    int count = tsrL_rest_dims(L, 2, ndim, dims);
    if (count < 0) {
        if (tsrL_face(L) == TSR_FACE_TORCH)
            tsrL_type_error(L, 2, "a dimension or a table of dimensions");
        tsrL_reversed(count = ndim, dims);
    }
    TSRL_VIEW(L, o, tsr_view_flip, count, dims);
    return 1;
}
