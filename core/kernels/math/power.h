/* pow: 2^(y log2 |x|), with the logarithm as a pair where the result is a double, since y may be
 * a thousand times larger than the digits to spare; the cases of annex F around it. */
#ifndef TSR_MATH_POWER_H
#define TSR_MATH_POWER_H

#include "exponential.h"
#include "logarithm.h"

/* log2(x) for a positive finite x, to some 2^-67 of itself; normal says that x is not subnormal.
 * With s = f/(2 + f) it is k + s c, c = 2/ln 2 + z a, a = 2/(3 ln 2) + z p(z), z = s^2; each of
 * them is a pair but the last polynomial. */
TSR_INLINE tsr_pair tsr_log2_pair(double x, bool normal) {
    const tsr_binade b = tsr_log_split(x, normal);
    const double f = b.m - 1, d = 1 + b.m, d_lo = b.m - (d - 1), inverse = 1 / d;
    const double s = f * inverse;
    const double s_lo = tsr_mad_double(-s, d_lo, tsr_mad_double(-s, d, f)) * inverse;
    const double z = s * s, z_lo = tsr_mad_double(s + s, s_lo, tsr_mad_double(s, s, -z));
    const double u = z * tsr_poly_log2_tail_wide(z);
    const double a = 0x1.ec709dc3a03fdp-1 + u,
                 a_lo = (u - (a - 0x1.ec709dc3a03fdp-1)) + 0x1.d27f05548af0cp-55;
    const double v = z * a;
    const double v_lo = tsr_mad_double(z, a, -v) + tsr_mad_double(z, a_lo, z_lo * a);
    const double c = 0x1.71547652b82fep+1 + v,
                 c_lo = (v - (c - 0x1.71547652b82fep+1)) + (v_lo + 0x1.777d0ffda0d24p-55);
    const double l = s * c, l_lo = tsr_mad_double(s, c, -l) + tsr_mad_double(s, c_lo, s_lo * c);
    const double sum = b.k + l, rest = (l - (sum - b.k)) + l_lo;
    return tsr_fast_sum(sum, rest);
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
    const tsr_pair l = tsr_log2_pair(ax, false);
    const double e = tsr_clamp(y, -0x1p65, 0x1p65);
    tsr_pair p = tsr_two_product(e, l.hi);
    p.lo = tsr_mad_double(e, l.lo, p.lo);
    const bool within = tsr_abs(p.hi) < 1100;
    const double t = tsr_clamp(p.hi, -1080, 1030), n = tsr_round(t);
    const double r = (t - n) + (within ? p.lo : 0);
    return tsr_scale(tsr_mad(r, tsr_poly_exp2_wide(r), 1, narrow), n);
}

/* The same for a positive normal x and a normal result, which `hard`, by its sign bit, denies. */
typedef struct tsr_power {
    double value;
    uint64_t hard;
} tsr_power;

TSR_INLINE tsr_power tsr_pow_fast(double x, double y) {
    const tsr_pair l = tsr_log2_pair(x, true);
    tsr_pair p = tsr_two_product(y, l.hi);
    p.lo = tsr_mad_double(y, l.lo, p.lo);
    const double t = p.hi + TSR_MAGIC, r = (p.hi - (t - TSR_MAGIC)) + p.lo;
    const double e = tsr_mad_double(r, tsr_poly_exp2_wide(r), 1);
    const uint64_t size = tsr_f64_bits(p.hi) & 0x7fffffffffffffffu;
    const uint64_t power = tsr_f64_bits(y) & 0x7fffffffffffffffu;
    const uint64_t within = (0x408fe00000000000u - size) | (0x4400000000000000u - power);
    return (tsr_power){tsr_f64_of(tsr_f64_bits(e) + (tsr_f64_bits(t) << 52)),
                       tsr_log_easy(x) | within}; /* |log2 of the result| <= 1020, |y| <= 2^65 */
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
