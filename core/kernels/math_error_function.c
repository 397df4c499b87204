/* erf, erfc. */
#include "math/loops.h"

#include "math/error_function.h"

TSR_MATH_WIDE(erf)
TSR_MATH_NARROW(erf)
TSR_MATH_KERNELS(erf)
TSR_MATH_WIDE(erfc)
TSR_MATH_NARROW(erfc)
TSR_MATH_KERNELS(erfc)

void TSR_KERNEL_ENTRY(math_error_function)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, ERF, erf);
    TSR_MATH_ROWS(k, ERFC, erfc);
}
