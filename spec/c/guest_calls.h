/* One copy of the library as a table of its functions, and a computation with it whose result is
 * known. For programs that have several copies, or load and unload one. */
#ifndef GUEST_CALLS_H
#define GUEST_CALLS_H

#include "../../core/tessera.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#define GUEST_CALLS(X)                                                                             \
    X(tsr_context_new)                                                                             \
    X(tsr_context_release)                                                                         \
    X(tsr_context_set_threads)                                                                     \
    X(tsr_context_memory)                                                                          \
    X(tsr_array_new)                                                                               \
    X(tsr_array_release)                                                                           \
    X(tsr_array_get)                                                                               \
    X(tsr_fill_range)                                                                              \
    X(tsr_apply)                                                                                   \
    X(tsr_reduce)                                                                                  \
    X(tsr_clone)                                                                                   \
    X(tsr_view_flip)

typedef struct guest_calls {
#define GUEST_FIELD(name) __typeof__(&name) name;
    GUEST_CALLS(GUEST_FIELD)
#undef GUEST_FIELD
} guest_calls;

/* `handle` as from dlopen. */
static inline bool guest_find(void *handle, guest_calls *out) {
    void *symbol;
#define GUEST_FIND(name)                                                                           \
    if ((symbol = dlsym(handle, #name)) == NULL)                                                   \
        return false;                                                                              \
    memcpy(&out->name, &symbol, sizeof symbol);
    GUEST_CALLS(GUEST_FIND)
#undef GUEST_FIND
    return true;
}

/* The sum over i < n of float32(i) * (n - 1 - i), in float64; -1 when something failed. */
static inline double guest_compute(const guest_calls *lib, tsr_context *context, int64_t n) {
    tsr_apply_options apply = {.face = TSR_FACE_NUMPY, .default_float = TSR_FLOAT64};
    tsr_reduce_options reduce = {.face = TSR_FACE_NUMPY, .dtype = TSR_DTYPE_COUNT, .count = -1};
    tsr_scalar zero = {TSR_FLOAT64, {.f = 0}}, one = {TSR_FLOAT64, {.f = 1}}, result;
    tsr_array *x = NULL, *narrow = NULL, *flipped = NULL, *product = NULL, *sum = NULL;
    const int dim = 0;
    double value = -1;
    if (lib->tsr_array_new(context, TSR_FLOAT64, 1, &n, false, &x, NULL) == TSR_OK &&
        lib->tsr_fill_range(x, &zero, &one, NULL) == TSR_OK &&
        lib->tsr_clone(context, x, TSR_FLOAT32, TSR_ORDER_C, &narrow, NULL) == TSR_OK &&
        lib->tsr_view_flip(x, 1, &dim, &flipped, NULL) == TSR_OK &&
        lib->tsr_apply(context, TSR_DO_MULTIPLY, (const tsr_array *[]){narrow, flipped}, &apply,
                       &product, NULL) == TSR_OK &&
        lib->tsr_reduce(context, TSR_REDUCE_SUM, product, &reduce, &sum, NULL) == TSR_OK &&
        lib->tsr_array_get(sum, 0, NULL, &result, NULL) == TSR_OK)
        value = result.as.f;
    lib->tsr_array_release(x);
    lib->tsr_array_release(narrow);
    lib->tsr_array_release(flipped);
    lib->tsr_array_release(product);
    lib->tsr_array_release(sum);
    return value;
}

/* What it must be, for n below 2^17, where everything is exact. */
static inline double guest_expected(int64_t n) {
    double m = (double)n;
    return m * (m - 1) * (m - 2) / 6;
}

#endif
