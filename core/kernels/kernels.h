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
 * j, destination rows along i. ss and ds in bytes, any sign. The kernel blocks by itself, and
 * writes past the cache if it is told to and the destination's lines are aligned alike. */
typedef void tsr_kernel_transpose(const char *src, int64_t ss, char *dst, int64_t ds, int64_t rows,
                                  int64_t cols, bool past);

/* Reverses the bytes of each of n units. */
typedef void tsr_kernel_swap(void *block, size_t n);

/* dst[i] = item for i < n; item is itemsize bytes. */
typedef void tsr_kernel_fill(const void *item, void *dst, size_t n);

/* Copies bytes past the caches; source and destination do not overlap. Where the destination lies
 * in lines of TSR_LINE bytes, calls should begin and end at their bounds: parts of a line are slow.
 */
typedef void tsr_kernel_stream(const void *src, void *dst, size_t bytes);
enum { TSR_LINE = 64 };

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

/* Folds, the inner loops of reductions (fold.def). An element goes to the lane of its position
 * modulo TSR_FOLD_LANES, lanes are folded pairwise, and who calls combines the results of leaves of
 * TSR_FOLD_LEAF elements in a binary tree, with kernels->binary. So the order of a sum is fixed by
 * positions alone, and its bits are the same at every level.
 *
 * lanes[i % TSR_FOLD_LANES] = lanes[...] (op) src[i] for i = 0 ... n - 1, in order. src is
 * naturally aligned, lanes to 64 bytes. A fold may be split into calls, all but the last with n a
 * multiple of TSR_FOLD_LANES. Integers that are summed in wider lanes use the lanes as they like:
 * only the sum of all lanes tells then. */
typedef void tsr_kernel_fold(const void *src, size_t n, void *lanes);

/* Folds the lanes into one element: lane l with l + 32, then with l + 16, ... 1. */
typedef void tsr_kernel_fold_end(const void *lanes, void *result);

/* acc[j] = src[0][j] (op) src[1][j] (op) ... in the order of the rows, j < n; row r starts at
 * src + r * stride (naturally aligned, any sign), 1 <= rows <= TSR_FOLD_ROWS. acc is apart. */
typedef void tsr_kernel_fold_rows(const char *src, int64_t stride, size_t rows, size_t n,
                                  void *acc);

/* Two folds of the distances src[i] - middle: apart[i % TSR_FOLD_LANES] += distance, squares[...]
 * += distance * distance. */
typedef void tsr_kernel_spread(const void *src, size_t n, const void *middle, void *apart,
                               void *squares);
enum { TSR_FOLD_LANES = 64, TSR_FOLD_LEAF = 4096, TSR_FOLD_ROWS = 32 };

/* The first i < n with src[i] == *item, -1 if there is none. Zeros are equal whatever their sign; a
 * NaN finds the first NaN (a complex number with a NaN is one). */
typedef int64_t tsr_kernel_find(const void *src, size_t n, const void *item);

/* Where src[j] is better than best[j] (greater or less; NaN, while best[j] is not): best[j] =
 * src[j] and at[j] = index, j < n. */
typedef void tsr_kernel_arg_rows(const void *src, int64_t index, void *best, int64_t *at, size_t n);

/* dst[i] = carry (op) src[0] (op) ... (op) src[i]; carry becomes dst[n - 1]. dst may be src. Sums
 * and products of floating numbers are joined in an order fixed by the position in the block of
 * TSR_SCAN_BLOCK elements, so a scan may be split into calls all but the last of which have n a
 * multiple of that. */
typedef void tsr_kernel_scan(const void *src, void *dst, size_t n, void *carry);
enum { TSR_SCAN_BLOCK = 16 };

/* The same of MAX and MIN, with at[i] the position of dst[i]: that of the last of equals, and of
 * the last NaN once there is one. src[0] has the position `first`; carry_at goes along with carry.
 */
typedef void tsr_kernel_scan_arg(const void *src, void *dst, int64_t *at, size_t n, void *carry,
                                 int64_t *carry_at, int64_t first);

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

#define TSR_FOLD(NAME, name) TSR_FOLD_##NAME,
typedef enum tsr_fold {
#include "fold.def"
    TSR_FOLD_COUNT
} tsr_fold;

