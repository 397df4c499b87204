/* Memory: one allocator for every byte of the library.
 *
 * Blocks come in size classes: multiples of 64 bytes up to 1 KiB, then eight classes per doubling,
 * so that at most an eighth is wasted. A freed block goes to its class's list, because fresh memory
 * is dear: a new 40 MB block costs more in page faults than the addition that fills it. At the
 * limit the lists are emptied, since they may be full of sizes that are no longer in demand. What
 * is kept is bounded by what was in use at once too: a server whose requests come in every size
 * would otherwise keep many times what it needs. Beyond KEPT_WHOLE the system may take what is kept
 * while nobody uses it. Lists are intrusive (the link is the block's first
 * word).
 *
 *      tsr_block_new ── list of the class ── hit: out
 *            │ miss
 *            └─ quota ── too much: empty the cache, look again ── TSR_EMEMORY
 *                  └─ allocator ── NULL: empty the cache, ask again ── TSR_EMEMORY
 *
 * Everything hangs on the context behind one short spin lock, because storages may be released on
 * any thread; the allocator is always called outside it. The context counts the live blocks and
 * goes with the last one after its owner let go.
 */
#include "context.h"
#include "alone.h"
#include "executor.h"
#include "system.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

enum {
    ALIGNMENT = 64,
    SMALL_LIMIT = 1024,
    SMALL_CLASSES = SMALL_LIMIT / ALIGNMENT,
    STEPS = 8, /* classes per doubling above SMALL_LIMIT */
    DOUBLINGS = 38,
    CLASSES = SMALL_CLASSES + STEPS * DOUBLINGS,
    ZERO_LIMIT = 32 << 20,
};

/* Of the default limit that much is kept as it is. What comes on top is offered to the system,
 * which takes the pages when it is short of memory, and else saves that the next block of the size
 * is mapped anew. */
#define KEPT_WHOLE ((size_t)256 << 20)
enum { SHARE_OF_MEMORY = 16, OFFERED = 4 << 20 };

typedef struct link {
    struct link *next;
} link;

struct tsr_context {
    tsr_execution execution;
    tsr_allocator allocator;
    atomic_flag lock;
    bool owned; /* the owner's reference is still there */
    bool host_allocates;
    size_t blocks;
    size_t quota, cache_limit;
    size_t current, peak, cached;
    atomic_size_t lent, mapped;
    _Atomic uint64_t allocated, copies;
    int64_t estimated, estimated_most; /* bytes held by an estimate, and the most that were */
    uint64_t estimated_all;
    link *lists[CLASSES];
    size_t bytes; /* of this block, the room behind included */
    _Alignas(ALIGNMENT) unsigned char room[];
};
_Static_assert(offsetof(tsr_context, execution) == 0, "tsr_execution_of looks there");

static inline void lock(tsr_context *c) {
    if (tsr_alone())
        return;
    for (unsigned spins = 0; atomic_flag_test_and_set_explicit(&c->lock, memory_order_acquire);)
        if (++spins % 64 == 0)
            tsr_system_yield();
}

static inline void unlock(tsr_context *c) {
    atomic_flag_clear_explicit(&c->lock, memory_order_release);
}

/* The class of a size and the bytes that its blocks have; false when the size is absurd. */
static inline bool class_of(size_t bytes, unsigned *class, size_t *rounded) {
    if (bytes <= SMALL_LIMIT) {
        unsigned n = bytes == 0 ? 1 : (unsigned)((bytes + ALIGNMENT - 1) / ALIGNMENT);
        *class = n - 1;
        *rounded = (size_t)n * ALIGNMENT;
        return true;
    }
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1); /* 2^log < bytes <= 2^(log + 1) */
    if (log >= 10 + DOUBLINGS)
        return false;
    size_t step = ((size_t)1 << log) / STEPS;
    size_t above = (bytes - 1 - ((size_t)1 << log)) / step; /* 0 ... STEPS - 1 */
    *class = SMALL_CLASSES + (log - 10) * STEPS + (unsigned)above;
    *rounded = ((size_t)1 << log) + (above + 1) * step;
    return true;
}

