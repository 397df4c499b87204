/* Reducing the value of a program: what reductions of arrays (reduce.c) and of expressions
 * (expression.c) have in common. */
#ifndef TSR_REDUCE_H
#define TSR_REDUCE_H

#include "elementwise.h"

/* The operands that a program loads as operands 1 ... count of its plan, and what it makes. */
typedef struct tsr_reduced {
    int count;
    const tsr_array *const *operands;
    tsr_program *program;
    int value;       /* register */
    tsr_dtype dtype; /* that the value stands for: float16 where the program works in float32 */
    bool spreads; /* sums are divided by their number of elements less `correction`, not below 0, */
    double correction;
    bool root; /* and the square root taken */
    /* The sum is that of the squares of what differs from the mean, of float32 or float64. Where
     * that cannot be had in one pass: TSR_EUNSUPPORTED, without a message. */
    bool single;
} tsr_reduced;

/* Finishes the program and runs it. *result is a new array, or options->out retained. */
tsr_status tsr_reduce_program(tsr_context *context, tsr_reduction reduction,
                              const tsr_reduced *what, const tsr_reduce_options *options,
                              tsr_array **result, tsr_error *err);

/* The set of dimensions that a list names (count -1: all). TSR_EINDEX, TSR_EVALUE. */
tsr_status tsr_dims_mask(int ndim, int count, const int *dims, uint32_t *mask, tsr_error *err);

#endif
