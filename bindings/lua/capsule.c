/* Capsules: DLPack structs on their way from one library to another, as Lua values.
 *
 * A capsule is a full userdata that begins with a pointer to the struct, with a metatable that the
 * registry knows under the name of the struct: "dltensor" for a tsr_dl_legacy, "dltensor_versioned"
 * for a tsr_dl_versioned. Any C library in the state can make or take one with nothing but
 * luaL_newmetatable and luaL_checkudata: who takes the struct writes NULL into the userdata and
 * owns it from then on; what nobody took is deleted by the finalizer. */
#include "binding.h"

static const char *const names[] = {"dltensor_versioned", "dltensor"};
static const char keys[2]; /* of the registry, for the same metatables: found sooner than names */
enum { FIRST = TSRL_WITHOUT_GC + 1 }; /* where the metatable of ndarrays has them, sooner still */

/* Ours say after the pointer what they are, which is seen sooner than a metatable. */
typedef struct capsule {
    void *managed;
    const char *key;
} capsule;

/* The same for the capsule of another library. */
static void **test_foreign(lua_State *L, int index, bool *legacy) {
    void **box = lua_touserdata(L, index);
    if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) < sizeof *box ||
        !lua_getmetatable(L, index))
        return NULL;
    int found = -1;
    for (int i = 0; i < 2 && found < 0; i++) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &keys[i]);
        if (lua_rawequal(L, -1, -2))
            found = i;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    *legacy = found == 1;
    return found < 0 ? NULL : box;
}

void **tsrL_test_capsule(lua_State *L, int index, bool *legacy) {
    capsule *c = lua_touserdata(L, index);
    if (c == NULL || lua_rawlen(L, index) != sizeof *c ||
        (c->key != &keys[0] && c->key != &keys[1]))
        return test_foreign(L, index, legacy);
    *legacy = c->key == &keys[1];
    return &c->managed;
}

void **tsrL_push_capsule(lua_State *L, bool legacy) {
    capsule *c = tsrL_newuserdata(L, sizeof *c);
    *c = (capsule){.key = &keys[legacy]};
    lua_rawgeti(L, lua_upvalueindex(TSRL_UP_NDARRAY), FIRST + legacy);
    lua_setmetatable(L, -2);
    return &c->managed;
}

static int capsule_gc(lua_State *L) {
    bool legacy;
    void **box = tsrL_test_capsule(L, 1, &legacy);
    if (box == NULL || *box == NULL)
        return 0;
    void *managed = *box;
    *box = NULL;
    tsr_dlpack_delete(managed, legacy ? TSR_DLPACK_LEGACY : 0);
    return 0;
}

static int capsule_tostring(lua_State *L) {
    bool legacy;
    void **box = tsrL_test_capsule(L, 1, &legacy);
    if (box == NULL)
        return luaL_error(L, "a DLPack capsule was expected");
    lua_pushfstring(L, "%scapsule: %s", *box == NULL ? "used " : "", names[legacy]);
    return 1;
}

/* Another library may have made a metatable first: then that is the one, finalizer and all. */
void tsrL_register_capsules(lua_State *L) {
    for (int i = 0; i < 2; i++) {
        if (luaL_newmetatable(L, names[i])) {
            lua_pushstring(L, names[i]);
            lua_setfield(L, -2, "__metatable");
            lua_pushcfunction(L, capsule_tostring);
            lua_setfield(L, -2, "__tostring");
            lua_pushcfunction(L, capsule_gc);
            lua_setfield(L, -2, "__gc");
        }
        lua_pushvalue(L, -1);
        lua_rawseti(L, lua_upvalueindex(TSRL_UP_NDARRAY), FIRST + i);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &keys[i]);
    }
}