static size_t class_bytes(unsigned class) {
    if (class < SMALL_CLASSES)
        return (size_t)(class + 1) * ALIGNMENT;
    unsigned log = 10 + (class - SMALL_CLASSES) / STEPS;
    return ((size_t)1 << log) +
           ((class - SMALL_CLASSES) % STEPS + 1) * (((size_t)1 << log) / STEPS);
}

static void give_back(tsr_context *c, void *block, size_t bytes) {
    c->allocator.release(c->allocator.user, block, bytes, ALIGNMENT);
}

void tsr_context_trim(tsr_context *c) {
    for (unsigned i = CLASSES; i-- > 0;) {
        lock(c);
        link *list = c->lists[i];
        c->lists[i] = NULL;
        for (link *l = list; l != NULL; l = l->next)
            c->cached -= class_bytes(i);
        unlock(c);
        while (list != NULL) {
            link *next = list->next;
            give_back(c, list, class_bytes(i));
            list = next;
        }
    }
}

static void destroy(tsr_context *c) {
    tsr_context_trim(c);
    tsr_allocator allocator = c->allocator;
    allocator.release(allocator.user, c, c->bytes, ALIGNMENT);
}

static void charge(tsr_context *c, size_t bytes) {
    c->current += bytes;
    c->blocks++;
    if (c->current > c->peak)
        c->peak = c->current;
    atomic_store_explicit(&c->allocated,
                          atomic_load_explicit(&c->allocated, memory_order_relaxed) + bytes,
                          memory_order_relaxed);
}

static void set_quota(tsr_context *c, size_t bytes) {
    c->quota = bytes;
    atomic_store_explicit(&c->execution.counted, bytes != 0 || c->host_allocates,
                          memory_order_relaxed);
}

/* Whether `bytes` more stay under the quota, with and without the cache. Called under the lock. */
static bool allowed(const tsr_context *c, size_t bytes, bool with_cache) {
    if (c->quota == 0)
        return true;
    size_t held = c->current + (with_cache ? c->cached : 0);
    return held <= c->quota && bytes <= c->quota - held;
}

/* A block from the allocator, already charged by the caller. */
static void *fresh(tsr_context *c, size_t bytes, bool zeroed) {
    void *block = c->allocator.allocate(c->allocator.user, bytes, ALIGNMENT, zeroed);
    if (block == NULL) {
        tsr_context_trim(c);
        block = c->allocator.allocate(c->allocator.user, bytes, ALIGNMENT, zeroed);
    }
    return block;
}

/* ---- sections: what a host or a script makes of allocations for a while ---- */

static void count_estimated(tsr_context *c, size_t rounded) {
    c->estimated_all += rounded;
    c->estimated += (int64_t)rounded;
    if (c->estimated > c->estimated_most)
        c->estimated_most = c->estimated;
}

/* False, with `err` told why, when nothing may be allocated. */
static bool enter_section(tsr_context *c, size_t rounded, tsr_error *err) {
    if (c->execution.section == TSR_SECTION_ESTIMATE)
        count_estimated(c, rounded);
    else if (c->execution.section == TSR_SECTION_NO_ALLOC)
        tsr_error_set(err, TSR_ELIMIT, "would allocate %u bytes where nothing may be allocated",
                      rounded);
    return c->execution.section != TSR_SECTION_NO_ALLOC;
}

void tsr_context_begin(tsr_context *c, tsr_section section, tsr_sections *before) {
    *before =
        (tsr_sections){c->execution.section, c->estimated, c->estimated_most, c->estimated_all};
    c->execution.section = section;
    c->estimated = c->estimated_most = 0;
    c->estimated_all = 0;
}

void tsr_context_end(tsr_context *c, const tsr_sections *before, uint64_t *bytes, uint64_t *most) {
    *bytes = c->estimated_all;
    *most = (uint64_t)c->estimated_most;
    c->execution.section = before->section;
    c->estimated_all += before->bytes;
    if (c->estimated_most < before->most - before->held)
        c->estimated_most = before->most - before->held;
    c->estimated_most += before->held;
    c->estimated += before->held;
}

tsr_section tsr_context_section(const tsr_context *c) {
    return c->execution.section;
}

