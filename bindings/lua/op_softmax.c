/* softmax(x, dim, logarithm, dtype, out) for the Lua half, which reads the options: nil when the
 * lines are so long that passes over memory are better (scripts/tessera/softmax.lua). */
#include "ops.h"
#include "view.h"

enum { LINE_MOST = 16384 };

int tsrL_softmax(lua_State *L) {
    lua_settop(L, 5);
    tsrL_object *o = tsrL_check(L, 1);
    int ndim = tsr_array_ndim(o->array), dim = ndim > 0 ? tsrL_dim(L, 2, ndim) : 0;
    if (ndim > 0 && tsr_array_shape(o->array)[dim] > LINE_MOST)
        return 0;
    tsr_dtype dtype = tsrL_opt_dtype(L, 4, TSR_FACE_TORCH, tsr_array_dtype(o->array));
    tsrL_object *out = lua_isnil(L, 5) ? NULL : tsrL_check(L, 5);
    tsr_error err = TSRL_ERROR;
    tsr_context *context = tsrL_lib(L)->context;
    tsrL_object *made = tsrL_derive(L, o);
    TSRL_TRY(L, &err,
             tsr_softmax(context, lua_toboolean(L, 3), o->array, dim, dtype,
                         out != NULL ? out->array : NULL, &made->array, &err));
    if (out != NULL)
        lua_pushvalue(L, 5);
    return 1;
}
