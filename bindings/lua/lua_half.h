/* The half of the library that is written in Lua (scripts/tessera/), linked into the program. */
#ifndef TSRL_LUA_HALF_H
#define TSRL_LUA_HALF_H

#include "binding.h"

/* define(targets, signature, doc, function): how the Lua half puts a function in its places.
 * Targets are words like "torch.tile t:tile np.tile": torch., np. and ts. are the modules, t: and
 * a: the methods of tensors and ndarrays. */
int tsrL_define(lua_State *L);
/* require(name): what a file of the Lua half returns; it runs once. */
int tsrL_require_module(lua_State *L);
/* named(operation, function): the same C function under another name, for its messages. */
int tsrL_named(lua_State *L);
/* __index of the tables: finds the file that defines a name, runs it, looks again. */
int tsrL_lua_half_index(lua_State *L);
/* Takes the closure of tsrL_lua_half_index off the top and makes it the __index of the tables that
 * `core` (a stack index) knows. */
void tsrL_attach_lua_half(lua_State *L, int core);
/* tostring of objects, through printing.lua. */
int tsrL_object_tostring(lua_State *L);
int tsrL_shape_tostring(lua_State *L);
int tsrL_shape_eq(lua_State *L);
/* element(x, i, ...): one element for printing: text for integers and bool, a number, or two. */
int tsrL_element(lua_State *L);

#endif
