/* From one pair of elements to blocks of the four floating dtypes: loops.h for binary functions. */
#ifndef TSR_MATH_LOOPS_PAIR_H
#define TSR_MATH_LOOPS_PAIR_H

#include "../half_block.h"
#include "../level.h"
#include "lanes.h"
#include "number.h"

#define TSR_MATH_DRIVE_PAIR(SUFFIX, TYPE, LANES)                                                   \
    typedef void tsr_run_pair_##SUFFIX(const TYPE *a, const TYPE *b, TYPE *d, size_t n);           \
    static TSR_ONE_COPY void tsr_drive_pair_##SUFFIX(tsr_run_pair_##SUFFIX *run, const void *a,    \
                                                     const void *b, void *dst, size_t n) {         \
        const size_t whole = n - n % LANES, rest = n % LANES;                                      \
        run(a, b, dst, whole);                                                                     \
        if (rest) {                                                                                \
            TYPE left[LANES] = {0}, right[LANES] = {0};                                            \
            memcpy(left, (const TYPE *)a + whole, rest * sizeof(TYPE));                            \
            memcpy(right, (const TYPE *)b + whole, rest * sizeof(TYPE));                           \
            run(left, right, left, LANES);                                                         \
            memcpy((TYPE *)dst + whole, left, rest * sizeof(TYPE));                                \
        }                                                                                          \
    }
TSR_MATH_DRIVE_PAIR(f32, float, TSR_F32_LANES)
TSR_MATH_DRIVE_PAIR(f64, double, TSR_F64_LANES)

#define TSR_MATH_DRIVE_HALF_PAIR(SUFFIX)                                                           \
    static TSR_ONE_COPY void tsr_drive_pair_##SUFFIX(tsr_run_pair_f32 *run, const void *a,         \
                                                     const void *b, void *dst, size_t n) {         \
        float x[TSR_HALF_CHUNK], y[TSR_HALF_CHUNK];                                                \
        for (size_t i = 0, m; i < n; i += m) {                                                     \
            m = n - i < TSR_HALF_CHUNK ? n - i : TSR_HALF_CHUNK;                                   \
            tsr_##SUFFIX##_block_to_f32((const uint16_t *)a + i, x, m);                            \
            tsr_##SUFFIX##_block_to_f32((const uint16_t *)b + i, y, m);                            \
            tsr_drive_pair_f32(run, x, y, x, m);                                                   \
            tsr_##SUFFIX##_block_from_f32(x, (uint16_t *)dst + i, m);                              \
        }                                                                                          \
    }
TSR_MATH_DRIVE_HALF_PAIR(f16)
TSR_MATH_DRIVE_HALF_PAIR(bf16)

/* NAME(a, b, d, n): d[i] = EXPRESSION of x = a[i], y = b[i], n a multiple of the lanes. */
#define TSR_MATH_RUN_PAIR(NAME, TYPE, LANES, EXPRESSION)                                           \
    static void NAME(const TYPE *a, const TYPE *b, TYPE *d, size_t n) {                            \
        n -= n % LANES;                                                                            \
        TSR_INDEPENDENT                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            const TYPE x = a[i], y = b[i];                                                         \
            d[i] = EXPRESSION;                                                                     \
        }                                                                                          \
    }

/* The runs and the four kernels of tsr_name(double x, double y, bool narrow). */
#define TSR_MATH_KERNEL_PAIR(name, SUFFIX, RUN)                                                    \
    static void name##_##SUFFIX(const void *a, const void *b, void *dst, size_t n) {               \
        tsr_drive_pair_##SUFFIX(name##_run_##RUN, a, b, dst, n);                                   \
    }
#define TSR_MATH_PAIR(name)                                                                        \
    TSR_MATH_RUN_PAIR(name##_run_f64, double, TSR_F64_LANES, tsr_##name(x, y, false))              \
    TSR_MATH_RUN_PAIR(name##_run_f32, float, TSR_F32_LANES,                                        \
                      (float)tsr_##name((double)x, (double)y, true))                               \
    TSR_MATH_KERNEL_PAIR(name, f16, f32)                                                           \
    TSR_MATH_KERNEL_PAIR(name, bf16, f32)                                                          \
    TSR_MATH_KERNEL_PAIR(name, f32, f32)                                                           \
    TSR_MATH_KERNEL_PAIR(name, f64, f64)

#define TSR_MATH_PAIR_ROWS(k, NAME, name)                                                          \
    do {                                                                                           \
        (k)->pairs[TSR_FN_##NAME - TSR_FN_FIRST_PAIR][TSR_FLOAT16] = name##_f16;                   \
        (k)->pairs[TSR_FN_##NAME - TSR_FN_FIRST_PAIR][TSR_BFLOAT16] = name##_bf16;                 \
        (k)->pairs[TSR_FN_##NAME - TSR_FN_FIRST_PAIR][TSR_FLOAT32] = name##_f32;                   \
        (k)->pairs[TSR_FN_##NAME - TSR_FN_FIRST_PAIR][TSR_FLOAT64] = name##_f64;                   \
    } while (0)

#endif
