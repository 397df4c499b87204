/* asin, acos, atan. */
#include "math/loops.h"

#include "math/arc.h"

TSR_MATH_WIDE(asin)
TSR_MATH_NARROW(asin)
TSR_MATH_KERNELS(asin)
TSR_MATH_WIDE(acos)
TSR_MATH_NARROW(acos)
TSR_MATH_KERNELS(acos)
TSR_MATH_WIDE(atan)
TSR_MATH_NARROW(atan)
TSR_MATH_KERNELS(atan)

void TSR_KERNEL_ENTRY(math_arc)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, ASIN, asin);
    TSR_MATH_ROWS(k, ACOS, acos);
    TSR_MATH_ROWS(k, ATAN, atan);
}
