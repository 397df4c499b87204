/* Leases beyond lending and revoking: waiting, exports, rights that are narrowed, write-only
 * memory, telling of writes, and memory that is lent for one call. */
#include "host_check.h"

#include <stdatomic.h>

/* ---- waiting ---- */

typedef struct reader {
    tessera_lease *lease;
    atomic_bool ends;
} reader;

static void *unpin_later(void *user) {
    reader *r = user;
    while (!atomic_load(&r->ends))
        ;
    tsr_storage_unpin(r->lease);
    return NULL;
}

static void *revoke_waiting(void *user) {
    reader *r = user;
    tsr_error err = {0};
    return tessera_revoke(r->lease, TESSERA_WAIT, &err) == TSR_OK ? r : NULL;
}

/* A pin stands for an operation that runs. */
static void waiting(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {1, 2, 3};
    owner o = {0};
    tsr_error err = {0};
    reader r = {.lease = lend(L, data, &o)};
    CHECK(tsr_storage_pin(r.lease, &err) == TSR_OK);
    CHECK(tessera_revoke(r.lease, TESSERA_REFUSE, &err) == TSR_EBUSY);
    CHECK(strstr(err.message, "storage (the grid) is pinned 1 times") != NULL);
    CHECK(tessera_revoke_within(r.lease, 3000000, &err) == TSR_EBUSY && o.released == 0);
    RUNS(L, "assert(a[{1, 3}] == 3)  a[{1, 3}] = 4"); /* nothing has changed */

    pthread_t waits, ends;
    CHECK(pthread_create(&waits, NULL, revoke_waiting, &r) == 0);
    while (run(L, "assert(a[{1, 1}] == 1)")[0] == '\0') /* until the other thread waits */
        ;
    FAILS(L, "a:fill(1)", "storage was revoked by its host (the grid)");
    CHECK(o.released == 0);
    CHECK(pthread_create(&ends, NULL, unpin_later, &r) == 0);
    atomic_store(&r.ends, true);
    void *result = NULL;
    pthread_join(ends, NULL);
    pthread_join(waits, &result);
    CHECK(result == &r && o.released == 1);
    FAILS(L, "return a[{1, 1}]", "storage was revoked by its host (the grid)");
    CHECK(tessera_revoke(r.lease, TESSERA_WAIT, &err) == TSR_OK && o.released == 1);
    tessera_lease_free(r.lease);
    lua_close(L);
}

static void exports(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {0};
    owner o = {0};
    tsr_error err = {0};
    tessera_lease *lease = lend(L, data, &o);
    CHECK(tsr_storage_export(lease, "somebody else", &err) == TSR_OK);
    for (int mode = TESSERA_REFUSE; mode <= TESSERA_WAIT; mode++) {
        CHECK(tessera_revoke(lease, (tessera_revoke_mode)mode, &err) == TSR_EBUSY);
        CHECK(strstr(err.message, "storage (the grid) is held by somebody else") != NULL);
    }
    RUNS(L, "assert(a[{1, 1}] == 0 and not a:origin().revoked and a:storage().pins == 1)");
    tsr_storage_unexport(lease);
    CHECK(tessera_revoke(lease, TESSERA_WAIT, &err) == TSR_OK && o.released == 1);
    CHECK(tsr_storage_export(lease, "too late", &err) == TSR_EREVOKED);
    tessera_lease_free(lease);
    /* what ends with a state does not go to those who may outlive it */
    RUNS(L, "b = require 'tessera.numpy'.frombuffer('text', {dtype = 'uint8'})");
    lua_getglobal(L, "b");
    tsr_storage *text = tsr_array_storage(tessera_check(L, -1));
    CHECK(tsr_storage_export(text, "a longer life", &err) == TSR_EUNSUPPORTED);
    lua_close(L);
}

/* ---- rights ---- */

