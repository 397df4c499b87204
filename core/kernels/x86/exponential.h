/* exp where a vector can be scaled by powers of two in one instruction, which rounds a subnormal
 * result once and makes infinity or 0 of what leaves the range: so every argument goes one way, and
 * nothing needs to be looked at first. The steps are those of tsr_exp_any_f32 and tsr_exp, bit for
 * bit.
 *
 * r, which is far beyond its interval for huge arguments only, is held below 1 in magnitude, so
 * that the polynomial of it is a positive number and the power of two decides. Where x is infinite,
 * r would be a NaN, and becomes 1; of a NaN, the power of two is one too, and stays. */
#ifndef TSR_X86_EXPONENTIAL_H
#define TSR_X86_EXPONENTIAL_H

#include "../math/polynomials.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* The lesser magnitude of two, with the sign of the first. */
#define TSR_LESSER_MAGNITUDE 2

static inline __m512 tsr_exp_v16(__m512 x) {
    static const float terms[] = {tsr_terms_exp_float, 1, 1};
    const __m512 magic = _mm512_set1_ps(0x1.8p23f), one = _mm512_set1_ps(1);
    const __m512 t = _mm512_fmadd_ps(x, _mm512_set1_ps(0x1.715476p+0f), magic);
    const __m512 power = _mm512_sub_ps(t, magic);
    const __m512 r1 = _mm512_fmadd_ps(power, _mm512_set1_ps(-0x1.62e400p-1f), x);
    const __m512 r2 = _mm512_fmadd_ps(power, _mm512_set1_ps(-0x1.7f7d1cp-20f), r1);
    const __m512 r = _mm512_range_ps(r2, one, TSR_LESSER_MAGNITUDE);
    __m512 y = _mm512_set1_ps(terms[0]);
    for (size_t k = 1; k < sizeof terms / sizeof *terms; k++) {
        y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(terms[k]));
    }
    return _mm512_scalef_ps(y, power);
}

/* n is a multiple of 16; d may be s. */
static inline void tsr_exp_vectors_f32(const float *s, float *d, size_t n) {
    for (size_t i = 0; i < n; i += 16) {
        _mm512_storeu_ps(d + i, tsr_exp_v16(_mm512_loadu_ps(s + i)));
    }
}

#if defined(__AVX512BW__) && defined(__AVX512VL__)
static inline __m256i tsr_exp_half_v16(__m256i x) {
    return _mm512_cvtps_ph(tsr_exp_v16(_mm512_cvtph_ps(x)), _MM_FROUND_TO_NEAREST_INT);
}

/* Of float16, as its float rounded; any n, d may be s. */
static inline void tsr_exp_half(const uint16_t *s, uint16_t *d, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        _mm256_storeu_epi16(d + i, tsr_exp_half_v16(_mm256_loadu_epi16(s + i)));
    }
    if (i < n) {
        const __mmask16 some = (__mmask16)(0xffffu >> (16 - (n - i)));
        const __m256i x = _mm256_maskz_loadu_epi16(some, s + i);
        _mm256_mask_storeu_epi16(d + i, some, tsr_exp_half_v16(x));
    }
}
#endif

/* n is a multiple of 8; d may be s. */
static inline void tsr_exp_vectors_f64(const double *s, double *d, size_t n) {
    static const double terms[] = {tsr_terms_exp_wide};
    const __m512d magic = _mm512_set1_pd(TSR_MAGIC), one = _mm512_set1_pd(1);
    for (size_t i = 0; i < n; i += 8) {
        const __m512d x = _mm512_loadu_pd(s + i);
        const __m512d t = _mm512_fmadd_pd(x, _mm512_set1_pd(0x1.71547652b82fep+0), magic);
        const __m512d power = _mm512_sub_pd(t, magic);
        const __m512d r1 = _mm512_fmadd_pd(power, _mm512_set1_pd(-0x1.62e42fefa3800p-1), x);
        const __m512d r2 = _mm512_fmadd_pd(power, _mm512_set1_pd(-0x1.ef35793c76730p-45), r1);
        const __m512d r = _mm512_range_pd(r2, one, TSR_LESSER_MAGNITUDE);
        const __m512d z = _mm512_mul_pd(r, r);
        __m512d y = _mm512_set1_pd(terms[0]), w = _mm512_set1_pd(terms[1]);
        for (size_t k = 2; k < sizeof terms / sizeof *terms; k += 2) {
            y = _mm512_fmadd_pd(y, z, _mm512_set1_pd(terms[k]));
            w = _mm512_fmadd_pd(w, z, _mm512_set1_pd(terms[k + 1]));
        }
        const __m512d part = _mm512_fmadd_pd(z, _mm512_fmadd_pd(y, r, w), r);
        _mm512_storeu_pd(d + i, _mm512_scalef_pd(_mm512_add_pd(one, part), power));
    }
}

#endif
