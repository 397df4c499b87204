/* Decimal text of numbers, for the Lua half that lays arrays out.
 *
 * One number to text. `x` is a Lua number, `dtype` a name: the shortest digits depend on it.
 *
 *   format_positional(x, dtype, precision, unique, trim, sign, pad_left, pad_right, min_digits,
 *                     fractional)
 *   format_scientific(x, dtype, precision, unique, trim, sign, pad_left, exp_digits, min_digits)
 *       NumPy's format_float_positional and format_float_scientific; nil stands for None. Defaults:
 *       unique true, trim "k", sign false, fractional true.
 *   format_fixed(x, digits), format_exp(x, digits), format_general(x, digits)
 *       Python's format(x, ".Nf"), ".Ne" and ".Ng".
 *
 * Many numbers at once, the first `n` of the table `values`: what a layout must know before it can
 * write the first of them. They look at the bits only, because a host that runs with flush-to-zero
 * set would see subnormal numbers compare equal to zero.
 *
 *   format_survey(values, n, dtype) -> table
 *       finite     how many are finite             nonzero    how many of these are not 0
 *       min, max   smallest and largest magnitude among the finite ones that are not 0
 *       wide       whether max / min, rounded to the dtype, exceeds 1000
 *       negative   whether a finite one has its sign bit set
 *       neginf     whether one is -inf             whole      whether all finite ones are integers
 *   format_measure(values, n, dtype, scientific, precision, unique, trim, sign)
 *       -> the most characters before the point, after it, and of the exponent with its sign, over
 *       the finite values formatted so
 *   format_widest(values, n, kind, digits)
 *       -> the longest text among the finite values that are not 0; kind is "f" or "e"
 */
#include "format.h"

#include "tessera.h"

#include <lauxlib.h>
#include <string.h>

/* ---- arguments ---- */

static tsr_dtype check_dtype(lua_State *L, int arg) {
    const char *name = luaL_checkstring(L, arg);
    for (int i = 0; i < TSR_DTYPE_COUNT; i++)
        if (strcmp(tsr_dtype_describe((tsr_dtype)i)->name, name) == 0)
            return (tsr_dtype)i;
    luaL_argerror(L, arg, "not the name of a dtype");
    return TSR_FLOAT64;
}

/* An integer from 0 to TSR_DECIMAL_LIMIT, or -1 for nil. More digits than the limit are cut to it
 * where that changes nothing. */
static int opt_digits(lua_State *L, int arg, bool cut) {
    if (lua_isnoneornil(L, arg))
        return -1;
    lua_Number value = luaL_checknumber(L, arg);
    luaL_argcheck(L, value >= 0, arg, "must not be negative");
    if (value > TSR_DECIMAL_LIMIT) {
        luaL_argcheck(L, cut, arg, "more than 1500 digits or characters");
        value = TSR_DECIMAL_LIMIT;
    }
    return (int)value;
}

static int check_digits(lua_State *L, int arg) {
    luaL_checknumber(L, arg);
    return opt_digits(L, arg, false);
}

static bool opt_flag(lua_State *L, int arg, bool otherwise) {
    return lua_isnoneornil(L, arg) ? otherwise : lua_toboolean(L, arg) != 0;
}

static tsr_trim opt_trim(lua_State *L, int arg) {
    static const tsr_trim trims[] = {TSR_TRIM_KEEP, TSR_TRIM_POINT, TSR_TRIM_ZERO, TSR_TRIM_ALL};
    const char *text = luaL_optstring(L, arg, "k");
    const char *found = (text[0] && !text[1]) ? strchr("k.0-", text[0]) : NULL;
    luaL_argcheck(L, found, arg, "trim must be 'k', '.', '0' or '-'");
    return found ? trims[found - "k.0-"] : TSR_TRIM_KEEP;
}

static int check_count(lua_State *L, int arg) {
    luaL_checktype(L, arg - 1, LUA_TTABLE);
    lua_Number n = luaL_checknumber(L, arg);
    luaL_argcheck(L, n >= 0 && n <= 1e9, arg, "out of range");
    return (int)n;
}

