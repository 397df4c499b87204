/* Powers of integers by squaring; results wrap. A negative exponent gives what is left of the
 * fraction: 1 for 1, +-1 for -1, and 0 for every other base, 0 included (PyTorch's rule; np has an
 * error instead, raised before). */
#include "rows.h"

#define UNSIGNED_POWER(NAME, S, T, U)                                                              \
    static inline T power_##S(T x, T y) {                                                          \
        U result = 1, base = (U)x;                                                                 \
        for (U left = (U)y; left != 0; left = (U)(left >> 1)) {                                    \
            if ((left & 1) != 0)                                                                   \
                result = (U)(1u * result * base);                                                  \
            base = (U)(1u * base * base);                                                          \
        }                                                                                          \
        return (T)result;                                                                          \
    }
#define SIGNED_POWER(NAME, S, T, U)                                                                \
    UNSIGNED_POWER(NAME, S##_up, T, U)                                                             \
    static inline T power_##S(T x, T y) {                                                          \
        if (y >= 0)                                                                                \
            return power_##S##_up(x, y);                                                           \
        return x == 1 ? 1 : x == -1 ? (T)(1 - 2 * (y & 1)) : 0;                                    \
    }
#define LOOP(NAME, S, T, U) TSR_BIN(loop_##S, T, T, power_##S(x, y))
TSR_UNSIGNED(UNSIGNED_POWER)
TSR_SIGNED(SIGNED_POWER)
TSR_UNSIGNED(LOOP)
TSR_SIGNED(LOOP)

#define LAY(NAME, S, T, U) k->binary[TSR_BIN_POWER][TSR_##NAME] = loop_##S;

void TSR_KERNEL_ENTRY(power_integer)(tsr_kernels *k) {
    TSR_UNSIGNED(LAY)
    TSR_SIGNED(LAY)
}
