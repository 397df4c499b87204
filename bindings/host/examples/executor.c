/* A host with a pool of threads of its own, on which the library works too: no thread is started
 * for it, and the host decides how many there are.
 *
 *     executor [THREADS]
 *
 * A job is a number of tasks, taken one after another by whoever is free. It lies on the stack of
 * the thread that wants it done, and that thread takes tasks as well: so a job ends also when all
 * others are busy, or when it was started inside a task of another job, which the library may do.
 * When no task is left the job is taken out of the list, and its owner waits for those that still
 * work.
 *
 * The threads have the rounding mode of the thread that started them, as the library asks; a host
 * that changes its mode later would have to change theirs. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tessera_lua.h"

/* ---- the host's pool */

typedef struct job {
    void (*task)(void *user, int64_t index);
    void *user;
    int64_t count;
    _Atomic int64_t next;
    int helpers; /* threads of the pool that are at it; under the lock */
    struct job *below;
} job;

typedef struct pool {
    pthread_mutex_t lock;
    pthread_cond_t wanted, ended;
    job *jobs;
    bool stop;
    int threads; /* besides the one that wants a job done */
    pthread_t thread[64];
    atomic_int jobs_done;
} pool;

static void take_tasks(job *j) {
    for (int64_t i; (i = atomic_fetch_add(&j->next, 1)) < j->count;)
        j->task(j->user, i);
}

static void forget(pool *p, const job *j) {
    for (job **at = &p->jobs; *at != NULL; at = &(*at)->below)
        if (*at == j) {
            *at = j->below;
            return;
        }
}

static void *help(void *user) {
    pool *p = user;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        job *j = p->jobs;
        if (j == NULL) {
            pthread_cond_wait(&p->wanted, &p->lock);
            continue;
        }
        j->helpers++;
        pthread_mutex_unlock(&p->lock);
        take_tasks(j);
        pthread_mutex_lock(&p->lock);
        forget(p, j);
        if (--j->helpers == 0)
            pthread_cond_broadcast(&p->ended);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void parallel_for(void *self, int64_t count, void (*task)(void *user, int64_t index),
                         void *user) {
    pool *p = self;
    job j = {.task = task, .user = user, .count = count};
    pthread_mutex_lock(&p->lock);
    j.below = p->jobs;
    p->jobs = &j;
    pthread_cond_broadcast(&p->wanted);
    pthread_mutex_unlock(&p->lock);
    take_tasks(&j);
    pthread_mutex_lock(&p->lock);
    forget(p, &j);
    while (j.helpers > 0)
        pthread_cond_wait(&p->ended, &p->lock);
    pthread_mutex_unlock(&p->lock);
    atomic_fetch_add(&p->jobs_done, 1);
}

static void start(pool *p, int threads) {
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wanted, NULL);
    pthread_cond_init(&p->ended, NULL);
    while (p->threads < threads && pthread_create(&p->thread[p->threads], NULL, help, p) == 0)
        p->threads++;
}

static void end(pool *p) {
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->wanted);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->ended);
    pthread_cond_destroy(&p->wanted);
    pthread_mutex_destroy(&p->lock);
}

/* ---- work of the host's own, which goes on beside the script's */

typedef struct squares {
    _Atomic int64_t sum;
} squares;

static void add_square(void *user, int64_t i) {
    squares *s = user;
    atomic_fetch_add(&s->sum, i * i);
}

typedef struct own_work {
    pool *pool;
    squares squares;
} own_work;

static void *work_beside(void *user) {
    own_work *w = user;
    for (int i = 0; i < 50; i++)
        parallel_for(w->pool, 1001, add_square, &w->squares);
    return NULL;
}

/* ---- the script */

static const char *script = "local ts = require 'tessera'\n"
                            "local np = ts.np\n"
                            "local x = np.arange(1, 1000001, {dtype = 'float64'})\n"
                            "for _ = 1, 20 do\n"
                            "    local y = np.sqrt(x * x) + 1\n"
                            "    assert(y:sum():item() == 500001500000)\n"
                            "end\n"
                            "ts.set_threads(99)\n" /* no more than the host gives */
                            "print(ts.get_threads() .. ' threads')\n";

static bool run(lua_State *L) {
    bool well = luaL_dostring(L, script) == 0;
    if (!well) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    return well;
}

static int threads_of_process(void) {
    char line[256];
    int threads = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "Threads: %d", &threads);
    if (status != NULL)
        fclose(status);
    return threads;
}

int main(int argc, char **argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 4;
    if (threads < 1 || threads > 64) {
        fprintf(stderr, "executor [THREADS], of 1 to 64\n");
        return EXIT_FAILURE;
    }
    static pool p;
    start(&p, threads - 1);
    tsr_error err = {0};
    tessera_config config = {.struct_size = sizeof config, .capabilities = TESSERA_THREADS};
    config.core.struct_size = sizeof config.core;
    config.core.executor = (tsr_executor){parallel_for, p.threads + 1, &p};

    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (tessera_open(L, &config, &err) != TSR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    bool failed = !run(L);
    printf("%d threads in the process, %s\n", threads_of_process(),
           p.jobs_done > 0 ? "with jobs of the library" : "without jobs of the library");
    own_work own = {.pool = &p};
    pthread_t beside;
    failed = failed || pthread_create(&beside, NULL, work_beside, &own) != 0;
    if (!failed) {
        failed = !run(L);
        pthread_join(beside, NULL);
    }
    printf("the host's own sum: %lld\n", (long long)own.squares.sum);
    lua_close(L); /* before the pool that the library works on */
    end(&p);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
