/* How many elements a run of the vector math takes at a time, a line of 64 bytes, and how to keep
 * what drives the runs from being copied for each of them. */
#ifndef TSR_MATH_LANES_H
#define TSR_MATH_LANES_H

enum { TSR_F32_LANES = 16, TSR_F64_LANES = 8 };

#if defined(__clang__)
#define TSR_ONE_COPY __attribute__((noinline))
#else
#define TSR_ONE_COPY __attribute__((noipa))
#endif

#endif
