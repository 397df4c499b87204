/* Who runs a context's work, and whether it is to stop.
 *
 * A context has at most one pool, made at the first job for which it is wanted. `owner` is a lock
 * that nobody waits for: who does not get it, because another thread's job has the pool or because
 * it is itself inside a task, does its work alone. It holds the number of a process, not just 1,
 * because a fork may copy it while a thread has it that the child does not have: the child then
 * takes it over, and makes a pool of its own.
 *
 * Whoever changes the number of threads ends a pool that does not fit any more, unless the pool is
 * in use: then its user does so afterwards. Both look after they wrote, so that one of them sees
 * it. Thus no thread of a pool ever ends it. While a job runs it counts as a block of the context,
 * which may otherwise go with an array that a task releases.
 */
#include "executor.h"
#include "context.h"
#include "pool.h"
#include "system.h"

#include <unistd.h>

tsr_status tsr_execution_check(const tsr_executor *host, tsr_error *err) {
    if (host->parallel_for == NULL) {
        if (host->threads != 0 || host->self != NULL)
            return tsr_error_set(err, TSR_EVALUE, "config.executor has no function parallel_for");
        return TSR_OK;
    }
    if (host->threads < 1 || host->threads > TSR_MAX_THREADS)
        return tsr_error_set(err, TSR_EVALUE, "config.executor.threads is %d, not 1 to %d",
                             (int64_t)host->threads, (int64_t)TSR_MAX_THREADS);
    return TSR_OK;
}

void tsr_execution_open(tsr_execution *e, const tsr_executor *host) {
    e->host = *host;
    atomic_init(&e->threads, host->parallel_for != NULL ? host->threads : 1);
}

/* ---- the pool ---- */

static bool take(tsr_execution *e, int process) {
    int owner = 0;
    if (atomic_compare_exchange_strong(&e->owner, &owner, process))
        return true;
    return owner != process && atomic_compare_exchange_strong(&e->owner, &owner, process);
}

static bool unfit(tsr_execution *e) {
    int built = atomic_load(&e->built);
    return built != 0 && built != atomic_load(&e->threads);
}

static void end_pool(tsr_context *c, tsr_execution *e, int process) {
    if (e->pool != NULL)
        tsr_pool_end(c, e->pool, process);
    e->pool = NULL;
    atomic_store(&e->built, 0);
}

static void let_go(tsr_context *c, tsr_execution *e, int process) {
    do {
        if (unfit(e))
            end_pool(c, e, process);
        atomic_store(&e->owner, 0);
    } while (unfit(e) && take(e, process));
}

static void change_threads(tsr_context *c, int threads) {
    tsr_execution *e = tsr_execution_of(c);
    int process = (int)getpid();
    atomic_store(&e->threads, threads);
    if (take(e, process))
        let_go(c, e, process);
}

void tsr_execution_close(tsr_context *c) {
    change_threads(c, 1);
}

/* The owner's pool, ready for work; NULL when there is no memory for one. */
static tsr_pool *ready(tsr_context *c, tsr_execution *e, int threads, int process) {
    bool fits =
        e->pool != NULL && tsr_pool_belongs(e->pool, process) && atomic_load(&e->built) == threads;
    if (!fits) {
        end_pool(c, e, process);
        e->pool = tsr_pool_new(c, threads, process);
        atomic_store(&e->built, e->pool != NULL ? threads : 0);
    }
    return e->pool;
}

static void run_alone(int64_t count, bool back, void (*task)(void *user, int64_t index),
                      void *user) {
    for (int64_t i = 0; i < count; i++)
        task(user, back ? count - 1 - i : i);
}

void tsr_parallel_walk(tsr_context *c, int64_t count, bool back,
                       void (*task)(void *user, int64_t index), void *user) {
    tsr_execution *e = tsr_execution_of(c);
    int threads = count > 1 && !tsr_estimating(c) ? atomic_load(&e->threads) : 1;
    if (threads > 1 && e->host.parallel_for != NULL) {
        e->host.parallel_for(e->host.self, count, task, user);
        return;
    }
    int process = threads > 1 ? (int)getpid() : 0;
    if (threads == 1 || !take(e, process)) {
        run_alone(count, back, task, user);
        return;
    }
    tsr_context_hold(c);
    tsr_pool *pool = ready(c, e, threads, process);
    if (pool != NULL)
        tsr_pool_run(pool, count, back, task, user);
    else
        run_alone(count, back, task, user);
    let_go(c, e, process);
    tsr_context_let_go(c);
}

void tsr_parallel_for(tsr_context *c, int64_t count, void (*task)(void *user, int64_t index),
                      void *user) {
    tsr_parallel_walk(c, count, false, task, user);
}

/* ---- settings ---- */

tsr_status tsr_context_set_threads(tsr_context *c, int n, tsr_error *err) {
    tsr_execution *e = tsr_execution_of(c);
    bool hosted = e->host.parallel_for != NULL;
    if (n < 0 || n > TSR_MAX_THREADS)
        return tsr_error_set(err, TSR_EVALUE, "the number of threads must be 0 to %d, not %d",
                             (int64_t)TSR_MAX_THREADS, (int64_t)n);
    if (n == 0)
        n = hosted ? e->host.threads : tsr_system_cores();
    if (hosted && n > e->host.threads)
        n = e->host.threads;
    change_threads(c, n > TSR_MAX_THREADS ? TSR_MAX_THREADS : n);
    return TSR_OK;
}

int tsr_context_threads(const tsr_context *c) {
    return atomic_load_explicit(&tsr_execution_of(c)->threads, memory_order_relaxed);
}

void tsr_context_cancel(tsr_context *c) {
    atomic_store_explicit(&tsr_execution_of(c)->cancelled, true, memory_order_relaxed);
}

void tsr_context_clear_cancel(tsr_context *c) {
    atomic_store_explicit(&tsr_execution_of(c)->cancelled, false, memory_order_relaxed);
}

bool tsr_context_cancelled(const tsr_context *c) {
    return atomic_load_explicit(&tsr_execution_of(c)->cancelled, memory_order_relaxed);
}

void tsr_context_set_deadline(tsr_context *c, int64_t nanoseconds) {
    atomic_store_explicit(&tsr_execution_of(c)->deadline, nanoseconds, memory_order_relaxed);
}

int64_t tsr_context_deadline(const tsr_context *c) {
    return atomic_load_explicit(&tsr_execution_of(c)->deadline, memory_order_relaxed);
}

int64_t tsr_deadline_after(double seconds) {
    if (!(seconds > 0))
        return 0;
    bool far = seconds > 4e9; /* 126 years */
    return far ? INT64_MAX : tsr_system_nanoseconds() + (int64_t)(seconds * 1e9);
}

tsr_status tsr_deadline_passed(int64_t deadline) {
    return tsr_system_nanoseconds() >= deadline ? TSR_EDEADLINE : TSR_OK;
}
