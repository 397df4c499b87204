/* Folding a program's value over some dimensions of a plan: sums, extremes, products. */
#ifndef TSR_FOLD_H
#define TSR_FOLD_H

#include "program.h"

/* A plan whose operand 0 holds the results: contiguous, aligned, of the folds' lanes' dtype, with
 * stride 0 in the dimensions that are folded. tsr_fold_arrange orders it, and tells whether the
 * innermost dimension is folded; so does the caller find out which dtype the program must make.
 *
 * Every result is the fold of a stream: the positions of the folded dimensions, in the order that
 * the operands agree in (tsr_plan_agree). Element i of a stream goes into lane i % TSR_FOLD_LANES
 * of leaf i / TSR_FOLD_LEAF, or, when a kept dimension is innermost, after its predecessors in
 * group i / TSR_FOLD_ROWS; leaves and groups are combined in a binary tree. The order of a sum
 * depends on nothing else: not on instruction sets, threads, the way the plan is cut, or on whether
 * the operand was computed before or is computed on the way.
 *
 * A sum along rows of float32 or float64 may also be that of the squares of what differs from the
 * mean (spread.h), in the same order; who wants it sets `spread` when it has been arranged. MAX and
 * MIN of bools along rows may be those of the truth of elements of dtype `from`, for which there
 * must be a kernel; who wants it sets `truth` and `from`. */
typedef struct tsr_folding {
    tsr_fold fold;
    tsr_dtype from, lanes; /* what the program makes, and what is folded */
    bool rows;             /* the innermost dimension is folded */
    bool truth;            /* the lanes are bools: what is folded is the truth of elements */
    bool spread;           /* what is wanted are squares of distances from the mean of the stream */
    int kept;              /* the first dimensions, which are not folded */
    tsr_plan plan;
} tsr_folding;

/* Arranges f->plan; f->fold is set. `dtype` is what there is to fold; fills in the rest. */
void tsr_fold_arrange(tsr_folding *f, const tsr_kernels *kernels, tsr_dtype dtype);
/* Runs a program that makes f->from. No stream is empty. TSR_EMEMORY, TSR_ECANCELLED,
 * TSR_EDEADLINE. */
tsr_status tsr_fold_run(tsr_context *context, const tsr_folding *f, const tsr_program *program,
                        tsr_error *err);

#endif
