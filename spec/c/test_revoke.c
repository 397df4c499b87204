/* Revoking memory while operations run on it, thousands of times: one thread computes, another
 * takes the memory back and frees it at once. Whatever the mode, no operation may touch the memory
 * after the revocation, which the detectors of races and of freed memory see, and each ends with
 * its result or with TSR_EREVOKED. */
#include "../../core/tessera.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 2000, ELEMENTS = 20000, PATIENCE = 50 };

static int checks, failures;

static void check(bool ok, const char *what) {
    checks++;
    failures += !ok;
    if (!ok)
        printf("%s\n", what);
}

typedef struct round {
    tsr_context *context;
    tsr_storage *storage;
    tsr_array *array;
    atomic_bool started;
    int number;
    /* told by the revoking thread */
    tsr_status last;
    long refusals, timeouts;
    int released;
} round;

static void on_release(void *user, void *data) {
    round *r = user;
    r->released++;
    memset(data, 0xdd, ELEMENTS * sizeof(float));
    free(data);
}

static tsr_status work(round *r, int what, tsr_error *err) {
    const tsr_array *both[2] = {r->array, r->array};
    tsr_apply_options apply = {.face = TSR_FACE_TORCH, .default_float = TSR_FLOAT32};
    tsr_reduce_options reduce = {.face = TSR_FACE_TORCH, .dtype = TSR_DTYPE_COUNT, .count = -1};
    tsr_scalar seven = {TSR_INT64, {.i = 7}};
    tsr_array *result = NULL;
    tsr_status status = TSR_OK;
    if (what == 0)
        status = tsr_apply(r->context, TSR_DO_ADD, both, &apply, &result, err);
    else if (what == 1)
        status = tsr_reduce(r->context, TSR_REDUCE_SUM, r->array, &reduce, &result, err);
    else if (what == 2)
        status = tsr_fill(r->array, &seven, err);
    else if (what == 3)
        status = tsr_clone(r->context, r->array, TSR_FLOAT64, TSR_ORDER_C, &result, err);
    else {
        apply.out = r->array;
        status = tsr_apply(r->context, TSR_DO_EXP, both, &apply, &result, err);
    }
    tsr_array_release(result);
    return status;
}

static void *revoke(void *user) {
    round *r = user;
    while (!atomic_load(&r->started))
        sched_yield();
    for (volatile int i = 0; i < r->number % 97 * 40; i++) {
    }
    tsr_error err = {0};
    if (r->number % 5 == 4) /* first only the right to write */
        tsr_storage_narrow(r->storage, TSR_READ, -1, &err);
    int mode = r->number % 3;
    for (int tries = 0; tries == 0 || r->last == TSR_EBUSY; tries++) {
        mode = tries < PATIENCE ? mode : 1; /* on a busy machine a gap is hard to meet */
        r->last = tsr_storage_revoke(r->storage, mode == 0 ? 0 : mode == 1 ? -1 : 2000, &err);
        r->refusals += mode == 0 && r->last == TSR_EBUSY;
        r->timeouts += mode == 2 && r->last == TSR_EBUSY;
        sched_yield();
    }
    return NULL;
}

static void one_round(tsr_context *c, int number, long *stopped, long *refusals, long *timeouts) {
    round r = {.context = c, .number = number};
    float *data = malloc(ELEMENTS * sizeof *data);
    for (int i = 0; i < ELEMENTS; i++)
        data[i] = 1;
    tsr_buffer buffer = {.struct_size = sizeof buffer,
                         .data = data,
                         .bytes = ELEMENTS * sizeof *data,
                         .kind = TSR_LENT,
                         .rights = TSR_READ | TSR_WRITE,
                         .label = "raced",
                         .release = on_release,
                         .user = &r};
    int64_t shape[] = {ELEMENTS};
    pthread_t thread;
    if (tsr_storage_wrap(c, &buffer, &r.storage, NULL) != TSR_OK ||
        tsr_array_from_storage(c, r.storage, TSR_FLOAT32, 1, shape, NULL, 0, TSR_READ | TSR_WRITE,
                               &r.array, NULL) != TSR_OK ||
        pthread_create(&thread, NULL, revoke, &r) != 0) {
        check(false, "no storage, array or thread");
        return;
    }
    tsr_error err = {0};
    tsr_status status;
    int what = number % 5;
    do {
        status = work(&r, what, &err);
        atomic_store(&r.started, true);
        what = (what + 1) % 5;
        if (status == TSR_EREADONLY) /* narrowed */
            status = TSR_OK;
    } while (status == TSR_OK);
    *stopped += 1;
    check(status == TSR_EREVOKED && strstr(err.message, "raced") != NULL, "no word of the host");
    pthread_join(thread, NULL);
    check(r.last == TSR_OK && r.released == 1, "not released once");
    *refusals += r.refusals;
    *timeouts += r.timeouts;
    tsr_array_release(r.array);
    tsr_storage_release(r.storage);
    check(r.released == 1, "released again");
}

int main(void) {
    tsr_context *c;
    if (tsr_context_new(NULL, &c, NULL) != TSR_OK)
        return 1;
    long stopped = 0, refusals = 0, timeouts = 0;
    for (int i = 0; i < ROUNDS && failures < 20; i++)
        one_round(c, i, &stopped, &refusals, &timeouts);
    check(stopped == ROUNDS, "not every round was stopped by the revocation");
    check(refusals > 0, "no revocation met an operation that ran: the test proves nothing");
    tsr_memory memory;
    tsr_context_memory(c, &memory);
    check(memory.lent == 0 && memory.current == 0, "memory is left");
    tsr_context_release(c);
    printf("test_revoke: %d rounds, %ld refusals, %ld time-outs; %d checks, %d failures\n", ROUNDS,
           refusals, timeouts, checks, failures);
    return failures != 0;
}
