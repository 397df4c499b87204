/* Scans along a dimension: cumulative sums, products, extremes. */
#include "pass.h"
#include "reduce.h"

#include "../loop/engine.h"
#include "../loop/scan.h"

#include <string.h>

static const uint8_t folds[TSR_SCAN_COUNT] = {
    [TSR_SCAN_SUM] = TSR_FOLD_SUM,
    [TSR_SCAN_PROD] = TSR_FOLD_PROD,
    [TSR_SCAN_MAX] = TSR_FOLD_MAX,
    [TSR_SCAN_MIN] = TSR_FOLD_MIN,
};

/* What is scanned, and what the result is. */
static tsr_status find_dtypes(tsr_scan scan, const tsr_array *a, const tsr_reduce_options *o,
                              tsr_dtype *work, tsr_dtype *result, tsr_error *err) {
    tsr_dtype dtype = (tsr_dtype)a->dtype;
    char kind = tsr_dtype_describe(dtype)->kind;
    bool np = o->face == TSR_FACE_NUMPY;
    if (scan == TSR_SCAN_MAX || scan == TSR_SCAN_MIN) {
        if (kind == 'c' && !np)
            return tsr_error_set(err, TSR_EDTYPE, "%t has no order", (int)dtype);
        *result = dtype;
    } else {
        tsr_dtype usual = tsr_category(dtype) > 1 ? dtype
                          : np && kind == 'u'     ? TSR_UINT64
                                                  : TSR_INT64;
        *result = o->dtype != TSR_DTYPE_COUNT ? o->dtype : usual;
    }
    *work = *result == TSR_FLOAT16 || *result == TSR_BFLOAT16 ? TSR_FLOAT32 : *result;
    if ((scan == TSR_SCAN_SUM || scan == TSR_SCAN_PROD) && tsr_category(*work) < 2)
        *work = tsr_dtype_describe(*work)->kind == 'u' ? TSR_UINT64 : TSR_INT64;
    return TSR_OK;
}

/* Scans the operand, converted to `dtype` first: bool counts as 0 and 1, and so on. */
static tsr_status run(tsr_context *context, const tsr_pass *pass, tsr_scanning *s, tsr_dtype dtype,
                      tsr_array *positions, tsr_error *err) {
    const tsr_kernels *kernels = tsr_engine_kernels(context);
    const tsr_array *a = pass->operand[0];
    s->plan = pass->plan;
    if (pass->result->size == 0)
        return TSR_OK;
    if (s->plan.ndim == 0) { /* as one of one element */
        s->plan.ndim = 1;
        s->plan.shape[0] = 1;
        for (int k = 0; k < s->plan.operands; k++)
            s->plan.strides[k][0] = 0;
    }
    if (positions != NULL) {
        s->positions = s->plan.operands;
        tsr_plan_add(&s->plan, positions);
    }
    tsr_status status = tsr_array_enter(a, TSR_READ, err);
    if (status != TSR_OK)
        return status;
    status = tsr_array_enter(pass->result, TSR_WRITE, err);
    if (status == TSR_OK) {
        tsr_program p;
        tsr_program_start(&p, kernels);
        int value = tsr_program_load(&p, 1, (tsr_dtype)a->dtype);
        value = tsr_program_convert(&p, value, dtype);
        tsr_program_store(&p, tsr_program_convert(&p, value, s->work));
        status = tsr_scan_run(context, s, &p, err);
        tsr_storage_touch(pass->result->storage);
        tsr_storage_leave(pass->result->storage);
    }
    tsr_storage_leave(a->storage);
    return status;
}

tsr_status tsr_scan_along(tsr_context *context, tsr_scan scan, const tsr_array *array, int dim,
                          const tsr_reduce_options *options, tsr_array **result,
                          tsr_array **positions, tsr_error *err) {
    *result = NULL;
    if (positions != NULL)
        *positions = NULL;
    tsr_scanning s = {.fold = (tsr_fold)folds[scan], .positions = -1};
    tsr_status status = TSR_OK;
    if (array->ndim > 0 || (dim != 0 && dim != -1))
        status = tsr_dim_resolve(array->ndim, dim, &s.dim, err);
    if (status == TSR_OK)
        status = find_dtypes(scan, array, options, &s.work, &s.result, err);
    if (status != TSR_OK)
        return status;
    tsr_apply_options plain = {.face = options->face, .out = options->out};
    tsr_pass pass;
    tsr_array *at = NULL;
    tsr_pass_start(&pass, context, &plain, 1, &array);
    status = tsr_pass_result(&pass, s.result, err);
    if (status == TSR_OK && pass.result->ndim != array->ndim)
        status = tsr_error_set(err, TSR_ESHAPE, "out has shape %v, the result %v",
                               (int)pass.result->ndim, tsr_shape_of(pass.result), (int)array->ndim,
                               tsr_shape_of(array));
    tsr_dtype dtype = s.result;
    if (status == TSR_OK)
        s.result = (tsr_dtype)pass.result->dtype;
    if (status == TSR_OK && positions != NULL)
        status =
            tsr_array_new(context, TSR_INT64, array->ndim, tsr_shape_of(array), false, &at, err);
    if (status == TSR_OK)
        status = run(context, &pass, &s, dtype, at, err);
    if (status == TSR_OK && positions != NULL)
        *positions = at;
    else
        tsr_array_release(at);
    return tsr_pass_finish(&pass, status, result, err);
}
