/* a - b, the difference that diff() is made of. */
#include "../array/array.h"
#include "../loop/engine.h"
#include "../loop/program.h"

static void run_subtract(tsr_array *made, const tsr_array *a, const tsr_array *b) {
    const tsr_kernels *kernels = tsr_engine_kernels(made->context);
    tsr_plan plan;
    tsr_plan_start(&plan, made);
    tsr_plan_add(&plan, a);
    tsr_plan_add(&plan, b);
    tsr_plan_arrange(&plan);
    tsr_program program = {
        .kernels = kernels,
        .inputs = 2,
        .input = {(tsr_dtype)a->dtype, (tsr_dtype)b->dtype},
        .result = (tsr_dtype)made->dtype,
        .apply = kernels->subtract[made->dtype],
    };
    tsr_program_run(&program, &plan);
}

tsr_status tsr_subtract(tsr_context *context, const tsr_array *a, const tsr_array *b,
                        tsr_dtype dtype, tsr_array **out, tsr_error *err) {
    *out = NULL;
    const tsr_array *pair[2] = {a, b};
    const int64_t *shapes[2] = {tsr_shape_of(a), tsr_shape_of(b)};
    int ndims[2] = {a->ndim, b->ndim}, ndim;
    int64_t shape[TSR_MAX_DIMS];
    char to = tsr_dtype_describe(dtype)->kind;
    for (int i = 0; i < 2; i++)
        if (tsr_dtype_describe((tsr_dtype)pair[i]->dtype)->kind == 'c' && to != 'c')
            return tsr_error_set(err, TSR_EDTYPE, "a %t operand does not fit a %t result",
                                 (int)pair[i]->dtype, (int)dtype);
    tsr_status status = tsr_shape_broadcast(2, ndims, shapes, &ndim, shape, err);
    tsr_array *made;
    if (status != TSR_OK ||
        (status = tsr_array_new(context, dtype, ndim, shape, false, &made, err)) != TSR_OK)
        return status;
    status = tsr_storage_enter(a->storage, err);
    if (status == TSR_OK) {
        status = tsr_storage_enter(b->storage, err);
        if (status == TSR_OK) {
            run_subtract(made, a, b);
            tsr_storage_leave(b->storage);
        }
        tsr_storage_leave(a->storage);
    }
    if (status == TSR_OK)
        *out = made;
    else
        tsr_array_release(made);
    return status;
}
