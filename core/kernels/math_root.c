/* sqrt, rsqrt, cbrt. A square root is correctly rounded by the instruction itself. */
#include "math/loops.h"

#include "math/root.h"
#include "vectors.h"

TSR_DIVIDING
TSR_MATH_RUN(sqrt_run_f32, float, TSR_F32_LANES, sqrtf(x))
TSR_DIVIDING
TSR_MATH_RUN(sqrt_run_f64, double, TSR_F64_LANES, sqrt(x))
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
