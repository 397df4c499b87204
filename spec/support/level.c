/* Opens the library at the kernel level that TSR_ISA names, as a host does, with all capabilities:
 * a module that busted loads first (level.lua), so that the specs' require "tessera" finds it. */
#include "tessera_lua.h"

#include <lauxlib.h>
#include <stdlib.h>

TSR_API int luaopen_level(lua_State *L);

int luaopen_level(lua_State *L) {
    tsr_error err = {0};
    tessera_config config = {.struct_size = sizeof config,
                             .core = {.struct_size = sizeof config.core, .isa = getenv("TSR_ISA")},
                             .capabilities = TESSERA_FILES | TESSERA_POINTERS | TESSERA_THREADS};
    if (tessera_open(L, &config, &err) != TSR_OK)
        return luaL_error(L, "%s", err.message);
    return 1;
}
