/* Hosts that keep their Lua to themselves. Built three ways:
 *
 *   closed_host PLUGIN.so SCRIPT   (as it is) loads the plug-in, and with it liblua, for itself
 * alone closed_plugin.so               (-DPLUGIN, with liblua) what it loads hidden_host SCRIPT
 * (-DHIDDEN, with Lua inside) shows nothing of its Lua to modules */
#if defined(PLUGIN) || defined(HIDDEN)

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

__attribute__((visibility("default"))) int run(const char *script);

int run(const char *script) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    int failed = luaL_loadfile(L, script) != 0 || lua_pcall(L, 0, 0, 0) != 0;
    if (failed)
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return failed;
}

#ifdef HIDDEN
int main(int argc, char **argv) {
    return argc == 2 ? run(argv[1]) : 2;
}
#endif

#else

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    void *plugin = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = plugin != NULL ? dlsym(plugin, "run") : NULL;
    if (symbol == NULL) {
        fprintf(stderr, "closed_host: %s\n", argc == 3 ? dlerror() : "PLUGIN.so SCRIPT");
        return 2;
    }
    int (*run)(const char *);
    memcpy(&run, &symbol, sizeof run);
    return run(argv[2]);
}

#endif
