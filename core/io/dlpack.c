/* DLPack: arrays to and from other libraries in the process, without a copy.
 *
 * An export is one block: the struct that the consumer sees, the array's header, which refers to
 * the storage, and the sizes and strides that the struct points to. It holds storage and context
 * alone, so that the consumer may call the deleter on any thread, long after the state that
 * exported it. Where no element depends on a stride (sizes of 1, empty arrays), the row-major one
 * is told, so that it is neither negative nor broken.
 *
 * An import looks at the version first and trusts nothing else: sizes and strides are copied and
 * checked, the extent around the first element becomes the bytes of a storage of its own, and that
 * storage's release callback is the struct's deleter. The callback is set last; until then a
 * failure calls the deleter itself. What was exported here is recognised by its deleter and becomes
 * one more view of the storage that it came from: versions, rights and revocation stay one. */
#include "../array/array.h"
#include "../base/checked.h"
#include "../base/context.h"

#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(tsr_dl_tensor) == 48 && offsetof(tsr_dl_tensor, data) == 0 &&
                   offsetof(tsr_dl_tensor, device.type) == 8 &&
                   offsetof(tsr_dl_tensor, device.id) == 12 &&
                   offsetof(tsr_dl_tensor, ndim) == 16 &&
                   offsetof(tsr_dl_tensor, dtype.code) == 20 &&
                   offsetof(tsr_dl_tensor, dtype.bits) == 21 &&
                   offsetof(tsr_dl_tensor, dtype.lanes) == 22 &&
                   offsetof(tsr_dl_tensor, shape) == 24 && offsetof(tsr_dl_tensor, strides) == 32 &&
                   offsetof(tsr_dl_tensor, byte_offset) == 40,
               "DLTensor as DLPack lays it out");
_Static_assert(sizeof(tsr_dl_legacy) == 64 && offsetof(tsr_dl_legacy, tensor) == 0 &&
                   offsetof(tsr_dl_legacy, manager) == 48 && offsetof(tsr_dl_legacy, deleter) == 56,
               "DLManagedTensor as DLPack lays it out");
_Static_assert(sizeof(tsr_dl_versioned) == 80 && offsetof(tsr_dl_versioned, major) == 0 &&
                   offsetof(tsr_dl_versioned, minor) == 4 &&
                   offsetof(tsr_dl_versioned, manager) == 8 &&
                   offsetof(tsr_dl_versioned, deleter) == 16 &&
                   offsetof(tsr_dl_versioned, flags) == 24 &&
                   offsetof(tsr_dl_versioned, tensor) == 32,
               "DLManagedTensorVersioned as DLPack lays it out");

/* ---- dtypes ---- */

enum { DL_INT = 0, DL_UINT = 1, DL_FLOAT = 2, DL_BFLOAT = 4, DL_COMPLEX = 5, DL_BOOL = 6 };

static uint8_t code_of(tsr_dtype dtype) {
    switch (tsr_dtype_describe(dtype)->kind) {
    case 'b':
        return DL_BOOL;
    case 'u':
        return DL_UINT;
    case 'i':
        return DL_INT;
    case 'c':
        return DL_COMPLEX;
    default:
        return dtype == TSR_BFLOAT16 ? DL_BFLOAT : DL_FLOAT;
    }
}

static tsr_status find_dtype(const tsr_dl_tensor *t, tsr_dtype *out, tsr_error *err) {
    if (t->dtype.lanes != 1)
        return tsr_error_set(err, TSR_EDTYPE, "DLPack: %d lanes an element, only 1 is possible",
                             (int64_t)t->dtype.lanes);
    for (int d = 0; d < TSR_DTYPE_COUNT; d++)
        if (t->dtype.code == code_of((tsr_dtype)d) &&
            t->dtype.bits == 8 * tsr_dtype_describe((tsr_dtype)d)->itemsize) {
            *out = (tsr_dtype)d;
            return TSR_OK;
        }
    return tsr_error_set(err, TSR_EDTYPE, "DLPack: no dtype has type code %d and %d bits",
                         (int64_t)t->dtype.code, (int64_t)t->dtype.bits);
}

/* ---- out ---- */

typedef struct exported {
    union {
        tsr_dl_legacy legacy;
        tsr_dl_versioned versioned;
    } as;         /* first: what the consumer has is the address of this */
    size_t bytes; /* of this block */
} exported;

