/* Dtypes in Lua: one userdata each, the same on both faces, so that == and table keys work. Fields:
 * name, itemsize, kind, str, is_floating_point, is_complex, is_signed, alignment. */
#include "binding.h"

#include <string.h>

typedef struct dtype_object {
    const void *magic;
    tsr_dtype dtype;
} dtype_object;

static const char dtype_magic = 0, table_key = 0;

bool tsrL_test_dtype(lua_State *L, int index, tsr_dtype *out) {
    dtype_object *o = lua_touserdata(L, index);
    if (o == NULL || lua_rawlen(L, index) != sizeof *o || o->magic != &dtype_magic)
        return false;
    *out = o->dtype;
    return true;
}

void tsrL_push_dtype(lua_State *L, tsr_dtype dtype) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &table_key);
    lua_rawgeti(L, -1, (int)dtype + 1);
    lua_remove(L, -2);
}

tsr_dtype tsrL_default_dtype(tsrL_library *lib, tsr_face face, tsr_dtype kind) {
    if (kind == TSR_FLOAT64)
        return lib->default_float[face];
    if (kind == TSR_COMPLEX128)
        return lib->default_float[face] == TSR_FLOAT64 ? TSR_COMPLEX128 : TSR_COMPLEX64;
    return kind;
}

static const tsr_dtype_info *self(lua_State *L) {
    tsr_dtype dtype = TSR_BOOL;
    if (!tsrL_test_dtype(L, 1, &dtype))
        luaL_error(L, "a dtype was expected");
    return tsr_dtype_describe(dtype);
}

static int dtype_index(lua_State *L) {
    const tsr_dtype_info *info = self(L);
    const char *key = lua_tostring(L, 2);
    if (key == NULL)
        return 0;
    if (strcmp(key, "name") == 0)
        lua_pushstring(L, info->name);
    else if (strcmp(key, "str") == 0)
        lua_pushstring(L, info->typestr);
    else if (strcmp(key, "kind") == 0)
        lua_pushlstring(L, &info->kind, 1);
    else if (strcmp(key, "itemsize") == 0)
        lua_pushinteger(L, info->itemsize);
    else if (strcmp(key, "alignment") == 0)
        lua_pushinteger(L, info->alignment);
    else if (strcmp(key, "is_floating_point") == 0)
        lua_pushboolean(L, info->kind == 'f');
    else if (strcmp(key, "is_complex") == 0)
        lua_pushboolean(L, info->kind == 'c');
    else if (strcmp(key, "is_signed") == 0)
        lua_pushboolean(L, info->kind != 'b' && info->kind != 'u');
    else
        return 0;
    return 1;
}

static int dtype_tostring(lua_State *L) {
    lua_pushstring(L, self(L)->name);
    return 1;
}

/* Makes the fifteen objects and leaves them in the registry. */
void tsrL_register_dtypes(lua_State *L) {
    lua_createtable(L, TSR_DTYPE_COUNT, 0);
    lua_createtable(L, 0, 4);
    lua_pushcfunction(L, dtype_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, dtype_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "dtype");
    lua_setfield(L, -2, "__name");
    lua_pushliteral(L, "dtype");
    lua_setfield(L, -2, "__metatable");
    for (int d = 0; d < TSR_DTYPE_COUNT; d++) {
        dtype_object *o = tsrL_newuserdata(L, sizeof *o);
        *o = (dtype_object){&dtype_magic, (tsr_dtype)d};
        lua_pushvalue(L, -2);
        lua_setmetatable(L, -2);
        lua_rawseti(L, -3, d + 1);
    }
    lua_pop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &table_key);
}
