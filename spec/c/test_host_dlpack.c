/* DLPack through tessera_lua.h: what scripts hold goes out and what comes in is theirs, deleters
 * after the state is closed, on another thread, in every order; and what scripts may not do without
 * the capability for raw pointers. */
#include "host_check.h"

static const char *capsules[] = {"ts.to_dlpack(a)", "a:__dlpack{max_version = 0}"};

/* A struct of somebody else's: 2 x 3 floats. */
typedef struct foreign {
    tsr_dl_versioned versioned;
    tsr_dl_legacy legacy;
    float data[6];
    int64_t shape[2];
    int deleted;
} foreign;

static void delete_versioned(tsr_dl_versioned *self) {
    ((foreign *)self->manager)->deleted++;
}

static void delete_legacy(tsr_dl_legacy *self) {
    ((foreign *)self->manager)->deleted++;
}

static void make(foreign *f) {
    *f = (foreign){.shape = {2, 3}};
    tsr_dl_tensor t = {.data = f->data,
                       .device = {.type = TSR_DL_CPU},
                       .ndim = 2,
                       .dtype = {.code = 2, .bits = 32, .lanes = 1},
                       .shape = f->shape};
    f->versioned =
        (tsr_dl_versioned){.major = 1, .manager = f, .deleter = delete_versioned, .tensor = t};
    f->legacy = (tsr_dl_legacy){.manager = f, .deleter = delete_legacy, .tensor = t};
}

static void setup(lua_State *L) {
    RUNS(L, "ts = require 'tessera'; np, torch = ts.np, ts.torch");
}

static void out(void) {
    lua_State *L = new_state(NULL);
    tsr_error err = {0};
    void *m = NULL;
    setup(L);
    RUNS(L, "a = np.arange(6, {dtype = 'float32'}):reshape(2, 3)");
    lua_getglobal(L, "a");
    CHECK(tessera_to_dlpack(L, -1, 0, "the test", &m, &err) == TSR_OK && lua_gettop(L) == 1);
    tsr_dl_versioned *v = m;
    float *data = v->tensor.data;
    CHECK(data == tsr_array_data(tessera_check(L, -1)) && v->tensor.shape[1] == 3);
    data[5] = 50;
    RUNS(L, "assert(a[{2, 3}] == 50); a[{1, 1}] = 7; a = nil; collectgarbage()");
    CHECK(data[0] == 7);
    lua_pushinteger(L, 5);
    void *none = L;
    CHECK(tessera_to_dlpack(L, -1, 0, NULL, &none, &err) == TSR_EVALUE && none == NULL);
    RUNS(L, "t = torch.zeros(3):requires_grad_(true)");
    lua_getglobal(L, "t");
    CHECK(tessera_to_dlpack(L, -1, 0, NULL, &none, &err) == TSR_EVALUE && none == NULL);
    /* the struct without version, which cannot say that memory is read-only */
    RUNS(L, "c = np.arange(6, {dtype = 'int16'}):reshape(2, 3); r = c:readonly()");
    lua_getglobal(L, "c");
    void *old = NULL;
    CHECK(tessera_to_dlpack(L, -1, TSR_DLPACK_LEGACY, NULL, &old, &err) == TSR_OK);
    tsr_dl_legacy *legacy = old;
    int16_t *numbers = legacy->tensor.data;
    CHECK(numbers == tsr_array_data(tessera_check(L, -1)) && legacy->tensor.strides[0] == 3);
    numbers[4] = 40;
    RUNS(L, "assert(c[{2, 2}] == 40)");
    lua_getglobal(L, "r");
    CHECK(tessera_to_dlpack(L, -1, TSR_DLPACK_LEGACY, NULL, &none, &err) == TSR_EREADONLY);
    CHECK(none == NULL && strstr(err.message, "read-only") != NULL);
    CHECK(tessera_to_dlpack(L, -1, 0, NULL, &none, &err) == TSR_OK);
    CHECK(((tsr_dl_versioned *)none)->flags == TSR_DL_READ_ONLY);
    tsr_dlpack_delete(none, 0);
    void *small = NULL; /* a result that lay in its object */
    RUNS(L, "b = np.arange(3, {dtype = 'float32'}) + 1");
    lua_getglobal(L, "b");
    CHECK(tessera_to_dlpack(L, -1, 0, NULL, &small, &err) == TSR_OK);
    lua_close(L);
    CHECK(((float *)((tsr_dl_versioned *)small)->tensor.data)[2] == 3);
    tsr_dlpack_delete(small, 0);
    CHECK(data[5] == 50);
    data[4] = 1; /* the state is gone, the memory is not */
    v->deleter(v);
    CHECK(numbers[4] == 40);
    legacy->deleter(legacy);
}

static void *delete_elsewhere(void *m) {
    tsr_dlpack_delete(m, 0);
    return NULL;
}

/* Lent memory: the export holds it; the host gets it back when the consumer on another thread lets
 * go, after the state is closed. */
