/* lgamma, digamma, erfinv, i0, sinc.
 *
 * One element at a time, in double with the C library's exp, log, sin and tan; a float32 result is
 * the double one rounded. So the file is compiled once.
 *
 * lgamma    the C library's
 * digamma   recurrence into [1, 2], and there the rational function of Boost's digamma.hpp (John
 *           Maddock, Boost Software License), whose factor x - root keeps all digits around the
 *           root; the asymptotic series (Abramowitz and Stegun 6.3.18) from 10 on; reflection
 *           (6.3.7) below 0
 * erfinv    the normal quantile of Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37, 1988
 * i0        Chebyshev series of Cephes (Moshier, i0.c), also NumPy's
 * sinc      sin(pi x)/(pi x), x reduced before it is multiplied by pi: zero at integers
 *
 * Errors, in units of the last place: lgamma as the C library's; digamma 3 above 0 and, below 0,
 * where each interval has a root, 16 of max(1/2, |digamma|); erfinv and i0 8; sinc 4. */
#define _DEFAULT_SOURCE 1 /* lgamma_r */

#include "level.h"

#include <math.h>

#define PI 0x1.921fb54442d18p+1

/* c[0] + c[1] x + ... */
static double polynomial(const double *c, int count, double x) {
    double y = c[count - 1];
    for (int i = count - 2; i >= 0; i--)
        y = y * x + c[i];
    return y;
}
#define POLYNOMIAL(c, x) polynomial(c, (int)(sizeof(c) / sizeof *(c)), x)

