/* Running a program on a block; see machine.h. */
#include "machine.h"
#include "claim.h"

#include <string.h>

enum { SHORT_ROW = 64, TRANSPOSE_COLUMNS = 32, HELD_COLUMNS = 1024 };
/* How many blocks ahead memory far away is asked for. */
enum { AHEAD = 3 };
enum { BLOCK_UNIT = 64 };
enum { UNUSED = 255 }; /* instead of a buffer */
enum {
    DIRECT,
    REPEATED,
    HELD,
    GATHERED,
    TURNED
}; /* ways of loading; held: the same all along a row */

/* Loaded registers and constants that are used keep a buffer of their own; computed ones take any
 * whose value is used up. Returns how many buffers there are. */
static int assign_buffers(tsr_machine *m) {
    const tsr_program *p = m->program;
    int last_use[TSR_REGISTERS], holder[TSR_REGISTERS], used = 0;
    for (int i = 0; i < p->registers; i++)
        last_use[i] = i == p->result ? p->steps : -1;
    for (int s = 0; s < p->steps; s++)
        for (int k = 0; k < p->step[s].inputs; k++)
            if (last_use[p->step[s].in[k]] < s)
                last_use[p->step[s].in[k]] = s;
    for (int i = 0; i < p->registers; i++) {
        m->own[i] = UNUSED;
        if (p->operand[i] != TSR_FROM_STEP && last_use[i] >= 0) {
            holder[used] = -1;
            m->own[i] = (uint8_t)used++;
        }
    }
    for (int s = 0; s < p->steps; s++) {
        int b = 0;
        while (b < used && (holder[b] < 0 || last_use[holder[b]] >= s))
            b++;
        if (b == used)
            used++;
        holder[b] = p->step[s].out;
        m->own[p->step[s].out] = (uint8_t)b;
    }
    return used;
}

bool tsr_machine_start(tsr_machine *m, const tsr_program *p, int64_t elements) {
    m->program = p;
    m->loads = 0;
    m->back = false;
    int64_t widest = 1, in_memory = 1, bytes = 0;
    for (int i = 0; i < p->registers; i++) {
        m->item[i] = (uint8_t)tsr_dtype_describe((tsr_dtype)p->dtype[i])->itemsize;
        m->spread[i] = NULL;
        widest = m->item[i] > widest ? m->item[i] : widest;
        if (p->operand[i] >= 0 || i == p->result) {
            bytes += m->item[i];
            in_memory = m->item[i] > in_memory ? m->item[i] : in_memory;
        }
        if (p->operand[i] >= 0)
            m->load[m->loads++] = (uint8_t)i;
    }
    int used = p->full ? TSR_MACHINE_BUFFERS + 1 : assign_buffers(m);
    if (used > TSR_MACHINE_BUFFERS)
        return false;
    m->room = TSR_MACHINE_MOST;
    while (m->room * used > TSR_MACHINE_BYTES)
        m->room /= 2;
    for (int i = 0; i < p->registers; i++)
        m->buffer[i] = m->own[i] != UNUSED ? m->bytes + m->own[i] * m->room : NULL;
    m->most = m->usual = m->room / widest;
    /* A single step that goes over whole rows gains later than what passes through buffers. */
    int64_t far = p->steps > 1 ? TSR_FAR_BYTES / 2 : TSR_FAR_BYTES;
    if (elements > far / bytes && m->usual > TSR_FAR_BLOCK / in_memory)
        m->usual = TSR_FAR_BLOCK / in_memory;
    return true;
}

void tsr_machine_limit(tsr_machine *m, int64_t elements) {
    elements = elements < BLOCK_UNIT ? BLOCK_UNIT : elements / BLOCK_UNIT * BLOCK_UNIT;
    m->usual = elements < m->usual ? elements : m->usual;
}

bool tsr_tile_is_direct(const tsr_tile *tile, int operand, tsr_dtype dtype) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    return !tsr_tile_is_swapped(tile, operand) && tile->strides[operand][1] == info->itemsize &&
           ((uintptr_t)tile->data[operand] | (uintptr_t)tile->strides[operand][0]) %
                   info->alignment ==
               0;
}

