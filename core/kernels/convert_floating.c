/* Conversions between integers, float32 and float64.
 *
 * Integer to floating rounds once to nearest even. Floating to integer truncates and saturates
 * (saturate.h). */
#include "level.h"

#include "saturate.h"
#include "widen.h"
#if defined(__x86_64__)
#include "x86/saturate.h"
#include "x86/widen.h"
#endif

/* A loop that stores more than it does. In the second-level cache vectors of 32 bytes take 9 % less
 * time than those of 64; blocks on their way, which are in the first, take more. */
#if defined(__AVX512F__) && !defined(__clang__)
#define STORING(NAME, FROM, TO, ...)                                                               \
    TSR_CONVERT_LOOP(NAME##_block, FROM, TO, __VA_ARGS__)                                          \
    __attribute__((target("prefer-vector-width=256")))                                             \
    TSR_CONVERT_LOOP(NAME##_many, FROM, TO, __VA_ARGS__) static void                               \
    NAME(const void *src, void *dst, size_t n) {                                                   \
        (n <= BLOCK ? NAME##_block : NAME##_many)(src, dst, n);                                    \
    }
enum { BLOCK = 1024 }; /* elements */
#else
#define STORING TSR_CONVERT_LOOP
#endif

/* NAME, its short name, its C type, and the expressions that make floats of it. */
#define INTEGERS(X)                                                                                \
    X(INT8, i8, int8_t, x, x)                                                                      \
    X(UINT8, u8, uint8_t, x, x)                                                                    \
    X(INT16, i16, int16_t, x, x)                                                                   \
    X(UINT16, u16, uint16_t, x, x)                                                                 \
    X(INT32, i32, int32_t, x, x)                                                                   \
    X(UINT32, u32, uint32_t, x, x)                                                                 \
    X(INT64, i64, int64_t, x, tsr_f64_from_i64(x))                                                 \
    X(UINT64, u64, uint64_t, tsr_f32_from_u64(x), tsr_f64_from_u64(x))

#define LOOPS(NAME, short, ctype, TO_F32, TO_F64)                                                  \
    STORING(short##_f32, ctype, float, TO_F32)                                                     \
    STORING(short##_f64, ctype, double, TO_F64)                                                    \
    TSR_CONVERT_LOOP(f32_##short, float, ctype, tsr_##short##_from_f32(x))                         \
    TSR_CONVERT_LOOP(f64_##short, double, ctype, tsr_##short##_from_f64(x))

INTEGERS(LOOPS)
STORING(f32_f64, float, double, x)
TSR_CONVERT_LOOP(f64_f32, double, float, x)

#if defined(__x86_64__)
static void f32_i32_vectors(const void *src, void *dst, size_t n) {
    const size_t done = tsr_saturate_vectors(src, dst, n);
    f32_i32((const float *)src + done, (int32_t *)dst + done, n - done);
}
#else
#define f32_i32_vectors f32_i32
#endif

#if defined(TSR_WIDENS)
#define WIDEN(t, T, f, F)                                                                          \
    static void t##_##f##_vectors(const void *src, void *dst, size_t n) {                          \
        const size_t done = tsr_widen_##t##_##f(src, dst, n);                                      \
        for (size_t i = done; i < n; i++)                                                          \
            ((F *)dst)[i] = ((const T *)src)[i];                                                   \
    }
WIDEN(i8, int8_t, f32, float)
WIDEN(u8, uint8_t, f32, float)
WIDEN(i8, int8_t, f64, double)
WIDEN(u8, uint8_t, f64, double)
#endif

#define ROWS(NAME, short, ctype, TO_F32, TO_F64)                                                   \
    {TSR_##NAME, TSR_FLOAT32, short##_f32}, {TSR_##NAME, TSR_FLOAT64, short##_f64},                \
        {TSR_FLOAT32, TSR_##NAME, f32_##short}, {TSR_FLOAT64, TSR_##NAME, f64_##short},

static const tsr_convert_row rows[] = {
    INTEGERS(ROWS) /* each ends in its own comma */
    /* instead of those above: */
    {TSR_FLOAT32, TSR_INT32, f32_i32_vectors},
#if defined(TSR_WIDENS)
    {TSR_INT8, TSR_FLOAT32, i8_f32_vectors},
    {TSR_INT8, TSR_FLOAT64, i8_f64_vectors},
    {TSR_UINT8, TSR_FLOAT32, u8_f32_vectors},
    {TSR_UINT8, TSR_FLOAT64, u8_f64_vectors},
#endif
    {TSR_FLOAT32, TSR_FLOAT64, f32_f64},
    {TSR_FLOAT64, TSR_FLOAT32, f64_f32},
};

void TSR_KERNEL_ENTRY(convert_floating)(tsr_kernels *k) {
    tsr_lay_converts(k, rows, sizeof rows / sizeof *rows);
}
