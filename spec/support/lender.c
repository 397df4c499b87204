/* A host for the specs: a Lua module that opens the library as a host would, with an allocator that
 * counts and can refuse, lends memory to scripts and takes it back, and looks at arrays from the C
 * side. It holds its own copy of the binding, so what is opened here is what the specs test.
 *
 *   lender.open(quota, capabilities)   the library under a quota in bytes, as require "tessera";
 *                                      its files are in memory, but for those that it writes to
 *                                      "sparse:PATH". Capabilities: pointers and files
 * then lender.lend(dtype, shape, write)   -> ndarray over the host's memory, revoke function; with
 *                                            "read" or "write" that leaves this right alone
 *   lender.fingerprint(...)            a text that changes when an array among the arguments does
 *   lender.check(x)                    whether all elements lie inside the storage; nil: no array
 *   lender.deadline(seconds)           work that runs so long from now on fails; nil: none
 *   lender.file(name, bytes)           the bytes of a file in memory, or nil; puts bytes there
 *   lender.open_files()                readers and writers of these that were not closed
 *   lender.fail_files(bytes, keep)     reading and writing fails after so many bytes (negative:
 *                                      never), and keeping what was written, if `keep`
 *   lender.live()                      blocks and bytes that the library holds of the allocator
 *   lender.attempt(where, n, persistent, f, ...)
 *       calls f with the n-th allocation failing; where is "core" or "lua". Returns how many were
 *       refused, and pcall's results.
 *   lender.fresh(where, n, persistent, script)
 *       opens a new Lua state with the library, runs the script in it under the same faults, closes
 *       it. Returns how many were refused, the error or false, the blocks and bytes that leaked. */
#define _POSIX_C_SOURCE 200809L
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory_files.h"
#include "tessera_lua.h"

/* Refuses allocation number `at`, counted from 1; the ones after it as well if persistent. Lua asks
 * again after a collection, so a transient fault of Lua's allocator refuses two in a row. */
typedef struct fault {
    long seen, at, refused;
    bool wanted, armed, persistent;
    int repeat;
} fault;

typedef struct heap {
    fault core, lua;
    size_t blocks, bytes;
    lua_Alloc allocate; /* Lua's own */
    void *user;
} heap;

static heap here; /* of the state that runs the specs */
static memory_files files = {.fail_after = -1};

static bool refuses(fault *f) {
    if (!f->armed)
        return false;
    f->seen++;
    bool hit = f->persistent ? f->seen >= f->at : f->seen >= f->at && f->seen < f->at + f->repeat;
    f->refused += hit;
    return hit;
}

static void *allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    heap *h = user;
    if (refuses(&h->core))
        return NULL;
    size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    if (rounded < bytes)
        return NULL;
    void *block = aligned_alloc(alignment, rounded);
    if (block == NULL)
        return NULL;
    memset(block, zeroed ? 0 : 0xA5, bytes);
    h->blocks++;
    h->bytes += bytes;
    return block;
}

static void release(void *user, void *block, size_t bytes, size_t alignment) {
    heap *h = user;
    (void)alignment;
    h->blocks--;
    h->bytes -= bytes;
    free(block);
}

static void *lua_allocate(void *user, void *block, size_t old, size_t wanted) {
    heap *h = user;
    size_t had = block != NULL ? old : 0; /* for new blocks `old` is a kind of object */
    if (wanted > had && refuses(&h->lua))
        return NULL;
    return h->allocate(h->user, block, old, wanted);
}

static tessera_config config_of(heap *h, size_t quota, const tsr_opener *opener) {
    tessera_config config = {.struct_size = sizeof config,
                             .capabilities = TESSERA_POINTERS | TESSERA_FILES,
                             .opener = opener};
    config.core = (tsr_config){.struct_size = sizeof config.core,
                               .allocator = {allocate, release, h},
                               .quota = quota,
                               .cache_limit = SIZE_MAX};
    return config;
}

static int open_library(lua_State *L) {
    tsr_error err = {0};
    tsr_opener opener = memory_opener(&files);
    tessera_config config = config_of(&here, (size_t)luaL_checknumber(L, 1), &opener);
    if (!lua_isnoneornil(L, 2))
        config.capabilities = (unsigned)luaL_checknumber(L, 2);
    if (tessera_open(L, &config, &err) != TSR_OK)
        return luaL_error(L, "%s", err.message);
    return 1;
}

static int live(lua_State *L) {
    lua_pushnumber(L, (lua_Number)here.blocks);
    lua_pushnumber(L, (lua_Number)here.bytes);
    return 2;
}

/* ---- files */

