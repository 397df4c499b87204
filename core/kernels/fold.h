/* What the files of folds share: how a fold over memory becomes a walk over rows. */
#ifndef TSR_KERNELS_FOLD_H
#define TSR_KERNELS_FOLD_H

#include "level.h"
#include "vectors.h"

#include <string.h>

/* A walk goes through its rows once for every strip of accumulators: so many bytes of rows at a
 * time that all times but the first find them in the first-level cache. */
enum { TSR_FOLD_WIDE = 256, TSR_FOLD_BYTES = 32768 };

/* How many rows ahead of the one that is added up memory is asked for: as many as AHEAD bytes are
 * of those of a fold, which follow each other. The maximum of 10^7 doubles takes 2.75 ms, 3.2 with
 * half as much, as do loops that leave it to the processor. */
enum { TSR_FOLD_AHEAD = 8192, TSR_FOLD_APART = 8 };

static inline int64_t tsr_fold_ahead(int64_t stride) {
    return stride > 0 && stride <= TSR_FOLD_WIDE * 2 ? TSR_FOLD_AHEAD / stride : TSR_FOLD_APART;
}

typedef void tsr_walk(const char *src, int64_t stride, size_t rows, size_t n, const void *start,
                      void *acc);

/* Rows of lanes that are narrower than the accumulators that a walk likes to hold, of a fold for
 * which it makes no difference that an element counts several times (an extreme): as fewer, wider
 * rows. Returns how many rows of lanes those were. */
static __attribute__((noinline)) size_t tsr_fold_wide(tsr_walk *walk, const char *src, size_t rows,
                                                      size_t row, void *lanes) {
    _Alignas(64) char wide[TSR_FOLD_WIDE];
    size_t times = TSR_FOLD_WIDE / row, whole = rows / times, item = row / TSR_FOLD_LANES;
    for (size_t t = 0; t < times; t++)
        memcpy(wide + t * row, lanes, row);
    walk(src, TSR_FOLD_WIDE, whole, TSR_FOLD_WIDE / item, wide, wide);
    memcpy(lanes, wide, row);
    for (size_t t = 1; t < times; t++)
        walk(wide + t * row, 0, 1, TSR_FOLD_LANES, lanes, lanes);
    return whole * times;
}

/* n elements of `parts` numbers of `size` bytes: whole rows of lanes, and what is left. Only
 * extremes have lanes of less than 4 bytes. */
static __attribute__((noinline)) void tsr_fold_walk(tsr_walk *walk, const char *src, size_t n,
                                                    size_t parts, size_t size, void *lanes) {
    size_t rows = n / TSR_FOLD_LANES, left = n % TSR_FOLD_LANES;
    size_t row = TSR_FOLD_LANES * parts * size, done = 0;
    if (row < TSR_FOLD_WIDE && rows >= 16)
        done = tsr_fold_wide(walk, src, rows, row, lanes);
    for (size_t some; done < rows; done += some) {
        some = rows - done < TSR_FOLD_BYTES / row ? rows - done : TSR_FOLD_BYTES / row;
        walk(src + done * row, (int64_t)row, some, TSR_FOLD_LANES * parts, lanes, lanes);
    }
    if (left > 0)
        walk(src + rows * row, 0, 1, left * parts, lanes, lanes);
}

/* Lays the three rows of a fold of one dtype. */
#define TSR_LAY_FOLD(FOLD, NAME, to, run, finish, columns)                                         \
    k->fold[TSR_FOLD_##FOLD][TSR_##NAME] = run;                                                    \
    k->fold_end[TSR_FOLD_##FOLD][TSR_##to] = finish;                                               \
    k->fold_rows[TSR_FOLD_##FOLD][TSR_##NAME] = columns;

#endif
