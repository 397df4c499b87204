/* Variance and standard deviation of real arrays: two passes, the mean and the squares of what
 * differs from it, which no cancellation can spoil. */
#include "reduce.h"

#include "../loop/engine.h"

tsr_status tsr_variance(tsr_context *context, const tsr_array *array, double correction, bool root,
                        const tsr_reduce_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    tsr_dtype dtype = (tsr_dtype)array->dtype, work = dtype;
    if (tsr_category(dtype) < 2 && options->face == TSR_FACE_NUMPY)
        work = TSR_FLOAT64;
    if (tsr_category(work) != 2 || work == TSR_FLOAT16 || work == TSR_BFLOAT16)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "does not take %t operands", (int)dtype);
    tsr_array *mean;
    tsr_reduce_options kept = *options;
    kept.keep = true;
    kept.dtype = work;
    kept.out = NULL;
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
