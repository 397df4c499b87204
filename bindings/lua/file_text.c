/* Tables of numbers as text, without the locale: what np.loadtxt, np.savetxt and the text modes of
 * np.fromfile and x:tofile stand on. In `core`:
 *
 *   text_read(text, kind, delimiter, comments, skip, most, columns)
 *       an ndarray (rows, columns) of the numbers in a text: float64, int64 or uint64 as kind is
 * "f", "i" or "u". delimiter nil is white space; comments is a list of what begins one; columns a
 * list of the columns that are wanted, from 1; most is how many rows at most, -1: all text_write(x,
 * formats, delimiter, newline) the text of a row-major 2-d array of float64, int64 or uint64, each
 * column by its format: {conversion, flags, width, precision} of d, f, e, g
 */
#include "binding.h"
#include "lua_half.h"

#include <math.h>
#include <string.h>

/* ---- reading ---- */

typedef struct reader {
    lua_State *L;
    const char *at, *end;
    const char *delimiter; /* NULL: white space */
    size_t delimiter_bytes;
    char kind;
    int64_t row; /* of the text, for messages */
    int wanted;  /* columns that are wanted; 0: all */
    int64_t *columns;
    char *values; /* 8 bytes each; a userdata at the index `keeper` */
    size_t count, room;
    int keeper;
} reader;

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void add_value(reader *r, const void *value) {
    if (r->count == r->room) {
        size_t room = r->room > 0 ? r->room * 2 : 256;
        char *values = tsrL_newuserdata(r->L, room * 8);
        if (r->count > 0)
            memcpy(values, r->values, r->count * 8);
        lua_replace(r->L, r->keeper);
        r->values = values;
        r->room = room;
    }
    memcpy(r->values + 8 * r->count++, value, 8);
}

static void no_number(reader *r, const char *text, size_t n, int64_t column) {
    lua_pushlstring(r->L, text, n < 40 ? n : 40);
    tsrL_fail(r->L, TSR_EVALUE, 0, "row %d, column %d: \"%s\" is no %s", r->row, column,
              lua_tostring(r->L, -1), r->kind == 'f' ? "number" : "integer of the dtype");
}

