/* log, log2, log10, log1p, and the inverse hyperbolic functions, which are logarithms of a pair.
 *
 * x = 2^k m with m between sqrt(1/2) and sqrt(2); f = m - 1 is exact, s = f/(2 + f), and
 * log(m) = 2 atanh(s) = f - (f^2/2 - s (f^2/2 + R)), R = s^2 p(s^2): the leading term is exact and
 * the rest is small. */
#ifndef TSR_MATH_LOGARITHM_H
#define TSR_MATH_LOGARITHM_H

#include "polynomials.h"

#define TSR_LN2_HI 0x1.62e42fefa3800p-1
#define TSR_LN2_LO 0x1.ef35793c76730p-45

typedef struct tsr_binade {
    double k, m;
} tsr_binade;

/* For a positive finite x; m is at least the number that has `root` as its bits. */
TSR_INLINE tsr_binade tsr_binade_from(double x, uint64_t root, bool normal) {
    double bias = 0x1p52 + 1024;
    if (!normal) {
        const bool small = x < 0x1p-1022;
        bias = small ? bias + 54 : bias;
        x = small ? x * 0x1p54 : x;
    }
    const uint64_t t = tsr_f64_bits(x) - root + ((uint64_t)1024 << 52);
    return (tsr_binade){tsr_f64_of((t >> 52) | 0x4330000000000000u) - bias,
                        tsr_f64_of((t & 0x000fffffffffffffu) + root)};
}

/* From sqrt(1/2) on; a narrow x is never subnormal as a double. */
TSR_INLINE tsr_binade tsr_log_split(double x, bool narrow) {
    return tsr_binade_from(x, 0x3fe6a09e667f3bcdu, narrow);
}

/* What log(1 + f) lacks to f. */
TSR_INLINE double tsr_log_rest(double f, bool narrow) {
    const double s = f / (2 + f), z = s * s, half = 0.5 * f * f;
    const double p = narrow ? tsr_poly_log_narrow(z) : tsr_poly_log_wide(z);
    return tsr_mad(s, tsr_mad(z, p, half, narrow), -half, narrow);
}

/* Where x is no positive finite number, the value there instead of y. */
TSR_INLINE double tsr_log_special(double x, double y) {
    y = x < TSR_INF ? y : x;
    y = x > 0 ? y : x - x; /* a NaN of the argument stays */
    y = x == 0 ? -TSR_INF : y;
    return x < 0 ? TSR_NAN : y;
}

/* For a float; a double's is in cells.h. */
TSR_INLINE double tsr_log_narrow(double x) {
    const tsr_binade b = tsr_log_split(x, true);
    const double rest = tsr_log_rest(b.m - 1, true);
    return tsr_log_special(
        x, tsr_mad_exact(b.k, TSR_LN2_HI, (b.m - 1) + tsr_mad_plain(b.k, TSR_LN2_LO, rest)));
}

/* The bits of the least normal number, and of the largest below 2^1023 63/32. */
#define TSR_LOG_LEAST 0x0010000000000000
#define TSR_LOG_MOST  0x7fef7fffffffffff

/* The sign bit is clear for a positive, normal x that is not too large. */
TSR_INLINE uint64_t tsr_log_easy(double x) {
    const uint64_t bits = tsr_f64_bits(x);
    return (bits - TSR_LOG_LEAST) | (TSR_LOG_MOST - bits);
}

/* log(1 + f) in two parts, the first of 21 bits. */
TSR_INLINE tsr_pair tsr_log_pair(double f, bool narrow) {
    const double rest = tsr_log_rest(f, narrow);
    const double hi = tsr_f64_of(tsr_f64_bits(f + rest) & 0xffffffff00000000u);
    return (tsr_pair){hi, (f - hi) + rest};
}

/* log(m) is multiplied in two parts, so that only the last addition rounds. */
TSR_INLINE double tsr_log2(double x, bool narrow) {
    const double high = 0x1.7154765200000p+0, low = 0x1.705fc2eefa200p-33;
    const tsr_binade b = tsr_log_split(x, narrow);
    const tsr_pair l = tsr_log_pair(b.m - 1, narrow);
    const tsr_pair y = tsr_fast_sum(b.k, l.hi * high);
    return tsr_log_special(x, y.hi + (y.lo + ((l.hi + l.lo) * low + l.lo * high)));
}

TSR_INLINE double tsr_log10(double x, bool narrow) {
    const double high = 0x1.bcb7b15200000p-2, low = 0x1.b9438ca9aadd5p-36;
    const tsr_binade b = tsr_log_split(x, narrow);
    const tsr_pair l = tsr_log_pair(b.m - 1, narrow);
    const tsr_pair y = tsr_fast_sum(b.k * 0x1.34413509f7800p-2, l.hi * high);
    const double lo = b.k * 0x1.fef311f12b358p-46 + ((l.hi + l.lo) * low + l.lo * high);
    return tsr_log_special(x, y.hi + (y.lo + lo));
}