static void narrowing(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {5};
    owner o = {0};
    tsr_error err = {0};
    tessera_lease *lease = lend(L, data, &o);
    RUNS(L, "np, torch = require 'tessera.numpy', require 'tessera.torch'\n"
            "v = torch.from_numpy(a)[{1, {1, 2}}]  v:add_(1)\n"
            "f = require 'tessera'.fuse(function(x) return x + a end)\n"
            "assert(f(np.ones(6))[{1, 1}] == 7 and not a:origin().readonly)");
    CHECK(tessera_narrow(lease, TSR_READ, TESSERA_WAIT, &err) == TSR_OK);
    const char *say = "array is read-only (lent memory)";
    RUNS(L,
         "assert(a[{1, 1}] == 6 and v[2] == 1 and (a + 1)[{1, 1}] == 7 and a:sum():item() == 7)");
    RUNS(L, "assert(a:origin().readonly and a.flags.writeable == false and a:storage().readonly)");
    FAILS(L, "a:fill(0)", say);
    FAILS(L, "a[{1, 1}] = 0", say);
    FAILS(L, "v:add_(1)", say);
    FAILS(L, "v[1] = 0", say);
    FAILS(L, "np.exp(np.ones(4, 6), {out = a})", say);
    FAILS(L, "a:set(1, 1, 0)", say);
    CHECK(data[0] == 6);
    CHECK(tessera_narrow(lease, TSR_READ | TSR_WRITE, TESSERA_REFUSE, &err) == TSR_OK);
    FAILS(L, "a:fill(0)", say); /* nothing widens */
    CHECK(tsr_storage_pin(lease, &err) == TSR_OK);
    CHECK(tessera_narrow(lease, 0, TESSERA_REFUSE, &err) == TSR_EBUSY);
    tsr_storage_unpin(lease);
    CHECK(tessera_narrow(lease, 0, TESSERA_REFUSE, &err) == TSR_OK);
    FAILS(L, "return a[{1, 1}]", "array is write-only (lent memory)");
    FAILS(L, "return f(np.ones(6))", "array is write-only (lent memory)");
    CHECK(tessera_narrow(lease, 0, (tessera_revoke_mode)7, &err) == TSR_EUNSUPPORTED);
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_OK);
    FAILS(L, "return f(np.ones(6))", "storage was revoked by its host (the grid)");
    tessera_lease_free(lease);
    RUNS(L, "b = np.ones(3)");
    lua_getglobal(L, "b");
    CHECK(tsr_storage_narrow(tsr_array_storage(tessera_check(L, -1)), TSR_READ, 0, &err) ==
          TSR_EVALUE);
    lua_close(L);
}

static void write_only(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {5};
    owner o = {0};
    tessera_buffer buffer = buffer_of(data, &o);
    tessera_lease *lease = NULL;
    buffer.rights = TSR_WRITE;
    CHECK(tessera_lend(L, &buffer, &lease, NULL) == TSR_OK);
    lua_setglobal(L, "a");
    RUNS(L,
         "np, torch = require 'tessera.numpy', require 'tessera.torch'  t = torch.from_numpy(a)\n"
         "a:fill(1)  a[{2, 2}] = 2  t[{3, {}}] = torch.arange(6)  a:set(4, 1, 9)\n"
         "np.add(np.ones(4, 6), 1, {out = a['::-1']})  np.copyto(a[1], np.arange(6))");
    CHECK(data[0] == 0 && data[5] == 5 && data[6] == 2 && data[23] == 2);
    static const char *const reads[] = {
        "return a[{1, 1}]",
        "return a:get(1, 1)",
        "return a:tolist()",
        "return a:tobytes()",
        "return a + 1",
        "return a:sum()",
        "return t:clone()",
        "return a:astype('int8')",
        "return t:max(1)",
        "return np.cumsum(a, 1)",
        "t:add_(1)",
        "return torch.softmax(t, 1)",
        "return a[1]:tolist()",
        "return np.tril(a)",
    };
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        FAILS(L, reads[i], "array is write-only (lent memory)");
    FAILS(L, "np.add(np.ones(4, 6), 1, {out = a, where = np.ones(4, 6):gt(0)})",
          "array is write-only (lent memory)"); /* which keeps what is there */
    RUNS(L, "assert(require 'tessera'.last_error().kind == 'readonly')");
    RUNS(L, "assert(tostring(a) == 'array(<write-only: the grid>)')");
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_OK);
    tessera_lease_free(lease);
    lua_close(L);
}

static void touching(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {0};
    owner o = {0};
    tessera_lease *lease = lend(L, data, &o);
    RUNS(L, "seen = a._version");
    data[0] = 3;
    tessera_touched(lease);
    RUNS(L,
         "assert(a._version == seen + 1 and a[{1, 1}] == 3 and a:storage().version == seen + 1)");
    tessera_lease_free(lease);
    lua_close(L);
}

