/* softmax and log_softmax along one dimension.
 *
 * A line that is not contiguous, or of another dtype, is brought into a buffer of the thread's own
 * (several lines at once where memory runs across them, so that they are transposed), and all that
 * is done to it happens there: its maximum, the exponentials of what lies below it, their sum, the
 * quotient. The maximum is taken away first,
 * so that nothing overflows; a line of -inf, or with +inf or NaN, is NaN, as the formula says.
 * 16-bit floating elements are computed in float32 and rounded once. Lines may be long: all that is
 * done to one is done in sections, between which it may be told to stop. */
#include "elementwise.h"
#include "pass.h"

#include "../base/context.h"
#include "../base/executor.h"
#include "../loop/engine.h"

#include <stdatomic.h>
#include <string.h>

enum { ROOM = 1 << 17, LINES_MOST = 32, CHUNK = 512, SECTION = 1 << 16, BATCH_ELEMENTS = 65536 };

typedef struct job {
    tsr_context *context;
    const tsr_kernels *kernels;
    bool logarithm;
    tsr_dtype work;
    int64_t item;         /* bytes of an element of work */
    const tsr_plan *plan; /* 0 the result, 1 the operand; the last dimension is the line's */
    tsr_path in, out;     /* the dtypes of operand and result from and to work */
    int64_t items[2];     /* bytes of an element of result and operand */
    int64_t length, lines, group, batch;
    _Atomic int status;
} job;

/* Whether to go on; what was begun is left as it is otherwise. */
static bool goes_on(job *j) {
    tsr_status status = tsr_interrupted(j->context);
    if (status != TSR_OK)
        atomic_store_explicit(&j->status, (int)status, memory_order_relaxed);
    return atomic_load_explicit(&j->status, memory_order_relaxed) == TSR_OK;
}

/* to[i] = from[i] (op) the number that stands repeated in `block`, i < n. */
static void combine(job *j, tsr_binary op, const char *from, const void *block, char *to,
                    int64_t n) {
    tsr_kernel_binary *run = j->kernels->binary[op][j->work];
    for (int64_t i = 0; i < n && goes_on(j); i += CHUNK)
        run(from + i * j->item, block, to + i * j->item, (size_t)(n - i < CHUNK ? n - i : CHUNK));
}

static void repeat(job *j, const void *number, void *block) {
    int64_t most = j->length < CHUNK ? j->length : CHUNK;
    j->kernels->fill[tsr_item_row((size_t)j->item)](number, block, (size_t)most);
}

/* Folds at most a leaf into the result. */
static void fold_leaf(job *j, tsr_fold fold, const char *x, int64_t n, void *result) {
    _Alignas(64) char lanes[TSR_FOLD_LANES * 8];
    _Alignas(16) char item[16], leaf[16];
    tsr_fold_identity(fold, j->work, item);
    j->kernels->fill[tsr_item_row((size_t)j->item)](item, lanes, TSR_FOLD_LANES);
    j->kernels->fold[fold][j->work](x, (size_t)n, lanes);
    j->kernels->fold_end[fold][j->work](lanes, leaf);
    j->kernels->binary[fold == TSR_FOLD_SUM ? TSR_BIN_ADD : TSR_BIN_MAXIMUM][j->work](result, leaf,
                                                                                      result, 1);
}

static int64_t leaf_at(const job *j, int64_t i) {
    return j->length - i < TSR_FOLD_LEAF ? j->length - i : TSR_FOLD_LEAF;
}

/* A line of the dtype `work`; it may become its own result. Each leaf is still in the first-level
 * cache when its exponentials are summed up. */
static void softmax_line(job *j, const char *from, char *to) {
    _Alignas(64) char block[CHUNK * 8], leaf[TSR_FOLD_LEAF * 8];
    _Alignas(16) char largest[16], total[16];
    tsr_kernel_unary *exponential = j->kernels->unary[TSR_FN_EXP][j->work];
    tsr_fold_identity(TSR_FOLD_MAX, j->work, largest);
    tsr_fold_identity(TSR_FOLD_SUM, j->work, total);
    for (int64_t i = 0; i < j->length && goes_on(j); i += TSR_FOLD_LEAF)
        fold_leaf(j, TSR_FOLD_MAX, from + i * j->item, leaf_at(j, i), largest);
    repeat(j, largest, block);
    for (int64_t i = 0; i < j->length && goes_on(j); i += TSR_FOLD_LEAF) {
        char *below = to + i * j->item, *powers = j->logarithm ? leaf : below;
        int64_t n = leaf_at(j, i);
        combine(j, TSR_BIN_SUBTRACT, from + i * j->item, block, below, n);
        exponential(below, powers, (size_t)n);
        fold_leaf(j, TSR_FOLD_SUM, powers, n, total);
    }
    if (j->logarithm)
        j->kernels->unary[TSR_FN_LOG][j->work](total, total, 1);
    repeat(j, total, block);
    combine(j, j->logarithm ? TSR_BIN_SUBTRACT : TSR_BIN_DIVIDE, to, block, to, j->length);
}

