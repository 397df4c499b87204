/* log of doubles from its table (math/cells.h), all in registers: two instructions look up what
 * lies in 16 cells, one makes the exponent a number. The steps are those of tsr_log_fast, bit for
 * bit. */
#ifndef TSR_X86_LOGARITHM_H
#define TSR_X86_LOGARITHM_H

#include "../math/cells.h"

#include <immintrin.h>
#include <stdbool.h>

/* n is a multiple of 8; d is not s. False if some x is not positive, normal and finite, or so large
 * that its k is 1024: its result is not its logarithm then. */
static inline bool tsr_log_vectors_f64(const double *s, double *d, size_t n) {
    static const double terms[] = {tsr_terms_log_cell};
    enum { TERMS = sizeof terms / sizeof *terms };
    const double(*t)[16] = tsr_log_cells;
    const __m512d c0 = _mm512_loadu_pd(t[0]), c1 = _mm512_loadu_pd(t[0] + 8);
    const __m512d h0 = _mm512_loadu_pd(t[1]), h1 = _mm512_loadu_pd(t[1] + 8);
    const __m512d l0 = _mm512_loadu_pd(t[2]), l1 = _mm512_loadu_pd(t[2] + 8);
    const long long least = 0x0010000000000000, one = 0x3ff0000000000000;
    const __m512i root = _mm512_set1_epi64((long long)TSR_CELL_ROOT);
    const __m512i easy = _mm512_set1_epi64((long long)TSR_CELL_ROOT + 1024 * least - least);
    __mmask8 hard = 0;
    for (size_t i = 0; i < n; i += 8) {
        const __m512i bits = _mm512_loadu_si512(s + i);
        hard |= _mm512_cmpge_epu64_mask(_mm512_sub_epi64(bits, _mm512_set1_epi64(least)), easy);
        const __m512i place =
            _mm512_sub_epi64(bits, _mm512_sub_epi64(root, _mm512_set1_epi64(one)));
        const __m512i at = _mm512_srli_epi64(place, 48); /* its last four bits count */
        const __m512d k = _mm512_getexp_pd(_mm512_castsi512_pd(place));
        const __m512i below = _mm512_and_si512(place, _mm512_set1_epi64(least - 1));
        const __m512d m = _mm512_castsi512_pd(_mm512_add_epi64(below, root));
        const __m512d hi = _mm512_permutex2var_pd(h0, at, h1);
        const __m512d lo = _mm512_permutex2var_pd(l0, at, l1);
        const __m512d r =
            _mm512_fmadd_pd(m, _mm512_permutex2var_pd(c0, at, c1), _mm512_set1_pd(-1));
        const __m512d sum = _mm512_fmadd_pd(k, _mm512_set1_pd(TSR_LN2_HI), hi);
        const __m512d sum_lo = _mm512_fmadd_pd(k, _mm512_set1_pd(TSR_LN2_LO), lo);
        const __m512d z = _mm512_mul_pd(r, r);
        __m512d y = _mm512_set1_pd(terms[0]), w = _mm512_set1_pd(terms[1]);
        for (size_t j = 2; j < TERMS; j++) {
            if (j % 2 == 0)
                y = _mm512_fmadd_pd(y, z, _mm512_set1_pd(terms[j]));
            else
                w = _mm512_fmadd_pd(w, z, _mm512_set1_pd(terms[j]));
        }
        const __m512d p = _mm512_fmadd_pd(w, r, y);
        const __m512d rest = _mm512_add_pd(r, _mm512_fmadd_pd(z, p, sum_lo));
        _mm512_storeu_pd(d + i, _mm512_add_pd(sum, rest));
    }
    return hard == 0;
}

#endif
