/* What the vector math should give: each function in MPFR, and in the C library's double. */
#ifndef TSR_SPEC_MATH_REFERENCE_H
#define TSR_SPEC_MATH_REFERENCE_H

#include "../../core/dtype/half.h"
#include "../../core/kernels/kernels.h"

#include <math.h>
#include <mpfr.h>
#include <stdint.h>
#include <string.h>

typedef int mpfr_unary(mpfr_t, const mpfr_t, mpfr_rnd_t);
typedef int mpfr_binary(mpfr_t, const mpfr_t, const mpfr_t, mpfr_rnd_t);

static inline int exact_sigmoid(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    mpfr_neg(y, x, mode);
    mpfr_exp(y, y, mode);
    mpfr_add_ui(y, y, 1, mode);
    return mpfr_ui_div(y, 1, y, mode);
}

static inline int exact_sqrt(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    return mpfr_sqrt(y, x, mode);
}

/* MPFR makes rsqrt(-0) plus infinity; 1/sqrt(-0) is minus infinity. */
static inline int exact_rsqrt(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    mpfr_sqrt(y, x, mode);
    return mpfr_ui_div(y, 1, y, mode);
}

static inline double double_sigmoid(double x) {
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static inline double double_rsqrt(double x) {
    return 1 / sqrt(x);
}

/* low and high bound what is interesting of the domain: random arguments lie there evenly. */
typedef struct math_case {
    const char *name;
    tsr_function function;
    mpfr_unary *exact;
    double (*reference)(double);
    double low, high;
} math_case;

static const math_case unary_cases[] = {
    {"exp", TSR_FN_EXP, mpfr_exp, exp, -746, 711},
    {"exp2", TSR_FN_EXP2, mpfr_exp2, exp2, -1076, 1025},
    {"expm1", TSR_FN_EXPM1, mpfr_expm1, expm1, -5, 5},
    {"sigmoid", TSR_FN_SIGMOID, exact_sigmoid, double_sigmoid, -40, 40},
    {"sinh", TSR_FN_SINH, mpfr_sinh, sinh, -4, 4},
    {"cosh", TSR_FN_COSH, mpfr_cosh, cosh, -4, 4},
    {"tanh", TSR_FN_TANH, mpfr_tanh, tanh, -4, 4},
    {"log", TSR_FN_LOG, mpfr_log, log, 0.3, 3},
    {"log2", TSR_FN_LOG2, mpfr_log2, log2, 0.3, 3},
    {"log10", TSR_FN_LOG10, mpfr_log10, log10, 0.3, 3},
    {"log1p", TSR_FN_LOG1P, mpfr_log1p, log1p, -1, 3},
    {"asinh", TSR_FN_ASINH, mpfr_asinh, asinh, -3, 3},
    {"acosh", TSR_FN_ACOSH, mpfr_acosh, acosh, 1, 4},
    {"atanh", TSR_FN_ATANH, mpfr_atanh, atanh, -1, 1},
    {"sin", TSR_FN_SIN, mpfr_sin, sin, -10, 10},
    {"cos", TSR_FN_COS, mpfr_cos, cos, -10, 10},
    {"tan", TSR_FN_TAN, mpfr_tan, tan, -10, 10},
    {"asin", TSR_FN_ASIN, mpfr_asin, asin, -1, 1},
    {"acos", TSR_FN_ACOS, mpfr_acos, acos, -1, 1},
    {"atan", TSR_FN_ATAN, mpfr_atan, atan, -4, 4},
    {"erf", TSR_FN_ERF, mpfr_erf, erf, -6, 6},
    {"erfc", TSR_FN_ERFC, mpfr_erfc, erfc, -6, 28},
    {"sqrt", TSR_FN_SQRT, exact_sqrt, sqrt, 0, 4},
    {"rsqrt", TSR_FN_RSQRT, exact_rsqrt, double_rsqrt, 0, 4},
    {"cbrt", TSR_FN_CBRT, mpfr_cbrt, cbrt, -8, 8},
};
enum { UNARY_CASES = sizeof unary_cases / sizeof *unary_cases };

typedef struct math_pair_case {
    const char *name;
    tsr_function function;
    mpfr_binary *exact;
    double (*reference)(double, double);
} math_pair_case;

static const math_pair_case pair_cases[] = {
    {"pow", TSR_FN_POW, mpfr_pow, pow},
    {"atan2", TSR_FN_ATAN2, mpfr_atan2, atan2},
    {"hypot", TSR_FN_HYPOT, mpfr_hypot, hypot},
};
enum { PAIR_CASES = sizeof pair_cases / sizeof *pair_cases };
/* lgamma, digamma, erfinv, i0, sinc: test_special.c. */
enum { SPECIAL_FUNCTIONS = 5 };
_Static_assert(UNARY_CASES + SPECIAL_FUNCTIONS + PAIR_CASES == TSR_FN_COUNT,
               "a case for every function");

/* A format: digits, and the exponents of its least subnormal and of what is too large. */
typedef struct math_format {
    int digits, least, most;
} math_format;

static const math_format format_f32 = {24, -149, 128}, format_f64 = {53, -1074, 1024};

/* The distance of y from the exact value in units of the last place of the latter, infinity
 * standing for the power of two that is just too large; HUGE_VAL where the kind (NaN, sign of zero
 * or of infinity) is wrong. */
static inline double units_off(double y, const mpfr_t exact, math_format f) {
    if (mpfr_nan_p(exact) || isnan(y)) {
        return (mpfr_nan_p(exact) && isnan(y)) ? 0 : HUGE_VAL;
    }
    if ((mpfr_signbit(exact) != 0) != (signbit(y) != 0)) {
        return HUGE_VAL;
    }
    if (mpfr_zero_p(exact)) {
        return y == 0 ? 0 : HUGE_VAL;
    }
    if (mpfr_inf_p(exact) || (mpfr_get_exp(exact) > f.most && isinf(y))) {
        return isinf(y) ? 0 : HUGE_VAL;
    }
    long unit = (long)mpfr_get_exp(exact) - f.digits;
    unit = unit < f.least ? f.least : unit > f.most - f.digits ? f.most - f.digits : unit;
    mpfr_t t;
    mpfr_init2(t, 160);
    if (isinf(y)) {
        mpfr_set_ui_2exp(t, 1, f.most, MPFR_RNDN);
        mpfr_setsign(t, t, y < 0, MPFR_RNDN);
    } else {
        mpfr_set_d(t, y, MPFR_RNDN);
    }
    mpfr_sub(t, t, exact, MPFR_RNDN);
    mpfr_mul_2si(t, t, -unit, MPFR_RNDN);
    const double off = fabs(mpfr_get_d(t, MPFR_RNDN));
    mpfr_clear(t);
    return off;
}

static inline double unary_off(const math_case *c, double x, double y, math_format f) {
    mpfr_t a, r;
    mpfr_init2(a, 53);
    mpfr_init2(r, 140);
    mpfr_set_d(a, x, MPFR_RNDN);
    c->exact(r, a, MPFR_RNDN);
    const double off = units_off(y, r, f);
    mpfr_clear(a);
    mpfr_clear(r);
    return off;
}

static inline double pair_off(const math_pair_case *c, double x, double y, double z,
                              math_format f) {
    mpfr_t a, b, r;
    mpfr_init2(a, 53);
    mpfr_init2(b, 53);
    mpfr_init2(r, 140);
    mpfr_set_d(a, x, MPFR_RNDN);
    mpfr_set_d(b, y, MPFR_RNDN);
    c->exact(r, a, b, MPFR_RNDN);
    const double off = units_off(z, r, f);
    mpfr_clear(a);
    mpfr_clear(b);
    mpfr_clear(r);
    return off;
}

/* The same for a float result, from a double reference; MPFR decides near one unit and at the edges
 * of the format. */
static inline double float_off(float y, double reference) {
    const bool turned = (signbit(y) != 0) != (signbit(reference) != 0);
    if (isnan(reference) && isnan(y)) {
        return 0;
    }
    if (isinf(y) && fabs(reference) >= 0x1p128 && !turned) {
        return 0;
    }
    if (reference == 0 && y == 0 && !turned) {
        return 0; /* exact, or far below half the least float */
    }
    const uint64_t bits = tsr_f64_bits(reference);
    const int exponent = (int)(bits >> 52 & 2047) - 1023;
    if (isnan(reference) || isnan(y) || isinf(y) || exponent > 126 || reference == 0 || turned) {
        return HUGE_VAL;
    }
    const int unit = exponent - 23 < -149 ? -149 : exponent - 23;
    const double scale = tsr_f64_of((uint64_t)(1023 - unit) << 52);
    const double off = fabs((double)y - reference) * scale;
    return off > 0.99 ? HUGE_VAL : off;
}

#endif
