/* Views by dimension: select, narrow, permute, squeeze, broadcast, diagonal, flip, unfold...
 *
 * Each function derives a header from its source (same storage, dtype, rights), fills in shape,
 * strides and offset, and finishes it. None of them touches data or can reach an element that the
 * source did not reach; tsr_view_strided, which can, goes through the bounds check. A revoked
 * source gives no view. */
#include "array.h"
#include "../base/checked.h"

tsr_status tsr_dim_resolve(int ndim, int64_t dim, int *out, tsr_error *err) {
    if (dim < -ndim || dim >= ndim)
        return tsr_error_set(err, TSR_EINDEX, "dimension %i is out of range for %d dimensions", dim,
                             (int64_t)ndim);
    *out = (int)(dim < 0 ? dim + ndim : dim);
    return TSR_OK;
}

static void copy_dims(tsr_array *to, int at, const tsr_array *from, int first, int count) {
    tsr_dims_copy(tsr_shape_of(to) + at, tsr_shape_of(from) + first, count);
    tsr_dims_copy(tsr_strides_of(to) + at, tsr_strides_of(from) + first, count);
}

static void set_dim(tsr_array *a, int dim, int64_t size, int64_t stride) {
    tsr_shape_of(a)[dim] = size;
    tsr_strides_of(a)[dim] = stride;
}

tsr_status tsr_view_alias(const tsr_array *a, unsigned rights, tsr_array **out, tsr_error *err) {
    tsr_array *v;
    tsr_status status = tsr_array_derive(a, a->ndim, &v, err);
    *out = NULL;
    if (status != TSR_OK)
        return status;
    copy_dims(v, 0, a, 0, a->ndim);
    v->size = a->size;
    v->rights = (uint8_t)(a->rights & rights);
    v->plain = tsr_lies_plainly(v);
    *out = v;
    return TSR_OK;
}

tsr_status tsr_view_swapped(const tsr_array *a, tsr_array **out, tsr_error *err) {
    tsr_status status = tsr_view_alias(a, TSR_READ | TSR_WRITE, out, err);
    if (status != TSR_OK)
        return status;
    (*out)->swapped = !a->swapped && tsr_dtype_unit((tsr_dtype)a->dtype) > 1;
    (*out)->plain = tsr_lies_plainly(*out);
    return TSR_OK;
}

