/* The `tessera` program: lua(1) with the library linked in.
 *
 *   tessera [options] [script [arguments]]
 *
 * It is a host as any other, built on tessera_lua.h: it makes a state, opens the library with all
 * capabilities, and runs what the command line says. Scripts say require "tessera"; for one-liners
 * (-e) and at the prompt the globals ts, torch and np are there already. The environment variable
 * TESSERA_ISA forces a kernel level; TESSERA_THREADS says on how many threads work runs, which are
 * otherwise as many as there are processors.
 *
 * Errors of scripts go to stderr with a traceback, and the status is 1. */
#include "program.h"
#include "tessera_lua.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: tessera [options] [script [arguments]]\n"
    "  -e CODE   run CODE; the globals ts, torch and np are defined\n"
    "  -i        prompt after the script; the same globals are defined\n"
    "  -l NAME   require NAME into a global; -l g=NAME calls the global g\n"
    "  -v        show versions\n"
    "  --help    show this\n"
    "  --        end of options\n"
    "  -         run standard input\n"
    "Without a script: the prompt on a terminal, else standard input is run.\n"
    "TESSERA_ISA=base|v2|v3|v4 in the environment forces a kernel level.\n"
    "TESSERA_THREADS=N sets the number of threads; 0, the default, is all processors.\n";

enum { HAS_INTERACTIVE = 1, HAS_CODE = 2, HAS_VERSION = 4, HAS_HELP = 8 };

/* ---- running */

/* a signal handler has no other way to them */
static lua_State *running;
static tsr_context *computing; /* of that state */

static void stop(lua_State *L, lua_Debug *ar) {
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    tsr_context_clear_cancel(computing);
    luaL_error(L, "interrupted!");
}

static void on_interrupt(int sig) {
    signal(sig, SIG_DFL);          /* a second Ctrl-C ends the program */
    tsr_context_cancel(computing); /* a long operation sees no hook */
    lua_sethook(running, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

static int add_traceback(lua_State *L) {
    if (!lua_isstring(L, 1)) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_isstring(L, -1))
            return 1;
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
        lua_replace(L, 1);
        lua_settop(L, 1);
    }
#if LUA_VERSION_NUM >= 502
    luaL_traceback(L, L, lua_tostring(L, 1), 1);
#else
    lua_getglobal(L, "debug");
    if (lua_istable(L, -1))
        lua_getfield(L, -1, "traceback");
    if (!lua_isfunction(L, -1)) {
        lua_settop(L, 1);
        return 1;
    }
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 2);
    lua_call(L, 2, 1);
#endif
    return 1;
}

int program_call(lua_State *L, int args, int results) {
    int handler = lua_gettop(L) - args;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, handler);
    running = L;
    computing = tessera_context(L);
    tsr_context_clear_cancel(computing);
    signal(SIGINT, on_interrupt);
    int status = lua_pcall(L, args, results, handler);
    signal(SIGINT, SIG_DFL);
    lua_remove(L, handler);
    return status;
}

void program_report(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    fflush(stdout);
    fprintf(stderr, "tessera: %s\n", message != NULL ? message : "(error object is no text)");
    fflush(stderr);
    lua_pop(L, 1);
}

/* Ends what lua_load or program_call began. */
static bool finish(lua_State *L, int status) {
    if (status != LUA_OK)
        program_report(L);
    return status == LUA_OK;
}

static bool run_code(lua_State *L, const char *code) {
    int status = luaL_loadbuffer(L, code, strlen(code), "=(command line)");
    return finish(L, status == LUA_OK ? program_call(L, 0, 0) : status);
}

/* -l name, or -l global=name: global = require(name) */
static bool run_require(lua_State *L, const char *what) {
    const char *equals = strchr(what, '='), *name = equals != NULL ? equals + 1 : what;
    lua_pushlstring(L, what, equals != NULL ? (size_t)(equals - what) : strlen(what));
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    int status = program_call(L, 1, 1);
    if (status == LUA_OK)
        lua_setglobal(L, lua_tostring(L, -2));
    bool ok = finish(L, status);
    lua_pop(L, 1);
    return ok;
}

/* `path` NULL is standard input. The arguments are those of the table `arg`. */
static bool run_script(lua_State *L, const char *path, int count, char **arguments) {
    int status = luaL_loadfile(L, path);
    if (status == LUA_OK) {
        luaL_checkstack(L, count + 3, "too many arguments");
        for (int i = 0; i < count; i++)
            lua_pushstring(L, arguments[i]);
        status = program_call(L, count, 0);
    }
    return finish(L, status);
}

/* ---- the command line */

/* The value of the option argv[*i], NULL when it is missing; *i becomes its index. */
static const char *value_of(char **argv, int *i) {
    const char *attached = argv[*i] + 2;
    return *attached != '\0' ? attached : argv[++*i];
}

/* Index of the script, argc when there is none; 0 when an option is wrong, which *bad names. */
static int find_script(int argc, char **argv, unsigned *flags, const char **bad) {
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        const char *option = *bad = argv[i];
        if (strcmp(option, "--") == 0)
            return i + 1;
        if (strcmp(option, "--help") == 0)
            *flags |= HAS_HELP;
        else if (strcmp(option, "-i") == 0)
            *flags |= HAS_INTERACTIVE;
        else if (strcmp(option, "-v") == 0)
            *flags |= HAS_VERSION;
        else if (option[1] == 'e' || option[1] == 'l') {
            *flags |= option[1] == 'e' ? (unsigned)HAS_CODE : 0;
            if (value_of(argv, &i) == NULL)
                return 0;
        } else
            return 0;
    }
    return i;
}

