/* Small operations without the engine.
 *
 * Scripts mostly have a few contiguous numbers of one dtype, for which planning takes far longer
 * than computing. When the operands are row-major arrays of one shape, owned, of the dtype that the
 * kernel takes, or numbers, and so is out=, the kernel is called on them as they are. A number is
 * repeated over a block first. */
#include "quick.h"

#include "../loop/engine.h"

#include <string.h>

enum { QUICK_ELEMENTS = 8192, NUMBERS = 256 };

static bool is_plain(const tsr_array *a, tsr_dtype dtype) {
    int64_t stride = a->itemsize;
    for (int i = a->ndim; i-- > 0;) {
        int64_t n = tsr_shape_of(a)[i];
        if (n != 1 && tsr_strides_of(a)[i] != stride)
            return false;
        stride *= n;
    }
    return a->dtype == dtype && a->storage->kind == TSR_OWNED && a->size <= QUICK_ELEMENTS &&
           a->offset % a->itemsize == 0;
}

static bool same_shape(const tsr_array *a, const tsr_array *b) {
    if (a->ndim != b->ndim)
        return false;
    for (int i = 0; i < a->ndim; i++)
        if (tsr_shape_of(a)[i] != tsr_shape_of(b)[i])
            return false;
    return true;
}

static bool apart(const tsr_array *a, const tsr_array *b) {
    const char *p = tsr_data_of(a), *q = tsr_data_of(b);
    return p + a->size * a->itemsize <= q || q + b->size * b->itemsize <= p;
}

/* Whether out= is as plain as the operands, and each of them apart from it or the same elements. */
static bool is_writable(const tsr_array *out, tsr_dtype dtype, const tsr_array *first, int arity,
                        const tsr_array *const *operands) {
    unsigned rights = out->rights & out->storage->rights;
    if (!is_plain(out, dtype) || !same_shape(out, first) || (rights & TSR_WRITE) == 0)
        return false;
    for (int i = 0; i < arity; i++) {
        bool same = tsr_data_of(operands[i]) == tsr_data_of(out) &&
                    operands[i]->itemsize == out->itemsize;
        if (!same && !apart(operands[i], out))
            return false;
    }
    return true;
}

/* One operand: an array's elements, or a number NUMBERS times. */
typedef struct side {
    const char *data;
    int64_t item; /* bytes from element to element beyond a block: 0 for a number */
} side;

static void run(const tsr_types *t, int arity, const side *sides, tsr_array *made, bool numbers) {
    const side *x = &sides[t->swapped], *y = &sides[!t->swapped];
    size_t n = (size_t)made->size, step = numbers ? NUMBERS : n;
    char *to = tsr_data_of(made);
    for (size_t i = 0; i < n; i += step) {
        size_t m = n - i < step ? n - i : step;
        const char *p = x->data + i * (size_t)x->item;
        if (arity == 2)
            ((tsr_kernel_binary *)(uintptr_t)t->kernel)(p, y->data + i * (size_t)y->item, to, m);
        else
            ((tsr_kernel_convert *)(uintptr_t)t->kernel)(p, to, m);
        to += m * made->itemsize;
    }
}

bool tsr_quick_apply(tsr_context *context, const tsr_types *t, int arity,
                     const tsr_array *const *operands, const tsr_apply_options *options,
                     tsr_array **result, tsr_status *status, tsr_error *err) {
    const tsr_array *first = NULL;
    tsr_array *out = options->out;
    if (options->where != NULL || options->alpha != NULL || t->copies || t->made != t->result)
        return false;
    for (int i = 0; i < arity; i++) {
        if (t->common != t->in[i])
            return false;
        if ((options->weak >> i & 1) != 0)
            continue;
        if (!is_plain(operands[i], t->common) ||
            (first != NULL && !same_shape(first, operands[i])))
            return false;
        first = operands[i];
    }
    if (first == NULL || (out != NULL && !is_writable(out, t->made, first, arity, operands)))
        return false;
    _Alignas(64) char block[NUMBERS * 16];
    side sides[2] = {{0}};
    bool numbers = false;
    for (int i = 0; i < arity; i++) {
        const tsr_array *a = operands[i];
        if ((options->weak >> i & 1) == 0) {
            sides[i] = (side){tsr_data_of(a), a->itemsize};
            continue;
        }
        _Alignas(16) char item[16];
        tsr_scalar value = tsr_scalar_load((tsr_dtype)a->dtype, tsr_data_of(a));
        tsr_scalar_store(t->common, item, &value);
        size_t n = (size_t)first->size < NUMBERS ? (size_t)first->size : NUMBERS;
        tsr_engine_kernels(context)->fill[tsr_item_row(first->itemsize)](item, block, n);
        sides[i] = (side){block, 0};
        numbers = true;
    }
    *status = TSR_OK;
    if (out == NULL)
        *status = tsr_array_new(context, t->made, first->ndim, tsr_shape_of(first), false, result,
                                err);
    else
        tsr_array_retain(*result = out);
    if (*status == TSR_OK)
        run(t, arity, sides, *result, numbers);
    if (out != NULL)
        tsr_storage_touch(out->storage);
    return true;
}
