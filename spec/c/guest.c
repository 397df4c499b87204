/* What hosts do to a guest's process, and that the module, as it is built and without its host's
 * help, works all the same: flush-to-zero and rounding modes, a decimal comma, threads other than
 * the main one with 1 MB of stack, several states in one thread and in several, forks with live
 * threads, a limit on addresses, another copy of the library in the process, even in the same
 * state. And that it leaves the process as it was: signal handlers and mask, floating-point
 * control, files, threads.
 *
 *     guest MODULE.so WORK.lua      WORK is spec/support/guest_work.lua
 *
 * The program has a copy of the library of its own inside, whose names it shows to whatever is
 * loaded, and the module must not take them. LOCPATH must lead to de_DE.UTF-8. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "check.h"
#include "tessera_lua.h"

#include <dirent.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

static const char *module, *work;

/* ---- states */

/* A state in which require finds the module, and work(require) is what a guest does. */
static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_getglobal(L, "package");
    lua_pushstring(L, module);
    lua_setfield(L, -2, "cpath");
    lua_pop(L, 1);
    if (luaL_loadfile(L, work) != 0 || lua_pcall(L, 0, 1, 0) != 0)
        printf("%s\n", lua_tostring(L, -1));
    lua_setglobal(L, "work");
    return L;
}

static bool run(lua_State *L, const char *code) {
    bool well = luaL_loadstring(L, code) == 0 && lua_pcall(L, 0, 0, 0) == 0;
    if (!well) {
        printf("%s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    return well;
}

static const char *all = "work(require)";
static const char *pooled =
    "local ts = require 'tessera' local np = ts.np ts.set_threads(3) assert(ts.get_threads() == 3) "
    "local x = np.arange(2000000, {dtype = 'float64'}) "
    "local y = x * 2 + 1 assert(y[2000000] == 3999999) "
    "assert(y:sum():item() == 4e12)";

static bool works(void) {
    lua_State *L = open_state();
    bool well = run(L, all);
    lua_close(L);
    return well;
}

/* ---- what belongs to the host */

static int count_files(void) {
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir != NULL && readdir(dir) != NULL)
        count++;
    if (dir != NULL)
        closedir(dir);
    return count;
}

static int count_threads(void) {
    char line[256];
    int count = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "Threads: %d", &count);
    if (status != NULL)
        fclose(status);
    return count;
}

typedef struct belongings {
    void *handlers[NSIG];
    int flags[NSIG];
    uint64_t mask;
    uint32_t sse;
    uint16_t x87;
    int rounding, files;
    char place[4096];
} belongings;

static void look(belongings *b) {
    memset(b, 0, sizeof *b);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    for (int s = 1; s < NSIG; s++) {
        struct sigaction action;
        if (sigaction(s, NULL, &action) == 0) {
            b->handlers[s] = (void *)(uintptr_t)action.sa_handler;
            b->flags[s] = action.sa_flags;
        }
        b->mask |= (uint64_t)(sigismember(&mask, s) == 1) << (s - 1);
    }
    b->rounding = fegetround();
#if defined(__x86_64__)
    b->sse = __builtin_ia32_stmxcsr() & ~(uint32_t)0x3f; /* without what has happened */
    __asm__ volatile("fnstcw %0" : "=m"(b->x87));
#endif
    b->files = count_files();
    snprintf(b->place, sizeof b->place, "%s", setlocale(LC_ALL, NULL));
}

static bool unchanged(const belongings *before) {
    belongings now;
    look(&now);
    return memcmp(&now, before, sizeof now) == 0;
}

static void ambient(void) {
    belongings before;
    int threads = count_threads();
    lua_State *L = open_state();
    look(&before);
    CHECK(run(L, all) && unchanged(&before));
    CHECK(run(
        L,
        "local x = require('tessera').np.ones(3000000) x = x + x assert(x:sum():item() == 6e6)"));
    CHECK(count_threads() == threads); /* nobody asked for more */
    CHECK(run(L, pooled) && unchanged(&before));
    CHECK(count_threads() == threads + 2);
    CHECK(run(L, "require('tessera').set_threads(1)"));
    lua_close(L);
    CHECK(unchanged(&before));
}

