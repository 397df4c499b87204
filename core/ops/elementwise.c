/* Elementwise operations: from operands of any dtype and layout to a program of the loop engine.
 *
 *   promote     the operands' dtypes meet in one (promote.c); the operation's rule says what they
 * are converted to and what the result is kernel      out of the table; 16-bit floating dtypes have
 * none and compute in float32 result      a new array in the memory order of the operands, or out=;
 * an operand that shares bytes with out= in another order is cloned program     load and convert
 * each operand, apply, convert to the result, choose by where=, store
 *
 * The rules are a table of what each operation may work in and what becomes of the dtypes. */
#include "../array/array.h"
#include "../array/overlap.h"
#include "../loop/engine.h"
#include "../loop/program.h"

#include <string.h>

typedef enum rule {
    NO_BOOL,   /* in the common dtype, but not bool: what is its difference? */
    SAME,      /* in the common dtype, which is the result's; bool too */
    SAME1,     /* ... of one operand, not bool */
    SIGNED,    /* ... bool on torch, where it stays; not complex */
    REAL,      /* not complex; bool becomes int8 on np, int64 on torch */
    SQUARED,   /* bool the same, complex too */
    ORDERED,   /* complex on np only */
    FRACTION,  /* integers and bool become floating */
    FLOATING1, /* the same, of one operand */
    INVERSE,   /* the same on torch; on np integers stay, bool becomes int8 */
    ROUNDING,  /* integers and bool stay as they are; not complex */
    NEAREST,   /* integers stay, and bool on torch; complex on np only */
    MAGNITUDE, /* complex gives its component */
    BITS,
    BITS1,    /* integers and bool */
    INTEGERS, /* integers, and bool on np as int8 */
    TEST2,
    TEST2_ORDERED,
    TEST2_SWAPPED, /* gives bool; complex is ordered on np only */
    TEST1,
    TEST_REAL1, /* gives bool; integers are converted to floating */
    TRUTH2,
    TRUTH1, /* in bool */
} rule;

typedef struct row {
    uint8_t arity, rule, kernel;
    const char *name;
} row;

static const row rows[] = {
#define TSR_ELEMENTWISE(NAME, arity, rule, kernel, names, doc) {arity, rule, kernel, names},
#include "elementwise.def"
};
_Static_assert(sizeof rows / sizeof *rows == TSR_DO_COUNT, "a row for each operation");

int tsr_do_arity(tsr_do operation) {
    return rows[operation].arity;
}

/* ---- dtypes ---- */

static char kind_of(tsr_dtype dtype) {
    return tsr_dtype_describe(dtype)->kind;
}

static int category(char kind) {
    return kind == 'b' ? 0 : kind == 'u' || kind == 'i' ? 1 : kind == 'f' ? 2 : 3;
}

static tsr_dtype common_dtype(const tsr_apply_options *o, int count,
                              const tsr_array *const *operands) {
    uint32_t arrays = 0, zero_dimensional = 0;
    int numbers = -1;
    for (int i = 0; i < count; i++) {
        const tsr_array *a = operands[i];
        if ((o->weak >> i & 1) != 0) {
            int c = category(kind_of((tsr_dtype)a->dtype));
            numbers = c > numbers ? c : numbers;
        } else if (o->face == TSR_FACE_TORCH && a->ndim == 0) {
            zero_dimensional |= 1u << a->dtype;
        } else {
            arrays |= 1u << a->dtype;
        }
    }
    return tsr_dtype_meet(o->face, o->default_float, arrays, zero_dimensional, numbers);
}

/* The floating dtype that stands for integers and bool: torch's default, NumPy's by size. */
static tsr_dtype floating_for(const tsr_apply_options *o, tsr_dtype dtype, bool fraction) {
    if (category(kind_of(dtype)) >= 2)
        return dtype;
    if (o->face == TSR_FACE_TORCH)
        return o->default_float;
    int size = tsr_dtype_describe(dtype)->itemsize;
    return fraction || size > 2 ? TSR_FLOAT64 : size == 2 ? TSR_FLOAT32 : TSR_FLOAT16;
}

typedef struct types {
    tsr_dtype common; /* operands are converted to this dtype, */
    tsr_dtype in[2];  /* then to what the kernel takes, */
    tsr_dtype made;   /* which makes this dtype, */
    tsr_dtype result; /* which becomes this one */
    const void *kernel;
    bool copies; /* nothing to compute */
} types;

