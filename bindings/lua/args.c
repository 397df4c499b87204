/* Reading arguments: parameters by position or by name, sizes, dimensions, dtypes, numbers.
 *
 * "Messages go through the name the function was called by": every failure here raises with the
 * position of the argument, and nothing has been touched yet. */
#include "binding.h"

#include <string.h>

/* ---- parameters ---- */

bool tsrL_is_options(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TTABLE || lua_rawlen(L, index) > 0)
        return false;
    index = lua_absindex(L, index);
    lua_pushnil(L);
    if (lua_next(L, index) == 0)
        return false;
    bool named = lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 2);
    return named;
}

/* Whether `word` is one of the alternatives of a parameter. Words are short, and compared sooner
 * than functions are called for it. */
static bool names_parameter(const char *names, const char *word, size_t n) {
    for (;; names++) {
        size_t i = 0;
        while (i < n && names[i] == word[i] && word[i] != '|')
            i++;
        if (i == n && (names[i] == '\0' || names[i] == '|'))
            return true;
        while (*names != '|')
            if (*names++ == '\0')
                return false;
    }
}

/* Levenshtein distance, cut for long words. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m) {
    enum { MOST = 24 };
    unsigned row[MOST + 1];
    if (n > MOST || m > MOST)
        return MOST;
    for (unsigned j = 0; j <= m; j++)
        row[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

static void unknown_option(lua_State *L, int argument, const char *given, int count,
                           const char *const *names) {
    const char *nearest = "";
    size_t nearest_length = 0;
    unsigned best = 1000;
    for (int i = 0; i < count; i++)
        for (const char *n = names[i]; *n != '\0';) {
            size_t length = strcspn(n, "|");
            unsigned d = distance(given, strlen(given), n, length);
            if (d < best)
                best = d, nearest = n, nearest_length = length;
            n += length + (n[length] == '|');
        }
    char text[32];
    if (nearest_length >= sizeof text)
        nearest_length = sizeof text - 1;
    memcpy(text, nearest, nearest_length);
    text[nearest_length] = '\0';
    if (count == 0)
        tsrL_fail(L, TSR_EVALUE, argument, "unknown option \"%s\": it takes none", given);
    tsrL_fail(L, TSR_EVALUE, argument, "unknown option \"%s\": the nearest is \"%s\"", given, text);
}

void tsrL_bind(lua_State *L, int first, int count, const char *const *names) {
    int top = lua_gettop(L);
    int given = top - first + 1;
    bool options = given > 0 && tsrL_is_options(L, top);
    if (options)
        given--;
    if (given > count)
        tsrL_fail(L, TSR_EVALUE, first + count, "takes at most %d arguments, %d were given",
                  (int64_t)(first - 1 + count), (int64_t)(first - 1 + given));
    if (!options) {
        lua_settop(L, first - 1 + count);
        return;
    }
    luaL_checkstack(L, count + 4, NULL);
    lua_settop(L, first + count); /* the options go behind the parameters */
    lua_pushvalue(L, top);
    lua_replace(L, first + count);
    if (given < count) {
        lua_pushnil(L);
        lua_replace(L, top);
    }
    top = first + count;
    lua_pushnil(L);
    while (lua_next(L, top) != 0) {
        size_t n;
        if (lua_type(L, -2) != LUA_TSTRING)
            tsrL_fail(L, TSR_EVALUE, top, "options are given by name");
        const char *word = lua_tolstring(L, -2, &n);
        int at = 0;
        while (at < count && !names_parameter(names[at], word, n))
            at++;
        if (at == count)
            unknown_option(L, top, word, count, names);
        if (!lua_isnil(L, first + at))
            tsrL_fail(L, TSR_EVALUE, top, "option \"%s\" is given twice", word);
        lua_replace(L, first + at);
    }
    lua_settop(L, first - 1 + count);
}

