/* Arrays to and from DLPack capsules (capsule.c), and the objects that offer them.
 *
 * An object offers its memory by a metatable field __dlpack, a function of the object and a table
 * of options that returns a capsule; tensors and ndarrays have it. The options are the protocol's
 * (max_version, copy, stream, dl_device), and `negative`, for consumers that take negative strides.
 * Nothing is copied unless copy = says so. Arrays of this state need no capsule: from_dlpack gives
 * one more view of them. */
#include "binding.h"
#include "ops.h"

#include <string.h>

/* ---- out ---- */

/* Whether a consumer that knows versions up to the one at `argument` gets the older struct. */
static bool wants_legacy(lua_State *L, int argument) {
    int64_t version[2] = {TSR_DL_MAJOR, 0};
    if (lua_type(L, argument) == LUA_TTABLE)
        tsrL_integers(L, argument, 2, version);
    else if (!lua_isnoneornil(L, argument))
        version[0] = tsrL_integer(L, argument);
    return version[0] < 1;
}

static void check_consumer(lua_State *L, int stream, int device) {
    if (!lua_isnoneornil(L, stream))
        tsrL_fail(L, TSR_EUNSUPPORTED, stream, "memory of the processor has no streams");
    if (lua_isnoneornil(L, device))
        return;
    int64_t place[2] = {0, 0};
    if (lua_type(L, device) != LUA_TTABLE || tsrL_integers(L, device, 2, place) != 2 ||
        place[0] != TSR_DL_CPU || place[1] != 0)
        tsrL_fail(L, TSR_EUNSUPPORTED, device, "the only device is {1, 0}, the processor");
}

static tsr_status export(lua_State *L, const tsr_array *a, unsigned options, void **box,
                         tsr_error *err) {
    tsr_status status = tsr_dlpack_export(a, options, NULL, box, err);
    if (status == TSR_EMEMORY) {
        tsrL_collect(L);
        status = tsr_dlpack_export(a, options, NULL, box, err);
    }
    return status;
}

/* to_dlpack(x, {max_version, copy, negative, pointer, stream, dl_device}) */
int tsrL_op_to_dlpack(lua_State *L) {
    static const char *const names[] = {"max_version", "copy",   "negative",
                                        "pointer",     "stream", "dl_device"};
    tsrL_object *o = tsrL_check(L, 1);
    tsrL_library *lib = tsrL_lib(L);
    tsrL_copy copy = TSRL_COPY_NEVER;
    unsigned options = 0;
    bool pointer = false;
    if (lua_gettop(L) > 1) {
        tsrL_bind(L, 2, 6, names);
        copy = tsrL_opt_copy(L, 3, TSRL_COPY_NEVER);
        pointer = tsrL_opt_boolean(L, 5, false);
        options = (wants_legacy(L, 2) ? TSR_DLPACK_LEGACY : 0u) |
                  (tsrL_opt_boolean(L, 4, false) ? TSR_DLPACK_NEGATIVE : 0u);
        check_consumer(L, 6, 7);
    }
    if (o->requires_grad)
        tsrL_fail(L, TSR_EVALUE, 1, "the tensor requires grad: export t:detach()");
    if (pointer && (lib->capabilities & TSRL_POINTERS) == 0)
        tsrL_fail(L, TSR_ELIMIT, 5, "raw pointers are not allowed by the host");
    tsr_error err;
    tsrL_no_error(&err);
    void **box = tsrL_push_capsule(L, (options & TSR_DLPACK_LEGACY) != 0);
    tsr_status status = TSR_EUNSUPPORTED;
    if (copy != TSRL_COPY_ALWAYS)
        status = export(L, o->cell->array, options, box, &err);
    if (copy != TSRL_COPY_NEVER && (status == TSR_EUNSUPPORTED || status == TSR_EREADONLY)) {
        tsrL_object *made = tsrL_new(L, TSR_FACE_NUMPY);
        TSRL_TRY(L, &err,
                 tsr_clone(lib->context, o->cell->array, tsr_array_dtype(o->cell->array),
                           TSR_ORDER_KEEP, &made->cell->array, &err));
        if (copy == TSRL_COPY_IF_NEEDED)
            tsr_context_count_copy(lib->context);
        status = export(L, made->cell->array, options | TSR_DLPACK_COPIED, box, &err);
        lua_pop(L, 1);
    }
    if (status != TSR_OK)
        tsrL_raise_argument(L, &err, 1);
    if (pointer) {
        void *managed = *box;
        *box = NULL;
        lua_pushlightuserdata(L, managed);
    }
    return 1;
}

/* x:__dlpack_device(): the protocol's pair. */
int tsrL_op_dlpack_device(lua_State *L) {
    tsrL_check(L, 1);
    lua_pushinteger(L, TSR_DL_CPU);
    lua_pushinteger(L, 0);
    return 2;
}

/* ---- in ---- */

/* Pushes an array of the running function's face for the struct in *box, which is NULL afterwards,
 * unless memory is short: then everything is as it was. */
static tsrL_object *import(lua_State *L, void **box, unsigned options) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_library *lib = tsrL_lib(L);
    tsrL_object *made = tsrL_new_in(L, lib, tsrL_face(L));
    if (*box == NULL)
        tsrL_fail(L, TSR_EVALUE, 1, "the capsule was used already");
    options |= TSR_DLPACK_RETRY;
    for (int turn = 0;; turn++) {
        void *managed = *box;
        *box = NULL; /* deleters run while this does */
        tsr_status status =
            tsr_dlpack_import(lib->context, managed, options, &made->cell->array, &err);
        if (status == TSR_OK)
            return made;
        if (status == TSR_EMEMORY)
            *box = managed;
        if (status != TSR_EMEMORY || turn > 0)
            tsrL_raise_argument(L, &err, 1);
        tsrL_collect(L);
    }
}

