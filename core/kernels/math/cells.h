/* Logarithms from a table: x = 2^k m with m between 63/64 and 63/32, c from the cell of 16 in which
 * m lies, and log(x) = k ln 2 - log(c) + log(1 + r), r = m c - 1, which is exact and below 0.047 in
 * magnitude. Next to 1, c is 1 or 1/2, and what stands before log(1 + r) is 0.
 *
 * The table is looked up for a chunk at a time, ahead of the arithmetic, since no compiler makes
 * permutations of vectors out of a loop over a small table, only slow gathers. */
#ifndef TSR_MATH_CELLS_H
#define TSR_MATH_CELLS_H

#include "drive.h"
#include "logarithm.h"
#include "row.h"

/* The bits of 63/64. */
#define TSR_CELL_ROOT     0x3fef800000000000u
#define TSR_CELL_ROOT_F32 0x3f7c0000u

/* c, and -log(c) in two parts, by element. */
typedef struct tsr_cells_f64 {
    double c[TSR_MATH_CHUNK], hi[TSR_MATH_CHUNK], lo[TSR_MATH_CHUNK];
} tsr_cells_f64;

typedef struct tsr_cells_f32 {
    float c[TSR_MATH_CHUNK], hi[TSR_MATH_CHUNK], lo[TSR_MATH_CHUNK];
} tsr_cells_f32;

/* One element's. */
TSR_INLINE uint64_t tsr_cell_at(double x) {
    return (tsr_f64_bits(x) - TSR_CELL_ROOT) >> 48 & 15;
}

/* Of any x; n is a multiple of TSR_F64_LANES. */
TSR_INLINE void tsr_cells_find_f64(const double *x, size_t n, tsr_cells_f64 *cells) {
    const double(*t)[16] = tsr_log_cells;
    for (size_t i = 0; i < n; i++) {
        const uint64_t at = tsr_cell_at(x[i]);
        cells->c[i] = t[0][at];
        cells->hi[i] = t[1][at];
        cells->lo[i] = t[2][at];
    }
}

/* log(x) for x = 2^k m and the cell of m. */
TSR_INLINE double tsr_log_in_cell(tsr_binade b, double c, double hi, double lo) {
    const double r = tsr_mad_double(b.m, c, -1), s = tsr_mad_exact(b.k, TSR_LN2_HI, hi);
    const double s_lo = tsr_mad_double(b.k, TSR_LN2_LO, lo);
    return s + (r + tsr_mad_double(r * r, tsr_poly_log_cell(r), s_lo));
}

TSR_INLINE double tsr_log_any(double x) {
    const tsr_binade b = tsr_binade_from(x, TSR_CELL_ROOT, false);
    const uint64_t at = tsr_cell_at(b.m);
    return tsr_log_special(
        x, tsr_log_in_cell(b, tsr_log_cells[0][at], tsr_log_cells[1][at], tsr_log_cells[2][at]));
}

TSR_INLINE double tsr_log_fast(double x, double c, double hi, double lo) {
    return tsr_log_in_cell(tsr_binade_from(x, TSR_CELL_ROOT, true), c, hi, lo);
}

/* The same of floats; n is a multiple of TSR_F32_LANES. */
TSR_INLINE void tsr_cells_find_f32(const float *x, size_t n, tsr_cells_f32 *cells) {
    const float(*t)[16] = tsr_log_cells_float;
#if defined(__AVX512F__)
    const __m512i root = _mm512_set1_epi32((int)TSR_CELL_ROOT_F32);
    const __m512 c = _mm512_loadu_ps(t[0]), hi = _mm512_loadu_ps(t[1]), lo = _mm512_loadu_ps(t[2]);
    for (size_t i = 0; i < n; i += 16) {
        const __m512i bits = _mm512_sub_epi32(_mm512_loadu_si512(x + i), root);
        const __m512i at = _mm512_srli_epi32(bits, 19);
        _mm512_storeu_ps(cells->c + i, _mm512_permutexvar_ps(at, c));
        _mm512_storeu_ps(cells->hi + i, _mm512_permutexvar_ps(at, hi));
        _mm512_storeu_ps(cells->lo + i, _mm512_permutexvar_ps(at, lo));
    }
#elif defined(__AVX2__)
    const __m256i root = _mm256_set1_epi32((int)TSR_CELL_ROOT_F32);
    for (size_t i = 0; i < n; i += 8) {
        const __m256i word = _mm256_loadu_si256((const void *)(x + i));
        const __m256i bits = _mm256_sub_epi32(word, root), at = _mm256_srli_epi32(bits, 19);
        _mm256_storeu_ps(cells->c + i, tsr_row_f32(t[0], at));
        _mm256_storeu_ps(cells->hi + i, tsr_row_f32(t[1], at));
        _mm256_storeu_ps(cells->lo + i, tsr_row_f32(t[2], at));
    }
#else
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = (tsr_f32_bits(x[i]) - TSR_CELL_ROOT_F32) >> 19 & 15;
        cells->c[i] = t[0][at];
        cells->hi[i] = t[1][at];
        cells->lo[i] = t[2][at];
    }
#endif
}

#endif
