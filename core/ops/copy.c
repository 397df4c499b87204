/* Copying and filling: every transfer of values between arrays goes through here, and from here
 * through the loop engine.
 *
 * A copy whose source and destination share bytes would read what it has already written. It is
 * harmless when they are the same elements in the same order; memmove deals with two contiguous
 * ranges; for anything else that really overlaps the source is cloned first. */
#include "quick.h"

#include "../base/executor.h"
#include "../array/array.h"
#include "../array/overlap.h"
#include "../loop/engine.h"
#include "../loop/program.h"

#include <string.h>

enum { MOVE_BYTES = 1 << 20 };    /* up to which no engine is needed */
enum { FILL_ELEMENTS = 1 << 16 }; /* between two looks at the cancel flag */

static tsr_status run_copy(tsr_array *dst, const tsr_array *src, tsr_error *err) {
    tsr_plan plan;
    tsr_plan_start(&plan, dst->ndim, tsr_shape_of(dst));
    tsr_plan_result(&plan, dst);
    tsr_plan_add(&plan, src);
    tsr_plan_arrange(&plan);
    tsr_program program;
    tsr_program_start(&program, tsr_engine_kernels(dst->context));
    program.light = true;
    int source = tsr_program_load(&program, 1, (tsr_dtype)src->dtype);
    tsr_program_store(&program, tsr_program_convert(&program, source, (tsr_dtype)dst->dtype));
    return tsr_program_run(dst->context, &program, &plan, err);
}

static bool is_solid(const tsr_array *a) {
    return a->plain || (tsr_array_is_contiguous(a) && tsr_array_is_aligned(a));
}

/* Contiguous elements of another dtype, apart from each other, without the engine: a few, or as
 * many as one thread is enough for if one kernel converts them. */
static bool convert_quickly(tsr_array *dst, const tsr_array *src) {
    bool plain = dst->size == src->size && dst->size * dst->itemsize < TSR_QUICK_BYTES &&
                 dst->dtype != src->dtype && dst->storage != src->storage && is_solid(dst) &&
                 is_solid(src);
    if (!plain || tsr_interrupted(dst->context) != TSR_OK)
        return false;
    const tsr_kernels *kernels = tsr_engine_kernels(dst->context);
    tsr_path path = tsr_path_find(kernels, (tsr_dtype)src->dtype, (tsr_dtype)dst->dtype);
    if (path.count == 1) {
        tsr_types one = {
            .kernel = (const void *)(uintptr_t)path.steps[0], .item = dst->itemsize, .light = true};
        tsr_quick_run(dst->context, &one, 1, &src, dst);
        return true;
    }
    if (dst->size > TSR_QUICK_ELEMENTS)
        return false;
    for (int64_t at = 0, n; at < dst->size; at += n) {
        n = dst->size - at < TSR_BLOCK ? dst->size - at : TSR_BLOCK;
        tsr_block_store(kernels, &path, tsr_data_of(src) + at * src->itemsize, dst->itemsize,
                        tsr_data_of(dst) + at * dst->itemsize, dst->itemsize, n);
    }
    return true;
}

/* `src` fits the shape of `dst`, both storages are entered, dst may be written. */
static tsr_status copy_values(tsr_array *dst, const tsr_array *src, tsr_error *err) {
    if (dst->size == 0 || tsr_estimating(dst->context) ||
        (dst->dtype == src->dtype && tsr_same_elements(dst, src)))
        return TSR_OK;
    size_t bytes = (size_t)dst->size * dst->itemsize;
    bool dense = dst->dtype == src->dtype && dst->size == src->size && bytes <= MOVE_BYTES &&
                 tsr_array_is_contiguous(dst) && tsr_array_is_contiguous(src);
    if (dense) {
        memmove(tsr_data_of(dst), tsr_data_of(src), bytes);
        return TSR_OK;
    }
    if (convert_quickly(dst, src))
        return TSR_OK;
    if (!tsr_array_shares(dst, src, true))
        return run_copy(dst, src, err);
    tsr_array *apart;
    tsr_status status =
        tsr_clone(dst->context, src, (tsr_dtype)src->dtype, TSR_ORDER_C, &apart, err);
    if (status == TSR_OK)
        status = run_copy(dst, apart, err);
    tsr_array_release(apart);
    return status;
}

