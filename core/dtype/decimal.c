/* Exact binary-to-decimal conversion.
 *
 * The value is m * 2^e. With k = floor(log10(value)) the digits are those of the fraction R / S in
 * [1, 10) where R = m * 2^(e-k) and S = 5^k (for k < 0 the power of five stands on R's side), held
 * as integers of 32-bit words; powers of two that R, S and the margin share are never multiplied
 * in. Each step divides R by S, which gives one digit, and multiplies the rest by ten.
 *
 * Shortest digits: M is half the distance to the next number below in the same units. Once what is
 * left of R is within M, the digits written so far already read back as the same number; the same
 * holds for the next digit up once R + M reaches S. A number with an even mantissa also owns the
 * points exactly half way to its neighbours. At a power of two the distance above is twice the one
 * below. (Steele and White 1990, Burger and Dybvig 1996, with NumPy's rules for cutting the digits
 * off early or late: at a cut the last digit is rounded to nearest, ties to even.)
 *
 * Exact digits: no margins; the division stops at the cut, or when nothing is left.
 *
 * Sizes: the largest integers appear for the smallest float64, 53 + 1074 bits plus scaling, hence
 * BIG_WORDS; M stops growing once it exceeds S, when every digit is optional.
 */
#include "decimal_digits.h"

#include <string.h>

enum { BIG_WORDS = 44 };

/* ---- integers of 32-bit words, least significant first, no leading zero words ---- */

typedef struct big {
    int count;
    uint32_t word[BIG_WORDS];
} big;

static void big_set(big *a, uint64_t value) {
    a->count = 0;
    for (; value; value >>= 32)
        a->word[a->count++] = (uint32_t)value;
}

static void big_scale(big *a, uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < a->count; i++) {
        carry += (uint64_t)a->word[i] * factor;
        a->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        a->word[a->count++] = (uint32_t)carry;
}

static void big_scale_pow5(big *a, int power) {
    for (; power >= 13; power -= 13)
        big_scale(a, 1220703125u);
    uint32_t rest = 1;
    for (; power > 0; power--)
        rest *= 5;
    if (rest > 1)
        big_scale(a, rest);
}

static void big_shift(big *a, int bits) {
    int words = bits / 32;
    bits %= 32;
    if (a->count == 0)
        return;
    if (bits) {
        uint32_t carry = 0;
        for (int i = 0; i < a->count; i++) {
            uint32_t word = a->word[i];
            a->word[i] = word << bits | carry;
            carry = word >> (32 - bits);
        }
        if (carry)
            a->word[a->count++] = carry;
    }
    if (words) {
        memmove(a->word + words, a->word, (size_t)a->count * sizeof a->word[0]);
        memset(a->word, 0, (size_t)words * sizeof a->word[0]);
        a->count += words;
    }
}

