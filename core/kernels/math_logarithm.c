/* log, log2, log10, log1p. */
#include "math/loops.h"

#include "math/cells.h"
#include "math/float_logarithm.h"

#if defined(__AVX512F__)
#include "x86/logarithm.h"
#endif

TSR_MATH_RUN(log_slow_f32, float, TSR_F32_LANES, (float)tsr_log_narrow((double)x))
TSR_MATH_RUN_EASY(log_run_f32, float, uint32_t, TSR_F32_LANES, tsr_log_easy_f32(x), TSR_SIGN_F32,
                  tsr_log_f32(x), log_slow_f32, false)
TSR_MATH_RUN(log_slow_f64, double, TSR_F64_LANES, tsr_log_any(x))

/* The same where all are easy; tells so. n is a multiple of TSR_F64_LANES, d is not s. */
static bool log_easy_f64(const double *s, double *d, size_t n) {
#if defined(__AVX512F__)
    return tsr_log_vectors_f64(s, d, n);
#else
    tsr_parts_f64 p;
    uint64_t hard = 0;
    tsr_parts_find_f64(s, n, &p);
    TSR_INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        const double x = s[i];
        hard |= tsr_log_easy(x);
        d[i] = tsr_log_from((tsr_part_f64){p.r[i], p.s[i], p.s_lo[i]});
    }
    return hard <= TSR_SIGN_F64;
#endif
}

static void log_run_f64(const double *s, double *d, size_t n) {
    double block[TSR_MATH_CHUNK];
    for (size_t i = 0, m; i < n; i += m) {
        m = n - i < TSR_MATH_CHUNK ? n - i : TSR_MATH_CHUNK;
        m -= m % TSR_F64_LANES;
        double *to = s == d ? block : d + i;
        if (!TSR_HAS_FMA || !log_easy_f64(s + i, to, m)) {
            log_slow_f64(s + i, to, m);
        }
        if (to == block) {
            TSR_MATH_PUT(double, d + i, block, m);
        }
    }
}
TSR_MATH_KERNELS(log)
TSR_MATH_WIDE(log2)
TSR_MATH_NATIVE(log2)
TSR_MATH_KERNELS(log2)
TSR_MATH_WIDE(log10)
TSR_MATH_NATIVE(log10)
TSR_MATH_KERNELS(log10)
TSR_MATH_WIDE(log1p)
TSR_MATH_NATIVE(log1p)
TSR_MATH_KERNELS(log1p)

void TSR_KERNEL_ENTRY(math_logarithm)(tsr_kernels *k) {
    TSR_MATH_ROWS(k, LOG, log);
    TSR_MATH_ROWS(k, LOG2, log2);
    TSR_MATH_ROWS(k, LOG10, log10);
    TSR_MATH_ROWS(k, LOG1P, log1p);
}