/* Behind it lies the array as it was: what comes back becomes another view of that. Its context
 * paid for the block; its storage is retained and exported. */
static tsr_array *view_of(const exported *e) {
    return (tsr_array *)(uintptr_t)(e + 1);
}

/* And then the sizes and the strides that the consumer sees. */
static int64_t *told_to_consumer(const exported *e, int ndim) {
    return view_of(e)->dims + 2 * ndim;
}

static void let_go(exported *e) {
    const tsr_array *v = view_of(e);
    tsr_storage *storage = v->storage;
    tsr_block_free(v->context, e, e->bytes);
    tsr_storage_unexport(storage);
    tsr_storage_release(storage);
}

static void delete_legacy(tsr_dl_legacy *self) {
    let_go((exported *)(void *)self);
}

static void delete_versioned(tsr_dl_versioned *self) {
    let_go((exported *)(void *)self);
}

/* Sizes and strides in elements into `dims`. */
static tsr_status describe_layout(const tsr_array *a, unsigned options, int64_t *dims,
                                  tsr_error *err) {
    int ndim = a->ndim, log = __builtin_ctz(a->itemsize); /* items are powers of two */
    const int64_t *shape = tsr_shape_of(a), *strides = tsr_strides_of(a);
    int64_t dense = 1;
    for (int i = ndim; i-- > 0;) {
        dims[i] = shape[i];
        dims[ndim + i] = dense;
        if (shape[i] <= 1)
            continue;
        dense *= shape[i];
        if (a->size == 0)
            continue;
        if ((strides[i] & (a->itemsize - 1)) != 0)
            return tsr_error_set(err, TSR_EUNSUPPORTED,
                                 "DLPack counts strides in elements, but stride %d of dimension %i "
                                 "is no multiple of the %d bytes of an element: export a copy",
                                 strides[i], (int64_t)i, (int64_t)a->itemsize);
        if (strides[i] < 0 && (options & TSR_DLPACK_NEGATIVE) == 0)
            return tsr_error_set(err, TSR_EUNSUPPORTED,
                                 "the stride of dimension %i is negative, which only some DLPack "
                                 "consumers take: ask for negative strides, or export a copy",
                                 (int64_t)i);
        dims[ndim + i] = strides[i] >> log;
    }
    return TSR_OK;
}

static void fill(exported *e, const tsr_array *a, unsigned options, bool readonly) {
    bool legacy = (options & TSR_DLPACK_LEGACY) != 0;
    tsr_dl_tensor *t = legacy ? &e->as.legacy.tensor : &e->as.versioned.tensor;
    if (legacy) {
        e->as.legacy.manager = e;
        e->as.legacy.deleter = delete_legacy;
    } else {
        e->as.versioned.major = TSR_DL_MAJOR;
        e->as.versioned.minor = TSR_DL_MINOR;
        e->as.versioned.manager = e;
        e->as.versioned.deleter = delete_versioned;
        e->as.versioned.flags = (readonly ? TSR_DL_READ_ONLY : 0) |
                                ((options & TSR_DLPACK_COPIED) != 0 ? TSR_DL_IS_COPIED : 0);
    }
    t->data = a->size > 0 ? tsr_data_of(a) : NULL;
    t->device.type = TSR_DL_CPU;
    t->device.id = 0;
    t->ndim = a->ndim;
    t->dtype.code = code_of((tsr_dtype)a->dtype);
    t->dtype.bits = (uint8_t)(8 * a->itemsize);
    t->dtype.lanes = 1;
    t->shape = told_to_consumer(e, a->ndim);
    t->strides = t->shape + a->ndim;
    t->byte_offset = 0;
}

/* What the storage grants is looked at when it is held: a host may narrow it until then. */
static tsr_status hold_storage(const tsr_array *a, unsigned options, const char *holder,
                               bool *readonly, tsr_error *err) {
    tsr_status status =
        tsr_storage_export(a->storage, holder != NULL ? holder : "a DLPack consumer", err);
    if (status != TSR_OK)
        return status;
    status = tsr_array_usable(a, false, err);
    *readonly = (tsr_array_rights(a) & TSR_WRITE) == 0 || (options & TSR_DLPACK_READONLY) != 0;
    if (status == TSR_OK && *readonly && (options & TSR_DLPACK_LEGACY) != 0)
        status = tsr_error_set(err, TSR_EREADONLY,
                               "array is read-only, which a DLPack struct without version cannot "
                               "say: ask for the versioned one, or export a copy");
    if (status != TSR_OK)
        tsr_storage_unexport(a->storage);
    return status;
}

