/* How the engine works, as scripts set it: on how many threads. */
#include "ops.h"

/* ts.set_threads(n), torch.set_num_threads(n): 0 is all processors, but on the torch face an error,
 * as in PyTorch. One thread is what a host gives to everybody; more is its to allow. */
int tsrL_op_set_threads(lua_State *L) {
    int64_t least = tsrL_face(L) == TSR_FACE_TORCH ? 1 : 0;
    int64_t threads = tsrL_integer(L, 1);
    if (threads < least || threads > TSR_MAX_THREADS)
        tsrL_fail(L, TSR_EVALUE, 1, "the number of threads must be %d to %d, not %d", least,
                  (int64_t)TSR_MAX_THREADS, threads);
    tsrL_library *lib = tsrL_lib(L);
    if (threads != 1 && (lib->capabilities & TSRL_THREADS) == 0)
        tsrL_fail(L, TSR_ELIMIT, 1, "threads are not allowed by the host");
    tsr_error err = TSRL_ERROR;
    if (tsr_context_set_threads(lib->context, (int)threads, &err) != TSR_OK)
        tsrL_raise_argument(L, &err, 1);
    return 0;
}

int tsrL_op_get_threads(lua_State *L) {
    lua_pushinteger(L, tsr_context_threads(tsrL_lib(L)->context));
    return 1;
}
