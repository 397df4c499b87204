/* Folding; see fold.h for the order in which elements are combined.
 *
 * Where the innermost dimension is folded, a worker takes one result at a time and feeds its stream
 * to lanes, 4096 elements a leaf. Where it is kept, a worker takes a strip of results and
 * accumulates rows of it, 32 a group. Streams longer than CHUNK elements are cut at leaves (groups)
 * whose number is a power of two, so that the chunks' results are nodes of the same tree. */
#include "fold.h"

#include "../base/context.h"
#include "../base/executor.h"
#include "engine.h"
#include "machine.h"
#include "spread.h"
#include "tree.h"

#include <stdatomic.h>
#include <string.h>

enum {
    CHUNK = 131072,
    PLAIN_CHUNK = 524288,
    WALK_CHUNK_BYTES = 524288,
    PARALLEL_ELEMENTS = 65536,
    DECIDING = 8192,
    NEAR_BYTES = 65536,
    PARTS_BYTES = 8192,
    VALUE_BYTES = 32,
};

/* ---- scratch memory: on the stack, unless it is much ---- */

static char *scratch(tsr_context *context, char *near, size_t near_bytes, size_t bytes) {
    return bytes <= near_bytes ? near : tsr_block_new(context, bytes, false, NULL);
}

static void scratch_free(tsr_context *context, char *block, const char *near, size_t bytes) {
    if (block != near)
        tsr_block_free(context, block, bytes);
}

_Static_assert(sizeof(tsr_spread) <= VALUE_BYTES, "room for any value");
_Static_assert(TSR_FOLD_LEAF * sizeof(double) <= NEAR_BYTES, "room for a leaf of a spread");

/* ---- what workers share ---- */

typedef struct job {
    tsr_context *context;
    const tsr_folding *f;
    const tsr_program *program;
    int64_t item, from;  /* bytes of a lane, and of what is folded */
    size_t bytes;        /* of the values of a strip on their way */
    int64_t inner;       /* elements of the innermost dimension */
    int64_t stream;      /* elements of a stream */
    int64_t elements;    /* of all streams */
    int64_t outer;       /* places of the kept dimensions that stand outside */
    int64_t strip;       /* results that a worker takes together */
    int64_t strips;      /* for each outer place */
    int64_t chunk;       /* elements of a stream that a worker takes */
    int64_t chunks;      /* for each result */
    int64_t leaf;        /* elements of a leaf */
    bool plain;          /* streams are rows of contiguous elements of at most one leaf */
    int64_t batch;       /* strips (or chunks of them) to a task */
    size_t levels;       /* of a tree */
    char *parts;         /* results of chunks, if there are several */
    atomic_bool decided; /* the only result is known already */
    _Atomic int status;
} job;

typedef struct worker {
    job *job;
    tsr_tree tree;
    const char *pending; /* of a spread: the elements that wait for more of their leaf, */
    char *leaf;          /* in memory of their own when they would not stay where they are */
    _Alignas(64) char lanes[TSR_FOLD_LANES * 16];
    _Alignas(64) char start[TSR_FOLD_LANES * 16]; /* what lanes start from */
    _Alignas(16) char levels[TSR_TREE_LEVELS * VALUE_BYTES];
    tsr_machine machine;
} worker;

static tsr_kernel_binary *combine_of(const job *j) {
    if (j->f->spread)
        return tsr_spread_join;
    return j->program->kernels->binary[tsr_fold_binary(j->f->fold)][j->f->lanes];
}

static tsr_kernel_fold *kernel_of(const job *j) {
    const tsr_folding *f = j->f;
    const tsr_kernels *kernels = j->program->kernels;
    if (f->truth)
        return kernels->truth[f->fold == TSR_FOLD_MAX ? TSR_ANY : TSR_ALL][f->from];
    return kernels->fold[f->fold][f->from];
}

/* ---- one result at a time ---- */

static void prepare_lanes(worker *w) {
    const job *j = w->job;
    _Alignas(16) char item[16];
    tsr_fold_identity(j->f->fold, j->f->lanes, item);
    j->program->kernels->fill[tsr_item_row((size_t)j->item)](item, w->start, TSR_FOLD_LANES);
}

