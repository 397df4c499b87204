/* The userdata of tensors and ndarrays: making, recognising, releasing.
 *
 * An object is recognised by its size and by the address in its first word, which is cheaper than
 * comparing metatables and cannot be forged from Lua; two copies of the library in one process have
 * two addresses, and do not take each other's objects.
 *
 * Making an object is also where the collector hears of memory: Lua sees a userdata of a few bytes,
 * so the bytes behind it are fed to it as collection steps, in such a proportion that a full cycle
 * comes about as often as its work is worth: after LEAST bytes of arrays or SHARE times Lua's own
 * heap, MOST at most (or the heap itself, if that is more). Few bytes are good for speed, too: what
 * died a moment ago is used again while the caches still know it. Steps do nothing while the
 * collector believes to have time, for instance because Lua's own heap was large a moment ago; so
 * when that many bytes have come and none have gone, a full collection follows, and a step: without
 * it, a generational collector of Lua 5.4 sleeps until as much has come as there was before the
 * collection. */
#include "binding.h"
#include "ops.h"

#include <stddef.h>
#include <string.h>

const char tsrL_magic = 0;

enum { LEAST = 4 << 20, MOST = 16 << 20, SHARE = 12, REPORT = 256 << 10, CYCLE = 4 };

#if LUA_VERSION_NUM == 501
enum { SLOTS = 64 };

/* Which of the first stack slots hold an array. */
static uint64_t arrays_at_hand(lua_State *L) {
    uint64_t slots = 0;
    int top = lua_gettop(L) < SLOTS ? lua_gettop(L) : SLOTS;
    for (int i = 1; i <= top; i++) {
        tsrL_object *o = tsrL_peek(L, i);
        if (o != NULL && o->cell->array != NULL)
            slots |= UINT64_C(1) << (i - 1);
    }
    return slots;
}
#endif

/* Runs the collector from inside a function of the library. In a finalizer it must not: arguments
 * may be waiting to be finalized themselves. Lua 5.1 and LuaJIT do not tell that this is one, so
 * there the function ends with an error when it happened. */
static void run_collector(lua_State *L, int what, int data) {
    if (!tsrL_gc_running(L))
        return;
#if LUA_VERSION_NUM == 501
    uint64_t had = arrays_at_hand(L);
    lua_gc(L, what, data);
    if ((had & ~arrays_at_hand(L)) != 0)
        tsrL_fail(L, TSR_EREVOKED, 0, "an array was finalized while it was in use");
#else
    lua_gc(L, what, data);
#endif
}

void tsrL_collect(lua_State *L) {
    run_collector(L, LUA_GCCOLLECT, 0);
}

static size_t bytes_in_use(const tsrL_library *lib) {
    tsr_memory memory;
    tsr_context_memory(lib->context, &memory);
    return memory.current;
}

static void feed_collector(lua_State *L, tsrL_library *lib, uint64_t bytes) {
    lib->reported += bytes;
    if (!tsrL_gc_running(L))
        return;
    size_t current = bytes_in_use(lib);
    if (current < lib->alive)
        lib->alive = current;
    size_t heap = (size_t)lua_gc(L, LUA_GCCOUNT, 0); /* KiB */
    size_t lua = heap << 10, budget = lua * SHARE < MOST ? lua * SHARE : MOST;
    budget = budget < LEAST ? LEAST : budget < lua ? lua : budget;
    double share = (double)bytes / (double)budget;
    double step = (double)heap * CYCLE * (share < 1 ? share : 1);
    run_collector(L, LUA_GCSTEP, step < 1 ? 1 : (int)step);
    current = bytes_in_use(lib);
    if (current < lib->alive || current - lib->alive <= budget)
        return;
    run_collector(L, LUA_GCCOLLECT, 0);
    run_collector(L, LUA_GCSTEP, 0);
    lib->alive = bytes_in_use(lib);
}

/* ---- cells ---- */

enum { BLOCK_CELLS = 64 };

struct tsrL_block {
    tsrL_block *next;
    tsrL_cell cells[BLOCK_CELLS];
};

