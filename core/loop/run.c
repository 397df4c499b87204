/* Running a program over a plan: elementwise operations and copies.
 *
 * The plan is cut into pieces, each of which one thread works off block by block (machine.c). The
 * program's last step writes to the result directly where that is contiguous and aligned; otherwise
 * its value is scattered. A result that is larger than the caches are good for is written past
 * them, from the block's buffer, so that it is not read first. A plain copy, which needs no
 * registers, goes to the move and transpose kernels for whole tiles.
 *
 * Between pieces, and inside them between calls of kernels, the context is asked whether the work
 * was cancelled: some functions take 400 ns an element on processors of the least kind, and a page
 * that a result is the first to touch takes a quarter of a millisecond, or several where a machine
 * below the machine has to find it first. */
#include "../base/executor.h"
#include "claim.h"
#include "engine.h"
#include "machine.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a piece for a thread, and of one call of a kernel: for the slowest 1.6 ms. Pieces of
 * copies, which are called once for all, are of so many elements, and no more than half of a huge
 * page. */
enum { PIECE_BYTES = 1 << 18, CALL_BYTES = 1 << 15, COPY_PIECE = 1 << 18, COPY_BYTES = 1 << 20 };
enum { STREAM_CALL = 1 << 16 };
enum { GRAIN = 64 }; /* elements that pieces of rows are multiples of */
/* So few steps leave blocks of so few bytes, operands and result, so that computing one and
 * writing another past the caches go on at once: a sum of 10^7 doubles takes 10.9 ms, 12.4 in the
 * usual ones. With many steps there is no difference. */
enum { FEW_STEPS = 2, SMALL_BLOCK = 2048 };
/* Such bytes of operands and result together from which a result is written past the caches, if it
 * is at least a SHARE of them: less stays in the last cache from one operation to the next, where
 * stores are the quicker ones (measured: 4 and 4 bytes an element up to 80 MB, 1 and 4 and 8 and 4
 * up to 70). Bytes of a transposing copy, whose lines come out of the order that caches like, and
 * from which threads share the work. */
enum {
    STREAM_ALL = 66 << 20,
    STREAM_SHARE = 10,
    STREAM_TURNED = 1 << 23,
    BAND_BYTES = 1 << 24,
    PARALLEL_BYTES = 1 << 18,
    PARALLEL_CHEAP = 1 << 20
};

typedef struct job {
    tsr_context *context;
    const tsr_program *program;
    const tsr_plan *plan;
    int64_t size, parts;
    int64_t moved; /* bytes of operands and result, for each element */
    int64_t bands; /* of a transposing copy, which have as many parts each; 0: the usual parts */
    bool copies;   /* of bytes: nothing is computed */
    bool stream;
    bool back;          /* from the last block to the first */
    _Atomic int status; /* of the first piece that failed */
} job;

typedef struct worker {
    job *job;
    bool claims; /* the lines of a block are asked for before they are written */
    tsr_machine machine;
    _Alignas(64) char panel[TSR_PANEL_BYTES];
} worker;

static bool goes_on(job *j) {
    tsr_status status = tsr_interrupted(j->context);
    if (status != TSR_OK)
        atomic_store_explicit(&j->status, (int)status, memory_order_relaxed);
    return atomic_load_explicit(&j->status, memory_order_relaxed) == TSR_OK;
}

/* Computes a block of a tile and brings its value to where it belongs. */
static void run_block(worker *w, const tsr_tile *tile, int64_t i, int64_t j, int64_t rows,
                      int64_t columns, bool dense) {
    tsr_machine *m = &w->machine;
    const tsr_program *p = m->program;
    const tsr_kernels *kernels = p->kernels;
    int64_t item = m->item[p->result];
    const int64_t *ds = tile->strides[0];
    char *at = tile->data[0] + i * ds[0] + j * ds[1];
    bool direct = dense && (rows == 1 || ds[0] == columns * item), stream = w->job->stream;
    if (w->claims && direct)
        tsr_claim(at, (size_t)(rows * columns * item));
    const void *value =
        tsr_machine_block(m, tile, i, j, rows, columns, direct && !stream ? at : NULL);
    if (value == at)
        return;
    if (tsr_tile_is_swapped(tile, 0)) { /* it may be an operand itself */
        memcpy(w->panel, value, (size_t)(rows * columns * item));
        tsr_units_swap(kernels, (tsr_dtype)p->dtype[p->result], w->panel, rows * columns);
        value = w->panel;
    }
    if (direct && stream)
        kernels->stream(value, at, (size_t)(rows * columns * item));
    else
        kernels->move[tsr_item_row((size_t)item)](value, columns * item, item, at, ds[0], ds[1],
                                                  rows, columns);
}

