/* Single elements: x[i] and x[i] = v on one dimension, x:get(i, j, ...), x:set(i, j, ..., v).
 *
 * Loops of scripts are made of these, so they go the short way: one call of the core, which checks
 * everything by itself, and no record of an error. Whatever that call refuses is left to the
 * general way, which either deals with it (negative positions, complex elements) or says what is
 * wrong with it. */
#include "binding.h"
#include "ops.h"

bool tsrL_push_element(lua_State *L, const tsr_array *a, int count, const int64_t *index) {
    tsr_scalar value;
    tsr_error err;
    tsrL_no_error(&err);
    if (tsr_array_get(a, count, index, &value, &err) != TSR_OK)
        tsrL_raise(L, &err);
    if (value.dtype == TSR_COMPLEX128)
        return false;
    tsrL_push_scalar(L, &value);
    return true;
}

bool tsrL_get_quickly(lua_State *L, const tsr_array *a) {
    int64_t i;
    tsr_scalar value;
    if (!tsrL_tointeger(L, 2, &i) || i < 1)
        return false;
    i--;
    if (tsr_array_get(a, 1, &i, &value, NULL) != TSR_OK || value.dtype == TSR_COMPLEX128)
        return false;
    tsrL_push_scalar(L, &value);
    return true;
}

/* The number at `index`, which fits the dtype of `a`, else it raises; false for other values. */
static bool quick_value(lua_State *L, int index, const tsr_array *a, tsr_scalar *out) {
    if (lua_type(L, index) != LUA_TNUMBER)
        return false;
    if (tsrL_isinteger(L, index)) {
        *out = (tsr_scalar){TSR_INT64, {.i = (int64_t)lua_tointeger(L, index)}};
        tsrL_check_fits(L, out, tsr_array_dtype(a));
    } else {
        *out = (tsr_scalar){TSR_FLOAT64, {.f = lua_tonumber(L, index)}};
    }
    return true;
}

bool tsrL_set_quickly(lua_State *L, tsr_array *a) {
    int64_t i;
    tsr_scalar value;
    if (!tsrL_tointeger(L, 2, &i) || i < 1 || tsr_array_ndim(a) != 1 || i > tsr_array_shape(a)[0] ||
        !quick_value(L, 3, a, &value))
        return false;
    i--;
    return tsr_array_set(a, 1, &i, &value, NULL) == TSR_OK;
}

/* Arguments 2 ... as 0-based positions, all in range. */
static void read_positions(lua_State *L, const tsr_array *a, int count, int64_t *index) {
    if (count != tsr_array_ndim(a))
        tsrL_fail(L, TSR_EINDEX, 2, "%d indices for an array of %d dimensions", (int64_t)count,
                  (int64_t)tsr_array_ndim(a));
    const int64_t *shape = tsr_array_shape(a);
    for (int i = 0; i < count; i++) {
        int64_t at = tsrL_index(L, i + 2);
        int64_t n = shape[i];
        if (at >= n || at < -n)
            tsrL_fail(L, TSR_EINDEX, i + 2, "index %i is out of range for dimension %i of size %d",
                      at, (int64_t)i, n);
        index[i] = at < 0 ? at + n : at;
    }
}

int tsrL_op_get(lua_State *L) {
    tsrL_object *o = tsrL_look(L, 1);
    int count = lua_gettop(L) - 1;
    int64_t index[TSR_MAX_DIMS];
    read_positions(L, o->cell->array, count, index);
    if (tsrL_push_element(L, o->cell->array, count, index))
        return 1;
    tsrL_check(L, 1);
    tsr_index items[TSR_MAX_DIMS];
    for (int i = 0; i < count; i++)
        items[i] = (tsr_index){TSR_INDEX_AT, index[i], 1, 1};
    tsrL_push_view(L, o, count, items);
    return 1;
}

int tsrL_op_set(lua_State *L) {
    tsrL_object *o = tsrL_look(L, 1);
    int count = lua_gettop(L) - 2;
    if (count < 0)
        tsrL_type_error(L, 2, "an index or a value");
    int64_t index[TSR_MAX_DIMS];
    tsr_error err;
    tsr_scalar value;
    tsrL_no_error(&err);
    read_positions(L, o->cell->array, count, index);
    if (!quick_value(L, count + 2, o->cell->array, &value))
        value = tsrL_scalar(L, count + 2);
    if (tsr_array_set(o->cell->array, count, index, &value, &err) != TSR_OK)
        tsrL_raise(L, &err);
    return 0;
}
