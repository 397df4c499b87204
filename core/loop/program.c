/* Running a program, block by block.
 *
 * A tile is cut into blocks, `rows` by `columns` elements, so small that each register's block is
 * at most BUFFER bytes. For each block
 *
 *     loads     an operand that is contiguous and aligned is used where it lies; one that repeats a
 *               single element was spread over its buffer when the tile began; any other is
 * gathered, by a transposing kernel where its fast direction is the other one steps     kernels,
 * from buffer to buffer; the last one writes to the result directly where that is contiguous and
 * aligned store     otherwise the result is scattered from its buffer
 *
 * so that no conversion and no intermediate value ever takes a whole temporary array. A plain copy,
 * which needs none of this, goes to the move and transpose kernels for the whole tile. */
#include "program.h"

#include <string.h>

enum { BUFFER = 8192, BUFFERS = 12, SHORT_ROW = 64, TRANSPOSE_COLUMNS = 32 };

/* ---- building ---- */

void tsr_program_start(tsr_program *p, const tsr_kernels *kernels) {
    p->kernels = kernels;
    p->registers = p->steps = p->result = 0;
}

static int add_register(tsr_program *p, tsr_dtype dtype, int operand) {
    p->dtype[p->registers] = (uint8_t)dtype;
    p->operand[p->registers] = (int8_t)operand;
    return p->registers++;
}

int tsr_program_load(tsr_program *p, int operand, tsr_dtype dtype) {
    return add_register(p, dtype, operand);
}

static tsr_step *add_step(tsr_program *p, int inputs, int a, int b, int c, tsr_dtype dtype) {
    tsr_step *s = &p->step[p->steps++];
    s->inputs = (uint8_t)inputs;
    s->in[0] = (uint8_t)a;
    s->in[1] = (uint8_t)b;
    s->in[2] = (uint8_t)c;
    s->out = (uint8_t)add_register(p, dtype, -1);
    return s;
}

int tsr_program_apply1(tsr_program *p, tsr_kernel_convert *kernel, int a, tsr_dtype dtype) {
    add_step(p, 1, a, 0, 0, dtype)->run.one = kernel;
    return p->registers - 1;
}

int tsr_program_apply2(tsr_program *p, tsr_kernel_binary *kernel, int a, int b, tsr_dtype dtype) {
    add_step(p, 2, a, b, 0, dtype)->run.two = kernel;
    return p->registers - 1;
}

int tsr_program_apply3(tsr_program *p, tsr_kernel_ternary *kernel, int a, int b, int c,
                       tsr_dtype dtype) {
    add_step(p, 3, a, b, c, dtype)->run.three = kernel;
    return p->registers - 1;
}

tsr_path tsr_path_find(const tsr_kernels *kernels, tsr_dtype from, tsr_dtype to) {
    tsr_path path = {0};
    while (from != to && path.count < TSR_PATH_STEPS) {
        tsr_dtype next = (tsr_dtype)kernels->via[from][to];
        path.steps[path.count] = kernels->convert[from][next];
        path.dtypes[path.count++] = (uint8_t)next;
        from = next;
    }
    return path;
}

int tsr_program_convert(tsr_program *p, int reg, tsr_dtype dtype) {
    tsr_path path = tsr_path_find(p->kernels, (tsr_dtype)p->dtype[reg], dtype);
    for (int i = 0; i < path.count; i++)
        reg = tsr_program_apply1(p, path.steps[i], reg, (tsr_dtype)path.dtypes[i]);
    return reg;
}

void tsr_program_store(tsr_program *p, int reg) {
    p->result = reg;
}

/* ---- running ---- */

typedef struct buffer {
    _Alignas(64) char bytes[BUFFER];
} buffer;

typedef struct run {
    const tsr_program *program;
    int64_t limit; /* elements of a block */
    int64_t item[TSR_REGISTERS];
    buffer *own[TSR_REGISTERS]; /* each register's buffer */
    const void *value[TSR_REGISTERS];
} run;

