/* Extremes and their positions.
 *
 * Along the innermost dimension a piece of some leaves is folded at full speed; only the first
 * piece whose extreme is that of all is remembered, and searched once, at the end; the pieces come
 * in either direction. Across rows each row is compared with the best so far. */
#include "arg.h"

#include "../base/executor.h"
#include "engine.h"
#include "machine.h"

#include <stdatomic.h>
#include <string.h>

enum { BATCH_ELEMENTS = 65536, STRIP = 256, PIECES = 64, LEAVES_MOST = 8 };

typedef struct job {
    tsr_context *context;
    const tsr_folding *f;
    const tsr_program *program;
    int64_t *positions;
    int64_t item, inner, stream, outer, strips, batch;
    bool alone; /* one thread, and one stream */
    _Atomic int status;
} job;

typedef struct worker {
    job *job;
    tsr_tile tile; /* of the streams at hand */
    _Alignas(64) char lanes[TSR_FOLD_LANES * 16];
    _Alignas(64) char best[STRIP * 16];
    int64_t at[STRIP];
    tsr_machine machine;
} worker;

static bool interrupted(worker *w) {
    tsr_status status = tsr_interrupted(w->job->context);
    if (status != TSR_OK)
        atomic_store_explicit(&w->job->status, (int)status, memory_order_relaxed);
    return status != TSR_OK;
}

/* ---- along the innermost dimension ---- */

/* Whether elements are compared where they lie. */
static bool lies_ready(const worker *w) {
    return tsr_program_is_load(w->job->program) && tsr_tile_is_direct(&w->tile, 1, w->job->f->from);
}

/* The stream is cut into pieces of so many elements, which fit a block unless they lie ready. One
 * is searched twice, so there should be many, and each takes a while to begin and to end. */
static int64_t piece_size(const worker *w) {
    int64_t leaves = w->job->stream / (PIECES * TSR_FOLD_LEAF);
    leaves = leaves < 1 ? 1 : leaves < LEAVES_MOST ? leaves : LEAVES_MOST;
    return lies_ready(w) ? leaves * TSR_FOLD_LEAF : w->machine.most;
}

/* The piece that begins at element `from`, of *n elements. */
static const void *piece(worker *w, int64_t from, int64_t *n) {
    int64_t left = w->job->stream - from, size = piece_size(w);
    *n = left < size ? left : size;
    return lies_ready(w) ? w->tile.data[1] + from * w->job->item
                         : tsr_machine_block(&w->machine, &w->tile, 0, from, 1, *n, NULL);
}

static void extreme_of(worker *w, const void *src, int64_t n, void *result) {
    const tsr_kernels *k = w->job->program->kernels;
    const tsr_folding *f = w->job->f;
    _Alignas(16) char item[16];
    tsr_fold_identity(f->fold, f->from, item);
    k->fill[tsr_item_row((size_t)w->job->item)](item, w->lanes, TSR_FOLD_LANES);
    k->fold[f->fold][f->from](src, (size_t)n, w->lanes);
    k->fold_end[f->fold][f->from](w->lanes, result);
}

static tsr_kernel_arg_rows *better_of(const job *j) {
    int arg = j->f->fold == TSR_FOLD_MAX ? TSR_ARG_MAX : TSR_ARG_MIN;
    return j->program->kernels->arg_rows[arg][j->f->from];
}

/* Of w->best, found at *start, and a value found at `from`: the better one, or the first if they
 * are the same. */
static void keep_better(worker *w, const void *value, int64_t from, int64_t *start) {
    tsr_kernel_arg_rows *better = better_of(w->job);
    if (from > *start) {
        better(value, from, w->best, start, 1);
        return;
    }
    _Alignas(16) char had[16];
    int64_t at = *start;
    memcpy(had, w->best, sizeof had);
    memcpy(w->best, value, sizeof had);
    *start = from;
    better(had, at, w->best, start, 1);
}

/* The extreme of all pieces becomes w->best; returns where the first piece begins that has it. */
static int64_t find_piece(worker *w) {
    const job *j = w->job;
    _Alignas(16) char value[16];
    int64_t size = piece_size(w), pieces = (j->stream + size - 1) / size, start = 0, n;
    bool back = j->alone && tsr_walks_back(j->context, j->stream * j->item);
    for (int64_t i = 0; i < pieces; i++) {
        int64_t from = size * (back ? pieces - 1 - i : i);
        const void *src = piece(w, from, &n);
        if (interrupted(w))
            return 0;
        extreme_of(w, src, n, i == 0 ? w->best : value);
        if (i == 0)
            start = from;
        else
            keep_better(w, value, from, &start);
    }
    return start;
}

