/* Views: the part of the torch and np faces that changes how memory is seen and copies nothing.
 *
 * Each function reads its arguments, makes an object and lets one core function write the view into
 * it. Where PyTorch and NumPy give a view, so do these; the few that may copy (reshape, ravel,
 * flatten) do it only when no view exists, count it, and obey copy=. */
#include "binding.h"
#include "ops.h"

#include <stdlib.h>
#include <string.h>

/* The array operated on: the first argument, as it is or made out of a table. */
static tsrL_object *self(lua_State *L) {
    tsrL_object *o = tsrL_test(L, 1);
    return tsrL_filled(o) ? o : tsrL_toarray(L, 1, tsrL_face(L));
}

/* A new object of the same face that keeps the gradient mark. */
static tsrL_object *derive(lua_State *L, const tsrL_object *o) {
    tsrL_object *made = tsrL_new(L, (tsr_face)o->face);
    made->requires_grad = o->requires_grad;
    return made;
}

#define VIEW(L, o, function, ...)                                                                  \
    do {                                                                                           \
        tsr_error err_;                                                                            \
        tsrL_no_error(&err_);                                                                      \
        tsrL_object *made_ = derive(L, o);                                                         \
        TSRL_TRY(L, &err_, function((o)->array, __VA_ARGS__, &made_->array, &err_));               \
    } while (0)

/* Dimensions from argument `first` on: numbers or one table. -1 when there are none. */
static int rest_dims(lua_State *L, int first, int ndim, int *dims) {
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

/* ---- positions and ranges
 * ------------------------------------------------------------------------- */

int tsrL_op_select(lua_State *L) {
    static const char *const names[] = {"dim|axis", "index"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 2, names);
    int dim = tsrL_dim(L, 2, tsr_array_ndim(o->array));
    VIEW(L, o, tsr_view_select, dim, tsrL_index(L, 3));
    return 1;
}

int tsrL_op_narrow(lua_State *L) {
    static const char *const names[] = {"dim|axis", "start", "length"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 3, names);
    int dim = tsrL_dim(L, 2, tsr_array_ndim(o->array));
    int64_t n = tsr_array_shape(o->array)[dim], length = tsrL_integer(L, 4);
    int64_t start = lua_tonumber(L, 3) == (double)n + 1 && length == 0 ? 0 : tsrL_index(L, 3);
    if (start < 0)
        start += n;
    if (length < 0 || start < 0 || start > n - length)
        tsrL_fail(L, TSR_EINDEX, 3, "%d elements from %i on leave dimension %i of size %d", length,
                  start, (int64_t)dim, n);
    VIEW(L, o, tsr_view_narrow, dim, start, length, 1);
    return 1;
}

int tsrL_op_unfold(lua_State *L) {
    static const char *const names[] = {"dimension|dim", "size", "step"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 3, names);
    int dim = tsrL_dim(L, 2, tsr_array_ndim(o->array));
    int64_t size = tsrL_integer(L, 3), step = tsrL_opt_integer(L, 4, 1);
    VIEW(L, o, tsr_view_unfold, dim, size, step);
    return 1;
}

/* torch: sizes and strides in elements, the offset absolute in the storage. np: strides in bytes,
 * from the array's first element. */
int tsrL_op_as_strided(lua_State *L) {
    static const char *const names[] = {"size|shape", "stride|strides", "storage_offset|offset"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 3, names);
    bool torch = tsrL_face(L) == TSR_FACE_TORCH;
    int64_t shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS];
    int ndim = tsrL_integers(L, 2, TSR_MAX_DIMS, shape);
    int count = tsrL_integers(L, 3, TSR_MAX_DIMS, strides);
    if (count != ndim)
        tsrL_fail(L, TSR_ESHAPE, 3, "%d sizes and %d strides", (int64_t)ndim, (int64_t)count);
    int64_t item = (int64_t)tsr_array_itemsize(o->array), offset = tsr_array_offset(o->array);
    bool fits = true;
    for (int i = 0; torch && i < ndim; i++)
        fits = fits && !__builtin_mul_overflow(strides[i], item, &strides[i]);
    if (torch && !lua_isnil(L, 4))
        fits = fits && !__builtin_mul_overflow(tsrL_integer(L, 4), item, &offset);
    else if (!lua_isnil(L, 4))
        fits = !__builtin_add_overflow(offset, tsrL_integer(L, 4), &offset);
    if (!fits)
        tsrL_fail(L, TSR_EVALUE, 3, "strides or offset overflow");
    VIEW(L, o, tsr_view_strided, ndim, shape, strides, offset);
    return 1;
}

