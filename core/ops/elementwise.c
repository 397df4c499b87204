/* Elementwise operations one at a time: from operands of any dtype and layout to a program of the
 * loop engine.
 *
 *   dtypes      what the operands are converted to, and what the result is (elementwise_types.c)
 *   result      a new array in the memory order of the operands, or out=; an operand that shares
 *               bytes with out= in another order is cloned (pass.c)
 *   program     load and convert each operand, apply, convert to the result, choose by where=
 *
 * Small contiguous operands of one dtype, which scripts have most, take none of this (quick.c). */
#include "elementwise.h"
#include "pass.h"
#include "quick.h"

#include "../base/executor.h"
#include "../loop/engine.h"

/* PyTorch's alpha is of no higher category than the result; bool is for bool, which takes integers
 * too. */
static tsr_status check_alpha(const tsr_array *alpha, tsr_dtype common, tsr_error *err) {
    int a = tsr_category((tsr_dtype)alpha->dtype), c = tsr_category(common);
    if (c == 0 ? a > 1 : (a > c || a == 0))
        return tsr_error_set(err, TSR_EDTYPE, "alpha of %t does not scale %t", (int)alpha->dtype,
                             (int)common);
    return TSR_OK;
}

/* Whether any exponent that is used is negative. */
static tsr_status find_negative(tsr_context *context, const tsr_array *exponents,
                                const tsr_apply_options *options, bool *negative, tsr_error *err) {
    tsr_apply_options plain = {.face = options->face, .default_float = options->default_float};
    tsr_reduce_options all = {.face = options->face, .dtype = TSR_DTYPE_COUNT, .count = -1};
    tsr_array *signs = NULL, *used = NULL, *any = NULL;
    tsr_status status = tsr_apply(context, TSR_DO_SIGNBIT, &exponents, &plain, &signs, err);
    const tsr_array *both[] = {signs, options->where};
    if (status == TSR_OK && options->where != NULL)
        status = tsr_apply(context, TSR_DO_LOGICAL_AND, both, &plain, &used, err);
    if (status == TSR_OK)
        status = tsr_reduce(context, TSR_REDUCE_ANY, used != NULL ? used : signs, &all, &any, err);
    if (status == TSR_OK)
        *negative = *(const bool *)tsr_data_of(any);
    tsr_array_release(any);
    tsr_array_release(used);
    tsr_array_release(signs);
    return status;
}

/* Integers have no negative powers: on torch for numbers, on np for all exponents that are used. */
static tsr_status check_exponents(tsr_context *context, const tsr_array *const *operands,
                                  const tsr_apply_options *options, tsr_error *err) {
    bool negative = false;
    tsr_status status = TSR_OK;
    if (tsr_dtype_describe((tsr_dtype)operands[1]->dtype)->kind != 'i')
        return TSR_OK;
    if (options->face == TSR_FACE_TORCH)
        negative = (options->weak >> 1 & 1) != 0 &&
                   (tsr_fitting_array(operands[1]) >> TSR_UINT64 & 1) == 0;
    else if (tsr_array_size(operands[0]) > 0)
        status = find_negative(context, operands[1], options, &negative, err);
    if (status == TSR_OK && negative)
        return tsr_error_set(err, TSR_EVALUE,
                             "integers to negative integer powers are not allowed");
    return status;
}

static int constant_of(tsr_program *p, const tsr_array *number) {
    tsr_dtype dtype = (tsr_dtype)number->dtype;
    tsr_scalar value = tsr_array_load(number, tsr_data_of(number));
    return tsr_program_constant(p, &value, dtype);
}

/* Starts the pass and its program: numbers are constants, unless there is nothing else. */
static void start(tsr_pass *pass, tsr_program *p, tsr_context *context,
                  const tsr_apply_options *options, int count, const tsr_array *const *operands,
                  int *registers) {
    bool arrays = false;
    for (int i = 0; i < count; i++)
        arrays = arrays || (options->weak >> i & 1) == 0;
    tsr_pass_start(pass, context, options, 0, NULL);
    tsr_program_start(p, tsr_engine_kernels(context));
    for (int i = 0; i < count; i++) {
        const tsr_array *a = operands[i];
        bool number = arrays && (options->weak >> i & 1) != 0 && !tsr_storage_revoked(a->storage);
        if (!number)
            tsr_pass_add(pass, a);
        registers[i] =
            number ? constant_of(p, a) : tsr_program_load(p, pass->count, (tsr_dtype)a->dtype);
    }
}

/* All that the dtypes of an operation on a face depend on, in one word that is not 0. */
static inline uint64_t key_of(const tsr_apply_options *options, int arity,
                              const tsr_array *const *operands) {
    uint64_t key = 1 + 2 * (uint64_t)options->default_float + (options->alpha != NULL);
    for (int i = 0; i < arity; i++) {
        const tsr_array *a = operands[i];
        bool number = (options->weak >> i & 1) != 0;
        uint64_t what = number ? 16 : a->ndim == 0 ? 32 : 0;
        key = key << 24 | (a->dtype | what) << 16 | (number ? tsr_fitting_array(a) : 0);
    }
    return key;
}

