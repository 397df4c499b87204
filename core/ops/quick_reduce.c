/* Reductions of all elements of a small array without the engine: sums, extremes, truth, means,
 * variances, positions.
 *
 * The elements are one stream, folded as the engine folds it (loop/fold.h): in leaves of
 * TSR_FOLD_LEAF elements, whose values meet in a tree. So the bits are the same. */
#include "quick.h"
#include "pass.h"

#include "../base/context.h"
#include "../base/executor.h"
#include "../loop/engine.h"
#include "../loop/spread.h"
#include "../loop/tree.h"

#include <string.h>

enum { BLOCK = 256 }; /* elements that are converted at once: a multiple of TSR_FOLD_LANES */
_Static_assert(BLOCK % TSR_FOLD_LANES == 0, "a fold may be split there");

/* What elements go through before they are folded. */
typedef struct stream {
    const tsr_kernels *kernels;
    const char *data;
    int64_t item; /* bytes of an element, before */
    tsr_path path[2];
    tsr_dtype from; /* what is folded */
} stream;

static stream stream_of(const tsr_kernels *kernels, const tsr_array *a, tsr_dtype value,
                        tsr_dtype from) {
    stream s = {.kernels = kernels, .data = tsr_data_of(a), .item = a->itemsize, .from = from};
    if (a->dtype != value)
        s.path[0] = tsr_path_find(kernels, (tsr_dtype)a->dtype, value);
    if (value != from)
        s.path[1] = tsr_path_find(kernels, value, from);
    return s;
}

static bool is_direct(const stream *s) {
    return s->path[0].count + s->path[1].count == 0;
}

typedef struct room {
    _Alignas(64) char bytes[BLOCK * 16];
} room;

/* Elements [at, at + n) as they are folded, n <= BLOCK; in one of two rooms. */
static const void *block_of(const stream *s, int64_t at, size_t n, room *rooms) {
    const void *from = s->data + at * s->item;
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < s->path[p].count; i++) {
            void *to = from == (const void *)rooms[0].bytes ? rooms[1].bytes : rooms[0].bytes;
            s->path[p].steps[i](from, to, n);
            from = to;
        }
    return from;
}

__attribute__((noinline)) static void feed_blocks(const stream *s, tsr_fold fold, int64_t at,
                                                  int64_t n, void *lanes) {
    room rooms[2];
    for (int64_t done = 0; done < n; done += BLOCK) {
        size_t m = (size_t)(n - done < BLOCK ? n - done : BLOCK);
        s->kernels->fold[fold][s->from](block_of(s, at + done, m, rooms), m, lanes);
    }
}

static inline void lanes_start(const tsr_kernels *k, tsr_fold fold, tsr_dtype dtype, void *lanes) {
    _Alignas(16) char identity[16];
    tsr_fold_identity(fold, dtype, identity);
    k->fill[tsr_item_row(tsr_dtype_describe(dtype)->itemsize)](identity, lanes, TSR_FOLD_LANES);
}

/* The fold of n > 0 elements into *value, which is of dtype `to`. */
static void fold_stream(const stream *s, tsr_fold fold, tsr_dtype to, int64_t n, void *value) {
    const tsr_kernels *k = s->kernels;
    _Alignas(64) char lanes[TSR_FOLD_LANES * 16];
    _Alignas(16) char levels[4 * 16];
    size_t item = tsr_dtype_describe(to)->itemsize;
    tsr_tree tree = {k->binary[tsr_fold_binary(fold)][to], 1, item, 0, levels};
    _Static_assert(TSR_QUICK_ELEMENTS <= TSR_FOLD_LEAF << 3, "the tree has levels for all leaves");
    for (int64_t at = 0; at < n; at += TSR_FOLD_LEAF) {
        int64_t m = n - at < TSR_FOLD_LEAF ? n - at : TSR_FOLD_LEAF;
        lanes_start(k, fold, to, lanes);
        if (is_direct(s))
            k->fold[fold][s->from](s->data + at * s->item, (size_t)m, lanes);
        else
            feed_blocks(s, fold, at, m, lanes);
        k->fold_end[fold][to](lanes, value);
        if (n > TSR_FOLD_LEAF)
            tsr_tree_push(&tree, value);
    }
    if (n > TSR_FOLD_LEAF)
        tsr_tree_end(&tree, value);
}

/* ---- results ---- */

/* Whether the array is small, plain and not empty, and all of it is reduced, by a call that asks
 * for nothing else. */
static bool is_simple(const tsr_context *context, const tsr_array *a,
                      const tsr_reduce_options *options) {
    bool all = options->count < 0 || (options->count == 1 && a->ndim == 1 &&
                                      (options->dims[0] == 0 || options->dims[0] == -1));
    return all && a->size > 0 && tsr_is_small(a) && options->where == NULL &&
           options->initial == NULL && !tsr_estimating(context) &&
           tsr_interrupted(context) == TSR_OK;
}

static int result_ndim(const tsr_array *a, bool keep) {
    return keep ? a->ndim : 0;
}

