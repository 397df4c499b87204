/* DLPack by the rules: what is exported, and what is done with structs that others made. The
 * structs of the tests are built by hand at the byte offsets of the protocol, not through
 * tessera.h, so that both sides cannot be wrong together; deleters count how often they are called,
 * and by whom. */
#include "../../core/tessera.h"
#include "check.h"

#include <pthread.h>
#include <string.h>

/* ---- the protocol, by byte offsets */

enum {
    VERSIONED_TENSOR = 32,
    LEGACY_TENSOR = 0,
    DATA = 0,
    DEVICE_TYPE = 8,
    DEVICE_ID = 12,
    NDIM = 16,
    CODE = 20,
    BITS = 21,
    LANES = 22,
    SHAPE = 24,
    STRIDES = 32,
    BYTE_OFFSET = 40
};

static int32_t i32_at(const void *p, size_t at) {
    int32_t v;
    memcpy(&v, (const char *)p + at, sizeof v);
    return v;
}

static uint64_t u64_at(const void *p, size_t at) {
    uint64_t v;
    memcpy(&v, (const char *)p + at, sizeof v);
    return v;
}

static const int64_t *sizes_at(const void *p, size_t at) {
    return (const int64_t *)(uintptr_t)u64_at(p, at);
}

static unsigned byte_at(const void *p, size_t at) {
    return ((const unsigned char *)p)[at];
}

static void put(void *p, size_t at, const void *v, size_t n) {
    memcpy((char *)p + at, v, n);
}

/* Calls the deleter that stands at an offset of the struct. */
static void delete_at(void *p, size_t at) {
    void (*deleter)(void *);
    memcpy(&deleter, (char *)p + at, sizeof deleter);
    deleter(p);
}

enum { VERSIONED_DELETER = 16, LEGACY_DELETER = 56 };

/* ---- a producer that knows nothing of us */

typedef struct produced {
    char managed[80]; /* of either kind */
    int64_t shape[40], strides[40];
    int deleted;
    bool legacy;
} produced;

static void count(void *managed) {
    ((produced *)managed)->deleted++; /* the struct comes first */
}

static char *tensor_of(produced *p) {
    return p->managed + (p->legacy ? LEGACY_TENSOR : VERSIONED_TENSOR);
}

static void set(produced *p, size_t at, const void *v, size_t n) {
    put(tensor_of(p), at, v, n);
}

static void set_i32(produced *p, size_t at, int32_t v) {
    set(p, at, &v, sizeof v);
}

static void set_pointer(produced *p, size_t at, const void *v) {
    set(p, at, &v, sizeof v);
}

/* Row-major float32 of a shape over `data`, version 1.0, writable. */
static void produce(produced *p, bool legacy, void *data, int ndim, const int64_t *shape) {
    memset(p, 0, sizeof *p);
    p->legacy = legacy;
    for (int i = 0; i < ndim; i++)
        p->shape[i] = shape[i];
    int64_t stride = 1;
    for (int i = ndim; i-- > 0;) {
        p->strides[i] = stride;
        stride *= shape[i];
    }
    void (*deleter)(void *) = count;
    if (!legacy) {
        uint32_t version[2] = {1, 0};
        put(p->managed, 0, version, sizeof version);
    }
    put(p->managed, legacy ? LEGACY_DELETER : VERSIONED_DELETER, &deleter, sizeof deleter);
    set_pointer(p, DATA, data);
    set_i32(p, DEVICE_TYPE, 1);
    set_i32(p, NDIM, ndim);
    unsigned char dtype[4] = {2, 32, 1, 0};
    set(p, CODE, dtype, sizeof dtype);
    set_pointer(p, SHAPE, p->shape);
    set_pointer(p, STRIDES, p->strides);
}

static void set_dtype(produced *p, unsigned code, unsigned bits, unsigned lanes) {
    unsigned char dtype[4] = {(unsigned char)code, (unsigned char)bits, (unsigned char)lanes, 0};
    set(p, CODE, dtype, sizeof dtype);
}

static tsr_context *context;

static tsr_array *import(produced *p, unsigned options, tsr_error *err) {
    tsr_array *a = NULL;
    *err = (tsr_error){0};
    tsr_status status = tsr_dlpack_import(
        context, p->managed, options | (p->legacy ? (unsigned)TSR_DLPACK_LEGACY : 0u), &a, err);
    CHECK(status == err->status && (status == TSR_OK) == (a != NULL));
    return a;
}

