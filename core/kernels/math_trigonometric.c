/* sin, cos, tan. */
#include "math/loops.h"

#include "math/trigonometric.h"

#define TRIG(name)                                                                                 \
    TSR_MATH_RUN_CHECKED(name##_run_f64, double, int64_t, TSR_F64_LANES, tsr_##name(x, false),     \
                         tsr_trig_hard(x, y), tsr_##name##_any(x))                                 \
    TSR_MATH_RUN_CHECKED(name##_run_f32, float, int32_t, TSR_F32_LANES,                            \
                         (float)tsr_##name((double)x, true), (fabsf(x) > (float)TSR_TRIG_LIMIT),   \
                         (float)tsr_##name##_any((double)x))                                       \
    TSR_MATH_KERNELS(name)

TRIG(sin)
TRIG(cos)
TRIG(tan)

void TSR_KERNEL_ENTRY(math_trigonometric)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, SIN, sin);
    TSR_MATH_ROWS(k, COS, cos);
    TSR_MATH_ROWS(k, TAN, tan);
}
