/* pow of floats in pairs of floats, after power.h. */
#ifndef TSR_MATH_POWER_FLOAT_H
#define TSR_MATH_POWER_FLOAT_H

#include "cells.h"
#include "float_native.h"

typedef struct tsr_power_f32 {
    float value;
    uint32_t hard; /* the sign bit is set where the value does not count */
} tsr_power_f32;

/* x^y for a positive normal x and a result between e^-86 and e^86; c, hi, lo are those of x. */
TSR_INLINE tsr_power_f32 tsr_pow_f32(float x, float y, float c, float hi, float lo) {
    const uint32_t bits = tsr_f32_bits(x) - TSR_CELL_ROOT_F32;
    const float k = (float)((int32_t)bits >> 23);
    const float m = tsr_f32_of((bits & 0x007fffffu) + TSR_CELL_ROOT_F32);
    const float r = tsr_mad_float(m, c, -1);
    const float z = r * r, z_lo = tsr_mad_float(r, r, -z);
    const float s = tsr_mad_float(k, 0x1.62e400p-1f, hi);
    const float s_lo = tsr_mad_float(k, 0x1.7f7d1cp-20f, lo);
    const float tail = tsr_mad_float(r * z, tsr_poly_log_cell_float(r), s_lo);
    const float t = s + r, t_lo = r - (t - s);
    const float l = tsr_mad_float(-0.5f, z, t), l_lo = tsr_mad_float(-0.5f, z, t - l);
    const float rest = tsr_mad_float(-0.5f, z_lo, (tail + t_lo) + l_lo), p = y * l;
    const float p_lo = tsr_mad_float(y, rest, tsr_mad_float(y, l, -p));
    return (tsr_power_f32){tsr_exp_pair_f32(p, p_lo),
                           tsr_log_easy_f32(x) | tsr_within_f32(p, 0x42ac0000u)}; /* 86 */
}

#endif
