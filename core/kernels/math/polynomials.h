/* Polynomials, written by scripts/tools/polynomials.sollya: do not edit.
 *
 * Each is the best one for its interval and degree with coefficients of its type (Sollya's
 * fpminimax). The comment says what it stands in for, and the largest relative error of the
 * whole expression, before rounding. */
#ifndef TSR_MATH_POLYNOMIALS_H
#define TSR_MATH_POLYNOMIALS_H

#include "number.h"

/* exp(x) = 1 + x + x^2 p(x), |x| <= ln(2)/2.
 * Error 2^-57. */
TSR_INLINE double tsr_poly_exp_wide(double x) {
    const double z = x * x;
    double y = 0x1.ad9303fd412f7p-26;
    double w = 0x1.28adfefa6f8a2p-22;
    y = tsr_mad_double(y, z, 0x1.71df18e255081p-19);
    w = tsr_mad_double(w, z, 0x1.a019995cdc7d6p-16);
    y = tsr_mad_double(y, z, 0x1.a01a012ff2941p-13);
    w = tsr_mad_double(w, z, 0x1.6c16c18477aefp-10);
    y = tsr_mad_double(y, z, 0x1.1111111126b3p-7);
    w = tsr_mad_double(w, z, 0x1.55555555506bap-5);
    y = tsr_mad_double(y, z, 0x1.55555555554fep-3);
    w = tsr_mad_double(w, z, 0x1.000000000000ap-1);
    return tsr_mad_double(y, x, w);
}

#define tsr_terms_exp_wide                                                                         \
    0x1.ad9303fd412f7p-26, 0x1.28adfefa6f8a2p-22, 0x1.71df18e255081p-19, 0x1.a019995cdc7d6p-16,    \
        0x1.a01a012ff2941p-13, 0x1.6c16c18477aefp-10, 0x1.1111111126b3p-7, 0x1.55555555506bap-5,   \
        0x1.55555555554fep-3, 0x1.000000000000ap-1

/* exp(x) = 1 + x + x^2 p(x), |x| <= ln(2)/2.
 * Error 2^-33. */
TSR_INLINE double tsr_poly_exp_narrow(double x) {
    double y = 0x1.9f089613dade7p-13;
    y = tsr_mad_plain(y, x, 0x1.6d8d06cfec461p-10);
    y = tsr_mad_plain(y, x, 0x1.111270b30cf55p-7);
    y = tsr_mad_plain(y, x, 0x1.55548dc49f00bp-5);
    y = tsr_mad_plain(y, x, 0x1.555554433c108p-3);
    y = tsr_mad_plain(y, x, 0x1.0000003a23723p-1);
    return y;
}

/* exp(x) = 1 + x + x^2 p(x), |x| <= ln(2)/2.
 * Error 2^-27. */
TSR_INLINE float tsr_poly_exp_float(float x) {
    float y = 0x1.694ca6p-10f;
    y = tsr_mad_float(y, x, 0x1.12398p-7f);
    y = tsr_mad_float(y, x, 0x1.555a26p-5f);
    y = tsr_mad_float(y, x, 0x1.555492p-3f);
    y = tsr_mad_float(y, x, 0x1.fffffap-2f);
    return y;
}

#define tsr_terms_exp_float                                                                        \
    0x1.694ca6p-10f, 0x1.12398p-7f, 0x1.555a26p-5f, 0x1.555492p-3f, 0x1.fffffap-2f

/* exp(x) = 1 + x + x^2 p(x), |x| <= ln(2)/2.
 * Error 2^-30. */
TSR_INLINE float tsr_poly_expm1_float(float x) {
    float y = 0x1.9e0bfep-13f;
    y = tsr_mad_float(y, x, 0x1.6d436ap-10f);
    y = tsr_mad_float(y, x, 0x1.111306p-7f);
    y = tsr_mad_float(y, x, 0x1.5554fp-5f);
    y = tsr_mad_float(y, x, 0x1.555554p-3f);
    y = tsr_mad_float(y, x, 0x1p-1f);
    return y;
}

/* 2^x = 1 + x p(x), |x| <= 1/2.
 * Error 2^-59. */
TSR_INLINE double tsr_poly_exp2_wide(double x) {
    double y = 0x1.de38e460c4571p-36;
    y = tsr_mad_double(y, x, 0x1.eafd8df67f2b1p-32);
    y = tsr_mad_double(y, x, 0x1.e4bbcaccb6227p-28);
    y = tsr_mad_double(y, x, 0x1.b524233d501efp-24);
    y = tsr_mad_double(y, x, 0x1.62c027b412e3cp-20);
    y = tsr_mad_double(y, x, 0x1.ffcbfcdb13ad8p-17);
    y = tsr_mad_double(y, x, 0x1.430912f701b18p-13);
    y = tsr_mad_double(y, x, 0x1.5d87fe7888e0dp-10);
    y = tsr_mad_double(y, x, 0x1.3b2ab6fba53b7p-7);
    y = tsr_mad_double(y, x, 0x1.c6b08d704a182p-5);
    y = tsr_mad_double(y, x, 0x1.ebfbdff82c58dp-3);
    y = tsr_mad_double(y, x, 0x1.62e42fefa39efp-1);
    return y;
}