/* ---- order of dimensions
 * ----------------------------------------------------------------------------- */

static void reversed(int ndim, int *dims) {
    for (int i = 0; i < ndim; i++)
        dims[i] = ndim - 1 - i;
}

int tsrL_op_reverse_dims(lua_State *L) {
    tsrL_object *o = self(L);
    int dims[TSR_MAX_DIMS], ndim = tsr_array_ndim(o->array);
    reversed(ndim, dims);
    VIEW(L, o, tsr_view_permute, ndim, dims);
    return 1;
}

int tsrL_op_permute(lua_State *L) {
    static const char *const names[] = {"dims|axes"};
    tsrL_object *o = self(L);
    int dims[TSR_MAX_DIMS], ndim = tsr_array_ndim(o->array);
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    int count = rest_dims(L, 2, ndim, dims);
    if (count < 0)
        reversed(count = ndim, dims);
    VIEW(L, o, tsr_view_permute, count, dims);
    return 1;
}

int tsrL_op_swap_dims(lua_State *L) {
    static const char *const names[] = {"dim0|axis0|axis1", "dim1|axis2"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->array);
    int dim0 = tsrL_dim(L, 2, ndim), dim1 = tsrL_dim(L, 3, ndim);
    VIEW(L, o, tsr_view_swap, dim0, dim1);
    return 1;
}

/* t(): the transpose of a matrix; arrays of fewer dimensions as they are. */
int tsrL_op_t(lua_State *L) {
    tsrL_object *o = self(L);
    int ndim = tsr_array_ndim(o->array);
    if (ndim > 2)
        tsrL_fail(L, TSR_ESHAPE, 1, "needs at most 2 dimensions, the shape is %v", ndim,
                  tsr_array_shape(o->array));
    return tsrL_op_reverse_dims(L);
}

int tsrL_op_matrix_transpose(lua_State *L) {
    tsrL_object *o = self(L);
    if (tsr_array_ndim(o->array) < 2)
        tsrL_fail(L, TSR_ESHAPE, 1, "needs at least 2 dimensions, the shape is %v",
                  tsr_array_ndim(o->array), tsr_array_shape(o->array));
    VIEW(L, o, tsr_view_swap, -1, -2);
    return 1;
}

int tsrL_op_movedim(lua_State *L) {
    static const char *const names[] = {"source", "destination"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->array), from[TSR_MAX_DIMS], to[TSR_MAX_DIMS];
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
    VIEW(L, o, tsr_view_permute, ndim, order);
    return 1;
}

/* rollaxis(axis, start): the axis is moved so that it lies before the one that was `start`. */
int tsrL_op_rollaxis(lua_State *L) {
    static const char *const names[] = {"axis", "start"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->array), axis = tsrL_dim(L, 2, ndim), start = 0,
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
    VIEW(L, o, tsr_view_permute, ndim, order);
    return 1;
}

int tsrL_op_flip(lua_State *L) {
    static const char *const names[] = {"dims|axis"};
    tsrL_object *o = self(L);
    int ndim = tsr_array_ndim(o->array), dims[TSR_MAX_DIMS];
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    int count = rest_dims(L, 2, ndim, dims);
    if (count < 0) {
        if (tsrL_face(L) == TSR_FACE_TORCH)
            tsrL_type_error(L, 2, "a dimension or a table of dimensions");
        reversed(count = ndim, dims);
    }
    VIEW(L, o, tsr_view_flip, count, dims);
    return 1;
}

/* ---- sizes
 * -------------------------------------------------------------------------------------------- */

/* A C-ordered copy of what `o` shows, in a new object on top. */
static tsrL_object *copy_of(lua_State *L, const tsrL_object *o) {
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = derive(L, o);
    TSRL_TRY(L, &err,
             tsr_clone(tsrL_lib(L)->context, o->array, tsr_array_dtype(o->array), TSR_ORDER_C,
                       &made->array, &err));
    return made;
}

static void replace_by(lua_State *L, tsrL_object *o,
                       tsr_status (*view)(tsrL_object *, void *, tsr_array **, tsr_error *),
                       void *user) {
    tsr_error err = TSRL_ERROR;
    tsr_array *made = NULL;
    TSRL_TRY(L, &err, view(o, user, &made, &err));
    tsr_array_release(o->array);
    o->array = made;
}

