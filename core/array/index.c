/* Basic indexing: one header out of a list of entries (positions, ranges, new dimensions,
 * ellipsis).
 *
 * A first pass counts what the entries use and give, so that the header is made once with its final
 * number of dimensions; a second pass walks entries and source dimensions together. */
#include "array.h"
#include "../base/checked.h"

/* Dimensions that the entries consume and produce, the ellipsis aside. */
static tsr_status count_dims(const tsr_array *a, int count, const tsr_index *items, int *used,
                             int *made, int *ellipses, tsr_error *err) {
    *used = *made = *ellipses = 0;
    for (int i = 0; i < count; i++) {
        *used += items[i].kind == TSR_INDEX_AT || items[i].kind == TSR_INDEX_RANGE ||
                 items[i].kind == TSR_INDEX_ALL;
        *made += items[i].kind == TSR_INDEX_NEW || items[i].kind == TSR_INDEX_RANGE ||
                 items[i].kind == TSR_INDEX_ALL;
        *ellipses += items[i].kind == TSR_INDEX_ELLIPSIS;
    }
    if (*ellipses > 1)
        return tsr_error_set(err, TSR_EINDEX, "an index can have one ellipsis only");
    if (*used > a->ndim)
        return tsr_error_set(err, TSR_EINDEX, "%d indices for an array of %d dimensions",
                             (int64_t)*used, (int64_t)a->ndim);
    return TSR_OK;
}

static tsr_status check_range(const tsr_index *item, int dim, int64_t n, tsr_error *err) {
    if (item->count < 0 || item->step == 0)
        return tsr_error_set(err, TSR_EINDEX, "range of %d elements with step %d", item->count,
                             item->step);
    int64_t reach, last;
    bool inside = item->count == 0 || (tsr_mul(item->count - 1, item->step, &reach) &&
                                       tsr_add(item->start, reach, &last) && item->start >= 0 &&
                                       item->start < n && last >= 0 && last < n);
    if (!inside)
        return tsr_error_set(err, TSR_EINDEX,
                             "range of %d elements from %i by %d leaves dimension %i of size %d",
                             item->count, item->start, item->step, (int64_t)dim, n);
    return TSR_OK;
}

tsr_status tsr_view_index(const tsr_array *a, int count, const tsr_index *items, tsr_array **out,
                          tsr_error *err) {
    *out = NULL;
    int used, made, ellipses;
    tsr_status status = count_dims(a, count, items, &used, &made, &ellipses, err);
    if (status != TSR_OK)
        return status;
    int rest = a->ndim - used; /* whole dimensions that the ellipsis, or the end, stands for */
    tsr_array *v;
    status = tsr_array_derive(a, made + rest, &v, err);
    if (status != TSR_OK)
        return status;
    const int64_t *shape = tsr_shape_of(a), *strides = tsr_strides_of(a);
    int64_t *vshape = tsr_shape_of(v), *vstrides = tsr_strides_of(v);
    int dim = 0, to = 0;
    for (int i = 0; i <= count && status == TSR_OK; i++) {
        bool end = i == count;
        if (end && ellipses == 1)
            break;
        if (end || items[i].kind == TSR_INDEX_ELLIPSIS) {
            for (int k = 0; k < rest; k++, dim++, to++)
                vshape[to] = shape[dim], vstrides[to] = strides[dim];
            continue;
        }
        const tsr_index *item = &items[i];
        switch (item->kind) {
        case TSR_INDEX_AT: {
            int64_t n = shape[dim], at = item->start < 0 ? item->start + n : item->start;
            if (at < 0 || at >= n)
                status = tsr_error_set(err, TSR_EINDEX,
                                       "index %i is out of range for dimension %i of size %d",
                                       item->start, (int64_t)dim, n);
            else
                v->offset += at * strides[dim];
            dim++;
            break;
        }
        case TSR_INDEX_RANGE:
            status = check_range(item, dim, shape[dim], err);
            if (status == TSR_OK && item->count > 0)
                v->offset += item->start * strides[dim];
            vshape[to] = item->count;
            /* a range of one element keeps the stride: its step may be anything */
            vstrides[to++] = item->count > 1 ? strides[dim] * item->step : strides[dim];
            dim++;
            break;
        case TSR_INDEX_ALL:
            vshape[to] = shape[dim], vstrides[to++] = strides[dim++];
            break;
        case TSR_INDEX_NEW:
            vshape[to] = 1, vstrides[to++] = 0;
            break;
        case TSR_INDEX_ELLIPSIS:
            break;
        }
    }
    if (status != TSR_OK) {
        tsr_array_release(v);
        return status;
    }
    return tsr_array_finish(v, out, err);
}
