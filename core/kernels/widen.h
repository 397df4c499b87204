/* 64-bit integers to floating, rounded once.
 *
 * Without AVX-512DQ there is no vector instruction for it. For double, the two halves of the
 * integer are planted in the mantissas of 2^52 and 2^84; taking the powers off again leaves two
 * exact parts whose sum is rounded once. For float from unsigned, a number with the top bit set is
 * halved with its lost bit kept as a sticky one, and the result doubled: branch-free, and still one
 * rounding. */
#ifndef TSR_KERNELS_WIDEN_H
#define TSR_KERNELS_WIDEN_H

#include "../dtype/half.h"

#if defined(__x86_64__) && !defined(__AVX512DQ__)

static inline double tsr_f64_from_u64(uint64_t x) {
    double high = tsr_f64_of((x >> 32) | (uint64_t)0x45300000 << 32);
    double low = tsr_f64_of((x & 0xffffffffu) | (uint64_t)0x43300000 << 32);
    return (high - (0x1p84 + 0x1p52)) + low;
}

static inline double tsr_f64_from_i64(int64_t x) {
    double high = tsr_f64_of(((uint64_t)x >> 32 ^ 0x80000000u) | (uint64_t)0x45300000 << 32);
    double low = tsr_f64_of(((uint64_t)x & 0xffffffffu) | (uint64_t)0x43300000 << 32);
    return (high - (0x1p84 + 0x1p63 + 0x1p52)) + low;
}

static inline float tsr_f32_from_u64(uint64_t x) {
    uint64_t halved = x >> 1 | (x & 1);
    float r = (float)(int64_t)(x >> 63 ? halved : x);
    return x >> 63 ? r + r : r;
}

#else

static inline double tsr_f64_from_u64(uint64_t x) {
    return (double)x;
}

static inline double tsr_f64_from_i64(int64_t x) {
    return (double)x;
}

static inline float tsr_f32_from_u64(uint64_t x) {
    return (float)x;
}

#endif
#endif
