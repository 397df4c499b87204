/* Whether any element is true, or all are: of the elements as they are, since to make bools of them
 * costs more than the memory that they are read from. True is whose bits are not 0; a floating
 * zero's are but for its sign, which is shifted out. */
#include "level.h"

#include "items.h"
#include "vectors.h"

/* So many numbers are looked at before it is asked whether the answer is known, and memory is asked
 * for so many bytes ahead. */
enum { BLOCK = 4096, AHEAD = 8192 };

/* What bits TERM makes of m numbers, all together; ONE does the same for one number. */
#define LOOK(NAME, ITEM, TERM, ONE)                                                                \
    static inline ITEM NAME(const ITEM *s, size_t m) {                                             \
        typedef ITEM vector __attribute__((vector_size(TSR_VECTOR)));                              \
        typedef ITEM memory                                                                        \
            __attribute__((vector_size(TSR_VECTOR), aligned(_Alignof(ITEM)), may_alias));          \
        enum { STRIP = 4, EACH = TSR_VECTOR / sizeof(ITEM) };                                      \
        vector seen[STRIP] = {{0}};                                                                \
        size_t i = 0;                                                                              \
        for (; i + STRIP * EACH <= m; i += STRIP * EACH) {                                         \
            TSR_UNROLL_STRIP                                                                       \
            for (size_t k = 0; k < STRIP * TSR_VECTOR; k += 64)                                    \
                __builtin_prefetch((const char *)(s + i) + AHEAD + k);                             \
            TSR_UNROLL_STRIP                                                                       \
            for (size_t k = 0; k < STRIP; k++) {                                                   \
                const vector x = *(const memory *)(s + i + k * EACH);                              \
                seen[k] |= (vector)(TERM);                                                         \
            }                                                                                      \
        }                                                                                          \
        seen[0] |= seen[1] | seen[2] | seen[3];                                                    \
        ITEM bits = 0;                                                                             \
        for (size_t k = 0; k < EACH; k++)                                                          \
            bits |= seen[0][k];                                                                    \
        for (; i < m; i++) {                                                                       \
            const ITEM x = s[i];                                                                   \
            bits |= (ITEM)(ONE);                                                                   \
        }                                                                                          \
        return bits;                                                                               \
    }

#define ANY(NAME, ITEM, SIGN, PARTS)                                                               \
    LOOK(true_in_##NAME, ITEM, x << (SIGN), x << (SIGN))                                           \
    static void any_##NAME(const void *src, size_t n, void *lanes) {                               \
        const ITEM *s = src, *end = s + n * (PARTS);                                               \
        for (uint8_t *lane = lanes; s < end && !*lane; s += BLOCK)                                 \
            *lane = true_in_##NAME(s, end - s < BLOCK ? (size_t)(end - s) : BLOCK) != 0;           \
    }
#define ALL(NAME, ITEM, SIGN)                                                                      \
    LOOK(zero_in_##NAME, ITEM, (x << (SIGN)) == 0, (ITEM)(x << (SIGN)) == 0)                       \
    static void all_##NAME(const void *src, size_t n, void *lanes) {                               \
        const ITEM *s = src, *end = s + n;                                                         \
        for (uint8_t *lane = lanes; s < end && *lane; s += BLOCK)                                  \
            *lane = zero_in_##NAME(s, end - s < BLOCK ? (size_t)(end - s) : BLOCK) == 0;           \
    }
#define BOTH(NAME, ITEM, SIGN)                                                                     \
    ANY(NAME, ITEM, SIGN, 1)                                                                       \
    ALL(NAME, ITEM, SIGN)
BOTH(1, item_1, 0)
BOTH(2, item_2, 0)
BOTH(4, item_4, 0)
BOTH(8, item_8, 0)
BOTH(half, item_2, 1)
BOTH(float, item_4, 1)
BOTH(double, item_8, 1)
ANY(c64, item_4, 1, 2)
ANY(c128, item_8, 1, 2)

#define LAY(DTYPE, NAME)                                                                           \
    k->truth[TSR_ANY][TSR_##DTYPE] = any_##NAME;                                                   \
    k->truth[TSR_ALL][TSR_##DTYPE] = all_##NAME;

void TSR_KERNEL_ENTRY(fold_truth)(tsr_kernels *k) {
    LAY(BOOL, 1)
    LAY(INT8, 1)
    LAY(UINT8, 1)
    LAY(INT16, 2)
    LAY(UINT16, 2)
    LAY(INT32, 4)
    LAY(UINT32, 4)
    LAY(INT64, 8)
    LAY(UINT64, 8)
    LAY(FLOAT16, half)
    LAY(BFLOAT16, half)
    LAY(FLOAT32, float)
    LAY(FLOAT64, double)
    k->truth[TSR_ANY][TSR_COMPLEX64] = any_c64;
    k->truth[TSR_ANY][TSR_COMPLEX128] = any_c128;
}
