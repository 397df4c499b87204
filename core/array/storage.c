/* Storages: blocks of bytes, counted by reference, that views share.
 *
 * Small owned bytes lie behind the header in the same block; larger ones have a block of their own.
 * Foreign memory (lent, string, ...) brings an origin with its label and release callback.
 *
 * `state` is one atomic word: a bit says revoked, the low bits count pins. Revoking is a single
 * compare-and-swap from "no pins" to "revoked", so that no reader can slip in between; a pin that
 * finds the bit set takes itself back and fails. Who waits for the pins to go sets CLOSING, which
 * lets no new pin in, or WATCHED, which does; either makes the next unpin wake it. The release
 * callback runs exactly once: right after a revocation, or when the last reference goes.
 *
 * Rights are looked at after pinning, and narrowing looks at the pins after it changed the rights,
 * both in one order for all: so whoever still writes with the old rights is waited for. */
#include "storage.h"
#include "../base/alone.h"
#include "../base/context.h"
#include "../base/executor.h"
#include "../base/system.h"

#include <string.h>

#define REVOKED (UINT32_C(1) << 31)
#define CLOSING (UINT32_C(1) << 30)
#define WATCHED (UINT32_C(1) << 29)
#define FLAGS   (REVOKED | CLOSING | WATCHED)

enum { INLINE_LIMIT = 4096, LABEL_LIMIT = 63 };

typedef struct origin {
    void (*release)(void *user, void *data);
    void *user;
    _Atomic uint32_t exports;     /* of the pins, those of consumers that cannot be told */
    _Atomic(const char *) holder; /* the last of them */
    char label[];                 /* with its end */
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
    atomic_init(&s->tenants, 1);
    s->context = context;
    s->header = (uint32_t)bytes;
    return s;
}

/* As tsr_storage_new would make it, but with address space alone. */
static tsr_status estimated_new(tsr_context *context, size_t bytes, tsr_storage **out,
                                tsr_error *err) {
    bool in_header = bytes <= INLINE_LIMIT;
    tsr_storage *s = header_new(context, in_header ? bytes : 0, in_header, err);
    if (s == NULL)
        return TSR_EMEMORY;
    s->kind = TSR_ESTIMATED;
    atomic_init(&s->rights, TSR_READ | TSR_WRITE | TSR_RESIZE);
    s->bytes = bytes;
    s->data = s->tail;
    if (!in_header) {
        s->block = bytes;
        s->data = tsr_estimate_block(context, bytes, err);
        if (s->data == NULL) {
            tsr_block_free(context, s, s->header);
            return TSR_EMEMORY;
        }
    }
    *out = s;
    return TSR_OK;
}

