/* Arithmetic of complex numbers, but sums and what is done part by part (arithmetic.c, unary.c).
 *
 * Products are those of the parts, every operation rounded. They are computed on blocks that hold
 * real and imaginary parts apart: GCC knows the shape of a product over pairs, and makes fused
 * multiply-adds of it even when contraction is off, so that each instruction set would give other
 * bits. Division scales by the larger part of the divisor (Smith, Algorithm 116, 1962), as NumPy
 * does. maximum and its kin order as compare.c does; maximum and minimum pass on what has a NaN,
 * fmax and fmin avoid it. */
#include "rows.h"

#include "complex_order.h"
#include "fold_binary.h"

#include <math.h>

enum { BLOCK = 64 };

#define T tsr_c64
#define F float
#define S c64
#include "complex_body.h"
#define T tsr_c128
#define F double
#define S c128
#include "complex_body.h"

#define FOLDS(NAME, S, T, F)                                                                       \
    TSR_FOLD_BY(multiply_##S, T)                                                                   \
    TSR_FOLD_BY(maximum_##S, T)                                                                    \
    TSR_FOLD_BY(minimum_##S, T)                                                                    \
    TSR_FOLD_BY(fmax_##S, T)                                                                       \
    TSR_FOLD_BY(fmin_##S, T)
TSR_COMPLEX(FOLDS)

#define ROW(OP, NAME, S) k->binary[TSR_BIN_##OP][TSR_##NAME] = S
#define LAY(NAME, S, T, F)                                                                         \
    ROW(MULTIPLY, NAME, multiply_##S);                                                             \
    ROW(DIVIDE, NAME, divide_##S);                                                                 \
    ROW(MAXIMUM, NAME, maximum_##S);                                                               \
    ROW(MINIMUM, NAME, minimum_##S);                                                               \
    ROW(FMAX, NAME, fmax_##S);                                                                     \
    ROW(FMIN, NAME, fmin_##S);                                                                     \
    k->simple[TSR_UN_SQUARE][TSR_##NAME] = square_##S;                                             \
    k->simple[TSR_UN_RECIPROCAL][TSR_##NAME] = reciprocal_##S;
#define LAY_FOLDS(NAME, S, T, F)                                                                   \
    TSR_LAY_FOLD_BY(PROD, NAME, multiply_##S)                                                      \
    TSR_LAY_FOLD_BY(MAX, NAME, maximum_##S)                                                        \
    TSR_LAY_FOLD_BY(MIN, NAME, minimum_##S)                                                        \
    TSR_LAY_FOLD_BY(FMAX, NAME, fmax_##S)                                                          \
    TSR_LAY_FOLD_BY(FMIN, NAME, fmin_##S)

void TSR_KERNEL_ENTRY(complex)(tsr_kernels *k) {
    TSR_COMPLEX(LAY)
    TSR_COMPLEX(LAY_FOLDS)
}
