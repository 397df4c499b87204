/* Roots: sqrt, rsqrt, cbrt, hypot. */
#ifndef TSR_MATH_ROOT_H
#define TSR_MATH_ROOT_H

#include "float_native.h"

/* Two correctly rounded steps: at most 1.5 units. */
TSR_INLINE double tsr_rsqrt(double x, bool narrow) {
    (void)narrow;
    return 1 / sqrt(x);
}

TSR_INLINE uint32_t tsr_rsqrt_easy_f32(float x) {
    return tsr_log_easy_f32(x);
}

/* Half the exponent by halving the bits, one step of Newton's with the constants that suit that
 * start best (Kadlec's; relative error 2^-10.5), and one of the third order, of what x y^2 leaves
 * to 1 exactly. */
TSR_INLINE float tsr_rsqrt_f32(float x) {
    const float start = tsr_f32_of(0x5f1ffff9u - (tsr_f32_bits(x) >> 1));
    const float y = 0x1.686c6ep-1f * start * tsr_mad_float(-x * start, start, 0x1.31d2c4p+1f);
    const float s = x * y, s_lo = tsr_mad_float(x, y, -s);
    const float e = tsr_mad_float(-s_lo, y, tsr_mad_float(-s, y, 1));
    return tsr_mad_float(y * e, tsr_mad_float(e, 0.375f, 0.5f), y);
}

/* x = 2^(3 q + j) m with 1 <= m < 2. The polynomial times 2^(j/3) is a root good to 18 bits; cut
 * to 20 so that its square is exact, Halley's step then triples its digits. */
TSR_INLINE double tsr_cbrt(double x, bool narrow) {
    const double ax = tsr_abs(x);
    double y = ax, bias = 0x1p52 + 1023;
    if (!narrow) {
        const bool small = ax < 0x1p-1022;
        y = small ? ax * 0x1p54 : ax;
        bias = small ? bias + 54 : bias;
    }
    const uint64_t bits = tsr_f64_bits(y);
    const double e = tsr_f64_of(bits >> 52 | 0x4330000000000000u) - bias;
    const double q = tsr_round(e * 0x1.5555555555555p-2 - 0.3);
    const double j = e - 3 * q;
    const double m = tsr_f64_of((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
    const double factor = j > 1 ? 0x1.965fea53d6e3dp+0 : j > 0 ? 0x1.428a2f98d728bp+0 : 1;
    const double whole = j > 1 ? 4 * m : j > 0 ? 2 * m : m;
    const double root = tsr_poly_cbrt(m) * factor;
    const double t = tsr_f64_of((tsr_f64_bits(root) + 0x80000000u) & 0xffffffff00000000u);
    const double r = whole / (t * t);
    const double z = (t + t * ((r - t) / (2 * t + r))) * tsr_pow2(q);
    return ((ax > 0) & (ax < TSR_INF)) ? tsr_with_sign(z, x) : x;
}

TSR_INLINE double tsr_hypot(double x, double y, bool narrow) {
    const double ax = tsr_abs(x), ay = tsr_abs(y);
    double z;
    if (narrow) {
        z = sqrt(ax * ax + ay * ay);
    } else {
        const double large = ax > ay ? ax : ay;
        const double scale = large > 0x1p500 ? 0x1p-600 : large < 0x1p-400 ? 0x1p600 : 1;
        const double back = large > 0x1p500 ? 0x1p600 : large < 0x1p-400 ? 0x1p-600 : 1;
        const double a = ax * scale, b = ay * scale;
        z = sqrt(a * a + b * b) * back;
    }
    return ((ax == TSR_INF) | (ay == TSR_INF)) ? TSR_INF : z;
}

#endif
