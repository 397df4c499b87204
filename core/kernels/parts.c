/* Signs, neighbours and exponents of floating-point numbers: exact, from their bits.
 *
 * nextafter steps through magnitudes as integers with a sign, in which the two zeros are one;
 * arguments that are equal give the second, as C has it. fraction is what trunc takes off, with the
 * sign of x, and a zero of infinities. mantissa and exponent are frexp's, the exponent an int32 (0
 * for zeros, infinities and NaN). heaviside is NaN of NaN. angle is that of a real number: 0, or pi
 * below zero. */
#include "rows.h"

#include "../dtype/half.h"

#include <math.h>

/* Loops over the bits of numbers of the unsigned type U, its signed twin I, with infinity INF. */
#define BITS(S, U, I, INF)                                                                         \
    static inline U next_of_##S(U x, U y) {                                                        \
        const U top = (U)((U)1 << (8 * sizeof(U) - 1)), most = (U)(top - 1);                       \
        const U ax = x & most, ay = y & most;                                                      \
        const I mx = (I)((x & top) ? 0 - ax : ax), my = (I)((y & top) ? 0 - ay : ay);              \
        const I m = (I)(mx + (my > mx ? 1 : -1));                                                  \
        const U turned = (U)((U)(0 - (U)m) | top), zero = x & top;                                 \
        const U next = m == 0 ? zero : m < 0 ? turned : (U)m;                                      \
        const U quiet = (U)((INF) >> 1 & ~(INF)&most);                                             \
        U r = mx == my ? y : next;                                                                 \
        r = ay > (INF) ? (U)(y | quiet) : r;                                                       \
        return ax > (INF) ? (U)(x | quiet) : r;                                                    \
    }                                                                                              \
    TSR_BIN(nextafter_##S, U, U, next_of_##S(x, y))
BITS(f16, uint16_t, int16_t, 0x7c00u)
BITS(bf16, uint16_t, int16_t, 0x7f80u)
BITS(f32, uint32_t, int32_t, 0x7f800000u)
BITS(f64, uint64_t, int64_t, 0x7ff0000000000000u)

TSR_BIN(copysign_f32, uint32_t, uint32_t, (x & 0x7fffffffu) | (y & 0x80000000u))
TSR_BIN(copysign_f64, uint64_t, uint64_t, (x & 0x7fffffffffffffffu) | (y & 0x8000000000000000u))

static inline double power_of_two(int64_t n) {
    return tsr_f64_of((uint64_t)(n + 1023) << 52);
}

/* No float needs more than 400 places; in double the product is exact, so that the result is
 * rounded once. */
static inline float ldexp_of_f32(float x, int32_t e) {
    const int64_t n = e < -400 ? -400 : e > 400 ? 400 : e;
    return (float)((double)x * power_of_two(n));
}

/* Three factors reach from the largest number to the least. On the way down the first ones leave 53
 * places to the normal numbers: what they make subnormal ends as zero. */
static inline double ldexp_of_f64(double x, int32_t e) {
    int64_t n = e < -2200 ? -2200 : e > 2200 ? 2200 : e;
    const int64_t a = n < -1022 ? -969 : n > 1023 ? 1023 : 0;
    n -= a;
    const int64_t b = n < -1022 ? -969 : n > 1023 ? 1023 : 0;
    n -= b;
    n = n < -1022 ? -1022 : n > 1023 ? 1023 : n;
    return x * power_of_two(a) * power_of_two(b) * power_of_two(n);
}

#define LDEXP(NAME, S, T, U)                                                                       \
    static void ldexp_##S(const void *a, const void *b, void *dst, size_t n) {                     \
        const T *p = a;                                                                            \
        const int32_t *q = b;                                                                      \
        T *d = dst;                                                                                \
        TSR_INDEPENDENT                                                                            \
        for (size_t i = 0; i < n; i++)                                                             \
            d[i] = ldexp_of_##S(p[i], q[i]);                                                       \
    }
