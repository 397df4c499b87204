/* Reductions: sums, products, extremes, truth, means over any dimensions.
 *
 *     value        what the program makes of the operands at each position
 *     where=       positions where it is false count as the fold's identity
 *     fold         over the reduced dimensions (core/loop/fold.c), in the dtype of its lanes
 *     finish       initial= comes in, a mean is divided, the result gets its dtype
 *
 * 16-bit floating values are folded in float32 and rounded once. */
#include "reduce.h"
#include "pass.h"
#include "quick.h"

#include "../base/executor.h"
#include "../array/overlap.h"
#include "../base/context.h"
#include "../loop/engine.h"
#include "../loop/fold.h"

#include <string.h>

typedef struct row {
    const char *name;
    uint8_t fold;
    bool identity; /* the empty fold has a value */
} row;

static const row rows[TSR_REDUCE_COUNT] = {
    [TSR_REDUCE_SUM] = {"sum", TSR_FOLD_SUM, true},
    [TSR_REDUCE_PROD] = {"product", TSR_FOLD_PROD, true},
    [TSR_REDUCE_MAX] = {"maximum", TSR_FOLD_MAX, false},
    [TSR_REDUCE_MIN] = {"minimum", TSR_FOLD_MIN, false},
    [TSR_REDUCE_FMAX] = {"maximum", TSR_FOLD_FMAX, false},
    [TSR_REDUCE_FMIN] = {"minimum", TSR_FOLD_FMIN, false},
    [TSR_REDUCE_ANY] = {"any", TSR_FOLD_MAX, true},
    [TSR_REDUCE_ALL] = {"all", TSR_FOLD_MIN, true},
    [TSR_REDUCE_COUNT_NONZERO] = {"count", TSR_FOLD_SUM, true},
    [TSR_REDUCE_MEAN] = {"mean", TSR_FOLD_SUM, true},
};

/* One call. */
typedef struct call {
    tsr_context *context;
    tsr_reduction reduction;
    const tsr_reduced *what;
    const tsr_reduce_options *options;
    const tsr_array *operand[TSR_PASS_OPERANDS]; /* with `where` behind */
    int operands;
    int ndim; /* of the operands together */
    int64_t shape[TSR_MAX_DIMS];
    uint32_t mask;          /* bit d: dimension d is reduced */
    int64_t stream, places; /* elements that make a result, and results */
    tsr_fold_types types;   /* of the program's value */
    tsr_array *sums;        /* of the folds, with all dimensions */
    tsr_array *into;        /* the result, when the sums are its own elements; else NULL */
    tsr_header header;      /* of such sums */
} call;

/* ---- shapes ---- */

static tsr_status find_shape(call *c, tsr_error *err) {
    int ndims[TSR_PASS_OPERANDS];
    const int64_t *shapes[TSR_PASS_OPERANDS];
    for (int i = 0; i < c->operands; i++)
        ndims[i] = c->operand[i]->ndim, shapes[i] = tsr_shape_of(c->operand[i]);
    return tsr_shape_broadcast(c->operands, ndims, shapes, &c->ndim, c->shape, err);
}

tsr_status tsr_dims_mask(int ndim, int count, const int *dims, uint32_t *mask, tsr_error *err) {
    *mask = count < 0 ? UINT32_MAX : 0;
    for (int i = 0; i < count; i++) {
        int dim = 0;
        tsr_status status = tsr_dim_resolve(ndim, dims[i], &dim, err);
        if (status != TSR_OK)
            return status;
        if ((*mask >> dim & 1) != 0)
            return tsr_error_set(err, TSR_EVALUE, "dimension %i is given twice", (int64_t)dims[i]);
        *mask |= 1u << dim;
    }
    return TSR_OK;
}

