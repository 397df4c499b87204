/* How the processor rounds and whether it flushes subnormals to zero: a thread's own setting, which
 * hosts change and which threads that help another must share. Trapping is no part of it: only the
 * thread that asked for traps expects them. */
#ifndef TSR_BASE_FLOAT_MODE_H
#define TSR_BASE_FLOAT_MODE_H

#include <stdint.h>

typedef uint32_t tsr_float_mode;

#if defined(__x86_64__)

/* MXCSR: flush to zero, rounding, denormals are zero */
enum { TSR_FLOAT_MODE_BITS = 0x8000 | 0x6000 | 0x0040, TSR_FLOAT_NO_TRAPS = 0x1f80 };

static inline tsr_float_mode tsr_float_mode_get(void) {
    return __builtin_ia32_stmxcsr() & TSR_FLOAT_MODE_BITS;
}

static inline void tsr_float_mode_set(tsr_float_mode mode) {
    __builtin_ia32_ldmxcsr(TSR_FLOAT_NO_TRAPS | mode);
}

#elif defined(__aarch64__)

/* FPCR: default NaN, flush to zero, rounding, flush halves to zero */
enum { TSR_FLOAT_MODE_BITS = 1 << 25 | 1 << 24 | 3 << 22 | 1 << 19 };

static inline tsr_float_mode tsr_float_mode_get(void) {
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (tsr_float_mode)fpcr & TSR_FLOAT_MODE_BITS;
}

static inline void tsr_float_mode_set(tsr_float_mode mode) {
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)mode));
}

#else

static inline tsr_float_mode tsr_float_mode_get(void) {
    return 0;
}

static inline void tsr_float_mode_set(tsr_float_mode mode) {
    (void)mode;
}

#endif
#endif
