/* Running sums and products.
 *
 * A running sum of floating numbers waits four cycles for each addition. So a block of 64 bytes is
 * summed within itself first, in steps that do not wait for each other (Sklansky, 1960: elements,
 * pairs, the whole), and only then takes on what came before, which is one addition on the way from
 * block to block. Each result has fewer roundings behind it than in plain order, and the order
 * depends on the position alone. A sum of a block may overflow where the running one would not.
 * An element joins those before it, never those after, so the last block may end in anything.
 *
 * Vectors of 16 bytes are as fast here as those of 32, in which shuffles cost more; where one is a
 * whole block, sums are three times as fast (x86/scan.h). Integers wait one cycle and go in plain
 * order; so do the widest complex numbers and complex products, which are not worth more. */
#include "level.h"

#include "../dtype/ctypes.h"
#include "vectors.h"

#include <string.h>

#if defined(__AVX512F__)
#include "x86/scan.h"
#endif

#if defined(__clang__)
#define SHUFFLE(MASK, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(MASK, a, b, ...) __builtin_shuffle(a, b, (MASK){__VA_ARGS__})
#endif
typedef int32_t four __attribute__((vector_size(16)));
typedef int64_t two __attribute__((vector_size(16)));

#define ADD(a, x) ((a) + (x))
#define MUL(a, x) ((a) * (x))

typedef float floats __attribute__((vector_size(16)));

static inline floats products_4(floats none, floats v) {
    v = SHUFFLE(four, none, v, 0, 4, 2, 6) * v;
    return SHUFFLE(four, none, v, 0, 1, 5, 5) * v;
}

#define PAIR(none, v)    SHUFFLE(two, none, v, 0, 2)
#define COMPLEX(none, v) SHUFFLE(four, none, v, 0, 1, 4, 5)

#if defined(__AVX512F__)
static void scan_sum_f32(const void *src, void *dst, size_t n, void *carry) {
    tsr_running_sums_f32(src, dst, n, carry);
}

static void scan_sum_f64(const void *src, void *dst, size_t n, void *carry) {
    tsr_running_sums_f64(src, dst, n, carry);
}
#else
static inline floats sums_4(floats none, floats v) {
    v = SHUFFLE(four, none, v, 0, 4, 2, 6) + v;
    return SHUFFLE(four, none, v, 0, 1, 5, 5) + v;
}

#define NAME     sum_f32
#define F        float
#define PARTS    1
#define IDENTITY -0.0f
#define JOIN     ADD
#define WITHIN   sums_4
#define LAST(v)  SHUFFLE(four, v, v, 3, 3, 3, 3)
#include "scan_body.h"
#define NAME            sum_f64
#define F               double
#define PARTS           1
#define IDENTITY        -0.0
#define JOIN            ADD
#define WITHIN(none, v) (PAIR(none, v) + (v))
#define LAST(v)         SHUFFLE(two, v, v, 1, 1)
#include "scan_body.h"
#endif
#define NAME            sum_c64
#define F               float
#define PARTS           2
#define IDENTITY        -0.0f
#define JOIN            ADD
#define WITHIN(none, v) (COMPLEX(none, v) + (v))
#define LAST(v)         SHUFFLE(four, v, v, 2, 3, 2, 3)
#include "scan_body.h"
#define NAME     prod_f32
#define F        float
#define PARTS    1
#define IDENTITY 1.0f
#define JOIN     MUL
#define WITHIN   products_4
#define LAST(v)  SHUFFLE(four, v, v, 3, 3, 3, 3)
#include "scan_body.h"
#define NAME            prod_f64
#define F               double
#define PARTS           1
#define IDENTITY        1.0
#define JOIN            MUL
#define WITHIN(none, v) (PAIR(none, v) * (v))
#define LAST(v)         SHUFFLE(two, v, v, 1, 1)
#include "scan_body.h"

/* In plain order: c becomes c joined with x. */
#define SCAN(NAME, T, ...)                                                                         \
    static void scan_##NAME(const void *src, void *dst, size_t n, void *carry) {                   \
        const T *s = src;                                                                          \
        T *d = dst, c = *(T *)carry;                                                               \
        for (size_t i = 0; i < n; i++) {                                                           \
            const T x = s[i];                                                                      \
            c = __VA_ARGS__;                                                                       \
            d[i] = c;                                                                              \
        }                                                                                          \
        *(T *)carry = c;                                                                           \
    }

SCAN(sum_64, uint64_t, c + x)
SCAN(prod_64, uint64_t, c *x)
SCAN(sum_c128, tsr_c128, (tsr_c128){c.re + x.re, c.im + x.im})
#define PRODUCT(T)                                                                                 \
    (T) {                                                                                          \
        c.re *x.re - c.im *x.im, c.re *x.im + c.im *x.re                                           \
    }
SCAN(prod_c64, tsr_c64, PRODUCT(tsr_c64))
SCAN(prod_c128, tsr_c128, PRODUCT(tsr_c128))

#define LAY(NAME, name)                                                                            \
    k->scan[TSR_FOLD_SUM][TSR_##NAME] = scan_sum_##name;                                           \
    k->scan[TSR_FOLD_PROD][TSR_##NAME] = scan_prod_##name;

void TSR_KERNEL_ENTRY(scan)(tsr_kernels *k) {
    LAY(INT64, 64)
    LAY(UINT64, 64)
    LAY(FLOAT32, f32)
    LAY(FLOAT64, f64)
    LAY(COMPLEX64, c64)
    LAY(COMPLEX128, c128)
}
