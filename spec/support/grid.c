/* A library that knows nothing of Tessera: matrices of doubles in a Lua module of their own. It
 * shares their memory by the two conventions that this file itself writes down, and looks at the
 * memory of others by them.
 *
 *   grid.new(rows, columns)   a matrix, columns first in memory; g:get(i, j), g:set(i, j, x),
 *                             g:address(), and the metatable's __array_interface and __dlpack
 *   grid.alive()              how many blocks of matrices live
 *   grid.sum(object)          the sum of a matrix of doubles by its __array_interface
 *   grid.take(capsule)        takes the struct of a DLPack capsule; the result keeps it, tells what
 * it is (name, shape, strides, code, bits, version, flags, address), and has methods get(i), set(i,
 * x) for doubles, and drop() grid.broken(how)          a DLPack capsule that breaks a rule:
 * "version", "lanes", "device" grid.deleted()            how many structs of this library have been
 * deleted */
#include <lauxlib.h>
#include <lua.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if LUA_VERSION_NUM == 501
#define lua_rawlen lua_objlen
#endif

typedef struct block {
    int references;
    int rows, columns;
    double values[];
} block;

static int alive, deleted;

static void let_go(block *b) {
    if (--b->references == 0) {
        memset(b->values, 0xDD, sizeof(double) * (size_t)(b->rows * b->columns));
        free(b);
        alive--;
    }
}

/* A userdata that holds a pointer and has a finalizer: the grid, and the key to its memory. */
static void push_block(lua_State *L, block *b, const char *type) {
    block **box = lua_newuserdata(L, sizeof(block *));
    *box = b;
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
}

static block *check(lua_State *L) {
    return *(block **)luaL_checkudata(L, 1, "grid");
}

static block *new_block(int rows, int columns) {
    size_t bytes = sizeof(double) * (size_t)(rows * columns);
    block *b = malloc(sizeof *b + bytes);
    b->references = 1;
    b->rows = rows;
    b->columns = columns;
    memset(b->values, 0, bytes);
    alive++;
    return b;
}

static int grid_new(lua_State *L) {
    int rows = (int)luaL_checkinteger(L, 1), columns = (int)luaL_checkinteger(L, 2);
    push_block(L, new_block(rows, columns), "grid");
    return 1;
}

static int block_gc(lua_State *L) {
    block **box = lua_touserdata(L, 1);
    if (*box != NULL)
        let_go(*box);
    *box = NULL;
    return 0;
}

static double *at(lua_State *L) {
    block *b = check(L);
    int i = (int)luaL_checkinteger(L, 2) - 1, j = (int)luaL_checkinteger(L, 3) - 1;
    luaL_argcheck(L, i >= 0 && i < b->rows && j >= 0 && j < b->columns, 2, "out of range");
    return &b->values[j * b->rows + i];
}

static int grid_get(lua_State *L) {
    lua_pushnumber(L, *at(L));
    return 1;
}

static int grid_set(lua_State *L) {
    *at(L) = luaL_checknumber(L, 4);
    return 0;
}

static int grid_address(lua_State *L) {
    lua_pushlightuserdata(L, check(L)->values);
    return 1;
}

/* ---- the array interface */

static void set_pair(lua_State *L, const char *name, lua_Integer a, lua_Integer b) {
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, a);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, b);
    lua_rawseti(L, -2, 2);
    lua_setfield(L, -2, name);
}

/* The owner is no grid but a key of its own, so that who forgets it loses the memory. */
static int grid_interface(lua_State *L) {
    block *b = check(L);
    lua_createtable(L, 0, 5);
    lua_pushlightuserdata(L, b->values);
    lua_setfield(L, -2, "data");
    set_pair(L, "shape", b->rows, b->columns);
    set_pair(L, "strides", sizeof(double), (lua_Integer)sizeof(double) * b->rows);
    lua_pushliteral(L, "<f8");
    lua_setfield(L, -2, "typestr");
    b->references++;
    push_block(L, b, "grid key");
    lua_setfield(L, -2, "owner");
    return 1;
}

static int64_t number_in(lua_State *L, int table, const char *list, int i) {
    lua_getfield(L, table, list);
    lua_rawgeti(L, -1, i);
    int64_t n = (int64_t)lua_tonumber(L, -1);
    lua_pop(L, 2);
    return n;
}

