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

/* Integers have no negative powers: on torch for numbers, on np for all exponents that are used. */
static tsr_status check_exponents(tsr_context *context, const tsr_array *const *operands,
                                  const tsr_operand *kinds, const tsr_apply_options *options,
                                  tsr_error *err) {
    bool negative = false;
    if (tsr_dtype_describe((tsr_dtype)kinds[1].dtype)->kind != 'i')
        return TSR_OK;
    if (options->face == TSR_FACE_TORCH) {
        negative = kinds[1].weak && (kinds[1].fits >> TSR_UINT64 & 1) == 0;
    } else if (tsr_array_size(operands[0]) > 0) {
        tsr_apply_options plain = *options;
        plain.weak = 0;
        plain.out = NULL;
        tsr_reduce_options all = {.face = options->face, .dtype = TSR_DTYPE_COUNT, .count = -1};
        tsr_array *signs = NULL, *any = NULL;
        tsr_status status = tsr_apply(context, TSR_DO_SIGNBIT, &operands[1], &plain, &signs, err);
        if (status == TSR_OK)
            status = tsr_reduce(context, TSR_REDUCE_ANY, signs, &all, &any, err);
        if (status == TSR_OK)
            negative = *(const bool *)tsr_data_of(any);
        tsr_array_release(any);
        tsr_array_release(signs);
        if (status != TSR_OK)
            return status;
    }
    if (negative)
        return tsr_error_set(err, TSR_EVALUE,
                             "integers to negative integer powers are not allowed");
    return TSR_OK;
}

static int constant_of(tsr_program *p, const tsr_array *number) {
    tsr_dtype dtype = (tsr_dtype)number->dtype;
    tsr_scalar value = tsr_scalar_load(dtype, tsr_data_of(number));
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

tsr_status tsr_apply(tsr_context *context, tsr_do operation, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    tsr_rules rules = {options->face, options->default_float, tsr_engine_kernels(context)};
    int arity = tsr_do_arity(operation);
    tsr_operand kinds[TSR_ARITY];
    for (int i = 0; i < arity; i++)
        kinds[i] = tsr_operand_of(operands[i], (options->weak >> i & 1) != 0);
    tsr_types t;
    tsr_status status = tsr_types_find(operation, &rules, kinds, &t, err);
    if (status == TSR_OK && options->alpha != NULL)
        status = check_alpha(options->alpha, t.common, err);
    if (status == TSR_OK && operation == TSR_DO_POW && tsr_category(t.common) == 1)
        status = check_exponents(context, operands, kinds, options, err);
    if (status != TSR_OK ||
        tsr_quick_apply(context, &t, arity, operands, options, result, &status, err))
        return status;
    tsr_pass pass;
    tsr_program p;
    int registers[TSR_ARITY];
    start(&pass, &p, context, options, arity, operands, registers);
    int scale = options->alpha != NULL ? constant_of(&p, options->alpha) : -1;
    status = tsr_pass_result(&pass, t.result, err);
    if (status == TSR_OK) {
        int value = tsr_types_emit(&p, &t, arity, registers, scale);
        status = tsr_pass_run(&pass, &p, value, err);
    }
    return tsr_pass_finish(&pass, status, result);
}

tsr_status tsr_where(tsr_context *context, const tsr_array *const *operands,
                     const tsr_apply_options *options, tsr_array **result, tsr_error *err) {
    *result = NULL;
    tsr_rules rules = {options->face, options->default_float, tsr_engine_kernels(context)};
    tsr_operand kinds[2];
    for (int i = 0; i < 2; i++)
        kinds[i] = tsr_operand_of(operands[i + 1], (options->weak >> (i + 1) & 1) != 0);
    tsr_dtype dtype = tsr_common_dtype(&rules, 2, kinds);
    tsr_apply_options plain = *options;
    plain.where = plain.alpha = NULL;
    tsr_pass pass;
    tsr_program p;
    int reg[3];
    start(&pass, &p, context, &plain, 3, operands, reg);
    tsr_status status = tsr_pass_result(&pass, dtype, err);
    if (status == TSR_OK) {
        int value = tsr_emit_choice(&p, reg[0], reg[1], reg[2], dtype);
        status = tsr_pass_run(&pass, &p, value, err);
    }
    return tsr_pass_finish(&pass, status, result);
}
