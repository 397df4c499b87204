/* sin, cos, tan.
 *
 * x = n pi + r for sin, (n + 1/2) pi + r for cos, n pi/2 + r for tan. pi is split into parts of 33,
 * 33 and 53 bits, so that n times the first two is exact while n has at most 20 bits. What that
 * cannot do, huge arguments and those next to a multiple of pi/2, tsr_trig_hard tells from the
 * result, and the caller then uses the ..._any functions, one element at a time. (No float is so
 * near to a multiple of pi/2, except for huge ones.)
 *
 * One polynomial on |r| <= pi/2 serves sin and cos: cheaper than two and a selection. The tail of r
 * is worth cos(r) times itself, for which 1 - 4 r^2/pi^2 stands in. */
#ifndef TSR_MATH_TRIGONOMETRIC_H
#define TSR_MATH_TRIGONOMETRIC_H

#include "polynomials.h"
#include "reduce.h"

/* Keeps the number of half turns of cos positive. */
#define TSR_COS_SHIFT 1024

/* x - h * scale * pi as a pair; scale is 1 or 1/2. The first step is exact for whole multiples;
 * `half` says that h is none. A narrow result is in hi alone. The second part is not rounded off
 * the first: next to a multiple of pi it may be as large, which a sum of the two does not mind. */
TSR_INLINE tsr_pair tsr_trig_reduce(double x, double h, double scale, bool half, bool narrow) {
    const double c1 = scale * 0x1.921fb54400000p+1, r1 = tsr_mad_exact(h, -c1, x);
    if (narrow) {
        return (tsr_pair){r1 - h * (scale * 0x1.0b4611a626331p-33), 0};
    }
    const double c2 = scale * 0x1.0b4611a600000p-33, c3 = scale * 0x1.3198a2e037073p-68;
    const double r2 = tsr_mad_exact(h, -c2, r1), e2 = tsr_mad_exact(h, -c2, r1 - r2);
    const double e = half ? (x - tsr_mad_exact(h, c1, r1)) + e2 : e2;
    return (tsr_pair){r2, tsr_mad_double(h, -c3, e)};
}

/* The sign bit is clear for |x| <= 4096: no double of that size is nearer to a multiple of pi/2
 * than 2^-60.5, and the reduction leaves 2^-112 of it. */
TSR_INLINE uint64_t tsr_trig_easy(double x) {
    return 0x40b0000000000000u - (tsr_f64_bits(x) & 0x7fffffffffffffffu);
}

/* A word whose sign bit is set where y, found for x by the reduction above, is not good enough: |x|
 * above 2^20, or above 4096 with |y| below 2^-40 or above 2^40. */
TSR_INLINE uint64_t tsr_trig_hard(double x, double y) {
    const uint64_t ax = tsr_f64_bits(x) & 0x7fffffffffffffffu;
    const uint64_t ay = tsr_f64_bits(y) & 0x7fffffffffffffffu;
    const uint64_t extreme = (ay - 0x3d70000000000000u) | (0x4270000000000000u - ay);
    return (0x4130000000000000u - ax) | (extreme & tsr_trig_easy(x));
}

/* y, or -y where s is negative. */
TSR_INLINE double tsr_turn(double y, double s) {
    return tsr_f64_of(tsr_f64_bits(y) ^ (tsr_f64_bits(s) & 0x8000000000000000u));
}

/* sin(r), |r| <= pi/2, with the sign turned for an odd n (its last bit is that of n + magic). */
TSR_INLINE double tsr_sin_part(tsr_pair r, uint64_t n, bool narrow) {
    const double z = r.hi * r.hi;
    const double p = narrow ? tsr_poly_sin_narrow(z) : tsr_poly_sin_wide(z);
    const double tail = narrow ? 0 : tsr_mad(r.lo, z * -0x1.9f02f6222c720p-2, r.lo, narrow);
    return tsr_f64_of(tsr_f64_bits(r.hi + tsr_mad(r.hi * z, p, tail, narrow)) ^ n << 63);
}

/* Of |x|, so that the sign of zero comes out right. */
TSR_INLINE double tsr_sin(double x, bool narrow) {
    const double ax = tsr_abs(x), t = tsr_mad(ax, 0x1.45f306dc9c883p-2, TSR_MAGIC, narrow);
    const tsr_pair r = tsr_trig_reduce(ax, t - TSR_MAGIC, 1, false, narrow);
    return tsr_turn(tsr_sin_part(r, tsr_f64_bits(t), narrow), x);
}

TSR_INLINE double tsr_cos_turn(double x, bool narrow) {
    return tsr_mad(x, 0x1.45f306dc9c883p-2, -0.5, narrow) + (TSR_MAGIC + TSR_COS_SHIFT);
}