static int grid_sum(lua_State *L) {
    if (!luaL_getmetafield(L, 1, "__array_interface"))
        return luaL_error(L, "no array interface");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    int table = lua_gettop(L);
    lua_getfield(L, table, "typestr");
    if (strcmp(lua_tostring(L, -1), "<f8") != 0)
        return luaL_error(L, "no doubles");
    lua_getfield(L, table, "data");
    const char *data = lua_touserdata(L, -1);
    double sum = 0;
    for (int64_t i = 0; i < number_in(L, table, "shape", 1); i++)
        for (int64_t j = 0; j < number_in(L, table, "shape", 2); j++) {
            double x;
            memcpy(&x,
                   data + i * number_in(L, table, "strides", 1) +
                       j * number_in(L, table, "strides", 2),
                   sizeof x);
            sum += x;
        }
    lua_pushnumber(L, sum);
    return 1;
}

/* ---- DLPack */

typedef struct tensor {
    void *data;
    int32_t device, device_id, ndim;
    uint8_t code, bits;
    uint16_t lanes;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} tensor;

typedef struct unversioned {
    tensor t;
    void *manager;
    void (*deleter)(struct unversioned *);
} unversioned;

typedef struct versioned {
    uint32_t major, minor;
    void *manager;
    void (*deleter)(struct versioned *);
    uint64_t flags;
    tensor t;
} versioned;

typedef struct made {
    versioned v; /* first */
    unversioned u;
    block *b;
    int64_t shape[2], strides[2];
} made;

static void delete_made(made *m) {
    deleted++;
    let_go(m->b);
    free(m);
}

static void delete_versioned(versioned *v) {
    delete_made(v->manager);
}

static void delete_unversioned(unversioned *u) {
    delete_made(u->manager);
}

static int capsule_gc(lua_State *L) {
    void **box = lua_touserdata(L, 1), *managed = *box;
    *box = NULL;
    if (managed == NULL)
        return 0;
    if (lua_toboolean(L, lua_upvalueindex(1)))
        ((versioned *)managed)->deleter(managed);
    else
        ((unversioned *)managed)->deleter(managed);
    return 0;
}

/* The convention: a userdata that begins with the pointer, under the name of the struct. */
static void push_capsule(lua_State *L, void *managed, int is_versioned) {
    void **box = lua_newuserdata(L, sizeof *box);
    *box = managed;
    if (luaL_newmetatable(L, is_versioned ? "dltensor_versioned" : "dltensor")) {
        lua_pushboolean(L, is_versioned);
        lua_pushcclosure(L, capsule_gc, 1);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
}

static made *describe(block *b) {
    made *m = calloc(1, sizeof *m);
    m->b = b;
    b->references++;
    m->shape[0] = b->rows;
    m->shape[1] = b->columns;
    m->strides[0] = 1;
    m->strides[1] = b->rows;
    tensor t = {b->values, 1, 0, 2, 2, 64, 1, m->shape, m->strides, 0};
    m->v = (versioned){1, 0, m, delete_versioned, 0, t};
    m->u = (unversioned){t, m, delete_unversioned};
    return m;
}

static int grid_dlpack(lua_State *L) {
    made *m = describe(check(L));
    lua_Integer major = 0;
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "max_version");
        if (lua_istable(L, -1)) {
            lua_rawgeti(L, -1, 1);
            major = lua_tointeger(L, -1);
        }
    }
    push_capsule(L, major >= 1 ? (void *)&m->v : (void *)&m->u, major >= 1);
    return 1;
}

static int grid_broken(lua_State *L) {
    const char *how = luaL_checkstring(L, 1);
    made *m = describe(new_block(2, 2));
    m->b->references--; /* the struct is its only owner */
    if (strcmp(how, "version") == 0)
        m->v.major = 2;
    else if (strcmp(how, "lanes") == 0)
        m->v.t.lanes = 2;
    else
        m->v.t.device = 2;
    push_capsule(L, &m->v, 1);
    return 1;
}

typedef struct taken {
    void *managed;
    int is_versioned;
} taken;

static tensor *tensor_of(const taken *k) {
    return k->is_versioned ? &((versioned *)k->managed)->t : &((unversioned *)k->managed)->t;
}

