/* A pool of threads for jobs of a few microseconds up.
 *
 * A job is a row of indices, of which each member, the caller and the workers, has a share of its
 * own, handed out by a counter; who is done with its own takes from the others'. Where jobs go over
 * the same memory again and again, each thus finds its part in its own cache. The number `round`
 * tells where the pool is: odd while a job is open, even while none is.
 *
 *      caller                                  worker
 *      write the job                           wait until round is odd and not the last one
 *      round++ (odd), wake sleepers            inside++
 *      take indices until none is left         round still odd?  take indices until none is left
 *      round++ (even)                          inside--, wake the caller at 0
 *      wait until inside is 0
 *
 * Either a worker's inside++ comes before the caller's second round++, and the caller waits for it,
 * or the worker sees an even round and leaves the job alone. So nobody waits for a worker that
 * comes too late: a job is never slower than what waking costs, however long a worker takes to wake
 * up. Both waits spin for some tens of microseconds, since a sleeper takes that long to wake, and
 * then sleep in the kernel; they do not spin when threads are more than processors. A job without a
 * task tells the workers to end.
 *
 * Workers take the caller's rounding and flush-to-zero modes with each job, so that who computes an
 * element does not show. All signals are blocked in them, so that a host's handlers run on a host's
 * threads, but for the faults of an instruction: those reach the thread that made them or kill.
 */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include "pool.h"
#include "context.h"
#include "float_mode.h"
#include "system.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum {
    STACK = 1 << 20,
    SPIN_NANOSECONDS = 50000,
    LOOKS = 32, /* between two times that a spinning thread lets others run */
    LINE = 64,
};

typedef void task_function(void *user, int64_t index);

/* Indices [begin, end), of which the first next - begin are taken, or, when a job goes back, the
 * last. */
typedef struct share {
    _Alignas(LINE) _Atomic int64_t next;
    int64_t begin, end;
} share;

struct tsr_pool {
    size_t bytes; /* of this block */
    int process;
    int started;
    bool spins, back;
    share *shares;       /* the caller's, then the workers' */
    atomic_int arrived;  /* workers that know which is theirs */
    task_function *task; /* the job; NULL: end */
    void *user;
    tsr_float_mode mode;
    _Alignas(LINE) _Atomic uint32_t round;
    atomic_int processor;                   /* that the caller runs on */
    _Atomic uint32_t sleepers;              /* workers that wait for `round` in the kernel */
    _Alignas(LINE) _Atomic uint32_t inside; /* workers that look at the job */
    _Atomic uint32_t waiting;               /* the caller waits for `inside` in the kernel */
    pthread_t threads[];
};

static inline void rest(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* Waiting awake, for a while. In between others may run, because the one waited for may be among
 * those that wait for this very processor: a machine that is busy puts a thread that wakes up
 * there.
 */
typedef struct spinning {
    int64_t until; /* 0: not at all */
    unsigned looks;
} spinning;

static spinning start_spinning(const tsr_pool *p) {
    return (spinning){p->spins ? tsr_system_nanoseconds() + SPIN_NANOSECONDS : 0, 0};
}

/* False when it is time to sleep. */
static bool spin_on(spinning *s) {
    if (s->until == 0)
        return false;
    rest();
    if (++s->looks % LOOKS != 0)
        return true;
    tsr_system_yield();
    return tsr_system_nanoseconds() < s->until;
}

static bool is_new(uint32_t round, uint32_t last) {
    return round % 2 == 1 && round != last;
}

static void take_share(tsr_pool *p, share *s) {
    for (int64_t i; (i = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed)) < s->end;)
        p->task(p->user, p->back ? s->begin + s->end - 1 - i : i);
}

static void take_indices(tsr_pool *p, int member) {
    int members = p->started + 1;
    for (int i = 0; i < members; i++)
        take_share(p, &p->shares[(member + i) % members]);
}

/* ---- a worker ---- */

/* A kernel that finds all processors busy wakes a thread on that of the one who woke it, and leaves
 * both there for milliseconds. */
static void leave_caller(tsr_pool *p) {
    int caller = atomic_load_explicit(&p->processor, memory_order_relaxed);
    if (p->spins && caller >= 0 && tsr_system_processor() == caller)
        tsr_system_leave(caller);
}

