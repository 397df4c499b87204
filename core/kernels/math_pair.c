/* pow, atan2, hypot. */
#include "math/loops_pair.h"

#include "math/arc.h"
#include "math/power.h"
#include "math/power_float.h"
#include "math/root.h"

TSR_MATH_RUN_PAIR(pow_slow_f64, double, TSR_F64_LANES, tsr_pow(x, y, false))
TSR_MATH_RUN_PAIR(pow_slow_f32, float, TSR_F32_LANES, (float)tsr_pow((double)x, (double)y, true))
TSR_MATH_RUN_PAIR_FAST(pow_run_f64, double, uint64_t, TSR_F64_LANES, tsr_power, tsr_pow_fast,
                       pow_slow_f64, true)
TSR_MATH_RUN_PAIR_FAST(pow_run_f32, float, uint32_t, TSR_F32_LANES, tsr_power_f32, tsr_pow_f32,
                       pow_slow_f32, false)
TSR_MATH_PAIR_KERNELS(pow)
TSR_MATH_PAIR(atan2)
TSR_MATH_PAIR(hypot)

void TSR_KERNEL_ENTRY(math_pair)(tsr_kernels *k) {
    TSR_MATH_PAIR_ROWS(k, POW, pow);
    TSR_MATH_PAIR_ROWS(k, ATAN2, atan2);
    TSR_MATH_PAIR_ROWS(k, HYPOT, hypot);
}
