/* One pass of a program over arrays: the result in its memory order or out=, overlap, where=,
 * storages entered and left. What the operations of this folder have in common.
 *
 *     tsr_pass_start(&pass, context, options, count, operands);
 *     status = tsr_pass_result(&pass, dtype, err);
 *     if (status == TSR_OK) {
 *         ... a program that loads operand i of the plan for operands[i - 1] ...
 *         status = tsr_pass_run(&pass, &program, value, err);
 *     }
 *     return tsr_pass_finish(&pass, status, result, err);
 */
#ifndef TSR_PASS_H
#define TSR_PASS_H

#include "../array/array.h"
#include "../loop/program.h"

enum { TSR_PASS_OPERANDS = TSR_PLAN_OPERANDS - 1 };

typedef struct tsr_pass {
    tsr_context *context;
    const tsr_apply_options *options;
    int count; /* operands; `where` stands behind them */
    int owned; /* of the operands, those that are ours to release: clones, a bit each */
    const tsr_array *operand[TSR_PASS_OPERANDS];
    tsr_array *result;
    tsr_plan plan;
} tsr_pass;

/* `options` and `operands` are borrowed until the pass is finished. */
void tsr_pass_start(tsr_pass *pass, tsr_context *context, const tsr_apply_options *options,
                    int count, const tsr_array *const *operands);
/* One operand more. */
void tsr_pass_add(tsr_pass *pass, const tsr_array *operand);
/* The array to write to, of `dtype` or out=, and the plan; clones operands that would be read after
 * they were overwritten. TSR_ESHAPE, TSR_EDTYPE, TSR_EREADONLY, TSR_EREVOKED, TSR_EMEMORY. */
tsr_status tsr_pass_result(tsr_pass *pass, tsr_dtype dtype, tsr_error *err);
/* Finishes the program with the value register `value` and runs it. */
tsr_status tsr_pass_run(tsr_pass *pass, tsr_program *program, int value, tsr_error *err);
/* Lets go of everything but the result, which goes to *result when `status` is TSR_OK, and to an
 * out= in the other byte order. */
tsr_status tsr_pass_finish(tsr_pass *pass, tsr_status status, tsr_array **result, tsr_error *err);

/* Enters `count` arrays to read them; on failure those entered before are left again. */
tsr_status tsr_enter_all(const tsr_array *const *arrays, int count, tsr_error *err);
void tsr_leave_all(const tsr_array *const *arrays, int count);
/* TSR_EDTYPE when a result of `dtype` does not go into one of `to`. */
tsr_status tsr_check_out(tsr_face face, tsr_dtype dtype, tsr_dtype to, tsr_error *err);

#endif
