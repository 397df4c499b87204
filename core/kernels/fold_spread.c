/* Distances and their squares, summed up in lanes: the second half of a variance. The elements were
 * summed up a moment before and lie in the first-level cache, so that memory has nothing to do
 * meanwhile: what lies behind them is asked for. */
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
