/* Values that come from a formula: start + i * step. */
#include "../base/executor.h"
#include "../array/array.h"
#include "../loop/engine.h"
#include "../loop/program.h"

enum { CHECK = 128 * TSR_BLOCK }; /* elements between two looks at the cancel flag */

static double as_double(const tsr_scalar *s) {
    return s->dtype == TSR_FLOAT64  ? s->as.f
           : s->dtype == TSR_UINT64 ? (double)s->as.u
                                    : (double)s->as.i;
}

static tsr_status fill_swapped(tsr_array *dst, const tsr_scalar *start, const tsr_scalar *step,
                               tsr_error *err) {
    tsr_array *native;
    tsr_status status = tsr_array_new(dst->context, (tsr_dtype)dst->dtype, 1, tsr_shape_of(dst),
                                      false, &native, err);
    if (status != TSR_OK)
        return status;
    status = tsr_fill_range(native, start, step, err);
    if (status == TSR_OK)
        status = tsr_copy(dst, native, err);
    tsr_array_release(native);
    return status;
}

tsr_status tsr_fill_range(tsr_array *dst, const tsr_scalar *start, const tsr_scalar *step,
                          tsr_error *err) {
    if (dst->ndim != 1)
        return tsr_error_set(err, TSR_ESHAPE, "needs 1 dimension, the shape is %v", (int)dst->ndim,
                             tsr_shape_of(dst));
    if (dst->swapped)
        return fill_swapped(dst, start, step, err);
    tsr_status status = tsr_array_enter(dst, TSR_WRITE, err);
    if (status != TSR_OK)
        return status;
    const tsr_kernels *kernels = tsr_engine_kernels(dst->context);
    char kind = tsr_dtype_describe((tsr_dtype)dst->dtype)->kind;
    bool exact = (kind == 'b' || kind == 'i' || kind == 'u') && start->dtype == TSR_INT64 &&
                 step->dtype == TSR_INT64;
    tsr_path path = tsr_path_find(kernels, exact ? TSR_INT64 : TSR_FLOAT64, (tsr_dtype)dst->dtype);
    union {
        int64_t i[TSR_BLOCK];
        double f[TSR_BLOCK];
    } block;
    int64_t stride = tsr_strides_of(dst)[0];
    int64_t size = tsr_estimating(dst->context) ? 0 : dst->size;
    for (int64_t at = 0; at < size && status == TSR_OK; at += TSR_BLOCK) {
        int64_t n = size - at < TSR_BLOCK ? size - at : TSR_BLOCK;
        if (exact)
            kernels->ramp_i64(start->as.i, step->as.i, at, block.i, (size_t)n);
        else
            kernels->ramp_f64(as_double(start), as_double(step), at, block.f, (size_t)n);
        tsr_block_store(kernels, &path, &block, dst->itemsize, tsr_data_of(dst) + at * stride,
                        stride, n);
        if (at % CHECK == 0 && at > 0)
            status = tsr_context_interrupted(dst->context, err);
    }
    tsr_storage_touch(dst->storage);
    tsr_storage_leave(dst->storage);
    return status;
}