/* The sign of the gamma function goes to a place of its own: signgam belongs to the host. */
static double lgamma_of(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

/* On [1, 2]: (x - root) (Y + P/Q), the root in three parts. */
static double digamma_unit(double x) {
    static const double p[] = {0.25479851061131551,  -0.32555031186804491,  -0.65031853770896507,
                               -0.28919126444774784, -0.045251321448739056, -0.0020713321167745952};
    static const double q[] = {1.0,
                               2.0767117023730469,
                               1.4606242909763515,
                               0.43593529692665969,
                               0.054151797245674225,
                               0.0021284987017821144,
                               -0.55789841321675513e-6};
    const double g = x - 1569415565.0 / 0x1p30 - 381566830.0 / 0x1p60 - 0.9016312093258695918e-19;
    const double r = POLYNOMIAL(p, x - 1) / POLYNOMIAL(q, x - 1);
    return g * 0.99558162689208984 + g * r;
}

/* log x - 1/2x - sum of B(2k)/(2k x^2k) */
static double digamma_large(double x) {
    static const double b[] = {1.0 / 12,  -1.0 / 120,     1.0 / 252, -1.0 / 240,
                               1.0 / 132, -691.0 / 32760, 1.0 / 12};
    const double z = 1 / (x * x);
    return log(x) - 0.5 / x - z * POLYNOMIAL(b, z);
}

static double digamma(double x) {
    double sum = 0;
    if (x == 0)
        return copysign((double)INFINITY, -x);
    if (x < 0) {
        if (x == floor(x) || x < -0x1p52)
            return (double)NAN;
        sum = -PI / tan(PI * (x - rint(x)));
        x = 1 - x;
    }
    if (x >= 10)
        return digamma_large(x) + sum;
    while (x > 2) {
        x -= 1;
        sum += 1 / x;
    }
    if (x < 1) {
        sum -= 1 / x;
        x += 1;
    }
    return x == x ? digamma_unit(x) + sum : x;
}

static double erfinv(double x) {
    static const double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                               1.9715909503065514427e+3, 1.3731693765509461125e+4,
                               4.5921953931549871457e+4, 6.7265770927008700853e+4,
                               3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[] = {1,
                               4.2313330701600911252e+1,
                               6.8718700749205790830e+2,
                               5.3941960214247511077e+3,
                               2.1213794301586595867e+4,
                               3.9307895800092710610e+4,
                               2.8729085735721942674e+4,
                               5.2264952788528545610e+3};
    static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                               5.76949722146069140550e0,  3.64784832476320460504e0,
                               1.27045825245236838258e0,  2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                               1.78482653991729133580e0,  2.96560571828504891230e-1,
                               2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    const double root = 0x1.6a09e667f3bcdp-1, size = fabs(x); /* of 1/2 */
    if (size <= 0.85) {                                       /* r is 0.425^2 - (x/2)^2 */
        const double r = 0.25 * (0.85 - size) * (0.85 + size);
        return 0.5 * root * x * (POLYNOMIAL(a, r) / POLYNOMIAL(b, r));
    }
    if (!(size < 1))
        return size == 1 ? x * (double)INFINITY : (double)NAN;
    const double r = sqrt(-log(0.5 * (1 - size)));
    const double y = r <= 5 ? POLYNOMIAL(c, r - 1.6) / POLYNOMIAL(d, r - 1.6)
                            : POLYNOMIAL(e, r - 5) / POLYNOMIAL(f, r - 5);
    return copysign(root * y, x);
}

/* Clenshaw's sum, the last coefficient counting half. */
static double chebyshev(const double *c, int count, double x) {
    double y = c[0], before = 0, two_before = 0;
    for (int i = 1; i < count; i++) {
        two_before = before;
        before = y;
        y = x * before - two_before + c[i];
    }
    return 0.5 * (y - two_before);
}

static double i0(double x) {
    /* exp(-x) i0(x) on [0, 8] in x/2 - 2 */
    static const double near[] = {
        -4.41534164647933937950e-18, 3.33079451882223809783e-17,  -2.43127984654795469359e-16,
        1.71539128555513303061e-15,  -1.16853328779934516808e-14, 7.67618549860493561688e-14,
        -4.85644678311192946090e-13, 2.95505266312963983461e-12,  -1.72682629144155570723e-11,
        9.67580903537323691224e-11,  -5.18979560163526290666e-10, 2.65982372468238665035e-9,
        -1.30002500998624804212e-8,  6.04699502254191894932e-8,   -2.67079385394061173391e-7,
        1.11738753912010371815e-6,   -4.41673835845875056359e-6,  1.64484480707288970893e-5,
        -5.75419501008210370398e-5,  1.88502885095841655729e-4,   -5.76375574538582365885e-4,
        1.63947561694133579842e-3,   -4.32430999505057594430e-3,  1.05464603945949983183e-2,
        -2.37374148058994688156e-2,  4.93052842396707084878e-2,   -9.49010970480476444210e-2,
        1.71620901522208775349e-1,   -3.04682672343198398683e-1,  6.76795274409476084995e-1};
    /* exp(-x) sqrt(x) i0(x) from 8 on in 32/x - 2 */
    static const double far[] = {
        -7.23318048787475395456e-18, -4.83050448594418207126e-18, 4.46562142029675999901e-17,
        3.46122286769746109310e-17,  -2.82762398051658348494e-16, -3.42548561967721913462e-16,
        1.77256013305652638360e-15,  3.81168066935262242075e-15,  -9.55484669882830764870e-15,
        -4.15056934728722208663e-14, 1.54008621752140982691e-14,  3.85277838274214270114e-13,
        7.18012445138366623367e-13,  -1.79417853150680611778e-12, -1.32158118404477131188e-11,
        -3.14991652796324136454e-11, 1.18891471078464383424e-11,  4.94060238822496958910e-10,
        3.39623202570838634515e-9,   2.26666899049817806459e-8,   2.04891858946906374183e-7,
        2.89137052083475648297e-6,   6.88975834691682398426e-5,   3.36911647825569408990e-3,
        8.04490411014108831608e-1};
    const double size = fabs(x);
    if (size <= 8)
        return exp(size) * chebyshev(near, (int)(sizeof near / sizeof *near), size / 2 - 2);
    if (size == (double)INFINITY)
        return size;
    /* exp overflows before the product does. */
    const double part = size > 700 ? exp(size - 700) : exp(size);
    const double y =
        part * (chebyshev(far, (int)(sizeof far / sizeof *far), 32 / size - 2)) / sqrt(size);
    return size > 700 ? y * 0x1.d945df4f8ec8ep+1009 : y;
}

/* Infinities have no sine, here as in NumPy and PyTorch. */
static double sinc(double x) {
    const double size = fabs(x), whole = rint(size), part = size - whole;
    if (size == 0)
        return 1;
    if (part == 0)
        return 0;
    const double s = sin(PI * part) / (PI * size);
    return fmod(whole, 2) == 0 ? s : -s;
}

static void run_f64(double (*f)(double), const void *src, void *dst, size_t n) {
    const double *s = src;
    double *d = dst;
    for (size_t i = 0; i < n; i++)
        d[i] = f(s[i]);
}

static void run_f32(double (*f)(double), const void *src, void *dst, size_t n) {
    const float *s = src;
    float *d = dst;
    for (size_t i = 0; i < n; i++)
        d[i] = (float)f((double)s[i]);
}

#define KERNEL(name, f, SUFFIX)                                                                    \
    static void name##_##SUFFIX(const void *src, void *dst, size_t n) {                            \
        run_##SUFFIX(f, src, dst, n);                                                              \
    }
#define FUNCTIONS(X)                                                                               \
    X(LGAMMA, lgamma, lgamma_of)                                                                   \
    X(DIGAMMA, digamma, digamma)                                                                   \
    X(ERFINV, erfinv, erfinv)                                                                      \
    X(I0, i0, i0)                                                                                  \
    X(SINC, sinc, sinc)
#define KERNELS(NAME, name, f) KERNEL(name, f, f32) KERNEL(name, f, f64)
FUNCTIONS(KERNELS)

#define LAY(NAME, name, f)                                                                         \
    k->unary[TSR_FN_##NAME][TSR_FLOAT32] = name##_f32;                                             \
    k->unary[TSR_FN_##NAME][TSR_FLOAT64] = name##_f64;

void TSR_KERNEL_ENTRY(special)(tsr_kernels *k) {
    FUNCTIONS(LAY)
}
