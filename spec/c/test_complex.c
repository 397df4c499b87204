/* The functions of complex numbers against the C library's long double ones, which have 11 bits to
 * spare, or MPFR where those lose them; special values; angles and directions. Distances are those
 * of the numbers, not of their parts, in units of the last place of the result. A complex64
 * result is the rounded complex128 one. With -v the largest distances are printed. */
#include "../../core/dtype/ctypes.h"
#include "check.h"
#include "math_reference.h"
#include "random.h"

#include <complex.h>

static bool same(double a, double b) {
    return (isnan(a) && isnan(b)) || (a == b && !signbit(a) == !signbit(b));
}

typedef long double complex wide;

static wide wide_of(long double re, long double im) {
    const long double parts[2] = {re, im};
    wide z;
    memcpy(&z, parts, sizeof z);
    return z;
}

static wide w_exp2(wide z) {
    return cexpl(z * 0.69314718055994530941723212145817656808L);
}

static wide w_log2(wide z) {
    return clogl(z) * 1.44269504088896340735992468100189214L;
}

static wide w_log10(wide z) {
    return clogl(z) * 0.434294481903251827651128918916605082L;
}

static wide w_sigmoid(wide z) {
    return 1 / (1 + cexpl(-z));
}

static wide w_rsqrt(wide z) {
    return 1 / csqrtl(z);
}

/* e^z - 1, part by part */
static wide w_expm1(wide z) {
    mpfr_t e, c, s;
    mpfr_inits2(200, e, c, s, (mpfr_ptr)0);
    mpfr_set_ld(e, creall(z), MPFR_RNDN);
    mpfr_set_ld(s, cimagl(z), MPFR_RNDN);
    mpfr_exp(e, e, MPFR_RNDN);
    mpfr_sin_cos(s, c, s, MPFR_RNDN);
    mpfr_mul(c, c, e, MPFR_RNDN);
    mpfr_sub_ui(c, c, 1, MPFR_RNDN);
    mpfr_mul(s, s, e, MPFR_RNDN);
    const wide r = wide_of(mpfr_get_ld(c, MPFR_RNDN), mpfr_get_ld(s, MPFR_RNDN));
    mpfr_clears(e, c, s, (mpfr_ptr)0);
    return r;
}

/* log|1 + z| + i arg(1 + z) */
static wide w_log1p(wide z) {
    mpfr_t x, y, r;
    mpfr_inits2(2300, x, y, r, (mpfr_ptr)0);
    mpfr_set_ld(x, creall(z), MPFR_RNDN);
    mpfr_set_ld(y, cimagl(z), MPFR_RNDN);
    mpfr_add_ui(x, x, 1, MPFR_RNDN);
    mpfr_hypot(r, x, y, MPFR_RNDN);
    mpfr_set_prec(y, 128);
    mpfr_set_ld(y, cimagl(z), MPFR_RNDN);
    mpfr_prec_round(x, 200, MPFR_RNDN);
    mpfr_sub_ui(r, r, 1, MPFR_RNDN);
    mpfr_prec_round(r, 200, MPFR_RNDN);
    mpfr_log1p(r, r, MPFR_RNDN);
    mpfr_atan2(y, y, x, MPFR_RNDN);
    const wide w = wide_of(mpfr_get_ld(r, MPFR_RNDN), mpfr_get_ld(y, MPFR_RNDN));
    mpfr_clears(x, y, r, (mpfr_ptr)0);
    return w;
}

