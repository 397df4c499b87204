/* Contexts that know nothing of each other, on threads that do not wait for each other: every
 * operation of a round, with threads of the context's own besides, gives the bytes that it gave
 * alone. All read one array of a further context, hold it and let it go. Built a second time for
 * the detector of data races, which would find anything that contexts share. */
#include "../../core/tessera.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { ROUNDS = 12 };
#else
enum { ROUNDS = 60 };
#endif
enum { SIDE = 300, THREADS = 2, STEPS = 12 };

static tsr_array *shared; /* SIDE x SIDE, float64 */
static uint64_t alone[STEPS];

/* Of the words of an array, which is let go. 0 when it could not be made. */
static uint64_t digest(tsr_status status, tsr_array *array) {
    uint64_t sum = status == TSR_OK ? 1469598103934665603u : 0;
    size_t bytes = status == TSR_OK ? (size_t)tsr_array_size(array) * tsr_array_itemsize(array) : 0;
    const unsigned char *data = status == TSR_OK ? tsr_array_data(array) : NULL;
    for (size_t i = 0; i + 8 <= bytes; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        sum = (sum ^ word) * 1099511628211u;
        sum ^= sum >> 32;
    }
    tsr_array_release(array);
    return sum;
}

static void all_steps(tsr_context *c, uint64_t *out) {
    tsr_apply_options apply = {.face = TSR_FACE_NUMPY, .default_float = TSR_FLOAT64};
    const int zero = 0, swap[] = {1, 0};
    tsr_reduce_options reduce = {.face = TSR_FACE_NUMPY, .dtype = TSR_DTYPE_COUNT, .count = -1};
    tsr_array *own = NULL, *turned = NULL, *half = NULL, *result = NULL;
    tsr_status s;
    memset(out, 0, STEPS * sizeof *out);
    tsr_array_retain(shared);
    if (tsr_clone(c, shared, TSR_FLOAT64, TSR_ORDER_C, &own, NULL) == TSR_OK &&
        tsr_view_permute(shared, 2, swap, &turned, NULL) == TSR_OK &&
        tsr_clone(c, shared, TSR_FLOAT16, TSR_ORDER_C, &half, NULL) == TSR_OK) {
        const tsr_array *operands[] = {own, turned}, *mixed[] = {half, turned};
        int k = 0;
        static const tsr_do binary[] = {TSR_DO_ADD, TSR_DO_MULTIPLY};
        static const tsr_do unary[] = {TSR_DO_EXP, TSR_DO_SIN, TSR_DO_SQRT};
        for (int i = 0; i < 2; i++, result = NULL) {
            s = tsr_apply(c, binary[i], operands, &apply, &result, NULL);
            out[k++] = digest(s, result);
        }
        s = tsr_apply(c, TSR_DO_ADD, mixed, &apply, &result, NULL);
        out[k++] = digest(s, result), result = NULL;
        for (int i = 0; i < 3; i++, result = NULL) {
            s = tsr_apply(c, unary[i], operands, &apply, &result, NULL);
            out[k++] = digest(s, result);
        }
        s = tsr_reduce(c, TSR_REDUCE_SUM, turned, &reduce, &result, NULL);
        out[k++] = digest(s, result), result = NULL;
        reduce.count = 1;
        reduce.dims = &zero;
        s = tsr_reduce(c, TSR_REDUCE_MAX, own, &reduce, &result, NULL);
        out[k++] = digest(s, result), result = NULL;
        s = tsr_scan_along(c, TSR_SCAN_SUM, own, 0, &reduce, &result, NULL, NULL);
        out[k++] = digest(s, result), result = NULL;
        s = tsr_softmax(c, false, own, 1, TSR_FLOAT64, NULL, &result, NULL);
        out[k++] = digest(s, result), result = NULL;
        s = tsr_clone(c, turned, TSR_INT16, TSR_ORDER_C, &result, NULL);
        out[k++] = digest(s, result), result = NULL;
        s = tsr_concatenate(c, 2, (tsr_array *[]){own, turned}, 0, TSR_FLOAT64, &result, NULL);
        out[k++] = digest(s, result);
    }
    tsr_array_release(own);
    tsr_array_release(turned);
    tsr_array_release(half);
    tsr_array_release(shared);
}

static void *run(void *user) {
    atomic_int *wrong = user;
    for (int i = 0; i < ROUNDS; i++) {
        tsr_context *c = NULL;
        uint64_t now[STEPS];
        if (tsr_context_new(NULL, &c, NULL) != TSR_OK ||
            tsr_context_set_threads(c, 1 + i % 3, NULL) != TSR_OK) {
            atomic_fetch_add(wrong, 1);
            return NULL;
        }
        for (int again = 0; again < 3; again++) {
            all_steps(c, now);
            for (int k = 0; k < STEPS; k++)
                atomic_fetch_add(wrong, now[k] != alone[k] || now[k] == 0);
        }
        tsr_context_release(c);
    }
    return NULL;
}

int main(void) {
    tsr_context *c = NULL;
    tsr_array *line = NULL;
    const int64_t count = SIDE * SIDE, shape[] = {SIDE, SIDE};
    const tsr_scalar start = {TSR_FLOAT64, {.f = 0}}, step = {TSR_FLOAT64, {.f = 1.0 / 4096}};
    if (tsr_context_new(NULL, &c, NULL) != TSR_OK ||
        tsr_array_new(c, TSR_FLOAT64, 1, &count, false, &line, NULL) != TSR_OK ||
        tsr_fill_range(line, &start, &step, NULL) != TSR_OK ||
        tsr_view_reshape(line, 2, shape, &shared, NULL) != TSR_OK)
        return EXIT_FAILURE;
    tsr_array_release(line);
    all_steps(c, alone);
    pthread_t threads[THREADS];
    atomic_int wrong = 0;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, &wrong) != 0)
            return EXIT_FAILURE;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tsr_array_release(shared);
    tsr_memory memory;
    tsr_context_memory(c, &memory);
    tsr_context_release(c);
    printf("%d wrong, %zu bytes left\n", (int)wrong, memory.current);
    return wrong == 0 && memory.current == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
