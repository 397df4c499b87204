/* Elementwise operations one at a time: from operands of any dtype and layout to a program of the
 * loop engine.
 *
 *   dtypes      what the operands are converted to, and what the result is (elementwise_types.c)
 *   result      a new array in the memory order of the operands, or out=; an operand that shares
 *               bytes with out= in another order is cloned (pass.c)
 *   program     load and convert each operand, apply, convert to the result, choose by where=
 *
 * Small contiguous operands of one dtype, which scripts have most, take none of this: the kernel
 * runs over them at once. */
#include "elementwise.h"
#include "pass.h"

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
        tsr_array *signs = NULL, *any = NULL;
        tsr_status status = tsr_apply(context, TSR_DO_SIGNBIT, &operands[1], &plain, &signs, err);
        if (status == TSR_OK)
            status = tsr_truth(context, signs, false, -1, NULL, false, &any, err);
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
    if (status != TSR_OK)
        return status;
    tsr_pass pass;
    tsr_pass_start(&pass, context, options, arity, operands);
    if (options->alpha != NULL)
        tsr_pass_add(&pass, options->alpha);
    status = tsr_pass_result(&pass, t.result, err);
    if (status == TSR_OK) {
        tsr_program p;
        int registers[TSR_ARITY];
        tsr_program_start(&p, rules.kernels);
        for (int i = 0; i < arity; i++)
            registers[i] = tsr_program_load(&p, i + 1, (tsr_dtype)pass.operand[i]->dtype);
        int scale = options->alpha == NULL
                        ? -1
                        : tsr_program_load(&p, arity + 1, (tsr_dtype)options->alpha->dtype);
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
    tsr_pass_start(&pass, context, &plain, 3, operands);
    tsr_status status = tsr_pass_result(&pass, dtype, err);
    if (status == TSR_OK) {
        tsr_program p;
        int reg[3];
        tsr_program_start(&p, rules.kernels);
        for (int i = 0; i < 3; i++)
            reg[i] = tsr_program_load(&p, i + 1, (tsr_dtype)pass.operand[i]->dtype);
        int value = tsr_emit_choice(&p, reg[0], reg[1], reg[2], dtype);
        status = tsr_pass_run(&pass, &p, value, err);
    }
    return tsr_pass_finish(&pass, status, result);
}
