/* Whether any element is true, or all are: of the elements as they are, since to make bools of them
 * costs more than the memory that they are read from. True is whose bits are not 0; a floating
 * zero's are but for its sign, which is shifted out. */
#include "level.h"

#include "items.h"

/* So many numbers are looked at before it is asked whether the answer is known. */
enum { BLOCK = 4096 };

#define ANY(NAME, ITEM, SIGN, PARTS)                                                               \
    static void any_##NAME(const void *src, size_t n, void *lanes) {                               \
        const ITEM *s = src, *end = s + n * (PARTS);                                               \
        for (uint8_t *lane = lanes; s < end && !*lane; s += BLOCK) {                               \
            size_t m = end - s < BLOCK ? (size_t)(end - s) : BLOCK;                                \
            ITEM seen = 0;                                                                         \
            for (size_t i = 0; i < m; i++)                                                         \
                seen |= (ITEM)(s[i] << (SIGN));                                                    \
            *lane = seen != 0;                                                                     \
        }                                                                                          \
    }
#define ALL(NAME, ITEM, SIGN)                                                                      \
    static void all_##NAME(const void *src, size_t n, void *lanes) {                               \
        const ITEM *s = src, *end = s + n;                                                         \
        for (uint8_t *lane = lanes; s < end && *lane; s += BLOCK) {                                \
            size_t m = end - s < BLOCK ? (size_t)(end - s) : BLOCK;                                \
            ITEM zero = 0;                                                                         \
            for (size_t i = 0; i < m; i++)                                                         \
                zero |= (ITEM)((ITEM)(s[i] << (SIGN)) == 0);                                       \
            *lane = zero == 0;                                                                     \
        }                                                                                          \
    }
#define BOTH(NAME, ITEM, SIGN)                                                                     \
    ANY(NAME, ITEM, SIGN, 1)                                                                       \
    ALL(NAME, ITEM, SIGN)
BOTH(1, item_1, 0)
BOTH(2, item_2, 0)
BOTH(4, item_4, 0)
BOTH(8, item_8, 0)
BOTH(half, item_2, 1)
BOTH(float, item_4, 1)
BOTH(double, item_8, 1)
ANY(c64, item_4, 1, 2)
ANY(c128, item_8, 1, 2)

#define LAY(DTYPE, NAME)                                                                           \
    k->truth[TSR_ANY][TSR_##DTYPE] = any_##NAME;                                                   \
    k->truth[TSR_ALL][TSR_##DTYPE] = all_##NAME;

void TSR_KERNEL_ENTRY(fold_truth)(tsr_kernels *k) {
    LAY(BOOL, 1)
    LAY(INT8, 1)
    LAY(UINT8, 1)
    LAY(INT16, 2)
    LAY(UINT16, 2)
    LAY(INT32, 4)
    LAY(UINT32, 4)
    LAY(INT64, 8)
    LAY(UINT64, 8)
    LAY(FLOAT16, half)
    LAY(BFLOAT16, half)
    LAY(FLOAT32, float)
    LAY(FLOAT64, double)
    k->truth[TSR_ANY][TSR_COMPLEX64] = any_c64;
    k->truth[TSR_ANY][TSR_COMPLEX128] = any_c128;
}
