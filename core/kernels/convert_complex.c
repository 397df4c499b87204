/* Complex numbers to and from each other, their component dtype, and bool.
 *
 * All other pairs are composed: to a complex through its component, from a complex by its real
 * part. A complex number is true unless both parts are zeros, whatever the mode of the thread. */
#include "level.h"

#include "../dtype/ctypes.h"
#include "../dtype/half.h"

static inline tsr_c64 c64(float re, float im) {
    return (tsr_c64){re, im};
}

static inline tsr_c128 c128(double re, double im) {
    return (tsr_c128){re, im};
}

/* As TSR_CONVERT_LOOP, without the cast that a struct cannot have. */
#define LOOP(NAME, FROM, TO, EXPRESSION)                                                           \
    static void NAME(const void *src, void *dst, size_t n) {                                       \
        const FROM *restrict s = src;                                                              \
        TO *restrict d = dst;                                                                      \
        for (size_t i = 0; i < n; i++) {                                                           \
            const FROM x = s[i];                                                                   \
            d[i] = EXPRESSION;                                                                     \
        }                                                                                          \
    }

LOOP(f32_c64, float, tsr_c64, c64(x, 0.0f))
LOOP(f64_c128, double, tsr_c128, c128(x, 0.0))
LOOP(c64_c128, tsr_c64, tsr_c128, c128((double)x.re, (double)x.im))
LOOP(c128_c64, tsr_c128, tsr_c64, c64((float)x.re, (float)x.im))
LOOP(c64_f32, tsr_c64, float, x.re)
LOOP(c128_f64, tsr_c128, double, x.re)
LOOP(c64_bool, tsr_c64, uint8_t, ((tsr_f32_bits(x.re) | tsr_f32_bits(x.im)) << 1) != 0)
LOOP(c128_bool, tsr_c128, uint8_t, ((tsr_f64_bits(x.re) | tsr_f64_bits(x.im)) << 1) != 0)

static const tsr_convert_row rows[] = {
    {TSR_FLOAT32, TSR_COMPLEX64, f32_c64},     {TSR_FLOAT64, TSR_COMPLEX128, f64_c128},
    {TSR_COMPLEX64, TSR_COMPLEX128, c64_c128}, {TSR_COMPLEX128, TSR_COMPLEX64, c128_c64},
    {TSR_COMPLEX64, TSR_FLOAT32, c64_f32},     {TSR_COMPLEX128, TSR_FLOAT64, c128_f64},
    {TSR_COMPLEX64, TSR_BOOL, c64_bool},       {TSR_COMPLEX128, TSR_BOOL, c128_bool},
};

void TSR_KERNEL_ENTRY(convert_complex)(tsr_kernels *k) {
    tsr_lay_converts(k, rows, sizeof rows / sizeof *rows);
}
