/* A row of a table of 16 floats, looked up by permutations: what AVX2 has no instruction for. */
#ifndef TSR_MATH_ROW_H
#define TSR_MATH_ROW_H

#include "number.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX2__) && !defined(__AVX512F__)
/* row[at]; of `at` the last four bits count. */
TSR_INLINE __m256 tsr_row_f32(const float *row, __m256i at) {
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row), at);
    const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + 8), at);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(at, 28)));
}
#endif

#endif
