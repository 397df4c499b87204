/* What comes before and after the program of an operation; see pass.h. */
#include "pass.h"
#include "elementwise.h"

#include "../array/overlap.h"

#include <string.h>

void tsr_pass_start(tsr_pass *p, tsr_context *context, const tsr_apply_options *options, int count,
                    const tsr_array *const *operands) {
    p->context = context;
    p->options = options;
    p->count = 0;
    p->owned = 0;
    p->result = NULL;
    for (int i = 0; i < count; i++)
        tsr_pass_add(p, operands[i]);
}

void tsr_pass_add(tsr_pass *p, const tsr_array *operand) {
    p->operand[p->count++] = operand;
}

/* Operands with `where`. */
static int all_of(const tsr_pass *p) {
    return p->count + (p->options->where != NULL);
}

static tsr_status common_shape(tsr_pass *p, int *ndim, int64_t *shape, tsr_error *err) {
    const tsr_array *first = p->operand[0];
    int n = all_of(p), ndims[TSR_PASS_OPERANDS];
    const int64_t *shapes[TSR_PASS_OPERANDS];
    bool equal = true;
    for (int i = 0; i < n; i++) {
        const tsr_array *a = p->operand[i];
        ndims[i] = a->ndim, shapes[i] = tsr_shape_of(a);
        equal = equal && (a->ndim == 0 || tsr_has_shape(a, first->ndim, tsr_shape_of(first)));
    }
    if (!equal)
        return tsr_shape_broadcast(n, ndims, shapes, ndim, shape, err);
    *ndim = first->ndim;
    tsr_dims_copy(shape, tsr_shape_of(first), first->ndim);
    return TSR_OK;
}

tsr_status tsr_check_out(tsr_face face, tsr_dtype dtype, tsr_dtype to, tsr_error *err) {
    if (face == TSR_FACE_NUMPY ? tsr_dtype_can_cast(dtype, to, TSR_CAST_SAME_KIND)
                               : tsr_category(dtype) <= tsr_category(to))
        return TSR_OK;
    return tsr_error_set(err, TSR_EDTYPE, "the result is %t, which does not go into out of %t",
                         (int)dtype, (int)to);
}

/* A new array in the order that the operands agree in. */
static tsr_status new_result(tsr_pass *p, tsr_dtype dtype, tsr_error *err) {
    tsr_plan *plan = &p->plan;
    tsr_status status = tsr_array_new(p->context, dtype, plan->ndim, plan->shape,
                                      p->options->where != NULL, &p->result, err);
    if (status != TSR_OK || plan->ndim < 2)
        return status;
    int dims[TSR_MAX_DIMS];
    tsr_plan_agree(plan, dims);
    tsr_array_arrange(p->result, dims);
    return TSR_OK;
}

static tsr_status use_out(tsr_pass *p, tsr_dtype dtype, tsr_error *err) {
    tsr_array *out = p->options->out;
    tsr_status status = tsr_check_out(p->options->face, dtype, (tsr_dtype)out->dtype, err);
    if (status == TSR_OK)
        status = tsr_array_usable(out, true, err);
    if (status != TSR_OK)
        return status;
    if (out->swapped) { /* written as usual, and copied at the end */
        status =
            tsr_empty_like(p->context, out, (tsr_dtype)out->dtype, TSR_ORDER_KEEP, &p->result, err);
        if (status == TSR_OK && p->options->where != NULL)
            status = tsr_copy(p->result, out, err);
        return status;
    }
    tsr_array_retain(p->result = out);
    for (int i = 0; i < all_of(p); i++) {
        const tsr_array *a = p->operand[i];
        if (tsr_same_elements(a, out) || !tsr_array_shares(a, out, true))
            continue;
        tsr_array *clone;
        status = tsr_clone(p->context, a, (tsr_dtype)a->dtype, TSR_ORDER_C, &clone, err);
        if (status != TSR_OK)
            return status;
        p->operand[i] = clone;
        p->owned |= 1 << i;
    }
    return TSR_OK;
}

