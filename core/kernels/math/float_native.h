/* exp, exp2, log, sin, cos in float arithmetic throughout, where the longer road through
 * doubles would cost most. Each holds for what its ..._easy says; the rest goes through doubles.
 *
 * ..._easy gives a word whose sign bit is clear for an easy argument: such words are or-ed over a
 * chunk at the price of three integer operations. */
#ifndef TSR_MATH_FLOAT_NATIVE_H
#define TSR_MATH_FLOAT_NATIVE_H

#include "polynomials.h"

#define TSR_MAGIC_F32 0x1.8p23f

TSR_INLINE float tsr_abs_f32(float x) {
    return tsr_f32_of(tsr_f32_bits(x) & 0x7fffffffu);
}

/* |x| <= limit, given as its bits. */
TSR_INLINE uint32_t tsr_within_f32(float x, uint32_t limit) {
    return limit - (tsr_f32_bits(x) & 0x7fffffffu);
}

/* y 2^n, n in the last bits of t, which is n + TSR_MAGIC_F32; y and the result normal. */
TSR_INLINE float tsr_shift_f32(float y, float t) {
    return tsr_f32_of(tsr_f32_bits(y) + (tsr_f32_bits(t) << 23));
}

TSR_INLINE uint32_t tsr_exp_easy_f32(float x) {
    return tsr_within_f32(x, 0x42ae0000u); /* 87 */
}

/* As in exponential.h. The last two steps, (p r + 1) r + 1, leave 0.75 units. */
TSR_INLINE float tsr_exp_f32(float x) {
    const float t = tsr_mad_float(x, 0x1.715476p+0f, TSR_MAGIC_F32), n = t - TSR_MAGIC_F32;
    const float r1 = tsr_mad_float(n, -0x1.62e400p-1f, x);
    const float r = tsr_mad_float(n, -0x1.7f7d1cp-20f, r1);
    const float p = tsr_mad_float(tsr_poly_exp_float(r), r, 1);
    return tsr_shift_f32(tsr_mad_float(p, r, 1), t);
}

/* e^(x + lo). What r loses comes back with the terms beyond it, so that the last addition but one
 * leaves 0.25 units and the last 0.5. */
TSR_INLINE float tsr_exp_pair_f32(float x, float lo) {
    const float t = tsr_mad_float(x + lo, 0x1.715476p+0f, TSR_MAGIC_F32), n = t - TSR_MAGIC_F32;
    const float r1 = tsr_mad_float(n, -0x1.62e400p-1f, x);
    const float r2 = tsr_mad_float(n, -0x1.7f7d1cp-20f, lo);
    const float r = r1 + r2, r_lo = (r1 - r) + r2;
    const float rest = tsr_mad_float(r * r, tsr_poly_exp_float(r), r_lo);
    return tsr_shift_f32(1 + (r + rest), t);
}

/* 2^n, n in the last bits of t, which is n + TSR_MAGIC_F32. */
TSR_INLINE float tsr_pow2_f32(float t) {
    return tsr_f32_of((tsr_f32_bits(t) << 23) + 0x3f800000u);
}

/* The same for any argument: the power of two in two factors, of which only the second rounds. */
TSR_INLINE float tsr_exp_any_f32(float x) {
    const float least = x < -110 ? -110 : x, y = least > 100 ? 100 : least;
    const float t = tsr_mad_float(y, 0x1.715476p+0f, TSR_MAGIC_F32), n = t - TSR_MAGIC_F32;
    const float r1 = tsr_mad_float(n, -0x1.62e400p-1f, y);
    const float r = tsr_mad_float(n, -0x1.7f7d1cp-20f, r1);
    const float p = tsr_mad_float(tsr_mad_float(tsr_poly_exp_float(r), r, 1), r, 1);
    const float half = n * 0.5f + TSR_MAGIC_F32, rest = n - (half - TSR_MAGIC_F32);
    return p * tsr_pow2_f32(half) * tsr_pow2_f32(rest + TSR_MAGIC_F32);
}

TSR_INLINE uint32_t tsr_exp2_easy_f32(float x) {
    return tsr_within_f32(x, 0x42fa0000u); /* 125 */
}

TSR_INLINE float tsr_exp2_f32(float x) {
    const float t = x + TSR_MAGIC_F32, r = x - (t - TSR_MAGIC_F32);
    return tsr_shift_f32(tsr_mad_float(tsr_poly_exp2_float(r), r, 1), t);
}

