/* unload LIBRARY: loads the library, computes, and unloads it, a thousand times; some times on
 * threads of its own, which then are on their way out of code that goes. The library must really be
 * gone each time. Run under valgrind, which tells of anything that stays behind. */
#include "guest_calls.h"

#include <stdio.h>
#include <stdlib.h>

enum { EARLY = 30, POOLED = 25, SMALL = 300, LARGE = 100000 };

static int fail(const char *what, int round) {
    printf("round %d: %s\n", round, what);
    return EXIT_FAILURE;
}

static long mapped_pages(void) {
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL || fscanf(statm, "%ld", &pages) != 1)
        pages = -1;
    if (statm != NULL)
        fclose(statm);
    return pages;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return fail("unload LIBRARY ROUNDS [pages]", 0);
    int rounds = atoi(argv[2]);
    long early = 0;
    for (int i = 0; i < rounds; i++) {
        if (i == EARLY)
            early = mapped_pages();
        void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        guest_calls lib;
        tsr_context *context = NULL;
        if (handle == NULL || !guest_find(handle, &lib))
            return fail(dlerror(), i);
        if (lib.tsr_context_new(NULL, &context, NULL) != TSR_OK)
            return fail("no context", i);
        bool pooled = i % POOLED == 0;
        if (pooled && lib.tsr_context_set_threads(context, 3, NULL) != TSR_OK)
            return fail("no threads", i);
        int64_t n = pooled ? LARGE : SMALL;
        double sum = guest_compute(&lib, context, n);
        if (sum < guest_expected(n) || sum > guest_expected(n))
            return fail("a wrong sum", i);
        lib.tsr_context_release(context);
        if (dlclose(handle) != 0)
            return fail(dlerror(), i);
        if (dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) != NULL)
            return fail("the library is still there", i);
    }
    long more = mapped_pages() - early;
    if (argc > 3 && (rounds <= 2 * EARLY || early <= 0 || more > rounds / 2))
        return fail("too few rounds, or pages that stay mapped", (int)more);
    return EXIT_SUCCESS;
}
