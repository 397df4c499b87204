/* The globals of the Lua half: a table of its own, with functions of its own.
 *
 * Hosts take globals away (io, os, debug), make asking for them an error, hand them out through a
 * proxy, replace select by something else of that name, or print numbers with a comma. The files in
 * scripts/tessera/ are read when one of their names is first used, long after the library was
 * opened, and would meet all that. So they see these tables instead of the state's globals: what
 * they need and no more (.luacheckrc holds the same list), under the names and with the meaning of
 * Lua's. Metamethods are honoured where Lua 5.4 does; text is Lua's, but with a decimal point in
 * every locale. Only the methods of strings are the state's. */
#include "binding.h"

#include <math.h>
#include <string.h>

/* ---- numbers ---- */

const char *tsrL_push_number_text(lua_State *L, int index) {
    if (tsrL_isinteger(L, index)) {
        lua_pushvalue(L, index);
        return lua_tostring(L, -1);
    }
    char text[40];
    size_t n = tsr_decimal_general(lua_tonumber(L, index), 14, text, sizeof text - 2);
    if (TSRL_INTEGERS && strspn(text, "-0123456789") == n) {
        memcpy(text + n, ".0", 2);
        n += 2;
    }
    lua_pushlstring(L, text, n);
    return lua_tostring(L, -1);
}

static int push_whole(lua_State *L, double d) {
#if TSRL_INTEGERS
    if (d >= -9223372036854775808.0 && d < 9223372036854775808.0) {
        lua_pushinteger(L, (lua_Integer)d);
        return 1;
    }
#endif
    lua_pushnumber(L, d);
    return 1;
}

static int math_floor(lua_State *L) {
    if (tsrL_isinteger(L, 1))
        lua_settop(L, 1);
    else
        push_whole(L, floor(luaL_checknumber(L, 1)));
    return 1;
}

static int math_ceil(lua_State *L) {
    if (tsrL_isinteger(L, 1))
        lua_settop(L, 1);
    else
        push_whole(L, ceil(luaL_checknumber(L, 1)));
    return 1;
}

static int math_abs(lua_State *L) {
    if (tsrL_isinteger(L, 1)) {
        lua_Integer i = lua_tointeger(L, 1);
        lua_pushinteger(L, i < 0 ? (lua_Integer) - (uint64_t)i : i);
    } else {
        lua_pushnumber(L, fabs(luaL_checknumber(L, 1)));
    }
    return 1;
}

static int math_log(lua_State *L) {
    lua_pushnumber(L, log(luaL_checknumber(L, 1)));
    return 1;
}

static int math_sqrt(lua_State *L) {
    lua_pushnumber(L, sqrt(luaL_checknumber(L, 1)));
    return 1;
}

/* The first argument that none of the others is less (or greater) than. */
static int extreme(lua_State *L, bool greatest) {
    int count = lua_gettop(L), best = 1;
    luaL_checknumber(L, 1);
    for (int i = 2; i <= count; i++) {
        luaL_checknumber(L, i);
        if (greatest ? tsrL_less(L, best, i) : tsrL_less(L, i, best))
            best = i;
    }
    lua_pushvalue(L, best);
    return 1;
}

static int math_max(lua_State *L) {
    return extreme(L, true);
}

static int math_min(lua_State *L) {
    return extreme(L, false);
}

/* ---- tables ---- */

static int next_pair(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    return lua_next(L, 1) != 0 ? 2 : (lua_pushnil(L), 1);
}

static int all_pairs(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushcfunction(L, next_pair);
    lua_pushvalue(L, 1);
    return 2;
}

static int next_item(lua_State *L) {
    lua_Integer i = lua_tointeger(L, 2) + 1;
    lua_pushinteger(L, i);
    lua_pushvalue(L, -1);
    lua_gettable(L, 1);
    return lua_isnil(L, -1) ? 1 : 2;
}

