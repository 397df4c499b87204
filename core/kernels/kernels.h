/* The inner loops, seen from the loop engine: one table of function pointers per instruction set.
 *
 * Kernels do nothing but compute: no allocation, no checks, no failure. Each file of this folder is
 * compiled once per level with TSR_LEVEL set to base, v2, v3 or v4, and ends in a function
 * tsr_kernels_<level>_<file>(tsr_kernels *) that lays its rows over the table; the table is filled
 * from the portable level upwards to the level that runs.
 *
 * Contracts
 *   "block" kernels see contiguous, naturally aligned operands of n >= 0 elements. Source and
 *   destination are the same block or do not overlap at all.
 *   "move" and "transpose" kernels see any byte strides and any alignment, and copy whole items.
 */
#ifndef TSR_KERNELS_H
#define TSR_KERNELS_H

#include "../tessera.h"
#include "functions.h"

/* dst[i] = (to) src[i]. Source and destination are distinct. */
typedef void tsr_kernel_convert(const void *src, void *dst, size_t n);

/* dst[i*ds0 + j*ds1] = src[i*ss0 + j*ss1] for i < n0, j < n1; j is the inner loop. Strides in
 * bytes, any sign, 0 on the source side repeats an item. Source and destination do not overlap. */
typedef void tsr_kernel_move(const char *src, int64_t ss0, int64_t ss1, char *dst, int64_t ds0,
                             int64_t ds1, int64_t n0, int64_t n1);

/* dst[j*ds + i*item] = src[i*ss + j*item] for i < rows, j < cols: source rows are contiguous along
 * j, destination rows along i. ss and ds in bytes, any sign. Hand over whole planes: the kernel
 * blocks by itself, and writes a plane of 8 MiB or more past the cache. */
typedef void tsr_kernel_transpose(const char *src, int64_t ss, char *dst, int64_t ds, int64_t rows,
                                  int64_t cols);

/* dst[i] = item for i < n; item is itemsize bytes. */
typedef void tsr_kernel_fill(const void *item, void *dst, size_t n);

/* dst[i] = start + (first + i) * step, in double, or in int64_t with wrap-around. */
typedef void tsr_kernel_ramp_f64(double start, double step, int64_t first, double *dst, size_t n);
typedef void tsr_kernel_ramp_i64(int64_t start, int64_t step, int64_t first, int64_t *dst,
                                 size_t n);

/* dst[i] = a[i] (op) b[i]; dst may be a or b. */
typedef void tsr_kernel_binary(const void *a, const void *b, void *dst, size_t n);

/* dst[i] = op(a[i], b[i], c[i]); dst may be b or c, and a if that has the same item size. */
typedef void tsr_kernel_ternary(const void *a, const void *b, const void *c, void *dst, size_t n);

/* dst[i] = f(src[i]); dst may be src. */
typedef void tsr_kernel_unary(const void *src, void *dst, size_t n);

/* Whether all (any) of n bools are true. */
typedef bool tsr_kernel_truth(const uint8_t *src, size_t n);

enum { TSR_ITEM_COUNT = 5 }; /* item sizes 1, 2, 4, 8, 16 */

#define TSR_UNARY(NAME, name) TSR_UN_##NAME,
typedef enum tsr_unary {
#include "elementwise.def"
    TSR_UN_COUNT
} tsr_unary;

#define TSR_BINARY(NAME, name) TSR_BIN_##NAME,
typedef enum tsr_binary {
#include "elementwise.def"
    TSR_BIN_COUNT
} tsr_binary;

typedef struct tsr_kernels {
    const char *level; /* "base", "v2", "v3", "v4" */
    /* Conversions between distinct dtypes. Where there is no direct row (NULL), via[from][to] is
     * the dtype to convert to first, directly, and from there on by the same rule; no path has more
     * than three steps. A complex has direct rows to the other complex, to bool and to its
     * component dtype (its real part); the rows into a complex come from its component dtype only.
     * The 16-bit floating dtypes meet integers and each other through float32, and float64 rounds
     * to them in one step. */
    tsr_kernel_convert *convert[TSR_DTYPE_COUNT][TSR_DTYPE_COUNT];
    uint8_t via[TSR_DTYPE_COUNT][TSR_DTYPE_COUNT]; /* a tsr_dtype; == to where direct, or equal */
    tsr_kernel_move *move[TSR_ITEM_COUNT];
    tsr_kernel_transpose *transpose[TSR_ITEM_COUNT];
    tsr_kernel_fill *fill[TSR_ITEM_COUNT];
    tsr_kernel_ramp_f64 *ramp_f64;
    tsr_kernel_ramp_i64 *ramp_i64;
    tsr_kernel_convert *simple[TSR_UN_COUNT][TSR_DTYPE_COUNT]; /* elementwise.def */
    tsr_kernel_binary *binary[TSR_BIN_COUNT][TSR_DTYPE_COUNT];
    tsr_kernel_ternary *choose[TSR_ITEM_COUNT]; /* b where the bool a is true, else c */
    tsr_kernel_truth *all, *any;
    /* By tsr_function; a binary one stands in pairs[function - TSR_FN_FIRST_PAIR]. NULL for dtypes
     * that have no such function. float32 results are within 1 ulp, float64 ones within 2 (those of
     * special.c: see there), float16 and bfloat16 rounded from float32; the bits are the same at
     * every level, but for the sign and payload of a NaN. */
    tsr_kernel_unary *unary[TSR_FN_FIRST_PAIR][TSR_DTYPE_COUNT];
    tsr_kernel_binary *pairs[TSR_FN_PAIRS][TSR_DTYPE_COUNT];
} tsr_kernels;

/* Copies bytes past the caches; source and destination do not overlap. Before another thread reads
 * what was written, tsr_stream_end. */
void tsr_stream(const void *src, void *dst, size_t bytes);
void tsr_stream_end(void);

/* Index into the item-size rows: 0 for 1 byte ... 4 for 16. */
static inline int tsr_item_row(size_t itemsize) {
    return itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : itemsize == 8 ? 3 : 4;
}

/* Fills `out` for the named level ("base", "v2", "v3", "v4"), or the best that this machine runs
 * when `level` is NULL. False when the level does not exist here or the machine cannot run it. */
bool tsr_kernels_select(const char *level, tsr_kernels *out);

#endif
