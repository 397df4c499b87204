/* The order in which operands are walked. */
#ifndef TSR_PLAN_H
#define TSR_PLAN_H

#include "../array/array.h"

enum { TSR_PLAN_OPERANDS = 12 };

/* Operand 0 is the result. All operands have the plan's shape; a broadcast dimension has stride 0.
 */
typedef struct tsr_plan {
    int ndim, operands;
    int64_t shape[TSR_MAX_DIMS];
    unsigned swapped; /* operands in the other byte order, a bit each */
    char *data[TSR_PLAN_OPERANDS];
    int64_t strides[TSR_PLAN_OPERANDS][TSR_MAX_DIMS];
} tsr_plan;

/* The two innermost dimensions of a plan at one place: n[0] rows of n[1] elements. */
typedef struct tsr_tile {
    int64_t n[2];
    unsigned swapped;
    char *data[TSR_PLAN_OPERANDS];
    int64_t strides[TSR_PLAN_OPERANDS][2];
} tsr_tile;

/* The tile of dimensions `row` (-1: of one row) and the last, at the plan's first place. */
void tsr_tile_start(tsr_tile *tile, const tsr_plan *plan, int row);
/* Moves a tile to place `index` of dimensions [from, to), counted with the last one fastest. */
static inline void tsr_tile_move(tsr_tile *tile, const tsr_plan *plan, int from, int to,
                                 int64_t index) {
    for (int d = to; d-- > from; index /= plan->shape[d])
        for (int k = 0; k < plan->operands; k++)
            tile->data[k] += index % plan->shape[d] * plan->strides[k][d];
}

/* Starts a plan over a shape. Operand 0 is still to come, from tsr_plan_result or by hand. */
void tsr_plan_start(tsr_plan *plan, int ndim, const int64_t *shape);
/* Operand 0, which has the plan's shape. */
void tsr_plan_result(tsr_plan *plan, const tsr_array *result);
/* Adds an operand, broadcast to the plan's shape; its shape must fit. */
void tsr_plan_add(tsr_plan *plan, const tsr_array *operand);
/* Adds an operand that is the same item everywhere. */
void tsr_plan_add_item(tsr_plan *plan, void *item);
/* The order of dimensions that the operands but the result agree in, outermost first, and that of
 * their numbers where they do not: what NumPy and PyTorch give a new result in memory. */
void tsr_plan_agree(const tsr_plan *plan, int *dims);
/* Reorders, mirrors and merges dimensions so that memory is walked in order. The set of positions
 * stays the same, their order does not. */
void tsr_plan_arrange(tsr_plan *plan);
/* Walks dimensions [0, dims) the other way. */
void tsr_plan_mirror(tsr_plan *plan, int dims);
/* Drops dimensions of size 1 and puts the others into the order of `dims`, without changing in
 * which direction they are walked; then merges. */
void tsr_plan_reorder(tsr_plan *plan, const int *dims);
/* Places of dimensions [from, to). */
int64_t tsr_plan_places(const tsr_plan *plan, int from, int to);
/* Moves dimension `from` to place `to`. */
void tsr_plan_move_dim(tsr_plan *plan, int from, int to);
/* Calls `body` for each place of the outer dimensions, until it returns false; never for an empty
 * plan. */
void tsr_plan_run(const tsr_plan *plan, bool (*body)(void *user, const tsr_tile *tile), void *user);
/* Cuts an arranged plan into `parts` pieces along one dimension (-1: the best), in multiples of
 * `grain` elements where that is the inner one, and gives piece `index`; false when there are
 * fewer.
 */
bool tsr_plan_piece(const tsr_plan *plan, int dim, int64_t index, int64_t parts, int64_t grain,
                    tsr_plan *piece);

#endif
