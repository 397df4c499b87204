/* What the vector math is made of: bits of numbers, roundings, exact sums and products.
 *
 * Everything here is a selection or plain arithmetic on one element, so that a loop over it
 * vectorises at every level. The bits are the same at every level: a multiply-add is always fused,
 * and where the level has no such instruction it is worked out, which is exact unless a product
 * leaves the range (slow, but those machines are old).
 *
 * Sources take a `narrow` flag that is constant after inlining: true computes, in double, what is
 * good for a float result (relative error below 2^-32), false what is good for a double one.
 *
 * The rounding mode must be to nearest. Flush-to-zero and denormals-are-zero, where a host has set
 * them, turn subnormal arguments and results into zeros and change nothing else. */
#ifndef TSR_MATH_NUMBER_H
#define TSR_MATH_NUMBER_H

#include "../../dtype/half.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Whatever its size: a call that is left in a loop keeps it from being vectorised. */
#if defined(__GNUC__)
#define TSR_INLINE static inline __attribute__((always_inline))
#else
#define TSR_INLINE static inline
#endif

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define TSR_HAS_FMA 1
#else
#define TSR_HAS_FMA 0
#endif

#define TSR_INF ((double)INFINITY)
#define TSR_NAN ((double)NAN)
#define TSR_LN2 0x1.62e42fefa39efp-1

/* Adding it rounds a double of magnitude below 2^51 to an integer, which then stands in the low
 * bits. */
#define TSR_MAGIC 0x1.8p52

TSR_INLINE double tsr_round(double x) {
    return (x + TSR_MAGIC) - TSR_MAGIC;
}

/* 2^n for an integer n of -1022 to 1023; 0 for -1023, infinity for 1024. */
TSR_INLINE double tsr_pow2(double n) {
    return tsr_f64_of(tsr_f64_bits(n + (TSR_MAGIC + 1023)) << 52);
}

/* y * 2^n for an integer n of -2044 to 2046, rounded once. */
TSR_INLINE double tsr_scale(double y, double n) {
    const double half = tsr_round(n * 0.5);
    return y * tsr_pow2(half) * tsr_pow2(n - half);
}

TSR_INLINE double tsr_abs(double x) {
    return tsr_f64_of(tsr_f64_bits(x) & 0x7fffffffffffffffu);
}

/* Magnitude of x, sign of s. */
TSR_INLINE double tsr_with_sign(double x, double s) {
    return tsr_f64_of((tsr_f64_bits(x) & 0x7fffffffffffffffu) |
                      (tsr_f64_bits(s) & 0x8000000000000000u));
}

/* A number as the unevaluated sum of two doubles, |lo| at most half a unit of hi. */
typedef struct tsr_pair {
    double hi, lo;
} tsr_pair;

TSR_INLINE tsr_pair tsr_two_sum(double a, double b) {
    const double s = a + b, t = s - a;
    return (tsr_pair){s, (a - (s - t)) + (b - t)};
}

/* The same where |a| >= |b| or a = 0. */
TSR_INLINE tsr_pair tsr_fast_sum(double a, double b) {
    const double s = a + b;
    return (tsr_pair){s, b - (s - a)};
}

/* x rounded to 26 bits, so that products of its parts are exact. */
TSR_INLINE double tsr_head(double x) {
    return tsr_f64_of((tsr_f64_bits(x) + 0x4000000u) & 0xfffffffff8000000u);
}

/* x * y, exact unless it leaves the range. */
TSR_INLINE tsr_pair tsr_two_product(double x, double y) {
    const double p = x * y;
#if TSR_HAS_FMA
    return (tsr_pair){p, __builtin_fma(x, y, -p)};
#else
    const double xh = tsr_head(x), xl = x - xh, yh = tsr_head(y), yl = y - yh;
    return (tsr_pair){p, (((xh * yh - p) + xh * yl) + xl * yh) + xl * yl};
#endif
}

/* x + rest, rounded to odd: what is rounded again later is then rounded as the exact sum. One step
 * towards rest if that is not 0 and the last bit of x is even; in integers only, since compilers do
 * not vectorise a comparison of doubles that ends in integers where vectors are small. */
TSR_INLINE double tsr_to_odd(double x, double rest) {
    const uint64_t bits = tsr_f64_bits(x), r = tsr_f64_bits(rest), twice = r << 1;
    const uint64_t step = (twice | (0 - twice)) >> 63 & ~bits;
    return tsr_f64_of(bits + (step & 1) - ((step & (r ^ bits) >> 63) << 1));
}

/* x * y + z, rounded once. */
TSR_INLINE float tsr_mad_float(float x, float y, float z) {
#if TSR_HAS_FMA
    return __builtin_fmaf(x, y, z);
#else
    const tsr_pair s = tsr_two_sum((double)x * y, z);
    return (float)tsr_to_odd(s.hi, s.lo);
#endif
}

TSR_INLINE double tsr_mad_double(double x, double y, double z) {
#if TSR_HAS_FMA
    return __builtin_fma(x, y, z);
#else
    const tsr_pair p = tsr_two_product(x, y), s = tsr_two_sum(p.hi, z);
    const tsr_pair rest = tsr_two_sum(s.lo, p.lo);
    return s.hi + tsr_to_odd(rest.hi, rest.lo);
#endif
}

/* x * y + z, rounded twice: where a float is made of the result. */
TSR_INLINE double tsr_mad_plain(double x, double y, double z) {
    return x * y + z;
}

TSR_INLINE double tsr_mad(double x, double y, double z, bool narrow) {
    return narrow ? x * y + z : tsr_mad_double(x, y, z);
}

/* x * y + z where the product is exact, so that it need not be fused. */
TSR_INLINE double tsr_mad_exact(double x, double y, double z) {
#if TSR_HAS_FMA
    return __builtin_fma(x, y, z);
#else
    return x * y + z;
#endif
}

#endif
