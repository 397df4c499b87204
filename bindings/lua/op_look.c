/* Looking at arrays: sizes, layout, dtype, where the bytes come from, who shares them. Functions
 * called as properties take the array alone. */
#include "fuse.h"
#include "ops.h"
#include "view.h"

#include <string.h>

static int push_int(lua_State *L, int64_t i) {
    lua_pushinteger(L, (lua_Integer)i);
    return 1;
}

static int push_bool(lua_State *L, bool b) {
    lua_pushboolean(L, b);
    return 1;
}

int tsrL_op_shape(lua_State *L) {
    tsrL_object *o = tsrL_self_looked_at(L);
    tsrL_push_shape(L, tsr_array_ndim(o->cell->array), tsr_array_shape(o->cell->array),
                    (tsr_face)o->face);
    return 1;
}

/* t:size() is the shape, t:size(dim) one size; np.size(a, axis) counts elements without an axis. */
int tsrL_op_size(lua_State *L) {
    static const char *const names[] = {"dim|axis"};
    tsrL_object *o = tsrL_self_looked_at(L);
    tsrL_bind(L, 2, 1, names);
    if (!lua_isnil(L, 2))
        return push_int(
            L, tsr_array_shape(o->cell->array)[tsrL_dim(L, 2, tsr_array_ndim(o->cell->array))]);
    if (tsrL_face(L) == TSR_FACE_NUMPY)
        return push_int(L, tsr_array_size(o->cell->array));
    return tsrL_op_shape(L);
}

int tsrL_op_ndim(lua_State *L) {
    return push_int(L, tsr_array_ndim(tsrL_self_looked_at(L)->cell->array));
}

int tsrL_op_numel(lua_State *L) {
    return push_int(L, tsr_array_size(tsrL_self_looked_at(L)->cell->array));
}

/* torch: t:stride() and t:stride(dim), in elements. */
int tsrL_op_stride(lua_State *L) {
    static const char *const names[] = {"dim"};
    tsrL_object *o = tsrL_self_looked_at(L);
    tsrL_bind(L, 2, 1, names);
    int64_t item = (int64_t)tsr_array_itemsize(o->cell->array), strides[TSR_MAX_DIMS];
    int ndim = tsr_array_ndim(o->cell->array);
    for (int i = 0; i < ndim; i++) {
        strides[i] = tsr_array_strides(o->cell->array)[i];
        if (strides[i] % item != 0)
            tsrL_fail(L, TSR_EUNSUPPORTED, 1,
                      "stride of %d bytes is no whole number of %t elements: see x.strides",
                      strides[i], (int)tsr_array_dtype(o->cell->array));
        strides[i] /= item;
    }
    if (!lua_isnil(L, 2))
        return push_int(L, strides[tsrL_dim(L, 2, ndim)]);
    tsrL_push_shape(L, ndim, strides, TSR_FACE_NUMPY);
    return 1;
}

int tsrL_op_strides(lua_State *L) {
    tsrL_object *o = tsrL_self_looked_at(L);
    tsrL_push_shape(L, tsr_array_ndim(o->cell->array), tsr_array_strides(o->cell->array),
                    TSR_FACE_NUMPY);
    return 1;
}

int tsrL_op_itemsize(lua_State *L) {
    return push_int(L, (int64_t)tsr_array_itemsize(tsrL_self_looked_at(L)->cell->array));
}

int tsrL_op_nbytes(lua_State *L) {
    const tsr_array *a = tsrL_self_looked_at(L)->cell->array;
    return push_int(L, tsr_array_size(a) * (int64_t)tsr_array_itemsize(a));
}

int tsrL_op_dtype(lua_State *L) {
    if (tsrL_traces(L, 1))
        tsrL_push_dtype(L, tsrL_trace_dtype(L));
    else
        tsrL_push_dtype(L, tsr_array_dtype(tsrL_self_looked_at(L)->cell->array));
    return 1;
}

int tsrL_op_device(lua_State *L) {
    tsrL_self(L);
    lua_pushliteral(L, "cpu");
    return 1;
}

/* In elements, as PyTorch counts. */
int tsrL_op_storage_offset(lua_State *L) {
    const tsr_array *a = tsrL_self(L)->cell->array;
    int64_t item = (int64_t)tsr_array_itemsize(a), offset = tsr_array_offset(a);
    if (offset % item != 0)
        tsrL_fail(L, TSR_EUNSUPPORTED, 1, "offset of %d bytes is no whole number of %t elements",
                  offset, (int)tsr_array_dtype(a));
    return push_int(L, offset / item);
}

