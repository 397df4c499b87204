/* lgamma, digamma, erfinv, i0 and sinc against MPFR; the exact operations on parts of numbers
 * (nextafter, ldexp, frexp, modf, copysign, heaviside, gcd, lcm) against the C library or a naive
 * loop, at every level that this machine runs. With -v the largest errors are printed. */
#include "check.h"
#include "math_reference.h"
#include "random.h"

/* The same, but for the payload of a NaN; the sign of zero counts. */
static bool same(double a, double b) {
    return (isnan(a) && isnan(b)) || (a == b && !signbit(a) == !signbit(b));
}

/* ---- functions that MPFR has, or that are made of those ---- */

static int exact_lgamma(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    int sign;
    return mpfr_lgamma(y, &sign, x, mode);
}

/* Newton's method on erf, from what double arithmetic would give. */
static int exact_erfinv(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    mpfr_t e, slope;
    mpfr_init2(e, 300);
    mpfr_init2(slope, 300);
    mpfr_t z;
    mpfr_init2(z, 300);
    mpfr_mul_d(z, x, 0.886226925452758, mode); /* the slope at 0 */
    /* From below the iterates of a convex function overshoot once, then come down; far out, where
     * that takes long, the asymptotic value starts it. */
    if (mpfr_cmpabs_ui(x, 1) < 0 && fabs(mpfr_get_d(x, mode)) > 0.7) {
        const double t = sqrt(-log1p(-fabs(mpfr_get_d(x, mode))));
        mpfr_set_d(z, mpfr_sgn(x) * t * 0.93, mode);
    }
    for (int i = 0; i < 40; i++) {
        mpfr_erf(e, z, mode);
        mpfr_sub(e, e, x, mode);
        mpfr_sqr(slope, z, mode);
        mpfr_exp(slope, slope, mode);
        mpfr_mul(e, e, slope, mode);
        mpfr_const_pi(slope, mode);
        mpfr_sqrt(slope, slope, mode);
        mpfr_mul(e, e, slope, mode);
        mpfr_div_2ui(e, e, 1, mode);
        mpfr_sub(z, z, e, mode);
    }
    mpfr_set(y, z, mode);
    mpfr_clears(e, slope, z, (mpfr_ptr)0);
    return 0;
}

/* The power series, whose terms are positive. */
static int exact_i0(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    mpfr_t q, term;
    mpfr_init2(q, 200);
    mpfr_init2(term, 200);
    mpfr_sqr(q, x, mode);
    mpfr_div_2ui(q, q, 2, mode);
    mpfr_set_ui(term, 1, mode);
    mpfr_set_ui(y, 1, mode);
    for (unsigned long n = 1; n < 2500 && mpfr_get_exp(term) > mpfr_get_exp(y) - 160; n++) {
        mpfr_mul(term, term, q, mode);
        mpfr_div_ui(term, term, n, mode);
        mpfr_div_ui(term, term, n, mode);
        mpfr_add(y, y, term, mode);
    }
    mpfr_clears(q, term, (mpfr_ptr)0);
    return 0;
}

/* The sine of what is left of x modulo 2, which is exact. */
static int exact_sinc(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    mpfr_t pi, r;
    mpfr_init2(pi, 1300);
    mpfr_init2(r, 1300);
    mpfr_const_pi(pi, mode);
    mpfr_set_ui(r, 2, mode);
    mpfr_fmod(r, x, r, mode);
    if (mpfr_zero_p(x) || mpfr_integer_p(x)) {
        mpfr_set_ui(y, mpfr_zero_p(x) ? 1 : 0, mode);
    } else {
        mpfr_mul(r, r, pi, mode);
        mpfr_sin(r, r, mode);
        mpfr_mul(pi, pi, x, mode);
        mpfr_div(y, r, pi, mode);
    }
    mpfr_clears(pi, r, (mpfr_ptr)0);
    return 0;
}

static int exact_digamma(mpfr_t y, const mpfr_t x, mpfr_rnd_t mode) {
    return mpfr_digamma(y, x, mode);
}

/* `most` is in units of the last place; where the function has roots that nobody can resolve, of
 * max(1/2, |f(x)|). */
