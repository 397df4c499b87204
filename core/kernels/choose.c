/* Kernels of three operands.
 *
 * where: x where the mask is true, else y. Items are bytes of a size here, so five loops serve all
 * dtypes; they have no branch, so that a random mask costs what a regular one does.
 *
 * The limits of clamp: the minimum of the maximum of x and low, and high, as arithmetic.c has
 * them, in one pass. */
#include "rows.h"

#include "vectors.h"
#if defined(__x86_64__)
#include "x86/extreme.h"
#endif

#include <string.h>

typedef struct item16 {
    uint64_t part[2];
} item16;

#define CHOOSE(NAME, TYPE)                                                                         \
    static void NAME(const void *mask, const void *a, const void *b, void *dst, size_t n) {        \
        const uint8_t *m = mask;                                                                   \
        const TYPE *p = a, *q = b;                                                                 \
        TYPE *d = dst;                                                                             \
        TSR_INDEPENDENT                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            const TYPE x = p[i], y = q[i];                                                         \
            d[i] = m[i] != 0 ? x : y;                                                              \
        }                                                                                          \
    }

CHOOSE(choose_1, uint8_t)
CHOOSE(choose_2, uint16_t)
CHOOSE(choose_4, uint32_t)
CHOOSE(choose_8, uint64_t)
CHOOSE(choose_16, item16)

#define LIMIT_LOOP(T, MORE, LESS)                                                                  \
    TSR_INDEPENDENT                                                                                \
    for (; i < n; i++) {                                                                           \
        const T x = p[i], y = low[i], z = high[i], more = MORE;                                    \
        d[i] = LESS;                                                                               \
    }

#define LIMIT_INTEGER(NAME, S, T, U)                                                               \
    static void limit_##S(const void *a, const void *b, const void *c, void *dst, size_t n) {      \
        const T *p = a, *low = b, *high = c;                                                       \
        T *d = dst;                                                                                \
        size_t i = 0;                                                                              \
        LIMIT_LOOP(T, x > y ? x : y, more < z ? more : z)                                          \
    }
TSR_SIGNED(LIMIT_INTEGER)
TSR_UNSIGNED(LIMIT_INTEGER)

/* The machine's instruction keeps a NaN of x; those of the limits are put in last. */
#if defined(__x86_64__)
#define LIMIT_VECTORS(S, T)                                                                        \
    typedef T memory_##S                                                                           \
        __attribute__((vector_size(TSR_VECTOR), aligned(_Alignof(T)), may_alias));                 \
    static size_t limit_vectors_##S(const T *p, const T *low, const T *high, T *d, size_t n) {     \
        const size_t each = TSR_VECTOR / sizeof(T);                                                \
        size_t i = 0;                                                                              \
        for (; i + each <= n; i += each) {                                                         \
            const memory_##S x = *(const memory_##S *)(p + i), y = *(const memory_##S *)(low + i); \
            const memory_##S z = *(const memory_##S *)(high + i);                                  \
            const memory_##S most = TSR_LESS_##S(TSR_MORE_##S(x, y), z);                           \
            *(memory_##S *)(d + i) = TSR_SPOIL_##S(most, y, z);                                    \
        }                                                                                          \
        return i;                                                                                  \
    }
#else
#define LIMIT_VECTORS(S, T)                                                                        \
    static size_t limit_vectors_##S(const T *p, const T *low, const T *high, T *d, size_t n) {     \
        (void)p, (void)low, (void)high, (void)d, (void)n;                                          \
        return 0;                                                                                  \
    }
#endif

#define LIMIT_FLOATING(NAME, S, T, U)                                                              \
    LIMIT_VECTORS(S, T)                                                                            \
    static void limit_##S(const void *a, const void *b, const void *c, void *dst, size_t n) {      \
        const T *p = a, *low = b, *high = c;                                                       \
        T *d = dst;                                                                                \
        size_t i = limit_vectors_##S(p, low, high, d, n);                                          \
        LIMIT_LOOP(T, (x >= y || x != x) ? x : y, (more <= z || more != more) ? more : z)          \
    }
TSR_FLOATING(LIMIT_FLOATING)

#define LAY_LIMIT(NAME, S, T, U) k->limit[TSR_##NAME] = limit_##S;

void TSR_KERNEL_ENTRY(choose)(tsr_kernels *k) {
    static tsr_kernel_ternary *const rows[TSR_ITEM_COUNT] = {choose_1, choose_2, choose_4, choose_8,
                                                             choose_16};
    memcpy(k->choose, rows, sizeof rows);
    TSR_SIGNED(LAY_LIMIT)
    TSR_UNSIGNED(LAY_LIMIT)
    TSR_FLOATING(LAY_LIMIT)
}
