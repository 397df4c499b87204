/* exp, exp2, expm1, sigmoid. */
#include "math/loops.h"

#include "math/exponential.h"
#include "math/float_exponential.h"

#define WITH_FAST(name)                                                                            \
    TSR_MATH_NATIVE(name)                                                                          \
    TSR_MATH_RUN(name##_slow_f64, double, TSR_F64_LANES, tsr_##name(x, false))                     \
    TSR_MATH_RUN_EASY(name##_run_f64, double, uint64_t, TSR_F64_LANES, tsr_##name##_easy(x),       \
                      tsr_##name##_fast(x), name##_slow_f64, true)                                 \
    TSR_MATH_KERNELS(name)

WITH_FAST(exp)
WITH_FAST(exp2)
TSR_MATH_WIDE(expm1)
TSR_MATH_NATIVE(expm1)
TSR_MATH_KERNELS(expm1)
TSR_MATH_WIDE(sigmoid)
TSR_MATH_NATIVE(sigmoid)
TSR_MATH_KERNELS(sigmoid)

void TSR_KERNEL_ENTRY(math_exponential)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, EXP, exp);
    TSR_MATH_ROWS(k, EXP2, exp2);
    TSR_MATH_ROWS(k, EXPM1, expm1);
    TSR_MATH_ROWS(k, SIGMOID, sigmoid);
}