tsr_status tsr_storage_new(tsr_context *context, size_t bytes, bool zeroed, tsr_storage **out,
                           tsr_error *err) {
    *out = NULL;
    if (bytes > INT64_MAX)
        return tsr_error_set(err, TSR_EVALUE, "%u bytes are too many for one storage", bytes);
    if (tsr_estimating(context))
        return estimated_new(context, bytes, out, err);
    bool in_header = bytes <= INLINE_LIMIT;
    tsr_storage *s = header_new(context, in_header ? bytes : 0, zeroed && in_header, err);
    if (s == NULL)
        return TSR_EMEMORY;
    s->kind = TSR_OWNED;
    atomic_init(&s->rights, TSR_READ | TSR_WRITE | TSR_RESIZE);
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

tsr_status tsr_storage_wrap(tsr_context *context, const tsr_buffer *buffer, tsr_storage **out,
                            tsr_error *err) {
    return tsr_storage_wrap_with(context, buffer, 0, out, NULL, err);
}

tsr_status tsr_storage_wrap_with(tsr_context *context, const tsr_buffer *given, size_t room,
                                 tsr_storage **out, void **place, tsr_error *err) {
    *out = NULL;
    tsr_buffer known;
    const tsr_buffer *buffer = given;
    if (given->struct_size != sizeof known) {
        buffer = &known;
        tsr_status status = tsr_struct_read(&known, sizeof known, given, given->struct_size,
                                            offsetof(tsr_buffer, label), "buffer", err);
        if (status != TSR_OK)
            return status;
    }
    if (buffer->data == NULL && buffer->bytes > 0)
        return tsr_error_set(err, TSR_EVALUE, "buffer.data is NULL, but there are %u bytes",
                             buffer->bytes);
    if (buffer->bytes > INT64_MAX)
        return tsr_error_set(err, TSR_EVALUE, "%u bytes are too many for one storage",
                             buffer->bytes);
    if (buffer->kind <= TSR_OWNED || buffer->kind >= TSR_ESTIMATED)
        return tsr_error_set(err, TSR_EVALUE, "buffer.kind %d is no kind of foreign memory",
                             (int64_t)buffer->kind);
    if (buffer->rights == 0 || (buffer->rights & ~(unsigned)(TSR_READ | TSR_WRITE)) != 0)
        return tsr_error_set(err, TSR_EVALUE, "buffer.rights must be read, write, or both");
    size_t length = buffer->label != NULL ? strlen(buffer->label) : 0;
    length = length < LABEL_LIMIT ? length : LABEL_LIMIT;
    size_t tail = (offsetof(origin, label) + length + 1 + 7) & ~(size_t)7;
    tsr_storage *s = header_new(context, tail + room, false, err);
    if (s == NULL)
        return TSR_EMEMORY;
    if (room > 0) {
        atomic_init(&s->tenants, 2);
        *place = s->tail + tail;
    }
    s->kind = (uint8_t)buffer->kind;
    atomic_init(&s->rights, (uint8_t)buffer->rights); /* an assignment would be a barrier */
    s->bytes = buffer->bytes;
    s->data = buffer->data;
    origin *o = origin_of(s);
    o->release = buffer->release;
    o->user = buffer->user;
    atomic_init(&o->exports, 0);
    atomic_init(&o->holder, NULL);
    if (length > 0)
        memcpy(o->label, buffer->label, length);
    o->label[length] = '\0';
    tsr_context_lend(context, buffer->kind, s->bytes);
    *out = s;
    return TSR_OK;
}

static bool is_foreign(const tsr_storage *s) {
    return s->kind != TSR_OWNED && s->kind != TSR_ESTIMATED;
}

static void let_go(tsr_storage *s) {
    tsr_context_unlend(s->context, (tsr_kind)s->kind, s->bytes);
    origin *o = origin_of(s);
    if (o->release != NULL)
        o->release(o->user, s->data);
}

void tsr_storage_on_release(tsr_storage *s, void (*release)(void *user, void *data), void *user) {
    if (!is_foreign(s))
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
    if (is_foreign(s) && (atomic_load(&s->state) & REVOKED) == 0)
        let_go(s);
    if (s->block != 0 && s->kind == TSR_ESTIMATED)
        tsr_estimate_free(s->context, s->data, s->block);
    else if (s->block != 0)
        tsr_block_free(s->context, s->data, s->block);
    tsr_storage_leave_block(s);
}

void tsr_storage_leave_block(tsr_storage *s) {
    if (tsr_count_down(&s->tenants))
        tsr_block_free(s->context, s, s->header);
}

tsr_status tsr_storage_unknown(tsr_error *err) {
    return tsr_error_set(err, TSR_EUNSUPPORTED, "an estimate computes no values");
}

static tsr_status revoked(const tsr_storage *s, tsr_error *err) {
    return tsr_error_set(err, TSR_EREVOKED, "storage was revoked by its host (%s)",
                         tsr_storage_label(s));
}

tsr_status tsr_storage_check_live(const tsr_storage *s, tsr_error *err) {
    if (s->kind == TSR_ESTIMATED && !tsr_estimating(s->context))
        return tsr_storage_unknown(err);
    return tsr_storage_revoked(s) ? revoked(s, err) : TSR_OK;
}

tsr_status tsr_storage_pin(tsr_storage *s, tsr_error *err) {
    uint32_t before = atomic_fetch_add(&s->state, 1);
    if ((before & (REVOKED | CLOSING)) == 0)
        return TSR_OK;
    tsr_storage_unpin(s);
    return revoked(s, err);
}

void tsr_storage_unpin(tsr_storage *s) {
    uint32_t before = atomic_fetch_sub_explicit(&s->state, 1, memory_order_release);
    if ((before & (CLOSING | WATCHED)) != 0)
        tsr_system_wake(&s->state, INT32_MAX);
}

static tsr_status refused(const tsr_storage *s, unsigned access, tsr_error *err) {
    bool write = (access & TSR_WRITE) != 0 && (s->rights & TSR_WRITE) == 0;
    return tsr_error_set(err, TSR_EREADONLY, "array is %s-only (%s memory)",
                         write ? "read" : "write", tsr_kind_name((tsr_kind)s->kind));
}

tsr_status tsr_storage_enter_foreign(tsr_storage *s, unsigned access, tsr_error *err) {
    if (s->kind == TSR_ESTIMATED)
        return tsr_storage_check_live(s, err);
    tsr_status status = tsr_storage_pin(s, err);
    if (status != TSR_OK || (s->rights & access) == access)
        return status;
    tsr_storage_unpin(s);
    return refused(s, access, err);
}

tsr_status tsr_storage_export(tsr_storage *s, const char *holder, tsr_error *err) {
    if (s->kind == TSR_OWNED)
        return TSR_OK;
    if (s->kind == TSR_ESTIMATED)
        return tsr_storage_unknown(err);
    if (s->kind == TSR_STRING || s->kind == TSR_FOREIGN)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "%s memory may end before its consumer does: export a copy",
                             tsr_kind_name((tsr_kind)s->kind));
    tsr_status status = tsr_storage_pin(s, err);
    if (status != TSR_OK)
        return status;
    atomic_store(&origin_of(s)->holder, holder);
    atomic_fetch_add(&origin_of(s)->exports, 1);
    return TSR_OK;
}

void tsr_storage_unexport(tsr_storage *s) {
    if (s->kind == TSR_OWNED)
        return;
    atomic_fetch_sub(&origin_of(s)->exports, 1);
    tsr_storage_unpin(s);
}