/* Returns the round of a job that is not the last one. Who was woken spins again, even when the job
 * is over by then: the next one is likely to come soon. */
static uint32_t wait_for_job(tsr_pool *p, uint32_t last) {
    for (uint32_t round;;) {
        spinning spin = start_spinning(p);
        do {
            if (is_new(round = atomic_load(&p->round), last))
                return round;
            if (spin.looks % LOOKS == 1)
                leave_caller(p);
        } while (spin_on(&spin));
        atomic_fetch_add(&p->sleepers, 1);
        if (!is_new(round = atomic_load(&p->round), last))
            tsr_system_wait(&p->round, round);
        atomic_fetch_sub(&p->sleepers, 1);
    }
}

static void *work(void *at) {
    tsr_pool *p = at;
    int member = atomic_fetch_add(&p->arrived, 1) + 1;
    uint32_t last = 0;
    for (bool ends = false; !ends;) {
        last = wait_for_job(p, last);
        atomic_fetch_add(&p->inside, 1);
        uint32_t round = atomic_load(&p->round);
        if (round % 2 == 1) {
            last = round;
            ends = p->task == NULL;
            if (!ends) {
                tsr_float_mode_set(p->mode);
                take_indices(p, member);
            }
        }
        if (atomic_fetch_sub(&p->inside, 1) == 1 && atomic_load(&p->waiting) != 0)
            tsr_system_wake(&p->inside, 1);
    }
    return NULL;
}

/* ---- the caller ---- */

static void open_job(tsr_pool *p, task_function *task, void *user, int64_t count, bool back) {
    p->task = task;
    p->user = user;
    p->back = back;
    for (int64_t i = 0, members = p->started + 1; i < members; i++) {
        share *s = &p->shares[i];
        s->begin = count / members * i + (count % members < i ? count % members : i);
        s->end = s->begin + count / members + (i < count % members);
        atomic_store_explicit(&s->next, s->begin, memory_order_relaxed);
    }
    p->mode = tsr_float_mode_get();
    atomic_store_explicit(&p->processor, tsr_system_processor(), memory_order_relaxed);
    atomic_fetch_add(&p->round, 1);
    if (atomic_load(&p->sleepers) > 0)
        tsr_system_wake(&p->round, count - 1 < p->started ? (int)(count - 1) : p->started);
}

static void close_job(tsr_pool *p) {
    atomic_fetch_add(&p->round, 1);
    spinning spin = start_spinning(p);
    do
        if (atomic_load(&p->inside) == 0)
            return;
    while (spin_on(&spin));
    atomic_store(&p->waiting, 1);
    for (uint32_t inside; (inside = atomic_load(&p->inside)) != 0;)
        tsr_system_wait(&p->inside, inside);
    atomic_store(&p->waiting, 0);
}

void tsr_pool_run(tsr_pool *p, int64_t count, bool back, task_function *task, void *user) {
    open_job(p, task, user, count, back);
    take_indices(p, 0);
    close_job(p);
}

/* ---- its life ---- */

static void start(tsr_pool *p, int workers) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return;
    sigset_t blocked, before;
    sigfillset(&blocked);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    while (p->started < workers &&
           pthread_create(&p->threads[p->started], &attributes, work, p) == 0)
        p->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

tsr_pool *tsr_pool_new(tsr_context *c, int threads, int process) {
    size_t workers = (size_t)threads - 1, head = sizeof(tsr_pool) + workers * sizeof(pthread_t);
    head = (head + LINE - 1) / LINE * LINE;
    size_t bytes = head + (workers + 1) * sizeof(share);
    tsr_pool *p = tsr_block_new(c, bytes, true, NULL);
    if (p == NULL)
        return NULL;
    p->bytes = bytes;
    p->process = process;
    p->shares = (share *)(void *)((char *)p + head);
    p->spins = threads <= tsr_system_cores();
    start(p, (int)workers);
    return p;
}

void tsr_pool_end(tsr_context *c, tsr_pool *p, int process) {
    if (p->process == process) {
        open_job(p, NULL, NULL, INT64_MAX, false);
        for (int i = 0; i < p->started; i++)
            pthread_join(p->threads[i], NULL);
    }
    tsr_block_free(c, p, p->bytes);
}

bool tsr_pool_belongs(const tsr_pool *p, int process) {
    return p->process == process;
}
