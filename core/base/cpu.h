/* Which x86-64 level (as the psABI defines them) this machine and its operating system support. */
#ifndef TSR_BASE_CPU_H
#define TSR_BASE_CPU_H

typedef enum tsr_cpu_level {
    TSR_CPU_BASE, /* what every machine of the architecture has; the only level outside x86-64 */
    TSR_CPU_V2,   /* up to SSE4.2 and POPCNT */
    TSR_CPU_V3,   /* AVX2, FMA, F16C, BMI */
    TSR_CPU_V4,   /* AVX-512 F, BW, CD, DQ, VL */
    TSR_CPU_LEVEL_COUNT
} tsr_cpu_level;

/* The highest level that runs here. Asks the processor each time, which a virtual machine may
 * answer slowly: call it once and keep the answer. */
tsr_cpu_level tsr_cpu_detect(void);

/* "base", "v2", "v3", "v4" (borrowed, static). */
const char *tsr_cpu_level_name(tsr_cpu_level level);

#endif