static const struct {
    const char *name;
    tsr_function function;
    wide (*exact)(wide);
    double most;
    bool parts; /* each part is as good */
} cases[] = {
    {"exp", TSR_FN_EXP, cexpl, 3, false},       {"exp2", TSR_FN_EXP2, w_exp2, 8, false},
    {"expm1", TSR_FN_EXPM1, w_expm1, 4, false}, {"sigmoid", TSR_FN_SIGMOID, w_sigmoid, 8, false},
    {"sinh", TSR_FN_SINH, csinhl, 4, false},    {"cosh", TSR_FN_COSH, ccoshl, 4, false},
    {"tanh", TSR_FN_TANH, ctanhl, 6, false},    {"log", TSR_FN_LOG, clogl, 3, true},
    {"log2", TSR_FN_LOG2, w_log2, 4, false},    {"log10", TSR_FN_LOG10, w_log10, 4, false},
    {"log1p", TSR_FN_LOG1P, w_log1p, 3, true},  {"asinh", TSR_FN_ASINH, casinhl, 4, false},
    {"acosh", TSR_FN_ACOSH, cacoshl, 4, false}, {"atanh", TSR_FN_ATANH, catanhl, 4, false},
    {"sin", TSR_FN_SIN, csinl, 4, false},       {"cos", TSR_FN_COS, ccosl, 4, false},
    {"tan", TSR_FN_TAN, ctanl, 6, false},       {"asin", TSR_FN_ASIN, casinl, 4, false},
    {"acos", TSR_FN_ACOS, cacosl, 4, false},    {"atan", TSR_FN_ATAN, catanl, 4, false},
    {"sqrt", TSR_FN_SQRT, csqrtl, 3, true},     {"rsqrt", TSR_FN_RSQRT, w_rsqrt, 5, false},
};
enum { CASES = sizeof cases / sizeof *cases, N = 4000 };

/* In units of the last place of `want`. */
static double units(long double off, long double want) {
    return off == 0 ? 0 : (double)ldexpl(fabsl(off / want), 52);
}

static tsr_c128 argument(int i) {
    static const double scales[] = {1, 3, 20, 0x1p-30, 0x1p-8, 0.5};
    const double scale = scales[i % 6];
    tsr_c128 z = {scale * random_between(-1, 1), scale * random_between(-1, 1)};
    z.im = i % 7 == 0 ? z.im * 0x1p-20 : z.im;
    z.re = i % 11 == 0 ? z.re * 0x1p-20 : z.re;
    if (i % 13 == 0) { /* next to where the modulus, or that of 1 + z, is 1 */
        z = (tsr_c128){cos(z.im) - (i & 1), sin(z.im)};
    }
    return z;
}

static double distance(wide want, double re, double im, bool parts) {
    const wide off = wide_of((long double)re - creall(want), (long double)im - cimagl(want));
    const double x = units(creall(off), creall(want)), y = units(cimagl(off), cimagl(want));
    return parts ? fmax(x, y) : units(cabsl(off), cabsl(want));
}

static void test_function(const tsr_kernels *k, int c, bool verbose) {
    static tsr_c128 x[N], y[N];
    static tsr_c64 p[N], q[N];
    double worst = 0;
    tsr_c128 at = {0, 0};
    for (int i = 0; i < N; i++) {
        x[i] = argument(i);
        p[i] = (tsr_c64){(float)x[i].re, (float)x[i].im};
    }
    k->unary[cases[c].function][TSR_COMPLEX128](x, y, N);
    k->unary[cases[c].function][TSR_COMPLEX64](p, q, N);
    for (int i = 0; i < N; i++) {
        const wide want = cases[c].exact(wide_of((long double)x[i].re, (long double)x[i].im));
        const double off = distance(want, y[i].re, y[i].im, cases[c].parts);
        CHECK_OR(off <= cases[c].most, "%s(%a, %a) = %a, %a: %g units off", cases[c].name, x[i].re,
                 x[i].im, y[i].re, y[i].im, off);
        at = off > worst ? x[i] : at;
        worst = off > worst ? off : worst;
        x[i] = (tsr_c128){(double)p[i].re, (double)p[i].im};
    }
    k->unary[cases[c].function][TSR_COMPLEX128](x, x, N);
    for (int i = 0; i < N; i++) {
        CHECK_OR(same((double)q[i].re, (double)(float)x[i].re) &&
                     same((double)q[i].im, (double)(float)x[i].im),
                 "%s of complex64, %d", cases[c].name, i);
    }
    if (verbose) {
        printf("%-8s %.3f at %a, %a\n", cases[c].name, worst, at.re, at.im);
    }
}

static wide w_pow(wide x, wide y) {
    return cexpl(y * clogl(x));
}

