/* asinh, acosh, atanh. */
#include "math/loops.h"

#include "math/logarithm.h"

TSR_MATH_WIDE(asinh)
TSR_MATH_NARROW(asinh)
TSR_MATH_KERNELS(asinh)
TSR_MATH_WIDE(acosh)
TSR_MATH_NARROW(acosh)
TSR_MATH_KERNELS(acosh)
TSR_MATH_WIDE(atanh)
TSR_MATH_NARROW(atanh)
TSR_MATH_KERNELS(atanh)

void TSR_KERNEL_ENTRY(math_area)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, ASINH, asinh);
    TSR_MATH_ROWS(k, ACOSH, acosh);
    TSR_MATH_ROWS(k, ATANH, atanh);
}
