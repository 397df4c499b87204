/* From a status to a Lua error: one line, "operation: what was wrong", with the position of the
 * script that called. Functions of the library's own Lua half are skipped when looking for that
 * position, so that it is always the user's line. The details stay on the library for last_error().
 */
#include "binding.h"

#include <string.h>

/* Chunks of the Lua half are named "=[tessera ...]". */
static bool is_ours(const lua_Debug *ar) {
    return strncmp(ar->source, "=[tessera", 9) == 0;
}

static void push_position(lua_State *L) {
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0 && !is_ours(&ar)) {
            lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
            return;
        }
    }
    lua_pushliteral(L, "");
}

static int raise_named(lua_State *L, const tsr_error *err, const char *operation, int argument) {
    tsrL_library *lib = tsrL_find_lib(L);
    if (lib != NULL) {
        lib->last = *err;
        lib->last_argument = argument;
        size_t n = strlen(operation);
        if (n >= sizeof lib->last_operation)
            n = sizeof lib->last_operation - 1;
        memcpy(lib->last_operation, operation, n);
        lib->last_operation[n] = '\0';
    }
    push_position(L);
    lua_pushfstring(L, "%s%s%s", operation, *operation != '\0' ? ": " : "", err->message);
    lua_concat(L, 2);
    return lua_error(L);
}

int tsrL_raise_argument(lua_State *L, const tsr_error *err, int argument) {
    const char *name = lua_tostring(L, lua_upvalueindex(TSRL_UP_NAME));
    return raise_named(L, err, name != NULL ? name : "", argument);
}

int tsrL_raise(lua_State *L, const tsr_error *err) {
    return tsrL_raise_argument(L, err, 0);
}

int tsrL_type_error(lua_State *L, int argument, const char *expected) {
    tsrL_object *o = tsrL_peek(L, argument);
    if (o != NULL && o->trace != 0)
        tsrL_fail(L, TSR_EUNSUPPORTED, argument, "cannot be traced in a fused function");
    const char *given = o == NULL                   ? luaL_typename(L, argument)
                        : !tsrL_filled(o)           ? "released array"
                        : o->face == TSR_FACE_TORCH ? "tensor"
                                                    : "ndarray";
    if (lua_isnone(L, argument))
        given = "nothing";
    tsrL_fail(L, TSR_EVALUE, argument, "argument %d must be %s, not %s", (int64_t)argument,
              expected, given);
    return 0;
}

/* raise(kind, operation, message): the Lua half's way to the same place. */
int tsrL_raise_from_lua(lua_State *L) {
    const char *kind = luaL_checkstring(L, 1), *operation = luaL_checkstring(L, 2);
    tsr_error err = TSRL_ERROR;
    tsr_status status = TSR_EVALUE;
    for (int s = 0; s < TSR_STATUS_COUNT; s++)
        if (strcmp(tsr_status_name((tsr_status)s), kind) == 0)
            status = (tsr_status)s;
    tsr_error_set(&err, status, "%s", luaL_checkstring(L, 3));
    for (char *line = err.message; (line = strchr(line, '\n')) != NULL;)
        *line = ' '; /* values in a message may be texts of several lines */
    return raise_named(L, &err, operation, 0);
}

int tsrL_last_error(lua_State *L) {
    tsrL_library *lib = tsrL_lib(L);
    if (lib->last.status == TSR_OK)
        return 0;
    lua_createtable(L, 0, 4);
    lua_pushstring(L, tsr_status_name(lib->last.status));
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, lib->last_operation);
    lua_setfield(L, -2, "operation");
    lua_pushstring(L, lib->last.message);
    lua_setfield(L, -2, "message");
    if (lib->last_argument > 0) {
        lua_pushinteger(L, lib->last_argument);
        lua_setfield(L, -2, "argument");
    }
    return 1;
}
