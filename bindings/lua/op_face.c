/* From face to face, and from other people's memory: the conversions that share storage. */
#include "binding.h"
#include "ops.h"

#include <string.h>

/* The same array under the other face: a view of everything it is. */
static int alias(lua_State *L, tsrL_object *o, tsr_face face) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_object *made = tsrL_new(L, face);
    TSRL_TRY(L, &err,
             tsr_view_alias(o->cell->array, TSR_READ | TSR_WRITE | TSR_RESIZE, &made->cell->array,
                            &err));
    return 1;
}

/* t:numpy{force = true} */
int tsrL_op_numpy(lua_State *L) {
    static const char *const names[] = {"force"};
    tsrL_object *o = tsrL_check(L, 1);
    if (lua_gettop(L) > 1) {
        tsrL_bind(L, 2, 1, names);
        if (tsrL_opt_boolean(L, 2, false))
            return alias(L, o, TSR_FACE_NUMPY);
    }
    if (o->requires_grad)
        tsrL_fail(L, TSR_EVALUE, 1,
                  "the tensor requires grad: use t:detach():numpy(), or t:numpy{force = true}");
    return alias(L, o, TSR_FACE_NUMPY);
}

int tsrL_op_from_numpy(lua_State *L) {
    tsrL_object *o = tsrL_test(L, 1);
    if (!tsrL_filled(o) || o->face != TSR_FACE_NUMPY)
        tsrL_type_error(L, 1, "an ndarray");
    return alias(L, o, TSR_FACE_TORCH);
}

/* ---- frombuffer ---- */

static void anchored(lua_State *L, int anchor, tsr_buffer *buffer, tsrL_object *made,
                     tsr_dtype dtype, int ndim, const int64_t *shape, const int64_t *strides,
                     int64_t offset) {
    tsr_error err = TSRL_ERROR;
    tsr_storage *storage = NULL;
    TSRL_TRY(L, &err, tsrL_anchor(L, anchor, buffer, &storage, &err));
    tsr_status status =
        tsr_array_from_storage(tsrL_lib(L)->context, storage, dtype, ndim, shape, strides, offset,
                               TSR_READ | TSR_WRITE, &made->cell->array, &err);
    if (status == TSR_EMEMORY) {
        tsrL_collect(L);
        status = tsr_array_from_storage(tsrL_lib(L)->context, storage, dtype, ndim, shape, strides,
                                        offset, TSR_READ | TSR_WRITE, &made->cell->array, &err);
    }
    tsr_storage_release(storage); /* the array holds it now, or nobody does */
    if (status != TSR_OK)
        tsrL_raise(L, &err);
}

/* Elements of `dtype` in `bytes` bytes from `offset` on; `count` -1 is all of them. */
static int64_t buffer_count(lua_State *L, int64_t bytes, tsr_dtype dtype, int64_t offset,
                            int64_t count) {
    int64_t item = tsr_dtype_describe(dtype)->itemsize;
    if (offset < 0 || offset > bytes)
        tsrL_fail(L, TSR_EVALUE, 3, "offset %d lies outside the buffer of %d bytes", offset, bytes);
    int64_t rest = bytes - offset;
    if (count < 0 && rest % item != 0)
        tsrL_fail(L, TSR_EVALUE, 1, "%d bytes are no whole number of %t elements", rest,
                  (int)dtype);
    if (count > rest / item)
        tsrL_fail(L, TSR_EVALUE, 4, "%d elements of %t do not fit %d bytes", count, (int)dtype,
                  rest);
    return count < 0 ? rest / item : count;
}

/* frombuffer(s, {dtype, count, offset}): a Lua string's bytes, read-only; or an array's, with its
 * rights. */
