/* The order of a fold: which dimension is the innermost, and where the others stand. */
#include "fold.h"

/* A kept dimension is worth strips of results when they are at least so wide; a folded one is too
 * short for streams along it when they have fewer elements than this. */
enum { COLUMNS_LEAST = 16, SHORT_STREAM = 64 };

static bool is_folded(const tsr_plan *plan, int dim) {
    return plan->strides[0][dim] == 0;
}

/* The last dimension that is folded (or kept), -1 if there is none, and how many positions it and
 * its like before it have. */
static int last_of(const tsr_plan *plan, bool folded, int64_t *positions) {
    int dim = plan->ndim - 1;
    while (dim >= 0 && is_folded(plan, dim) != folded)
        dim--;
    *positions = 1;
    for (int d = dim; d >= 0 && is_folded(plan, d) == folded; d--)
        *positions *= plan->shape[d];
    return dim;
}

/* Which dimension is to be the innermost. Dimensions that could not be merged count as if they
 * were, so that the answer is the same for an operand that was computed before. */
static int innermost(const tsr_plan *plan) {
    int64_t width, length;
    int last = plan->ndim - 1;
    int kept = last_of(plan, false, &width), folded = last_of(plan, true, &length);
    if (folded < 0 || kept < 0)
        return last;
    bool wide = width >= COLUMNS_LEAST;
    if (last == folded)
        return length < SHORT_STREAM && wide ? kept : folded;
    return wide ? kept : folded;
}

void tsr_fold_arrange(tsr_folding *f, const tsr_kernels *kernels, tsr_dtype dtype) {
    tsr_plan *plan = &f->plan;
    int dims[TSR_MAX_DIMS];
    tsr_plan_agree(plan, dims);
    tsr_plan_reorder(plan, dims);
    int inner = plan->ndim > 0 ? innermost(plan) : 0;
    f->rows = plan->ndim == 0 || is_folded(plan, inner);
    if (plan->ndim > 0)
        tsr_plan_move_dim(plan, inner, plan->ndim - 1);
    /* kept dimensions outside, in their order, but for one that is innermost */
    f->kept = 0;
    for (int i = 0; i < plan->ndim - (f->rows ? 0 : 1); i++)
        if (!is_folded(plan, i))
            tsr_plan_move_dim(plan, i, f->kept++);
    f->lanes = (tsr_dtype)kernels->fold_to[f->fold][dtype];
    f->from = f->rows ? dtype : f->lanes;
}
