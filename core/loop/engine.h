/* The loop engine's share of a context: the kernels that were chosen for it. */
#ifndef TSR_ENGINE_H
#define TSR_ENGINE_H

#include "../kernels/kernels.h"

/* Borrowed; lives as long as the context. */
const tsr_kernels *tsr_engine_kernels(const tsr_context *context);

#endif
