/* The storage behind the public handle, and what the core itself does with storages. The short
 * parts are inline because each access to a single element goes through them. */
#ifndef TSR_STORAGE_H
#define TSR_STORAGE_H

#include "../tessera.h"

#include "../base/alone.h"

#include <stdatomic.h>

struct tsr_storage {
    _Atomic uint32_t references;
    _Atomic uint32_t state;
    _Atomic uint64_t version;
    tsr_context *context;
    char *data;
    size_t bytes;
    size_t block;    /* bytes of the separate block, 0 when inline or foreign */
    uint32_t header; /* bytes of the block that this header is in */
    uint8_t kind;
    _Atomic uint8_t rights; /* of foreign memory; a host may narrow them at any time */
    char unused[6];
    _Atomic uint32_t tenants; /* of the header's block: the storage, and an array's header behind */
    char tail[];              /* inline bytes, or the origin */
};

_Static_assert(sizeof(tsr_storage) == 64 && offsetof(tsr_storage, tail) == 64,
               "the header is one cache line, so is a block aligned");

/* What an estimate made has no values: TSR_EUNSUPPORTED. */
tsr_status tsr_storage_unknown(tsr_error *err);
/* TSR_EREVOKED when the host took the bytes back. */
tsr_status tsr_storage_check_live(const tsr_storage *storage, tsr_error *err);
static inline tsr_status tsr_storage_live(const tsr_storage *s, tsr_error *err) {
    return s->kind == TSR_OWNED ? TSR_OK
                                : tsr_storage_check_live(s, err); /* owned ones have no host */
}

tsr_status tsr_storage_enter_foreign(tsr_storage *storage, unsigned access, tsr_error *err);

/* Between enter and leave the bytes stay where they are. Owned memory needs no pin for that, so
 * this costs nothing on it. `access` is TSR_READ, TSR_WRITE or both. TSR_EREVOKED, TSR_EREADONLY
 * when the storage does not grant the access. tsr_array_enter asks the array's rights as well. */
static inline tsr_status tsr_storage_enter(tsr_storage *s, unsigned access, tsr_error *err) {
    return s->kind == TSR_OWNED ? TSR_OK : tsr_storage_enter_foreign(s, access, err);
}

static inline void tsr_storage_leave(tsr_storage *s) {
    if (s->kind != TSR_OWNED && s->kind != TSR_ESTIMATED)
        tsr_storage_unpin(s);
}

/* Placed bytes are aligned to a line from so many on; the room for that is little beside them. */
enum { TSR_PLACE_ALIGNED = 512, TSR_PLACE_LINE = 64 };

/* Makes owned memory of `bytes` bytes that follow the header, in memory which is not the library's.
 */
static inline void tsr_storage_place(tsr_storage *s, tsr_context *context, size_t bytes) {
    atomic_init(&s->references, 1); /* one by one: the compiler clears all with a string
                                       instruction, which takes longer than an addition of arrays */
    atomic_init(&s->state, 0);
    atomic_init(&s->version, 0);
    s->context = context;
    s->data = s->tail;
    if (bytes >= TSR_PLACE_ALIGNED)
        s->data += -(uintptr_t)s->tail % TSR_PLACE_LINE;
    s->bytes = bytes;
    s->block = 0;
    s->header = 0;
    s->kind = TSR_OWNED;
    atomic_init(&s->rights, TSR_READ | TSR_WRITE | TSR_RESIZE);
}

/* tsr_storage_wrap with `room` bytes for somebody else in the header's block, behind everything and
 * aligned to 8: *place. Both let go of the block by tsr_storage_leave_block. */
tsr_status tsr_storage_wrap_with(tsr_context *context, const tsr_buffer *buffer, size_t room,
                                 tsr_storage **out, void **place, tsr_error *err);
void tsr_storage_leave_block(tsr_storage *storage);

/* tsr_storage_retain, inline. */
static inline void tsr_storage_hold(tsr_storage *s) {
    tsr_count_up(&s->references);
}

/* The address of the bytes, also when revoked: only for those who entered, and for comparing. */
static inline char *tsr_storage_base(const tsr_storage *s) {
    return s->data;
}

#endif