/* 2^x = 1 + x p(x), |x| <= 1/2.
 * Error 2^-33. */
TSR_INLINE double tsr_poly_exp2_narrow(double x) {
    double y = 0x1.fde5cc4829635p-17;
    y = tsr_mad_plain(y, x, 0x1.445ca6a8e2294p-13);
    y = tsr_mad_plain(y, x, 0x1.5d8a8683572afp-10);
    y = tsr_mad_plain(y, x, 0x1.3b29f3757ab08p-7);
    y = tsr_mad_plain(y, x, 0x1.c6b08abf986a4p-5);
    y = tsr_mad_plain(y, x, 0x1.ebfbe077ae069p-3);
    y = tsr_mad_plain(y, x, 0x1.62e42ff0e2147p-1);
    return y;
}

/* 2^x = 1 + x p(x), |x| <= 1/2.
 * Error 2^-27. */
TSR_INLINE float tsr_poly_exp2_float(float x) {
    float y = 0x1.3fad5cp-13f;
    y = tsr_mad_float(y, x, 0x1.5f0ca8p-10f);
    y = tsr_mad_float(y, x, 0x1.3b3096p-7f);
    y = tsr_mad_float(y, x, 0x1.c6af74p-5f);
    y = tsr_mad_float(y, x, 0x1.ebfbd8p-3f);
    y = tsr_mad_float(y, x, 0x1.62e43p-1f);
    return y;
}

/* sinh(r) = r + r^3 p(r^2), |r| <= ln(2)/2.
 * Error 2^-64. */
TSR_INLINE double tsr_poly_sinh_wide(double x) {
    double y = 0x1.73ea4442415d4p-33;
    y = tsr_mad_double(y, x, 0x1.ae568792387d6p-26);
    y = tsr_mad_double(y, x, 0x1.71de3e3b096cap-19);
    y = tsr_mad_double(y, x, 0x1.a01a019f12e0bp-13);
    y = tsr_mad_double(y, x, 0x1.111111111130bp-7);
    y = tsr_mad_double(y, x, 0x1.5555555555555p-3);
    return y;
}

/* sinh(r) = r + r^3 p(r^2), |r| <= ln(2)/2.
 * Error 2^-37. */
TSR_INLINE double tsr_poly_sinh_narrow(double x) {
    double y = 0x1.a16f89677a30ep-13;
    y = tsr_mad_plain(y, x, 0x1.1110b2096812dp-7);
    y = tsr_mad_plain(y, x, 0x1.555555735e155p-3);
    return y;
}

/* cosh(r) = 1 + r^2 p(r^2), |r| <= ln(2)/2.
 * Error 2^-69. */
TSR_INLINE double tsr_poly_cosh_wide(double x) {
    double y = 0x1.1f8ba5925f906p-29;
    y = tsr_mad_double(y, x, 0x1.27e4cc2f59956p-22);
    y = tsr_mad_double(y, x, 0x1.a01a01ad742b4p-16);
    y = tsr_mad_double(y, x, 0x1.6c16c16c1501p-10);
    y = tsr_mad_double(y, x, 0x1.5555555555558p-5);
    y = tsr_mad_double(y, x, 0x1p-1);
    return y;
}

/* cosh(r) = 1 + r^2 p(r^2), |r| <= ln(2)/2.
 * Error 2^-34. */
TSR_INLINE double tsr_poly_cosh_narrow(double x) {
    double y = 0x1.6d96368c5c70ep-10;
    y = tsr_mad_plain(y, x, 0x1.5554809d2c765p-5);
    y = tsr_mad_plain(y, x, 0x1.00000042e6e5ep-1);
    return y;
}

