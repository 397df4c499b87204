/* What hosts and scripts limit: the untrusted profile and the ways out of it that a script might
 * try, deadlines, cancelling from a thread and from a signal handler, and sections without
 * allocation under an allocator that counts. */
#define _POSIX_C_SOURCE 200809L
#include "host_check.h"

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

/* ---- scripts that nobody vouches for ---- */

/* A state with what such a host gives: no io, os, debug, package. */
static lua_State *sandbox(void) {
    static const luaL_Reg libraries[] = {{"_G", luaopen_base},
                                         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_MATHLIBNAME, luaopen_math},
                                         {NULL, NULL}};
    lua_State *L = luaL_newstate();
    for (const luaL_Reg *l = libraries; l->name != NULL; l++) {
        lua_pushcfunction(L, l->func);
        lua_pushstring(L, l->name);
        lua_call(L, 1, 1);
        lua_setglobal(L, l->name);
    }
    tessera_config config;
    tsr_error err = {0};
    tessera_untrusted(&config);
    CHECK(config.struct_size == sizeof config && config.capabilities == 0);
    CHECK(config.core.quota == (size_t)64 << 20 && config.core.executor.parallel_for == NULL);
    CHECK(tessera_open(L, &config, &err) == TSR_OK);
    lua_setglobal(L, "ts");
    RUNS(L, "np, torch = ts.np, ts.torch  a = np.ones(4)  t = torch.ones(4)");
    return L;
}

static void untrusted(void) {
    lua_State *L = sandbox();
    static const struct {
        const char *code, *says;
    } ways[] = {
        /* addresses */
        {"a:data_ptr()", "raw pointers are not allowed by the host"},
        {"t:data_ptr()", "raw pointers are not allowed by the host"},
        {"a:__array_interface()", "raw pointers are not allowed by the host"},
        {"getmetatable(a).x = 1", "attempt to index a string value"},
        {"setmetatable(a, {})", "table expected"},
        {"ts.view(setmetatable({}, {__array_interface = function() return {data = ts.newaxis, "
         "shape = {1}, typestr = '<f8'} end}))",
         "raw pointers are not allowed by the host"},
        {"torch.from_dlpack(ts.newaxis)", ""},
        /* threads */
        {"ts.set_threads(2)", "threads are not allowed by the host"},
        {"ts.set_threads(0)", "threads are not allowed by the host"},
        {"torch.set_num_threads(64)", "threads are not allowed by the host"},
        /* memory */
        {"np.zeros(2 ^ 24)", "would exceed the quota of 67108864 bytes"},
        {"ts.limit(2 ^ 40, np.zeros, 2 ^ 24)", "would exceed the quota of 67108864 bytes"},
        {"local l = {} for i = 1, 100 do l[i] = np.zeros(2 ^ 17) end", "would exceed the quota"},
        {"np.tile(a, 2 ^ 40)", ""},
        {"np.broadcast_to(a, {2 ^ 40, 4}):copy()", ""},
        {"np.zeros(2 ^ 62, 2 ^ 62)", "too large"},
        {"local x = {} x[1] = x np.array(x)", ""},
        /* memory that is not theirs to write */
        {"np.frombuffer('text', {dtype = 'uint8'}):fill(0)", "array is read-only (string memory)"},
        {"torch.frombuffer('text', {dtype = 'uint8'}):add_(true)",
         "array is read-only (string memory)"},
        {"np.as_strided(a, {100}, {8})", "does not lie inside the storage"},
        {"t:as_strided({4}, {1}, 1)", "does not lie inside the storage"},
        /* time */
        {"ts.deadline(0, ts.deadline, 1e9, function() return np.ones(1e5) + 1 end)",
         "the deadline passed"},
        /* files */
        {"ts.load('/etc/passwd')", ""},
        {"np.load('/etc/passwd')", ""},
        {"np.save('/tmp/tessera-escape.npy', a)", ""},
        {"torch.load('/etc/passwd')", ""},
        {"np.loadtxt('/etc/passwd')", ""},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *message = run(L, ways[i].code);
        bool refused = *message != '\0' && strstr(message, ways[i].says) != NULL;
        CHECK(refused);
        if (!refused)
            printf("    %s: \"%s\"\n", ways[i].code, message);
    }
    RUNS(L,
         "assert(ts.memory().quota == 64 * 2 ^ 20 and (a + 1)[4] == 2 and ts.get_threads() == 1)");
    RUNS(L, "assert(np.frombuffer('text', {dtype = 'uint8'}):tobytes() == 'text')");
    lua_close(L);
}

/* ---- deadlines and cancelling ---- */

static const char *const endless = "local x = require 'tessera.numpy'.ones(1e6)\n"
                                   "while true do x = x * 1 end";

