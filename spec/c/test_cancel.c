/* Cancelling: every operation stops between pieces when its context is told to, says so, and leaves
 * everything but its output as it was. With -v also how long each took from the word to the end,
 * over 10^8 elements: the median and the largest of some times, of the thread's processor time and
 * of the clock, which on a machine with other things to do says less.
 *
 * Where a machine below the machine has yet to find the memory, a page of 2 MiB that a result is
 * the first to touch takes 4 ms and more, whoever touches it. So with -v all memory is touched when
 * it is allocated, and kept; with -n it is new each time, as in a program that has just started. */
#define _GNU_SOURCE
#include "../../core/tessera.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static int checks, failures;

static void check(bool good, const char *what) {
    checks++;
    if (!good) {
        failures++;
        printf("%s\n", what);
    }
}

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static tsr_array *ones(tsr_context *c, int64_t n, tsr_dtype dtype) {
    tsr_array *a;
    tsr_scalar one = {.dtype = TSR_FLOAT64, .as = {.f = 0.75}};
    if (tsr_array_new(c, dtype, 1, &n, false, &a, NULL) != TSR_OK ||
        tsr_fill(a, &one, NULL) != TSR_OK)
        return NULL;
    return a;
}

/* One operation over array `a`, which stays as it is. */
typedef struct job {
    tsr_context *context;
    tsr_array *a;
    char name[40];
    int kind, number;
} job;

enum { APPLY, REDUCE, EXTREME, SCAN, COPY, OTHER, KINDS };

/* What has a function of its own. */
enum {
    FILL,
    RANGE,
    REPEAT,
    REPEAT_ROWS,
    TRIANGLE,
    CONCATENATE,
    TRANSPOSE,
    WHERE,
    SOFTMAX,
    SOFTMAX_SHORT,
    VARIANCE,
    COLUMN_SUMS,
    EXPRESSION,
    SINGULAR,
    OTHERS
};

static const char *const other_names[OTHERS] = {
    "fill",        "range",       "repeat",     "repeat rows",    "triangle",
    "concatenate", "transpose",   "where",      "softmax",        "softmax of rows",
    "variance",    "column sums", "expression", "singular values"};

/* The array as a matrix. */
static tsr_array *matrix(const tsr_array *a, int64_t columns) {
    int64_t shape[2] = {-1, columns};
    tsr_array *m = NULL;
    check(tsr_view_reshape(a, 2, shape, &m, NULL) == TSR_OK, "no matrix");
    return m;
}

static tsr_status run_expression(const job *j, tsr_array **result, tsr_error *err) {
    tsr_dtype dtype = tsr_array_dtype(j->a);
    tsr_node nodes[4] = {{.kind = TSR_NODE_INPUT},
                         {.kind = TSR_NODE_APPLY, .operation = TSR_DO_MULTIPLY},
                         {.kind = TSR_NODE_APPLY, .operands = {1, 0}, .operation = TSR_DO_ADD},
                         {.kind = TSR_NODE_APPLY, .operands = {2}, .operation = TSR_DO_SQRT}};
    tsr_input input = {.dtype = dtype};
    tsr_apply_options options = {.face = TSR_FACE_NUMPY, .default_float = TSR_FLOAT64};
    const tsr_array *arrays[1] = {j->a};
    const tsr_scalar *numbers[1] = {NULL};
    tsr_expression *e;
    tsr_status status =
        tsr_expression_new(j->context, TSR_FLOAT64, false, 4, 3, nodes, 1, &input, &e, err);
    if (status == TSR_OK)
        status = tsr_expression_run(e, arrays, numbers, &options, result, err);
    tsr_expression_release(e);
    return status;
}