/* tanh by cells: see tsr_tanh_f32. */
static const float tsr_tanh_cells[8][16] = {
    {0, 0x1.13f238p-3f, 0x1.823bap-3f, 0x1.159e58p-2f, 0x1.8024p-2f, 0x1.140378p-1f, 0x1.850c62p-1f,
     0x1.127388p0f, 0x1.8180bep0f, 0x1.107718p1f, 0x1.83d6d8p1f, 0x1.127c1cp2f, 0x1.8271f8p2f,
     0x1.03aaf8p3f, 0x1.6dff2ap3f, 0x1.6dff2ap3f},
    {0, 0x1.1249cep-3f, 0x1.7db7dap-3f, 0x1.0f02ccp-2f, 0x1.6f149ep-2f, 0x1.f81cfap-2f,
     0x1.48307p-1f, 0x1.949a94p-1f, 0x1.cff9e8p-1f, 0x1.f1b3a2p-1f, 0x1.fd9d78p-1f, 0x1.ffcea8p-1f,
     0x1.fffe82p-1f, 0x1.fffffap-1f, 0x1p0f, 0x1p0f},
    {0, 0x1.f6d0fp-1f, 0x1.ee369ap-1f, 0x1.dc2322p-1f, 0x1.be347cp-1f, 0x1.83e9bcp-1f,
     0x1.2da1ecp-1f, 0x1.8087cp-2f, 0x1.6e2c2p-3f, 0x1.c32808p-5f, 0x1.308ef2p-7f, 0x1.8ac15p-11f,
     0x1.7e78e4p-16f, 0x1.80aa6cp-22f, -0x1.908f44p-25f, -0x1.908f44p-25f},
    {-0x1.588adap-26f, -0x1.0d5dfp-3f, -0x1.7074c4p-3f, -0x1.f80eaap-3f, -0x1.3fe8aep-2f,
     -0x1.7df016p-2f, -0x1.82b09p-2f, -0x1.2fdf34p-2f, -0x1.4bd38ap-3f, -0x1.b68e3ep-5f,
     -0x1.2f25fap-7f, -0x1.8aba1p-11f, -0x1.7ed386p-16f, -0x1.8274fp-22f, -0x1.df4828p-24f,
     -0x1.df4828p-24f},
    {-0x1.5554a6p-2f, -0x1.3d50a8p-2f, -0x1.27260ap-2f, -0x1.f56058p-3f, -0x1.6d926ep-3f,
     -0x1.1a4bacp-4f, 0x1.7632d8p-5f, 0x1.bfd218p-4f, 0x1.65581ap-4f, 0x1.13f81ap-5f,
     0x1.9025aap-8f, 0x1.058ebap-11f, 0x1.f4d38cp-17f, 0x1.f7f75ep-23f, -0x1.c62fdcp-24f,
     -0x1.c62fdcp-24f},
    {-0x1.cf69e2p-14f, 0x1.442b5p-4f, 0x1.ca859ap-4f, 0x1.2e9b94p-3f, 0x1.58cf4ep-3f,
     0x1.44583cp-3f, 0x1.8bc9dcp-4f, 0x1.9a32cp-7f, -0x1.9a8588p-6f, -0x1.e87136p-7f,
     -0x1.881ba2p-9f, -0x1.03623p-12f, -0x1.ee77d6p-18f, -0x1.e58a1ep-24f, -0x1.bd2956p-25f,
     -0x1.bd2956p-25f},
    {0x1.153eeep-3f, 0x1.67b988p-2f, 0x1.adec2cp-4f, 0x1.85ecbp-5f, 0x1.255f42p-6f, -0x1.3ca386p-5f,
     -0x1.047914p-4f, -0x1.37636ep-5f, -0x1.73c82p-9f, 0x1.2050cap-8f, 0x1.377d36p-10f,
     0x1.c869d2p-14f, 0x1.dd550ap-19f, 0x1.e1ccaep-25f, -0x1.bcc65cp-27f, -0x1.bcc65cp-27f},
    {-0x1.18f838p-6f, 0x1.51b052p3f, 0x1.212e36p0f, -0x1.c9f1d4p-2f, -0x1.c2a3d4p-4f,
     -0x1.bbf7cp-5f, -0x1.b1d42ap-10f, 0x1.38c582p-6f, 0x1.d93b08p-8f, -0x1.fb95f2p-12f,
     -0x1.8cf5b4p-12f, -0x1.446e06p-15f, -0x1.549e54p-20f, -0x1.753332p-26f, -0x1.854588p-30f,
     -0x1.854588p-30f}};

/* tanh(r) = r + r^3 p(r^2), |r| <= 0.55.
 * Error 2^-60. */
TSR_INLINE double tsr_poly_tanh_wide(double x) {
    double y = -0x1.4708a33a57ee4p-16;
    y = tsr_mad_double(y, x, 0x1.5d70cd60174e7p-14);
    y = tsr_mad_double(y, x, -0x1.e96e78dcbddbbp-13);
    y = tsr_mad_double(y, x, 0x1.34838be5f966dp-11);
    y = tsr_mad_double(y, x, -0x1.7d8fcf2a8c1d9p-10);
    y = tsr_mad_double(y, x, 0x1.d6d29b3588a5dp-9);
    y = tsr_mad_double(y, x, -0x1.226e2f11d0dc4p-7);
    y = tsr_mad_double(y, x, 0x1.664f4859590c5p-6);
    y = tsr_mad_double(y, x, -0x1.ba1ba1b97d0cfp-5);
    y = tsr_mad_double(y, x, 0x1.1111111110794p-3);
    y = tsr_mad_double(y, x, -0x1.555555555554fp-2);
    return y;
}

/* tanh(r) = r + r^3 p(r^2), |r| <= 0.55.
 * Error 2^-34. */
