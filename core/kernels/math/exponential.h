/* exp and what follows from it directly: exp2, expm1, sigmoid, sinh, cosh, tanh.
 *
 * x = n ln 2 + r with an integer n and |r| <= ln(2)/2; ln 2 is split so that n times its leading
 * part is exact. Powers of two are put together from bits, in two factors where one would leave the
 * range, so that subnormal results are rounded once. */
#ifndef TSR_MATH_EXPONENTIAL_H
#define TSR_MATH_EXPONENTIAL_H

#include "polynomials.h"

typedef struct tsr_reduced {
    double n, r;
} tsr_reduced;

/* Of x + lo; lo is below 1, and -0 where there is none. */
TSR_INLINE tsr_reduced tsr_exp_reduce(double x, double lo, bool narrow) {
    const double n = tsr_mad(x + lo, 0x1.71547652b82fep+0, TSR_MAGIC, narrow) - TSR_MAGIC;
    if (narrow) {
        return (tsr_reduced){n, tsr_mad(n, -TSR_LN2, x, narrow)};
    }
    const double high = tsr_mad_exact(n, -0x1.62e42fefa3800p-1, x);
    return (tsr_reduced){n, tsr_mad(n, -0x1.ef35793c76730p-45, high + lo, narrow)};
}

/* exp(r) - 1 */
TSR_INLINE double tsr_exp_part(double r, bool narrow) {
    return tsr_mad(r * r, narrow ? tsr_poly_exp_narrow(r) : tsr_poly_exp_wide(r), r, narrow);
}