/* ---- floating-point modes */

enum { FLUSH_AND_DAZ = 0x8040 };

static void set_flushing(bool on) {
#if defined(__x86_64__)
    uint32_t sse = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(on ? sse | FLUSH_AND_DAZ : sse & ~(uint32_t)FLUSH_AND_DAZ);
#elif defined(__aarch64__)
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    fpcr = on ? fpcr | (1u << 24) : fpcr & ~(uint64_t)(1u << 24);
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
#endif
}

static void float_modes(void) {
    belongings before;
    set_flushing(true);
    look(&before);
    CHECK(works() && unchanged(&before));
    lua_State *L = open_state();
    CHECK(run(L, pooled) && run(L, all) && unchanged(&before));
    /* what is documented: arithmetic flushes, moving bytes does not, on other threads neither */
    CHECK(run(
        L,
        "local ts = require 'tessera' local np = ts.np "
        "local tiny = np.frombuffer(('\\1\\0\\0\\0\\0\\0\\0\\0'):rep(500000), {dtype = 'float64'}) "
        "assert((tiny * 1):eq(0):all():item()) "
        "assert(tiny:copy():tobytes() == tiny:tobytes()) "
        "assert(tiny:reshape(1000, 500).T:copy():tobytes() == tiny:tobytes())"));
    set_flushing(false);
    CHECK(run(
        L,
        "local np = require 'tessera'.np "
        "local tiny = np.frombuffer(('\\1\\0\\0\\0\\0\\0\\0\\0'):rep(500000), {dtype = 'float64'}) "
        "assert((tiny * 1):tobytes() == tiny:tobytes())"));
    lua_close(L);

    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        fesetround(modes[i]);
        look(&before);
        L = open_state();
        /* 1.5, 0.1, 1e22 and the largest number, as bytes: what is printed does not depend on the
         * mode */
        CHECK(run(
            L, "local np = require 'tessera'.np "
               "local x = "
               "np.frombuffer('\\0\\0\\0\\0\\0\\0\\248\\63\\154\\153\\153\\153\\153\\153\\185\\63' "
               ".. '\\146\\213\\77\\6\\207\\240\\128\\68' .. "
               "'\\255\\255\\255\\255\\255\\255\\239\\127', "
               "{dtype = 'float64'}) "
               "for i, text in ipairs {'1.5', '0.1', '1e+22', '1.79769313e+308'} do "
               "local line = tostring(x[{{i, i}}]) local part = line:match('%[%s*(.-)%]') "
               "assert(part:gsub('%.e', 'e') == text:gsub('%.e', 'e'), line) end"));
        CHECK(run(L, "local ts = require 'tessera' ts.set_threads(2) "
                     "assert((ts.np.ones(2000000) + 1):sum():item() == 4e6)"));
        CHECK(unchanged(&before));
        lua_close(L);
    }
}

/* A host that hears of overflow and division by zero in its own work hears nothing of ours, and
 * still does so of its own afterwards. */
static void float_traps(void) {
#if defined(__x86_64__) && defined(__GLIBC__)
    belongings before;
    lua_State *L = open_state();
    feenableexcept(FE_DIVBYZERO | FE_OVERFLOW);
    look(&before);
    CHECK(run(L, pooled) &&
          run(L, "local ts = require 'tessera' local np = ts.np "
                 "local x = np.linspace(0.5, 2, 1001) "
                 "for _, f in ipairs {'exp', 'log', 'sqrt', 'sin', 'tanh'} do "
                 "assert(np.isfinite(np[f](x)):all():item(), f) "
                 "assert(np.isfinite(np[f](x:astype('float32'))):all():item(), f) end "
                 "assert(#tostring(x / 3) > 100)"));
    CHECK(unchanged(&before));
    lua_close(L);
    CHECK(fegetexcept() == (FE_DIVBYZERO | FE_OVERFLOW));
    feclearexcept(FE_ALL_EXCEPT);
    fedisableexcept(FE_ALL_EXCEPT);
#endif
}

/* ---- a decimal comma */