/* Runs the options -e and -l in their order. */
static bool run_options(lua_State *L, char **argv, int script) {
    for (int i = 1; i < script; i++) {
        char option = argv[i][1];
        if (option != 'e' && option != 'l')
            continue;
        const char *value = value_of(argv, &i);
        if (!(option == 'e' ? run_code(L, value) : run_require(L, value)))
            return false;
    }
    return true;
}

/* The global `arg`: the script at 0, its arguments from 1 on, what stood before it below 0. */
static void set_arg(lua_State *L, int argc, char **argv, int script) {
    int zero = script < argc ? script : 0;
    lua_createtable(L, argc - zero, zero + 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - zero);
    }
    lua_setglobal(L, "arg");
}

static void show_version(lua_State *L) {
    lua_getglobal(L, "jit"); /* LuaJIT calls itself 5.1 everywhere else */
    if (lua_istable(L, -1))
        lua_getfield(L, -1, "version");
    printf("Tessera " TSR_VERSION " (kernels: %s), %s\n", tsr_context_isa(tessera_context(L)),
           lua_isstring(L, -1) ? lua_tostring(L, -1) : LUA_RELEASE);
    fflush(stdout);
    lua_settop(L, 0);
}

/* The number in TESSERA_THREADS; -1, which is refused, when it is none. */
static int wanted_threads(void) {
    const char *text = getenv("TESSERA_THREADS");
    if (text == NULL || *text == '\0')
        return 0;
    char *end;
    long n = strtol(text, &end, 10);
    return (*end == '\0' && n >= 0 && n <= TSR_MAX_THREADS) ? (int)n : -1;
}

/* Opens the library; with `globals` its faces are defined for people who type. */
static bool open_library(lua_State *L, bool globals) {
    const char *isa = getenv("TESSERA_ISA");
    tessera_config config = {.struct_size = sizeof config,
                             .core = {.struct_size = sizeof config.core,
                                      .isa = (isa != NULL && *isa != '\0') ? isa : NULL},
                             .capabilities = TESSERA_FILES | TESSERA_POINTERS | TESSERA_THREADS};
    tsr_error err = {0};
    if (tessera_open(L, &config, &err) != TSR_OK) {
        fprintf(stderr, "tessera: %s\n", err.message);
        return false;
    }
    if (tsr_context_set_threads(tessera_context(L), wanted_threads(), &err) != TSR_OK) {
        fprintf(stderr, "tessera: TESSERA_THREADS: %s\n", err.message);
        return false;
    }
    if (globals) {
        lua_getfield(L, -1, "torch");
        lua_setglobal(L, "torch");
        lua_getfield(L, -1, "np");
        lua_setglobal(L, "np");
        lua_pushvalue(L, -1);
        lua_setglobal(L, "ts");
    }
    lua_pop(L, 1);
    return true;
}

/* Returns whether all went well. */
static bool run(lua_State *L, int argc, char **argv) {
    unsigned flags = 0;
    const char *bad = NULL;
    int script = find_script(argc, argv, &flags, &bad);
    if (script == 0)
        fprintf(stderr, "tessera: unknown or incomplete option '%s'\n%s", bad, usage);
    else if (flags & HAS_HELP)
        fputs(usage, stdout);
    if (script == 0 || (flags & HAS_HELP))
        return script != 0;
    bool has_script = script < argc,
         idle = !has_script && (flags & ~(unsigned)HAS_INTERACTIVE) == 0;
    bool prompt = (flags & HAS_INTERACTIVE) || (idle && isatty(STDIN_FILENO));
    luaL_openlibs(L);
    set_arg(L, argc, argv, script);
    if (!open_library(L, prompt || (flags & HAS_CODE)))
        return false;
    if ((flags & HAS_VERSION) || prompt)
        show_version(L);
    if (!run_options(L, argv, script))
        return false;
    if (has_script) {
        /* `-` is standard input, unless `--` made a name of it */
        bool input = strcmp(argv[script], "-") == 0 && strcmp(argv[script - 1], "--") != 0;
        if (!run_script(L, input ? NULL : argv[script], argc - script - 1, argv + script + 1) &&
            !prompt)
            return false;
    } else if (idle && !prompt && !run_script(L, NULL, 0, NULL)) {
        return false;
    }
    if (prompt)
        prompt_run(L);
    return true;
}

static int protected_run(lua_State *L) {
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    lua_pushboolean(L, run(L, argc, argv));
    return 1;
}

int main(int argc, char **argv) {
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        fputs("tessera: no memory for a Lua state\n", stderr);
        return EXIT_FAILURE;
    }
    lua_pushcfunction(L, protected_run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int status = lua_pcall(L, 2, 1, 0);
    bool ok = status == LUA_OK && lua_toboolean(L, -1);
    if (status != LUA_OK)
        program_report(L);
    lua_close(L);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
