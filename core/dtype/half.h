/* float16 and bfloat16, held as their 16 bits, to and from float and double.
 *
 * Everything works on bit patterns. No floating-point arithmetic is done on the values, so that the
 * rounding mode, flush-to-zero and denormals-are-zero of the host's thread change nothing: always
 * to nearest even, subnormals always kept. double goes to 16 bits in one rounding, never by way of
 * float. A value beyond the largest becomes infinite; a NaN stays a NaN, made quiet, with its sign
 * and the leading bits of its payload.
 *
 * There are no branches, only selections: loops over these functions vectorise. */
#ifndef TSR_DTYPE_HALF_H
#define TSR_DTYPE_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t tsr_f32_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float tsr_f32_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t tsr_f64_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double tsr_f64_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Rounds the bits of a double to a 16-bit format with `keep` stored mantissa bits; `bias` is the
 * difference of the exponent biases. A normal result is the shifted pattern plus a carry that runs
 * into the exponent by itself. A subnormal result shifts the mantissa by the missing exponent;
 * beyond 60 places nothing is left. The signed comparisons (all operands are positive) suit SIMD.
 */
static inline uint64_t tsr_round_f64_bits(uint64_t bits, int keep, int bias) {
    int drop = 52 - keep;
    uint64_t infinity = (0x7fffu << keep) & 0x7fffu;
    uint64_t abs = bits & 0x7fffffffffffffffu;
    uint64_t normal = ((abs + (((uint64_t)1 << (drop - 1)) - 1) + (abs >> drop & 1)) >> drop) -
                      ((uint64_t)bias << keep);
    uint64_t mantissa = (abs & 0xfffffffffffff) | 0x10000000000000;
    uint64_t missing = (uint64_t)(bias + drop) - (abs >> 52);
    missing = (int64_t)missing < 0 ? 0 : missing;
    missing = (int64_t)missing > 59 ? 59 : missing;
    uint64_t kept = mantissa >> missing; /* and one bit more, that says half or less */
    uint64_t odd = kept >> 1 & 1, rest = (kept << missing) != mantissa;
    uint64_t subnormal = (kept >> 1) + (kept & (odd | rest));
    uint64_t r = (int64_t)abs < (int64_t)(bias + 1) << 52 ? subnormal : normal;
    r = (int64_t)r > (int64_t)infinity ? infinity : r;
    uint64_t nan = infinity | (uint64_t)1 << (keep - 1) | (abs >> drop & ~infinity & 0x7fff);
    r = (int64_t)abs > 0x7ff0000000000000 ? nan : r;
    return r | (bits >> 48 & 0x8000u);
}

enum { TSR_F16_KEEP = 10, TSR_F16_BIAS = 1023 - 15, TSR_BF16_KEEP = 7, TSR_BF16_BIAS = 1023 - 127 };

static inline uint16_t tsr_f16_from_f64(double x) {
    return (uint16_t)tsr_round_f64_bits(tsr_f64_bits(x), TSR_F16_KEEP, TSR_F16_BIAS);
}

static inline uint16_t tsr_bf16_from_f64(double x) {
    return (uint16_t)tsr_round_f64_bits(tsr_f64_bits(x), TSR_BF16_KEEP, TSR_BF16_BIAS);
}

/* The same as tsr_round_f64_bits in 32-bit lanes. */
static inline uint16_t tsr_f16_from_f32(float x) {
    uint32_t bits = tsr_f32_bits(x);
    int32_t abs = (int32_t)(bits & 0x7fffffffu);
    int32_t normal =
        (int32_t)(((uint32_t)abs + 0xfff + ((uint32_t)abs >> 13 & 1)) >> 13) - (112 << 10);
    int32_t mantissa = (abs & 0x7fffff) | 0x800000;
    int32_t shift = 126 - (abs >> 23);
    shift = shift < 1 ? 1 : shift > 30 ? 30 : shift;
    int32_t subnormal = (mantissa + (1 << (shift - 1)) - 1 + ((mantissa >> shift) & 1)) >> shift;
    int32_t r = abs < 113 << 23 ? subnormal : normal;
    r = r > 0x7c00 ? 0x7c00 : r;
    r = abs > 0x7f800000 ? 0x7e00 | (abs >> 13 & 0x3ff) : r;
    return (uint16_t)((uint32_t)r | (bits >> 16 & 0x8000u));
}

/* float and bfloat16 share their exponents: one addition rounds, subnormals included. */
static inline uint16_t tsr_bf16_from_f32(float x) {
    uint32_t bits = tsr_f32_bits(x);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    uint32_t nan = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

/* A subnormal is its mantissa, an integer, scaled; converting the integer is exact and normalises.
 */
static inline float tsr_f16_to_f32(uint16_t h) {
    uint32_t abs = h & 0x7fffu;
    uint32_t scaled = tsr_f32_bits((float)(int32_t)abs) - (24u << 23);
    uint32_t bits = (abs << 13) + (112u << 23);
    bits = abs < 0x400 ? (abs ? scaled : 0) : bits;
    bits = abs >= 0x7c00 ? bits + (112u << 23) : bits;
    bits |= abs > 0x7c00 ? 0x400000u : 0;
    return tsr_f32_of(bits | (uint32_t)(h & 0x8000u) << 16);
}

static inline float tsr_bf16_to_f32(uint16_t h) {
    uint32_t quiet = (h & 0x7fffu) > 0x7f80 ? 0x400000u : 0;
    return tsr_f32_of((uint32_t)h << 16 | quiet);
}

/* Every float16 is a normal float or zero, so that the second step is exact in every mode. */
static inline double tsr_f16_to_f64(uint16_t h) {
    return (double)tsr_f16_to_f32(h);
}

/* Not by way of float, where a subnormal would be lost under denormals-are-zero. */
static inline double tsr_bf16_to_f64(uint16_t h) {
    uint64_t abs = h & 0x7fffu;
    uint64_t scaled = tsr_f64_bits((double)(int32_t)abs) - ((uint64_t)133 << 52);
    uint64_t bits = (abs << 45) + ((uint64_t)896 << 52);
    bits = abs < 0x80 ? (abs ? scaled : 0) : bits;
    bits = abs >= 0x7f80 ? bits + ((uint64_t)896 << 52) : bits;
    bits |= abs > 0x7f80 ? (uint64_t)1 << 51 : 0;
    return tsr_f64_of(bits | (uint64_t)(h & 0x8000u) << 48);
}

#endif