static void test_pow(const tsr_kernels *k, bool verbose) {
    static tsr_c128 x[N], y[N], z[N];
    static tsr_c64 p[N], q[N], r[N];
    tsr_kernel_binary *const *run = k->pairs[TSR_FN_POW - TSR_FN_FIRST_PAIR];
    double worst = 0;
    for (int i = 0; i < N; i++) {
        x[i] = (tsr_c128){random_between(-4, 4), random_between(-4, 4)};
        y[i] = (tsr_c128){random_between(-4, 4), i % 3 ? random_between(-4, 4) : 0};
        y[i] = i % 5 ? y[i] : (tsr_c128){rint(random_between(-20, 20)), 0};
        x[i].im = i % 10 == 1 ? 0 : x[i].im;
        p[i] = (tsr_c64){(float)x[i].re, (float)x[i].im};
        q[i] = (tsr_c64){(float)y[i].re, (float)y[i].im};
    }
    run[TSR_COMPLEX128](x, y, z, N);
    run[TSR_COMPLEX64](p, q, r, N);
    for (int i = 0; i < N; i++) {
        const wide want = w_pow(wide_of((long double)x[i].re, (long double)x[i].im),
                                wide_of((long double)y[i].re, (long double)y[i].im));
        const double off = distance(want, z[i].re, z[i].im, false);
        CHECK_OR(off <= 40, "pow(%a %a, %a %a): %g units off", x[i].re, x[i].im, y[i].re, y[i].im,
                 off);
        worst = off > worst ? off : worst;
        const wide narrow = w_pow(wide_of((long double)p[i].re, (long double)p[i].im),
                                  wide_of((long double)q[i].re, (long double)q[i].im));
        CHECK_OR(distance(narrow, (double)r[i].re, (double)r[i].im, false) <= 0x1p29,
                 "pow of complex64, %d", i);
    }
    if (verbose) {
        printf("%-8s %.3f\n", "pow", worst);
    }
}

typedef struct value {
    int function;
    tsr_c128 x, y;
} value;

static void test_values(const tsr_kernels *k) {
    const double inf = INFINITY, nan = NAN, pi = 3.141592653589793;
    const value values[] = {
        {TSR_FN_EXP, {-inf, inf}, {0, 0}},
        {TSR_FN_EXP, {0, -0.0}, {1, -0.0}},
        {TSR_FN_EXP, {0, inf}, {nan, nan}},
        {TSR_FN_EXP2, {3, 0}, {8, 0}},
        {TSR_FN_EXP2, {1024, 0}, {inf, 0}},
        {TSR_FN_EXP2, {-inf, 1}, {0, 0}},
        {TSR_FN_EXP2, {3, -0.0}, {8, -0.0}},
        {TSR_FN_EXPM1, {0, 0}, {0, 0}},
        {TSR_FN_EXPM1, {-0.0, -0.0}, {-0.0, -0.0}},
        {TSR_FN_EXPM1, {-inf, 0}, {-1, 0}},
        {TSR_FN_EXPM1, {inf, 0}, {inf, 0}},
        {TSR_FN_LOG, {0, 0}, {-inf, 0}},
        {TSR_FN_LOG, {-0.0, 0}, {-inf, pi}},
        {TSR_FN_LOG, {-1, -0.0}, {0, -pi}},
        {TSR_FN_LOG2, {8, 0}, {3, 0}},
        {TSR_FN_LOG2, {0, 0}, {-inf, 0}},
        {TSR_FN_LOG10, {1000, 0}, {3, 0}},
        {TSR_FN_LOG10, {inf, nan}, {inf, nan}},
        {TSR_FN_LOG1P, {0, -0.0}, {0, -0.0}},
        {TSR_FN_LOG1P, {-1, 0}, {-inf, 0}},
        {TSR_FN_LOG1P, {0x1p-60, 0}, {0x1p-60, 0}},
        {TSR_FN_LOG1P, {-2, 0}, {0, pi}},
        {TSR_FN_LOG1P, {nan, inf}, {inf, nan}},
        {TSR_FN_SQRT, {-4, 0}, {0, 2}},
        {TSR_FN_SQRT, {-4, -0.0}, {0, -2}},
        {TSR_FN_SQRT, {nan, inf}, {inf, inf}},
        {TSR_FN_SQRT, {0x1p1023, 0}, {0x1.6a09e667f3bcdp+511, 0}},
        {TSR_FN_ASIN, {2, 0}, {pi / 2, 1.3169578969248166}},
        {TSR_FN_ASIN, {2, -0.0}, {pi / 2, -1.3169578969248166}},
        {TSR_FN_ACOSH, {-1, 0}, {0, pi}},
        {TSR_FN_ATANH, {1, 0}, {inf, 0}},
        {TSR_FN_TANH, {1000, 1}, {1, 0}},
        {TSR_FN_TANH, {inf, nan}, {1, 0}},
        {TSR_FN_SIGMOID, {-inf, 0}, {0, 0}},
        {TSR_FN_SIGMOID, {inf, 0}, {1, 0}},
        {TSR_FN_SIGMOID, {0, 0}, {0.5, 0}},
        {TSR_FN_SIGMOID, {800, 3}, {1, 0}},
        {TSR_FN_RSQRT, {4, 0}, {0.5, -0.0}},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        tsr_c128 y;
        k->unary[values[i].function][TSR_COMPLEX128](&values[i].x, &y, 1);
        const bool zeros = values[i].y.im == 0 && y.im == 0 && values[i].function != TSR_FN_EXPM1 &&
                           values[i].x.im == 0 &&
                           !signbit(values[i].x.im); /* of a real number either zero will do */
        CHECK_OR(same(y.re, values[i].y.re) && (zeros || same(y.im, values[i].y.im)),
                 "function %d of %g %g is %.17g %.17g, not %.17g %.17g", values[i].function,
                 values[i].x.re, values[i].x.im, y.re, y.im, values[i].y.re, values[i].y.im);
    }
    static const struct {
        tsr_c128 x, y, z;
    } powers[] = {
        {{0, 0}, {0, 0}, {1, 0}},
        {{0, 0}, {2, 0}, {0, 0}},
        {{0, 0}, {2, 5}, {0, 0}},
        {{0, 0}, {-1, 0}, {NAN, NAN}},
        {{3, 4}, {0, 0}, {1, 0}},
        {{NAN, 1}, {0, 0}, {1, 0}},
        {{3, 4}, {2, 0}, {-7, 24}},
        {{3, 4}, {1, 0}, {3, 4}},
        {{0, 1}, {4, 0}, {1, 0}},
        {{1, 1}, {10, 0}, {0, 32}},
        {{8, 0}, {0.5, 0}, {0x1.6a09e667f3bcdp+1, 0}},
    };
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        tsr_c128 z;
        k->pairs[TSR_FN_POW - TSR_FN_FIRST_PAIR][TSR_COMPLEX128](&powers[i].x, &powers[i].y, &z, 1);
        CHECK_OR(same(z.re, powers[i].z.re) && same(z.im, powers[i].z.im),
                 "pow %d is %.17g %.17g, not %.17g %.17g", (int)i, z.re, z.im, powers[i].z.re,
                 powers[i].z.im);
    }
}