/* ---- moving lines ---- */

/* n elements along a path from one buffer to another, by way of a third. */
static void convert(job *j, const tsr_path *path, const char *from, int64_t from_item, char *to,
                    int64_t to_item, int64_t n) {
    _Alignas(64) char room[2][CHUNK * 16];
    for (int64_t at = 0; at < n && goes_on(j); at += CHUNK) {
        size_t m = (size_t)(n - at < CHUNK ? n - at : CHUNK);
        const void *value = from + at * from_item;
        for (int i = 0; i < path->count; i++) {
            void *next = i == path->count - 1 ? (void *)(to + at * to_item) : room[i & 1];
            path->steps[i](value, next, m);
            value = next;
        }
    }
}

/* The first element of a line of operand k. */
static char *line_at(const job *j, int k, int64_t line) {
    const tsr_plan *plan = j->plan;
    char *at = plan->data[k];
    for (int d = plan->ndim - 1; d-- > 0; line /= plan->shape[d])
        at += line % plan->shape[d] * plan->strides[k][d];
    return at;
}

/* Brings `lines` lines from `line` on into x, or (back) from x to the result. They differ in the
 * last dimension but one alone. */
static void carry(job *j, int k, bool back, int64_t line, int64_t lines, char *x, char *spare) {
    const tsr_plan *plan = j->plan;
    int last = plan->ndim - 1;
    int64_t item = j->items[k], s1 = plan->strides[k][last], n = j->length;
    int64_t s0 = last > 0 ? plan->strides[k][last - 1] : 0;
    const tsr_path *path = back ? &j->out : &j->in;
    char *memory = line_at(j, k, line), *packed = path->count > 0 ? spare : x;
    int row = tsr_item_row((size_t)item);
    bool across = lines > 1 && s0 == item && s1 != item;
    if (back && path->count > 0)
        convert(j, path, x, j->item, spare, item, n * lines);
    for (int64_t i = 0; i < n && goes_on(j); i += SECTION) {
        char *there = memory + i * s1, *here = packed + i * item;
        int64_t m = n - i < SECTION ? n - i : SECTION;
        if (across && !back)
            j->kernels->transpose[row](there, s1, here, n * item, m, lines, false);
        else if (across)
            j->kernels->transpose[row](here, n * item, there, s1, lines, m, false);
        else if (back)
            j->kernels->move[row](here, n * item, item, there, s0, s1, lines, m);
        else
            j->kernels->move[row](there, s0, s1, here, n * item, item, lines, m);
    }
    if (!back && path->count > 0)
        convert(j, path, spare, item, x, j->item, n * lines);
}

static int64_t room_of(const job *j) {
    return j->group * j->length * 16;
}

/* Whether lines are where they can be worked on, so that none is carried anywhere. */
static bool lies_ready(const job *j) {
    const tsr_plan *plan = j->plan;
    int last = plan->ndim - 1;
    uintptr_t bits = 0;
    for (int k = 0; k < 2; k++) {
        bits |= (uintptr_t)plan->data[k];
        for (int d = 0; d < last; d++)
            bits |= (uintptr_t)plan->strides[k][d];
    }
    return j->in.count == 0 && j->out.count == 0 && bits % (uintptr_t)j->item == 0 &&
           (j->length == 1 ||
            (plan->strides[0][last] == j->item && plan->strides[1][last] == j->item));
}

/* Lines [from, to), through a buffer. */
static void carry_lines(job *j, int64_t from, int64_t to, char *room) {
    const tsr_plan *plan = j->plan;
    int64_t row = plan->ndim > 1 ? plan->shape[plan->ndim - 2] : 1;
    char *spare = room + j->group * j->length * 8;
    for (int64_t line = from, n; line < to; line += n) {
        n = to - line < j->group ? to - line : j->group;
        if (row - line % row < n)
            n = row - line % row;
        carry(j, 1, false, line, n, room, spare);
        for (int64_t i = 0; i < n; i++)
            softmax_line(j, room + i * j->length * j->item, room + i * j->length * j->item);
        carry(j, 0, true, line, n, room, spare);
    }
}

