/* copies LIBRARY: two copies of the library in one process, built differently: one is part of this
 * program, which shows its names to whatever is loaded, the other is loaded and must not take them.
 * Both compute at the same time, each with its own threads and its own allocator; the allocators
 * look who calls them, and see every byte come back. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "guest_calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 300, ELEMENTS = 100000 };

typedef struct copy {
    guest_calls lib;
    const void *base; /* where its code lies */
    atomic_size_t live, most, calls;
    atomic_int strangers;
    bool right;
} copy;

__attribute__((visibility("default"))) void compute(copy *c);

static const void *base_of(const void *code) {
    Dl_info info;
    return dladdr(code, &info) != 0 ? info.dli_fbase : NULL;
}

/* Who calls must be the copy's own code, or its caller, in whose name its last act is done. */
static void look(copy *c, const void *caller) {
    Dl_info info;
    bool own =
        dladdr(caller, &info) != 0 &&
        (info.dli_fbase == c->base || (info.dli_sname && !strcmp(info.dli_sname, "compute")));
    atomic_fetch_add(&c->strangers, !own);
}

static void *allocate(void *user, size_t bytes, size_t alignment, bool zeroed) {
    copy *c = user;
    look(c, __builtin_return_address(0));
    atomic_fetch_add(&c->calls, 1);
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block == NULL)
        return NULL;
    size_t live = atomic_fetch_add(&c->live, bytes) + bytes;
    for (size_t most = c->most;
         most < live && !atomic_compare_exchange_weak(&c->most, &most, live);)
        ;
    if (zeroed)
        memset(block, 0, bytes);
    return block;
}

static void release(void *user, void *block, size_t bytes, size_t alignment) {
    (void)alignment;
    copy *c = user;
    look(c, __builtin_return_address(0));
    atomic_fetch_sub(&c->live, bytes);
    free(block);
}

void compute(copy *c) {
    tsr_config config = {.struct_size = sizeof config, .allocator = {allocate, release, c}};
    tsr_context *context = NULL;
    c->right = c->lib.tsr_context_new(&config, &context, NULL) == TSR_OK &&
               c->lib.tsr_context_set_threads(context, 3, NULL) == TSR_OK;
    for (int i = 0; i < ROUNDS && c->right; i++) {
        int64_t n = ELEMENTS - i;
        double sum = guest_compute(&c->lib, context, n);
        c->right = sum >= guest_expected(n) && sum <= guest_expected(n);
    }
    tsr_memory memory;
    c->lib.tsr_context_memory(context, &memory);
    c->right = c->right && memory.current + memory.cached <= c->live && c->most >= memory.peak &&
               memory.peak >= ELEMENTS * sizeof(double);
    c->lib.tsr_context_release(context);
}

static void *compute_apart(void *user) {
    compute(user);
    return NULL;
}

int main(int argc, char **argv) {
    static copy copies[2];
    pthread_t threads[2];
    void *loaded = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (loaded == NULL || !guest_find(loaded, &copies[0].lib) ||
        !guest_find(RTLD_DEFAULT, &copies[1].lib)) {
        printf("copies LIBRARY: %s\n", dlerror());
        return EXIT_FAILURE;
    }
    int failures = 0;
    for (int i = 0; i < 2; i++) {
        void *code;
        memcpy(&code, &copies[i].lib.tsr_apply, sizeof code);
        copies[i].base = base_of(code);
    }
    if (copies[0].base == copies[1].base)
        failures += printf("there is one copy only\n");
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, compute_apart, &copies[i]) != 0)
            return EXIT_FAILURE;
    for (int i = 0; i < 2; i++) {
        copy *c = &copies[i];
        pthread_join(threads[i], NULL);
        if (!c->right || c->strangers != 0 || c->live != 0 || c->calls == 0)
            failures += printf("copy %d: %s, %d calls by the other copy, %zu bytes left\n", i,
                               c->right ? "right" : "wrong", c->strangers, c->live);
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