typedef struct sizes {
    int ndim;
    int64_t shape[TSR_MAX_DIMS];
} sizes;

static tsr_status reshape_view(tsrL_object *o, void *user, tsr_array **out, tsr_error *err) {
    const sizes *s = user;
    return tsr_view_reshape(o->array, s->ndim, s->shape, out, err);
}

static tsr_status reverse_view(tsrL_object *o, void *user, tsr_array **out, tsr_error *err) {
    int dims[TSR_MAX_DIMS];
    (void)user;
    reversed(tsr_array_ndim(o->array), dims);
    return tsr_view_permute(o->array, tsr_array_ndim(o->array), dims, out, err);
}

/* Pushes `o` with another shape: a view, or a copy when there is none and `copy` allows. */
static void push_reshaped(lua_State *L, tsrL_object *o, sizes *s, tsrL_copy copy) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_object *made = derive(L, o);
    tsr_status status = TSR_EUNSUPPORTED;
    if (copy != TSRL_COPY_ALWAYS) {
        status = tsr_view_reshape(o->array, s->ndim, s->shape, &made->array, &err);
        if (status == TSR_OK)
            return;
        if (status == TSR_EMEMORY) {
            tsrL_collect(L);
            status = tsr_view_reshape(o->array, s->ndim, s->shape, &made->array, &err);
        }
        if (status == TSR_OK)
            return;
        if (status != TSR_EUNSUPPORTED || copy == TSRL_COPY_NEVER)
            tsrL_raise(L, &err);
    } else {
        int64_t resolved[TSR_MAX_DIMS];
        if (tsr_shape_resolve(tsr_array_size(o->array), s->ndim, s->shape, resolved, &err) !=
            TSR_OK)
            tsrL_raise(L, &err);
    }
    lua_pop(L, 1);
    made = copy_of(L, o);
    replace_by(L, made, reshape_view, s);
    if (copy == TSRL_COPY_IF_NEEDED)
        tsr_context_count_copy(tsrL_lib(L)->context);
}

/* Column-major regrouping is row-major regrouping of the reversed array to the reversed shape. */
static void push_reshaped_f(lua_State *L, tsrL_object *o, sizes *s, tsrL_copy copy) {
    tsr_error err = TSRL_ERROR;
    int dims[TSR_MAX_DIMS];
    tsrL_object *turned = derive(L, o);
    reversed(tsr_array_ndim(o->array), dims);
    TSRL_TRY(L, &err,
             tsr_view_permute(o->array, tsr_array_ndim(o->array), dims, &turned->array, &err));
    for (int i = 0; i < s->ndim / 2; i++) {
        int64_t size = s->shape[i];
        s->shape[i] = s->shape[s->ndim - 1 - i];
        s->shape[s->ndim - 1 - i] = size;
    }
    push_reshaped(L, turned, s, copy);
    lua_remove(L, -2);
    replace_by(L, tsrL_check(L, -1), reverse_view, NULL);
}

int tsrL_op_reshape(lua_State *L) {
    static const char *const names[] = {"order", "copy"};
    static const char *const all[] = {"shape", "order", "copy"};
    tsrL_object *o = self(L);
    sizes s;
    int next = 3;
    if (lua_type(L, 2) == LUA_TNUMBER) {
        s.ndim = tsrL_sizes(L, 2, true, s.shape, &next);
        tsrL_bind(L, next, 2, names);
    } else {
        tsrL_bind(L, 2, 3, all);
        if (lua_isnil(L, 2))
            tsrL_type_error(L, 2, "a shape");
        s.ndim = tsrL_sizes(L, 2, true, s.shape, &next);
    }
    tsr_order order = tsrL_opt_order(L, next, TSR_ORDER_C, o->array);
    tsrL_copy copy = tsrL_opt_copy(L, next + 1, TSRL_COPY_IF_NEEDED);
    if (order == TSR_ORDER_F)
        push_reshaped_f(L, o, &s, copy);
    else
        push_reshaped(L, o, &s, copy);
    return 1;
}

