/* What a context keeps for reuse: freed blocks up to its limit and up to twice the peak, also those
 * so large that the system may have their pages meanwhile; nothing of a host's own allocator is
 * offered to the system. */
#include "../../core/tessera.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20 };

static tsr_context *context_of(size_t cache_limit, tsr_allocator allocator) {
    tsr_config config = {
        .struct_size = sizeof config, .cache_limit = cache_limit, .allocator = allocator};
    tsr_context *c = NULL;
    CHECK(tsr_context_new(&config, &c, NULL) == TSR_OK);
    return c;
}

static tsr_array *bytes_of(tsr_context *c, int64_t mebibytes) {
    const int64_t size = mebibytes * MIB;
    tsr_array *a = NULL;
    CHECK(tsr_array_new(c, TSR_UINT8, 1, &size, false, &a, NULL) == TSR_OK);
    return a;
}

static size_t cached(const tsr_context *c) {
    tsr_memory memory;
    tsr_context_memory(c, &memory);
    return memory.cached;
}

/* Makes an array, lets it go, and makes it again: from the same memory, which can be written to. */
static void comes_back(tsr_context *c, int64_t mebibytes) {
    size_t last = (size_t)mebibytes * MIB - 1;
    tsr_array *a = bytes_of(c, mebibytes);
    char *at = tsr_array_data(a);
    at[0] = at[last] = 'x';
    tsr_array_release(a);
    CHECK(cached(c) >= (size_t)mebibytes * MIB);
    a = bytes_of(c, mebibytes);
    CHECK(tsr_array_data(a) == (void *)at);
    at[0] = at[last] = 'y';
    CHECK(at[0] == 'y' && at[last] == 'y');
    tsr_array_release(a);
}

static void large_blocks(void) {
    tsr_context *c = context_of((size_t)2048 * MIB, (tsr_allocator){0});
    comes_back(c, 1);
    comes_back(c, 8);
    comes_back(c, 300); /* beyond what is kept whole */
    comes_back(c, 500);
    tsr_array *first = bytes_of(c, 300), *second = bytes_of(c, 300);
    tsr_array_release(first);
    tsr_array_release(second);
    second = bytes_of(c, 300);
    first = bytes_of(c, 300);
    CHECK(first != NULL && second != NULL && tsr_array_data(first) != tsr_array_data(second));
    tsr_array_release(first);
    tsr_array_release(second);
    tsr_context_trim(c);
    CHECK(cached(c) == 0);
    tsr_context_release(c);
}

static void limits(void) {
    tsr_context *c = context_of(SIZE_MAX, (tsr_allocator){0});
    tsr_array_release(bytes_of(c, 8));
    CHECK(cached(c) == 0);
    tsr_context_release(c);
    c = context_of(16 * MIB, (tsr_allocator){0});
    tsr_array_release(bytes_of(c, 15));
    CHECK(cached(c) >= 15 * MIB);
    tsr_array_release(bytes_of(c, 17)); /* does not fit */
    CHECK(cached(c) <= 16 * MIB);
    tsr_context_release(c);
    c = context_of(0, (tsr_allocator){0}); /* at least 256 MiB, on any machine */
    tsr_array_release(bytes_of(c, 250));
    CHECK(cached(c) >= (size_t)250 * MIB);
    tsr_context_release(c);
}

/* Kilobytes of this process that it offered to the system and that are still there. */
static long offered(void) {
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[128];
    long kilobytes = -1;
    while (f != NULL && kilobytes < 0 && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "LazyFree: %ld", &kilobytes) != 1)
            kilobytes = -1;
    if (f != NULL)
        fclose(f);
    CHECK(kilobytes >= 0);
    return kilobytes;
}

static int64_t live;

static void *allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    (void)user;
    if (bytes >= MIB) /* to whole pages, as what can be offered */
        alignment = 4096;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block != NULL && zeroed)
        memset(block, 0, bytes);
    live += block != NULL;
    return block;
}

static void release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)user;
    (void)bytes;
    (void)alignment;
    live--;
    free(block);
}

static void memory_of_the_host(void) {
    tsr_context *c = context_of((size_t)1024 * MIB, (tsr_allocator){allocate, release, NULL});
    tsr_array *a = bytes_of(c, 300);
    char *at = tsr_array_data(a);
    memset(at + MIB, 7, MIB);
    long before = offered();
    tsr_array_release(a);
    CHECK(cached(c) >= (size_t)300 * MIB && offered() == before); /* nobody offered it */
    CHECK(at[MIB] == 7 && at[2 * MIB - 1] == 7);
    tsr_context_release(c);
    CHECK(live == 0);
}

int main(void) {
    large_blocks();
    limits();
    memory_of_the_host();
    return report();
}
