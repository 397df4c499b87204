/* The array interface: how Lua libraries that know nothing of each other share memory.
 *
 * An object offers its bytes by a metatable field __array_interface, a function of the object that
 * returns a table: data (a lightuserdata, or a string for read-only bytes), shape, typestr
 * (NumPy's) or dtype, and optionally strides and offset in bytes, readonly, and owner, which lives
 * as long as any view of the bytes. tensors and ndarrays offer it too; their owner is a hold
 * (below), which keeps the bytes even when the array is released, and holds lent memory against
 * revocation, since who has the address cannot be told. */
#include "binding.h"
#include "ops.h"

#include <string.h>

/* ---- in ---- */

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

/* The dtypes of another copy of the library in the state are strangers, but tell their names. */
static void name_stranger(lua_State *L) {
    tsr_dtype dtype;
    if (lua_type(L, -1) == LUA_TUSERDATA && !tsrL_test_dtype(L, -1, &dtype) &&
        luaL_getmetafield(L, -1, "__index")) {
        lua_pop(L, 1);
        lua_getfield(L, -1, "name");
        lua_replace(L, -2);
    }
}

/* *swapped: its elements are in the other byte order. */
static tsr_dtype interface_dtype(lua_State *L, bool *swapped) {
    tsr_dtype dtype = TSR_BOOL;
    *swapped = false;
    if (field(L, "dtype")) {
        name_stranger(L);
        dtype = tsrL_dtype(L, -1, TSR_FACE_NUMPY);
    } else if (field(L, "typestr") && lua_type(L, -1) == LUA_TSTRING) {
        const char *typestr = lua_tostring(L, -1);
        *swapped = *typestr == '>';
        if (!tsr_dtype_parse(TSR_FACE_NUMPY, typestr + *swapped, &dtype))
            tsrL_fail(L, TSR_EDTYPE, 1, "__array_interface: typestr \"%s\" is not supported",
                      lua_tostring(L, -1));
    } else {
        tsrL_fail(L, TSR_EDTYPE, 1, "__array_interface gives neither typestr nor dtype");
    }
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
static bool view_interface(lua_State *L) {
    int table = lua_gettop(L);
    bool swapped;
    tsr_dtype dtype = interface_dtype(L, &swapped);
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
    tsrL_object *made = tsrL_new(L, TSR_FACE_NUMPY);
    tsrL_fill_anchored(L, anchor, &buffer, made, dtype, ndim, shape, strides, first);
    if (swapped) {
        tsr_error err = TSRL_ERROR;
        tsr_array *native = made->cell->array, *view = NULL;
        TSRL_TRY(L, &err, tsr_view_swapped(native, &view, &err));
        made->cell->array = view;
        tsr_array_release(native);
    }
    return true;
}

/* Pushes an ndarray for the value at 1; false, and nothing, when it offers no memory. */
static bool push_view(lua_State *L) {
    if (!luaL_getmetafield(L, 1, "__array_interface"))
        return false;
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TTABLE)
        tsrL_fail(L, TSR_EVALUE, 1, "__array_interface gives a %s, not a table",
                  luaL_typename(L, -1));
    return view_interface(L);
}

void tsrL_adopt(lua_State *L) {
    int type = lua_type(L, 1), top = lua_gettop(L);
    if ((type != LUA_TTABLE && type != LUA_TUSERDATA) || tsrL_test(L, 1) != NULL)
        return;
    luaL_checkstack(L, 12, NULL);
    if (push_view(L))
        lua_replace(L, 1);
    lua_settop(L, top);
}

/* ts.view(obj): an ndarray over whatever offers __array_interface. */
int tsrL_op_view_object(lua_State *L) {
    lua_settop(L, 1);
    tsrL_object *o = tsrL_test(L, 1);
    if (o == NULL) {
        if (!push_view(L))
            tsrL_type_error(L, 1, "an array or an object with __array_interface");
        return 1;
    }
    tsr_error err;
    tsrL_no_error(&err);
    o = tsrL_check(L, 1);
    tsrL_object *made = tsrL_new(L, TSR_FACE_NUMPY);
    TSRL_TRY(L, &err,
             tsr_view_alias(o->cell->array, TSR_READ | TSR_WRITE | TSR_RESIZE, &made->cell->array,
                            &err));
    return 1;
}

/* ---- out ---- */

typedef struct hold {
    tsr_storage *storage; /* retained */
    bool exported;
} hold;

static int hold_gc(lua_State *L) {
    hold *h = lua_touserdata(L, 1);
    if (h == NULL || lua_rawlen(L, 1) != sizeof *h || h->storage == NULL)
        return 0;
    tsr_storage *storage = h->storage;
    h->storage = NULL;
    if (h->exported)
        tsr_storage_unexport(storage);
    tsr_storage_release(storage);
    return 0;
}

static int hold_tostring(lua_State *L) {
    lua_pushliteral(L, "hold");
    return 1;
}

/* Memory that ends with the state anyway cannot be exported, and need not be. */
static void push_hold(lua_State *L, tsr_storage *storage) {
    static const char key = 0;
    hold *h = tsrL_newuserdata(L, sizeof *h);
    *h = (hold){NULL, false};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 3);
        lua_pushcfunction(L, hold_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, hold_tostring);
        lua_setfield(L, -2, "__tostring");
        lua_pushliteral(L, "hold");
        lua_setfield(L, -2, "__metatable");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    }
    lua_setmetatable(L, -2);
    tsr_error err = TSRL_ERROR;
    tsr_status status = tsr_storage_export(storage, "an array interface", &err);
    if (status != TSR_OK && status != TSR_EUNSUPPORTED)
        tsrL_raise(L, &err);
    h->exported = status == TSR_OK;
    tsr_storage_retain(storage);
    h->storage = storage;
}

/* x:__array_interface(): {data, shape, strides, typestr, dtype, readonly, owner}. */
int tsrL_op_array_interface(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    const tsr_array *a = o->cell->array;
    tsr_error err = TSRL_ERROR;
    if ((tsrL_lib(L)->capabilities & TSRL_POINTERS) == 0)
        tsrL_fail(L, TSR_ELIMIT, 1, "raw pointers are not allowed by the host");
    push_hold(L, tsr_array_storage(a)); /* first: from here on the address stays good */
    if (tsr_array_readable(a, &err) != TSR_OK)
        tsrL_raise(L, &err);
    void *data = tsr_array_data(a);
    bool readonly = (tsr_array_rights(a) & TSR_WRITE) == 0;
    lua_createtable(L, 0, 7);
    lua_insert(L, -2);
    lua_setfield(L, -2, "owner");
    lua_pushlightuserdata(L, data);
    lua_setfield(L, -2, "data");
    tsrL_push_shape(L, tsr_array_ndim(a), tsr_array_shape(a), TSR_FACE_NUMPY);
    lua_setfield(L, -2, "shape");
    tsrL_push_shape(L, tsr_array_ndim(a), tsr_array_strides(a), TSR_FACE_NUMPY);
    lua_setfield(L, -2, "strides");
    const char *typestr = tsr_dtype_describe(tsr_array_dtype(a))->typestr;
    if (tsr_array_is_swapped(a)) {
        lua_pushfstring(L, "%c%s", *typestr == '<' ? '>' : '<', typestr + 1);
    } else {
        tsrL_push_dtype(L, tsr_array_dtype(a));
        lua_setfield(L, -2, "dtype");
        lua_pushstring(L, typestr);
    }
    lua_setfield(L, -2, "typestr");
    lua_pushboolean(L, readonly);
    lua_setfield(L, -2, "readonly");
    return 1;
}
