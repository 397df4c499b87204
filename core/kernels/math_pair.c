/* pow, atan2, hypot. */
#include "math/loops_pair.h"

#include "math/arc.h"
#include "math/power.h"
#include "math/power_float.h"
#include "math/root.h"

TSR_MATH_RUN_PAIR(pow_slow_f64, double, TSR_F64_LANES, tsr_pow(x, y, false))
TSR_MATH_RUN_PAIR(pow_slow_f32, float, TSR_F32_LANES, (float)tsr_pow((double)x, (double)y, true))

/* pow(x, y) = FAST of them and the parts of log(x), and what SLOW_RUN makes of the pair where the
 * sign bit of `hard` is set: element by element, so that no result depends on its neighbours. The
 * two are the SAME but for their speed for doubles. Where d is a or b, a chunk is collected apart.
 */
#define POWER_RUN(NAME, TYPE, WORD, SUFFIX, LANES, RESULT, FAST, SLOW_RUN, SAME)                   \
    static void NAME(const TYPE *a, const TYPE *b, TYPE *d, size_t n) {                            \
        TYPE block[TSR_MATH_CHUNK], slow[TSR_MATH_CHUNK];                                          \
        tsr_parts_##SUFFIX p;                                                                      \
        for (size_t i = 0, m; i < n; i += m) {                                                     \
            m = n - i < TSR_MATH_CHUNK ? n - i : TSR_MATH_CHUNK;                                   \
            m -= m % LANES;                                                                        \
            if (!TSR_HAS_FMA && SAME) {                                                            \
                SLOW_RUN(a + i, b + i, d + i, m);                                                  \
                continue;                                                                          \
            }                                                                                      \
            TYPE *to = d == a || d == b ? block : d + i;                                           \
            WORD any = 0;                                                                          \
            tsr_parts_find_##SUFFIX(a + i, m, &p);                                                 \
            TSR_INDEPENDENT                                                                        \
            for (size_t j = 0; j < m; j++) {                                                       \
                const RESULT r = FAST(a[i + j], b[i + j], p.r[j], p.s[j], p.s_lo[j]);              \
                to[j] = r.value;                                                                   \
                any |= r.hard;                                                                     \
            }                                                                                      \
            if (any >> (8 * sizeof(WORD) - 1)) {                                                   \
                SLOW_RUN(a + i, b + i, slow, m);                                                   \
                TSR_INDEPENDENT                                                                    \
                for (size_t j = 0; j < m; j++) {                                                   \
                    const RESULT r = FAST(a[i + j], b[i + j], p.r[j], p.s[j], p.s_lo[j]);          \
                    const TYPE y = slow[j];                                                        \
                    to[j] = (SAME) || r.hard >> (8 * sizeof(WORD) - 1) ? y : r.value;              \
                }                                                                                  \
            }                                                                                      \
            if (to == block) {                                                                     \
                TSR_MATH_PUT(TYPE, d + i, block, m);                                               \
            }                                                                                      \
        }                                                                                          \
    }
POWER_RUN(pow_run_f64, double, uint64_t, f64, TSR_F64_LANES, tsr_power, tsr_pow_fast, pow_slow_f64,
          true)
POWER_RUN(pow_run_f32, float, uint32_t, f32, TSR_F32_LANES, tsr_power_f32, tsr_pow_f32,
          pow_slow_f32, false)
TSR_MATH_PAIR_KERNELS(pow)
TSR_MATH_PAIR(atan2)
TSR_MATH_PAIR(hypot)

void TSR_KERNEL_ENTRY(math_pair)(tsr_kernels *k) {
    TSR_MATH_PAIR_ROWS(k, POW, pow);
    TSR_MATH_PAIR_ROWS(k, ATAN2, atan2);
    TSR_MATH_PAIR_ROWS(k, HYPOT, hypot);
}
