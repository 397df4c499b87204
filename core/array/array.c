/* Arrays: a header over a storage. Making, checking, asking, and single elements.
 *
 * The header has room for exactly its dimensions. Every array is made in one of three ways: with a
 * storage of its own (tsr_array_new), over a storage after the bounds were checked
 * (tsr_array_from_storage), or derived from another array by a view function, which can only narrow
 * what its source already reaches. */
#include "array.h"
#include "../base/alone.h"
#include "../base/checked.h"
#include "../base/context.h"
#include "../base/executor.h"

#include <string.h>

static size_t header_bytes(unsigned room) {
    return sizeof(tsr_array) + (size_t)room * 2 * sizeof(int64_t);
}

static void header_start(tsr_array *a, tsr_context *context, int ndim) {
    atomic_init(&a->references, 1);
    a->room = a->ndim = (uint8_t)ndim;
    a->placed = a->plain = a->swapped = false;
    a->within = 0;
    a->context = context;
}

static tsr_array *header_new(tsr_context *context, int ndim, tsr_error *err) {
    tsr_array *a = tsr_block_new(context, header_bytes((unsigned)ndim), false, err);
    if (a != NULL)
        header_start(a, context, ndim);
    return a;
}

tsr_status tsr_shape_check(int ndim, const int64_t *shape, int64_t itemsize, int64_t *size,
                           int64_t *bytes, tsr_error *err) {
    if (ndim < 0 || ndim > TSR_MAX_DIMS)
        return tsr_error_set(err, TSR_ESHAPE, "%d dimensions, at most %d are possible",
                             (int64_t)ndim, (int64_t)TSR_MAX_DIMS);
    for (int i = 0; i < ndim; i++)
        if (shape[i] < 0)
            return tsr_error_set(err, TSR_ESHAPE, "negative size %d in shape %v", shape[i], ndim,
                                 shape);
    int64_t nonzero = itemsize; /* strides must fit as well, also when some size is 0 */
    bool fits = tsr_count(ndim, shape, size) && tsr_mul(*size, itemsize, bytes);
    for (int i = 0; fits && i < ndim; i++)
        if (shape[i] > 1)
            fits = tsr_mul(nonzero, shape[i], &nonzero);
    if (!fits)
        return tsr_error_set(err, TSR_EVALUE, "shape %v is too large: its size overflows", ndim,
                             shape);
    return TSR_OK;
}

tsr_status tsr_array_new(tsr_context *context, tsr_dtype dtype, int ndim, const int64_t *shape,
                         bool zeroed, tsr_array **out, tsr_error *err) {
    *out = NULL;
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    if (info == NULL)
        return tsr_error_set(err, TSR_EDTYPE, "%d is no dtype", (int64_t)dtype);
    int64_t size, bytes;
    tsr_status status = tsr_shape_check(ndim, shape, info->itemsize, &size, &bytes, err);
    if (status != TSR_OK)
        return status;
    tsr_array *a = header_new(context, ndim, err);
    if (a == NULL)
        return TSR_EMEMORY;
    status = tsr_storage_new(context, (size_t)bytes, zeroed, &a->storage, err);
    if (status != TSR_OK) {
        tsr_block_free(context, a, header_bytes(a->room));
        return status;
    }
    a->dtype = (uint8_t)dtype;
    a->itemsize = info->itemsize;
    a->rights = TSR_READ | TSR_WRITE | TSR_RESIZE;
    a->plain = a->storage->kind == TSR_OWNED;
    a->offset = 0;
    a->size = size;
    tsr_dims_copy(tsr_shape_of(a), shape, ndim);
    tsr_strides_fill(ndim, shape, info->itemsize, tsr_strides_of(a));
    *out = a;
    return TSR_OK;
}

void tsr_array_arrange(tsr_array *a, const int *dims) {
    int64_t stride = a->itemsize;
    for (int i = a->ndim; i-- > 0;) {
        int64_t n = tsr_shape_of(a)[dims[i]];
        tsr_strides_of(a)[dims[i]] = stride;
        stride *= n > 1 ? n : 1;
        a->plain = a->plain && dims[i] == i;
    }
}

