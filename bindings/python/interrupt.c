/* Ctrl-C while a script of a Python program runs.
 *
 * Python's own handler of SIGINT only takes a note, and Python looks at it when the call of the
 * library has returned: a script would run on until then. So for the length of a call another
 * handler stands before Python's. It tells Python as well, cancels the array operations of the
 * state, which stops one that runs, and sets a hook that stops Lua code; when the call has
 * returned, Python raises its KeyboardInterrupt. The `tessera` program does the same.
 *
 * A signal may come to any thread of the process; the handler sends it on to the one that runs the
 * script, which is Python's main thread, and which alone may touch the Lua state. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "tessera.h"

#include <lauxlib.h>
#include <lua.h>

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

/* A signal handler has no other way to them. Set while a call of tessera_python_pcall runs. */
static struct {
    lua_State *L;
    tsr_context *context;
    pthread_t thread;
    struct sigaction before; /* Python's */
    volatile sig_atomic_t interrupted;
} running;

/* lua_pcall without a message handler, on Python's main thread. *interrupted tells whether SIGINT
 * came meanwhile; Python has been told too. */
TSR_API int tessera_python_pcall(lua_State *L, int arguments, int results, tsr_context *context,
                                 int *interrupted);

/* Stays, so that a script that catches the error gets the next one where it goes on. */
static void stop(lua_State *L, lua_Debug *ar) {
    (void)ar;
    luaL_error(L, "interrupted");
}

static void on_interrupt(int sig) {
    if (!pthread_equal(pthread_self(), running.thread)) {
        pthread_kill(running.thread, sig);
        return;
    }
    running.before.sa_handler(sig);
    running.interrupted = 1;
    tsr_context_cancel(running.context);
    lua_sethook(running.L, stop, LUA_MASKCOUNT, 1);
}

/* Whether Python handles the signal, and nobody stands before it yet. */
static bool can_watch(struct sigaction *before) {
    return running.L == NULL && sigaction(SIGINT, NULL, before) == 0 &&
           (before->sa_flags & SA_SIGINFO) == 0 && before->sa_handler != SIG_DFL &&
           before->sa_handler != SIG_IGN;
}

int tessera_python_pcall(lua_State *L, int arguments, int results, tsr_context *context,
                         int *interrupted) {
    struct sigaction before;
    *interrupted = 0;
    if (!can_watch(&before))
        return lua_pcall(L, arguments, results, 0);
    struct sigaction ours = before;
    ours.sa_handler = on_interrupt;
    running.L = L;
    running.context = context;
    running.thread = pthread_self();
    running.before = before;
    running.interrupted = 0;
    sigaction(SIGINT, &ours, NULL);
    int status = lua_pcall(L, arguments, results, 0);
    sigaction(SIGINT, &before, NULL);
    running.L = NULL;
    if (running.interrupted) {
        *interrupted = 1;
        lua_sethook(L, NULL, 0, 0);
        tsr_context_clear_cancel(context);
    }
    return status;
}
