/* Storages: blocks of bytes, counted by reference, that views share.
 *
 * Small owned bytes lie behind the header in the same block; larger ones have a block of their own.
 * Foreign memory (lent, string, ...) brings an origin with its label and release callback.
 *
 * `state` is one atomic word: the top bit says revoked, the rest counts pins. Revoking is a single
 * compare-and-swap from "no pins" to "revoked", so that no reader can slip in between; a pin that
 * finds the bit set takes itself back and fails. The release callback runs exactly once: right
 * after a revocation, or when the last reference goes. */
#include "storage.h"
#include "../base/alone.h"
#include "../base/context.h"

#include <string.h>

enum { REVOKED = 1u << 31, INLINE_LIMIT = 4096, LABEL_ROOM = 64 };

typedef struct origin {
    void (*release)(void *user, void *data);
    void *user;
    char label[LABEL_ROOM];
} origin;

static origin *origin_of(const tsr_storage *s) {
    return (origin *)(uintptr_t)s->tail;
}

static tsr_storage *header_new(tsr_context *context, size_t tail, bool zeroed, tsr_error *err) {
    size_t bytes = sizeof(tsr_storage) + tail;
    tsr_storage *s = tsr_block_new(context, bytes, false, err);
    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof *s);
    if (zeroed)
        memset(s->tail, 0, tail);
    atomic_init(&s->references, 1);
    s->context = context;
    s->header = (uint32_t)bytes;
    return s;
}

tsr_status tsr_storage_new(tsr_context *context, size_t bytes, bool zeroed, tsr_storage **out,
                           tsr_error *err) {
    *out = NULL;
    if (bytes > INT64_MAX)
        return tsr_error_set(err, TSR_EVALUE, "%u bytes are too many for one storage", bytes);
    bool in_header = bytes <= INLINE_LIMIT;
    tsr_storage *s = header_new(context, in_header ? bytes : 0, zeroed && in_header, err);
    if (s == NULL)
        return TSR_EMEMORY;
    s->kind = TSR_OWNED;
    s->rights = TSR_READ | TSR_WRITE | TSR_RESIZE;
    s->bytes = bytes;
    s->data = s->tail;
    if (!in_header) {
        s->block = bytes;
        s->data = tsr_block_new(context, bytes, zeroed, err);
        if (s->data == NULL) {
            tsr_block_free(context, s, s->header);
            return TSR_EMEMORY;
        }
    }
    *out = s;
    return TSR_OK;
}

tsr_status tsr_storage_wrap(tsr_context *context, const tsr_buffer *given, tsr_storage **out,
                            tsr_error *err) {
    *out = NULL;
    tsr_buffer known;
    const tsr_buffer *buffer = &known;
    tsr_status status = tsr_struct_read(&known, sizeof known, given, given->struct_size,
                                        offsetof(tsr_buffer, label), "buffer", err);
    if (status != TSR_OK)
        return status;
    if (buffer->data == NULL && buffer->bytes > 0)
        return tsr_error_set(err, TSR_EVALUE, "buffer.data is NULL, but there are %u bytes",
                             buffer->bytes);
    if (buffer->bytes > INT64_MAX)
        return tsr_error_set(err, TSR_EVALUE, "%u bytes are too many for one storage",
                             buffer->bytes);
    if (buffer->kind <= TSR_OWNED || buffer->kind >= TSR_KIND_COUNT)
        return tsr_error_set(err, TSR_EVALUE, "buffer.kind %d is no kind of foreign memory",
                             (int64_t)buffer->kind);
    if ((buffer->rights & TSR_READ) == 0 ||
        (buffer->rights & ~(unsigned)(TSR_READ | TSR_WRITE)) != 0)
        return tsr_error_set(err, TSR_EVALUE, "buffer.rights must be read, or read and write");
    tsr_storage *s = header_new(context, sizeof(origin), true, err);
    if (s == NULL)
        return TSR_EMEMORY;
    s->kind = (uint8_t)buffer->kind;
    s->rights = (uint8_t)buffer->rights;
    s->bytes = buffer->bytes;
    s->data = buffer->data;
    origin *o = origin_of(s);
    o->release = buffer->release;
    o->user = buffer->user;
    for (size_t i = 0; buffer->label != NULL && buffer->label[i] != 0 && i < LABEL_ROOM - 1; i++)
        o->label[i] = buffer->label[i];
    tsr_context_lend(context, s->bytes);
    *out = s;
    return TSR_OK;
}

static void let_go(tsr_storage *s) {
    tsr_context_unlend(s->context, s->bytes);
    origin *o = origin_of(s);
    if (o->release != NULL)
        o->release(o->user, s->data);
}

void tsr_storage_on_release(tsr_storage *s, void (*release)(void *user, void *data), void *user) {
    if (s->kind == TSR_OWNED)
        return;
    origin_of(s)->release = release;
    origin_of(s)->user = user;
}

void tsr_storage_retain(tsr_storage *s) {
    tsr_count_up(&s->references);
}