/* view(sizes...) or view(dtype): never a copy. */
int tsrL_op_view(lua_State *L) {
    tsrL_object *o = self(L);
    tsr_dtype dtype;
    sizes s;
    int next;
    if (tsrL_test_dtype(L, 2, &dtype) || lua_type(L, 2) == LUA_TSTRING) {
        dtype = tsrL_dtype(L, 2, (tsr_face)o->face);
        VIEW(L, o, tsr_view_dtype, dtype);
        return 1;
    }
    if (lua_isnoneornil(L, 2)) {
        VIEW(L, o, tsr_view_alias, TSR_READ | TSR_WRITE | TSR_RESIZE);
        return 1;
    }
    s.ndim = tsrL_sizes(L, 2, true, s.shape, &next);
    tsrL_bind(L, next, 0, NULL);
    push_reshaped(L, o, &s, TSRL_COPY_NEVER);
    return 1;
}

int tsrL_op_view_as(lua_State *L) {
    tsrL_object *o = self(L), *other = tsrL_check(L, 2);
    sizes s = {.ndim = tsr_array_ndim(other->array)};
    for (int i = 0; i < s.ndim; i++)
        s.shape[i] = tsr_array_shape(other->array)[i];
    push_reshaped(L, o, &s, TSRL_COPY_NEVER);
    return 1;
}

int tsrL_op_reshape_as(lua_State *L) {
    tsrL_object *o = self(L), *other = tsrL_check(L, 2);
    sizes s = {.ndim = tsr_array_ndim(other->array)};
    for (int i = 0; i < s.ndim; i++)
        s.shape[i] = tsr_array_shape(other->array)[i];
    push_reshaped(L, o, &s, TSRL_COPY_IF_NEEDED);
    return 1;
}

/* Order "K" as NumPy's iterator finds it: dimensions from the largest stride to the smallest. Those
 * along which the stride does not matter, of size 1 or stride 0, are compared with nothing. */
static void by_stride(const tsr_array *a, int *dims) {
    const int64_t *strides = tsr_array_strides(a), *shape = tsr_array_shape(a);
    int n = tsr_array_ndim(a);
    for (int dim = n; dim-- > 0;) { /* dims[dim + 1 ...] are in order */
        int64_t stride = shape[dim] == 1 ? 0 : llabs(strides[dim]);
        int to = dim;
        for (int i = dim + 1; i < n && stride != 0; i++) {
            int64_t other = shape[dims[i]] == 1 ? 0 : llabs(strides[dims[i]]);
            if (other != 0 && other <= stride)
                break;
            to = other != 0 ? i : to;
        }
        memmove(dims + dim, dims + dim + 1, (size_t)(to - dim) * sizeof *dims);
        dims[to] = dim;
    }
}

/* One dimension in the order that argument 2 names. What is not in memory as it comes out is
 * copied, though a strided view might exist: the result is contiguous, as NumPy's and PyTorch's. */
static int push_flat(lua_State *L, bool always) {
    static const char *const names[] = {"order"};
    tsr_error err = TSRL_ERROR;
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 1, names);
    tsr_order order = tsrL_opt_order(L, 2, TSR_ORDER_C, o->array);
    sizes s = {1, {tsr_array_size(o->array)}};
    int dims[TSR_MAX_DIMS], ndim = tsr_array_ndim(o->array);
    for (int i = 0; i < ndim; i++)
        dims[i] = order == TSR_ORDER_F ? ndim - 1 - i : i;
    if (order == TSR_ORDER_KEEP && !tsr_array_is_contiguous(o->array))
        by_stride(o->array, dims);
    tsrL_object *turned = derive(L, o);
    TSRL_TRY(L, &err, tsr_view_permute(o->array, ndim, dims, &turned->array, &err));
    bool copy = always || !tsr_array_is_contiguous(turned->array);
    push_reshaped(L, turned, &s, copy ? TSRL_COPY_ALWAYS : TSRL_COPY_NEVER);
    if (copy && !always)
        tsr_context_count_copy(tsrL_lib(L)->context);
    return 1;
}

int tsrL_op_ravel(lua_State *L) {
    return push_flat(L, false);
}

