/* exp, exp2, expm1, sigmoid. */
#include "math/loops.h"

#include "math/exponential.h"

TSR_MATH_WIDE(exp)
TSR_MATH_NARROW(exp)
TSR_MATH_KERNELS(exp)
TSR_MATH_WIDE(exp2)
TSR_MATH_NARROW(exp2)
TSR_MATH_KERNELS(exp2)
TSR_MATH_WIDE(expm1)
TSR_MATH_NARROW(expm1)
TSR_MATH_KERNELS(expm1)
TSR_MATH_WIDE(sigmoid)
TSR_MATH_NARROW(sigmoid)
TSR_MATH_KERNELS(sigmoid)

void TSR_KERNEL_ENTRY(math_exponential)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, EXP, exp);
    TSR_MATH_ROWS(k, EXP2, exp2);
    TSR_MATH_ROWS(k, EXPM1, expm1);
    TSR_MATH_ROWS(k, SIGMOID, sigmoid);
}
