/* The executor of a context and its pool of threads: every index of every job runs exactly once
 * whatever the number of threads, the size of the job, nesting, other threads and other contexts;
 * forks, signals, the host's own executor and the end of a pool leave nothing behind. Built and run
 * a second time for the detector of data races, with the base layer alone: so contexts have no
 * kernels here. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "../../core/base/context.h"
#include "../../core/base/executor.h"
#include "../../core/base/float_mode.h"
#include "../../core/tessera.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#if !defined(UNDER_TSAN)
#define UNDER_TSAN 0
#endif

static atomic_int failures;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            atomic_fetch_add(&failures, 1);                                                        \
            printf("%s:%d: %s\n", __func__, __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)

/* ---- an allocator that counts, and contexts */

static atomic_size_t live;

static void *count_allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    (void)user;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block == NULL)
        return NULL;
    atomic_fetch_add(&live, bytes);
    if (zeroed)
        memset(block, 0, bytes);
    return block;
}

static void count_release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)user;
    (void)alignment;
    atomic_fetch_sub(&live, bytes);
    free(block);
}

static tsr_context *open_context(int threads) {
    tsr_config config = {.struct_size = sizeof config,
                         .allocator = {count_allocate, count_release, NULL}};
    tsr_context *c = NULL;
    tsr_error err = {0};
    CHECK(tsr_context_create(&config, 0, &c, &err) == TSR_OK);
    CHECK(tsr_context_threads(c) == 1);
    CHECK(tsr_context_set_threads(c, threads, &err) == TSR_OK);
    CHECK(tsr_context_threads(c) == threads);
    return c;
}

static int tasks_of_process(void) { /* threads, as the kernel counts them */
    char line[256];
    int threads = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "Threads: %d", &threads);
    if (status != NULL)
        fclose(status);
    return threads;
}

/* How many there are once those that were joined are gone from the kernel's books. */
static int settled_tasks(int expected) {
    for (int i = 0; i < 2000 && tasks_of_process() != expected; i++)
        usleep(1000);
    return tasks_of_process();
}

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void work_for(double time) {
    for (double until = seconds(CLOCK_MONOTONIC) + time; seconds(CLOCK_MONOTONIC) < until;)
        ;
}

/* ---- jobs that can be checked: task i writes i * 3 + salt, once */

enum { MOST = 5000 };

typedef struct job {
    int64_t out[MOST]; /* plain memory: what orders it is the executor's business */
    uint8_t runs[MOST];
    int64_t salt;
} job;

static void write_one(void *user, int64_t i) {
    job *j = user;
    j->out[i] = i * 3 + j->salt;
    j->runs[i]++;
}

static bool run_job(tsr_context *c, job *j, int64_t count, int64_t salt) {
    memset(j, 0, sizeof *j);
    j->salt = salt;
    tsr_parallel_for(c, count, write_one, j);
    for (int64_t i = 0; i < MOST; i++)
        if (j->runs[i] != (i < count) || j->out[i] != (i < count ? i * 3 + salt : 0))
            return false;
    return true;
}

static void test_sizes(void) {
    static const int64_t counts[] = {0, 1, 2, 3, 7, 64, 1000, MOST};
    job *j = malloc(sizeof *j);
    for (int threads = 1; threads <= 5; threads++) {
        tsr_context *c = open_context(threads);
        bool right = true;
        for (int round = 0; round < (UNDER_TSAN ? 40 : 400); round++)
            for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
                right = run_job(c, j, counts[i], round) && right;
        CHECK(right);
        tsr_context_release(c);
    }
    free(j);
    CHECK(live == 0);
}

/* ---- several threads do take part, and only those asked for */

typedef struct meeting {
    atomic_int inside, most;
    pthread_t caller;
    atomic_bool elsewhere;
} meeting;

static void meet(void *user, int64_t i) {
    (void)i;
    meeting *m = user;
    int now = atomic_fetch_add(&m->inside, 1) + 1;
    for (int most = atomic_load(&m->most);
         most < now && !atomic_compare_exchange_weak(&m->most, &most, now);)
        ;
    if (!pthread_equal(pthread_self(), m->caller))
        atomic_store(&m->elsewhere, true);
    usleep(20000);
    atomic_fetch_sub(&m->inside, 1);
}

