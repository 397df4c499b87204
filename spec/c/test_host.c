/* tessera_lua.h as hosts use it: opening, lending, revoking in every order, pushing into several
 * states, limits, and arguments that are wrong. Each test has states and release counters of its
 * own; scripts that must fail are compared by their message. */
#include "host_check.h"

/* ---- an allocator that counts */

typedef struct heap {
    size_t live, calls;
    bool refuses;
} heap;

static void *heap_allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    heap *h = user;
    if (h->refuses)
        return NULL;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block != NULL) {
        h->live += bytes;
        h->calls++;
        memset(block, zeroed ? 0 : 0xa5, bytes);
    }
    return block;
}

static void heap_release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)alignment;
    ((heap *)user)->live -= bytes;
    free(block);
}

/* ---- tests */

static void opening(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    tsr_error err = {0};
    tsr_memory memory;
    tsr_array *array = NULL;
    CHECK(tessera_context(L) == NULL);
    CHECK(!tessera_memory(L, &memory));
    tessera_last_error(L, &err);
    CHECK(err.status == TSR_OK);
    double data[24] = {0};
    owner o = {0};
    tessera_buffer buffer = buffer_of(data, &o);
    tessera_lease *lease = (tessera_lease *)(void *)data;
    CHECK(tessera_lend(L, &buffer, &lease, &err) == TSR_EVALUE && lease == NULL);
    CHECK(tessera_push(L, array, TSR_FACE_NUMPY, &err) == TSR_EVALUE);
    CHECK(lua_gettop(L) == 0 && o.released == 0);

    tessera_config config = {.struct_size = 3};
    CHECK(tessera_open(L, &config, &err) == TSR_EVALUE);
    CHECK(strstr(err.message, "struct_size is 3") != NULL);
    config = (tessera_config){.struct_size = sizeof config}; /* core.struct_size is missing */
    CHECK(tessera_open(L, &config, &err) == TSR_EVALUE);
    config.core = (tsr_config){.struct_size = sizeof config.core, .isa = "v9"};
    CHECK(tessera_open(L, &config, &err) == TSR_EUNSUPPORTED);
    CHECK(strstr(err.message, "v9") != NULL);
    config.core.isa = NULL;
    config.core.allocator.allocate = heap_allocate; /* without release */
    CHECK(tessera_open(L, &config, NULL) == TSR_EVALUE);
    heap h = {.refuses = true};
    config.core.allocator = (tsr_allocator){heap_allocate, heap_release, &h};
    CHECK(tessera_open(L, &config, &err) == TSR_EMEMORY && err.status == TSR_EMEMORY);
    CHECK(lua_gettop(L) == 0 && tessera_context(L) == NULL);

    h.refuses = false;
    config.core.isa = "base";
    CHECK(tessera_open(L, &config, &err) == TSR_OK && lua_istable(L, 1));
    tsr_context *context = tessera_context(L);
    CHECK(context != NULL && h.calls > 0);
    CHECK(strcmp(tsr_context_isa(context), "base") == 0);
    /* a second time: the same library, the first configuration */
    CHECK(tessera_open(L, NULL, &err) == TSR_OK && lua_rawequal(L, 1, 2));
    CHECK(tessera_context(L) == context);
    lua_settop(L, 0);
    RUNS(L, "package.path, package.cpath = '', ''\n"
            "ts, torch, np = require 'tessera', require 'tessera.torch', require 'tessera.numpy'\n"
            "assert(ts.torch == torch and ts.np == np and ts.isa() == 'base')\n"
            "t = torch.ones(100, 100); assert(tostring(np.ones(2)) == 'array([1., 1.])')");
    CHECK(tessera_memory(L, &memory) && memory.current >= 40000 && memory.quota == 0);
    CHECK(h.live >= memory.current + memory.cached);
    lua_close(L);
    CHECK(h.live == 0);
}