static void set_integers(lua_State *L, const char *name, const int64_t *from, int n) {
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lua_pushnumber(L, (lua_Number)from[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, double x) {
    lua_pushnumber(L, x);
    lua_setfield(L, -2, name);
}

static int is_capsule(lua_State *L, const char *name) {
    luaL_getmetatable(L, name);
    int yes = lua_getmetatable(L, 1) && lua_rawequal(L, -1, -2);
    lua_settop(L, 1);
    return yes;
}

static int grid_take(lua_State *L) {
    lua_settop(L, 1);
    int is_versioned = is_capsule(L, "dltensor_versioned");
    if (!is_versioned && !is_capsule(L, "dltensor"))
        return luaL_error(L, "no capsule");
    void **box = lua_touserdata(L, 1);
    if (*box == NULL)
        return luaL_error(L, "a used capsule");
    lua_createtable(L, 0, 10);
    taken *k = lua_newuserdata(L, sizeof *k);
    *k = (taken){*box, is_versioned};
    *box = NULL;
    luaL_getmetatable(L, "grid taken");
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "taken");
    const tensor *t = tensor_of(k);
    lua_pushstring(L, is_versioned ? "dltensor_versioned" : "dltensor");
    lua_setfield(L, -2, "name");
    set_integers(L, "shape", t->shape, t->ndim);
    set_integers(L, "strides", t->strides, t->ndim);
    set_number(L, "code", t->code);
    set_number(L, "bits", t->bits);
    set_number(L, "byte_offset", (double)t->byte_offset);
    if (is_versioned) {
        set_number(L, "version", ((versioned *)k->managed)->major);
        set_number(L, "flags", (double)((versioned *)k->managed)->flags);
    }
    lua_pushlightuserdata(L, t->data);
    lua_setfield(L, -2, "address");
    return 1;
}

static taken *check_taken(lua_State *L) {
    taken *k = luaL_checkudata(L, 1, "grid taken");
    if (k->managed == NULL)
        luaL_error(L, "dropped already");
    return k;
}

static int taken_get(lua_State *L) {
    const tensor *t = tensor_of(check_taken(L));
    lua_pushnumber(L, ((double *)t->data)[luaL_checkinteger(L, 2)]);
    return 1;
}

static int taken_set(lua_State *L) {
    const tensor *t = tensor_of(check_taken(L));
    ((double *)t->data)[luaL_checkinteger(L, 2)] = luaL_checknumber(L, 3);
    return 0;
}

static int taken_drop(lua_State *L) {
    taken *k = luaL_checkudata(L, 1, "grid taken");
    void *managed = k->managed;
    k->managed = NULL;
    if (managed != NULL && k->is_versioned)
        ((versioned *)managed)->deleter(managed);
    else if (managed != NULL)
        ((unversioned *)managed)->deleter(managed);
    return 0;
}

static int grid_alive(lua_State *L) {
    lua_pushinteger(L, alive);
    return 1;
}

static int grid_deleted(lua_State *L) {
    lua_pushinteger(L, deleted);
    return 1;
}

static void set_functions(lua_State *L, const luaL_Reg *functions) {
    for (; functions->name != NULL; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

static void new_type(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
    luaL_newmetatable(L, name);
    lua_newtable(L);
    set_functions(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
}

__attribute__((visibility("default"))) int luaopen_grid(lua_State *L);

int luaopen_grid(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"new", grid_new},       {"alive", grid_alive},     {"sum", grid_sum}, {"take", grid_take},
        {"broken", grid_broken}, {"deleted", grid_deleted}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"get", grid_get},
                                       {"set", grid_set},
                                       {"address", grid_address},
                                       {"release", block_gc},
                                       {NULL, NULL}};
    static const luaL_Reg events[] = {
        {"__array_interface", grid_interface}, {"__dlpack", grid_dlpack}, {NULL, NULL}};
    static const luaL_Reg taken_methods[] = {
        {"get", taken_get}, {"set", taken_set}, {"drop", taken_drop}, {NULL, NULL}};
    static const luaL_Reg none[] = {{NULL, NULL}};
    new_type(L, "grid", methods, block_gc);
    set_functions(L, events);
    new_type(L, "grid key", none, block_gc);
    new_type(L, "grid taken", taken_methods, taken_drop);
    lua_newtable(L);
    set_functions(L, functions);
    return 1;
}