/* The shape of the pass: what the operands broadcast to, on np also to that of out=. */
static tsr_status find_shape(tsr_pass *p, int *ndim, int64_t *shape, tsr_error *err) {
    const tsr_array *out = p->options->out;
    tsr_status status = common_shape(p, ndim, shape, err);
    if (status != TSR_OK || out == NULL)
        return status;
    if (p->options->face == TSR_FACE_NUMPY) {
        int64_t had[TSR_MAX_DIMS];
        tsr_dims_copy(had, shape, *ndim);
        int ndims[2] = {*ndim, out->ndim};
        const int64_t *shapes[2] = {had, tsr_shape_of(out)};
        status = tsr_shape_broadcast(2, ndims, shapes, ndim, shape, err);
        if (status != TSR_OK)
            return status;
    }
    if (!tsr_has_shape(out, *ndim, shape))
        return tsr_error_set(err, TSR_ESHAPE, "out has shape %v, the operands make %v",
                             (int)out->ndim, tsr_shape_of(out), *ndim, shape);
    return TSR_OK;
}

tsr_status tsr_pass_result(tsr_pass *p, tsr_dtype dtype, tsr_error *err) {
    const tsr_array *mask = p->options->where;
    if (mask != NULL && mask->dtype != TSR_BOOL)
        return tsr_error_set(err, TSR_EDTYPE, "where must be bool, not %t", (int)mask->dtype);
    p->operand[p->count] = mask;
    int ndim;
    int64_t shape[TSR_MAX_DIMS];
    tsr_status status = find_shape(p, &ndim, shape, err);
    if (status == TSR_OK && p->options->out != NULL)
        status = use_out(p, dtype, err);
    if (status != TSR_OK)
        return status;
    tsr_plan_start(&p->plan, ndim, shape);
    for (int i = 0; i < all_of(p); i++)
        tsr_plan_add(&p->plan, p->operand[i]);
    if (p->result == NULL)
        status = new_result(p, dtype, err);
    if (status == TSR_OK)
        tsr_plan_result(&p->plan, p->result);
    return status;
}

tsr_status tsr_enter_all(const tsr_array *const *arrays, int count, tsr_error *err) {
    for (int i = 0; i < count; i++) {
        tsr_status status = tsr_array_enter(arrays[i], TSR_READ, err);
        if (status != TSR_OK) {
            tsr_leave_all(arrays, i);
            return status;
        }
    }
    return TSR_OK;
}

void tsr_leave_all(const tsr_array *const *arrays, int count) {
    while (count-- > 0)
        tsr_storage_leave(arrays[count]->storage);
}

tsr_status tsr_pass_run(tsr_pass *pass, tsr_program *p, int value, tsr_error *err) {
    int n = all_of(pass);
    tsr_dtype dtype = (tsr_dtype)pass->result->dtype;
    tsr_status status = tsr_enter_all(pass->operand, n, err);
    if (status != TSR_OK)
        return status;
    unsigned access = pass->options->where != NULL ? TSR_READ | TSR_WRITE : TSR_WRITE;
    status = tsr_array_enter(pass->result, access, err);
    if (status == TSR_OK) {
        value = tsr_program_convert(p, value, dtype);
        if (pass->options->where != NULL)
            value = tsr_emit_choice(p, tsr_program_load(p, n, TSR_BOOL), value,
                                    tsr_program_load(p, 0, dtype), dtype);
        tsr_program_store(p, value);
        tsr_plan_arrange(&pass->plan);
        status = tsr_program_run(pass->context, p, &pass->plan, err);
        tsr_storage_touch(pass->result->storage);
        tsr_storage_leave(pass->result->storage);
    }
    tsr_leave_all(pass->operand, n);
    return status;
}

tsr_status tsr_pass_finish(tsr_pass *p, tsr_status status, tsr_array **result, tsr_error *err) {
    tsr_array *out = p->options->out;
    if (status == TSR_OK && out != NULL && out->swapped) {
        status = tsr_copy(out, p->result, err);
        tsr_array_release(p->result);
        tsr_array_retain(p->result = out);
    }
    for (int i = 0; p->owned >> i != 0; i++)
        if ((p->owned >> i & 1) != 0)
            tsr_array_release((tsr_array *)(uintptr_t)p->operand[i]);
    if (status == TSR_OK)
        *result = p->result;
    else
        tsr_array_release(p->result);
    return status;
}
