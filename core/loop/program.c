/* Building a program; see program.h. */
#include "program.h"

#include <string.h>

void tsr_program_start(tsr_program *p, const tsr_kernels *kernels) {
    p->kernels = kernels;
    p->registers = p->steps = p->constants = p->result = 0;
    p->full = p->light = false;
}

/* A program that does not fit goes on in its last register, so that only the end must look. */
static int add_register(tsr_program *p, tsr_dtype dtype, int operand) {
    if (p->registers == TSR_REGISTERS) {
        p->full = true;
        p->registers--;
    }
    p->dtype[p->registers] = (uint8_t)dtype;
    p->operand[p->registers] = (int8_t)operand;
    return p->registers++;
}

int tsr_program_load(tsr_program *p, int operand, tsr_dtype dtype) {
    return add_register(p, dtype, operand);
}

static int add_constant(tsr_program *p, const tsr_scalar *value, tsr_dtype dtype, int parent,
                        int input) {
    tsr_constant made = {.dtype = (uint8_t)dtype, .parent = (int8_t)parent, .input = (int8_t)input};
    tsr_scalar_store(dtype, made.item, value);
    for (int reg = 0; reg < p->registers; reg++) /* the same one may be there already */
        if (p->operand[reg] == TSR_FROM_CONSTANT &&
            memcmp(&p->constants_of[p->constant[reg]], &made, sizeof made) == 0)
            return reg;
    if (p->constants == TSR_CONSTANTS) {
        p->full = true;
        p->constants--;
    }
    int reg = add_register(p, dtype, TSR_FROM_CONSTANT);
    p->constants_of[p->constants] = made;
    p->constant[reg] = (uint8_t)p->constants++;
    return reg;
}

int tsr_program_constant(tsr_program *p, const tsr_scalar *value, tsr_dtype dtype) {
    return add_constant(p, value, dtype, -1, -1);
}

int tsr_program_input(tsr_program *p, int input, tsr_dtype dtype) {
    tsr_scalar zero = {.dtype = TSR_INT64};
    return add_constant(p, &zero, dtype, -1, input);
}

void tsr_program_set_inputs(tsr_program *p, const tsr_scalar *const *inputs) {
    for (int i = 0; i < p->constants; i++) {
        tsr_constant *c = &p->constants_of[i];
        tsr_scalar from;
        if (c->input >= 0) {
            from = *inputs[c->input];
        } else if (c->parent >= 0) {
            const tsr_constant *parent = &p->constants_of[c->parent];
            from = tsr_scalar_load((tsr_dtype)parent->dtype, parent->item);
        } else {
            continue;
        }
        tsr_scalar_store((tsr_dtype)c->dtype, c->item, &from);
    }
}

/* Steps that were there already are not taken twice. */
static int add_step(tsr_program *p, const tsr_step *wanted, tsr_dtype dtype) {
    for (int i = 0; i < p->steps; i++) {
        const tsr_step *s = &p->step[i];
        if (s->inputs == wanted->inputs && s->run.one == wanted->run.one &&
            memcmp(s->in, wanted->in, sizeof s->in) == 0 && p->dtype[s->out] == dtype)
            return s->out;
    }
    if (p->steps == TSR_STEPS) {
        p->full = true;
        p->steps--;
    }
    int out = add_register(p, dtype, TSR_FROM_STEP);
    p->step[p->steps] = *wanted;
    p->step[p->steps++].out = (uint8_t)out;
    return out;
}

int tsr_program_apply1(tsr_program *p, tsr_kernel_convert *kernel, int a, tsr_dtype dtype) {
    tsr_step s = {.inputs = 1, .in = {(uint8_t)a}, .run = {.one = kernel}};
    return add_step(p, &s, dtype);
}

/* The step that makes a register; NULL where none does. */
static const tsr_step *maker_of(const tsr_program *p, int reg) {
    for (int i = p->steps; i-- > 0;)
        if (p->step[i].out == reg)
            return &p->step[i];
    return NULL;
}

/* The minimum of a maximum is one kernel: limits are one pass over a block. The maximum stays for
 * who else may want it, until the program is pruned. */
int tsr_program_apply2(tsr_program *p, tsr_kernel_binary *kernel, int a, int b, tsr_dtype dtype) {
    const tsr_kernels *k = p->kernels;
    const tsr_step *inner = NULL;
    if (kernel == k->binary[TSR_BIN_MINIMUM][dtype] && k->limit[dtype] != NULL)
        inner = maker_of(p, a);
    if (inner != NULL && inner->inputs == 2 && inner->run.two == k->binary[TSR_BIN_MAXIMUM][dtype])
        return tsr_program_apply3(p, k->limit[dtype], inner->in[0], inner->in[1], b, dtype);
    tsr_step s = {.inputs = 2, .in = {(uint8_t)a, (uint8_t)b}, .run = {.two = kernel}};
    return add_step(p, &s, dtype);
}

int tsr_program_apply3(tsr_program *p, tsr_kernel_ternary *kernel, int a, int b, int c,
                       tsr_dtype dtype) {
    tsr_step s = {
        .inputs = 3, .in = {(uint8_t)a, (uint8_t)b, (uint8_t)c}, .run = {.three = kernel}};
    return add_step(p, &s, dtype);
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
    if (p->dtype[reg] == dtype)
        return reg;
    if (p->operand[reg] == TSR_FROM_CONSTANT) {
        const tsr_constant *c = &p->constants_of[p->constant[reg]];
        tsr_scalar value = tsr_scalar_load((tsr_dtype)c->dtype, c->item);
        bool late = c->input >= 0 || c->parent >= 0;
        return add_constant(p, &value, dtype, late ? p->constant[reg] : -1, -1);
    }
    tsr_path path = tsr_path_find(p->kernels, (tsr_dtype)p->dtype[reg], dtype);
    for (int i = 0; i < path.count; i++)
        reg = tsr_program_apply1(p, path.steps[i], reg, (tsr_dtype)path.dtypes[i]);
    return reg;
}

void tsr_program_prune(tsr_program *p, int reg) {
    bool used[TSR_REGISTERS] = {false};
    used[reg] = true;
    int kept = p->steps;
    for (int i = p->steps; i-- > 0;) {
        const tsr_step s = p->step[i];
        if (!used[s.out])
            continue;
        for (int k = 0; k < s.inputs; k++)
            used[s.in[k]] = true;
        p->step[--kept] = s;
    }
    memmove(p->step, p->step + kept, (size_t)(p->steps - kept) * sizeof *p->step);
    p->steps -= kept;
}

/* The step that makes the result is the last one; what came behind it is of no use. */
void tsr_program_store(tsr_program *p, int reg) {
    p->result = reg;
    while (p->steps > 0 && p->step[p->steps - 1].out != reg)
        p->steps--;
}

void tsr_block_store(const tsr_kernels *kernels, const tsr_path *path, const void *block,
                     int64_t itemsize, char *dst, int64_t stride, int64_t n) {
    _Alignas(64) char pair[2][TSR_BLOCK * 16];
    for (int i = 0; i < path->count; i++) {
        void *to = block == pair[0] ? pair[1] : pair[0];
        path->steps[i](block, to, (size_t)n);
        block = to;
    }
    kernels->move[tsr_item_row((size_t)itemsize)](block, 0, itemsize, dst, 0, stride, 1, n);
}
