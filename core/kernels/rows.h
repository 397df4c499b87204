/* Loops over blocks for kernels of one line, and the lists of types they are made for.
 *
 * UN(name, type, result, expression of x) and BIN(name, type, result, expression of x and y) define
 * one loop. dst may be an operand, so there is no restrict but the promise that no element depends
 * on another. Integers are computed in types where nothing overflows, or unsigned, where it wraps.
 */
#ifndef TSR_KERNELS_ROWS_H
#define TSR_KERNELS_ROWS_H

#include "level.h"

#define TSR_UN(NAME, TYPE, RESULT, ...)                                                            \
    static void NAME(const void *src, void *dst, size_t n) {                                       \
        const TYPE *s = src;                                                                       \
        RESULT *d = dst;                                                                           \
        TSR_INDEPENDENT                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            const TYPE x = s[i];                                                                   \
            d[i] = (RESULT)(__VA_ARGS__);                                                          \
        }                                                                                          \
    }

#define TSR_BIN(NAME, TYPE, RESULT, ...)                                                           \
    static void NAME(const void *a, const void *b, void *dst, size_t n) {                          \
        const TYPE *p = a, *q = b;                                                                 \
        RESULT *d = dst;                                                                           \
        TSR_INDEPENDENT                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            const TYPE x = p[i], y = q[i];                                                         \
            d[i] = (RESULT)(__VA_ARGS__);                                                          \
        }                                                                                          \
    }

/* X(NAME, suffix, type, unsigned type) */
#define TSR_SIGNED(X)                                                                              \
    X(INT8, i8, int8_t, uint8_t)                                                                   \
    X(INT16, i16, int16_t, uint16_t)                                                               \
    X(INT32, i32, int32_t, uint32_t)                                                               \
    X(INT64, i64, int64_t, uint64_t)
#define TSR_UNSIGNED(X)                                                                            \
    X(UINT8, u8, uint8_t, uint8_t)                                                                 \
    X(UINT16, u16, uint16_t, uint16_t)                                                             \
    X(UINT32, u32, uint32_t, uint32_t)                                                             \
    X(UINT64, u64, uint64_t, uint64_t)
#define TSR_FLOATING(X)                                                                            \
    X(FLOAT32, f32, float, uint32_t)                                                               \
    X(FLOAT64, f64, double, uint64_t)
#define TSR_COMPLEX(X)                                                                             \
    X(COMPLEX64, c64, tsr_c64, float)                                                              \
    X(COMPLEX128, c128, tsr_c128, double)

#endif