/* What a memo holds: the types of the last call, and its key; 0 before there is one. */
typedef struct known {
    uint64_t key;
    tsr_types types;
    uint32_t at_once; /* 0, or at_once_key of the operands */
    bool unary;
} known;
_Static_assert(sizeof(known) <= sizeof(tsr_memo), "a memo has room for the types");

/* What tsr_apply_at_once takes: not 0 when the kernel takes these dtypes as they are. */
static inline uint32_t at_once_key(tsr_dtype default_float, const tsr_array *x,
                                   const tsr_array *y) {
    return 1u << 24 | (uint32_t)default_float << 16 | (uint32_t)x->dtype << 8 | y->dtype;
}

static inline bool takes_as_they_are(const tsr_types *t, int arity,
                                     const tsr_array *const *operands) {
    return t->direct && operands[0]->dtype == t->in[0] &&
           operands[arity - 1]->dtype == t->in[arity - 1];
}

/* tsr_types_find, unless they are known. */
static inline tsr_status find_types(tsr_context *context, tsr_do operation, int arity,
                                    const tsr_array *const *operands,
                                    const tsr_apply_options *options, known *k, tsr_error *err) {
    uint64_t key = key_of(options, arity, operands);
    if (k->key == key)
        return TSR_OK;
    tsr_rules rules = {options->face, options->default_float, tsr_engine_kernels(context),
                       options->alpha != NULL};
    tsr_operand kinds[TSR_ARITY];
    for (int i = 0; i < arity; i++)
        kinds[i] = tsr_operand_of(operands[i], (options->weak >> i & 1) != 0);
    tsr_status status = tsr_types_find(operation, &rules, kinds, &k->types, err);
    k->key = status == TSR_OK ? key : 0;
    k->unary = arity == 1;
    k->at_once = status == TSR_OK && operation != TSR_DO_POW && options->weak == 0 && arity <= 2 &&
                         takes_as_they_are(&k->types, arity, operands)
                     ? at_once_key(options->default_float, operands[0], operands[arity - 1])
                     : 0;
    return status;
}

/* The bytes of elements that the result takes, -1 when it is not of that kind. */
static inline int64_t at_once_bytes(const tsr_context *context, const known *k,
                                    tsr_dtype default_float, const tsr_array *x,
                                    const tsr_array *y) {
    int64_t bytes = x->size * k->types.item;
    bool simple = k->at_once == at_once_key(default_float, x, y) && x->plain && y->plain &&
                  x->ndim == 1 && y->ndim == 1 && x->size == y->size && bytes <= TSR_PLACE_MOST;
    return simple && tsr_may_place(context) ? bytes : -1;
}

size_t tsr_at_once_room(tsr_context *context, const tsr_memo *memo, tsr_dtype default_float,
                        const tsr_array *x, const tsr_array *y) {
    int64_t bytes = at_once_bytes(context, (const known *)(const void *)memo, default_float, x, y);
    return bytes < 0 ? 0 : tsr_place_room(1, bytes);
}

tsr_array *tsr_apply_at_once(tsr_context *context, const tsr_memo *memo, tsr_dtype default_float,
                             const tsr_array *x, const tsr_array *y, void *place, size_t room) {
    const known *k = (const known *)(const void *)memo;
    const tsr_types *t = &k->types;
    int64_t bytes = at_once_bytes(context, k, default_float, x, y);
    if (bytes < 0 || tsr_place_room(1, bytes) != room || tsr_interrupted(context) != TSR_OK)
        return NULL;
    tsr_array *a = tsr_array_place(place, context, t->result, t->item, 1, NULL, x->size);
    const char *from[] = {tsr_data_of(x), tsr_data_of(y)};
    if (k->unary)
        ((tsr_kernel_convert *)(uintptr_t)t->kernel)(from[0], a->storage->data, (size_t)x->size);
    else
        ((tsr_kernel_binary *)(uintptr_t)t->kernel)(from[t->swapped], from[!t->swapped],
                                                    a->storage->data, (size_t)x->size);
    return a;
}

size_t tsr_apply_room(tsr_context *context, tsr_do operation, const tsr_array *const *operands,
                      const tsr_apply_options *options) {
    int arity = tsr_do_arity(operation);
    known *k = (known *)(void *)options->memo;
    const tsr_array *a = tsr_plain_operand(arity, operands, options->weak);
    tsr_error err;
    if (a == NULL || a->size > TSR_PLACE_MOST || !tsr_may_place(context) ||
        find_types(context, operation, arity, operands, options, k, &err) != TSR_OK ||
        k->types.copies || k->types.saturates)
        return 0;
    return tsr_place_room(a->ndim, a->size * k->types.item);
}