static void test_taking_part(void) {
    int before = settled_tasks(tasks_of_process());
    for (int threads = 1; threads <= 4; threads++) {
        tsr_context *c = open_context(threads);
        CHECK(tasks_of_process() == before);
        meeting m = {.caller = pthread_self()};
        tsr_parallel_for(c, 24, meet, &m);
        CHECK(m.most == threads && m.elsewhere == (threads > 1));
        CHECK(tasks_of_process() == before + threads - 1);
        tsr_error err = {0};
        CHECK(tsr_context_set_threads(c, 2, &err) == TSR_OK);
        meeting pair = {.caller = pthread_self()};
        tsr_parallel_for(c, 12, meet, &pair);
        CHECK(pair.most == 2 && tasks_of_process() == before + 1);
        CHECK(tsr_context_set_threads(c, 1, &err) == TSR_OK);
        CHECK(settled_tasks(before) == before);
        tsr_context_release(c);
    }
    CHECK(live == 0);
}

/* ---- nested jobs */

typedef struct nest {
    tsr_context *same, *other;
    job jobs[8];
    atomic_int wrong;
} nest;

static void nested(void *user, int64_t i) {
    nest *n = user;
    if (!run_job(n->same, &n->jobs[i], 500 + i, i))
        atomic_fetch_add(&n->wrong, 1);
    if (!run_job(n->other, &n->jobs[i], 300 + i, i))
        atomic_fetch_add(&n->wrong, 1);
}

static void test_nested(void) {
    nest *n = calloc(1, sizeof *n);
    n->same = open_context(3);
    n->other = open_context(2);
    for (int round = 0; round < 30; round++)
        tsr_parallel_for(n->same, 8, nested, n);
    CHECK(n->wrong == 0);
    tsr_context_release(n->same);
    tsr_context_release(n->other);
    free(n);
    CHECK(live == 0);
}

/* ---- several callers: contexts of their own, and one for all */

typedef struct caller {
    tsr_context *context;
    int64_t salt;
    bool right;
} caller;

static void *call_often(void *at) {
    caller *k = at;
    job *j = malloc(sizeof *j);
    k->right = true;
    for (int round = 0; round < (UNDER_TSAN ? 100 : 1000); round++)
        k->right =
            run_job(k->context, j, 1 + (round * 37 + k->salt) % 700, round + k->salt) && k->right;
    free(j);
    return NULL;
}

static void test_callers(bool shared) {
    enum { CALLERS = 3 };
    tsr_context *contexts[CALLERS];
    caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        contexts[i] = (shared && i > 0) ? contexts[0] : open_context(2);
        callers[i] = (caller){contexts[i], i * 1000, false};
    }
    for (int i = 0; i < CALLERS; i++)
        CHECK(pthread_create(&threads[i], NULL, call_often, &callers[i]) == 0);
    tsr_error err = {0};
    for (int i = 0; shared && i < 200; i++) { /* the number changes while jobs run */
        CHECK(tsr_context_set_threads(contexts[0], 1 + i % 3, &err) == TSR_OK);
        sched_yield();
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < CALLERS; i++)
        CHECK(callers[i].right);
    for (int i = 0; i < (shared ? 1 : CALLERS); i++)
        tsr_context_release(contexts[i]);
    CHECK(live == 0);
}

typedef struct occupation {
    tsr_context *context;
    atomic_bool running, finish;
} occupation;

static void occupy_task(void *user, int64_t i) {
    (void)i;
    occupation *o = user;
    atomic_store(&o->running, true);
    while (!atomic_load(&o->finish))
        usleep(100);
}

static void *occupy(void *at) {
    occupation *o = at;
    tsr_parallel_for(o->context, 2, occupy_task, o);
    return NULL;
}

static void await(atomic_bool *flag) {
    while (!atomic_load(flag))
        usleep(100);
}

/* A busy pool makes nobody wait: the second caller's job ends before the first one's. */
static void test_busy(void) {
    occupation o = {.context = open_context(2)};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, occupy, &o) == 0);
    await(&o.running);
    job *j = malloc(sizeof *j);
    CHECK(run_job(o.context, j, 1000, 1));
    free(j);
    tsr_error err = {0};
    CHECK(tsr_context_set_threads(o.context, 1, &err) == TSR_OK); /* nor does this wait */
    CHECK(!atomic_load(&o.finish));
    atomic_store(&o.finish, true);
    pthread_join(thread, NULL);
    tsr_context_release(o.context);
    CHECK(live == 0);
}

