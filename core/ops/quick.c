/* Small operations without the engine, and larger ones that compute next to nothing.
 *
 * Scripts mostly have a few contiguous numbers, for which planning takes far longer than computing.
 * When the operands are row-major arrays of one shape, owned, or numbers, and so is out=, the
 * kernel is called on them as they are; block by block where dtypes must be converted, or a number
 * stands repeated in a block. */
#include "quick.h"

#include "../base/executor.h"
#include "../loop/claim.h"
#include "../loop/engine.h"

#include <string.h>

enum { BLOCK = 256 };
enum { WALK_BYTES = 1 << 16 }; /* of operands and result: more than the first-level cache has */

static inline bool same_shape(const tsr_array *a, const tsr_array *b) {
    return a->ndim == b->ndim && a->size == b->size &&
           (a->ndim <= 1 || tsr_has_shape(a, b->ndim, tsr_shape_of(b)));
}

static bool apart(const tsr_array *a, const tsr_array *b) {
    const char *p = tsr_data_of(a), *q = tsr_data_of(b);
    return p + a->size * a->itemsize <= q || q + b->size * b->itemsize <= p;
}

/* Whether out= is as plain as the operands, and each of them apart from it or the same elements. */
static bool is_writable(const tsr_array *out, tsr_dtype dtype, const tsr_array *first, int arity,
                        const tsr_array *const *operands) {
    unsigned rights = out->rights & out->storage->rights;
    if (out->dtype != dtype || !tsr_is_plain(out) || !same_shape(out, first) ||
        (rights & TSR_WRITE) == 0)
        return false;
    for (int i = 0; i < arity; i++) {
        bool same =
            tsr_data_of(operands[i]) == tsr_data_of(out) && operands[i]->itemsize == out->itemsize;
        if (!same && !apart(operands[i], out))
            return false;
    }
    return true;
}

typedef struct block {
    _Alignas(64) char bytes[BLOCK * 16];
} block;

static size_t times_in_block(tsr_dtype dtype) {
    return sizeof(block) / tsr_dtype_describe(dtype)->itemsize;
}

/* One operand, or the result: where its elements are, and how they become what the kernel takes. */
typedef struct side {
    char *data;
    int64_t item; /* bytes from element to element: 0 for a number, which is a block already */
    tsr_path path[2];
} side;

static bool converts(const side *s) {
    return s->path[0].count + s->path[1].count > 0;
}

/* n <= BLOCK elements along the paths; the last step writes to `to` unless that is NULL. */
static const void *convert(const side *s, const void *from, block *room, void *to, size_t n) {
    int left = s->path[0].count + s->path[1].count;
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < s->path[p].count; i++) {
            left--;
            void *next = from == (const void *)&room[0] ? &room[1] : &room[0];
            if (left == 0 && to != NULL)
                next = to;
            s->path[p].steps[i](from, next, n);
            from = next;
        }
    return from;
}

static inline void call(const tsr_types *t, int arity, const void *const *from, void *to,
                        size_t n) {
    if (arity == 2)
        ((tsr_kernel_binary *)(uintptr_t)t->kernel)(from[t->swapped], from[!t->swapped], to, n);
    else if (arity == 1)
        ((tsr_kernel_convert *)(uintptr_t)t->kernel)(from[0], to, n);
    else
        ((tsr_kernel_ternary *)(uintptr_t)t->kernel)(from[0], from[1], from[2], to, n);
}

/* The same in steps, in the direction whose turn it is. */
__attribute__((noinline)) static void walk(const tsr_context *context, const tsr_types *t,
                                           int arity, const tsr_array *const *operands,
                                           const tsr_array *result) {
    int64_t n = result->size, item = result->itemsize, step = TSR_CLAIM_BYTES / item, widest = 0;
    for (int i = 0; i < arity; i++)
        widest = operands[i]->itemsize > widest ? operands[i]->itemsize : widest;
    bool back = tsr_walks_back(context, n * item), claims = t->light && widest == item;
    for (int64_t i = 0; i < n; i += step) {
        int64_t at = back ? (n - 1 - i) / step * step : i, m = n - at < step ? n - at : step;
        const void *from[TSR_QUICK_ARITY];
        for (int k = 0; k < arity; k++)
            from[k] = tsr_data_of(operands[k]) + at * operands[k]->itemsize;
        char *to = tsr_data_of(result) + at * item;
        if (claims)
            tsr_claim(to, (size_t)(m * item));
        call(t, arity, from, to, (size_t)m);
    }
}

