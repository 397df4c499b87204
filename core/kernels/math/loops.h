/* Loops over the functions of one element. Only one loop a function and type is generated, for
 * multiples of LANES elements, so that the compiler needs no second loop for the rest; drive.h
 * makes kernels of them. dst may be src. */
#ifndef TSR_MATH_LOOPS_H
#define TSR_MATH_LOOPS_H

#include "drive.h"
#include "number.h"

#include <string.h>

/* NAME(s, d, n): d[i] = EXPRESSION of x = s[i], n a multiple of the lanes. */
#define TSR_MATH_RUN(NAME, TYPE, LANES, EXPRESSION)                                                \
    static void NAME(const TYPE *s, TYPE *d, size_t n) {                                           \
        n -= n % LANES;                                                                            \
        TSR_INDEPENDENT                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            const TYPE x = s[i];                                                                   \
            d[i] = EXPRESSION;                                                                     \
        }                                                                                          \
    }

/* Both kernels of a unary function over its runs name_run_f32 and name_run_f64. */
#define TSR_MATH_KERNEL(name, SUFFIX)                                                              \
    static void name##_##SUFFIX(const void *src, void *dst, size_t n) {                            \
        tsr_drive_##SUFFIX(name##_run_##SUFFIX, src, dst, n);                                      \
    }
#define TSR_MATH_KERNELS(name)                                                                     \
    TSR_MATH_KERNEL(name, f32)                                                                     \
    TSR_MATH_KERNEL(name, f64)

/* d[i] = FAST of x = s[i] where EASY (of x, a word) is at most LIMIT, which is one less than a
 * power of two, and what SLOW_RUN makes of x elsewhere: element by element, so that no result
 * depends on its neighbours. Most chunks are all easy, so the words are only or-ed on the way.
 * Where d is s, a chunk is collected apart. */
#define TSR_MATH_RUN_EASY(NAME, TYPE, WORD, LANES, EASY, LIMIT, FAST, SLOW_RUN, SAME)              \
    static void NAME(const TYPE *s, TYPE *d, size_t n) {                                           \
        TYPE block[TSR_MATH_CHUNK], slow[TSR_MATH_CHUNK];                                          \
        for (size_t i = 0, m; i < n; i += m) {                                                     \
            m = n - i < TSR_MATH_CHUNK ? n - i : TSR_MATH_CHUNK;                                   \
            m -= m % LANES;                                                                        \
            if (!TSR_HAS_FMA && SAME) {                                                            \
                SLOW_RUN(s + i, d + i, m);                                                         \
                continue;                                                                          \
            }                                                                                      \
            TYPE *to = s == d ? block : d + i;                                                     \
            WORD all = 0;                                                                          \
            TSR_INDEPENDENT                                                                        \
            for (size_t j = 0; j < m; j++) {                                                       \
                const TYPE x = s[i + j];                                                           \
                all |= EASY;                                                                       \
                to[j] = FAST;                                                                      \
            }                                                                                      \
            if (all > (LIMIT)) {                                                                   \
                SLOW_RUN(s + i, slow, m);                                                          \
                TSR_INDEPENDENT                                                                    \
                for (size_t j = 0; j < m; j++) {                                                   \
                    const TYPE x = s[i + j], y = slow[j], z = to[j];                               \
                    to[j] = EASY > (LIMIT) ? y : z;                                                \
                }                                                                                  \
            }                                                                                      \
            if (to == block) {                                                                     \
                TSR_MATH_PUT(TYPE, d + i, block, m);                                               \
            }                                                                                      \
        }                                                                                          \
    }
/* The LIMIT of words whose sign bit tells. */
#define TSR_SIGN_F32 0x7fffffffu
#define TSR_SIGN_F64 0x7fffffffffffffffu

/* The run of tsr_name_f32, which holds where tsr_name_easy_f32 says so; doubles elsewhere. */
#define TSR_MATH_NATIVE(name)                                                                      \
    TSR_MATH_RUN(name##_slow_f32, float, TSR_F32_LANES, (float)tsr_##name((double)x, true))        \
    TSR_MATH_RUN_EASY(name##_run_f32, float, uint32_t, TSR_F32_LANES, tsr_##name##_easy_f32(x),    \
                      TSR_SIGN_F32, tsr_##name##_f32(x), name##_slow_f32, false)

/* For a function that leaves hard cases: y[i] = EASY, and where HARD (of x and y) holds
 * for any of a chunk, ANY for those. The chunk is collected apart, since d may be s. */
#define TSR_MATH_RUN_CHECKED(NAME, TYPE, WORD, LANES, EASY, HARD, ANY)                             \
    static void NAME(const TYPE *s, TYPE *d, size_t n) {                                           \
        TYPE block[TSR_MATH_CHUNK];                                                                \
        for (size_t i = 0, m; i < n; i += m) {                                                     \
            m = n - i < TSR_MATH_CHUNK ? n - i : TSR_MATH_CHUNK;                                   \
            m -= m % LANES;                                                                        \
            WORD hard = 0;                                                                         \
            for (size_t j = 0; j < m; j++) {                                                       \
                const TYPE x = s[i + j], y = EASY;                                                 \
                block[j] = y;                                                                      \
                hard |= HARD;                                                                      \
            }                                                                                      \
            for (size_t j = 0; hard >> (8 * sizeof(WORD) - 1) && j < m; j++) {                     \
                const TYPE x = s[i + j], y = block[j];                                             \
                block[j] = (HARD) >> (8 * sizeof(WORD) - 1) ? ANY : y;                             \
            }                                                                                      \
            TSR_MATH_PUT(TYPE, d + i, block, m);                                                   \
        }                                                                                          \
    }

/* Runs and kernels of tsr_name(double x, bool narrow). */
#define TSR_MATH_WIDE(name)                                                                        \
    TSR_MATH_RUN(name##_run_f64, double, TSR_F64_LANES, tsr_##name(x, false))
#define TSR_MATH_NARROW(name)                                                                      \
    TSR_MATH_RUN(name##_run_f32, float, TSR_F32_LANES, (float)tsr_##name((double)x, true))

#define TSR_MATH_ROWS(k, NAME, name)                                                               \
    do {                                                                                           \
        (k)->unary[TSR_FN_##NAME][TSR_FLOAT32] = name##_f32;                                       \
        (k)->unary[TSR_FN_##NAME][TSR_FLOAT64] = name##_f64;                                       \
    } while (0)

#endif