/* The shape of the result, with or without the reduced dimensions. */
static int result_shape(const call *c, bool keep, int64_t *shape) {
    int ndim = 0;
    for (int i = 0; i < c->ndim; i++)
        if ((c->mask >> i & 1) == 0)
            shape[ndim++] = c->shape[i];
        else if (keep)
            shape[ndim++] = 1;
    return ndim;
}

static tsr_status count_positions(call *c, tsr_error *err) {
    c->stream = c->places = 1;
    for (int i = 0; i < c->ndim; i++) {
        int64_t *n = (c->mask >> i & 1) != 0 ? &c->stream : &c->places;
        if (__builtin_mul_overflow(*n, c->shape[i], n))
            return tsr_error_set(err, TSR_EVALUE, "shape %v has too many elements", c->ndim,
                                 c->shape);
    }
    return TSR_OK;
}

/* ---- dtypes ---- */

static char kind_of(tsr_dtype dtype) {
    return tsr_dtype_describe(dtype)->kind;
}

static bool is_truth(tsr_reduction r) {
    return r == TSR_REDUCE_ANY || r == TSR_REDUCE_ALL || r == TSR_REDUCE_COUNT_NONZERO;
}

/* What is folded, of elements of `dtype`. */
static tsr_status find_types(tsr_reduction r, tsr_dtype dtype, const tsr_reduce_options *options,
                             tsr_fold_types *t, tsr_error *err) {
    tsr_dtype wanted = options->dtype;
    bool np = options->face == TSR_FACE_NUMPY;
    int category = tsr_category(dtype);
    if (is_truth(r)) {
        bool bytes = !np && dtype == TSR_UINT8 && r != TSR_REDUCE_COUNT_NONZERO;
        t->value = TSR_BOOL; /* PyTorch's truth of uint8 is uint8 */
        t->result = r == TSR_REDUCE_COUNT_NONZERO ? TSR_INT64 : bytes ? TSR_UINT8 : TSR_BOOL;
    } else if (r == TSR_REDUCE_SUM || r == TSR_REDUCE_PROD) {
        bool is_unsigned = np && kind_of(dtype) == 'u';
        tsr_dtype usual = category > 1 ? dtype : is_unsigned ? TSR_UINT64 : TSR_INT64;
        t->result = t->value = wanted != TSR_DTYPE_COUNT ? wanted : usual;
        /* lanes of sums have 64 bits: who wants these need not have the elements in them */
        bool wide = t->result == TSR_INT64 || t->result == TSR_UINT64;
        if (r == TSR_REDUCE_SUM && category < 2 && wide)
            t->value = dtype;
    } else if (r == TSR_REDUCE_MEAN) {
        tsr_dtype usual = category > 1 ? dtype : TSR_FLOAT64;
        if (wanted == TSR_DTYPE_COUNT && category < 2 && !np)
            return tsr_error_set(
                err, TSR_EDTYPE,
                "the mean of %t needs a floating dtype, given as dtype =", (int)dtype);
        t->result = t->value = wanted != TSR_DTYPE_COUNT ? wanted : usual;
        if (tsr_category(t->value) < 2 && !np)
            return tsr_error_set(err, TSR_EDTYPE, "a mean of %t is not floating", (int)t->value);
        if (tsr_category(t->value) < 2) /* NumPy sums in the dtype and divides as float64 */
            t->value = TSR_FLOAT64;
    } else {
        if (category == 3 && !np)
            return tsr_error_set(err, TSR_EDTYPE, "%t has no order", (int)dtype);
        t->result = t->value = dtype;
    }
    if (wanted != TSR_DTYPE_COUNT && is_truth(r))
        t->result = wanted;
    t->work = t->value == TSR_FLOAT16 || t->value == TSR_BFLOAT16 ? TSR_FLOAT32 : t->value;
    /* narrower sums are summed as 64 bits, and come out as if they had wrapped all along */
    bool narrow = tsr_category(t->work) < 2 && (r == TSR_REDUCE_SUM || r == TSR_REDUCE_PROD);
    if (narrow && t->work == TSR_BOOL)
        t->work = r == TSR_REDUCE_SUM ? TSR_BOOL : TSR_INT64;
    else if (narrow && r == TSR_REDUCE_PROD)
        t->work = kind_of(t->work) == 'u' ? TSR_UINT64 : TSR_INT64;
    t->fold = (tsr_fold)rows[r].fold;
    t->mean = r == TSR_REDUCE_MEAN;
    return TSR_OK;
}

