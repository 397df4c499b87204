/* The order in which operands are walked. */
#ifndef TSR_PLAN_H
#define TSR_PLAN_H

#include "../array/array.h"

enum { TSR_PLAN_OPERANDS = 5 };

/* Operand 0 is the result. All operands have the plan's shape; a broadcast dimension has stride 0.
 */
typedef struct tsr_plan {
    int ndim, operands;
    int64_t shape[TSR_MAX_DIMS];
    char *data[TSR_PLAN_OPERANDS];
    int64_t strides[TSR_PLAN_OPERANDS][TSR_MAX_DIMS];
} tsr_plan;

/* The two innermost dimensions of a plan at one place: n[0] rows of n[1] elements. */
typedef struct tsr_tile {
    int64_t n[2];
    char *data[TSR_PLAN_OPERANDS];
    int64_t strides[TSR_PLAN_OPERANDS][2];
} tsr_tile;

/* Starts a plan over the dimensions of `result`. */
void tsr_plan_start(tsr_plan *plan, const tsr_array *result);
/* Adds an operand, broadcast to the plan's shape; its shape must fit. */
void tsr_plan_add(tsr_plan *plan, const tsr_array *operand);
/* Reorders, mirrors and merges dimensions so that memory is walked in order. The set of positions
 * stays the same, their order does not. */
void tsr_plan_arrange(tsr_plan *plan);
/* Calls `body` for each place of the outer dimensions; never for an empty plan. */
void tsr_plan_run(const tsr_plan *plan, void (*body)(void *user, const tsr_tile *tile), void *user);

#endif