static void lending(void) {
    lua_State *L = new_state(NULL);
    double data[24];
    for (int i = 0; i < 24; i++)
        data[i] = i;
    owner o = {0};
    tessera_lease *lease = lend(L, data, &o);
    CHECK(lent(L) == sizeof data);
    RUNS(L, "local o = a:origin()\n"
            "assert(o.kind == 'lent' and o.label == 'the grid' and not o.readonly)\n"
            "assert(o.bytes == 192 and not o.revoked)\n"
            "assert(a.shape[1] == 4 and a.shape[2] == 6 and a:get(2, 3) == 8)\n"
            "a[{2, 3}] = -1; assert(require 'tessera'.copies() == 0)");
    CHECK(data[8] == -1); /* the same memory, not a copy */
    data[9] = 77;
    RUNS(L, "assert(a:get(2, 4) == 77)");
    RUNS(L, "require 'tessera.torch'.from_numpy(a)['::-1, -1']:fill_(5)");
    CHECK(data[5] == 5 && data[23] == 5 && data[22] == 22);
    FAILS(L, "require 'tessera.torch'.from_numpy(a):resize_(9)", "resize");
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_OK);
    CHECK(o.released == 1 && o.data == data && lent(L) == 0);
    tessera_lease_free(lease);
    lua_close(L);
    CHECK(o.released == 1);
}

static void rights(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {1};
    owner o = {0};
    tessera_buffer buffer = buffer_of(data, &o);
    buffer.rights = TSR_READ;
    tsr_error err = {0};
    CHECK(tessera_lend(L, &buffer, NULL, &err) == TSR_OK);
    lua_setglobal(L, "a");
    RUNS(L, "assert(a:origin().readonly and a:get(1, 1) == 1 and not a.flags.writeable)");
    FAILS(L, "a[{1, 1}] = 2", "read-only");
    FAILS(L, "a:set(1, 1, 2)", "read-only");
    FAILS(L, "a['2:3, ::-1']:fill(2)", "read-only");
    FAILS(L, "require 'tessera.torch'.from_numpy(a):zero_()", "read-only");
    FAILS(L, "require 'tessera.torch'.from_numpy(a):t():copy_(1)", "read-only");
    tessera_last_error(L, &err);
    CHECK(err.status == TSR_EREADONLY);
    CHECK(data[0] == 1 && data[1] == 0);
    lua_close(L);
    CHECK(o.released == 1);
}

/* Every way to touch an array, on both faces, after the memory is gone. */
static void revoking(void) {
    lua_State *L = new_state(NULL);
    double *data = calloc(24, sizeof *data);
    owner o = {0};
    tessera_lease *lease = lend(L, data, &o);
    RUNS(L,
         "torch = require 'tessera.torch'; np = require 'tessera.numpy'\n"
         "views = {a, a.T, a['::-2, 2:5'], a['::-1']['2:3'][{1}], torch.from_numpy(a),\n"
         "    torch.from_numpy(a.T):narrow(1, 2, 3):t(), torch.from_numpy(a):numpy():reshape(24),\n"
         "    np.broadcast_to(a[{1}], {3, 6}), a:view(np.uint8)}\n"
         "for _, v in ipairs(views) do assert(tostring(v):find('0')) end");
    tsr_error err = {0};
    CHECK(tsr_storage_pin(lease, &err) == TSR_OK); /* as a running operation does */
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_EBUSY && o.released == 0);
    CHECK(strstr(err.message, "the grid") != NULL);
    RUNS(L, "assert(a:get(1, 1) == 0)"); /* refused: nothing has changed */
    tsr_storage_unpin(lease);
    CHECK(tessera_revoke(lease, (tessera_revoke_mode)9, &err) == TSR_EUNSUPPORTED);
    CHECK(o.released == 0);
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_OK && o.released == 1);
    memset(data, 0xee, 24 * sizeof *data);
    free(data); /* a later touch is seen by the sanitizer */
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_OK && o.released == 1);
    CHECK(tsr_storage_pin(lease, &err) == TSR_EREVOKED && tsr_storage_data(lease) == NULL);

    RUNS(L, "local touches = {\n"
            "  function(v) if v.ndim == 1 then return v:get(1) end return v:get(1, 1) end,\n"
            "  function(v) return v:tolist() end,\n"
            "  function(v) return v[1]:tolist() end, function(v) v[1] = 1 end,\n"
            "  function(v) return v['::-1']:tolist() end,\n"
            "  function(v) return v:tobytes() end, function(v) return np.array(v) end,\n"
            "  function(v) return torch.tensor(v) end, function(v) return v:data_ptr() end,\n"
            "  function(v) return np.concatenate{v, v} end, function(v) return np.tile(v, 2) end,\n"
            "  function(v) return np.copyto(v, 1) end, function(v) return np.any(v) end,\n"
            "}\n"
            "local say = 'storage was revoked by its host (the grid)'\n"
            "for i, v in ipairs(views) do\n"
            "  for j, touch in ipairs(touches) do\n"
            "    local ok, message = pcall(touch, v)\n"
            "    local off = j == 9 and tostring(message):find('raw pointers', 1, true)\n"
            "    if ok or not (off or tostring(message):find(say, 1, true)) then\n"
            "      error(i .. ', ' .. j .. ': ' .. tostring(message))\n"
            "    end\n"
            "  end\n"
            "  local shown = tostring(v)\n"
            "  assert(shown == 'array(<revoked: the grid>)' or\n"
            "         shown == 'tensor(<revoked: the grid>)', shown)\n"
            "  assert(v:origin().revoked and v.shape[1] > 0)\n"
            "end");
    FAILS(L, "\n\na:get(1, 1)", "]:3: get: storage was revoked by its host (the grid)");
    tessera_last_error(L, &err);
    CHECK(err.status == TSR_EREVOKED);
    RUNS(L, "views, a = nil; collectgarbage(); collectgarbage()");
    CHECK(o.released == 1);
    tessera_lease_free(lease);
    lua_close(L);
    CHECK(o.released == 1);
}