static tsr_status check_fits(const tsr_array *dst, const tsr_array *src, tsr_error *err) {
    int lead = dst->ndim - src->ndim;
    bool fits = true;
    for (int i = 0; i < src->ndim && fits; i++) {
        int64_t had = tsr_shape_of(src)[i];
        fits = had == 1 || (i + lead >= 0 && had == tsr_shape_of(dst)[i + lead]);
    }
    if (fits)
        return TSR_OK;
    return tsr_error_set(err, TSR_ESHAPE, "shape %v cannot be broadcast to %v", (int)src->ndim,
                         tsr_shape_of(src), (int)dst->ndim, tsr_shape_of(dst));
}

/* A source may have more dimensions than the destination when the extra ones have size 1. */
static tsr_status drop_lead(const tsr_array *dst, const tsr_array *src, tsr_array **out,
                            tsr_error *err) {
    tsr_index items[TSR_MAX_DIMS];
    int count = src->ndim - dst->ndim;
    for (int i = 0; i < count; i++)
        items[i] = (tsr_index){.kind = TSR_INDEX_AT};
    return tsr_view_index(src, count, items, out, err);
}

tsr_status tsr_copy(tsr_array *dst, const tsr_array *src, tsr_error *err) {
    tsr_status status = check_fits(dst, src, err);
    if (status == TSR_OK)
        status = tsr_array_usable(dst, true, err);
    tsr_array *narrowed = NULL;
    if (status == TSR_OK && src->ndim > dst->ndim)
        status = drop_lead(dst, src, &narrowed, err);
    if (status != TSR_OK)
        return status;
    if (narrowed != NULL)
        src = narrowed;
    status = tsr_array_enter(dst, TSR_WRITE, err);
    if (status == TSR_OK) {
        status = tsr_array_enter(src, TSR_READ, err);
        if (status == TSR_OK) {
            status = copy_values(dst, src, err);
            tsr_storage_leave(src->storage);
        }
        if (status == TSR_OK)
            tsr_storage_touch(dst->storage);
        tsr_storage_leave(dst->storage);
    }
    tsr_array_release(narrowed);
    return status;
}

tsr_status tsr_fill(tsr_array *dst, const tsr_scalar *value, tsr_error *err) {
    tsr_status status = tsr_array_enter(dst, TSR_WRITE, err);
    if (status != TSR_OK)
        return status;
    _Alignas(16) char item[16];
    tsr_scalar_store((tsr_dtype)dst->dtype, item, value);
    const tsr_kernels *kernels = tsr_engine_kernels(dst->context);
    if (tsr_estimating(dst->context)) {
        /* nothing is written */
    } else if (dst->size > 0 && tsr_array_is_contiguous(dst) && tsr_array_is_aligned(dst)) {
        for (int64_t at = 0; at < dst->size && status == TSR_OK; at += FILL_ELEMENTS) {
            int64_t n = dst->size - at < FILL_ELEMENTS ? dst->size - at : FILL_ELEMENTS;
            kernels->fill[tsr_item_row(dst->itemsize)](item, tsr_data_of(dst) + at * dst->itemsize,
                                                       (size_t)n);
            if (at + n < dst->size)
                status = tsr_context_interrupted(dst->context, err);
        }
    } else if (dst->size > 0) {
        tsr_plan plan;
        tsr_plan_start(&plan, dst->ndim, tsr_shape_of(dst));
        tsr_plan_result(&plan, dst);
        tsr_plan_add_item(&plan, item);
        tsr_plan_arrange(&plan);
        tsr_program program;
        tsr_program_start(&program, kernels);
        tsr_program_store(&program, tsr_program_load(&program, 1, (tsr_dtype)dst->dtype));
        status = tsr_program_run(dst->context, &program, &plan, err);
    }
    tsr_storage_touch(dst->storage);
    tsr_storage_leave(dst->storage);
    return status;
}

