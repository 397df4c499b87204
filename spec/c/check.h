/* Checks that count, for C programs that test: CHECK(condition) goes on after a failure, from any
 * thread, and report() prints the last line and gives the status. */
#ifndef TSR_CHECK_H
#define TSR_CHECK_H

#include <stdio.h>
#include <stdlib.h>

static _Atomic int passed, failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (condition) {                                                                           \
            passed++;                                                                              \
        } else {                                                                                   \
            failed++;                                                                              \
            printf("%s:%d: %s\n", __func__, __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)

/* The last line of a test, and its status. */
static int report(void) {
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
