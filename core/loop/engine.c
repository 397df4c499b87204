/* Opening a context: memory from the base layer, kernels from the table that suits the machine or
 * the level that the host asked for. The table lies in the context itself, so that nothing is
 * global. */
#include "engine.h"
#include "../base/context.h"
#include "../base/executor.h"

tsr_status tsr_context_new(const tsr_config *config, tsr_context **out, tsr_error *err) {
    *out = NULL;
    tsr_config known = {.struct_size = sizeof known};
    tsr_status status = TSR_OK;
    if (config != NULL)
        status = tsr_struct_read(&known, sizeof known, config, config->struct_size, sizeof(size_t),
                                 "config", err);
    if (status == TSR_OK)
        status = tsr_context_create(&known, sizeof(tsr_kernels), out, err);
    if (status != TSR_OK)
        return status;
    if (tsr_kernels_select(known.isa, tsr_context_room(*out)))
        return TSR_OK;
    tsr_context_release(*out);
    *out = NULL;
    return tsr_error_set(err, TSR_EUNSUPPORTED, "this machine or build has no kernel level \"%s\"",
                         known.isa != NULL ? known.isa : "base");
}

const tsr_kernels *tsr_engine_kernels(const tsr_context *context) {
    return tsr_context_room(context);
}

const char *tsr_context_isa(const tsr_context *context) {
    return tsr_engine_kernels(context)->level;
}

tsr_status tsr_context_interrupted(const tsr_context *context, tsr_error *err) {
    tsr_status status = tsr_interrupted(context);
    return status == TSR_OK ? TSR_OK : tsr_interruption(status, err);
}

tsr_status tsr_interruption(tsr_status status, tsr_error *err) {
    const char *why = status == TSR_ECANCELLED ? "the work was cancelled" : "the deadline passed";
    return tsr_error_set(err, status, "%s", why);
}
