/* pow of floats in pairs of floats, after power.h. */
#ifndef TSR_MATH_POWER_FLOAT_H
#define TSR_MATH_POWER_FLOAT_H

#include "cells.h"
#include "float_native.h"

typedef struct tsr_power_f32 {
    float value;
    uint32_t hard; /* the sign bit is set where the value does not count */
} tsr_power_f32;

/* x^y for an easy x, whose logarithm has these parts, and a result between e^-86 and e^86. */
TSR_INLINE tsr_power_f32 tsr_pow_f32(float x, float y, float r, float s, float s_lo) {
    const float z = r * r, z_lo = tsr_mad_float(r, r, -z);
    const float tail = tsr_mad_float(r * z, tsr_poly_log_cell_float(r), s_lo);
    const float t = s + r, t_lo = r - (t - s);
    const float l = tsr_mad_float(-0.5f, z, t), l_lo = tsr_mad_float(-0.5f, z, t - l);
    const float rest = tsr_mad_float(-0.5f, z_lo, (tail + t_lo) + l_lo), p = y * l;
    const float p_lo = tsr_mad_float(y, rest, tsr_mad_float(y, l, -p));
    return (tsr_power_f32){tsr_exp_pair_f32(p, p_lo),
                           tsr_log_easy_f32(x) | tsr_within_f32(p, 0x42ac0000u)}; /* 86 */
}

#endif
