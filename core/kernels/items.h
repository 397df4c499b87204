/* Whole items by size, at any address and over any type: what move and transpose copy. */
#ifndef TSR_KERNELS_ITEMS_H
#define TSR_KERNELS_ITEMS_H

#include <stdint.h>

#define TSR_ANYWHERE __attribute__((may_alias, aligned(1)))

typedef uint8_t TSR_ANYWHERE item_1;
typedef uint16_t TSR_ANYWHERE item_2;
typedef uint32_t TSR_ANYWHERE item_4;
typedef uint64_t TSR_ANYWHERE item_8;
typedef uint64_t item_16 __attribute__((vector_size(16), may_alias, aligned(1)));

#endif