static void lanes_start(worker *w) {
    memcpy(w->lanes, w->start, (size_t)(TSR_FOLD_LANES * w->job->item));
}

static void push_spread(worker *w, const char *src, int64_t n) {
    tsr_spread value;
    tsr_spread_of(w->job->program->kernels, w->job->f->lanes, src, n, w->start, &value);
    tsr_tree_push(&w->tree, &value);
}

static void leaf_end(worker *w, int64_t filled) {
    const job *j = w->job;
    _Alignas(16) char value[16];
    if (j->f->spread) {
        push_spread(w, w->pending, filled);
        return;
    }
    j->program->kernels->fold_end[j->f->fold][j->f->lanes](w->lanes, value);
    tsr_tree_push(&w->tree, value);
}

/* The same as feed, for a spread, whose leaves must be seen whole. */
static void feed_spread(worker *w, const char *src, int64_t n, int64_t *filled, bool stays) {
    int64_t item = w->job->item;
    for (; *filled == 0 && n >= TSR_FOLD_LEAF; n -= TSR_FOLD_LEAF, src += TSR_FOLD_LEAF * item)
        push_spread(w, src, TSR_FOLD_LEAF);
    while (n > 0) {
        int64_t take = n < TSR_FOLD_LEAF - *filled ? n : TSR_FOLD_LEAF - *filled;
        if (*filled == 0 && stays) {
            w->pending = src;
        } else {
            if (*filled > 0 && w->pending != w->leaf)
                memcpy(w->leaf, w->pending, (size_t)(*filled * item));
            memcpy(w->leaf + *filled * item, src, (size_t)(take * item));
            w->pending = w->leaf;
        }
        *filled += take;
        src += take * item;
        n -= take;
        if (*filled == TSR_FOLD_LEAF) {
            push_spread(w, w->pending, TSR_FOLD_LEAF);
            *filled = 0;
        }
    }
}

/* Feeds n elements to the stream, of whose leaf `*filled` elements are there. They `stay` where
 * they are while the stream is fed. */
static void feed(worker *w, const char *src, int64_t n, int64_t *filled, bool stays) {
    const job *j = w->job;
    tsr_kernel_fold *fold = kernel_of(j);
    int64_t item = j->from;
    if (j->f->spread) {
        feed_spread(w, src, n, filled, stays);
        return;
    }
    while (n > 0) {
        if (*filled == 0)
            lanes_start(w);
        int64_t lane = *filled % TSR_FOLD_LANES, room = j->leaf - *filled;
        if (lane != 0)
            room = TSR_FOLD_LANES - lane;
        int64_t take = n < room ? n : room;
        fold(src, (size_t)take, w->lanes + lane * j->item);
        src += take * item;
        n -= take;
        *filled += take;
        if (*filled == j->leaf) {
            leaf_end(w, *filled);
            *filled = 0;
        }
    }
}

/* Feeds at most n elements from element `from` of row `row` of the tile on: of that row, or several
 * short rows. Returns how many. */
static int64_t feed_tile(worker *w, const tsr_tile *tile, int64_t row, int64_t from, int64_t n,
                         int64_t *filled) {
    tsr_machine *m = &w->machine;
    const tsr_program *p = m->program;
    int64_t rows = 1, left = tile->n[1] - from, columns = left < n ? left : n;
    bool whole = tsr_program_is_load(p) && tsr_tile_is_direct(tile, 1, w->job->f->from);
    if (from == 0 && m->rows > 1 && m->columns == tile->n[1] && n >= 2 * tile->n[1]) {
        rows = n / tile->n[1] < m->rows ? n / tile->n[1] : m->rows;
        rows = rows < tile->n[0] - row ? rows : tile->n[0] - row;
    } else if (!whole && columns > m->columns) {
        columns = m->columns;
    }
    bool stays = whole && rows == 1;
    const void *value = stays
                            ? tile->data[1] + row * tile->strides[1][0] + from * tile->strides[1][1]
                            : tsr_machine_block(m, tile, row, from, rows, columns, NULL);
    feed(w, value, rows * columns, filled, stays);
    return rows * columns;
}

