/* A strict reader of JSON (RFC 8259) that goes forward over a text in memory and builds nothing:
 * its user asks for what must come next. */
#include "json.h"
#include "text.h"

#include "../base/checked.h"

#include <string.h>

static void skip(tsr_json *j) {
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r'))
        j->at++;
}

bool tsr_json_take(tsr_json *j, char c) {
    skip(j);
    bool found = j->at < j->end && *j->at == c;
    j->at += found;
    return found;
}

static tsr_status broken(tsr_json *j, const char *expected) {
    skip(j);
    if (j->at >= j->end)
        return tsr_error_set(j->err, TSR_EIO, "header: %s expected, not its end", expected);
    bool plain = *j->at >= ' ' && *j->at < 127;
    return tsr_error_set(j->err, TSR_EIO, "header: %s expected, not \"%c\"", expected,
                         plain ? *j->at : '?');
}

tsr_status tsr_json_expect(tsr_json *j, char c) {
    const char text[] = {'"', c, '"', '\0'};
    return tsr_json_take(j, c) ? TSR_OK : broken(j, text);
}

/* Four hexadecimal digits, or -1. */
static int64_t four_digits(tsr_json *j) {
    int64_t code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = j->at < j->end ? tsr_hex_digit(*j->at++) : -1;
        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    return code;
}

/* The character of an escape, behind the backslash; -1 when there is none, or only half of one. */
static int64_t escape(tsr_json *j) {
    static const char simple[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if (j->at >= j->end)
        return -1;
    char c = *j->at++;
    for (const char *s = simple; *s != '\0'; s += 2)
        if (*s == c)
            return s[1];
    int64_t code = c == 'u' ? four_digits(j) : -1;
    if (code < 0xD800 || code > 0xDFFF)
        return code;
    if (code > 0xDBFF || j->end - j->at < 6 || j->at[0] != '\\' || j->at[1] != 'u')
        return -1;
    j->at += 2;
    int64_t low = four_digits(j);
    return low < 0xDC00 || low > 0xDFFF ? -1 : 0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00));
}

tsr_status tsr_json_string(tsr_json *j, const char **out) {
    skip(j);
    if (j->at >= j->end || *j->at != '"')
        return broken(j, "a string");
    const char *close = ++j->at;
    while (close < j->end && *close != '"')
        close += *close == '\\' && close + 1 < j->end ? 2 : 1;
    char *text = tsr_arena_take(j->arena, (size_t)(close - j->at) + 1, j->err);
    if (text == NULL)
        return TSR_EMEMORY;
    *out = text;
    while (j->at < j->end && *j->at != '"') {
        size_t n = 0;
        if (*j->at == '\\') {
            j->at++;
            int64_t c = escape(j);
            n = c > 0 ? tsr_utf8_put(text, (uint32_t)c) : 0;
        } else if ((unsigned char)*j->at >= 0x20) {
            n = tsr_utf8_length((const unsigned char *)j->at, (size_t)(j->end - j->at));
            memcpy(text, j->at, n);
            j->at += n;
        }
        if (n == 0)
            return tsr_error_set(j->err, TSR_EIO,
                                 "header: a string with a character that cannot be");
        text += n;
    }
    *text = '\0';
    return tsr_json_expect(j, '"');
}

tsr_status tsr_json_integer(tsr_json *j, int64_t *out) {
    skip(j);
    const char *start = j->at;
    int64_t n = 0;
    for (; j->at < j->end && *j->at >= '0' && *j->at <= '9'; j->at++)
        if (!tsr_mul(n, 10, &n) || !tsr_add(n, *j->at - '0', &n))
            return tsr_error_set(j->err, TSR_EIO, "header: a number beyond 64 bits");
    bool more = j->at < j->end && (*j->at == '.' || *j->at == 'e' || *j->at == 'E');
    if (j->at == start || (*start == '0' && j->at > start + 1) || more) {
        j->at = start;
        return broken(j, "a non-negative integer");
    }
    *out = n;
    return TSR_OK;
}

tsr_status tsr_json_integers(tsr_json *j, int most, int64_t *out, int *count) {
    tsr_status status = tsr_json_expect(j, '[');
    *count = 0;
    if (status != TSR_OK || tsr_json_take(j, ']'))
        return status;
    do {
        if (*count == most)
            return tsr_error_set(j->err, TSR_EIO, "header: more than %d numbers in a list",
                                 (int64_t)most);
        status = tsr_json_integer(j, &out[(*count)++]);
    } while (status == TSR_OK && tsr_json_take(j, ','));
    return status == TSR_OK ? tsr_json_expect(j, ']') : status;
}

tsr_status tsr_json_member(tsr_json *j, bool *more, const char **key) {
    bool first = !*more;
    *more = false;
    if (tsr_json_take(j, '}'))
        return TSR_OK;
    tsr_status status = first ? TSR_OK : tsr_json_expect(j, ',');
    if (status == TSR_OK)
        status = tsr_json_string(j, key);
    if (status == TSR_OK)
        status = tsr_json_expect(j, ':');
    *more = status == TSR_OK;
    return status;
}
