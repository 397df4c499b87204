/* Quotients out of an estimate, by multiplications alone, while the divider works on others: it
 * takes 10 cycles a vector of floats and 16 one of doubles, this 10 and 11.
 *
 * The estimate y of 1 / b is good to 14 bits. Each step of Newton's doubles that: once (floats) or
 * twice (doubles) makes it wrong by less than a unit in the last place, and once more makes it the
 * nearest number, since 1 - b * y is exact (Markstein, IA-64 and Elementary Functions, 2000,
 * chapter 8), unless all bits of b are ones. a * y, put right by its remainder once, is one of the
 * two numbers next to a / b; put right once more, with the nearest y, it is the nearest one.
 *
 * For that nothing on the way may overflow or be subnormal: |a / b| and |b| must lie in the middle
 * half of the exponents. Where one of a vector does not, nor 0, infinity or NaN do, or b is all
 * ones, the instruction is taken for all of it. Who calls has looked that the processor rounds to
 * nearest. */
#ifndef TSR_X86_QUOTIENT_H
#define TSR_X86_QUOTIENT_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a number of q or b is not in the middle, which is seen in twice its bits, without the
 * sign, or one of b is all ones. */
static inline bool tsr_is_hard_f32(__m512 q, __m512 b) {
    const __m512i least = _mm512_set1_epi32((127 - 40) << 24),
                  span = _mm512_set1_epi32((40 + 60) << 24);
    const __m512i ones = _mm512_set1_epi32(-1), head = _mm512_set1_epi32(INT32_MIN >> 8);
    const __m512i i = _mm512_sub_epi32(_mm512_slli_epi32(_mm512_castps_si512(q), 1), least);
    const __m512i j = _mm512_sub_epi32(_mm512_slli_epi32(_mm512_castps_si512(b), 1), least);
    const __m512i filled = _mm512_or_si512(_mm512_castps_si512(b), head);
    return (_mm512_cmpgt_epu32_mask(_mm512_max_epu32(i, j), span) |
            _mm512_cmpeq_epi32_mask(filled, ones)) != 0;
}

static inline bool tsr_is_hard_f64(__m512d q, __m512d b) {
    const __m512i least = _mm512_set1_epi64((INT64_C(1023) - 400) << 53),
                  span = _mm512_set1_epi64((INT64_C(400) + 500) << 53);
    const __m512i ones = _mm512_set1_epi64(-1), head = _mm512_set1_epi64(INT64_MIN >> 11);
    const __m512i i = _mm512_sub_epi64(_mm512_slli_epi64(_mm512_castpd_si512(q), 1), least);
    const __m512i j = _mm512_sub_epi64(_mm512_slli_epi64(_mm512_castpd_si512(b), 1), least);
    const __m512i filled = _mm512_or_si512(_mm512_castpd_si512(b), head);
    return (_mm512_cmpgt_epu64_mask(_mm512_max_epu64(i, j), span) |
            _mm512_cmpeq_epi64_mask(filled, ones)) != 0;
}

/* y is nearer to 1 / b. */
#define TSR_NEARER(S, b, y) _mm512_fmadd_##S(_mm512_fnmadd_##S(b, y, one), y, y)
/* q is nearer to a / b, for which y is 1 / b. */
#define TSR_PUT_RIGHT(S, a, b, y, q) _mm512_fmadd_##S(_mm512_fnmadd_##S(b, q, a), y, q)

static inline __m512 tsr_quotient_f32(__m512 a, __m512 b) {
    const __m512 one = _mm512_set1_ps(1), rough = _mm512_rcp14_ps(b);
    const __m512 near = TSR_NEARER(ps, b, rough), nearest = TSR_NEARER(ps, b, near);
    const __m512 first = _mm512_mul_ps(a, near);
    const __m512 next = TSR_PUT_RIGHT(ps, a, b, near, first);
    const __m512 q = TSR_PUT_RIGHT(ps, a, b, nearest, next);
    return tsr_is_hard_f32(q, b) ? _mm512_div_ps(a, b) : q;
}

static inline __m512d tsr_quotient_f64(__m512d a, __m512d b) {
    const __m512d one = _mm512_set1_pd(1), rough = _mm512_rcp14_pd(b);
    const __m512d better = TSR_NEARER(pd, b, rough), near = TSR_NEARER(pd, b, better);
    const __m512d nearest = TSR_NEARER(pd, b, near), first = _mm512_mul_pd(a, near);
    const __m512d next = TSR_PUT_RIGHT(pd, a, b, near, first);
    const __m512d q = TSR_PUT_RIGHT(pd, a, b, nearest, next);
    return tsr_is_hard_f64(q, b) ? _mm512_div_pd(a, b) : q;
}

/* Both return how many of n numbers they did; d may be a or b. A vector of two, and of three. */
static inline size_t tsr_divide_vectors_f32(const float *a, const float *b, float *d, size_t n) {
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m512 q = _mm512_div_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16));
        const __m512 p = tsr_quotient_f32(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
        _mm512_storeu_ps(d + i, p);
        _mm512_storeu_ps(d + i + 16, q);
    }
    return i;
}

static inline size_t tsr_divide_vectors_f64(const double *a, const double *b, double *d, size_t n) {
    size_t i = 0;
    for (; i + 24 <= n; i += 24) {
        const __m512d r = _mm512_div_pd(_mm512_loadu_pd(a + i + 16), _mm512_loadu_pd(b + i + 16));
        const __m512d p = tsr_quotient_f64(_mm512_loadu_pd(a + i), _mm512_loadu_pd(b + i));
        const __m512d q = tsr_quotient_f64(_mm512_loadu_pd(a + i + 8), _mm512_loadu_pd(b + i + 8));
        _mm512_storeu_pd(d + i, p);
        _mm512_storeu_pd(d + i + 8, q);
        _mm512_storeu_pd(d + i + 16, r);
    }
    return i;
}

#undef TSR_NEARER
#undef TSR_PUT_RIGHT

#endif
