/* Views that regroup: reshape without a copy, the same bytes as another dtype, the parts of complex
 * numbers.
 *
 * Reshaping without a copy works group by group: a run of old dimensions and a run of new ones that
 * have the same product. A group is possible when its old dimensions, sizes of 1 aside, lie in
 * memory as one dimension would (stride[i] == shape[i + 1] * stride[i + 1]); the new ones then
 * divide it. */
#include "array.h"
#include "../base/checked.h"

tsr_status tsr_shape_resolve(int64_t size, int ndim, const int64_t *shape, int64_t *resolved,
                             tsr_error *err) {
    int unknown = -1;
    int64_t known = 1;
    bool fits = ndim <= TSR_MAX_DIMS;
    if (!fits)
        return tsr_error_set(err, TSR_ESHAPE, "%d dimensions, at most %d are possible",
                             (int64_t)ndim, (int64_t)TSR_MAX_DIMS);
    for (int i = 0; i < ndim; i++) {
        if (shape[i] == -1 && unknown >= 0)
            return tsr_error_set(err, TSR_EVALUE, "only one size can be -1");
        if (shape[i] < -1)
            return tsr_error_set(err, TSR_ESHAPE, "negative size %d in shape %v", shape[i], ndim,
                                 shape);
        if (shape[i] == -1)
            unknown = i;
        else
            fits = fits && tsr_mul(known, shape[i], &known);
        resolved[i] = shape[i];
    }
    if (unknown >= 0 && fits && known == 0)
        return tsr_error_set(err, TSR_ESHAPE,
                             "%d elements cannot become shape %v: the size -1 could be anything",
                             size, ndim, shape);
    if (unknown >= 0 && fits && size % known == 0) {
        resolved[unknown] = size / known;
        known = size;
    } else if (unknown >= 0) {
        fits = false;
    }
    int64_t total;
    if (unknown < 0)
        fits = tsr_count(ndim, resolved, &total) && total == size;
    if (!fits)
        return tsr_error_set(err, TSR_ESHAPE, "%d elements cannot become shape %v", size, ndim,
                             shape);
    return TSR_OK;
}

/* New strides for `shape`, or false when they do not exist. The sizes match and none is 0. */
static bool regroup(const tsr_array *a, int ndim, const int64_t *shape, int64_t *strides) {
    int64_t old_shape[TSR_MAX_DIMS], old_strides[TSR_MAX_DIMS];
    int old_ndim = 0;
    for (int i = 0; i < a->ndim; i++)
        if (tsr_shape_of(a)[i] != 1) {
            old_shape[old_ndim] = tsr_shape_of(a)[i];
            old_strides[old_ndim++] = tsr_strides_of(a)[i];
        }
    int o = 0, n = 0;
    while (o < old_ndim && n < ndim) {
        int o_end = o + 1, n_end = n + 1;
        int64_t old_size = old_shape[o], new_size = shape[n];
        while (old_size != new_size) {
            if (new_size < old_size)
                new_size *= shape[n_end++];
            else
                old_size *= old_shape[o_end++];
        }
        for (int i = o; i + 1 < o_end; i++)
            if (old_strides[i] != old_shape[i + 1] * old_strides[i + 1])
                return false;
        int64_t stride = old_strides[o_end - 1];
        for (int i = n_end; i-- > n;) {
            strides[i] = stride;
            stride *= shape[i];
        }
        o = o_end;
        n = n_end;
    }
    int64_t last = n > 0 ? strides[n - 1] : a->itemsize;
    for (; n < ndim; n++) /* only sizes of 1 are left */
        strides[n] = last;
    return true;
}

tsr_status tsr_view_reshape(const tsr_array *a, int ndim, const int64_t *shape, tsr_array **out,
                            tsr_error *err) {
    *out = NULL;
    int64_t sizes[TSR_MAX_DIMS], strides[TSR_MAX_DIMS];
    tsr_status status = tsr_shape_resolve(a->size, ndim, shape, sizes, err);
    if (status != TSR_OK)
        return status;
    if (a->size == 0)
        tsr_strides_fill(ndim, sizes, a->itemsize, strides);
    else if (!regroup(a, ndim, sizes, strides))
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "shape %v with strides %v (bytes) cannot become %v without a copy",
                             (int)a->ndim, tsr_shape_of(a), (int)a->ndim, tsr_strides_of(a), ndim,
                             sizes);
    tsr_array *v;
    status = tsr_array_derive(a, ndim, &v, err);
    if (status != TSR_OK)
        return status;
    tsr_dims_copy(tsr_shape_of(v), sizes, ndim);
    tsr_dims_copy(tsr_strides_of(v), strides, ndim);
    v->size = a->size;
    v->plain = tsr_lies_plainly(v);
    *out = v;
    return TSR_OK;
}

