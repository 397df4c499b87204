/* Blocks of float16 and bfloat16 to and from float, by the best means of the level. */
#ifndef TSR_KERNELS_HALF_BLOCK_H
#define TSR_KERNELS_HALF_BLOCK_H

#include "../dtype/half.h"

#include <stddef.h>

#if defined(__F16C__)
#include "x86/half.h"
#endif

enum { TSR_HALF_CHUNK = 256 };

static inline void tsr_f16_block_to_f32(const uint16_t *restrict src, float *restrict dst,
                                        size_t n) {
    size_t i = 0;
#if defined(__F16C__)
    i = tsr_x86_f16_to_f32(src, dst, n);
#endif
    for (; i < n; i++) {
        dst[i] = tsr_f16_to_f32(src[i]);
    }
}

static inline void tsr_f16_block_from_f32(const float *restrict src, uint16_t *restrict dst,
                                          size_t n) {
    size_t i = 0;
#if defined(__F16C__)
    i = tsr_x86_f32_to_f16(src, dst, n);
#endif
    for (; i < n; i++) {
        dst[i] = tsr_f16_from_f32(src[i]);
    }
}

/* Rounds in one pass and narrows in another: compilers give up on a loop of 64-bit selections that
 * stores 16 bits, though they vectorise both halves of it. */
static inline void tsr_round_block(const double *restrict src, uint16_t *restrict dst, size_t n,
                                   int keep, int bias) {
    uint64_t wide[TSR_HALF_CHUNK];
    for (size_t i = 0, m; i < n; i += m) {
        m = n - i < TSR_HALF_CHUNK ? n - i : TSR_HALF_CHUNK;
        for (size_t j = 0; j < m; j++) {
            wide[j] = tsr_round_f64_bits(tsr_f64_bits(src[i + j]), keep, bias);
        }
        for (size_t j = 0; j < m; j++) {
            dst[i + j] = (uint16_t)wide[j];
        }
    }
}

static inline void tsr_f16_block_from_f64(const double *restrict src, uint16_t *restrict dst,
                                          size_t n) {
    size_t i = 0;
#if defined(__F16C__)
    i = tsr_x86_f64_to_f16(src, dst, n);
#endif
    tsr_round_block(src + i, dst + i, n - i, TSR_F16_KEEP, TSR_F16_BIAS);
}

static inline void tsr_bf16_block_from_f64(const double *restrict src, uint16_t *restrict dst,
                                           size_t n) {
    tsr_round_block(src, dst, n, TSR_BF16_KEEP, TSR_BF16_BIAS);
}

static inline void tsr_bf16_block_to_f32(const uint16_t *restrict src, float *restrict dst,
                                         size_t n) {
    for (size_t i = 0; i < n; i++) {
        dst[i] = tsr_bf16_to_f32(src[i]);
    }
}

static inline void tsr_bf16_block_from_f32(const float *restrict src, uint16_t *restrict dst,
                                           size_t n) {
    for (size_t i = 0; i < n; i++) {
        dst[i] = tsr_bf16_from_f32(src[i]);
    }
}

#endif
