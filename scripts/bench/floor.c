/* The floors of the benchmark: the least that a Lua C module pays for what the library does.
 *
 *   plain()       makes a userdata with a metatable, of the size of the library's objects
 *   finalized()   the same with a __gc that does nothing: what anything that owns a reference pays
 *   reader()      an object that reads and writes one double: r[i], r:get(i), r:set(i, x)
 *   adder()       two vectors of 6 doubles whose + makes a third: what an array of that size costs
 *   adder32()     the same of floats; adder_gc() and adder32_gc() with a __gc that does nothing
 *   copier(n)     a function that copies n bytes between two blocks of its own
 *   file_reader(path)       a function that reads a file with read(2) into a buffer that it keeps;
 *                           fresh_reader(path) into a new one each time
 *   deflater(text)          a function that has zlib deflate the text
 *   opening(path, symbol)   a function that opens a module in fresh states, and gives the seconds
 *                           that an opening and closing took beyond those of a state alone */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OBJECT = 32, ADDED = 6 };

static void *block(lua_State *L, size_t bytes) {
#if LUA_VERSION_NUM >= 504
    return lua_newuserdatauv(L, bytes, 0);
#else
    return lua_newuserdata(L, bytes);
#endif
}

static int make(lua_State *L) {
    memset(block(L, OBJECT), 0, OBJECT);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, -2);
    return 1;
}

static int nothing(lua_State *L) {
    (void)L;
    return 0;
}

static int read_one(lua_State *L) {
    const double *d = lua_touserdata(L, 1);
    lua_pushnumber(L, d[luaL_checkinteger(L, 2) - 1]);
    return 1;
}

static int write_one(lua_State *L) {
    double *d = lua_touserdata(L, 1);
    d[luaL_checkinteger(L, 2) - 1] = luaL_checknumber(L, 3);
    return 0;
}

/* Numbers are elements, names are methods. */
static int reader_index(lua_State *L) {
    if (lua_type(L, 2) == LUA_TNUMBER)
        return read_one(L);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

static int reader(lua_State *L) {
    memset(block(L, 1000 * sizeof(double)), 0, 1000 * sizeof(double));
    lua_createtable(L, 0, 2);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, read_one);
    lua_setfield(L, -2, "get");
    lua_pushcfunction(L, write_one);
    lua_setfield(L, -2, "set");
    lua_pushcclosure(L, reader_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, write_one);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    return 1;
}

/* The ten lines that anybody would write. */
#define ADDER(NAME, TYPE)                                                                          \
    static int NAME(lua_State *L) {                                                                \
        const TYPE *x = lua_touserdata(L, 1), *y = lua_touserdata(L, 2);                           \
        TYPE *z = block(L, ADDED * sizeof *z);                                                     \
        for (int i = 0; i < ADDED; i++)                                                            \
            z[i] = x[i] + y[i];                                                                    \
        lua_pushvalue(L, lua_upvalueindex(1));                                                     \
        lua_setmetatable(L, -2);                                                                   \
        return 1;                                                                                  \
    }
ADDER(add_doubles, double)
ADDER(add_floats, float)

static int two_vectors(lua_State *L, lua_CFunction add, size_t item, bool finalized) {
    memset(block(L, ADDED * item), 0, ADDED * item);
    memset(block(L, ADDED * item), 0, ADDED * item);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, add, 1);
    lua_setfield(L, -2, "__add");
    if (finalized) {
        lua_pushcfunction(L, nothing);
        lua_setfield(L, -2, "__gc");
    }
    lua_pushvalue(L, -1);
    lua_setmetatable(L, -3);
    lua_setmetatable(L, -3);
    return 2;
}

static int adder(lua_State *L) {
    return two_vectors(L, add_doubles, sizeof(double), false);
}

static int adder_gc(lua_State *L) {
    return two_vectors(L, add_doubles, sizeof(double), true);
}

static int adder32(lua_State *L) {
    return two_vectors(L, add_floats, sizeof(float), false);
}

static int adder32_gc(lua_State *L) {
    return two_vectors(L, add_floats, sizeof(float), true);
}

static int copy(lua_State *L) {
    size_t bytes = (size_t)lua_tointeger(L, lua_upvalueindex(1));
    char *blocks = lua_touserdata(L, lua_upvalueindex(2));
    memcpy(blocks, blocks + bytes, bytes);
    return 0;
}

