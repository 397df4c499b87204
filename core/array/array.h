/* The array behind the public handle, and the helpers that views are made with. */
#ifndef TSR_ARRAY_H
#define TSR_ARRAY_H

#include "../tessera.h"
#include "storage.h"

#include <stdatomic.h>

struct tsr_array {
    _Atomic uint32_t references;
    uint8_t dtype, ndim, rights, itemsize;
    uint8_t room;         /* dimensions that this header has room for */
    bool placed;          /* in memory of the caller's (place.c) */
    bool plain;           /* row-major, aligned and readable, in owned memory; else unknown */
    bool swapped;         /* its elements are in the other byte order: see tsr_view_swapped */
    uint32_t within;      /* bytes from the storage header in whose block this one is; 0: its own */
    tsr_context *context; /* paid for this header */
    tsr_storage *storage; /* retained */
    int64_t offset;       /* bytes */
    int64_t size;         /* elements */
    int64_t dims[];       /* ndim sizes, then ndim strides in bytes */
};

static inline int64_t *tsr_shape_of(const tsr_array *a) {
    return (int64_t *)(uintptr_t)a->dims;
}

static inline int64_t *tsr_strides_of(const tsr_array *a) {
    return (int64_t *)(uintptr_t)a->dims + a->ndim;
}

/* Room for a header of any number of dimensions, for arrays that live no longer than a call. */
typedef struct tsr_header {
    _Alignas(struct tsr_array) char bytes[sizeof(struct tsr_array) + 2 * TSR_MAX_DIMS * 8];
} tsr_header;

/* `a`, which is contiguous, in another shape of as many elements. It borrows the storage, needs no
 * memory, and is never to be released for the last time. */
tsr_array *tsr_array_reshaped_in(tsr_header *room, const tsr_array *a, int ndim,
                                 const int64_t *shape);

/* Copies sizes or strides. They are few, so that a loop takes less time than memcpy, which the
 * compiler makes a string instruction of. */
static inline void tsr_dims_copy(int64_t *to, const int64_t *from, int count) {
    for (int i = 0; i < count; i++)
        to[i] = from[i];
}

static inline bool tsr_has_shape(const tsr_array *a, int ndim, const int64_t *shape) {
    if (a->ndim != ndim)
        return false;
    for (int i = 0; i < ndim; i++)
        if (tsr_shape_of(a)[i] != shape[i])
            return false;
    return true;
}

/* What `plain` says, looked at. */
bool tsr_lies_plainly(const tsr_array *a);
tsr_status tsr_array_refuse(const tsr_array *a, unsigned access, tsr_error *err);

/* Asks the array's rights and the storage's, and keeps the bytes in place until tsr_array_leave.
 * `access` is TSR_READ, TSR_WRITE or both. TSR_EREVOKED, TSR_EREADONLY. */
static inline tsr_status tsr_array_enter(const tsr_array *a, unsigned access, tsr_error *err) {
    if ((a->rights & access) != access)
        return tsr_array_refuse(a, access, err);
    return tsr_storage_enter(a->storage, access, err);
}

static inline void tsr_array_leave(const tsr_array *a) {
    tsr_storage_leave(a->storage);
}

/* First element; only for those who entered the storage, and for comparing. */
static inline char *tsr_data_of(const tsr_array *a) {
    return tsr_storage_base(a->storage) + a->offset;
}

/* The element at `at`, and writing it, in the array's byte order; only for those who entered the
 * storage. */
tsr_scalar tsr_array_load(const tsr_array *a, const char *at);
void tsr_array_store(tsr_array *a, char *at, const tsr_scalar *value);

/* Bytes of a number of a dtype, or of a part of a complex one. */
static inline size_t tsr_dtype_unit(tsr_dtype dtype) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    return info->kind == 'c' ? info->itemsize / 2U : info->itemsize;
}

/* Strides without gaps for a shape, the last dimension fastest. Empty and 0-d shapes are fine. The
 * total size must have been checked. */
static inline void tsr_strides_fill(int ndim, const int64_t *shape, int64_t itemsize,
                                    int64_t *strides) {
    int64_t stride = itemsize;
    for (int i = ndim; i-- > 0;) {
        strides[i] = stride;
        if (shape[i] > 1)
            stride *= shape[i];
    }
}

/* Lays a new array's dimensions out in another order, dims[0] outermost. */
void tsr_array_arrange(tsr_array *array, const int *dims);

/* tsr_place_bytes, inline. */
static inline size_t tsr_place_room(int ndim, int64_t bytes) {
    size_t headers = sizeof(tsr_array) + (size_t)ndim * 2 * sizeof(int64_t) + sizeof(tsr_storage);
    size_t spare = bytes >= TSR_PLACE_ALIGNED ? TSR_PLACE_LINE - sizeof(int64_t) : 0;
    return bytes > TSR_PLACE_MOST ? 0 : headers + (size_t)bytes + spare;
}

/* A row-major array in `place`, which has room for it; contents undefined. */
static inline tsr_array *tsr_array_place(void *place, tsr_context *context, tsr_dtype dtype,
                                         int64_t itemsize, int ndim, const int64_t *shape,
                                         int64_t size) {
    tsr_array *a = place;
    atomic_init(&a->references, 1);
    a->dtype = (uint8_t)dtype;
    a->room = a->ndim = (uint8_t)ndim;
    a->rights = TSR_READ | TSR_WRITE | TSR_RESIZE;
    a->itemsize = (uint8_t)itemsize;
    a->placed = a->plain = true;
    a->swapped = false;
    a->within = 0;
    a->context = context;
    a->storage = (tsr_storage *)(void *)(a->dims + 2 * ndim);
    a->offset = 0;
    a->size = size;
    if (ndim == 1) { /* most of them */
        a->dims[0] = size;
        a->dims[1] = itemsize;
    } else {
        tsr_dims_copy(tsr_shape_of(a), shape, ndim);
        tsr_strides_fill(ndim, shape, itemsize, tsr_strides_of(a));
    }
    tsr_storage_place(a->storage, context, (size_t)(size * itemsize));
    return a;
}

/* New header like `from` (dtype, rights, offset, storage retained) with `ndim` dimensions still to
 * be filled in; then tsr_array_finish counts the elements, or takes the header back on overflow. */
tsr_status tsr_array_derive(const tsr_array *from, int ndim, tsr_array **out, tsr_error *err);
tsr_status tsr_array_finish(tsr_array *array, tsr_array **out, tsr_error *err);

/* Checks sizes (not negative, at most TSR_MAX_DIMS of them) and gives elements and bytes. */
tsr_status tsr_shape_check(int ndim, const int64_t *shape, int64_t itemsize, int64_t *size,
                           int64_t *bytes, tsr_error *err);

/* Half-open range of byte offsets, relative to the first element, that the elements cover; false on
 * overflow. An empty array covers [0, 0). */
bool tsr_extent(int ndim, const int64_t *shape, const int64_t *strides, int64_t itemsize,
                int64_t *low, int64_t *high);

#endif
