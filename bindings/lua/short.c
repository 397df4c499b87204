/* The short ways of functions of the Lua half: the plain calls, which are most, are done in C; for
 * all others the closure calls the function of the Lua half, which reads every option and says what
 * is wrong.
 *
 *      core.short_way("clamp", "clip", otherwise)
 *
 * A way that does not take the arguments leaves them as they were. */
#include "ops.h"
#include "quick.h"
#include "view.h"

#include <string.h>

enum { LINE_MOST = 131072 }; /* longer lines that are not at hand are left to passes over memory */
enum { UP_OTHERWISE = TSRL_UPVALUES + 1, UP_WAY, UPVALUES = UP_WAY };

typedef struct way {
    const char *name;
    bool (*run)(lua_State *L, int top, const struct way *way); /* pushes the result */
    bool variant;
    int correction;
} way;

/* ---- softmax ---- */

/* Whether lines along `dim` can be worked on where they are, as numbers of that dtype. */
static bool is_at_hand(const tsr_array *a, int dim, tsr_dtype dtype) {
    return tsr_array_dtype(a) == dtype && dim < tsr_array_ndim(a) && tsr_array_is_aligned(a) &&
           tsr_array_strides(a)[dim] == tsr_dtype_describe(dtype)->itemsize;
}

/* Whether lines are short enough to be carried into a buffer, or need not be. */
static bool fits(const tsr_array *a, int dim, const tsr_array *out) {
    tsr_dtype dtype = tsr_array_dtype(a);
    if (tsr_array_ndim(a) == 0 || tsr_array_shape(a)[dim] <= LINE_MOST)
        return true;
    return (dtype == TSR_FLOAT32 || dtype == TSR_FLOAT64) && is_at_hand(a, dim, dtype) &&
           (out == NULL || is_at_hand(out, dim, dtype));
}

/* Pushes the result, which is `out` if that is not NULL, and tells so; false if lines do not fit.
 */
static bool push_softmax(lua_State *L, const tsrL_object *o, int dim, bool logarithm,
                         const tsrL_object *out) {
    tsr_error err = TSRL_ERROR;
    tsr_context *context = tsrL_lib(L)->context;
    const tsr_array *a = o->cell->array;
    tsr_array *to = out != NULL ? out->cell->array : NULL;
    if (!fits(a, dim, to))
        return false;
    tsrL_object *made = tsrL_derive(L, o);
    TSRL_TRY(
        L, &err,
        tsr_softmax(context, logarithm, a, dim, tsr_array_dtype(a), to, &made->cell->array, &err));
    if (out != NULL)
        tsrL_drop(made);
    return true;
}

/* softmax(x, dim, logarithm) for the Lua half: nil if lines do not fit. */
int tsrL_softmax(lua_State *L) {
    lua_settop(L, 3);
    const tsrL_object *o = tsrL_look(L, 1);
    int ndim = tsr_array_ndim(o->cell->array), dim = ndim > 0 ? tsrL_dim(L, 2, ndim) : 0;
    return push_softmax(L, o, dim, lua_toboolean(L, 3), NULL);
}

static bool softmax(lua_State *L, int top, const way *w) {
    const tsrL_object *o = tsrL_peek(L, 1);
    bool writes = top == 3 && tsrL_push_only_out(L, 3);
    const tsrL_object *out = writes ? tsrL_peek(L, 4) : NULL;
    bool simple = (top == 2 || tsrL_filled(out)) && tsrL_filled(o) && o->face == TSR_FACE_TORCH &&
                  lua_type(L, 2) == LUA_TNUMBER && tsr_array_ndim(o->cell->array) > 0 &&
                  tsr_dtype_describe(tsr_array_dtype(o->cell->array))->kind == 'f';
    if (!simple ||
        !push_softmax(L, o, tsrL_dim(L, 2, tsr_array_ndim(o->cell->array)), w->variant, out))
        return false;
    if (out != NULL)
        lua_pushvalue(L, 4);
    return true;
}

/* ---- clamp between numbers, variance ---- */

static bool clamp(lua_State *L, int top, const way *w) {
    (void)w;
    return lua_type(L, 2) == LUA_TNUMBER && lua_type(L, 3) == LUA_TNUMBER &&
           tsrL_operate_with_out(L, &tsrL_lib(L)->operations[TSRL_DO_CLAMP], top);
}

static bool variance(lua_State *L, int top, const way *w) {
    return tsrL_variance_quickly(L, top, w->correction, w->variant);
}

static const way ways[] = {
    {"softmax", softmax, false, 0}, {"log_softmax", softmax, true, 0},
    {"clamp", clamp, false, 0},     {"torch.var", variance, false, 1},
    {"np.var", variance, false, 0}, {"torch.std", variance, true, 1},
    {"np.std", variance, true, 0},
};

/* ---- closures ---- */

static int call(lua_State *L) {
    int top = lua_gettop(L);
    const way *w = lua_touserdata(L, lua_upvalueindex(UP_WAY));
    if (w->run(L, top, w))
        return 1;
    lua_settop(L, top);
    lua_pushvalue(L, lua_upvalueindex(UP_OTHERWISE));
    lua_insert(L, 1);
    lua_call(L, top, LUA_MULTRET);
    return lua_gettop(L);
}

/* short_way(way, name for messages, otherwise) */
int tsrL_short_way(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    size_t i = 0, count = sizeof ways / sizeof *ways;
    while (i < count && strcmp(ways[i].name, name) != 0)
        i++;
    luaL_argcheck(L, i < count, 1, "no such way");
    lua_settop(L, 3);
    for (int up = 1; up <= TSRL_UPVALUES; up++)
        if (up == TSRL_UP_NAME)
            lua_pushvalue(L, 2);
        else
            lua_pushvalue(L, lua_upvalueindex(up));
    lua_pushvalue(L, 3);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&ways[i]);
    lua_pushcclosure(L, call, UPVALUES);
    return 1;
}