typedef struct special_case {
    const char *name;
    tsr_function function;
    mpfr_unary *exact;
    double low, high, most;
    bool of_one;
} special_case;

static const special_case cases[] = {
    {"lgamma", TSR_FN_LGAMMA, exact_lgamma, 1e-3, 30, 4, false},
    {"lgamma large", TSR_FN_LGAMMA, exact_lgamma, 30, 1e6, 4, false},
    {"lgamma below 0", TSR_FN_LGAMMA, exact_lgamma, -30, 0, 6, true},
    {"digamma", TSR_FN_DIGAMMA, exact_digamma, 1e-3, 20, 3, false},
    {"digamma at its root", TSR_FN_DIGAMMA, exact_digamma, 1.4616321, 1.4616322, 3, false},
    {"digamma large", TSR_FN_DIGAMMA, exact_digamma, 9, 1e6, 3, false},
    {"digamma below 0", TSR_FN_DIGAMMA, exact_digamma, -20, 0, 16, true},
    {"erfinv", TSR_FN_ERFINV, exact_erfinv, -1, 1, 8, false},
    {"erfinv at 0", TSR_FN_ERFINV, exact_erfinv, -1e-3, 1e-3, 8, false},
    {"erfinv at 1", TSR_FN_ERFINV, exact_erfinv, 0.9999999, 1, 8, false},
    {"i0", TSR_FN_I0, exact_i0, -12, 12, 8, false},
    {"i0 large", TSR_FN_I0, exact_i0, 12, 713, 8, false},
    {"sinc", TSR_FN_SINC, exact_sinc, -5, 5, 4, false},
    {"sinc large", TSR_FN_SINC, exact_sinc, 1e3, 1e9, 4, false},
};

static double off_from(const special_case *c, double x, double y, mpfr_t exact) {
    mpfr_t a;
    mpfr_init2(a, 53);
    mpfr_set_d(a, x, MPFR_RNDN);
    c->exact(exact, a, MPFR_RNDN);
    mpfr_clear(a);
    if (c->of_one && mpfr_regular_p(exact) && mpfr_cmpabs_ui(exact, 1) < 0) {
        return fabs(y - mpfr_get_d(exact, MPFR_RNDN)) * 0x1p53;
    }
    return units_off(y, exact, format_f64);
}

static void test_function(const tsr_kernels *k, const special_case *c, bool verbose) {
    enum { N = 1500 };
    static double x[N], y[N];
    static float p[N], q[N];
    double worst = 0, at = 0;
    for (int i = 0; i < N; i++) {
        x[i] = random_between(c->low, c->high);
    }
    k->unary[c->function][TSR_FLOAT64](x, y, N);
    mpfr_t exact;
    mpfr_init2(exact, 160);
    for (int i = 0; i < N; i++) {
        const double off = off_from(c, x[i], y[i], exact);
        CHECK_OR(off <= c->most, "%s(%a) = %a: %g units off", c->name, x[i], y[i], off);
        at = off > worst ? x[i] : at;
        worst = off > worst ? off : worst;
    }
    mpfr_clear(exact);
    for (int i = 0; i < N; i++) {
        p[i] = (float)x[i];
        x[i] = (double)p[i];
    }
    k->unary[c->function][TSR_FLOAT64](x, y, N);
    k->unary[c->function][TSR_FLOAT32](p, q, N);
    for (int i = 0; i < N; i++) {
        CHECK_OR(same((double)q[i], (double)(float)y[i]), "%s(%af) = %af", c->name, x[i],
                 (double)q[i]);
    }
    if (verbose) {
        printf("%-20s %.3f at %a\n", c->name, worst, at);
    }
}

