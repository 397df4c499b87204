/* Comparisons, which give bool, and bit operations.
 *
 * NaN equals nothing and is neither less nor greater. Complex numbers compare for equality, and by
 * real part, then imaginary part, as NumPy orders them; one with a NaN has no order. The mixed
 * comparisons take int64 and uint64, in the order of their row, and compare the numbers they are.
 * Shifts by the width or more, or by a negative count, give what shifting bit by bit would: 0, or
 * -1 for a negative number to the right.
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

#define ORDER(x, y) ((x.re < y.re) & (x.im == x.im) & (y.im == y.im))
#define PAIR(NAME, S, T, F)                                                                        \
    TSR_BIN(equal_##S, T, uint8_t, (x.re == y.re) & (x.im == y.im))                                \
    TSR_BIN(not_equal_##S, T, uint8_t, (x.re != y.re) | (x.im != y.im))                            \
    TSR_BIN(less_##S, T, uint8_t, ORDER(x, y) | ((x.re == y.re) & (x.im < y.im)))                  \
    TSR_BIN(less_equal_##S, T, uint8_t, ORDER(x, y) | ((x.re == y.re) & (x.im <= y.im)))
TSR_COMPLEX(PAIR)

#define MIXED(NAME, T, U, ...)                                                                     \
    static void NAME(const void *a, const void *b, void *dst, size_t n) {                          \
        const T *p = a;                                                                            \
        const U *q = b;                                                                            \
        uint8_t *d = dst;                                                                          \
        for (size_t i = 0; i < n; i++) {                                                           \
            const T x = p[i];                                                                      \
            const U y = q[i];                                                                      \
            d[i] = (uint8_t)(__VA_ARGS__);                                                         \
        }                                                                                          \
    }
MIXED(equal_i64_u64, int64_t, uint64_t, (x >= 0) & ((uint64_t)x == y))
MIXED(not_equal_i64_u64, int64_t, uint64_t, (x < 0) | ((uint64_t)x != y))
MIXED(less_i64_u64, int64_t, uint64_t, (x < 0) | ((uint64_t)x < y))
MIXED(less_equal_i64_u64, int64_t, uint64_t, (x < 0) | ((uint64_t)x <= y))
MIXED(equal_u64_i64, uint64_t, int64_t, (y >= 0) & (x == (uint64_t)y))
MIXED(not_equal_u64_i64, uint64_t, int64_t, (y < 0) | (x != (uint64_t)y))
MIXED(less_u64_i64, uint64_t, int64_t, (y >= 0) & (x < (uint64_t)y))
MIXED(less_equal_u64_i64, uint64_t, int64_t, (y >= 0) & (x <= (uint64_t)y))

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
#define LAY_MIXED(NAME, S)                                                                         \
    ROW(EQUAL_MIXED, NAME, equal_##S);                                                             \
    ROW(NOT_EQUAL_MIXED, NAME, not_equal_##S);                                                     \
    ROW(LESS_MIXED, NAME, less_##S);                                                               \
    ROW(LESS_EQUAL_MIXED, NAME, less_equal_##S);
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
    LAY_MIXED(INT64, i64_u64)
    LAY_MIXED(UINT64, u64_i64)
    ROW(AND, BOOL, and_bool);
    ROW(OR, BOOL, or_bool);
    ROW(XOR, BOOL, not_equal_bool);
}