/* Whether dimension x belongs outside of y, of which it was inside: 1 yes, -1 no, 0 open. NumPy
 * sorts by stride alone; PyTorch compares a stride of 0 with nothing, and puts the larger of two
 * equal strides' dimensions outside. */
static int goes_outside(const tsr_array *a, tsr_order order, int x, int y) {
    int64_t sx = tsr_strides_of(a)[x], sy = tsr_strides_of(a)[y];
    sx = sx < 0 ? -sx : sx;
    sy = sy < 0 ? -sy : sy;
    if (order == TSR_ORDER_TORCH && (sx == 0 || sy == 0))
        return 0;
    if (sx != sy)
        return sx > sy ? 1 : -1;
    if (order == TSR_ORDER_TORCH)
        return tsr_shape_of(a)[x] > tsr_shape_of(a)[y] ? 1 : 0;
    return -1;
}

/* The dimensions of `like` from the outermost of the copy to the innermost: an insertion sort that
 * starts inside. */
static void order_dims(const tsr_array *like, tsr_order order, int *dims) {
    int n = like->ndim;
    for (int i = 0; i < n; i++)
        dims[i] = order == TSR_ORDER_F ? n - 1 - i : i;
    if (order == TSR_ORDER_C || order == TSR_ORDER_F)
        return;
    for (int i = n - 2; i >= 0; i--) {
        int at = i;
        for (int j = i + 1; j < n; j++) {
            int answer = goes_outside(like, order, dims[j], dims[at]);
            if (answer < 0)
                break;
            if (answer > 0) {
                int dim = dims[at];
                dims[at] = dims[j];
                dims[j] = dim;
                at = j;
            }
        }
    }
}

tsr_status tsr_empty_like(tsr_context *context, const tsr_array *like, tsr_dtype dtype,
                          tsr_order order, tsr_array **out, tsr_error *err) {
    tsr_array *made;
    tsr_status status =
        tsr_array_new(context, dtype, like->ndim, tsr_shape_of(like), false, &made, err);
    *out = NULL;
    if (status != TSR_OK)
        return status;
    int dims[TSR_MAX_DIMS];
    order_dims(like, order, dims);
    tsr_array_arrange(made, dims);
    *out = made;
    return TSR_OK;
}

size_t tsr_clone_room(tsr_context *context, const tsr_array *src, tsr_dtype dtype,
                      tsr_order order) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    int dims[TSR_MAX_DIMS];
    if (info == NULL || src->size > TSR_PLACE_MOST || !tsr_may_place(context))
        return 0;
    if (src->ndim > 1 && !(src->plain && order != TSR_ORDER_F)) {
        order_dims(src, order, dims);
        for (int i = 0; i < src->ndim; i++)
            if (dims[i] != i)
                return 0;
    }
    return tsr_place_room(src->ndim, src->size * info->itemsize);
}

tsr_status tsr_clone_at(tsr_context *context, const tsr_array *src, tsr_dtype dtype,
                        tsr_order order, void *place, size_t place_bytes, tsr_array **out,
                        tsr_error *err) {
    *out = NULL;
    if (place_bytes == 0 || tsr_clone_room(context, src, dtype, order) != place_bytes)
        return tsr_clone(context, src, dtype, order, out, err);
    tsr_status status = tsr_array_usable(src, false, err);
    tsr_array *made = tsr_array_place(place, context, dtype, tsr_dtype_describe(dtype)->itemsize,
                                      src->ndim, tsr_shape_of(src), src->size);
    if (status == TSR_OK)
        status = tsr_copy(made, src, err);
    if (status == TSR_OK)
        *out = made;
    return status;
}

tsr_status tsr_clone(tsr_context *context, const tsr_array *src, tsr_dtype dtype, tsr_order order,
                     tsr_array **out, tsr_error *err) {
    *out = NULL;
    tsr_status status = tsr_array_usable(src, false, err);
    tsr_array *made;
    if (status == TSR_OK)
        status = tsr_empty_like(context, src, dtype, order, &made, err);
    if (status != TSR_OK)
        return status;
    status = tsr_copy(made, src, err);
    if (status == TSR_OK)
        *out = made;
    else
        tsr_array_release(made);
    return status;
}
