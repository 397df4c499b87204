/* The prompt of the `tessera` program: a line is tried as an expression, whose values are printed,
 * then as a statement; while either is only unfinished, further lines are added. An error is shown
 * and the next line is read. */
#include "program.h"

#include <stdio.h>
#include <string.h>

/* Pushes a line of stdin without its end; pushes nothing and gives false at the end of input. */
static bool read_line(lua_State *L, const char *prompt) {
    fputs(prompt, stdout);
    fflush(stdout);
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    char part[256];
    bool any = false, ended = false;
    while (!ended && fgets(part, sizeof part, stdin) != NULL) {
        size_t n = strlen(part);
        ended = n > 0 && part[n - 1] == '\n';
        luaL_addlstring(&line, part, ended ? n - 1 : n);
        any = true;
    }
    luaL_pushresult(&line);
    if (!any)
        lua_pop(L, 1);
    return any;
}

/* Whether the message on top complains about the end of the text. 5.1 quotes the token. */
static bool unfinished(lua_State *L) {
    size_t n;
    const char *message = lua_tolstring(L, -1, &n);
    if (n > 0 && message[n - 1] == '\'')
        n--;
    return n >= 5 && memcmp(message + n - 5, "<eof>", 5) == 0;
}

static int load_text(lua_State *L) {
    size_t n;
    const char *text = lua_tolstring(L, -1, &n);
    return tsrL_loadbuffer(L, text, n, "=stdin");
}

/* Replaces the text on top by its function, or by a message; *more when lines are missing. */
static int compile(lua_State *L, bool *more) {
    lua_pushfstring(L, "return %s", lua_tostring(L, -1));
    int status = load_text(L);
    lua_remove(L, -2);
    *more = status != LUA_OK && unfinished(L);
    if (status != LUA_OK) {
        lua_pop(L, 1);
        status = load_text(L);
        *more = status != LUA_OK && (*more || unfinished(L));
    }
    if (!*more)
        lua_remove(L, -2);
    return status;
}

/* Pushes the next function, or a message; false at the end of input. */
static bool read_chunk(lua_State *L, int *status) {
    if (!read_line(L, "> "))
        return false;
    if (lua_tostring(L, -1)[0] == '=') { /* the way that 5.1 asked for a value */
        lua_pushstring(L, lua_tostring(L, -1) + 1);
        lua_remove(L, -2);
    }
    for (;;) {
        bool more;
        *status = compile(L, &more);
        if (!more)
            return true;
        if (!read_line(L, ">> ")) {
            lua_remove(L, -2);
            return true;
        }
        lua_remove(L, -2); /* the message */
        lua_pushliteral(L, "\n");
        lua_insert(L, -2);
        lua_concat(L, 3);
    }
}

static void print_all(lua_State *L, int values) {
    if (values == 0)
        return;
    luaL_checkstack(L, LUA_MINSTACK, "too many values to print");
    lua_getglobal(L, "print");
    lua_insert(L, -values - 1);
    if (program_call(L, values, 0) != LUA_OK)
        program_report(L);
}

void prompt_run(lua_State *L) {
    int base = lua_gettop(L), status;
    while (read_chunk(L, &status)) {
        if (status == LUA_OK)
            status = program_call(L, 0, LUA_MULTRET);
        if (status == LUA_OK)
            print_all(L, lua_gettop(L) - base);
        else
            program_report(L);
        lua_settop(L, base);
    }
    putchar('\n');
}
