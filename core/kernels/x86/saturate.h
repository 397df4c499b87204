/* float32 to int32 by vectors: the conversion instruction gives the least integer for all that it
 * cannot convert, which is right below the range; above it all bits are turned over, which makes
 * it the largest, and NaN becomes 0. Converts n - n % the lanes of a vector and tells how many. */
#ifndef TSR_X86_SATURATE_H
#define TSR_X86_SATURATE_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t tsr_saturate_vectors(const float *s, int32_t *d, size_t n) {
    size_t i = 0;
#if defined(__AVX512F__)
    const __m512 end = _mm512_set1_ps(0x1p31f);
    for (; i + 16 <= n; i += 16) {
        const __m512 x = _mm512_loadu_ps(s + i);
        const __mmask16 number = _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
        const __mmask16 above = _mm512_cmp_ps_mask(x, end, _CMP_GE_OQ);
        const __m512i y = _mm512_maskz_cvttps_epi32(number, x);
        _mm512_storeu_si512(d + i, _mm512_mask_mov_epi32(y, above, _mm512_set1_epi32(INT32_MAX)));
    }
#elif defined(__AVX2__)
    const __m256 end = _mm256_set1_ps(0x1p31f);
    for (; i + 8 <= n; i += 8) {
        const __m256 x = _mm256_loadu_ps(s + i);
        const __m256 number = _mm256_cmp_ps(x, x, _CMP_ORD_Q);
        const __m256 above = _mm256_cmp_ps(x, end, _CMP_GE_OQ);
        const __m256i y = _mm256_xor_si256(_mm256_cvttps_epi32(x), _mm256_castps_si256(above));
        _mm256_storeu_si256((void *)(d + i), _mm256_and_si256(y, _mm256_castps_si256(number)));
    }
#else
    const __m128 end = _mm_set1_ps(0x1p31f);
    for (; i + 4 <= n; i += 4) {
        const __m128 x = _mm_loadu_ps(s + i), number = _mm_cmpord_ps(x, x);
        const __m128i above = _mm_castps_si128(_mm_cmpge_ps(x, end));
        const __m128i y = _mm_xor_si128(_mm_cvttps_epi32(x), above);
        _mm_storeu_si128((void *)(d + i), _mm_and_si128(y, _mm_castps_si128(number)));
    }
#endif
    return i;
}

#endif
