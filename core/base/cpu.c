/* CPU features, from the processor itself.
 *
 * A level counts only when all of its features do, in the lists of the x86-64 psABI. The feature
 * bits of CPUID say what the silicon can do; whether the operating system saves the wide registers
 * over a context switch stands in XCR0. A kernel or hypervisor that leaves AVX-512 off keeps the
 * CPUID bits, and the first such instruction would then be a fault: so v3 and v4 also need XCR0's
 * consent, and XCR0 may only be read when OSXSAVE is set.
 *
 * Nothing is cached and no environment is read; the caller keeps the answer. */
#include "cpu.h"

#include <stdbool.h>

const char *tsr_cpu_level_name(tsr_cpu_level level) {
    static const char *const names[] = {"base", "v2", "v3", "v4"};
    _Static_assert(sizeof names / sizeof *names == TSR_CPU_LEVEL_COUNT, "a name for each level");
    return names[level];
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdint.h>

/* Bits of leaf 1 ECX, leaf 0x80000001 ECX, and leaf 7 EBX, by level. */
enum {
    V2_ECX1 = 1 << 0 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23, /* SSE3 SSSE3 CX16 SSE4.1
                                                                          SSE4.2 POPCNT */
    V2_EXT = 1 << 0,                                                   /* LAHF in 64-bit mode */
    V3_ECX1 = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29, /* FMA MOVBE OSXSAVE AVX F16C */
    V3_EXT = 1 << 5,                                           /* LZCNT */
    V3_EBX7 = 1 << 3 | 1 << 5 | 1 << 8,                        /* BMI1 AVX2 BMI2 */
    V3_XCR0 = 0x06,                                            /* XMM and YMM state */
    V4_XCR0 = 0xe6 /* and the masks, upper ZMM, ZMM16-31 */
};

/* F DQ CD BW VL */
static const uint32_t v4_ebx7 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;

static bool has(uint32_t word, uint32_t bits) {
    return (word & bits) == bits;
}

static uint32_t xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return low;
}

tsr_cpu_level tsr_cpu_detect(void) {
    uint32_t eax, ebx, ecx1, edx, ext = 0, ebx7 = 0, ecx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx1, &edx)) {
        return TSR_CPU_BASE;
    }
    if (!__get_cpuid(0x80000001u, &eax, &ebx, &ext, &edx)) {
        ext = 0;
    }
    if (!__get_cpuid_count(7, 0, &eax, &ebx7, &ecx, &edx)) {
        ebx7 = 0;
    }
    if (!has(ecx1, V2_ECX1) || !has(ext, V2_EXT)) {
        return TSR_CPU_BASE;
    }
    if (!has(ecx1, V3_ECX1) || !has(ext, V3_EXT) || !has(ebx7, V3_EBX7)) {
        return TSR_CPU_V2;
    }
    uint32_t saved = xcr0();
    if (!has(saved, V3_XCR0)) {
        return TSR_CPU_V2;
    }
    return (has(ebx7, v4_ebx7) && has(saved, V4_XCR0)) ? TSR_CPU_V4 : TSR_CPU_V3;
}

#else

tsr_cpu_level tsr_cpu_detect(void) {
    return TSR_CPU_BASE;
}

#endif
