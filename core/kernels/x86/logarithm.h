/* log of doubles all in registers (x86/cells.h); bit for bit tsr_log_from. */
#ifndef TSR_X86_LOGARITHM_H
#define TSR_X86_LOGARITHM_H

#include "../math/cells.h"

#include <stdbool.h>

/* n is a multiple of 8; d is not s. False if some x is not easy (tsr_log_easy): its result is not
 * its logarithm then. */
static inline bool tsr_log_vectors_f64(const double *s, double *d, size_t n) {
    static const double terms[] = {tsr_terms_log_cell};
    enum { TERMS = sizeof terms / sizeof *terms };
    const tsr_log_table_f64 t = tsr_log_table_load_f64();
    const __m512i least = _mm512_set1_epi64(TSR_LOG_LEAST);
    const __m512i many = _mm512_set1_epi64(TSR_LOG_MOST - TSR_LOG_LEAST);
    __mmask8 hard = 0;
    for (size_t i = 0; i < n; i += 8) {
        const __m512i bits = _mm512_loadu_si512(s + i);
        hard |= _mm512_cmpgt_epu64_mask(_mm512_sub_epi64(bits, least), many);
        const tsr_part_v8 p = tsr_part_of_v8(bits, &t);
        const __m512d z = _mm512_mul_pd(p.r, p.r);
        __m512d y = _mm512_set1_pd(terms[0]), w = _mm512_set1_pd(terms[1]);
        for (size_t j = 2; j < TERMS; j++) {
            if (j % 2 == 0)
                y = _mm512_fmadd_pd(y, z, _mm512_set1_pd(terms[j]));
            else
                w = _mm512_fmadd_pd(w, z, _mm512_set1_pd(terms[j]));
        }
        const __m512d rest = _mm512_fmadd_pd(z, _mm512_fmadd_pd(w, p.r, y), p.s_lo);
        _mm512_storeu_pd(d + i, _mm512_add_pd(p.s, _mm512_add_pd(p.r, rest)));
    }
    return hard == 0;
}

#endif
