/* softmax and log_softmax along one dimension.
 *
 * A line that is not contiguous, or of another dtype, is brought into a buffer of the thread's own
 * (several lines at once where memory runs across them, so that they are transposed), and all that
 * is done to it happens there (softmax_line.c). The maximum is taken away first, so that nothing
 * overflows; a line of -inf, or with +inf or NaN, is NaN, as the formula says.
 * 16-bit floating elements are computed in float32 and rounded once. Lines may be long: all that is
 * done to one is done in sections, between which it may be told to stop, and which threads share.
 */
#include "elementwise.h"
#include "pass.h"
#include "softmax_line.h"

#include "../base/context.h"
#include "../base/executor.h"
#include "../loop/engine.h"

#include <stdatomic.h>
#include <string.h>

enum { ROOM = 1 << 17, LINES_MOST = 32, CHUNK = 512, SECTION = 1 << 16, BATCH_ELEMENTS = 65536 };

typedef struct job {
    tsr_lines lines;
    const tsr_plan *plan; /* 0 the result, 1 the operand; the last dimension is the line's */
    tsr_path in, out;     /* the dtypes of operand and result from and to work */
    int64_t items[2];     /* bytes of an element of result and operand */
    int64_t count, group, batch;
} job;

/* n elements along a path from one buffer to another, by way of a third. */
static void convert(job *j, const tsr_path *path, const char *from, int64_t from_item, char *to,
                    int64_t to_item, int64_t n) {
    _Alignas(64) char room[2][CHUNK * 16];
    for (int64_t at = 0; at < n && tsr_lines_go_on(&j->lines); at += CHUNK) {
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
    int64_t item = j->items[k], s1 = plan->strides[k][last], n = j->lines.length;
    int64_t s0 = last > 0 ? plan->strides[k][last - 1] : 0;
    const tsr_path *path = back ? &j->out : &j->in;
    char *memory = line_at(j, k, line), *packed = path->count > 0 ? spare : x;
    int row = tsr_item_row((size_t)item);
    bool across = lines > 1 && s0 == item && s1 != item;
    if (back && path->count > 0)
        convert(j, path, x, j->lines.item, spare, item, n * lines);
    for (int64_t i = 0; i < n && tsr_lines_go_on(&j->lines); i += SECTION) {
        char *there = memory + i * s1, *here = packed + i * item;
        int64_t m = n - i < SECTION ? n - i : SECTION;
        if (across && !back)
            j->lines.kernels->transpose[row](there, s1, here, n * item, m, lines, false);
        else if (across)
            j->lines.kernels->transpose[row](here, n * item, there, s1, lines, m, false);
        else if (back)
            j->lines.kernels->move[row](here, n * item, item, there, s0, s1, lines, m);
        else
            j->lines.kernels->move[row](there, s0, s1, here, n * item, item, lines, m);
    }
    if (!back && path->count > 0)
        convert(j, path, spare, item, x, j->lines.item, n * lines);
}

/* What carrying lines takes: two buffers, and what a line does. */
static size_t room_of(const job *j) {
    return (size_t)(j->group * j->lines.length * 16) + tsr_softmax_room(&j->lines);
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
    return j->in.count == 0 && j->out.count == 0 && bits % (uintptr_t)j->lines.item == 0 &&
           (j->lines.length == 1 ||
            (plan->strides[0][last] == j->lines.item && plan->strides[1][last] == j->lines.item));
}

/* Lines [from, to), through a buffer. */
static void carry_lines(job *j, int64_t from, int64_t to, char *room) {
    const tsr_plan *plan = j->plan;
    int64_t row = plan->ndim > 1 ? plan->shape[plan->ndim - 2] : 1, length = j->lines.length;
    char *spare = room + j->group * length * 8, *values = spare + j->group * length * 8;
    for (int64_t line = from, n; line < to; line += n) {
        n = to - line < j->group ? to - line : j->group;
        if (row - line % row < n)
            n = row - line % row;
        carry(j, 1, false, line, n, room, spare);
        for (int64_t i = 0; i < n; i++) {
            char *x = room + i * length * j->lines.item;
            tsr_softmax_line(&j->lines, x, x, values);
        }
        carry(j, 0, true, line, n, room, spare);
    }
}

static int64_t batch_end(const job *j, int64_t index) {
    int64_t end = (index + 1) * j->batch;
    return end < j->count ? end : j->count;
}

static void carry_task(void *user, int64_t index) {
    job *j = user;
    if (!tsr_lines_go_on(&j->lines))
        return;
    char *room = tsr_block_new(j->lines.context, room_of(j), false, NULL);
    if (room == NULL) {
        tsr_lines_fail(&j->lines, TSR_EMEMORY);
        return;
    }
    if (!tsr_estimating(j->lines.context))
        carry_lines(j, index * j->batch, batch_end(j, index), room);
    tsr_block_free(j->lines.context, room, room_of(j));
}

static void ready_task(void *user, int64_t index) {
    job *j = user;
    _Alignas(64) char values[TSR_SOFTMAX_NEAR];
    for (int64_t i = index * j->batch; i < batch_end(j, index) && tsr_lines_go_on(&j->lines); i++)
        tsr_softmax_line(&j->lines, line_at(j, 1, i), line_at(j, 0, i), values);
}

/* One after the other, each by all threads. */
static void run_long(job *j) {
    size_t bytes = tsr_softmax_room(&j->lines);
    char *values = tsr_block_new(j->lines.context, bytes, false, NULL);
    if (values == NULL) {
        tsr_lines_fail(&j->lines, TSR_EMEMORY);
        return;
    }
    bool estimating = tsr_estimating(j->lines.context);
    for (int64_t i = 0; i < j->count && !estimating && tsr_lines_go_on(&j->lines); i++)
        tsr_softmax_line(&j->lines, line_at(j, 1, i), line_at(j, 0, i), values);
    tsr_block_free(j->lines.context, values, bytes);
}

static tsr_status run(job *j, const tsr_array *a, const tsr_array *result, tsr_error *err) {
    const tsr_plan *plan = j->plan;
    int last = plan->ndim - 1;
    j->in = tsr_path_find(j->lines.kernels, (tsr_dtype)a->dtype, j->lines.work);
    j->out = tsr_path_find(j->lines.kernels, j->lines.work, (tsr_dtype)result->dtype);
    j->lines.item = tsr_dtype_describe(j->lines.work)->itemsize;
    j->items[0] = result->itemsize;
    j->items[1] = a->itemsize;
    j->lines.length = plan->shape[last];
    j->count = result->size / j->lines.length;
    bool across = last > 0 && plan->strides[1][last - 1] == a->itemsize;
    j->group = ROOM / 16 / j->lines.length;
    j->group = !across || j->group < 1 ? 1 : j->group < LINES_MOST ? j->group : LINES_MOST;
    if (across && j->group < 8)
        j->group = 8; /* at the price of the second-level cache */
    j->batch = j->lines.length < BATCH_ELEMENTS ? BATCH_ELEMENTS / j->lines.length : 1;
    j->batch = j->batch < j->group ? j->group : j->batch;
    bool ready = lies_ready(j);
    int64_t tasks = (j->count + j->batch - 1) / j->batch;
    if (ready && j->lines.length > TSR_SOFTMAX_SHORT)
        run_long(j);
    else if (!ready || !tsr_estimating(j->lines.context))
        tsr_parallel_for(j->lines.context, tasks, ready ? ready_task : carry_task, j);
    tsr_status status = (tsr_status)atomic_load_explicit(&j->lines.status, memory_order_relaxed);
    if (status == TSR_EMEMORY)
        return tsr_error_set(err, status, "no memory for lines of %d elements", j->lines.length);
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
        job j = {.lines = {.context = context,
                           .kernels = tsr_engine_kernels(context),
                           .logarithm = logarithm,
                           .work = half ? TSR_FLOAT32 : dtype},
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