/* A panel after the other, and in it row by row; false when it was told to stop. */
static bool run_panels(worker *w, const tsr_tile *tile, int64_t rows, int64_t columns) {
    tsr_machine *m = &w->machine;
    for (int64_t i = 0; i < tile->n[0]; i += rows)
        for (int64_t j = 0; j < tile->n[1]; j += columns) {
            int64_t below = tile->n[0] - i < rows ? tile->n[0] : i + rows;
            int64_t right = tile->n[1] - j < columns ? tile->n[1] : j + columns;
            if (!goes_on(w->job))
                return false;
            tsr_machine_turn(m, tile, i, j, below - i, right - j, w->panel);
            for (int64_t r = i; r < below; r++)
                for (int64_t c = j; c < right; c += m->usual)
                    run_block(w, tile, r, c, 1, right - c < m->usual ? right - c : m->usual, true);
        }
    return true;
}

/* Only results as wide as the widest operand gain from it. */
static bool claims_lines(const tsr_machine *m, int64_t size) {
    int item = m->item[m->program->result], widest = 0;
    for (int i = 0; i < m->loads; i++)
        widest = m->item[m->load[i]] > widest ? m->item[m->load[i]] : widest;
    return m->program->light && widest == item && size * item > TSR_CLAIM_FROM &&
           tsr_machine_is_near(m);
}

/* Elements of a row up to the first line of the result that is whole. */
static int64_t head_of(const worker *w, const tsr_tile *tile, int64_t i) {
    return (int64_t)(-(uintptr_t)(tile->data[0] + i * tile->strides[0][0]) % TSR_LINE) /
           w->machine.item[w->machine.program->result];
}

/* All rows of a tile whose result goes past the caches; false when it was told to stop. */
static bool run_streams(worker *w, const tsr_tile *tile) {
    int64_t item = w->machine.item[w->machine.program->result], most = STREAM_CALL / item;
    for (int64_t i = 0; i < tile->n[0]; i++)
        for (int64_t j = 0, n = head_of(w, tile, i); j < tile->n[1]; j += n, n = most) {
            n = n == 0 ? most : n;
            n = tile->n[1] - j < n ? tile->n[1] - j : n;
            if (!goes_on(w->job))
                return false;
            tsr_machine_stream(&w->machine, tile, i, j, n,
                               tile->data[0] + i * tile->strides[0][0] + j * item);
        }
    return true;
}

/* All blocks of a tile; false when it was told to stop. */
static bool run_blocks(worker *w, const tsr_tile *tile, bool dense) {
    tsr_machine *m = &w->machine;
    for (int64_t i = 0; i < tile->n[0]; i += m->rows) {
        int64_t rows = tile->n[0] - i < m->rows ? tile->n[0] - i : m->rows, columns = m->columns;
        if (w->job->stream && dense && rows == 1 && head_of(w, tile, i) > 0)
            columns = head_of(w, tile, i);
        for (int64_t j = 0; j < tile->n[1]; j += columns, columns = m->columns) {
            columns = tile->n[1] - j < columns ? tile->n[1] - j : columns;
            if (!goes_on(w->job))
                return false;
            run_block(w, tile, i, j, rows, columns, dense);
        }
    }
    return true;
}

/* The same from the last to the first. */
static bool run_blocks_back(worker *w, const tsr_tile *tile, bool dense) {
    tsr_machine *m = &w->machine;
    for (int64_t below = tile->n[0], i; below > 0; below = i) {
        i = (below - 1) / m->rows * m->rows;
        for (int64_t right = tile->n[1], j; right > 0; right = j) {
            j = (right - 1) / m->columns * m->columns;
            if (!goes_on(w->job))
                return false;
            run_block(w, tile, i, j, below - i, right - j, dense);
        }
    }
    return true;
}