/* ---- folding ---- */

/* Whether out= can be folded into as it is, before all operands have been read. */
static bool is_own_place(const call *c, const tsr_array *out, tsr_dtype lanes) {
    bool plain = out->dtype == lanes && out->storage->kind == TSR_OWNED &&
                 tsr_array_is_contiguous(out) && tsr_array_is_aligned(out);
    for (int i = 0; plain && i < c->operands; i++)
        plain = !tsr_array_shares(c->operand[i], out, true);
    return plain;
}

/* An array for the folds, with the reduced dimensions as 1: the result's own elements, if they are
 * of the folds' dtype. */
static tsr_status new_sums(call *c, tsr_dtype lanes, tsr_error *err) {
    tsr_array *out = c->options->out;
    int64_t shape[TSR_MAX_DIMS];
    int ndim = result_shape(c, c->options->keep, shape);
    tsr_status status = TSR_OK;
    if (out == NULL && lanes == c->types.result)
        status = tsr_array_new(c->context, lanes, ndim, shape, false, &c->into, err);
    else if (out != NULL && lanes == c->types.result && is_own_place(c, out, lanes))
        tsr_array_retain(c->into = out);
    ndim = result_shape(c, true, shape);
    if (c->into != NULL)
        c->sums = tsr_array_reshaped_in(&c->header, c->into, ndim, shape);
    else if (status == TSR_OK)
        status = tsr_array_new(c->context, lanes, ndim, shape, false, &c->sums, err);
    return status;
}

/* Operand 0 are the sums. */
static void start_plan(const call *c, tsr_plan *plan) {
    tsr_plan_start(plan, c->ndim, c->shape);
    tsr_plan_result(plan, c->sums);
    for (int i = 0; i < c->ndim; i++)
        if ((c->mask >> i & 1) != 0)
            plan->strides[0][i] = 0;
    for (int i = 0; i < c->operands; i++)
        tsr_plan_add(plan, c->operand[i]);
}

/* The program's value as it is folded: as `dtype`, the identity where the mask is false. */
static void finish_program(const call *c, tsr_dtype dtype) {
    tsr_program *p = c->what->program;
    int value = tsr_program_convert(p, tsr_program_convert(p, c->what->value, c->types.value),
                                    c->types.work);
    value = tsr_program_convert(p, value, dtype);
    if (c->options->where != NULL) {
        _Alignas(16) char item[16];
        tsr_fold_identity(rows[c->reduction].fold, dtype, item);
        tsr_scalar identity = tsr_scalar_load(dtype, item);
        int mask = tsr_program_load(p, c->operands, TSR_BOOL);
        value = tsr_emit_choice(p, mask, value, tsr_program_constant(p, &identity, dtype), dtype);
    }
    tsr_program_store(p, value);
}

/* Whether what is folded is true can be seen without making bools of it. */
static void see_truth(const call *c, const tsr_kernels *kernels, tsr_folding *f) {
    tsr_program *p = c->what->program;
    tsr_dtype from = (tsr_dtype)p->dtype[c->what->value];
    bool any = c->reduction == TSR_REDUCE_ANY, all = c->reduction == TSR_REDUCE_ALL;
    if (!f->rows || c->options->where != NULL || !(any || all) ||
        kernels->truth[any ? TSR_ANY : TSR_ALL][from] == NULL)
        return;
    f->truth = true;
    f->from = from;
    tsr_program_store(p, c->what->value);
}

