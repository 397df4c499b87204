/* Where an element is: the first one equal to a given one. A chunk at a time is looked at without
 * branches, so that it vectorises, and element by element once it has what is sought. */
#include "rows.h"

#include "complex_order.h"

enum { CHUNK = 128 };

/* HIT tells of the element y whether it is x; MASK is an unsigned type of its size. */
#define FIND(NAME, T, MASK, PREPARE, HIT)                                                          \
    static int64_t NAME(const void *src, size_t n, const void *item) {                             \
        const T *s = src, x = *(const T *)item;                                                    \
        PREPARE;                                                                                   \
        for (size_t at = 0, m; at < n; at += m) {                                                  \
            m = n - at < CHUNK ? n - at : CHUNK;                                                   \
            MASK any = 0;                                                                          \
            for (size_t i = at; i < at + m; i++) {                                                 \
                const T y = s[i];                                                                  \
                any |= (MASK)(HIT);                                                                \
            }                                                                                      \
            for (size_t i = at; i < at + m && any; i++) {                                          \
                const T y = s[i];                                                                  \
                if (HIT)                                                                           \
                    return (int64_t)i;                                                             \
            }                                                                                      \
        }                                                                                          \
        return -1;                                                                                 \
    }

#define FIND_INTEGER(NAME, S, T, U) FIND(find_##S, T, U, , y == x)
#define FIND_FLOATING(NAME, S, T, U)                                                               \
    FIND(find_##S, T, U, const bool nan = x != x, (y == x) | ((y != y) & nan))
#define FIND_COMPLEX(NAME, S, T, U)                                                                \
    static int64_t find_##S(const void *src, size_t n, const void *item) {                         \
        const T *s = src, x = *(const T *)item;                                                    \
        const bool nan = tsr_is_nan_##S(x);                                                        \
        for (size_t i = 0; i < n; i++)                                                             \
            if ((s[i].re == x.re && s[i].im == x.im) || (nan && tsr_is_nan_##S(s[i])))             \
                return (int64_t)i;                                                                 \
        return -1;                                                                                 \
    }
TSR_UNSIGNED(FIND_INTEGER)
TSR_FLOATING(FIND_FLOATING)
TSR_COMPLEX(FIND_COMPLEX)

#define LAY(NAME, S, T, U) k->find[TSR_##NAME] = find_##S;

void TSR_KERNEL_ENTRY(find)(tsr_kernels *k) {
    TSR_UNSIGNED(LAY)
    TSR_FLOATING(LAY)
    TSR_COMPLEX(LAY)
    LAY(BOOL, u8, , )
    LAY(INT8, u8, , )
    LAY(INT16, u16, , )
    LAY(INT32, u32, , )
    LAY(INT64, u64, , )
}