static bool read_integer(const char *text, size_t n, bool is_signed, uint64_t *out) {
    bool negative = n > 0 && *text == '-';
    size_t at = negative || (n > 0 && *text == '+'), first = at;
    uint64_t value = 0, limit = !is_signed ? UINT64_MAX : (uint64_t)INT64_MAX + negative;
    for (; at < n && text[at] >= '0' && text[at] <= '9'; at++) {
        uint64_t digit = (uint64_t)(text[at] - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? 0 - value : value;
    return at == n && at > first && (is_signed || !negative || value == 0);
}

/* One field, white space around it away. */
static void read_field(reader *r, const char *text, size_t n, int64_t column) {
    double number;
    uint64_t integer;
    if (r->kind == 'f') {
        if (n == 0 || tsr_decimal_read(text, n, &number) != n)
            no_number(r, text, n, column);
        add_value(r, &number);
    } else {
        if (!read_integer(text, n, r->kind == 'i', &integer))
            no_number(r, text, n, column);
        add_value(r, &integer);
    }
}

/* The next field of a line that ends at `end`: false at its end. */
static bool next_field(const reader *r, const char **at, const char *end, const char **text,
                       size_t *n) {
    if (r->delimiter == NULL) {
        while (*at < end && is_blank(**at))
            ++*at;
        *text = *at;
        while (*at < end && !is_blank(**at))
            ++*at;
        *n = (size_t)(*at - *text);
        return *n > 0;
    }
    if (*at > end)
        return false;
    const char *stop = *at;
    while (stop < end && !((size_t)(end - stop) >= r->delimiter_bytes &&
                           memcmp(stop, r->delimiter, r->delimiter_bytes) == 0))
        stop++;
    const char *first = *at, *last = stop;
    *at = stop < end ? stop + r->delimiter_bytes : end + 1;
    while (first < last && is_blank(*first))
        first++;
    while (first < last && is_blank(last[-1]))
        last--;
    *text = first;
    *n = (size_t)(last - first);
    return true;
}

/* The numbers of a line; returns how many, 0 for a line without any. */
static int64_t read_line(reader *r, const char *at, const char *end) {
    const char *text;
    size_t n;
    while (at < end && is_blank(*at))
        at++;
    while (at < end && is_blank(end[-1]))
        end--;
    if (at == end)
        return 0;
    size_t first = r->count;
    if (r->wanted == 0) {
        for (int64_t column = 1; next_field(r, &at, end, &text, &n); column++)
            read_field(r, text, n, column);
        return (int64_t)(r->count - first);
    }
    for (int i = 0; i < r->wanted; i++) { /* in the order that they are wanted in */
        const char *from = at;
        int64_t column = 0;
        while (column < r->columns[i] && next_field(r, &from, end, &text, &n))
            column++;
        if (column < r->columns[i])
            tsrL_fail(r->L, TSR_EVALUE, 0, "row %d has no column %d", r->row, r->columns[i]);
        read_field(r, text, n, column);
    }
    return r->wanted;
}

/* Where a comment begins, or the end. `list` is the index of the table of what begins one. */
static const char *without_comment(lua_State *L, int list, const char *at, const char *end) {
    int count = lua_istable(L, list) ? (int)lua_rawlen(L, list) : 0;
    for (int i = 1; i <= count; i++) {
        size_t n;
        lua_rawgeti(L, list, i);
        const char *mark = luaL_checklstring(L, -1, &n);
        lua_pop(L, 1);
        for (const char *p = at; n > 0 && (size_t)(end - p) >= n && p < end; p++)
            if (memcmp(p, mark, n) == 0)
                end = p;
    }
    return end;
}

static void push_values(reader *r, int64_t rows, int64_t columns) {
    lua_State *L = r->L;
    tsr_error err = TSRL_ERROR;
    int64_t shape[2] = {rows, columns};
    tsr_dtype dtype = r->kind == 'f' ? TSR_FLOAT64 : r->kind == 'i' ? TSR_INT64 : TSR_UINT64;
    tsrL_object *made = tsrL_new(L, TSR_FACE_NUMPY);
    TSRL_TRY(L, &err,
             tsr_array_new(tsrL_lib(L)->context, dtype, 2, shape, true, &made->cell->array, &err));
    tsr_storage *storage = tsr_array_storage(made->cell->array);
    if (r->count > 0 && tsr_storage_kind(storage) == TSR_OWNED)
        memcpy(tsr_array_data(made->cell->array), r->values, r->count * 8);
}

static int text_read(lua_State *L) {
    enum { COMMENTS = 4, COLUMNS = 7, KEEPER = 8 };
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    reader r = {
        .L = L, .at = text, .end = text + n, .kind = *luaL_checkstring(L, 2), .keeper = KEEPER};
    int64_t skip = tsrL_integer(L, 5), most = tsrL_integer(L, 6), rows = 0, columns = 0;
    lua_settop(L, 8);
    if (!lua_isnil(L, 3))
        r.delimiter = luaL_checklstring(L, 3, &r.delimiter_bytes);
    if (lua_istable(L, COLUMNS)) {
        r.wanted = (int)lua_rawlen(L, COLUMNS);
        r.columns = tsrL_newuserdata(L, ((size_t)r.wanted + 1) * sizeof *r.columns);
        tsrL_integers(L, COLUMNS, r.wanted, r.columns);
        columns = r.wanted;
    }
    while (r.at < r.end && (most < 0 || rows < most)) {
        const char *line = memchr(r.at, '\n', (size_t)(r.end - r.at));
        line = line != NULL ? line : r.end;
        r.row++;
        if (r.row > skip) {
            const char *stop = without_comment(L, COMMENTS, r.at, line);
            int64_t found = read_line(&r, r.at, stop);
            if (found > 0 && rows > 0 && found != columns)
                tsrL_fail(L, TSR_EVALUE, 0, "row %d has %d columns, those before have %d", r.row,
                          found, columns);
            columns = found > 0 ? found : columns;
            rows += found > 0;
        }
        r.at = line < r.end ? line + 1 : r.end;
    }
    push_values(&r, rows, columns);
    return 1;
}

/* ---- writing ---- */

typedef struct format {
    char conversion;
    bool left, plus, space, zero;
    int width, precision;
} format;

static int field_integer(lua_State *L, int table, int i, int otherwise) {
    lua_rawgeti(L, table, i);
    int value = lua_isnumber(L, -1) ? (int)lua_tonumber(L, -1) : otherwise;
    lua_pop(L, 1);
    return value;
}

static format read_format(lua_State *L, int list, int i) {
    lua_rawgeti(L, list, i);
    int table = lua_gettop(L);
    lua_rawgeti(L, table, 1);
    lua_rawgeti(L, table, 2);
    const char *flags = luaL_checkstring(L, -1);
    format f = {.conversion = *luaL_checkstring(L, -2),
                .left = strchr(flags, '-') != NULL,
                .plus = strchr(flags, '+') != NULL,
                .space = strchr(flags, ' ') != NULL,
                .zero = strchr(flags, '0') != NULL};
    f.width = field_integer(L, table, 3, 0);
    f.precision = field_integer(L, table, 4, 6);
    lua_settop(L, table - 1);
    return f;
}

static size_t put_digits(char *out, uint64_t n) {
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    return count;
}

/* The number without its sign; *negative is its sign. */
static size_t put_magnitude(const format *f, const tsr_scalar *v, bool *negative, char *out) {
    *negative = false;
    double d = v->dtype == TSR_FLOAT64  ? v->as.f
               : v->dtype == TSR_UINT64 ? (double)v->as.u
                                        : (double)v->as.i;
    if (f->conversion == 'd' && v->dtype != TSR_FLOAT64) {
        *negative = v->dtype == TSR_INT64 && v->as.i < 0;
        return put_digits(out, *negative ? 0 - v->as.u : v->as.u);
    }
    size_t n = f->conversion == 'd'   ? tsr_decimal_fixed(trunc(d), 0, out, TSR_DECIMAL_ROOM)
               : f->conversion == 'f' ? tsr_decimal_fixed(d, f->precision, out, TSR_DECIMAL_ROOM)
               : f->conversion == 'e' ? tsr_decimal_exp(d, f->precision, out, TSR_DECIMAL_ROOM)
                                      : tsr_decimal_general(d, f->precision, out, TSR_DECIMAL_ROOM);
    if (n > 0 && *out == '-') {
        *negative = true;
        memmove(out, out + 1, --n);
    }
    return n;
}

static void put_number(luaL_Buffer *b, const format *f, const tsr_scalar *v) {
    char text[TSR_DECIMAL_ROOM];
    bool negative;
    size_t n = put_magnitude(f, v, &negative, text);
    char sign = negative ? '-' : f->plus ? '+' : f->space ? ' ' : '\0';
    bool zero = f->zero && !f->left && text[0] >= '0' && text[0] <= '9';
    int padding = f->width - (int)n - (sign != '\0');
    for (int i = 0; i < padding && !f->left && !zero; i++)
        luaL_addchar(b, ' ');
    if (sign != '\0')
        luaL_addchar(b, sign);
    for (int i = 0; i < padding && zero; i++)
        luaL_addchar(b, '0');
    luaL_addlstring(b, text, n);
    for (int i = 0; i < padding && f->left; i++)
        luaL_addchar(b, ' ');
}

static int text_write(lua_State *L) {
    const tsr_array *a = tsrL_check(L, 1)->cell->array;
    size_t between, behind;
    luaL_checktype(L, 2, LUA_TTABLE);
    const char *delimiter = luaL_checklstring(L, 3, &between);
    const char *newline = luaL_checklstring(L, 4, &behind);
    lua_settop(L, 4);
    int64_t rows = tsr_array_shape(a)[0], columns = tsr_array_shape(a)[1];
    format *formats = tsrL_newuserdata(L, ((size_t)columns + 1) * sizeof *formats);
    int given = (int)lua_rawlen(L, 2);
    for (int64_t c = 0; c < columns; c++)
        formats[c] = read_format(L, 2, given == 1 ? 1 : (int)c + 1);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t c = 0; c < columns; c++) {
            tsr_error err = TSRL_ERROR;
            tsr_scalar value;
            const int64_t index[] = {row, c};
            if (tsr_array_get(a, 2, index, &value, &err) != TSR_OK)
                tsrL_raise(L, &err);
            put_number(&b, &formats[c], &value);
            if (c + 1 < columns)
                luaL_addlstring(&b, delimiter, between);
        }
        luaL_addlstring(&b, newline, behind);
    }
    luaL_pushresult(&b);
    return 1;
}

void tsrL_register_file_text(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"text_read", text_read}, {"text_write", text_write}, {NULL, NULL}};
    tsrL_setfuncs(L, functions, TSR_FACE_NUMPY);
}
