/* Operations of one operand that need no approximation.
 *
 * The result has the operand's dtype, but for the tests (isnan ... signbit), which give bool, and
 * the absolute value of a complex number, which gives its component dtype. Integers wrap: the
 * negative and the absolute value of the least integer are itself; the reciprocal of 0 is 0. The
 * sign of NaN is NaN, or 0 in sign_or_0 (PyTorch's). rint rounds half to even, in the
 * rounding mode that the host must have left at "to nearest". */
#include "rows.h"

#include "../dtype/ctypes.h"
#include "math/number.h"

#include <math.h>

#define INTEGER(NAME, S, T, U)                                                                     \
    TSR_UN(negative_##S, T, T, (U)(0u - (U)x))                                                     \
    TSR_UN(square_##S, T, T, (U)(1u * (U)x * (U)x))                                                \
    TSR_UN(invert_##S, T, T, ~x)
#define SIGNED(NAME, S, T, U)                                                                      \
    INTEGER(NAME, S, T, U)                                                                         \
    TSR_UN(absolute_##S, T, T, x < 0 ? (U)(0u - (U)x) : (U)x)                                      \
    TSR_UN(sign_##S, T, T, (x > 0) - (x < 0))                                                      \
    TSR_UN(signbit_##S, T, uint8_t, x < 0)                                                         \
    TSR_UN(reciprocal_##S, T, T, (x == 1) - (x == -1))
#define UNSIGNED(NAME, S, T, U)                                                                    \
    INTEGER(NAME, S, T, U)                                                                         \
    TSR_UN(sign_##S, T, T, x != 0)                                                                 \
    TSR_UN(reciprocal_##S, T, T, x == 1)
TSR_SIGNED(SIGNED)
TSR_UNSIGNED(UNSIGNED)

#define FLOATING(NAME, S, T, U)                                                                    \
    TSR_UN(negative_##S, T, T, -x)                                                                 \
    TSR_UN(square_##S, T, T, x *x)                                                                 \
    TSR_UN(reciprocal_##S, T, T, 1 / x)                                                            \
    TSR_UN(sign_##S, T, T, x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x)                                \
    TSR_UN(sign_or_0_##S, T, T, (x > 0) - (x < 0))                                                 \
    TSR_UN(isnan_##S, T, uint8_t, x != x)
TSR_FLOATING(FLOATING)

TSR_UN(absolute_f32, float, float, fabsf(x))
TSR_UN(absolute_f64, double, double, fabs(x))
TSR_UN(floor_f32, float, float, floorf(x))
TSR_UN(floor_f64, double, double, floor(x))
TSR_UN(ceil_f32, float, float, ceilf(x))
TSR_UN(ceil_f64, double, double, ceil(x))
TSR_UN(trunc_f32, float, float, truncf(x))
TSR_UN(trunc_f64, double, double, trunc(x))
TSR_UN(rint_f32, float, float, rintf(x))
TSR_UN(rint_f64, double, double, rint(x))
TSR_UN(isinf_f32, float, uint8_t, fabsf(x) == INFINITY)
TSR_UN(isinf_f64, double, uint8_t, fabs(x) == (double)INFINITY)
TSR_UN(isfinite_f32, float, uint8_t, fabsf(x) < INFINITY)
TSR_UN(isfinite_f64, double, uint8_t, fabs(x) < (double)INFINITY)
TSR_UN(signbit_f32, uint32_t, uint8_t, x >> 31)
TSR_UN(signbit_f64, uint64_t, uint8_t, x >> 63)

/* The root of a sum of squares, the larger one not rounded: within 1.035 units, 0.5 of them by the
 * root, 0.354 by the sum and half of that by the smaller square. Scaled where a square would leave
 * the range; of a NaN and an infinity it is infinite. */
#define MAGNITUDE(S, T, F, SMALL, LARGE, UP, DOWN)                                                 \
    TSR_INLINE F magnitude_##S(F x, F y) {                                                         \
        const F a = ABS_##S(x), b = ABS_##S(y), most = a > b ? a : b, least = a > b ? b : a;       \
        const F scale = most > LARGE ? 1 / DOWN : most < SMALL ? UP : 1;                           \
        const F back = most > LARGE ? DOWN : most < SMALL ? 1 / UP : 1;                            \
        const F p = most * scale, q = least * scale, z = SQRT_##S(MAD_##S(p, p, q * q)) * back;    \
        return ((a == (F)INFINITY) | (b == (F)INFINITY)) ? (F)INFINITY : z;                        \
    }                                                                                              \
    TSR_UN(absolute_##S, T, F, magnitude_##S(x.re, x.im))
#define ABS_c64(x)  fabsf(x)
#define ABS_c128(x) fabs(x)
#define MAD_c64     tsr_mad_float
#define MAD_c128    tsr_mad_double
#define SQRT_c64    sqrtf
#define SQRT_c128   sqrt
MAGNITUDE(c64, tsr_c64, float, 0x1p-40f, 0x1p50f, 0x1p90f, 0x1p70f)
MAGNITUDE(c128, tsr_c128, double, 0x1p-400, 0x1p500, 0x1p600, 0x1p600)

#define float_rint  rint_f32
#define double_rint rint_f64
#define PAIR(NAME, S, T, F)                                                                        \
    static void conjugate_##S(const void *src, void *dst, size_t n) {                              \
        const T *s = src;                                                                          \
        T *d = dst;                                                                                \
        for (size_t i = 0; i < n; i++)                                                             \
            d[i] = (T){s[i].re, -s[i].im};                                                         \
    }                                                                                              \
    static void negative_##S(const void *src, void *dst, size_t n) {                               \
        const T *s = src;                                                                          \
        T *d = dst;                                                                                \
        for (size_t i = 0; i < n; i++)                                                             \
            d[i] = (T){-s[i].re, -s[i].im};                                                        \
    }                                                                                              \
    static void rint_##S(const void *src, void *dst, size_t n) {                                   \
        F##_rint(src, dst, n * 2);                                                                 \
    }                                                                                              \
    TSR_UN(isnan_##S, T, uint8_t, (x.re != x.re) | (x.im != x.im))                                 \
    TSR_UN(isfinite_##S, T, uint8_t, (x.re - x.re == 0) & (x.im - x.im == 0))                      \
    TSR_UN(isinf_##S, T, uint8_t,                                                                  \
           ((x.re == x.re) & (x.re - x.re != 0)) | ((x.im == x.im) & (x.im - x.im != 0)))
TSR_COMPLEX(PAIR)

TSR_UN(not_bool, uint8_t, uint8_t, x == 0)

#define ROW(OP, NAME, S) k->simple[TSR_UN_##OP][TSR_##NAME] = S
#define LAY_INTEGER(NAME, S, T, U)                                                                 \
    ROW(NEGATIVE, NAME, negative_##S);                                                             \
    ROW(SQUARE, NAME, square_##S);                                                                 \
    ROW(INVERT, NAME, invert_##S);                                                                 \
    ROW(SIGN, NAME, sign_##S);                                                                     \
    ROW(SIGN_OR_0, NAME, sign_##S);                                                                \
    ROW(RECIPROCAL, NAME, reciprocal_##S);
#define LAY_SIGNED(NAME, S, T, U)                                                                  \
    ROW(ABSOLUTE, NAME, absolute_##S);                                                             \
    ROW(SIGNBIT, NAME, signbit_##S);
#define LAY_TESTS(NAME, S, T, U)                                                                   \
    ROW(NEGATIVE, NAME, negative_##S);                                                             \
    ROW(ABSOLUTE, NAME, absolute_##S);                                                             \
    ROW(ISNAN, NAME, isnan_##S);                                                                   \
    ROW(ISINF, NAME, isinf_##S);                                                                   \
    ROW(ISFINITE, NAME, isfinite_##S);
#define LAY_FLOATING(NAME, S, T, U)                                                                \
    LAY_TESTS(NAME, S, T, U)                                                                       \
    ROW(SQUARE, NAME, square_##S);                                                                 \
    ROW(SIGN, NAME, sign_##S);                                                                     \
    ROW(SIGN_OR_0, NAME, sign_or_0_##S);                                                           \
    ROW(RECIPROCAL, NAME, reciprocal_##S);                                                         \
    ROW(FLOOR, NAME, floor_##S);                                                                   \
    ROW(CEIL, NAME, ceil_##S);                                                                     \
    ROW(TRUNC, NAME, trunc_##S);                                                                   \
    ROW(RINT, NAME, rint_##S);                                                                     \
    ROW(SIGNBIT, NAME, signbit_##S);
#define LAY_COMPLEX(NAME, S, T, U)                                                                 \
    LAY_TESTS(NAME, S, T, U)                                                                       \
    ROW(RINT, NAME, rint_##S);                                                                     \
    ROW(CONJUGATE, NAME, conjugate_##S);

void TSR_KERNEL_ENTRY(unary)(tsr_kernels *k) {
    TSR_SIGNED(LAY_INTEGER)
    TSR_SIGNED(LAY_SIGNED)
    TSR_UNSIGNED(LAY_INTEGER)
    TSR_FLOATING(LAY_FLOATING)
    TSR_COMPLEX(LAY_COMPLEX)
    ROW(INVERT, BOOL, not_bool);
}
