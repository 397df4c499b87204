/* sinh, cosh, tanh. */
#include "math/loops.h"

#include "math/exponential.h"
#include "math/float_native.h"

TSR_MATH_WIDE(sinh)
TSR_MATH_NARROW(sinh)
TSR_MATH_KERNELS(sinh)
TSR_MATH_WIDE(cosh)
TSR_MATH_NARROW(cosh)
TSR_MATH_KERNELS(cosh)
TSR_MATH_WIDE(tanh)
TSR_MATH_RUN(tanh_run_f32, float, TSR_F32_LANES, tsr_tanh_f32(x))
TSR_MATH_KERNELS(tanh)

void TSR_KERNEL_ENTRY(math_hyperbolic)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, SINH, sinh);
    TSR_MATH_ROWS(k, COSH, cosh);
    TSR_MATH_ROWS(k, TANH, tanh);
}
