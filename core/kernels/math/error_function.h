/* erf and erfc.
 *
 * A polynomial up to 0.84. Beyond it erfc(x) = e^(-x^2) h(t)/(x + 3) with t = (x - 3)/(x + 3), the
 * square as a pair; 1 + p stands for the exponential's last factor and takes the corrections along,
 * so that little is rounded. */
#ifndef TSR_MATH_ERROR_FUNCTION_H
#define TSR_MATH_ERROR_FUNCTION_H

#include "exponential.h"

#define TSR_ERF_SEAM 0.84

/* erfc(x) for x of at least TSR_ERF_SEAM, any number below it. */
TSR_INLINE double tsr_erfc_far(double x, bool narrow) {
    x = x > 28 ? 28 : x;
    const double d = x + 3, w = 1 / d;
    if (narrow) {
        return w * tsr_poly_erfc_narrow((x - 3) * w) * tsr_exp(-x * x, narrow);
    }
    /* What w and t lack, relative to w and absolutely; h changes by its slope. */
    const tsr_pair one = tsr_two_product(w, d), top = tsr_fast_sum(-3, x);
    const tsr_pair t = tsr_two_product(top.hi, w);
    const double dw = ((1 - one.hi) - one.lo) - (x - (d - 3)) * w;
    const double dt = t.lo + (top.lo * w + t.hi * dw);
    const double h1 = tsr_poly_erfc_wide(t.hi), g = tsr_mad(w, h1, w, narrow);
    const double g_lo = tsr_mad(w, h1, w - g, narrow);
    const tsr_pair square = tsr_two_product(x, x);
    const double n = tsr_round(square.hi * -0x1.71547652b82fep+0);
    const double hi = tsr_mad_exact(n, -0x1.62e42fefa3800p-1, -square.hi);
    const double lo = n * 0x1.ef35793c76730p-45 + square.lo;
    const double r = hi - lo, rest = (hi - r) - lo;
    /* As tsr_exp_part, but the corrections join before anything large is rounded. */
    const double more = rest + (dw + dt * tsr_poly_erfc_slope(t.hi));
    const double p = r + tsr_mad(r * r, tsr_poly_exp_wide(r), more, narrow);
    return tsr_scale(g + tsr_mad(g, p, g_lo, narrow), n);
}

TSR_INLINE double tsr_erf_near(double x, bool narrow) {
    const double z = x * x;
    return x * (narrow ? tsr_poly_erf_narrow(z) : tsr_poly_erf_wide(z));
}

TSR_INLINE double tsr_erf(double x, bool narrow) {
    const double ax = tsr_abs(x);
    const double rest = tsr_erfc_far(ax, narrow);
    const double far = tsr_with_sign(1 - rest, x), near = x + tsr_erf_near(x, narrow);
    return ax < TSR_ERF_SEAM ? near : far;
}

TSR_INLINE double tsr_erfc(double x, bool narrow) {
    const double ax = tsr_abs(x);
    const double far = tsr_erfc_far(ax, narrow);
    const double near = (1 - x) - tsr_erf_near(x, narrow), back = 2 - far;
    const double y = x < 0 ? back : far;
    return ax < TSR_ERF_SEAM ? near : y;
}

#endif
