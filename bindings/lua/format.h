/* Number formatting for the Lua half; see format.c. */
#ifndef TSRL_FORMAT_H
#define TSRL_FORMAT_H

#include <lua.h>

/* Adds the functions that format.c describes to the table on top of the stack. */
void tsrL_register_format(lua_State *L);

#endif
