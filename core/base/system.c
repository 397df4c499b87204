/* The default allocator, the scheduler, the clock.
 *
 * Small blocks come from the C library. From LARGE bytes on a block is its own mapping: it is zero
 * without being touched, it goes back to the system when released, and it is aligned to a huge page
 * (2 MiB) and asks for them, which divides the page faults of a large array by 512. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "system.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20, LARGE = 4 << 20, PAGE = 4096 };

static size_t whole_pages(size_t bytes) {
    return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static void *map(size_t bytes) {
    size_t room = whole_pages(bytes) + HUGE_PAGE;
    char *at = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    size_t before = (size_t)(-(uintptr_t)at % HUGE_PAGE);
    if (before > 0)
        munmap(at, before);
    if (before < HUGE_PAGE)
        munmap(at + before + whole_pages(bytes), HUGE_PAGE - before);
    madvise(at + before, whole_pages(bytes), MADV_HUGEPAGE);
    return at + before;
}

void *tsr_system_allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    (void)user;
    if (bytes >= LARGE)
        return map(bytes);
    void *block;
    if (posix_memalign(&block, alignment, bytes) != 0)
        return NULL;
    if (zeroed)
        memset(block, 0, bytes);
    return block;
}

void tsr_system_release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)user;
    (void)alignment;
    if (bytes >= LARGE)
        munmap(block, whole_pages(bytes));
    else
        free(block);
}

void tsr_system_offer(void *block, size_t bytes) {
#if defined(MADV_FREE)
    madvise(block, whole_pages(bytes), MADV_FREE);
#else
    (void)block;
    (void)bytes;
#endif
}

size_t tsr_system_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : 0;
}

void *tsr_system_reserve(size_t bytes) {
    void *at = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void tsr_system_give_up(void *block, size_t bytes) {
    munmap(block, whole_pages(bytes));
}

void tsr_system_yield(void) {
    sched_yield();
}

void tsr_system_wait_for(_Atomic uint32_t *at, uint32_t value, int64_t nanoseconds) {
    struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, value, nanoseconds < 0 ? NULL : &limit, NULL, 0);
}

void tsr_system_wait(_Atomic uint32_t *at, uint32_t value) {
    tsr_system_wait_for(at, value, -1);
}

void tsr_system_wake(_Atomic uint32_t *at, int count) {
    syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

int64_t tsr_system_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Processors, up to 8192: the kernel refuses less room than it has. */
typedef struct processors {
    cpu_set_t sets[8];
} processors;

static bool allowed(processors *p) {
    memset(p, 0, sizeof *p);
    return sched_getaffinity(0, sizeof *p, p->sets) == 0;
}

int tsr_system_cores(void) {
    processors p;
    int cores = allowed(&p) ? CPU_COUNT_S(sizeof p, p.sets) : 1;
    return cores > 0 ? cores : 1;
}

int tsr_system_processor(void) {
    return sched_getcpu();
}

void tsr_system_leave(int processor) {
    processors all;
    if (processor < 0 || !allowed(&all) || CPU_COUNT_S(sizeof all, all.sets) < 2)
        return;
    processors others = all;
    CPU_CLR_S((size_t)processor, sizeof others, others.sets);
    if (sched_setaffinity(0, sizeof others, others.sets) == 0)
        sched_setaffinity(0, sizeof all, all.sets);
}