bool tsr_extent(int ndim, const int64_t *shape, const int64_t *strides, int64_t itemsize,
                int64_t *low, int64_t *high) {
    *low = *high = 0;
    for (int i = 0; i < ndim; i++)
        if (shape[i] == 0)
            return true;
    *high = itemsize;
    for (int i = 0; i < ndim; i++) {
        int64_t reach;
        int64_t *end = strides[i] < 0 ? low : high;
        if (!tsr_mul(shape[i] - 1, strides[i], &reach) || !tsr_add(*end, reach, end))
            return false;
    }
    return true;
}

/* A layout over `bytes` bytes: *strides become row-major ones in `row_major` where they are NULL.
 */
static tsr_status check_layout(const tsr_dtype_info *info, int ndim, const int64_t *shape,
                               const int64_t **strides, int64_t *row_major, int64_t offset,
                               size_t bytes, int64_t *size, tsr_error *err) {
    if (ndim < 0 || ndim > TSR_MAX_DIMS)
        return tsr_error_set(err, TSR_ESHAPE, "%d dimensions, at most %d are possible",
                             (int64_t)ndim, (int64_t)TSR_MAX_DIMS);
    int64_t low = 0, high;
    bool fits = true;
    if (*strides == NULL) {
        tsr_status status = tsr_shape_check(ndim, shape, info->itemsize, size, &high, err);
        if (status != TSR_OK)
            return status;
        tsr_strides_fill(ndim, shape, info->itemsize, row_major);
        *strides = row_major;
    } else {
        for (int i = 0; i < ndim; i++)
            if (shape[i] < 0)
                return tsr_error_set(err, TSR_ESHAPE, "negative size %d in shape %v", shape[i],
                                     ndim, shape);
        fits = tsr_count(ndim, shape, size) &&
               tsr_extent(ndim, shape, *strides, info->itemsize, &low, &high);
    }
    if (!fits || !tsr_add(low, offset, &low) || !tsr_add(high, offset, &high) || low < 0 ||
        offset < 0 || high > (int64_t)bytes)
        return tsr_error_set(err, TSR_EVALUE,
                             "shape %v with strides %v and offset %d (bytes) does not lie inside "
                             "the storage of %u bytes",
                             ndim, shape, ndim, *strides, offset, bytes);
    return TSR_OK;
}

/* Fills in a header of as many dimensions over `storage`, whose reference it takes. */
static void lay(tsr_array *a, tsr_storage *storage, const tsr_dtype_info *info, tsr_dtype dtype,
                const int64_t *shape, const int64_t *strides, int64_t size, int64_t offset,
                unsigned rights) {
    a->storage = storage;
    a->dtype = (uint8_t)dtype;
    a->itemsize = info->itemsize;
    a->rights = (uint8_t)(rights & tsr_storage_rights(storage));
    a->offset = offset;
    a->size = size;
    tsr_dims_copy(tsr_shape_of(a), shape, a->ndim);
    tsr_dims_copy(tsr_strides_of(a), strides, a->ndim);
}

tsr_status tsr_array_from_storage(tsr_context *context, tsr_storage *storage, tsr_dtype dtype,
                                  int ndim, const int64_t *shape, const int64_t *strides,
                                  int64_t offset, unsigned rights, tsr_array **out,
                                  tsr_error *err) {
    *out = NULL;
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    if (info == NULL)
        return tsr_error_set(err, TSR_EDTYPE, "%d is no dtype", (int64_t)dtype);
    int64_t size, row_major[TSR_MAX_DIMS];
    tsr_status status = tsr_storage_live(storage, err);
    if (status == TSR_OK)
        status = check_layout(info, ndim, shape, &strides, row_major, offset,
                              tsr_storage_bytes(storage), &size, err);
    if (status != TSR_OK)
        return status;
    tsr_array *a = header_new(context, ndim, err);
    if (a == NULL)
        return TSR_EMEMORY;
    tsr_storage_hold(storage);
    lay(a, storage, info, dtype, shape, strides, size, offset, rights);
    *out = a;
    return TSR_OK;
}

tsr_status tsr_array_wrap(tsr_context *context, const tsr_buffer *buffer, tsr_dtype dtype, int ndim,
                          const int64_t *shape, const int64_t *strides, int64_t offset,
                          unsigned rights, tsr_array **out, tsr_storage **storage, tsr_error *err) {
    *out = NULL;
    *storage = NULL;
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    if (info == NULL)
        return tsr_error_set(err, TSR_EDTYPE, "%d is no dtype", (int64_t)dtype);
    int64_t size, row_major[TSR_MAX_DIMS];
    tsr_status status =
        check_layout(info, ndim, shape, &strides, row_major, offset, buffer->bytes, &size, err);
    void *place;
    if (status == TSR_OK)
        status = tsr_storage_wrap_with(context, buffer, header_bytes((unsigned)ndim), storage,
                                       &place, err);
    if (status != TSR_OK)
        return status;
    tsr_array *a = place;
    header_start(a, context, ndim);
    a->within = (uint32_t)((char *)place - (char *)*storage);
    tsr_storage_hold(*storage);
    lay(a, *storage, info, dtype, shape, strides, size, offset, rights);
    *out = a;
    return TSR_OK;
}

