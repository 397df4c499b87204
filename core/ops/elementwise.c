/* Elementwise operations: from operands of any dtype and layout to a program of the loop engine.
 *
 *   dtypes      what the operands are converted to, and what the result is (elementwise_types.c)
 *   result      a new array in the memory order of the operands, or out=; an operand that shares
 *               bytes with out= in another order is cloned
 *   program     load and convert each operand, apply, convert to the result, choose by where=,
 * store
 */
#include "elementwise.h"

#include "../array/overlap.h"
#include "../loop/engine.h"
#include "../loop/program.h"

#include <stdlib.h>
#include <string.h>

static bool same_elements(const tsr_array *a, const tsr_array *b) {
    if (tsr_data_of(a) != tsr_data_of(b) || a->itemsize != b->itemsize || a->ndim != b->ndim)
        return false;
    for (int i = 0; i < a->ndim; i++)
        if (tsr_shape_of(a)[i] != tsr_shape_of(b)[i] ||
            (tsr_shape_of(a)[i] > 1 && tsr_strides_of(a)[i] != tsr_strides_of(b)[i]))
            return false;
    return true;
}

static bool has_shape(const tsr_array *a, int ndim, const int64_t *shape) {
    return a->ndim == ndim && memcmp(tsr_shape_of(a), shape, (size_t)ndim * sizeof *shape) == 0;
}

enum { OPERANDS_MOST = 3 };

/* One call's arrays. Operands that had to be cloned are in `owned`. */
typedef struct call {
    tsr_context *context;
    const tsr_apply_options *options;
    int count;
    const tsr_array *operand[OPERANDS_MOST + 1]; /* `where` follows the operands */
    tsr_array *owned[OPERANDS_MOST + 1];
    tsr_array *result;
} call;

/* Whether dimension x belongs outside of y, of which it was inside: 1 yes, -1 no, 0 when no operand
 * steps in both. */
static int goes_outside(const call *c, int ndim, int x, int y) {
    int answer = 0;
    for (int i = 0; i < c->count; i++) {
        const tsr_array *a = c->operand[i];
        int px = x - (ndim - a->ndim), py = y - (ndim - a->ndim);
        if (px < 0 || py < 0 || tsr_shape_of(a)[px] == 1 || tsr_shape_of(a)[py] == 1)
            continue;
        int64_t sx = llabs(tsr_strides_of(a)[px]), sy = llabs(tsr_strides_of(a)[py]);
        if (sx == 0 || sy == 0)
            continue;
        if (sx <= sy)
            return -1;
        answer = 1;
    }
    return answer;
}

/* Gives a new array the memory order that its operands agree in; else it is row-major. An insertion
 * sort that starts inside, as NumPy's and PyTorch's iterators do. */
static void arrange_result(const call *c, tsr_array *made) {
    int n = made->ndim, dims[TSR_MAX_DIMS];
    for (int i = 0; i < n; i++)
        dims[i] = i;
    for (int i = n - 2; i >= 0; i--) {
        int to = i, answer = 0;
        for (int j = i + 1; j < n && answer >= 0; j++) {
            answer = goes_outside(c, n, dims[j], dims[i]);
            to = answer > 0 ? j : to;
        }
        int dim = dims[i];
        memmove(dims + i, dims + i + 1, (size_t)(to - i) * sizeof *dims);
        dims[to] = dim;
    }
    int64_t stride = made->itemsize;
    for (int i = n; i-- > 0;) {
        tsr_strides_of(made)[dims[i]] = stride;
        if (tsr_shape_of(made)[dims[i]] > 1)
            stride *= tsr_shape_of(made)[dims[i]];
    }
}

