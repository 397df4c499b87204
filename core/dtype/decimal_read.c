/* Decimal text to the nearest double, ties to even, in every locale.
 *
 * A number is w * 10^e with an integer w. Three roads, each exact: when w and 10^|e| are doubles,
 * one operation of doubles rounds once; when w has up to 19 digits and |e| is at most 19, one
 * operation of 128-bit integers gives 64 bits and whether something is left; all else is a line of
 * digits that is shifted by powers of two until its first 53 bits stand before the point (as in
 * Go's strconv: slow, and simple). */
#include "../tessera.h"

#include <math.h>
#include <string.h>

enum { MOST_DIGITS = 800, MANTISSA = 53, LEAST_EXPONENT = -1022 };

/* ---- a line of digits ---- */

typedef struct line {
    int count, point; /* digits; the point stands behind so many of them */
    bool more;        /* digits that are not 0 were cut off */
    unsigned char digit[MOST_DIGITS];
} line;

static void trim(line *a) {
    while (a->count > 0 && a->digit[a->count - 1] == 0)
        a->count--;
    if (a->count == 0)
        a->point = 0;
}

/* Divides by 2^bits, bits at most 60. */
static void shift_right(line *a, int bits) {
    uint64_t n = 0, mask = (UINT64_C(1) << bits) - 1;
    int read = 0, write = 0;
    for (; n >> bits == 0; read++) {
        if (read >= a->count && n == 0) {
            a->count = 0;
            return;
        }
        n = n * 10 + (read < a->count ? a->digit[read] : 0);
    }
    a->point -= read - 1;
    for (; read < a->count || n > 0; read++) {
        unsigned char digit = (unsigned char)(n >> bits);
        if (write < MOST_DIGITS)
            a->digit[write++] = digit;
        else if (digit > 0)
            a->more = true;
        n = (n & mask) * 10 + (read < a->count ? a->digit[read] : 0);
    }
    a->count = write;
    trim(a);
}

/* Multiplies by 2^bits, bits at most 60. */
static void shift_left(line *a, int bits) {
    unsigned char made[MOST_DIGITS + 20];
    int at = (int)sizeof made;
    uint64_t n = 0;
    for (int i = a->count; i-- > 0; n /= 10) {
        n += (uint64_t)a->digit[i] << bits;
        made[--at] = (unsigned char)(n % 10);
    }
    for (; n > 0; n /= 10)
        made[--at] = (unsigned char)(n % 10);
    int count = (int)sizeof made - at;
    a->point += count - a->count;
    for (int i = MOST_DIGITS; i < count; i++)
        a->more |= made[at + i] != 0;
    a->count = count < MOST_DIGITS ? count : MOST_DIGITS;
    memcpy(a->digit, made + at, (size_t)a->count);
    trim(a);
}

static void shift(line *a, int bits) {
    while (bits != 0) {
        int n = bits > 60 ? 60 : bits < -60 ? -60 : bits;
        if (n > 0)
            shift_left(a, n);
        else
            shift_right(a, -n);
        bits -= n;
    }
}

/* The integer nearest to the line, which is below 2^64. */
static uint64_t rounded(const line *a) {
    uint64_t n = 0;
    int i = 0;
    for (; i < a->point; i++)
        n = n * 10 + (i < a->count ? a->digit[i] : 0);
    if (a->point < 0 || i >= a->count)
        return n;
    bool half = a->digit[i] == 5 && i + 1 == a->count && !a->more;
    return n + (half ? n & 1 : a->digit[i] >= 5);
}

static double from_line(line *a) {
    static const int powers[] = {1, 3, 6, 9, 13, 16, 19, 23, 26}; /* 2^powers[n] is below 10^n */
    int exponent = 0;
    if (a->count == 0 || a->point < -330)
        return 0;
    if (a->point > 310)
        return HUGE_VAL;
    while (a->point > 0) { /* to [0.5, 1) */
        int n = a->point < 9 ? powers[a->point] : 27;
        shift(a, -n);
        exponent += n;
    }
    while (a->point < 0 || (a->point == 0 && a->digit[0] < 5)) {
        int n = a->point > -9 ? powers[-a->point] : 27;
        shift(a, n);
        exponent -= n;
    }
    exponent--; /* of a number in [1, 2) */
    if (exponent < LEAST_EXPONENT) {
        shift(a, exponent - LEAST_EXPONENT);
        exponent = LEAST_EXPONENT;
    }
    shift(a, MANTISSA);
    return ldexp((double)rounded(a), exponent + 1 - MANTISSA);
}

/* ---- few digits ---- */

/* n * 2^exponent, where `left` says that something is missing; n has its top bit or the one below.
 */
