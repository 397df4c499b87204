/* Finding and running the Lua half.
 *
 * The build turns scripts/tessera/ into lua_half.inc: the text of every file, and a sorted list of
 * the targets that its `define` lines name. A name that a table lacks is searched there, and only
 * then is its file parsed and run, with the arguments (ts, torch, np, core). A file's `define`s
 * fill the tables, so the next use of the name does not come here. */
#include "lua_half.h"
#include "ops.h"

#include <string.h>

typedef struct lua_file {
    const char *name;
    const unsigned char *text;
    size_t bytes;
} lua_file;

typedef struct lua_target {
    const char *name; /* "torch.tile" */
    int file;
} lua_target;

#include "lua_half.inc" /* files[], targets[], sorted by strcmp */

static const char core_key = 0;
static const char *const table_names[] = {"ts", "torch", "np", "t", "a"};

static void push_core(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &core_key);
}

static int find_file(const char *name) {
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int find_target(const char *name) {
    size_t low = 0, high = sizeof targets / sizeof *targets;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, targets[middle].name);
        if (order == 0)
            return targets[middle].file;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

/* Pushes what the file returned; runs it when that has not happened. */
static void run_file(lua_State *L, int file) {
    push_core(L);
    int core = lua_gettop(L);
    lua_getfield(L, core, "loaded");
    if (tsrL_rawgetfield(L, -1, files[file].name) != LUA_TNIL) {
        lua_replace(L, core);
        lua_settop(L, core);
        return;
    }
    lua_pop(L, 1);
    lua_pushfstring(L, "=[tessera %s.lua]", files[file].name);
    if (tsrL_loadbuffer(L, (const char *)files[file].text, files[file].bytes,
                        lua_tostring(L, -1)) != LUA_OK)
        lua_error(L);
    lua_getfield(L, core, "environment");
    tsrL_set_globals(L);
    for (int i = 0; i < 3; i++)
        lua_getfield(L, core, table_names[i]);
    lua_pushvalue(L, core);
    lua_call(L, 4, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_getfield(L, core, "loaded");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, files[file].name);
    lua_pop(L, 1);
    lua_replace(L, core);
    lua_settop(L, core);
}

int tsrL_require_module(lua_State *L) {
    int file = find_file(luaL_checkstring(L, 1));
    if (file < 0)
        return luaL_error(L, "tessera: no file %s.lua in the library", lua_tostring(L, 1));
    run_file(L, file);
    return 1;
}

void tsrL_require(lua_State *L, const char *name) {
    run_file(L, find_file(name));
}

/* Which of the tables is the one at 1: its prefix in target names. */
static const char *prefix_of(lua_State *L, int core) {
    static const char *const prefixes[] = {"ts.", "torch.", "np.", "t:", "a:"};
    for (int i = 0; i < 5; i++) {
        lua_getfield(L, core, table_names[i]);
        bool same = lua_rawequal(L, -1, 1);
        lua_pop(L, 1);
        if (same)
            return prefixes[i];
    }
    return "";
}

int tsrL_lua_half_index(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    push_core(L);
    lua_pushfstring(L, "%s%s", prefix_of(L, 3), lua_tostring(L, 2));
    int file = find_target(lua_tostring(L, -1));
    if (file < 0)
        return 0;
    run_file(L, file);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return 1;
}

int tsrL_define(lua_State *L) {
    const char *where = luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    luaL_checkstring(L, 3);
    lua_settop(L, 4);
    push_core(L);
    lua_getfield(L, 5, "documents");
    while (*where != '\0') {
        size_t n = strcspn(where, " "), dot = strcspn(where, ".:");
        lua_pushlstring(L, where, n); /* documents[target] = {signature, doc} */
        lua_createtable(L, 2, 0);
        lua_pushvalue(L, 2);
        lua_rawseti(L, -2, 1);
        lua_pushvalue(L, 3);
        lua_rawseti(L, -2, 2);
        lua_rawset(L, 6);
        lua_pushlstring(L, where, dot);
        lua_rawget(L, 5);
        if (dot >= n || lua_type(L, -1) != LUA_TTABLE)
            return luaL_error(L, "tessera: \"%s\" is no target", where);
        lua_pushlstring(L, where + dot + 1, n - dot - 1);
        lua_pushvalue(L, 4);
        lua_rawset(L, -3);
        lua_pop(L, 1);
        where += n + (where[n] == ' ');
    }
    return 0;
}

int tsrL_named(lua_State *L) {
    lua_CFunction f = lua_tocfunction(L, 2);
    luaL_checkstring(L, 1);
    luaL_argcheck(L, f != NULL, 2, "not a C function");
    for (int i = 1; i <= TSRL_UPVALUES; i++)
        if (i == TSRL_UP_NAME)
            lua_pushvalue(L, 1);
        else if (lua_getupvalue(L, 2, i) == NULL)
            return luaL_argerror(L, 2, "not one of the library's functions");
    lua_pushcclosure(L, f, TSRL_UPVALUES);
    return 1;
}

void tsrL_attach_lua_half(lua_State *L, int core) {
    lua_createtable(L, 0, 2); /* one metatable for the five tables */
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "tessera");
    lua_setfield(L, -2, "__metatable");
    for (int i = 0; i < 5; i++) {
        lua_getfield(L, core, table_names[i]);
        lua_pushvalue(L, -2);
        lua_setmetatable(L, -2);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 16);
    lua_setfield(L, core, "loaded");
    lua_createtable(L, 0, 64);
    lua_setfield(L, core, "documents");
    tsrL_push_environment(L);
    lua_setfield(L, core, "environment");
    lua_pushvalue(L, core);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &core_key);
}