/* ---- the end of contexts */

typedef struct last {
    tsr_context *context;
    void *block;
    atomic_int arrived;
} last;

enum { BLOCK = 80 };

/* One of the threads, mostly the pool's, lets go of the context and of its last block. */
static void release_last(void *user, int64_t i) {
    last *l = user;
    atomic_fetch_add(&l->arrived, 1);
    while (atomic_load(&l->arrived) < 2)
        sched_yield();
    if (i == 1) {
        tsr_context_release(l->context);
        tsr_block_free(l->context, l->block, BLOCK);
    }
}

static void test_ends(void) {
    int before = tasks_of_process();
    job *j = malloc(sizeof *j);
    bool right = true;
    for (int round = 0; round < (UNDER_TSAN ? 200 : 1000); round++) {
        tsr_context *c = open_context(2 + round % 3);
        if (round % 4 != 0)
            right = run_job(c, j, 100, round) && right;
        tsr_context_release(c);
        CHECK(live == 0);
    }
    CHECK(right);
    for (int round = 0; round < 100; round++) {
        last l = {.context = open_context(2)};
        l.block = tsr_block_new(l.context, BLOCK, false, NULL);
        CHECK(l.block != NULL);
        tsr_parallel_for(l.context, 2, release_last, &l);
        CHECK(live == 0);
    }
    /* a block that outlives the owner's reference: work goes on, without threads */
    tsr_context *c = open_context(3);
    void *block = tsr_block_new(c, BLOCK, false, NULL);
    CHECK(run_job(c, j, 100, 1));
    tsr_context_release(c);
    CHECK(settled_tasks(before) == before && run_job(c, j, 100, 2));
    CHECK(tasks_of_process() == before);
    tsr_block_free(c, block, BLOCK);
    CHECK(live == 0);
    free(j);
}

/* ---- forks */

