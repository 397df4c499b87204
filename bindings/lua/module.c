/* Opening the library in a state: the context, the metatables, and the tables that scripts see.
 *
 *   tessera            the engine: dtypes, memory, newaxis and ellipsis, torch, np
 *   tessera.torch      functions of the torch face;  the methods and properties of tensors
 *   tessera.numpy      functions of the np face;     the methods and properties of ndarrays
 *   core               what the Lua half works with; scripts do not see it
 *
 * The rows of core/ops/ops.def say which C function stands where. What a table lacks is looked up
 * in the Lua half (lua_half.c), whose files are read when one of their names is first used; so
 * opening costs a few hundred closures and no parsing.
 *
 * Nothing here reads or writes a global of the host. */
#include "binding.h"
#include "elementwise.h"
#include "format.h"
#include "lua_half.h"
#include "ops.h"

#include <math.h>
#include <string.h>

/* ---- registering ---- */

/* Pushes `f` as a closure of the shared upvalues. */
static void push_function(lua_State *L, lua_CFunction f, const char *name, size_t length,
                          tsr_face face) {
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_NDARRAY));
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_TENSOR));
    lua_pushlstring(L, name, length);
    lua_pushinteger(L, face);
    lua_pushcclosure(L, f, TSRL_UPVALUES);
}

void tsrL_setfuncs(lua_State *L, const luaL_Reg *functions, tsr_face face) {
    for (; functions->name != NULL; functions++) {
        push_function(L, functions->func, functions->name, strlen(functions->name), face);
        lua_setfield(L, -2, functions->name);
    }
}

/* Stack indices of the tables while opening. */
enum {
    TS = 1,
    TORCH,
    NP,
    TENSOR_METHODS,
    NDARRAY_METHODS,
    TENSOR_PROPERTIES,
    NDARRAY_PROPERTIES,
    CORE
};

static int place_table(char place, tsr_face face, bool engine) {
    if (engine)
        return TS;
    bool torch = face == TSR_FACE_TORCH;
    return place == 'f'   ? (torch ? TORCH : NP)
           : place == 'm' ? (torch ? TENSOR_METHODS : NDARRAY_METHODS)
                          : (torch ? TENSOR_PROPERTIES : NDARRAY_PROPERTIES);
}

/* Puts `f` where `where` says: words like "mf:dim,ndimension". */
static void place(lua_State *L, lua_CFunction f, const char *where, tsr_face face, bool engine) {
    while (*where != '\0') {
        const char *letters = where, *colon = strchr(where, ':');
        for (const char *name = colon + 1;;) {
            size_t n = strcspn(name, ", ");
            push_function(L, f, name, n, face);
            for (const char *p = letters; p < colon; p++) {
                lua_pushlstring(L, name, n);
                lua_pushvalue(L, -2);
                lua_rawset(L, place_table(*p, face, engine));
            }
            lua_pop(L, 1);
            name += n;
            if (*name != ',') {
                where = name + (*name == ' ');
                break;
            }
            name++;
        }
    }
}

static void add_operations(lua_State *L) {
    static const struct {
        lua_CFunction function;
        const char *torch, *numpy, *engine;
    } rows[] = {
#define TSR_OP(function, torch, numpy, engine, signature, doc)                                     \
    {tsrL_op_##function, torch, numpy, engine},
#include "ops/ops.def"
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        place(L, rows[i].function, rows[i].torch, TSR_FACE_TORCH, false);
        place(L, rows[i].function, rows[i].numpy, TSR_FACE_NUMPY, false);
        place(L, rows[i].function, rows[i].engine, TSR_FACE_NUMPY, true);
    }
}

static void add_dtypes(lua_State *L) {
    for (int d = 0; d < TSR_DTYPE_COUNT; d++) {
        const char *name = tsr_dtype_describe((tsr_dtype)d)->name;
        for (int table = TS; table <= NP; table++) {
            tsrL_push_dtype(L, (tsr_dtype)d);
            lua_setfield(L, table, name);
            if (table == TS)
                continue;
            const char *word =
                tsr_dtype_aliases(table == TORCH ? TSR_FACE_TORCH : TSR_FACE_NUMPY, (tsr_dtype)d);
            while (*word != '\0') {
                size_t n = strcspn(word, " ");
                lua_pushlstring(L, word, n);
                tsrL_push_dtype(L, (tsr_dtype)d);
                lua_rawset(L, table);
                word += n + (word[n] == ' ');
            }
        }
    }
}

static void add_constants(lua_State *L) {
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"pi", 3.141592653589793238462643383279502884},
                     {"e", 2.718281828459045235360287471352662498},
                     {"inf", INFINITY},
                     {"nan", NAN}};
    for (int table = TORCH; table <= NP; table++)
        for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
            lua_pushnumber(L, constants[i].value);
            lua_setfield(L, table, constants[i].name);
        }
    for (int table = TS; table <= NP; table++) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)&tsrL_newaxis);
        lua_setfield(L, table, "newaxis");
        lua_pushlightuserdata(L, (void *)(uintptr_t)&tsrL_ellipsis);
        lua_setfield(L, table, "ellipsis");
    }
}