static void held(void) {
    double data[24] = {0};
    owner o = {0};
    tsr_error err = {0};
    void *m = NULL;
    lua_State *L = new_state(NULL);
    setup(L);
    tessera_lease *lease = lend(L, data, &o);
    lua_getglobal(L, "a");
    CHECK(tessera_to_dlpack(L, -1, 0, "the recorder", &m, &err) == TSR_OK);
    CHECK(tessera_revoke(lease, TESSERA_REFUSE, &err) == TSR_EBUSY);
    CHECK(strstr(err.message, "the grid") != NULL && strstr(err.message, "the recorder") != NULL);
    CHECK(tessera_revoke(lease, TESSERA_WAIT, &err) == TSR_EBUSY); /* does not wait for it */
    tessera_lease_free(lease);
    lua_close(L);
    CHECK(o.released == 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, delete_elsewhere, m) == 0);
    pthread_join(thread, NULL);
    CHECK(o.released == 1);

    /* capsules that nobody took end with the state */
    for (int i = 0; i < 2; i++) {
        o = (owner){0};
        L = new_state(NULL);
        setup(L);
        lease = lend(L, data, &o);
        char script[80];
        snprintf(script, sizeof script, "kept = %s", capsules[i]);
        RUNS(L, script);
        CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_EBUSY);
        RUNS(L, "kept = nil; collectgarbage(); collectgarbage()");
        CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_OK && o.released == 1);
        tessera_lease_free(lease);
        lua_close(L);
        o = (owner){0};
        L = new_state(NULL);
        setup(L);
        lease = lend(L, data, &o);
        RUNS(L, script);
        lua_close(L);
        CHECK(tessera_revoke(lease, TESSERA_REFUSE, NULL) == TSR_OK && o.released == 1);
        tessera_lease_free(lease);
    }
}

static void in(void) {
    tsr_error err = {0};
    for (int legacy = 0; legacy < 2; legacy++) {
        foreign f;
        make(&f);
        void *m = legacy ? (void *)&f.legacy : (void *)&f.versioned;
        unsigned options = legacy ? TSR_DLPACK_LEGACY | TSR_DLPACK_WRITABLE : 0;
        lua_State *L = new_state(NULL);
        setup(L);
        CHECK(tessera_from_dlpack(L, m, options, TSR_FACE_TORCH, &err) == TSR_OK);
        CHECK(lua_gettop(L) == 1);
        lua_setglobal(L, "t");
        f.data[4] = 4;
        RUNS(L, "assert(torch.is_tensor(t) and t[{2, 2}] == 4); t[{1, 1}] = 9");
        CHECK(f.data[0] == 9);
        RUNS(L, "row = t[2]; t = nil; collectgarbage(); collectgarbage()");
        CHECK(f.deleted == 0 && lent(L) == sizeof f.data);
        lua_close(L);
        CHECK(f.deleted == 1);

        /* a C host that keeps the array beyond the state */
        make(&f);
        L = new_state(NULL);
        setup(L);
        CHECK(tessera_from_dlpack(L, m, options, TSR_FACE_NUMPY, &err) == TSR_OK);
        tsr_array *kept = tessera_check(L, -1);
        tsr_array_retain(kept);
        lua_close(L);
        CHECK(f.deleted == 0 && tsr_array_data(kept) == f.data);
        tsr_array_release(kept);
        CHECK(f.deleted == 1);

        /* refused: deleted at once, nothing pushed */
        make(&f);
        f.versioned.tensor.dtype.lanes = f.legacy.tensor.dtype.lanes = 4;
        L = new_state(NULL);
        CHECK(tessera_from_dlpack(L, m, options, TSR_FACE_NUMPY, &err) == TSR_EDTYPE);
        CHECK(lua_gettop(L) == 0 && f.deleted == 1);
        lua_close(L);
        make(&f);
        L = luaL_newstate(); /* not opened */
        CHECK(tessera_from_dlpack(L, m, options, TSR_FACE_NUMPY, &err) == TSR_EVALUE);
        CHECK(lua_gettop(L) == 0 && f.deleted == 1);
        lua_close(L);
    }
}

static void capabilities(void) {
    static const char refused[] = "raw pointers are not allowed by the host";
    foreign f;
    make(&f);
    lua_State *L = new_state(NULL);
    setup(L);
    RUNS(L, "a = np.zeros(3)");
    FAILS(L, "ts.to_dlpack(a, {pointer = true})", refused);
    lua_pushlightuserdata(L, &f.versioned);
    lua_setglobal(L, "p");
    FAILS(L, "np.from_dlpack(p, {pointer = 'versioned'})", refused);
    FAILS(L, "np.from_dlpack(p)", "takes tensors, ndarrays, DLPack capsules");
    CHECK(f.deleted == 0);
    RUNS(L, "assert(np.from_dlpack(ts.to_dlpack(a)):shares(a))"); /* capsules need none */
    lua_close(L);
    tessera_config config = {.struct_size = sizeof config,
                             .core = {.struct_size = sizeof config.core},
                             .capabilities = TESSERA_POINTERS};
    L = new_state(&config);
    setup(L);
    lua_pushlightuserdata(L, &f.versioned);
    lua_setglobal(L, "p");
    FAILS(L, "np.from_dlpack(p)", "takes tensors, ndarrays, DLPack capsules");
    RUNS(L, "a = np.from_dlpack(p, {pointer = 'versioned'}); a[{1, 1}] = 3");
    CHECK(f.deleted == 0 && f.data[0] == 3);
    lua_close(L);
    CHECK(f.deleted == 1);
}

int main(void) {
    out();
    held();
    in();
    capabilities();
    return report();
}
