/* Logarithms from a table: x = 2^k m with m between 63/64 and 63/32, c from the cell of 16 in which
 * m lies, and log(x) = k ln 2 - log(c) + log(1 + r), r = m c - 1, which is exact and below 0.047 in
 * magnitude. Next to 1, c is 1 or 1/2, and what stands before log(1 + r) is 0.
 *
 * All but the polynomial of r is done for a chunk at a time, ahead of it, since no compiler makes
 * permutations of vectors out of a loop over a small table, only slow gathers. */
#ifndef TSR_MATH_CELLS_H
#define TSR_MATH_CELLS_H

#include "drive.h"
#include "logarithm.h"
#include "row.h"

/* The bits of 63/64. */
#define TSR_CELL_ROOT     0x3fef800000000000u
#define TSR_CELL_ROOT_F32 0x3f7c0000u
#define TSR_LN2_HI_F32    0x1.62e400p-1f
#define TSR_LN2_LO_F32    0x1.7f7d1cp-20f

#if defined(__AVX512F__)
#include "../x86/cells.h"
#endif

/* By element, r, k ln 2 - log(c), and what that lacks. */
typedef struct tsr_parts_f64 {
    double r[TSR_MATH_CHUNK], s[TSR_MATH_CHUNK], s_lo[TSR_MATH_CHUNK];
} tsr_parts_f64;

typedef struct tsr_parts_f32 {
    float r[TSR_MATH_CHUNK], s[TSR_MATH_CHUNK], s_lo[TSR_MATH_CHUNK];
} tsr_parts_f32;

typedef struct tsr_part_f64 {
    double r, s, s_lo;
} tsr_part_f64;

TSR_INLINE tsr_part_f64 tsr_part_from_f64(tsr_binade b, double c, double hi, double lo) {
    return (tsr_part_f64){tsr_mad_double(b.m, c, -1), tsr_mad_exact(b.k, TSR_LN2_HI, hi),
                          tsr_mad_double(b.k, TSR_LN2_LO, lo)};
}

/* Of any x that is positive and finite. */
TSR_INLINE tsr_part_f64 tsr_part_of_f64(double x) {
    const tsr_binade b = tsr_binade_from(x, TSR_CELL_ROOT, false);
    const uint64_t at = (tsr_f64_bits(b.m) - TSR_CELL_ROOT) >> 48 & 15;
    return tsr_part_from_f64(b, tsr_log_cells[0][at], tsr_log_cells[1][at], tsr_log_cells[2][at]);
}

/* For x that tsr_log_easy says yes to; n is a multiple of TSR_F64_LANES. */
TSR_INLINE void tsr_parts_find_f64(const double *x, size_t n, tsr_parts_f64 *parts) {
#if defined(__AVX512F__)
    const tsr_log_table_f64 t = tsr_log_table_load_f64();
    for (size_t i = 0; i < n; i += 8) {
        const tsr_part_v8 p = tsr_part_of_v8(_mm512_loadu_si512(x + i), &t);
        _mm512_storeu_pd(parts->r + i, p.r);
        _mm512_storeu_pd(parts->s + i, p.s);
        _mm512_storeu_pd(parts->s_lo + i, p.s_lo);
    }
#else
    const double(*t)[16] = tsr_log_cells;
    for (size_t i = 0; i < n; i++) {
        const uint64_t at = (tsr_f64_bits(x[i]) - TSR_CELL_ROOT) >> 48 & 15;
        parts->r[i] = t[0][at];
        parts->s[i] = t[1][at];
        parts->s_lo[i] = t[2][at];
    }
    TSR_INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        const tsr_binade b = tsr_binade_from(x[i], TSR_CELL_ROOT, true);
        const tsr_part_f64 p = tsr_part_from_f64(b, parts->r[i], parts->s[i], parts->s_lo[i]);
        parts->r[i] = p.r;
        parts->s[i] = p.s;
        parts->s_lo[i] = p.s_lo;
    }
#endif
}

TSR_INLINE double tsr_log_from(tsr_part_f64 p) {
    return p.s + (p.r + tsr_mad_double(p.r * p.r, tsr_poly_log_cell(p.r), p.s_lo));
}

TSR_INLINE double tsr_log_any(double x) {
    return tsr_log_special(x, tsr_log_from(tsr_part_of_f64(x)));
}

/* The same of floats, for tsr_log_easy_f32; n is a multiple of TSR_F32_LANES. */
TSR_INLINE void tsr_parts_find_f32(const float *x, size_t n, tsr_parts_f32 *parts) {
#if defined(__AVX512F__)
    const tsr_log_table_f32 t = tsr_log_table_load_f32();
    for (size_t i = 0; i < n; i += 16) {
        const tsr_part_v16 p = tsr_part_of_v16(_mm512_loadu_si512(x + i), &t);
        _mm512_storeu_ps(parts->r + i, p.r);
        _mm512_storeu_ps(parts->s + i, p.s);
        _mm512_storeu_ps(parts->s_lo + i, p.s_lo);
    }
#else
    const float(*t)[16] = tsr_log_cells_float;
#if defined(__AVX2__)
    const __m256i root = _mm256_set1_epi32((int)TSR_CELL_ROOT_F32);
    for (size_t i = 0; i < n; i += 8) {
        const __m256i word = _mm256_loadu_si256((const void *)(x + i));
        const __m256i bits = _mm256_sub_epi32(word, root), at = _mm256_srli_epi32(bits, 19);
        _mm256_storeu_ps(parts->r + i, tsr_row_f32(t[0], at));
        _mm256_storeu_ps(parts->s + i, tsr_row_f32(t[1], at));
        _mm256_storeu_ps(parts->s_lo + i, tsr_row_f32(t[2], at));
    }
#else
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = (tsr_f32_bits(x[i]) - TSR_CELL_ROOT_F32) >> 19 & 15;
        parts->r[i] = t[0][at];
        parts->s[i] = t[1][at];
        parts->s_lo[i] = t[2][at];
    }
#endif
    TSR_INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = tsr_f32_bits(x[i]) - TSR_CELL_ROOT_F32;
        const float k = (float)((int32_t)bits >> 23);
        const float m = tsr_f32_of((bits & 0x007fffffu) + TSR_CELL_ROOT_F32);
        parts->r[i] = tsr_mad_float(m, parts->r[i], -1);
        parts->s[i] = tsr_mad_float(k, TSR_LN2_HI_F32, parts->s[i]);
        parts->s_lo[i] = tsr_mad_float(k, TSR_LN2_LO_F32, parts->s_lo[i]);
    }
#endif
}

#endif
