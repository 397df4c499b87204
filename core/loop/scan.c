/* Scans.
 *
 * Where the dimension is the one that memory runs along, or positions are wanted, a worker scans
 * one line after the other, block by block, and a block's last value carries over. Otherwise it
 * walks down a strip of columns, and each row is the one before combined with the next row of the
 * operand. Lines and strips are shared among threads; a line is not. */
#include "scan.h"

#include "../base/executor.h"
#include "engine.h"
#include "machine.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { STRIP = 256, BATCH_ELEMENTS = 65536, BLOCK = 2048, BLOCK_BYTES = 16384 };

typedef struct job {
    tsr_context *context;
    const tsr_scanning *s;
    const tsr_program *program;
    tsr_path path; /* to the result's dtype */
    tsr_plan plan; /* dimensions: others, the scanned one, and in strips that of the columns */
    bool lines;
    int64_t item, result_item, length, outer, width, strips, batch;
    _Atomic int status;
} job;

typedef struct worker {
    job *job;
    tsr_tile tile;
    int64_t limit; /* elements of a block */
    _Alignas(
        64) char made[BLOCK_BYTES]; /* scanned, before it goes where it belongs, if not at once */
    _Alignas(64) char turned[2][BLOCK_BYTES];
    int64_t at[BLOCK];
    _Alignas(64) char row[STRIP * 16]; /* the one before */
    tsr_machine machine;
} worker;

/* Asked for each block, and before positions are written: both results touch new memory there. */
static bool goes_on(worker *w) {
    job *j = w->job;
    tsr_status status = tsr_interrupted(j->context);
    if (status != TSR_OK)
        atomic_store_explicit(&j->status, (int)status, memory_order_relaxed);
    return atomic_load_explicit(&j->status, memory_order_relaxed) == TSR_OK;
}

/* n scanned values to the result, converted, at `to`. */
static void store(worker *w, const void *values, char *to, int64_t stride, int64_t n) {
    const job *j = w->job;
    for (int i = 0; i < j->path.count; i++) {
        void *next = values == w->turned[0] ? w->turned[1] : w->turned[0];
        j->path.steps[i](values, next, (size_t)n);
        values = next;
    }
    j->program->kernels->move[tsr_item_row((size_t)j->result_item)](values, 0, j->result_item, to,
                                                                    0, stride, 1, n);
}

static void scan_line(worker *w) {
    job *j = w->job;
    const tsr_scanning *s = j->s;
    const tsr_kernels *k = j->program->kernels;
    int kind = s->fold == TSR_FOLD_MAX ? TSR_ARG_MAX : TSR_ARG_MIN;
    _Alignas(16) char carry[16];
    int64_t carry_at = 0, limit = w->limit, n;
    bool direct = j->path.count == 0 && tsr_tile_is_direct(&w->tile, 0, s->result);
    tsr_fold_identity(s->fold, s->work, carry);
    tsr_machine_enter(&w->machine, &w->tile);
    for (int64_t from = 0; from < j->length && goes_on(w); from += n) {
        n = j->length - from < limit ? j->length - from : limit;
        const void *src = tsr_machine_block(&w->machine, &w->tile, 0, from, 1, n, NULL);
        char *to = w->tile.data[0] + from * w->tile.strides[0][1];
        void *made = direct ? (void *)to : (void *)w->made;
        if (s->positions >= 0) {
            k->scan_arg[kind][s->work](src, made, w->at, (size_t)n, carry, &carry_at, from);
            if (!goes_on(w))
                return;
            int64_t stride = w->tile.strides[s->positions][1];
            k->move[tsr_item_row(sizeof(int64_t))]((const char *)w->at, 0, sizeof(int64_t),
                                                   w->tile.data[s->positions] + from * stride, 0,
                                                   stride, 1, n);
        } else {
            k->scan[s->fold][s->work](src, made, (size_t)n, carry);
        }
        if (!direct)
            store(w, made, to, w->tile.strides[0][1], n);
    }
}