TSR_INLINE double tsr_poly_tanh_narrow(double x) {
    double y = 0x1.3a055398eace4p-9;
    y = tsr_mad_plain(y, x, -0x1.13b528f218094p-7);
    y = tsr_mad_plain(y, x, 0x1.64e3c22fa39dap-6);
    y = tsr_mad_plain(y, x, -0x1.ba09960bb106ap-5);
    y = tsr_mad_plain(y, x, 0x1.1110dbdbcf8d7p-3);
    y = tsr_mad_plain(y, x, -0x1.555554ec403c8p-2);
    return y;
}

/* log((1 + s)/(1 - s)) = 2 s + s^3 p(s^2), |s| <= 0.1716.
 * Error 2^-58. */
TSR_INLINE double tsr_poly_log_wide(double x) {
    const double z = x * x;
    double y = 0x1.2f041b9935b2bp-3;
    double w = 0x1.39a1e2da05accp-3;
    y = tsr_mad_double(y, z, 0x1.74663d045ec52p-3);
    w = tsr_mad_double(w, z, 0x1.c71c521481031p-3);
    y = tsr_mad_double(y, z, 0x1.24924941e082ap-2);
    w = tsr_mad_double(w, z, 0x1.999999997ff2bp-2);
    y = tsr_mad_double(y, z, 0x1.5555555555592p-1);
    return tsr_mad_double(w, x, y);
}

/* log((1 + s)/(1 - s)) = 2 s + s^3 p(s^2), |s| <= 0.1716.
 * Error 2^-43. */
TSR_INLINE double tsr_poly_log_narrow(double x) {
    double y = 0x1.91142ec376144p-3;
    y = tsr_mad_plain(y, x, 0x1.c62b30fad3dbcp-3);
    y = tsr_mad_plain(y, x, 0x1.2494118ab93d7p-2);
    y = tsr_mad_plain(y, x, 0x1.999996aa5b12ap-2);
    y = tsr_mad_plain(y, x, 0x1.555555561dcfcp-1);
    return y;
}

/* log(1 + x) = x - x^2/2 + x^3 p(x), -0.293 <= x <= 0.4143.
 * Error 2^-30. */
TSR_INLINE float tsr_poly_log_float(float x) {
    float y = 0x1.13c81cp-4f;
    y = tsr_mad_float(y, x, -0x1.dda44cp-4f);
    y = tsr_mad_float(y, x, 0x1.e6def4p-4f);
    y = tsr_mad_float(y, x, -0x1.fc3ccp-4f);
    y = tsr_mad_float(y, x, 0x1.233ac2p-3f);
    y = tsr_mad_float(y, x, -0x1.555b92p-3f);
    y = tsr_mad_float(y, x, 0x1.99a47ap-3f);
    y = tsr_mad_float(y, x, -0x1.000008p-2f);
    y = tsr_mad_float(y, x, 0x1.555548p-2f);
    return y;
}

/* log(1 + x) = x - x^2/2 + x^3 p(x), -0.0469 <= x <= 0.0411.
 * Error 2^-62. */
TSR_INLINE double tsr_poly_log_cell_pair(double x) {
    const double z = x * x;
    double y = 0x1.8152607bbf70dp-4;
    double w = -0x1.9b2b275c8a2dbp-4;
    y = tsr_mad_double(y, z, 0x1.c7100c1884138p-4);
    w = tsr_mad_double(w, z, -0x1.ffff5739e0be7p-4);
    y = tsr_mad_double(y, z, 0x1.24924b3c68004p-3);
    w = tsr_mad_double(w, z, -0x1.55555564175b6p-3);
    y = tsr_mad_double(y, z, 0x1.9999999954216p-3);
    w = tsr_mad_double(w, z, -0x1.ffffffffff1f8p-3);
    y = tsr_mad_double(y, z, 0x1.555555555556ap-2);
    return tsr_mad_double(w, x, y);
}

/* log(1 + x) = x + x^2 p(x), -0.0469 <= x <= 0.0411.
 * Error 2^-57. */
TSR_INLINE double tsr_poly_log_cell(double x) {
    const double z = x * x;
    double y = -0x1.a691b8c0747e2p-4;
    double w = 0x1.c8bbe27687fc3p-4;
    y = tsr_mad_double(y, z, -0x1.fff49276d085bp-4);
    w = tsr_mad_double(w, z, 0x1.2491f802dc045p-3);
    y = tsr_mad_double(y, z, -0x1.5555570d2e6eap-3);
    w = tsr_mad_double(w, z, 0x1.999999a6569cfp-3);
    y = tsr_mad_double(y, z, -0x1.ffffffffd06fcp-3);
    w = tsr_mad_double(w, z, 0x1.555555555503dp-2);
    y = tsr_mad_double(y, z, -0x1.0000000000005p-1);
    return tsr_mad_double(w, x, y);
}

