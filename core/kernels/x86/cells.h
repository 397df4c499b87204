/* The parts of logarithms in registers, for math/cells.h, which has the constants: two instructions
 * look up what lies in 16 cells of doubles, one makes an exponent a number. The steps are those of
 * the loops there, bit for bit.
 */
#ifndef TSR_X86_CELLS_H
#define TSR_X86_CELLS_H

#include "../math/polynomials.h"

#include <immintrin.h>

typedef struct tsr_log_table_f64 {
    __m512d c[2], hi[2], lo[2];
} tsr_log_table_f64;

typedef struct tsr_log_table_f32 {
    __m512 c, hi, lo;
} tsr_log_table_f32;

typedef struct tsr_part_v8 {
    __m512d r, s, s_lo;
} tsr_part_v8;

typedef struct tsr_part_v16 {
    __m512 r, s, s_lo;
} tsr_part_v16;

TSR_INLINE tsr_log_table_f64 tsr_log_table_load_f64(void) {
    const double(*t)[16] = tsr_log_cells;
    return (tsr_log_table_f64){{_mm512_loadu_pd(t[0]), _mm512_loadu_pd(t[0] + 8)},
                               {_mm512_loadu_pd(t[1]), _mm512_loadu_pd(t[1] + 8)},
                               {_mm512_loadu_pd(t[2]), _mm512_loadu_pd(t[2] + 8)}};
}

TSR_INLINE tsr_log_table_f32 tsr_log_table_load_f32(void) {
    const float(*t)[16] = tsr_log_cells_float;
    return (tsr_log_table_f32){_mm512_loadu_ps(t[0]), _mm512_loadu_ps(t[1]), _mm512_loadu_ps(t[2])};
}

/* Of the bits of doubles that are positive, normal and below 2^1023 63/32. */
TSR_INLINE tsr_part_v8 tsr_part_of_v8(__m512i bits, const tsr_log_table_f64 *t) {
    const long long root = (long long)TSR_CELL_ROOT, one = 0x3ff0000000000000;
    const __m512i place = _mm512_sub_epi64(bits, _mm512_set1_epi64(root - one));
    const __m512i at = _mm512_srli_epi64(place, 48); /* its last four bits count */
    const __m512i below = _mm512_and_si512(place, _mm512_set1_epi64(0x000fffffffffffff));
    const __m512d k = _mm512_getexp_pd(_mm512_castsi512_pd(place));
    const __m512d m = _mm512_castsi512_pd(_mm512_add_epi64(below, _mm512_set1_epi64(root)));
    const __m512d c = _mm512_permutex2var_pd(t->c[0], at, t->c[1]);
    const __m512d hi = _mm512_permutex2var_pd(t->hi[0], at, t->hi[1]);
    const __m512d lo = _mm512_permutex2var_pd(t->lo[0], at, t->lo[1]);
    return (tsr_part_v8){_mm512_fmadd_pd(m, c, _mm512_set1_pd(-1)),
                         _mm512_fmadd_pd(k, _mm512_set1_pd(TSR_LN2_HI), hi),
                         _mm512_fmadd_pd(k, _mm512_set1_pd(TSR_LN2_LO), lo)};
}

/* Of the bits of floats that are positive, normal and below 2^127 63/32. */
TSR_INLINE tsr_part_v16 tsr_part_of_v16(__m512i bits, const tsr_log_table_f32 *t) {
    const int root = (int)TSR_CELL_ROOT_F32, one = 0x3f800000;
    const __m512i place = _mm512_sub_epi32(bits, _mm512_set1_epi32(root - one));
    const __m512i at = _mm512_srli_epi32(place, 19);
    const __m512i below = _mm512_and_si512(place, _mm512_set1_epi32(0x007fffff));
    const __m512 k = _mm512_getexp_ps(_mm512_castsi512_ps(place));
    const __m512 m = _mm512_castsi512_ps(_mm512_add_epi32(below, _mm512_set1_epi32(root)));
    return (tsr_part_v16){
        _mm512_fmadd_ps(m, _mm512_permutexvar_ps(at, t->c), _mm512_set1_ps(-1)),
        _mm512_fmadd_ps(k, _mm512_set1_ps(TSR_LN2_HI_F32), _mm512_permutexvar_ps(at, t->hi)),
        _mm512_fmadd_ps(k, _mm512_set1_ps(TSR_LN2_LO_F32), _mm512_permutexvar_ps(at, t->lo))};
}

#endif
