/* pow, atan2, hypot. */
#include "math/loops_pair.h"

#include "math/arc.h"
#include "math/power.h"
#include "math/root.h"

TSR_MATH_PAIR(pow)
TSR_MATH_PAIR(atan2)
TSR_MATH_PAIR(hypot)

void TSR_KERNEL_ENTRY(math_pair)(tsr_kernels *k) {
    TSR_MATH_PAIR_ROWS(k, POW, pow);
    TSR_MATH_PAIR_ROWS(k, ATAN2, atan2);
    TSR_MATH_PAIR_ROWS(k, HYPOT, hypot);
}