/* Whether more elements could change the lanes: not once there is a true for any, a false for all.
 */
static bool is_decided(const worker *w, int64_t filled) {
    const tsr_folding *f = w->job->f;
    if (f->lanes != TSR_BOOL || filled == 0)
        return false;
    unsigned char seen = 0;
    for (int i = 0; i < TSR_FOLD_LANES; i++)
        seen |= (unsigned char)(f->fold == TSR_FOLD_MAX ? w->lanes[i] : !w->lanes[i]);
    return seen != 0;
}

/* Elements [from, to) of the stream of result `outer`. */
static void fold_stream(worker *w, int64_t outer, int64_t from, int64_t to, void *result) {
    const job *j = w->job;
    const tsr_plan *plan = &j->f->plan;
    int kept = j->f->kept, row_dim = plan->ndim - kept > 1 ? plan->ndim - 2 : -1;
    int64_t in_tile = j->inner * (row_dim >= 0 ? plan->shape[row_dim] : 1), filled = 0;
    int64_t each = j->f->lanes == TSR_BOOL ? DECIDING : INT64_MAX; /* until it is looked again */
    tsr_tile first, tile;
    tsr_tile_start(&first, plan, row_dim);
    tsr_tile_move(&first, plan, 0, kept, outer);
    w->tree.count = 0;
    while (from < to && !is_decided(w, filled)) {
        int64_t at = from % in_tile, left = in_tile - at < to - from ? in_tile - at : to - from;
        tile = first;
        if (row_dim > kept)
            tsr_tile_move(&tile, plan, kept, row_dim, from / in_tile);
        tsr_machine_enter(&w->machine, &tile);
        from += left;
        while (left > 0 && !is_decided(w, filled)) {
            int64_t most = left < each ? left : each;
            int64_t n = feed_tile(w, &tile, at / j->inner, at % j->inner, most, &filled);
            at += n;
            left -= n;
        }
    }
    if (filled > 0)
        leaf_end(w, filled);
    tsr_tree_end(&w->tree, result);
}

/* ---- a strip of results at a time ---- */

/* Accumulates rows [from, to) of a strip: results [column, column + n) of the last dimension. */
static void fold_strip(worker *w, int64_t outer, int64_t column, int64_t n, int64_t from,
                       int64_t to, char *result) {
    const job *j = w->job;
    const tsr_plan *plan = &j->f->plan;
    const tsr_kernels *kernels = j->program->kernels;
    tsr_machine *m = &w->machine;
    tsr_kernel_fold_rows *fold_rows = kernels->fold_rows[j->f->fold][j->f->from];
    int row_dim = plan->ndim - 2;
    int64_t rows = plan->shape[row_dim], group = 0;
    char *acc = w->tree.levels + j->levels * w->tree.bytes;
    bool plain = tsr_program_is_load(m->program);
    tsr_tile first, tile;
    tsr_tile_start(&first, plan, row_dim);
    tsr_tile_move(&first, plan, 0, j->f->kept, outer);
    w->tree.n = (size_t)n;
    w->tree.count = 0;
    while (from < to) {
        int64_t row = from % rows, end = to - from < rows - row ? row + to - from : rows;
        tile = first;
        tsr_tile_move(&tile, plan, j->f->kept, row_dim, from / rows);
        tsr_machine_enter(m, &tile);
        bool direct = plain && tsr_tile_is_direct(&tile, 1, j->f->from);
        from += end - row;
        while (row < end) {
            int64_t take = TSR_FOLD_ROWS - group < end - row ? TSR_FOLD_ROWS - group : end - row;
            if (!direct && take * n > m->most)
                take = m->most / n;
            const char *src =
                direct ? tile.data[1] + row * tile.strides[1][0] + column * tile.strides[1][1]
                       : tsr_machine_block(m, &tile, row, column, take, n, NULL);
            int64_t stride = direct ? tile.strides[1][0] : n * j->item;
            if (group == 0)
                fold_rows(src, stride, (size_t)take, (size_t)n, acc);
            else
                for (int64_t r = 0; r < take; r++)
                    w->tree.combine(acc, src + r * stride, acc, (size_t)n);
            row += take;
            group += take;
            if (group == TSR_FOLD_ROWS) {
                tsr_tree_push(&w->tree, acc);
                group = 0;
            }
        }
    }
    if (group > 0)
        tsr_tree_push(&w->tree, acc);
    tsr_tree_end(&w->tree, result);
}

