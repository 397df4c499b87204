/* Foreign storages that a Lua value keeps alive: strings, other libraries' objects.
 *
 * The value is held by a registry reference. The core may drop the storage on any thread, even
 * after the state is closed, where the registry cannot be touched; so the release callback only
 * puts the anchor into a mailbox, and the binding empties the mailbox when it runs in the state the
 * next time. Closing the state revokes the storages that are still there, because their bytes go
 * with it; the mailbox's lock keeps a storage that another thread drops at that moment from being
 * freed between the look at it and the reference to it. */
#include "binding.h"

#include <stdatomic.h>

typedef struct anchor {
    struct anchor *next;         /* in the mailbox */
    struct anchor *left, *right; /* among the living, touched by the state's thread only */
    tsrL_mailbox *mailbox;
    tsr_storage *storage; /* borrowed: the storage owns the anchor */
    bool posted;          /* the storage is going or gone */
    int reference;
} anchor;

struct tsrL_mailbox {
    tsr_context *context; /* paid for this and for the anchors; it lives while they do */
    atomic_int users;     /* anchors, and the library */
    atomic_flag lock;
    _Atomic(anchor *) dead; /* changed under the lock */
    anchor living;          /* head of the list */
};

tsrL_mailbox *tsrL_mailbox_new(tsr_context *context, tsr_error *err) {
    tsrL_mailbox *m = tsr_context_allocate(context, sizeof *m, err);
    if (m == NULL)
        return NULL;
    m->context = context;
    atomic_init(&m->users, 1);
    atomic_flag_clear(&m->lock);
    atomic_init(&m->dead, NULL);
    m->living.left = m->living.right = &m->living;
    return m;
}

static void leave(tsrL_mailbox *m) {
    if (atomic_fetch_sub(&m->users, 1) == 1)
        tsr_context_free(m->context, m, sizeof *m);
}

static void lock(tsrL_mailbox *m) {
    while (atomic_flag_test_and_set_explicit(&m->lock, memory_order_acquire))
        ;
}

static void unlock(tsrL_mailbox *m) {
    atomic_flag_clear_explicit(&m->lock, memory_order_release);
}

/* The storage's release callback: any thread. */
static void post(void *user, void *data) {
    (void)data;
    anchor *a = user;
    tsrL_mailbox *m = a->mailbox;
    lock(m);
    a->posted = true;
    a->next = atomic_load_explicit(&m->dead, memory_order_relaxed);
    atomic_store_explicit(&m->dead, a, memory_order_relaxed);
    unlock(m);
}

void tsrL_mailbox_drain(lua_State *L, tsrL_mailbox *m) {
    if (atomic_load_explicit(&m->dead, memory_order_relaxed) == NULL)
        return;
    lock(m);
    anchor *a = atomic_exchange_explicit(&m->dead, NULL, memory_order_relaxed);
    unlock(m);
    while (a != NULL) {
        anchor *next = a->next;
        a->left->right = a->right;
        a->right->left = a->left;
        luaL_unref(L, LUA_REGISTRYINDEX, a->reference);
        tsr_context_free(m->context, a, sizeof *a);
        leave(m);
        a = next;
    }
}

/* A reference to the storage of the first living anchor, or NULL when it is just being dropped. */
static tsr_storage *first_living(tsrL_mailbox *m) {
    lock(m);
    const anchor *a = m->living.right;
    bool held = !a->posted && tsr_storage_try_retain(a->storage);
    unlock(m);
    return held ? a->storage : NULL;
}

void tsrL_mailbox_close(lua_State *L, tsrL_mailbox *m) {
    if (m == NULL)
        return;
    for (tsrL_mailbox_drain(L, m); m->living.right != &m->living; tsrL_mailbox_drain(L, m)) {
        tsr_storage *storage = first_living(m);
        if (storage == NULL)
            continue;
        /* A reader on another thread may have it pinned for the moment; its bytes cannot wait. */
        tsr_storage_revoke(storage, -1, NULL);
        tsr_storage_release(storage);
    }
    leave(m);
}

tsr_status tsrL_anchor(lua_State *L, int index, tsr_buffer *buffer, tsr_storage **out,
                       tsr_error *err) {
    tsrL_library *lib = tsrL_lib(L);
    tsrL_mailbox_drain(L, lib->mailbox);
    *out = NULL;
    lua_pushvalue(L, index);
    int reference = luaL_ref(L, LUA_REGISTRYINDEX);
    anchor *a = tsr_context_allocate(lib->context, sizeof *a, err);
    if (a != NULL) {
        *a = (anchor){.mailbox = lib->mailbox, .reference = reference};
        buffer->release = post;
        buffer->user = a;
    }
    tsr_status status = TSR_EMEMORY;
    if (a != NULL)
        status = tsr_storage_wrap(lib->context, buffer, &a->storage, err);
    if (status != TSR_OK) {
        tsr_context_free(lib->context, a, sizeof *a);
        luaL_unref(L, LUA_REGISTRYINDEX, reference);
        return status;
    }
    anchor *head = &lib->mailbox->living;
    a->left = head;
    a->right = head->right;
    head->right->left = a;
    head->right = a;
    atomic_fetch_add(&lib->mailbox->users, 1);
    *out = a->storage;
    return TSR_OK;
}

void tsrL_fill_anchored(lua_State *L, int index, tsr_buffer *buffer, tsrL_object *made,
                        tsr_dtype dtype, int ndim, const int64_t *shape, const int64_t *strides,
                        int64_t offset) {
    tsr_error err = TSRL_ERROR;
    tsr_storage *storage = NULL;
    TSRL_TRY(L, &err, tsrL_anchor(L, index, buffer, &storage, &err));
    tsr_status status =
        tsr_array_from_storage(tsrL_lib(L)->context, storage, dtype, ndim, shape, strides, offset,
                               TSR_READ | TSR_WRITE, &made->cell->array, &err);
    if (status == TSR_EMEMORY) {
        tsrL_collect(L);
        status = tsr_array_from_storage(tsrL_lib(L)->context, storage, dtype, ndim, shape, strides,
                                        offset, TSR_READ | TSR_WRITE, &made->cell->array, &err);
    }
    tsr_storage_release(storage); /* the array holds it now, or nobody does */
    if (status != TSR_OK)
        tsrL_raise(L, &err);
}