/* ---- for the length of one call ---- */

static void one_call(void) {
    lua_State *L = new_state(NULL);
    double data[2][24] = {{1, 2}, {10, 20}};
    owner o[2] = {{0}, {0}};
    tessera_buffer buffers[2] = {buffer_of(data[0], &o[0]), buffer_of(data[1], &o[1])};
    CHECK(luaL_loadstring(L,
                          "local k, x, y = ...\n"
                          "kept, view = x, require 'tessera.torch'.from_numpy(y)[1]\n"
                          "co = coroutine.wrap(function() coroutine.yield() return y:sum() end)\n"
                          "co()\n"
                          "y:fill(k)\n"
                          "return x[{1, 2}], y[{4, 6}]") == 0);
    lua_pushinteger(L, 7);
    CHECK(tessera_pcall_lent(L, 1, 2, 0, 2, buffers) == 0 && lua_gettop(L) == 2);
    CHECK(lua_tonumber(L, 1) == 2 && lua_tonumber(L, 2) == 7 && data[1][23] == 7);
    CHECK(o[0].released == 1 && o[1].released == 1 && lent(L) == 0);
    FAILS(L, "return kept[{1, 1}]", "storage was revoked by its host (the grid)");
    FAILS(L, "view:fill_(1)", "storage was revoked by its host (the grid)");
    FAILS(L, "co()", "storage was revoked by its host (the grid)");

    /* an error, with a handler; nothing is left */
    CHECK(luaL_loadstring(L, "return 'handled: ' .. (...)") == 0);
    CHECK(luaL_loadstring(L, "kept = ...  error('no', 0)") == 0);
    CHECK(tessera_pcall_lent(L, 0, 1, -2, 1, buffers) == LUA_ERRRUN && lua_gettop(L) == 2);
    CHECK(strcmp(lua_tostring(L, -1), "handled: no") == 0 && o[0].released == 2);
    FAILS(L, "return kept + 1", "storage was revoked by its host (the grid)");

    /* a buffer that cannot be lent: no callback, no call */
    CHECK(luaL_loadstring(L, "called = true") == 0);
    buffers[1].dtype = (tsr_dtype)99;
    CHECK(tessera_pcall_lent(L, 0, 0, 0, 2, buffers) == LUA_ERRRUN && lua_gettop(L) == 1);
    CHECK(strstr(lua_tostring(L, -1), "99 is no dtype") != NULL && o[0].released == 2);
    CHECK(o[1].released == 1 && lent(L) == 0);
    lua_settop(L, 0);
    RUNS(L, "assert(not called)");

    /* exported in the call, and still held */
    CHECK(luaL_loadstring(L, "kept = ...  export(kept)  return 1") == 0);
    lua_State *bare = luaL_newstate();
    CHECK(luaL_loadstring(bare, "return 1") == 0);
    CHECK(tessera_pcall_lent(bare, 0, 1, 0, 1, buffers) == LUA_ERRRUN);
    CHECK(strstr(lua_tostring(bare, -1), "not open in this state") != NULL);
    lua_close(bare);
    lua_close(L);
    CHECK(o[0].released == 2);
}

static tsr_storage *exported;

static int export_argument(lua_State *L) {
    exported = tsr_array_storage(tessera_check(L, 1));
    tsr_storage_retain(exported);
    CHECK(tsr_storage_export(exported, "a consumer", NULL) == TSR_OK);
    return 0;
}

static void exported_in_a_call(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {1, 2};
    owner o = {0};
    tessera_buffer buffer = buffer_of(data, &o);
    lua_pushcfunction(L, export_argument);
    CHECK(tessera_pcall_lent(L, 0, 0, 0, 1, &buffer) == LUA_ERRRUN && lua_gettop(L) == 1);
    CHECK(strstr(lua_tostring(L, 1), "storage (the grid) is held by a consumer") != NULL);
    CHECK(o.released == 0);
    lua_close(L);
    tsr_storage_unexport(exported);
    tsr_storage_release(exported);
    CHECK(o.released == 1);
}

int main(void) {
    waiting();
    exports();
    narrowing();
    write_only();
    touching();
    one_call();
    exported_in_a_call();
    return report();
}
