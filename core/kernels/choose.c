/* where: x where the mask is true, else y. Items are bytes of a size here, so five loops serve all
 * dtypes; they have no branch, so that a random mask costs what a regular one does. */
#include "rows.h"

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

void TSR_KERNEL_ENTRY(choose)(tsr_kernels *k) {
    static tsr_kernel_ternary *const rows[TSR_ITEM_COUNT] = {choose_1, choose_2, choose_4, choose_8,
                                                             choose_16};
    memcpy(k->choose, rows, sizeof rows);
}
