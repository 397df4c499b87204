/* The short way of an elementwise operation; see quick.c. */
#ifndef TSR_QUICK_H
#define TSR_QUICK_H

#include "elementwise.h"

/* Runs the operation if it is as simple as that, and tells so; *result is new then, or NULL with
 * *status told why. False when the way through the engine must be taken. */
bool tsr_quick_apply(tsr_context *context, const tsr_types *types, int arity,
                     const tsr_array *const *operands, const tsr_apply_options *options,
                     tsr_array **result, tsr_status *status, tsr_error *err);

#endif
