/* What the two files of the `tessera` program share. */
#ifndef TESSERA_PROGRAM_H
#define TESSERA_PROGRAM_H

#include "compat.h"

#include <stdbool.h>

/* Calls the function under its `args` arguments with a traceback handler; Ctrl-C stops it. The
 * result is lua_pcall's. */
int program_call(lua_State *L, int args, int results);
/* Prints the error on top of the stack, which is popped, to stderr. */
void program_report(lua_State *L);
/* Reads, runs and prints until the input ends (prompt.c). */
void prompt_run(lua_State *L);

#endif