/* The callback comes exactly once, at the right moment, whoever lets go last. */
static void releasing(void) {
    for (int order = 0; order < 6; order++) {
        lua_State *L = new_state(NULL);
        double data[24] = {0};
        owner o = {0};
        tessera_lease *lease = lend(L, data, &o);
        switch (order) {
        case 0: /* lease, array */
            tessera_lease_free(lease);
            CHECK(o.released == 0);
            RUNS(L, "a = nil; collectgarbage(); collectgarbage()");
            CHECK(o.released == 1);
            break;
        case 1: /* array, lease */
            RUNS(L, "a = nil; collectgarbage(); collectgarbage()");
            CHECK(o.released == 0);
            tessera_lease_free(lease);
            CHECK(o.released == 1);
            break;
        case 2: /* revoke, lease, state */
            CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_OK && o.released == 1);
            tessera_lease_free(lease);
            break;
        case 3: /* array, revoke, lease */
            RUNS(L, "a = nil; collectgarbage(); collectgarbage()");
            CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_OK && o.released == 1);
            tessera_lease_free(lease);
            break;
        case 4: /* lease, a view of a view, the state */
            tessera_lease_free(lease);
            RUNS(L, "b = a.T['::-1']; a = nil; collectgarbage(); collectgarbage()");
            CHECK(o.released == 0);
            break;
        default: /* a:release() */
            tessera_lease_free(lease);
            RUNS(L, "a:release()");
            CHECK(o.released == 1);
            break;
        }
        lua_close(L);
        CHECK(o.released == 1 && o.data == data);
    }
    /* the state goes before the lease */
    for (int revoke = 0; revoke < 2; revoke++) {
        lua_State *L = new_state(NULL);
        double data[24] = {0};
        owner o = {0};
        tessera_lease *lease = lend(L, data, &o);
        lua_close(L);
        CHECK(o.released == 0);
        if (revoke)
            CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_OK && o.released == 1);
        tessera_lease_free(lease);
        CHECK(o.released == 1);
    }
}