/* Positive, normal, finite. */
TSR_INLINE uint32_t tsr_log_easy_f32(float x) {
    const uint32_t bits = tsr_f32_bits(x);
    return (bits - 0x00800000u) | (0x7f7bffffu - bits); /* below 2^127 63/32 */
}

typedef struct tsr_binade_f32 {
    float k, f;
} tsr_binade_f32;

/* x = 2^k (1 + f), -0.293 <= f <= 0.4143. */
TSR_INLINE tsr_binade_f32 tsr_binade_from_f32(float x) {
    const uint32_t root = 0x3f3504f3u; /* the bits of sqrt(1/2) */
    const uint32_t t = tsr_f32_bits(x) - root;
    return (tsr_binade_f32){(float)((int32_t)t >> 23), tsr_f32_of((t & 0x007fffffu) + root) - 1};
}

/* k times the head of ln 2 is exact, and what its sum with f loses is kept. */
TSR_INLINE float tsr_log_f32(float x) {
    const tsr_binade_f32 b = tsr_binade_from_f32(x);
    const float k = b.k, f = b.f;
    const float hi = tsr_mad_float(k, 0x1.62e400p-1f, f);
    const float lost = tsr_mad_float(k, 0x1.62e400p-1f, -hi) + f;
    const float q = tsr_mad_float(f, tsr_poly_log_float(f), -0.5f);
    return hi + tsr_mad_float(f * f, q, tsr_mad_float(k, 0x1.7f7d1cp-20f, lost));
}

/* x = n pi/2 + r, n in the last bits of tsr_trig_turns_f32, which is n + TSR_MAGIC_F32 + shift.
 * With 1024 for the shift, and the quarters of a turn by which x is meant to be ahead, the bits of
 * that differ from those of the magic number by at most TSR_TURNS_F32 where n is a number of 10
 * bits. */
#define TSR_TURNS_F32 2047u

TSR_INLINE float tsr_trig_turns_f32(float x, float shift) {
    return tsr_mad_float(x, 0x1.45f306p-1f, TSR_MAGIC_F32 + shift);
}

TSR_INLINE uint32_t tsr_sin_turns_f32(float x) {
    return tsr_f32_bits(tsr_trig_turns_f32(x, 1024)) ^ tsr_f32_bits(TSR_MAGIC_F32);
}

TSR_INLINE uint32_t tsr_cos_turns_f32(float x) {
    return tsr_f32_bits(tsr_trig_turns_f32(x, 1025)) ^ tsr_f32_bits(TSR_MAGIC_F32);
}

/* pi/2 is in three parts: n times the first differs from x by a float, n times the second has at
 * most 24 bits and is either small against that difference or leaves an exact one. What is left
 * beside r is `less`: r - less is meant. Both polynomials are evaluated: one alone on |r| <= pi/2
 * is too inaccurate in floats. Signs are such that -0 stays what it is. */
TSR_INLINE float tsr_sin_shifted_f32(float x, float shift) {
    const float t = tsr_trig_turns_f32(x, shift), n = t - (TSR_MAGIC_F32 + shift);
    const float r1 = tsr_mad_float(n, -0x1.921fb4p+0f, x);
    const float r = tsr_mad_float(n, -0x1.444p-24f, r1);
    const float less = tsr_mad_float(n, 0x1.68c234p-39f, tsr_mad_float(n, 0x1.444p-24f, r - r1));
    const float z = r * r;
    const float s = r - tsr_mad_float(r * z, -tsr_poly_sin4_float(z), less);
    const float rest = tsr_mad_float(-0.5f, tsr_mad_float(r, r, -z), r * less);
    const float c = 1 + tsr_mad_float(z, tsr_poly_cos4_float(z), rest);
    const uint32_t quadrant = tsr_f32_bits(t);
    const float y = (quadrant & 1) ? c : s;
    return tsr_f32_of(tsr_f32_bits(y) ^ (quadrant << 30 & 0x80000000u));
}

TSR_INLINE float tsr_sin_f32(float x) {
    return tsr_sin_shifted_f32(x, 1024);
}

TSR_INLINE float tsr_cos_f32(float x) {
    return tsr_sin_shifted_f32(x, 1025);
}

#endif