void *tsr_estimate_block(tsr_context *c, size_t bytes, tsr_error *err) {
    unsigned class;
    size_t rounded;
    void *block = class_of(bytes, &class, &rounded) ? tsr_system_reserve(bytes) : NULL;
    if (block == NULL)
        tsr_error_set(err, TSR_EMEMORY, "%u bytes are more than any machine has", bytes);
    else
        count_estimated(c, rounded);
    return block;
}

void tsr_estimate_free(tsr_context *c, void *block, size_t bytes) {
    unsigned class = 0;
    size_t rounded = 0;
    class_of(bytes, &class, &rounded);
    if (c->execution.section == TSR_SECTION_ESTIMATE)
        c->estimated -= (int64_t)rounded;
    tsr_system_give_up(block, bytes);
}

/* ---- blocks ---- */

void *tsr_block_new(tsr_context *c, size_t bytes, bool zeroed, tsr_error *err) {
    unsigned class;
    size_t rounded;
    if (!class_of(bytes, &class, &rounded)) {
        tsr_error_set(err, TSR_EMEMORY, "%u bytes are more than any machine has", bytes);
        return NULL;
    }
    if (c->execution.section != TSR_SECTION_NONE && !enter_section(c, rounded, err))
        return NULL;
    lock(c);
    link *hit = c->lists[class];
    bool slow = zeroed && rounded > ZERO_LIMIT; /* the system has zeros without writing them now */
    if (hit != NULL && !slow && allowed(c, rounded, false)) {
        c->lists[class] = hit->next;
        c->cached -= rounded;
        charge(c, rounded);
        unlock(c);
        if (zeroed)
            memset(hit, 0, bytes);
        return hit;
    }
    if (!allowed(c, rounded, true) && allowed(c, rounded, false)) {
        unlock(c);
        tsr_context_trim(c);
        lock(c);
    }
    if (!allowed(c, rounded, true)) {
        tsr_error_set(err, TSR_EMEMORY,
                      "%u bytes more would exceed the quota of %u bytes (%u in use)", bytes,
                      c->quota, c->current);
        unlock(c);
        return NULL;
    }
    size_t peak = c->peak;
    charge(c, rounded);
    unlock(c);
    void *block = fresh(c, rounded, zeroed);
    if (block != NULL)
        return block;
    lock(c);
    c->current -= rounded;
    c->blocks--;
    c->peak = peak > c->current ? peak : c->current;
    atomic_fetch_sub_explicit(&c->allocated, rounded, memory_order_relaxed);
    unlock(c);
    tsr_error_set(err, TSR_EMEMORY, "no memory for %u bytes", bytes);
    return NULL;
}

/* The most that is kept for reuse. Called under the lock. */
static size_t most_cached(const tsr_context *c) {
    size_t twice = 2 * c->peak;
    return !c->owned ? 0 : c->cache_limit < twice ? c->cache_limit : twice;
}

static size_t default_cache(void) {
    size_t share = tsr_system_memory() / SHARE_OF_MEMORY;
    return share > KEPT_WHOLE ? share : KEPT_WHOLE;
}

/* Whether a block that is kept should be offered to the system. Called under the lock. */
static bool is_offered(const tsr_context *c, size_t rounded) {
    return rounded >= OFFERED && c->cached + rounded > KEPT_WHOLE && !c->host_allocates;
}

void tsr_block_free(tsr_context *c, void *block, size_t bytes) {
    if (block == NULL)
        return;
    unsigned class = 0;
    size_t rounded = 0;
    class_of(bytes, &class, &rounded);
    if (c->execution.section == TSR_SECTION_ESTIMATE)
        c->estimated -= (int64_t)rounded;
    lock(c);
    size_t most = most_cached(c);
    if (rounded <= most && c->cached > most - rounded) {
        unlock(c);
        tsr_context_trim(c); /* the block is not given up yet, so the context stays */
        lock(c);
        most = most_cached(c);
    }
    if (rounded <= most && is_offered(c, rounded)) {
        unlock(c);
        tsr_system_offer(block, rounded);
        lock(c);
    }
    bool keep = rounded <= most && c->cached <= most - rounded;
    c->current -= rounded;
    bool last = --c->blocks == 0 && !c->owned;
    if (keep) {
        link *l = block;
        l->next = c->lists[class];
        c->lists[class] = l;
        c->cached += rounded;
    }
    unlock(c);
    if (!keep)
        give_back(c, block, rounded);
    if (last)
        destroy(c);
}

