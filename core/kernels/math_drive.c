/* The bodies of math/drive.h: the last elements of a block. This file has no rows of its own. dst
 * may be a source. */
#include "math/drive.h"

#include <string.h>

#define DRIVE(SUFFIX, TYPE, LANES)                                                                 \
    void tsr_drive_##SUFFIX(tsr_run_##SUFFIX *run, const void *src, void *dst, size_t n) {         \
        const size_t whole = n - n % LANES, rest = n % LANES;                                      \
        run(src, dst, whole);                                                                      \
        if (rest) {                                                                                \
            TYPE x[LANES] = {0};                                                                   \
            memcpy(x, (const TYPE *)src + whole, rest * sizeof(TYPE));                             \
            run(x, x, LANES);                                                                      \
            memcpy((TYPE *)dst + whole, x, rest * sizeof(TYPE));                                   \
        }                                                                                          \
    }                                                                                              \
    void tsr_drive_pair_##SUFFIX(tsr_run_pair_##SUFFIX *run, const void *a, const void *b,         \
                                 void *dst, size_t n) {                                            \
        const size_t whole = n - n % LANES, rest = n % LANES;                                      \
        run(a, b, dst, whole);                                                                     \
        if (rest) {                                                                                \
            TYPE x[LANES] = {0}, y[LANES] = {0};                                                   \
            memcpy(x, (const TYPE *)a + whole, rest * sizeof(TYPE));                               \
            memcpy(y, (const TYPE *)b + whole, rest * sizeof(TYPE));                               \
            run(x, y, x, LANES);                                                                   \
            memcpy((TYPE *)dst + whole, x, rest * sizeof(TYPE));                                   \
        }                                                                                          \
    }
DRIVE(f32, float, TSR_F32_LANES)
DRIVE(f64, double, TSR_F64_LANES)
