/* Sums. Floating ones go lane by lane in the order that kernels.h fixes; those of complex numbers
 * are the sums of their parts, with twice the lanes. Integers wrap, so their order is free: sources
 * narrower than 64 bits are added up in 32 bits by whatever loop the compiler likes best, a block
 * at a time that cannot overflow, and land in the first lane. */
#include "fold.h"

#define PARTS
#define SUM(a, x) ((a) + (x))
#define JOIN      SUM
#define ONE       SUM
#define NAME      sum_f32
#define T         float
#include "fold_body.h"
#define JOIN SUM
#define ONE  SUM
#define NAME sum_f64
#define T    double
#include "fold_body.h"
#undef PARTS
#define JOIN SUM
#define ONE  SUM
#define NAME sum_64
#define T    uint64_t
#include "fold_body.h"

/* So many numbers of 16 bits sum up in 32. */
enum { BLOCK = 32768 };

#define NARROW(NAME, T, NEAR, FAR, TERM)                                                           \
    static void NAME(const void *src, size_t n, void *lanes) {                                     \
        const T *s = src;                                                                          \
        for (size_t at = 0; at < n; at += BLOCK) {                                                 \
            size_t end = n - at < BLOCK ? n : at + BLOCK;                                          \
            NEAR sum = 0;                                                                          \
            for (size_t i = at; i < end; i++)                                                      \
                sum += TERM;                                                                       \
            *(uint64_t *)lanes += (uint64_t)(FAR)sum;                                              \
        }                                                                                          \
    }

/* Bytes are added up eight at a time, in four pairs of 16 bits, which so many words cannot
 * overflow.
 */
enum { WORDS = 128 };
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

/* 1 for each byte that is not 0. */
static inline uint64_t truths(uint64_t w) {
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    return (((w & low) + low) | w) >> 7 & 0x0101010101010101;
}

static inline __attribute__((always_inline)) void bytes_of(const uint8_t *s, size_t n,
                                                           uint64_t *lane, bool truth) {
    const uint64_t even = 0x00ff00ff00ff00ff, fours = 0x0000ffff0000ffff;
    for (size_t m; n >= 8; s += m * 8, n -= m * 8) {
        const word *words = (const void *)s;
        uint64_t pairs = 0;
        m = n / 8 < WORDS ? n / 8 : WORDS;
        for (size_t i = 0; i < m; i++) {
            const uint64_t w = truth ? truths(words[i]) : words[i];
            pairs += (w & even) + (w >> 8 & even);
        }
        pairs = (pairs & fours) + (pairs >> 16 & fours);
        *lane += (pairs & 0xffffffff) + (pairs >> 32);
    }
    for (size_t i = 0; i < n; i++)
        *lane += truth ? s[i] != 0 : s[i];
}

static void narrow_bool(const void *src, size_t n, void *lanes) {
    bytes_of(src, n, lanes, true);
}

static void narrow_u8(const void *src, size_t n, void *lanes) {
    bytes_of(src, n, lanes, false);
}

NARROW(narrow_i8, int8_t, int32_t, int64_t, s[i])
NARROW(narrow_u16, uint16_t, uint32_t, uint64_t, s[i])
NARROW(narrow_i16, int16_t, int32_t, int64_t, s[i])
NARROW(narrow_u32, uint32_t, uint64_t, uint64_t, s[i])
NARROW(narrow_i32, int32_t, int64_t, int64_t, s[i])

#define LAY_NARROW(NAME, S, to)                                                                    \
    k->fold[TSR_FOLD_SUM][TSR_##NAME] = narrow_##S;                                                \
    k->fold_to[TSR_FOLD_SUM][TSR_##NAME] = TSR_##to;

void TSR_KERNEL_ENTRY(fold_sum)(tsr_kernels *k) {
    TSR_LAY_FOLD(SUM, FLOAT32, FLOAT32, fold_sum_f32, end_sum_f32, rows_sum_f32)
    TSR_LAY_FOLD(SUM, FLOAT64, FLOAT64, fold_sum_f64, end_sum_f64, rows_sum_f64)
    TSR_LAY_FOLD(SUM, INT64, INT64, fold_sum_64, end_sum_64, rows_sum_64)
    TSR_LAY_FOLD(SUM, UINT64, UINT64, fold_sum_64, end_sum_64, rows_sum_64)
    TSR_LAY_FOLD(SUM, COMPLEX64, COMPLEX64, fold_parts_sum_f32, end_parts_sum_f32,
                 rows_parts_sum_f32)
    TSR_LAY_FOLD(SUM, COMPLEX128, COMPLEX128, fold_parts_sum_f64, end_parts_sum_f64,
                 rows_parts_sum_f64)
    LAY_NARROW(BOOL, bool, INT64)
    LAY_NARROW(UINT8, u8, UINT64)
    LAY_NARROW(INT8, i8, INT64)
    LAY_NARROW(UINT16, u16, UINT64)
    LAY_NARROW(INT16, i16, INT64)
    LAY_NARROW(UINT32, u32, UINT64)
    LAY_NARROW(INT32, i32, INT64)
}