static unsigned struct_named(lua_State *L, int argument) {
    const char *word = lua_type(L, argument) == LUA_TSTRING ? lua_tostring(L, argument) : "";
    if (strcmp(word, "legacy") == 0)
        return TSR_DLPACK_LEGACY;
    if (strcmp(word, "versioned") != 0)
        tsrL_type_error(L, argument, "\"versioned\" or \"legacy\", what the pointer points to");
    return 0;
}

/* The options of from_dlpack, after the object. */
enum { DEVICE = 2, COPY, READONLY, POINTER, LAST = POINTER };

static tsrL_object *import_pointer(lua_State *L, unsigned options) {
    if ((tsrL_lib(L)->capabilities & TSRL_POINTERS) == 0)
        tsrL_fail(L, TSR_ELIMIT, 1, "raw pointers are not allowed by the host");
    void *managed = lua_touserdata(L, 1);
    return import(L, &managed, options | struct_named(L, POINTER));
}

/* One more view of an array of ours. */
static tsrL_object *import_own(lua_State *L, tsrL_object *o, unsigned options) {
    if (!tsrL_filled(o))
        tsrL_type_error(L, 1, "an array");
    if (o->requires_grad)
        tsrL_fail(L, TSR_EVALUE, 1, "the tensor requires grad: give t:detach()");
    unsigned rights =
        (options & TSR_DLPACK_READONLY) != 0 ? TSR_READ : TSR_READ | TSR_WRITE | TSR_RESIZE;
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_object *made = tsrL_new(L, tsrL_face(L));
    TSRL_TRY(L, &err, tsr_view_alias(o->cell->array, rights, &made->cell->array, &err));
    return made;
}

/* Asks the object at 1 for a capsule, and pushes it; false when it has none to offer. */
static bool push_offer(lua_State *L) {
    if (!luaL_getmetafield(L, 1, "__dlpack"))
        return false;
    lua_pushvalue(L, 1);
    lua_createtable(L, 0, 2);
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, TSR_DL_MAJOR);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, TSR_DL_MINOR);
    lua_rawseti(L, -2, 2);
    lua_setfield(L, -2, "max_version");
    lua_pushboolean(L, true);
    lua_setfield(L, -2, "negative");
    lua_call(L, 2, 1);
    return true;
}

static tsrL_object *import_value(lua_State *L, unsigned options) {
    if (lua_type(L, 1) == LUA_TLIGHTUSERDATA && !lua_isnil(L, POINTER))
        return import_pointer(L, options);
    bool legacy;
    void **box = tsrL_test_capsule(L, 1, &legacy);
    if (box == NULL && push_offer(L)) {
        box = tsrL_test_capsule(L, -1, &legacy);
        if (box == NULL)
            tsrL_fail(L, TSR_EVALUE, 1, "__dlpack gives a %s, not a capsule", luaL_typename(L, -1));
    }
    if (box == NULL)
        tsrL_fail(L, TSR_EUNSUPPORTED, 1,
                  "takes tensors, ndarrays, DLPack capsules and objects with __dlpack, not %s",
                  lua_isnone(L, 1) ? "nothing" : luaL_typename(L, 1));
    return import(L, box, options | (legacy ? TSR_DLPACK_LEGACY : 0u));
}

/* The array on top becomes a copy of itself. */
static void copy_import(lua_State *L, tsrL_object *made) {
    tsr_error err = TSRL_ERROR;
    tsr_order order = made->face == TSR_FACE_TORCH ? TSR_ORDER_TORCH : TSR_ORDER_KEEP;
    tsrL_object *copy = tsrL_new(L, (tsr_face)made->face);
    TSRL_TRY(L, &err,
             tsr_clone(tsrL_lib(L)->context, made->cell->array, tsr_array_dtype(made->cell->array),
                       order, &copy->cell->array, &err));
}

/* from_dlpack(x, {device, copy, readonly, pointer}) */
int tsrL_op_from_dlpack(lua_State *L) {
    static const char *const names[] = {"device", "copy", "readonly", "pointer"};
    tsrL_object *o = tsrL_test(L, 1);
    unsigned options = 0;
    tsrL_copy copy = TSRL_COPY_IF_NEEDED;
    if (lua_gettop(L) != 1) {
        tsrL_bind(L, 2, LAST - 1, names);
        copy = tsrL_opt_copy(L, COPY, TSRL_COPY_IF_NEEDED);
        if (!lua_isnil(L, READONLY))
            options =
                tsrL_opt_boolean(L, READONLY, false) ? TSR_DLPACK_READONLY : TSR_DLPACK_WRITABLE;
        if (!lua_isnil(L, DEVICE) &&
            (lua_type(L, DEVICE) != LUA_TSTRING || strcmp(lua_tostring(L, DEVICE), "cpu") != 0))
            tsrL_fail(L, TSR_EUNSUPPORTED, DEVICE, "the only device is \"cpu\"");
    } else {
        lua_settop(L, LAST);
    }
    tsrL_object *made = o != NULL ? import_own(L, o, options) : import_value(L, options);
    if (copy == TSRL_COPY_ALWAYS)
        copy_import(L, made);
    return 1;
}
