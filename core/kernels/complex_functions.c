/* The functions of complex numbers, angles and directions.
 *
 * One element at a time in double, with the C library's functions and their special values (annex
 * G); a complex64 result is the double one rounded. So the file is compiled once. What the library
 * has not got is made of real functions, so that nothing cancels that could be avoided. */
#define _DEFAULT_SOURCE 1

#include "level.h"

#include "../dtype/ctypes.h"
#include "math/number.h"

#include <complex.h>

typedef double complex z128;

#define LN2     0x1.62e42fefa39efp-1
#define LOG2_E  0x1.71547652b82fep+0
#define LOG10_E 0x1.bcb7b1526e50ep-2

static z128 number(double re, double im) {
    const double parts[2] = {re, im};
    z128 z;
    memcpy(&z, parts, sizeof z);
    return z;
}

static bool finite_parts(double x, double y) {
    return fabs(x) < TSR_INF && fabs(y) < TSR_INF;
}

/* 2^x of the real part is taken as such; 2^100 is kept back where it would overflow too early. */
static z128 z_exp2(z128 z) {
    const double x = creal(z), y = cimag(z);
    if (!finite_parts(x, y))
        return cexp(number(x * LN2, y * LN2));
    if (y == 0)
        return number(exp2(x), y);
    const bool large = x > 1000;
    const double size = exp2(large ? x - 100 : x), back = large ? 0x1p100 : 1;
    return number(size * cos(y * LN2) * back, size * sin(y * LN2) * back);
}

/* e^x cos y - 1 = (e^x - 1) cos y - 2 sin^2(y/2) */
static z128 z_expm1(z128 z) {
    const double x = creal(z), y = cimag(z);
    if (!finite_parts(x, y) || x > 709) {
        const z128 e = cexp(z);
        return number(creal(e) - 1, cimag(e));
    }
    if (y == 0)
        return number(expm1(x), y);
    const double s = sin(0.5 * y);
    return number(expm1(x) * cos(y) - 2 * s * s, exp(x) * sin(y));
}

/* On the axes the real logarithm, which knows powers of its base. */
static z128 z_log_of_base(z128 z, double (*real_log)(double), double factor) {
    const double x = creal(z), y = cimag(z);
    const z128 l = clog(z);
    const bool axis = (x == 0) != (y == 0) && finite_parts(x, y);
    return number(axis ? real_log(x == 0 ? fabs(y) : fabs(x)) : creal(l) * factor,
                  cimag(l) * factor);
}

static z128 z_log2(z128 z) {
    return z_log_of_base(z, log2, LOG2_E);
}

static z128 z_log10(z128 z) {
    return z_log_of_base(z, log10, LOG10_E);
}

/* |1 + z|^2 - 1 = 2x + x^2 + y^2, in pairs, since it may be small where its terms are not. */
static z128 z_log1p(z128 z) {
    const double x = creal(z), y = cimag(z);
    if (!(x > -0.5 && fabs(x) < 0x1p50 && fabs(y) < 0x1p50))
        return clog(number(1 + x, y));
    const tsr_pair xx = tsr_two_product(x, x), yy = tsr_two_product(y, y);
    const tsr_pair s = tsr_two_sum(2 * x, xx.hi), t = tsr_two_sum(s.hi, yy.hi);
    const double more = t.hi + (t.lo + (s.lo + (xx.lo + yy.lo)));
    return number(0.5 * log1p(more), atan2(y, 1 + x));
}

/* 1/(1 + e^-z), or e^z/(1 + e^z), so that the exponential is at most 1. The sum is
 * (e^x - 1) cos y + 2 cos^2(y/2) + i e^x sin y, which is small where the quotient has a pole. */
static z128 z_sigmoid(z128 z) {
    const bool left = creal(z) < 0;
    const double x = left ? creal(z) : -creal(z), y = left ? cimag(z) : -cimag(z);
    const z128 e = cexp(number(x, y));
    z128 sum = number(1 + creal(e), cimag(e));
    if (finite_parts(x, y)) {
        const double c = cos(0.5 * y);
        sum = number(expm1(x) * cos(y) + 2 * c * c, cimag(e));
    }
    return (left ? e : number(1, 0)) / sum;
}

static z128 z_rsqrt(z128 z) {
    return 1 / csqrt(z);
}

/* z^0 is 1, 0^z is 0 where the real part of z is positive and NaN elsewhere, as in NumPy. Small
 * whole powers are products, those of positive numbers real ones. */
static z128 z_pow(z128 x, z128 y) {
    const double p = creal(y);
    if (p == 0 && cimag(y) == 0)
        return number(1, 0);
    if (creal(x) == 0 && cimag(x) == 0)
        return p > 0 ? number(0, 0) : number(TSR_NAN, TSR_NAN);
    if (cimag(y) != 0 || !finite_parts(creal(x), cimag(x)))
        return cpow(x, y);
    if (cimag(x) == 0 && creal(x) > 0)
        return number(pow(creal(x), p), 0);
    if (p != rint(p) || fabs(p) > 64)
        return cpow(x, y);
    z128 z = number(1, 0);
    for (int n = (int)fabs(p); n; n >>= 1) {
        z = (n & 1) ? z * x : z;
        x = n > 1 ? x * x : x;
    }
    return p < 0 ? 1 / z : z;
}