/* Like `a` but for dtype and the last dimension. */
static tsr_status retyped(const tsr_array *a, int ndim, tsr_dtype dtype, tsr_array **out,
                          tsr_error *err) {
    tsr_status status = tsr_array_derive(a, ndim, out, err);
    if (status != TSR_OK)
        return status;
    tsr_array *v = *out;
    int common = a->ndim < ndim ? a->ndim : ndim;
    tsr_dims_copy(tsr_shape_of(v), tsr_shape_of(a), common);
    tsr_dims_copy(tsr_strides_of(v), tsr_strides_of(a), common);
    v->dtype = (uint8_t)dtype;
    v->itemsize = tsr_dtype_describe(dtype)->itemsize;
    v->swapped = a->swapped && tsr_dtype_unit(dtype) > 1;
    return TSR_OK;
}

tsr_status tsr_view_dtype(const tsr_array *a, tsr_dtype dtype, tsr_array **out, tsr_error *err) {
    *out = NULL;
    const tsr_dtype_info *to = tsr_dtype_describe(dtype);
    int64_t had = a->itemsize, wanted = to->itemsize, size = 0;
    int last = a->ndim - 1;
    size_t unit = tsr_dtype_unit(dtype);
    if (a->swapped && unit > 1 && unit != tsr_dtype_unit((tsr_dtype)a->dtype))
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "seeing %t in the other byte order as %t needs a copy", (int)a->dtype,
                             (int)dtype);
    if (had != wanted) {
        if (a->ndim == 0)
            return tsr_error_set(err, TSR_EUNSUPPORTED,
                                 "a 0-dimensional %t array has no room to be seen as %t",
                                 (int)a->dtype, (int)dtype);
        if (a->size != 0 && tsr_shape_of(a)[last] != 1 && tsr_strides_of(a)[last] != had)
            return tsr_error_set(err, TSR_EUNSUPPORTED,
                                 "seeing %t as %t needs a contiguous last dimension", (int)a->dtype,
                                 (int)dtype);
        int64_t bytes = tsr_shape_of(a)[last] * had;
        if (bytes % wanted != 0)
            return tsr_error_set(err, TSR_ESHAPE,
                                 "the last dimension has %d bytes, which %t does not divide", bytes,
                                 (int)dtype);
        size = bytes / wanted;
    }
    tsr_array *v;
    tsr_status status = retyped(a, a->ndim, dtype, &v, err);
    if (status != TSR_OK)
        return status;
    if (had != wanted) {
        tsr_shape_of(v)[last] = size;
        tsr_strides_of(v)[last] = wanted;
    }
    return tsr_array_finish(v, out, err);
}

static tsr_status need_complex(const tsr_array *a, tsr_error *err) {
    if (tsr_dtype_describe((tsr_dtype)a->dtype)->kind == 'c')
        return TSR_OK;
    return tsr_error_set(err, TSR_EDTYPE, "needs a complex array, this one is %t", (int)a->dtype);
}

tsr_status tsr_view_part(const tsr_array *a, int part, tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = need_complex(a, err);
    if (status != TSR_OK)
        return status;
    tsr_array *v;
    status = retyped(a, a->ndim, tsr_dtype_describe((tsr_dtype)a->dtype)->component, &v, err);
    if (status != TSR_OK)
        return status;
    v->offset += part * (int64_t)v->itemsize;
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_as_real(const tsr_array *a, tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = need_complex(a, err);
    if (status != TSR_OK)
        return status;
    tsr_array *v;
    status = retyped(a, a->ndim + 1, tsr_dtype_describe((tsr_dtype)a->dtype)->component, &v, err);
    if (status != TSR_OK)
        return status;
    tsr_shape_of(v)[a->ndim] = 2;
    tsr_strides_of(v)[a->ndim] = v->itemsize;
    return tsr_array_finish(v, out, err);
}

tsr_status tsr_view_as_complex(const tsr_array *a, tsr_array **out, tsr_error *err) {
    *out = NULL;
    if (a->dtype != TSR_FLOAT32 && a->dtype != TSR_FLOAT64)
        return tsr_error_set(err, TSR_EDTYPE, "needs float32 or float64, this array is %t",
                             (int)a->dtype);
    int last = a->ndim - 1;
    if (last < 0 || tsr_shape_of(a)[last] != 2)
        return tsr_error_set(err, TSR_ESHAPE, "needs a last dimension of size 2, the shape is %v",
                             (int)a->ndim, tsr_shape_of(a));
    if (tsr_strides_of(a)[last] != a->itemsize)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "needs a contiguous last dimension");
    tsr_array *v;
    tsr_dtype dtype = a->dtype == TSR_FLOAT32 ? TSR_COMPLEX64 : TSR_COMPLEX128;
    tsr_status status = retyped(a, last, dtype, &v, err);
    return status == TSR_OK ? tsr_array_finish(v, out, err) : status;
}
