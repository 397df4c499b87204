/* The loop engine's share of a context: the kernels that were chosen for it. */
#ifndef TSR_ENGINE_H
#define TSR_ENGINE_H

#include "../kernels/kernels.h"

/* Borrowed; lives as long as the context. */
const tsr_kernels *tsr_engine_kernels(const tsr_context *context);
/* Tells `err` what TSR_ECANCELLED or TSR_EDEADLINE means, and returns it. */
tsr_status tsr_interruption(tsr_status status, tsr_error *err);

#endif
