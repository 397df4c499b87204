/* Writing past the caches: what is larger than they are would only push out what they hold, and
 * each line of it would be read from memory before it is written.
 *
 * Stores as wide as the level has them: a store of a whole line leaves room in the queue of stores
 * for what comes behind it, so that who computes a kilobyte, streams it and computes the next one
 * need not wait for memory. Measured for 10^7 doubles in kilobytes: a sum of two arrays in 9.5 ms,
 * with stores of 16 bytes 11.2 ms. */
#include "level.h"

#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
enum { WIDTH = 64 };
static inline void store(char *to, const char *from) {
    _mm512_stream_si512((void *)to, _mm512_loadu_si512((const void *)from));
}
#elif defined(__AVX__)
#include <immintrin.h>
enum { WIDTH = 32 };
static inline void store(char *to, const char *from) {
    _mm256_stream_si256((void *)to, _mm256_loadu_si256((const void *)from));
}
#elif defined(__SSE2__)
#include <emmintrin.h>
enum { WIDTH = 16 };
static inline void store(char *to, const char *from) {
    _mm_stream_si128((void *)to, _mm_loadu_si128((const void *)from));
}
#else
enum { WIDTH = 16 };
static inline void store(char *to, const char *from) {
    memcpy(to, from, WIDTH);
}
#endif

static void stream(const void *src, void *dst, size_t bytes) {
    const char *s = src;
    char *d = dst;
    size_t head = (size_t)(-(uintptr_t)d % TSR_LINE);
    head = head < bytes ? head : bytes;
    if (head > 0)
        memcpy(d, s, head);
    size_t lines = (bytes - head) / TSR_LINE, tail = bytes - head - lines * TSR_LINE;
    s += head;
    d += head;
    for (size_t i = 0; i < lines; i++, s += TSR_LINE, d += TSR_LINE)
        for (size_t j = 0; j < TSR_LINE; j += WIDTH)
            store(d + j, s + j);
    if (tail > 0)
        memcpy(d, s, tail);
}

void TSR_KERNEL_ENTRY(stream)(tsr_kernels *k) {
    k->stream = stream;
}
