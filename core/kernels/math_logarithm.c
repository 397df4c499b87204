/* log, log2, log10, log1p. */
#include "math/loops.h"

#include "math/logarithm.h"

TSR_MATH_WIDE(log)
TSR_MATH_NARROW(log)
TSR_MATH_KERNELS(log)
TSR_MATH_WIDE(log2)
TSR_MATH_NARROW(log2)
TSR_MATH_KERNELS(log2)
TSR_MATH_WIDE(log10)
TSR_MATH_NARROW(log10)
TSR_MATH_KERNELS(log10)
TSR_MATH_WIDE(log1p)
TSR_MATH_NARROW(log1p)
TSR_MATH_KERNELS(log1p)

void TSR_KERNEL_ENTRY(math_logarithm)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, LOG, log);
    TSR_MATH_ROWS(k, LOG2, log2);
    TSR_MATH_ROWS(k, LOG10, log10);
    TSR_MATH_ROWS(k, LOG1P, log1p);
}
