/* sinh, cosh, tanh. */
#include "math/loops.h"

#include "math/exponential.h"
#include "math/float_exponential.h"
#include "math/tanh_float.h"

TSR_MATH_WIDE(sinh)
TSR_MATH_NATIVE(sinh)
TSR_MATH_KERNELS(sinh)
TSR_MATH_WIDE(cosh)
TSR_MATH_NATIVE(cosh)
TSR_MATH_KERNELS(cosh)
TSR_MATH_WIDE(tanh)

static void tanh_run_f32(const float *s, float *d, size_t n) {
    tsr_tanh_f32(s, d, n - n % TSR_F32_LANES);
}
TSR_MATH_KERNELS(tanh)

void TSR_KERNEL_ENTRY(math_hyperbolic)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, SINH, sinh);
    TSR_MATH_ROWS(k, COSH, cosh);
    TSR_MATH_ROWS(k, TANH, tanh);
}