TSR_INLINE double tsr_cos(double x, bool narrow) {
    const double t = tsr_cos_turn(x, narrow), h = t - (TSR_MAGIC + TSR_COS_SHIFT) + 0.5;
    const tsr_pair r = tsr_trig_reduce(x, h, 1, true, narrow);
    return tsr_sin_part(r, ~tsr_f64_bits(t), narrow);
}

/* sin(r)/cos(r), or -cos(r)/sin(r) for an odd n; |r| <= pi/4. What sine, cosine and quotient lose
 * to rounding is put back, else it could add up to more than two units. */
TSR_INLINE double tsr_tan_part(tsr_pair r, uint64_t n, bool narrow) {
    const double z = r.hi * r.hi;
    const double p = narrow ? tsr_poly_sin4_narrow(z) : tsr_poly_sin4_wide(z);
    const double q = narrow ? tsr_poly_cos4_narrow(z) : tsr_poly_cos4_wide(z);
    const double half = 0.5 * z, w = 1 - half, lost = (1 - w) - half;
    const tsr_pair s = tsr_fast_sum(r.hi, tsr_mad(r.hi * z, p, r.lo, narrow));
    const tsr_pair c = tsr_fast_sum(w, lost + tsr_mad(z * z, q, -r.hi * r.lo, narrow));
    const bool odd = n & 1;
    const double top = odd ? -c.hi : s.hi, bottom = odd ? s.hi : c.hi;
    if (narrow) {
        return top / bottom;
    }
    const double top_lo = odd ? -c.lo : s.lo, bottom_lo = odd ? s.lo : c.lo;
    const double inverse = 1 / bottom, y = top * inverse;
    const double rest = tsr_mad_double(-y, bottom, top) + tsr_mad_double(-y, bottom_lo, top_lo);
    return tsr_mad_double(rest, inverse, y);
}

TSR_INLINE double tsr_tan(double x, bool narrow) {
    const double ax = tsr_abs(x), t = tsr_mad(ax, 0x1.45f306dc9c883p-1, TSR_MAGIC, narrow);
    const tsr_pair r = tsr_trig_reduce(ax, t - TSR_MAGIC, 0.5, false, narrow);
    const tsr_pair sum = narrow ? r : tsr_fast_sum(r.hi, r.lo);
    return tsr_turn(tsr_tan_part(sum, tsr_f64_bits(t), narrow), x);
}

/* Words that are at most so large for |x| up to some 3215, which is easy: what the number of turns
 * leaves of the bits of its sum with the magic number. */
#define TSR_SIN_TURNS 1023u
#define TSR_COS_TURNS 2047u
#define TSR_TAN_TURNS 2047u

TSR_INLINE uint64_t tsr_sin_turns(double x) {
    const double t = tsr_mad_double(tsr_abs(x), 0x1.45f306dc9c883p-2, TSR_MAGIC);
    return tsr_f64_bits(t) ^ tsr_f64_bits(TSR_MAGIC);
}

TSR_INLINE uint64_t tsr_cos_turns(double x) {
    return tsr_f64_bits(tsr_cos_turn(x, false)) ^ tsr_f64_bits(TSR_MAGIC);
}

TSR_INLINE uint64_t tsr_tan_turns(double x) {
    const double t = tsr_mad_double(tsr_abs(x), 0x1.45f306dc9c883p-1, TSR_MAGIC);
    return tsr_f64_bits(t) ^ tsr_f64_bits(TSR_MAGIC);
}

/* sin(x + quarters pi/2) for any x. */
static inline double tsr_sin_shifted(double x, int quarters) {
    const tsr_angle a = tsr_reduce_any(x);
    const int quadrant = a.quadrant + quarters;
    const double z = a.r.hi * a.r.hi, half = 0.5 * z, w = 1 - half;
    const double s = a.r.hi + (a.r.hi * z * tsr_poly_sin4_wide(z) + a.r.lo);
    const double c = w + (((1 - w) - half) + (z * z * tsr_poly_cos4_wide(z) - a.r.hi * a.r.lo));
    const double y = (quadrant & 1) ? c : s;
    return (quadrant & 2) ? -y : y;
}

static inline double tsr_sin_any(double x) {
    return tsr_sin_shifted(x, 0);
}

static inline double tsr_cos_any(double x) {
    return tsr_sin_shifted(x, 1);
}

static inline double tsr_tan_any(double x) {
    const tsr_angle a = tsr_reduce_any(x);
    return tsr_tan_part(a.r, (uint64_t)a.quadrant, false);
}

#endif
