/* Scanning a program's value along one dimension: running sums, products, extremes. */
#ifndef TSR_LOOP_SCAN_H
#define TSR_LOOP_SCAN_H

#include "program.h"

/* Operand 0 is the result, operand 1 and on are the program's; if `positions` is an operand (-1:
 * none), it gets the position of each extreme. Result and positions may have any layout. */
typedef struct tsr_scanning {
    tsr_fold fold;    /* TSR_FOLD_SUM, PROD, MAX or MIN */
    tsr_dtype work;   /* what the program makes and what is scanned */
    tsr_dtype result; /* operand 0's */
    int dim, positions;
    tsr_plan plan; /* not arranged */
} tsr_scanning;

/* The result may be the program's input if it is the same elements. TSR_ECANCELLED, TSR_EDEADLINE
 * leave the result partly written. */
tsr_status tsr_scan_run(tsr_context *context, const tsr_scanning *s, const tsr_program *program,
                        tsr_error *err);

#endif
