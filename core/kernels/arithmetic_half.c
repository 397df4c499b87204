/* Arithmetic of float16 in one pass where a level has the instructions: two halves become floats,
 * and their sum or the like is rounded, in registers. Elsewhere blocks are converted before and
 * after, with the same bits. */
#include "level.h"

#if defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>

enum { LANES = 16 };

static inline __m512 widened(__m256i half) {
    return _mm512_cvtph_ps(half);
}

static inline __m256i rounded(__m512 x) {
    return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
}

#define HALVES(NAME, VECTOR)                                                                       \
    static void NAME##_f16(const void *a, const void *b, void *dst, size_t n) {                    \
        const uint16_t *p = a, *q = b;                                                             \
        uint16_t *d = dst;                                                                         \
        size_t i = 0;                                                                              \
        for (; i + LANES <= n; i += LANES) {                                                       \
            const __m512 x = widened(_mm256_loadu_epi16(p + i));                                   \
            const __m512 y = widened(_mm256_loadu_epi16(q + i));                                   \
            _mm256_storeu_epi16(d + i, rounded(VECTOR(x, y)));                                     \
        }                                                                                          \
        if (i < n) {                                                                               \
            const __mmask16 some = (__mmask16)(0xffffu >> (LANES - (n - i)));                      \
            const __m512 x = widened(_mm256_maskz_loadu_epi16(some, p + i));                       \
            const __m512 y = widened(_mm256_maskz_loadu_epi16(some, q + i));                       \
            _mm256_mask_storeu_epi16(d + i, some, rounded(VECTOR(x, y)));                          \
        }                                                                                          \
    }
HALVES(add, _mm512_add_ps)
HALVES(subtract, _mm512_sub_ps)
HALVES(multiply, _mm512_mul_ps)
HALVES(divide, _mm512_div_ps)
#endif

void TSR_KERNEL_ENTRY(arithmetic_half)(tsr_kernels *k) {
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    k->binary[TSR_BIN_ADD][TSR_FLOAT16] = add_f16;
    k->binary[TSR_BIN_SUBTRACT][TSR_FLOAT16] = subtract_f16;
    k->binary[TSR_BIN_MULTIPLY][TSR_FLOAT16] = multiply_f16;
    k->binary[TSR_BIN_DIVIDE][TSR_FLOAT16] = divide_f16;
#else
    (void)k;
#endif
}