static void comma(void) {
    lua_State *early = open_state();
    CHECK(run(early, "require 'tessera'"));
    CHECK(setlocale(LC_ALL, "de_DE.UTF-8") != NULL);
    CHECK(strcmp(localeconv()->decimal_point, ",") == 0);
    belongings before;
    look(&before);
    CHECK(works());
    CHECK(run(early, all) && run(early, pooled));
    CHECK(unchanged(&before));
    lua_close(early);
    setlocale(LC_ALL, "C");
}

/* ---- threads of the host */

static void *work_once(void *result) {
    *(bool *)result = works();
    return NULL;
}

static void *work_pooled(void *result) {
    lua_State *L = open_state();
    *(bool *)result = run(L, pooled) && run(L, all);
    lua_close(L);
    return NULL;
}

/* Runs f on a thread with `size` bytes of stack, and tells how many of them were touched. */
static size_t on_small_stack(void *(*f)(void *), void *user, size_t size) {
    unsigned char *stack =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(stack, 0xa5, size);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, size);
    pthread_t thread;
    int status = pthread_create(&thread, &attributes, f, user);
    if (status == 0)
        pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    size_t untouched = 0;
    while (untouched < size && stack[untouched] == 0xa5)
        untouched++;
    munmap(stack, size);
    return status == 0 ? size - untouched : 0;
}

static void small_stack(void) {
    bool well = false, pool = false;
    size_t used = on_small_stack(work_once, &well, 1 << 20);
    size_t more = on_small_stack(work_pooled, &pool, 1 << 20);
    CHECK(well && pool);
    printf("stack used: %zu KB, with threads of its own %zu KB\n", used >> 10, more >> 10);
}

enum { TOGETHER = 4 };

static void *work_often(void *result) {
    bool well = true;
    lua_State *L = open_state();
    for (int i = 0; i < 4; i++) {
        well = run(L, i % 2 == 0 ? all : pooled) && well;
        well = works() && well;
    }
    lua_close(L);
    *(bool *)result = well;
    return NULL;
}

static void several_threads(void) {
    pthread_t threads[TOGETHER];
    bool well[TOGETHER] = {false};
    for (int i = 0; i < TOGETHER; i++)
        CHECK(pthread_create(&threads[i], NULL, work_often, &well[i]) == 0);
    for (int i = 0; i < TOGETHER; i++) {
        pthread_join(threads[i], NULL);
        CHECK(well[i]);
    }
}

/* A state that one thread opened and another goes on with. */
static void *go_on(void *L) {
    return run(L, pooled) && run(L, all) ? L : NULL;
}

static void handed_over(void) {
    pthread_t thread;
    void *result = NULL;
    lua_State *L = open_state();
    CHECK(run(L, pooled));
    CHECK(pthread_create(&thread, NULL, go_on, L) == 0);
    pthread_join(thread, &result);
    CHECK(result == L);
    CHECK(run(L, pooled) && run(L, all));
    lua_close(L);
}

/* ---- several states in one thread */

static void several_states(void) {
    lua_State *states[TOGETHER];
    for (int i = 0; i < TOGETHER; i++) {
        states[i] = open_state();
        CHECK(run(states[i], "ts = require 'tessera' kept = ts.np.ones(1000) ts.set_threads(2)"));
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < TOGETHER; i++)
            CHECK(run(states[i], "kept = kept + 1 assert(ts.torch.ones(3):sum():item() == 3)"));
    static const int order[] = {1, 3, 0, 2};
    for (int i = 0; i < TOGETHER; i++) {
        CHECK(run(states[order[i]], "assert(kept[1000] == 4) work(require)"));
        lua_close(states[order[i]]);
    }
}

/* ---- forks */

static bool child_well(pid_t child) {
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void *fork_here(void *L) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool well = run(L, pooled) && run(L, all) && works();
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(run(L, pooled) && works() ? 0 : 1);
        well = child_well(grandchild) && run(L, pooled) && well;
        lua_close(L);
        fflush(stdout);
        _exit(well ? 0 : 1);
    }
    bool well = run(L, pooled) && run(L, all);
    return child_well(child) && well && run(L, pooled) ? L : NULL;
}