static int file(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    tsr_opener opener = memory_opener(&files);
    if (!lua_isnoneornil(L, 2)) {
        size_t n;
        const char *bytes = luaL_checklstring(L, 2, &n);
        tsr_writer writer;
        if (opener.write(opener.user, name, &writer) && writer.write(writer.user, bytes, n))
            writer.close(writer.user, true);
    }
    const memory_file *f = memory_find(&files, name);
    if (f == NULL)
        return 0;
    lua_pushlstring(L, f->bytes > 0 ? f->data : "", f->bytes);
    return 1;
}

static int open_files(lua_State *L) {
    lua_pushnumber(L, (lua_Number)files.open);
    return 1;
}

static int fail_files(lua_State *L) {
    files.fail_after = (long)luaL_checknumber(L, 1);
    files.fail_keep = lua_toboolean(L, 2);
    return 0;
}

/* ---- lending */

static void returned(void *user, void *data) {
    (void)user;
    free(data);
}

static int loan_gc(lua_State *L) {
    tessera_lease **lease = lua_touserdata(L, 1);
    tessera_lease_free(*lease);
    *lease = NULL;
    return 0;
}

static int revoke(lua_State *L) {
    tessera_lease **lease = lua_touserdata(L, lua_upvalueindex(1));
    static const char *const rights[] = {"", "read", "write", NULL};
    static const unsigned bits[] = {0, TSR_READ, TSR_WRITE};
    tsr_error err = {0};
    int left = luaL_checkoption(L, 1, "", rights);
    tsr_status status = left == 0 ? tessera_revoke(*lease, TESSERA_REFUSE, &err)
                                  : tessera_narrow(*lease, bits[left], TESSERA_REFUSE, &err);
    return status == TSR_OK ? 0 : luaL_error(L, "%s", err.message);
}

