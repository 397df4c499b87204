/* a - b for every dtype. Integers wrap, in unsigned arithmetic of the same width; bool is exclusive
 * or; the 16-bit floating dtypes compute in float and round once, which equals the correctly
 * rounded difference because float has more than twice their digits. Complex numbers are pairs.
 *
 * dst may be a or b, so there is no restrict; a run-time check for overlap would send just that
 * case to a scalar loop, hence the promise that no element depends on another. */
#include "level.h"

#include "half_block.h"

#define LOOP(NAME, TYPE, EXPRESSION)                                                               \
    static void NAME(const void *a, const void *b, void *dst, size_t n) {                          \
        const TYPE *p = a, *q = b;                                                                 \
        TYPE *d = dst;                                                                             \
        TSR_INDEPENDENT                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            const TYPE x = p[i], y = q[i];                                                         \
            d[i] = (TYPE)(EXPRESSION);                                                             \
        }                                                                                          \
    }

LOOP(xor_bool, uint8_t, (x != 0) ^ (y != 0))
LOOP(sub_8, uint8_t, x - y)
LOOP(sub_16, uint16_t, x - y)
LOOP(sub_32, uint32_t, x - y)
LOOP(sub_64, uint64_t, x - y)
LOOP(sub_f32, float, x - y)
LOOP(sub_f64, double, x - y)

static void sub_c64(const void *a, const void *b, void *dst, size_t n) {
    sub_f32(a, b, dst, n * 2);
}

static void sub_c128(const void *a, const void *b, void *dst, size_t n) {
    sub_f64(a, b, dst, n * 2);
}

enum { CHUNK = 256 };

/* The chunks are in float before dst is written, so dst may be a or b. */
#define HALF_LOOP(NAME, LOAD, STORE)                                                               \
    static void NAME(const void *a, const void *b, void *dst, size_t n) {                          \
        const uint16_t *p = a, *q = b;                                                             \
        uint16_t *d = dst;                                                                         \
        float x[CHUNK], y[CHUNK];                                                                  \
        for (size_t i = 0, m; i < n; i += m) {                                                     \
            m = n - i < CHUNK ? n - i : CHUNK;                                                     \
            LOAD(p + i, x, m);                                                                     \
            LOAD(q + i, y, m);                                                                     \
            sub_f32(x, y, x, m);                                                                   \
            STORE(x, d + i, m);                                                                    \
        }                                                                                          \
    }

HALF_LOOP(sub_f16, tsr_f16_block_to_f32, tsr_f16_block_from_f32)
HALF_LOOP(sub_bf16, tsr_bf16_block_to_f32, tsr_bf16_block_from_f32)

static tsr_kernel_binary *const rows[] = {
    [TSR_BOOL] = xor_bool,   [TSR_UINT8] = sub_8,       [TSR_INT8] = sub_8,
    [TSR_INT16] = sub_16,    [TSR_UINT16] = sub_16,     [TSR_INT32] = sub_32,
    [TSR_UINT32] = sub_32,   [TSR_INT64] = sub_64,      [TSR_UINT64] = sub_64,
    [TSR_FLOAT16] = sub_f16, [TSR_BFLOAT16] = sub_bf16, [TSR_FLOAT32] = sub_f32,
    [TSR_FLOAT64] = sub_f64, [TSR_COMPLEX64] = sub_c64, [TSR_COMPLEX128] = sub_c128,
};
_Static_assert(sizeof rows / sizeof *rows == TSR_DTYPE_COUNT, "a row for each dtype");

void TSR_KERNEL_ENTRY(subtract)(tsr_kernels *k) {
    for (int i = 0; i < TSR_DTYPE_COUNT; i++) {
        k->subtract[i] = rows[i];
    }
}
