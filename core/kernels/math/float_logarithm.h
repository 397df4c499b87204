/* log2, log10, log1p in float arithmetic: log of float_native.h with more of what is lost kept. */
#ifndef TSR_MATH_FLOAT_LOGARITHM_H
#define TSR_MATH_FLOAT_LOGARITHM_H

#include "float_native.h"

/* k high + (log(1 + f) (scale + scale_lo) + k low) for x = 2^k (1 + f). f - f^2/2 times the scale
 * is kept in two parts, k high is exact, and what the sum of the two loses is kept. */
TSR_INLINE float tsr_log_scaled_f32(float x, float high, float low, float scale, float scale_lo) {
    const tsr_binade_f32 b = tsr_binade_from_f32(x);
    const float part = b.f * scale, half = -0.5f * b.f;
    const float part_lo = tsr_mad_float(b.f, scale_lo, tsr_mad_float(b.f, scale, -part));
    const float bent = tsr_mad_float(part, half, part);
    const float bent_lo =
        tsr_mad_float(part, half, part - bent) + tsr_mad_float(part_lo, half, part_lo);
    const float hi = tsr_mad_float(b.k, high, bent);
    const float lost = tsr_mad_float(b.k, high, -hi) + bent;
    const float cubic = b.f * b.f * (b.f * tsr_poly_log_float(b.f));
    const float rest = tsr_mad_float(cubic, scale, bent_lo);
    return hi + (rest + tsr_mad_float(b.k, low, lost));
}

TSR_INLINE uint32_t tsr_log2_easy_f32(float x) {
    return tsr_log_easy_f32(x);
}

TSR_INLINE float tsr_log2_f32(float x) {
    return tsr_log_scaled_f32(x, 1, 0, 0x1.715476p+0f, 0x1.4ae0c0p-26f);
}

TSR_INLINE uint32_t tsr_log10_easy_f32(float x) {
    return tsr_log_easy_f32(x);
}

TSR_INLINE float tsr_log10_f32(float x) {
    return tsr_log_scaled_f32(x, 0x1.344p-2f, 0x1.3509f8p-18f, 0x1.bcb7b2p-2f, -0x1.5b235ep-27f);
}

TSR_INLINE uint32_t tsr_log1p_easy_f32(float x) {
    return ((x > -1) & (x <= 0x1p126f)) ? 0 : 0x80000000u;
}

/* 1 + x = u + u_lo = 2^k (1 + f + f_lo); where k is 0, f is x. */
TSR_INLINE float tsr_log1p_f32(float x) {
    const float u = 1 + x, t = u - 1, u_lo = (1 - (u - t)) + (x - t);
    const tsr_binade_f32 b = tsr_binade_from_f32(u);
    const float down = tsr_f32_of((uint32_t)(127 - (int32_t)b.k) << 23), g_lo = u_lo * down;
    const float f = b.f + g_lo, f_lo = (b.f - f) + g_lo;
    const float hi = tsr_mad_float(b.k, 0x1.62e400p-1f, f);
    const float lost = tsr_mad_float(b.k, 0x1.62e400p-1f, -hi) + f;
    const float rest = tsr_mad_float(b.k, 0x1.7f7d1cp-20f, tsr_mad_float(-f, f_lo, f_lo) + lost);
    const float q = tsr_mad_float(f, tsr_poly_log_float(f), -0.5f);
    const float y = hi + tsr_mad_float(f * f, q, rest);
    return x == 0 ? x : y;
}

#endif