static void several_states(void) {
    heap h = {0};
    tessera_config config = {.struct_size = sizeof config,
                             .core = {.struct_size = sizeof config.core,
                                      .allocator = {heap_allocate, heap_release, &h}}};
    lua_State *L1 = new_state(&config), *L2 = new_state(&config);
    double data[24] = {0};
    owner o = {0};
    tsr_error err = {0};
    tessera_lease *lease = lend(L1, data, &o);
    lua_getglobal(L1, "a");
    tsr_array *array = tessera_test(L1, -1);
    CHECK(array != NULL && tsr_array_storage(array) == lease);
    CHECK(tessera_push(L2, array, TSR_FACE_TORCH, &err) == TSR_OK);
    lua_setglobal(L2, "a");
    CHECK(tessera_push(L2, array, TSR_FACE_NUMPY, &err) == TSR_OK);
    lua_setglobal(L2, "b");
    RUNS(L1, "a:set(2, 2, 9)");
    RUNS(L2, "local torch = require 'tessera.torch'\n"
             "assert(torch.is_tensor(a) and not torch.is_tensor(b))\n"
             "assert(a:get(2, 2) == 9 and a:shares(b)); b:set(1, 1, 4)\n"
             "v = a:t()");
    RUNS(L1, "assert(a:get(1, 1) == 4)");

    /* what L1 owns lives on in L2 */
    RUNS(L1, "own = require 'tessera.torch'.arange(1000)");
    lua_getglobal(L1, "own");
    CHECK(tessera_push(L2, tessera_test(L1, -1), TSR_FACE_NUMPY, &err) == TSR_OK);
    lua_setglobal(L2, "own");
    lua_close(L1);
    CHECK(o.released == 0);
    RUNS(L2, "assert(own:get(1000) == 999 and own['::-1']:get(1) == 999)\n"
             "assert(a:get(2, 2) == 9); a:set(2, 2, 3)");
    CHECK(data[7] == 3);
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_OK && o.released == 1);
    FAILS(L2, "return a:tolist()", "storage was revoked by its host (the grid)");
    FAILS(L2, "b:fill(1)", "storage was revoked by its host (the grid)");
    FAILS(L2, "v:fill_(1)", "storage was revoked by its host (the grid)");
    tessera_lease_free(lease);
    CHECK(h.live > 0);
    lua_close(L2);
    CHECK(o.released == 1 && h.live == 0);
}

static void capabilities(void) {
    lua_State *L = new_state(NULL);
    RUNS(L, "a = require 'tessera.numpy'.zeros(2)");
    FAILS(L, "a:data_ptr()", "data_ptr: raw pointers are not allowed by the host");
    FAILS(L, "a:__array_interface()", "raw pointers are not allowed by the host");
    tsr_error err = {0};
    tessera_last_error(L, &err);
    CHECK(err.status == TSR_ELIMIT);
    lua_close(L);
    tessera_config config = {.struct_size = sizeof config,
                             .core = {.struct_size = sizeof config.core},
                             .capabilities = TESSERA_POINTERS};
    L = new_state(&config);
    RUNS(L, "a = require 'tessera.numpy'.zeros(2); assert(a:data_ptr() ~= 0)\n"
            "assert(a:__array_interface().shape[1] == 2)");
    lua_close(L);
}

static void quota(void) {
    tessera_config config = {.struct_size = sizeof config,
                             .core = {.struct_size = sizeof config.core, .quota = (size_t)1 << 20}};
    lua_State *L = new_state(&config);
    RUNS(L, "torch = require 'tessera.torch'; keep = torch.ones(1000)");
    FAILS(L, "torch.zeros(2^20)", "quota of 1048576 bytes");
    tsr_error err = {0};
    tessera_last_error(L, &err);
    CHECK(err.status == TSR_EMEMORY);
    FAILS(L, "local all = {}; for i = 1, 1000 do all[i] = torch.zeros(100, 100) end", "quota");
    /* garbage does not count: it is collected before the quota is an error */
    RUNS(L, "for i = 1, 1000 do torch.zeros(100, 100) end; assert(keep:get(1000) == 1)");
    tsr_memory memory;
    CHECK(tessera_memory(L, &memory) && memory.peak <= (size_t)1 << 20);
    CHECK(memory.quota == (size_t)1 << 20);
    tsr_context_set_quota(tessera_context(L), 0);
    RUNS(L, "torch.zeros(2^20)");
    /* lending needs a few bytes of its own; when refused, the callback is not owed */
    RUNS(L, "collectgarbage(); collectgarbage(); require 'tessera'.trim()");
    tsr_context_set_quota(tessera_context(L), 1);
    double data[24] = {0};
    owner o = {0};
    tessera_buffer buffer = buffer_of(data, &o);
    tessera_lease *lease;
    CHECK(tessera_lend(L, &buffer, &lease, &err) == TSR_EMEMORY && lease == NULL);
    CHECK(lua_gettop(L) == 0 && lent(L) == 0);
    lua_close(L);
    CHECK(o.released == 0);
}

static int check_argument(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tsr_array_size(tessera_check(L, 1)));
    return 1;
}