tsr_status tsr_view_select(const tsr_array *a, int dim, int64_t index, tsr_array **out,
                           tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_dim_resolve(a->ndim, dim, &dim, err);
    if (status != TSR_OK)
        return status;
    int64_t n = tsr_shape_of(a)[dim];
    if (index < -n || index >= n)
        return tsr_error_set(err, TSR_EINDEX,
                             "index %i is out of range for dimension %i of size %d", index,
                             (int64_t)dim, n);
    tsr_array *v;
    status = tsr_array_derive(a, a->ndim - 1, &v, err);
    if (status != TSR_OK)
        return status;
    copy_dims(v, 0, a, 0, dim);
    copy_dims(v, dim, a, dim + 1, a->ndim - dim - 1);
    v->offset += (index < 0 ? index + n : index) * tsr_strides_of(a)[dim];
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_narrow(const tsr_array *a, int dim, int64_t start, int64_t length, int64_t step,
                           tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_dim_resolve(a->ndim, dim, &dim, err);
    if (status != TSR_OK)
        return status;
    tsr_index items[TSR_MAX_DIMS];
    for (int i = 0; i < dim; i++)
        items[i] = (tsr_index){.kind = TSR_INDEX_ALL};
    items[dim] = (tsr_index){TSR_INDEX_RANGE, start, step, length};
    return tsr_view_index(a, dim + 1, items, out, err);
}

tsr_status tsr_view_permute(const tsr_array *a, int count, const int *dims, tsr_array **out,
                            tsr_error *err) {
    *out = NULL;
    if (count != a->ndim)
        return tsr_error_set(err, TSR_ESHAPE, "%d dimensions given for an array of %d",
                             (int64_t)count, (int64_t)a->ndim);
    uint32_t seen = 0;
    int order[TSR_MAX_DIMS];
    for (int i = 0; i < count; i++) {
        tsr_status status = tsr_dim_resolve(a->ndim, dims[i], &order[i], err);
        if (status != TSR_OK)
            return status;
        if ((seen >> order[i] & 1) != 0)
            return tsr_error_set(err, TSR_EVALUE, "dimension %i is given twice", (int64_t)dims[i]);
        seen |= 1u << order[i];
    }
    tsr_array *v;
    tsr_status status = tsr_array_derive(a, count, &v, err);
    if (status != TSR_OK)
        return status;
    for (int i = 0; i < count; i++)
        copy_dims(v, i, a, order[i], 1);
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_swap(const tsr_array *a, int dim0, int dim1, tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_dim_resolve(a->ndim, dim0, &dim0, err);
    if (status == TSR_OK)
        status = tsr_dim_resolve(a->ndim, dim1, &dim1, err);
    tsr_array *v;
    if (status != TSR_OK || (status = tsr_array_derive(a, a->ndim, &v, err)) != TSR_OK)
        return status;
    copy_dims(v, 0, a, 0, a->ndim);
    copy_dims(v, dim0, a, dim1, 1);
    copy_dims(v, dim1, a, dim0, 1);
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_squeeze(const tsr_array *a, int count, const int *dims, bool strict,
                            tsr_array **out, tsr_error *err) {
    *out = NULL;
    uint32_t drop = 0;
    for (int i = 0; i < (count < 0 ? a->ndim : count); i++) {
        int dim = i;
        if (count >= 0) {
            tsr_status status = tsr_dim_resolve(a->ndim, dims[i], &dim, err);
            if (status != TSR_OK)
                return status;
            if (strict && tsr_shape_of(a)[dim] != 1)
                return tsr_error_set(err, TSR_ESHAPE,
                                     "dimension %i has size %d, only size 1 can be dropped",
                                     (int64_t)dim, tsr_shape_of(a)[dim]);
        }
        if (tsr_shape_of(a)[dim] == 1)
            drop |= 1u << dim;
    }
    tsr_array *v;
    tsr_status status = tsr_array_derive(a, a->ndim - __builtin_popcount(drop), &v, err);
    if (status != TSR_OK)
        return status;
    for (int i = 0, n = 0; i < a->ndim; i++)
        if ((drop >> i & 1) == 0)
            copy_dims(v, n++, a, i, 1);
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_unsqueeze(const tsr_array *a, int dim, tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_dim_resolve(a->ndim + 1, dim, &dim, err);
    tsr_array *v;
    if (status != TSR_OK || (status = tsr_array_derive(a, a->ndim + 1, &v, err)) != TSR_OK)
        return status;
    copy_dims(v, 0, a, 0, dim);
    copy_dims(v, dim + 1, a, dim, a->ndim - dim);
    int64_t stride = a->itemsize;
    if (dim < a->ndim)
        stride = tsr_shape_of(a)[dim] * tsr_strides_of(a)[dim];
    set_dim(v, dim, 1, stride);
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_diagonal(const tsr_array *a, int64_t offset, int dim0, int dim1,
                             tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_dim_resolve(a->ndim, dim0, &dim0, err);
    if (status == TSR_OK)
        status = tsr_dim_resolve(a->ndim, dim1, &dim1, err);
    if (status != TSR_OK)
        return status;
    if (dim0 == dim1)
        return tsr_error_set(err, TSR_EVALUE, "the two dimensions of a diagonal must differ");
    tsr_array *v;
    status = tsr_array_derive(a, a->ndim - 1, &v, err);
    if (status != TSR_OK)
        return status;
    int n = 0;
    for (int i = 0; i < a->ndim; i++)
        if (i != dim0 && i != dim1)
            copy_dims(v, n++, a, i, 1);
    int64_t rows = tsr_shape_of(a)[dim0], columns = tsr_shape_of(a)[dim1];
    int64_t row = 0, column = 0, length = 0;
    if (offset >= 0 && offset < columns)
        column = offset, length = rows < columns - offset ? rows : columns - offset;
    else if (offset < 0 && offset > -rows)
        row = -offset, length = columns < rows + offset ? columns : rows + offset;
    if (length > 0)
        v->offset += row * tsr_strides_of(a)[dim0] + column * tsr_strides_of(a)[dim1];
    set_dim(v, n, length, tsr_strides_of(a)[dim0] + tsr_strides_of(a)[dim1]);
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_flip(const tsr_array *a, int count, const int *dims, tsr_array **out,
                         tsr_error *err) {
    *out = NULL;
    uint32_t flipped = 0;
    for (int i = 0; i < count; i++) {
        int dim = 0;
        tsr_status status = tsr_dim_resolve(a->ndim, dims[i], &dim, err);
        if (status != TSR_OK)
            return status;
        if ((flipped >> dim & 1) != 0)
            return tsr_error_set(err, TSR_EVALUE, "dimension %i is given twice", (int64_t)dims[i]);
        flipped |= 1u << dim;
    }
    tsr_array *v;
    tsr_status status = tsr_array_derive(a, a->ndim, &v, err);
    if (status != TSR_OK)
        return status;
    copy_dims(v, 0, a, 0, a->ndim);
    for (int i = 0; i < a->ndim; i++) {
        if ((flipped >> i & 1) == 0)
            continue;
        if (a->size > 0)
            v->offset += (tsr_shape_of(a)[i] - 1) * tsr_strides_of(a)[i];
        tsr_strides_of(v)[i] = -tsr_strides_of(a)[i];
    }
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_unfold(const tsr_array *a, int dim, int64_t size, int64_t step, tsr_array **out,
                           tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_dim_resolve(a->ndim, dim, &dim, err);
    if (status != TSR_OK)
        return status;
    int64_t n = tsr_shape_of(a)[dim];
    if (size < 0 || size > n)
        return tsr_error_set(err, TSR_EVALUE, "window of %d does not fit dimension %i of size %d",
                             size, (int64_t)dim, n);
    int64_t stride = tsr_strides_of(a)[dim], stepped;
    if (step <= 0 || !tsr_mul(stride, step, &stepped))
        return tsr_error_set(err, TSR_EVALUE, "step %d must be a positive number in range", step);
    tsr_array *v;
    status = tsr_array_derive(a, a->ndim + 1, &v, err);
    if (status != TSR_OK)
        return status;
    copy_dims(v, 0, a, 0, a->ndim);
    set_dim(v, dim, (n - size) / step + 1, stepped);
    set_dim(v, a->ndim, size, stride);
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_strided(const tsr_array *a, int ndim, const int64_t *shape,
                            const int64_t *strides, int64_t offset, tsr_array **out,
                            tsr_error *err) {
    tsr_status status = tsr_array_from_storage(a->context, a->storage, (tsr_dtype)a->dtype, ndim,
                                               shape, strides, offset, a->rights, out, err);
    if (status == TSR_OK)
        (*out)->swapped = a->swapped;
    return status;
}

tsr_status tsr_view_broadcast(const tsr_array *a, int ndim, const int64_t *shape, tsr_array **out,
                              tsr_error *err) {
    *out = NULL;
    int lead = ndim - a->ndim;
    bool fits = lead >= 0;
    for (int i = 0; fits && i < ndim; i++) {
        int64_t had = i < lead ? 1 : tsr_shape_of(a)[i - lead];
        fits = shape[i] == had || (i >= lead && shape[i] == -1) || (had == 1 && shape[i] >= 0);
    }
    if (!fits)
        return tsr_error_set(err, TSR_ESHAPE, "shape %v cannot be broadcast to %v", (int)a->ndim,
                             tsr_shape_of(a), ndim, shape);
    tsr_array *v;
    tsr_status status = tsr_array_derive(a, ndim, &v, err);
    if (status != TSR_OK)
        return status;
    for (int i = 0; i < ndim; i++) {
        if (i < lead || (shape[i] != -1 && shape[i] != tsr_shape_of(a)[i - lead]))
            set_dim(v, i, shape[i], 0);
        else
            copy_dims(v, i, a, i - lead, 1);
    }
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_shape_broadcast(int count, const int *ndims, const int64_t *const *shapes, int *ndim,
                               int64_t *shape, tsr_error *err) {
    *ndim = 0;
    for (int k = 0; k < count; k++)
        if (ndims[k] > *ndim)
            *ndim = ndims[k];
    for (int i = 0; i < *ndim; i++) { /* i counts from the last dimension */
        int64_t size = 1;
        for (int k = 0; k < count; k++) {
            int64_t had = i < ndims[k] ? shapes[k][ndims[k] - 1 - i] : 1;
            if (had == 1 || had == size)
                continue;
            if (size != 1)
                return tsr_error_set(err, TSR_ESHAPE,
                                     "shapes %v and %v cannot be broadcast together", ndims[0],
                                     shapes[0], ndims[k], shapes[k]);
            size = had;
        }
        shape[*ndim - 1 - i] = size;
    }
    return TSR_OK;
}