tsr_status tsr_dlpack_export(const tsr_array *a, unsigned options, const char *holder, void **out,
                             tsr_error *err) {
    *out = NULL;
    bool readonly = false;
    size_t bytes = sizeof(exported) + sizeof *a + 4 * (size_t)a->ndim * sizeof(int64_t);
    tsr_status status = tsr_storage_live(a->storage, err);
    if (status == TSR_OK)
        status = tsr_array_native(a, err);
    if (status != TSR_OK)
        return status;
    exported *e = tsr_block_new(a->context, bytes, false, err);
    if (e == NULL)
        return TSR_EMEMORY;
    status = describe_layout(a, options, told_to_consumer(e, a->ndim), err);
    if (status == TSR_OK)
        status = hold_storage(a, options, holder, &readonly, err);
    if (status != TSR_OK) {
        tsr_block_free(a->context, e, bytes);
        return status;
    }
    tsr_storage_hold(a->storage);
    e->bytes = bytes;
    memcpy(view_of(e), a, sizeof *a);
    tsr_dims_copy(view_of(e)->dims, a->dims, 2 * a->ndim);
    fill(e, a, options, readonly);
    *out = e;
    return TSR_OK;
}

/* ---- in ---- */

static void release_legacy(void *user, void *data) {
    tsr_dl_legacy *m = user;
    (void)data;
    if (m->deleter != NULL)
        m->deleter(m);
}

static void release_versioned(void *user, void *data) {
    tsr_dl_versioned *m = user;
    (void)data;
    if (m->deleter != NULL)
        m->deleter(m);
}

/* What a consumer checks before it touches the tensor: sizes, strides in bytes, and the extent of
 * the elements around the first one. */
static tsr_status read_layout(const tsr_dl_tensor *t, int64_t item, int64_t *shape,
                              int64_t *strides, int64_t *low, int64_t *high, tsr_error *err) {
    int ndim = t->ndim;
    if (ndim < 0 || ndim > TSR_MAX_DIMS)
        return tsr_error_set(err, TSR_ESHAPE, "DLPack: %d dimensions, at most %d are possible",
                             (int64_t)ndim, (int64_t)TSR_MAX_DIMS);
    if (ndim > 0 && t->shape == NULL)
        return tsr_error_set(err, TSR_ESHAPE, "DLPack: %d dimensions, but no sizes", (int64_t)ndim);
    int64_t size, bytes;
    for (int i = 0; i < ndim; i++)
        shape[i] = t->shape[i];
    tsr_status status = tsr_shape_check(ndim, shape, item, &size, &bytes, err);
    if (status != TSR_OK)
        return status;
    tsr_strides_fill(ndim, shape, item, strides);
    bool fits = true;
    for (int i = 0; i < ndim && t->strides != NULL && size > 0; i++)
        if (shape[i] > 1)
            fits = fits && tsr_mul(t->strides[i], item, &strides[i]);
    if (!fits || !tsr_extent(ndim, shape, strides, item, low, high))
        return tsr_error_set(err, TSR_EVALUE, "DLPack: strides overflow for the shape %v", ndim,
                             shape);
    if (size > 0 && t->data == NULL)
        return tsr_error_set(err, TSR_EVALUE, "DLPack: the shape is %v, but there is no data", ndim,
                             shape);
    return TSR_OK;
}

/* Whether [first + low, first + high) are addresses. */
static bool is_addressable(uint64_t first, int64_t low, int64_t high) {
    return first >= 0 - (uint64_t)low && (uint64_t)high <= UINT64_MAX - first;
}

static tsr_status check_device(const tsr_dl_tensor *t, tsr_error *err) {
    int32_t type = t->device.type;
    if (type == TSR_DL_CPU || type == TSR_DL_CUDA_HOST || type == TSR_DL_ROCM_HOST)
        return TSR_OK;
    return tsr_error_set(err, TSR_EUNSUPPORTED,
                         "DLPack: memory of device type %d, only the processor's can be used",
                         (int64_t)type);
}

