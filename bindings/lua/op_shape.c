/* Views by shape and by dtype: reshape and its family, broadcasting, parts of complex numbers.
 *
 * Where PyTorch and NumPy give a view, so do these; the few that may copy (reshape, ravel, flatten)
 * do it only when no view exists, count it, and obey copy=. */
#include "ops.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

/* A C-ordered copy of what `o` shows, in a new object on top. */
static tsrL_object *copy_of(lua_State *L, const tsrL_object *o) {
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_derive(L, o);
    TSRL_TRY(L, &err,
             tsr_clone(tsrL_lib(L)->context, o->cell->array, tsr_array_dtype(o->cell->array),
                       TSR_ORDER_C, &made->cell->array, &err));
    return made;
}

static void replace(tsrL_object *o, tsr_array *array) {
    tsr_array_release(o->cell->array);
    o->cell->array = array;
}

typedef struct sizes {
    int ndim;
    int64_t shape[TSR_MAX_DIMS];
} sizes;

/* Pushes `o` with another shape: a view, or a copy when there is none and `copy` allows. */
static void push_reshaped(lua_State *L, tsrL_object *o, sizes *s, tsrL_copy copy) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_object *made = tsrL_derive(L, o);
    tsr_status status = TSR_EUNSUPPORTED;
    if (copy != TSRL_COPY_ALWAYS) {
        status = tsr_view_reshape(o->cell->array, s->ndim, s->shape, &made->cell->array, &err);
        if (status == TSR_OK)
            return;
        if (status == TSR_EMEMORY) {
            tsrL_collect(L);
            status = tsr_view_reshape(o->cell->array, s->ndim, s->shape, &made->cell->array, &err);
        }
        if (status == TSR_OK)
            return;
        if (status != TSR_EUNSUPPORTED || copy == TSRL_COPY_NEVER)
            tsrL_raise(L, &err);
    } else {
        int64_t resolved[TSR_MAX_DIMS];
        if (tsr_shape_resolve(tsr_array_size(o->cell->array), s->ndim, s->shape, resolved, &err) !=
            TSR_OK)
            tsrL_raise(L, &err);
    }
    lua_pop(L, 1);
    made = copy_of(L, o);
    tsr_array *regrouped = NULL;
    TSRL_TRY(L, &err, tsr_view_reshape(made->cell->array, s->ndim, s->shape, &regrouped, &err));
    replace(made, regrouped);
    if (copy == TSRL_COPY_IF_NEEDED)
        tsr_context_count_copy(tsrL_lib(L)->context);
}

/* Column-major regrouping is row-major regrouping of the reversed array to the reversed shape. */
static void push_reshaped_f(lua_State *L, tsrL_object *o, sizes *s, tsrL_copy copy) {
    tsr_error err = TSRL_ERROR;
    int dims[TSR_MAX_DIMS];
    tsrL_object *turned = tsrL_derive(L, o);
    tsrL_reversed(tsr_array_ndim(o->cell->array), dims);
    TSRL_TRY(L, &err,
             tsr_view_permute(o->cell->array, tsr_array_ndim(o->cell->array), dims,
                              &turned->cell->array, &err));
    for (int i = 0; i < s->ndim / 2; i++) {
        int64_t size = s->shape[i];
        s->shape[i] = s->shape[s->ndim - 1 - i];
        s->shape[s->ndim - 1 - i] = size;
    }
    push_reshaped(L, turned, s, copy);
    lua_remove(L, -2);
    tsrL_object *made = tsrL_check(L, -1);
    tsr_array *back = NULL;
    tsrL_reversed(tsr_array_ndim(made->cell->array), dims);
    TSRL_TRY(
        L, &err,
        tsr_view_permute(made->cell->array, tsr_array_ndim(made->cell->array), dims, &back, &err));
    replace(made, back);
}

int tsrL_op_reshape(lua_State *L) {
    static const char *const names[] = {"order", "copy"};
    static const char *const all[] = {"shape", "order", "copy"};
    tsrL_object *o = tsrL_self(L);
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
    tsr_order order = tsrL_opt_order(L, next, TSR_ORDER_C, o->cell->array);
    tsrL_copy copy = tsrL_opt_copy(L, next + 1, TSRL_COPY_IF_NEEDED);
    if (order == TSR_ORDER_F)
        push_reshaped_f(L, o, &s, copy);
    else
        push_reshaped(L, o, &s, copy);
    return 1;
}

