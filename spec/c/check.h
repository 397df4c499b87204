/* Checks that count, for C programs that test: CHECK(condition) goes on after a failure, from any
 * thread, and report() prints the last line and gives the status. CHECK_OR(condition, format, ...)
 * is for many values: what it prints tells them, and only the first failures are printed. */
#ifndef TSR_CHECK_H
#define TSR_CHECK_H

#include <stdio.h>
#include <stdlib.h>

static _Atomic long passed, failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (condition) {                                                                           \
            passed++;                                                                              \
        } else {                                                                                   \
            failed++;                                                                              \
            printf("%s:%d: %s\n", __func__, __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)

#define CHECK_OR(condition, ...)                                                                   \
    do {                                                                                           \
        if (condition) {                                                                           \
            passed++;                                                                              \
        } else if (failed++ < 40) {                                                                \
            printf(__VA_ARGS__);                                                                   \
            puts("");                                                                              \
        }                                                                                          \
    } while (0)

/* The last line of a test, and its status. */
static int report(void) {
    printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
