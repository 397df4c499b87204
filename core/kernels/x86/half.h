/* float16 blocks by F16C and AVX-512, bit for bit as half.h does them.
 *
 * The instructions suit: VCVTPH2PS ignores denormals-are-zero, VCVTPS2PH takes its rounding from
 * the instruction and ignores flush-to-zero, and a float that denormals-are-zero could hide is far
 * below the smallest float16 anyway (its last bit set or not). NaNs come out quiet with their
 * leading payload.
 *
 * double to float16 has no instruction at these levels. It goes by way of float without a second
 * rounding: toward zero first, with a 1 left in the last bit when anything was cut (round to odd),
 * which the second step then rounds as it would have rounded the double. A NaN differs from its
 * float too, but the bit set is below those that float16 keeps.
 *
 * Each function does as many whole vectors as fit and returns how many elements that were. */
#ifndef TSR_KERNELS_X86_HALF_H
#define TSR_KERNELS_X86_HALF_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)

static inline size_t tsr_x86_f16_to_f32(const uint16_t *src, float *dst, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256i half = _mm256_loadu_si256((const void *)(src + i));
        _mm512_storeu_ps(dst + i, _mm512_cvtph_ps(half));
    }
    return i;
}

static inline size_t tsr_x86_f32_to_f16(const float *src, uint16_t *dst, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m512 x = _mm512_loadu_ps(src + i);
        _mm256_storeu_si256((void *)(dst + i), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
    }
    return i;
}

static inline size_t tsr_x86_f64_to_f16(const double *src, uint16_t *dst, size_t n) {
    const __m256i one = _mm256_set1_epi32(1);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m512d x = _mm512_loadu_pd(src + i);
        __m256 cut = _mm512_cvt_roundpd_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
        __mmask8 inexact = _mm512_cmp_pd_mask(_mm512_cvtps_pd(cut), x, _CMP_NEQ_UQ);
        __m256i bits = _mm256_castps_si256(cut);
        bits = _mm256_mask_or_epi32(bits, inexact, bits, one);
        __m128i half = _mm256_cvtps_ph(_mm256_castsi256_ps(bits), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128((void *)(dst + i), half);
    }
    return i;
}

#else

static inline size_t tsr_x86_f16_to_f32(const uint16_t *src, float *dst, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m128i half = _mm_loadu_si128((const void *)(src + i));
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(half));
    }
    return i;
}

static inline size_t tsr_x86_f32_to_f16(const float *src, uint16_t *dst, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 x = _mm256_loadu_ps(src + i);
        _mm_storeu_si128((void *)(dst + i), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
    }
    return i;
}

/* Four masks of 64 bits as four of 32. */
static inline __m128i tsr_x86_narrow_mask(__m256d mask) {
    __m128 low = _mm_castpd_ps(_mm256_castpd256_pd128(mask));
    __m128 high = _mm_castpd_ps(_mm256_extractf128_pd(mask, 1));
    return _mm_castps_si128(_mm_shuffle_ps(low, high, 0x88));
}

/* No rounding mode in the instruction here: whatever the thread's mode made of it, a float beyond
 * the double is taken back by one unit in the last place before the last bit is set. */
static inline size_t tsr_x86_f64_to_f16(const double *src, uint16_t *dst, size_t n) {
    const __m256d sign = _mm256_set1_pd(-0.0);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256d x = _mm256_loadu_pd(src + i);
        __m128 cut = _mm256_cvtpd_ps(x);
        __m256d back = _mm256_cvtps_pd(cut);
        __m256d beyond =
            _mm256_cmp_pd(_mm256_andnot_pd(sign, back), _mm256_andnot_pd(sign, x), _CMP_GT_OQ);
        __m256d inexact = _mm256_cmp_pd(back, x, _CMP_NEQ_UQ);
        __m128i bits = _mm_castps_si128(cut);
        bits = _mm_add_epi32(bits, tsr_x86_narrow_mask(beyond));
        bits = _mm_or_si128(bits, _mm_srli_epi32(tsr_x86_narrow_mask(inexact), 31));
        __m128i half = _mm_cvtps_ph(_mm_castsi128_ps(bits), _MM_FROUND_TO_NEAREST_INT);
        _mm_storel_epi64((void *)(dst + i), half);
    }
    return i;
}

#endif
#endif
