/* Address ranges of arrays. Exact sharing is the public tsr_array_shares. */
#ifndef TSR_OVERLAP_H
#define TSR_OVERLAP_H

#include "array.h"

typedef struct tsr_range {
    uintptr_t low, high; /* half-open */
} tsr_range;

/* The addresses that an array's elements cover. */
tsr_range tsr_array_range(const tsr_array *a);

/* Whether two arrays are the same elements of memory in the same order. */
bool tsr_same_elements(const tsr_array *a, const tsr_array *b);

#endif