static void forks(void) {
    lua_State *L = open_state();
    CHECK(run(L, pooled));
    CHECK(fork_here(L) == L);
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, fork_here, L) == 0); /* its threads were the main one's */
    pthread_join(thread, &result);
    CHECK(result == L);
    lua_close(L);
}

/* ---- a limit on addresses */

static const char *beyond =
    "local ts = require 'tessera' local np = ts.np "
    "for _, threads in ipairs {1, 4} do "
    "ts.set_threads(threads) "
    "local x = np.ones(2000000) x = x + x assert(x:sum():item() == 4e6) x = nil "
    "local ok, message = pcall(np.ones, 60000000) " /* 480 MB */
    "assert(not ok and ts.last_error().kind == 'memory', tostring(message)) "
    "local list, i = {}, 0 "
    "while i < 1000 do local ok, y = pcall(np.ones, 1000000) if not ok then break end "
    "i = i + 1 list[i] = y end "
    "assert(i > 3 and i < 32, i) list = nil "
    "for _ = 1, 200 do local y = np.ones(1000000) y = y + y assert(y[7] == 2) end "
    "end work(require)";

static void limited(const char *self) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {256 << 20, 256 << 20};
        setrlimit(RLIMIT_AS, &limit);
        execl(self, self, module, work, "limited", (char *)NULL);
        _exit(2);
    }
    CHECK(child_well(child));
}

/* ---- another copy of the library */

static void copies(void) {
    lua_State *own = open_state(), *both = open_state(), *other = open_state();
    tsr_error err = {0};
    CHECK(tessera_open(own, NULL, &err) == TSR_OK);
    CHECK(tessera_context(other) == NULL);
    CHECK(run(other, all) &&
          tessera_context(other) == NULL); /* the module is not this program's copy */
    CHECK(run(own, "ts = require 'tessera' assert(ts.np.pad(ts.np.ones(3), 1):sum():item() == 3)"));
    CHECK(run(other, pooled) && run(own, all) && run(other, all));

    tessera_config config = {.struct_size = sizeof config, .capabilities = TESSERA_POINTERS};
    config.core.struct_size = sizeof config.core;
    CHECK(tessera_open(both, &config, &err) == TSR_OK);
    lua_pushstring(both, module);
    lua_setglobal(both, "path");
    CHECK(run(both,
              "one = require 'tessera' "
              "local open = assert(package.loadlib(path, 'luaopen_tessera')) "
              "local loaded = package.loaded.tessera "
              "two = open('tessera') assert(one ~= two) "
              "assert(one.np.zeros ~= two.np.zeros) "
              "local a = one.np.arange(6):reshape(2, 3) "
              /* an object of the other copy is a stranger, whose array interface says what it is */
              "assert(not two.np.isarray(a) and not one.torch.is_tensor(two.torch.ones(2))) "
              "local b = two.view(a) b[{1, 2}] = 100 assert(a[{1, 2}] == 100) "
              "assert(tostring(a) == tostring(b)) "
              "assert(tostring(a.shape) == tostring(b.shape)) "
              "local half = two.view(one.np.ones(2, {dtype = 'bfloat16'})) "
              "assert(half.dtype == two.bfloat16 and half[2] == 1) "
              "a = nil collectgarbage() collectgarbage() assert(b[{1, 2}] == 100) "
              "package.loaded.tessera = two package.loaded['tessera.torch'] = two.torch "
              "package.loaded['tessera.numpy'] = two.np work(require) "
              "package.loaded.tessera = one package.loaded['tessera.torch'] = one.torch "
              "package.loaded['tessera.numpy'] = one.np work(require)"));
    lua_close(other);
    lua_close(both);
    lua_close(own);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "guest MODULE.so WORK.lua\n");
        return 2;
    }
    module = argv[1];
    work = argv[2];
    if (argc == 4) { /* this is limited()'s child */
        lua_State *L = open_state();
        bool well = run(L, beyond);
        lua_close(L);
        return well && works() ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    ambient();
    float_modes();
    float_traps();
    comma();
    small_stack();
    several_states();
    several_threads();
    handed_over();
    forks();
    if (!UNDER_ASAN) /* which needs terabytes of addresses */
        limited(argv[0]);
    copies();
    return report();
}
