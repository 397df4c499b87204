/* The dtypes of elementwise operations: what the operands meet in (promote.c), what an operation of
 * each rule makes of that on each face, and the kernel that does it. The 16-bit floating dtypes
 * have no kernels: operands are rounded to them, computed in float32, and the result is rounded. */
#include "elementwise.h"

#include <string.h>

typedef enum rule {
    NO_BOOL,    /* in the common dtype, but not bool: what is its difference? */
    SAME,       /* in the common dtype, which is the result's; bool too */
    SAME1,      /* ... of one operand, not bool */
    SIGNED,     /* ... bool on torch, where it stays; complex on np */
    SIGNED_ANY, /* ... bool on torch; complex too */
    REAL,       /* not complex; bool becomes int8 on np, int64 on torch */
    SQUARED,    /* bool the same, complex too */
    ORDERED,    /* complex on np only */
    FRACTION,   /* integers and bool become floating */
    FLOATING1,  /* the same, of one operand */
    INVERSE,    /* the same on torch; on np integers stay, bool becomes int8 */
    ROUNDING,   /* integers and bool stay as they are; not complex */
    NEAREST,    /* integers stay, and bool on torch; complex on np only */
    MAGNITUDE,  /* complex gives its component */
    UNCHANGED,  /* not bool */
    MIRRORED,   /* only complex changes; bool becomes int8 on np */
    BITS,
    BITS1,          /* integers and bool */
    INTEGERS,       /* integers, and bool on np as int8 */
    INTEGERS_ALONE, /* integers */
    TEST2,
    TEST2_ORDERED,
    TEST2_SWAPPED, /* gives bool; complex is ordered on np only */
    TEST1,
    TEST_REAL1, /* gives bool; integers are converted to floating */
    TRUTH2,
    TRUTH1, /* in bool */
    /* of the math functions' table */
    FUNCTION,      /* integers and bool become floating */
    FUNCTION_REAL, /* the same; not complex */
    FUNCTION_WIDE, /* the same, of integers and bool float64 on np */
    POWER,         /* integers stay; bool becomes int8 on np */
    WIDE_POWER,    /* everything becomes float64 or complex128 */
    /* of the table of simple kernels again */
    PARTED,    /* not complex; integers and bool become floating */
    EXPONENT,  /* the same, but gives int32 */
    NEIGHBOUR, /* the same, in the dtype itself, which has a kernel also for 16 bits */
    SCALED,    /* the first operand by itself, floating; the second becomes int32 */
    PHASE,     /* complex gives its component, integers and bool become floating */
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

uint16_t tsr_fitting_array(const tsr_array *a) {
    /* a revoked one is found out later */
    if (tsr_category((tsr_dtype)a->dtype) != 1 || tsr_storage_revoked(a->storage))
        return 0;
    tsr_scalar value = tsr_array_load(a, tsr_data_of(a));
    return tsr_fitting(&value);
}

uint16_t tsr_fitting(const tsr_scalar *value) {
    static const struct {
        uint8_t dtype, digits;
        bool is_signed;
    } integers[] = {{TSR_INT8, 7, true},     {TSR_UINT8, 8, false},  {TSR_INT16, 15, true},
                    {TSR_UINT16, 16, false}, {TSR_INT32, 31, true},  {TSR_UINT32, 32, false},
                    {TSR_INT64, 63, true},   {TSR_UINT64, 64, false}};
    bool negative = value->dtype == TSR_INT64 && value->as.i < 0;
    uint64_t magnitude = negative ? ~value->as.u : value->as.u;
    int digits = magnitude == 0 ? 0 : 64 - __builtin_clzll(magnitude);
    uint16_t fits = 0;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (digits <= integers[i].digits && (integers[i].is_signed || !negative))
            fits |= (uint16_t)(1u << integers[i].dtype);
    return fits;
}

tsr_dtype tsr_common_dtype(const tsr_rules *r, int count, const tsr_operand *operands) {
    uint32_t arrays = 0, zero_dimensional = 0;
    int numbers = -1;
    for (int i = 0; i < count; i++) {
        const tsr_operand *o = &operands[i];
        if (o->weak) {
            int c = tsr_category((tsr_dtype)o->dtype);
            numbers = c > numbers ? c : numbers;
        } else if (r->face == TSR_FACE_TORCH && o->zero_dimensional) {
            zero_dimensional |= 1u << o->dtype;
        } else {
            arrays |= 1u << o->dtype;
        }
    }
    bool alone = (arrays & (arrays - 1)) == 0 && arrays != 0 && zero_dimensional == 0;
    if (alone && numbers <= tsr_category((tsr_dtype)__builtin_ctz(arrays)))
        return (tsr_dtype)__builtin_ctz(arrays); /* what nearly every call is */
    return tsr_dtype_meet(r->face, r->default_float, arrays, zero_dimensional, numbers);
}

/* The floating dtype that stands for integers and bool: torch's default, NumPy's by size. */
static tsr_dtype floating_for(const tsr_rules *o, tsr_dtype dtype, bool fraction) {
    if (tsr_category(dtype) >= 2)
        return dtype;
    if (o->face == TSR_FACE_TORCH)
        return o->default_float;
    int size = tsr_dtype_describe(dtype)->itemsize;
    return (fraction || size > 2) ? TSR_FLOAT64 : size == 2 ? TSR_FLOAT32 : TSR_FLOAT16;
}

/* np: a function of two integers has the floating dtype of the wider operand, not that of the dtype
 * that holds both: atan2 of uint8 and int8 is float16. */
static tsr_dtype wider_integer(int count, const tsr_operand *operands, tsr_dtype common) {
    int size = 0;
    tsr_dtype widest = common;
    for (int i = 0; i < count; i++) {
        int itemsize = tsr_dtype_describe((tsr_dtype)operands[i].dtype)->itemsize;
        bool integer = tsr_category((tsr_dtype)operands[i].dtype) == 1;
        if (integer && !operands[i].weak && itemsize > size) {
            size = itemsize;
            widest = (tsr_dtype)operands[i].dtype;
        }
    }
    return widest;
}

/* Whether two integers do not meet in a dtype that holds both: int64 with uint64, or a number
 * beyond its partner's dtype. They are compared as what they are. */
static bool compare_exactly(const tsr_operand *operands, tsr_types *t) {
    bool beyond = false;
    tsr_dtype in[2];
    for (int i = 0; i < 2; i++) {
        const tsr_operand *a = &operands[i], *partner = &operands[!i];
        if (tsr_category((tsr_dtype)a->dtype) != 1)
            return false;
        in[i] = a->dtype == TSR_UINT64 ? TSR_UINT64 : TSR_INT64;
        if (!a->weak || tsr_category((tsr_dtype)partner->dtype) != 1)
            continue;
        if ((a->fits >> partner->dtype & 1) != 0)
            return false;
        beyond = true;
    }
    if (!beyond && in[0] == in[1])
        return false;
    t->in[0] = in[0];
    t->in[1] = in[1];
    return true;
}

/* Rows whose kernel depends on the face. */
static int kernel_on(const row *r, tsr_face face) {
    if (face == TSR_FACE_TORCH && (r->rule == SIGNED || r->rule == SIGNED_ANY))
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
static tsr_dtype dtype_by_rule(rule which, const tsr_rules *o, tsr_dtype common) {
    int c = tsr_category(common);
    bool np = o->face == TSR_FACE_NUMPY;
    tsr_dtype small = np ? TSR_INT8 : TSR_INT64, none = TSR_DTYPE_COUNT;
    switch (which) {
    case NO_BOOL:
    case SAME1:
    case UNCHANGED:
        return c == 0 ? none : common;
    case SAME:
    case TEST2:
    case MAGNITUDE:
        return common;
    case SIGNED:
        return ((c == 3 && !np) || (c == 0 && np)) ? none : common;
    case SIGNED_ANY:
        return (c == 0 && np) ? none : common;
    case REAL:
        return c == 3 ? none : c == 0 ? small : common;
    case SQUARED:
        return c == 0 ? small : common;
    case ORDERED:
    case TEST2_ORDERED:
    case TEST2_SWAPPED:
        return (c == 3 && !np) ? none : common;
    case MIRRORED:
        return (c == 0 && np) ? small : common;
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
    case INTEGERS_ALONE:
        return c == 1 ? common : none;
    case TEST1:
        return floating_for(o, common, true);
    case TEST_REAL1:
        return c == 3 ? none : kind_of(common) == 'i' ? common : floating_for(o, common, true);
    case TRUTH2:
    case TRUTH1:
        return TSR_BOOL;
    case FUNCTION:
    case PHASE:
        return floating_for(o, common, false);
    case FUNCTION_REAL:
    case PARTED:
    case EXPONENT:
    case NEIGHBOUR:
    case SCALED:
        return c == 3 ? none : floating_for(o, common, false);
    case FUNCTION_WIDE:
        return c == 3 ? none : floating_for(o, common, true);
    case POWER:
        return c == 0 ? np ? TSR_INT8 : none : common;
    case WIDE_POWER:
        return c == 3 ? TSR_COMPLEX128 : TSR_FLOAT64;
    }
    return none;
}

/* What a kernel of this rule makes of the dtype that it works in. */
static tsr_dtype made_of(rule which, tsr_dtype in) {
    switch (which) {
    case TEST2:
    case TEST2_ORDERED:
    case TEST2_SWAPPED:
    case TEST1:
    case TEST_REAL1:
    case TRUTH2:
    case TRUTH1:
        return TSR_BOOL;
    case MAGNITUDE:
    case PHASE:
        return tsr_dtype_describe(in)->component;
    case EXPONENT:
        return TSR_INT32;
    default:
        return in;
    }
}

/* Whether an operation of this rule leaves its operand as it is. */
static bool copies(rule which, tsr_dtype common) {
    char kind = kind_of(common);
    if (which == UNCHANGED || which == MIRRORED)
        return which == UNCHANGED || kind != 'c';
    if (which == MAGNITUDE)
        return kind == 'b' || kind == 'u';
    if (which == ROUNDING || which == NEAREST)
        return kind == 'b' || kind == 'u' || kind == 'i';
    return (which == SIGNED || which == SIGNED_ANY) && kind == 'b';
}

static const void *kernel_of(const row *r, const tsr_rules *rules, int kernel, tsr_dtype in) {
    const tsr_kernels *k = rules->kernels;
    bool function = r->rule == FUNCTION || r->rule == FUNCTION_REAL || r->rule == FUNCTION_WIDE ||
                    r->rule == WIDE_POWER || (r->rule == POWER && tsr_category(in) >= 2);
    if (function && r->arity == 2)
        return (const void *)(uintptr_t)k->pairs[kernel - TSR_FN_FIRST_PAIR][in];
    if (function)
        return (const void *)(uintptr_t)k->unary[kernel][in];
    if (r->rule == POWER)
        return (const void *)(uintptr_t)k->binary[TSR_BIN_POWER][in];
    if (r->arity == 2)
        return (const void *)(uintptr_t)k->binary[kernel][in];
    if ((r->rule == SIGNED || r->rule == SIGNED_ANY) && tsr_category(in) == 3)
        kernel = TSR_UN_SGN;
    return (const void *)(uintptr_t)k->simple[kernel][in];
}

/* Whether loading and storing takes the time, as measured: one instruction between them, and no
 * product of bytes, which is several. */
static bool is_light(const row *r, int kernel, tsr_dtype in) {
    bool product = r->rule == SQUARED || (r->rule == SAME && kernel == TSR_BIN_MULTIPLY);
    switch (r->rule) {
    case NO_BOOL:
    case SAME:
    case SAME1:
    case SQUARED:
    case ORDERED:
    case ROUNDING:
    case NEAREST:
    case FLOATING1:
    case BITS:
    case BITS1:
    case TRUTH2:
    case TRUTH1:
        return !product || tsr_dtype_describe(in)->itemsize > 1;
    default:
        return false;
    }
}

tsr_status tsr_types_find(tsr_do operation, const tsr_rules *rules, const tsr_operand *operands,
                          tsr_types *t, tsr_error *err) {
    const row *r = &rows[operation];
    rule which = (rule)r->rule;
    tsr_dtype common = tsr_common_dtype(rules, which == SCALED ? 1 : r->arity, operands);
    if (rules->face == TSR_FACE_NUMPY && tsr_category(common) == 1 &&
        (which == FUNCTION_REAL || which == PARTED || which == NEIGHBOUR))
        common = wider_integer(r->arity, operands, common);
    int kernel = kernel_on(r, rules->face);
    t->common = dtype_by_rule(which, rules, common);
    if (t->common == TSR_DTYPE_COUNT)
        return tsr_error_set(err, TSR_EDTYPE, "does not take %t operands", (int)common);
    /* products with a scale are not rounded to 16 bits before they are added */
    bool own = !rules->scaled && kernel_of(r, rules, kernel, t->common) != NULL;
    t->in[0] = t->in[1] = own || which == NEIGHBOUR ? t->common : working(t->common);
    t->swapped = which == TEST2_SWAPPED;
    t->copies = copies(which, t->common);
    t->saturates = false;
    t->result = made_of(which, t->common);
    t->made = made_of(which, t->in[0]);
    if (which == SCALED) {
        if (tsr_category((tsr_dtype)operands[1].dtype) > 1)
            return tsr_error_set(err, TSR_EDTYPE, "the exponents are of %t, not of integers",
                                 (int)operands[1].dtype);
        t->in[1] = TSR_INT32;
        t->saturates = tsr_dtype_describe((tsr_dtype)operands[1].dtype)->digits > 31;
        t->common = TSR_DTYPE_COUNT;
    } else if (which >= TEST2 && which <= TEST2_SWAPPED && compare_exactly(operands, t)) {
        if (t->in[0] != t->in[1])
            kernel += TSR_BIN_EQUAL_MIXED - TSR_BIN_EQUAL;
        t->common = TSR_DTYPE_COUNT;
    }
    t->kernel = t->copies ? NULL : kernel_of(r, rules, kernel, t->in[t->swapped]);
    t->item = tsr_dtype_describe(t->result)->itemsize;
    t->light = is_light(r, kernel, t->in[0]);
    t->direct = t->kernel != NULL && !t->saturates && t->made == t->result &&
                t->in[0] == t->in[1] && (t->common == t->in[0] || t->common == TSR_DTYPE_COUNT);
    if (!t->copies && t->kernel == NULL)
        return tsr_error_set(err, TSR_EDTYPE, "does not take %t operands", (int)common);
    return TSR_OK;
}

int tsr_types_emit(tsr_program *p, const tsr_types *t, int arity, const int *registers, int scale) {
    int reg[TSR_ARITY] = {0, 0};
    for (int i = 0; i < arity; i++) {
        reg[i] = registers[i];
        if (t->common != TSR_DTYPE_COUNT)
            reg[i] = tsr_program_convert(p, reg[i], t->common);
        if (t->saturates && i == 1) /* as floating to integer does, unlike integer to integer */
            reg[i] = tsr_program_convert(p, reg[i], TSR_FLOAT64);
        reg[i] = tsr_program_convert(p, reg[i], t->in[i]);
    }
    if (scale >= 0) {
        scale = tsr_program_convert(p, scale, t->in[1]);
        reg[1] = tsr_program_apply2(p, p->kernels->binary[TSR_BIN_MULTIPLY][t->in[1]], reg[1],
                                    scale, t->in[1]);
    }
    int first = t->swapped, value = reg[0];
    if (!t->copies && arity == 2)
        value = tsr_program_apply2(p, (tsr_kernel_binary *)(uintptr_t)t->kernel, reg[first],
                                   reg[!first], t->made);
    else if (!t->copies)
        value = tsr_program_apply1(p, (tsr_kernel_convert *)(uintptr_t)t->kernel, value, t->made);
    return tsr_program_convert(p, value, t->result);
}

int tsr_emit_choice(tsr_program *p, int mask, int x, int y, tsr_dtype dtype) {
    size_t item = tsr_dtype_describe(dtype)->itemsize;
    mask = tsr_program_convert(p, mask, TSR_BOOL);
    x = tsr_program_convert(p, x, dtype);
    y = tsr_program_convert(p, y, dtype);
    return tsr_program_apply3(p, p->kernels->choose[tsr_item_row(item)], mask, x, y, dtype);
}