static tsr_status fold(call *c, tsr_error *err) {
    const tsr_kernels *kernels = tsr_engine_kernels(c->context);
    tsr_folding f = {.fold = c->types.fold};
    tsr_dtype lanes = (tsr_dtype)kernels->fold_to[f.fold][c->types.work];
    tsr_status status = new_sums(c, lanes, err);
    if (status != TSR_OK)
        return status;
    start_plan(c, &f.plan);
    if (c->stream > 1) {
        tsr_fold_arrange(&f, kernels, c->types.work);
        f.spread = c->what->single;
        if (f.spread && !f.rows)
            return TSR_EUNSUPPORTED;
        see_truth(c, kernels, &f);
        if (f.truth)
            return tsr_fold_run(c->context, &f, c->what->program, err);
        finish_program(c, f.from);
        return tsr_fold_run(c->context, &f, c->what->program, err);
    }
    finish_program(c, lanes);
    tsr_plan_arrange(&f.plan);
    return tsr_program_run(c->context, c->what->program, &f.plan, err);
}

/* Every sum becomes the value of an empty fold. */
static tsr_status fold_nothing(call *c, tsr_error *err) {
    const tsr_kernels *kernels = tsr_engine_kernels(c->context);
    tsr_fold kind = rows[c->reduction].fold;
    tsr_dtype lanes = (tsr_dtype)kernels->fold_to[kind][c->types.work];
    bool results = c->places > 0 || (c->options->face == TSR_FACE_TORCH && c->stream == 0);
    if (results && !rows[c->reduction].identity && c->options->initial == NULL)
        return tsr_error_set(err, TSR_EVALUE, "no %s of nothing: the shape is %v",
                             rows[c->reduction].name, c->ndim, c->shape);
    tsr_status status = new_sums(c, lanes, err);
    if (status != TSR_OK)
        return status;
    _Alignas(16) char item[16];
    tsr_fold_identity(kind, lanes, item);
    tsr_scalar identity = tsr_scalar_load(lanes, item);
    if (kind == TSR_FOLD_SUM) /* +0, not the -0 of lanes */
        identity = (tsr_scalar){.dtype = TSR_INT64};
    return tsr_fill(c->sums, &identity, err);
}

/* ---- finishing ---- */

/* sums = sums (op) number, in the dtype of the sums' parts when `by_parts`. */
static tsr_status combine(call *c, tsr_binary op, const tsr_scalar *number, bool by_parts,
                          tsr_error *err) {
    const tsr_kernels *kernels = tsr_engine_kernels(c->context);
    tsr_dtype dtype = (tsr_dtype)c->sums->dtype;
    int64_t n = c->sums->size;
    if (by_parts && kind_of(dtype) == 'c') {
        dtype = tsr_dtype_describe(dtype)->component;
        n *= 2;
    }
    tsr_plan plan;
    tsr_plan_start(&plan, 1, &n);
    plan.data[0] = tsr_data_of(c->sums);
    plan.strides[0][0] = tsr_dtype_describe(dtype)->itemsize;
    plan.operands = 2;
    plan.data[1] = plan.data[0];
    plan.strides[1][0] = plan.strides[0][0];
    tsr_program p;
    tsr_program_start(&p, kernels);
    int x = tsr_program_load(&p, 1, dtype), y = tsr_program_constant(&p, number, dtype);
    tsr_program_store(&p, tsr_program_apply2(&p, kernels->binary[op][dtype], x, y, dtype));
    return n == 0 ? TSR_OK : tsr_program_run(c->context, &p, &plan, err);
}

/* The means are the sums / the number of elements, */
static tsr_status divide(call *c, tsr_error *err) {
    tsr_scalar count = {.dtype = TSR_FLOAT64, .as = {.f = (double)c->stream}};
    return combine(c, TSR_BIN_DIVIDE, &count, true, err);
}

