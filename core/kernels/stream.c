/* Writing past the caches: what is larger than they are would only push out what they hold, and
 * each line of it would be read from memory before it is written.
 *
 * Compiled once: stores of 16 bytes that fill whole lines of 64 are as fast as wider ones, because
 * the processor joins them before they leave. */
#include "kernels.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>

enum { LINE = 64 };

void tsr_stream(const void *src, void *dst, size_t bytes) {
    const char *s = src;
    char *d = dst;
    size_t head = (size_t)(-(uintptr_t)d % LINE);
    head = head < bytes ? head : bytes;
    memcpy(d, s, head);
    size_t lines = (bytes - head) / LINE;
    s += head;
    d += head;
    for (size_t i = 0; i < lines; i++, s += LINE, d += LINE) {
        __m128i a = _mm_loadu_si128((const void *)s), b = _mm_loadu_si128((const void *)(s + 16));
        __m128i e = _mm_loadu_si128((const void *)(s + 32));
        __m128i f = _mm_loadu_si128((const void *)(s + 48));
        _mm_stream_si128((void *)d, a);
        _mm_stream_si128((void *)(d + 16), b);
        _mm_stream_si128((void *)(d + 32), e);
        _mm_stream_si128((void *)(d + 48), f);
    }
    memcpy(d, s, bytes - head - lines * LINE);
}

void tsr_stream_end(void) {
    _mm_sfence();
}
#else
void tsr_stream(const void *src, void *dst, size_t bytes) {
    memcpy(dst, src, bytes);
}

void tsr_stream_end(void) {
}
#endif
