/* Extremes with their positions: argmax, argmin, and the pairs of PyTorch's max(dim).
 *
 * One dimension at a time; all of them are one dimension of the elements in row-major order, copied
 * if need be. 16-bit floating elements are compared as float32. */
#include "elementwise.h"
#include "pass.h"
#include "quick.h"

#include "../loop/arg.h"
#include "../loop/engine.h"

typedef struct call {
    tsr_context *context;
    bool smallest, keep;
    const tsr_array *array;
    int dim;
    tsr_array *values, *positions; /* with the dimension as 1 */
    tsr_dtype work;
} call;

/* The results' shapes are the array's with size 1 in the dimension. */
static tsr_status new_results(call *c, tsr_error *err) {
    int64_t shape[TSR_MAX_DIMS];
    tsr_dims_copy(shape, tsr_shape_of(c->array), c->array->ndim);
    shape[c->dim] = 1;
    tsr_status status =
        tsr_array_new(c->context, c->work, c->array->ndim, shape, false, &c->values, err);
    if (status == TSR_OK)
        status =
            tsr_array_new(c->context, TSR_INT64, c->array->ndim, shape, false, &c->positions, err);
    return status;
}

static tsr_status search(call *c, tsr_error *err) {
    const tsr_kernels *kernels = tsr_engine_kernels(c->context);
    const tsr_array *a = c->array;
    tsr_status status = new_results(c, err);
    if (status != TSR_OK)
        return status;
    if (tsr_shape_of(a)[c->dim] == 0) /* also where there would be no results: as both libraries */
        return tsr_error_set(err, TSR_EVALUE, "no %s of nothing: the shape is %v",
                             c->smallest ? "minimum" : "maximum", (int)a->ndim, tsr_shape_of(a));
    if (c->values->size == 0)
        return TSR_OK;
    if (tsr_shape_of(a)[c->dim] == 1) {
        tsr_scalar zero = {.dtype = TSR_INT64};
        status = tsr_fill(c->positions, &zero, err);
        return status == TSR_OK ? tsr_copy(c->values, a, err) : status;
    }
    status = tsr_array_enter(a, TSR_READ, err);
    if (status != TSR_OK)
        return status;
    tsr_folding f = {.fold = c->smallest ? TSR_FOLD_MIN : TSR_FOLD_MAX};
    tsr_plan_start(&f.plan, a->ndim, tsr_shape_of(a));
    tsr_plan_result(&f.plan, c->values);
    f.plan.strides[0][c->dim] = 0;
    tsr_plan_add(&f.plan, a);
    tsr_fold_arrange(&f, kernels, c->work);
    tsr_program p;
    tsr_program_start(&p, kernels);
    int value = tsr_program_load(&p, 1, (tsr_dtype)a->dtype);
    tsr_program_store(&p, tsr_program_convert(&p, value, c->work));
    status = tsr_arg_run(c->context, &f, &p, (int64_t *)(void *)tsr_data_of(c->positions), err);
    tsr_storage_leave(a->storage);
    return status;
}

/* *from in the result's shape and dtype, in *to. */
static tsr_status hand_over(const call *c, tsr_array *from, tsr_dtype dtype, int ndim,
                            const int64_t *shape, tsr_array **to, tsr_error *err) {
    tsr_array *shaped;
    tsr_status status = tsr_view_reshape(from, ndim, shape, &shaped, err);
    if (status != TSR_OK || shaped->dtype == dtype) {
        *to = shaped;
        return status;
    }
    status = tsr_clone(c->context, shaped, dtype, TSR_ORDER_C, to, err);
    tsr_array_release(shaped);
    return status;
}

/* All elements in one dimension. */
static tsr_status flatten(tsr_context *context, const tsr_array *a, tsr_array **flat,
                          tsr_error *err) {
    tsr_status status = tsr_view_reshape(a, 1, &a->size, flat, NULL);
    if (status != TSR_EUNSUPPORTED)
        return status == TSR_OK ? status : tsr_view_reshape(a, 1, &a->size, flat, err);
    tsr_array *copy;
    status = tsr_clone(context, a, (tsr_dtype)a->dtype, TSR_ORDER_C, &copy, err);
    if (status == TSR_OK)
        status = tsr_view_reshape(copy, 1, &a->size, flat, err);
    tsr_array_release(copy);
    return status;
}

tsr_status tsr_extreme(tsr_context *context, tsr_face face, bool smallest, const tsr_array *array,
                       const int *dim, bool keep, tsr_array **values, tsr_array **positions,
                       tsr_error *err) {
    if (values != NULL)
        *values = NULL;
    *positions = NULL;
    tsr_dtype dtype = (tsr_dtype)array->dtype;
    bool half = dtype == TSR_FLOAT16 || dtype == TSR_BFLOAT16;
    if (tsr_category(dtype) == 3 && face == TSR_FACE_TORCH)
        return tsr_error_set(err, TSR_EDTYPE, "%t has no order", (int)dtype);
    call c = {.context = context,
              .smallest = smallest,
              .keep = keep,
              .array = array,
              .work = half ? TSR_FLOAT32 : dtype};
    tsr_array *flat = NULL;
    tsr_status status = TSR_OK;
    tsr_reduce_options all = {.count = dim == NULL ? -1 : 1, .dims = dim, .keep = keep};
    if (values == NULL &&
        tsr_quick_position(context, smallest, array, c.work, &all, positions, &status, err))
        return status;
    int64_t shape[TSR_MAX_DIMS];
    int ndim = 0;
    if (dim != NULL && array->ndim > 0)
        status = tsr_dim_resolve(array->ndim, *dim, &c.dim, err);
    else if (dim != NULL && *dim != 0 && *dim != -1)
        status = tsr_error_set(err, TSR_EINDEX, "dimension %i is out of range for 0 dimensions",
                               (int64_t)*dim);
    for (int i = 0; status == TSR_OK && i < array->ndim; i++)
        if (dim != NULL && i != c.dim)
            shape[ndim++] = tsr_shape_of(array)[i];
        else if (keep)
            shape[ndim++] = 1;
    if (status == TSR_OK && (dim == NULL || array->ndim == 0)) {
        status = flatten(context, array, &flat, err);
        c.array = flat;
    }
    if (status == TSR_OK)
        status = search(&c, err);
    if (status == TSR_OK && values != NULL)
        status = hand_over(&c, c.values, dtype, ndim, shape, values, err);
    if (status == TSR_OK)
        status = hand_over(&c, c.positions, TSR_INT64, ndim, shape, positions, err);
    if (status != TSR_OK && values != NULL) {
        tsr_array_release(*values);
        *values = NULL;
    }
    tsr_array_release(c.values);
    tsr_array_release(c.positions);
    tsr_array_release(flat);
    return status;
}
