/* Loops over the functions of two elements: loops.h for binary functions. */
#ifndef TSR_MATH_LOOPS_PAIR_H
#define TSR_MATH_LOOPS_PAIR_H

#include "drive.h"
#include "number.h"

#include <string.h>

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

/* Both kernels over runs; the runs too, of tsr_name(double x, double y, bool narrow). */
#define TSR_MATH_KERNEL_PAIR(name, SUFFIX)                                                         \
    static void name##_##SUFFIX(const void *a, const void *b, void *dst, size_t n) {               \
        tsr_drive_pair_##SUFFIX(name##_run_##SUFFIX, a, b, dst, n);                                \
    }
#define TSR_MATH_PAIR_KERNELS(name)                                                                \
    TSR_MATH_KERNEL_PAIR(name, f32)                                                                \
    TSR_MATH_KERNEL_PAIR(name, f64)
#define TSR_MATH_PAIR(name)                                                                        \
    TSR_MATH_RUN_PAIR(name##_run_f64, double, TSR_F64_LANES, tsr_##name(x, y, false))              \
    TSR_MATH_RUN_PAIR(name##_run_f32, float, TSR_F32_LANES,                                        \
                      (float)tsr_##name((double)x, (double)y, true))                               \
    TSR_MATH_PAIR_KERNELS(name)

#define TSR_MATH_PAIR_ROWS(k, NAME, name)                                                          \
    do {                                                                                           \
        (k)->pairs[TSR_FN_##NAME - TSR_FN_FIRST_PAIR][TSR_FLOAT32] = name##_f32;                   \
        (k)->pairs[TSR_FN_##NAME - TSR_FN_FIRST_PAIR][TSR_FLOAT64] = name##_f64;                   \
    } while (0)

#endif
