/* Arithmetic of two operands.
 *
 * Integers wrap. Division floors, as Lua's and Python's: the remainder has the sign of the divisor.
 * Integer division by zero gives 0, and so does its remainder (NumPy's result); the least integer
 * over -1 wraps to itself. fmod keeps the sign of the dividend. A remainder of zero has the sign of
 * the divisor in `remainder` (NumPy's), of the dividend in `modulo` (PyTorch's). maximum and
 * minimum pass NaN on, fmax and fmin prefer numbers; of two zeros the first is taken. Bool adds as
 * "or", multiplies as "and". Products and the like of complex numbers are in complex.c.
 * Folds of products, fmax and fmin are made here too, of the
 * same loops. */
#include "rows.h"
#if defined(__AVX512DQ__)
#include "x86/quotient.h"
#endif
#include "vectors.h"

#include "../dtype/ctypes.h"
#include "fold_binary.h"

#include <math.h>

#define WRAPPING(NAME, S, T, U)                                                                    \
    TSR_BIN(add_##S, T, T, (U)((U)x + (U)y))                                                       \
    TSR_BIN(subtract_##S, T, T, (U)((U)x - (U)y))                                                  \
    TSR_BIN(multiply_##S, T, T, (U)(1u * (U)x * (U)y))
TSR_SIGNED(WRAPPING)
TSR_UNSIGNED(WRAPPING)

/* y + (y == 0) keeps the division legal; the result is thrown away then. */
#define UNSIGNED_DIVISION(NAME, S, T, U)                                                           \
    TSR_BIN(floor_divide_##S, T, T, y == 0 ? 0 : x / (T)(y + (y == 0)))                            \
    TSR_BIN(remainder_##S, T, T, y == 0 ? 0 : x % (T)(y + (y == 0)))
TSR_UNSIGNED(UNSIGNED_DIVISION)

#define SIGNED_DIVISION(NAME, S, T, U)                                                             \
    static inline T quotient_##S(T x, T y) {                                                       \
        if (y == 0)                                                                                \
            return 0;                                                                              \
        if (y == -1)                                                                               \
            return (T)(U)(0u - (U)x);                                                              \
        T q = (T)(x / y);                                                                          \
        return (T)(q - ((x % y != 0) & ((x < 0) != (y < 0))));                                     \
    }                                                                                              \
    static inline T modulo_##S(T x, T y) {                                                         \
        if (y == 0 || y == -1)                                                                     \
            return 0;                                                                              \
        T r = (T)(x % y);                                                                          \
        return (T)(r + (((r != 0) & ((r < 0) != (y < 0))) ? y : 0));                               \
    }                                                                                              \
    static inline T truncated_##S(T x, T y) {                                                      \
        return (T)((y == 0 || y == -1) ? 0 : x % y);                                               \
    }                                                                                              \
    TSR_BIN(floor_divide_##S, T, T, quotient_##S(x, y))                                            \
    TSR_BIN(remainder_##S, T, T, modulo_##S(x, y))                                                 \
    TSR_BIN(fmod_##S, T, T, truncated_##S(x, y))
TSR_SIGNED(SIGNED_DIVISION)

#define EXTREMES(NAME, S, T, U)                                                                    \
    TSR_BIN(maximum_##S, T, T, x > y ? x : y)                                                      \
    TSR_BIN(minimum_##S, T, T, x < y ? x : y)
TSR_SIGNED(EXTREMES)
TSR_UNSIGNED(EXTREMES)

static inline double modulo_f64_of(double x, double y) {
    double r = fmod(x, y);
    return (r != 0 && (y < 0) != (r < 0)) ? r + y : r;
}

static inline double mod_f64(double x, double y) {
    double r = modulo_f64_of(x, y);
    return r == 0 ? copysign(0.0, y) : r;
}

/* CPython's and NumPy's: the quotient that belongs to that remainder, rounded to an integer. */
static inline double floor_div_f64(double x, double y) {
    if (y == 0)
        return x / y;
    double r = fmod(x, y), q = (x - r) / y;
    if (r != 0 && (y < 0) != (r < 0))
        q -= 1.0;
    if (q == 0)
        return copysign(0.0, x / y);
    double f = floor(q);
    return q - f > 0.5 ? f + 1.0 : f;
}

static inline float modulo_f32_of(float x, float y) {
    float r = fmodf(x, y);
    return (r != 0 && (y < 0) != (r < 0)) ? r + y : r;
}

static inline float mod_f32(float x, float y) {
    float r = modulo_f32_of(x, y);
    return r == 0 ? copysignf(0.0f, y) : r;
}

static inline float floor_div_f32(float x, float y) {
    if (y == 0)
        return x / y;
    float r = fmodf(x, y), q = (x - r) / y;
    if (r != 0 && (y < 0) != (r < 0))
        q -= 1.0f;
    if (q == 0)
        return copysignf(0.0f, x / y);
    float f = floorf(q);
    return q - f > 0.5f ? f + 1.0f : f;
}

TSR_BIN(fmod_f32, float, float, fmodf(x, y))
TSR_BIN(fmod_f64, double, double, fmod(x, y))

#define FLOATING(NAME, S, T, U)                                                                    \
    TSR_BIN(add_##S, T, T, x + y)                                                                  \
    TSR_BIN(subtract_##S, T, T, x - y)                                                             \
    TSR_BIN(multiply_##S, T, T, x *y)                                                              \
    TSR_BIN(floor_divide_##S, T, T, floor_div_##S(x, y))                                           \
    TSR_BIN(remainder_##S, T, T, mod_##S(x, y))                                                    \
    TSR_BIN(modulo_##S, T, T, modulo_##S##_of(x, y))                                               \
    TSR_BIN(maximum_##S, T, T, (x >= y || x != x) ? x : y)                                         \
    TSR_BIN(minimum_##S, T, T, (x <= y || x != x) ? x : y)                                         \
    TSR_BIN(fmax_##S, T, T, (x >= y || y != y) ? x : y)                                            \
    TSR_BIN(fmin_##S, T, T, (x <= y || y != y) ? x : y)
TSR_FLOATING(FLOATING)

#if defined(__AVX512DQ__)
/* The quicker way is for processors that round to nearest. */
#define DIVIDE(NAME, S, T, U)                                                                      \
    TSR_DIVIDING TSR_BIN(divide_all_##S, T, T, x / y) static void divide_##S(                      \
        const void *a, const void *b, void *dst, size_t n) {                                       \
        size_t done = 0;                                                                           \
        if (n >= FEW && _MM_GET_ROUNDING_MODE() == _MM_ROUND_NEAREST)                              \
            done = tsr_divide_vectors_##S(a, b, dst, n);                                           \
        divide_all_##S((const T *)a + done, (const T *)b + done, (T *)dst + done, n - done);       \
    }
enum { FEW = 48 };
#else
#define DIVIDE(NAME, S, T, U) TSR_DIVIDING TSR_BIN(divide_##S, T, T, x / y)
#endif
TSR_FLOATING(DIVIDE)

/* Sums and differences of complex numbers are those of their parts. */
#define PARTS(NAME, S, T, F)                                                                       \
    static void add_##S(const void *a, const void *b, void *dst, size_t n) {                       \
        PASTE_F(add, F)(a, b, dst, n * 2);                                                         \
    }                                                                                              \
    static void subtract_##S(const void *a, const void *b, void *dst, size_t n) {                  \
        PASTE_F(subtract, F)(a, b, dst, n * 2);                                                    \
    }
#define add_float       add_f32
#define add_double      add_f64
#define subtract_float  subtract_f32
#define subtract_double subtract_f64
#define PASTE_F(x, f)   x##_##f
TSR_COMPLEX(PARTS)

TSR_BIN(or_bool, uint8_t, uint8_t, (x | y) != 0)
TSR_BIN(and_bool, uint8_t, uint8_t, (x != 0) & (y != 0))

TSR_FOLD_BY(multiply_u64, uint64_t)
TSR_FOLD_BY(multiply_f32, float)
TSR_FOLD_BY(multiply_f64, double)
TSR_FOLD_BY(fmax_f32, float)
TSR_FOLD_BY(fmax_f64, double)
TSR_FOLD_BY(fmin_f32, float)
TSR_FOLD_BY(fmin_f64, double)

#define ROW(OP, NAME, S) k->binary[TSR_BIN_##OP][TSR_##NAME] = S
#define LAY_WRAPPING(NAME, S, T, U)                                                                \
    ROW(ADD, NAME, add_##S);                                                                       \
    ROW(SUBTRACT, NAME, subtract_##S);                                                             \
    ROW(MULTIPLY, NAME, multiply_##S);
#define LAY_INTEGER(NAME, S, T, U)                                                                 \
    LAY_WRAPPING(NAME, S, T, U)                                                                    \
    ROW(FLOOR_DIVIDE, NAME, floor_divide_##S);                                                     \
    ROW(REMAINDER, NAME, remainder_##S);                                                           \
    ROW(MODULO, NAME, remainder_##S);                                                              \
    ROW(MAXIMUM, NAME, maximum_##S);                                                               \
    ROW(MINIMUM, NAME, minimum_##S);                                                               \
    ROW(FMAX, NAME, maximum_##S);                                                                  \
    ROW(FMIN, NAME, minimum_##S);
#define LAY_SIGNED(NAME, S, T, U)   ROW(FMOD, NAME, fmod_##S);
#define LAY_UNSIGNED(NAME, S, T, U) ROW(FMOD, NAME, remainder_##S);
#define LAY_FLOATING(NAME, S, T, U)                                                                \
    LAY_INTEGER(NAME, S, T, U)                                                                     \
    ROW(DIVIDE, NAME, divide_##S);                                                                 \
    ROW(MODULO, NAME, modulo_##S);                                                                 \
    ROW(FMOD, NAME, fmod_##S);                                                                     \
    ROW(FMAX, NAME, fmax_##S);                                                                     \
    ROW(FMIN, NAME, fmin_##S);
#define LAY_COMPLEX(NAME, S, T, U)                                                                 \
    ROW(ADD, NAME, add_##S);                                                                       \
    ROW(SUBTRACT, NAME, subtract_##S);

void TSR_KERNEL_ENTRY(arithmetic)(tsr_kernels *k) {
    TSR_SIGNED(LAY_INTEGER)
    TSR_SIGNED(LAY_SIGNED)
    TSR_UNSIGNED(LAY_INTEGER)
    TSR_UNSIGNED(LAY_UNSIGNED)
    TSR_FLOATING(LAY_FLOATING)
    TSR_COMPLEX(LAY_COMPLEX)
    ROW(ADD, BOOL, or_bool);
    ROW(MULTIPLY, BOOL, and_bool);
    ROW(MAXIMUM, BOOL, or_bool);
    ROW(MINIMUM, BOOL, and_bool);
    ROW(FMAX, BOOL, or_bool);
    ROW(FMIN, BOOL, and_bool);
    TSR_LAY_FOLD_BY(PROD, INT64, multiply_u64)
    TSR_LAY_FOLD_BY(PROD, UINT64, multiply_u64)
    TSR_LAY_FOLD_BY(PROD, FLOAT32, multiply_f32)
    TSR_LAY_FOLD_BY(PROD, FLOAT64, multiply_f64)
    TSR_LAY_FOLD_BY(FMAX, FLOAT32, fmax_f32)
    TSR_LAY_FOLD_BY(FMAX, FLOAT64, fmax_f64)
    TSR_LAY_FOLD_BY(FMIN, FLOAT32, fmin_f32)
    TSR_LAY_FOLD_BY(FMIN, FLOAT64, fmin_f64)
}