static bool fits(const tsr_array *number, tsr_dtype dtype) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    int64_t value, most = info->digits >= 63 ? INT64_MAX : ((int64_t)1 << info->digits) - 1;
    memcpy(&value, tsr_data_of(number), sizeof value);
    return value <= most && value >= (info->kind == 'u' ? 0 : -most - 1);
}

/* Whether two integers do not meet in a dtype that holds both: int64 with uint64, or a number
 * beyond its partner's dtype. They are compared as what they are. */
static bool compare_exactly(const tsr_apply_options *o, const tsr_array *const *operands,
                            types *t) {
    bool beyond = false;
    tsr_dtype in[2];
    for (int i = 0; i < 2; i++) {
        const tsr_array *a = operands[i], *partner = operands[!i];
        if (category(kind_of((tsr_dtype)a->dtype)) != 1)
            return false;
        in[i] = a->dtype == TSR_UINT64 ? TSR_UINT64 : TSR_INT64;
        if ((o->weak >> i & 1) == 0 || category(kind_of((tsr_dtype)partner->dtype)) != 1)
            continue;
        if (fits(a, (tsr_dtype)partner->dtype))
            return false;
        beyond = true;
    }
    if (!beyond && in[0] == in[1])
        return false;
    memcpy(t->in, in, sizeof in);
    return true;
}

/* Rows whose kernel depends on the face. */
static int kernel_on(const row *r, tsr_face face) {
    if (face == TSR_FACE_TORCH && r->rule == SIGNED)
        return TSR_UN_SIGN_OR_0;
    if (face == TSR_FACE_TORCH && r->arity == 2 && r->kernel == TSR_BIN_REMAINDER)
        return TSR_BIN_MODULO;
    return r->kernel;
}

static tsr_dtype working(tsr_dtype dtype) {
    return dtype == TSR_FLOAT16 || dtype == TSR_BFLOAT16 ? TSR_FLOAT32 : dtype;
}

/* The dtype that an operation of this rule computes in, or TSR_DTYPE_COUNT when it does not take
 * `common`. */
static tsr_dtype dtype_by_rule(rule which, const tsr_apply_options *o, tsr_dtype common) {
    int c = category(kind_of(common));
    bool np = o->face == TSR_FACE_NUMPY;
    tsr_dtype small = np ? TSR_INT8 : TSR_INT64, none = TSR_DTYPE_COUNT;
    switch (which) {
    case NO_BOOL:
    case SAME1:
        return c == 0 ? none : common;
    case SAME:
    case TEST2:
    case MAGNITUDE:
        return common;
    case SIGNED:
        return c == 3 || (c == 0 && np) ? none : common;
    case REAL:
        return c == 3 ? none : c == 0 ? small : common;
    case SQUARED:
        return c == 0 ? small : common;
    case ORDERED:
    case TEST2_ORDERED:
    case TEST2_SWAPPED:
        return c == 3 && !np ? none : common;
    case FRACTION:
    case FLOATING1:
        return floating_for(o, common, which == FRACTION);
    case INVERSE:
        return !np ? floating_for(o, common, true) : c == 0 ? small : common;
    case ROUNDING:
        return c == 3 ? none : common;
    case NEAREST:
        return c == 3 && !np ? none : c == 0 && np ? TSR_FLOAT16 : common;
    case BITS:
    case BITS1:
        return c < 2 ? common : none;
    case INTEGERS:
        return c == 1 ? common : c == 0 && np ? small : none;
    case TEST1:
        return floating_for(o, common, true);
    case TEST_REAL1:
        return c == 3 ? none : kind_of(common) == 'i' ? common : floating_for(o, common, true);
    case TRUTH2:
    case TRUTH1:
        return TSR_BOOL;
    }
    return none;
}

