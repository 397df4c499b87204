/* The context: all state there is. Its memory functions are what the whole core allocates with. */
#ifndef TSR_CONTEXT_H
#define TSR_CONTEXT_H

#include "../tessera.h"

/* A block of at least `bytes` bytes, 64-byte aligned, counted and under the quota. NULL after
 * writing `err`. */
void *tsr_block_new(tsr_context *context, size_t bytes, bool zeroed, tsr_error *err);
/* `bytes` as given to tsr_block_new. */
void tsr_block_free(tsr_context *context, void *block, size_t bytes);
/* What tsr_context_new does, but for the kernels: those belong to a higher layer, which asks for
 * `room` bytes of its own inside the context and finds them, zeroed, with tsr_context_room. */
tsr_status tsr_context_create(const tsr_config *config, size_t room, tsr_context **out,
                              tsr_error *err);
void *tsr_context_room(const tsr_context *context);
/* Keeps the context from going with its last block, as a block would. */
void tsr_context_hold(tsr_context *context);
void tsr_context_let_go(tsr_context *context);
/* A block of address space alone, for an estimate: it costs no memory until it is touched, and is
 * counted as a real one would be. NULL after writing `err`. */
void *tsr_estimate_block(tsr_context *context, size_t bytes, tsr_error *err);
void tsr_estimate_free(tsr_context *context, void *block, size_t bytes);
/* Counts foreign memory that storages refer to. */
void tsr_context_lend(tsr_context *context, tsr_kind kind, size_t bytes);
void tsr_context_unlend(tsr_context *context, tsr_kind kind, size_t bytes);

#endif
