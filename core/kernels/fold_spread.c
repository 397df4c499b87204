/* Distances from a number and their squares, summed up in lanes: what a variance is made of. */
#include "level.h"
#include "vectors.h"

#define T float
#define S f32
#include "spread_body.h"
#define T double
#define S f64
#include "spread_body.h"

void TSR_KERNEL_ENTRY(fold_spread)(tsr_kernels *k) {
    k->spread[TSR_FLOAT32] = spread_f32;
    k->spread[TSR_FLOAT64] = spread_f64;
}