/* sums /= counts */
static tsr_status divide_into(const call *c, tsr_array *sums, const tsr_array *counts,
                              tsr_error *err) {
    tsr_apply_options into = {.face = TSR_FACE_NUMPY, .out = sums};
    const tsr_array *operands[] = {sums, counts};
    tsr_array *same;
    tsr_status status = tsr_apply(c->context, TSR_DO_DIVIDE, operands, &into, &same, err);
    tsr_array_release(same);
    return status;
}

/* or / the number of those that the mask lets in. Complex sums are divided part by part. */
static tsr_status divide_by_mask(const call *c, const tsr_array *mask, tsr_error *err) {
    tsr_array *wide, *counts = NULL;
    tsr_status status = tsr_view_broadcast(mask, c->ndim, c->shape, &wide, err);
    if (status != TSR_OK)
        return status;
    tsr_reduce_options by_count = {.face = TSR_FACE_NUMPY,
                                   .dtype = TSR_DTYPE_COUNT,
                                   .count = c->options->count,
                                   .dims = c->options->dims,
                                   .keep = true};
    status = tsr_reduce(c->context, TSR_REDUCE_COUNT_NONZERO, wide, &by_count, &counts, err);
    bool parts = kind_of((tsr_dtype)c->sums->dtype) == 'c';
    if (status == TSR_OK && !parts)
        status = divide_into(c, c->sums, counts, err);
    for (int part = 0; parts && part < 2 && status == TSR_OK; part++) {
        tsr_array *of_part;
        status = tsr_view_part(c->sums, part, &of_part, err);
        if (status == TSR_OK)
            status = divide_into(c, of_part, counts, err);
        tsr_array_release(of_part);
    }
    tsr_array_release(counts);
    tsr_array_release(wide);
    return status;
}

/* The sums as an array of the result's shape and dtype, or in out=. */
static tsr_status hand_over(call *c, tsr_array **result, tsr_error *err) {
    if (c->into != NULL) {
        if (c->options->out != NULL)
            tsr_storage_touch(c->into->storage);
        *result = c->into;
        c->into = NULL;
        return TSR_OK;
    }
    int64_t shape[TSR_MAX_DIMS];
    int ndim = result_shape(c, c->options->keep, shape);
    tsr_array *shaped, *out = c->options->out;
    tsr_status status = tsr_view_reshape(c->sums, ndim, shape, &shaped, err);
    if (status != TSR_OK)
        return status;
    bool wraps =
        out != NULL && shaped->dtype != c->types.result && tsr_category(c->types.result) == 1;
    if (wraps) { /* in the result's dtype, before out's */
        tsr_array *wide = shaped;
        status = tsr_clone(c->context, wide, c->types.result, TSR_ORDER_C, &shaped, err);
        tsr_array_release(wide);
        if (status != TSR_OK)
            return status;
    }
    if (out != NULL) {
        status = tsr_copy(out, shaped, err);
        if (status == TSR_OK)
            tsr_array_retain(*result = out);
        tsr_array_release(shaped);
    } else if (shaped->dtype == c->types.result) {
        *result = shaped;
    } else {
        status = tsr_clone(c->context, shaped, c->types.result, TSR_ORDER_C, result, err);
        tsr_array_release(shaped);
    }
    return status;
}

static tsr_status check_out(const call *c, tsr_error *err) {
    tsr_array *out = c->options->out;
    int64_t shape[TSR_MAX_DIMS];
    int ndim = result_shape(c, c->options->keep, shape);
    if (!tsr_has_shape(out, ndim, shape))
        return tsr_error_set(err, TSR_ESHAPE, "out has shape %v, the result %v", (int)out->ndim,
                             tsr_shape_of(out), ndim, shape);
    tsr_status status =
        tsr_check_out(c->options->face, c->types.result, (tsr_dtype)out->dtype, err);
    return status == TSR_OK ? tsr_array_usable(out, true, err) : status;
}