/* ---- waiting for pins ---- */

static tsr_status busy(const tsr_storage *s, uint32_t state, tsr_error *err) {
    const origin *o = origin_of(s);
    if (atomic_load(&o->exports) > 0)
        return tsr_error_set(err, TSR_EBUSY, "storage (%s) is held by %s", o->label,
                             atomic_load(&o->holder));
    return tsr_error_set(err, TSR_EBUSY, "storage (%s) is pinned %d times", o->label,
                         (int64_t)(state & ~FLAGS));
}

/* Until when to wait; INT64_MAX is for ever. */
static int64_t end_of(int64_t nanoseconds) {
    int64_t now = nanoseconds > 0 ? tsr_system_nanoseconds() : 0;
    return nanoseconds < 0 || nanoseconds > INT64_MAX - now ? INT64_MAX : now + nanoseconds;
}

/* Sleeps until the state is no longer `state`, with `flag` set; false when the time is over. Never
 * for long: a pin may become an export meanwhile, which changes nothing that would wake us. */
static bool wait_for_change(tsr_storage *s, uint32_t state, uint32_t flag, int64_t end) {
    const int64_t turn = 10000000;
    int64_t left = end == INT64_MAX ? turn : end - tsr_system_nanoseconds();
    if (left <= 0)
        return false;
    left = left < turn ? left : turn;
    if (atomic_compare_exchange_strong(&s->state, &state, state | flag))
        tsr_system_wait_for(&s->state, state | flag, left);
    return true;
}

tsr_status tsr_storage_revoke(tsr_storage *s, int64_t nanoseconds, tsr_error *err) {
    if (!is_foreign(s))
        return tsr_error_set(err, TSR_EVALUE,
                             "storage owns its memory, there is no host to revoke it");
    int64_t end = end_of(nanoseconds);
    uint32_t state = atomic_load(&s->state);
    for (; (state & REVOKED) == 0; state = atomic_load(&s->state)) {
        if ((state & ~FLAGS) == 0) {
            if (tsr_alone())
                atomic_store_explicit(&s->state, REVOKED, memory_order_relaxed);
            else if (!atomic_compare_exchange_strong(&s->state, &state, REVOKED))
                continue;
            if (state != 0) /* others wait for the same */
                tsr_system_wake(&s->state, INT32_MAX);
            let_go(s);
            return TSR_OK;
        }
        if (nanoseconds != 0 && atomic_load(&origin_of(s)->exports) == 0 &&
            wait_for_change(s, state, CLOSING, end))
            continue;
        if (nanoseconds != 0)
            atomic_fetch_and(&s->state, ~CLOSING);
        return busy(s, state, err);
    }
    return TSR_OK;
}

tsr_status tsr_storage_narrow(tsr_storage *s, unsigned rights, int64_t nanoseconds,
                              tsr_error *err) {
    if (!is_foreign(s))
        return tsr_error_set(err, TSR_EVALUE,
                             "storage owns its memory, there is no host to narrow its rights");
    uint8_t had = atomic_fetch_and(&s->rights, (uint8_t)rights);
    if ((had & ~rights) == 0)
        return TSR_OK;
    int64_t end = end_of(nanoseconds);
    for (;;) {
        uint32_t state = atomic_load(&s->state);
        if ((state & ~FLAGS) == 0 || (state & REVOKED) != 0)
            return TSR_OK;
        if (nanoseconds == 0 || atomic_load(&origin_of(s)->exports) > 0 ||
            !wait_for_change(s, state, WATCHED, end))
            return busy(s, state, err);
    }
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
    static const char *const names[] = {"owned",  "lent",   "string",   "foreign",
                                        "mapped", "dlpack", "estimated"};
    _Static_assert(sizeof names / sizeof *names == TSR_KIND_COUNT, "a name for each kind");
    return (unsigned)kind < TSR_KIND_COUNT ? names[kind] : "unknown";
}

unsigned tsr_storage_rights(const tsr_storage *s) {
    return s->rights;
}

const char *tsr_storage_label(const tsr_storage *s) {
    return is_foreign(s) ? origin_of(s)->label : "";
}

bool tsr_storage_revoked(const tsr_storage *s) {
    return (atomic_load_explicit(&s->state, memory_order_acquire) & REVOKED) != 0;
}

unsigned tsr_storage_pins(const tsr_storage *s) {
    return atomic_load(&s->state) & ~FLAGS;
}

unsigned tsr_storage_references(const tsr_storage *s) {
    return atomic_load(&s->references);
}

uint64_t tsr_storage_version(const tsr_storage *s) {
    return atomic_load_explicit(&s->version, memory_order_relaxed);
}

/* Writers to one storage are ordered by the caller, so a load and a store are enough; but a host
 * tells of its own writes from any thread. */
void tsr_storage_touch(tsr_storage *s) {
    if (tsr_estimating(s->context))
        return; /* nothing was written */
    if (s->kind == TSR_OWNED)
        atomic_store_explicit(&s->version, tsr_storage_version(s) + 1, memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&s->version, 1, memory_order_relaxed);
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