int tsrL_op_data_ptr(lua_State *L) {
    const tsr_array *a = tsrL_self(L)->cell->array;
    tsr_error err = TSRL_ERROR;
    if ((tsrL_lib(L)->capabilities & TSRL_POINTERS) == 0)
        tsrL_fail(L, TSR_ELIMIT, 1, "raw pointers are not allowed by the host");
    if (tsr_array_readable(a, &err) != TSR_OK)
        tsrL_raise(L, &err);
#if TSRL_INTEGERS
    lua_pushinteger(L, (lua_Integer)(uintptr_t)tsr_array_data(a));
#else
    lua_pushnumber(L, (lua_Number)(uintptr_t)tsr_array_data(a)); /* exact below 2^53 */
#endif
    return 1;
}

int tsrL_op_is_contiguous(lua_State *L) {
    return push_bool(L, tsr_array_is_contiguous(tsrL_self_looked_at(L)->cell->array));
}

static char kind_of(lua_State *L) {
    tsr_dtype dtype = TSR_BOOL;
    if (!tsrL_test_dtype(L, 1, &dtype))
        dtype = tsr_array_dtype(tsrL_self_looked_at(L)->cell->array);
    return tsr_dtype_describe(dtype)->kind;
}

int tsrL_op_is_floating_point(lua_State *L) {
    return push_bool(L, kind_of(L) == 'f');
}

int tsrL_op_is_complex(lua_State *L) {
    return push_bool(L, kind_of(L) == 'c');
}

int tsrL_op_is_signed(lua_State *L) {
    char kind = kind_of(L);
    return push_bool(L, kind != 'b' && kind != 'u');
}

/* Placeholders of fused functions count as what they stand for. */
static int push_is_of(lua_State *L, tsr_face face) {
    tsrL_object *o = tsrL_peek(L, 1);
    bool array = o != NULL && o->face == face;
    return push_bool(L, array && (tsrL_filled(o) || tsrL_traces(L, 1)));
}

int tsrL_op_is_tensor(lua_State *L) {
    return push_is_of(L, TSR_FACE_TORCH);
}

int tsrL_op_is_ndarray(lua_State *L) {
    return push_is_of(L, TSR_FACE_NUMPY);
}

int tsrL_op_requires_grad(lua_State *L) {
    return push_bool(L, tsrL_self_looked_at(L)->requires_grad);
}

int tsrL_op_set_requires_grad(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    bool wanted = tsrL_opt_boolean(L, 2, true);
    char kind = tsr_dtype_describe(tsr_array_dtype(o->cell->array))->kind;
    if (wanted && kind != 'f' && kind != 'c')
        tsrL_fail(L, TSR_EDTYPE, 1,
                  "only floating and complex tensors can require gradients, this one is %t",
                  (int)tsr_array_dtype(o->cell->array));
    o->requires_grad = wanted;
    lua_settop(L, 1);
    return 1;
}

int tsrL_op_version(lua_State *L) {
    return push_int(L, (int64_t)tsr_storage_version(tsr_array_storage(tsrL_self(L)->cell->array)));
}