static bool is_repeated(const tsr_tile *tile, int operand) {
    return tile->strides[operand][0] == 0 && tile->strides[operand][1] == 0;
}

bool tsr_tile_is_transposed(const tsr_tile *tile, int operand, int64_t item) {
    return tile->strides[operand][0] == item && tile->strides[operand][1] != item &&
           tile->strides[operand][1] != 0 && tile->n[0] > 1;
}

static int way_of(const tsr_machine *m, const tsr_tile *tile, int reg) {
    int operand = m->program->operand[reg];
    if (is_repeated(tile, operand))
        return REPEATED;
    if (tsr_tile_is_direct(tile, operand, (tsr_dtype)m->program->dtype[reg]))
        return DIRECT;
    if (tile->strides[operand][1] == 0 && tile->n[1] >= SHORT_ROW)
        return HELD;
    return tsr_tile_is_transposed(tile, operand, m->item[reg]) ? TURNED : GATHERED;
}

void tsr_units_swap(const tsr_kernels *kernels, tsr_dtype dtype, void *block, int64_t n) {
    size_t unit = tsr_dtype_unit(dtype), parts = tsr_dtype_describe(dtype)->itemsize / unit;
    kernels->swap[tsr_item_row(unit)](block, (size_t)n * parts);
}

static void gather(tsr_machine *m, const tsr_tile *tile, int reg, const char *at, int64_t rows,
                   int64_t columns) {
    int operand = m->program->operand[reg];
    int64_t item = m->item[reg], s0 = tile->strides[operand][0], s1 = tile->strides[operand][1];
    int kind = tsr_item_row((size_t)item);
    const tsr_kernels *kernels = m->program->kernels;
    char *to = m->buffer[reg];
    m->spread[reg] = NULL;
    if (rows > 1 && m->way[reg] == TURNED)
        kernels->transpose[kind](at, s1, to, columns * item, columns, rows, false);
    else
        kernels->move[kind](at, s0, s1, to, columns * item, item, rows, columns);
    if (tsr_tile_is_swapped(tile, operand))
        tsr_units_swap(kernels, (tsr_dtype)m->program->dtype[reg], to, rows * columns);
}

/* The blocks of a row share the buffer of what is the same all along it. */
static void hold(tsr_machine *m, const tsr_tile *tile, int reg, const char *at, int64_t columns) {
    if (m->spread[reg] == at && m->times[reg] >= columns)
        return;
    gather(m, tile, reg, at, 1, columns);
    m->spread[reg] = at;
    m->times[reg] = columns;
}

/* Asks for a block ahead, which has so many bytes as this one. */
static void read_ahead(const tsr_machine *m, const char *at, int64_t bytes) {
    tsr_fetch(at + (m->back ? -AHEAD : AHEAD) * bytes, (size_t)bytes);
}

static void load(tsr_machine *m, const tsr_tile *tile, int64_t row, int64_t column, int64_t rows,
                 int64_t columns) {
    for (int i = 0; i < m->loads; i++) {
        int reg = m->load[i], operand = m->program->operand[reg];
        const char *at = tile->data[operand] + row * tile->strides[operand][0] +
                         column * tile->strides[operand][1];
        m->value[reg] = m->buffer[reg];
        if (rows == 1 && m->way[reg] == DIRECT) {
            m->value[reg] = at;
            if (m->usual < m->most)
                read_ahead(m, at, columns * m->item[reg]);
        } else if (rows == 1 && m->way[reg] == TURNED && m->panel[2] > 0) {
            m->value[reg] =
                m->turned[reg] +
                ((row - m->panel[0]) * m->panel[3] + column - m->panel[1]) * m->item[reg];
        } else if (rows == 1 && m->way[reg] == HELD) {
            hold(m, tile, reg, at, columns);
        } else if (m->way[reg] != REPEATED) {
            gather(m, tile, reg, at, rows, columns);
        }
    }
}

