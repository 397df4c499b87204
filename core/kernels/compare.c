/* Comparisons, which give bool, and bit operations.
 *
 * NaN equals nothing and is neither less nor greater. Complex numbers compare for equality, and by
 * real part, then imaginary part, as NumPy orders them. Shifts by the width or more, or by a
 * negative count, give what shifting bit by bit would: 0, or -1 for a negative number to the right.
 */
#include "rows.h"

#include "../dtype/ctypes.h"

#define REAL(NAME, S, T, U)                                                                        \
    TSR_BIN(equal_##S, T, uint8_t, x == y)                                                         \
    TSR_BIN(not_equal_##S, T, uint8_t, x != y)                                                     \
    TSR_BIN(less_##S, T, uint8_t, x < y)                                                           \
    TSR_BIN(less_equal_##S, T, uint8_t, x <= y)
TSR_SIGNED(REAL)
TSR_UNSIGNED(REAL)
TSR_FLOATING(REAL)

#define PAIR(NAME, S, T, F)                                                                        \
    TSR_BIN(equal_##S, T, uint8_t, (x.re == y.re) & (x.im == y.im))                                \
    TSR_BIN(not_equal_##S, T, uint8_t, (x.re != y.re) | (x.im != y.im))                            \
    TSR_BIN(less_##S, T, uint8_t, (x.re < y.re) | ((x.re == y.re) & (x.im < y.im)))                \
    TSR_BIN(less_equal_##S, T, uint8_t, (x.re < y.re) | ((x.re == y.re) & (x.im <= y.im)))
TSR_COMPLEX(PAIR)

TSR_BIN(equal_bool, uint8_t, uint8_t, (x != 0) == (y != 0))
TSR_BIN(not_equal_bool, uint8_t, uint8_t, (x != 0) != (y != 0))
TSR_BIN(less_bool, uint8_t, uint8_t, (x == 0) & (y != 0))
TSR_BIN(less_equal_bool, uint8_t, uint8_t, (x == 0) | (y != 0))
TSR_BIN(and_bool, uint8_t, uint8_t, (x != 0) & (y != 0))
TSR_BIN(or_bool, uint8_t, uint8_t, (x | y) != 0)

#define BITS(NAME, S, T, U)                                                                        \
    TSR_BIN(and_##S, T, T, x &y)                                                                   \
    TSR_BIN(or_##S, T, T, x | y)                                                                   \
    TSR_BIN(xor_##S, T, T, x ^ y)                                                                  \
    TSR_BIN(left_shift_##S, T, T, (U)y < sizeof(T) * 8 ? (U)((uint64_t)(U)x << (U)y) : 0)
TSR_SIGNED(BITS)
TSR_UNSIGNED(BITS)

#define RIGHT_SIGNED(NAME, S, T, U)                                                                \
    TSR_BIN(right_shift_##S, T, T, (U)y < sizeof(T) * 8 ? x >> (U)y : x < 0 ? -1 : 0)
#define RIGHT_UNSIGNED(NAME, S, T, U) TSR_BIN(right_shift_##S, T, T, y < sizeof(T) * 8 ? x >> y : 0)
TSR_SIGNED(RIGHT_SIGNED)
TSR_UNSIGNED(RIGHT_UNSIGNED)

#define ROW(OP, NAME, S) k->binary[TSR_BIN_##OP][TSR_##NAME] = S
#define LAY_ORDER(NAME, S, T, U)                                                                   \
    ROW(EQUAL, NAME, equal_##S);                                                                   \
    ROW(NOT_EQUAL, NAME, not_equal_##S);                                                           \
    ROW(LESS, NAME, less_##S);                                                                     \
    ROW(LESS_EQUAL, NAME, less_equal_##S);
#define LAY_BITS(NAME, S, T, U)                                                                    \
    LAY_ORDER(NAME, S, T, U)                                                                       \
    ROW(AND, NAME, and_##S);                                                                       \
    ROW(OR, NAME, or_##S);                                                                         \
    ROW(XOR, NAME, xor_##S);                                                                       \
    ROW(LEFT_SHIFT, NAME, left_shift_##S);                                                         \
    ROW(RIGHT_SHIFT, NAME, right_shift_##S);

void TSR_KERNEL_ENTRY(compare)(tsr_kernels *k) {
    TSR_SIGNED(LAY_BITS)
    TSR_UNSIGNED(LAY_BITS)
    TSR_FLOATING(LAY_ORDER)
    TSR_COMPLEX(LAY_ORDER)
    LAY_ORDER(BOOL, bool, uint8_t, uint8_t)
    ROW(AND, BOOL, and_bool);
    ROW(OR, BOOL, or_bool);
    ROW(XOR, BOOL, not_equal_bool);
}
