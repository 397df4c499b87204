/* Plans: from arrays of any layout to few, long, well-ordered inner loops.
 *
 *   1. Dimensions of size 1 are dropped; one of size 0 makes the plan empty.
 *   2. Dimensions that the result walks backwards are mirrored for all operands, so that writing
 * goes upwards in memory.
 *   3. Dimensions are sorted by the result's stride, largest outermost; a tie is decided by the
 * next operand.
 *   4. Neighbours that all operands see as one dimension are merged.
 *   5. When another operand's fastest dimension is not the last (a transpose), it is brought next
 * to the last, so that the two inner dimensions of a tile hold both fast directions and a body can
 *      work through them in blocks.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

void tsr_plan_start(tsr_plan *plan, int ndim, const int64_t *shape) {
    plan->ndim = ndim;
    plan->operands = 1;
    plan->swapped = 0;
    tsr_dims_copy(plan->shape, shape, ndim);
}

void tsr_plan_result(tsr_plan *plan, const tsr_array *result) {
    plan->data[0] = tsr_data_of(result);
    plan->swapped |= result->swapped;
    tsr_dims_copy(plan->strides[0], tsr_strides_of(result), plan->ndim);
}

void tsr_plan_add(tsr_plan *plan, const tsr_array *operand) {
    int k = plan->operands++, lead = plan->ndim - operand->ndim;
    plan->data[k] = tsr_data_of(operand);
    plan->swapped |= (unsigned)operand->swapped << k;
    for (int i = 0; i < plan->ndim; i++) {
        bool repeats = i < lead || (tsr_shape_of(operand)[i - lead] == 1 && plan->shape[i] != 1);
        plan->strides[k][i] = repeats ? 0 : tsr_strides_of(operand)[i - lead];
    }
}

void tsr_plan_add_item(tsr_plan *plan, void *item) {
    int k = plan->operands++;
    plan->data[k] = item;
    for (int i = 0; i < plan->ndim; i++)
        plan->strides[k][i] = 0;
}

/* Whether dimension x belongs outside of y, of which it was inside: 1 yes, -1 no, 0 when no operand
 * steps in both. */
static int goes_outside(const tsr_plan *plan, int x, int y) {
    int answer = 0;
    for (int k = 1; k < plan->operands; k++) {
        int64_t sx = llabs(plan->strides[k][x]), sy = llabs(plan->strides[k][y]);
        if (sx == 0 || sy == 0 || plan->shape[x] == 1 || plan->shape[y] == 1)
            continue;
        if (sx <= sy)
            return -1;
        answer = 1;
    }
    return answer;
}

/* An insertion sort that starts inside, as NumPy's and PyTorch's iterators do. */
void tsr_plan_agree(const tsr_plan *plan, int *dims) {
    int n = plan->ndim;
    for (int i = 0; i < n; i++)
        dims[i] = i;
    for (int i = n - 2; i >= 0; i--) {
        int to = i, answer = 0;
        for (int j = i + 1; j < n && answer >= 0; j++) {
            answer = goes_outside(plan, dims[j], dims[i]);
            to = answer > 0 ? j : to;
        }
        int dim = dims[i];
        memmove(dims + i, dims + i + 1, (size_t)(to - i) * sizeof *dims);
        dims[to] = dim;
    }
}

void tsr_plan_move_dim(tsr_plan *plan, int from, int to) {
    int step = from < to ? 1 : -1;
    int64_t size = plan->shape[from];
    for (int i = from; i != to; i += step)
        plan->shape[i] = plan->shape[i + step];
    plan->shape[to] = size;
    for (int k = 0; k < plan->operands; k++) {
        int64_t *strides = plan->strides[k], stride = strides[from];
        for (int i = from; i != to; i += step)
            strides[i] = strides[i + step];
        strides[to] = stride;
    }
}

/* Whether dimension i should be further out than dimension j. */
static bool is_outer(const tsr_plan *plan, int i, int j) {
    for (int k = 0; k < plan->operands; k++) {
        int64_t x = llabs(plan->strides[k][i]), y = llabs(plan->strides[k][j]);
        if (x != y)
            return x > y;
    }
    return false;
}

static bool is_mergeable(const tsr_plan *plan, int outer, int inner) {
    for (int k = 0; k < plan->operands; k++)
        if (plan->strides[k][outer] != plan->strides[k][inner] * plan->shape[inner])
            return false;
    return true;
}

static void drop_and_mirror(tsr_plan *plan) {
    int n = 0;
    for (int i = 0; i < plan->ndim; i++) {
        int64_t size = plan->shape[i];
        if (size == 1)
            continue;
        bool mirror = plan->strides[0][i] < 0;
        plan->shape[n] = size;
        for (int k = 0; k < plan->operands; k++) {
            int64_t stride = plan->strides[k][i];
            if (mirror)
                plan->data[k] += (size - 1) * stride;
            plan->strides[k][n] = mirror ? -stride : stride;
        }
        n++;
    }
    plan->ndim = n;
}

