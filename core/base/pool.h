/* The library's own threads. executor.c sees to it that one thread at a time uses a pool. */
#ifndef TSR_BASE_POOL_H
#define TSR_BASE_POOL_H

#include "../tessera.h"

typedef struct tsr_pool tsr_pool;

/* New pool for `threads` threads, the caller's included; fewer when the system gives no more. NULL
 * when there is no memory. `process` is the caller's process. */
tsr_pool *tsr_pool_new(tsr_context *context, int threads, int process);
/* Ends the threads and waits for that; not from one of them. In another process than the pool's,
 * where its threads do not exist, only the memory is released. */
void tsr_pool_end(tsr_context *context, tsr_pool *pool, int process);
bool tsr_pool_belongs(const tsr_pool *pool, int process);
/* Runs task(user, i) for 0 <= i < count on the caller and on those of the pool's threads that come
 * before all is taken; each begins with the part that is its own in every job of so many tasks, at
 * the part's end when `back`. */
void tsr_pool_run(tsr_pool *pool, int64_t count, bool back, void (*task)(void *user, int64_t index),
                  void *user);

#endif