static void testing_and_checking(void) {
    lua_State *L = new_state(NULL);
    lua_pushcfunction(L, check_argument);
    lua_setglobal(L, "size");
    RUNS(L, "a = require 'tessera.numpy'.zeros(2, 3); assert(size(a) == 6 and size(a.T) == 6)");
    FAILS(L, "size(3)", "argument 1 must be an array, not number");
    FAILS(L, "size()", "argument 1 must be an array, not no value");
    FAILS(L, "size({})", "argument 1 must be an array, not table");
    FAILS(L, "size(io.stdout)", "argument 1 must be an array, not userdata");
    FAILS(L, "a:release(); size(a)", "argument 1 must be an array");
    lua_newtable(L);
    lua_pushlightuserdata(L, L);
    CHECK(tessera_test(L, 1) == NULL && tessera_test(L, 2) == NULL && tessera_test(L, 3) == NULL);
    lua_settop(L, 0);
    lua_close(L);
}

/* Nothing is pushed, nothing is lent, no callback is owed. */
static void refused(lua_State *L, tessera_buffer buffer, tsr_status status, int line) {
    owner o = {0};
    tessera_lease *lease;
    tsr_error err = {0};
    buffer.release = on_release;
    buffer.user = &o;
    tsr_status got = tessera_lend(L, &buffer, &lease, &err);
    if (got != status)
        printf("line %d: status %d, not %d: %s\n", line, got, status, err.message);
    CHECK(got == status && lease == NULL && err.status == status && err.message[0] != '\0');
    CHECK(lua_gettop(L) == 0 && lent(L) == 0);
    RUNS(L, "collectgarbage(); collectgarbage()");
    CHECK(o.released == 0);
}

#define REFUSED(status, ...)                                                                       \
    do {                                                                                           \
        tessera_buffer b = buffer_of(data, NULL);                                                  \
        __VA_ARGS__;                                                                               \
        refused(L, b, status, __LINE__);                                                           \
    } while (0)

static void invalid_buffers(void) {
    lua_State *L = new_state(NULL);
    double data[24] = {0};
    const int64_t negative[] = {4, -6}, huge[] = {INT64_C(1) << 40, INT64_C(1) << 40};
    const int64_t hidden[] = {0, -6}, strides[] = {-48, 8}, wide[] = {INT64_MAX, 8};
    REFUSED(TSR_EVALUE, b.struct_size = 8);
    REFUSED(TSR_EDTYPE, b.dtype = TSR_DTYPE_COUNT);
    REFUSED(TSR_EDTYPE, b.dtype = (tsr_dtype)-1);
    REFUSED(TSR_ESHAPE, b.ndim = -1);
    REFUSED(TSR_ESHAPE, b.ndim = TSR_MAX_DIMS + 1);
    REFUSED(TSR_ESHAPE, b.shape = negative);
    REFUSED(TSR_ESHAPE, b.shape = hidden);
    REFUSED(TSR_ESHAPE, b.shape = NULL);
    REFUSED(TSR_ESHAPE, b.strides = strides);
    REFUSED(TSR_EVALUE, b.shape = huge);
    REFUSED(TSR_EVALUE, b.strides = wide);
    REFUSED(TSR_EVALUE, b.data = NULL);
    REFUSED(TSR_EVALUE, b.rights = 0);
    REFUSED(TSR_EVALUE, b.rights = TSR_READ | TSR_RESIZE);
    REFUSED(TSR_EVALUE, b.rights = 255);

    /* what looks odd and is legal */
    const int64_t empty[] = {0, 6}, padded[] = {64, 8};
    tsr_error err = {0};
    owner o = {0};
    double rows[4 * 8] = {0};
    tessera_buffer b = buffer_of(NULL, &o);
    b.shape = empty;
    CHECK(tessera_lend(L, &b, NULL, &err) == TSR_OK);
    lua_setglobal(L, "a");
    RUNS(L, "assert(a.size == 0 and #a:tolist() == 0); a = nil");
    b = buffer_of(rows, &o);
    b.strides = padded;
    CHECK(tessera_lend(L, &b, NULL, &err) == TSR_OK);
    lua_setglobal(L, "a");
    CHECK(lent(L) >= (3 * 8 + 6) * sizeof(double));
    RUNS(L, "a:fill(1); a = nil");
    CHECK(rows[5] == 1 && rows[6] == 0 && rows[7] == 0 && rows[8] == 1 && rows[29] == 1);
    b = buffer_of(data, NULL);
    b.ndim = 0;
    b.shape = NULL;
    b.label = NULL;
    b.release = NULL;
    tessera_lease *lease;
    CHECK(tessera_lend(L, &b, &lease, &err) == TSR_OK && lent(L) >= sizeof(double));
    lua_setglobal(L, "a");
    RUNS(L, "a:fill(6)");
    CHECK(data[0] == 6 && data[1] == 0);
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_OK);
    FAILS(L, "a:item()", "storage was revoked by its host");
    tessera_lease_free(lease);
    tessera_lease_free(NULL);
    lua_close(L);
    CHECK(o.released == 2);
}

