/* log, log2, log10, log1p. */
#include "math/loops.h"

#include "math/float_native.h"
#include "math/logarithm.h"

TSR_MATH_RUN(log_slow_f32, float, TSR_F32_LANES, (float)tsr_log((double)x, true))
TSR_MATH_RUN_EASY(log_run_f32, float, uint32_t, TSR_F32_LANES, tsr_log_easy_f32(x), tsr_log_f32(x),
                  log_slow_f32, false)
TSR_MATH_RUN(log_slow_f64, double, TSR_F64_LANES, tsr_log(x, false))
TSR_MATH_RUN_EASY(log_run_f64, double, uint64_t, TSR_F64_LANES, tsr_log_easy(x), tsr_log_fast(x),
                  log_slow_f64, true)
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