tsr_status tsr_array_derive(const tsr_array *from, int ndim, tsr_array **out, tsr_error *err) {
    *out = NULL;
    if (ndim > TSR_MAX_DIMS)
        return tsr_error_set(err, TSR_ESHAPE, "%d dimensions, at most %d are possible",
                             (int64_t)ndim, (int64_t)TSR_MAX_DIMS);
    tsr_status status = tsr_storage_live(from->storage, err);
    if (status != TSR_OK)
        return status;
    tsr_array *a = header_new(from->context, ndim, err);
    if (a == NULL)
        return TSR_EMEMORY;
    a->dtype = from->dtype;
    a->itemsize = from->itemsize;
    a->rights = from->rights;
    a->swapped = from->swapped;
    a->offset = from->offset;
    a->storage = from->storage;
    tsr_storage_hold(from->storage);
    *out = a;
    return TSR_OK;
}

bool tsr_lies_plainly(const tsr_array *a) {
    int64_t stride = a->itemsize;
    for (int i = a->ndim; i-- > 0;) {
        int64_t n = tsr_shape_of(a)[i];
        if (n != 1 && tsr_strides_of(a)[i] != stride)
            return false;
        stride *= n;
    }
    return a->storage->kind == TSR_OWNED && !a->swapped && (a->rights & TSR_READ) != 0 &&
           (a->offset & (a->itemsize - 1)) == 0; /* a power of two */
}

tsr_status tsr_array_finish(tsr_array *a, tsr_array **out, tsr_error *err) {
    if (tsr_count(a->ndim, tsr_shape_of(a), &a->size)) {
        a->plain = tsr_lies_plainly(a);
        *out = a;
        return TSR_OK;
    }
    tsr_status status = tsr_error_set(err, TSR_EVALUE, "shape %v is too large: its size overflows",
                                      (int)a->ndim, tsr_shape_of(a));
    tsr_array_release(a);
    *out = NULL;
    return status;
}

tsr_array *tsr_array_reshaped_in(tsr_header *room, const tsr_array *a, int ndim,
                                 const int64_t *shape) {
    tsr_array *made = (tsr_array *)(void *)room->bytes;
    memcpy(made, a, sizeof *made);
    atomic_init(&made->references, 1);
    made->room = TSR_MAX_DIMS;
    made->ndim = (uint8_t)ndim;
    tsr_dims_copy(tsr_shape_of(made), shape, ndim);
    tsr_strides_fill(ndim, shape, made->itemsize, tsr_strides_of(made));
    return made;
}

static bool is_shared(const tsr_array *a) {
    return atomic_load_explicit(&a->references, memory_order_acquire) > 1;
}

static void reshape_in_place(tsr_array *a, int ndim, const int64_t *shape, int64_t size) {
    a->ndim = (uint8_t)ndim;
    a->size = size;
    tsr_dims_copy(tsr_shape_of(a), shape, ndim);
    tsr_strides_fill(ndim, shape, a->itemsize, tsr_strides_of(a));
}

tsr_status tsr_array_resize(tsr_array **array, int ndim, const int64_t *shape, tsr_error *err) {
    tsr_array *a = *array;
    int64_t size, bytes, needed;
    tsr_status status = tsr_shape_check(ndim, shape, a->itemsize, &size, &bytes, err);
    if (status != TSR_OK)
        return status;
    if ((a->rights & TSR_RESIZE) == 0)
        return tsr_error_set(err, TSR_EBUSY, "array has no right to resize its storage");
    if (is_shared(a))
        return tsr_error_set(err, TSR_EBUSY, "array is shared and cannot be resized");
    if (!tsr_add(bytes, a->offset, &needed))
        return tsr_error_set(err, TSR_EVALUE, "shape %v is too large: its size overflows", ndim,
                             shape);
    if (ndim > a->room) {
        a = header_new(a->context, TSR_MAX_DIMS, err);
        if (a == NULL)
            return TSR_EMEMORY;
        a->dtype = (*array)->dtype;
        a->itemsize = (*array)->itemsize;
        a->rights = (*array)->rights;
        a->swapped = (*array)->swapped;
        a->offset = (*array)->offset;
        a->storage = (*array)->storage;
    }
    size_t had = tsr_storage_bytes(a->storage);
    status = tsr_storage_resize(a->storage, needed > (int64_t)had ? (size_t)needed : had, err);
    if (status == TSR_OK) {
        reshape_in_place(a, ndim, shape, size);
        if (a != *array)
            tsr_storage_retain(a->storage);
        *array = a;
    } else if (a != *array) {
        tsr_block_free(a->context, a, header_bytes(a->room));
    }
    return status;
}

