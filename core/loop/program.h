/* What is done at each place of a plan. */
#ifndef TSR_PROGRAM_H
#define TSR_PROGRAM_H

#include "../kernels/kernels.h"
#include "plan.h"

enum { TSR_PATH_STEPS = 3, TSR_PROGRAM_INPUTS = 2 };

/* Conversion from one dtype to another in up to three kernels; none when they are the same. */
typedef struct tsr_path {
    int count;
    tsr_kernel_convert *steps[TSR_PATH_STEPS];
    uint8_t itemsizes[TSR_PATH_STEPS]; /* of what each step makes */
} tsr_path;

/* Complex sources of a real target must be presented as their component dtype. */
tsr_path tsr_path_find(const tsr_kernels *kernels, tsr_dtype from, tsr_dtype to);

/* result = apply(convert(input 1), convert(input 2)), or result = convert(input 1) when `apply` is
 * NULL. Operand 0 of the plan is the result, operand 1 ... are the inputs. */
typedef struct tsr_program {
    const tsr_kernels *kernels;
    int inputs;
    tsr_dtype input[TSR_PROGRAM_INPUTS];
    tsr_dtype result;
    tsr_kernel_binary *apply; /* works in `result` */
} tsr_program;

/* Runs the program over an arranged plan. No input may overlap the result, unless they are the same
 * elements in the same order and nothing is converted. */
void tsr_program_run(const tsr_program *program, const tsr_plan *plan);

/* Scatters a block of n contiguous elements into a 1-d destination: the way of values that come
 * from no array. `path` is applied first; `block` may be overwritten by nothing but the caller. */
enum { TSR_BLOCK = 512 };
void tsr_block_store(const tsr_kernels *kernels, const tsr_path *path, const void *block,
                     int64_t itemsize, char *dst, int64_t stride, int64_t n);

#endif
