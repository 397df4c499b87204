/* Spreads; see spread.h.
 *
 * The squares of what differs from the mean need the mean first, which would be a pass of its own.
 * But distances from any number near it will do (the shifted data of Chan, Golub and LeVeque 1983):
 * the squares are too large by that of the mean distance, and taking it off cancels next to nothing
 * as long as it is a small part of them. So a leaf takes one pass, with the mean of a few elements
 * all over it. Where that turns out to be too far off, and in short leaves, it takes two, the sum
 * and then the squares; what is taken off then makes good that the mean is rounded.
 *
 * Leaves are joined by Chan's formula in double precision. All its terms are positive, but how far
 * two means are apart must be known to the precision of the distances, and not of the means: so a
 * mean has two parts, a number that the distances were measured from and the mean of those
 * distances. */
#include "spread.h"
#include "claim.h"

#include <math.h>
#include <string.h>

/* Elements that a mean is guessed from, leaves that have enough of them, and how large a part of
 * the squares may be taken off. Guesses of 32 lie further off once in 500 times by chance. */
enum { GUESSES = 32, GUESS_FROM = 1024 };
static const double most_off = 0.25;

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

/* Elements from one that a guess takes to the next: an odd number, so that no channel of an image
 * is all of them. */
static int64_t step_of(int64_t n) {
    return (n / GUESSES - 1) | 1;
}

/* The mean of GUESSES elements from all over n, added up in pairs: that of equal ones is exact. */
static double guess(tsr_dtype dtype, const char *src, int64_t n) {
    int64_t step = step_of(n), first = step / 2;
    double some[GUESSES];
    if (dtype == TSR_FLOAT64)
        for (int i = 0; i < GUESSES; i++)
            some[i] = ((const double *)(const void *)src)[first + i * step];
    else
        for (int i = 0; i < GUESSES; i++)
            some[i] = ((const float *)(const void *)src)[first + i * step];
    for (int half = GUESSES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            some[i] += some[half + i];
    return some[0] / GUESSES;
}

/* The next leaf's, if there is one: single lines all over it, each of which would be waited for. */
static void fetch_guesses(const char *next, int64_t n, int64_t item) {
    int64_t step = step_of(n), first = step / 2;
    for (int i = 0; i < GUESSES; i++)
        tsr_fetch(next + (first + i * step) * item, 1);
}

static double sum_of(const tsr_kernels *kernels, tsr_dtype dtype, const void *lanes) {
    double item;
    kernels->fold_end[TSR_FOLD_SUM][dtype](lanes, &item);
    return number(dtype, &item);
}

static double mean_of(const tsr_kernels *kernels, tsr_dtype dtype, const void *src, int64_t n,
                      const void *start, size_t bytes) {
    _Alignas(64) char lanes[TSR_FOLD_LANES * sizeof(double)];
    memcpy(lanes, start, bytes);
    kernels->fold[TSR_FOLD_SUM][dtype](src, (size_t)n, lanes);
    return sum_of(kernels, dtype, lanes) / (double)n;
}

/* Fills in all but the count: distances from `middle`, which is rounded to the dtype. */
static void measure(const tsr_kernels *kernels, tsr_dtype dtype, const void *src, int64_t n,
                    const void *start, size_t bytes, double middle, tsr_spread *value) {
    _Alignas(64) char lanes[TSR_FOLD_LANES * sizeof(double)], squares[sizeof lanes];
    const float narrow = (float)middle;
    value->middle = dtype == TSR_FLOAT32 ? narrow : middle;
    memcpy(lanes, start, bytes);
    memcpy(squares, start, bytes);
    kernels->spread[dtype](src, (size_t)n,
                           dtype == TSR_FLOAT32 ? (const void *)&narrow : &value->middle, lanes,
                           squares);
    value->rest = sum_of(kernels, dtype, lanes) / (double)n;
    value->squares = sum_of(kernels, dtype, squares);
}

/* By how much the squares of distances from `middle` are more than those from the mean. */
static double excess(const tsr_spread *value) {
    return value->rest * value->rest * value->count;
}

void tsr_spread_of(const tsr_kernels *kernels, tsr_dtype dtype, const void *src, int64_t n,
                   const void *start, tsr_spread *value) {
    size_t bytes = (size_t)(TSR_FOLD_LANES * tsr_dtype_describe(dtype)->itemsize);
    value->count = (double)n;
    bool near = false;
    if (n >= GUESS_FROM) {
        int64_t item = tsr_dtype_describe(dtype)->itemsize;
        fetch_guesses((const char *)src + n * item, n, item);
        measure(kernels, dtype, src, n, start, bytes, guess(dtype, src, n), value);
        near = excess(value) <= value->squares * most_off; /* false for NaN */
    }
    if (!near) {
        double mean = mean_of(kernels, dtype, src, n, start, bytes);
        measure(kernels, dtype, src, n, start, bytes, mean, value);
    }
    double off = excess(value);
    if (off < value->squares)
        value->squares -= off;
    else if (off >= value->squares && off < INFINITY) /* not NaN, nor both beyond all numbers */
        value->squares = 0;
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
