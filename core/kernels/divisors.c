/* Greatest common divisors and least common multiples of integers, never negative but where one
 * wraps: of the least integer, whose magnitude is itself.
 *
 * Stein's algorithm in 64 bits for all types: subtractions and shifts, where Euclid's would divide.
 * Nothing of it is a vector operation, so the file is compiled once. */
#include "rows.h"

static uint64_t gcd(uint64_t x, uint64_t y) {
    if ((x == 0) | (y == 0))
        return x | y;
    const int twos = __builtin_ctzll(x | y);
    x >>= __builtin_ctzll(x);
    do {
        y >>= __builtin_ctzll(y);
        const uint64_t less = x < y ? x : y;
        y = x < y ? y - x : x - y;
        x = less;
    } while (y != 0);
    return x << twos;
}

static uint64_t lcm(uint64_t x, uint64_t y) {
    return ((x == 0) | (y == 0)) ? 0 : x / gcd(x, y) * y;
}

#define SIGNED(NAME, S, T, U)                                                                      \
    TSR_BIN(gcd_##S, T, T, (U)gcd((U)(x < 0 ? 0u - (U)x : (U)x), (U)(y < 0 ? 0u - (U)y : (U)y)))   \
    TSR_BIN(lcm_##S, T, T, (U)lcm((U)(x < 0 ? 0u - (U)x : (U)x), (U)(y < 0 ? 0u - (U)y : (U)y)))
#define UNSIGNED(NAME, S, T, U)                                                                    \
    TSR_BIN(gcd_##S, T, T, gcd(x, y))                                                              \
    TSR_BIN(lcm_##S, T, T, lcm(x, y))
TSR_SIGNED(SIGNED)
TSR_UNSIGNED(UNSIGNED)

#define LAY(NAME, S, T, U)                                                                         \
    k->binary[TSR_BIN_GCD][TSR_##NAME] = gcd_##S;                                                  \
    k->binary[TSR_BIN_LCM][TSR_##NAME] = lcm_##S;

void TSR_KERNEL_ENTRY(divisors)(tsr_kernels *k) {
    TSR_SIGNED(LAY)
    TSR_UNSIGNED(LAY)
}