int tsrL_op_frombuffer(lua_State *L) {
    static const char *const names[] = {"dtype", "count", "offset"};
    tsrL_bind(L, 2, 3, names);
    tsr_face face = tsrL_face(L);
    if (face == TSR_FACE_TORCH && lua_isnil(L, 2))
        tsrL_type_error(L, 2, "a dtype");
    tsr_dtype dtype = tsrL_opt_dtype(L, 2, face, TSR_FLOAT64);
    int64_t count = tsrL_opt_integer(L, 3, -1), offset = tsrL_opt_integer(L, 4, 0);
    tsrL_object *o = tsrL_test(L, 1);
    tsr_error err = TSRL_ERROR;
    if (o == NULL && lua_type(L, 1) != LUA_TSTRING)
        tsrL_type_error(L, 1, "a string or an array");
    if (o == NULL) {
        size_t bytes;
        const char *s = lua_tolstring(L, 1, &bytes);
        int64_t n = buffer_count(L, (int64_t)bytes, dtype, offset, count);
        tsr_buffer buffer = {.struct_size = sizeof buffer,
                             .data = (void *)(uintptr_t)s,
                             .bytes = bytes,
                             .kind = TSR_STRING,
                             .rights = TSR_READ,
                             .label = "Lua string"};
        anchored(L, 1, &buffer, tsrL_new(L, face), dtype, 1, &n, NULL, offset);
        return 1;
    }
    o = tsrL_check(L, 1);
    if (!tsr_array_is_contiguous(o->cell->array))
        tsrL_fail(L, TSR_EVALUE, 1, "the buffer must be contiguous");
    int64_t bytes = tsr_array_size(o->cell->array) * (int64_t)tsr_array_itemsize(o->cell->array);
    int64_t n = buffer_count(L, bytes, dtype, offset, count);
    tsrL_object *made = tsrL_new(L, face);
    TSRL_TRY(L, &err,
             tsr_array_from_storage(tsrL_lib(L)->context, tsr_array_storage(o->cell->array), dtype,
                                    1, &n, NULL, tsr_array_offset(o->cell->array) + offset,
                                    tsr_array_rights(o->cell->array), &made->cell->array, &err));
    return 1;
}

/* ---- the array interface ---- */

/* Field `name` of the table on top; true when it is there (and pushed). */
static bool field(lua_State *L, const char *name) {
    if (tsrL_rawgetfield(L, -1, name) != LUA_TNIL)
        return true;
    lua_pop(L, 1);
    return false;
}

static int64_t integer_field(lua_State *L, const char *name, int64_t otherwise) {
    if (!field(L, name))
        return otherwise;
    int64_t i = tsrL_integer(L, -1);
    lua_pop(L, 1);
    return i;
}

static tsr_dtype interface_dtype(lua_State *L) {
    tsr_dtype dtype = TSR_BOOL;
    if (field(L, "dtype"))
        dtype = tsrL_dtype(L, -1, TSR_FACE_NUMPY);
    else if (field(L, "typestr") && lua_type(L, -1) == LUA_TSTRING) {
        if (!tsr_dtype_parse(TSR_FACE_NUMPY, lua_tostring(L, -1), &dtype))
            tsrL_fail(L, TSR_EDTYPE, 1, "__array_interface: typestr \"%s\" is not supported",
                      lua_tostring(L, -1));
    } else
        tsrL_fail(L, TSR_EDTYPE, 1, "__array_interface gives neither typestr nor dtype");
    lua_pop(L, 1);
    return dtype;
}

/* Range of byte offsets from the first element that an array of this layout covers. */
static void extent(lua_State *L, int ndim, const int64_t *shape, const int64_t *strides,
                   int64_t item, int64_t *low, int64_t *high) {
    *low = 0;
    *high = item;
    for (int i = 0; i < ndim; i++) {
        int64_t reach;
        bool fits = shape[i] >= 0;
        if (shape[i] == 0) {
            *low = *high = 0;
            return;
        }
        int64_t *end = strides[i] < 0 ? low : high;
        fits = fits && !__builtin_mul_overflow(shape[i] - 1, strides[i], &reach) &&
               !__builtin_add_overflow(*end, reach, end);
        if (!fits)
            tsrL_fail(L, TSR_EVALUE, 1, "__array_interface: shape %v and strides %v overflow", ndim,
                      shape, ndim, strides);
    }
}