#define tsr_terms_log_cell                                                                         \
    -0x1.a691b8c0747e2p-4, 0x1.c8bbe27687fc3p-4, -0x1.fff49276d085bp-4, 0x1.2491f802dc045p-3,      \
        -0x1.5555570d2e6eap-3, 0x1.999999a6569cfp-3, -0x1.ffffffffd06fcp-3, 0x1.555555555503dp-2,  \
        -0x1.0000000000005p-1

/* log(1 + x) = x - x^2/2 + x^3 p(x), -0.0469 <= x <= 0.0411.
 * Error 2^-34. */
TSR_INLINE float tsr_poly_log_cell_float(float x) {
    const float z = x * x;
    float y = -0x1.5a4e5p-3f;
    float w = 0x1.9a55dep-3f;
    y = tsr_mad_float(y, z, -0x1.fffe66p-3f);
    w = tsr_mad_float(w, z, 0x1.555548p-2f);
    return tsr_mad_float(y, x, w);
}

/* 1/(1 + i/16) roughly, and minus its logarithm in two parts, the first a multiple of 2^-42. */
static const double tsr_log_cells[3][16] = {
    {0x1p0, 0x1.ep-1, 0x1.cp-1, 0x1.bp-1, 0x1.ap-1, 0x1.8p-1, 0x1.7p-1, 0x1.6p-1, 0x1.5p-1,
     0x1.4p-1, 0x1.4p-1, 0x1.3p-1, 0x1.2p-1, 0x1.2p-1, 0x1.1p-1, 0x1p-1},
    {0, 0x1.08598b59e4p-4, 0x1.1178e8227ep-3, 0x1.5bf406b544p-3, 0x1.a93ed3c8aep-3,
     0x1.269621134ep-2, 0x1.522ae0738ap-2, 0x1.7fafa3bd81p-2, 0x1.af5295248dp-2, 0x1.e148a1a272p-2,
     0x1.e148a1a272p-2, 0x1.0ae76e2d058p-1, 0x1.269621134d8p-1, 0x1.269621134d8p-1,
     0x1.43d9ff2f92p-1, 0x1.62e42fefa38p-1},
    {0, -0x1.7e5dd7009902cp-46, 0x1.1ef78ce2d07f2p-45, -0x1.27023eb68981cp-46,
     -0x1.8724350562169p-45, -0x1.1b61f10522625p-44, 0x1.ebe708164c759p-45, 0x1.46fb79bf6d4cbp-44,
     -0x1.17cc552774458p-45, 0x1.b36537e3375b2p-44, 0x1.b36537e3375b2p-44, -0x1.82de51de06076p-44,
     0x1.c93c1df5bb3b6p-44, 0x1.c93c1df5bb3b6p-44, 0x1.e267b0b7efae1p-44, 0x1.ef35793c7673p-45}};

/* 1/(1 + i/16) roughly, and minus its logarithm in two parts, the first a multiple of 2^-17. */
static const float tsr_log_cells_float[3][16] = {
    {0x1p0f, 0x1.ep-1f, 0x1.cp-1f, 0x1.bp-1f, 0x1.ap-1f, 0x1.8p-1f, 0x1.7p-1f, 0x1.6p-1f, 0x1.5p-1f,
     0x1.4p-1f, 0x1.4p-1f, 0x1.3p-1f, 0x1.2p-1f, 0x1.2p-1f, 0x1.1p-1f, 0x1p-1f},
    {0, 0x1.0858p-4f, 0x1.1178p-3f, 0x1.5bf4p-3f, 0x1.a94p-3f, 0x1.2696p-2f, 0x1.522ap-2f,
     0x1.7fbp-2f, 0x1.af52p-2f, 0x1.e148p-2f, 0x1.e148p-2f, 0x1.0ae7p-1f, 0x1.2696p-1f,
     0x1.2696p-1f, 0x1.43dap-1f, 0x1.62e4p-1f},
    {0, 0x1.8b59e4p-20f, 0x1.d044fcp-20f, 0x1.ad50f6p-25f, -0x1.2c3752p-19f, 0x1.089a6ep-21f,
     0x1.c0e714p-19f, -0x1.7109fap-20f, 0x1.2a491ap-19f, 0x1.4344e4p-19f, 0x1.4344e4p-19f,
     0x1.b8b416p-19f, 0x1.089a6ep-20f, 0x1.089a6ep-20f, -0x1.a0db88p-26f, 0x1.7f7d1cp-20f}};

/* sin(r) = r + r^3 p(r^2), |r| <= pi/2.
 * Error 2^-61. */