TSR_FLOATING(LDEXP)

typedef struct pair_f32 {
    uint32_t mantissa;
    int32_t exponent;
} pair_f32;
typedef struct pair_f64 {
    uint64_t mantissa;
    int64_t exponent;
} pair_f64;

/* A subnormal is scaled up first. */
#define FREXP(S, T, U, I, TO, DIGITS, BIAS, INF, UP)                                               \
    static inline pair_##S frexp_##S(T x) {                                                        \
        const U sign = (U)1 << (8 * sizeof(U) - 1);                                                \
        const U ax = tsr_##S##_bits(x) & ~sign;                                                    \
        const bool small = ax < (U)1 << DIGITS, plain = (ax != 0) & (ax < (INF));                  \
        const U bits = tsr_##S##_bits(small ? x * (T)(UP) : x);                                    \
        const I e = (I)((bits & ~sign) >> DIGITS) - (BIAS - 1) - (small ? DIGITS + 2 : 0);         \
        const U half = (bits & (sign | (((U)1 << DIGITS) - 1))) | (U)(BIAS - 1) << DIGITS;         \
        return (pair_##S){plain ? half : tsr_##S##_bits(x), plain ? e : 0};                        \
    }                                                                                              \
    TSR_UN(mantissa_##S, T, U, frexp_##S(x).mantissa)                                              \
    TSR_UN(exponent_##S, T, int32_t, frexp_##S(x).exponent)
FREXP(f32, float, uint32_t, int32_t, f32, 23, 127, 0x7f800000u, 0x1p25)
FREXP(f64, double, uint64_t, int64_t, f64, 52, 1023, 0x7ff0000000000000u, 0x1p54)

static inline float fraction_of_f32(float x) {
    const float rest = x - truncf(x);
    return copysignf(fabsf(x) == INFINITY ? 0.0f : rest, x);
}

static inline double fraction_of_f64(double x) {
    const double rest = x - trunc(x);
    return copysign(fabs(x) == (double)INFINITY ? 0.0 : rest, x);
}

#define PI 0x1.921fb54442d18p+1
#define FLOATING(NAME, S, T, U)                                                                    \
    TSR_UN(fraction_##S, T, T, fraction_of_##S(x))                                                 \
    TSR_UN(angle_##S, T, T, x < 0 ? (T)PI : x == x ? (T)0 : x)                                     \
    TSR_BIN(heaviside_##S, T, T, x<0 ? (T)0 : x> 0 ? (T)1 : x == 0 ? y : x)
TSR_FLOATING(FLOATING)

#define LAY(NAME, S, T, U)                                                                         \
    k->simple[TSR_UN_FRACTION][TSR_##NAME] = fraction_##S;                                         \
    k->simple[TSR_UN_MANTISSA][TSR_##NAME] = mantissa_##S;                                         \
    k->simple[TSR_UN_EXPONENT][TSR_##NAME] = exponent_##S;                                         \
    k->simple[TSR_UN_ANGLE][TSR_##NAME] = angle_##S;                                               \
    k->binary[TSR_BIN_COPYSIGN][TSR_##NAME] = copysign_##S;                                        \
    k->binary[TSR_BIN_NEXTAFTER][TSR_##NAME] = nextafter_##S;                                      \
    k->binary[TSR_BIN_HEAVISIDE][TSR_##NAME] = heaviside_##S;                                      \
    k->binary[TSR_BIN_LDEXP][TSR_##NAME] = ldexp_##S;

void TSR_KERNEL_ENTRY(parts)(tsr_kernels *k) {
    TSR_FLOATING(LAY)
    k->binary[TSR_BIN_NEXTAFTER][TSR_FLOAT16] = nextafter_f16;
    k->binary[TSR_BIN_NEXTAFTER][TSR_BFLOAT16] = nextafter_bf16;
}
