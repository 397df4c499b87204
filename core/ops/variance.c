/* Variance and standard deviation of real arrays: the mean, and the squares of what differs from
 * it, which no cancellation can spoil. Along rows a leaf of the sum is both at once
 * (loop/spread.h); otherwise they are two passes over everything. */
#include "quick.h"
#include "reduce.h"

#include "../loop/engine.h"

static tsr_status one_pass(tsr_context *context, const tsr_array *array, tsr_dtype work,
                           double correction, bool root, const tsr_reduce_options *options,
                           tsr_array **result, tsr_error *err) {
    tsr_program p;
    tsr_program_start(&p, tsr_engine_kernels(context));
    int x = tsr_program_load(&p, 1, (tsr_dtype)array->dtype);
    tsr_reduced what = {.count = 1,
                        .operands = &array,
                        .program = &p,
                        .value = tsr_program_convert(&p, x, work),
                        .dtype = work,
                        .spreads = true,
                        .correction = correction,
                        .root = root,
                        .single = true};
    tsr_reduce_options sum = *options;
    sum.dtype = TSR_DTYPE_COUNT;
    return tsr_reduce_program(context, TSR_REDUCE_SUM, &what, &sum, result, err);
}

static tsr_status two_passes(tsr_context *context, const tsr_array *array, tsr_dtype work,
                             double correction, bool root, const tsr_reduce_options *options,
                             tsr_array **result, tsr_error *err) {
    tsr_dtype dtype = (tsr_dtype)array->dtype;
    tsr_array *mean;
    tsr_reduce_options kept = *options;
    kept.keep = true;
    kept.dtype = work;
    kept.out = NULL;
    kept.place_bytes = 0;
    tsr_status status = tsr_reduce(context, TSR_REDUCE_MEAN, array, &kept, &mean, err);
    if (status != TSR_OK)
        return status;
    const tsr_kernels *k = tsr_engine_kernels(context);
    const tsr_array *operands[2] = {array, mean};
    tsr_program p;
    tsr_program_start(&p, k);
    int x = tsr_program_convert(&p, tsr_program_load(&p, 1, dtype), work);
    int middle = tsr_program_load(&p, 2, work);
    int distance = tsr_program_apply2(&p, k->binary[TSR_BIN_SUBTRACT][work], x, middle, work);
    int square =
        tsr_program_apply2(&p, k->binary[TSR_BIN_MULTIPLY][work], distance, distance, work);
    tsr_reduced what = {.count = 2,
                        .operands = operands,
                        .program = &p,
                        .value = square,
                        .dtype = work,
                        .spreads = true,
                        .correction = correction,
                        .root = root};
    tsr_reduce_options sum = *options;
    sum.dtype = TSR_DTYPE_COUNT;
    status = tsr_reduce_program(context, TSR_REDUCE_SUM, &what, &sum, result, err);
    tsr_array_release(mean);
    return status;
}

tsr_status tsr_variance(tsr_context *context, const tsr_array *array, double correction, bool root,
                        const tsr_reduce_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    tsr_dtype dtype = (tsr_dtype)array->dtype, work = dtype;
    if (tsr_category(dtype) < 2 && options->face == TSR_FACE_NUMPY)
        work = TSR_FLOAT64;
    if (tsr_category(work) != 2 || work == TSR_FLOAT16 || work == TSR_BFLOAT16)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "does not take %t operands", (int)dtype);
    tsr_status status = TSR_EUNSUPPORTED;
    if (work == dtype &&
        tsr_quick_variance(context, array, correction, root, options, result, &status, err))
        return status;
    if (options->where == NULL)
        status = one_pass(context, array, work, correction, root, options, result, err);
    return status != TSR_EUNSUPPORTED
               ? status
               : two_passes(context, array, work, correction, root, options, result, err);
}
