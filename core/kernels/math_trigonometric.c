/* sin, cos, tan. sin and cos of a float have three roads: float arithmetic up to 1600, doubles up
 * to 2^20, exact reduction beyond. */
#include "math/loops.h"

#include "math/float_native.h"
#include "math/trigonometric.h"

#define DOUBLE(name, NAME)                                                                         \
    TSR_MATH_RUN_CHECKED(name##_slow_f64, double, uint64_t, TSR_F64_LANES, tsr_##name(x, false),   \
                         tsr_trig_hard(x, y), tsr_##name##_any(x))                                 \
    TSR_MATH_RUN_EASY(name##_run_f64, double, uint64_t, TSR_F64_LANES, tsr_##name##_turns(x),      \
                      TSR_##NAME##_TURNS, tsr_##name(x, false), name##_slow_f64, true)             \
    TSR_MATH_KERNELS(name)
#define FLOAT(name, RUN)                                                                           \
    TSR_MATH_RUN_CHECKED(RUN, float, uint32_t, TSR_F32_LANES, (float)tsr_##name((double)x, true),  \
                         tsr_within_f32(x, 0x49800000u), (float)tsr_##name##_any((double)x))
#define NATIVE(name)                                                                               \
    TSR_MATH_RUN_EASY(name##_run_f32, float, uint32_t, TSR_F32_LANES, tsr_##name##_turns_f32(x),   \
                      TSR_TURNS_F32, tsr_##name##_f32(x), name##_slow_f32, false)

FLOAT(sin, sin_slow_f32)
NATIVE(sin)
DOUBLE(sin, SIN)
FLOAT(cos, cos_slow_f32)
NATIVE(cos)
DOUBLE(cos, COS)
FLOAT(tan, tan_run_f32)
DOUBLE(tan, TAN)

void TSR_KERNEL_ENTRY(math_trigonometric)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, SIN, sin);
    TSR_MATH_ROWS(k, COS, cos);
    TSR_MATH_ROWS(k, TAN, tan);
}
