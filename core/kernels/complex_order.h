/* How complex numbers are ordered: by the real part, then by the imaginary one, as NumPy does. What
 * has a NaN in either part counts as NaN. */
#ifndef TSR_KERNELS_COMPLEX_ORDER_H
#define TSR_KERNELS_COMPLEX_ORDER_H

#include "../dtype/ctypes.h"

#include <stdbool.h>

#define TSR_COMPLEX_ORDER(S, T)                                                                    \
    static inline bool tsr_is_nan_##S(T z) {                                                       \
        return (z.re != z.re) | (z.im != z.im);                                                    \
    }                                                                                              \
    static inline bool tsr_in_order_##S(T x, T y) {                                                \
        return ((x.re < y.re) & (x.im == x.im) & (y.im == y.im)) |                                 \
               ((x.re == y.re) & (x.im <= y.im));                                                  \
    }
TSR_COMPLEX_ORDER(c64, tsr_c64)
TSR_COMPLEX_ORDER(c128, tsr_c128)
#undef TSR_COMPLEX_ORDER

#endif