/* ---- tasks ---- */

static char *result_at(const job *j, int64_t outer, int64_t column) {
    tsr_tile tile;
    tsr_tile_start(&tile, &j->f->plan, -1);
    tsr_tile_move(&tile, &j->f->plan, 0, j->f->kept, outer);
    return tile.data[0] + (j->f->rows ? 0 : column * tile.strides[0][1]);
}

/* The result of a spread, as lanes have it. */
static void squares_of(const job *j, const void *value, void *result) {
    tsr_spread spread;
    memcpy(&spread, value, sizeof spread);
    const float narrow = (float)spread.squares;
    memcpy(result, j->f->lanes == TSR_FLOAT32 ? (const void *)&narrow : &spread.squares,
           (size_t)j->item);
}

/* Writes n results to where they belong. */
static void deliver(const job *j, const char *values, int64_t outer, int64_t column, int64_t n) {
    int64_t stride = j->f->rows ? 0 : j->f->plan.strides[0][j->f->plan.ndim - 1];
    if (j->f->spread) {
        squares_of(j, values, result_at(j, outer, column));
        return;
    }
    j->program->kernels->move[tsr_item_row((size_t)j->item)](
        values, 0, j->item, result_at(j, outer, column), 0, stride, 1, n);
}

static int64_t strip_size(const job *j, int64_t strip) {
    int64_t left = j->f->rows ? 1 : j->inner - strip * j->strip;
    return left < j->strip ? left : j->strip;
}

/* Results [from, to) of plain rows: nothing to compute before, nothing to join after. */
static void fold_plain_rows(worker *w, int64_t from, int64_t to) {
    const job *j = w->job;
    const tsr_plan *plan = &j->f->plan;
    const tsr_kernels *kernels = j->program->kernels;
    tsr_kernel_fold *fold = kernel_of(j);
    tsr_kernel_fold_end *end = kernels->fold_end[j->f->fold][j->f->lanes];
    for (int64_t i = from; i < to; i++) {
        int64_t outer = i;
        char *result = plan->data[0];
        const char *src = plan->data[1];
        for (int d = j->f->kept; d-- > 0; outer /= plan->shape[d]) {
            int64_t at = d > 0 ? outer % plan->shape[d] : outer;
            result += at * plan->strides[0][d];
            src += at * plan->strides[1][d];
        }
        if (j->f->spread) {
            tsr_spread value;
            tsr_spread_of(kernels, j->f->lanes, src, j->stream, w->start, &value);
            squares_of(j, &value, result);
            continue;
        }
        lanes_start(w);
        fold(src, (size_t)j->stream, w->lanes);
        end(w->lanes, result);
    }
}

/* A chunk of the streams of a strip of results; `values` has room for them. */
static void fold_item(worker *w, int64_t index, char *values) {
    const job *j = w->job;
    int64_t chunk = index % j->chunks, strip = index / j->chunks % j->strips;
    int64_t outer = index / j->chunks / j->strips, n = strip_size(j, strip);
    int64_t from = chunk * j->chunk, to = from + j->chunk < j->stream ? from + j->chunk : j->stream;
    bool known = atomic_load_explicit(&j->decided, memory_order_relaxed);
    if (known) { /* another chunk knew the only result */
        values[0] = j->f->fold == TSR_FOLD_MAX;
    } else if (j->f->rows) {
        fold_stream(w, outer, from, to, values);
        if (j->outer == 1 && j->f->lanes == TSR_BOOL && values[0] == (j->f->fold == TSR_FOLD_MAX))
            atomic_store_explicit(&w->job->decided, true, memory_order_relaxed);
    } else {
        fold_strip(w, outer, strip * j->strip, n, from, to, values);
    }
    if (j->chunks == 1)
        deliver(j, values, outer, strip * j->strip, n);
    else
        memcpy(j->parts + (size_t)index * j->bytes, values,
               j->f->spread ? j->bytes : (size_t)(n * j->item));
}