/* bind(operation, skip, names, ...): tsrL_bind for the Lua half, which names the operation for
 * messages. The first `skip` arguments have no names. Returns all arguments in order. */
int tsrL_bind_from_lua(lua_State *L) {
    const char *names[TSRL_MAX_PARAMETERS];
    int skip = (int)luaL_checkinteger(L, 2), count = (int)lua_rawlen(L, 3);
    luaL_argcheck(L, count <= TSRL_MAX_PARAMETERS, 3, "too many names");
    for (int i = 0; i < count; i++) { /* the caller's constant table keeps the strings */
        lua_rawgeti(L, 3, i + 1);
        names[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_replace(L, lua_upvalueindex(TSRL_UP_NAME));
    for (int i = 0; i < 3; i++)
        lua_remove(L, 1);
    tsrL_bind(L, skip + 1, count, names);
    return lua_gettop(L);
}

bool tsrL_push_only_out(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TTABLE)
        return false;
    lua_pushnil(L);
    if (lua_next(L, index) == 0)
        return false;
    if (lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "out") == 0) {
        lua_insert(L, -2);
        if (lua_next(L, index) == 0)
            return true;
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    return false;
}

/* ---- numbers ---- */

int64_t tsrL_integer(lua_State *L, int argument) {
    int64_t i = 0;
    if (tsrL_tointeger(L, argument, &i))
        return i;
    bool number = lua_type(L, argument) == LUA_TNUMBER;
    if (argument < 0) /* an entry of a table */
        tsrL_fail(L, TSR_EVALUE, 0, "an entry must be an integer, not %s",
                  number ? tsrL_push_number_text(L, argument) : luaL_typename(L, argument));
    if (!number)
        tsrL_type_error(L, argument, "an integer");
    tsrL_fail(L, TSR_EVALUE, argument, "argument %d must be an integer, not %s", (int64_t)argument,
              tsrL_push_number_text(L, argument));
    return i;
}

int64_t tsrL_opt_integer(lua_State *L, int argument, int64_t otherwise) {
    return lua_isnoneornil(L, argument) ? otherwise : tsrL_integer(L, argument);
}

double tsrL_number(lua_State *L, int argument) {
    tsr_scalar s;
    if (lua_type(L, argument) == LUA_TNUMBER)
        return lua_tonumber(L, argument);
    if (tsrL_peek(L, argument) == NULL || !tsrL_test_scalar(L, argument, &s) ||
        s.dtype == TSR_COMPLEX128)
        tsrL_type_error(L, argument, "a number");
    return s.dtype == TSR_FLOAT64  ? s.as.f
           : s.dtype == TSR_UINT64 ? (double)s.as.u
                                   : (double)s.as.i;
}

bool tsrL_opt_boolean(lua_State *L, int argument, bool otherwise) {
    if (lua_isnoneornil(L, argument))
        return otherwise;
    if (lua_type(L, argument) != LUA_TBOOLEAN)
        tsrL_type_error(L, argument, "a boolean");
    return lua_toboolean(L, argument);
}

bool tsrL_test_scalar(lua_State *L, int index, tsr_scalar *out) {
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        if (tsrL_isinteger(L, index))
            *out = (tsr_scalar){TSR_INT64, {.i = (int64_t)lua_tointeger(L, index)}};
        else
            *out = (tsr_scalar){TSR_FLOAT64, {.f = lua_tonumber(L, index)}};
        return true;
    case LUA_TBOOLEAN:
        *out = (tsr_scalar){TSR_BOOL, {.i = lua_toboolean(L, index)}};
        return true;
    default: {
        tsrL_object *o = tsrL_peek(L, index);
        if (!tsrL_filled(o) || tsr_array_ndim(o->cell->array) != 0)
            return tsrL_test_wide(L, index, out);
        tsr_error err = TSRL_ERROR;
        if (tsr_array_get(o->cell->array, 0, NULL, out, &err) != TSR_OK)
            tsrL_raise(L, &err);
        return true;
    }
    }
}

