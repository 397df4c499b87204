/* sqrt, rsqrt, cbrt. A square root is correctly rounded, by the instruction itself or by a quicker
 * way (x86/root.h). */
#include "math/loops.h"

#include "math/root.h"
#include "vectors.h"
#if defined(__AVX512DQ__)
#include "x86/root.h"
#endif

#if defined(__AVX512DQ__)
static void sqrt_run_f32(const float *s, float *d, size_t n) {
    tsr_sqrt_vectors_f32(s, d, n - n % TSR_F32_LANES);
}

static void sqrt_run_f64(const double *s, double *d, size_t n) {
    tsr_sqrt_vectors_f64(s, d, n - n % TSR_F64_LANES);
}
#else
TSR_DIVIDING
TSR_MATH_RUN(sqrt_run_f32, float, TSR_F32_LANES, sqrtf(x))
TSR_DIVIDING
TSR_MATH_RUN(sqrt_run_f64, double, TSR_F64_LANES, sqrt(x))
#endif
TSR_MATH_KERNELS(sqrt)
TSR_MATH_WIDE(rsqrt)
TSR_MATH_NATIVE(rsqrt)
TSR_MATH_KERNELS(rsqrt)
TSR_MATH_WIDE(cbrt)
TSR_MATH_NARROW(cbrt)
TSR_MATH_KERNELS(cbrt)

void TSR_KERNEL_ENTRY(math_root)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, SQRT, sqrt);
    TSR_MATH_ROWS(k, RSQRT, rsqrt);
    TSR_MATH_ROWS(k, CBRT, cbrt);
}
