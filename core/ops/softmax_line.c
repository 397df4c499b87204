/* One line of softmax; see softmax_line.h.
 *
 * Three passes: the largest element; the exponentials of what lies below it, and their sum; the
 * products with its reciprocal, half an ulp off the quotients, which would take as long as memory.
 * Each is over leaves, several to a task, and begins where the one before ended, since that is what
 * the caches have of a long line. The sum is that of the leaves' sums in their order, whoever made
 * them. */
#include "softmax_line.h"

#include "../base/executor.h"

enum { CHUNK = 512 }; /* elements that meet a number at once */
enum { LEAVES = 4 };  /* leaves of a task */

bool tsr_lines_go_on(tsr_lines *lines) {
    tsr_status status = tsr_interrupted(lines->context);
    if (status != TSR_OK)
        atomic_store_explicit(&lines->status, (int)status, memory_order_relaxed);
    return atomic_load_explicit(&lines->status, memory_order_relaxed) == TSR_OK;
}

void tsr_lines_fail(tsr_lines *lines, tsr_status status) {
    int none = TSR_OK;
    atomic_compare_exchange_strong(&lines->status, &none, (int)status);
}

/* to[i] = from[i] (op) the number that stands repeated in `block`, i < n. */
static void combine(tsr_lines *j, tsr_binary op, const char *from, const void *block, char *to,
                    int64_t n) {
    tsr_kernel_binary *run = j->kernels->binary[op][j->work];
    for (int64_t i = 0; i < n && tsr_lines_go_on(j); i += CHUNK)
        run(from + i * j->item, block, to + i * j->item, (size_t)(n - i < CHUNK ? n - i : CHUNK));
}

typedef struct line {
    tsr_lines *of;
    const char *from;
    char *to;
    char *values; /* of each leaf: its largest element, then the sum of its exponentials */
    char *number; /* what all elements meet, repeated */
    int64_t leaves, tasks;
} line;

static void repeat(line *l, const void *number) {
    const tsr_lines *j = l->of;
    int64_t most = j->length < CHUNK ? j->length : CHUNK;
    j->kernels->fill[tsr_item_row((size_t)j->item)](number, l->number, (size_t)most);
}

static void fold_leaf(const tsr_lines *j, tsr_fold fold, const char *x, int64_t n, void *result) {
    _Alignas(64) char lanes[TSR_FOLD_LANES * 8];
    _Alignas(16) char item[16];
    tsr_fold_identity(fold, j->work, item);
    j->kernels->fill[tsr_item_row((size_t)j->item)](item, lanes, TSR_FOLD_LANES);
    j->kernels->fold[fold][j->work](x, (size_t)n, lanes);
    j->kernels->fold_end[fold][j->work](lanes, result);
}

/* The values of all leaves, one after the other. */
static void fold_values(const line *l, tsr_fold fold, void *result) {
    const tsr_lines *j = l->of;
    tsr_kernel_binary *run =
        j->kernels->binary[fold == TSR_FOLD_SUM ? TSR_BIN_ADD : TSR_BIN_MAXIMUM][j->work];
    tsr_fold_identity(fold, j->work, result);
    for (int64_t i = 0; i < l->leaves; i++)
        run(result, l->values + i * j->item, result, 1);
}

static int64_t leaf_length(const line *l, int64_t leaf) {
    int64_t left = l->of->length - leaf * TSR_FOLD_LEAF;
    return left < TSR_FOLD_LEAF ? left : TSR_FOLD_LEAF;
}

static int64_t leaves_end(const line *l, int64_t task) {
    return (task + 1) * LEAVES < l->leaves ? (task + 1) * LEAVES : l->leaves;
}

static void find_largest(void *user, int64_t task) {
    line *l = user;
    tsr_lines *j = l->of;
    for (int64_t i = leaves_end(l, task); i-- > task * LEAVES && tsr_lines_go_on(j);)
        fold_leaf(j, TSR_FOLD_MAX, l->from + i * TSR_FOLD_LEAF * j->item, leaf_length(l, i),
                  l->values + i * j->item);
}

/* Each leaf is still in the first-level cache when its exponentials are summed up. */
static void take_powers(void *user, int64_t task) {
    line *l = user;
    tsr_lines *j = l->of;
    _Alignas(64) char leaf[TSR_FOLD_LEAF * 8];
    tsr_kernel_binary *subtract = j->kernels->binary[TSR_BIN_SUBTRACT][j->work];
    tsr_kernel_unary *exponential = j->kernels->unary[TSR_FN_EXP][j->work];
    for (int64_t i = task * LEAVES; i < leaves_end(l, task) && tsr_lines_go_on(j); i++) {
        int64_t at = i * TSR_FOLD_LEAF * j->item, n = leaf_length(l, i);
        const char *from = l->from + at;
        char *below = l->to + at, *powers = j->logarithm ? leaf : below;
        /* in chunks, so that memory brings the next one while this one is computed */
        for (int64_t c = 0; c < n; c += CHUNK) {
            int64_t m = n - c < CHUNK ? n - c : CHUNK, b = c * j->item;
            subtract(from + b, l->number, below + b, (size_t)m);
            exponential(below + b, powers + b, (size_t)m);
        }
        fold_leaf(j, TSR_FOLD_SUM, powers, n, l->values + i * j->item);
    }
}

static void take_shares(void *user, int64_t task) {
    line *l = user;
    tsr_lines *j = l->of;
    for (int64_t i = leaves_end(l, task); i-- > task * LEAVES && tsr_lines_go_on(j);) {
        char *at = l->to + i * TSR_FOLD_LEAF * j->item;
        combine(j, j->logarithm ? TSR_BIN_SUBTRACT : TSR_BIN_MULTIPLY, at, l->number, at,
                leaf_length(l, i));
    }
}

/* Whether to go on afterwards. */
static bool run_pass(line *l, bool back, void (*pass)(void *user, int64_t task)) {
    if (l->of->length > TSR_SOFTMAX_SHORT)
        tsr_parallel_walk(l->of->context, l->tasks, back, pass, l);
    else
        for (int64_t i = 0; i < l->tasks; i++)
            pass(l, back ? l->tasks - 1 - i : i);
    return tsr_lines_go_on(l->of);
}

static void run(line *l) {
    tsr_lines *j = l->of;
    _Alignas(16) char value[16];
    if (!run_pass(l, true, find_largest))
        return;
    fold_values(l, TSR_FOLD_MAX, value);
    repeat(l, value);
    if (!run_pass(l, false, take_powers))
        return;
    fold_values(l, TSR_FOLD_SUM, value);
    if (j->logarithm)
        j->kernels->unary[TSR_FN_LOG][j->work](value, value, 1);
    else
        j->kernels->simple[TSR_UN_RECIPROCAL][j->work](value, value, 1);
    repeat(l, value);
    run_pass(l, true, take_shares);
}

size_t tsr_softmax_room(const tsr_lines *lines) {
    return (size_t)((lines->length + TSR_FOLD_LEAF - 1) / TSR_FOLD_LEAF * lines->item);
}

void tsr_softmax_line(tsr_lines *lines, const char *from, char *to, char *room) {
    _Alignas(64) char number[CHUNK * 8];
    line l = {.of = lines, .from = from, .to = to, .values = room, .number = number};
    l.leaves = (lines->length + TSR_FOLD_LEAF - 1) / TSR_FOLD_LEAF;
    l.tasks = (l.leaves + LEAVES - 1) / LEAVES;
    run(&l);
}
