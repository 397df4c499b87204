/* New arrays put together from others: concatenation, repetition, triangles. */
#include "../base/executor.h"
#include "../array/array.h"
#include "../base/checked.h"
#include "../loop/engine.h"

#include <string.h>

static tsr_status joined_shape(int count, tsr_array *const *arrays, int dim, int64_t *shape,
                               tsr_error *err) {
    int ndim = arrays[0]->ndim;
    memcpy(shape, tsr_shape_of(arrays[0]), (size_t)ndim * sizeof *shape);
    for (int k = 1; k < count; k++) {
        const int64_t *other = tsr_shape_of(arrays[k]);
        if (arrays[k]->ndim != ndim)
            return tsr_error_set(err, TSR_ESHAPE,
                                 "array %d has %d dimensions, the first one has %d", (int64_t)k + 1,
                                 (int64_t)arrays[k]->ndim, (int64_t)ndim);
        for (int i = 0; i < ndim; i++) {
            bool fits = i == dim ? tsr_add(shape[i], other[i], &shape[i]) : shape[i] == other[i];
            if (!fits)
                return tsr_error_set(
                    err, TSR_ESHAPE,
                    "shapes %v and %v differ in dimension %i, which is not the one "
                    "that is joined",
                    ndim, tsr_shape_of(arrays[0]), ndim, other, (int64_t)i);
        }
    }
    return TSR_OK;
}

tsr_status tsr_concatenate(tsr_context *context, int count, tsr_array *const *arrays, int dim,
                           tsr_dtype dtype, tsr_array **out, tsr_error *err) {
    *out = NULL;
    if (count < 1)
        return tsr_error_set(err, TSR_EVALUE, "needs at least one array");
    if (arrays[0]->ndim == 0)
        return tsr_error_set(err, TSR_ESHAPE, "0-dimensional arrays cannot be joined");
    int64_t shape[TSR_MAX_DIMS], at = 0;
    tsr_status status = tsr_dim_resolve(arrays[0]->ndim, dim, &dim, err);
    if (status == TSR_OK)
        status = joined_shape(count, arrays, dim, shape, err);
    tsr_array *made;
    if (status != TSR_OK || (status = tsr_array_new(context, dtype, arrays[0]->ndim, shape, false,
                                                    &made, err)) != TSR_OK)
        return status;
    for (int k = 0; k < count && status == TSR_OK; k++) {
        int64_t length = tsr_shape_of(arrays[k])[dim];
        tsr_array *part;
        status = tsr_view_narrow(made, dim, at, length, 1, &part, err);
        if (status == TSR_OK)
            status = tsr_copy(part, arrays[k], err);
        tsr_array_release(part);
        at += length;
    }
    if (status == TSR_OK)
        *out = made;
    else
        tsr_array_release(made);
    return status;
}

enum { CHECK_BYTES = 1 << 20 }; /* written between two looks at the cancel flag */

/* Both contiguous: each of `outer` runs holds n items of `item` bytes, the i-th is written
 * counts[i] (or `times`) times. */
static tsr_status repeat_items(const tsr_context *context, const char *src, char *dst,
                               int64_t outer, int64_t n, int64_t item, const int64_t *counts,
                               int64_t times, tsr_error *err) {
    const char *checked = dst;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < n; i++, src += item)
            for (int64_t c = counts != NULL ? counts[i] : times; c > 0; c--, dst += item) {
                memcpy(dst, src, (size_t)item);
                if (dst - checked < CHECK_BYTES)
                    continue;
                tsr_status status = tsr_context_interrupted(context, err);
                if (status != TSR_OK)
                    return status;
                checked = dst;
            }
    return TSR_OK;
}

