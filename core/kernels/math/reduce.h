/* Arguments of any size modulo pi/2, exactly enough (Payne and Hanek's way), one at a time: for the
 * rare arguments that are huge, or that lie next to a multiple of pi/2.
 *
 * x = M 2^e with an integer M of 53 bits. Of the bits of 2/pi only those count that neither make a
 * multiple of 4 with M 2^e nor lie far below the result: 192 of them. Their product with M, taken
 * modulo 4, has two bits of quadrant and 190 of fraction, of which cancellation can eat 62. */
#ifndef TSR_MATH_REDUCE_H
#define TSR_MATH_REDUCE_H

#include "number.h"

/* x = quadrant pi/2 + (r.hi + r.lo), |r| <= pi/4, quadrant taken modulo 4. */
typedef struct tsr_angle {
    tsr_pair r;
    int quadrant;
} tsr_angle;

/* 32 bits of the number in limbs (most significant last) from bit `at` upwards. */
static inline uint32_t tsr_limb_at(const uint32_t *limbs, int count, int at) {
    const int i = at / 32, shift = at % 32;
    const uint64_t low = i < count ? limbs[i] : 0;
    const uint64_t high = i + 1 < count ? limbs[i + 1] : 0;
    return (uint32_t)((high << 32 | low) >> shift);
}

/* The 53 bits below bit `top` of f (6 limbs), times 2^-(190 - (top - 53)). */
static inline double tsr_bits_below(const uint32_t *f, int top) {
    const int at = top - 53;
    if (at < 0) {
        return 0;
    }
    const uint64_t bits = (uint64_t)tsr_limb_at(f, 6, at + 32) << 32 | tsr_limb_at(f, 6, at);
    return (double)(bits & 0x1fffffffffffffu) * tsr_pow2(at - 190);
}

static inline tsr_angle tsr_reduce_any(double x) {
    /* The bits of 2/pi behind the point, 32 a word. */
    static const uint32_t two_over_pi[] = {
        0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab,
        0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e,
        0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b,
        0xbdf9283b, 0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7,
        0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1,
        0x1f8d5d08, 0x56033046, 0xfc7b6bab,
    };
    const uint64_t bits = tsr_f64_bits(x) & 0x7fffffffffffffffu;
    const int exponent = (int)(bits >> 52) - 1075;
    if (exponent == 2047 - 1075) {
        return (tsr_angle){{x - x, 0}, 0};
    }
    if (exponent < -80) {
        return (tsr_angle){{x, 0}, 0};
    }
    const uint64_t mantissa = (bits & 0x000fffffffffffffu) | 0x0010000000000000u;
    const int skip = exponent > 2 ? exponent - 2 : 0;

    /* product = mantissa times the 192 bits behind the first `skip`, 8 limbs. */
    uint32_t product[8] = {0};
    uint64_t carry[2] = {0, 0};
    for (int i = 0; i < 6; i++) {
        const int at = skip + 32 * (5 - i), word = at / 32, shift = at % 32;
        const uint64_t pair = (uint64_t)two_over_pi[word] << 32 | two_over_pi[word + 1];
        const uint64_t limb = (uint32_t)(pair << shift >> 32);
        uint64_t t = limb * (uint32_t)mantissa + product[i] + carry[0];
        product[i] = (uint32_t)t;
        carry[0] = t >> 32;
        t = limb * (mantissa >> 32) + product[i + 1] + carry[1];
        product[i + 1] = (uint32_t)t;
        carry[1] = t >> 32;
    }
    /* The last carry of the low half belongs to limb 6, that of the high half to limb 7. */
    const uint64_t top = product[6] + carry[0];
    product[6] = (uint32_t)top;
    product[7] = (uint32_t)(carry[1] + (top >> 32));

    /* f = the product with its point moved to bit 190. */
    const int drop = exponent > 2 ? 0 : 2 - exponent;
    uint32_t f[6];
    for (int i = 0; i < 6; i++) {
        f[i] = tsr_limb_at(product, 8, drop + 32 * i);
    }
    int quadrant = (int)(f[5] >> 30);
    f[5] &= 0x3fffffff;
    const bool upper = f[5] >> 29;
    if (upper) { /* above one half: count back from the next quadrant */
        quadrant++;
        uint64_t sum = (uint64_t)1 << 32;
        for (int i = 0; i < 6; i++) {
            sum = (uint64_t)(uint32_t)~f[i] + (sum >> 32);
            f[i] = (uint32_t)sum;
        }
        f[5] &= 0x3fffffff;
    }
    int high = 189;
    while (high > 0 && !(f[high / 32] >> (high % 32) & 1)) {
        high--;
    }
    const tsr_pair g = {tsr_bits_below(f, high + 1), tsr_bits_below(f, high - 52)};

    /* times pi/2, as a pair */
    const tsr_pair p = tsr_two_product(g.hi, 0x1.921fb54442d18p+0);
    tsr_pair r =
        tsr_fast_sum(p.hi, p.lo + (g.hi * 0x1.1a62633145c07p-54 + g.lo * 0x1.921fb54442d18p+0));
    const bool negative = upper != (tsr_f64_bits(x) >> 63 != 0);
    if (negative) {
        r = (tsr_pair){-r.hi, -r.lo};
    }
    if (tsr_f64_bits(x) >> 63) {
        quadrant = -quadrant;
    }
    return (tsr_angle){r, quadrant & 3};
}

#endif
