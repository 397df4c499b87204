/* exp, exp2, expm1, sigmoid. */
#include "math/loops.h"

#include "math/exponential.h"
#include "math/float_exponential.h"
#if defined(__AVX512DQ__)
#include "x86/exponential.h"
#endif

#define FAST_F64(name)                                                                             \
    TSR_MATH_RUN(name##_slow_f64, double, TSR_F64_LANES, tsr_##name(x, false))                     \
    TSR_MATH_RUN_EASY(name##_run_f64, double, uint64_t, TSR_F64_LANES, tsr_##name##_easy(x),       \
                      TSR_SIGN_F64, tsr_##name##_fast(x), name##_slow_f64, true)

#if defined(__AVX512DQ__)
static void exp_run_f32(const float *s, float *d, size_t n) {
    tsr_exp_vectors_f32(s, d, n - n % TSR_F32_LANES);
}

static void exp_run_f64(const double *s, double *d, size_t n) {
    tsr_exp_vectors_f64(s, d, n - n % TSR_F64_LANES);
}
#else
TSR_MATH_RUN(exp_slow_f32, float, TSR_F32_LANES, tsr_exp_any_f32(x))
TSR_MATH_RUN_EASY(exp_run_f32, float, uint32_t, TSR_F32_LANES, tsr_exp_easy_f32(x), TSR_SIGN_F32,
                  tsr_exp_f32(x), exp_slow_f32, true)
FAST_F64(exp)
#endif
TSR_MATH_KERNELS(exp)
#if defined(__AVX512BW__) && defined(__AVX512VL__)
static void exp_f16(const void *src, void *dst, size_t n) {
    tsr_exp_half(src, dst, n);
}
#endif
FAST_F64(exp2)
TSR_MATH_NATIVE(exp2)
TSR_MATH_KERNELS(exp2)
TSR_MATH_WIDE(expm1)
TSR_MATH_NATIVE(expm1)
TSR_MATH_KERNELS(expm1)
TSR_MATH_WIDE(sigmoid)
TSR_MATH_NATIVE(sigmoid)
TSR_MATH_KERNELS(sigmoid)

void TSR_KERNEL_ENTRY(math_exponential)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, EXP, exp);
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    k->unary[TSR_FN_EXP][TSR_FLOAT16] = exp_f16;
#endif
    TSR_MATH_ROWS(k, EXP2, exp2);
    TSR_MATH_ROWS(k, EXPM1, expm1);
    TSR_MATH_ROWS(k, SIGMOID, sigmoid);
}