/* ---- a Lua allocator that fails for good from the n-th call on */

typedef struct rations {
    long left; /* negative: without end */
} rations;

static void *ration(void *user, void *block, size_t old, size_t bytes) {
    rations *r = user;
    if (bytes == 0) {
        free(block);
        return NULL;
    }
    /* shrinking must not fail */
    if (r->left == 0 && (block == NULL || bytes > old))
        return NULL;
    r->left -= r->left > 0;
    return realloc(block, bytes);
}

static int panicked(lua_State *L) {
    printf("panic: %s\n", lua_tostring(L, -1));
    fflush(stdout);
    return 0;
}

/* Runs each function of the header outside of any protected call, with n allocations of Lua left:
 * it works or says memory, the stack is as it was, and nothing is owed. */
static void lua_memory(void) {
    long refusals = 0, broken = 0;
    for (long n = 0, whole = 0; whole < 3; n++) {
        rations r = {-1};
        lua_State *L = lua_newstate(ration, &r);
        if (L == NULL) { /* LuaJIT may insist on its own allocator */
            refusals = -1;
            break;
        }
        lua_atpanic(L, panicked);
        luaL_openlibs(L);
        tsr_error err = {0};
        double data[24] = {0};
        owner o = {0};
        tessera_buffer buffer = buffer_of(data, &o);
        int top = lua_gettop(L);
        whole = 0;
        r.left = n;
        tsr_status status = tessera_open(L, NULL, &err);
        r.left = -1;
        bool pushed = status == TSR_OK;
        if (!pushed && status != TSR_EMEMORY)
            printf("n = %ld: %s\n", n, err.message);
        broken += !pushed && (status != TSR_EMEMORY || tessera_context(L) != NULL);
        broken += lua_gettop(L) != top + pushed;
        refusals += !pushed;
        whole += pushed;
        broken += tessera_open(L, NULL, &err) != TSR_OK;
        for (int lending = 0; lending < 2; lending++) {
            tsr_array *array = NULL;
            broken += lending == 0 && tsr_array_new(tessera_context(L), TSR_INT8, 0, NULL, true,
                                                    &array, &err) != TSR_OK;
            top = lua_gettop(L);
            r.left = n;
            status = lending ? tessera_lend(L, &buffer, NULL, &err)
                             : tessera_push(L, array, TSR_FACE_TORCH, &err);
            r.left = -1;
            pushed = status == TSR_OK;
            broken += (!pushed && status != TSR_EMEMORY) || lua_gettop(L) != top + pushed;
            refusals += !pushed;
            whole += pushed;
            tsr_array_release(array);
        }
        lua_close(L);
        broken += o.released != pushed;
    }
    printf("%ld refused allocations of Lua\n", refusals);
    CHECK(broken == 0);
    CHECK(refusals == -1 || refusals > 100);
}

/* ---- revoking from another thread while a script writes without a pause */

typedef struct race {
    tessera_lease *lease;
    tsr_status status;
    long refusals;
} race;

static void *revoke_soon(void *user) {
    race *r = user;
    for (volatile int i = 0; i < 3000000; i++) {
    }
    while ((r->status = tessera_revoke(r->lease, TESSERA_REFUSE, NULL)) == TSR_EBUSY)
        r->refusals++;
    return NULL;
}

