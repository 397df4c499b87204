/* Blocks made from little: one item repeated, and a ramp.
 *
 * An item whose bytes are all equal (zeros, above all) is left to memset, which knows the best way
 * for large blocks on this machine. A ramp computes every element from its index, never by adding
 * on: no error builds up, and any element can be started from. */
#include "level.h"

#include "widen.h"

#include <string.h>

typedef struct item16 {
    uint64_t part[2];
} item16;

/* Whether all bytes of an item are the same. */
static inline bool uniform(const unsigned char *item, size_t size) {
    return memcmp(item, item + 1, size - 1) == 0;
}

static void fill_1(const void *item, void *dst, size_t n) {
    memset(dst, *(const unsigned char *)item, n);
}

#define FILL(NAME, TYPE)                                                                           \
    static void NAME(const void *item, void *dst, size_t n) {                                      \
        if (uniform(item, sizeof(TYPE))) {                                                         \
            memset(dst, *(const unsigned char *)item, n * sizeof(TYPE));                           \
            return;                                                                                \
        }                                                                                          \
        TYPE x, *d = dst;                                                                          \
        memcpy(&x, item, sizeof x);                                                                \
        for (size_t i = 0; i < n; i++) {                                                           \
            d[i] = x;                                                                              \
        }                                                                                          \
    }

FILL(fill_2, uint16_t)
FILL(fill_4, uint32_t)
FILL(fill_8, uint64_t)
FILL(fill_16, item16)

static void ramp_f64(double start, double step, int64_t first, double *dst, size_t n) {
    for (size_t i = 0; i < n; i++) {
        dst[i] = start + tsr_f64_from_i64(first + (int64_t)i) * step;
    }
}

static void ramp_i64(int64_t start, int64_t step, int64_t first, int64_t *dst, size_t n) {
    uint64_t x = (uint64_t)start + (uint64_t)first * (uint64_t)step;
    for (size_t i = 0; i < n; i++) {
        dst[i] = (int64_t)(x + i * (uint64_t)step);
    }
}

enum { CHUNK = 1024 };

void TSR_KERNEL_ENTRY(make)(tsr_kernels *k) {
    static tsr_kernel_fill *const fills[TSR_ITEM_COUNT] = {fill_1, fill_2, fill_4, fill_8, fill_16};
    memcpy(k->fill, fills, sizeof fills);
    k->ramp_f64 = ramp_f64;
    k->ramp_i64 = ramp_i64;
}
