/* all() and any(): whether elements are not 0, over some dimensions.
 *
 * The source's kept dimensions are walked one result element at a time; for each, a plan over the
 * reduced dimensions reads blocks as bool and folds them, and stops folding once decided. */
#include "../array/array.h"
#include "../loop/engine.h"
#include "../loop/program.h"

#include <string.h>

typedef struct fold {
    const tsr_kernels *kernels;
    tsr_path path;
    int64_t item;
    bool all, decided;
} fold;

static bool fold_tile(void *user, const tsr_tile *tile) {
    fold *f = user;
    _Alignas(64) char items[TSR_BLOCK * 16];
    uint8_t bools[TSR_BLOCK];
    for (int64_t i = 0; i < tile->n[0] && !f->decided; i++)
        for (int64_t j = 0; j < tile->n[1] && !f->decided; j += TSR_BLOCK) {
            int64_t n = tile->n[1] - j < TSR_BLOCK ? tile->n[1] - j : TSR_BLOCK;
            const char *at = tile->data[0] + i * tile->strides[0][0] + j * tile->strides[0][1];
            f->kernels->move[tsr_item_row((size_t)f->item)](at, 0, tile->strides[0][1], items, 0,
                                                            f->item, 1, n);
            tsr_block_store(f->kernels, &f->path, items, 1, (char *)bools, 1, n);
            f->decided =
                f->all ? !f->kernels->all(bools, (size_t)n) : f->kernels->any(bools, (size_t)n);
        }
    return !f->decided;
}

/* A plan over the dimensions of `a` that `mask` names, at its first element. */
static void masked_plan(tsr_plan *plan, const tsr_array *a, uint32_t mask) {
    *plan = (tsr_plan){.operands = 1, .data = {tsr_data_of(a)}};
    for (int i = 0; i < a->ndim; i++)
        if ((mask >> i & 1) != 0) {
            plan->shape[plan->ndim] = tsr_shape_of(a)[i];
            plan->strides[0][plan->ndim++] = tsr_strides_of(a)[i];
        }
}

/* `to` is contiguous in the order of the kept dimensions. */
static void reduce(const tsr_array *a, uint32_t mask, bool all, uint8_t *to, int64_t results) {
    tsr_plan inner, outer;
    masked_plan(&inner, a, mask);
    masked_plan(&outer, a, ~mask);
    tsr_plan_arrange(&inner);
    const tsr_kernels *kernels = tsr_engine_kernels(a->context);
    int64_t at[TSR_MAX_DIMS] = {0};
    char *start = inner.data[0];
    int64_t offset = 0;
    for (int64_t r = 0; r < results; r++) {
        fold f = {kernels, tsr_path_find(kernels, (tsr_dtype)a->dtype, TSR_BOOL), a->itemsize, all,
                  false};
        inner.data[0] = start + offset;
        tsr_plan_run(&inner, fold_tile, &f);
        to[r] = f.decided != all;
        for (int i = outer.ndim - 1; i >= 0; i--) {
            offset += outer.strides[0][i];
            if (++at[i] < outer.shape[i])
                break;
            offset -= at[i] * outer.strides[0][i];
            at[i] = 0;
        }
    }
}

tsr_status tsr_truth(tsr_context *context, const tsr_array *a, bool all, int count, const int *dims,
                     bool keep, tsr_array **out, tsr_error *err) {
    *out = NULL;
    uint32_t mask = count < 0 ? UINT32_MAX : 0;
    for (int i = 0; i < count; i++) {
        int dim = 0;
        tsr_status status = tsr_dim_resolve(a->ndim, dims[i], &dim, err);
        if (status != TSR_OK)
            return status;
        if ((mask >> dim & 1) != 0)
            return tsr_error_set(err, TSR_EVALUE, "dimension %i is given twice", (int64_t)dims[i]);
        mask |= 1u << dim;
    }
    int64_t shape[TSR_MAX_DIMS];
    int ndim = 0;
    for (int i = 0; i < a->ndim; i++)
        if ((mask >> i & 1) == 0)
            shape[ndim++] = tsr_shape_of(a)[i];
        else if (keep)
            shape[ndim++] = 1;
    tsr_array *made;
    tsr_status status = tsr_array_new(context, TSR_BOOL, ndim, shape, false, &made, err);
    if (status != TSR_OK)
        return status;
    status = tsr_storage_enter(a->storage, err);
    if (status != TSR_OK) {
        tsr_array_release(made);
        return status;
    }
    reduce(a, mask, all, (uint8_t *)tsr_data_of(made), made->size);
    tsr_storage_leave(a->storage);
    *out = made;
    return TSR_OK;
}