static inline void run_directly(const tsr_context *context, const tsr_types *t, int arity,
                                const tsr_array *const *operands, const tsr_array *result) {
    const void *from[TSR_QUICK_ARITY];
    if (result->size * t->item * (arity + 1) >= WALK_BYTES) {
        walk(context, t, arity, operands, result);
        return;
    }
    for (int i = 0; i < arity; i++)
        from[i] = tsr_data_of(operands[i]);
    call(t, arity, from, tsr_data_of(result), (size_t)result->size);
}

void tsr_quick_run(const tsr_context *context, const tsr_types *t, int arity,
                   const tsr_array *const *operands, const tsr_array *result) {
    run_directly(context, t, arity, operands, result);
}

/* How many elements are done at a time: what is converted has room for BLOCK of any dtype, numbers
 * are repeated so often. */
static size_t step_of(const tsr_types *t, int arity, const side *sides, size_t n) {
    size_t step = converts(&sides[arity]) ? BLOCK : n;
    for (int i = 0; i < arity; i++) {
        size_t most = converts(&sides[i])  ? BLOCK
                      : sides[i].item == 0 ? times_in_block(t->in[i])
                                           : n;
        step = most < step ? most : step;
    }
    return step;
}

static void run(const tsr_context *context, const tsr_types *t, int arity, const side *sides,
                size_t n) {
    block rooms[TSR_QUICK_ARITY][2], made[3];
    const side *out = &sides[arity];
    size_t step = step_of(t, arity, sides, n), item = t->item;
    bool claims = t->light && step > BLOCK && n * item > TSR_CLAIM_FROM;
    bool back = tsr_walks_back(context, (int64_t)(n * item));
    for (size_t i = 0; i < n; i += step) {
        size_t at = back ? (n - 1 - i) / step * step : i, m = n - at < step ? n - at : step;
        if (claims)
            tsr_claim(out->data + at * item, m * item);
        const void *from[TSR_QUICK_ARITY];
        for (int k = 0; k < arity; k++)
            from[k] =
                convert(&sides[k], sides[k].data + at * (size_t)sides[k].item, rooms[k], NULL, m);
        char *end = out->data + at * (size_t)out->item;
        void *to = converts(out) ? made[2].bytes : end;
        call(t, arity, from, to, m);
        convert(out, to, made, end, m);
    }
}

/* The way of an operand to what the kernel takes. */
static side side_of(const tsr_kernels *kernels, const tsr_types *t, int i, const tsr_array *a) {
    tsr_dtype dtype = (tsr_dtype)a->dtype;
    side s = {.data = tsr_data_of(a), .item = a->itemsize};
    tsr_dtype common = t->common != TSR_DTYPE_COUNT ? t->common : dtype;
    if (dtype != common)
        s.path[0] = tsr_path_find(kernels, dtype, common);
    if (common != t->in[i])
        s.path[1] = tsr_path_find(kernels, common, t->in[i]);
    return s;
}

/* A number, converted and repeated over a block. */
static side side_of_number(const tsr_kernels *kernels, const tsr_types *t, int i,
                           const tsr_array *a, block *room, int64_t size) {
    _Alignas(16) char item[16];
    tsr_dtype dtype = t->common != TSR_DTYPE_COUNT ? t->common : (tsr_dtype)a->dtype;
    tsr_scalar value = tsr_array_load(a, tsr_data_of(a));
    tsr_scalar_store(dtype, item, &value);
    if (dtype != t->in[i]) {
        value = tsr_scalar_load(dtype, item);
        tsr_scalar_store(t->in[i], item, &value);
    }
    size_t times = times_in_block(t->in[i]);
    kernels->fill[tsr_item_row(tsr_dtype_describe(t->in[i])->itemsize)](
        item, room, (size_t)size < times ? (size_t)size : times);
    return (side){.data = room->bytes};
}