static void test_values(const tsr_kernels *k) {
    const double inf = INFINITY, nan = NAN;
    const struct {
        tsr_function function;
        double x, y;
    } values[] = {
        {TSR_FN_LGAMMA, 1, 0},       {TSR_FN_LGAMMA, 2, 0},
        {TSR_FN_LGAMMA, 0, inf},     {TSR_FN_LGAMMA, -0.0, inf},
        {TSR_FN_LGAMMA, -3, inf},    {TSR_FN_LGAMMA, inf, inf},
        {TSR_FN_LGAMMA, -inf, inf},  {TSR_FN_LGAMMA, nan, nan},
        {TSR_FN_DIGAMMA, 0, -inf},   {TSR_FN_DIGAMMA, -0.0, inf},
        {TSR_FN_DIGAMMA, -1, nan},   {TSR_FN_DIGAMMA, -1e300, nan},
        {TSR_FN_DIGAMMA, -inf, nan}, {TSR_FN_DIGAMMA, inf, inf},
        {TSR_FN_DIGAMMA, nan, nan},  {TSR_FN_DIGAMMA, 1e-310, -inf},
        {TSR_FN_ERFINV, 0, 0},       {TSR_FN_ERFINV, -0.0, -0.0},
        {TSR_FN_ERFINV, 1, inf},     {TSR_FN_ERFINV, -1, -inf},
        {TSR_FN_ERFINV, 1.5, nan},   {TSR_FN_ERFINV, -inf, nan},
        {TSR_FN_ERFINV, nan, nan},   {TSR_FN_I0, 0, 1},
        {TSR_FN_I0, -0.0, 1},        {TSR_FN_I0, inf, inf},
        {TSR_FN_I0, -inf, inf},      {TSR_FN_I0, 720, inf},
        {TSR_FN_I0, 1e300, inf},     {TSR_FN_I0, nan, nan},
        {TSR_FN_SINC, 0, 1},         {TSR_FN_SINC, -0.0, 1},
        {TSR_FN_SINC, 1e-310, 1},    {TSR_FN_SINC, 3, 0},
        {TSR_FN_SINC, -2, 0},        {TSR_FN_SINC, 1e300, 0},
        {TSR_FN_SINC, inf, nan},     {TSR_FN_SINC, nan, nan},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double y;
        k->unary[values[i].function][TSR_FLOAT64](&values[i].x, &y, 1);
        CHECK_OR(same(y, values[i].y), "function %d of %g is %g, not %g", (int)values[i].function,
                 values[i].x, y, values[i].y);
    }
}

/* ---- exact operations ---- */

enum { COUNT = 4096 };

static double any_double(void) {
    static const double values[] = {0.0,      -0.0, 1,         -1,       0x1p-1074, -0x1p-1074,
                                    INFINITY, NAN,  -INFINITY, 0x1p-149, 0x1p1023,  0x1p-1022};
    const uint64_t r = random64();
    return r % 3 == 0   ? values[r / 4 % (sizeof values / sizeof *values)]
           : r % 3 == 1 ? tsr_f64_of(random64())
                        : random_between(-9, 9);
}

