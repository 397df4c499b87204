/* Characters of UTF-8, for the readers of texts. */
#ifndef TSR_IO_TEXT_H
#define TSR_IO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes a character (no surrogate, at most 0x10FFFF) to `out`; returns how many bytes, 1 to 4. */
static inline size_t tsr_utf8_put(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00 >> n & 0xFF) | c);
    return n;
}

/* Length of the valid character at `s`, of which `n` bytes are there; 0 when there is none. */
static inline size_t tsr_utf8_length(const unsigned char *s, size_t n) {
    if (n == 0 || s[0] < 0x80)
        return n != 0;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || n < length)
        return 0;
    uint32_t c = s[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3F);
    }
    bool good = length == 2   ? true
                : length == 3 ? c >= 0x800 && (c < 0xD800 || c > 0xDFFF)
                              : c >= 0x10000 && c <= 0x10FFFF;
    return good ? length : 0;
}

static inline int tsr_hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

#endif