/* low < high; a NaN stays one. */
TSR_INLINE double tsr_clamp(double x, double low, double high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

TSR_INLINE double tsr_exp(double x, bool narrow) {
    x = narrow ? tsr_clamp(x, -200, 200) : tsr_clamp(x, -746, 710);
    const tsr_reduced e = tsr_exp_reduce(x, -0.0, narrow);
    const double y = 1 + tsr_exp_part(e.r, narrow);
    return narrow ? y * tsr_pow2(e.n) : tsr_scale(y, e.n);
}

/* ..._fast: where the result is normal, for which ..._easy gives a word with a clear sign bit. */
TSR_INLINE uint64_t tsr_exp_easy(double x) {
    return 0x4086200000000000u - (tsr_f64_bits(x) & 0x7fffffffffffffffu); /* |x| <= 708 */
}

TSR_INLINE double tsr_exp_shifted(tsr_reduced e) {
    const uint64_t bits = tsr_f64_bits(1 + tsr_exp_part(e.r, false));
    return tsr_f64_of(bits + (tsr_f64_bits(e.n + TSR_MAGIC) << 52));
}

TSR_INLINE double tsr_exp_fast(double x) {
    return tsr_exp_shifted(tsr_exp_reduce(x, -0.0, false));
}

TSR_INLINE uint64_t tsr_exp2_easy(double x) {
    return 0x408fe80000000000u - (tsr_f64_bits(x) & 0x7fffffffffffffffu); /* |x| <= 1021 */
}

TSR_INLINE double tsr_exp2_fast(double x) {
    const double t = x + TSR_MAGIC, r = x - (t - TSR_MAGIC);
    const uint64_t bits = tsr_f64_bits(tsr_mad_double(r, tsr_poly_exp2_wide(r), 1));
    return tsr_f64_of(bits + (tsr_f64_bits(t) << 52));
}

TSR_INLINE double tsr_exp2(double x, bool narrow) {
    x = narrow ? tsr_clamp(x, -200, 200) : tsr_clamp(x, -1080, 1030);
    const double n = tsr_round(x), r = x - n;
    const double y =
        tsr_mad(r, narrow ? tsr_poly_exp2_narrow(r) : tsr_poly_exp2_wide(r), 1, narrow);
    return narrow ? y * tsr_pow2(n) : tsr_scale(y, n);
}

/* 2^n (e^r - 1) + (2^n - 1), with 2^n taken out so that it may exceed the largest double. */
TSR_INLINE double tsr_expm1(double x, bool narrow) {
    const double t = tsr_clamp(x, -40, narrow ? 200 : 710);
    const tsr_reduced e = tsr_exp_reduce(t, -0.0, narrow);
    const double inverse = tsr_pow2(e.n > 60 ? -60 : -e.n);
    const double y = tsr_exp_part(e.r, narrow) + (1 - inverse);
    const double z = y * 2 * tsr_pow2(e.n - 1);
    return tsr_abs(x) < 0x1p-54 ? x : z;
}

/* 1/(1 + e^-x); for x < 0 its twin e^x/(1 + e^x), so that no exponential overflows. */
TSR_INLINE double tsr_sigmoid(double x, bool narrow) {
    const double e = tsr_exp(-tsr_abs(x), narrow), d = 1 + e;
    const double y = (x < 0 ? e : 1) / d;
    /* 1 + e lacks this; 1/d is y or 1 - y. */
    const double lost = e - (d - 1), twin = 1 - y;
    return narrow ? y : y - y * lost * (x < 0 ? twin : y);
}

/* e^x/2 and e^-x/2 from one reduction: with c = cosh(r), s = sinh(r) and 2^n,
 * cosh(x) = B c + A s and sinh(x) = A c + B s, A and B = (2^n -+ 2^-n)/2; for n = 0, A is 0. One
 * factor 2 is kept back: 2^n overflows before the result does. c - 1 stands for c, since A + ...
 * loses nothing, and the rounding of r is carried along for sinh. */
typedef struct tsr_hyperbolic {
    double a, b, c1, s;
} tsr_hyperbolic;

TSR_INLINE tsr_hyperbolic tsr_hyperbolic_parts(double ax, bool narrow) {
    const double x = ax > 710.6 ? 710.6 : ax; /* infinite from 710.48 on */
    const double n = tsr_round(x * 0x1.71547652b82fep+0);
    double r, rest = 0;
    if (narrow) {
        r = tsr_mad(n, -TSR_LN2, x, narrow);
    } else {
        const double hi = tsr_mad_exact(n, -0x1.62e42fefa3800p-1, x),
                     lo = n * 0x1.ef35793c76730p-45;
        r = hi - lo;
        rest = (hi - r) - lo;
    }
    const double z = r * r;
    const double up = tsr_pow2(n - 2), down = tsr_pow2(n > 60 ? -62 : -n - 2);
    const double p = narrow ? tsr_poly_sinh_narrow(z) : tsr_poly_sinh_wide(z);
    const double q = narrow ? tsr_poly_cosh_narrow(z) : tsr_poly_cosh_wide(z);
    return (tsr_hyperbolic){up - down, up + down, z * q, r + tsr_mad(r * z, p, rest, narrow)};
}

TSR_INLINE double tsr_sinh(double x, bool narrow) {
    const double ax = tsr_abs(x);
    const tsr_hyperbolic h = tsr_hyperbolic_parts(ax, narrow);
    const double y = tsr_with_sign(2 * (h.a + tsr_mad(h.a, h.c1, h.b * h.s, narrow)), x);
    return ax < 0x1p-28 ? x : y;
}

TSR_INLINE double tsr_cosh(double x, bool narrow) {
    const tsr_hyperbolic h = tsr_hyperbolic_parts(tsr_abs(x), narrow);
    return 2 * (h.b + tsr_mad(h.b, h.c1, h.a * h.s, narrow));
}

/* A polynomial near 0, 1 - 2/(e^2x + 1) away from it. */
TSR_INLINE double tsr_tanh(double x, bool narrow) {
    const double ax = tsr_abs(x), z = x * x;
    const tsr_reduced e = tsr_exp_reduce(ax > 22 ? 44 : 2 * ax, -0.0, narrow);
    const double power = tsr_pow2(e.n);
    const double far = 1 - 2 / tsr_mad(power, tsr_exp_part(e.r, narrow), power + 1, narrow);
    const double p = narrow ? tsr_poly_tanh_narrow(z) : tsr_poly_tanh_wide(z);
    const double near = tsr_mad(ax * z, p, ax, narrow);
    return tsr_with_sign(ax < 0.55 ? near : far, x);
}

#endif