/* What quick.c does not do. */
static tsr_status apply_by_program(tsr_context *context, const tsr_types *t, int arity,
                                   const tsr_array *const *operands,
                                   const tsr_apply_options *options, tsr_array **result,
                                   tsr_error *err) {
    tsr_pass pass;
    tsr_program p;
    int registers[TSR_ARITY];
    start(&pass, &p, context, options, arity, operands, registers);
    int scale = options->alpha != NULL ? constant_of(&p, options->alpha) : -1;
    tsr_status status = tsr_pass_result(&pass, t->result, err);
    if (status == TSR_OK) {
        int value = tsr_types_emit(&p, t, arity, registers, scale);
        p.light = t->light && scale < 0;
        status = tsr_pass_run(&pass, &p, value, err);
    }
    return tsr_pass_finish(&pass, status, result, err);
}

tsr_status tsr_apply(tsr_context *context, tsr_do operation, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    int arity = tsr_do_arity(operation);
    known here = {0}, *k = options->memo != NULL ? (known *)(void *)options->memo : &here;
    tsr_status status = find_types(context, operation, arity, operands, options, k, err);
    if (status == TSR_OK && options->alpha != NULL)
        status = check_alpha(options->alpha, k->types.common, err);
    if (status == TSR_OK && operation == TSR_DO_POW && tsr_category(k->types.common) == 1)
        status = check_exponents(context, operands, options, err);
    if (status != TSR_OK ||
        tsr_quick_apply(context, &k->types, arity, operands, options, result, &status, err))
        return status;
    return apply_by_program(context, &k->types, arity, operands, options, result, err);
}

/* An operation of three operands by one kernel, of `first` for the first and `dtype` for the others
 * and the result. */
static tsr_status apply_three(tsr_context *context, tsr_kernel_ternary *kernel, tsr_dtype first,
                              tsr_dtype dtype, const tsr_array *const *operands,
                              const tsr_apply_options *options, tsr_array **result,
                              tsr_error *err) {
    tsr_apply_options plain = *options;
    plain.where = plain.alpha = NULL;
    tsr_types t = {.common = TSR_DTYPE_COUNT,
                   .in = {first, dtype, dtype},
                   .made = dtype,
                   .result = dtype,
                   .kernel = (const void *)(uintptr_t)kernel,
                   .item = tsr_dtype_describe(dtype)->itemsize,
                   .light = first == TSR_BOOL, /* a choice, and not limits */
                   .direct = true};
    tsr_status status;
    if (tsr_quick_apply(context, &t, 3, operands, &plain, result, &status, err))
        return status;
    tsr_pass pass;
    tsr_program p;
    int reg[3];
    start(&pass, &p, context, &plain, 3, operands, reg);
    status = tsr_pass_result(&pass, dtype, err);
    if (status == TSR_OK) {
        for (int i = 0; i < 3; i++)
            reg[i] = tsr_program_convert(&p, reg[i], t.in[i]);
        int value = tsr_program_apply3(&p, kernel, reg[0], reg[1], reg[2], dtype);
        p.light = t.light;
        status = tsr_pass_run(&pass, &p, value, err);
    }
    return tsr_pass_finish(&pass, status, result, err);
}

/* The result has the widest dtype of the arrays but the condition, or another, and lies elsewhere.
 */
size_t tsr_where_room(tsr_context *context, const tsr_array *const *operands,
                      const tsr_apply_options *options) {
    const tsr_array *a =
        tsr_may_place(context) ? tsr_plain_operand(3, operands, options->weak) : NULL;
    int64_t item = 1;
    for (int i = 0; i < 3; i++)
        if ((options->weak >> i & 1) == 0 && operands[i]->itemsize > item)
            item = operands[i]->itemsize;
    return a == NULL ? 0 : tsr_place_room(a->ndim, a->size * item);
}

tsr_status tsr_where(tsr_context *context, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    tsr_rules rules = {options->face, options->default_float, tsr_engine_kernels(context), false};
    tsr_operand kinds[2];
    for (int i = 0; i < 2; i++)
        kinds[i] = tsr_operand_of(operands[i + 1], (options->weak >> (i + 1) & 1) != 0);
    tsr_dtype dtype = tsr_common_dtype(&rules, 2, kinds);
    int row = tsr_item_row(tsr_dtype_describe(dtype)->itemsize);
    return apply_three(context, rules.kernels->choose[row], TSR_BOOL, dtype, operands, options,
                       result, err);
}

tsr_status tsr_limit(tsr_context *context, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    tsr_dtype dtype = (tsr_dtype)operands[0]->dtype;
    tsr_kernel_ternary *kernel = tsr_engine_kernels(context)->limit[dtype];
    if (kernel == NULL || tsr_category(dtype) == 0 || tsr_category(dtype) == 3)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "%t has no limits", (int)dtype);
    return apply_three(context, kernel, dtype, dtype, operands, options, result, err);
}