/* With conversions, or numbers. Blocks of memory that are apart from those above, which most calls
 * do without. */
__attribute__((noinline)) static void run_by_blocks(tsr_context *context, const tsr_types *t,
                                                    int arity, const tsr_array *const *operands,
                                                    uint32_t weak, const tsr_array *result) {
    const tsr_kernels *kernels = tsr_engine_kernels(context);
    block numbers[TSR_QUICK_ARITY];
    side sides[TSR_QUICK_ARITY + 1];
    for (int i = 0; i < arity; i++)
        sides[i] = (weak >> i & 1) == 0
                       ? side_of(kernels, t, i, operands[i])
                       : side_of_number(kernels, t, i, operands[i], &numbers[i], result->size);
    sides[arity] = (side){.data = tsr_data_of(result), .item = result->itemsize};
    if (t->made != t->result)
        sides[arity].path[0] = tsr_path_find(kernels, t->made, t->result);
    run(context, t, arity, sides, (size_t)result->size);
}

static inline tsr_status new_result(tsr_context *context, const tsr_types *t, const tsr_array *like,
                                    const tsr_apply_options *options, tsr_array **result,
                                    tsr_error *err) {
    size_t needed = tsr_place_room(like->ndim, like->size * t->item);
    if (needed != 0 && needed <= options->place_bytes && tsr_may_place(context)) {
        *result = tsr_array_place(options->place, context, t->result, t->item, like->ndim,
                                  tsr_shape_of(like), like->size);
        return TSR_OK;
    }
    return tsr_array_new(context, t->result, like->ndim, tsr_shape_of(like), false, result, err);
}

/* Whether the kernel takes all operands but numbers as they are. */
static inline bool is_direct(const tsr_types *t, int arity, const tsr_array *const *operands,
                             uint32_t weak) {
    bool direct = t->direct;
    for (int i = 0; i < arity; i++)
        direct = direct && ((weak >> i & 1) != 0 || operands[i]->dtype == t->in[i]);
    return direct;
}

/* Whether the size is for this way: that of a direct operation which computes next to nothing, as
 * choices and limits do too, may be larger. */
static inline bool is_small(const tsr_types *t, int arity, bool direct, int64_t size) {
    return size <= TSR_QUICK_ELEMENTS ||
           (direct && (t->light || arity == 3) && size < TSR_QUICK_BYTES / t->item);
}

const tsr_array *tsr_plain_operand(int arity, const tsr_array *const *operands, uint32_t weak) {
    const tsr_array *first = NULL;
    for (int i = 0; i < arity; i++) {
        const tsr_array *a = operands[i];
        if (((weak >> i) & 1) != 0 || a == first)
            continue;
        if (!tsr_is_plain(a) || (first != NULL && !same_shape(first, a)))
            return NULL;
        first = a;
    }
    return first;
}

bool tsr_quick_apply(tsr_context *context, const tsr_types *t, int arity,
                     const tsr_array *const *operands, const tsr_apply_options *options,
                     tsr_array **result, tsr_status *status, tsr_error *err) {
    tsr_array *out = options->out;
    uint32_t weak = options->weak;
    if (options->where != NULL || options->alpha != NULL || t->copies || t->saturates ||
        tsr_estimating(context) || tsr_interrupted(context) != TSR_OK)
        return false;
    const tsr_array *first = tsr_plain_operand(arity, operands, weak);
    bool direct = is_direct(t, arity, operands, weak);
    if (first == NULL || !is_small(t, arity, direct, first->size) ||
        (out != NULL && !is_writable(out, t->result, first, arity, operands)))
        return false;
    *status = TSR_OK;
    if (out != NULL)
        tsr_array_retain(*result = out);
    else if ((*status = new_result(context, t, first, options, result, err)) != TSR_OK)
        return true;
    if (weak == 0 && direct) {
        run_directly(context, t, arity, operands, *result);
    } else {
        run_by_blocks(context, t, arity, operands, weak, *result);
    }
    if (out != NULL)
        tsr_storage_touch(out->storage);
    return true;
}