static int64_t item_count(const job *j) {
    return j->outer * j->strips * j->chunks;
}

static void run_task(void *user, int64_t index) {
    job *j = user;
    worker w;
    _Alignas(64) char value[VALUE_BYTES];
    tsr_status status = tsr_interrupted(j->context);
    size_t bytes = j->bytes, room = bytes * (j->levels + 2);
    _Alignas(64) char near[NEAR_BYTES];
    char *block = NULL, *values = value;
    w.job = j;
    w.leaf = near;
    w.tree = (tsr_tree){.combine = combine_of(j), .n = 1, .bytes = bytes, .levels = w.levels};
    if (status == TSR_OK && !j->f->rows) {
        block = scratch(j->context, near, sizeof near, room);
        status = block != NULL ? TSR_OK : TSR_EMEMORY;
        w.tree.levels = block;
        values = block + (j->levels + 1) * bytes;
    }
    if (status != TSR_OK) {
        atomic_store_explicit(&j->status, (int)status, memory_order_relaxed);
        return;
    }
    if (j->f->rows)
        prepare_lanes(&w);
    tsr_machine_start(&w.machine, j->program, j->f->rows ? j->elements : 0);
    int64_t end = (index + 1) * j->batch, count = item_count(j);
    end = end < count ? end : count;
    if (j->plain)
        fold_plain_rows(&w, index * j->batch, end);
    for (int64_t i = index * j->batch; i < end && !j->plain; i++)
        fold_item(&w, i, values);
    scratch_free(j->context, block, near, room);
}

/* Combines the chunks of each strip. */
static tsr_status join_chunks(const job *j) {
    size_t levels = 64 - (size_t)__builtin_clzll((uint64_t)j->chunks);
    size_t bytes = j->bytes, room = bytes * (levels + 1);
    _Alignas(64) char near[NEAR_BYTES];
    char *block = scratch(j->context, near, sizeof near, room);
    if (block == NULL)
        return TSR_EMEMORY;
    char *value = block + levels * bytes;
    for (int64_t i = 0; i < j->outer * j->strips; i++) {
        tsr_tree tree = {.combine = combine_of(j), .bytes = bytes, .levels = block};
        int64_t n = strip_size(j, i % j->strips);
        tree.n = (size_t)n;
        for (int64_t c = 0; c < j->chunks; c++)
            tsr_tree_push(&tree, j->parts + (size_t)(i * j->chunks + c) * bytes);
        tsr_tree_end(&tree, value);
        deliver(j, value, i / j->strips, i % j->strips * j->strip, n);
    }
    scratch_free(j->context, block, near, room);
    return TSR_OK;
}

/* ---- cutting ---- */

/* How wide strips are: what a block of the program has room for, with the shape it likes. */
static bool strip_width(job *j) {
    tsr_machine probe;
    if (!tsr_machine_start(&probe, j->program, 0))
        return false;
    tsr_tile tile;
    tsr_tile_start(&tile, &j->f->plan, j->f->plan.ndim - 2);
    tsr_machine_enter(&probe, &tile);
    j->strip = probe.columns;
    return true;
}

/* Whether all rows of operand 1 are contiguous and aligned, as they are what is folded. */
static bool has_plain_rows(const job *j) {
    const tsr_plan *plan = &j->f->plan;
    const tsr_dtype_info *info = tsr_dtype_describe(j->f->from);
    if (!j->f->rows || !tsr_program_is_load(j->program) || plan->ndim != j->f->kept + 1 ||
        plan->operands != 2 || plan->swapped != 0 ||
        plan->strides[1][plan->ndim - 1] != info->itemsize)
        return false;
    uintptr_t bits = (uintptr_t)plan->data[1];
    for (int d = 0; d < j->f->kept; d++)
        bits |= (uintptr_t)plan->strides[1][d];
    return bits % info->alignment == 0 && j->stream <= j->leaf && j->chunks == 1;
}

