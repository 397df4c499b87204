/* expm1, sigmoid, sinh, cosh in float arithmetic: exp of float_native.h in two parts. */
#ifndef TSR_MATH_FLOAT_EXPONENTIAL_H
#define TSR_MATH_FLOAT_EXPONENTIAL_H

#include "float_native.h"

/* x = n ln 2 + r, e^r = 1 + hi + lo; t is n + TSR_MAGIC_F32. */
typedef struct tsr_exp_parts_f32 {
    float t, hi, lo;
} tsr_exp_parts_f32;

TSR_INLINE tsr_exp_parts_f32 tsr_exp_split_f32(float x) {
    const float t = tsr_mad_float(x, 0x1.715476p+0f, TSR_MAGIC_F32), n = t - TSR_MAGIC_F32;
    const float r1 = tsr_mad_float(n, -0x1.62e400p-1f, x);
    const float r = tsr_mad_float(n, -0x1.7f7d1cp-20f, r1);
    const float r_lo = tsr_mad_float(n, -0x1.7f7d1cp-20f, r1 - r);
    const float q = tsr_poly_expm1_float(r), z = r * r, hi = tsr_mad_float(z, q, r);
    return (tsr_exp_parts_f32){t, hi, tsr_mad_float(z, q, r - hi) + r_lo};
}

TSR_INLINE uint32_t tsr_expm1_easy_f32(float x) {
    return tsr_within_f32(x, 0x42ac0000u); /* 86 */
}

/* A number as the unevaluated sum of two floats. */
typedef struct tsr_pair_f32 {
    float hi, lo;
} tsr_pair_f32;

/* 2^n ((e^r - 1) + (1 - 2^-n)). */
TSR_INLINE tsr_pair_f32 tsr_expm1_pair_f32(float x) {
    const tsr_exp_parts_f32 e = tsr_exp_split_f32(x);
    const float down = tsr_pow2_f32(2 * TSR_MAGIC_F32 - e.t), c = 1 - down, c_lo = (1 - c) - down;
    const float s = c + e.hi, s_lo = e.hi - (s - c), power = tsr_pow2_f32(e.t);
    return (tsr_pair_f32){s * power, (s_lo + (e.lo + c_lo)) * power};
}

TSR_INLINE float tsr_expm1_f32(float x) {
    const tsr_pair_f32 y = tsr_expm1_pair_f32(x);
    return x == 0 ? x : y.hi + y.lo;
}

TSR_INLINE uint32_t tsr_sigmoid_easy_f32(float x) {
    return tsr_within_f32(x, 0x42800000u); /* 64 */
}

/* 1/(1 + e) or e/(1 + e), e = e^-|x|, in pairs, and the quotient corrected by what it leaves. */
TSR_INLINE float tsr_sigmoid_f32(float x) {
    const tsr_exp_parts_f32 p = tsr_exp_split_f32(-tsr_abs_f32(x));
    const float power = tsr_pow2_f32(p.t), one = 1 + p.hi;
    const float e = one * power, e_lo = (p.hi - (one - 1) + p.lo) * power;
    const float d = 1 + e, d_lo = e - (d - 1) + e_lo, q = 1 / d;
    const float a = x < 0 ? e : 1, a_lo = x < 0 ? e_lo : 0, y = a * q;
    const float left = tsr_mad_float(-y, d, a) + tsr_mad_float(-y, d_lo, a_lo);
    return tsr_mad_float(left, q, y);
}

TSR_INLINE uint32_t tsr_sinh_easy_f32(float x) {
    return tsr_within_f32(x, 0x42800000u); /* 64 */
}

/* (m + m/(m + 1))/2 of |x|, m = e^|x| - 1. */
TSR_INLINE float tsr_sinh_f32(float x) {
    const tsr_pair_f32 m = tsr_expm1_pair_f32(tsr_abs_f32(x));
    const float d = 1 + m.hi, e = d - m.hi, d_lo = (m.hi - (d - e)) + (1 - e) + m.lo, q = 1 / d;
    const float y = m.hi * q;
    const float left = tsr_mad_float(-y, d, m.hi) + tsr_mad_float(-y, d_lo, m.lo);
    const float s = m.hi + y, s_lo = y - (s - m.hi);
    const float z = 0.5f * (s + (s_lo + tsr_mad_float(left, q, m.lo)));
    return tsr_f32_of(tsr_f32_bits(z) | (tsr_f32_bits(x) & 0x80000000u));
}

TSR_INLINE uint32_t tsr_cosh_easy_f32(float x) {
    return tsr_within_f32(x, 0x42800000u); /* 64 */
}

/* (e + 1/e)/2, e = e^|x|. */
TSR_INLINE float tsr_cosh_f32(float x) {
    const tsr_exp_parts_f32 p = tsr_exp_split_f32(tsr_abs_f32(x));
    const float power = 0.5f * tsr_pow2_f32(p.t), one = 1 + p.hi;
    const float e = one * power, e_lo = (p.hi - (one - 1) + p.lo) * power;
    const float inverse = 0.25f / e, s = e + inverse;
    return s + ((inverse - (s - e)) + e_lo);
}

#endif
