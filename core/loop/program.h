/* What is done at each place of a plan: a short program over blocks that stay in the first-level
 * cache.
 *
 * A program works on registers. tsr_program_load makes one out of an operand of the plan,
 * tsr_program_constant one that holds the same item everywhere, tsr_program_convert and
 * tsr_program_apply make one out of others, tsr_program_store names the one that is the program's
 * value. A copy is a program of a load and a store; a sum of mixed dtypes loads twice, converts,
 * applies, stores; a fused expression is just a longer program.
 *
 *     tsr_program p;
 *     tsr_program_start(&p, kernels);
 *     int x = tsr_program_convert(&p, tsr_program_load(&p, 1, TSR_INT32), TSR_FLOAT64);
 *     int y = tsr_program_load(&p, 2, TSR_FLOAT64);
 *     tsr_program_store(&p, tsr_program_apply2(&p, kernels->binary[...], x, y, TSR_FLOAT64));
 *     status = tsr_program_run(context, &p, &plan);
 *
 * tsr_program_run writes the value to operand 0 (run.c); a reduction folds it (reduce.c). */
#ifndef TSR_PROGRAM_H
#define TSR_PROGRAM_H

#include "../kernels/kernels.h"
#include "plan.h"

enum { TSR_REGISTERS = 250, TSR_STEPS = 240, TSR_CONSTANTS = 96, TSR_PATH_STEPS = 3 };

/* One kernel: registers in, one register out. */
typedef struct tsr_step {
    uint8_t inputs, in[3], out;
    union {
        tsr_kernel_convert *one;
        tsr_kernel_binary *two;
        tsr_kernel_ternary *three;
    } run;
} tsr_step;

/* Where a register's value comes from, beside operands 0, 1, ... of the plan. */
enum { TSR_FROM_STEP = -1, TSR_FROM_CONSTANT = -2 };

/* A constant: an item of a dtype, and where it came from, so that it can be made anew. */
typedef struct tsr_constant {
    _Alignas(16) unsigned char item[16];
    uint8_t dtype;
    int8_t parent; /* the constant that it was converted from; -1: a number */
    int8_t input;  /* the number's index among those that are given late; -1: it is fixed */
} tsr_constant;

typedef struct tsr_program {
    const tsr_kernels *kernels;
    int registers, steps, constants, result;
    bool full;  /* it did not fit; nothing of it is used */
    bool light; /* a step takes less time than its operands take from the second-level cache */
    uint8_t dtype[TSR_REGISTERS];
    int8_t operand[TSR_REGISTERS];   /* of the plan, for registers that are loaded, or TSR_FROM_ */
    uint8_t constant[TSR_REGISTERS]; /* which one */
    tsr_constant constants_of[TSR_CONSTANTS];
    tsr_step step[TSR_STEPS];
} tsr_program;

/* Whether the program's value is an operand as it is. */
static inline bool tsr_program_is_load(const tsr_program *program) {
    return program->steps == 0 && program->operand[program->result] >= 0;
}

void tsr_program_start(tsr_program *program, const tsr_kernels *kernels);
int tsr_program_load(tsr_program *program, int operand, tsr_dtype dtype);
/* A number, converted to `dtype`. */
int tsr_program_constant(tsr_program *program, const tsr_scalar *value, tsr_dtype dtype);
/* A number of its own dtype that tsr_program_set_inputs gives before each run. */
int tsr_program_input(tsr_program *program, int input, tsr_dtype dtype);
void tsr_program_set_inputs(tsr_program *program, const tsr_scalar *const *inputs);
/* The same register when it has the dtype already. Complex to real takes the real part. */
int tsr_program_convert(tsr_program *program, int reg, tsr_dtype dtype);
int tsr_program_apply1(tsr_program *program, tsr_kernel_convert *kernel, int a, tsr_dtype dtype);
int tsr_program_apply2(tsr_program *program, tsr_kernel_binary *kernel, int a, int b,
                       tsr_dtype dtype);
int tsr_program_apply3(tsr_program *program, tsr_kernel_ternary *kernel, int a, int b, int c,
                       tsr_dtype dtype);
/* Takes out the steps that register `reg` does not depend on. */
void tsr_program_prune(tsr_program *program, int reg);
void tsr_program_store(tsr_program *program, int reg);
/* Runs the program over an arranged plan. An input may be the result's own memory if it is the same
 * elements in the same order; no other overlap is allowed. TSR_ECANCELLED and TSR_EDEADLINE leave
 * the result partly written. */
tsr_status tsr_program_run(tsr_context *context, const tsr_program *program, const tsr_plan *plan,
                           tsr_error *err);

/* Conversion from one dtype to another in up to three kernels; none when they are the same. */
typedef struct tsr_path {
    int count;
    tsr_kernel_convert *steps[TSR_PATH_STEPS];
    uint8_t dtypes[TSR_PATH_STEPS]; /* what each step makes */
} tsr_path;

tsr_path tsr_path_find(const tsr_kernels *kernels, tsr_dtype from, tsr_dtype to);

/* Scatters a block of n <= TSR_BLOCK contiguous elements into a 1-d destination, converted by the
 * path: the way of values that come from no array. */
enum { TSR_BLOCK = 512 };
void tsr_block_store(const tsr_kernels *kernels, const tsr_path *path, const void *block,
                     int64_t itemsize, char *dst, int64_t stride, int64_t n);

#endif