static bool cut(job *j) {
    const tsr_plan *plan = &j->f->plan;
    j->inner = plan->ndim > 0 ? plan->shape[plan->ndim - 1] : 1;
    j->outer = tsr_plan_places(plan, 0, j->f->kept);
    j->elements = tsr_plan_places(plan, 0, plan->ndim);
    j->strip = j->strips = 1;
    if (j->f->rows) {
        j->stream = tsr_plan_places(plan, j->f->kept, plan->ndim);
        bool plain = tsr_program_is_load(j->program) && tsr_context_threads(j->context) == 1;
        j->chunk = plain ? PLAIN_CHUNK : CHUNK; /* the tree is the same */
        if (plain && j->elements * j->from <= TSR_WALK_MOST)
            j->chunk = WALK_CHUNK_BYTES / j->from;
    } else {
        j->stream = tsr_plan_places(plan, j->f->kept, plan->ndim - 1);
        if (!strip_width(j))
            return false;
        j->strips = (j->inner + j->strip - 1) / j->strip;
        for (j->chunk = TSR_FOLD_ROWS; j->chunk * j->strip < CHUNK;)
            j->chunk *= 2;
    }
    j->chunks = (j->stream + j->chunk - 1) / j->chunk;
    j->bytes = j->f->spread ? sizeof(tsr_spread) : (size_t)(j->strip * j->item);
    /* only floating sums and products depend on the order, and so on leaves */
    bool exact = j->f->fold > TSR_FOLD_PROD || tsr_dtype_describe(j->f->lanes)->kind != 'f';
    exact = exact && tsr_dtype_describe(j->f->lanes)->kind != 'c';
    j->leaf = exact ? INT64_MAX : TSR_FOLD_LEAF;
    j->plain = has_plain_rows(j);
    int64_t each = (j->chunks > 1 ? j->chunk : j->stream) * j->strip;
    j->batch = each < PARALLEL_ELEMENTS ? PARALLEL_ELEMENTS / each : 1;
    j->levels = 2;
    for (int64_t n = (j->chunks > 1 ? j->chunk : j->stream) / TSR_FOLD_ROWS; n > 0; n /= 2)
        j->levels++;
    return true;
}

tsr_status tsr_fold_run(tsr_context *context, const tsr_folding *f, const tsr_program *program,
                        tsr_error *err) {
    job j = {.context = context, .f = f, .program = program};
    j.item = tsr_dtype_describe(f->lanes)->itemsize;
    j.from = tsr_dtype_describe(f->from)->itemsize;
    tsr_machine probe;
    bool fits = !program->full && (program->registers <= TSR_MACHINE_BUFFERS ||
                                   tsr_machine_start(&probe, program, 0));
    if (!fits || !cut(&j))
        return tsr_error_set(err, TSR_EUNSUPPORTED, "the expression is too long");
    size_t room = (size_t)item_count(&j) * j.bytes;
    _Alignas(64) char near[PARTS_BYTES];
    if (j.chunks > 1 && (j.parts = scratch(context, near, sizeof near, room)) == NULL)
        return tsr_error_set(err, TSR_EMEMORY, "no memory for the results of rows");
    int64_t tasks = tsr_estimating(context) ? 0 : (item_count(&j) + j.batch - 1) / j.batch;
    bool back = tasks > 1 && tsr_walks_back(context, j.elements * j.from);
    tsr_parallel_walk(context, tasks, back, run_task, &j);
    tsr_status status = (tsr_status)atomic_load_explicit(&j.status, memory_order_relaxed);
    if (status == TSR_OK && tasks > 0 && j.chunks > 1)
        status = join_chunks(&j);
    scratch_free(context, j.parts, near, room);
    if (status == TSR_ECANCELLED || status == TSR_EDEADLINE)
        return tsr_interruption(status, err);
    if (status != TSR_OK)
        return tsr_error_set(err, status, "no memory for the results of rows");
    return TSR_OK;
}
