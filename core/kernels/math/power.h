/* pow: e^(y log |x|), with the logarithm (cells.h) as a pair, since y may be a thousand times
 * larger than the digits to spare; the cases of annex F around it. */
#ifndef TSR_MATH_POWER_H
#define TSR_MATH_POWER_H

#include "cells.h"
#include "exponential.h"

/* y log(x), to some 2^-63 of itself, from the parts of log(x). The leading parts and r^2/2 are
 * summed in pairs; the second part of the result may be as large as 1/1000 of the first, for it has
 * r^3/3.
 */
TSR_INLINE tsr_pair tsr_log_times(double r, double s, double s_lo, double y) {
    const double z = r * r, z_lo = tsr_mad_double(r, r, -z);
    const double tail = tsr_mad_double(r * z, tsr_poly_log_cell_pair(r), s_lo);
    const double t = s + r, t_lo = r - (t - s);
    const double l = tsr_mad_exact(-0.5, z, t), l_lo = tsr_mad_exact(-0.5, z, t - l);
    const double rest = tsr_mad_exact(-0.5, z_lo, (tail + t_lo) + l_lo), p = y * l;
    return (tsr_pair){p, tsr_mad_double(y, rest, tsr_mad_double(y, l, -p))};
}

/* |x|^y for a positive finite |x|, any number otherwise. Beyond 2^65 an exponent does what 2^65
 * does. */
TSR_INLINE double tsr_pow_part(double ax, double y, bool narrow) {
    const double e = tsr_clamp(y, -0x1p65, 0x1p65);
    if (narrow) {
        const tsr_binade b = tsr_log_split(ax, true);
        const double f = b.m - 1, s = f / (2 + f), z = s * s;
        const double l = tsr_mad(s * 0x1.71547652b82fep+0,
                                 tsr_mad(z, tsr_poly_log_narrow(z), 2, narrow), b.k, narrow);
        return tsr_exp2(e * l, true);
    }
    const tsr_part_f64 l = tsr_part_of_f64(ax);
    const tsr_pair p = tsr_log_times(l.r, l.s, l.s_lo, e);
    /* The second part may bring 710 back to where the result is finite, 760 it may not. */
    const bool within = tsr_abs(p.hi) < 760;
    const double t = tsr_clamp(p.hi, -760, 760);
    const tsr_reduced x = tsr_exp_reduce(t, within ? p.lo : 0, false);
    return tsr_scale(1 + tsr_exp_part(x.r, false), x.n);
}

/* The same for a positive normal x and a normal result, which `hard`, by its sign bit, denies. */
typedef struct tsr_power {
    double value;
    uint64_t hard;
} tsr_power;

TSR_INLINE tsr_power tsr_pow_fast(double x, double y, double r, double s, double s_lo) {
    const tsr_pair p = tsr_log_times(r, s, s_lo, y);
    const tsr_reduced e = tsr_exp_reduce(p.hi, p.lo, false);
    return (tsr_power){tsr_exp_shifted(e), tsr_log_easy(x) | tsr_exp_easy(p.hi)};
}

TSR_INLINE double tsr_pow(double x, double y, bool narrow) {
    const double ax = tsr_abs(x), ay = tsr_abs(y), half = 0.5 * ay;
    const bool whole = (ay >= 0x1p52) | ((ay + 0x1p52) - 0x1p52 == ay);
    const bool even = (ay >= 0x1p53) | ((half + 0x1p52) - 0x1p52 == half);
    const bool edge = (ax == 0) | (ax == TSR_INF);
    /* 0 for 0 and infinity for infinity, turned round by a negative y. */
    const double less = ax == 0 ? TSR_INF : 0, more = ax == 0 ? 0 : TSR_INF;
    const double limit = y < 0 ? less : more;
    double z = tsr_pow_part(ax, y, narrow);
    z = edge ? limit : z;
    z = ax == 1 ? 1 : z;
    const double sign = (whole & !even) ? x : 1;
    z = tsr_with_sign(z, sign);
    z = ((x < 0) & (ax < TSR_INF) & !whole) ? TSR_NAN : z;
    z = ((x == x) & (y == y)) ? z : x + y;
    return ((y == 0) | (x == 1)) ? 1 : z;
}

#endif