/* z/|z| as NumPy has it: 0 of 0, the direction of a single infinite part, NaN of two. */
static z128 z_sgn(z128 z) {
    double x = creal(z), y = cimag(z);
    if (x == 0 && y == 0)
        return number(0, 0);
    if (isinf(x) || isinf(y)) {
        const bool both = isinf(x) && isinf(y);
        return both ? number(TSR_NAN, TSR_NAN)
                    : number(isinf(x) ? copysign(1, x) : 0, isinf(y) ? copysign(1, y) : 0);
    }
    const double large = fmax(fabs(x), fabs(y));
    const double scale = large > 0x1p1000 ? 0x1p-60 : large < 0x1p-900 ? 0x1p120 : 1;
    x *= scale;
    y *= scale;
    const double size = hypot(x, y);
    return number(x / size, y / size);
}

typedef z128 function(z128);

static void run_c64(function *f, const void *src, void *dst, size_t n) {
    const tsr_c64 *s = src;
    tsr_c64 *d = dst;
    for (size_t i = 0; i < n; i++) {
        const z128 z = f(number((double)s[i].re, (double)s[i].im));
        d[i] = (tsr_c64){(float)creal(z), (float)cimag(z)};
    }
}

static void run_c128(function *f, const void *src, void *dst, size_t n) {
    const z128 *s = src;
    z128 *d = dst;
    for (size_t i = 0; i < n; i++)
        d[i] = f(s[i]);
}

#define KERNELS(NAME, name, f)                                                                     \
    static void name##_c64(const void *src, void *dst, size_t n) {                                 \
        run_c64(f, src, dst, n);                                                                   \
    }                                                                                              \
    static void name##_c128(const void *src, void *dst, size_t n) {                                \
        run_c128(f, src, dst, n);                                                                  \
    }
#define FUNCTIONS(X)                                                                               \
    X(EXP, exp, cexp)                                                                              \
    X(EXP2, exp2, z_exp2)                                                                          \
    X(EXPM1, expm1, z_expm1)                                                                       \
    X(SIGMOID, sigmoid, z_sigmoid)                                                                 \
    X(SINH, sinh, csinh)                                                                           \
    X(COSH, cosh, ccosh)                                                                           \
    X(TANH, tanh, ctanh)                                                                           \
    X(LOG, log, clog)                                                                              \
    X(LOG2, log2, z_log2)                                                                          \
    X(LOG10, log10, z_log10)                                                                       \
    X(LOG1P, log1p, z_log1p)                                                                       \
    X(ASINH, asinh, casinh)                                                                        \
    X(ACOSH, acosh, cacosh)                                                                        \
    X(ATANH, atanh, catanh)                                                                        \
    X(SIN, sin, csin)                                                                              \
    X(COS, cos, ccos)                                                                              \
    X(TAN, tan, ctan)                                                                              \
    X(ASIN, asin, casin)                                                                           \
    X(ACOS, acos, cacos)                                                                           \
    X(ATAN, atan, catan)                                                                           \
    X(SQRT, sqrt, csqrt)                                                                           \
    X(RSQRT, rsqrt, z_rsqrt)
FUNCTIONS(KERNELS)
KERNELS(, sgn, z_sgn)

static void pow_c64(const void *a, const void *b, void *dst, size_t n) {
    const tsr_c64 *p = a, *q = b;
    tsr_c64 *d = dst;
    for (size_t i = 0; i < n; i++) {
        const z128 z = z_pow(number((double)p[i].re, (double)p[i].im),
                             number((double)q[i].re, (double)q[i].im));
        d[i] = (tsr_c64){(float)creal(z), (float)cimag(z)};
    }
}

static void pow_c128(const void *a, const void *b, void *dst, size_t n) {
    const z128 *p = a, *q = b;
    z128 *d = dst;
    for (size_t i = 0; i < n; i++)
        d[i] = z_pow(p[i], q[i]);
}

static void angle_c64(const void *src, void *dst, size_t n) {
    const tsr_c64 *s = src;
    float *d = dst;
    for (size_t i = 0; i < n; i++)
        d[i] = (float)atan2((double)s[i].im, (double)s[i].re);
}

static void angle_c128(const void *src, void *dst, size_t n) {
    const tsr_c128 *s = src;
    double *d = dst;
    for (size_t i = 0; i < n; i++)
        d[i] = atan2(s[i].im, s[i].re);
}

#define LAY(NAME, name, f)                                                                         \
    k->unary[TSR_FN_##NAME][TSR_COMPLEX64] = name##_c64;                                           \
    k->unary[TSR_FN_##NAME][TSR_COMPLEX128] = name##_c128;

void TSR_KERNEL_ENTRY(complex_functions)(tsr_kernels *k) {
    FUNCTIONS(LAY)
    k->pairs[TSR_FN_POW - TSR_FN_FIRST_PAIR][TSR_COMPLEX64] = pow_c64;
    k->pairs[TSR_FN_POW - TSR_FN_FIRST_PAIR][TSR_COMPLEX128] = pow_c128;
    k->simple[TSR_UN_SGN][TSR_COMPLEX64] = sgn_c64;
    k->simple[TSR_UN_SGN][TSR_COMPLEX128] = sgn_c128;
    k->simple[TSR_UN_ANGLE][TSR_COMPLEX64] = angle_c64;
    k->simple[TSR_UN_ANGLE][TSR_COMPLEX128] = angle_c128;
}