static bool run_tile(void *user, const tsr_tile *tile) {
    worker *w = user;
    tsr_machine *m = &w->machine;
    const tsr_program *p = m->program;
    tsr_machine_enter(m, tile);
    bool dense = tsr_tile_is_direct(tile, 0, (tsr_dtype)p->dtype[p->result]);
    int64_t panel_rows, panel_columns;
    if (dense && tsr_machine_turns(m, tile, &panel_rows, &panel_columns))
        return run_panels(w, tile, panel_rows, panel_columns);
    if (dense && w->job->stream && tsr_machine_streams(m))
        return run_streams(w, tile);
    w->claims = dense && !w->job->stream && claims_lines(m, w->job->size);
    if (dense && !w->job->stream && tsr_machine_needs_no_buffer(m)) {
        int64_t most = (w->claims ? TSR_CLAIM_BYTES : CALL_BYTES) / m->item[p->result];
        m->columns = tile->n[1] < most ? tile->n[1] : most;
    }
    return w->job->back ? run_blocks_back(w, tile, dense) : run_blocks(w, tile, dense);
}

static bool copy_tile(void *user, const tsr_tile *tile) {
    const job *j = user;
    const tsr_kernels *kernels = j->program->kernels;
    int64_t item = tsr_dtype_describe((tsr_dtype)j->program->dtype[0])->itemsize;
    int row = tsr_item_row((size_t)item);
    const int64_t *ds = tile->strides[0], *ss = tile->strides[1];
    if (tsr_tile_is_transposed(tile, 1, item) && ds[1] == item)
        kernels->transpose[row](tile->data[1], ss[1], tile->data[0], ds[0], tile->n[1], tile->n[0],
                                j->stream);
    else if (j->stream && ds[1] == item && ss[1] == item)
        for (int64_t i = 0; i < tile->n[0]; i++)
            kernels->stream(tile->data[1] + i * ss[0], tile->data[0] + i * ds[0],
                            (size_t)(tile->n[1] * item));
    else
        kernels->move[row](tile->data[1], ss[0], ss[1], tile->data[0], ds[0], ds[1], tile->n[0],
                           tile->n[1]);
    return true;
}

/* False when there are fewer pieces; the only one of a job is left alone. */
static bool find_piece(const job *j, int64_t index, tsr_plan *piece) {
    tsr_plan band;
    if (j->parts == 1)
        return true;
    if (j->bands == 0)
        return tsr_plan_piece(j->plan, -1, index, j->parts, GRAIN, piece);
    int64_t each = j->parts / j->bands;
    return tsr_plan_piece(j->plan, 0, index / each, j->bands, 1, &band) &&
           tsr_plan_piece(&band, 1, index % each, each, GRAIN, piece);
}

static void run_piece(void *user, int64_t index) {
    job *j = user;
    tsr_plan piece;
    if (!goes_on(j) || !find_piece(j, index, &piece))
        return;
    const tsr_plan *plan = j->parts == 1 ? j->plan : &piece;
    if (j->copies) {
        tsr_plan_run(plan, copy_tile, j);
    } else {
        worker w;
        w.job = j;
        w.claims = false;
        bool simple = j->program->steps == 1 && !j->stream; /* needs no help over the distance */
        tsr_machine_start(&w.machine, j->program, simple ? 0 : j->size);
        w.machine.back = j->back;
        if (j->stream && j->program->steps <= FEW_STEPS)
            tsr_machine_limit(&w.machine, SMALL_BLOCK / j->moved);
        tsr_plan_run(plan, run_tile, &w);
    }
    if (j->stream)
        tsr_stream_end();
}

static bool fits(const tsr_program *program) {
    tsr_machine probe;
    return tsr_machine_start(&probe, program, 0);
}

static bool transposes(const tsr_plan *plan, int64_t item) {
    int last = plan->ndim - 1;
    return last > 0 && plan->strides[1][last - 1] == item && plan->strides[1][last] != item;
}

static int64_t item_of(const tsr_program *program, int reg) {
    return tsr_dtype_describe((tsr_dtype)program->dtype[reg])->itemsize;
}

