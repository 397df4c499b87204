/* Random numbers that are the same in every run: xorshift64*. */
#ifndef TSR_SPEC_RANDOM_H
#define TSR_SPEC_RANDOM_H

#include <stdint.h>

static uint64_t random_state = 88172645463325252u;

static inline uint64_t random64(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1du;
}

static inline double random_between(double low, double high) {
    return low + (high - low) * ((double)(random64() >> 11) * 0x1p-53);
}

#endif
