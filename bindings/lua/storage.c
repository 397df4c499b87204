/* Storage objects, what x:storage() gives: a handle that keeps the bytes and answers questions
 * about them. Fields: nbytes, kind, label, version, pins, references, readonly, revoked, resizable.
 */
#include "binding.h"
#include "ops.h"

#include <string.h>

typedef struct storage_object {
    const void *magic;
    tsr_storage *storage;
} storage_object;

static const char storage_magic = 0, metatable_key = 0;

static storage_object *test(lua_State *L, int index) {
    storage_object *o = lua_touserdata(L, index);
    if (o == NULL || lua_rawlen(L, index) != sizeof *o || o->magic != &storage_magic)
        return NULL;
    return o;
}

static tsr_storage *self(lua_State *L) {
    storage_object *o = test(L, 1);
    if (o == NULL || o->storage == NULL)
        luaL_error(L, "a storage was expected");
    return o->storage;
}

void tsrL_push_label(lua_State *L, const tsr_storage *s) {
    char label[64];
    size_t n = strlen(tsr_storage_label(s));
    n = n < sizeof label ? n : sizeof label - 1;
    memcpy(label, tsr_storage_label(s), n);
    lua_pushlstring(L, label, n);
}

static int storage_index(lua_State *L) {
    tsr_storage *s = self(L);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "nbytes") == 0)
        lua_pushinteger(L, (lua_Integer)tsr_storage_bytes(s));
    else if (strcmp(key, "kind") == 0)
        lua_pushstring(L, tsr_kind_name(tsr_storage_kind(s)));
    else if (strcmp(key, "label") == 0)
        tsrL_push_label(L, s);
    else if (strcmp(key, "version") == 0)
        lua_pushinteger(L, (lua_Integer)tsr_storage_version(s));
    else if (strcmp(key, "pins") == 0)
        lua_pushinteger(L, (lua_Integer)tsr_storage_pins(s));
    else if (strcmp(key, "references") == 0)
        lua_pushinteger(L, (lua_Integer)tsr_storage_references(s) - 1); /* without this handle */
    else if (strcmp(key, "readonly") == 0)
        lua_pushboolean(L, (tsr_storage_rights(s) & TSR_WRITE) == 0);
    else if (strcmp(key, "resizable") == 0)
        lua_pushboolean(L, (tsr_storage_rights(s) & TSR_RESIZE) != 0);
    else if (strcmp(key, "revoked") == 0)
        lua_pushboolean(L, tsr_storage_revoked(s));
    else
        return 0;
    return 1;
}

static int storage_len(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tsr_storage_bytes(self(L)));
    return 1;
}

static int storage_tostring(lua_State *L) {
    tsr_storage *s = self(L);
    const char *kind = tsr_kind_name(tsr_storage_kind(s));
    bool revoked = tsr_storage_revoked(s);
    lua_pushinteger(L, (lua_Integer)tsr_storage_bytes(s));
    tsrL_push_label(L, s);
    lua_pushfstring(L, "storage: %s, %s bytes%s%s", kind, lua_tostring(L, -2),
                    revoked ? ", revoked: " : "", revoked ? lua_tostring(L, -1) : "");
    return 1;
}

static int storage_gc(lua_State *L) {
    storage_object *o = test(L, 1);
    if (o != NULL) {
        tsr_storage_release(o->storage);
        o->storage = NULL;
    }
    return 0;
}

/* Two handles of one storage are equal. */
static int storage_eq(lua_State *L) {
    storage_object *a = test(L, 1), *b = test(L, 2);
    lua_pushboolean(L, a != NULL && b != NULL && a->storage == b->storage);
    return 1;
}

int tsrL_op_storage(lua_State *L) {
    tsrL_object *array = tsrL_check(L, 1);
    storage_object *o = tsrL_newuserdata(L, sizeof *o);
    *o = (storage_object){&storage_magic, NULL};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    o->storage = tsr_array_storage(array->cell->array);
    tsr_storage_retain(o->storage);
    return 1;
}

void tsrL_register_storages(lua_State *L) {
    static const luaL_Reg events[] = {{"__index", storage_index},       {"__len", storage_len},
                                      {"__tostring", storage_tostring}, {"__gc", storage_gc},
                                      {"__close", storage_gc},          {"__eq", storage_eq}};
    lua_createtable(L, 0, 8);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        lua_pushcfunction(L, events[i].func);
        lua_setfield(L, -2, events[i].name);
    }
    lua_pushliteral(L, "storage");
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}