tsr_scalar tsrL_scalar(lua_State *L, int argument) {
    tsr_scalar s = {.dtype = TSR_INT64};
    if (!tsrL_test_scalar(L, argument, &s))
        tsrL_type_error(L, argument, "a number, a boolean or a 0-dimensional array");
    return s;
}

bool tsrL_fits(const tsr_scalar *value, tsr_dtype dtype) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    if (value->dtype != TSR_INT64 || (info->kind != 'i' && info->kind != 'u'))
        return true;
    int64_t most = info->digits >= 63 ? INT64_MAX : ((int64_t)1 << info->digits) - 1;
    int64_t least = info->kind == 'u' ? 0 : -most - 1;
    return value->as.i >= least && value->as.i <= most;
}

void tsrL_check_fits(lua_State *L, const tsr_scalar *value, tsr_dtype dtype) {
    if (!tsrL_fits(value, dtype))
        tsrL_fail(L, TSR_EVALUE, 0, "%d does not fit %t", value->as.i, (int)dtype);
}

/* ---- indices, dimensions, sizes ---- */

int64_t tsrL_index(lua_State *L, int argument) {
    int64_t i = tsrL_integer(L, argument);
    if (i == 0)
        tsrL_fail(L, TSR_EINDEX, argument, "index 0: indices start at 1, and end at -1");
    return i > 0 ? i - 1 : i;
}

int tsrL_dim(lua_State *L, int argument, int ndim) {
    int64_t d = tsrL_integer(L, argument);
    if (d == 0 || d > ndim || d < -ndim)
        tsrL_fail(L, TSR_EINDEX, argument,
                  "dimension %d is out of range for %d dimensions (they start at 1)", d,
                  (int64_t)ndim);
    return (int)(d > 0 ? d - 1 : d + ndim);
}

int tsrL_dims(lua_State *L, int argument, int ndim, int *dims) {
    if (lua_isnoneornil(L, argument))
        return -1;
    if (lua_type(L, argument) == LUA_TNUMBER) {
        dims[0] = tsrL_dim(L, argument, ndim);
        return 1;
    }
    if (lua_type(L, argument) != LUA_TTABLE)
        tsrL_type_error(L, argument, "a dimension or a table of dimensions");
    size_t n = lua_rawlen(L, argument);
    if (n > TSR_MAX_DIMS)
        tsrL_fail(L, TSR_EVALUE, argument, "%u dimensions are too many", n);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, argument, (int)i + 1);
        dims[i] = tsrL_dim(L, -1, ndim);
        lua_pop(L, 1);
    }
    return (int)n;
}

int tsrL_integers(lua_State *L, int argument, int most, int64_t *out) {
    if (lua_type(L, argument) != LUA_TTABLE)
        tsrL_type_error(L, argument, "a table of integers");
    size_t n = lua_rawlen(L, argument);
    if (n > (size_t)most)
        tsrL_fail(L, TSR_EVALUE, argument, "%u numbers, at most %d are possible", n, (int64_t)most);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, argument, (int)i + 1);
        if (!tsrL_tointeger(L, -1, &out[i]))
            tsrL_fail(L, TSR_EVALUE, argument, "entry %d of the table is a %s, not an integer",
                      (int64_t)i + 1, luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    return (int)n;
}

int tsrL_sizes(lua_State *L, int first, bool unknown, int64_t *shape, int *next) {
    int ndim = 0;
    if (lua_type(L, first) == LUA_TTABLE && !tsrL_is_options(L, first)) {
        ndim = tsrL_integers(L, first, TSR_MAX_DIMS, shape);
        *next = first + 1;
    } else {
        int argument = first;
        for (; lua_type(L, argument) == LUA_TNUMBER; argument++) {
            if (ndim == TSR_MAX_DIMS)
                tsrL_fail(L, TSR_ESHAPE, argument, "more than %d dimensions",
                          (int64_t)TSR_MAX_DIMS);
            shape[ndim++] = tsrL_integer(L, argument);
        }
        *next = argument;
    }
    for (int i = 0; i < ndim; i++)
        if (shape[i] < 0 && !(unknown && shape[i] == -1))
            tsrL_fail(L, TSR_ESHAPE, first, "negative size %d in shape %v", shape[i], ndim, shape);
    return ndim;
}

