/* Limits that scripts set for the length of a call: ts.limit, ts.deadline, ts.no_alloc,
 * ts.estimate.
 *
 * Each puts the limit on the context, calls the function protected, takes the limit off again
 * whatever happened, and passes results or error on. A limit only ever tightens what is there. The
 * function cannot yield across such a call, since others would run under its limit meanwhile. */
#include "ops.h"

static void check_function(lua_State *L, int argument) {
    if (lua_type(L, argument) != LUA_TFUNCTION)
        tsrL_type_error(L, argument, "a function");
}

/* Calls the function at `first` with what stands above it; its code, with results or error there.
 */
static int call(lua_State *L, int first) {
    return lua_pcall(L, lua_gettop(L) - first, LUA_MULTRET, 0);
}

static int finish(lua_State *L, int code, int first) {
    return code == LUA_OK ? lua_gettop(L) - first + 1 : lua_error(L);
}

int tsrL_op_limit(lua_State *L) {
    int64_t bytes = tsrL_integer(L, 1);
    if (bytes < 1)
        tsrL_fail(L, TSR_EVALUE, 1, "a limit is at least 1 byte, not %d", bytes);
    check_function(L, 2);
    tsr_context *c = tsrL_lib(L)->context;
    tsr_memory memory;
    tsr_context_memory(c, &memory);
    if (memory.quota == 0 || (size_t)bytes < memory.quota)
        tsr_context_set_quota(c, (size_t)bytes);
    int code = call(L, 2);
    tsr_context_set_quota(c, memory.quota);
    return finish(L, code, 2);
}

int tsrL_op_deadline(lua_State *L) {
    double seconds = tsrL_number(L, 1);
    if (!(seconds >= 0))
        tsrL_fail(L, TSR_EVALUE, 1, "seconds must not be negative");
    check_function(L, 2);
    tsr_context *c = tsrL_lib(L)->context;
    int64_t before = tsr_context_deadline(c), wanted = tsr_deadline_after(seconds);
    wanted = wanted == 0 ? 1 : wanted; /* now */
    if (before == 0 || wanted < before)
        tsr_context_set_deadline(c, wanted);
    int code = call(L, 2);
    tsr_context_set_deadline(c, before);
    return finish(L, code, 2);
}

int tsrL_op_no_alloc(lua_State *L) {
    check_function(L, 1);
    tsr_context *c = tsrL_lib(L)->context;
    tsr_section section = tsr_context_section(c);
    tsr_sections before;
    uint64_t bytes, most;
    if (section == TSR_SECTION_NONE) /* in an estimate, what would be allocated is the question */
        tsr_context_begin(c, TSR_SECTION_NO_ALLOC, &before);
    int code = call(L, 1);
    if (section == TSR_SECTION_NONE)
        tsr_context_end(c, &before, &bytes, &most);
    return finish(L, code, 1);
}

int tsrL_op_estimate(lua_State *L) {
    check_function(L, 1);
    tsr_context *c = tsrL_lib(L)->context;
    if (tsr_context_section(c) == TSR_SECTION_NO_ALLOC)
        tsrL_fail(L, TSR_ELIMIT, 0, "not where nothing may be allocated");
    tsr_sections before;
    uint64_t bytes, most;
    tsrL_collect(L); /* what is dead already would count as given back */
    tsr_context_begin(c, TSR_SECTION_ESTIMATE, &before);
    int code = call(L, 1);
    tsr_context_end(c, &before, &bytes, &most);
    if (code != LUA_OK)
        return lua_error(L);
    lua_settop(L, 0);
    lua_pushinteger(L, (lua_Integer)bytes);
    lua_pushinteger(L, (lua_Integer)most);
    return 2;
}
