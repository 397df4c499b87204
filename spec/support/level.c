/* `require "tessera"` with the kernel level that TSR_ISA names: what the specs are run with, level
 * by level. A module that stands before the real one on LUA_CPATH; it opens the library as a host
 * does, with all capabilities. */
#include "tessera_lua.h"

#include <lauxlib.h>
#include <stdlib.h>

TSR_API int luaopen_tessera(lua_State *L);

int luaopen_tessera(lua_State *L) {
    tsr_error err = {0};
    tessera_config config = {.struct_size = sizeof config,
                             .core = {.struct_size = sizeof config.core, .isa = getenv("TSR_ISA")},
                             .capabilities = TESSERA_FILES | TESSERA_POINTERS | TESSERA_THREADS};
    if (tessera_open(L, &config, &err) != TSR_OK)
        return luaL_error(L, "%s", err.message);
    return 1;
}