/* Spreads what the tile repeats over n elements. */
static void spread(tsr_machine *m, const tsr_tile *tile, int64_t n) {
    const tsr_program *p = m->program;
    for (int reg = 0; reg < p->registers; reg++) {
        int operand = p->operand[reg];
        bool constant = operand == TSR_FROM_CONSTANT;
        if (m->own[reg] == UNUSED || (!constant && (operand < 0 || !is_repeated(tile, operand))))
            continue;
        const void *from =
            constant ? (const void *)p->constants_of[p->constant[reg]].item : tile->data[operand];
        if (m->spread[reg] == from && m->times[reg] >= n)
            continue;
        _Alignas(16) unsigned char item[16];
        memcpy(item, from, m->item[reg]);
        if (!constant && tsr_tile_is_swapped(tile, operand))
            tsr_units_swap(p->kernels, (tsr_dtype)p->dtype[reg], item, 1);
        m->value[reg] = m->buffer[reg];
        p->kernels->fill[tsr_item_row(m->item[reg])](item, m->buffer[reg], (size_t)n);
        m->spread[reg] = from;
        m->times[reg] = n;
    }
    m->filled = n;
}

const void *tsr_machine_block(tsr_machine *m, const tsr_tile *tile, int64_t row, int64_t column,
                              int64_t rows, int64_t columns, void *to) {
    const tsr_program *p = m->program;
    size_t n = (size_t)(rows * columns);
    if (rows * columns > m->filled) /* more rows at once than tsr_machine_enter chose */
        spread(m, tile, rows * columns);
    load(m, tile, row, column, rows, columns);
    const void **value = m->value;
    const tsr_step *last = p->step + p->steps - 1;
    for (const tsr_step *s = p->step; s <= last; s++) {
        void *made = s == last && to != NULL ? to : m->buffer[s->out];
        const void *a = value[s->in[0]];
        if (s->inputs == 2)
            s->run.two(a, value[s->in[1]], made, n);
        else if (s->inputs == 1)
            s->run.one(a, made, n);
        else
            s->run.three(a, value[s->in[1]], value[s->in[2]], made, n);
        value[s->out] = made;
    }
    return value[p->result];
}

/* Parts of a row, but squares for transposes, and several short rows at once. */
static void choose_block(tsr_machine *m, const tsr_tile *tile) {
    bool turned = false, held = false;
    for (int i = 0; i < m->loads; i++) {
        turned = turned || m->way[m->load[i]] == TURNED;
        held = held || m->way[m->load[i]] == HELD;
    }
    m->rows = 1;
    m->columns = tile->n[1] < m->usual ? tile->n[1] : m->usual;
    if (held && tile->n[0] > 1 && m->columns > HELD_COLUMNS)
        m->columns = HELD_COLUMNS;
    if (turned && m->columns > TRANSPOSE_COLUMNS)
        m->columns = TRANSPOSE_COLUMNS;
    if (turned)
        m->rows = m->most / m->columns;
    else if (tile->n[1] < SHORT_ROW && tile->n[0] > 1)
        m->rows = m->usual / m->columns;
}

void tsr_machine_enter(tsr_machine *m, const tsr_tile *tile) {
    for (int i = 0; i < m->loads; i++)
        m->way[m->load[i]] = (uint8_t)way_of(m, tile, m->load[i]);
    m->panel[2] = 0;
    choose_block(m, tile);
    spread(m, tile, (m->rows < tile->n[0] ? m->rows : tile->n[0]) * m->columns);
}

bool tsr_machine_is_near(const tsr_machine *m) {
    bool near = m->rows == 1 && m->usual == m->most;
    for (int i = 0; i < m->loads; i++)
        near = near && m->way[m->load[i]] <= HELD;
    return near;
}

