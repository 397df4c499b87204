/* Running a program: block by block, in buffers that stay in the first-level cache.
 *
 * A tile is cut into blocks of at most TSR_BLOCK elements, `rows` by `columns`. For each block
 *
 *     load      an input that is contiguous and aligned is used where it lies; any other is
 * gathered into a buffer, by a transposing kernel where its fast direction is the other one convert
 * zero to three kernels, from buffer to buffer apply     the operation, if there is one store the
 * last of these writes to the result directly where it is contiguous and aligned; otherwise into a
 * buffer that is scattered
 *
 * so that no conversion ever makes a whole temporary array. A plain copy, which needs none of this,
 * goes to the move and transpose kernels for the whole tile. */
#include "program.h"

#include <string.h>

enum { ITEM_MOST = 16, DIRECT_CHUNK = 1 << 16, SHORT_ROW = 64, TRANSPOSE_COLUMNS = 32 };

typedef struct buffer {
    _Alignas(64) char bytes[TSR_BLOCK * ITEM_MOST];
} buffer;

typedef struct run {
    const tsr_program *program;
    tsr_path path[TSR_PROGRAM_INPUTS];
    int64_t item[1 + TSR_PROGRAM_INPUTS];  /* of operands, in bytes */
    int64_t align[1 + TSR_PROGRAM_INPUTS]; /* natural alignment of operands */
    buffer *buffers;                       /* two an input, one for the result */
} run;

tsr_path tsr_path_find(const tsr_kernels *kernels, tsr_dtype from, tsr_dtype to) {
    tsr_path path = {0};
    while (from != to && path.count < TSR_PATH_STEPS) {
        tsr_dtype next = to;
        while (kernels->convert[from][next] == NULL) /* the first step of the way to `next` */
            next = (tsr_dtype)kernels->via[from][next];
        path.steps[path.count] = kernels->convert[from][next];
        path.itemsizes[path.count++] = tsr_dtype_describe(next)->itemsize;
        from = next;
    }
    return path;
}

static bool is_direct(const run *r, const tsr_tile *tile, int operand) {
    return tile->strides[operand][1] == r->item[operand] &&
           ((uintptr_t)tile->data[operand] | (uintptr_t)tile->strides[operand][0]) %
                   (uintptr_t)r->align[operand] ==
               0;
}

static void gather(const run *r, const tsr_tile *tile, int operand, const char *at, int64_t rows,
                   int64_t columns, char *to) {
    int row = tsr_item_row((size_t)r->item[operand]);
    int64_t item = r->item[operand], s0 = tile->strides[operand][0], s1 = tile->strides[operand][1];
    const tsr_kernels *kernels = r->program->kernels;
    if (s0 == item && s1 != item && s1 != 0 && rows > 1)
        kernels->transpose[row](at, s1, to, columns * item, columns, rows);
    else
        kernels->move[row](at, s0, s1, to, columns * item, item, rows, columns);
}

/* Applies the path; the last step writes to `target` unless that is NULL. Returns where the values
 * are. `pair` is two buffers; `from` may be the first. */
static const void *convert(const tsr_path *path, const void *from, buffer *pair, void *target,
                           size_t n) {
    for (int i = 0; i < path->count; i++) {
        void *to = from == pair[0].bytes ? pair[1].bytes : pair[0].bytes;
        if (i == path->count - 1 && target != NULL)
            to = target;
        path->steps[i](from, to, n);
        from = to;
    }
    return from;
}

/* Values of one input for a block, converted; in `target` if that is given and something had to be
 * moved or converted to get them. */
static const void *load(const run *r, const tsr_tile *tile, int input, int64_t row, int64_t column,
                        int64_t rows, int64_t columns, void *target) {
    int operand = input + 1;
    const char *at =
        tile->data[operand] + row * tile->strides[operand][0] + column * tile->strides[operand][1];
    const void *from = at;
    buffer *pair = r->buffers + 2 * input;
    const tsr_path *path = &r->path[input];
    if (rows > 1 || !is_direct(r, tile, operand)) {
        char *to = path->count == 0 && target != NULL ? target : pair[0].bytes;
        gather(r, tile, operand, at, rows, columns, to);
        from = to;
    }
    return convert(path, from, pair, target, (size_t)(rows * columns));
}

