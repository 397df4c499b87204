/* The short way of operations on small arrays: elementwise (quick.c) and reductions of all elements
 * (quick_reduce.c), and of simple operations on those that one thread is enough for. Each runs the
 * operation if it is as simple as that, and tells so; *result is new then, or out= retained, or
 * NULL with *status told why. False when the way through the engine must be taken, which also finds
 * out what is wrong. */
#ifndef TSR_QUICK_H
#define TSR_QUICK_H

#include "elementwise.h"

/* Elements of a small array, and bytes below which a result is one that loads and stores take the
 * time of: that much takes less time than half a cut into threads would be worth. */
enum { TSR_QUICK_ELEMENTS = 16384, TSR_QUICK_BYTES = 1 << 19 };

/* Whether an array is row-major, aligned, owned and readable. */
static inline bool tsr_is_plain(const tsr_array *a) {
    return a->plain || tsr_lies_plainly(a);
}

static inline bool tsr_is_small(const tsr_array *a) {
    return a->size <= TSR_QUICK_ELEMENTS && tsr_is_plain(a);
}

/* One of the operands that are arrays, when all of these are plain and of one shape; else NULL. */
const tsr_array *tsr_plain_operand(int arity, const tsr_array *const *operands, uint32_t weak);

bool tsr_quick_apply(tsr_context *context, const tsr_types *types, int arity,
                     const tsr_array *const *operands, const tsr_apply_options *options,
                     tsr_array **result, tsr_status *status, tsr_error *err);

/* The kernel of `types`, which takes the operands as they are, over all of plain arrays: in steps,
 * and in the direction whose turn it is, where they are more than the first-level cache has. */
void tsr_quick_run(const tsr_context *context, const tsr_types *types, int arity,
                   const tsr_array *const *operands, const tsr_array *result);

/* What a reduction folds: elements become `value`, then `work`, which is folded; what comes out
 * becomes `result`. */
typedef struct tsr_fold_types {
    tsr_fold fold;
    tsr_dtype value, work, result;
    bool mean;
} tsr_fold_types;

bool tsr_quick_reduce(tsr_context *context, const tsr_fold_types *types, const tsr_array *array,
                      const tsr_reduce_options *options, tsr_array **result, tsr_status *status,
                      tsr_error *err);
/* The variance or, with `root`, the deviation, of float32 or float64. */
bool tsr_quick_variance(tsr_context *context, const tsr_array *array, double correction, bool root,
                        const tsr_reduce_options *options, tsr_array **result, tsr_status *status,
                        tsr_error *err);
/* The first position of the extreme, from 0; `work` is the dtype to compare in. */
bool tsr_quick_position(tsr_context *context, bool smallest, const tsr_array *array, tsr_dtype work,
                        const tsr_reduce_options *options, tsr_array **result, tsr_status *status,
                        tsr_error *err);

#endif
