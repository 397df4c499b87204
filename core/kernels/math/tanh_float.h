/* tanh of floats by cells, which begin at 5/4 and 7/4 of powers of two, the first at 0: for each
 * the point in its middle, tanh there, which is all but a float, and a polynomial of the distance
 * from that point (in the first cell, |x| itself stands for the second).
 *
 * The vectors are spelled out, since no compiler makes permutations out of a small table. */
#ifndef TSR_MATH_TANH_FLOAT_H
#define TSR_MATH_TANH_FLOAT_H

#include "../vectors.h"
#include "float_native.h"
#include "row.h"

#include <stddef.h>

enum { TSR_TANH_COLUMNS = 8 };
#define TSR_TANH_END    9.1f       /* tanh is 1 from 9.02 on */
#define TSR_TANH_FIRST  0.109375f  /* where the first cell ends */
#define TSR_TANH_ORIGIN 0x3da00000 /* the bits of 5/64 */

/* d[i] = tanh(s[i]), n a multiple of 16; d may be s. */
#if defined(__AVX512F__)

TSR_INLINE void tsr_tanh_f32(const float *s, float *d, size_t n) {
    const __m512i origin = _mm512_set1_epi32(TSR_TANH_ORIGIN), zero = _mm512_setzero_si512();
    const __m512 end = _mm512_set1_ps(TSR_TANH_END), first = _mm512_set1_ps(TSR_TANH_FIRST);
    const __m512 sign = _mm512_set1_ps(-0.0f);
    __m512 t[TSR_TANH_COLUMNS];
    TSR_UNROLL_STRIP
    for (int c = 0; c < TSR_TANH_COLUMNS; c++) {
        t[c] = _mm512_loadu_ps(tsr_tanh_cells[c]);
    }
    for (size_t i = 0; i < n; i += 16) {
        const __m512 x = _mm512_loadu_ps(s + i);
        const __m512 a = _mm512_min_ps(end, _mm512_abs_ps(x)); /* a NaN stays one */
        const __m512i bits = _mm512_sub_epi32(_mm512_castps_si512(a), origin);
        const __m512i cell = _mm512_srli_epi32(_mm512_max_epi32(bits, zero), 22);
        const __mmask16 near = _mm512_cmp_ps_mask(a, first, _CMP_LT_OQ);
        const __m512 r = _mm512_sub_ps(a, _mm512_permutexvar_ps(cell, t[0]));
        const __m512 at = _mm512_mask_mov_ps(_mm512_permutexvar_ps(cell, t[1]), near, a);
        __m512 y = _mm512_permutexvar_ps(cell, t[TSR_TANH_COLUMNS - 1]);
        TSR_UNROLL_STRIP
        for (int c = TSR_TANH_COLUMNS - 2; c > 1; c--) {
            y = _mm512_fmadd_ps(y, r, _mm512_permutexvar_ps(cell, t[c]));
        }
        y = _mm512_fmadd_ps(y, r, at);
        _mm512_storeu_ps(d + i, _mm512_or_ps(y, _mm512_and_ps(x, sign)));
    }
}

#elif defined(__AVX2__)

TSR_INLINE void tsr_tanh_f32(const float *s, float *d, size_t n) {
    const __m256i origin = _mm256_set1_epi32(TSR_TANH_ORIGIN), zero = _mm256_setzero_si256();
    const __m256 end = _mm256_set1_ps(TSR_TANH_END), first = _mm256_set1_ps(TSR_TANH_FIRST);
    const __m256 sign = _mm256_set1_ps(-0.0f);
    for (size_t i = 0; i < n; i += 8) {
        const __m256 x = _mm256_loadu_ps(s + i);
        const __m256 a = _mm256_min_ps(end, _mm256_andnot_ps(sign, x));
        const __m256i bits = _mm256_sub_epi32(_mm256_castps_si256(a), origin);
        const __m256i cell = _mm256_srli_epi32(_mm256_max_epi32(bits, zero), 22);
        const __m256 near = _mm256_cmp_ps(a, first, _CMP_LT_OQ);
        const __m256 r = _mm256_sub_ps(a, tsr_row_f32(tsr_tanh_cells[0], cell));
        const __m256 at = _mm256_blendv_ps(tsr_row_f32(tsr_tanh_cells[1], cell), a, near);
        __m256 y = tsr_row_f32(tsr_tanh_cells[TSR_TANH_COLUMNS - 1], cell);
        TSR_UNROLL_STRIP
        for (int c = TSR_TANH_COLUMNS - 2; c > 1; c--) {
            y = _mm256_fmadd_ps(y, r, tsr_row_f32(tsr_tanh_cells[c], cell));
        }
        y = _mm256_fmadd_ps(y, r, at);
        _mm256_storeu_ps(d + i, _mm256_or_ps(y, _mm256_and_ps(x, sign)));
    }
}

#else

TSR_INLINE void tsr_tanh_f32(const float *s, float *d, size_t n) {
    const float(*t)[16] = tsr_tanh_cells;
    for (size_t i = 0; i < n; i++) {
        const float ax = tsr_abs_f32(s[i]), a = ax > TSR_TANH_END ? TSR_TANH_END : ax;
        const int32_t bits = (int32_t)tsr_f32_bits(a) - TSR_TANH_ORIGIN;
        const int32_t cell = bits > 0 ? bits >> 22 & 15 : 0;
        const float r = a - t[0][cell];
        float y = t[TSR_TANH_COLUMNS - 1][cell];
        for (int c = TSR_TANH_COLUMNS - 2; c > 1; c--) {
            y = tsr_mad_float(y, r, t[c][cell]);
        }
        y = tsr_mad_float(y, r, a < TSR_TANH_FIRST ? a : t[1][cell]);
        d[i] = tsr_f32_of(tsr_f32_bits(y) | (tsr_f32_bits(s[i]) & 0x80000000u));
    }
}

#endif

#endif