static int copier(lua_State *L) {
    size_t bytes = (size_t)luaL_checkinteger(L, 1);
    lua_settop(L, 1);
    memset(block(L, 2 * bytes), 1, 2 * bytes);
    lua_pushcclosure(L, copy, 2);
    return 1;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double life_of_a_state(lua_CFunction opener) {
    double start = seconds();
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (opener != NULL) {
        lua_pushcfunction(L, opener);
        lua_call(L, 0, 0);
    }
    lua_close(L);
    return seconds() - start;
}

static int open_and_close(lua_State *L) {
    union {
        void *object;
        lua_CFunction function;
    } opener = {lua_touserdata(L, lua_upvalueindex(1))};
    double bare = life_of_a_state(NULL);
    lua_pushnumber(L, life_of_a_state(opener.function) - bare);
    return 1;
}

static int opening(lua_State *L) {
    void *module = dlopen(luaL_checkstring(L, 1), RTLD_NOW);
    void *symbol = module != NULL ? dlsym(module, luaL_checkstring(L, 2)) : NULL;
    if (symbol == NULL)
        return luaL_error(L, "%s", dlerror());
    lua_pushlightuserdata(L, symbol);
    lua_pushcclosure(L, open_and_close, 1);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_floor(lua_State *L);

/* ---- files */

static int read_whole(lua_State *L) {
    const char *path = lua_tostring(L, lua_upvalueindex(1));
    char *kept = lua_touserdata(L, lua_upvalueindex(2));
    size_t room = (size_t)lua_tonumber(L, lua_upvalueindex(3)), at = 0;
    char *buffer = kept != NULL ? kept : malloc(room);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n; file >= 0 && (n = read(file, buffer + at, room - at)) > 0;)
        at += (size_t)n;
    close(file);
    if (kept == NULL)
        free(buffer);
    return at == room ? 0 : luaL_error(L, "cannot read %s", path);
}

static int push_reader(lua_State *L, bool keep) {
    int file = open(luaL_checkstring(L, 1), O_RDONLY | O_CLOEXEC);
    off_t size = lseek(file, 0, SEEK_END);
    close(file);
    if (size < 0)
        return luaL_error(L, "cannot open %s", lua_tostring(L, 1));
    lua_settop(L, 1);
    if (keep)
        memset(block(L, (size_t)size), 1, (size_t)size);
    else
        lua_pushnil(L);
    lua_pushnumber(L, (lua_Number)size);
    lua_pushcclosure(L, read_whole, 3);
    return 1;
}

static int file_reader(lua_State *L) {
    return push_reader(L, true);
}

static int fresh_reader(lua_State *L) {
    return push_reader(L, false);
}

static int deflate_text(lua_State *L) {
    int (*compress2)(unsigned char *, unsigned long *, const unsigned char *, unsigned long, int);
    void *library = dlopen("libz.so.1", RTLD_NOW), *found;
    size_t n;
    const char *text = lua_tolstring(L, lua_upvalueindex(1), &n);
    if (library == NULL || (found = dlsym(library, "compress2")) == NULL)
        return luaL_error(L, "no zlib");
    memcpy(&compress2, &found, sizeof found);
    unsigned long room = n + n / 64 + 1024;
    unsigned char *out = malloc(room);
    compress2(out, &room, (const unsigned char *)text, n, 6);
    free(out);
    dlclose(library);
    return 0;
}

static int deflater(lua_State *L) {
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_pushcclosure(L, deflate_text, 1);
    return 1;
}

int luaopen_floor(lua_State *L) {
    static const luaL_Reg functions[] = {{"reader", reader},
                                         {"copier", copier},
                                         {"opening", opening},
                                         {"adder", adder},
                                         {"adder32", adder32},
                                         {"adder_gc", adder_gc},
                                         {"adder32_gc", adder32_gc},
                                         {"file_reader", file_reader},
                                         {"fresh_reader", fresh_reader},
                                         {"deflater", deflater},
                                         {NULL, NULL}};
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    lua_newtable(L);
    lua_pushcclosure(L, make, 1);
    lua_setfield(L, -2, "plain");
    lua_newtable(L);
    lua_pushcfunction(L, nothing);
    lua_setfield(L, -2, "__gc");
    lua_pushcclosure(L, make, 1);
    lua_setfield(L, -2, "finalized");
    return 1;
}
