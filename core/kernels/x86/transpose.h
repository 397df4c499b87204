/* Whole blocks in AVX-512 registers: 16 x 16 items of 4 bytes, 8 x 8 items of 8.
 *
 * The same interleaving rounds as in transpose_body.h, on vectors that are a cache line long, so
 * that each line is read and written by one instruction. */
#ifndef TSR_KERNELS_X86_TRANSPOSE_H
#define TSR_KERNELS_X86_TRANSPOSE_H

#include <immintrin.h>

typedef uint32_t tsr_x86_line_4 __attribute__((vector_size(64), may_alias));
typedef uint64_t tsr_x86_line_8 __attribute__((vector_size(64), may_alias));

#define TSR_X86_LOW_4(a, b)                                                                        \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define TSR_X86_HIGH_4(a, b)                                                                       \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define TSR_X86_LOW_8(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define TSR_X86_HIGH_8(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

static inline void tsr_x86_write_line(char *to, __m512i line, bool stream) {
    if (stream) {
        _mm512_stream_si512((void *)to, line);
    } else {
        _mm512_storeu_si512(to, line);
    }
}

#define TSR_X86_BLOCK_4 tsr_x86_block_4
static inline void tsr_x86_block_4(const char *src, int64_t ss, char *dst, int64_t ds,
                                   bool stream) {
    tsr_x86_line_4 a[16], b[16];
    for (int r = 0; r < 16; r++) {
        a[r] = (tsr_x86_line_4)_mm512_loadu_si512(src + r * ss);
    }
    for (int round = 0; round < 4; round++) {
        for (int r = 0; r < 8; r++) {
            b[2 * r] = TSR_X86_LOW_4(a[r], a[r + 8]);
            b[2 * r + 1] = TSR_X86_HIGH_4(a[r], a[r + 8]);
        }
        memcpy(a, b, sizeof a);
    }
    for (int r = 0; r < 16; r++) {
        tsr_x86_write_line(dst + r * ds, (__m512i)a[r], stream);
    }
}

#define TSR_X86_BLOCK_8 tsr_x86_block_8
static inline void tsr_x86_block_8(const char *src, int64_t ss, char *dst, int64_t ds,
                                   bool stream) {
    tsr_x86_line_8 a[8], b[8];
    for (int r = 0; r < 8; r++) {
        a[r] = (tsr_x86_line_8)_mm512_loadu_si512(src + r * ss);
    }
    for (int round = 0; round < 3; round++) {
        for (int r = 0; r < 4; r++) {
            b[2 * r] = TSR_X86_LOW_8(a[r], a[r + 4]);
            b[2 * r + 1] = TSR_X86_HIGH_8(a[r], a[r + 4]);
        }
        memcpy(a, b, sizeof a);
    }
    for (int r = 0; r < 8; r++) {
        tsr_x86_write_line(dst + r * ds, (__m512i)a[r], stream);
    }
}

#endif
