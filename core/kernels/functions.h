/* The functions of the vector math kernels, as an index into the kernel table (functions.def). */
#ifndef TSR_KERNELS_FUNCTIONS_H
#define TSR_KERNELS_FUNCTIONS_H

typedef enum tsr_function {
#define TSR_FUNCTION(NAME, name, arity) TSR_FN_##NAME,
#include "functions.def"
    TSR_FN_COUNT
} tsr_function;

/* The binary functions come last. */
enum { TSR_FN_FIRST_PAIR = TSR_FN_POW, TSR_FN_PAIRS = TSR_FN_COUNT - TSR_FN_FIRST_PAIR };

#endif
