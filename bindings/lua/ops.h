/* The C functions that the rows of core/ops/ops.def name. */
#ifndef TSRL_OPS_H
#define TSRL_OPS_H

#include "binding.h"

#define TSR_OP(function, torch, numpy, engine, signature, doc) int tsrL_op_##function(lua_State *L);
#include "ops/ops.def"

#endif
