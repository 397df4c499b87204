/* Every difference between Lua 5.1, 5.2, 5.3, 5.4 and LuaJIT 2.1 that the binding meets. The rest
 * of the binding is written for the names of Lua 5.3. */
#ifndef TSRL_COMPAT_H
#define TSRL_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#if LUA_VERSION_NUM >= 503
#define TSRL_INTEGERS 1 /* numbers have an integer subtype */
#else
#define TSRL_INTEGERS 0
#endif

#if LUA_VERSION_NUM >= 504
#define tsrL_newuserdata(L, bytes) lua_newuserdatauv(L, bytes, 0)
#else
#define tsrL_newuserdata(L, bytes) lua_newuserdata(L, bytes)
#endif

#if LUA_VERSION_NUM == 501
#define lua_rawlen lua_objlen
#define LUA_OK     0

static inline int lua_absindex(lua_State *L, int index) {
    return (index > 0 || index <= LUA_REGISTRYINDEX) ? index : lua_gettop(L) + index + 1;
}

static inline void lua_rawgetp(lua_State *L, int index, const void *key) {
    index = lua_absindex(L, index);
    lua_pushlightuserdata(L, (void *)(size_t)key);
    lua_rawget(L, index);
}

static inline void lua_rawsetp(lua_State *L, int index, const void *key) {
    index = lua_absindex(L, index);
    lua_pushlightuserdata(L, (void *)(size_t)key);
    lua_insert(L, -2);
    lua_rawset(L, index);
}
#endif

/* Whether the value at `a` is less than that at `b`. */
static inline bool tsrL_less(lua_State *L, int a, int b) {
#if LUA_VERSION_NUM == 501
    return lua_lessthan(L, a, b);
#else
    return lua_compare(L, a, b, LUA_OPLT);
#endif
}

/* Pops a table and makes it the globals of the chunk below it. */
static inline void tsrL_set_globals(lua_State *L) {
#if LUA_VERSION_NUM == 501
    lua_setfenv(L, -2);
#else
    lua_setupvalue(L, -2, 1);
#endif
}

#if LUA_VERSION_NUM == 501
/* One module serves Lua 5.1 and LuaJIT, so what LuaJIT needs is done in both.
 *
 * LuaJIT gives every NaN the sign bit, NumPy's and PyTorch's have none; and scripts cannot mean
 * one. */
static inline lua_Number tsrL_tonumber(lua_State *L, int index) {
    lua_Number x = lua_tonumber(L, index);
    return x == x ? x : (lua_Number)NAN;
}
#define lua_tonumber tsrL_tonumber
#define TSRL_CDATA   10 /* lua_type of what its ffi library makes */
#else
#define TSRL_CDATA (-2) /* no type */
#endif

/* Calls f with a lightuserdata as its argument; results are dropped, an error is left on the stack.
 * Raises nothing itself, where pushing a C function may need memory. */
static inline int tsrL_protect(lua_State *L, lua_CFunction f, void *user) {
#if LUA_VERSION_NUM == 501
    return lua_cpcall(L, f, user);
#else
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, user);
    return lua_pcall(L, 1, 0, 0);
#endif
}

/* Whether the number at `index` has the integer subtype. Without one every number is floating. */
static inline int tsrL_isinteger(lua_State *L, int index) {
#if TSRL_INTEGERS
    return lua_isinteger(L, index);
#else
    (void)L;
    (void)index;
    return 0;
#endif
}

/* Whether the value at `index` is a number, or stands for one (an int64_t or uint64_t of LuaJIT).
 */
static inline bool tsrL_isnumber(lua_State *L, int index) {
    int type = lua_type(L, index);
    return type == LUA_TNUMBER || type == TSRL_CDATA;
}

/* The integer that the value at `index` is, if it is a number with an integral value. */
static inline bool tsrL_tointeger(lua_State *L, int index, int64_t *out) {
    if (lua_type(L, index) != LUA_TNUMBER) /* a string that looks like one is none */
        return false;
#if TSRL_INTEGERS
    int exact;
    *out = (int64_t)lua_tointegerx(L, index, &exact);
    return exact;
#else
    double d = lua_tonumber(L, index);
    if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0) || d != (double)(int64_t)d)
        return false;
    *out = (int64_t)d;
    return true;
#endif
}

/* lua_rawget, and the type of what it pushes. */
static inline int tsrL_rawget(lua_State *L, int index) {
#if LUA_VERSION_NUM >= 503
    return lua_rawget(L, index);
#else
    lua_rawget(L, index);
    return lua_type(L, -1);
#endif
}

/* lua_rawgeti, and the type of what it pushes. */
static inline int tsrL_rawgeti(lua_State *L, int index, int i) {
#if LUA_VERSION_NUM >= 503
    return lua_rawgeti(L, index, i);
#else
    lua_rawgeti(L, index, i);
    return lua_type(L, -1);
#endif
}

/* Type of a raw field that is pushed. */
static inline int tsrL_rawgetfield(lua_State *L, int index, const char *name) {
    index = lua_absindex(L, index);
    lua_pushstring(L, name);
    lua_rawget(L, index);
    return lua_type(L, -1);
}

/* lua_load with text only, where the version can tell. */
static inline int tsrL_loadbuffer(lua_State *L, const char *text, size_t bytes, const char *name) {
#if LUA_VERSION_NUM >= 502
    return luaL_loadbufferx(L, text, bytes, name, "t");
#else
    return luaL_loadbuffer(L, text, bytes, name);
#endif
}

/* Raises when the state is of another Lua than the one whose functions are called, as far as that
 * Lua can tell. */
static inline void tsrL_check_lua(lua_State *L) {
#if LUA_VERSION_NUM >= 502
    luaL_checkversion(L);
#else
    (void)L;
#endif
}

static inline int tsrL_gc_running(lua_State *L) {
#if LUA_VERSION_NUM >= 502
    return lua_gc(L, LUA_GCISRUNNING, 0) > 0; /* -1 in finalizers since 5.4.4 */
#else
    (void)L;
    return 1;
#endif
}

#endif