/* torch: flatten(start_dim, end_dim), a view where there is one. */
int tsrL_op_flatten(lua_State *L) {
    static const char *const names[] = {"start_dim", "end_dim"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->array);
    sizes s = {.ndim = 0};
    if (ndim == 0) {
        s = (sizes){1, {1}};
    } else {
        int first = lua_isnil(L, 2) ? 0 : tsrL_dim(L, 2, ndim);
        int last = lua_isnil(L, 3) ? ndim - 1 : tsrL_dim(L, 3, ndim);
        if (last < first)
            tsrL_fail(L, TSR_EVALUE, 3, "dimension %i lies before dimension %i", (int64_t)last,
                      (int64_t)first);
        const int64_t *shape = tsr_array_shape(o->array);
        for (int i = 0; i < ndim; i++)
            if (i > first && i <= last)
                s.shape[s.ndim - 1] *= shape[i];
            else
                s.shape[s.ndim++] = shape[i];
    }
    push_reshaped(L, o, &s, TSRL_COPY_IF_NEEDED);
    return 1;
}

/* np: always a copy. */
int tsrL_op_flatten_copy(lua_State *L) {
    return push_flat(L, true);
}

int tsrL_op_unflatten(lua_State *L) {
    static const char *const names[] = {"dim", "sizes"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->array), dim = tsrL_dim(L, 2, ndim);
    const int64_t *shape = tsr_array_shape(o->array);
    int64_t given[TSR_MAX_DIMS], resolved[TSR_MAX_DIMS];
    int count = tsrL_integers(L, 3, TSR_MAX_DIMS, given);
    tsr_error err = TSRL_ERROR;
    if (tsr_shape_resolve(shape[dim], count, given, resolved, &err) != TSR_OK)
        tsrL_raise(L, &err);
    if (ndim - 1 + count > TSR_MAX_DIMS || count == 0)
        tsrL_fail(L, TSR_ESHAPE, 3, "%d sizes", (int64_t)count);
    sizes s = {.ndim = 0};
    for (int i = 0; i < ndim; i++) {
        if (i != dim) {
            s.shape[s.ndim++] = shape[i];
            continue;
        }
        for (int k = 0; k < count; k++)
            s.shape[s.ndim++] = resolved[k];
    }
    push_reshaped(L, o, &s, TSRL_COPY_NEVER);
    return 1;
}

int tsrL_op_squeeze(lua_State *L) {
    static const char *const names[] = {"dim|axis"};
    tsrL_object *o = self(L);
    int dims[TSR_MAX_DIMS];
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    int count = rest_dims(L, 2, tsr_array_ndim(o->array), dims);
    VIEW(L, o, tsr_view_squeeze, count, dims, tsrL_face(L) == TSR_FACE_NUMPY);
    return 1;
}

/* unsqueeze(dim), expand_dims(axis or table of axes): dimensions of the result. */
int tsrL_op_unsqueeze(lua_State *L) {
    static const char *const names[] = {"dim|axis"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 1, names);
    int added = lua_type(L, 2) == LUA_TTABLE ? (int)lua_rawlen(L, 2) : 1;
    int ndim = tsr_array_ndim(o->array) + added, dims[TSR_MAX_DIMS];
    if (ndim > TSR_MAX_DIMS)
        tsrL_fail(L, TSR_ESHAPE, 2, "more than %d dimensions", (int64_t)TSR_MAX_DIMS);
    if (tsrL_dims(L, 2, ndim, dims) < 0)
        tsrL_type_error(L, 2, "a dimension");
    tsr_index items[TSR_MAX_DIMS];
    uint32_t fresh = 0;
    for (int i = 0; i < added; i++) {
        if ((fresh >> dims[i] & 1) != 0)
            tsrL_fail(L, TSR_EVALUE, 2, "dimension %i is given twice", (int64_t)dims[i]);
        fresh |= 1u << dims[i];
    }
    for (int i = 0; i < ndim; i++) {
        items[i] = (tsr_index){.kind = TSR_INDEX_ALL};
        if ((fresh >> i & 1) != 0)
            items[i].kind = TSR_INDEX_NEW;
    }
    if (added == 1)
        VIEW(L, o, tsr_view_unsqueeze, dims[0]);
    else
        VIEW(L, o, tsr_view_index, ndim, items);
    return 1;
}

int tsrL_op_expand(lua_State *L) {
    tsrL_object *o = self(L);
    sizes s;
    int next;
    s.ndim = tsrL_sizes(L, 2, true, s.shape, &next);
    tsrL_bind(L, next, 0, NULL);
    VIEW(L, o, tsr_view_broadcast, s.ndim, s.shape);
    return 1;
}

