/* Square roots out of an estimate, by multiplications alone: the instruction for it takes 19 cycles
 * a vector of doubles, this 9.
 *
 * The estimate of 1 / sqrt(x) is good to 14 bits, each step of Newton's doubles that, for g, which
 * goes to sqrt(x), and h, which goes to 1 / (2 sqrt(x)), side by side. At the end d = x - g * g is
 * exact, and g + d * h is rounded once (Markstein, IA-64 and Elementary Functions, 2000, chapter
 * 9): before that it is wrong by less than 2^-51 units in the last place of a double, and only for
 * a few x is sqrt(x) that near to the middle between two numbers. spec/c/test_root.c goes through
 * all of these; of float there are so few numbers that it goes through all.
 *
 * Where x is so small that d could not be exact, the instruction is taken. 0, infinity, NaN and
 * negative numbers are put right by one instruction. All others round to nearest and set no flags,
 * whatever the host has chosen. */
#ifndef TSR_X86_ROOT_H
#define TSR_X86_ROOT_H

#include <immintrin.h>
#include <stddef.h>

#define TSR_NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
/* What becomes of x by its kind, four bits each, from the lowest: quiet NaN and signalling one as a
 * quiet one, 0 itself, 1 computed, -infinity NaN, infinity itself, negative NaN, positive computed.
 */
#define TSR_ROOT_KINDS 0x03530122

#define TSR_ROOT_STEP(S, r, g, h)                                                                  \
    r = _mm512_fnmadd_round_##S(g, h, half, TSR_NEAREST);                                          \
    g = _mm512_fmadd_round_##S(g, r, g, TSR_NEAREST);                                              \
    h = _mm512_fmadd_round_##S(h, r, h, TSR_NEAREST)

static inline __m512 tsr_root_f32(__m512 x) {
    const __m512 half = _mm512_set1_ps(0.5f), y = _mm512_rsqrt14_ps(x);
    const __m512i kinds = _mm512_set1_epi32(TSR_ROOT_KINDS), one = _mm512_set1_epi32(1),
                  small = _mm512_set1_epi32(0x0d800000); /* 2^-100 */
    const __m512i bits = _mm512_sub_epi32(_mm512_castps_si512(x), one);
    __m512 g = _mm512_mul_round_ps(x, y, TSR_NEAREST);
    __m512 h = _mm512_mul_round_ps(y, half, TSR_NEAREST), r;
    TSR_ROOT_STEP(ps, r, g, h);
    r = _mm512_fnmadd_round_ps(g, g, x, TSR_NEAREST);
    g = _mm512_fmadd_round_ps(r, h, g, TSR_NEAREST);
    g = _mm512_fixupimm_round_ps(g, x, kinds, 0, _MM_FROUND_NO_EXC);
    if (_mm512_cmplt_epu32_mask(bits, small) != 0)
        g = _mm512_sqrt_round_ps(x, TSR_NEAREST);
    return g;
}

static inline __m512d tsr_root_f64(__m512d x) {
    const __m512d half = _mm512_set1_pd(0.5), y = _mm512_rsqrt14_pd(x);
    const __m512i kinds = _mm512_set1_epi64(TSR_ROOT_KINDS), one = _mm512_set1_epi64(1),
                  small = _mm512_set1_epi64(0x03f0000000000000); /* 2^-960 */
    const __m512i bits = _mm512_sub_epi64(_mm512_castpd_si512(x), one);
    __m512d g = _mm512_mul_round_pd(x, y, TSR_NEAREST);
    __m512d h = _mm512_mul_round_pd(y, half, TSR_NEAREST), r;
    TSR_ROOT_STEP(pd, r, g, h);
    TSR_ROOT_STEP(pd, r, g, h);
    r = _mm512_fnmadd_round_pd(g, g, x, TSR_NEAREST);
    g = _mm512_fmadd_round_pd(r, h, g, TSR_NEAREST);
    g = _mm512_fixupimm_round_pd(g, x, kinds, 0, _MM_FROUND_NO_EXC);
    if (_mm512_cmplt_epu64_mask(bits, small) != 0)
        g = _mm512_sqrt_round_pd(x, TSR_NEAREST);
    return g;
}

/* n is a multiple of 16; d may be s. Two vectors of three by the way above, while the divider works
 * on the third one. */
static inline void tsr_sqrt_vectors_f32(const float *s, float *d, size_t n) {
    size_t i = 0;
    for (; i + 48 <= n; i += 48) {
        const __m512 c = _mm512_sqrt_round_ps(_mm512_loadu_ps(s + i + 32), TSR_NEAREST);
        const __m512 a = tsr_root_f32(_mm512_loadu_ps(s + i));
        const __m512 b = tsr_root_f32(_mm512_loadu_ps(s + i + 16));
        _mm512_storeu_ps(d + i, a);
        _mm512_storeu_ps(d + i + 16, b);
        _mm512_storeu_ps(d + i + 32, c);
    }
    for (; i < n; i += 16)
        _mm512_storeu_ps(d + i, tsr_root_f32(_mm512_loadu_ps(s + i)));
}

/* n is a multiple of 8; d may be s. Three vectors of four by the way above. */
static inline void tsr_sqrt_vectors_f64(const double *s, double *d, size_t n) {
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m512d c = _mm512_sqrt_round_pd(_mm512_loadu_pd(s + i + 24), TSR_NEAREST);
        for (size_t k = 0; k < 24; k += 8)
            _mm512_storeu_pd(d + i + k, tsr_root_f64(_mm512_loadu_pd(s + i + k)));
        _mm512_storeu_pd(d + i + 24, c);
    }
    for (; i < n; i += 8)
        _mm512_storeu_pd(d + i, tsr_root_f64(_mm512_loadu_pd(s + i)));
}

#undef TSR_ROOT_STEP

#endif
