/* Vectors of the compiler: how wide they are at this level, and what C does not offer for them. */
#ifndef TSR_KERNELS_VECTORS_H
#define TSR_KERNELS_VECTORS_H

/* Bytes of a vector, and how many vectors of accumulators a walk over numbers of `size` bytes
 * holds: enough to hide the latency of an addition, few enough to stay in registers with something
 * beside; and all the lanes of a fold where there are registers for them, so that it goes through
 * memory once. */
#if defined(__AVX512F__)
#define TSR_VECTOR         64
#define TSR_STRIP_OF(size) ((size) == 8 ? 8 : 4)
#elif defined(__AVX2__)
#define TSR_VECTOR         32
#define TSR_STRIP_OF(size) 8
#else
#define TSR_VECTOR         16
#define TSR_STRIP_OF(size) 4
#endif

#if defined(__clang__)
#define TSR_UNROLL_STRIP _Pragma("unroll")
#else
#define TSR_UNROLL_STRIP _Pragma("GCC unroll 8")
#endif

/* Stands before a loop that waits for the divider, which is no faster for vectors of 64 bytes,
 * while they slow the clock of some machines: 7 % of a root's time. */
#if defined(__AVX512F__) && !defined(__clang__)
#define TSR_DIVIDING __attribute__((target("prefer-vector-width=256")))
#else
#define TSR_DIVIDING
#endif

/* m ? x : a, by vectors; m is a comparison of them. */
#define TSR_PICK(m, x, a)                                                                          \
    ((__typeof__(a))(((m) & (__typeof__(m))(x)) | (~(m) & (__typeof__(m))(a))))

#endif