static void set_flag(lua_State *L, const char *name, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* NumPy's flags, in lower case. */
int tsrL_op_flags(lua_State *L) {
    const tsr_array *a = tsrL_self(L)->cell->array;
    lua_createtable(L, 0, 7);
    set_flag(L, "c_contiguous", tsr_array_is_contiguous(a));
    set_flag(L, "f_contiguous", tsr_array_is_fortran_contiguous(a));
    set_flag(L, "aligned", tsr_array_is_aligned(a));
    set_flag(L, "native", !tsr_array_is_swapped(a));
    set_flag(L, "writeable", (tsr_array_rights(a) & TSR_WRITE) != 0);
    set_flag(L, "owndata",
             tsr_storage_kind(tsr_array_storage(a)) == TSR_OWNED &&
                 tsr_storage_references(tsr_array_storage(a)) == 1);
    set_flag(L, "shared", tsr_storage_references(tsr_array_storage(a)) > 1);
    return 1;
}

/* {kind, label, bytes, readonly, revoked} */
int tsrL_op_origin(lua_State *L) {
    const tsr_array *a = tsrL_self(L)->cell->array;
    const tsr_storage *s = tsr_array_storage(a);
    const char *kind = tsr_kind_name(tsr_storage_kind(s));
    lua_Integer bytes = (lua_Integer)tsr_storage_bytes(s);
    bool revoked = tsr_storage_revoked(s);
    tsrL_push_label(L, s); /* the last look at the storage: a finalizer may let it go */
    lua_createtable(L, 0, 5);
    lua_pushstring(L, kind);
    lua_setfield(L, -2, "kind");
    if (lua_rawlen(L, -2) > 0) {
        lua_pushvalue(L, -2);
        lua_setfield(L, -2, "label");
    }
    lua_pushinteger(L, bytes);
    lua_setfield(L, -2, "bytes");
    set_flag(L, "readonly", (tsr_array_rights(a) & TSR_WRITE) == 0);
    set_flag(L, "revoked", revoked);
    return 1;
}

static int shares(lua_State *L, bool exact) {
    tsrL_object *a = tsrL_self(L), *b = tsrL_toarray(L, 2, tsrL_face(L));
    return push_bool(L, tsr_array_shares(a->cell->array, b->cell->array, exact));
}

int tsrL_op_shares(lua_State *L) {
    return shares(L, true);
}

int tsrL_op_may_share(lua_State *L) {
    return shares(L, false);
}

/* The only element of an array of one, or with indices the element there (NumPy's item(i, j)). */
int tsrL_op_item(lua_State *L) {
    tsrL_object *o = tsrL_self_looked_at(L);
    tsr_error err = TSRL_ERROR;
    if (lua_gettop(L) > 1)
        return tsrL_op_get(L);
    if (tsr_array_size(o->cell->array) != 1)
        tsrL_fail(L, TSR_EVALUE, 1, "an array of %d elements is not one number",
                  tsr_array_size(o->cell->array));
    int64_t index[TSR_MAX_DIMS] = {0};
    tsr_scalar value;
    if (tsr_array_get(o->cell->array, tsr_array_ndim(o->cell->array), index, &value, &err) !=
        TSR_OK)
        tsrL_raise(L, &err);
    if (value.dtype == TSR_COMPLEX128) {
        o = tsrL_check(L, 1);
        tsrL_object *made = tsrL_new(L, (tsr_face)o->face);
        TSRL_TRY(L, &err, tsr_view_reshape(o->cell->array, 0, NULL, &made->cell->array, &err));
        return 1;
    }
    tsrL_push_scalar(L, &value);
    return 1;
}

/* ---- dtypes ---- */

/* A dtype, an array's dtype, or what a Lua number weighs: weak numbers give their kind. */
static tsr_dtype operand_dtype(lua_State *L, int argument, bool *weak) {
    tsr_dtype dtype = TSR_BOOL;
    tsrL_object *o = tsrL_peek(L, argument);
    tsr_scalar s;
    *weak = false;
    if (o != NULL)
        return tsr_array_dtype(tsrL_look(L, argument)->cell->array);
    if (lua_type(L, argument) != LUA_TSTRING && tsrL_test_scalar(L, argument, &s)) {
        *weak = true;
        return s.dtype;
    }
    (void)dtype;
    return tsrL_dtype(L, argument, tsrL_face(L));
}

static int category(char kind) {
    return kind == 'b' ? 0 : (kind == 'u' || kind == 'i') ? 1 : kind == 'f' ? 2 : 3;
}

/* result_type(...): arrays and dtypes promote, numbers only raise the category. On torch
 * 0-dimensional arrays count as numbers do. */
int tsrL_op_result_type(lua_State *L) {
    tsr_face face = tsrL_face(L);
    tsrL_library *lib = tsrL_lib(L);
    uint32_t set[2] = {0, 0}; /* full operands; torch's 0-d arrays */
    int weak_category = -1;
    int top = lua_gettop(L);
    if (top == 0)
        tsrL_type_error(L, 1, "an array, a dtype or a number");
    for (int i = 1; i <= top; i++) {
        bool weak;
        tsr_dtype dtype = operand_dtype(L, i, &weak);
        if (weak) {
            int c = category(tsr_dtype_describe(dtype)->kind);
            weak_category = c > weak_category ? c : weak_category;
            continue;
        }
        tsrL_object *o = tsrL_peek(L, i);
        int rank = face == TSR_FACE_TORCH && o != NULL && tsr_array_ndim(o->cell->array) == 0;
        set[rank] |= 1u << dtype;
    }
    tsr_dtype level[2] = {tsr_dtype_promote_set(face, set[0]), tsr_dtype_promote_set(face, set[1])};
    tsr_dtype result = level[0] != TSR_DTYPE_COUNT ? level[0] : level[1];
    if (level[0] != TSR_DTYPE_COUNT && level[1] != TSR_DTYPE_COUNT) {
        char full = tsr_dtype_describe(level[0])->kind, zero_d = tsr_dtype_describe(level[1])->kind;
        if (full == 'f' && zero_d == 'c') /* complex, but no wider than the full operands */
            result = tsr_dtype_promote(face, level[0], TSR_COMPLEX64);
        else if (category(zero_d) > category(full))
            result = tsr_dtype_promote(face, level[0], level[1]);
    }
    static const tsr_dtype kinds[] = {TSR_BOOL, TSR_INT64, TSR_FLOAT64};
    if (result == TSR_DTYPE_COUNT)
        result = tsrL_default_dtype(lib, face, kinds[weak_category]);
    else if (weak_category > category(tsr_dtype_describe(result)->kind))
        result = tsrL_default_dtype(lib, face, kinds[weak_category]);
    tsrL_push_dtype(L, result);
    return 1;
}

int tsrL_op_promote_types(lua_State *L) {
    tsr_face face = tsrL_face(L);
    tsrL_push_dtype(L, tsr_dtype_promote(face, tsrL_dtype(L, 1, face), tsrL_dtype(L, 2, face)));
    return 1;
}

/* can_cast(from, to, casting): NumPy's "safe" by default; torch allows all but a fall of category.
 */
int tsrL_op_can_cast(lua_State *L) {
    static const char *const names[] = {"from|from_", "to", "casting"};
    tsrL_bind(L, 1, 3, names);
    bool weak;
    tsr_dtype from = operand_dtype(L, 1, &weak), to = tsrL_dtype(L, 2, tsrL_face(L));
    if (weak)
        tsrL_type_error(L, 1, "an array or a dtype");
    if (tsrL_face(L) == TSR_FACE_TORCH) {
        int a = category(tsr_dtype_describe(from)->kind),
            b = category(tsr_dtype_describe(to)->kind);
        return push_bool(L, a <= b);
    }
    return push_bool(L, tsr_dtype_can_cast(from, to, tsrL_opt_casting(L, 3, TSR_CAST_SAFE)));
}

int tsrL_op_get_default_dtype(lua_State *L) {
    tsrL_push_dtype(L, tsrL_lib(L)->default_float[TSR_FACE_TORCH]);
    return 1;
}

int tsrL_op_set_default_dtype(lua_State *L) {
    tsr_dtype dtype = tsrL_dtype(L, 1, TSR_FACE_TORCH);
    if (tsr_dtype_describe(dtype)->kind != 'f')
        tsrL_fail(L, TSR_EDTYPE, 1, "the default dtype must be floating, not %t", (int)dtype);
    tsrL_lib(L)->default_float[TSR_FACE_TORCH] = dtype;
    return 0;
}

/* ---- the engine ---- */

int tsrL_op_memory(lua_State *L) {
    tsr_memory m;
    tsr_context_memory(tsrL_lib(L)->context, &m);
    const struct {
        const char *name;
        size_t bytes;
    } rows[] = {{"current", m.current}, {"peak", m.peak},     {"cached", m.cached},
                {"lent", m.lent},       {"mapped", m.mapped}, {"allocated", (size_t)m.allocated}};
    lua_createtable(L, 0, 7);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lua_pushinteger(L, (lua_Integer)rows[i].bytes);
        lua_setfield(L, -2, rows[i].name);
    }
    if (m.quota != 0) {
        lua_pushinteger(L, (lua_Integer)m.quota);
        lua_setfield(L, -2, "quota");
    }
    return 1;
}

int tsrL_op_copies(lua_State *L) {
    return push_int(L, (int64_t)tsr_context_copies(tsrL_lib(L)->context));
}

int tsrL_op_isa(lua_State *L) {
    lua_pushstring(L, tsr_context_isa(tsrL_lib(L)->context));
    return 1;
}

int tsrL_op_trim(lua_State *L) {
    tsr_context_trim(tsrL_lib(L)->context);
    return 0;
}

int tsrL_op_last_error(lua_State *L) {
    return tsrL_last_error(L);
}
