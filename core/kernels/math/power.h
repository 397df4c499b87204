/* pow: 2^(y log2 |x|), with the logarithm as a pair where the result is a double, since y may be
 * a thousand times larger than the digits to spare; the cases of annex F around it. */
#ifndef TSR_MATH_POWER_H
#define TSR_MATH_POWER_H

#include "exponential.h"
#include "logarithm.h"

TSR_INLINE tsr_pair tsr_pair_product(tsr_pair x, tsr_pair y) {
    tsr_pair p = tsr_two_product(x.hi, y.hi);
    p.lo += x.hi * y.lo + x.lo * y.hi;
    return p;
}

/* log2(x) for a positive finite x, to some 2^-67 of itself. */
TSR_INLINE tsr_pair tsr_log2_pair(double x) {
    const tsr_binade b = tsr_log_split(x, false);
    const double f = b.m - 1;
    const tsr_pair d = tsr_two_sum(1, b.m);
    const double inverse = 1 / d.hi, q = f * inverse;
    const tsr_pair back = tsr_two_product(q, d.hi);
    const tsr_pair s = {q, (((f - back.hi) - back.lo) - q * d.lo) * inverse};
    tsr_pair z = tsr_two_product(s.hi, s.hi);
    z.lo += 2 * s.hi * s.lo;
    tsr_pair a = tsr_fast_sum(0x1.5555555555555p-1, z.hi * tsr_poly_log_tail(z.hi));
    a.lo += 0x1.5555555555555p-55;
    const tsr_pair za = tsr_pair_product(z, a);
    tsr_pair c = tsr_fast_sum(2, za.hi);
    c.lo += za.lo;
    const tsr_pair log2e = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
    const tsr_pair l = tsr_pair_product(tsr_pair_product(s, c), log2e);
    tsr_pair y = tsr_fast_sum(b.k, l.hi);
    y.lo += l.lo;
    return tsr_fast_sum(y.hi, y.lo);
}

/* |x|^y for a positive finite |x|, any number otherwise. Beyond 2^65 an exponent does what 2^65
 * does. */
TSR_INLINE double tsr_pow_part(double ax, double y, bool narrow) {
    if (narrow) {
        const tsr_binade b = tsr_log_split(ax, true);
        const double f = b.m - 1, s = f / (2 + f), z = s * s;
        const double l = tsr_mad(s * 0x1.71547652b82fep+0,
                                 tsr_mad(z, tsr_poly_log_narrow(z), 2, narrow), b.k, narrow);
        return tsr_exp2(tsr_clamp(y, -0x1p65, 0x1p65) * l, true);
    }
    const tsr_pair l = tsr_log2_pair(ax);
    const double e = tsr_clamp(y, -0x1p65, 0x1p65);
    tsr_pair p = tsr_two_product(e, l.hi);
    p.lo += e * l.lo;
    const bool within = tsr_abs(p.hi) < 1100;
    const double t = tsr_clamp(p.hi, -1080, 1030), n = tsr_round(t);
    const double r = (t - n) + (within ? p.lo : 0);
    return tsr_scale(tsr_mad(r, tsr_poly_exp2_wide(r), 1, narrow), n);
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
    const double sign = whole & !even ? x : 1;
    z = tsr_with_sign(z, sign);
    z = (x < 0) & (ax < TSR_INF) & !whole ? TSR_NAN : z;
    z = (x == x) & (y == y) ? z : x + y;
    return (y == 0) | (x == 1) ? 1 : z;
}

#endif