tsr_status tsr_repeat(tsr_context *context, const tsr_array *a, int dim, const int64_t *counts,
                      int64_t times, tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_dim_resolve(a->ndim, dim, &dim, err);
    if (status != TSR_OK)
        return status;
    int64_t shape[TSR_MAX_DIMS], n = tsr_shape_of(a)[dim], total = 0;
    bool fits = counts != NULL || tsr_mul(n, times, &total);
    for (int64_t i = 0; i < n && fits; i++) {
        int64_t c = counts != NULL ? counts[i] : times;
        if (c < 0)
            return tsr_error_set(err, TSR_EVALUE, "cannot repeat %d times", c);
        if (counts == NULL)
            break;
        fits = tsr_add(total, c, &total);
    }
    if (!fits)
        return tsr_error_set(err, TSR_EVALUE, "the repeated size overflows");
    memcpy(shape, tsr_shape_of(a), (size_t)a->ndim * sizeof *shape);
    shape[dim] = total;
    tsr_array *source, *made;
    status = tsr_array_new(context, (tsr_dtype)a->dtype, a->ndim, shape, false, &made, err);
    if (status != TSR_OK)
        return status;
    if (tsr_array_is_contiguous(a) && (status = tsr_array_enter(a, TSR_READ, err)) == TSR_OK) {
        tsr_array_retain(source = (tsr_array *)(uintptr_t)a);
    } else if (status == TSR_OK) {
        status = tsr_clone(context, a, (tsr_dtype)a->dtype, TSR_ORDER_C, &source, err);
        if (status == TSR_OK) /* owned memory: entering cannot fail */
            tsr_array_enter(source, TSR_READ, NULL);
    }
    if (status != TSR_OK) {
        tsr_array_release(made);
        return status;
    }
    int64_t outer = 1, item = a->itemsize;
    for (int i = 0; i < dim; i++)
        outer *= shape[i];
    for (int i = dim + 1; i < a->ndim; i++)
        item *= shape[i];
    if (made->size > 0 && !tsr_estimating(context))
        status = repeat_items(context, tsr_data_of(source), tsr_data_of(made), outer, n, item,
                              counts, times, err);
    tsr_storage_leave(source->storage);
    tsr_array_release(source);
    if (status == TSR_OK)
        *out = made;
    else
        tsr_array_release(made);
    return status;
}

tsr_status tsr_triangle(tsr_context *context, const tsr_array *a, bool upper, int64_t offset,
                        tsr_array **out, tsr_error *err) {
    *out = NULL;
    if (a->ndim < 2)
        return tsr_error_set(err, TSR_ESHAPE, "needs at least 2 dimensions, the shape is %v",
                             (int)a->ndim, tsr_shape_of(a));
    tsr_array *made;
    tsr_status status = tsr_clone(context, a, (tsr_dtype)a->dtype, TSR_ORDER_C, &made, err);
    if (status != TSR_OK)
        return status;
    int64_t rows = tsr_shape_of(a)[a->ndim - 2], columns = tsr_shape_of(a)[a->ndim - 1];
    int64_t lines = columns > 0 && !tsr_estimating(context) ? made->size / columns : 0;
    size_t item = made->itemsize;
    int64_t written = 0;
    for (int64_t line = 0; line < lines && status == TSR_OK; line++) {
        int64_t diagonal; /* column of the diagonal in this row */
        if (!tsr_add(line % rows, offset, &diagonal))
            diagonal = offset < 0 ? INT64_MIN + 1 : INT64_MAX - 1;
        int64_t edge = upper ? diagonal : diagonal < INT64_MAX ? diagonal + 1 : diagonal;
        edge = edge < 0 ? 0 : edge > columns ? columns : edge;
        char *row = tsr_data_of(made) + (size_t)(line * columns) * item;
        if (upper)
            memset(row, 0, (size_t)edge * item);
        else
            memset(row + (size_t)edge * item, 0, (size_t)(columns - edge) * item);
        written += columns * (int64_t)item;
        if (written > CHECK_BYTES) {
            status = tsr_context_interrupted(context, err);
            written = 0;
        }
    }
    if (status == TSR_OK)
        *out = made;
    else
        tsr_array_release(made);
    return status;
}
