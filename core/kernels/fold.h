/* What the files of folds share: how a fold over memory becomes a walk over rows. */
#ifndef TSR_KERNELS_FOLD_H
#define TSR_KERNELS_FOLD_H

#include "level.h"
#include "vectors.h"

#include <string.h>

typedef void tsr_walk(const char *src, int64_t stride, size_t rows, size_t n, const void *start,
                      void *acc);

/* n elements of `parts` numbers of `size` bytes: whole rows of lanes, and what is left. */
static __attribute__((noinline)) void tsr_fold_walk(tsr_walk *walk, const char *src, size_t n,
                                                    size_t parts, size_t size, void *lanes) {
    size_t rows = n / TSR_FOLD_LANES, left = n % TSR_FOLD_LANES;
    size_t row = TSR_FOLD_LANES * parts * size;
    if (rows > 0)
        walk(src, (int64_t)row, rows, TSR_FOLD_LANES * parts, lanes, lanes);
    if (left > 0)
        walk(src + rows * row, 0, 1, left * parts, lanes, lanes);
}

/* Folds lanes of `parts` numbers of `size` bytes pairwise into one element: the upper half is a row
 * over the lower one. */
static __attribute__((noinline)) void tsr_fold_halve(tsr_walk *walk, const void *lanes,
                                                     size_t parts, size_t size, void *result) {
    uint64_t room[TSR_FOLD_LANES]; /* half the lanes of 16 bytes */
    const char *from = lanes;
    for (size_t h = TSR_FOLD_LANES / 2; h > 0; h /= 2, from = (const char *)room)
        walk(from + h * parts * size, 0, 1, h * parts, from, room);
    memcpy(result, room, parts * size);
}

/* Lays the three rows of a fold of one dtype. */
#define TSR_LAY_FOLD(FOLD, NAME, to, run, finish, columns)                                         \
    k->fold[TSR_FOLD_##FOLD][TSR_##NAME] = run;                                                    \
    k->fold_end[TSR_FOLD_##FOLD][TSR_##to] = finish;                                               \
    k->fold_rows[TSR_FOLD_##FOLD][TSR_##NAME] = columns;

#endif