/* A variance or a deviation out of sums of squares. */
static tsr_status spread(call *c, tsr_error *err) {
    double free = (double)c->stream - c->what->correction;
    tsr_scalar divisor = {.dtype = TSR_FLOAT64, .as = {.f = free > 0 ? free : 0}};
    tsr_status status = combine(c, TSR_BIN_DIVIDE, &divisor, true, err);
    if (status == TSR_OK && c->what->root && c->sums->size > 0 && !tsr_estimating(c->context))
        tsr_engine_kernels(c->context)
            ->unary[TSR_FN_SQRT][c->sums->dtype](tsr_data_of(c->sums), tsr_data_of(c->sums),
                                                 (size_t)c->sums->size);
    return status;
}

tsr_status tsr_reduce_program(tsr_context *context, tsr_reduction reduction,
                              const tsr_reduced *what, const tsr_reduce_options *options,
                              tsr_array **result, tsr_error *err) {
    *result = NULL;
    call c = {.context = context, .reduction = reduction, .what = what, .options = options};
    const tsr_array *mask = options->where;
    for (; c.operands < what->count; c.operands++)
        c.operand[c.operands] = what->operands[c.operands];
    if (mask != NULL && mask->dtype != TSR_BOOL)
        return tsr_error_set(err, TSR_EDTYPE, "where must be bool, not %t", (int)mask->dtype);
    if (mask != NULL && !rows[reduction].identity && options->initial == NULL)
        return tsr_error_set(err, TSR_EVALUE, "a %s of what where lets in needs initial",
                             rows[reduction].name);
    if (mask != NULL)
        c.operand[c.operands++] = mask;
    tsr_status status = find_shape(&c, err);
    if (status == TSR_OK)
        status = tsr_dims_mask(c.ndim, options->count, options->dims, &c.mask, err);
    if (status == TSR_OK)
        status = count_positions(&c, err);
    if (status == TSR_OK && what->single && (c.stream < 2 || c.places == 0))
        status = TSR_EUNSUPPORTED;
    if (status == TSR_OK)
        status = find_types(reduction, what->dtype, options, &c.types, err);
    if (status == TSR_OK && options->out != NULL)
        status = check_out(&c, err);
    if (status == TSR_OK)
        status = tsr_enter_all(c.operand, c.operands, err);
    if (status != TSR_OK)
        return status;
    if (c.stream == 0 || c.places == 0)
        status = fold_nothing(&c, err);
    else
        status = fold(&c, err);
    tsr_leave_all(c.operand, c.operands);
    if (status == TSR_OK && options->initial != NULL)
        status = combine(&c, tsr_fold_binary((tsr_fold)rows[reduction].fold), options->initial,
                         false, err);
    if (status == TSR_OK && reduction == TSR_REDUCE_MEAN)
        status = mask != NULL ? divide_by_mask(&c, mask, err) : divide(&c, err);
    if (status == TSR_OK && what->spreads)
        status = spread(&c, err);
    if (status == TSR_OK)
        status = hand_over(&c, result, err);
    if (c.sums != (tsr_array *)(void *)c.header.bytes)
        tsr_array_release(c.sums);
    tsr_array_release(c.into);
    return status;
}

tsr_status tsr_reduce(tsr_context *context, tsr_reduction reduction, const tsr_array *array,
                      const tsr_reduce_options *options, tsr_array **result, tsr_error *err) {
    tsr_dtype dtype = (tsr_dtype)array->dtype;
    tsr_fold_types types;
    tsr_status status = find_types(reduction, dtype, options, &types, NULL);
    *result = NULL;
    if (status == TSR_OK && tsr_quick_reduce(context, &types, array, options, result, &status, err))
        return status;
    tsr_program program;
    tsr_program_start(&program, tsr_engine_kernels(context));
    tsr_reduced what = {.count = 1,
                        .operands = &array,
                        .program = &program,
                        .value = tsr_program_load(&program, 1, dtype),
                        .dtype = dtype};
    return tsr_reduce_program(context, reduction, &what, options, result, err);
}
