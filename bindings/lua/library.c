/* The library object: what all C functions of one state have in common. It is made first and,
 * because Lua finalizes in reverse order, closed last; what is still alive then loses its memory
 * here. */
#include "binding.h"

#include <string.h>

static const char library_key = 0;

tsrL_library *tsrL_find_lib(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
    tsrL_library *lib = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return lib;
}

tsr_face tsrL_face(lua_State *L) {
    return (tsr_face)lua_tointeger(L, lua_upvalueindex(TSRL_UP_FACE));
}

static int library_gc(lua_State *L) {
    tsrL_library *lib = lua_touserdata(L, 1);
    tsr_context *context = lib->context;
    lib->context = NULL;
    tsrL_close_objects(lib);
    tsrL_close_files(lib);
    tsrL_mailbox_close(L, lib->mailbox);
    lib->mailbox = NULL;
    tsr_storage_release(lib->nothing);
    for (int place = 0; place < TSRL_NUMBERS; place++)
        for (int d = 0; d < TSR_DTYPE_COUNT; d++)
            tsr_array_release(lib->numbers[place][d]);
    tsr_context_release(context);
    return 0;
}

static tsr_status make_nothing(tsrL_library *lib, tsr_error *err) {
    tsr_buffer buffer = {.struct_size = sizeof buffer,
                         .data = lib,
                         .kind = TSR_FOREIGN,
                         .rights = TSR_READ,
                         .label = "released"};
    tsr_status status = tsr_storage_wrap(lib->context, &buffer, &lib->nothing, err);
    return status == TSR_OK ? tsr_storage_revoke(lib->nothing, 0, err) : status;
}

/* The arrays that numbers are written into; made at once, so that using them allocates nothing. */
static tsr_status make_numbers(tsrL_library *lib, tsr_error *err) {
    static const tsr_dtype dtypes[] = {TSR_BOOL, TSR_INT64, TSR_UINT64, TSR_FLOAT64,
                                       TSR_COMPLEX128};
    tsr_status status = TSR_OK;
    for (int place = 0; place < TSRL_NUMBERS; place++)
        for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes && status == TSR_OK; i++)
            status = tsr_array_new(lib->context, dtypes[i], 0, NULL, true,
                                   &lib->numbers[place][dtypes[i]], err);
    return status;
}

tsrL_library *tsrL_push_library(lua_State *L, const tsr_config *config, unsigned capabilities,
                                tsr_error *err) {
    tsrL_library *lib = tsrL_newuserdata(L, sizeof *lib);
    memset(lib, 0, sizeof *lib);
    lib->capabilities = capabilities;
    lib->default_float[TSR_FACE_TORCH] = TSR_FLOAT32;
    lib->default_float[TSR_FACE_NUMPY] = TSR_FLOAT64;
    for (int i = 0; i < TSRL_DO_COUNT; i++) {
        int count = i < TSR_DO_COUNT ? tsr_do_arity((tsr_do)i) : 3;
        lib->operations[i] =
            (tsrL_operation){.library = lib, .operation = (tsr_do)i, .count = count};
    }
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, library_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "tessera");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    tsr_error own = {0};
    err = err != NULL ? err : &own;
    if (tsr_context_new(config, &lib->context, err) != TSR_OK)
        luaL_error(L, "tessera: %s", err->message);
    lib->mailbox = tsrL_mailbox_new(lib->context, err);
    if (lib->mailbox == NULL || make_nothing(lib, err) != TSR_OK ||
        make_numbers(lib, err) != TSR_OK)
        luaL_error(L, "tessera: %s", err->message);
    return lib;
}

void tsrL_keep_library(lua_State *L, int index) {
    lua_pushvalue(L, index);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &library_key);
}