static double round_once(uint64_t n, bool left, int exponent) {
    int drop = 64 - __builtin_clzll(n) - MANTISSA;
    uint64_t kept = n >> drop, rest = n & ((UINT64_C(1) << drop) - 1);
    uint64_t half = UINT64_C(1) << (drop - 1);
    if (rest > half || (rest == half && (left || (kept & 1) != 0)))
        kept++;
    return ldexp((double)kept, exponent + drop);
}

static double from_integers(uint64_t w, int e) {
    typedef unsigned __int128 wide;
    uint64_t power = 1;
    for (int i = e < 0 ? -e : e; i > 0; i--)
        power *= 10;
    int free_bits = __builtin_clzll(w);
    w <<= free_bits;
    if (e < 0) { /* the quotient has 63 bits or more, up to 127 */
        wide n = (wide)w << 63, q = n / power;
        bool left = n % power != 0;
        int down = (uint64_t)(q >> 64) != 0 ? 64 - __builtin_clzll((uint64_t)(q >> 64)) : 0;
        left |= down > 0 && (q & (((wide)1 << down) - 1)) != 0;
        return round_once((uint64_t)(q >> down), left, down - 63 - free_bits);
    }
    wide n = (wide)w * power;
    int down = (uint64_t)(n >> 64) != 0 ? 64 - __builtin_clzll((uint64_t)(n >> 64)) : 0;
    bool left = down > 0 && (n & (((wide)1 << down) - 1)) != 0;
    return round_once((uint64_t)(n >> down), left, down - free_bits);
}

static double from_few(uint64_t w, int e) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (w <= UINT64_C(1) << 53)
        return e < 0 ? (double)w / powers[-e] : (double)w * powers[e];
    return from_integers(w, e);
}

/* ---- text ---- */

static size_t read_word(const char *text, size_t n, double *out) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"infinity", HUGE_VAL}, {"inf", HUGE_VAL}, {"nan", NAN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i].word), k = 0;
        while (k < length && k < n && (text[k] | 0x20) == words[i].word[k])
            k++;
        if (k == length) {
            *out = words[i].value;
            return length;
        }
    }
    return 0;
}

/* e or E, a sign, digits: how long it is, 0 when it is none. Large ones are cut. */
static size_t read_exponent(const char *text, size_t n, int *out) {
    size_t at = 1;
    int value = 0;
    if (n < 2 || (text[0] | 0x20) != 'e')
        return 0;
    bool negative = text[at] == '-';
    at += text[at] == '-' || text[at] == '+';
    size_t first = at;
    for (; at < n && text[at] >= '0' && text[at] <= '9'; at++)
        value = value < 100000 ? value * 10 + (text[at] - '0') : value;
    *out = negative ? -value : value;
    return at > first ? at : 0;
}

size_t tsr_decimal_read(const char *text, size_t n, double *out) {
    line a = {.count = 0};
    size_t at = n > 0 && (text[0] == '-' || text[0] == '+'), digits = 0, behind = 0;
    bool negative = n > 0 && text[0] == '-', point = false;
    uint64_t w = 0;
    int dropped = 0, exponent = 0; /* digits that the line has no room for */
    for (; at < n; at++) {
        if (text[at] == '.' && !point) {
            point = true;
            continue;
        }
        if (text[at] < '0' || text[at] > '9')
            break;
        unsigned char digit = (unsigned char)(text[at] - '0');
        digits++;
        behind += point;
        if (a.count == 0 && digit == 0)
            continue; /* leading zeros */
        if (a.count < MOST_DIGITS)
            a.digit[a.count++] = digit;
        else {
            dropped = dropped < 1000000 ? dropped + 1 : dropped;
            a.more |= digit != 0;
        }
        w = a.count <= 19 ? w * 10 + digit : w;
    }
    if (digits == 0) {
        size_t sign = n > 0 && (text[0] == '-' || text[0] == '+');
        size_t word = read_word(text + sign, n - sign, out);
        *out = word > 0 && negative ? -*out : *out;
        return word > 0 ? sign + word : 0;
    }
    at += read_exponent(text + at, n - at, &exponent);
    int64_t e = (int64_t)exponent + dropped - (int64_t)behind;
    double value;
    if (a.count == 0) {
        value = 0;
    } else if (a.count <= 19 && e >= -19 && e <= 19) {
        value = from_few(w, (int)e);
    } else {
        int64_t where = e + a.count; /* digits before the point */
        a.point = where > 100000 ? 100000 : where < -100000 ? -100000 : (int)where;
        trim(&a);
        value = from_line(&a);
    }
    *out = negative ? -value : value;
    return at;
}