bool tsr_storage_try_retain(tsr_storage *s) {
    uint32_t held = atomic_load(&s->references);
    while (held != 0)
        if (atomic_compare_exchange_weak(&s->references, &held, held + 1))
            return true;
    return false;
}

void tsr_storage_release(tsr_storage *s) {
    if (s == NULL || !tsr_count_down(&s->references))
        return;
    if (s->kind != TSR_OWNED && (atomic_load(&s->state) & REVOKED) == 0)
        let_go(s);
    if (s->block != 0)
        tsr_block_free(s->context, s->data, s->block);
    tsr_block_free(s->context, s, s->header);
}

static tsr_status revoked(const tsr_storage *s, tsr_error *err) {
    return tsr_error_set(err, TSR_EREVOKED, "storage was revoked by its host (%s)",
                         tsr_storage_label(s));
}

tsr_status tsr_storage_check_live(const tsr_storage *s, tsr_error *err) {
    return tsr_storage_revoked(s) ? revoked(s, err) : TSR_OK;
}

tsr_status tsr_storage_pin(tsr_storage *s, tsr_error *err) {
    uint32_t before = atomic_fetch_add_explicit(&s->state, 1, memory_order_acquire);
    if ((before & REVOKED) == 0)
        return TSR_OK;
    atomic_fetch_sub_explicit(&s->state, 1, memory_order_relaxed);
    return revoked(s, err);
}

void tsr_storage_unpin(tsr_storage *s) {
    atomic_fetch_sub_explicit(&s->state, 1, memory_order_release);
}

tsr_status tsr_storage_revoke(tsr_storage *s, tsr_error *err) {
    if (s->kind == TSR_OWNED)
        return tsr_error_set(err, TSR_EVALUE,
                             "storage owns its memory, there is no host to revoke it");
    uint32_t pins = 0;
    while (!atomic_compare_exchange_weak(&s->state, &pins, REVOKED)) {
        if ((pins & REVOKED) != 0)
            return TSR_OK;
        if (pins != 0)
            return tsr_error_set(err, TSR_EBUSY, "storage (%s) is pinned %d times",
                                 tsr_storage_label(s), (int64_t)pins);
    }
    let_go(s);
    return TSR_OK;
}

void *tsr_storage_data(const tsr_storage *s) {
    return tsr_storage_revoked(s) ? NULL : s->data;
}

size_t tsr_storage_bytes(const tsr_storage *s) {
    return s->bytes;
}

tsr_kind tsr_storage_kind(const tsr_storage *s) {
    return (tsr_kind)s->kind;
}

const char *tsr_kind_name(tsr_kind kind) {
    static const char *const names[] = {"owned", "lent", "string", "foreign", "mapped", "dlpack"};
    _Static_assert(sizeof names / sizeof *names == TSR_KIND_COUNT, "a name for each kind");
    return (unsigned)kind < TSR_KIND_COUNT ? names[kind] : "unknown";
}

unsigned tsr_storage_rights(const tsr_storage *s) {
    return s->rights;
}

const char *tsr_storage_label(const tsr_storage *s) {
    return s->kind == TSR_OWNED ? "" : origin_of(s)->label;
}

bool tsr_storage_revoked(const tsr_storage *s) {
    return (atomic_load_explicit(&s->state, memory_order_acquire) & REVOKED) != 0;
}

unsigned tsr_storage_pins(const tsr_storage *s) {
    return atomic_load(&s->state) & ~(uint32_t)REVOKED;
}

unsigned tsr_storage_references(const tsr_storage *s) {
    return atomic_load(&s->references);
}

uint64_t tsr_storage_version(const tsr_storage *s) {
    return atomic_load_explicit(&s->version, memory_order_relaxed);
}

/* Writers to one storage are ordered by the caller, so a load and a store are enough. */
void tsr_storage_touch(tsr_storage *s) {
    atomic_store_explicit(&s->version, tsr_storage_version(s) + 1, memory_order_relaxed);
}

tsr_status tsr_storage_resize(tsr_storage *s, size_t bytes, tsr_error *err) {
    if (s->kind != TSR_OWNED)
        return tsr_error_set(err, TSR_EBUSY, "storage is %s memory and cannot be resized",
                             tsr_kind_name((tsr_kind)s->kind));
    if (tsr_storage_references(s) > 1 || tsr_storage_pins(s) > 0)
        return tsr_error_set(err, TSR_EBUSY, "storage is shared and cannot be resized");
    if (bytes > INT64_MAX)
        return tsr_error_set(err, TSR_EVALUE, "%u bytes are too many for one storage", bytes);
    size_t room = s->block != 0 ? s->block : s->header - sizeof *s;
    if (bytes > room) {
        char *data = tsr_block_new(s->context, bytes, false, err);
        if (data == NULL)
            return TSR_EMEMORY;
        memcpy(data, s->data, s->bytes);
        if (s->block != 0)
            tsr_block_free(s->context, s->data, s->block);
        s->data = data;
        s->block = bytes;
    }
    s->bytes = bytes;
    return TSR_OK;
}