static void run_task(void *user, int64_t index) {
    job *j = user;
    int64_t from = index * j->batch, to = from + j->batch < j->lines ? from + j->batch : j->lines;
    bool ready = lies_ready(j);
    char *room = NULL;
    if (goes_on(j) && !ready)
        room = tsr_block_new(j->context, (size_t)room_of(j), false, NULL);
    if (room == NULL && !ready) {
        int none = TSR_OK; /* unless there is another reason already */
        atomic_compare_exchange_strong(&j->status, &none, (int)TSR_EMEMORY);
        return;
    }
    if (tsr_estimating(j->context))
        to = from;
    if (!ready)
        carry_lines(j, from, to, room);
    for (int64_t line = from; ready && line < to && goes_on(j); line++)
        softmax_line(j, line_at(j, 1, line), line_at(j, 0, line));
    if (!ready)
        tsr_block_free(j->context, room, (size_t)room_of(j));
}

static tsr_status run(job *j, const tsr_array *a, const tsr_array *result, tsr_error *err) {
    const tsr_plan *plan = j->plan;
    int last = plan->ndim - 1;
    j->in = tsr_path_find(j->kernels, (tsr_dtype)a->dtype, j->work);
    j->out = tsr_path_find(j->kernels, j->work, (tsr_dtype)result->dtype);
    j->item = tsr_dtype_describe(j->work)->itemsize;
    j->items[0] = result->itemsize;
    j->items[1] = a->itemsize;
    j->length = plan->shape[last];
    j->lines = result->size / j->length;
    bool across = last > 0 && plan->strides[1][last - 1] == a->itemsize;
    j->group = ROOM / 16 / j->length;
    j->group = !across || j->group < 1 ? 1 : j->group < LINES_MOST ? j->group : LINES_MOST;
    if (across && j->group < 8)
        j->group = 8; /* at the price of the second-level cache */
    j->batch = j->length < BATCH_ELEMENTS ? BATCH_ELEMENTS / j->length : 1;
    j->batch = j->batch < j->group ? j->group : j->batch;
    tsr_parallel_for(j->context, (j->lines + j->batch - 1) / j->batch, run_task, j);
    tsr_status status = (tsr_status)atomic_load_explicit(&j->status, memory_order_relaxed);
    if (status == TSR_EMEMORY)
        return tsr_error_set(err, status, "no memory for %u bytes", (size_t)room_of(j));
    return status == TSR_OK ? TSR_OK : tsr_interruption(status, err);
}

tsr_status tsr_softmax(tsr_context *context, bool logarithm, const tsr_array *array, int dim,
                       tsr_dtype dtype, tsr_array *out, tsr_array **result, tsr_error *err) {
    *result = NULL;
    tsr_dtype had = (tsr_dtype)array->dtype;
    if (tsr_category(dtype) != 2 || tsr_category(had) == 3)
        return tsr_error_set(err, TSR_EDTYPE, "does not take %t operands",
                             (int)(tsr_category(had) == 3 ? had : dtype));
    int at = 0;
    tsr_status status = TSR_OK;
    if (array->ndim > 0 || (dim != 0 && dim != -1))
        status = tsr_dim_resolve(array->ndim, dim, &at, err);
    if (status != TSR_OK)
        return status;
    bool half = dtype == TSR_FLOAT16 || dtype == TSR_BFLOAT16;
    tsr_apply_options options = {.face = TSR_FACE_TORCH, .out = out};
    tsr_pass pass;
    tsr_pass_start(&pass, context, &options, 1, &array);
    status = tsr_pass_result(&pass, dtype, err);
    if (status == TSR_OK && pass.result->size > 0) {
        if (pass.plan.ndim == 0) {
            pass.plan.ndim = 1;
            pass.plan.shape[0] = 1;
            pass.plan.strides[0][0] = pass.plan.strides[1][0] = 0;
        }
        tsr_plan_move_dim(&pass.plan, at, pass.plan.ndim - 1);
        job j = {.context = context,
                 .kernels = tsr_engine_kernels(context),
                 .logarithm = logarithm,
                 .work = half ? TSR_FLOAT32 : dtype,
                 .plan = &pass.plan};
        status = tsr_array_enter(pass.operand[0], TSR_READ, err);
        if (status == TSR_OK) {
            status = tsr_array_enter(pass.result, TSR_WRITE, err);
            if (status == TSR_OK) {
                status = run(&j, pass.operand[0], pass.result, err);
                tsr_storage_touch(pass.result->storage);
                tsr_array_leave(pass.result);
            }
            tsr_array_leave(pass.operand[0]);
        }
    }
    return tsr_pass_finish(&pass, status, result, err);
}