bool tsr_array_vacate(tsr_array *a, tsr_storage *instead) {
    if (is_shared(a))
        return false;
    tsr_storage *storage = a->storage;
    tsr_storage_retain(instead);
    a->storage = instead;
    a->plain = false;
    a->offset = 0;
    tsr_storage_release(storage);
    return true;
}

void tsr_array_retain(tsr_array *a) {
    tsr_count_up(&a->references);
}

void tsr_array_release(tsr_array *a) {
    if (a == NULL || !tsr_count_down(&a->references) || a->placed)
        return;
    tsr_storage_release(a->storage);
    if (a->within != 0)
        tsr_storage_leave_block((tsr_storage *)(void *)((char *)a - a->within));
    else
        tsr_block_free(a->context, a, header_bytes(a->room));
}

tsr_dtype tsr_array_dtype(const tsr_array *a) {
    return (tsr_dtype)a->dtype;
}

int tsr_array_ndim(const tsr_array *a) {
    return a->ndim;
}

const int64_t *tsr_array_shape(const tsr_array *a) {
    return tsr_shape_of(a);
}

const int64_t *tsr_array_strides(const tsr_array *a) {
    return tsr_strides_of(a);
}

int64_t tsr_array_offset(const tsr_array *a) {
    return a->offset;
}

int64_t tsr_array_size(const tsr_array *a) {
    return a->size;
}

size_t tsr_array_itemsize(const tsr_array *a) {
    return a->itemsize;
}

unsigned tsr_array_rights(const tsr_array *a) {
    return a->rights & a->storage->rights;
}

tsr_storage *tsr_array_storage(const tsr_array *a) {
    return a->storage;
}

tsr_context *tsr_array_context(const tsr_array *a) {
    return a->context;
}

void *tsr_array_data(const tsr_array *a) {
    return tsr_storage_revoked(a->storage) ? NULL : tsr_data_of(a);
}

/* Dimensions of size 1 have no say; an empty array is contiguous, one in the other byte order is
 * not, as nobody may take its bytes for its elements. `step` walks the dimensions from
 * the one that should be fastest. */
static bool is_dense(const tsr_array *a, int first, int step) {
    if (a->size == 0)
        return true;
    if (a->swapped)
        return false;
    int64_t expected = a->itemsize;
    for (int i = first, n = 0; n < a->ndim; n++, i += step) {
        if (tsr_shape_of(a)[i] == 1)
            continue;
        if (tsr_strides_of(a)[i] != expected)
            return false;
        expected *= tsr_shape_of(a)[i];
    }
    return true;
}

bool tsr_array_is_contiguous(const tsr_array *a) {
    return is_dense(a, a->ndim - 1, -1);
}

bool tsr_array_is_fortran_contiguous(const tsr_array *a) {
    return is_dense(a, 0, 1);
}

bool tsr_array_is_aligned(const tsr_array *a) {
    uintptr_t bits = (uintptr_t)tsr_data_of(a);
    for (int i = 0; i < a->ndim; i++)
        if (tsr_shape_of(a)[i] > 1)
            bits |= (uintptr_t)tsr_strides_of(a)[i];
    if (a->swapped && a->size > 0) /* so that no kernel takes it as it lies */
        return false;
    return a->size == 0 || bits % tsr_dtype_describe((tsr_dtype)a->dtype)->alignment == 0;
}

tsr_status tsr_array_refuse(const tsr_array *a, unsigned access, tsr_error *err) {
    tsr_status status = tsr_storage_live(a->storage, err);
    if (status != TSR_OK)
        return status;
    bool write =
        (access & TSR_WRITE) != 0 && (a->rights & tsr_storage_rights(a->storage) & TSR_WRITE) == 0;
    return tsr_error_set(err, TSR_EREADONLY, "array is %s-only (%s memory)",
                         write ? "read" : "write", tsr_kind_name(tsr_storage_kind(a->storage)));
}

