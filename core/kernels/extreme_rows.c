/* The rows that hold the extremes of columns. An extreme is replaced seldom, and the more so the
 * longer a column is, so a branch that stores nothing is the fast way; it gains nothing from
 * vectors and is compiled once. */
#include "rows.h"

#include "complex_order.h"

/* BETTER tells whether y from the source replaces x, the best so far. */
#define ARG(NAME, T, BETTER)                                                                       \
    static void NAME(const void *src, int64_t index, void *best, int64_t *at, size_t n) {          \
        const T *s = src;                                                                          \
        T *b = best;                                                                               \
        for (size_t j = 0; j < n; j++) {                                                           \
            const T x = b[j], y = s[j];                                                            \
            if (BETTER) {                                                                          \
                b[j] = y;                                                                          \
                at[j] = index;                                                                     \
            }                                                                                      \
        }                                                                                          \
    }

#define ARG_INTEGER(NAME, S, T, U)                                                                 \
    ARG(arg_max_##S, T, y > x)                                                                     \
    ARG(arg_min_##S, T, y < x)
#define ARG_FLOATING(NAME, S, T, U)                                                                \
    ARG(arg_max_##S, T, !(y <= x) && x == x)                                                       \
    ARG(arg_min_##S, T, !(y >= x) && x == x)
#define ARG_COMPLEX(NAME, S, T, U)                                                                 \
    ARG(arg_max_##S, T, !(tsr_is_nan_##S(x) || tsr_in_order_##S(y, x)))                            \
    ARG(arg_min_##S, T, !(tsr_is_nan_##S(x) || tsr_in_order_##S(x, y)))
TSR_SIGNED(ARG_INTEGER)
TSR_UNSIGNED(ARG_INTEGER)
TSR_FLOATING(ARG_FLOATING)
TSR_COMPLEX(ARG_COMPLEX)

#define LAY(NAME, S, T, U)                                                                         \
    k->arg_rows[TSR_ARG_MAX][TSR_##NAME] = arg_max_##S;                                            \
    k->arg_rows[TSR_ARG_MIN][TSR_##NAME] = arg_min_##S;

void TSR_KERNEL_ENTRY(extreme_rows)(tsr_kernels *k) {
    TSR_SIGNED(LAY)
    TSR_UNSIGNED(LAY)
    TSR_FLOATING(LAY)
    TSR_COMPLEX(LAY)
    LAY(BOOL, u8, , )
}