/* view(sizes...) or view(dtype): never a copy. */
int tsrL_op_view(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    tsr_dtype dtype;
    sizes s;
    int next;
    if (tsrL_test_dtype(L, 2, &dtype) || lua_type(L, 2) == LUA_TSTRING) {
        dtype = tsrL_dtype(L, 2, (tsr_face)o->face);
        TSRL_VIEW(L, o, tsr_view_dtype, dtype);
        return 1;
    }
    if (lua_isnoneornil(L, 2)) {
        TSRL_VIEW(L, o, tsr_view_alias, TSR_READ | TSR_WRITE | TSR_RESIZE);
        return 1;
    }
    s.ndim = tsrL_sizes(L, 2, true, s.shape, &next);
    tsrL_bind(L, next, 0, NULL);
    push_reshaped(L, o, &s, TSRL_COPY_NEVER);
    return 1;
}

int tsrL_op_view_as(lua_State *L) {
    tsrL_object *o = tsrL_self(L), *other = tsrL_check(L, 2);
    sizes s = {.ndim = tsr_array_ndim(other->cell->array)};
    for (int i = 0; i < s.ndim; i++)
        s.shape[i] = tsr_array_shape(other->cell->array)[i];
    push_reshaped(L, o, &s, TSRL_COPY_NEVER);
    return 1;
}

int tsrL_op_reshape_as(lua_State *L) {
    tsrL_object *o = tsrL_self(L), *other = tsrL_check(L, 2);
    sizes s = {.ndim = tsr_array_ndim(other->cell->array)};
    for (int i = 0; i < s.ndim; i++)
        s.shape[i] = tsr_array_shape(other->cell->array)[i];
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
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 1, names);
    tsr_order order = tsrL_opt_order(L, 2, TSR_ORDER_C, o->cell->array);
    sizes s = {1, {tsr_array_size(o->cell->array)}};
    int dims[TSR_MAX_DIMS], ndim = tsr_array_ndim(o->cell->array);
    for (int i = 0; i < ndim; i++)
        dims[i] = order == TSR_ORDER_F ? ndim - 1 - i : i;
    if (order == TSR_ORDER_KEEP && !tsr_array_is_contiguous(o->cell->array))
        by_stride(o->cell->array, dims);
    tsrL_object *turned = tsrL_derive(L, o);
    TSRL_TRY(L, &err, tsr_view_permute(o->cell->array, ndim, dims, &turned->cell->array, &err));
    bool copy = always || !tsr_array_is_contiguous(turned->cell->array);
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
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->cell->array);
    sizes s = {.ndim = 0};
    if (ndim == 0) {
        s = (sizes){1, {1}};
    } else {
        int first = lua_isnil(L, 2) ? 0 : tsrL_dim(L, 2, ndim);
        int last = lua_isnil(L, 3) ? ndim - 1 : tsrL_dim(L, 3, ndim);
        if (last < first)
            tsrL_fail(L, TSR_EVALUE, 3, "dimension %i lies before dimension %i", (int64_t)last,
                      (int64_t)first);
        const int64_t *shape = tsr_array_shape(o->cell->array);
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
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 2, names);
    int ndim = tsr_array_ndim(o->cell->array), dim = tsrL_dim(L, 2, ndim);
    const int64_t *shape = tsr_array_shape(o->cell->array);
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
    tsrL_object *o = tsrL_self(L);
    int dims[TSR_MAX_DIMS];
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    int count = tsrL_rest_dims(L, 2, tsr_array_ndim(o->cell->array), dims);
    TSRL_VIEW(L, o, tsr_view_squeeze, count, dims, tsrL_face(L) == TSR_FACE_NUMPY);
    return 1;
}

/* unsqueeze(dim), expand_dims(axis or table of axes): dimensions of the result. */
int tsrL_op_unsqueeze(lua_State *L) {
    static const char *const names[] = {"dim|axis"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 1, names);
    int added = lua_type(L, 2) == LUA_TTABLE ? (int)lua_rawlen(L, 2) : 1;
    int ndim = tsr_array_ndim(o->cell->array) + added, dims[TSR_MAX_DIMS];
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
        TSRL_VIEW(L, o, tsr_view_unsqueeze, dims[0]);
    else
        TSRL_VIEW(L, o, tsr_view_index, ndim, items);
    return 1;
}

int tsrL_op_expand(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    sizes s;
    int next;
    s.ndim = tsrL_sizes(L, 2, true, s.shape, &next);
    tsrL_bind(L, next, 0, NULL);
    TSRL_VIEW(L, o, tsr_view_broadcast, s.ndim, s.shape);
    return 1;
}