/* ---- dtypes, copy, order ---- */

tsr_dtype tsrL_dtype(lua_State *L, int argument, tsr_face face) {
    tsr_dtype dtype = TSR_BOOL;
    if (tsrL_test_dtype(L, argument, &dtype))
        return dtype;
    if (lua_type(L, argument) != LUA_TSTRING)
        tsrL_type_error(L, argument, "a dtype");
    if (!tsr_dtype_parse(face, lua_tostring(L, argument), &dtype))
        tsrL_fail(L, TSR_EDTYPE, argument, "\"%s\" is no dtype", lua_tostring(L, argument));
    return dtype;
}

tsr_dtype tsrL_opt_dtype(lua_State *L, int argument, tsr_face face, tsr_dtype otherwise) {
    return lua_isnoneornil(L, argument) ? otherwise : tsrL_dtype(L, argument, face);
}

tsrL_copy tsrL_opt_copy(lua_State *L, int argument, tsrL_copy otherwise) {
    static const char *const words[] = {"never", "if-needed", "always"};
    if (lua_isnoneornil(L, argument))
        return otherwise;
    if (lua_type(L, argument) == LUA_TBOOLEAN)
        return lua_toboolean(L, argument) ? TSRL_COPY_ALWAYS : TSRL_COPY_NEVER;
    const char *word = lua_type(L, argument) == LUA_TSTRING ? lua_tostring(L, argument) : "";
    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0)
            return (tsrL_copy)i;
    tsrL_type_error(L, argument, "\"never\", \"if-needed\", \"always\" or a boolean (copy)");
    return otherwise;
}

tsr_order tsrL_opt_order(lua_State *L, int argument, tsr_order otherwise, const tsr_array *like) {
    if (lua_isnoneornil(L, argument))
        return otherwise;
    const char *word = lua_type(L, argument) == LUA_TSTRING ? lua_tostring(L, argument) : "";
    if (strcmp(word, "C") == 0)
        return TSR_ORDER_C;
    if (strcmp(word, "F") == 0)
        return TSR_ORDER_F;
    if (strcmp(word, "K") == 0 || (strcmp(word, "A") == 0 && like == NULL))
        return TSR_ORDER_KEEP;
    if (strcmp(word, "A") == 0)
        return (tsr_array_is_fortran_contiguous(like) && !tsr_array_is_contiguous(like))
                   ? TSR_ORDER_F
                   : TSR_ORDER_C;
    tsrL_type_error(L, argument, "\"C\", \"F\", \"A\" or \"K\" (order)");
    return otherwise;
}

/* "equiv" allows another byte order to NumPy; here there is one. */
tsr_casting tsrL_opt_casting(lua_State *L, int argument, tsr_casting otherwise) {
    static const struct {
        const char *word;
        tsr_casting casting;
    } words[] = {{"no", TSR_CAST_NO},
                 {"equiv", TSR_CAST_NO},
                 {"safe", TSR_CAST_SAFE},
                 {"same_kind", TSR_CAST_SAME_KIND},
                 {"unsafe", TSR_CAST_UNSAFE}};
    if (lua_isnoneornil(L, argument))
        return otherwise;
    const char *given = lua_type(L, argument) == LUA_TSTRING ? lua_tostring(L, argument) : "";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(given, words[i].word) == 0)
            return words[i].casting;
    tsrL_type_error(L, argument,
                    "\"no\", \"equiv\", \"safe\", \"same_kind\" or \"unsafe\" (casting)");
    return otherwise;
}
