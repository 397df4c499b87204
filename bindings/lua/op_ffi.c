/* What bindings/ffi/ needs of C: the ffi library of LuaJIT, addresses, the checks of a view.
 *
 * Views are cdata, which compiled code reads and writes without calling anything; what they hold is
 * an array of their own (expose), and what they ask is whether its memory may still be used: two
 * functions whose addresses are given to the ffi library, because compiled code calls those and not
 * the functions of lua.h.
 *
 * Integers that no number of LuaJIT holds exactly go to scripts as int64_t and uint64_t. The ffi
 * library is needed for that as well; a state without it (a host may have taken it away) gets the
 * error that Lua 5.1 gives. */
#include "binding.h"

#include <string.h>

/* ---- the state's own things ---- */

/* Pushes the field of a table in the registry; nil when either is missing. */
static void push_registered(lua_State *L, const char *table, const char *name) {
    lua_getfield(L, LUA_REGISTRYINDEX, table);
    if (lua_type(L, -1) == LUA_TTABLE)
        tsrL_rawgetfield(L, -1, name);
    else
        lua_pushnil(L);
    lua_remove(L, -2);
}

/* ffi_library(): LuaJIT's, loaded as require would; nil where there is none. */
int tsrL_ffi_library(lua_State *L) {
    push_registered(L, "_LOADED", "jit");
    if (TSRL_CDATA < 0 || lua_type(L, -1) != LUA_TTABLE)
        return 0;
    push_registered(L, "_LOADED", "ffi");
    if (lua_type(L, -1) == LUA_TTABLE)
        return 1;
    push_registered(L, "_PRELOAD", "ffi");
    if (!lua_iscfunction(L, -1))
        return 0;
    lua_pushliteral(L, "ffi");
    lua_call(L, 1, 1);
    return lua_type(L, -1) == LUA_TTABLE;
}

/* ffi_builtin(library, name): a function of LuaJIT's that its compiler knows; nil when somebody put
 * another in its place. */
int tsrL_ffi_builtin(lua_State *L) {
    push_registered(L, "_LOADED", luaL_checkstring(L, 1));
    if (lua_type(L, -1) != LUA_TTABLE)
        return 0;
    tsrL_rawgetfield(L, -1, luaL_checkstring(L, 2));
    return lua_iscfunction(L, -1) && lua_tocfunction(L, -1) == NULL; /* no function of C, really */
}

/* ffi_compile(text, ...): what the chunk returns, called with the rest. */
int tsrL_ffi_compile(lua_State *L) {
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    if (tsrL_loadbuffer(L, text, n, "=[tessera ffi.lua]") != LUA_OK)
        return lua_error(L);
    lua_createtable(L, 0, 0);
    tsrL_set_globals(L);
    lua_replace(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* ---- views ---- */

static bool usable(const tsr_array *array, bool write) {
    return tsr_array_readable(array, NULL) == TSR_OK &&
           (!write || tsr_array_usable(array, true, NULL) == TSR_OK);
}

static void touch(const tsr_array *array) {
    tsr_storage_touch(tsr_array_storage(array));
}

/* ffi_functions(): {usable, touch}, addresses. */
int tsrL_ffi_functions(lua_State *L) {
    lua_createtable(L, 0, 2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)usable);
    lua_setfield(L, -2, "usable");
    lua_pushlightuserdata(L, (void *)(uintptr_t)touch);
    lua_setfield(L, -2, "touch");
    return 1;
}

/* view(x): an array of the same memory that is nobody else's, the addresses of its first
 * element and of itself, and whether it may be written to. */
int tsrL_ffi_expose(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    tsr_error err = TSRL_ERROR;
    if ((tsrL_lib(L)->capabilities & TSRL_POINTERS) == 0)
        tsrL_fail(L, TSR_ELIMIT, 1, "raw pointers are not allowed by the host");
    if (tsr_array_readable(o->cell->array, &err) != TSR_OK ||
        tsr_array_native(o->cell->array, &err) != TSR_OK)
        tsrL_raise(L, &err);
    tsrL_object *own = tsrL_new(L, TSR_FACE_NUMPY);
    TSRL_TRY(L, &err,
             tsr_view_alias(o->cell->array, TSR_READ | TSR_WRITE, &own->cell->array, &err));
    tsr_array *a = own->cell->array;
    lua_pushlightuserdata(L, tsr_array_data(a));
    lua_pushlightuserdata(L, a);
    lua_pushboolean(L, tsr_array_usable(a, true, NULL) == TSR_OK);
    return 4;
}

/* check(x, write): raises what an operation on it would. */
int tsrL_ffi_check(lua_State *L) {
    const tsr_array *a = tsrL_check(L, 1)->cell->array;
    tsr_error err = TSRL_ERROR;
    if (tsr_array_readable(a, &err) != TSR_OK ||
        (lua_toboolean(L, 2) && tsr_array_usable(a, true, &err) != TSR_OK))
        tsrL_raise(L, &err);
    return 0;
}

/* ffi_address(pointer): the address that a pointer of cdata holds. */
int tsrL_ffi_address(lua_State *L) {
    void *address;
    if (lua_type(L, 1) != TSRL_CDATA)
        return tsrL_type_error(L, 1, "a pointer");
    memcpy(&address, lua_topointer(L, 1), sizeof address);
    lua_pushlightuserdata(L, address);
    return 1;
}

/* ---- integers of 64 bits ---- */

bool tsrL_push_wide(lua_State *L, const tsr_scalar *value) {
    if (TSRL_CDATA < 0)
        return false;
    luaL_checkstack(L, 8, NULL);
    tsrL_require(L, "ffi_integers");
    if (lua_type(L, -1) != LUA_TTABLE) {
        lua_pop(L, 1);
        return false;
    }
    lua_getfield(L, -1, "make");
    lua_remove(L, -2);
    lua_pushnumber(L, (lua_Number)(uint32_t)(value->as.u >> 32));
    lua_pushnumber(L, (lua_Number)(uint32_t)value->as.u);
    lua_pushboolean(L, value->dtype == TSR_UINT64);
    lua_call(L, 3, 1);
    return true;
}

bool tsrL_test_wide(lua_State *L, int index, tsr_scalar *out) {
    if (lua_type(L, index) != TSRL_CDATA)
        return false;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 8, NULL);
    tsrL_require(L, "ffi_integers");
    bool known = lua_type(L, -1) == LUA_TTABLE;
    if (known) {
        lua_getfield(L, -1, "signed");
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
        known = !lua_isnil(L, -1);
        if (known) {
            memcpy(&out->as.u, lua_topointer(L, index), sizeof out->as.u);
            bool large = !lua_toboolean(L, -1) && out->as.u > INT64_MAX;
            out->dtype = large ? TSR_UINT64 : TSR_INT64;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return known;
}
