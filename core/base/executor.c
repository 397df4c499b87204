#include "executor.h"
#include "system.h"

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

void tsr_execution_close(tsr_context *c) {
    atomic_store(&tsr_execution_of(c)->threads, 1);
}

void tsr_parallel_for(tsr_context *c, int64_t count, void (*task)(void *user, int64_t index),
                      void *user) {
    tsr_execution *e = tsr_execution_of(c);
    if (count > 1 && e->host.parallel_for != NULL && atomic_load(&e->threads) > 1) {
        e->host.parallel_for(e->host.self, count, task, user);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        task(user, i);
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
    atomic_store(&e->threads, n > TSR_MAX_THREADS ? TSR_MAX_THREADS : n);
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

tsr_status tsr_deadline_passed(int64_t deadline) {
    return tsr_system_nanoseconds() >= deadline ? TSR_EDEADLINE : TSR_OK;
}
