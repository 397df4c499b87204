/* pow of floats in pairs of floats: log2 to some 2^-34 of itself, after power.h. */
#ifndef TSR_MATH_POWER_FLOAT_H
#define TSR_MATH_POWER_FLOAT_H

#include "float_native.h"

typedef struct tsr_power_f32 {
    float value;
    uint32_t hard; /* the sign bit is set where the value does not count */
} tsr_power_f32;

/* x^y for a positive normal x and a result within 2^125 of 1. */
TSR_INLINE tsr_power_f32 tsr_pow_f32(float x, float y) {
    /* x = 2^k (1 + f), s = f/(2 + f) */
    const uint32_t root = 0x3f3504f3u, bits = tsr_f32_bits(x) - root;
    const float k = (float)((int32_t)bits >> 23);
    const float m = tsr_f32_of((bits & 0x007fffffu) + root), f = m - 1;
    const float d = 1 + m, d_lo = m - (d - 1), inverse = 1 / d;
    const float s = f * inverse;
    const float s_lo = tsr_mad_float(-s, d_lo, tsr_mad_float(-s, d, f)) * inverse;
    const float z = s * s, z_lo = tsr_mad_float(s + s, s_lo, tsr_mad_float(s, s, -z));
    /* log2(1 + f) = s c, c = 2/ln 2 + z a, a = 2/(3 ln 2) + z p(z) */
    const float u = z * tsr_poly_log2_tail_float(z);
    const float a = 0x1.ec709ep-1f + u, a_lo = (u - (a - 0x1.ec709ep-1f)) + -0x1.e2fe02p-28f;
    const float v = z * a;
    const float v_lo = tsr_mad_float(z, a, -v) + tsr_mad_float(z, a_lo, z_lo * a);
    const float c = 0x1.715476p+1f + v, c_lo = (v - (c - 0x1.715476p+1f)) + (v_lo + 0x1.4ae0cp-25f);
    const float l = s * c, l_lo = tsr_mad_float(s, c, -l) + tsr_mad_float(s, c_lo, s_lo * c);
    const float sum = k + l, rest = (l - (sum - k)) + l_lo;
    const float h = sum + rest, h_lo = rest - (h - sum);
    /* 2^(y (h + h_lo)) */
    const float p = y * h, p_lo = tsr_mad_float(y, h_lo, tsr_mad_float(y, h, -p));
    const float t = p + TSR_MAGIC_F32, r = (p - (t - TSR_MAGIC_F32)) + p_lo;
    const float e = tsr_mad_float(tsr_poly_exp2_float(r), r, 1);
    return (tsr_power_f32){tsr_shift_f32(e, t),
                           tsr_log_easy_f32(x) | tsr_within_f32(p, 0x42fa0000u)}; /* 125 */
}

#endif