static void add_shape_metatables(lua_State *L) {
    luaL_newmetatable(L, "tessera.Size");
    luaL_newmetatable(L, "tessera.shape");
    for (int i = 0; i < 2; i++) {
        push_function(L, tsrL_shape_tostring, "tostring", 8,
                      i == 0 ? TSR_FACE_NUMPY : TSR_FACE_TORCH);
        lua_setfield(L, -2, "__tostring");
        lua_pushcfunction(L, tsrL_shape_eq);
        lua_setfield(L, -2, "__eq");
        lua_pop(L, 1);
    }
}

/* Fills the metatable of a face, and its fields for other libraries. */
static void add_objects(lua_State *L, tsr_face face) {
    bool torch = face == TSR_FACE_TORCH;
    push_function(L, tsrL_register_objects, "objects", 7, face);
    lua_pushvalue(L, torch ? TENSOR_METHODS : NDARRAY_METHODS);
    lua_pushvalue(L, torch ? TENSOR_PROPERTIES : NDARRAY_PROPERTIES);
    lua_call(L, 2, 0);
    lua_pushvalue(L, lua_upvalueindex(torch ? TSRL_UP_TENSOR : TSRL_UP_NDARRAY));
    push_function(L, tsrL_op_array_interface, "__array_interface", 17, face);
    lua_setfield(L, -2, "__array_interface");
    push_function(L, tsrL_op_to_dlpack, "__dlpack", 8, face);
    lua_setfield(L, -2, "__dlpack");
    push_function(L, tsrL_object_tostring, "tostring", 8, face);
    lua_setfield(L, -2, "__tostring");
    tsrL_add_operators(L, face);
    tsrL_add_metatable_without_gc(L);
    lua_pop(L, 1);
}

static const char host_key = 0, settle_key = 0;

static int call_for_host(lua_State *L) {
    tsrL_host_call *call = lua_touserdata(L, 1);
    return call->body(L, call);
}

void tsrL_get_host_closure(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_key);
}

static int settle_for_host(lua_State *L) {
    tsrL_test(L, 1);
    return 0;
}

void tsrL_get_settle_closure(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &settle_key);
}

static int open_tables(lua_State *L) {
    static const luaL_Reg internal[] = {
        {"raise", tsrL_raise_from_lua},    {"element", tsrL_element},
        {"define", tsrL_define},           {"require", tsrL_require_module},
        {"bind", tsrL_bind_from_lua},      {"named", tsrL_named},
        {"softmax", tsrL_softmax},         {"short_way", tsrL_short_way},
        {"variance", tsrL_variance},       {"singular_values", tsrL_singular_values},
        {"ffi_library", tsrL_ffi_library}, {"ffi_builtin", tsrL_ffi_builtin},
        {"ffi_compile", tsrL_ffi_compile}, {"ffi_functions", tsrL_ffi_functions},
        {"view", tsrL_ffi_expose},         {"check", tsrL_ffi_check},
        {"ffi_address", tsrL_ffi_address}, {NULL, NULL}};
    lua_settop(L, 0);
    lua_createtable(L, 0, 48);  /* TS */
    lua_createtable(L, 0, 224); /* TORCH */
    lua_createtable(L, 0, 224);
    lua_createtable(L, 0, 192); /* methods */
    lua_createtable(L, 0, 96);
    lua_createtable(L, 0, 32); /* properties */
    lua_createtable(L, 0, 32);
    lua_createtable(L, 0, 32); /* CORE */
    tsrL_register_dtypes(L);
    tsrL_register_storages(L);
    tsrL_register_capsules(L);
    add_operations(L);
    tsrL_add_elementwise(L, TORCH, TENSOR_METHODS, TSR_FACE_TORCH);
    tsrL_add_elementwise(L, NP, NDARRAY_METHODS, TSR_FACE_NUMPY);
    tsrL_add_core_elementwise(L, CORE);
    add_dtypes(L);
    add_constants(L);
    add_shape_metatables(L);
    add_objects(L, TSR_FACE_NUMPY);
    add_objects(L, TSR_FACE_TORCH);
    tsrL_setfuncs(L, internal, TSR_FACE_TORCH);
    tsrL_register_format(L);
    tsrL_register_files(L);
    tsrL_register_file_text(L);
    lua_pushvalue(L, TORCH);
    lua_setfield(L, TS, "torch");
    lua_pushvalue(L, NP);
    lua_setfield(L, TS, "np");
    lua_pushliteral(L, TSR_VERSION);
    lua_setfield(L, TS, "version");
    static const char *const names[] = {"ts", "torch", "np", "t", "a"};
    for (int i = 0; i < 5; i++) {
        lua_pushvalue(L, TS + i);
        lua_setfield(L, CORE, names[i]);
    }
    lua_pushvalue(L, TENSOR_PROPERTIES);
    lua_setfield(L, CORE, "t_properties");
    lua_pushvalue(L, NDARRAY_PROPERTIES);
    lua_setfield(L, CORE, "a_properties");
    push_function(L, tsrL_lua_half_index, "index", 5, TSR_FACE_TORCH);
    tsrL_attach_lua_half(L, CORE);
    push_function(L, call_for_host, "host", 4, TSR_FACE_NUMPY);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &host_key);
    push_function(L, settle_for_host, "settle", 6, TSR_FACE_NUMPY);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &settle_key);
    lua_pushvalue(L, TS);
    return 1;
}