/* Loaded registers keep a buffer of their own; computed ones take any whose value is used up. */
static void assign_buffers(run *r, buffer *buffers) {
    const tsr_program *p = r->program;
    int last_use[TSR_REGISTERS], holder[BUFFERS], used = 0;
    for (int i = 0; i < p->registers; i++)
        last_use[i] = i == p->result ? p->steps : -1;
    for (int s = 0; s < p->steps; s++)
        for (int k = 0; k < p->step[s].inputs; k++)
            if (last_use[p->step[s].in[k]] < s)
                last_use[p->step[s].in[k]] = s;
    for (int i = 0; i < p->registers; i++)
        if (p->operand[i] >= 0) {
            holder[used] = -1;
            r->own[i] = &buffers[used++];
        }
    for (int s = 0; s < p->steps; s++) {
        int b = 0;
        while (b < used && (holder[b] < 0 || last_use[holder[b]] >= s))
            b++;
        if (b == used)
            used++;
        holder[b] = p->step[s].out;
        r->own[p->step[s].out] = &buffers[b];
    }
}

static bool is_direct(const tsr_tile *tile, int operand, tsr_dtype dtype) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    return tile->strides[operand][1] == info->itemsize &&
           ((uintptr_t)tile->data[operand] | (uintptr_t)tile->strides[operand][0]) %
                   info->alignment ==
               0;
}

static bool is_repeated(const tsr_tile *tile, int operand) {
    return tile->strides[operand][0] == 0 && tile->strides[operand][1] == 0;
}

static bool is_transposed(const tsr_tile *tile, int operand, int64_t item) {
    return tile->strides[operand][0] == item && tile->strides[operand][1] != item &&
           tile->strides[operand][1] != 0 && tile->n[0] > 1;
}

static void gather(const run *r, const tsr_tile *tile, int reg, const char *at, int64_t rows,
                   int64_t columns) {
    int operand = r->program->operand[reg], row = tsr_item_row((size_t)r->item[reg]);
    int64_t item = r->item[reg], s0 = tile->strides[operand][0], s1 = tile->strides[operand][1];
    const tsr_kernels *kernels = r->program->kernels;
    char *to = r->own[reg]->bytes;
    if (rows > 1 && is_transposed(tile, operand, item))
        kernels->transpose[row](at, s1, to, columns * item, columns, rows);
    else
        kernels->move[row](at, s0, s1, to, columns * item, item, rows, columns);
}

static void load_block(run *r, const tsr_tile *tile, int64_t row, int64_t column, int64_t rows,
                       int64_t columns) {
    const tsr_program *p = r->program;
    for (int reg = 0; reg < p->registers; reg++) {
        int operand = p->operand[reg];
        if (operand < 0)
            continue;
        const char *at = tile->data[operand] + row * tile->strides[operand][0] +
                         column * tile->strides[operand][1];
        r->value[reg] = r->own[reg]->bytes;
        if (rows == 1 && is_direct(tile, operand, (tsr_dtype)p->dtype[reg]))
            r->value[reg] = at;
        else if (!is_repeated(tile, operand))
            gather(r, tile, reg, at, rows, columns);
    }
}

static void run_block(run *r, const tsr_tile *tile, int64_t row, int64_t column, int64_t rows,
                      int64_t columns) {
    const tsr_program *p = r->program;
    size_t n = (size_t)(rows * columns);
    char *at = tile->data[0] + row * tile->strides[0][0] + column * tile->strides[0][1];
    bool direct = rows == 1 && is_direct(tile, 0, (tsr_dtype)p->dtype[p->result]);
    load_block(r, tile, row, column, rows, columns);
    for (int i = 0; i < p->steps; i++) {
        const tsr_step *s = &p->step[i];
        void *to = (i == p->steps - 1 && direct) ? at : r->own[s->out]->bytes;
        const void *a = r->value[s->in[0]];
        if (s->inputs == 1)
            s->run.one(a, to, n);
        else if (s->inputs == 2)
            s->run.two(a, r->value[s->in[1]], to, n);
        else
            s->run.three(a, r->value[s->in[1]], r->value[s->in[2]], to, n);
        r->value[s->out] = to;
    }
    const void *result = r->value[p->result];
    int64_t item = r->item[p->result];
    if (result != at)
        p->kernels->move[tsr_item_row((size_t)item)](result, columns * item, item, at,
                                                     tile->strides[0][0], tile->strides[0][1], rows,
                                                     columns);
}

