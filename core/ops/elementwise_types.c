/* The dtypes of elementwise operations: what the operands meet in (promote.c), what an operation of
 * each rule makes of that on each face, and the kernel that does it. The 16-bit floating dtypes
 * have no kernels: operands are rounded to them, computed in float32, and the result is rounded. */
#include "elementwise.h"

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

static char kind_of(tsr_dtype dtype) {
    return tsr_dtype_describe(dtype)->kind;
}

int tsr_category(tsr_dtype dtype) {
    char kind = kind_of(dtype);
    return kind == 'b' ? 0 : (kind == 'u' || kind == 'i') ? 1 : kind == 'f' ? 2 : 3;
}

tsr_dtype tsr_common_dtype(const tsr_apply_options *o, int count,
                           const tsr_array *const *operands) {
    uint32_t arrays = 0, zero_dimensional = 0;
    int numbers = -1;
    for (int i = 0; i < count; i++) {
        const tsr_array *a = operands[i];
        if ((o->weak >> i & 1) != 0) {
            int c = tsr_category((tsr_dtype)a->dtype);
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
    if (tsr_category(dtype) >= 2)
        return dtype;
    if (o->face == TSR_FACE_TORCH)
        return o->default_float;
    int size = tsr_dtype_describe(dtype)->itemsize;
    return (fraction || size > 2) ? TSR_FLOAT64 : size == 2 ? TSR_FLOAT32 : TSR_FLOAT16;
}

static bool fits(const tsr_array *number, tsr_dtype dtype) {
    if (number->ndim != 0 || number->dtype != TSR_INT64 || tsr_storage_revoked(number->storage))
        return true; /* no number, or revoked, which is found out later */
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    int64_t value, most = info->digits >= 63 ? INT64_MAX : ((int64_t)1 << info->digits) - 1;
    memcpy(&value, tsr_data_of(number), sizeof value);
    return value <= most && value >= (info->kind == 'u' ? 0 : -most - 1);
}

/* Whether two integers do not meet in a dtype that holds both: int64 with uint64, or a number
 * beyond its partner's dtype. They are compared as what they are. */
static bool compare_exactly(const tsr_apply_options *o, const tsr_array *const *operands,
                            tsr_types *t) {
    bool beyond = false;
    tsr_dtype in[2];
    for (int i = 0; i < 2; i++) {
        const tsr_array *a = operands[i], *partner = operands[!i];
        if (tsr_category((tsr_dtype)a->dtype) != 1)
            return false;
        in[i] = a->dtype == TSR_UINT64 ? TSR_UINT64 : TSR_INT64;
        if ((o->weak >> i & 1) == 0 || tsr_category((tsr_dtype)partner->dtype) != 1)
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
    return (dtype == TSR_FLOAT16 || dtype == TSR_BFLOAT16) ? TSR_FLOAT32 : dtype;
}

/* The dtype that an operation of this rule computes in, or TSR_DTYPE_COUNT when it does not take
 * `common`. */
static tsr_dtype dtype_by_rule(rule which, const tsr_apply_options *o, tsr_dtype common) {
    int c = tsr_category(common);
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
        return (c == 3 || (c == 0 && np)) ? none : common;
    case REAL:
        return c == 3 ? none : c == 0 ? small : common;
    case SQUARED:
        return c == 0 ? small : common;
    case ORDERED:
    case TEST2_ORDERED:
    case TEST2_SWAPPED:
        return (c == 3 && !np) ? none : common;
    case FRACTION:
    case FLOATING1:
        return floating_for(o, common, which == FRACTION);
    case INVERSE:
        return !np ? floating_for(o, common, true) : c == 0 ? small : common;
    case ROUNDING:
        return c == 3 ? none : common;
    case NEAREST:
        return (c == 3 && !np) ? none : (c == 0 && np) ? TSR_FLOAT16 : common;
    case BITS:
    case BITS1:
        return c < 2 ? common : none;
    case INTEGERS:
        return c == 1 ? common : (c == 0 && np) ? small : none;
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

/* PyTorch's alpha is of no higher category than the result; bool is for bool, which takes integers
 * too. */
static tsr_status check_alpha(const tsr_array *alpha, tsr_dtype common, tsr_error *err) {
    int a = tsr_category((tsr_dtype)alpha->dtype), c = tsr_category(common);
    if (c == 0 ? a > 1 : a > c || a == 0)
        return tsr_error_set(err, TSR_EDTYPE, "alpha of %t does not scale %t", (int)alpha->dtype,
                             (int)common);
    return TSR_OK;
}

tsr_status tsr_types_find(tsr_do operation, const tsr_apply_options *o, const tsr_kernels *kernels,
                          const tsr_array *const *operands, tsr_types *t, tsr_error *err) {
    const row *r = &rows[operation];
    tsr_dtype common = tsr_common_dtype(o, r->arity, operands);
    char kind = kind_of(common);
    int kernel = kernel_on(r, o->face);
    bool gives_bool = r->rule >= TEST2;
    *t = (tsr_types){.common = dtype_by_rule((rule)r->rule, o, common)};
    if (t->common == TSR_DTYPE_COUNT)
        return tsr_error_set(err, TSR_EDTYPE, "does not take %t operands", (int)common);
    tsr_status status = o->alpha != NULL ? check_alpha(o->alpha, t->common, err) : TSR_OK;
    if (status != TSR_OK)
        return status;
    t->in[0] = t->in[1] = working(t->common);
    t->swapped = r->rule == TEST2_SWAPPED;
    t->copies = r->rule == MAGNITUDE                          ? kind == 'b' || kind == 'u'
                : (r->rule == ROUNDING || r->rule == NEAREST) ? tsr_category(t->common) < 2
                                                              : r->rule == SIGNED && kind == 'b';
    if (r->rule >= TEST2 && r->rule <= TEST2_SWAPPED && compare_exactly(o, operands, t)) {
        if (t->in[0] != t->in[1])
            kernel += TSR_BIN_EQUAL_MIXED - TSR_BIN_EQUAL;
        t->common = TSR_DTYPE_COUNT;
    }
    if (!t->copies && r->arity == 2)
        t->kernel = (const void *)(uintptr_t)kernels->binary[kernel][t->in[t->swapped]];
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
