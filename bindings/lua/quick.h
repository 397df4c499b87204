/* The short way of elementwise calls (quick.c). */
#ifndef TSRL_QUICK_H
#define TSRL_QUICK_H

#include "binding.h"

/* Runs the operation of the arguments at 1 ... operation->count, if they are arrays of one face, or
 * some of them numbers that fit it, and pushes the result. `out` is the stack index of out=, 0 for
 * a new array. False, and nothing on the stack, when it is not as simple as that. */
bool tsrL_operate_quickly(lua_State *L, tsrL_operation *operation, int out);
/* The same for `top` arguments, the last of which may be a table that gives out= and nothing else.
 */
bool tsrL_operate_with_out(lua_State *L, tsrL_operation *operation, int top);
/* The 0-dimensional array for numbers of that kind as operand i, with the number in it. */
tsr_array *tsrL_number_place(tsrL_library *lib, int i, const tsr_scalar *number);

#endif
