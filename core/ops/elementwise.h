/* What elementwise_types.c finds out for elementwise.c. */
#ifndef TSR_ELEMENTWISE_H
#define TSR_ELEMENTWISE_H

#include "../array/array.h"
#include "../kernels/kernels.h"

typedef struct tsr_types {
    tsr_dtype common; /* operands are converted to this dtype (TSR_DTYPE_COUNT: to none), */
    tsr_dtype in[2];  /* then to what the kernel takes, */
    tsr_dtype made;   /* which makes this dtype, */
    tsr_dtype result; /* which becomes this one */
    const void *kernel;
    bool swapped; /* the kernel takes the second operand first */
    bool copies;  /* nothing to compute */
} tsr_types;

/* 0 bool, 1 integer, 2 floating, 3 complex */
int tsr_category(tsr_dtype dtype);
tsr_dtype tsr_common_dtype(const tsr_apply_options *options, int count,
                           const tsr_array *const *operands);
/* TSR_EDTYPE when the operation does not take the operands, or alpha. */
tsr_status tsr_types_find(tsr_do operation, const tsr_apply_options *options,
                          const tsr_kernels *kernels, const tsr_array *const *operands,
                          tsr_types *types, tsr_error *err);

#endif