static void other_thread(void) {
    lua_State *L = new_state(NULL);
    enum { N = 1 << 16 };
    const int64_t shape[] = {N};
    owner o = {0};
    uint8_t *data = malloc(N);
    tessera_buffer buffer = {.struct_size = sizeof buffer,
                             .data = data,
                             .dtype = TSR_UINT8,
                             .ndim = 1,
                             .shape = shape,
                             .rights = TSR_READ | TSR_WRITE,
                             .label = "raced",
                             .release = on_release,
                             .user = &o};
    race r = {0};
    CHECK(tessera_lend(L, &buffer, &r.lease, NULL) == TSR_OK);
    lua_setglobal(L, "a");
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, revoke_soon, &r) == 0);
    FAILS(L, "while true do a:fill(7); a:set(1, 2) end", "storage was revoked by its host (raced)");
    pthread_join(thread, NULL);
    CHECK(r.status == TSR_OK && o.released == 1);
    free(data);
    FAILS(L, "a:fill(7)", "storage was revoked by its host (raced)");
    tessera_lease_free(r.lease);
    lua_close(L);
}

/* ---- threads and cancelling */

static void host_for(void *self, int64_t count, void (*task)(void *user, int64_t index),
                     void *user) {
    (void)self;
    for (int64_t i = 0; i < count; i++)
        task(user, i);
}

static void threads(void) {
    lua_State *L = new_state(NULL);
    RUNS(L, "ts = require 'tessera' assert(ts.get_threads() == 1) ts.set_threads(1)");
    FAILS(L, "ts.set_threads(2)", "set_threads: threads are not allowed by the host");
    RUNS(L, "assert(ts.last_error().kind == 'limit')");
    FAILS(L, "ts.set_threads(0)", "threads are not allowed by the host");
    FAILS(L, "ts.torch.set_num_threads(2)", "set_num_threads: threads are not allowed by the host");
    CHECK(tsr_context_set_threads(tessera_context(L), 3, NULL) == TSR_OK);
    RUNS(L, "assert(ts.get_threads() == 3) ts.set_threads(1) assert(ts.get_threads() == 1)");
    lua_close(L);

    tessera_config config = {.struct_size = sizeof config, .capabilities = TESSERA_THREADS};
    config.core.struct_size = sizeof config.core;
    config.core.executor = (tsr_executor){.parallel_for = host_for, .threads = 4};
    L = new_state(&config);
    RUNS(L, "ts = require 'tessera' assert(ts.get_threads() == 4)");
    RUNS(L, "ts.set_threads(2) assert(ts.get_threads() == 2)");
    RUNS(L, "ts.set_threads(9) assert(ts.get_threads() == 4)");
    lua_close(L);

    config.core.executor.threads = 0;
    L = luaL_newstate();
    tsr_error err = {0};
    CHECK(tessera_open(L, &config, &err) == TSR_EVALUE && strstr(err.message, "executor") != NULL);
    CHECK(!tessera_cancel(L));
    lua_close(L);
}

static void cancelling(void) {
    lua_State *L = new_state(NULL);
    CHECK(!tsr_context_cancelled(tessera_context(L)));
    CHECK(tessera_cancel(L) && tsr_context_cancelled(tessera_context(L)));
    CHECK(lua_gettop(L) == 0);
    tsr_context_clear_cancel(tessera_context(L));
    RUNS(L, "local np = require 'tessera.numpy' assert((np.ones(3) + 1)[2] == 2)");
    lua_close(L);
}

/* A config of `core` bytes of core and `size` bytes in all, as a header of another version has it:
 * what it has more than ours is `more`. */
static tsr_status open_sized(size_t size, size_t core, unsigned capabilities, char more,
                             tsr_error *err) {
    enum { CORE = offsetof(tessera_config, core) };
    _Alignas(16) char bytes[4096];
    memset(bytes, more, sizeof bytes);
    tsr_config ours = {.struct_size = core, .quota = 1 << 20};
    memcpy(bytes, &size, sizeof size);
    if (core >= sizeof core)
        memcpy(bytes + CORE, &ours, core < sizeof ours ? core : sizeof ours);
    if (size > CORE + core && core < sizeof bytes / 2)
        memcpy(bytes + CORE + core, &capabilities, sizeof capabilities);
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    tsr_status status = tessera_open(L, (const void *)bytes, err);
    CHECK(lua_gettop(L) == (status == TSR_OK));
    tsr_memory memory;
    if (status == TSR_OK)
        CHECK(tessera_memory(L, &memory) && memory.quota == 1 << 20);
    if (status == TSR_OK && (capabilities & TESSERA_POINTERS) != 0)
        RUNS(L, "assert(require 'tessera'.np.ones(2):data_ptr() ~= 0)");
    else if (status == TSR_OK)
        FAILS(L, "require 'tessera'.np.ones(2):data_ptr()", "not allowed");
    lua_close(L);
    return status;
}