/* Parts of a row, but squares for transposes, and several short rows at once. */
static void choose_block(const run *r, const tsr_tile *tile, int64_t *rows, int64_t *columns) {
    const tsr_program *p = r->program;
    bool transposed = false;
    for (int reg = 0; reg < p->registers; reg++) {
        if (p->operand[reg] >= 0)
            transposed = transposed || is_transposed(tile, p->operand[reg], r->item[reg]);
    }
    *rows = 1;
    *columns = tile->n[1] < r->limit ? tile->n[1] : r->limit;
    if (transposed) {
        *columns = *columns < TRANSPOSE_COLUMNS ? *columns : TRANSPOSE_COLUMNS;
        *rows = r->limit / *columns;
    } else if (tile->n[1] < SHORT_ROW && tile->n[0] > 1) {
        *rows = r->limit / *columns;
    }
}

/* Registers that repeat one element hold it for the whole tile. */
static void spread_repeated(run *r, const tsr_tile *tile, int64_t n) {
    const tsr_program *p = r->program;
    for (int reg = 0; reg < p->registers; reg++)
        if (p->operand[reg] >= 0 && is_repeated(tile, p->operand[reg])) {
            _Alignas(16) char item[16];
            memcpy(item, tile->data[p->operand[reg]], (size_t)r->item[reg]);
            p->kernels->fill[tsr_item_row((size_t)r->item[reg])](item, r->own[reg]->bytes,
                                                                 (size_t)n);
        }
}

static void program_tile(void *user, const tsr_tile *tile) {
    run *r = user;
    int64_t rows, columns;
    choose_block(r, tile, &rows, &columns);
    int64_t block = rows < tile->n[0] ? rows * columns : tile->n[0] * columns;
    spread_repeated(r, tile, block);
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
    if (is_transposed(tile, 1, item) && ds[1] == item)
        kernels->transpose[row](tile->data[1], ss[1], tile->data[0], ds[0], tile->n[1], tile->n[0]);
    else
        kernels->move[row](tile->data[1], ss[0], ss[1], tile->data[0], ds[0], ds[1], tile->n[0],
                           tile->n[1]);
}

void tsr_program_run(const tsr_program *p, const tsr_plan *plan) {
    buffer buffers[BUFFERS];
    run r = {.program = p};
    int64_t widest = 1;
    for (int i = 0; i < p->registers; i++) {
        r.item[i] = tsr_dtype_describe((tsr_dtype)p->dtype[i])->itemsize;
        widest = r.item[i] > widest ? r.item[i] : widest;
    }
    r.limit = BUFFER / widest;
    assign_buffers(&r, buffers);
    tsr_plan_run(plan, p->steps == 0 ? copy_tile : program_tile, &r);
}

void tsr_block_store(const tsr_kernels *kernels, const tsr_path *path, const void *block,
                     int64_t itemsize, char *dst, int64_t stride, int64_t n) {
    buffer pair[2];
    for (int i = 0; i < path->count; i++) {
        void *to = block == pair[0].bytes ? pair[1].bytes : pair[0].bytes;
        path->steps[i](block, to, (size_t)n);
        block = to;
    }
    kernels->move[tsr_item_row((size_t)itemsize)](block, 0, itemsize, dst, 0, stride, 1, n);
}