/* ---- names ---- */

/* The names in the table on top, which is popped, go into the table below it. `kind` NULL:
 * functions and values. */
static void add_names(lua_State *L, const char *kind) {
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        bool function = lua_type(L, -1) == LUA_TFUNCTION;
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushstring(L, kind != NULL ? kind : function ? "function" : "value");
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
}

/* names(place): what completion offers; also what nobody has used yet, without loading it. */
int tsrL_op_names(lua_State *L) {
    static const struct {
        const char *place, *table, *properties, *prefix, *kind;
    } places[] = {{"ts", "ts", NULL, "ts.", NULL},
                  {"torch", "torch", NULL, "torch.", NULL},
                  {"np", "np", NULL, "np.", NULL},
                  {"tensor", "t", "t_properties", "t:", "method"},
                  {"ndarray", "a", "a_properties", "a:", "method"}};
    const char *place = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(place, places[i].place) != 0)
            continue;
        size_t n = strlen(places[i].prefix);
        lua_settop(L, 1);
        push_core(L);
        lua_newtable(L);
        for (size_t k = 0; k < sizeof targets / sizeof *targets; k++) {
            if (strncmp(targets[k].name, places[i].prefix, n) != 0)
                continue;
            lua_pushstring(L, places[i].kind != NULL ? places[i].kind : "function");
            lua_setfield(L, 3, targets[k].name + n);
        }
        lua_getfield(L, 2, places[i].table);
        add_names(L, places[i].kind);
        if (places[i].properties != NULL) {
            lua_getfield(L, 2, places[i].properties);
            add_names(L, "property");
        }
        return 1;
    }
    return tsrL_type_error(L, 1, "\"ts\", \"torch\", \"np\", \"tensor\" or \"ndarray\"");
}

/* ---- text ---- */

int tsrL_object_tostring(lua_State *L) {
    tsrL_object *o = tsrL_test(L, 1);
    if (o == NULL)
        return tsrL_type_error(L, 1, "an array");
    const char *name = o->face == TSR_FACE_TORCH ? "tensor" : "array";
    if (!tsrL_filled(o)) {
        lua_pushfstring(L, "%s(<%s>)", name, o->trace != 0 ? "traced" : "released");
        return 1;
    }
    tsr_storage *storage = tsr_array_storage(o->cell->array);
    if (tsr_array_readable(o->cell->array, NULL) != TSR_OK) {
        const char *why = tsr_storage_kind(storage) == TSR_ESTIMATED ? "estimated"
                          : tsr_storage_revoked(storage)             ? "revoked: "
                                                                     : "write-only: ";
        tsrL_push_label(L, storage);
        lua_pushfstring(L, "%s(<%s%s>)", name, why, lua_tostring(L, -1));
        return 1;
    }
    tsrL_require(L, "printing");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

/* (2, 3), (2,), torch.Size([2, 3]) */
int tsrL_shape_tostring(lua_State *L) {
    bool torch = tsrL_face(L) == TSR_FACE_TORCH;
    int n = (int)lua_rawlen(L, 1);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, torch ? "torch.Size([" : "(");
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        luaL_addvalue(&b);
        if (i < n)
            luaL_addstring(&b, ", ");
    }
    luaL_addstring(&b, torch ? "])" : n == 1 ? ",)" : ")");
    luaL_pushresult(&b);
    return 1;
}

int tsrL_shape_eq(lua_State *L) {
    size_t n = lua_rawlen(L, 1);
    bool equal = n == lua_rawlen(L, 2);
    for (int i = 1; equal && i <= (int)n; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawgeti(L, 2, i);
        equal = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    lua_pushboolean(L, equal);
    return 1;
}

/* The decimal digits of an integer, which is beyond what "%d" of every Lua can do. */
static void push_digits(lua_State *L, uint64_t n, bool negative) {
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    if (negative)
        digits[--at] = '-';
    lua_pushlstring(L, digits + at, sizeof digits - at);
}

int tsrL_element(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    int64_t index[TSR_MAX_DIMS];
    int count = lua_gettop(L) - 1;
    tsr_error err = TSRL_ERROR;
    tsr_scalar s;
    for (int i = 0; i < count && i < TSR_MAX_DIMS; i++)
        index[i] = tsrL_index(L, i + 2);
    if (tsr_array_get(o->cell->array, count, index, &s, &err) != TSR_OK)
        tsrL_raise(L, &err);
    switch (s.dtype) {
    case TSR_BOOL:
        lua_pushstring(L, s.as.i != 0 ? "True" : "False");
        return 1;
    case TSR_FLOAT64:
        lua_pushnumber(L, s.as.f);
        return 1;
    case TSR_COMPLEX128:
        lua_pushnumber(L, s.as.c[0]);
        lua_pushnumber(L, s.as.c[1]);
        return 2;
    case TSR_UINT64:
        push_digits(L, s.as.u, false);
        return 1;
    default:
        push_digits(L, s.as.i < 0 ? 0 - (uint64_t)s.as.i : (uint64_t)s.as.i, s.as.i < 0);
        return 1;
    }
}