static void merge(tsr_plan *plan) {
    int n = 0; /* dimensions [0, n) are done; n is the current outer one */
    for (int i = 1; i < plan->ndim; i++) {
        bool merged = is_mergeable(plan, n, i);
        if (!merged)
            n++;
        plan->shape[n] = merged ? plan->shape[n] * plan->shape[i] : plan->shape[i];
        for (int k = 0; k < plan->operands; k++)
            plan->strides[k][n] = plan->strides[k][i];
    }
    plan->ndim = plan->ndim > 0 ? n + 1 : 0;
}

static int fastest_dim(const tsr_plan *plan, int operand) {
    int best = plan->ndim - 1;
    const int64_t *strides = plan->strides[operand];
    for (int i = plan->ndim - 1; i >= 0; i--)
        if (strides[i] != 0 && (strides[best] == 0 || llabs(strides[i]) < llabs(strides[best])))
            best = i;
    return best;
}

void tsr_plan_arrange(tsr_plan *plan) {
    for (int i = 0; i < plan->ndim; i++)
        if (plan->shape[i] == 0) {
            plan->ndim = 1;
            plan->shape[0] = 0;
            return;
        }
    drop_and_mirror(plan);
    for (int i = 1; i < plan->ndim; i++) {
        int to = i;
        while (to > 0 && is_outer(plan, i, to - 1))
            to--;
        if (to != i)
            tsr_plan_move_dim(plan, i, to);
    }
    merge(plan);
    for (int k = 1; k < plan->operands && plan->ndim > 2; k++) {
        int fast = fastest_dim(plan, k);
        if (fast != plan->ndim - 1) {
            tsr_plan_move_dim(plan, fast, plan->ndim - 2);
            break;
        }
    }
}

void tsr_plan_mirror(tsr_plan *plan, int dims) {
    for (int k = 0; k < plan->operands; k++)
        for (int d = 0; d < dims; d++) {
            plan->data[k] += (plan->shape[d] - 1) * plan->strides[k][d];
            plan->strides[k][d] = -plan->strides[k][d];
        }
}

void tsr_plan_reorder(tsr_plan *plan, const int *dims) {
    tsr_plan from = *plan;
    int n = 0;
    for (int i = 0; i < from.ndim; i++) {
        if (from.shape[dims[i]] == 1)
            continue;
        plan->shape[n] = from.shape[dims[i]];
        for (int k = 0; k < from.operands; k++)
            plan->strides[k][n] = from.strides[k][dims[i]];
        n++;
    }
    plan->ndim = n;
    merge(plan);
}

int64_t tsr_plan_places(const tsr_plan *plan, int from, int to) {
    int64_t places = 1;
    for (int d = from; d < to; d++)
        places *= plan->shape[d];
    return places;
}

void tsr_tile_start(tsr_tile *tile, const tsr_plan *plan, int row) {
    int last = plan->ndim - 1;
    tile->n[0] = row >= 0 ? plan->shape[row] : 1;
    tile->n[1] = last >= 0 ? plan->shape[last] : 1;
    tile->swapped = plan->swapped;
    for (int k = 0; k < plan->operands; k++) {
        tile->data[k] = plan->data[k];
        tile->strides[k][0] = row >= 0 ? plan->strides[k][row] : 0;
        tile->strides[k][1] = last >= 0 ? plan->strides[k][last] : 0;
    }
}

void tsr_plan_run(const tsr_plan *plan, bool (*body)(void *user, const tsr_tile *tile),
                  void *user) {
    int outer = plan->ndim > 2 ? plan->ndim - 2 : 0;
    tsr_tile tile;
    tsr_tile_start(&tile, plan, plan->ndim - 2);
    if (tile.n[1] == 0)
        return;
    int64_t at[TSR_MAX_DIMS] = {0};
    while (body(user, &tile)) {
        int i = outer - 1;
        for (; i >= 0; i--) {
            bool carry = ++at[i] == plan->shape[i];
            for (int k = 0; k < plan->operands; k++)
                tile.data[k] +=
                    carry ? -plan->strides[k][i] * (plan->shape[i] - 1) : plan->strides[k][i];
            if (!carry)
                break;
            at[i] = 0;
        }
        if (i < 0)
            return;
    }
}

/* The outermost dimension that is long enough, else the longest. */
static int best_to_cut(const tsr_plan *plan, int64_t parts) {
    int dim = 0;
    for (int i = 0; i < plan->ndim && plan->shape[dim] < parts; i++)
        if (plan->shape[i] > plan->shape[dim])
            dim = i;
    return dim;
}

bool tsr_plan_piece(const tsr_plan *plan, int dim, int64_t index, int64_t parts, int64_t grain,
                    tsr_plan *piece) {
    dim = dim < 0 ? best_to_cut(plan, parts) : dim;
    *piece = *plan;
    if (plan->ndim == 0)
        return index == 0;
    bool inner = dim == plan->ndim - 1;
    int64_t size = plan->shape[dim], unit = inner ? grain : 1;
    int64_t each = ((size + parts - 1) / parts + unit - 1) / unit * unit;
    if (index * each >= size)
        return false;
    piece->shape[dim] = size - index * each < each ? size - index * each : each;
    for (int k = 0; k < plan->operands; k++)
        piece->data[k] += index * each * plan->strides[k][dim];
    return true;
}