/* The import must fail with `status`, say `text`, and call the deleter once. */
static void refuse(produced *p, unsigned options, tsr_status status, const char *text, int line) {
    tsr_error err;
    tsr_array *a = import(p, options, &err);
    bool ok =
        a == NULL && err.status == status && strstr(err.message, text) != NULL && p->deleted == 1;
    passed += ok;
    failed += !ok;
    if (!ok)
        printf("line %d: status %d, message \"%s\", deleted %d times\n", line, (int)err.status,
               err.message, p->deleted);
    tsr_array_release(a);
}

#define REFUSED(p, options, status, text) refuse(p, options, status, text, __LINE__)

/* ---- export */

static tsr_array *new_array(tsr_dtype dtype, int ndim, const int64_t *shape) {
    tsr_array *a = NULL;
    CHECK(tsr_array_new(context, dtype, ndim, shape, true, &a, NULL) == TSR_OK);
    return a;
}

static const int64_t shape234[] = {2, 3, 4};

static void what_is_exported(void) {
    static const struct {
        tsr_dtype dtype;
        unsigned code, bits;
    } rows[] = {{TSR_BOOL, 6, 8},     {TSR_UINT8, 1, 8},      {TSR_INT8, 0, 8},
                {TSR_INT16, 0, 16},   {TSR_UINT16, 1, 16},    {TSR_INT32, 0, 32},
                {TSR_UINT32, 1, 32},  {TSR_INT64, 0, 64},     {TSR_UINT64, 1, 64},
                {TSR_FLOAT16, 2, 16}, {TSR_BFLOAT16, 4, 16},  {TSR_FLOAT32, 2, 32},
                {TSR_FLOAT64, 2, 64}, {TSR_COMPLEX64, 5, 64}, {TSR_COMPLEX128, 5, 128}};
    _Static_assert(sizeof rows / sizeof *rows == TSR_DTYPE_COUNT, "every dtype");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int legacy = 0; legacy < 2; legacy++) {
            tsr_array *a = new_array(rows[i].dtype, 3, shape234);
            void *m = NULL;
            CHECK(tsr_dlpack_export(a, legacy ? TSR_DLPACK_LEGACY : 0, NULL, &m, NULL) == TSR_OK);
            const char *t = (char *)m + (legacy ? LEGACY_TENSOR : VERSIONED_TENSOR);
            CHECK(u64_at(t, DATA) == (uint64_t)(uintptr_t)tsr_array_data(a));
            CHECK(i32_at(t, DEVICE_TYPE) == 1 && i32_at(t, DEVICE_ID) == 0);
            CHECK(i32_at(t, NDIM) == 3 && u64_at(t, BYTE_OFFSET) == 0);
            CHECK(byte_at(t, CODE) == rows[i].code && byte_at(t, BITS) == rows[i].bits);
            CHECK(byte_at(t, LANES) == 1 && byte_at(t, LANES + 1) == 0);
            const int64_t *shape = sizes_at(t, SHAPE), *strides = sizes_at(t, STRIDES);
            CHECK(shape[0] == 2 && shape[1] == 3 && shape[2] == 4);
            CHECK(strides[0] == 12 && strides[1] == 4 && strides[2] == 1);
            if (!legacy) {
                CHECK(i32_at(m, 0) == 1);
                CHECK(u64_at(m, 24) == 0);
            }
            delete_at(m, legacy ? LEGACY_DELETER : VERSIONED_DELETER);
            tsr_array_release(a);
        }
}