static tsr_status run_other(const job *j, tsr_array **result, tsr_error *err) {
    tsr_scalar same = {.dtype = TSR_FLOAT64, .as = {.f = 0.75}}, step = {.dtype = TSR_FLOAT64};
    tsr_apply_options apply = {.face = TSR_FACE_NUMPY, .default_float = TSR_FLOAT64};
    tsr_reduce_options reduce = {.face = TSR_FACE_NUMPY, .dtype = TSR_DTYPE_COUNT, .count = -1};
    static const int first = 0;
    tsr_array *m = matrix(j->a, j->number == SINGULAR ? 2 : 1000), *both[2] = {j->a, j->a};
    const tsr_array *three[3] = {j->a, j->a, j->a};
    tsr_dtype floating = tsr_dtype_describe(tsr_array_dtype(j->a))->kind == 'f'
                             ? tsr_array_dtype(j->a)
                             : TSR_FLOAT32;
    tsr_status status = TSR_OK;
    tsr_array *turned = NULL;
    switch (j->number) {
    case FILL:
        status = tsr_fill(j->a, &same, err);
        break;
    case RANGE:
        status = tsr_fill_range(j->a, &same, &step, err);
        break;
    case REPEAT:
        status = tsr_repeat(j->context, j->a, 0, NULL, 2, result, err);
        break;
    case REPEAT_ROWS:
        status = tsr_repeat(j->context, m, 0, NULL, 2, result, err);
        break;
    case TRIANGLE:
        status = tsr_triangle(j->context, m, true, 1, result, err);
        break;
    case CONCATENATE:
        status = tsr_concatenate(j->context, 2, both, 0, tsr_array_dtype(j->a), result, err);
        break;
    case TRANSPOSE:
        status = tsr_view_swap(m, 0, 1, &turned, err);
        if (status == TSR_OK)
            status = tsr_clone(j->context, turned, tsr_array_dtype(m), TSR_ORDER_C, result, err);
        break;
    case WHERE:
        status = tsr_where(j->context, three, &apply, result, err);
        break;
    case SOFTMAX:
        status = tsr_softmax(j->context, false, j->a, 0, floating, NULL, result, err);
        break;
    case SOFTMAX_SHORT:
        status = tsr_softmax(j->context, true, m, 1, floating, NULL, result, err);
        break;
    case VARIANCE:
        status = tsr_variance(j->context, j->a, 1, true, &reduce, result, err);
        break;
    case COLUMN_SUMS:
        reduce.count = 1;
        reduce.dims = &first;
        status = tsr_reduce(j->context, TSR_REDUCE_SUM, m, &reduce, result, err);
        break;
    case SINGULAR:
        status = tsr_singular_values(j->context, m, result, err);
        break;
    default:
        status = run_expression(j, result, err);
    }
    tsr_array_release(turned);
    tsr_array_release(m);
    return status;
}

static tsr_status run(const job *j, tsr_error *err) {
    tsr_array *result = NULL, *at = NULL;
    const tsr_array *operands[2] = {j->a, j->a};
    tsr_apply_options apply = {.face = TSR_FACE_NUMPY, .default_float = TSR_FLOAT64};
    tsr_reduce_options reduce = {.face = TSR_FACE_NUMPY, .dtype = TSR_DTYPE_COUNT, .count = -1};
    tsr_status status = TSR_OK;
    if (j->kind == APPLY)
        status = tsr_apply(j->context, (tsr_do)j->number, operands, &apply, &result, err);
    else if (j->kind == REDUCE)
        status = tsr_reduce(j->context, (tsr_reduction)j->number, j->a, &reduce, &result, err);
    else if (j->kind == EXTREME)
        status = tsr_extreme(j->context, TSR_FACE_NUMPY, j->number != 0, j->a, NULL, false, NULL,
                             &result, err);
    else if (j->kind == SCAN)
        status =
            tsr_scan_along(j->context, (tsr_scan)j->number, j->a, 0, &reduce, &result, &at, err);
    else if (j->kind == COPY)
        status = tsr_clone(j->context, j->a, (tsr_dtype)j->number, TSR_ORDER_C, &result, err);
    else
        status = run_other(j, &result, err);
    check(status == TSR_OK || (result == NULL && at == NULL), "a result beside an error");
    tsr_array_release(result);
    tsr_array_release(at);
    return status;
}