/* Whether out= takes the element as it is. */
static bool is_place(const tsr_array *out, const tsr_array *a, bool keep, tsr_dtype dtype) {
    bool fits = out->dtype == dtype && out->ndim == result_ndim(a, keep) && out->size == 1;
    return fits && tsr_is_small(out) && (out->rights & out->storage->rights & TSR_WRITE) != 0;
}

/* *result of the one element: a new array, or out= retained. */
static tsr_status deliver(tsr_context *context, const tsr_array *a, const void *element,
                          tsr_dtype dtype, const tsr_reduce_options *options, tsr_array **result,
                          tsr_error *err) {
    static const int64_t ones[TSR_MAX_DIMS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                               1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    int ndim = result_ndim(a, options->keep);
    int64_t item = tsr_dtype_describe(dtype)->itemsize;
    tsr_status status = TSR_OK;
    if (options->out != NULL)
        tsr_array_retain(*result = options->out);
    else if (tsr_place_room(ndim, item) <= options->place_bytes && tsr_may_place(context))
        *result = tsr_array_place(options->place, context, dtype, item, ndim, ones, 1);
    else
        status = tsr_array_new(context, dtype, ndim, ones, false, result, err);
    if (status != TSR_OK)
        return status;
    memcpy(tsr_data_of(*result), element, (size_t)item);
    if (options->out != NULL)
        tsr_storage_touch(options->out->storage);
    return TSR_OK;
}

/* value /= number, in the dtype of the value's parts */
static void divide(const tsr_kernels *k, tsr_dtype dtype, void *value, double number) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    _Alignas(16) char divisor[16];
    tsr_scalar by = {.dtype = TSR_FLOAT64, .as = {.f = number}};
    int parts = info->component == dtype ? 1 : 2;
    for (int i = 0; i < parts; i++)
        tsr_scalar_store(info->component, divisor + i * info->itemsize / parts, &by);
    k->binary[TSR_BIN_DIVIDE][info->component](value, divisor, value, (size_t)parts);
}

bool tsr_quick_reduce(tsr_context *context, const tsr_fold_types *t, const tsr_array *a,
                      const tsr_reduce_options *options, tsr_array **result, tsr_status *status,
                      tsr_error *err) {
    if (!is_simple(context, a, options) ||
        (options->out != NULL && !is_place(options->out, a, options->keep, t->result)))
        return false;
    const tsr_kernels *k = tsr_engine_kernels(context);
    tsr_dtype to = (tsr_dtype)k->fold_to[t->fold][t->work];
    stream s = stream_of(k, a, t->value, t->work);
    _Alignas(16) char value[2][16];
    fold_stream(&s, t->fold, to, a->size, value[0]);
    if (t->mean)
        divide(k, to, value[0], (double)a->size);
    tsr_path path = tsr_path_find(k, to, t->result);
    for (int i = 0; i < path.count; i++)
        path.steps[i](value[i % 2], value[(i + 1) % 2], 1);
    *status = deliver(context, a, value[path.count % 2], t->result, options, result, err);
    return true;
}

bool tsr_quick_variance(tsr_context *context, const tsr_array *a, double correction, bool root,
                        const tsr_reduce_options *options, tsr_array **result, tsr_status *status,
                        tsr_error *err) {
    tsr_dtype dtype = (tsr_dtype)a->dtype;
    if (!is_simple(context, a, options) || a->size < 2 || a->size > TSR_FOLD_LEAF ||
        (options->out != NULL && !is_place(options->out, a, options->keep, dtype)))
        return false;
    const tsr_kernels *k = tsr_engine_kernels(context);
    _Alignas(64) char start[TSR_FOLD_LANES * 16];
    _Alignas(16) char value[16];
    tsr_spread spread;
    lanes_start(k, TSR_FOLD_SUM, dtype, start);
    tsr_spread_of(k, dtype, tsr_data_of(a), a->size, start, &spread);
    tsr_scalar squares = {.dtype = TSR_FLOAT64, .as = {.f = spread.squares}};
    tsr_scalar_store(dtype, value, &squares);
    double free = (double)a->size - correction;
    divide(k, dtype, value, free > 0 ? free : 0);
    if (root)
        k->unary[TSR_FN_SQRT][dtype](value, value, 1);
    *status = deliver(context, a, value, dtype, options, result, err);
    return true;
}

bool tsr_quick_position(tsr_context *context, bool smallest, const tsr_array *a, tsr_dtype work,
                        const tsr_reduce_options *options, tsr_array **result, tsr_status *status,
                        tsr_error *err) {
    if (!is_simple(context, a, options) || work != (tsr_dtype)a->dtype || a->size > TSR_FOLD_LEAF)
        return false;
    const tsr_kernels *k = tsr_engine_kernels(context);
    stream s = stream_of(k, a, work, work);
    _Alignas(16) char value[16];
    fold_stream(&s, smallest ? TSR_FOLD_MIN : TSR_FOLD_MAX, work, a->size, value);
    int64_t at = k->find[work](s.data, (size_t)a->size, value);
    *status = deliver(context, a, &at, TSR_INT64, options, result, err);
    return true;
}