static int big_compare(const big *a, const big *b) {
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

/* Compares a + b * times with c. */
static int big_compare_sum(const big *a, const big *b, uint32_t times, const big *c) {
    big sum;
    uint64_t carry = 0;
    int n = a->count > b->count ? a->count : b->count;
    for (int i = 0; i < n; i++) {
        carry += i < a->count ? a->word[i] : 0;
        carry += i < b->count ? (uint64_t)b->word[i] * times : 0;
        sum.word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    sum.count = n;
    if (carry)
        sum.word[sum.count++] = (uint32_t)carry;
    return big_compare(&sum, c);
}

/* a -= b * times, which must not be negative. */
static void big_subtract(big *a, const big *b, uint32_t times) {
    uint64_t carry = 0;
    uint32_t borrow = 0;
    for (int i = 0; i < a->count; i++) {
        carry += i < b->count ? (uint64_t)b->word[i] * times : 0;
        uint64_t word = (uint64_t)a->word[i] - (uint32_t)carry - borrow;
        a->word[i] = (uint32_t)word;
        borrow = (uint32_t)(word >> 63);
        carry >>= 32;
    }
    while (a->count > 0 && a->word[a->count - 1] == 0)
        a->count--;
}

/* One decimal digit: the quotient a / b, which is below 10, leaving the rest in a. The top word of
 * b lies in [2^27, 2^28), so that the quotient of the top words falls short by one at most. */
static int big_digit(big *a, const big *b) {
    if (a->count < b->count)
        return 0;
    uint32_t digit = a->word[a->count - 1] / (b->word[b->count - 1] + 1);
    if (digit)
        big_subtract(a, b, digit);
    while (big_compare(a, b) >= 0) {
        big_subtract(a, b, 1);
        digit++;
    }
    return (int)digit;
}

/* ---- taking a number apart ---- */

parts tsr_decimal_parts(tsr_dtype dtype, double value) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    if (info)
        info = tsr_dtype_describe(info->component);
    if (!info || info->kind != 'f')
        info = tsr_dtype_describe(TSR_FLOAT64);
    int width = info->digits;
    int bias = (1 << (8 * info->itemsize - width - 1)) - 1;

    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int biased = (int)(bits >> 52 & 0x7ff);
    parts p = {FINITE, bits >> 63 != 0, false, bits & (((uint64_t)1 << 52) - 1), 0};
    if (biased == 0x7ff) {
        p.kind = p.mantissa ? NOT_A_NUMBER : INFINITE;
        return p;
    }
    if (biased)
        p.mantissa |= (uint64_t)1 << 52;
    else
        biased = 1;
    if (p.mantissa == 0)
        return p;
    p.exponent = biased - 1075;
    for (; !(p.mantissa >> 52); p.exponent--)
        p.mantissa <<= 1;

    int lowest = 2 - bias - width; /* exponent of the last bit of subnormal numbers */
    int last = p.exponent + 53 - width;
    if (last < lowest)
        last = lowest;
    int drop = last - p.exponent;
    if (drop > 54) {
        p.mantissa = 0;
        return p;
    }
    if (drop > 0) {
        uint64_t rest = p.mantissa & (((uint64_t)1 << drop) - 1);
        uint64_t half = (uint64_t)1 << (drop - 1);
        p.mantissa >>= drop;
        p.exponent = last;
        if (rest > half || (rest == half && (p.mantissa & 1)))
            p.mantissa++;
        if (p.mantissa >> width) {
            p.mantissa >>= 1;
            p.exponent++;
        }
    }
    if (p.mantissa && p.exponent + width - 1 > bias)
        p.kind = INFINITE;
    p.uneven = p.mantissa == (uint64_t)1 << (width - 1) && p.exponent > lowest;
    return p;
}

/* ---- digits ---- */

static void round_up(digits *d) {
    while (d->count > 0 && d->digit[d->count - 1] == '9')
        d->count--;
    if (d->count > 0) {
        d->digit[d->count - 1]++;
    } else {
        d->digit[d->count++] = '1';
        d->exponent++;
    }
}

/* floor(log10(2^bits)); the next integer is never closer than 1e-4 in the range of doubles. */
static int log10_pow2(int bits) {
    int64_t scaled = (int64_t)bits * 301029995664;
    int64_t unit = 1000000000000;
    return (int)(scaled >= 0 ? scaled / unit : -((-scaled + unit - 1) / unit));
}

static int bit_length(uint64_t value) {
    int bits = 0;
    for (; value; value >>= 1)
        bits++;
    return bits;
}

void tsr_decimal_digits(digits *d, const parts *p, cut c) {
    d->count = 0;
    d->exponent = 0;
    if (p->mantissa == 0) {
        d->digit[d->count++] = '0';
        return;
    }
    bool even = (p->mantissa & 1) == 0;
    int k = log10_pow2(bit_length(p->mantissa) - 1 + p->exponent);
    if (c.most >= 0 && c.fractional && k < -c.most)
        k = -c.most; /* everything lies below the last digit wanted: that digit is 0 or 1 */

    /* R, S and M in quarters of the last bit, so that half of the smaller distance is whole. */
    big r, s, m;
    int r2 = p->exponent - k + 2, s2 = 2, m2 = p->exponent - k + (p->uneven ? 0 : 1);
    int common = s2 < m2 ? s2 : m2; /* m2 < r2 */
    big_set(&r, p->mantissa);
    big_set(&s, 1);
    big_set(&m, 1);
    big_scale_pow5(k > 0 ? &s : &r, k > 0 ? k : -k);
    if (k < 0 && c.unique)
        big_scale_pow5(&m, -k);
    big_shift(&r, r2 - common);
    big_shift(&s, s2 - common);
    if (c.unique)
        big_shift(&m, m2 - common);
    /* The estimate of k may be one too low. */
    big ten = s;
    big_scale(&ten, 10);
    if (big_compare(&r, &ten) >= 0) {
        s = ten;
        k++;
    }
    int align = 28 - bit_length(s.word[s.count - 1]);
    align = align < 0 ? align + 32 : align;
    big_shift(&r, align);
    big_shift(&s, align);
    if (c.unique)
        big_shift(&m, align);

    d->exponent = k;
    int start = c.fractional ? 0 : k + 1;
    int stop = c.most >= 0 ? start - c.most : k - MOST_DIGITS;
    int free_from = k + 1; /* from this place on the digits may end */
    if (c.least >= 0 && start - c.least < free_from)
        free_from = start - c.least;

    bool low = false, high = false, wide = false;
    int digit;
    for (int place = k;; place--) {
        digit = big_digit(&r, &s);
        if (c.unique && (place <= free_from || place == stop)) {
            wide = wide || big_compare(&m, &s) >= 0;
            low = wide || big_compare(&r, &m) < (even ? 1 : 0);
            high = wide || big_compare_sum(&r, &m, p->uneven ? 2 : 1, &s) > (even ? -1 : 0);
        }
        if ((!c.unique && r.count == 0) || place == stop || ((low || high) && place <= free_from) ||
            d->count == MOST_DIGITS - 1)
            break;
        d->digit[d->count++] = (char)('0' + digit);
        big_scale(&r, 10);
        wide = wide || (c.unique && big_compare(&m, &s) >= 0);
        if (c.unique && !wide)
            big_scale(&m, 10);
    }

    bool up = high;
    if (low == high) { /* both neighbours are equally good: the nearer one, then the even one */
        big_scale(&r, 2);
        int side = big_compare(&r, &s);
        up = side > 0 || (side == 0 && (digit & 1));
    }
    d->digit[d->count++] = (char)('0' + digit);
    if (up)
        round_up(d);
}