static void struct_sizes(void) {
    CHECK(tsr_abi() == TSR_ABI && tessera_abi() == TESSERA_ABI);
    enum { CORE = offsetof(tessera_config, core), WHOLE = sizeof(tsr_config) };
    enum { OLD = offsetof(tsr_config, cache_limit), REST = sizeof(tessera_config) - CORE - WHOLE };
    tsr_error err = {0};
    /* older: a shorter core, capabilities or none behind it */
    CHECK(open_sized(CORE + WHOLE + REST, WHOLE, TESSERA_POINTERS, 0, &err) == TSR_OK);
    CHECK(open_sized(CORE + OLD + REST, OLD, TESSERA_POINTERS, 0, &err) == TSR_OK);
    CHECK(open_sized(CORE + OLD, OLD, 0, 'x', &err) == TSR_OK);
    CHECK(open_sized(CORE + OLD + sizeof(unsigned), OLD, TESSERA_POINTERS, 'x', &err) == TSR_OK);
    /* newer: more, which must be 0 */
    CHECK(open_sized(CORE + WHOLE + REST + 8, WHOLE, TESSERA_POINTERS, 0, &err) == TSR_OK);
    CHECK(open_sized(CORE + WHOLE + 64 + REST, WHOLE + 64, TESSERA_POINTERS, 0, &err) == TSR_OK);
    CHECK(open_sized(CORE + WHOLE + 8 + REST, WHOLE + 8, 0, 'x', &err) == TSR_EUNSUPPORTED);
    CHECK(strstr(err.message, "config.core asks for what this library does not know") != NULL);
    CHECK(open_sized(CORE + WHOLE + REST + 8, WHOLE, 0, 'x', &err) == TSR_EUNSUPPORTED);
    /* what cannot be meant */
    CHECK(open_sized(0, 0, 0, 0, &err) == TSR_EVALUE);
    CHECK(open_sized(CORE + 4, 0, 0, 0, &err) == TSR_EVALUE);
    CHECK(open_sized(CORE + WHOLE, WHOLE + 8, 0, 0, &err) == TSR_EVALUE);
    CHECK(open_sized(CORE + WHOLE + REST, WHOLE + 1, 0, 0, &err) == TSR_EVALUE);
    CHECK(open_sized(CORE + WHOLE + 2048, WHOLE + 2040, 0, 0, &err) == TSR_EVALUE);
    CHECK(open_sized(SIZE_MAX, SIZE_MAX / 2 - 7, 0, 0, &err) == TSR_EVALUE);

    struct {
        tsr_config config;
        char more[8];
    } newer = {.config = {.struct_size = sizeof newer}};
    tsr_context *context = NULL;
    CHECK(tsr_context_new(&newer.config, &context, &err) == TSR_OK && context != NULL);
    tsr_context_release(context);
    newer.more[7] = 1;
    CHECK(tsr_context_new(&newer.config, &context, &err) == TSR_EUNSUPPORTED && context == NULL);
    newer.config.struct_size = 0;
    CHECK(tsr_context_new(&newer.config, &context, &err) == TSR_EVALUE && context == NULL);

    lua_State *L = new_state(NULL);
    double data[24] = {0};
    owner o = {0};
    tessera_buffer buffer = buffer_of(data, &o);
    tessera_lease *lease = NULL;
    buffer.struct_size = offsetof(tessera_buffer, label); /* no label and no callback in that one */
    CHECK(tessera_lend(L, &buffer, &lease, &err) == TSR_OK);
    CHECK(strcmp(tsr_storage_label(lease), "") == 0);
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_OK && o.released == 0);
    tessera_lease_free(lease);
    buffer.struct_size--;
    CHECK(tessera_lend(L, &buffer, &lease, &err) == TSR_EVALUE && lease == NULL);
    buffer.struct_size = 0;
    CHECK(tessera_lend(L, &buffer, &lease, &err) == TSR_EVALUE && lease == NULL);
    lua_close(L);
}

int main(void) {
    opening();
    lending();
    rights();
    revoking();
    releasing();
    several_states();
    capabilities();
    quota();
    testing_and_checking();
    invalid_buffers();
    lua_memory();
    other_thread();
    threads();
    cancelling();
    struct_sizes();
    return report();
}
