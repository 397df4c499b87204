/* Registering the elementwise operations; see op_elementwise.c. */
#ifndef TSRL_ELEMENTWISE_H
#define TSRL_ELEMENTWISE_H

#include "binding.h"
#include "ops.h"

/* Adds the functions and methods of a face to the tables at two stack indices. */
void tsrL_add_elementwise(lua_State *L, int functions, int methods, tsr_face face);
/* Adds those that are for the Lua half alone to the table at an index. */
void tsrL_add_core_elementwise(lua_State *L, int core);
/* Adds the events of the operators to the metatable on top. */
void tsrL_add_operators(lua_State *L, tsr_face face);

#endif
