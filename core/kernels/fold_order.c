/* Largest and least elements. Of two equal zeros the one that came first stays. MAX and MIN keep a
 * NaN once met: a comparison with it is false, so that it stays in its lane, and one that arrives
 * is or-ed in as all ones, since its payload says nothing. Where the machine has an instruction
 * for the rest, that goes first, and all is done again if there was a NaN: joined twice, nothing
 * else changes. Integers know no NaN, so the same loops are their FMAX and FMIN, too; those of
 * floating numbers are in arithmetic.c. */
#include "rows.h"

#include "fold.h"

#if defined(__x86_64__)
#include "x86/extreme.h"
#endif

#define MORE(a, x)        TSR_PICK((x) > (a), x, a)
#define LESS(a, x)        TSR_PICK((x) < (a), x, a)
#define OR_NAN(m, x)      ((__typeof__(x))((__typeof__((x) != (x)))(m) | ((x) != (x))))
#define MORE_OR_NAN(a, x) OR_NAN(MORE(a, x), x)
#define LESS_OR_NAN(a, x) OR_NAN(LESS(a, x), x)

#define E int8_t
#define S i8
#include "fold_order_body.h"
#define E int16_t
#define S i16
#include "fold_order_body.h"
#define E int32_t
#define S i32
#include "fold_order_body.h"
#define E int64_t
#define S i64
#include "fold_order_body.h"
#define E uint8_t
#define S u8
#include "fold_order_body.h"
#define E uint16_t
#define S u16
#include "fold_order_body.h"
#define E uint32_t
#define S u32
#include "fold_order_body.h"
#define E uint64_t
#define S u64
#include "fold_order_body.h"
#define FLOATING
#define E float
#define S f32
#include "fold_order_body.h"
#define E double
#define S f64
#include "fold_order_body.h"

#define LAY(FOLD, NAME, name) TSR_LAY_FOLD(FOLD, NAME, NAME, fold_##name, end_##name, rows_##name)
#define LAY_FLOATING(NAME, S, T, U)                                                                \
    LAY(MAX, NAME, max_##S)                                                                        \
    LAY(MIN, NAME, min_##S)
#define LAY_INTEGER(NAME, S, T, U)                                                                 \
    LAY_FLOATING(NAME, S, T, U)                                                                    \
    LAY(FMAX, NAME, max_##S)                                                                       \
    LAY(FMIN, NAME, min_##S)

void TSR_KERNEL_ENTRY(fold_order)(tsr_kernels *k) {
    TSR_SIGNED(LAY_INTEGER)
    TSR_UNSIGNED(LAY_INTEGER)
    LAY_INTEGER(BOOL, u8, , )
    TSR_FLOATING(LAY_FLOATING)
}
