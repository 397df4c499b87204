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