/* The description is on top of the stack, the object at 1. */
static int view_interface(lua_State *L) {
    int table = lua_gettop(L);
    tsr_dtype dtype = interface_dtype(L);
    int64_t item = tsr_dtype_describe(dtype)->itemsize;
    int64_t shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS], low = 0, high = 0;
    if (!field(L, "shape"))
        tsrL_fail(L, TSR_ESHAPE, 1, "__array_interface gives no shape");
    int ndim = tsrL_integers(L, lua_gettop(L), TSR_MAX_DIMS, shape);
    lua_pop(L, 1);
    int64_t stride = item;
    for (int i = ndim; i-- > 0;) {
        strides[i] = stride;
        if (__builtin_mul_overflow(stride, shape[i] > 1 ? shape[i] : 1, &stride))
            tsrL_fail(L, TSR_EVALUE, 1, "__array_interface: shape %v overflows", ndim, shape);
    }
    if (field(L, "strides")) {
        if (tsrL_integers(L, lua_gettop(L), TSR_MAX_DIMS, strides) != ndim)
            tsrL_fail(L, TSR_ESHAPE, 1, "__array_interface: as many strides as sizes are needed");
        lua_pop(L, 1);
    }
    int64_t offset = integer_field(L, "offset", 0);
    bool readonly = field(L, "readonly") && lua_toboolean(L, -1);
    lua_settop(L, table);
    extent(L, ndim, shape, strides, item, &low, &high);
    if (!field(L, "data"))
        tsrL_fail(L, TSR_EVALUE, 1, "__array_interface gives no data");
    tsr_buffer buffer = {.struct_size = sizeof buffer, .kind = TSR_FOREIGN, .rights = TSR_READ};
    int64_t first = offset; /* of the first element in the storage */
    size_t bytes = 0;
    if (lua_type(L, -1) == LUA_TSTRING) {
        buffer.data = (void *)(uintptr_t)lua_tolstring(L, -1, &bytes);
        buffer.kind = TSR_STRING;
        buffer.bytes = bytes;
    } else if (lua_type(L, -1) == LUA_TLIGHTUSERDATA) {
        if ((tsrL_lib(L)->capabilities & TSRL_POINTERS) == 0)
            tsrL_fail(L, TSR_ELIMIT, 1, "raw pointers are not allowed by the host");
        buffer.data = (char *)lua_touserdata(L, -1) + offset + low;
        buffer.bytes = (size_t)(high - low);
        first = -low;
        if (!readonly)
            buffer.rights |= TSR_WRITE;
    } else {
        tsrL_fail(L, TSR_EVALUE, 1, "__array_interface: data must be a lightuserdata or a string");
    }
    buffer.label = lua_type(L, -1) == LUA_TSTRING ? "Lua string" : "array interface";
    lua_settop(L, table);
    /* What keeps the bytes: the string itself, the owner that is named, or the object. */
    tsrL_rawgetfield(L, table, buffer.kind == TSR_STRING ? "data" : "owner");
    if (lua_isnil(L, -1))
        lua_pushvalue(L, 1);
    int anchor = lua_gettop(L);
    anchored(L, anchor, &buffer, tsrL_new(L, TSR_FACE_NUMPY), dtype, ndim, shape, strides, first);
    return 1;
}

/* ts.view(obj): an ndarray over whatever offers __array_interface. */
int tsrL_op_view_object(lua_State *L) {
    tsrL_object *o = tsrL_test(L, 1);
    if (o != NULL)
        return alias(L, tsrL_check(L, 1), TSR_FACE_NUMPY);
    lua_settop(L, 1);
    if (!luaL_getmetafield(L, 1, "__array_interface"))
        tsrL_type_error(L, 1, "an array or an object with __array_interface");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TTABLE)
        tsrL_fail(L, TSR_EVALUE, 1, "__array_interface gives a %s, not a table",
                  luaL_typename(L, -1));
    return view_interface(L);
}

/* Ours: {data, shape, typestr, strides, readonly, owner}. */
int tsrL_op_array_interface(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    const tsr_array *a = o->cell->array;
    tsr_error err = TSRL_ERROR;
    if ((tsrL_lib(L)->capabilities & TSRL_POINTERS) == 0)
        tsrL_fail(L, TSR_ELIMIT, 1, "raw pointers are not allowed by the host");
    if (tsr_array_usable(a, false, &err) != TSR_OK)
        tsrL_raise(L, &err);
    lua_createtable(L, 0, 6);
    lua_pushlightuserdata(L, tsr_array_data(a));
    lua_setfield(L, -2, "data");
    tsrL_push_shape(L, tsr_array_ndim(a), tsr_array_shape(a), TSR_FACE_NUMPY);
    lua_setfield(L, -2, "shape");
    tsrL_push_shape(L, tsr_array_ndim(a), tsr_array_strides(a), TSR_FACE_NUMPY);
    lua_setfield(L, -2, "strides");
    lua_pushstring(L, tsr_dtype_describe(tsr_array_dtype(a))->typestr);
    lua_setfield(L, -2, "typestr");
    tsrL_push_dtype(L, tsr_array_dtype(a));
    lua_setfield(L, -2, "dtype");
    lua_pushboolean(L, (tsr_array_rights(a) & TSR_WRITE) == 0);
    lua_setfield(L, -2, "readonly");
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "owner");
    return 1;
}