enum { TSR_ANY, TSR_ALL };
enum { TSR_ARG_MAX, TSR_ARG_MIN, TSR_ARG_COUNT };

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
    tsr_kernel_swap *swap[TSR_ITEM_COUNT]; /* by bytes of a unit: NULL for 1 and 16 */
    tsr_kernel_fill *fill[TSR_ITEM_COUNT];
    tsr_kernel_stream *stream;
    tsr_kernel_ramp_f64 *ramp_f64;
    tsr_kernel_ramp_i64 *ramp_i64;
    tsr_kernel_convert *simple[TSR_UN_COUNT][TSR_DTYPE_COUNT]; /* elementwise.def */
    tsr_kernel_binary *binary[TSR_BIN_COUNT][TSR_DTYPE_COUNT];
    tsr_kernel_ternary *choose[TSR_ITEM_COUNT]; /* b where the bool a is true, else c */
    /* MINIMUM of MAXIMUM of a and b, and c; dst may be any. Integers, float32 and float64. */
    tsr_kernel_ternary *limit[TSR_DTYPE_COUNT];
    /* By tsr_function; a binary one stands in pairs[function - TSR_FN_FIRST_PAIR]. NULL for dtypes
     * that have no such function; float16 and bfloat16 are for who calls to convert. float32
     * results are within 1 ulp, float64 ones within 2 (those of special.c: see there); the bits are
     * the same at every level, but for the sign and payload of a NaN. */
    tsr_kernel_unary *unary[TSR_FN_FIRST_PAIR][TSR_DTYPE_COUNT];
    tsr_kernel_binary *pairs[TSR_FN_PAIRS][TSR_DTYPE_COUNT];
    /* By tsr_fold. Rows of SUM are for integers, float32, float64 and complex dtypes, with lanes of
     * 64 bits for narrower integers and bools: fold_to tells the dtype of the lanes, by which
     * fold_end is indexed. PROD is for the dtypes of 64 bits, float32 and complex64; the others for
     * all but the 16-bit floating dtypes. fold_rows is NULL where lanes are of another dtype. Ties
     * and NaN are those of binary's MAXIMUM, MINIMUM, FMAX and FMIN. */
    tsr_kernel_fold *fold[TSR_FOLD_COUNT][TSR_DTYPE_COUNT];
    tsr_kernel_fold_end *fold_end[TSR_FOLD_COUNT][TSR_DTYPE_COUNT];
    tsr_kernel_fold_rows *fold_rows[TSR_FOLD_COUNT][TSR_DTYPE_COUNT];
    uint8_t fold_to[TSR_FOLD_COUNT][TSR_DTYPE_COUNT]; /* a tsr_dtype */
    tsr_kernel_spread *spread[TSR_DTYPE_COUNT];       /* float32 and float64 */
    /* Folds of MAX and MIN over the truth of elements, in lanes of bools, of which they use the
     * first. ALL is not for complex dtypes. */
    tsr_kernel_fold *truth[2][TSR_DTYPE_COUNT];
    tsr_kernel_find *find[TSR_DTYPE_COUNT]; /* not for the 16-bit floating dtypes */
    tsr_kernel_arg_rows *arg_rows[TSR_ARG_COUNT][TSR_DTYPE_COUNT]; /* nor these */
    /* SUM and PROD for the dtypes that lanes have, MAX and MIN for those that fold has. */
    tsr_kernel_scan *scan[TSR_FOLD_FMAX][TSR_DTYPE_COUNT];
    tsr_kernel_scan_arg *scan_arg[TSR_ARG_COUNT][TSR_DTYPE_COUNT];
} tsr_kernels;

/* Before another thread reads what `stream` wrote. */
static inline void tsr_stream_end(void) {
#if defined(__SSE2__)
    __builtin_ia32_sfence();
#endif
}

/* Writes the element that a fold starts its lanes from, of the dtype that lanes have. */
void tsr_fold_identity(tsr_fold fold, tsr_dtype dtype, void *item);
/* The operation of two elements that a fold is made of: a row of `binary`. */
tsr_binary tsr_fold_binary(tsr_fold fold);

/* Index into the item-size rows: 0 for 1 byte ... 4 for 16. */
static inline int tsr_item_row(size_t itemsize) {
    return itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : itemsize == 8 ? 3 : 4;
}

/* Fills `out` for the named level ("base", "v2", "v3", "v4"), or the best that this machine runs
 * when `level` is NULL. False when the level does not exist here or the machine cannot run it. */
bool tsr_kernels_select(const char *level, tsr_kernels *out);

#endif