static bool ended_well(pid_t child) {
    int status = -1;
    for (int i = 0; i < 20000; i++) {
        if (waitpid(child, &status, WNOHANG) == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        usleep(1000);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return false;
}

static void test_fork(bool busy) {
    occupation o = {.context = open_context(3)};
    pthread_t thread;
    job *j = malloc(sizeof *j);
    CHECK(run_job(o.context, j, 1000, 1));
    if (busy) {
        CHECK(pthread_create(&thread, NULL, occupy, &o) == 0);
        await(&o.running);
    }
    for (int way = 0; way < 4; way++) { /* computes, sets threads, both, only releases */
        pid_t child = fork();
        if (child == 0) {
            int alone = tasks_of_process(), now = 0;
            bool well = true;
            tsr_error err = {0};
            if (way == 1 || way == 2)
                well = tsr_context_set_threads(o.context, 4, &err) == TSR_OK && well;
            for (int i = 0; i < 20 && way % 2 == 0; i++)
                well = run_job(o.context, j, 1000, i) && well;
            now = tasks_of_process();
            well = now == alone + (way == 0 ? 2 : way == 2 ? 3 : 0) && well;
            tsr_context_release(o.context);
            _exit((well && settled_tasks(alone) == alone) ? 0 : 1);
        }
        CHECK(child > 0 && ended_well(child));
        CHECK(run_job(o.context, j, 1000, way));
    }
    if (busy) {
        atomic_store(&o.finish, true);
        pthread_join(thread, NULL);
    }
    CHECK(run_job(o.context, j, 1000, 9));
    tsr_context_release(o.context);
    free(j);
    CHECK(live == 0);
}

/* ---- a host's executor */

typedef struct host {
    int calls;
    int64_t indices;
} host;

static void host_for(void *self, int64_t count, void (*task)(void *user, int64_t index),
                     void *user) {
    host *h = self;
    h->calls++;
    h->indices += count;
    for (int64_t i = count; i-- > 0;)
        task(user, i);
}

static void test_host(void) {
    host h = {0};
    tsr_config config = {.struct_size = sizeof config, .executor = {host_for, 3, &h}};
    tsr_context *c = NULL;
    tsr_error err = {0};
    job *j = malloc(sizeof *j);
    int before = tasks_of_process();
    CHECK(tsr_context_create(&config, 0, &c, &err) == TSR_OK && tsr_context_threads(c) == 3);
    CHECK(run_job(c, j, 100, 1) && h.calls == 1 && h.indices == 100);
    CHECK(run_job(c, j, 1, 1) && h.calls == 1);
    CHECK(tsr_context_set_threads(c, 1, &err) == TSR_OK && tsr_context_threads(c) == 1);
    CHECK(run_job(c, j, 100, 1) && h.calls == 1);
    CHECK(tsr_context_set_threads(c, 8, &err) == TSR_OK && tsr_context_threads(c) == 3);
    CHECK(tsr_context_set_threads(c, 2, &err) == TSR_OK && tsr_context_threads(c) == 2);
    CHECK(tsr_context_set_threads(c, 0, &err) == TSR_OK && tsr_context_threads(c) == 3);
    CHECK(run_job(c, j, 100, 1) && h.calls == 2 && tasks_of_process() == before);
    tsr_context_release(c);
    free(j);
    static const tsr_executor bad[] = {{host_for, 0, NULL},
                                       {host_for, -1, NULL},
                                       {host_for, TSR_MAX_THREADS + 1, NULL},
                                       {NULL, 2, NULL}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        config.executor = bad[i];
        CHECK(tsr_context_create(&config, 0, &c, &err) == TSR_EVALUE && c == NULL);
        CHECK(strstr(err.message, "config.executor") != NULL);
    }
}

/* ---- settings, cancelling, deadlines */

static void test_numbers(void) {
    tsr_context *c = open_context(1);
    tsr_error err = {0};
    CHECK(tsr_context_set_threads(c, -1, &err) == TSR_EVALUE);
    CHECK(tsr_context_set_threads(c, TSR_MAX_THREADS + 1, NULL) == TSR_EVALUE);
    CHECK(tsr_context_threads(c) == 1);
    CHECK(tsr_context_set_threads(c, TSR_MAX_THREADS, &err) == TSR_OK);
    cpu_set_t set, one;
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0);
    CHECK(tsr_context_set_threads(c, 0, &err) == TSR_OK);
    CHECK(tsr_context_threads(c) == CPU_COUNT(&set));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &set))
            CPU_SET(i, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(tsr_context_set_threads(c, 0, &err) == TSR_OK && tsr_context_threads(c) == 1);
    CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
    tsr_context_release(c);
}

static tsr_context *to_cancel;

static void cancel_it(int signal_number) {
    (void)signal_number;
    tsr_context_cancel(to_cancel);
}

typedef struct patience {
    tsr_context *context;
    atomic_int stopped;
    tsr_status status;
} patience;

static void until_interrupted(void *user, int64_t i) {
    (void)i;
    patience *p = user;
    tsr_status status = TSR_OK;
    for (double end = seconds(CLOCK_MONOTONIC) + 20;
         status == TSR_OK && seconds(CLOCK_MONOTONIC) < end;)
        status = tsr_interrupted(p->context);
    if (status == p->status)
        atomic_fetch_add(&p->stopped, 1);
}

