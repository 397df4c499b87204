/* Running extremes, without and with their positions. TAKES tells whether x replaces c, the extreme
 * so far; a NaN replaces all but a NaN. Without positions the first of equals stays, as in folds;
 * with them the last one is named, and the last NaN, which is PyTorch's rule.
 *
 * Elements are joined exactly, so plain order is as good as any. New extremes are rare: while none
 * comes, an inner loop of predicted branches waits for nothing, where a choice of c or x would wait
 * for the one before. It gains nothing from vectors, and is compiled once. */
#include "rows.h"

#include "complex_order.h"

#define SCAN(NAME, T, TAKES, RETAKES)                                                              \
    static void scan_##NAME(const void *src, void *dst, size_t n, void *carry) {                   \
        const T *s = src;                                                                          \
        T *d = dst, c = *(T *)carry;                                                               \
        for (size_t i = 0; i < n;) {                                                               \
            T x = s[i];                                                                            \
            for (; !(TAKES); x = s[i]) {                                                           \
                d[i] = c;                                                                          \
                if (++i == n)                                                                      \
                    break;                                                                         \
            }                                                                                      \
            if (i < n)                                                                             \
                d[i++] = c = x;                                                                    \
        }                                                                                          \
        *(T *)carry = c;                                                                           \
    }                                                                                              \
    static void scan_arg_##NAME(const void *src, void *dst, int64_t *at, size_t n, void *carry,    \
                                int64_t *carry_at, int64_t first) {                                \
        const T *s = src;                                                                          \
        T *d = dst, c = *(T *)carry;                                                               \
        int64_t where = *carry_at;                                                                 \
        for (size_t i = 0; i < n;) {                                                               \
            T x = s[i];                                                                            \
            for (; !(RETAKES); x = s[i]) {                                                         \
                d[i] = c;                                                                          \
                at[i] = where;                                                                     \
                if (++i == n)                                                                      \
                    break;                                                                         \
            }                                                                                      \
            if (i < n) {                                                                           \
                at[i] = where = first + (int64_t)i;                                                \
                d[i++] = c = x;                                                                    \
            }                                                                                      \
        }                                                                                          \
        *(T *)carry = c;                                                                           \
        *carry_at = where;                                                                         \
    }

#define INTEGER(NAME, S, T, U)                                                                     \
    SCAN(max_##S, T, x > c, x >= c)                                                                \
    SCAN(min_##S, T, x < c, x <= c)
#define FLOATING(NAME, S, T, U)                                                                    \
    SCAN(max_##S, T, !(x <= c) && c == c, !(x < c) && (c == c || x != x))                          \
    SCAN(min_##S, T, !(x >= c) && c == c, !(x > c) && (c == c || x != x))
#define COMPLEX(NAME, S, T, U)                                                                     \
    SCAN(max_##S, T, !(tsr_is_nan_##S(c) || tsr_in_order_##S(x, c)),                               \
         tsr_is_nan_##S(x) || (!tsr_is_nan_##S(c) && tsr_in_order_##S(c, x)))                      \
    SCAN(min_##S, T, !(tsr_is_nan_##S(c) || tsr_in_order_##S(c, x)),                               \
         tsr_is_nan_##S(x) || (!tsr_is_nan_##S(c) && tsr_in_order_##S(x, c)))
TSR_SIGNED(INTEGER)
TSR_UNSIGNED(INTEGER)
TSR_FLOATING(FLOATING)
TSR_COMPLEX(COMPLEX)

#define LAY(NAME, S, T, U)                                                                         \
    k->scan[TSR_FOLD_MAX][TSR_##NAME] = scan_max_##S;                                              \
    k->scan[TSR_FOLD_MIN][TSR_##NAME] = scan_min_##S;                                              \
    k->scan_arg[TSR_ARG_MAX][TSR_##NAME] = scan_arg_max_##S;                                       \
    k->scan_arg[TSR_ARG_MIN][TSR_##NAME] = scan_arg_min_##S;

void TSR_KERNEL_ENTRY(scan_order)(tsr_kernels *k) {
    TSR_SIGNED(LAY)
    TSR_UNSIGNED(LAY)
    TSR_FLOATING(LAY)
    TSR_COMPLEX(LAY)
    LAY(BOOL, u8, , )
}