/* The view of a struct that another library made; *storage is its storage, whose release callback
 * is still to be set. */
static tsr_status make_foreign(tsr_context *context, const tsr_dl_tensor *t, unsigned rights,
                               tsr_array **out, tsr_storage **storage, tsr_error *err) {
    tsr_dtype dtype = TSR_BOOL;
    int64_t shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS], low, high;
    tsr_status status = check_device(t, err);
    if (status == TSR_OK)
        status = find_dtype(t, &dtype, err);
    if (status != TSR_OK)
        return status;
    status = read_layout(t, tsr_dtype_describe(dtype)->itemsize, shape, strides, &low, &high, err);
    if (status != TSR_OK)
        return status;
    uint64_t first = (uint64_t)(uintptr_t)t->data + t->byte_offset;
    if (high > low && (first < t->byte_offset || !is_addressable(first, low, high)))
        return tsr_error_set(err, TSR_EVALUE, "DLPack: the memory of shape %v lies nowhere",
                             (int)t->ndim, shape);
    tsr_buffer buffer = {.struct_size = sizeof buffer,
                         .data = high > low ? (void *)(uintptr_t)(first + (uint64_t)low) : NULL,
                         .bytes = (size_t)high - (size_t)low,
                         .kind = TSR_IMPORTED,
                         .rights = rights,
                         .label = "DLPack"};
    return tsr_array_wrap(context, &buffer, dtype, t->ndim, shape, strides, -low, rights, out,
                          storage, err);
}

/* The view of a struct that was exported here. */
static tsr_status make_own(tsr_context *context, const exported *e, unsigned rights,
                           tsr_array **out, tsr_error *err) {
    const tsr_array *v = view_of(e);
    if (context == v->context)
        return tsr_view_alias(v, rights, out, err);
    return tsr_array_from_storage(context, v->storage, (tsr_dtype)v->dtype, v->ndim,
                                  tsr_shape_of(v), tsr_strides_of(v), v->offset, v->rights & rights,
                                  out, err);
}

tsr_status tsr_dlpack_import(tsr_context *context, void *managed, unsigned options, tsr_array **out,
                             tsr_error *err) {
    *out = NULL;
    if (managed == NULL)
        return tsr_error_set(err, TSR_EVALUE, "DLPack: there is no struct");
    tsr_dl_legacy *legacy = (options & TSR_DLPACK_LEGACY) != 0 ? managed : NULL;
    tsr_dl_versioned *versioned = legacy == NULL ? managed : NULL;
    void (*release)(void *, void *) = legacy != NULL ? release_legacy : release_versioned;
    if (versioned != NULL && versioned->major != TSR_DL_MAJOR) {
        tsr_status status = tsr_error_set(
            err, TSR_EUNSUPPORTED, "DLPack: version %d.%d, this library knows version %d",
            (int64_t)versioned->major, (int64_t)versioned->minor, (int64_t)TSR_DL_MAJOR);
        release(managed, NULL);
        return status;
    }
    bool written = legacy != NULL ? (options & TSR_DLPACK_WRITABLE) != 0
                                  : (versioned->flags & TSR_DL_READ_ONLY) == 0;
    if ((options & TSR_DLPACK_READONLY) != 0)
        written = false;
    bool ours =
        legacy != NULL ? legacy->deleter == delete_legacy : versioned->deleter == delete_versioned;
    const tsr_dl_tensor *t = legacy != NULL ? &legacy->tensor : &versioned->tensor;
    unsigned rights = written ? TSR_READ | TSR_WRITE : TSR_READ;
    tsr_storage *storage = NULL;
    tsr_status status;
    if (ours)
        status = make_own(context, managed, rights, out, err);
    else
        status = make_foreign(context, t, rights, out, &storage, err);
    if (status == TSR_OK && !ours)
        tsr_storage_on_release(storage, release, managed);
    tsr_storage_release(storage); /* the array holds it now, or nobody does */
    bool kept = status == TSR_EMEMORY && (options & TSR_DLPACK_RETRY) != 0;
    if (!kept && (ours || status != TSR_OK))
        release(managed, NULL);
    return status;
}

void tsr_dlpack_delete(void *managed, unsigned options) {
    if ((options & TSR_DLPACK_LEGACY) != 0)
        release_legacy(managed, NULL);
    else
        release_versioned(managed, NULL);
}