/* ---- cancelled from another thread ---- */

typedef struct canceller {
    tsr_context *context;
    double after;     /* seconds */
    double at;        /* when it was done */
    clockid_t worker; /* processor time of the thread that works */
    double busy;      /* and what it was then */
} canceller;

static void *cancel_later(void *user) {
    canceller *c = user;
    struct timespec pause = {0, (long)(c->after * 1e9)};
    nanosleep(&pause, NULL);
    for (double before = 0; c->at - before > 20e-6 || before == 0;) { /* not put aside in between */
        before = now(CLOCK_MONOTONIC);
        c->busy = now(c->worker);
        c->at = now(CLOCK_MONOTONIC);
    }
    tsr_context_cancel(c->context);
    return NULL;
}

/* Cancels in the middle; how long it went on, or -1 when it was done before. *busy is the processor
 * time of that, which on a machine that has other things to do says more. */
static double cancel_in_the_middle(const job *j, double after, double *busy) {
    pthread_t thread;
    canceller c = {.context = j->context, .after = after};
    tsr_error err = {0};
    pthread_getcpuclockid(pthread_self(), &c.worker);
    pthread_create(&thread, NULL, cancel_later, &c);
    tsr_status status = run(j, &err);
    double end = now(CLOCK_MONOTONIC);
    *busy = now(c.worker);
    pthread_join(thread, NULL);
    *busy -= c.busy;
    tsr_context_clear_cancel(j->context);
    check(status == TSR_OK || status == TSR_ECANCELLED || status == TSR_EDTYPE ||
              status == TSR_EVALUE || status == TSR_EUNSUPPORTED,
          j->name);
    check(status == TSR_ECANCELLED || *busy < 0.01, "one that does not look at the flag");
    if (status != TSR_ECANCELLED && *busy >= 0.01)
        printf("%s went on to its end, %.0f ms\n", j->name, *busy * 1e3);
    return status == TSR_ECANCELLED ? end - c.at : -1;
}

/* ---- all operations ---- */

static int list_jobs(tsr_context *c, tsr_array *a, job *jobs) {
    int n = 0;
    for (int op = 0; op < TSR_DO_COUNT; op++)
        jobs[n++] = (job){c, a, "", APPLY, op};
    for (int op = 0; op < TSR_REDUCE_COUNT; op++)
        jobs[n++] = (job){c, a, "", REDUCE, op};
    for (int op = 0; op < 2; op++)
        jobs[n++] = (job){c, a, "", EXTREME, op};
    for (int op = 0; op < TSR_SCAN_COUNT; op++)
        jobs[n++] = (job){c, a, "", SCAN, op};
    for (int dtype = 0; dtype < TSR_DTYPE_COUNT; dtype++)
        jobs[n++] = (job){c, a, "", COPY, dtype};
    for (int other = 0; other < OTHERS; other++)
        jobs[n++] = (job){c, a, "", OTHER, other};
    static const char *const kinds[KINDS] = {"apply", "reduce", "extreme", "scan", "copy", ""};
    for (int i = 0; i < n; i++)
        if (jobs[i].kind == OTHER)
            snprintf(jobs[i].name, sizeof jobs[i].name, "%s", other_names[jobs[i].number]);
        else
            snprintf(jobs[i].name, sizeof jobs[i].name, "%s %d", kinds[jobs[i].kind],
                     jobs[i].number);
    return n;
}

static size_t current(const tsr_context *c) {
    tsr_memory m;
    tsr_context_memory(c, &m);
    return m.current;
}