static void deadlines(void) {
    lua_State *L = new_state(NULL);
    CHECK(tessera_set_deadline(L, 0.02));
    FAILS(L, endless, "the deadline passed");
    FAILS(L, "require 'tessera'.deadline(1e6, function() return a + a end)", "a");
    CHECK(tessera_set_deadline(L, 0) && tsr_context_deadline(tessera_context(L)) == 0);
    RUNS(L, "assert((require 'tessera.numpy'.ones(1e6) + 1)[1] == 2)");
    CHECK(tsr_deadline_after(-1) == 0 && tsr_deadline_after(1e300) == INT64_MAX);
    CHECK(tsr_deadline_after(100) > tsr_deadline_after(10) && tsr_deadline_after(10) > 0);
    lua_State *bare = luaL_newstate();
    CHECK(!tessera_set_deadline(bare, 1));
    lua_close(bare);
    lua_close(L);
}

static tsr_context *_Atomic target;

static void on_alarm(int sig) {
    (void)sig;
    tsr_context_cancel(atomic_load(&target));
}

/* The handler runs on the thread that computes, in the middle of it. */
static void from_a_signal(void) {
    lua_State *L = new_state(NULL);
    struct sigaction action = {.sa_handler = on_alarm}, before;
    atomic_store(&target, tessera_context(L));
    sigaction(SIGALRM, &action, &before);
    timer_t timer;
    struct itimerspec soon = {.it_value = {0, 20000000}};
    CHECK(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
    CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
    FAILS(L, endless, "the work was cancelled");
    FAILS(L, "return require 'tessera.numpy'.ones(1e6) + 1", "the work was cancelled");
    tsr_error last;
    tessera_last_error(L, &last);
    CHECK(last.status == TSR_ECANCELLED);
    tsr_context_clear_cancel(tessera_context(L));
    RUNS(L, "assert((require 'tessera.numpy'.ones(1e6) + 1)[1] == 2)");
    timer_delete(timer);
    sigaction(SIGALRM, &before, NULL);
    lua_close(L);
}

static void *cancel_soon(void *user) {
    struct timespec pause = {0, 20000000};
    nanosleep(&pause, NULL);
    tsr_context_cancel(user);
    return NULL;
}

static void from_a_thread(void) {
    static const char *const works[] = {
        "local x = require 'tessera.numpy'.ones(1e6) while true do x:sum() end",
        "local t = require 'tessera.torch'.ones(1000, 1000) while true do t = t:t():contiguous() "
        "end",
        "local np = require 'tessera.numpy' local x = np.zeros(1e6) while true do x:fill(1) end",
        "local np = require 'tessera.numpy' local x = np.zeros(1e5) while true do x:tolist() end",
        "local ts = require 'tessera' local f = ts.fuse(function(v) return (v * v + 1):sqrt() "
        "end)\n"
        "local x = ts.np.ones(1e6) while true do f(x) end"};
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        lua_State *L = new_state(NULL);
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, cancel_soon, tessera_context(L)) == 0);
        FAILS(L, works[i], "the work was cancelled");
        pthread_join(thread, NULL);
        lua_close(L);
    }
}

/* ---- no allocation ---- */

typedef struct counts {
    size_t allocated, released;
} counts;

static void *counting_allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    counts *c = user;
    c->allocated++;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block != NULL)
        memset(block, zeroed ? 0 : 0xa5, bytes);
    return block;
}

static void counting_release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)bytes, (void)alignment;
    ((counts *)user)->released++;
    free(block);
}

static counts heap_counts;

/* calls(): how often the allocator was reached so far. */
static int push_calls(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)(heap_counts.allocated + heap_counts.released));
    return 1;
}

static void without_allocation(void) {
    tessera_config config = {.struct_size = sizeof config};
    config.core.struct_size = sizeof config.core;
    config.core.allocator = (tsr_allocator){counting_allocate, counting_release, &heap_counts};
    lua_State *L = new_state(&config);
    lua_pushcfunction(L, push_calls);
    lua_setglobal(L, "calls");
    RUNS(L, "local ts = require 'tessera' local np = ts.np\n"
            "local x, y, z, s = np.ones(512), np.ones(512), np.empty(512), np.empty({})\n"
            "local big, sum = np.ones(3000, 200), np.empty(200)\n"
            "local block = {out = z}\n"
            "local function audio(gain)\n"
            "  for _ = 1, 200 do\n"
            "    np.multiply(x, gain, block) np.add(z, y, block) np.tanh(z, block)\n"
            "    np.sum(z, {out = s}) np.sum(big, {axis = 1, out = sum}) z[7] = s:item()\n"
            "  end\n"
            "end\n"
            "audio(0.5) collectgarbage()\n"
            "local before = calls()\n"
            "ts.no_alloc(audio, 0.5)\n"
            "assert(calls() == before and s:item() > 0)\n"
            "local ok, err = pcall(ts.no_alloc, function() return x + y end)\n"
            "assert(not ok and ts.last_error().kind == 'limit' and calls() == before, err)\n");
    lua_close(L);
    CHECK(heap_counts.allocated == heap_counts.released && heap_counts.allocated > 0);
}

int main(void) {
    untrusted();
    deadlines();
    from_a_signal();
    from_a_thread();
    without_allocation();
    return report();
}
