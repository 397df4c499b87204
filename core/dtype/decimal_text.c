/* The layout of decimal digits as text: where the point goes, which zeros are kept, signs, padding
 * and exponents, by the rules of NumPy's format_float_positional and format_float_scientific, and
 * by those of C's printf for %f, %e and %g.
 *
 * A positional number is written in one pass as: spaces, sign, digits before the point, zeros up to
 * the point, point, zeros after the point, digits after it, trailing zeros, spaces. All that needs
 * thought is how many of each there are. Scientific notation is the same with one digit before the
 * point.
 */
#include "decimal_digits.h"

typedef struct text {
    char *out;
    size_t room, length;
} text;

static void put(text *t, const char *from, int count) {
    for (int i = 0; i < count; i++, t->length++)
        if (t->length < t->room)
            t->out[t->length] = from[i];
}

static void fill(text *t, char c, int count) {
    for (int i = 0; i < count; i++)
        put(t, &c, 1);
}

static size_t put_special(text *t, const parts *p, bool sign) {
    if (p->kind == INFINITE) {
        if (p->negative || sign)
            fill(t, p->negative ? '-' : '+', 1);
        put(t, "inf", 3);
    } else {
        put(t, "nan", 3);
    }
    return t->length;
}

static bool keeps_zeros(tsr_trim trim) {
    return trim == TSR_TRIM_KEEP || trim == TSR_TRIM_FIXED;
}

size_t tsr_decimal_positional(tsr_dtype dtype, double value, const tsr_decimal_style *style,
                              char *out, size_t room) {
    text t = {out, room, 0};
    parts p = tsr_decimal_parts(dtype, value);
    if (p.kind != FINITE)
        return put_special(&t, &p, style->sign);
    digits d;
    tsr_decimal_digits(
        &d, &p, (cut){style->unique, style->fractional, style->precision, style->min_digits});

    int whole = d.exponent >= 0 ? d.exponent + 1 : 1; /* places before the point */
    int taken = d.exponent < 0 ? 0 : whole < d.count ? whole : d.count; /* digits before it */
    int leading = d.exponent < 0 ? -d.exponent - 1 : 0;                 /* zeros right after it */
    int digits_after = d.count - taken, zeros_after = 0;
    int wanted = style->unique ? style->min_digits : style->precision;
    if (!style->fractional)
        wanted -= whole;
    if (keeps_zeros(style->trim)) {
        if (wanted > leading + digits_after)
            zeros_after = wanted - leading - digits_after;
    } else {
        while (digits_after > 0 && d.digit[taken + digits_after - 1] == '0')
            digits_after--;
        if (digits_after == 0)
            leading = 0;
        if (leading + digits_after == 0 && style->trim == TSR_TRIM_ZERO)
            zeros_after = 1;
    }
    int after = leading + digits_after + zeros_after;
    bool bare = style->trim == TSR_TRIM_KEEP || style->trim == TSR_TRIM_POINT;
    int sign = p.negative || style->sign;

    fill(&t, ' ', style->pad_left - whole - sign);
    if (sign)
        fill(&t, p.negative ? '-' : '+', 1);
    if (d.exponent < 0)
        fill(&t, '0', 1);
    put(&t, d.digit, taken);
    fill(&t, '0', d.exponent < 0 ? 0 : whole - taken);
    if (after > 0 || bare)
        fill(&t, '.', 1);
    else if (style->pad_right >= 0)
        fill(&t, ' ', 1);
    fill(&t, '0', leading);
    put(&t, d.digit + taken, digits_after);
    fill(&t, '0', zeros_after);
    fill(&t, ' ', style->pad_right - after);
    return t.length;
}

size_t tsr_decimal_scientific(tsr_dtype dtype, double value, const tsr_decimal_style *style,
                              char *out, size_t room) {
    text t = {out, room, 0};
    parts p = tsr_decimal_parts(dtype, value);
    if (p.kind != FINITE)
        return put_special(&t, &p, style->sign);
    digits d;
    tsr_decimal_digits(&d, &p,
                       (cut){style->unique, false, style->precision < 0 ? -1 : style->precision + 1,
                             style->min_digits < 0 ? -1 : style->min_digits + 1});

    int after = d.count - 1, zeros_after = 0;
    bool point = style->trim == TSR_TRIM_KEEP || style->trim == TSR_TRIM_POINT ||
                 (style->trim == TSR_TRIM_ALL && after > 0);
    if (keeps_zeros(style->trim)) {
        int wanted = style->unique ? style->min_digits : style->precision;
        zeros_after = wanted > after ? wanted - after : 0;
    } else {
        while (after > 0 && d.digit[after] == '0')
            after--;
        zeros_after = after == 0 && style->trim == TSR_TRIM_ZERO;
    }
    int sign = p.negative || style->sign;

    fill(&t, ' ', style->pad_left - 1 - sign);
    if (sign)
        fill(&t, p.negative ? '-' : '+', 1);
    put(&t, d.digit, 1);
    if (point || after + zeros_after > 0)
        fill(&t, '.', 1);
    put(&t, d.digit + 1, after);
    fill(&t, '0', zeros_after);

    put(&t, d.exponent < 0 ? "e-" : "e+", 2);
    char reversed[5];
    int n = 0, least = style->exp_digits < 0 ? 2 : style->exp_digits > 5 ? 5 : style->exp_digits;
    for (int rest = d.exponent < 0 ? -d.exponent : d.exponent; rest > 0 || n < least; rest /= 10)
        reversed[n++] = (char)('0' + rest % 10);
    while (n > 0)
        put(&t, &reversed[--n], 1);
    return t.length;
}

size_t tsr_decimal_fixed(double value, int precision, char *out, size_t room) {
    tsr_decimal_style style = {precision, -1, -1, -1, -1, false, true, false, TSR_TRIM_FIXED};
    return tsr_decimal_positional(TSR_FLOAT64, value, &style, out, room);
}

size_t tsr_decimal_exp(double value, int precision, char *out, size_t room) {
    tsr_decimal_style style = {precision, -1, -1, -1, -1, false, false, false, TSR_TRIM_FIXED};
    return tsr_decimal_scientific(TSR_FLOAT64, value, &style, out, room);
}

size_t tsr_decimal_general(double value, int precision, char *out, size_t room) {
    tsr_decimal_style style = {
        precision > 0 ? precision : 1, -1, -1, -1, -1, false, false, false, TSR_TRIM_BARE};
    digits d = {.count = 0, .exponent = 0};
    parts p = tsr_decimal_parts(TSR_FLOAT64, value);
    if (p.kind == FINITE)
        tsr_decimal_digits(&d, &p, (cut){false, false, style.precision, -1});
    if (d.exponent >= -4 && d.exponent < style.precision)
        return tsr_decimal_positional(TSR_FLOAT64, value, &style, out, room);
    style.precision--;
    return tsr_decimal_scientific(TSR_FLOAT64, value, &style, out, room);
}