static tsr_status find_types(const row *r, const tsr_apply_options *o, const tsr_kernels *kernels,
                             const tsr_array *const *operands, types *t, tsr_error *err) {
    tsr_dtype common = common_dtype(o, r->arity, operands);
    char kind = kind_of(common);
    int kernel = kernel_on(r, o->face);
    bool gives_bool = r->rule >= TEST2;
    *t = (types){.common = dtype_by_rule((rule)r->rule, o, common)};
    if (t->common == TSR_DTYPE_COUNT)
        return tsr_error_set(err, TSR_EDTYPE, "does not take %t operands", (int)common);
    t->in[0] = t->in[1] = working(t->common);
    t->copies = r->rule == MAGNITUDE                        ? kind == 'b' || kind == 'u'
                : r->rule == ROUNDING || r->rule == NEAREST ? category(kind_of(t->common)) < 2
                                                            : r->rule == SIGNED && kind == 'b';
    if (r->rule >= TEST2 && r->rule <= TEST2_SWAPPED && compare_exactly(o, operands, t)) {
        if (t->in[0] != t->in[1])
            kernel += TSR_BIN_EQUAL_MIXED - TSR_BIN_EQUAL;
        t->common = TSR_DTYPE_COUNT;
    }
    int first = r->rule == TEST2_SWAPPED;
    if (!t->copies && r->arity == 2)
        t->kernel = (const void *)(uintptr_t)kernels->binary[kernel][t->in[first]];
    else if (!t->copies)
        t->kernel = (const void *)(uintptr_t)kernels->simple[kernel][t->in[0]];
    t->made = gives_bool             ? TSR_BOOL
              : r->rule == MAGNITUDE ? tsr_dtype_describe(t->in[0])->component
                                     : t->in[0];
    t->result = gives_bool             ? TSR_BOOL
                : r->rule == MAGNITUDE ? tsr_dtype_describe(t->common)->component
                                       : t->common;
    return TSR_OK;
}

/* PyTorch's alpha is of no higher category than the result; bool is for bool, which takes integers
 * too. */
static tsr_status check_alpha(const tsr_array *alpha, tsr_dtype common, tsr_error *err) {
    int a = category(kind_of((tsr_dtype)alpha->dtype)), c = category(kind_of(common));
    if (c == 0 ? a > 1 : a > c || a == 0)
        return tsr_error_set(err, TSR_EDTYPE, "alpha of %t does not scale %t", (int)alpha->dtype,
                             (int)common);
    return TSR_OK;
}

/* ---- result ---- */

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
        for (int i = 0; i < c->count && o->where == NULL; i++)
            if (has_shape(c->operand[i], ndim, shape))
                return tsr_empty_like(c->context, c->operand[i], dtype, TSR_ORDER_KEEP, &c->result,
                                      err);
        return tsr_array_new(c->context, dtype, ndim, shape, o->where != NULL, &c->result, err);
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
                                  : category(kind_of(dtype)) > category(kind_of(to)))
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
static int build(tsr_program *p, const call *c, const row *r, const types *t) {
    const tsr_array *alpha = c->options->alpha;
    int reg[2] = {0, 0}, n = c->count + (c->options->where != NULL);
    for (int i = 0; i < r->arity; i++) {
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
    int first = r->rule == TEST2_SWAPPED, value = reg[0];
    if (!t->copies && r->arity == 2)
        value = tsr_program_apply2(p, (tsr_kernel_binary *)(uintptr_t)t->kernel, reg[first],
                                   reg[!first], t->made);
    else if (!t->copies)
        value = tsr_program_apply1(p, (tsr_kernel_convert *)(uintptr_t)t->kernel, value, t->made);
    return tsr_program_convert(p, value, t->result);
}

tsr_status tsr_apply(tsr_context *context, tsr_do operation, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    const row *r = &rows[operation];
    const tsr_kernels *kernels = tsr_engine_kernels(context);
    call c = start(context, r->arity, operands, options);
    types t;
    if (options->where != NULL && options->where->dtype != TSR_BOOL)
        return tsr_error_set(err, TSR_EDTYPE, "where must be bool, not %t",
                             (int)options->where->dtype);
    tsr_status status = find_types(r, options, kernels, operands, &t, err);
    if (status == TSR_OK && options->alpha != NULL)
        status = check_alpha(options->alpha, t.common, err);
    if (status == TSR_OK)
        status = make_result(&c, t.result, err);
    if (status == TSR_OK)
        status = part_overlaps(&c, err);
    if (status == TSR_OK) {
        tsr_program p;
        tsr_program_start(&p, kernels);
        int value = build(&p, &c, r, &t);
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
    tsr_dtype dtype = common_dtype(&values, 2, operands + 1);
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