static void search_stream(worker *w) {
    const job *j = w->job;
    int64_t n;
    tsr_machine_enter(&w->machine, &w->tile);
    int64_t start = find_piece(w);
    const void *src = piece(w, start, &n);
    w->at[0] = start + j->program->kernels->find[j->f->from](src, (size_t)n, w->best);
}

/* ---- across rows ---- */

static void search_strip(worker *w, int64_t column, int64_t n) {
    job *j = w->job;
    tsr_kernel_arg_rows *better = better_of(j);
    tsr_machine_enter(&w->machine, &w->tile);
    int64_t rows = w->machine.most / n;
    for (int64_t row = 0; row < j->stream; row += rows) {
        if (j->stream - row < rows)
            rows = j->stream - row;
        const char *src = tsr_machine_block(&w->machine, &w->tile, row, column, rows, n, NULL);
        if (interrupted(w))
            return;
        for (int64_t r = 0; r < rows; r++, src += n * j->item)
            if (row + r == 0) {
                memcpy(w->best, src, (size_t)(n * j->item));
                memset(w->at, 0, sizeof w->at);
            } else {
                better(src, row + r, w->best, w->at, (size_t)n);
            }
    }
}

/* ---- tasks ---- */

static void deliver(const job *j, worker *w, int64_t column, int64_t n) {
    const tsr_plan *plan = &j->f->plan;
    int64_t stride = j->f->rows ? j->item : plan->strides[0][plan->ndim - 1];
    char *to = w->tile.data[0] + column * stride;
    int64_t *at = j->positions + (to - plan->data[0]) / j->item;
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + i * stride, w->best + i * j->item, (size_t)j->item);
        at[i * stride / j->item] = w->at[i];
    }
}

static void run_task(void *user, int64_t index) {
    job *j = user;
    const tsr_plan *plan = &j->f->plan;
    worker w;
    w.job = j;
    tsr_machine_start(&w.machine, j->program, 0);
    int64_t end = (index + 1) * j->batch, count = j->outer * j->strips;
    for (int64_t i = index * j->batch; i < end && i < count && !interrupted(&w); i++) {
        int64_t column = i % j->strips * STRIP, left = j->inner - column;
        int64_t n = left < STRIP ? left : STRIP;
        tsr_tile_start(&w.tile, plan, j->f->rows ? -1 : plan->ndim - 2);
        tsr_tile_move(&w.tile, plan, 0, j->f->kept, i / j->strips);
        if (j->f->rows)
            search_stream(&w);
        else
            search_strip(&w, column, n);
        if (atomic_load_explicit(&j->status, memory_order_relaxed) == TSR_OK)
            deliver(j, &w, j->f->rows ? 0 : column, j->f->rows ? 1 : n);
    }
}

tsr_status tsr_arg_run(tsr_context *context, const tsr_folding *f, const tsr_program *program,
                       int64_t *positions, tsr_error *err) {
    job j = {.context = context, .f = f, .program = program, .positions = positions};
    if (tsr_estimating(context))
        return TSR_OK;
    const tsr_plan *plan = &f->plan;
    j.item = tsr_dtype_describe(f->from)->itemsize;
    j.inner = plan->shape[plan->ndim - 1];
    j.stream = f->rows ? j.inner : plan->shape[plan->ndim - 2];
    j.strips = f->rows ? 1 : (j.inner + STRIP - 1) / STRIP;
    j.outer = tsr_plan_places(plan, 0, f->kept);
    int64_t each = j.stream * (f->rows ? 1 : STRIP);
    j.batch = each < BATCH_ELEMENTS ? BATCH_ELEMENTS / each : 1;
    j.alone = j.outer * j.strips == 1;
    int64_t tasks = (j.outer * j.strips + j.batch - 1) / j.batch;
    int64_t bytes = tsr_plan_places(plan, 0, plan->ndim) * j.item;
    tsr_parallel_walk(context, tasks, tasks > 1 && tsr_walks_back(context, bytes), run_task, &j);
    tsr_status status = (tsr_status)atomic_load_explicit(&j.status, memory_order_relaxed);
    return status == TSR_OK ? TSR_OK : tsr_interruption(status, err);
}