static void test_interruption(void) {
    patience p = {.context = open_context(2), .status = TSR_ECANCELLED};
    CHECK(tsr_interrupted(p.context) == TSR_OK && !tsr_context_cancelled(p.context));
    to_cancel = p.context;
    struct sigaction action = {.sa_handler = cancel_it}, before;
    sigaction(SIGALRM, &action, &before);
    struct itimerval timer = {.it_value = {.tv_usec = 30000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    tsr_parallel_for(p.context, 4, until_interrupted, &p);
    sigaction(SIGALRM, &before, NULL);
    CHECK(p.stopped == 4 && tsr_context_cancelled(p.context));
    tsr_context_clear_cancel(p.context);
    CHECK(!tsr_context_cancelled(p.context) && tsr_interrupted(p.context) == TSR_OK);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t deadline = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + 30000000;
    p.stopped = 0;
    p.status = TSR_EDEADLINE;
    tsr_context_set_deadline(p.context, deadline);
    CHECK(tsr_context_deadline(p.context) == deadline && tsr_interrupted(p.context) == TSR_OK);
    tsr_parallel_for(p.context, 4, until_interrupted, &p);
    CHECK(p.stopped == 4 && tsr_interrupted(p.context) == TSR_EDEADLINE);
    tsr_context_cancel(p.context);
    CHECK(tsr_interrupted(p.context) == TSR_ECANCELLED);
    tsr_context_clear_cancel(p.context);
    tsr_context_set_deadline(p.context, 0);
    CHECK(tsr_interrupted(p.context) == TSR_OK);
    tsr_context_release(p.context);
}

/* ---- what workers take over: modes of the processor, and no signals */

typedef struct manners {
    atomic_int arrived, wrong;
    tsr_float_mode mode;
    pthread_t caller;
} manners;

static void look(void *user, int64_t i) {
    (void)i;
    manners *m = user;
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < 2)
        sched_yield();
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    bool worker = !pthread_equal(pthread_self(), m->caller);
    bool right = tsr_float_mode_get() == m->mode && sigismember(&set, SIGINT) == worker &&
                 sigismember(&set, SIGALRM) == worker && sigismember(&set, SIGUSR1) == worker &&
                 !sigismember(&set, SIGSEGV);
    atomic_fetch_add(&m->wrong, right ? 0 : 1);
}

static void test_manners(void) {
    tsr_float_mode usual = tsr_float_mode_get();
    tsr_context *c = open_context(2);
#if defined(__x86_64__)
    tsr_float_mode modes[] = {usual, 0x8040, 0x2000, 0x6040, usual};
#else
    tsr_float_mode modes[] = {usual};
#endif
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        manners m = {.mode = modes[i], .caller = pthread_self()};
        tsr_float_mode_set(modes[i]);
        tsr_parallel_for(c, 2, look, &m);
        CHECK(tsr_float_mode_get() == modes[i]);
        tsr_float_mode_set(usual);
        CHECK(m.wrong == 0 && m.arrived == 2);
    }
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    CHECK(!sigismember(&set, SIGINT) && !sigismember(&set, SIGALRM));
    tsr_context_release(c);
}

/* ---- scarcity and rest */

/* No thread and no memory to be had: the caller does it all. In a child, whose limits may sink. */
static void test_scarcity(void) {
    pid_t child = fork();
    if (child == 0) {
        job *j = malloc(sizeof *j);
        tsr_context *c = open_context(4);
        tsr_context_set_quota(c, 1);
        int alone = tasks_of_process();
        bool well = run_job(c, j, 1000, 1) && tasks_of_process() == alone;
        tsr_context_set_quota(c, 0);
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_NPROC, &none);
        bool limited = setuid(65534) == 0; /* the limit is not for root */
        for (int i = 0; i < 3; i++)
            well = run_job(c, j, 1000, i) && well;
        well = (tasks_of_process() == alone || !limited) && well;
        tsr_context_release(c);
        _exit((well && live == 0 && failures == 0) ? 0 : 1);
    }
    CHECK(child > 0 && ended_well(child));
}

static void spend(void *user, int64_t i) {
    (void)user;
    (void)i;
    work_for(0.001);
}

static void test_rest(void) {
    tsr_context *c = open_context(2);
    tsr_parallel_for(c, 20, spend, NULL);
    usleep(20000);
    double before = seconds(CLOCK_PROCESS_CPUTIME_ID);
    usleep(200000);
    CHECK(seconds(CLOCK_PROCESS_CPUTIME_ID) - before < 0.02);
    tsr_context_release(c);
}

static void *nothing(void *at) {
    return at;
}

int main(void) {
    test_scarcity(); /* first, while there is no other thread */
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, nothing, NULL) == 0); /* the detector adds one of its own */
    pthread_join(thread, NULL);
    int before = settled_tasks(1 + UNDER_TSAN);
    CHECK(before == 1 + UNDER_TSAN);
    test_sizes();
    test_taking_part();
    test_nested();
    test_callers(false);
    test_callers(true);
    test_busy();
    test_ends();
    if (!UNDER_TSAN) { /* it allows no threads in the child of a process with threads */
        test_fork(false);
        test_fork(true);
    }
    test_host();
    test_numbers();
    test_interruption();
    test_manners();
    test_rest();
    CHECK(settled_tasks(before) == before);
    printf("%d failures\n", atomic_load(&failures));
    return failures != 0;
}
