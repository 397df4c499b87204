/* The bodies of math/drive.h: the last elements of a block, and the 16-bit dtypes. This file has no
 * rows of its own. dst may be a source. */
#include "math/drive.h"

#include "half_block.h"

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

/* The chunks are in float before dst is written. */
#define DRIVE_HALF(SUFFIX)                                                                         \
    void tsr_drive_##SUFFIX(tsr_run_f32 *run, const void *src, void *dst, size_t n) {              \
        float x[TSR_MATH_CHUNK];                                                                   \
        for (size_t i = 0, m; i < n; i += m) {                                                     \
            m = n - i < TSR_MATH_CHUNK ? n - i : TSR_MATH_CHUNK;                                   \
            tsr_##SUFFIX##_block_to_f32((const uint16_t *)src + i, x, m);                          \
            tsr_drive_f32(run, x, x, m);                                                           \
            tsr_##SUFFIX##_block_from_f32(x, (uint16_t *)dst + i, m);                              \
        }                                                                                          \
    }                                                                                              \
    void tsr_drive_pair_##SUFFIX(tsr_run_pair_f32 *run, const void *a, const void *b, void *dst,   \
                                 size_t n) {                                                       \
        float x[TSR_MATH_CHUNK], y[TSR_MATH_CHUNK];                                                \
        for (size_t i = 0, m; i < n; i += m) {                                                     \
            m = n - i < TSR_MATH_CHUNK ? n - i : TSR_MATH_CHUNK;                                   \
            tsr_##SUFFIX##_block_to_f32((const uint16_t *)a + i, x, m);                            \
            tsr_##SUFFIX##_block_to_f32((const uint16_t *)b + i, y, m);                            \
            tsr_drive_pair_f32(run, x, y, x, m);                                                   \
            tsr_##SUFFIX##_block_from_f32(x, (uint16_t *)dst + i, m);                              \
        }                                                                                          \
    }
DRIVE_HALF(f16)
DRIVE_HALF(bf16)