/* A block more, which the library's metatable keeps alive. */
void tsrL_add_cells(lua_State *L, tsrL_library *lib) {
    luaL_checkstack(L, 3, NULL);
    lua_getmetatable(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    tsrL_block *b = tsrL_newuserdata(L, sizeof *b);
    memset(b, 0, sizeof *b);
    lua_rawseti(L, -2, lib->block_count + 1);
    lua_pop(L, 1);
    lib->block_count++;
    b->next = lib->blocks;
    lib->blocks = b;
    for (int i = BLOCK_CELLS; i-- > 0;) {
        b->cells[i].next = lib->unused;
        lib->unused = &b->cells[i];
    }
}

tsrL_cell *tsrL_take_cell(tsrL_library *lib) {
    tsrL_cell *cell = lib->unused;
    lib->unused = cell->next;
    return cell;
}

tsrL_object *tsrL_new(lua_State *L, tsr_face face) {
    return tsrL_new_in(L, tsrL_lib(L), face);
}

tsrL_object *tsrL_new_in(lua_State *L, tsrL_library *lib, tsr_face face) {
    uint64_t unreported = tsr_context_allocated(lib->context) - lib->reported;
    if (unreported > REPORT)
        feed_collector(L, lib, unreported);
    tsrL_object *o = tsrL_newuserdata(L, sizeof *o);
    *o = (tsrL_object){.magic = &tsrL_magic, .cell = &lib->gone, .face = (uint8_t)face};
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_NDARRAY + (int)face));
    lua_setmetatable(L, -2);
    tsrL_reserve_cell(L, lib);
    o->cell = tsrL_take_cell(lib);
    return o;
}

tsrL_object *tsrL_operand(lua_State *L, int index, tsr_face face) {
    tsrL_object *o = tsrL_peek(L, index);
    if (o != NULL)
        return tsrL_look(L, index);
    index = lua_absindex(L, index);
    o = tsrL_from_value(L, index, face, TSR_DTYPE_COUNT);
    lua_replace(L, index);
    return o;
}

tsrL_object *tsrL_toarray(lua_State *L, int index, tsr_face face) {
    tsrL_operand(L, index, face);
    return tsrL_check(L, index);
}

tsrL_object *tsrL_push(lua_State *L, tsr_array *array, tsr_face face) {
    tsrL_object *o = tsrL_new(L, face);
    tsr_array_retain(array);
    o->cell->array = array;
    return o;
}

void tsrL_push_scalar(lua_State *L, const tsr_scalar *value) {
    switch (value->dtype) {
    case TSR_BOOL:
        lua_pushboolean(L, value->as.i != 0);
        return;
    case TSR_FLOAT64:
        lua_pushnumber(L, value->as.f);
        return;
    case TSR_UINT64:
        if (value->as.u > INT64_MAX && tsrL_push_wide(L, value))
            return;
        if (value->as.u > INT64_MAX)
            tsrL_fail(L, TSR_EVALUE, 0, "%u is beyond the integers of Lua", (size_t)value->as.u);
        break;
    default:
        break;
    }
#if TSRL_INTEGERS
    lua_pushinteger(L, (lua_Integer)value->as.i);
#else
    double d = (double)value->as.i;
    bool exact = value->as.i <= (INT64_C(1) << 53) && value->as.i >= -(INT64_C(1) << 53);
    if (!exact && tsrL_push_wide(L, value))
        return;
    if (!exact)
        tsrL_fail(L, TSR_EVALUE, 0, "%d is beyond the exact numbers of this Lua", value->as.i);
    lua_pushnumber(L, d);
#endif
}