static void run_block(const run *r, const tsr_tile *tile, int64_t row, int64_t column, int64_t rows,
                      int64_t columns) {
    int64_t item = r->item[0];
    char *at = tile->data[0] + row * tile->strides[0][0] + column * tile->strides[0][1];
    bool direct = rows == 1 && is_direct(r, tile, 0);
    const tsr_program *p = r->program;
    char *target = direct ? at : r->buffers[2 * p->inputs].bytes;
    const void *values = load(r, tile, 0, row, column, rows, columns, p->apply ? NULL : target);
    if (p->apply != NULL) {
        const void *second = load(r, tile, 1, row, column, rows, columns, NULL);
        p->apply(values, second, target, (size_t)(rows * columns));
        values = target;
    }
    if (values != at)
        p->kernels->move[tsr_item_row((size_t)item)](values, columns * item, item, at,
                                                     tile->strides[0][0], tile->strides[0][1], rows,
                                                     columns);
}

/* The size of blocks: whole runs where nothing needs a buffer, squares for transposes, several
 * short rows at once otherwise. */
static void choose_block(const run *r, const tsr_tile *tile, int64_t *rows, int64_t *columns) {
    bool all_direct = true, transposed = false, buffered = false;
    for (int k = 0; k <= r->program->inputs; k++) {
        all_direct = all_direct && is_direct(r, tile, k);
        transposed = transposed || (k > 0 && tile->strides[k][0] == r->item[k] &&
                                    tile->strides[k][1] != r->item[k] && tile->n[0] > 1);
        buffered = buffered || (k > 0 && r->path[k - 1].count > 1);
    }
    *rows = 1;
    if (all_direct && !buffered && (tile->n[1] >= SHORT_ROW || tile->n[0] == 1)) {
        *columns = DIRECT_CHUNK;
        if (r->program->apply != NULL && (r->path[0].count > 0 || r->path[1].count > 0))
            *columns = TSR_BLOCK;
    } else if (transposed) {
        *columns = tile->n[1] < TRANSPOSE_COLUMNS ? tile->n[1] : TRANSPOSE_COLUMNS;
        *rows = TSR_BLOCK / *columns;
    } else {
        *columns = TSR_BLOCK;
        if (tile->n[1] < SHORT_ROW)
            *rows = TSR_BLOCK / tile->n[1];
    }
}

static void convert_tile(void *user, const tsr_tile *tile) {
    const run *r = user;
    int64_t rows, columns;
    choose_block(r, tile, &rows, &columns);
    for (int64_t i = 0; i < tile->n[0]; i += rows)
        for (int64_t j = 0; j < tile->n[1]; j += columns)
            run_block(r, tile, i, j, tile->n[0] - i < rows ? tile->n[0] - i : rows,
                      tile->n[1] - j < columns ? tile->n[1] - j : columns);
}

static void copy_tile(void *user, const tsr_tile *tile) {
    const run *r = user;
    const tsr_kernels *kernels = r->program->kernels;
    int64_t item = r->item[0];
    int row = tsr_item_row((size_t)item);
    const int64_t *ds = tile->strides[0], *ss = tile->strides[1];
    if (ss[0] == item && ds[1] == item && ss[1] != item && ss[1] != 0 && tile->n[0] > 1)
        kernels->transpose[row](tile->data[1], ss[1], tile->data[0], ds[0], tile->n[1], tile->n[0]);
    else
        kernels->move[row](tile->data[1], ss[0], ss[1], tile->data[0], ds[0], ds[1], tile->n[0],
                           tile->n[1]);
}

void tsr_program_run(const tsr_program *p, const tsr_plan *plan) {
    buffer buffers[2 * TSR_PROGRAM_INPUTS + 1];
    run r = {.program = p, .buffers = buffers};
    for (int k = 0; k <= p->inputs; k++) {
        tsr_dtype dtype = k == 0 ? p->result : p->input[k - 1];
        r.item[k] = tsr_dtype_describe(dtype)->itemsize;
        r.align[k] = tsr_dtype_describe(dtype)->alignment;
        if (k > 0)
            r.path[k - 1] = tsr_path_find(p->kernels, dtype, p->result);
    }
    bool plain = p->apply == NULL && r.path[0].count == 0;
    tsr_plan_run(plan, plain ? copy_tile : convert_tile, &r);
}

void tsr_block_store(const tsr_kernels *kernels, const tsr_path *path, const void *block,
                     int64_t itemsize, char *dst, int64_t stride, int64_t n) {
    buffer pair[2];
    const void *values = convert(path, block, pair, NULL, (size_t)n);
    kernels->move[tsr_item_row((size_t)itemsize)](values, 0, itemsize, dst, 0, stride, 1, n);
}