static void test_floats(const tsr_kernels *k) {
    static double x[COUNT], y[COUNT], z[COUNT];
    static float p[COUNT], q[COUNT], r[COUNT];
    static int32_t e[COUNT], got[COUNT];
    for (int i = 0; i < COUNT; i++) {
        x[i] = any_double(), y[i] = i % 5 ? any_double() : x[i];
        e[i] = i % 4 ? (int32_t)random_between(-2300, 2300) : (int32_t)random64();
        p[i] = i % 2 ? (float)x[i] : tsr_f32_of((uint32_t)random64()), q[i] = (float)y[i];
        if (i % 3 == 0) { /* to where results are subnormal */
            int own;
            frexp(x[i], &own);
            e[i] = -1022 - own - (int)(random64() % 60);
            if (i % 2) { /* where a first factor would lose bits before the last one does */
                x[i] = random_between(-1, 1) * pow(2, -random_between(0, 9));
                frexp(x[i], &own);
                e[i] = -1023 + own - (int)(random64() % 4);
            }
        }
    }
#define BINARY(OP, WANT64, WANT32)                                                                 \
    k->binary[TSR_BIN_##OP][TSR_FLOAT64](x, y, z, COUNT);                                          \
    k->binary[TSR_BIN_##OP][TSR_FLOAT32](p, q, r, COUNT);                                          \
    for (int i = 0; i < COUNT; i++) {                                                              \
        CHECK_OR(same(z[i], WANT64), #OP "(%a, %a) = %a", x[i], y[i], z[i]);                       \
        CHECK_OR(same((double)r[i], (double)(WANT32)), #OP "(%af, %af) = %af", (double)p[i],       \
                 (double)q[i], (double)r[i]);                                                      \
    }
    BINARY(NEXTAFTER, nextafter(x[i], y[i]), nextafterf(p[i], q[i]))
    BINARY(COPYSIGN, copysign(x[i], y[i]), copysignf(p[i], q[i]))
    BINARY(HEAVISIDE,
           isnan(x[i]) ? x[i]
           : x[i] == 0 ? y[i]
                       : (x[i] > 0),
           isnan(p[i]) ? p[i]
           : p[i] == 0 ? q[i]
                       : (float)(p[i] > 0))
    k->binary[TSR_BIN_LDEXP][TSR_FLOAT64](x, e, z, COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK_OR(same(z[i], ldexp(x[i], e[i])), "ldexp(%a, %d) = %a", x[i], e[i], z[i]);
    }
    for (int i = 0; i < COUNT; i += 3) {
        int own;
        frexpf(p[i], &own);
        e[i] = -126 - own - (int)(random64() % 30);
    }
    k->binary[TSR_BIN_LDEXP][TSR_FLOAT32](p, e, r, COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK_OR(same((double)r[i], (double)ldexpf(p[i], e[i])), "ldexpf(%a, %d) = %a",
                 (double)p[i], e[i], (double)r[i]);
    }
#define UNARY(OP, WANT64, WANT32)                                                                  \
    k->simple[TSR_UN_##OP][TSR_FLOAT64](x, z, COUNT);                                              \
    k->simple[TSR_UN_##OP][TSR_FLOAT32](p, r, COUNT);                                              \
    for (int i = 0; i < COUNT; i++) {                                                              \
        double whole;                                                                              \
        float wholef;                                                                              \
        int own;                                                                                   \
        (void)whole, (void)wholef, (void)own;                                                      \
        CHECK_OR(same(z[i], WANT64), #OP "(%a) = %a", x[i], z[i]);                                 \
        CHECK_OR(same((double)r[i], (double)(WANT32)), #OP "(%af) = %af", (double)p[i],            \
                 (double)r[i]);                                                                    \
    }
    UNARY(FRACTION, modf(x[i], &whole), modff(p[i], &wholef))
    UNARY(MANTISSA, frexp(x[i], &own), frexpf(p[i], &own))
    UNARY(ANGLE,
          isnan(x[i]) ? x[i]
          : x[i] < 0  ? 3.141592653589793
                      : 0,
          isnan(p[i]) ? p[i]
          : p[i] < 0  ? 3.14159274f
                      : 0)
    for (int wide = 0; wide < 2; wide++) {
        k->simple[TSR_UN_EXPONENT][wide ? TSR_FLOAT64 : TSR_FLOAT32](wide ? (const void *)x : p,
                                                                     got, COUNT);
        for (int i = 0; i < COUNT; i++) {
            const double v = wide ? x[i] : (double)p[i];
            int own = 0;
            frexp(v, &own);
            CHECK_OR(got[i] == (isfinite(v) ? own : 0), "exponent of %a is %d", v, got[i]);
        }
    }
}

/* Of 16 bits: the neighbour is the nearest of all numbers in that direction. */
static void test_next_half(const tsr_kernels *k, tsr_dtype t) {
    float (*const widen)(uint16_t) = t == TSR_FLOAT16 ? tsr_f16_to_f32 : tsr_bf16_to_f32;
    const uint16_t inf = t == TSR_FLOAT16 ? 0x7c00 : 0x7f80;
    for (int i = 0; i < 65536; i++) {
        const uint16_t x = (uint16_t)i, up = inf, down = inf | 0x8000, nan = 0x7fff;
        uint16_t a, b, c, d;
        k->binary[TSR_BIN_NEXTAFTER][t](&x, &up, &a, 1);
        k->binary[TSR_BIN_NEXTAFTER][t](&x, &down, &b, 1);
        k->binary[TSR_BIN_NEXTAFTER][t](&x, &x, &c, 1);
        k->binary[TSR_BIN_NEXTAFTER][t](&x, &nan, &d, 1);
        const float v = widen(x);
        CHECK_OR(isnan(widen(d)), "the neighbour of %04x towards NaN is %04x", i, (unsigned)d);
        if (isnan(v)) {
            CHECK_OR(isnan(widen(a)) && isnan(widen(b)), "the neighbour of NaN is a number");
            continue;
        }
        /* the number between x and its neighbour rounds to one of them */
        const bool tops = (x == up || widen(a) > v) && (x == down || widen(b) < v);
        const int steps = (x & 0x7fff) == 0 ? 1 : (x & 0x8000) ? x - a : a - x;
        const int back = (x & 0x7fff) == 0 ? 1 : (x & 0x8000) ? b - x : x - b;
        CHECK_OR(c == x && tops && (steps == 1 || x == up) && (back == 1 || x == down),
                 "the neighbours of %04x are %04x and %04x", i, (unsigned)b, (unsigned)a);
    }
}

static uint64_t euclid(uint64_t x, uint64_t y) {
    return y ? euclid(y, x % y) : x;
}

#define MAGNITUDE(x) ((x) < 0 ? 0 - (uint64_t)(x) : (uint64_t)(x))
#define ITSELF(x)    ((uint64_t)(x))
#define TEST_INTEGERS(T, DTYPE, SIZE_OF)                                                           \
    do {                                                                                           \
        static T x[COUNT], y[COUNT], g[COUNT], l[COUNT];                                           \
        for (int i = 0; i < COUNT; i++) {                                                          \
            const uint64_t common = random64() % 40;                                               \
            x[i] = (T)((random64() >> random64() % 64) * common);                                  \
            y[i] = (T)((random64() >> random64() % 64) * common);                                  \
            y[i] = i % 50 ? y[i] : 0, x[i] = i % 70 ? x[i] : 0;                                    \
            x[i] = i % 90 ? x[i] : (T)((uint64_t)1 << (8 * sizeof(T) - 1));                        \
        }                                                                                          \
        k->binary[TSR_BIN_GCD][DTYPE](x, y, g, COUNT);                                             \
        k->binary[TSR_BIN_LCM][DTYPE](x, y, l, COUNT);                                             \
        for (int i = 0; i < COUNT; i++) {                                                          \
            const uint64_t most = (uint64_t)-1 >> (64 - 8 * sizeof(T));                            \
            const uint64_t a = most & SIZE_OF(x[i]), b = most & SIZE_OF(y[i]),                     \
                           want = euclid(a, b);                                                    \
            CHECK_OR(g[i] == (T)want, "gcd, " #T ", %d", i);                                       \
            CHECK_OR(l[i] == (T)(want ? a / want * b : 0), "lcm, " #T ", %d", i);                  \
        }                                                                                          \
    } while (0)

static void test_divisors(const tsr_kernels *k) {
    TEST_INTEGERS(int8_t, TSR_INT8, MAGNITUDE);
    TEST_INTEGERS(int16_t, TSR_INT16, MAGNITUDE);
    TEST_INTEGERS(int32_t, TSR_INT32, MAGNITUDE);
    TEST_INTEGERS(int64_t, TSR_INT64, MAGNITUDE);
    TEST_INTEGERS(uint8_t, TSR_UINT8, ITSELF);
    TEST_INTEGERS(uint16_t, TSR_UINT16, ITSELF);
    TEST_INTEGERS(uint32_t, TSR_UINT32, ITSELF);
    TEST_INTEGERS(uint64_t, TSR_UINT64, ITSELF);
}

int main(int argc, char **argv) {
    static const char *const levels[] = {"base", "v2", "v3", "v4"};
    static tsr_kernels k;
    const bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (!tsr_kernels_select("base", &k)) {
        return 2;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_function(&k, &cases[i], verbose);
    }
    test_values(&k);
    test_divisors(&k);
    for (int l = 0; l < 4 && tsr_kernels_select(levels[l], &k); l++) {
        test_floats(&k);
        test_next_half(&k, TSR_FLOAT16);
        test_next_half(&k, TSR_BFLOAT16);
    }
    mpfr_free_cache();
    return report();
}