static void layouts(void) {
    tsr_array *a = new_array(TSR_FLOAT32, 3, shape234), *v = NULL;
    void *m = NULL;
    tsr_error err = {0};
    tsr_index part[] = {
        {TSR_INDEX_AT, 1, 0, 0}, {TSR_INDEX_RANGE, 0, 2, 2}, {TSR_INDEX_ALL, 0, 0, 0}};
    CHECK(tsr_view_index(a, 3, part, &v, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(v, 0, NULL, &m, NULL) == TSR_OK);
    const char *t = (char *)m + VERSIONED_TENSOR;
    CHECK(u64_at(t, DATA) == (uint64_t)(uintptr_t)tsr_array_data(v) && u64_at(t, BYTE_OFFSET) == 0);
    CHECK(sizes_at(t, SHAPE)[0] == 2 && sizes_at(t, STRIDES)[0] == 8);
    delete_at(m, VERSIONED_DELETER);

    /* negative strides only when they are asked for */
    tsr_array *back = NULL;
    int dim = 2;
    CHECK(tsr_view_flip(a, 1, &dim, &back, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(back, 0, NULL, &m, &err) == TSR_EUNSUPPORTED && m == NULL);
    CHECK(strstr(err.message, "negative") != NULL);
    CHECK(tsr_dlpack_export(back, TSR_DLPACK_NEGATIVE, NULL, &m, &err) == TSR_OK);
    t = (char *)m + VERSIONED_TENSOR;
    CHECK(sizes_at(t, STRIDES)[2] == -1);
    CHECK(u64_at(t, DATA) == (uint64_t)(uintptr_t)tsr_array_data(a) + 12);
    delete_at(m, VERSIONED_DELETER);
    tsr_array_release(back);
    tsr_array_release(v);

    /* where no element depends on a stride it is row-major, whatever it was */
    const int64_t one[] = {1, 3}, odd[] = {-7, 4};
    CHECK(tsr_view_strided(a, 2, one, odd, 0, &v, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(v, 0, NULL, &m, NULL) == TSR_OK);
    t = (char *)m + VERSIONED_TENSOR;
    CHECK(sizes_at(t, STRIDES)[0] == 3 && sizes_at(t, STRIDES)[1] == 1);
    delete_at(m, VERSIONED_DELETER);
    tsr_array_release(v);

    /* not a multiple of the item size */
    const int64_t two[] = {2}, broken[] = {6};
    CHECK(tsr_view_strided(a, 1, two, broken, 0, &v, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(v, 0, NULL, &m, &err) == TSR_EUNSUPPORTED && m == NULL);
    CHECK(strstr(err.message, "stride 6 of dimension 0 is no multiple of the 4 bytes") != NULL);
    tsr_array_release(v);

    /* unaligned data is legal, and so are repeated elements */
    const int64_t still[] = {0};
    CHECK(tsr_view_strided(a, 1, two, still, 2, &v, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(v, 0, NULL, &m, &err) == TSR_OK);
    t = (char *)m + VERSIONED_TENSOR;
    CHECK(u64_at(t, DATA) == (uint64_t)(uintptr_t)tsr_array_data(a) + 2);
    CHECK(sizes_at(t, STRIDES)[0] == 0);
    delete_at(m, VERSIONED_DELETER);
    tsr_array_release(v);
    tsr_array_release(a);

    /* no element, no dimension */
    const int64_t empty[] = {3, 0, 2};
    a = new_array(TSR_INT16, 3, empty);
    CHECK(tsr_dlpack_export(a, 0, NULL, &m, NULL) == TSR_OK);
    t = (char *)m + VERSIONED_TENSOR;
    CHECK(u64_at(t, DATA) == 0 && sizes_at(t, STRIDES) != NULL && sizes_at(t, SHAPE)[1] == 0);
    delete_at(m, VERSIONED_DELETER);
    tsr_array_release(a);
    a = new_array(TSR_INT16, 0, NULL);
    CHECK(tsr_dlpack_export(a, 0, NULL, &m, NULL) == TSR_OK);
    t = (char *)m + VERSIONED_TENSOR;
    CHECK(i32_at(t, NDIM) == 0 && u64_at(t, DATA) == (uint64_t)(uintptr_t)tsr_array_data(a));
    delete_at(m, VERSIONED_DELETER);
    tsr_array_release(a);
}

static void flags(void) {
    tsr_array *a = new_array(TSR_FLOAT32, 3, shape234), *r = NULL;
    void *m = NULL;
    tsr_error err = {0};
    CHECK(tsr_view_alias(a, TSR_READ, &r, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(r, 0, NULL, &m, NULL) == TSR_OK && u64_at(m, 24) == 1);
    delete_at(m, VERSIONED_DELETER);
    CHECK(tsr_dlpack_export(a, TSR_DLPACK_COPIED, NULL, &m, NULL) == TSR_OK && u64_at(m, 24) == 2);
    delete_at(m, VERSIONED_DELETER);
    CHECK(tsr_dlpack_export(a, TSR_DLPACK_READONLY, NULL, &m, NULL) == TSR_OK);
    CHECK(u64_at(m, 24) == 1);
    delete_at(m, VERSIONED_DELETER);
    CHECK(tsr_dlpack_export(r, TSR_DLPACK_LEGACY, NULL, &m, &err) == TSR_EREADONLY && m == NULL);
    CHECK(strstr(err.message, "read-only") != NULL);
    CHECK(tsr_dlpack_export(a, TSR_DLPACK_LEGACY | TSR_DLPACK_READONLY, NULL, &m, NULL) ==
          TSR_EREADONLY);
    tsr_array_release(r);
    tsr_array_release(a);
}

/* ---- lifetimes */

typedef struct owner {
    int released;
} owner;

static void on_release(void *user, void *data) {
    (void)data;
    ((owner *)user)->released++;
}

static tsr_array *lend(tsr_context *c, float *data, owner *o, tsr_storage **lease) {
    tsr_buffer buffer = {.struct_size = sizeof buffer,
                         .data = data,
                         .bytes = 24 * sizeof *data,
                         .kind = TSR_LENT,
                         .rights = TSR_READ | TSR_WRITE,
                         .label = "frames",
                         .release = on_release,
                         .user = o};
    tsr_array *a = NULL;
    CHECK(tsr_storage_wrap(c, &buffer, lease, NULL) == TSR_OK);
    CHECK(tsr_array_from_storage(c, *lease, TSR_FLOAT32, 3, shape234, NULL, 0, TSR_READ | TSR_WRITE,
                                 &a, NULL) == TSR_OK);
    return a;
}

static void holding(void) {
    float data[24] = {0};
    owner o = {0};
    tsr_storage *lease = NULL;
    tsr_error err = {0};
    void *m = NULL, *n = NULL;
    tsr_array *a = lend(context, data, &o, &lease);
    CHECK(tsr_dlpack_export(a, 0, "the renderer", &m, NULL) == TSR_OK);
    CHECK(tsr_storage_revoke(lease, 0, &err) == TSR_EBUSY);
    CHECK(strstr(err.message, "held by the renderer") != NULL);
    CHECK(tsr_dlpack_export(a, 0, NULL, &n, NULL) == TSR_OK);
    delete_at(m, VERSIONED_DELETER);
    CHECK(tsr_storage_revoke(lease, 0, &err) == TSR_EBUSY);
    CHECK(strstr(err.message, "held by a DLPack consumer") != NULL);
    delete_at(n, VERSIONED_DELETER);
    CHECK(o.released == 0);
    CHECK(tsr_storage_revoke(lease, 0, &err) == TSR_OK && o.released == 1);
    CHECK(tsr_dlpack_export(a, 0, NULL, &m, &err) == TSR_EREVOKED && m == NULL);
    CHECK(strstr(err.message, "frames") != NULL);
    tsr_array_release(a);
    tsr_storage_release(lease);
    CHECK(o.released == 1);
}

/* The host's say: what it narrowed is not granted, and nobody reads what may only be written. */
static void narrowing(void) {
    float data[24] = {0};
    owner o = {0};
    tsr_storage *lease = NULL;
    tsr_error err = {0};
    void *m = NULL;
    tsr_array *a = lend(context, data, &o, &lease);
    CHECK(tsr_storage_narrow(lease, TSR_READ, 0, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(a, TSR_DLPACK_LEGACY, NULL, &m, NULL) == TSR_EREADONLY && m == NULL);
    CHECK(tsr_dlpack_export(a, 0, NULL, &m, NULL) == TSR_OK && u64_at(m, 24) == 1);
    delete_at(m, VERSIONED_DELETER);
    CHECK(tsr_storage_narrow(lease, 0, 0, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(a, 0, NULL, &m, &err) == TSR_EREADONLY && m == NULL);
    CHECK(strstr(err.message, "write-only") != NULL);
    CHECK(tsr_storage_revoke(lease, 0, NULL) == TSR_OK);
    tsr_array_release(a);
    tsr_storage_release(lease);
}

/* Memory that ends with its Lua state is not exported. */
static void kinds(void) {
    static const tsr_kind refused[] = {TSR_STRING, TSR_FOREIGN};
    static float data[2];
    const int64_t two[] = {2};
    for (int i = 0; i < 2; i++) {
        tsr_buffer buffer = {.struct_size = sizeof buffer,
                             .data = data,
                             .bytes = sizeof data,
                             .kind = refused[i],
                             .rights = TSR_READ};
        tsr_storage *s = NULL;
        tsr_array *a = NULL;
        void *m = NULL;
        CHECK(tsr_storage_wrap(context, &buffer, &s, NULL) == TSR_OK);
        CHECK(tsr_array_from_storage(context, s, TSR_FLOAT32, 1, two, NULL, 0, TSR_READ, &a,
                                     NULL) == TSR_OK);
        CHECK(tsr_dlpack_export(a, 0, NULL, &m, NULL) == TSR_EUNSUPPORTED && m == NULL);
        tsr_array_release(a);
        tsr_storage_release(s);
    }
}

typedef struct heap {
    size_t live;
    int refuse;   /* from allocation number so many on all fail; 0: none */
    bool refused; /* one has failed */
} heap;

static void *heap_allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    heap *h = user;
    if (h->refuse == 1) {
        h->refused = true;
        return NULL;
    }
    h->refuse -= h->refuse > 1;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    memset(block, zeroed ? 0 : 0xA5, bytes);
    h->live += bytes;
    return block;
}

static void heap_release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)alignment;
    ((heap *)user)->live -= bytes;
    free(block);
}

static tsr_context *heap_context(heap *h) {
    tsr_config config = {.struct_size = sizeof config,
                         .allocator = {heap_allocate, heap_release, h},
                         .cache_limit = SIZE_MAX};
    tsr_context *c = NULL;
    CHECK(tsr_context_new(&config, &c, NULL) == TSR_OK);
    return c;
}

static void *delete_elsewhere(void *m) {
    delete_at(m, VERSIONED_DELETER);
    return NULL;
}

/* The struct outlives array and context; the deleter is called on another thread. */
static void outliving(void) {
    heap h = {0};
    tsr_context *c = heap_context(&h);
    tsr_array *a = NULL;
    void *m = NULL;
    CHECK(tsr_array_new(c, TSR_FLOAT32, 3, shape234, true, &a, NULL) == TSR_OK);
    CHECK(tsr_dlpack_export(a, 0, NULL, &m, NULL) == TSR_OK);
    tsr_array_release(a);
    tsr_context_release(c);
    CHECK(h.live > 0);
    float *data = (float *)(uintptr_t)u64_at(m, VERSIONED_TENSOR + DATA);
    data[23] = 5;
    CHECK(data[22] == 0 && data[23] == 5);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, delete_elsewhere, m) == 0);
    pthread_join(thread, NULL);
    CHECK(h.live == 0);

    /* an import outlives its context's owner, too */
    static float others[24];
    produced p;
    produce(&p, false, others, 3, shape234);
    c = heap_context(&h);
    CHECK(tsr_dlpack_import(c, p.managed, 0, &a, NULL) == TSR_OK);
    tsr_context_release(c);
    CHECK(p.deleted == 0 && tsr_array_data(a) == others);
    tsr_array_release(a);
    CHECK(p.deleted == 1 && h.live == 0);
}

/* Every allocation of an export and of an import fails once. */
static void memory(void) {
    static float others[24];
    for (int how = 0; how < 3; how++) { /* export; import; import that is tried again */
        int refused = 0;
        for (int n = 1; n < 20; n++) {
            heap h = {0};
            tsr_context *c = heap_context(&h);
            tsr_array *a = NULL;
            void *m = NULL;
            produced p;
            tsr_error err = {0};
            produce(&p, false, others, 3, shape234);
            CHECK(tsr_array_new(c, TSR_FLOAT32, 3, shape234, true, &a, NULL) == TSR_OK);
            size_t before = h.live;
            h.refuse = n;
            tsr_status status;
            tsr_array *b = NULL;
            if (how == 0)
                status = tsr_dlpack_export(a, 0, NULL, &m, &err);
            else
                status = tsr_dlpack_import(c, p.managed, how == 2 ? TSR_DLPACK_RETRY : 0, &b, &err);
            bool was = h.refused;
            h.refuse = 0;
            refused += was;
            CHECK((status == TSR_EMEMORY) == was && (status == TSR_OK) == !was);
            if (was) {
                CHECK(m == NULL && b == NULL && h.live == before);
                CHECK(p.deleted == (how == 1));
            }
            if (was && how == 2)
                CHECK(tsr_dlpack_import(c, p.managed, 0, &b, &err) == TSR_OK && p.deleted == 0);
            if (m != NULL)
                delete_at(m, VERSIONED_DELETER);
            tsr_array_release(b);
            tsr_array_release(a);
            tsr_context_release(c);
            CHECK(h.live == 0 && p.deleted == (how > 0));
            if (!was)
                break;
        }
        CHECK(refused == 1); /* each is one block */
    }
}

/* ---- import */

static void what_is_imported(void) {
    static float data[24];
    produced p;
    tsr_error err;
    for (int legacy = 0; legacy < 2; legacy++) {
        produce(&p, legacy, data, 3, shape234);
        tsr_array *a = import(&p, legacy ? TSR_DLPACK_WRITABLE : 0, &err);
        CHECK(tsr_array_data(a) == data && tsr_array_dtype(a) == TSR_FLOAT32);
        CHECK(tsr_array_ndim(a) == 3 && tsr_array_shape(a)[1] == 3);
        CHECK(tsr_array_strides(a)[0] == 48 && tsr_array_strides(a)[2] == 4);
        CHECK(tsr_array_rights(a) == (TSR_READ | TSR_WRITE));
        CHECK(tsr_storage_kind(tsr_array_storage(a)) == TSR_IMPORTED);
        /* sizes and strides were copied */
        memset(p.shape, 0x7F, sizeof p.shape);
        memset(p.strides, 0x7F, sizeof p.strides);
        CHECK(tsr_array_shape(a)[0] == 2 && tsr_array_strides(a)[1] == 16);
        tsr_scalar x = {TSR_FLOAT64, {.f = 2.5}};
        const int64_t at[] = {1, 2, 3};
        CHECK(tsr_array_set(a, 3, at, &x, NULL) == TSR_OK && data[23] == 2.5f);
        tsr_array *v = NULL;
        CHECK(tsr_view_select(a, 0, 1, &v, NULL) == TSR_OK);
        tsr_array_release(a);
        CHECK(p.deleted == 0);
        tsr_array_release(v);
        CHECK(p.deleted == 1);
    }
    /* who may write */
    static const struct {
        bool legacy;
        uint64_t flags;
        unsigned options;
        bool writable;
    } rows[] = {{false, 0, 0, true},
                {false, 1, 0, false},
                {false, 2, 0, true},
                {false, 4, 0, true},
                {false, UINT64_MAX, 0, false},
                {false, UINT64_MAX - 1, 0, true},
                {false, 1, TSR_DLPACK_WRITABLE, false},
                {false, 0, TSR_DLPACK_READONLY, false},
                {true, 0, 0, false},
                {true, 0, TSR_DLPACK_WRITABLE, true},
                {true, 0, TSR_DLPACK_WRITABLE | TSR_DLPACK_READONLY, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        produce(&p, rows[i].legacy, data, 3, shape234);
        if (!rows[i].legacy)
            put(p.managed, 24, &rows[i].flags, 8);
        tsr_array *a = import(&p, rows[i].options, &err);
        CHECK(((tsr_array_rights(a) & TSR_WRITE) != 0) == rows[i].writable);
        CHECK((tsr_array_rights(a) & TSR_RESIZE) == 0);
        tsr_array_release(a);
        CHECK(p.deleted == 1);
    }
}

static void versions(void) {
    static float data[24];
    produced p;
    tsr_error err;
    /* another major: nothing but the deleter may be touched, so all the rest is poison */
    static const uint32_t majors[] = {0, 2, 7, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        produce(&p, false, data, 3, shape234);
        memset(p.managed, 0xFF, 16);
        memset(p.managed + 24, 0xFF, sizeof p.managed - 24);
        put(p.managed, 0, &majors[i], sizeof majors[i]);
        REFUSED(&p, 0, TSR_EUNSUPPORTED, "version");
    }
    produce(&p, false, data, 3, shape234); /* and without a deleter, none is called */
    memset(p.managed, 0xFF, sizeof p.managed);
    memset(p.managed + VERSIONED_DELETER, 0, 8);
    tsr_array *a = import(&p, 0, &err);
    CHECK(a == NULL && err.status == TSR_EUNSUPPORTED && p.deleted == 0);
    /* any minor */
    produce(&p, false, data, 3, shape234);
    uint32_t minor = 99;
    put(p.managed, 4, &minor, sizeof minor);
    a = import(&p, 0, &err);
    CHECK(a != NULL);
    tsr_array_release(a);
    CHECK(p.deleted == 1);
    CHECK(tsr_dlpack_import(context, NULL, 0, &a, &err) == TSR_EVALUE && a == NULL);
}

static void leniency(void) {
    static _Alignas(16) char bytes[256];
    produced p;
    tsr_error err;
    const int64_t shape[] = {2, 3};
    for (int legacy = 0; legacy < 2; legacy++) {
        /* no strides, any byte_offset, any alignment, no deleter, memory of pinned hosts */
        produce(&p, legacy, bytes, 2, shape);
        set_pointer(&p, STRIDES, NULL);
        uint64_t offset = 37;
        set(&p, BYTE_OFFSET, &offset, sizeof offset);
        set_i32(&p, DEVICE_TYPE, legacy ? 3 : 11);
        memset(p.managed + (legacy ? LEGACY_DELETER : VERSIONED_DELETER), 0, 8);
        tsr_array *a = import(&p, 0, &err);
        CHECK(a != NULL && tsr_array_data(a) == bytes + 37);
        CHECK(tsr_array_strides(a)[0] == 12 && tsr_array_strides(a)[1] == 4);
        CHECK(!tsr_array_is_aligned(a));
        tsr_array_release(a);
        CHECK(p.deleted == 0);

        /* negative strides; the storage covers exactly what the elements do */
        produce(&p, legacy, bytes + 100, 2, shape);
        p.strides[0] = -5;
        p.strides[1] = 1;
        a = import(&p, TSR_DLPACK_WRITABLE, &err);
        CHECK(a != NULL && tsr_array_data(a) == bytes + 100 && tsr_array_strides(a)[0] == -20);
        CHECK(tsr_storage_bytes(tsr_array_storage(a)) == 20 + 12);
        CHECK(tsr_storage_data(tsr_array_storage(a)) == bytes + 80);
        tsr_array_release(a);
        CHECK(p.deleted == 1);

        /* no dimension, without sizes */
        produce(&p, legacy, bytes, 0, NULL);
        set_pointer(&p, SHAPE, NULL);
        set_pointer(&p, STRIDES, NULL);
        a = import(&p, 0, &err);
        CHECK(a != NULL && tsr_array_ndim(a) == 0 && tsr_array_size(a) == 1);
        tsr_array_release(a);
        CHECK(p.deleted == 1);

        /* nothing in it: no address, and strides that mean nothing */
        const int64_t empty[] = {3, 0};
        produce(&p, legacy, NULL, 2, empty);
        p.strides[0] = INT64_MAX;
        p.strides[1] = INT64_MIN;
        a = import(&p, 0, &err);
        CHECK(a != NULL && tsr_array_size(a) == 0 && tsr_array_shape(a)[0] == 3);
        tsr_array_release(a);
        CHECK(p.deleted == 1);

        /* the stride of a single element means nothing either */
        const int64_t single[] = {1, 3};
        produce(&p, legacy, bytes, 2, single);
        p.strides[0] = INT64_MAX;
        a = import(&p, 0, &err);
        CHECK(a != NULL && tsr_array_data(a) == bytes);
        tsr_array_release(a);
        CHECK(p.deleted == 1);
    }
    /* 32 dimensions */
    int64_t ones[33];
    for (int i = 0; i < 33; i++)
        ones[i] = 1;
    produce(&p, false, bytes, 32, ones);
    tsr_array *a = import(&p, 0, &err);
    CHECK(a != NULL && tsr_array_ndim(a) == 32);
    tsr_array_release(a);
}

static void offences(void) {
    static float data[24];
    produced p;
    for (int legacy = 0; legacy < 2; legacy++) {
        static const unsigned dtypes[][3] = {
            {2, 32, 2},  {2, 32, 0}, {2, 32, 4}, {0, 4, 1},   {0, 128, 1}, {2, 8, 1},
            {2, 128, 1}, {3, 64, 1}, {4, 32, 1}, {5, 32, 1},  {6, 1, 1},   {6, 16, 1},
            {7, 8, 1},   {17, 4, 1}, {2, 0, 1},  {255, 8, 1}, {1, 255, 1}, {0, 12, 1}};
        for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
            produce(&p, legacy, data, 3, shape234);
            set_dtype(&p, dtypes[i][0], dtypes[i][1], dtypes[i][2]);
            REFUSED(&p, 0, TSR_EDTYPE, dtypes[i][2] != 1 ? "lanes" : "type code");
        }
        produce(&p, legacy, data, 3, shape234);
        unsigned char lanes[] = {1, 1}; /* 257 */
        set(&p, LANES, lanes, 2);
        REFUSED(&p, 0, TSR_EDTYPE, "257 lanes");
        static const int32_t devices[] = {0, 2, 4, 7, 10, 13, 14, -1};
        for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
            produce(&p, legacy, data, 3, shape234);
            set_i32(&p, DEVICE_TYPE, devices[i]);
            REFUSED(&p, 0, TSR_EUNSUPPORTED, "device");
        }
        static const int32_t ndims[] = {-1, 33, INT32_MAX, INT32_MIN};
        for (size_t i = 0; i < sizeof ndims / sizeof *ndims; i++) {
            produce(&p, legacy, data, 3, shape234);
            set_i32(&p, NDIM, ndims[i]);
            REFUSED(&p, 0, TSR_ESHAPE, "dimensions");
        }
        produce(&p, legacy, data, 3, shape234);
        set_pointer(&p, SHAPE, NULL);
        REFUSED(&p, 0, TSR_ESHAPE, "no sizes");
        produce(&p, legacy, data, 3, shape234);
        p.shape[1] = -1;
        REFUSED(&p, 0, TSR_ESHAPE, "negative size");
        produce(&p, legacy, NULL, 3, shape234);
        REFUSED(&p, 0, TSR_EVALUE, "no data");

        /* sums and products that overflow */
        static const int64_t sizes[][2] = {
            {INT64_MAX, 2}, {INT64_MAX, 1}, {1 << 30, INT64_MAX / 4}};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            produce(&p, legacy, data, 2, shape234);
            p.shape[0] = sizes[i][0];
            p.shape[1] = sizes[i][1];
            REFUSED(&p, 0, TSR_EVALUE, "");
        }
        static const int64_t strides[][2] = {{INT64_MAX, 1},        {INT64_MIN, 1},
                                             {INT64_MAX / 4, 1},    {INT64_MAX / 8, INT64_MAX / 8},
                                             {INT64_MIN / 4, -1},   {-(INT64_MAX / 4), 1},
                                             {INT64_MAX / 4 - 3, 3}};
        for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
            const int64_t shape[] = {2, 3};
            produce(&p, legacy, data, 2, shape);
            p.strides[0] = strides[i][0];
            p.strides[1] = strides[i][1];
            REFUSED(&p, 0, TSR_EVALUE, "");
        }
        produce(&p, legacy, data, 3, shape234);
        uint64_t offset = UINT64_MAX - 16;
        set(&p, BYTE_OFFSET, &offset, sizeof offset);
        REFUSED(&p, 0, TSR_EVALUE, "");
        produce(&p, legacy, (void *)(uintptr_t)(UINT64_MAX - 16), 3, shape234);
        REFUSED(&p, 0, TSR_EVALUE, "nowhere");
        produce(&p, legacy, (void *)(uintptr_t)8, 3, shape234);
        p.strides[2] = -1;
        REFUSED(&p, 0, TSR_EVALUE, "nowhere");
    }
}

