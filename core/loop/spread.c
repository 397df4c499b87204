/* Spreads; see spread.h.
 *
 * A leaf takes two passes, the sum and then the squares of what differs from the mean, which no
 * cancellation can spoil; the second one finds the leaf in the first-level cache. Leaves are joined
 * by Chan's formula in double precision. All its terms are positive, but how far two means are
 * apart must be known to the precision of the distances, and not of the means: so a mean has two
 * parts, a number that the distances were measured from and the mean of those distances. */
#include "spread.h"

#include <string.h>

static double number(tsr_dtype dtype, const void *item) {
    float narrow;
    double wide;
    if (dtype == TSR_FLOAT64) {
        memcpy(&wide, item, sizeof wide);
        return wide;
    }
    memcpy(&narrow, item, sizeof narrow);
    return narrow;
}

void tsr_spread_of(const tsr_kernels *kernels, tsr_dtype dtype, const void *src, int64_t n,
                   const void *start, tsr_spread *value) {
    _Alignas(64) char lanes[TSR_FOLD_LANES * sizeof(double)], squares[sizeof lanes];
    size_t bytes = (size_t)(TSR_FOLD_LANES * tsr_dtype_describe(dtype)->itemsize);
    tsr_kernel_fold_end *end = kernels->fold_end[TSR_FOLD_SUM][dtype];
    double item;
    memcpy(lanes, start, bytes);
    kernels->fold[TSR_FOLD_SUM][dtype](src, (size_t)n, lanes);
    end(lanes, &item);
    value->count = (double)n;
    value->middle = number(dtype, &item) / value->count;
    const float narrow = (float)value->middle;
    if (dtype == TSR_FLOAT32)
        value->middle = narrow;
    memcpy(lanes, start, bytes);
    memcpy(squares, start, bytes);
    kernels->spread[dtype](src, (size_t)n,
                           dtype == TSR_FLOAT32 ? (const void *)&narrow : &value->middle, lanes,
                           squares);
    end(lanes, &item);
    value->rest = number(dtype, &item) / value->count;
    end(squares, &item);
    value->squares = number(dtype, &item);
}

void tsr_spread_join(const void *a, const void *b, void *both, size_t n) {
    tsr_spread x, y;
    (void)n;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    double count = x.count + y.count, share = y.count / count;
    double apart = (y.middle - x.middle) + (y.rest - x.rest);
    x.squares += y.squares + apart * apart * x.count * share;
    x.rest += apart * share;
    x.count = count;
    memcpy(both, &x, sizeof x);
}