bool tsr_machine_needs_no_buffer(const tsr_machine *m) {
    const tsr_program *p = m->program;
    bool bare = p->steps == 1 && p->constants == 0 && tsr_machine_is_near(m);
    for (int i = 0; i < m->loads; i++)
        bare = bare && m->way[m->load[i]] == DIRECT;
    return bare;
}

bool tsr_machine_streams(const tsr_machine *m) {
    const tsr_program *p = m->program;
    bool streams = p->steps == 1 && p->step[0].out == p->result && m->rows == 1;
    for (int i = 0; i < m->loads; i++)
        streams = streams && m->way[m->load[i]] <= HELD;
    return streams;
}

void tsr_machine_stream(tsr_machine *m, const tsr_tile *tile, int64_t row, int64_t column,
                        int64_t n, char *to) {
    const tsr_program *p = m->program;
    const tsr_step *s = p->step;
    const char *in[3];
    int64_t by[3], item = m->item[s->out];
    for (int k = 0; k < s->inputs; k++) {
        int reg = s->in[k], operand = p->operand[reg];
        in[k] = m->value[reg];
        by[k] = 0;
        if (operand < 0 || m->way[reg] == REPEATED)
            continue;
        const int64_t *strides = tile->strides[operand];
        const char *at = tile->data[operand] + row * strides[0] + column * strides[1];
        if (m->way[reg] == HELD) {
            hold(m, tile, reg, at, n < m->columns ? n : m->columns);
            in[k] = m->buffer[reg];
        } else {
            in[k] = at;
            by[k] = m->item[reg];
        }
    }
    char *made = m->buffer[s->out];
    for (int64_t some; n > 0; n -= some, to += some * item) {
        some = n < m->columns ? n : m->columns;
        for (int k = 0; k < s->inputs; k++)
            tsr_fetch(in[k] + AHEAD * some * by[k], (size_t)(some * by[k]));
        if (s->inputs == 2)
            s->run.two(in[0], in[1], made, (size_t)some);
        else if (s->inputs == 1)
            s->run.one(in[0], made, (size_t)some);
        else
            s->run.three(in[0], in[1], in[2], made, (size_t)some);
        p->kernels->stream(made, to, (size_t)(some * item));
        for (int k = 0; k < s->inputs; k++)
            in[k] += some * by[k];
    }
}

bool tsr_machine_turns(const tsr_machine *m, const tsr_tile *tile, int64_t *rows,
                       int64_t *columns) {
    int64_t widest = 0, bytes = 0;
    for (int i = 0; i < m->loads; i++) {
        int64_t item = m->item[m->load[i]];
        if (m->way[m->load[i]] != TURNED)
            continue;
        widest = item > widest ? item : widest;
        bytes += item;
    }
    if (widest == 0)
        return false;
    *rows = TSR_LINE / widest;
    *columns = TSR_PANEL_BYTES / (*rows * bytes) / TSR_LINE * TSR_LINE;
    return tile->n[1] >= 2 * TSR_LINE && tile->n[0] > 1 && *columns > 0;
}

void tsr_machine_turn(tsr_machine *m, const tsr_tile *tile, int64_t row, int64_t column,
                      int64_t rows, int64_t columns, char *room) {
    for (int i = 0; i < m->loads; i++) {
        int reg = m->load[i], operand = m->program->operand[reg];
        const int64_t *strides = tile->strides[operand], item = m->item[reg];
        if (m->way[reg] != TURNED)
            continue;
        m->turned[reg] = room;
        m->program->kernels->transpose[tsr_item_row((size_t)item)](
            tile->data[operand] + row * strides[0] + column * strides[1], strides[1], room,
            columns * item, columns, rows, false);
        if (tsr_tile_is_swapped(tile, operand))
            tsr_units_swap(m->program->kernels, (tsr_dtype)m->program->dtype[reg], room,
                           rows * columns);
        room += (rows * columns * item + TSR_LINE - 1) / TSR_LINE * TSR_LINE;
    }
    m->panel[0] = row, m->panel[1] = column, m->panel[2] = rows, m->panel[3] = columns;
}
