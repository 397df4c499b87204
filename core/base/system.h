/* The few things asked of the operating system. */
#ifndef TSR_SYSTEM_H
#define TSR_SYSTEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The default allocator (tsr_allocator's functions). Large blocks are mapped, aligned to huge pages
 * and ask for them. */
void *tsr_system_allocate(void *user, size_t bytes, size_t alignment, bool zeroed);
void tsr_system_release(void *user, void *block, size_t bytes, size_t alignment);
/* The system may take the pages of a block of the default allocator, of a large one, while it is
 * short of memory; each is what it was, or zero, until it is written to again. */
void tsr_system_offer(void *block, size_t bytes);
/* Bytes of memory that the machine has. */
size_t tsr_system_memory(void);
/* Address space that reads as 0 and costs nothing until it is touched; NULL when there is none. */
void *tsr_system_reserve(size_t bytes);
void tsr_system_give_up(void *block, size_t bytes);
/* Lets another thread run. */
void tsr_system_yield(void);
/* Sleeps until woken, or not at all when *at is not `value`; may also return for no reason. Atomic
 * against tsr_system_wake, which wakes at most `count` of those who sleep. */
void tsr_system_wait(_Atomic uint32_t *at, uint32_t value);
void tsr_system_wake(_Atomic uint32_t *at, int count);
/* The same for at most so many nanoseconds; -1: for ever. */
void tsr_system_wait_for(_Atomic uint32_t *at, uint32_t value, int64_t nanoseconds);
/* The time of CLOCK_MONOTONIC in nanoseconds. */
int64_t tsr_system_nanoseconds(void);
/* The number of the processor that the caller runs on, -1 when it is not known. */
int tsr_system_processor(void);
/* Moves the calling thread to another processor than this one, if it may run on others. */
void tsr_system_leave(int processor);
/* How many processors this process may run on, 1 at least. */
int tsr_system_cores(void);

#endif
