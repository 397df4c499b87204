/* Running sums of floats and doubles where a vector is a whole block of scan.c: the same additions
 * in the same order. Elements that an addition leaves alone are masked out, so that -0 stays. The
 * last sum of a block is known beside the block's way to memory, so that from block to block there
 * is one addition. */
#ifndef TSR_X86_SCAN_H
#define TSR_X86_SCAN_H

#include <immintrin.h>
#include <stddef.h>

/* Elements, pairs and halves of 16: what an element before each takes on. */
static inline __m512 tsr_block_sums_f32(__m512 v) {
    const __m512i row = _mm512_setr_epi32(0, 0, 0, 0, 3, 3, 3, 3, 0, 0, 0, 0, 11, 11, 11, 11);
    const __m512i half = _mm512_set1_epi32(7);
    v = _mm512_mask_add_ps(v, 0xaaaa, v, _mm512_moveldup_ps(v));
    v = _mm512_mask_add_ps(v, 0xcccc, v, _mm512_permute_ps(v, 0x55));
    v = _mm512_mask_add_ps(v, 0xf0f0, v, _mm512_permutexvar_ps(row, v));
    return _mm512_mask_add_ps(v, 0xff00, v, _mm512_permutexvar_ps(half, v));
}

static inline __m512d tsr_block_sums_f64(__m512d v) {
    const __m512i half = _mm512_set1_epi64(3);
    v = _mm512_mask_add_pd(v, 0xaa, v, _mm512_movedup_pd(v));
    v = _mm512_mask_add_pd(v, 0xcc, v, _mm512_permutex_pd(v, 0x55));
    return _mm512_mask_add_pd(v, 0xf0, v, _mm512_permutexvar_pd(half, v));
}

/* d may be s; the last block may be a part of one. */
static inline void tsr_running_sums_f32(const float *s, float *d, size_t n, float *carry) {
    const __m512i last = _mm512_set1_epi32(15);
    __m512 from = _mm512_set1_ps(*carry);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m512 v = tsr_block_sums_f32(_mm512_loadu_ps(s + i));
        _mm512_storeu_ps(d + i, _mm512_add_ps(from, v));
        from = _mm512_add_ps(from, _mm512_permutexvar_ps(last, v));
    }
    if (i < n) {
        const __mmask16 there = (__mmask16)((1u << (n - i)) - 1);
        const __m512 v = tsr_block_sums_f32(_mm512_maskz_loadu_ps(there, s + i));
        _mm512_mask_storeu_ps(d + i, there, _mm512_add_ps(from, v));
    }
    if (n > 0)
        *carry = d[n - 1];
}

static inline void tsr_running_sums_f64(const double *s, double *d, size_t n, double *carry) {
    const __m512i last = _mm512_set1_epi64(7);
    __m512d from = _mm512_set1_pd(*carry);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m512d v = tsr_block_sums_f64(_mm512_loadu_pd(s + i));
        _mm512_storeu_pd(d + i, _mm512_add_pd(from, v));
        from = _mm512_add_pd(from, _mm512_permutexvar_pd(last, v));
    }
    if (i < n) {
        const __mmask8 there = (__mmask8)((1u << (n - i)) - 1);
        const __m512d v = tsr_block_sums_f64(_mm512_maskz_loadu_pd(there, s + i));
        _mm512_mask_storeu_pd(d + i, there, _mm512_add_pd(from, v));
    }
    if (n > 0)
        *carry = d[n - 1];
}

#endif
