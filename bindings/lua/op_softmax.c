/* softmax and log_softmax in Lua: the short way of x and a dimension, and what the Lua half, which
 * reads options, calls for all others (scripts/tessera/softmax.lua). Lines that are so long that
 * passes over memory are better are left to it, too. */
#include "ops.h"
#include "view.h"

enum { LINE_MOST = 16384 };
enum { UP_OTHERWISE = TSRL_UPVALUES + 1, UP_LOGARITHM, UPVALUES = UP_LOGARITHM };

/* Pushes the result, which is `out` if that is not NULL, and tells so; false for long lines. */
static bool push_softmax(lua_State *L, const tsrL_object *o, int dim, bool logarithm,
                         const tsrL_object *out) {
    tsr_error err = TSRL_ERROR;
    tsr_context *context = tsrL_lib(L)->context;
    if (tsr_array_ndim(o->cell->array) > 0 && tsr_array_shape(o->cell->array)[dim] > LINE_MOST)
        return false;
    tsrL_object *made = tsrL_derive(L, o);
    TSRL_TRY(L, &err,
             tsr_softmax(context, logarithm, o->cell->array, dim, tsr_array_dtype(o->cell->array),
                         out != NULL ? out->cell->array : NULL, &made->cell->array, &err));
    return true;
}

/* softmax(x, dim, logarithm): nil for long lines. */
int tsrL_softmax(lua_State *L) {
    lua_settop(L, 3);
    const tsrL_object *o = tsrL_check(L, 1);
    int ndim = tsr_array_ndim(o->cell->array), dim = ndim > 0 ? tsrL_dim(L, 2, ndim) : 0;
    return push_softmax(L, o, dim, lua_toboolean(L, 3), NULL);
}

static int quick_softmax(lua_State *L) {
    const tsrL_object *o = tsrL_test(L, 1);
    int top = lua_gettop(L);
    bool writes = top == 3 && tsrL_push_only_out(L, 3);
    const tsrL_object *out = writes ? tsrL_test(L, 4) : NULL;
    bool simple = (top == 2 || tsrL_filled(out)) && tsrL_filled(o) && o->face == TSR_FACE_TORCH &&
                  lua_type(L, 2) == LUA_TNUMBER && tsr_array_ndim(o->cell->array) > 0 &&
                  tsr_dtype_describe(tsr_array_dtype(o->cell->array))->kind == 'f';
    if (simple && push_softmax(L, o, tsrL_dim(L, 2, tsr_array_ndim(o->cell->array)),
                               lua_toboolean(L, lua_upvalueindex(UP_LOGARITHM)), out)) {
        if (out != NULL)
            lua_pushvalue(L, 4);
        return 1;
    }
    lua_settop(L, top);
    lua_pushvalue(L, lua_upvalueindex(UP_OTHERWISE));
    lua_insert(L, 1);
    lua_call(L, top, LUA_MULTRET);
    return lua_gettop(L);
}

/* softmax_function(name, logarithm, otherwise): the function that does the short way itself and
 * calls `otherwise` for the rest. */
int tsrL_softmax_function(lua_State *L) {
    luaL_checkstring(L, 1);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    for (int i = 1; i <= TSRL_UPVALUES; i++)
        if (i == TSRL_UP_NAME)
            lua_pushvalue(L, 1);
        else
            lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, quick_softmax, UPVALUES);
    return 1;
}