static int all_items(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushcfunction(L, next_item);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

static int set_raw(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

static int set_metatable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int unpack(lua_State *L) {
    lua_Integer first = luaL_optinteger(L, 2, 1);
    lua_Integer last = lua_isnoneornil(L, 3) ? (lua_Integer)lua_rawlen(L, 1) : lua_tointeger(L, 3);
    if (first > last)
        return 0;
    luaL_argcheck(L, last - first < 8000 && lua_checkstack(L, (int)(last - first) + 1), 1,
                  "too many results to unpack");
    for (lua_Integer i = first; i <= last; i++)
        lua_rawgeti(L, 1, (int)i);
    return (int)(last - first) + 1;
}

static int table_concat(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t bytes;
    const char *separator = luaL_optlstring(L, 2, "", &bytes);
    lua_Integer first = luaL_optinteger(L, 3, 1);
    lua_Integer last = luaL_optinteger(L, 4, (lua_Integer)lua_rawlen(L, 1));
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (lua_Integer i = first; i <= last; i++) {
        lua_rawgeti(L, 1, (int)i);
        if (lua_type(L, -1) != LUA_TSTRING)
            return luaL_error(L, "a list of strings was expected");
        luaL_addvalue(&b);
        if (i < last)
            luaL_addlstring(&b, separator, bytes);
    }
    luaL_pushresult(&b);
    return 1;
}

static int table_insert(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    int end = (int)lua_rawlen(L, 1) + 1, at = lua_gettop(L) == 2 ? end : (int)lua_tointeger(L, 2);
    luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
    for (int i = end; i > at; i--) {
        lua_rawgeti(L, 1, i - 1);
        lua_rawseti(L, 1, i);
    }
    lua_rawseti(L, 1, at); /* the last argument */
    return 0;
}

/* sort(list, less) by insertion: the lists are of dimensions. */
static int table_sort(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    int count = (int)lua_rawlen(L, 1);
    for (int i = 2; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        int at = i;
        for (; at > 1; at--) {
            lua_rawgeti(L, 1, at - 1);
            lua_pushvalue(L, 2);
            lua_pushvalue(L, 3);
            lua_pushvalue(L, 4);
            lua_call(L, 2, 1);
            bool less = lua_toboolean(L, -1);
            lua_pop(L, 1);
            if (!less)
                break;
            lua_rawseti(L, 1, at);
        }
        lua_settop(L, 3);
        lua_rawseti(L, 1, at);
    }
    return 0;
}

/* ---- values ---- */

static int type_of(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushstring(L, luaL_typename(L, 1));
    return 1;
}

static int select_arguments(lua_State *L) {
    int count = lua_gettop(L) - 1;
    if (lua_type(L, 1) == LUA_TSTRING && strcmp(lua_tostring(L, 1), "#") == 0) {
        lua_pushinteger(L, count);
        return 1;
    }
    lua_Integer from = luaL_checkinteger(L, 1);
    from = from < 0 ? count + 1 + from : from;
    luaL_argcheck(L, from >= 1, 1, "index out of range");
    return from > count ? 0 : count + 1 - (int)from;
}

static int call_protected(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0) == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

static int to_string(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_callmeta(L, 1, "__tostring"))
        return 1;
    switch (lua_type(L, 1)) {
    case LUA_TNUMBER:
        tsrL_push_number_text(L, 1);
        return 1;
    case LUA_TSTRING:
        lua_settop(L, 1);
        return 1;
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, 1) ? "true" : "false");
        return 1;
    case LUA_TNIL:
        lua_pushliteral(L, "nil");
        return 1;
    default:
        lua_pushfstring(L, "%s: %p", luaL_typename(L, 1), lua_topointer(L, 1));
        return 1;
    }
}

/* Of whole numbers in text alone: a fraction would be the locale's. */
static int to_number(lua_State *L) {
    luaL_checkany(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING && lua_isnumber(L, 1)) {
#if TSRL_INTEGERS
        lua_stringtonumber(L, lua_tostring(L, 1));
#else
        lua_pushnumber(L, lua_tonumber(L, 1));
#endif
    } else if (lua_type(L, 1) == LUA_TNUMBER) {
        lua_settop(L, 1);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* ---- the tables ---- */

static void add(lua_State *L, const luaL_Reg *functions) {
    for (; functions->name != NULL; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

void tsrL_push_environment(lua_State *L) {
    static const luaL_Reg values[] = {{"ipairs", all_items},
                                      {"next", next_pair},
                                      {"pairs", all_pairs},
                                      {"pcall", call_protected},
                                      {"rawset", set_raw},
                                      {"select", select_arguments},
                                      {"setmetatable", set_metatable},
                                      {"tonumber", to_number},
                                      {"tostring", to_string},
                                      {"type", type_of},
                                      {NULL, NULL}};
    static const luaL_Reg tables[] = {{"concat", table_concat},
                                      {"insert", table_insert},
                                      {"sort", table_sort},
                                      {"unpack", unpack},
                                      {NULL, NULL}};
    static const luaL_Reg numbers[] = {
        {"abs", math_abs}, {"ceil", math_ceil}, {"floor", math_floor}, {"log", math_log},
        {"max", math_max}, {"min", math_min},   {"sqrt", math_sqrt},   {NULL, NULL}};
    lua_createtable(L, 0, 12);
    add(L, values);
    lua_createtable(L, 0, 4);
    add(L, tables);
    lua_setfield(L, -2, "table");
    lua_createtable(L, 0, 11);
    add(L, numbers);
    lua_pushnumber(L, 3.141592653589793238462643383279502884);
    lua_setfield(L, -2, "pi");
    lua_pushnumber(L, HUGE_VAL);
    lua_setfield(L, -2, "huge");
#if TSRL_INTEGERS
    lua_pushinteger(L, INT64_MAX);
    lua_setfield(L, -2, "maxinteger");
    lua_pushinteger(L, INT64_MIN);
    lua_setfield(L, -2, "mininteger");
#endif
    lua_setfield(L, -2, "math");
}