/* np.broadcast_to gives a read-only view, as NumPy's. torch.broadcast_to keeps the rights. */
int tsrL_op_broadcast_to(lua_State *L) {
    static const char *const names[] = {"size|shape"};
    tsrL_object *o = tsrL_self(L);
    sizes s;
    int next;
    if (lua_type(L, 2) != LUA_TNUMBER)
        tsrL_bind(L, 2, 1, names);
    if (lua_isnoneornil(L, 2))
        tsrL_type_error(L, 2, "a shape");
    s.ndim = tsrL_sizes(L, 2, tsrL_face(L) == TSR_FACE_TORCH, s.shape, &next);
    TSRL_VIEW(L, o, tsr_view_broadcast, s.ndim, s.shape);
    if (tsrL_face(L) == TSR_FACE_NUMPY) {
        tsrL_object *shown = tsrL_check(L, -1);
        TSRL_VIEW(L, shown, tsr_view_alias, TSR_READ);
    }
    return 1;
}

int tsrL_op_expand_as(lua_State *L) {
    tsrL_object *o = tsrL_self(L), *other = tsrL_check(L, 2);
    int ndim = tsr_array_ndim(other->cell->array);
    TSRL_VIEW(L, o, tsr_view_broadcast, ndim, tsr_array_shape(other->cell->array));
    return 1;
}

int tsrL_op_diagonal(lua_State *L) {
    static const char *const names[] = {"offset", "dim1|axis1", "dim2|axis2"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 3, names);
    int ndim = tsr_array_ndim(o->cell->array);
    if (ndim < 2)
        tsrL_fail(L, TSR_ESHAPE, 1, "needs at least 2 dimensions, the shape is %v", ndim,
                  tsr_array_shape(o->cell->array));
    int64_t offset = tsrL_opt_integer(L, 2, 0);
    int dim0 = lua_isnil(L, 3) ? 0 : tsrL_dim(L, 3, ndim);
    int dim1 = lua_isnil(L, 4) ? 1 : tsrL_dim(L, 4, ndim);
    TSRL_VIEW(L, o, tsr_view_diagonal, offset, dim0, dim1);
    return 1;
}

/* ---- dtype and rights ---- */

static bool is_complex(const tsrL_object *o) {
    return tsr_dtype_describe(tsr_array_dtype(o->cell->array))->kind == 'c';
}

int tsrL_op_real(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    if (is_complex(o))
        TSRL_VIEW(L, o, tsr_view_part, 0);
    else
        TSRL_VIEW(L, o, tsr_view_alias, TSR_READ | TSR_WRITE);
    return 1;
}

/* Of a real array torch has none, and NumPy read-only zeros. */
int tsrL_op_imag(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    tsr_error err = TSRL_ERROR;
    if (is_complex(o)) {
        TSRL_VIEW(L, o, tsr_view_part, 1);
        return 1;
    }
    if (o->face == TSR_FACE_TORCH)
        tsrL_fail(L, TSR_EDTYPE, 1, "needs a complex array, this one is %t",
                  (int)tsr_array_dtype(o->cell->array));
    tsrL_object *zeros = tsrL_derive(L, o);
    TSRL_TRY(L, &err,
             tsr_array_new(tsrL_lib(L)->context, tsr_array_dtype(o->cell->array),
                           tsr_array_ndim(o->cell->array), tsr_array_shape(o->cell->array), true,
                           &zeros->cell->array, &err));
    TSRL_VIEW(L, zeros, tsr_view_alias, TSR_READ);
    return 1;
}

#define SIMPLE_VIEW(name, function)                                                                \
    int tsrL_op_##name(lua_State *L) {                                                             \
        tsrL_object *o = tsrL_self(L);                                                             \
        tsr_error err = TSRL_ERROR;                                                                \
        tsrL_object *made = tsrL_derive(L, o);                                                     \
        TSRL_TRY(L, &err, function(o->cell->array, &made->cell->array, &err));                     \
        return 1;                                                                                  \
    }
SIMPLE_VIEW(view_as_real, tsr_view_as_real)
SIMPLE_VIEW(view_as_complex, tsr_view_as_complex)

int tsrL_op_detach(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    TSRL_VIEW(L, o, tsr_view_alias, TSR_READ | TSR_WRITE | TSR_RESIZE);
    tsrL_check(L, -1)->requires_grad = false;
    return 1;
}

/* x:readonly(): a view of the same memory without the right to write. */
int tsrL_op_readonly(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    TSRL_VIEW(L, o, tsr_view_alias, TSR_READ);
    return 1;
}
