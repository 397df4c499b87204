/* One number out of an element, and one number into an element.
 *
 * This is the scalar mirror of the conversion kernels: the same rules, for single values, at any
 * alignment. Reading widens to one of five types that hold every dtype exactly; writing goes
 * through one function per family of targets. The per-dtype parts come out of dtypes.def. */
#include "../tessera.h"
#include "ctypes.h"
#include "half.h"

#include <string.h>

/* Exact also where the host has denormals-are-zero set: a subnormal float never is an operand. */
static double widen(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if ((bits & 0x7f800000) != 0)
        return (double)f;
    double magnitude = (double)(int32_t)(bits & 0x007fffff) * 0x1p-149;
    return bits >> 31 != 0 ? -magnitude : magnitude;
}

tsr_scalar tsr_scalar_load(tsr_dtype dtype, const void *at) {
    tsr_scalar s = {.dtype = TSR_INT64};
    switch (dtype) {
#define LOAD(NAME, ctype, KIND, expression)                                                        \
    case TSR_##NAME: {                                                                             \
        ctype v;                                                                                   \
        memcpy(&v, at, sizeof v);                                                                  \
        s.dtype = TSR_##KIND;                                                                      \
        expression;                                                                                \
        break;                                                                                     \
    }
        LOAD(BOOL, uint8_t, BOOL, s.as.i = v != 0)
        LOAD(UINT8, uint8_t, INT64, s.as.i = v)
        LOAD(INT8, int8_t, INT64, s.as.i = v)
        LOAD(INT16, int16_t, INT64, s.as.i = v)
        LOAD(UINT16, uint16_t, INT64, s.as.i = v)
        LOAD(INT32, int32_t, INT64, s.as.i = v)
        LOAD(UINT32, uint32_t, INT64, s.as.i = v)
        LOAD(INT64, int64_t, INT64, s.as.i = v)
        LOAD(UINT64, uint64_t, UINT64, s.as.u = v)
        LOAD(FLOAT16, uint16_t, FLOAT64, s.as.f = tsr_f16_to_f64(v))
        LOAD(BFLOAT16, uint16_t, FLOAT64, s.as.f = tsr_bf16_to_f64(v))
        LOAD(FLOAT32, float, FLOAT64, s.as.f = widen(v))
        LOAD(FLOAT64, double, FLOAT64, s.as.f = v)
        LOAD(COMPLEX64, tsr_c64, COMPLEX128, (s.as.c[0] = widen(v.re), s.as.c[1] = widen(v.im)))
        LOAD(COMPLEX128, tsr_c128, COMPLEX128, (s.as.c[0] = v.re, s.as.c[1] = v.im))
#undef LOAD
    case TSR_DTYPE_COUNT:
        break;
    }
    return s;
}

/* Truncates and saturates; NaN is 0. The limits are powers of two, so the comparisons are exact. */
static int64_t to_signed(double f, int bits) {
    double limit = (double)(UINT64_C(1) << (bits - 1));
    int64_t most = (int64_t)((UINT64_C(1) << (bits - 1)) - 1);
    return f >= limit ? most : f <= -limit ? -most - 1 : f == f ? (int64_t)f : 0;
}

static uint64_t to_unsigned(double f, int bits) {
    double limit = 2.0 * (double)(UINT64_C(1) << (bits - 1));
    return f >= limit ? UINT64_MAX >> (64 - bits) : f > 0 ? (uint64_t)f : 0;
}

static double real_part(const tsr_scalar *v) {
    switch (v->dtype) {
    case TSR_UINT64:
        return (double)v->as.u;
    case TSR_FLOAT64:
        return v->as.f;
    case TSR_COMPLEX128:
        return v->as.c[0];
    default:
        return (double)v->as.i;
    }
}

/* To float in one rounding: integers do not pass through double. */
static float real_part_f32(const tsr_scalar *v) {
    if (v->dtype == TSR_INT64)
        return (float)v->as.i;
    if (v->dtype == TSR_UINT64)
        return (float)v->as.u;
    return (float)real_part(v);
}

static bool is_integer(const tsr_scalar *v) {
    return v->dtype == TSR_BOOL || v->dtype == TSR_INT64 || v->dtype == TSR_UINT64;
}

static bool truth(const tsr_scalar *v) {
    if (v->dtype == TSR_COMPLEX128)
        return v->as.c[0] != 0 || v->as.c[1] != 0;
    return is_integer(v) ? v->as.u != 0 : v->as.f != 0;
}

/* The low 64 bits of an integer, or a floating value saturated to a signed or unsigned width. */
static uint64_t integer(const tsr_scalar *v, const tsr_dtype_info *to) {
    if (is_integer(v))
        return v->dtype == TSR_BOOL ? (uint64_t)(v->as.i != 0) : v->as.u;
    int bits = to->itemsize * 8;
    return to->kind == 'i' ? (uint64_t)to_signed(real_part(v), bits)
                           : to_unsigned(real_part(v), bits);
}

static void store_floating(tsr_dtype dtype, void *at, const tsr_scalar *v) {
    double imaginary = v->dtype == TSR_COMPLEX128 ? v->as.c[1] : 0;
    switch (dtype) {
#define STORE(NAME, ctype, ...)                                                                    \
    case TSR_##NAME: {                                                                             \
        ctype x = __VA_ARGS__;                                                                     \
        memcpy(at, &x, sizeof x);                                                                  \
        break;                                                                                     \
    }
        STORE(FLOAT16, uint16_t,
              is_integer(v) ? tsr_f16_from_f32(real_part_f32(v)) : tsr_f16_from_f64(real_part(v)))
        STORE(BFLOAT16, uint16_t,
              is_integer(v) ? tsr_bf16_from_f32(real_part_f32(v)) : tsr_bf16_from_f64(real_part(v)))
        STORE(FLOAT32, float, real_part_f32(v))
        STORE(FLOAT64, double, real_part(v))
        STORE(COMPLEX64, tsr_c64, {real_part_f32(v), (float)imaginary})
        STORE(COMPLEX128, tsr_c128, {real_part(v), imaginary})
#undef STORE
    default:
        break;
    }
}

void tsr_scalar_store(tsr_dtype dtype, void *at, const tsr_scalar *value) {
    const tsr_dtype_info *to = tsr_dtype_describe(dtype);
    if (to->kind == 'f' || to->kind == 'c') {
        store_floating(dtype, at, value);
        return;
    }
    uint64_t bits = to->kind == 'b' ? (uint64_t)truth(value) : integer(value, to);
    uint8_t b1 = (uint8_t)bits;
    uint16_t b2 = (uint16_t)bits;
    uint32_t b4 = (uint32_t)bits;
    const void *from = to->itemsize == 1   ? (const void *)&b1
                       : to->itemsize == 2 ? (const void *)&b2
                       : to->itemsize == 4 ? (const void *)&b4
                                           : (const void *)&bits;
    memcpy(at, from, to->itemsize);
}
