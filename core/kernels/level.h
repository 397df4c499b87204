/* The names that tie the kernel files together: file F compiled for level L defines
 * tsr_kernels_L_F(tsr_kernels *), which lays the rows of that file over a table.
 *
 * TSR_LEVEL comes from the compiler's command line (kernels.mk). */
#ifndef TSR_KERNELS_LEVEL_H
#define TSR_KERNELS_LEVEL_H

#include "kernels.h"

#ifndef TSR_LEVEL
#define TSR_LEVEL base
#endif

/* Stands before a loop whose destination may be one of its sources exactly, element by element, so
 * that no iteration depends on another. */
#if defined(__clang__)
#define TSR_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define TSR_INDEPENDENT _Pragma("GCC ivdep")
#endif

/* Every file that is compiled once per level. */
#define TSR_KERNEL_FILES(X, level)                                                                 \
    X(level, convert_integer)                                                                      \
    X(level, convert_floating)                                                                     \
    X(level, convert_half)                                                                         \
    X(level, arithmetic_half)                                                                      \
    X(level, convert_complex)                                                                      \
    X(level, move)                                                                                 \
    X(level, transpose)                                                                            \
    X(level, swap)                                                                                 \
    X(level, make)                                                                                 \
    X(level, arithmetic)                                                                           \
    X(level, complex)                                                                              \
    X(level, compare)                                                                              \
    X(level, unary)                                                                                \
    X(level, parts)                                                                                \
    X(level, choose)                                                                               \
    X(level, find)                                                                                 \
    X(level, stream)

/* Those that are not compiled for v2, which has nothing for them that base has not: neither fused
 * multiplication nor wider vectors. */
#define TSR_KERNEL_MATH_FILES(X, level)                                                            \
    X(level, math_exponential)                                                                     \
    X(level, math_hyperbolic)                                                                      \
    X(level, math_logarithm)                                                                       \
    X(level, math_area)                                                                            \
    X(level, math_trigonometric)                                                                   \
    X(level, math_arc)                                                                             \
    X(level, math_error_function)                                                                  \
    X(level, math_root)                                                                            \
    X(level, math_pair)                                                                            \
    X(level, fold_sum)                                                                             \
    X(level, fold_order)                                                                           \
    X(level, scan)                                                                                 \
    X(level, fold_spread)                                                                          \
    X(level, fold_truth)

/* Those that are compiled once, for base, since they gain nothing from a level. */
#define TSR_KERNEL_ONCE_FILES(X, level)                                                            \
    X(level, scan_order)                                                                           \
    X(level, extreme_rows)                                                                         \
    X(level, special)                                                                              \
    X(level, complex_functions)                                                                    \
    X(level, divisors)                                                                             \
    X(level, power_integer)

#define TSR_KERNEL_ENTRY_(level, file) tsr_kernels_##level##_##file
#define TSR_KERNEL_JOIN_(level, file)  TSR_KERNEL_ENTRY_(level, file)
#define TSR_KERNEL_ENTRY(file)         TSR_KERNEL_JOIN_(TSR_LEVEL, file)

#define TSR_DECLARE_(level, file) void TSR_KERNEL_ENTRY_(level, file)(tsr_kernels *);
TSR_KERNEL_FILES(TSR_DECLARE_, base)
TSR_KERNEL_MATH_FILES(TSR_DECLARE_, base)
TSR_KERNEL_ONCE_FILES(TSR_DECLARE_, base)
#if defined(__x86_64__)
TSR_KERNEL_FILES(TSR_DECLARE_, v2)
TSR_KERNEL_FILES(TSR_DECLARE_, v3)
TSR_KERNEL_FILES(TSR_DECLARE_, v4)
TSR_KERNEL_MATH_FILES(TSR_DECLARE_, v3)
TSR_KERNEL_MATH_FILES(TSR_DECLARE_, v4)
#endif
#undef TSR_DECLARE_

/* One direct conversion, as the files list them. */
typedef struct tsr_convert_row {
    uint8_t from, to; /* tsr_dtype */
    tsr_kernel_convert *run;
} tsr_convert_row;

static inline void tsr_lay_converts(tsr_kernels *k, const tsr_convert_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        k->convert[rows[i].from][rows[i].to] = rows[i].run;
    }
}

/* Defines a conversion loop NAME: element x of type FROM becomes EXPRESSION of type TO. */
#define TSR_CONVERT_LOOP(NAME, FROM, TO, EXPRESSION)                                               \
    static void NAME(const void *src, void *dst, size_t n) {                                       \
        const FROM *restrict s = src;                                                              \
        TO *restrict d = dst;                                                                      \
        for (size_t i = 0; i < n; i++) {                                                           \
            const FROM x = s[i];                                                                   \
            d[i] = (TO)(EXPRESSION);                                                               \
        }                                                                                          \
    }

#endif
