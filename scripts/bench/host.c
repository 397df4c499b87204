/* What a host pays: opening the library in a state, and lending a buffer to a Lua function. Prints
 * a name and a number a line, for host.py; times are microseconds of CPU, medians of rounds. A
 * round is so many calls that the collector goes round several times in it: its work is part of
 * what userdata cost, lent ones and others.
 *
 *   open, open_lua, open_context   tessera_open in a new state: time; bytes of Lua's heap; bytes of
 *                                  the context
 *   call                           the call of a Lua function that does nothing
 *   floor                          making the least userdata that owns something (32 bytes, a
 *                                  metatable with __gc), and that call with it
 *   round_trip                     lending a buffer, that call with it, revoking, freeing the lease
 */
#define _GNU_SOURCE
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "tessera_lua.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 15, OPENINGS = 201, CALLS = 200000, FLOOR_BYTES = 32, FUNCTION = 1, METATABLE };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, compare);
    return values[n / 2];
}

static void die(const char *what) {
    fprintf(stderr, "host: %s\n", what);
    exit(1);
}

/* ---- opening */

static void *allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block != NULL && zeroed)
        memset(block, 0, bytes);
    *(size_t *)user += bytes;
    return block;
}

static void release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)alignment;
    *(size_t *)user -= bytes;
    free(block);
}

static size_t heap(lua_State *L) {
    return (size_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB, 0);
}

static lua_State *open_state(size_t *context, double *time, size_t *lua) {
    lua_State *L = luaL_newstate();
    tessera_config config = {.struct_size = sizeof config, .core.struct_size = sizeof config.core};
    config.core.allocator = (tsr_allocator){allocate, release, context};
    luaL_openlibs(L);
    size_t before = heap(L);
    tsr_error err = {0};
    double start = now();
    if (tessera_open(L, &config, &err) != TSR_OK)
        die(err.message);
    *time = now() - start;
    *lua = heap(L) - before;
    lua_settop(L, 0);
    return L;
}

static void opening(void) {
    double times[OPENINGS];
    size_t lua = 0, held = 0;
    for (int i = 0; i < OPENINGS; i++) {
        size_t context = 0;
        lua_State *L = open_state(&context, &times[i], &lua);
        held = context;
        lua_close(L);
        if (context != 0)
            die("the context left memory behind");
    }
    printf("open %.2f\nopen_lua %zu\nopen_context %zu\n", median(times, OPENINGS), lua, held);
}

/* ---- calling and lending */

static int nothing(lua_State *L) {
    (void)L;
    return 0;
}

static void call(lua_State *L) {
    lua_pushvalue(L, FUNCTION);
    lua_pushnil(L);
    if (lua_pcall(L, 1, 0, 0) != 0)
        die(lua_tostring(L, -1));
}

static void floor_call(lua_State *L) {
    lua_pushvalue(L, FUNCTION);
    memset(lua_newuserdata(L, FLOOR_BYTES), 0, FLOOR_BYTES);
    lua_pushvalue(L, METATABLE);
    lua_setmetatable(L, -2);
    if (lua_pcall(L, 1, 0, 0) != 0)
        die(lua_tostring(L, -1));
}

static void round_trip(lua_State *L) {
    static float samples[256];
    static const int64_t shape[] = {256};
    static tsr_error err;
    const tessera_buffer buffer = {.struct_size = sizeof buffer,
                                   .data = samples,
                                   .dtype = TSR_FLOAT32,
                                   .ndim = 1,
                                   .shape = shape,
                                   .rights = TSR_READ | TSR_WRITE,
                                   .label = "samples"};
    tessera_lease *lease = NULL;
    lua_pushvalue(L, FUNCTION);
    if (tessera_lend(L, &buffer, &lease, &err) != TSR_OK)
        die(err.message);
    if (lua_pcall(L, 1, 0, 0) != 0)
        die(lua_tostring(L, -1));
    if (tessera_revoke(lease, TESSERA_REFUSE, &err) != TSR_OK)
        die(err.message);
    tessera_lease_free(lease);
}

static double per_call(lua_State *L, void (*one)(lua_State *)) {
    double start = now();
    for (int i = 0; i < CALLS; i++)
        one(L);
    return (now() - start) / CALLS;
}

/* A state for one kind of call, so that each collects its own garbage. */
static lua_State *calling_state(void) {
    static size_t context;
    size_t lua;
    double time;
    lua_State *L = open_state(&context, &time, &lua);
    if (luaL_loadstring(L, "return function(x) end") != 0 || lua_pcall(L, 0, 1, 0) != 0)
        die(lua_tostring(L, -1));
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, nothing);
    lua_setfield(L, METATABLE, "__gc");
    return L;
}

int main(void) {
    static const struct {
        const char *name;
        void (*one)(lua_State *);
    } kinds[] = {{"call", call}, {"floor", floor_call}, {"round_trip", round_trip}};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    lua_State *states[KINDS];
    double times[KINDS][ROUNDS];
    opening();
    for (int k = 0; k < KINDS; k++)
        states[k] = calling_state();
    for (int i = 0; i < ROUNDS; i++) /* side by side, so that what slows the machine slows all */
        for (int k = 0; k < KINDS; k++)
            times[k][i] = per_call(states[k], kinds[k].one);
    for (int k = 0; k < KINDS; k++) {
        printf("%s %.4f\n", kinds[k].name, median(times[k], ROUNDS));
        lua_close(states[k]);
    }
    return 0;
}