TSR_INLINE double tsr_poly_sin_wide(double x) {
    const double z = x * x;
    double y = -0x1.84b7b22ad5d7p-58;
    double w = 0x1.906d862c0ad8dp-49;
    y = tsr_mad_double(y, z, -0x1.ae6857521edbap-41);
    w = tsr_mad_double(w, z, 0x1.61242496a8113p-33);
    y = tsr_mad_double(y, z, -0x1.ae6455c1547abp-26);
    w = tsr_mad_double(w, z, 0x1.71de3a5408e07p-19);
    y = tsr_mad_double(y, z, -0x1.a01a01a017078p-13);
    w = tsr_mad_double(w, z, 0x1.11111111110ddp-7);
    y = tsr_mad_double(y, z, -0x1.5555555555555p-3);
    return tsr_mad_double(w, x, y);
}

/* sin(r) = r + r^3 p(r^2), |r| <= pi/2.
 * Error 2^-35. */
TSR_INLINE double tsr_poly_sin_narrow(double x) {
    double y = -0x1.9a6782aa42474p-26;
    y = tsr_mad_plain(y, x, 0x1.717074d5da557p-19);
    y = tsr_mad_plain(y, x, -0x1.a017d94a688d7p-13);
    y = tsr_mad_plain(y, x, 0x1.11110c4901f66p-7);
    y = tsr_mad_plain(y, x, -0x1.5555554765c07p-3);
    return y;
}

/* sin(r) = r + r^3 p(r^2), |r| <= pi/4.
 * Error 2^-62. */
TSR_INLINE double tsr_poly_sin4_wide(double x) {
    double y = -0x1.a55d96db8704cp-41;
    y = tsr_mad_double(y, x, 0x1.6114a777b48b2p-33);
    y = tsr_mad_double(y, x, -0x1.ae643d45c1e5fp-26);
    y = tsr_mad_double(y, x, 0x1.71de3a401a72fp-19);
    y = tsr_mad_double(y, x, -0x1.a01a01a006d9p-13);
    y = tsr_mad_double(y, x, 0x1.111111111108bp-7);
    y = tsr_mad_double(y, x, -0x1.5555555555555p-3);
    return y;
}

/* sin(r) = r + r^3 p(r^2), |r| <= pi/4.
 * Error 2^-37. */
TSR_INLINE double tsr_poly_sin4_narrow(double x) {
    double y = 0x1.6cd1b09c41803p-19;
    y = tsr_mad_plain(y, x, -0x1.a00f7e14d3dd2p-13);
    y = tsr_mad_plain(y, x, 0x1.111108690bfb3p-7);
    y = tsr_mad_plain(y, x, -0x1.5555554c6ffc9p-3);
    return y;
}

/* sin(r) = r + r^3 p(r^2), |r| <= pi/4.
 * Error 2^-27. */
TSR_INLINE float tsr_poly_sin4_float(float x) {
    float y = -0x1.9954p-13f;
    y = tsr_mad_float(y, x, 0x1.110778p-7f);
    y = tsr_mad_float(y, x, -0x1.555546p-3f);
    return y;
}

/* cos(r) = 1 + r^2 p(r^2), |r| <= pi/4.
 * Error 2^-33. */
TSR_INLINE float tsr_poly_cos4_float(float x) {
    float y = 0x1.99e91p-16f;
    y = tsr_mad_float(y, x, -0x1.6c0c2ap-10f);
    y = tsr_mad_float(y, x, 0x1.55554ap-5f);
    y = tsr_mad_float(y, x, -0x1p-1f);
    return y;
}

/* cos(r) = 1 - r^2/2 + r^4 p(r^2), |r| <= pi/4.
 * Error 2^-64. */
TSR_INLINE double tsr_poly_cos4_wide(double x) {
    double y = -0x1.8fa6917123386p-37;
    y = tsr_mad_double(y, x, 0x1.1ee9dbec7010ap-29);
    y = tsr_mad_double(y, x, -0x1.27e4f7f1c1054p-22);
    y = tsr_mad_double(y, x, 0x1.a01a019c8f66bp-16);
    y = tsr_mad_double(y, x, -0x1.6c16c16c15017p-10);
    y = tsr_mad_double(y, x, 0x1.555555555554bp-5);
    return y;
}

/* cos(r) = 1 - r^2/2 + r^4 p(r^2), |r| <= pi/4.
 * Error 2^-33. */
TSR_INLINE double tsr_poly_cos4_narrow(double x) {
    double y = 0x1.99eb4a88d5bf8p-16;
    y = tsr_mad_plain(y, x, -0x1.6c0c328fa43e3p-10);
    y = tsr_mad_plain(y, x, 0x1.55554a0f9864cp-5);
    return y;
}

/* asin(x) = x + x^3 p(x^2), |x| <= 1/2.
 * Error 2^-59. */
