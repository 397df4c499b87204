/* Arithmetic of complex numbers, but sums and what is done part by part (arithmetic.c, unary.c).
 *
 * Products are those of the parts, every operation rounded. They are written in vectors: GCC knows
 * the shape of a loop of products over pairs, and makes fused multiply-adds of it even when
 * contraction is off, so that each instruction set would give other bits. Quotients are
 * computed on blocks that hold real and imaginary parts apart. Division scales by the larger part
 * of the divisor (Smith, Algorithm 116, 1962), as NumPy does. maximum and its kin order as
 * compare.c does; maximum and minimum pass on what has a NaN, fmax and fmin avoid it. */
#include "rows.h"

#include "complex_order.h"
#include "fold_binary.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64 };

#if defined(__AVX512F__)
#define WIDTH        64
#define PAIRS_F32(X) PAIRS_8(X, 0), PAIRS_8(X, 8)
#define PAIRS_F64(X) PAIRS_8(X, 0)
#elif defined(__AVX__)
#define WIDTH        32
#define PAIRS_F32(X) PAIRS_8(X, 0)
#define PAIRS_F64(X) PAIRS_4(X, 0)
#else
#define WIDTH        16
#define PAIRS_F32(X) PAIRS_4(X, 0)
#define PAIRS_F64(X) X(0)
#endif
#define PAIRS_4(X, i) X(i), X(i + 2)
#define PAIRS_8(X, i) PAIRS_4(X, i), PAIRS_4(X, i + 4)
#define FIRSTS(i)     i, i
#define SECONDS(i)    i + 1, i + 1
#define SWAPPED(i)    i + 1, i
#define MINUS(i)      -1, 1

#define EACH_PAIR PAIRS_F32
#define T         tsr_c64
#define F         float
#define S         c64
#include "complex_body.h"
#define EACH_PAIR PAIRS_F64
#define T         tsr_c128
#define F         double
#define S         c128
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
