/* Building a program; see program.h. */
#include "program.h"

#include <string.h>

void tsr_program_start(tsr_program *p, const tsr_kernels *kernels) {
    p->kernels = kernels;
    p->registers = p->steps = p->constants = p->result = 0;
    p->full = false;
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

int tsr_program_constant(tsr_program *p, const tsr_scalar *value, tsr_dtype dtype) {
    if (p->constants == TSR_CONSTANTS) {
        p->full = true;
        p->constants--;
    }
    int reg = add_register(p, dtype, TSR_FROM_CONSTANT);
    tsr_scalar_store(dtype, p->item[p->constants], value);
    p->constant[reg] = (uint8_t)p->constants++;
    return reg;
}

static tsr_step *add_step(tsr_program *p, int inputs, int a, int b, int c, tsr_dtype dtype) {
    if (p->steps == TSR_STEPS) {
        p->full = true;
        p->steps--;
    }
    tsr_step *s = &p->step[p->steps++];
    s->inputs = (uint8_t)inputs;
    s->in[0] = (uint8_t)a;
    s->in[1] = (uint8_t)b;
    s->in[2] = (uint8_t)c;
    s->out = (uint8_t)add_register(p, dtype, TSR_FROM_STEP);
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
    if (p->dtype[reg] == dtype)
        return reg;
    tsr_path path = tsr_path_find(p->kernels, (tsr_dtype)p->dtype[reg], dtype);
    for (int i = 0; i < path.count; i++)
        reg = tsr_program_apply1(p, path.steps[i], reg, (tsr_dtype)path.dtypes[i]);
    return reg;
}

void tsr_program_store(tsr_program *p, int reg) {
    p->result = reg;
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