TSR_INLINE double tsr_poly_asin_wide(double x) {
    double y = 0x1.0b4a22df4e71bp-5;
    y = tsr_mad_double(y, x, -0x1.5807c00b1edb4p-6);
    y = tsr_mad_double(y, x, 0x1.63a340cecf318p-6);
    y = tsr_mad_double(y, x, 0x1.e5e0b8bac0e55p-9);
    y = tsr_mad_double(y, x, 0x1.613dd05c99373p-7);
    y = tsr_mad_double(y, x, 0x1.75855569e721ep-7);
    y = tsr_mad_double(y, x, 0x1.ca1f9315cae7dp-7);
    y = tsr_mad_double(y, x, 0x1.1c49f0292c482p-6);
    y = tsr_mad_double(y, x, 0x1.6e8bdee29a3e3p-6);
    y = tsr_mad_double(y, x, 0x1.f1c71a94e2c9bp-6);
    y = tsr_mad_double(y, x, 0x1.6db6db721283bp-5);
    y = tsr_mad_double(y, x, 0x1.333333332e13p-4);
    y = tsr_mad_double(y, x, 0x1.5555555555577p-3);
    return y;
}

/* asin(x) = x + x^3 p(x^2), |x| <= 1/2.
 * Error 2^-31. */
TSR_INLINE double tsr_poly_asin_narrow(double x) {
    double y = 0x1.335876a9a0357p-5;
    y = tsr_mad_plain(y, x, 0x1.d9184cf1af924p-7);
    y = tsr_mad_plain(y, x, 0x1.049216b9c0b94p-5);
    y = tsr_mad_plain(y, x, 0x1.6caec4dce0607p-5);
    y = tsr_mad_plain(y, x, 0x1.33387cef5ff37p-4);
    y = tsr_mad_plain(y, x, 0x1.55554c5f0ccc3p-3);
    return y;
}

/* atan(x) = x + x^3 p(x^2), |x| <= tan(pi/8).
 * Error 2^-59. */
TSR_INLINE double tsr_poly_atan_wide(double x) {
    double y = -0x1.256ae1c818bc7p-6;
    y = tsr_mad_double(y, x, 0x1.37d5d6ce4a028p-5);
    y = tsr_mad_double(y, x, -0x1.9cd2cc3bca81p-5);
    y = tsr_mad_double(y, x, 0x1.df0f4dc533831p-5);
    y = tsr_mad_double(y, x, -0x1.10ebb86a779e9p-4);
    y = tsr_mad_double(y, x, 0x1.3b11191f75b4cp-4);
    y = tsr_mad_double(y, x, -0x1.745cf8dcacc2cp-4);
    y = tsr_mad_double(y, x, 0x1.c71c70e613401p-4);
    y = tsr_mad_double(y, x, -0x1.24924922ad6edp-3);
    y = tsr_mad_double(y, x, 0x1.999999999586dp-3);
    y = tsr_mad_double(y, x, -0x1.555555555553dp-2);
    return y;
}

/* atan(x) = x + x^3 p(x^2), |x| <= tan(pi/8).
 * Error 2^-35. */
TSR_INLINE double tsr_poly_atan_narrow(double x) {
    double y = 0x1.84a086dbec8a2p-5;
    y = tsr_mad_plain(y, x, -0x1.5b2fcca3dbe48p-4);
    y = tsr_mad_plain(y, x, 0x1.c463edcafffc4p-4);
    y = tsr_mad_plain(y, x, -0x1.247ed9c1c727cp-3);
    y = tsr_mad_plain(y, x, 0x1.9999189bbbd2bp-3);
    y = tsr_mad_plain(y, x, -0x1.555554c5fdcd6p-2);
    return y;
}

/* erf(x) = x + x p(x^2), |x| <= 0.85.
 * Error 2^-55. */
TSR_INLINE double tsr_poly_erf_wide(double x) {
    double y = 0x1.6e4daf96c932ap-27;
    y = tsr_mad_double(y, x, -0x1.50f9f6376d39p-23);
    y = tsr_mad_double(y, x, 0x1.b8301cd7a901ep-20);
    y = tsr_mad_double(y, x, -0x1.f4b1b4463d781p-17);
    y = tsr_mad_double(y, x, 0x1.f9a1945ce3a5ap-14);
    y = tsr_mad_double(y, x, -0x1.c02da77d0fe27p-11);
    y = tsr_mad_double(y, x, 0x1.565bccd019509p-8);
    y = tsr_mad_double(y, x, -0x1.b82ce3111cf83p-6);
    y = tsr_mad_double(y, x, 0x1.ce2f21a03e76p-4);
    y = tsr_mad_double(y, x, -0x1.812746b037995p-2);
    y = tsr_mad_double(y, x, 0x1.06eba8214db68p-3);
    return y;
}

/* erf(x) = x + x p(x^2), |x| <= 0.85.
 * Error 2^-32. */
TSR_INLINE double tsr_poly_erf_narrow(double x) {
    double y = 0x1.729e96e21c5b6p-14;
    y = tsr_mad_plain(y, x, -0x1.b03d01dc94d3ep-11);
    y = tsr_mad_plain(y, x, 0x1.5565884faa32p-8);
    y = tsr_mad_plain(y, x, -0x1.b81d6a8480068p-6);
    y = tsr_mad_plain(y, x, 0x1.ce2eaa18fd782p-4);
    y = tsr_mad_plain(y, x, -0x1.8127455341937p-2);
    y = tsr_mad_plain(y, x, 0x1.06eba81c0f5bdp-3);
    return y;
}