static void cancelled_before(job *jobs, int count) {
    int stopped = 0;
    for (int i = 0; i < count; i++) {
        tsr_error err = {0};
        size_t before = current(jobs[i].context);
        tsr_status plain = run(&jobs[i], &err);
        if (plain != TSR_OK)
            continue; /* an operation that does not take the dtype */
        tsr_context_cancel(jobs[i].context);
        tsr_status status = run(&jobs[i], &err);
        tsr_context_clear_cancel(jobs[i].context);
        check(status == TSR_ECANCELLED, jobs[i].name);
        check(strstr(err.message, "cancelled") != NULL, "no word of it in the message");
        tsr_context_set_deadline(jobs[i].context, 1);
        check(run(&jobs[i], &err) == TSR_EDEADLINE, jobs[i].name);
        tsr_context_set_deadline(jobs[i].context, 0);
        check(run(&jobs[i], &err) == TSR_OK, jobs[i].name);
        check(current(jobs[i].context) == before, "memory that nobody let go of");
        stopped++;
    }
    check(stopped > 80, "too few operations that could be cancelled");
}

enum { ROUNDS = 7 };

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Cancels a job after other and other times. */
static void tell(const job *j) {
    double busy[ROUNDS], late[ROUNDS];
    int n = 0;
    for (int i = 0; i < ROUNDS; i++) {
        late[n] = cancel_in_the_middle(j, 0.002 * (1 + 0.37 * i), &busy[n]);
        n += late[n] >= 0;
    }
    if (n == 0)
        return;
    qsort(busy, (size_t)n, sizeof *busy, compare);
    qsort(late, (size_t)n, sizeof *late, compare);
    printf("%-16s %6.2f %6.2f ms of processor time, %6.2f %6.2f ms of the clock\n", j->name,
           busy[n / 2] * 1e3, busy[n - 1] * 1e3, late[n / 2] * 1e3, late[n - 1] * 1e3);
}

static void in_the_middle(job *jobs, int count, bool verbose) {
    int stopped = 0;
    for (int i = 0; i < count; i++) {
        double busy;
        stopped += cancel_in_the_middle(&jobs[i], 0.0003, &busy) >= 0;
        if (verbose)
            tell(&jobs[i]);
    }
    check(stopped > 5, "hardly anything was cancelled in the middle");
}

/* ---- memory that has been found */

enum { HUGE_PAGE = 2 << 20 };

/* Blocks from `HUGE_PAGE` on are aligned to one. */
static void *allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    (void)user;
    if (bytes >= HUGE_PAGE)
        alignment = HUGE_PAGE;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block != NULL && bytes >= HUGE_PAGE)
        madvise(block, bytes, MADV_HUGEPAGE);
    if (block != NULL && (zeroed || bytes >= HUGE_PAGE))
        memset(block, 0, bytes);
    return block;
}

static void release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)user;
    (void)bytes;
    (void)alignment;
    free(block);
}

int main(int argc, char **argv) {
    bool found = argc > 1 && strcmp(argv[1], "-v") == 0;
    bool verbose = found || (argc > 1 && strcmp(argv[1], "-n") == 0);
    tsr_config config = {.struct_size = sizeof config, .cache_limit = SIZE_MAX};
    if (found) {
        config.allocator = (tsr_allocator){allocate, release, NULL};
        config.cache_limit = SIZE_MAX - 1;
    }
    tsr_context *c;
    static job jobs[TSR_DO_COUNT + 96];
    if (tsr_context_new(verbose ? &config : NULL, &c, NULL) != TSR_OK)
        return 1;
    tsr_array *small = ones(c, 200000, TSR_FLOAT64); /* what is smaller may be done at once */
    cancelled_before(jobs, list_jobs(c, small, jobs));
    tsr_array_release(small);
    static const tsr_dtype dtypes[] = {TSR_FLOAT32, TSR_FLOAT64, TSR_INT32, TSR_COMPLEX64};
    for (int t = 1; t <= 2; t++)
        for (int d = 0; d < 4; d++) {
            tsr_context_set_threads(c, t, NULL);
            tsr_array *large = ones(c, verbose ? 100000000 : 6000000, dtypes[d]);
            if (verbose)
                printf("%s, %d threads\n", tsr_dtype_describe(dtypes[d])->name, t);
            in_the_middle(jobs, list_jobs(c, large, jobs), verbose);
            tsr_array_release(large);
        }
    tsr_context_release(c);
    printf("test_cancel: %d checks, %d failures\n", checks, failures);
    return failures != 0;
}
