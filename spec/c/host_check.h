/* What the tests of tessera_lua.h have in common: checks that count, states, scripts that must run
 * or fail with a message, and memory to lend whose releases are counted. */
#ifndef TSR_HOST_CHECK_H
#define TSR_HOST_CHECK_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "check.h"
#include "tessera_lua.h"

#include <pthread.h>
#include <string.h>

/* ---- states, scripts, memory */

static lua_State *new_state(const tessera_config *config) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    tsr_error err = {0};
    CHECK(tessera_open(L, config, &err) == TSR_OK);
    CHECK(err.status == TSR_OK && lua_gettop(L) == 1);
    lua_settop(L, 0);
    return L;
}

/* Runs `code` with the stack's values as globals a, b; the message, or "" when it went well. */
static const char *run(lua_State *L, const char *code) {
    static char message[512];
    lua_settop(L, 0);
    if (luaL_loadstring(L, code) != 0 || lua_pcall(L, 0, 0, 0) != 0)
        snprintf(message, sizeof message, "%s", lua_tostring(L, -1));
    else
        message[0] = '\0';
    lua_settop(L, 0);
    return message;
}

/* `text` empty: the script must run; else its message must hold the text. */
static void expect(lua_State *L, const char *code, const char *text, const char *test, int line) {
    const char *message = run(L, code);
    bool ok = *text == '\0' ? *message == '\0' : strstr(message, text) != NULL;
    passed += ok;
    failed += !ok;
    if (!ok)
        printf("%s:%d: the script gives \"%s\", not \"%s\"\n", test, line, message, text);
}

#define RUNS(L, code)        expect(L, code, "", __func__, __LINE__)
#define FAILS(L, code, text) expect(L, code, text, __func__, __LINE__)

typedef struct owner {
    int released;
    void *data;
} owner;

static void on_release(void *user, void *data) {
    owner *o = user;
    o->released++;
    o->data = data;
}

static const int64_t shape46[] = {4, 6};

static tessera_buffer buffer_of(double *data, owner *o) {
    return (tessera_buffer){.struct_size = sizeof(tessera_buffer),
                            .data = data,
                            .dtype = TSR_FLOAT64,
                            .ndim = 2,
                            .shape = shape46,
                            .rights = TSR_READ | TSR_WRITE,
                            .label = "the grid",
                            .release = on_release,
                            .user = o};
}

/* Lends 4 x 6 doubles as the global `a`. */
static inline tessera_lease *lend(lua_State *L, double *data, owner *o) {
    tessera_buffer buffer = buffer_of(data, o);
    tessera_lease *lease = NULL;
    tsr_error err = {0};
    CHECK(tessera_lend(L, &buffer, &lease, &err) == TSR_OK);
    CHECK(lease != NULL && lua_gettop(L) == 1);
    lua_setglobal(L, "a");
    return lease;
}

static inline size_t lent(lua_State *L) {
    tsr_memory memory = {0};
    CHECK(tessera_memory(L, &memory));
    return memory.lent;
}

#endif
