/* The dtypes and kernels of elementwise operations (elementwise_types.c), for those who run them:
 * one at a time (elementwise.c) or many as one pass (expression.c). */
#ifndef TSR_ELEMENTWISE_H
#define TSR_ELEMENTWISE_H

#include "../array/array.h"
#include "../kernels/kernels.h"
#include "../loop/program.h"

/* most operands of an operation: of elementwise.def, and of those that quick.c knows */
enum { TSR_ARITY = 2, TSR_QUICK_ARITY = 3 };

/* What the dtype rules want to know of an operand. */
typedef struct tsr_operand {
    uint8_t dtype;
    bool weak;             /* a number, which only raises the category */
    bool zero_dimensional; /* and no number: weak on torch */
    uint16_t fits;         /* weak integers: bit d for each integer dtype d that holds it */
} tsr_operand;

typedef struct tsr_types {
    tsr_dtype common;              /* operands are converted to this (TSR_DTYPE_COUNT: to none), */
    tsr_dtype in[TSR_QUICK_ARITY]; /* then to what the kernel takes, */
    tsr_dtype made;                /* which makes this dtype, */
    tsr_dtype result;              /* which becomes this one */
    const void *kernel;
    bool swapped;   /* the kernel takes the second operand first */
    bool copies;    /* nothing to compute */
    bool saturates; /* the second operand, where in[1] does not hold it */
    uint8_t item;   /* bytes of an element of the result */
    bool light;     /* tsr_program's */
    bool direct;    /* operands of the dtypes `in` are converted to nothing, nor is the result */
} tsr_types;

/* Whose rules. */
typedef struct tsr_rules {
    tsr_face face;
    tsr_dtype default_float;
    const tsr_kernels *kernels;
    bool scaled; /* the second operand is multiplied by a number */
} tsr_rules;

/* 0 bool, 1 integer, 2 floating, 3 complex */
int tsr_category(tsr_dtype dtype);
/* The integer dtypes that hold a number, a bit each. */
uint16_t tsr_fitting(const tsr_scalar *value);
/* The same of a 0-dimensional array that holds one; none when it is no integer or was revoked. */
uint16_t tsr_fitting_array(const tsr_array *number);

static inline tsr_operand tsr_operand_of(const tsr_array *a, bool weak) {
    return (tsr_operand){a->dtype, weak, a->ndim == 0 && !weak, weak ? tsr_fitting_array(a) : 0};
}

tsr_dtype tsr_common_dtype(const tsr_rules *rules, int count, const tsr_operand *operands);
/* TSR_EDTYPE when the operation does not take the operands. */
tsr_status tsr_types_find(tsr_do operation, const tsr_rules *rules, const tsr_operand *operands,
                          tsr_types *types, tsr_error *err);
/* The steps of an operation, from registers of the operands' own dtypes to one of types->result.
 * `scale` multiplies the second operand, -1 for none. */
int tsr_types_emit(tsr_program *program, const tsr_types *types, int arity, const int *registers,
                   int scale);
/* A program's steps that choose `x` where `mask` is not 0, else `y`, both as `dtype`. */
int tsr_emit_choice(tsr_program *program, int mask, int x, int y, tsr_dtype dtype);

#endif