static double value_at(lua_State *L, int table, int i) {
    lua_rawgeti(L, table, i);
    double value = (double)lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

/* ---- one number ---- */

/* Precision, uniqueness, trimming and sign, as both styles take them from `arg` on. */
static tsr_decimal_style check_style(lua_State *L, int arg) {
    tsr_decimal_style style = TSR_DECIMAL_SHORTEST;
    style.unique = opt_flag(L, arg + 1, true);
    style.precision = opt_digits(L, arg, style.unique);
    style.trim = opt_trim(L, arg + 2);
    style.sign = opt_flag(L, arg + 3, false);
    if (style.precision < 0 && !style.unique)
        luaL_argerror(L, arg, "precision is needed when unique is false");
    return style;
}

static void check_least(lua_State *L, int arg, tsr_decimal_style *style) {
    style->min_digits = opt_digits(L, arg, false);
    if (style->min_digits > 0 && style->precision > 0 && style->min_digits > style->precision)
        luaL_argerror(L, arg, "min_digits must be less than or equal to precision");
}

static int positional(lua_State *L) {
    double x = (double)luaL_checknumber(L, 1);
    tsr_dtype dtype = check_dtype(L, 2);
    tsr_decimal_style style = check_style(L, 3);
    style.pad_left = opt_digits(L, 7, false);
    style.pad_right = opt_digits(L, 8, false);
    check_least(L, 9, &style);
    style.fractional = opt_flag(L, 10, true);
    if (!style.fractional && style.precision == 0)
        luaL_argerror(L, 3, "precision must be greater than 0 if fractional is false");
    char text[TSR_DECIMAL_ROOM];
    lua_pushlstring(L, text, tsr_decimal_positional(dtype, x, &style, text, sizeof text));
    return 1;
}

static int scientific(lua_State *L) {
    double x = (double)luaL_checknumber(L, 1);
    tsr_dtype dtype = check_dtype(L, 2);
    tsr_decimal_style style = check_style(L, 3);
    style.pad_left = opt_digits(L, 7, false);
    style.exp_digits = opt_digits(L, 8, true);
    check_least(L, 9, &style);
    char text[TSR_DECIMAL_ROOM];
    lua_pushlstring(L, text, tsr_decimal_scientific(dtype, x, &style, text, sizeof text));
    return 1;
}

static int printf_style(lua_State *L, size_t write(double, int, char *, size_t)) {
    char text[TSR_DECIMAL_ROOM];
    double x = (double)luaL_checknumber(L, 1);
    lua_pushlstring(L, text, write(x, check_digits(L, 2), text, sizeof text));
    return 1;
}

static int fixed(lua_State *L) {
    return printf_style(L, tsr_decimal_fixed);
}

static int exponential(lua_State *L) {
    return printf_style(L, tsr_decimal_exp);
}

static int general(lua_State *L) {
    return printf_style(L, tsr_decimal_general);
}

/* ---- many numbers ---- */

static const uint64_t sign_bit = (uint64_t)1 << 63, infinity = (uint64_t)0x7ff << 52;

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Whether the finite magnitude has no bits below the units. */
static bool is_whole(uint64_t magnitude) {
    int fraction = 1075 - (int)(magnitude >> 52);
    if (magnitude == 0 || fraction <= 0)
        return true;
    uint64_t mantissa = (magnitude & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
    return fraction <= 52 && (mantissa & (((uint64_t)1 << fraction) - 1)) == 0;
}

/* The magnitude, which is not 0, as a number in [1, 2) and a biased exponent. */
static double significand(uint64_t magnitude, int *exponent) {
    *exponent = (int)(magnitude >> 52);
    if (*exponent == 0)
        for (*exponent = 1; !(magnitude >> 52); --*exponent)
            magnitude <<= 1;
    return from_bits((magnitude & (((uint64_t)1 << 52) - 1)) | (uint64_t)0x3ff << 52);
}

/* Whether large / small, rounded to `precision` bits, is more than 1000. Both are brought near 1
 * first, so that nothing overflows or is flushed; that changes the quotient by a power of two. */
static bool is_wide(uint64_t small, uint64_t large, int precision) {
    int top, bottom;
    double quotient = significand(large, &top) / significand(small, &bottom);
    if (top - bottom > 11)
        return true;
    /* 1000 is even in every dtype, so exactly half a step above it rounds down to it. */
    double half_step = precision > 52 ? 0 : 4.0 / (double)((uint64_t)1 << (precision - 7));
    return quotient * (double)(1 << (top - bottom)) > 1000.0 + half_step;
}

static void set_number(lua_State *L, const char *key, lua_Number value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static int survey(lua_State *L) {
    int n = check_count(L, 2), finite = 0, nonzero = 0;
    const tsr_dtype_info *info = tsr_dtype_describe(check_dtype(L, 3));
    luaL_argcheck(L, info->kind == 'f' || info->kind == 'c', 3, "not a floating dtype");
    bool negative = false, neginf = false, whole = true;
    uint64_t least = infinity, most = 0;
    for (int i = 1; i <= n; i++) {
        uint64_t bits = bits_of(value_at(L, 1, i)), magnitude = bits & ~sign_bit;
        if (magnitude >= infinity) {
            neginf = neginf || bits == (infinity | sign_bit);
            continue;
        }
        finite++;
        negative = negative || (bits & sign_bit);
        if (magnitude == 0)
            continue;
        nonzero++;
        whole = whole && is_whole(magnitude);
        least = magnitude < least ? magnitude : least;
        most = magnitude > most ? magnitude : most;
    }
    lua_createtable(L, 0, 8);
    set_number(L, "finite", finite);
    set_number(L, "nonzero", nonzero);
    set_flag(L, "negative", negative);
    set_flag(L, "neginf", neginf);
    set_flag(L, "whole", whole);
    if (nonzero > 0) {
        set_number(L, "min", from_bits(least));
        set_number(L, "max", from_bits(most));
        set_flag(L, "wide", is_wide(least, most, info->digits));
    }
    return 1;
}

static int measure(lua_State *L) {
    int n = check_count(L, 2), widths[3] = {0, 0, 0};
    tsr_dtype dtype = check_dtype(L, 3);
    bool exponents = lua_toboolean(L, 4) != 0;
    tsr_decimal_style style = check_style(L, 5);
    char text[TSR_DECIMAL_ROOM];
    for (int i = 1; i <= n; i++) {
        double value = value_at(L, 1, i);
        if ((bits_of(value) & ~sign_bit) >= infinity)
            continue;
        size_t length = exponents ? tsr_decimal_scientific(dtype, value, &style, text, sizeof text)
                                  : tsr_decimal_positional(dtype, value, &style, text, sizeof text);
        const char *end = text + length;
        const char *e = exponents ? memchr(text, 'e', length) : end;
        const char *point = memchr(text, '.', length);
        point = point ? point : e;
        int lengths[3] = {(int)(point - text), (int)(e - point) - (point < e),
                          (int)(end - e) - (e < end)};
        for (int j = 0; j < 3; j++)
            widths[j] = lengths[j] > widths[j] ? lengths[j] : widths[j];
    }
    for (int j = 0; j < 3; j++)
        lua_pushnumber(L, widths[j]);
    return 3;
}

static int widest(lua_State *L) {
    int n = check_count(L, 2), digits = check_digits(L, 4);
    bool exponents = luaL_checkstring(L, 3)[0] == 'e';
    size_t width = 0;
    char text[TSR_DECIMAL_ROOM];
    for (int i = 1; i <= n; i++) {
        double value = value_at(L, 1, i);
        uint64_t magnitude = bits_of(value) & ~sign_bit;
        if (magnitude == 0 || magnitude >= infinity)
            continue;
        size_t length = exponents ? tsr_decimal_exp(value, digits, text, sizeof text)
                                  : tsr_decimal_fixed(value, digits, text, sizeof text);
        width = length > width ? length : width;
    }
    lua_pushnumber(L, (lua_Number)width);
    return 1;
}

void tsrL_register_format(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"format_positional", positional}, {"format_scientific", scientific},
        {"format_fixed", fixed},           {"format_exp", exponential},
        {"format_general", general},       {"format_survey", survey},
        {"format_measure", measure},       {"format_widest", widest},
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        lua_pushcfunction(L, functions[i].func);
        lua_setfield(L, -2, functions[i].name);
    }
}