tsr_status tsr_array_usable(const tsr_array *a, bool write, tsr_error *err) {
    unsigned access = write ? TSR_WRITE : TSR_READ;
    if ((a->rights & tsr_storage_rights(a->storage) & access) == 0)
        return tsr_array_refuse(a, access, err);
    return tsr_storage_live(a->storage, err);
}

tsr_status tsr_array_readable(const tsr_array *a, tsr_error *err) {
    return a->storage->kind == TSR_ESTIMATED ? tsr_storage_unknown(err)
                                             : tsr_array_usable(a, false, err);
}

bool tsr_array_is_swapped(const tsr_array *a) {
    return a->swapped;
}

tsr_status tsr_array_native(const tsr_array *a, tsr_error *err) {
    if (!a->swapped)
        return TSR_OK;
    return tsr_error_set(err, TSR_EUNSUPPORTED, "array is in the other byte order: copy it first");
}

/* An element of `a` with its bytes in the other order, between its parts too: once more gives it
 * back. */
static void reverse_units(const tsr_array *a, const char *from, char *to) {
    size_t unit = tsr_dtype_unit((tsr_dtype)a->dtype);
    for (size_t i = 0; i < a->itemsize; i++)
        to[i] = from[i / unit * unit + unit - 1 - i % unit];
}

tsr_scalar tsr_array_load(const tsr_array *a, const char *at) {
    _Alignas(16) char native[16];
    if (a->swapped) {
        reverse_units(a, at, native);
        at = native;
    }
    return tsr_scalar_load((tsr_dtype)a->dtype, at);
}

void tsr_array_store(tsr_array *a, char *at, const tsr_scalar *value) {
    _Alignas(16) char native[16];
    if (!a->swapped) {
        tsr_scalar_store((tsr_dtype)a->dtype, at, value);
        return;
    }
    tsr_scalar_store((tsr_dtype)a->dtype, native, value);
    reverse_units(a, native, at);
}

static tsr_status locate(const tsr_array *a, int count, const int64_t *index, int64_t *at,
                         tsr_error *err) {
    if (count != a->ndim)
        return tsr_error_set(err, TSR_EINDEX, "%d indices for an array of %d dimensions",
                             (int64_t)count, (int64_t)a->ndim);
    int64_t offset = 0;
    for (int i = 0; i < count; i++) {
        if ((uint64_t)index[i] >= (uint64_t)tsr_shape_of(a)[i])
            return tsr_error_set(err, TSR_EINDEX,
                                 "index %i is out of range for dimension %i of size %d", index[i],
                                 (int64_t)i, tsr_shape_of(a)[i]);
        offset += index[i] * tsr_strides_of(a)[i];
    }
    *at = offset;
    return TSR_OK;
}

tsr_status tsr_array_get(const tsr_array *a, int count, const int64_t *index, tsr_scalar *out,
                         tsr_error *err) {
    int64_t at;
    tsr_status status = locate(a, count, index, &at, err);
    if (status != TSR_OK || (status = tsr_array_enter(a, TSR_READ, err)) != TSR_OK)
        return status;
    if (a->storage->kind == TSR_ESTIMATED)
        return tsr_storage_unknown(err);
    if (a->dtype == TSR_FLOAT64 && !a->swapped) { /* most of all reads */
        out->dtype = TSR_FLOAT64;
        memcpy(&out->as.f, tsr_data_of(a) + at, sizeof out->as.f);
    } else {
        *out = tsr_array_load(a, tsr_data_of(a) + at);
    }
    tsr_storage_leave(a->storage);
    return TSR_OK;
}

tsr_status tsr_array_set(tsr_array *a, int count, const int64_t *index, const tsr_scalar *value,
                         tsr_error *err) {
    int64_t at;
    tsr_status status = locate(a, count, index, &at, err);
    if (status != TSR_OK || (status = tsr_array_enter(a, TSR_WRITE, err)) != TSR_OK)
        return status;
    if (!tsr_estimating(a->context))
        tsr_array_store(a, tsr_data_of(a) + at, value);
    tsr_storage_touch(a->storage);
    tsr_storage_leave(a->storage);
    return TSR_OK;
}