static tsr_status make_result(call *c, tsr_dtype dtype, tsr_error *err) {
    const tsr_apply_options *o = c->options;
    int ndims[OPERANDS_MOST + 1], ndim, n = c->count + (o->where != NULL);
    const int64_t *shapes[OPERANDS_MOST + 1];
    int64_t shape[TSR_MAX_DIMS];
    for (int i = 0; i < n; i++)
        ndims[i] = c->operand[i]->ndim, shapes[i] = tsr_shape_of(c->operand[i]);
    tsr_status status = tsr_shape_broadcast(n, ndims, shapes, &ndim, shape, err);
    if (status != TSR_OK)
        return status;
    if (o->out == NULL) {
        status = tsr_array_new(c->context, dtype, ndim, shape, o->where != NULL, &c->result, err);
        if (status == TSR_OK)
            arrange_result(c, c->result);
        return status;
    }
    if (o->face == TSR_FACE_NUMPY) {
        int pair_ndims[2] = {ndim, o->out->ndim};
        const int64_t *pair[2] = {shape, tsr_shape_of(o->out)};
        int64_t operands_shape[TSR_MAX_DIMS];
        memcpy(operands_shape, shape, sizeof shape);
        pair[0] = operands_shape;
        status = tsr_shape_broadcast(2, pair_ndims, pair, &ndim, shape, err);
        if (status != TSR_OK)
            return status;
    }
    if (!has_shape(o->out, ndim, shape))
        return tsr_error_set(err, TSR_ESHAPE, "out has shape %v, the operands make %v",
                             (int)o->out->ndim, tsr_shape_of(o->out), ndim, shape);
    tsr_dtype to = (tsr_dtype)o->out->dtype;
    if (o->face == TSR_FACE_NUMPY ? !tsr_dtype_can_cast(dtype, to, TSR_CAST_SAME_KIND)
                                  : tsr_category(dtype) > tsr_category(to))
        return tsr_error_set(err, TSR_EDTYPE, "the result is %t, which does not go into out of %t",
                             (int)dtype, (int)to);
    status = tsr_array_usable(o->out, true, err);
    if (status == TSR_OK)
        tsr_array_retain(c->result = o->out);
    return status;
}

/* Operands that would be read after they were overwritten are cloned. */
static tsr_status part_overlaps(call *c, tsr_error *err) {
    int n = c->count + (c->options->where != NULL);
    for (int i = 0; i < n && c->options->out != NULL; i++) {
        const tsr_array *a = c->operand[i];
        if (same_elements(a, c->result) || !tsr_array_shares(a, c->result, true))
            continue;
        tsr_status status =
            tsr_clone(c->context, a, (tsr_dtype)a->dtype, TSR_ORDER_C, &c->owned[i], err);
        if (status != TSR_OK)
            return status;
        c->operand[i] = c->owned[i];
    }
    return TSR_OK;
}

/* Enters the first n storages; on failure those entered before are left again. */
static tsr_status enter(call *c, int n, tsr_error *err) {
    for (int i = 0; i < n; i++) {
        tsr_status status = tsr_storage_enter(c->operand[i]->storage, err);
        if (status != TSR_OK) {
            while (i-- > 0)
                tsr_storage_leave(c->operand[i]->storage);
            return status;
        }
    }
    return TSR_OK;
}

/* Finishes the program with value register `value` and runs it. */
static tsr_status run(call *c, tsr_program *p, int value, tsr_error *err) {
    int n = c->count + (c->options->where != NULL);
    tsr_status status = enter(c, n, err);
    if (status == TSR_OK && (status = tsr_storage_enter(c->result->storage, err)) != TSR_OK)
        while (n-- > 0)
            tsr_storage_leave(c->operand[n]->storage);
    if (status != TSR_OK)
        return status;
    value = tsr_program_convert(p, value, (tsr_dtype)c->result->dtype);
    if (c->options->where != NULL) {
        int mask = tsr_program_load(p, n, TSR_BOOL);
        int old = tsr_program_load(p, 0, (tsr_dtype)c->result->dtype);
        value = tsr_program_apply3(p, p->kernels->choose[tsr_item_row(c->result->itemsize)], mask,
                                   value, old, (tsr_dtype)c->result->dtype);
    }
    tsr_program_store(p, value);
    tsr_plan plan;
    tsr_plan_start(&plan, c->result);
    for (int i = 0; i < n; i++)
        tsr_plan_add(&plan, c->operand[i]);
    if (c->options->alpha != NULL)
        tsr_plan_add(&plan, c->options->alpha);
    tsr_plan_arrange(&plan);
    tsr_program_run(p, &plan);
    tsr_storage_touch(c->result->storage);
    tsr_storage_leave(c->result->storage);
    while (n-- > 0)
        tsr_storage_leave(c->operand[n]->storage);
    return TSR_OK;
}