static void test_directions(const tsr_kernels *k) {
    static const struct {
        tsr_c128 x, sgn;
        double angle;
    } rows[] = {
        {{3, 4}, {0.6, 0.8}, 0.9272952180016122},
        {{0, 0}, {0, 0}, 0},
        {{-0.0, -0.0}, {0, 0}, -3.141592653589793},
        {{-2, 0}, {-1, 0}, 3.141592653589793},
        {{0, -5}, {0, -1}, -1.5707963267948966},
        {{0x1.8p1022, 0x1p1023}, {0.6, 0.8}, 0.9272952180016122},
        {{3 * 0x1p-1074, 4 * 0x1p-1074}, {0.6, 0.8}, 0.9272952180016122},
        {{INFINITY, 3}, {1, 0}, 0},
        {{3, -INFINITY}, {0, -1}, -1.5707963267948966},
        {{INFINITY, INFINITY}, {NAN, NAN}, 0.7853981633974483},
        {{NAN, 1}, {NAN, NAN}, NAN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const tsr_c128 *x = &rows[i].x;
        const tsr_c64 p = {(float)x->re, (float)x->im};
        tsr_c128 z;
        tsr_c64 q;
        double a;
        float b;
        k->simple[TSR_UN_SGN][TSR_COMPLEX128](x, &z, 1);
        k->simple[TSR_UN_ANGLE][TSR_COMPLEX128](x, &a, 1);
        const bool near =
            fabs(z.re - rows[i].sgn.re) < 2e-16 && fabs(z.im - rows[i].sgn.im) < 2e-16;
        CHECK_OR(near || (same(z.re, rows[i].sgn.re) && same(z.im, rows[i].sgn.im)),
                 "sgn %d is %.17g %.17g", (int)i, z.re, z.im);
        CHECK_OR(same(a, rows[i].angle), "angle %d is %.17g", (int)i, a);
        if (fabs(x->re) > 1e300 || (x->re != 0 && fabs(x->re) < 1e-300)) {
            continue; /* of other kinds in complex64 */
        }
        k->simple[TSR_UN_SGN][TSR_COMPLEX64](&p, &q, 1);
        k->simple[TSR_UN_ANGLE][TSR_COMPLEX64](&p, &b, 1);
        CHECK_OR(same((double)q.re, (double)(float)z.re) &&
                     same((double)q.im, (double)(float)z.im) && same((double)b, (double)(float)a),
                 "sgn or angle %d of complex64", (int)i);
    }
}

/* |z| over the whole range of numbers. */
static void test_magnitude(const tsr_kernels *k) {
    static tsr_c128 x[N];
    static tsr_c64 p[N];
    static double y[N];
    static float q[N];
    for (int i = 0; i < N; i++) {
        const double scale = pow(2, random_between(-1070, 1022));
        const float narrow = (float)pow(2, random_between(-148, 126));
        const double other = pow(2, random_between(-30, 0));
        x[i] = (tsr_c128){random_between(-1, 1) * scale, random_between(-1, 1) * scale * other};
        p[i] = (tsr_c64){(float)random_between(-1, 1) * narrow,
                         (float)(random_between(-1, 1) * other) * narrow};
    }
    x[0] = (tsr_c128){INFINITY, NAN}, x[1] = (tsr_c128){NAN, -INFINITY}, x[2] = (tsr_c128){NAN, 1};
    x[3] = (tsr_c128){-0.0, -0.0}, x[4] = (tsr_c128){1.5e308, 1.5e308};
    p[0] = (tsr_c64){INFINITY, NAN}, p[1] = (tsr_c64){NAN, -INFINITY}, p[2] = (tsr_c64){NAN, 1};
    p[3] = (tsr_c64){-0.0f, -0.0f}, p[4] = (tsr_c64){3e38f, 3e38f};
    k->simple[TSR_UN_ABSOLUTE][TSR_COMPLEX128](x, y, N);
    k->simple[TSR_UN_ABSOLUTE][TSR_COMPLEX64](p, q, N);
    mpfr_t a, b;
    mpfr_inits2(200, a, b, (mpfr_ptr)0);
    for (int i = 0; i < N; i++) {
        mpfr_set_d(a, x[i].re, MPFR_RNDN);
        mpfr_set_d(b, x[i].im, MPFR_RNDN);
        mpfr_hypot(a, a, b, MPFR_RNDN);
        const double off = units_off(y[i], a, format_f64);
        CHECK_OR(off <= 1.035, "abs(%a, %a) = %a: %g units off", x[i].re, x[i].im, y[i], off);
        mpfr_set_flt(a, p[i].re, MPFR_RNDN);
        mpfr_set_flt(b, p[i].im, MPFR_RNDN);
        mpfr_hypot(a, a, b, MPFR_RNDN);
        const double near = units_off((double)q[i], a, format_f32);
        CHECK_OR(near <= 1.035, "abs(%af, %af) = %a: %g units off", (double)p[i].re,
                 (double)p[i].im, (double)q[i], near);
    }
    mpfr_clears(a, b, (mpfr_ptr)0);
}

int main(int argc, char **argv) {
    static const char *const levels[] = {"base", "v2", "v3", "v4"};
    static tsr_kernels k;
    const bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (!tsr_kernels_select(NULL, &k)) {
        return 2;
    }
    int rows = 0;
    for (int f = 0; f < TSR_FN_FIRST_PAIR; f++) {
        CHECK_OR(!k.unary[f][TSR_COMPLEX64] == !k.unary[f][TSR_COMPLEX128], "function %d: one row",
                 f);
        rows += k.unary[f][TSR_COMPLEX128] != NULL;
    }
    CHECK_OR(rows == CASES, "%d complex functions, %d cases", rows, (int)CASES);
    for (int c = 0; c < CASES; c++) {
        test_function(&k, c, verbose);
    }
    test_pow(&k, verbose);
    test_values(&k);
    test_directions(&k);
    for (int l = 0; l < 4 && tsr_kernels_select(levels[l], &k); l++) {
        test_magnitude(&k);
    }
    mpfr_free_cache();
    return report();
}
