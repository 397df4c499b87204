/* The mean of some elements, and the sum of the squares of their distances from it. */
#ifndef TSR_SPREAD_H
#define TSR_SPREAD_H

#include "../kernels/kernels.h"

typedef struct tsr_spread {
    double count, middle, rest, squares; /* the mean is middle + rest */
} tsr_spread;

/* That of n elements, at most TSR_FOLD_LEAF; `start` are the lanes that a sum starts from. */
void tsr_spread_of(const tsr_kernels *kernels, tsr_dtype dtype, const void *src, int64_t n,
                   const void *start, tsr_spread *value);
/* That of the elements of both: a kernel of two operands, of n = 1. */
void tsr_spread_join(const void *a, const void *b, void *both, size_t n);

#endif