static int lend(lua_State *L) {
    tessera_buffer buffer = {.struct_size = sizeof buffer, .label = "loan"};
    int64_t shape[TSR_MAX_DIMS];
    size_t bytes = 1;
    if (!tsr_dtype_parse(TSR_FACE_NUMPY, luaL_checkstring(L, 1), &buffer.dtype))
        return luaL_error(L, "no such dtype");
    luaL_checktype(L, 2, LUA_TTABLE);
    for (; buffer.ndim < 8; buffer.ndim++) {
        lua_rawgeti(L, 2, buffer.ndim + 1);
        if (lua_isnil(L, -1))
            break;
        shape[buffer.ndim] = (int64_t)luaL_checknumber(L, -1);
        bytes *= (size_t)shape[buffer.ndim];
    }
    buffer.shape = shape;
    buffer.rights = TSR_READ | (lua_toboolean(L, 3) ? (unsigned)TSR_WRITE : 0u);
    tessera_lease **lease = lua_newuserdata(L, sizeof(tessera_lease *));
    *lease = NULL;
    lua_newtable(L);
    lua_pushcfunction(L, loan_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    buffer.data = calloc(bytes, tsr_dtype_describe(buffer.dtype)->itemsize);
    buffer.release = returned;
    tsr_error err = {0};
    if (tessera_lend(L, &buffer, lease, &err) != TSR_OK) {
        free(buffer.data);
        return luaL_error(L, "%s", err.message);
    }
    lua_insert(L, -2);
    lua_pushcclosure(L, revoke, 1);
    return 2;
}

/* ---- looking */

static uint64_t mix(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 0x100000001B3u;
    return hash;
}

static uint64_t look(uint64_t hash, const tsr_array *a) {
    const tsr_storage *s = tsr_array_storage(a);
    int ndim = tsr_array_ndim(a);
    int64_t facts[] = {tsr_array_dtype(a),
                       ndim,
                       tsr_array_offset(a),
                       tsr_array_rights(a),
                       (int64_t)tsr_storage_version(s),
                       (int64_t)tsr_storage_bytes(s),
                       tsr_storage_revoked(s),
                       tsr_storage_pins(s)};
    hash = mix(hash, facts, sizeof facts);
    hash = mix(hash, tsr_array_shape(a), (size_t)ndim * sizeof(int64_t));
    hash = mix(hash, tsr_array_strides(a), (size_t)ndim * sizeof(int64_t));
    return tsr_storage_revoked(s) ? hash : mix(hash, tsr_storage_data(s), tsr_storage_bytes(s));
}

static int fingerprint(lua_State *L) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (int i = 1; i <= lua_gettop(L); i++) {
        const tsr_array *a = tessera_test(L, i);
        hash = a != NULL ? look(hash, a) : mix(hash, "-", 1);
    }
    char text[17];
    for (int i = 0; i < 16; i++)
        text[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    lua_pushlstring(L, text, 16);
    return 1;
}

static int check(lua_State *L) {
    const tsr_array *a = tessera_test(L, 1);
    if (a == NULL)
        return 0;
    const int64_t *shape = tsr_array_shape(a), *strides = tsr_array_strides(a);
    __int128 low = tsr_array_offset(a), high = low + (__int128)tsr_array_itemsize(a), size = 1;
    for (int i = 0; i < tsr_array_ndim(a); i++) {
        __int128 reach = (__int128)(shape[i] - 1) * strides[i];
        size *= shape[i];
        if (reach < 0)
            low += reach;
        else
            high += reach;
        if (shape[i] < 0)
            size = -1;
    }
    size_t bytes = tsr_storage_bytes(tsr_array_storage(a));
    bool inside = low >= 0 && high <= (__int128)bytes;
    bool counted = size == tsr_array_size(a);
    lua_pushboolean(L, counted && (size == 0 || inside));
    return 1;
}

/* ---- faults */

static fault fault_of(lua_State *L, const char *where) {
    bool wanted = strcmp(luaL_checkstring(L, 1), where) == 0;
    return (fault){.at = (long)luaL_checknumber(L, 2),
                   .wanted = wanted,
                   .persistent = lua_toboolean(L, 3),
                   .repeat = strcmp(where, "lua") == 0 ? 2 : 1};
}

static int attempt(lua_State *L) {
    fault core = fault_of(L, "core"), lua = fault_of(L, "lua");
    int top = lua_gettop(L);
    luaL_checkstack(L, 40, NULL); /* growing the stack is not what is tested */
    here.core = core;
    here.lua = lua;
    here.core.armed = core.wanted;
    here.lua.armed = lua.wanted;
    here.allocate = lua_getallocf(L, &here.user);
    lua_setallocf(L, lua_allocate,
                  &here); /* for now only: this module is unloaded before Lua ends */
    int code = lua_pcall(L, top - 4, LUA_MULTRET, 0);
    here.core.armed = here.lua.armed = false;
    lua_setallocf(L, here.allocate, here.user);
    lua_pushnumber(L, (lua_Number)(here.core.refused + here.lua.refused));
    lua_replace(L, 2);
    lua_pushboolean(L, code == 0);
    lua_replace(L, 3);
    return lua_gettop(L) - 1;
}

/* Everything that a state's life consists of, in a protected call. */
static int whole_life(lua_State *L) {
    heap *h = lua_touserdata(L, 1);
    const char *script = lua_touserdata(L, 2);
    tsr_error err = {0};
    luaL_openlibs(L);
    h->core.armed = h->core.wanted;
    h->lua.armed = h->lua.wanted;
    tsr_opener opener = memory_opener(&files);
    tessera_config config = config_of(h, (size_t)64 << 20, &opener);
    if (tessera_open(L, &config, &err) != TSR_OK)
        return luaL_error(L, "%s", err.message);
    if (luaL_loadstring(L, script) != 0)
        return lua_error(L);
    lua_call(L, 0, 0);
    return 0;
}

static int fresh(lua_State *L) {
    heap h = {.core = fault_of(L, "core"), .lua = fault_of(L, "lua")};
    const char *script = luaL_checkstring(L, 4);
    lua_State *other = luaL_newstate();
    if (other == NULL)
        return luaL_error(L, "no memory for a state");
    h.allocate = lua_getallocf(other, &h.user);
    lua_setallocf(other, lua_allocate, &h);
    lua_pushcfunction(other, whole_life);
    lua_pushlightuserdata(other, &h);
    lua_pushlightuserdata(other, (void *)(uintptr_t)script);
    int code = lua_pcall(other, 2, 0, 0);
    h.core.armed = h.lua.armed = false;
    lua_pushnumber(L, (lua_Number)(h.core.refused + h.lua.refused));
    if (code != 0)
        lua_pushstring(L, lua_tostring(other, -1));
    else
        lua_pushboolean(L, false);
    lua_close(other);
    lua_pushnumber(L, (lua_Number)h.blocks);
    lua_pushnumber(L, (lua_Number)h.bytes);
    return 4;
}

static int deadline(lua_State *L) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t at = ((int64_t)now.tv_sec + (int64_t)luaL_optinteger(L, 1, 0)) * 1000000000;
    tsr_context_set_deadline(tessera_context(L), lua_isnoneornil(L, 1) ? 0 : at);
    return 0;
}

TSR_API int luaopen_lender(lua_State *L);

int luaopen_lender(lua_State *L) {
    static const luaL_Reg functions[] = {{"open", open_library},
                                         {"lend", lend},
                                         {"live", live},
                                         {"fingerprint", fingerprint},
                                         {"check", check},
                                         {"attempt", attempt},
                                         {"fresh", fresh},
                                         {"file", file},
                                         {"open_files", open_files},
                                         {"fail_files", fail_files},
                                         {"deadline", deadline}};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushcfunction(L, functions[i].func);
        lua_setfield(L, -2, functions[i].name);
    }
    return 1;
}