void tsr_context_hold(tsr_context *c) {
    lock(c);
    c->blocks++;
    unlock(c);
}

void tsr_context_let_go(tsr_context *c) {
    lock(c);
    bool last = --c->blocks == 0 && !c->owned;
    unlock(c);
    if (last)
        destroy(c);
}

tsr_status tsr_context_create(const tsr_config *config, size_t room, tsr_context **out,
                              tsr_error *err) {
    *out = NULL;
    tsr_allocator allocator = config->allocator;
    if (allocator.allocate == NULL)
        allocator = (tsr_allocator){tsr_system_allocate, tsr_system_release, NULL};
    else if (allocator.release == NULL)
        return tsr_error_set(err, TSR_EVALUE, "config.allocator has no release function");
    tsr_status status = tsr_execution_check(&config->executor, err);
    if (status != TSR_OK)
        return status;
    size_t bytes = sizeof(tsr_context) + room;
    tsr_context *c = allocator.allocate(allocator.user, bytes, ALIGNMENT, true);
    if (c == NULL)
        return tsr_error_set(err, TSR_EMEMORY, "no memory for %u bytes", bytes);
    memset(c, 0, bytes);
    c->bytes = bytes;
    c->allocator = allocator;
    atomic_flag_clear(&c->lock);
    tsr_execution_open(&c->execution, &config->executor);
    c->owned = true;
    c->host_allocates = config->allocator.allocate != NULL;
    set_quota(c, config->quota);
    c->cache_limit = config->cache_limit == 0          ? default_cache()
                     : config->cache_limit == SIZE_MAX ? 0
                                                       : config->cache_limit;
    *out = c;
    return TSR_OK;
}

void *tsr_context_room(const tsr_context *c) {
    return (void *)(uintptr_t)c->room;
}

void tsr_context_release(tsr_context *c) {
    if (c == NULL)
        return;
    tsr_execution_close(c);
    tsr_context_trim(c);
    lock(c);
    c->owned = false;
    bool last = c->blocks == 0;
    unlock(c);
    if (last)
        destroy(c);
}

void tsr_context_memory(const tsr_context *context, tsr_memory *out) {
    tsr_context *c = (tsr_context *)(uintptr_t)context; /* only to take the lock */
    lock(c);
    *out = (tsr_memory){.current = c->current,
                        .peak = c->peak,
                        .cached = c->cached,
                        .lent = atomic_load(&c->lent),
                        .mapped = atomic_load(&c->mapped),
                        .quota = c->quota,
                        .allocated = tsr_context_allocated(c)};
    unlock(c);
}

void tsr_context_set_quota(tsr_context *c, size_t bytes) {
    lock(c);
    set_quota(c, bytes);
    bool over = !allowed(c, 0, true);
    unlock(c);
    if (over)
        tsr_context_trim(c);
}

uint64_t tsr_context_allocated(const tsr_context *c) {
    return atomic_load_explicit(&c->allocated, memory_order_relaxed);
}

uint64_t tsr_context_copies(const tsr_context *c) {
    return atomic_load_explicit(&c->copies, memory_order_relaxed);
}

void tsr_context_count_copy(tsr_context *c) {
    atomic_fetch_add_explicit(&c->copies, 1, memory_order_relaxed);
}

void *tsr_context_allocate(tsr_context *c, size_t bytes, tsr_error *err) {
    return tsr_block_new(c, bytes, false, err);
}

void tsr_context_free(tsr_context *c, void *block, size_t bytes) {
    tsr_block_free(c, block, bytes);
}

static atomic_size_t *foreign(tsr_context *c, tsr_kind kind) {
    return kind == TSR_MAPPED ? &c->mapped : &c->lent;
}

void tsr_context_lend(tsr_context *c, tsr_kind kind, size_t bytes) {
    atomic_size_t *sum = foreign(c, kind);
    if (tsr_alone())
        atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + bytes,
                              memory_order_relaxed);
    else
        atomic_fetch_add(sum, bytes);
}

void tsr_context_unlend(tsr_context *c, tsr_kind kind, size_t bytes) {
    tsr_context_lend(c, kind, 0 - bytes); /* wraps */
}