/* package.loaded[name] = the value at the top, which stays. */
static void set_loaded(lua_State *L, const char *name) {
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    if (lua_type(L, -1) == LUA_TTABLE) {
        lua_pushvalue(L, -2);
        lua_setfield(L, -2, name);
    }
    lua_pop(L, 1);
}

TSR_API int luaopen_tessera_ffi(lua_State *L);

/* package.preload["tessera.ffi"], which reads its file when it is asked for. */
static void set_preload(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    if (lua_type(L, -1) != LUA_TTABLE) { /* Lua 5.1 */
        lua_pop(L, 1);
        lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
        if (lua_type(L, -1) == LUA_TTABLE && tsrL_rawgetfield(L, -1, "package") == LUA_TTABLE)
            tsrL_rawgetfield(L, -1, "preload");
    }
    if (lua_type(L, -1) == LUA_TTABLE) {
        lua_pushliteral(L, "tessera.ffi");
        lua_pushcfunction(L, luaopen_tessera_ffi);
        lua_rawset(L, -3);
    }
}

static const char module_key = 0;

tsrL_library *tsrL_open(lua_State *L, const tsr_config *config, unsigned capabilities,
                        tsr_error *err) {
    luaL_checkstack(L, 12, "tessera");
    tsrL_library *lib = tsrL_find_lib(L);
    if (lib != NULL) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
        return lib;
    }
    lib = tsrL_push_library(L, config, capabilities, err);
    int library = lua_gettop(L);
    lua_pushvalue(L, library);
    lua_createtable(L, 1, 32);
    lua_createtable(L, 1, 32);
    lua_pushliteral(L, "open");
    lua_pushinteger(L, TSR_FACE_TORCH);
    lua_pushcclosure(L, open_tables, TSRL_UPVALUES);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "torch");
    set_loaded(L, "tessera.torch");
    lua_pop(L, 1);
    lua_getfield(L, -1, "np");
    set_loaded(L, "tessera.numpy");
    lua_pop(L, 1);
    set_loaded(L, "tessera");
    set_preload(L);
    lua_settop(L, library + 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
    tsrL_keep_library(L, library); /* last: the library is whole */
    lua_remove(L, library);
    return lib;
}

/* ---- require ---- */

enum { EVERYTHING = TSRL_FILES | TSRL_POINTERS | TSRL_THREADS };

TSR_API int luaopen_tessera(lua_State *L);
TSR_API int luaopen_tessera_torch(lua_State *L);
TSR_API int luaopen_tessera_numpy(lua_State *L);

/* A script that may load C modules may do anything already, so it gets all capabilities. */
static void open_for_scripts(lua_State *L) {
    tsrL_check_lua(L);
    tsrL_open(L, NULL, EVERYTHING, NULL);
}

int luaopen_tessera(lua_State *L) {
    open_for_scripts(L);
    return 1;
}

int luaopen_tessera_ffi(lua_State *L) {
    open_for_scripts(L);
    tsrL_require(L, "ffi");
    return 1;
}

int luaopen_tessera_torch(lua_State *L) {
    open_for_scripts(L);
    lua_getfield(L, -1, "torch");
    return 1;
}

int luaopen_tessera_numpy(lua_State *L) {
    open_for_scripts(L);
    lua_getfield(L, -1, "np");
    return 1;
}
