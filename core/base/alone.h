/* Whether the process has a single thread, so that counting and locking need no atomic
 * read-modify-write: those are a third of what a view costs. The C library knows; where it does not
 * tell, the answer is no. A thread that is started later sees everything done before its start. */
#ifndef TSR_ALONE_H
#define TSR_ALONE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define TSR_TELLS_ALONE 1
#endif
#endif

static inline bool tsr_alone(void) {
#if defined(TSR_TELLS_ALONE)
    return __libc_single_threaded;
#else
    return false;
#endif
}

/* Counts one reference more. */
static inline void tsr_count_up(_Atomic uint32_t *references) {
    if (tsr_alone())
        atomic_store_explicit(references,
                              atomic_load_explicit(references, memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(references, 1, memory_order_relaxed);
}

/* Counts one reference less; true when it was the last. */
static inline bool tsr_count_down(_Atomic uint32_t *references) {
    if (!tsr_alone())
        return atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) == 1;
    uint32_t left = atomic_load_explicit(references, memory_order_relaxed) - 1;
    atomic_store_explicit(references, left, memory_order_relaxed);
    return left == 0;
}

#endif