/* What comes back to us is the storage that it went out of. */
static void round_trip(void) {
    tsr_array *a = new_array(TSR_FLOAT32, 3, shape234), *b = NULL;
    void *m = NULL;
    CHECK(tsr_dlpack_export(a, 0, NULL, &m, NULL) == TSR_OK);
    CHECK(tsr_dlpack_import(context, m, 0, &b, NULL) == TSR_OK);
    CHECK(tsr_array_storage(b) == tsr_array_storage(a) && tsr_array_data(b) == tsr_array_data(a));
    CHECK(tsr_storage_references(tsr_array_storage(a)) == 2 && (tsr_array_rights(b) & TSR_WRITE));
    tsr_array_release(b);
    CHECK(tsr_dlpack_export(a, TSR_DLPACK_LEGACY, NULL, &m, NULL) == TSR_OK);
    CHECK(tsr_dlpack_import(context, m, TSR_DLPACK_LEGACY, &b, NULL) == TSR_OK);
    CHECK((tsr_array_rights(b) & TSR_WRITE) == 0);
    tsr_array_release(b);
    CHECK(tsr_storage_references(tsr_array_storage(a)) == 1);
    tsr_array_release(a);

    /* lent memory: the view is no foreign consumer, so it is revoked as all others are */
    float data[24] = {0};
    owner o = {0};
    tsr_storage *lease = NULL;
    tsr_error err = {0};
    a = lend(context, data, &o, &lease);
    CHECK(tsr_dlpack_export(a, TSR_DLPACK_READONLY, NULL, &m, NULL) == TSR_OK);
    CHECK(tsr_dlpack_import(context, m, 0, &b, NULL) == TSR_OK);
    CHECK((tsr_array_rights(b) & TSR_WRITE) == 0);
    tsr_array_release(a);
    CHECK(tsr_storage_revoke(lease, 0, &err) == TSR_OK && o.released == 1);
    CHECK(tsr_array_usable(b, false, &err) == TSR_EREVOKED);
    tsr_array_release(b);
    tsr_storage_release(lease);
}

int main(void) {
    CHECK(tsr_context_new(NULL, &context, NULL) == TSR_OK);
    what_is_exported();
    layouts();
    flags();
    holding();
    narrowing();
    kinds();
    outliving();
    memory();
    what_is_imported();
    versions();
    leniency();
    offences();
    round_trip();
    tsr_memory figures;
    tsr_context_memory(context, &figures);
    CHECK(figures.current == 0 && figures.lent == 0);
    tsr_context_release(context);
    return report();
}