static int64_t bytes_moved(const tsr_program *p, const tsr_plan *plan) {
    int last = plan->ndim - 1;
    int64_t bytes = item_of(p, p->result);
    for (int r = 0; r < p->registers; r++)
        if (p->operand[r] >= 0 && last >= 0 && plan->strides[p->operand[r]][last] != 0)
            bytes += item_of(p, r);
    return bytes;
}

/* Bytes of different elements of an operand. */
static int64_t bytes_of(const tsr_plan *plan, int operand, int64_t item) {
    for (int d = 0; d < plan->ndim; d++)
        item *= plan->strides[operand][d] != 0 ? plan->shape[d] : 1;
    return item;
}

/* Whether the result, of so many bytes, is written past the caches. */
static bool is_far(const tsr_program *p, const tsr_plan *plan, int64_t result) {
    int64_t all = result;
    for (int r = 0; r < p->registers; r++)
        if (p->operand[r] >= 0)
            all += bytes_of(plan, p->operand[r], item_of(p, r));
    return all >= STREAM_ALL && result >= all / STREAM_SHARE;
}

/* Whether there is next to nothing to compute: kernels of three operands are choices and limits. */
static bool is_cheap(const tsr_program *program) {
    return program->light || (program->steps == 1 && program->step[0].inputs == 3);
}

static int threads_of(const job *j, int64_t item) {
    int64_t least = is_cheap(j->program) ? PARALLEL_CHEAP : PARALLEL_BYTES;
    return j->size * item * (j->program->steps + 1) < least ? 1 : tsr_context_threads(j->context);
}

/* A transposing copy is cut into bands of the result that are not much more memory than can be
 * touched for the first time within the limit of a piece, and these into whole rows of what they
 * read. */
static void cut_turned(job *j) {
    j->bands = j->plan->shape[0] * llabs(j->plan->strides[0][0]) / BAND_BYTES + 1;
    j->bands = j->bands < j->plan->shape[0] ? j->bands : j->plan->shape[0];
    j->parts = (j->parts + j->bands - 1) / j->bands * j->bands;
}

/* How many parts there are. */
static void cut(job *j, int threads, int64_t item, bool turns) {
    int64_t most = item * COPY_PIECE < COPY_BYTES ? COPY_PIECE : COPY_BYTES / item;
    if (!j->copies)
        most = threads > 1 ? PIECE_BYTES / item : j->size;
    j->parts = j->size > most ? (j->size + most - 1) / most : 1;
    if (threads > 1 && j->parts < 4 * threads)
        j->parts = 4 * threads;
    if (turns && j->plan->ndim == 2 && j->parts > 1)
        cut_turned(j);
}

tsr_status tsr_program_run(tsr_context *context, const tsr_program *program, const tsr_plan *plan,
                           tsr_error *err) {
    if (program->full || (program->registers > TSR_MACHINE_BUFFERS && !fits(program)))
        return tsr_error_set(err, TSR_EUNSUPPORTED, "the expression is too long");
    if (tsr_estimating(context))
        return TSR_OK;
    job j = {.context = context,
             .program = program,
             .plan = plan,
             .size = tsr_plan_places(plan, 0, plan->ndim),
             .moved = bytes_moved(program, plan),
             .copies = tsr_program_is_load(program) && plan->swapped == 0};
    int64_t item = item_of(program, program->result), bytes = j.size * item;
    int threads = threads_of(&j, item);
    bool turns = j.copies && transposes(plan, item);
    cut(&j, threads, item, turns);
    j.stream = turns ? bytes >= STREAM_TURNED : is_far(program, plan, bytes);
    j.back = !j.stream && !turns && tsr_walks_back(context, bytes);
    tsr_plan mirrored;
    if (j.back && plan->ndim > 2) {
        mirrored = *plan;
        tsr_plan_mirror(&mirrored, plan->ndim - 2);
        j.plan = &mirrored;
    }
    if (threads > 1)
        tsr_parallel_walk(context, j.parts, j.back, run_piece, &j);
    else
        for (int64_t i = 0; i < j.parts; i++)
            run_piece(&j, j.back ? j.parts - 1 - i : i);
    tsr_status status = (tsr_status)atomic_load_explicit(&j.status, memory_order_relaxed);
    return status == TSR_OK ? TSR_OK : tsr_interruption(status, err);
}