/* erfc(u) exp(u^2) (u + 3) = 1 + p(x), x = (u - 3)/(u + 3), 0.84 <= u <= 28.
 * Error 2^-57. */
TSR_INLINE double tsr_poly_erfc_wide(double x) {
    double y = 0x1.f2147cbaa5145p-28;
    y = tsr_mad_double(y, x, -0x1.8c6135a8103f2p-26);
    y = tsr_mad_double(y, x, -0x1.e7a14af45b38ep-29);
    y = tsr_mad_double(y, x, 0x1.433d24dacae15p-24);
    y = tsr_mad_double(y, x, 0x1.3c105accddbc2p-25);
    y = tsr_mad_double(y, x, -0x1.0d2229f6b9fe8p-22);
    y = tsr_mad_double(y, x, -0x1.aaf59dd3ff162p-22);
    y = tsr_mad_double(y, x, 0x1.0ded4c43f3a68p-20);
    y = tsr_mad_double(y, x, 0x1.727a3af0ca72p-19);
    y = tsr_mad_double(y, x, -0x1.3ed31f65cb56bp-18);
    y = tsr_mad_double(y, x, -0x1.25152c636141dp-16);
    y = tsr_mad_double(y, x, 0x1.fe00467ae0f85p-16);
    y = tsr_mad_double(y, x, 0x1.c324fb873c80fp-14);
    y = tsr_mad_double(y, x, -0x1.2238fee56c1bap-12);
    y = tsr_mad_double(y, x, -0x1.1f78e08961433p-11);
    y = tsr_mad_double(y, x, 0x1.8dae3a28a1746p-9);
    y = tsr_mad_double(y, x, -0x1.3dd3e715f14adp-10);
    y = tsr_mad_double(y, x, -0x1.b78993d6b37d3p-6);
    y = tsr_mad_double(y, x, 0x1.e995f11b17cacp-4);
    y = tsr_mad_double(y, x, -0x1.3deb21415dcb5p-2);
    y = tsr_mad_double(y, x, 0x1.2e326945de2bp-1);
    y = tsr_mad_double(y, x, -0x1.c44c471baa376p-1);
    y = tsr_mad_double(y, x, 0x1.2f21ddd9f5e1ap-4);
    return y;
}

/* erfc(u) exp(u^2) (u + 3), x = (u - 3)/(u + 3), 0.84 <= u <= 28.
 * Error 2^-33. */
TSR_INLINE double tsr_poly_erfc_narrow(double x) {
    double y = 0x1.b72d53dfed76dp-14;
    y = tsr_mad_plain(y, x, -0x1.09915f0acc469p-12);
    y = tsr_mad_plain(y, x, -0x1.21ef3009608cbp-11);
    y = tsr_mad_plain(y, x, 0x1.8cc490b3ee06p-9);
    y = tsr_mad_plain(y, x, -0x1.3d5031445bdbbp-10);
    y = tsr_mad_plain(y, x, -0x1.b785bbcb78f55p-6);
    y = tsr_mad_plain(y, x, 0x1.e995aae3a6b9p-4);
    y = tsr_mad_plain(y, x, -0x1.3deb249b7723cp-2);
    y = tsr_mad_plain(y, x, 0x1.2e3269a6fb622p-1);
    y = tsr_mad_plain(y, x, -0x1.c44c4714f7ffbp-1);
    y = tsr_mad_plain(y, x, 0x1.12f21ddd4d323p0);
    return y;
}

/* What h'/h is for that h(x).
 * Error 2^-13. */
TSR_INLINE double tsr_poly_erfc_slope(double x) {
    double y = 0x1.764275827266ep-5;
    y = tsr_mad_plain(y, x, -0x1.42bc55474aed6p-4);
    y = tsr_mad_plain(y, x, -0x1.09d7d7bfbffc8p-4);
    y = tsr_mad_plain(y, x, 0x1.b072492f6c1ap-2);
    y = tsr_mad_plain(y, x, -0x1.a52bf91676a48p-1);
    return y;
}

/* cbrt(x), 1 <= x <= 2.
 * Error 2^-19. */
TSR_INLINE double tsr_poly_cbrt(double x) {
    double y = 0x1.5e85bdc9f844ap-8;
    y = tsr_mad_plain(y, x, -0x1.9cc43c0c3b3bcp-5);
    y = tsr_mad_plain(y, x, 0x1.9f49abaf738bbp-3);
    y = tsr_mad_plain(y, x, -0x1.e07d7ecec3e69p-2);
    y = tsr_mad_plain(y, x, 0x1.ad235005b7025p-1);
    y = tsr_mad_plain(y, x, 0x1.e4b0cc11bd6bfp-2);
    return y;
}

#endif
