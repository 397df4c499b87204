/* The other byte order: the bytes of each unit of a block are reversed where they lie. A unit is a
 * number, or a part of a complex one. */
#include "level.h"

#include <string.h>

#define SWAP(NAME, TYPE, REVERSED)                                                                 \
    static void NAME(void *block, size_t n) {                                                      \
        TYPE *units = block;                                                                       \
        for (size_t i = 0; i < n; i++) {                                                           \
            units[i] = REVERSED(units[i]);                                                         \
        }                                                                                          \
    }

SWAP(swap_2, uint16_t, __builtin_bswap16)
SWAP(swap_4, uint32_t, __builtin_bswap32)
SWAP(swap_8, uint64_t, __builtin_bswap64)

void TSR_KERNEL_ENTRY(swap)(tsr_kernels *k) {
    static tsr_kernel_swap *const swaps[TSR_ITEM_COUNT] = {NULL, swap_2, swap_4, swap_8};
    memcpy(k->swap, swaps, sizeof swaps);
}