/* What the array kept alive need not wait for the next one that keeps something alive. */
static void drop_anchors(lua_State *L) {
    tsrL_library *lib = lua_touserdata(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    if (lib->mailbox != NULL)
        tsrL_mailbox_drain(L, lib->mailbox);
}

static void empty(tsrL_cell *cell) {
    tsr_array *array = cell->array, *former = cell->former;
    cell->array = cell->former = NULL;
    tsr_array_release(array);
    tsr_array_release(former);
}

static int object_gc(lua_State *L) {
    tsrL_object *o = tsrL_peek(L, 1);
    tsrL_library *lib = lua_touserdata(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    if (o == NULL || o->placed || o->cell == &lib->gone)
        return 0;
    tsrL_cell *cell = o->cell;
    o->cell = &lib->gone;
    empty(cell);
    cell->next = lib->unused;
    lib->unused = cell;
    drop_anchors(L);
    return 0;
}

void tsrL_close_objects(tsrL_library *lib) {
    for (tsrL_block *b = lib->blocks; b != NULL; b = b->next)
        for (int i = 0; i < BLOCK_CELLS; i++)
            empty(&b->cells[i]);
}

/* x:release(), __close: gives the memory back now. Touching x afterwards raises; releasing twice is
 * fine. An array that a host holds as well keeps its memory anyway. */
int tsrL_op_release(lua_State *L) {
    tsrL_object *o = tsrL_peek(L, 1);
    if (o == NULL)
        return tsrL_type_error(L, 1, "an array");
    if (o->placed) {
        o->released = true;
    } else if (tsrL_filled(o)) {
        o->released = true;
        tsr_array_vacate(o->cell->array, tsrL_lib(L)->nothing);
        drop_anchors(L);
    }
    return 0;
}

static int object_len(lua_State *L) {
    const tsr_array *a = tsrL_look(L, 1)->cell->array;
    if (tsr_array_ndim(a) == 0)
        tsrL_fail(L, TSR_ESHAPE, 1, "a 0-dimensional array has no length");
    lua_pushinteger(L, (lua_Integer)tsr_array_shape(a)[0]);
    return 1;
}

static int object_compare(lua_State *L) {
    tsr_scalar s[2];
    for (int i = 0; i < 2; i++) {
        bool zero_d = tsrL_test_scalar(L, i + 1, &s[i]);
        if (!zero_d || s[i].dtype == TSR_COMPLEX128)
            tsrL_fail(
                L, TSR_EVALUE, i + 1,
                "< and <= make one boolean, so they take numbers and 0-dimensional arrays only: "
                "use x:lt(y), x:le(y), x:gt(y), x:ge(y) for the elements");
    }
    double x = tsrL_number(L, 1), y = tsrL_number(L, 2);
    bool strict = lua_tostring(L, lua_upvalueindex(TSRL_UP_NAME))[1] == '\0';
    bool exact = s[0].dtype != TSR_FLOAT64 && s[1].dtype != TSR_FLOAT64 &&
                 s[0].dtype != TSR_UINT64 && s[1].dtype != TSR_UINT64;
    bool less = exact ? s[0].as.i < s[1].as.i : x < y;
    bool equal = exact ? s[0].as.i == s[1].as.i : x == y;
    lua_pushboolean(L, less || (!strict && equal));
    return 1;
}

static int iterate(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    int64_t i = tsrL_integer(L, 2);
    if (i >= tsr_array_shape(o->cell->array)[0])
        return 0;
    lua_settop(L, 1);
    lua_pushinteger(L, (lua_Integer)(i + 1));
    tsrL_get_index(L);
    lua_pushinteger(L, (lua_Integer)(i + 1));
    lua_insert(L, -2);
    return 2;
}

/* for i, item in x:iter(): walks the first dimension. */
int tsrL_op_iter(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    if (tsr_array_ndim(o->cell->array) == 0)
        tsrL_fail(L, TSR_ESHAPE, 1, "a 0-dimensional array cannot be iterated over");
    for (int i = 1; i <= TSRL_UPVALUES; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushcclosure(L, iterate, TSRL_UPVALUES);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

/* Whether a key is an index in a string: no name starts like that. */
static bool starts_index(const char *key) {
    return *key < 'A' && strchr(":,. -0123456789", *key) != NULL;
}

/* __index: names are methods or properties, everything else is an index. Upvalues after the shared
 * ones: methods, properties. */
static int object_index(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING || starts_index(lua_tostring(L, 2)))
        return tsrL_get_index(L);
    lua_pushvalue(L, 2);
    if (tsrL_rawget(L, lua_upvalueindex(TSRL_UPVALUES + 1)) != LUA_TNIL)
        return 1;
    lua_pushvalue(L, 2);
    if (tsrL_rawget(L, lua_upvalueindex(TSRL_UPVALUES + 2)) != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
        return 1;
    }
    lua_settop(L, 2);
    /* methods of the Lua half come in through the table's own __index when first asked for */
    lua_pushvalue(L, 2);
    lua_gettable(L, lua_upvalueindex(TSRL_UPVALUES + 1));
    if (!lua_isnil(L, -1) || strpbrk(lua_tostring(L, 2), ":,") == NULL)
        return 1;
    lua_settop(L, 2); /* "newaxis, 2:4" */
    return tsrL_get_index(L);
}

static void set_closure(lua_State *L, const char *event, lua_CFunction f, const char *name,
                        tsr_face face) {
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_NDARRAY));
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_TENSOR));
    lua_pushstring(L, name);
    lua_pushinteger(L, face);
    lua_pushcclosure(L, f, TSRL_UPVALUES);
    lua_setfield(L, -2, event);
}

/* Called as register(methods, properties) with the shared upvalues and the face; fills the face's
 * metatable. */
int tsrL_register_objects(lua_State *L) {
    tsr_face face = tsrL_face(L);
    const char *name = face == TSR_FACE_TORCH ? "tensor" : "ndarray";
    lua_pushvalue(L, lua_upvalueindex(face == TSR_FACE_TORCH ? TSRL_UP_TENSOR : TSRL_UP_NDARRAY));
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    set_closure(L, "__gc", object_gc, name, face);
    set_closure(L, "__close", tsrL_op_release, "close", face);
    set_closure(L, "__len", object_len, "#", face);
    set_closure(L, "__lt", object_compare, "<", face);
    set_closure(L, "__le", object_compare, "<=", face);
    set_closure(L, "__pairs", tsrL_op_iter, "pairs", face);
    set_closure(L, "__newindex", tsrL_set_index, "assignment", face);
    for (int i = 1; i <= TSRL_UPVALUES; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushliteral(L, "index");
    lua_replace(L, -2 - (TSRL_UPVALUES - TSRL_UP_NAME));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, object_index, TSRL_UPVALUES + 2);
    lua_setfield(L, -2, "__index");
    return 0;
}