/* log(2^extra (x.hi + x.lo)) for a positive finite x.hi of at least 2^-53. */
TSR_INLINE double tsr_log_of_pair(tsr_pair x, double extra, bool narrow) {
    const tsr_binade b = tsr_log_split(x.hi, true);
    const double lo = x.lo * tsr_pow2(b.k > 1022 ? -1022 : -b.k), g = b.m - 1;
    const double f = g + lo, k = b.k + extra;
    const double rest = tsr_log_rest(f, narrow) + (narrow ? 0 : (g - f) + lo);
    return tsr_mad_exact(k, TSR_LN2_HI, f + tsr_mad(k, TSR_LN2_LO, rest, narrow));
}

TSR_INLINE double tsr_log1p(double x, bool narrow) {
    const tsr_pair u = tsr_two_sum(1, x);
    const double y = tsr_log_special(u.hi, tsr_log_of_pair(u, 0, narrow));
    return tsr_abs(x) < 0x1p-54 ? x : y;
}

/* The square root of a pair that is not negative. */
TSR_INLINE tsr_pair tsr_sqrt_pair(tsr_pair x) {
    const double s = sqrt(x.hi);
    const tsr_pair p = tsr_two_product(s, s);
    const double rest = (((x.hi - p.hi) - p.lo) + x.lo) / (2 * s);
    return (tsr_pair){s, s > 0 ? rest : 0};
}

/* log(x + sqrt(x^2 + 1)). Beyond 2^28 the root is x. */
TSR_INLINE double tsr_asinh(double x, bool narrow) {
    const double ax = tsr_abs(x);
    const bool big = ax > 0x1p28;
    const double v = big ? 1 : ax;
    tsr_pair u;
    if (narrow) {
        const double square = v * v;
        u = tsr_two_sum(1, v + square / (1 + sqrt(1 + square)));
    } else {
        const tsr_pair square = tsr_two_product(v, v);
        tsr_pair sum = tsr_two_sum(square.hi, 1);
        sum.lo += square.lo;
        const tsr_pair root = tsr_sqrt_pair(sum);
        u = tsr_fast_sum(root.hi, v);
        u.lo += root.lo;
    }
    u.hi = big ? ax : u.hi;
    u.lo = big ? 0 : u.lo;
    const double y = tsr_with_sign(tsr_log_of_pair(u, big ? 1 : 0, narrow), x);
    return ((ax > 0x1p-28) & (ax < TSR_INF)) ? y : x;
}

/* log(x + sqrt(x^2 - 1)), of pairs since the root's first digits may be all that is left of it. */
TSR_INLINE double tsr_acosh(double x, bool narrow) {
    const bool big = x > 0x1p28;
    const double v = big ? 1 : x;
    tsr_pair u;
    if (narrow) {
        const double t = v - 1;
        u = tsr_two_sum(1, t + sqrt(t * (t + 2)));
    } else {
        const tsr_pair square = tsr_two_product(v, v);
        tsr_pair sum = tsr_two_sum(square.hi, -1);
        sum = tsr_fast_sum(sum.hi, sum.lo + square.lo);
        const tsr_pair root = tsr_sqrt_pair(sum);
        u = tsr_two_sum(v, root.hi);
        u.lo += root.lo;
    }
    u.hi = big ? x : u.hi;
    u.lo = big ? 0 : u.lo;
    double y = tsr_log_of_pair(u, big ? 1 : 0, narrow);
    y = x < TSR_INF ? y : x;
    return x < 1 ? TSR_NAN : y;
}

/* log((1 + x)/(1 - x))/2 = log(1 + 2x/(1 - x))/2, the quotient as a pair. */
TSR_INLINE double tsr_atanh(double x, bool narrow) {
    const double ax = tsr_abs(x);
    tsr_pair u;
    if (narrow) {
        u = tsr_two_sum(1, 2 * ax / (1 - ax));
    } else {
        const tsr_pair d = tsr_two_sum(1, -ax);
        const double q = 2 * ax / d.hi;
        const tsr_pair p = tsr_two_product(q, d.hi);
        u = tsr_two_sum(1, q);
        u.lo += (((2 * ax - p.hi) - p.lo) - q * d.lo) / d.hi;
    }
    double y = tsr_with_sign(0.5 * tsr_log_of_pair(u, 0, narrow), x);
    y = ax == 1 ? tsr_with_sign(TSR_INF, x) : y;
    y = ax > 1 ? TSR_NAN : y;
    return ax > 0x1p-28 ? y : x;
}

#endif
