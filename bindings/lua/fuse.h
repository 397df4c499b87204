/* Tracing: how operations note themselves when they are called with placeholders (op_fuse.c).
 *
 * A placeholder is an object without an array, made by a fused function for the time of one call of
 * its Lua function. Operations that can be traced ask tsrL_traces(L, n) first; all others find no
 * array, and raise. */
#ifndef TSRL_FUSE_H
#define TSRL_FUSE_H

#include "binding.h"

/* Whether a function is being traced and one of the values at 1 ... count is a placeholder. */
bool tsrL_traces(lua_State *L, int count);
/* Each pushes the placeholder of the result. The operands are at 1 ...: placeholders, numbers,
 * arrays, tables. */
int tsrL_trace_apply(lua_State *L, tsr_do operation);
int tsrL_trace_where(lua_State *L);
int tsrL_trace_convert(lua_State *L, tsr_dtype dtype);
/* Dimensions as scripts count them, to be looked at when there is an array; count -1: all. */
int tsrL_trace_reduce(lua_State *L, tsr_reduction reduction, int count, const int64_t *dims,
                      bool keep, tsr_dtype dtype);
/* Dimensions at `index` as scripts count them, none of them 0, into `dims`; -1: all of them, as on
 * torch when there are none. */
int tsrL_reduce_dims(lua_State *L, int index, tsr_face face, int64_t *dims);
/* The dtype of the placeholder at 1. */
tsr_dtype tsrL_trace_dtype(lua_State *L);

#endif