static tsr_status finish(call *c, tsr_status status, tsr_array **result) {
    for (int i = 0; i <= OPERANDS_MOST; i++)
        tsr_array_release(c->owned[i]);
    if (status == TSR_OK)
        *result = c->result;
    else
        tsr_array_release(c->result);
    return status;
}

static call start(tsr_context *context, int count, const tsr_array *const *operands,
                  const tsr_apply_options *options) {
    call c = {.context = context, .options = options, .count = count};
    for (int i = 0; i < count; i++)
        c.operand[i] = operands[i];
    c.operand[count] = options->where;
    return c;
}

/* The steps from the operands to the result's dtype. */
static int build(tsr_program *p, const call *c, const tsr_types *t) {
    const tsr_array *alpha = c->options->alpha;
    int reg[2] = {0, 0}, n = c->count + (c->options->where != NULL);
    for (int i = 0; i < c->count; i++) {
        reg[i] = tsr_program_load(p, i + 1, (tsr_dtype)c->operand[i]->dtype);
        if (t->common != TSR_DTYPE_COUNT)
            reg[i] = tsr_program_convert(p, reg[i], t->common);
        reg[i] = tsr_program_convert(p, reg[i], t->in[i]);
    }
    if (alpha != NULL) {
        int factor = tsr_program_load(p, n + 1, (tsr_dtype)alpha->dtype);
        factor = tsr_program_convert(p, factor, t->in[1]);
        reg[1] = tsr_program_apply2(p, p->kernels->binary[TSR_BIN_MULTIPLY][t->in[1]], reg[1],
                                    factor, t->in[1]);
    }
    int first = t->swapped, value = reg[0];
    if (!t->copies && c->count == 2)
        value = tsr_program_apply2(p, (tsr_kernel_binary *)(uintptr_t)t->kernel, reg[first],
                                   reg[!first], t->made);
    else if (!t->copies)
        value = tsr_program_apply1(p, (tsr_kernel_convert *)(uintptr_t)t->kernel, value, t->made);
    return tsr_program_convert(p, value, t->result);
}

tsr_status tsr_apply(tsr_context *context, tsr_do operation, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    const tsr_kernels *kernels = tsr_engine_kernels(context);
    call c = start(context, tsr_do_arity(operation), operands, options);
    tsr_types t;
    if (options->where != NULL && options->where->dtype != TSR_BOOL)
        return tsr_error_set(err, TSR_EDTYPE, "where must be bool, not %t",
                             (int)options->where->dtype);
    tsr_status status = tsr_types_find(operation, options, kernels, operands, &t, err);
    if (status == TSR_OK)
        status = make_result(&c, t.result, err);
    if (status == TSR_OK)
        status = part_overlaps(&c, err);
    if (status == TSR_OK) {
        tsr_program p;
        tsr_program_start(&p, kernels);
        int value = build(&p, &c, &t);
        status = run(&c, &p, value, err);
    }
    return finish(&c, status, result);
}

tsr_status tsr_where(tsr_context *context, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    const tsr_kernels *kernels = tsr_engine_kernels(context);
    tsr_apply_options values = *options;
    values.weak = options->weak >> 1;
    values.where = values.alpha = NULL;
    tsr_dtype dtype = tsr_common_dtype(&values, 2, operands + 1);
    call c = start(context, 3, operands, &values);
    tsr_status status = make_result(&c, dtype, err);
    if (status == TSR_OK)
        status = part_overlaps(&c, err);
    if (status == TSR_OK) {
        tsr_program p;
        int reg[3];
        tsr_program_start(&p, kernels);
        for (int i = 0; i < 3; i++)
            reg[i] =
                tsr_program_convert(&p, tsr_program_load(&p, i + 1, (tsr_dtype)c.operand[i]->dtype),
                                    i == 0 ? TSR_BOOL : dtype);
        size_t item = tsr_dtype_describe(dtype)->itemsize;
        int value = tsr_program_apply3(&p, kernels->choose[tsr_item_row(item)], reg[0], reg[1],
                                       reg[2], dtype);
        status = run(&c, &p, value, err);
    }
    return finish(&c, status, result);
}
