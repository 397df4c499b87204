/* Size arithmetic that notices overflow. Every product or sum of sizes, shapes and strides goes
 * through these; each returns false, and leaves nothing to rely on in *out, when the exact result
 * does not fit. */
#ifndef TSR_CHECKED_H
#define TSR_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool tsr_mul(int64_t a, int64_t b, int64_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool tsr_add(int64_t a, int64_t b, int64_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

/* Number of elements of a shape; sizes must not be negative. An empty shape is never an overflow,
 * whatever its other sizes are. */
static inline bool tsr_count(int ndim, const int64_t *shape, int64_t *out) {
    int64_t n = 1;
    bool fits = true;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] == 0) {
            *out = 0;
            return true;
        }
        fits = fits && tsr_mul(n, shape[i], &n);
    }
    *out = n;
    return fits;
}

#endif
