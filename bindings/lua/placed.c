/* Objects of small results: the array lies behind the object, in the same userdata.
 *
 *      tsrL_object | tsrL_cell | the placed array (tessera.h)
 *
 * Lua frees all of it together, so such an object has nothing to be finalized: its metatable, which
 * the face's own has at [1], is a copy of that without __gc. A finalizer would double what a small
 * result costs.
 *
 * A placed array goes with its object. So those who look at arrays, and are done when they return,
 * take an object as it is (tsrL_peek); for all others tsrL_test and tsrL_check settle it before:
 * the array is copied into memory of the context, and the object gets a cell and a finalizer, as
 * any other. Settling may happen in a finalizer, during any allocation of Lua's; who peeks asks for
 * the array (o->cell->array) when nothing can run any more. The placed one stays readable as long
 * as the object. */
#include "binding.h"

typedef struct placed {
    tsrL_object object;
    tsrL_cell cell;
    int64_t place[];
} placed;

tsrL_object *tsrL_new_placed(lua_State *L, tsr_face face, size_t bytes, void **place) {
    placed *p = tsrL_newuserdata(L, sizeof *p + bytes);
    p->object = (tsrL_object){
        .magic = &tsrL_magic, .cell = &p->cell, .face = (uint8_t)face, .placed = true};
    p->cell = (tsrL_cell){.array = NULL};
    lua_rawgeti(L, lua_upvalueindex(TSRL_UP_NDARRAY + (int)face), TSRL_WITHOUT_GC);
    lua_setmetatable(L, -2);
    *place = p->place;
    return &p->object;
}

/* From now on the object at `index` has a cell with that array, which there is one for. */
static void hold(lua_State *L, int index, tsrL_library *lib, tsrL_object *o, tsr_array *array) {
    o->cell = tsrL_take_cell(lib);
    o->cell->array = array;
    o->placed = false;
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_NDARRAY + o->face));
    lua_setmetatable(L, index);
}

void tsrL_hold(lua_State *L, tsrL_library *lib, tsrL_object *o) {
    hold(L, lua_gettop(L), lib, o, o->cell->array);
}

void tsrL_settle(lua_State *L, int index, tsrL_object *o) {
    tsrL_library *lib = tsrL_lib(L);
    index = lua_absindex(L, index);
    luaL_checkstack(L, 4, NULL);
    for (bool again = true; o->placed; again = false) {
        tsr_error err = TSRL_ERROR;
        tsr_array *array = NULL;
        tsrL_reserve_cell(L, lib);
        if (!o->placed)
            return;
        tsr_status status = tsr_array_settle(o->cell->array, &array, &err);
        if (status == TSR_OK)
            hold(L, index, lib, o, array);
        else if (again && status == TSR_EMEMORY)
            tsrL_collect(L);
        else
            tsrL_raise(L, &err);
    }
}

/* Copies the metatable on top to its [1], without __gc. */
void tsrL_add_metatable_without_gc(lua_State *L) {
    lua_createtable(L, 0, 32);
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_pushnil(L);
    lua_setfield(L, -2, "__gc");
    lua_rawseti(L, -2, TSRL_WITHOUT_GC);
}