/* np.broadcast_to gives a read-only view, as NumPy's. torch.broadcast_to keeps the rights. */
int tsrL_op_broadcast_to(lua_State *L) {
    static const char *const names[] = {"size|shape"};
    tsrL_object *o = self(L);
    sizes s;
    int next;
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    if (lua_isnoneornil(L, 2))
        tsrL_type_error(L, 2, "a shape");
    s.ndim = tsrL_sizes(L, 2, tsrL_face(L) == TSR_FACE_TORCH, s.shape, &next);
    VIEW(L, o, tsr_view_broadcast, s.ndim, s.shape);
    if (tsrL_face(L) == TSR_FACE_NUMPY) {
        tsrL_object *shown = tsrL_check(L, -1);
        VIEW(L, shown, tsr_view_alias, TSR_READ);
    }
    return 1;
}

int tsrL_op_expand_as(lua_State *L) {
    tsrL_object *o = self(L), *other = tsrL_check(L, 2);
    int ndim = tsr_array_ndim(other->array);
    VIEW(L, o, tsr_view_broadcast, ndim, tsr_array_shape(other->array));
    return 1;
}

int tsrL_op_diagonal(lua_State *L) {
    static const char *const names[] = {"offset", "dim1|axis1", "dim2|axis2"};
    tsrL_object *o = self(L);
    tsrL_bind(L, 2, 3, names);
    int ndim = tsr_array_ndim(o->array);
    if (ndim < 2)
        tsrL_fail(L, TSR_ESHAPE, 1, "needs at least 2 dimensions, the shape is %v", ndim,
                  tsr_array_shape(o->array));
    int64_t offset = tsrL_opt_integer(L, 2, 0);
    int dim0 = lua_isnil(L, 3) ? 0 : tsrL_dim(L, 3, ndim);
    int dim1 = lua_isnil(L, 4) ? 1 : tsrL_dim(L, 4, ndim);
    VIEW(L, o, tsr_view_diagonal, offset, dim0, dim1);
    return 1;
}

/* ---- dtype and rights
 * ------------------------------------------------------------------------------------ */

static bool is_complex(const tsrL_object *o) {
    return tsr_dtype_describe(tsr_array_dtype(o->array))->kind == 'c';
}

int tsrL_op_real(lua_State *L) {
    tsrL_object *o = self(L);
    if (is_complex(o))
        VIEW(L, o, tsr_view_part, 0);
    else
        VIEW(L, o, tsr_view_alias, TSR_READ | TSR_WRITE);
    return 1;
}

/* Of a real array torch has none, and NumPy read-only zeros. */
int tsrL_op_imag(lua_State *L) {
    tsrL_object *o = self(L);
    tsr_error err = TSRL_ERROR;
    if (is_complex(o)) {
        VIEW(L, o, tsr_view_part, 1);
        return 1;
    }
    if (o->face == TSR_FACE_TORCH)
        tsrL_fail(L, TSR_EDTYPE, 1, "needs a complex array, this one is %t",
                  (int)tsr_array_dtype(o->array));
    tsrL_object *zeros = derive(L, o);
    TSRL_TRY(L, &err,
             tsr_array_new(tsrL_lib(L)->context, tsr_array_dtype(o->array),
                           tsr_array_ndim(o->array), tsr_array_shape(o->array), true, &zeros->array,
                           &err));
    VIEW(L, zeros, tsr_view_alias, TSR_READ);
    return 1;
}

#define SIMPLE_VIEW(name, function)                                                                \
    int tsrL_op_##name(lua_State *L) {                                                             \
        tsrL_object *o = self(L);                                                                  \
        tsr_error err = TSRL_ERROR;                                                                \
        tsrL_object *made = derive(L, o);                                                          \
        TSRL_TRY(L, &err, function(o->array, &made->array, &err));                                 \
        return 1;                                                                                  \
    }
SIMPLE_VIEW(view_as_real, tsr_view_as_real)
SIMPLE_VIEW(view_as_complex, tsr_view_as_complex)

int tsrL_op_detach(lua_State *L) {
    tsrL_object *o = self(L);
    VIEW(L, o, tsr_view_alias, TSR_READ | TSR_WRITE | TSR_RESIZE);
    tsrL_check(L, -1)->requires_grad = false;
    return 1;
}

/* x:readonly(): a view of the same memory without the right to write. */
int tsrL_op_readonly(lua_State *L) {
    tsrL_object *o = self(L);
    VIEW(L, o, tsr_view_alias, TSR_READ);
    return 1;
}
