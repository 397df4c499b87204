/* How a context runs its work: on how many threads and whose, and whether it is to stop. The loop
 * engine cuts work into tasks and gives them to tsr_parallel_for; tasks ask tsr_interrupted between
 * blocks. */
#ifndef TSR_BASE_EXECUTOR_H
#define TSR_BASE_EXECUTOR_H

#include "../tessera.h"

#include <stdatomic.h>

struct tsr_pool;

/* A context begins with it, which keeps tsr_interrupted at two loads. */
typedef struct tsr_execution {
    atomic_bool cancelled;
    _Atomic int64_t deadline; /* nanoseconds of CLOCK_MONOTONIC, 0: none */
    tsr_executor host;        /* parallel_for NULL: none */
    atomic_int threads;       /* wanted, the caller's included */
    atomic_int owner; /* process whose thread has the pool now, 0: nobody. Of another process: it
                         was forked away from a thread that is not here */
    atomic_int built; /* threads that the pool is for, 0: no pool */
    struct tsr_pool *pool; /* the owner's to touch */
    tsr_section section;   /* what allocations and work do now; the owner's thread sets it */
    atomic_bool counted; /* there is a quota, or an allocator of the host's: every byte is theirs */
    atomic_bool back;    /* the next walk over memory goes from its end to its start */
} tsr_execution;

static inline tsr_execution *tsr_execution_of(const tsr_context *context) {
    return (tsr_execution *)(uintptr_t)context; /* its first member */
}

/* Whether nothing is to be computed or written; every operation asks before it does. */
static inline bool tsr_estimating(const tsr_context *context) {
    return tsr_execution_of(context)->section == TSR_SECTION_ESTIMATE;
}

/* Whether a result may lie in memory of the caller's: not where each allocation counts. */
static inline bool tsr_may_place(const tsr_context *context) {
    tsr_execution *e = tsr_execution_of(context);
    return e->section == TSR_SECTION_NONE &&
           !atomic_load_explicit(&e->counted, memory_order_relaxed);
}

/* Bytes that a walk takes turns for: less is in the first-level cache anyway, of more too little is
 * in any. */
enum { TSR_WALK_LEAST = 1 << 14, TSR_WALK_MOST = 3 << 24 };

/* Which way the caller is to walk over so many bytes, if it may do so either way; true: from the
 * end to the start. Operations take turns: what the last one touched last, often its result, is
 * what the caches still have, and who starts there has that much less to wait for. a + b of 10^5
 * doubles, which the second-level cache has not quite room for, takes 30 us instead of 47. */
static inline bool tsr_walks_back(const tsr_context *context, int64_t bytes) {
    tsr_execution *e = tsr_execution_of(context);
    if (bytes < TSR_WALK_LEAST || bytes > TSR_WALK_MOST)
        return false;
    bool back = atomic_load_explicit(&e->back, memory_order_relaxed);
    atomic_store_explicit(&e->back, !back, memory_order_relaxed);
    return back;
}

/* For a new context, `config` checked by tsr_execution_check before. */
void tsr_execution_open(tsr_execution *execution, const tsr_executor *host);
tsr_status tsr_execution_check(const tsr_executor *host, tsr_error *err);
/* The owner of the context lets go: no more threads. Those of a job that runs end with it. */
void tsr_execution_close(tsr_context *context);

/* Runs task(user, i) once for every 0 <= i < count and returns when all have ended. With one thread
 * a plain loop on it; else on the context's threads, the caller's among them, each of which takes
 * the next index of its part when it is done with one, and then of others' parts. Called inside a
 * task, or while another thread's job has the pool, it is a plain loop too. Tasks see the caller's
 * rounding and flush-to-zero modes. What was written before is seen by the tasks, and what they
 * wrote is seen after. A task may allocate, release and call back; it must not fork. */
void tsr_parallel_for(tsr_context *context, int64_t count, void (*task)(void *user, int64_t index),
                      void *user);

/* The same, and `back`: from the last to the first, each thread in its part. For tasks that walk
 * over memory in the order of their numbers, and tsr_walks_back. */
void tsr_parallel_walk(tsr_context *context, int64_t count, bool back,
                       void (*task)(void *user, int64_t index), void *user);

tsr_status tsr_deadline_passed(int64_t deadline);

/* TSR_OK, TSR_ECANCELLED or TSR_EDEADLINE. Any thread. The clock is read only when there is a
 * deadline; so without one this is cheap enough for every few microseconds of work. */
static inline tsr_status tsr_interrupted(const tsr_context *context) {
    tsr_execution *e = tsr_execution_of(context);
    if (atomic_load_explicit(&e->cancelled, memory_order_relaxed))
        return TSR_ECANCELLED;
    int64_t deadline = atomic_load_explicit(&e->deadline, memory_order_relaxed);
    return deadline == 0 ? TSR_OK : tsr_deadline_passed(deadline);
}

#endif
