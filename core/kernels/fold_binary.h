/* Folds made of a kernel of two operands, for those that need not be the fastest: the lanes are one
 * operand, a row of the source is the other. */
#ifndef TSR_KERNELS_FOLD_BINARY_H
#define TSR_KERNELS_FOLD_BINARY_H

#include "level.h"

#include <string.h>

static __attribute__((noinline)) void tsr_fold_by(tsr_kernel_binary *run, const char *src, size_t n,
                                                  size_t size, void *lanes) {
    for (size_t at = 0; at < n; at += TSR_FOLD_LANES) {
        size_t m = n - at < TSR_FOLD_LANES ? n - at : TSR_FOLD_LANES;
        run(lanes, src + at * size, lanes, m);
    }
}

static __attribute__((noinline)) void tsr_fold_end_by(tsr_kernel_binary *run, const char *lanes,
                                                      size_t size, void *result) {
    uint64_t room[TSR_FOLD_LANES]; /* half the lanes of 16 bytes */
    char *half = (char *)room;
    size_t h = TSR_FOLD_LANES / 2;
    run(lanes, lanes + h * size, half, h);
    while (h > 1) {
        h /= 2;
        run(half, half + h * size, half, h);
    }
    memcpy(result, half, size);
}

static __attribute__((noinline)) void tsr_fold_rows_by(tsr_kernel_binary *run, const char *src,
                                                       int64_t stride, size_t rows, size_t n,
                                                       size_t size, void *acc) {
    memcpy(acc, src, n * size);
    for (size_t r = 1; r < rows; r++)
        run(acc, src + (int64_t)r * stride, acc, n);
}

/* fold_NAME, end_NAME and rows_NAME of the kernel NAME over elements of type T. */
#define TSR_FOLD_BY(NAME, T)                                                                       \
    static void fold_##NAME(const void *src, size_t n, void *lanes) {                              \
        tsr_fold_by(NAME, src, n, sizeof(T), lanes);                                               \
    }                                                                                              \
    static void end_##NAME(const void *lanes, void *result) {                                      \
        tsr_fold_end_by(NAME, lanes, sizeof(T), result);                                           \
    }                                                                                              \
    static void rows_##NAME(const char *src, int64_t stride, size_t rows, size_t n, void *acc) {   \
        tsr_fold_rows_by(NAME, src, stride, rows, n, sizeof(T), acc);                              \
    }

#define TSR_LAY_FOLD_BY(FOLD, NAME, name)                                                          \
    k->fold[TSR_FOLD_##FOLD][TSR_##NAME] = fold_##name;                                            \
    k->fold_end[TSR_FOLD_##FOLD][TSR_##NAME] = end_##name;                                         \
    k->fold_rows[TSR_FOLD_##FOLD][TSR_##NAME] = rows_##name;

#endif
