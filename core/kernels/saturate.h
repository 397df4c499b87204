/* Floating to integer: truncate toward zero, saturate, NaN becomes 0.
 *
 * Clamp first, convert then, so that the conversion is always defined; every step is a selection,
 * which vectorises. When the largest integer is no floating value, the clamp stops at the largest
 * value below the bound and a last selection puts the maximum in. Unsigned types as wide as a
 * signed conversion instruction are folded into its range by taking off half the range, which is
 * exact. */
#ifndef TSR_KERNELS_SATURATE_H
#define TSR_KERNELS_SATURATE_H

#include <stdint.h>

#if defined(__x86_64__) && !defined(__AVX512DQ__)
#include <emmintrin.h>
#endif

/* LOW and HIGH are exact in REAL, and int32_t holds them. */
#define TSR_SATURATE_EXACT(NAME, REAL, INTEGER, LOW, HIGH)                                         \
    static inline INTEGER NAME(REAL x) {                                                           \
        REAL y = x == x ? x : 0;                                                                   \
        y = y < (LOW) ? (LOW) : y;                                                                 \
        y = y > (HIGH) ? (HIGH) : y;                                                               \
        return (INTEGER)(int32_t)y;                                                                \
    }

/* The range is [-BOUND, BOUND), and BELOW the largest REAL in it. */
#define TSR_SATURATE_SIGNED(NAME, REAL, INTEGER, BOUND, BELOW, MAX)                                \
    static inline INTEGER NAME(REAL x) {                                                           \
        REAL y = x < (BELOW) ? x : (BELOW); /* of a NaN too */                                     \
        y = y > -(BOUND) ? y : -(BOUND);                                                           \
        INTEGER r = (INTEGER)y;                                                                    \
        r = x >= (BOUND) ? (MAX) : r;                                                              \
        return x == x ? r : 0;                                                                     \
    }

/* The range is [0, 2 * HALF), SIGNED holds [0, HALF), and BELOW is the largest REAL in the range.
 */
#define TSR_SATURATE_UNSIGNED(NAME, REAL, INTEGER, SIGNED, HALF, BELOW, MAX)                       \
    static inline INTEGER NAME(REAL x) {                                                           \
        REAL y = x > 0 ? x : 0;                                                                    \
        y = y > (BELOW) ? (BELOW) : y;                                                             \
        REAL low = y >= (HALF) ? y - (HALF) : y;                                                   \
        INTEGER top = y >= (HALF) ? (MAX) / 2 + 1 : 0;                                             \
        INTEGER r = (INTEGER)(SIGNED)low ^ top;                                                    \
        return x > (BELOW) ? (MAX) : r;                                                            \
    }

TSR_SATURATE_EXACT(tsr_i8_from_f32, float, int8_t, -128.0f, 127.0f)
TSR_SATURATE_EXACT(tsr_u8_from_f32, float, uint8_t, 0.0f, 255.0f)
TSR_SATURATE_EXACT(tsr_i16_from_f32, float, int16_t, -32768.0f, 32767.0f)
TSR_SATURATE_EXACT(tsr_u16_from_f32, float, uint16_t, 0.0f, 65535.0f)
TSR_SATURATE_SIGNED(tsr_i32_from_f32, float, int32_t, 0x1p31f, 0x1.fffffep30f, INT32_MAX)
TSR_SATURATE_UNSIGNED(tsr_u32_from_f32, float, uint32_t, int32_t, 0x1p31f, 0x1.fffffep31f,
                      UINT32_MAX)
TSR_SATURATE_UNSIGNED(tsr_u64_from_f32, float, uint64_t, int64_t, 0x1p63f, 0x1.fffffep63f,
                      UINT64_MAX)

TSR_SATURATE_EXACT(tsr_i8_from_f64, double, int8_t, -128.0, 127.0)
TSR_SATURATE_EXACT(tsr_u8_from_f64, double, uint8_t, 0.0, 255.0)
TSR_SATURATE_EXACT(tsr_i16_from_f64, double, int16_t, -32768.0, 32767.0)
TSR_SATURATE_EXACT(tsr_u16_from_f64, double, uint16_t, 0.0, 65535.0)
TSR_SATURATE_EXACT(tsr_i32_from_f64, double, int32_t, -2147483648.0, 2147483647.0)
TSR_SATURATE_UNSIGNED(tsr_u32_from_f64, double, uint32_t, int32_t, 0x1p31, 4294967295.0, UINT32_MAX)
TSR_SATURATE_UNSIGNED(tsr_u64_from_f64, double, uint64_t, int64_t, 0x1p63, 0x1.fffffffffffffp63,
                      UINT64_MAX)

#if defined(__x86_64__) && !defined(__AVX512DQ__)

/* No vectors for these below AVX-512. The scalar instruction is defined for every input (out of
 * range it gives the minimum), which saves the clamps. */
static inline int64_t tsr_i64_from_f32(float x) {
    int64_t r = _mm_cvttss_si64(_mm_set_ss(x));
    r = x >= 0x1p63f ? INT64_MAX : r;
    return x == x ? r : 0;
}

static inline int64_t tsr_i64_from_f64(double x) {
    int64_t r = _mm_cvttsd_si64(_mm_set_sd(x));
    r = x >= 0x1p63 ? INT64_MAX : r;
    return x == x ? r : 0;
}

#else

TSR_SATURATE_SIGNED(tsr_i64_from_f32, float, int64_t, 0x1p63f, 0x1.fffffep62f, INT64_MAX)
TSR_SATURATE_SIGNED(tsr_i64_from_f64, double, int64_t, 0x1p63, 0x1.fffffffffffffp62, INT64_MAX)

#endif
#endif
