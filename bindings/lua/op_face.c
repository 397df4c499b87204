/* From face to face, and from bytes: the conversions that share storage. */
#include "binding.h"
#include "ops.h"

#include <string.h>

/* The same array under the other face: a view of everything it is. */
static int alias(lua_State *L, tsrL_object *o, tsr_face face) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_object *made = tsrL_new(L, face);
    TSRL_TRY(L, &err,
             tsr_view_alias(o->cell->array, TSR_READ | TSR_WRITE | TSR_RESIZE, &made->cell->array,
                            &err));
    return 1;
}

/* t:numpy{force = true} */
int tsrL_op_numpy(lua_State *L) {
    static const char *const names[] = {"force"};
    tsrL_object *o = tsrL_check(L, 1);
    if (lua_gettop(L) > 1) {
        tsrL_bind(L, 2, 1, names);
        if (tsrL_opt_boolean(L, 2, false))
            return alias(L, o, TSR_FACE_NUMPY);
    }
    if (o->requires_grad)
        tsrL_fail(L, TSR_EVALUE, 1,
                  "the tensor requires grad: use t:detach():numpy(), or t:numpy{force = true}");
    return alias(L, o, TSR_FACE_NUMPY);
}

int tsrL_op_from_numpy(lua_State *L) {
    tsrL_object *o = tsrL_test(L, 1);
    if (!tsrL_filled(o) || o->face != TSR_FACE_NUMPY)
        tsrL_type_error(L, 1, "an ndarray");
    return alias(L, o, TSR_FACE_TORCH);
}

/* ---- frombuffer ---- */

/* Elements of `dtype` in `bytes` bytes from `offset` on; `count` -1 is all of them. */
static int64_t buffer_count(lua_State *L, int64_t bytes, tsr_dtype dtype, int64_t offset,
                            int64_t count) {
    int64_t item = tsr_dtype_describe(dtype)->itemsize;
    if (offset < 0 || offset > bytes)
        tsrL_fail(L, TSR_EVALUE, 3, "offset %d lies outside the buffer of %d bytes", offset, bytes);
    int64_t rest = bytes - offset;
    if (count < 0 && rest % item != 0)
        tsrL_fail(L, TSR_EVALUE, 1, "%d bytes are no whole number of %t elements", rest,
                  (int)dtype);
    if (count > rest / item)
        tsrL_fail(L, TSR_EVALUE, 4, "%d elements of %t do not fit %d bytes", count, (int)dtype,
                  rest);
    return count < 0 ? rest / item : count;
}

/* frombuffer(s, {dtype, count, offset}): a Lua string's bytes, read-only; or an array's, with its
 * rights. */
int tsrL_op_frombuffer(lua_State *L) {
    static const char *const names[] = {"dtype", "count", "offset"};
    tsrL_bind(L, 2, 3, names);
    tsr_face face = tsrL_face(L);
    if (face == TSR_FACE_TORCH && lua_isnil(L, 2))
        tsrL_type_error(L, 2, "a dtype");
    tsr_dtype dtype = tsrL_opt_dtype(L, 2, face, TSR_FLOAT64);
    int64_t count = tsrL_opt_integer(L, 3, -1), offset = tsrL_opt_integer(L, 4, 0);
    tsrL_object *o = tsrL_test(L, 1);
    tsr_error err = TSRL_ERROR;
    if (o == NULL && lua_type(L, 1) != LUA_TSTRING)
        tsrL_type_error(L, 1, "a string or an array");
    if (o == NULL) {
        size_t bytes;
        const char *s = lua_tolstring(L, 1, &bytes);
        int64_t n = buffer_count(L, (int64_t)bytes, dtype, offset, count);
        tsr_buffer buffer = {.struct_size = sizeof buffer,
                             .data = (void *)(uintptr_t)s,
                             .bytes = bytes,
                             .kind = TSR_STRING,
                             .rights = TSR_READ,
                             .label = "Lua string"};
        tsrL_fill_anchored(L, 1, &buffer, tsrL_new(L, face), dtype, 1, &n, NULL, offset);
        return 1;
    }
    o = tsrL_check(L, 1);
    if (!tsr_array_is_contiguous(o->cell->array))
        tsrL_fail(L, TSR_EVALUE, 1, "the buffer must be contiguous");
    int64_t bytes = tsr_array_size(o->cell->array) * (int64_t)tsr_array_itemsize(o->cell->array);
    int64_t n = buffer_count(L, bytes, dtype, offset, count);
    tsrL_object *made = tsrL_new(L, face);
    TSRL_TRY(L, &err,
             tsr_array_from_storage(tsrL_lib(L)->context, tsr_array_storage(o->cell->array), dtype,
                                    1, &n, NULL, tsr_array_offset(o->cell->array) + offset,
                                    tsr_array_rights(o->cell->array), &made->cell->array, &err));
    return 1;
}
