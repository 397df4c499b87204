/* Bytes to floating by vectors of 32 bytes: each comes out of memory by one instruction that
 * widens, where a compiler loads whole vectors of bytes and takes them apart, with twice the
 * shuffles. Each function converts n - n % the lanes of a vector, and tells how many. */
#ifndef TSR_X86_WIDEN_H
#define TSR_X86_WIDEN_H

#if defined(__AVX2__)
#define TSR_WIDENS 1

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline __m128i tsr_load_4(const void *at) {
    int32_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return _mm_cvtsi32_si128(bytes);
}

#define TSR_WIDEN(sign, T)                                                                         \
    static inline size_t tsr_widen_##sign##8_f32(const T *s, float *d, size_t n) {                 \
        size_t i = 0;                                                                              \
        for (; i + 8 <= n; i += 8) {                                                               \
            const __m128i x = _mm_loadl_epi64((const void *)(s + i));                              \
            _mm256_storeu_ps(d + i, _mm256_cvtepi32_ps(_mm256_cvtep##sign##8_epi32(x)));           \
        }                                                                                          \
        return i;                                                                                  \
    }                                                                                              \
    static inline size_t tsr_widen_##sign##8_f64(const T *s, double *d, size_t n) {                \
        size_t i = 0;                                                                              \
        for (; i + 4 <= n; i += 4) {                                                               \
            const __m128i x = tsr_load_4(s + i);                                                   \
            _mm256_storeu_pd(d + i, _mm256_cvtepi32_pd(_mm_cvtep##sign##8_epi32(x)));              \
        }                                                                                          \
        return i;                                                                                  \
    }
TSR_WIDEN(i, int8_t)
TSR_WIDEN(u, uint8_t)

#endif
#endif
