/* asin, acos, atan, atan2.
 *
 * asin and acos: a polynomial up to 1/2, and beyond it asin(x) = pi/2 - 2 asin(sqrt((1 - x)/2)),
 * where 1 - x is exact. atan: a quotient n/d brings the argument below tan(pi/8), and a multiple of
 * pi/4 is added; that number has few enough bits for its multiples to be exact. */
#ifndef TSR_MATH_ARC_H
#define TSR_MATH_ARC_H

#include "polynomials.h"

#define TSR_HALF_PI_HI    0x1.921fb54442d18p+0
#define TSR_HALF_PI_LO    0x1.1a62633145c07p-54
#define TSR_QUARTER_PI_HI 0x1.921fb54442d18p-1
#define TSR_QUARTER_PI_LO 0x1.1a62633145c07p-55
#define TSR_TAN_PI_8      0x1.a827999fcef32p-2

/* asin of v: its square z, its excess over v. */
TSR_INLINE double tsr_asin_excess(double v, double z, bool narrow) {
    return v * z * (narrow ? tsr_poly_asin_narrow(z) : tsr_poly_asin_wide(z));
}

TSR_INLINE double tsr_asin(double x, bool narrow) {
    const double ax = tsr_abs(x);
    const bool far = ax > 0.5;
    const double z = far ? 0.5 * (1 - ax) : ax * ax;
    const double v = far ? sqrt(z) : ax;
    const double e = tsr_asin_excess(v, z, narrow);
    const double y = TSR_HALF_PI_HI - (2 * v + (2 * e - TSR_HALF_PI_LO));
    return tsr_with_sign(far ? y : v + e, x);
}

TSR_INLINE double tsr_acos(double x, bool narrow) {
    const double ax = tsr_abs(x);
    const bool far = ax > 0.5;
    const double z = far ? 0.5 * (1 - ax) : ax * ax;
    const double v = far ? sqrt(z) : x;
    const double e = tsr_asin_excess(v, z, narrow);
    const double near = TSR_HALF_PI_HI - (v + (e - TSR_HALF_PI_LO));
    const double low = 2 * (TSR_HALF_PI_HI - (v + (e - TSR_HALF_PI_LO)));
    const double y = x < 0 ? low : 2 * (v + e);
    return far ? y : near;
}

/* quarters pi/4 + sign atan(n/d), |n/d| <= tan(pi/8). */
TSR_INLINE double tsr_atan_part(double n, double d, double quarters, double sign, bool narrow) {
    const double t = sign * (n / d), z = t * t;
    const double e = t * z * (narrow ? tsr_poly_atan_narrow(z) : tsr_poly_atan_wide(z));
    return tsr_mad_exact(quarters, TSR_QUARTER_PI_HI,
                         t + tsr_mad(quarters, TSR_QUARTER_PI_LO, e, narrow));
}

TSR_INLINE double tsr_atan(double x, bool narrow) {
    const double ax = tsr_abs(x);
    const bool mid = ax > TSR_TAN_PI_8, far = ax > 1 / TSR_TAN_PI_8;
    const double n = far ? -1 : mid ? ax - 1 : ax;
    const double d = far ? ax : mid ? ax + 1 : 1;
    return tsr_with_sign(tsr_atan_part(n, d, far ? 2 : mid ? 1 : 0, 1, narrow), x);
}

/* Of the larger and the smaller magnitude; infinities become numbers of the same ratio. */
TSR_INLINE double tsr_atan2(double y, double x, bool narrow) {
    const double ax = tsr_abs(x), ay = tsr_abs(y);
    const bool swap = ay > ax, back = tsr_f64_bits(x) >> 63;
    double large = swap ? ay : ax, small = swap ? ax : ay;
    if (!narrow) {
        const double scale = large > 0x1p1000 ? 0.25 : large < 0x1p-900 ? 0x1p100 : 1;
        small *= scale;
        large *= scale;
    }
    const bool endless = large == TSR_INF;
    small = endless ? (small == TSR_INF ? 1 : 0) : small;
    large = (endless | (large == 0)) ? 1 : large;
    const bool mid = small > TSR_TAN_PI_8 * large;
    double quarters = mid ? 1 : 0, sign = 1;
    quarters = swap ? 2 - quarters : quarters;
    sign = swap ? -sign : sign;
    quarters = back ? 4 - quarters : quarters;
    sign = back ? -sign : sign;
    const double n = mid ? small - large : small, d = mid ? small + large : large;
    const double a = tsr_with_sign(tsr_atan_part(n, d, quarters, sign, narrow), y);
    return ((x == x) & (y == y)) ? a : x + y;
}

#endif
