/* Finding the extreme of each stream and where it is. */
#ifndef TSR_ARG_H
#define TSR_ARG_H

#include "fold.h"

/* As tsr_fold_run, of a folding by TSR_FOLD_MAX or TSR_FOLD_MIN over one dimension: operand 0 gets
 * the extremes, and `positions` (8 bytes where operand 0 has an element, from the same first
 * element on) the first position of each. NaN is the extreme where there is one. */
tsr_status tsr_arg_run(tsr_context *context, const tsr_folding *f, const tsr_program *program,
                       int64_t *positions, tsr_error *err);

#endif