static void scan_strip(worker *w, int64_t column, int64_t n) {
    job *j = w->job;
    tsr_kernel_binary *combine =
        j->program->kernels->binary[tsr_fold_binary(j->s->fold)][j->s->work];
    tsr_machine_enter(&w->machine, &w->tile);
    int64_t rows = w->limit / n;
    for (int64_t row = 0; row < j->length && goes_on(w); row += rows) {
        rows = j->length - row < rows ? j->length - row : rows;
        const char *src = tsr_machine_block(&w->machine, &w->tile, row, column, rows, n, NULL);
        for (int64_t r = 0; r < rows; r++, src += n * j->item) {
            if (row + r == 0)
                memcpy(w->row, src, (size_t)(n * j->item));
            else
                combine(w->row, src, w->row, (size_t)n);
            memcpy(w->made + r * n * j->item, w->row, (size_t)(n * j->item));
        }
        for (int64_t r = 0; r < rows; r++)
            store(w, w->made + r * n * j->item,
                  w->tile.data[0] + (row + r) * w->tile.strides[0][0] +
                      column * w->tile.strides[0][1],
                  w->tile.strides[0][1], n);
    }
}

/* ---- tasks ---- */

static void run_task(void *user, int64_t index) {
    job *j = user;
    const tsr_plan *plan = &j->plan;
    worker w;
    w.job = j;
    tsr_machine_start(&w.machine, j->program, 0);
    int64_t widest = j->item > j->result_item ? j->item : j->result_item;
    w.limit = w.machine.most < BLOCK ? w.machine.most : BLOCK;
    w.limit = w.limit < BLOCK_BYTES / widest ? w.limit : BLOCK_BYTES / widest;
    int64_t end = (index + 1) * j->batch, count = j->outer * j->strips;
    for (int64_t i = index * j->batch; i < end && i < count && goes_on(&w); i++) {
        int64_t column = i % j->strips * STRIP;
        tsr_tile_start(&w.tile, plan, j->lines ? -1 : plan->ndim - 2);
        tsr_tile_move(&w.tile, plan, 0, plan->ndim - (j->lines ? 1 : 2), i / j->strips);
        if (j->lines)
            scan_line(&w);
        else
            scan_strip(&w, column, j->width - column < STRIP ? j->width - column : STRIP);
    }
}

/* Whether a strip of columns is better than lines, and of which dimension: one that memory runs
 * along, of some width. */
static int column_dim(const tsr_scanning *s) {
    const tsr_plan *plan = &s->plan;
    int best = -1;
    int64_t own = llabs(plan->strides[1][s->dim]);
    for (int d = 0; d < plan->ndim && s->positions < 0; d++) {
        int64_t step = llabs(plan->strides[1][d]);
        bool nearer = step < own && step != 0 && plan->shape[d] >= 8;
        if (d != s->dim && nearer && (best < 0 || step < llabs(plan->strides[1][best])))
            best = d;
    }
    return best;
}

tsr_status tsr_scan_run(tsr_context *context, const tsr_scanning *s, const tsr_program *program,
                        tsr_error *err) {
    job j = {.context = context, .s = s, .program = program, .plan = s->plan};
    if (tsr_estimating(context))
        return TSR_OK;
    int dim = s->dim, column = column_dim(s);
    j.path = tsr_path_find(program->kernels, s->work, s->result);
    j.item = tsr_dtype_describe(s->work)->itemsize;
    j.result_item = tsr_dtype_describe(s->result)->itemsize;
    j.lines = column < 0;
    j.length = s->plan.shape[dim];
    j.width = j.lines ? 1 : s->plan.shape[column];
    tsr_plan_move_dim(&j.plan, dim, j.plan.ndim - 1);
    if (!j.lines)
        tsr_plan_move_dim(&j.plan, column > dim ? column - 1 : column, j.plan.ndim - 1);
    j.outer = tsr_plan_places(&j.plan, 0, j.plan.ndim - (j.lines ? 1 : 2));
    j.strips = (j.width + STRIP - 1) / STRIP;
    int64_t each = j.length * (j.lines ? 1 : STRIP);
    j.batch = each < BATCH_ELEMENTS ? BATCH_ELEMENTS / each : 1;
    tsr_parallel_for(context, (j.outer * j.strips + j.batch - 1) / j.batch, run_task, &j);
    tsr_status status = (tsr_status)atomic_load_explicit(&j.status, memory_order_relaxed);
    return status == TSR_OK ? TSR_OK : tsr_interruption(status, err);
}
