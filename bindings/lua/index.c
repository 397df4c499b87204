/* Basic indexing: x[i], x[{...}], x["2:4, :, ::-1"], and assignment through the same keys.
 *
 * A key becomes a list of tsr_index entries, 0-based. Ranges include both ends and are cut to the
 * dimension, as string.sub cuts them: {from, to, step} with a positive step runs upwards from
 * `from` (default 1) to `to` (default -1), with a negative one downwards (defaults -1 and 1). */
#include "binding.h"
#include "ops.h"

#include <string.h>

const char tsrL_newaxis = 0, tsrL_ellipsis = 0;

typedef struct key {
    int count;
    int used;     /* dimensions of the array that the entries consume */
    bool element; /* integers only */
    tsr_index items[2 * TSR_MAX_DIMS + 1];
} key;

static tsr_index *add_item(lua_State *L, key *k) {
    if (k->count == 2 * TSR_MAX_DIMS + 1)
        tsrL_fail(L, TSR_EINDEX, 2, "an index of more than %d entries", (int64_t)k->count);
    return &k->items[k->count++];
}

/* Size of the dimension that the next entry is about; entries after an ellipsis count from the end.
 */
static int64_t dim_size(lua_State *L, const tsr_array *a, const key *k, int after) {
    int dim = after < 0 ? k->used : tsr_array_ndim(a) - after;
    if (dim < 0 || dim >= tsr_array_ndim(a))
        tsrL_fail(L, TSR_EINDEX, 2, "%d indices for an array of %d dimensions",
                  (int64_t)(k->used + 1), (int64_t)tsr_array_ndim(a));
    return tsr_array_shape(a)[dim];
}

static void add_position(lua_State *L, key *k, int64_t i, int64_t n) {
    if (i == 0)
        tsrL_fail(L, TSR_EINDEX, 2, "index 0: indices start at 1, and end at -1");
    if (i > n || i < -n)
        tsrL_fail(L, TSR_EINDEX, 2,
                  "index %d is out of range for dimension %i of size %d (walk it with "
                  "\"for i, item in x:iter()\")",
                  i, (int64_t)k->used, n);
    *add_item(L, k) = (tsr_index){TSR_INDEX_AT, i > 0 ? i - 1 : i + n, 1, 1};
    k->used++;
}

typedef struct range {
    int64_t from, to, step;
    bool has_from, has_to;
} range;

static int64_t clamp(int64_t i, int64_t low, int64_t high) {
    return i < low ? low : i > high ? high : i;
}

static void add_range(lua_State *L, key *k, const range *r, int64_t n) {
    if (r->step == 0)
        tsrL_fail(L, TSR_EINDEX, 2, "the step of a range cannot be 0");
    bool up = r->step > 0;
    int64_t from = !r->has_from ? (up ? 1 : n) : r->from < 0 ? r->from + n + 1 : r->from;
    int64_t to = !r->has_to ? (up ? n : 1) : r->to < 0 ? r->to + n + 1 : r->to;
    from = up ? clamp(from, 1, n + 1) : clamp(from, 0, n);
    to = up ? clamp(to, 0, n) : clamp(to, 1, n + 1);
    int64_t count = 0;
    if (up && from <= to)
        count = (to - from) / r->step + 1;
    else if (!up && from >= to)
        count = r->step == INT64_MIN ? 1 : (from - to) / -r->step + 1;
    *add_item(L, k) = (tsr_index){TSR_INDEX_RANGE, count > 0 ? from - 1 : 0, r->step, count};
    k->used++;
    k->element = false;
}

static void add_plain(lua_State *L, key *k, int kind) {
    tsr_index *item = add_item(L, k);
    *item = (tsr_index){.kind = TSR_INDEX_NEW};
    if (kind == TSR_INDEX_ELLIPSIS)
        item->kind = TSR_INDEX_ELLIPSIS;
    else if (kind == TSR_INDEX_ALL)
        item->kind = TSR_INDEX_ALL, k->used++;
    k->element = false;
}

/* ---- tables ---- */

static bool is_marker(lua_State *L, int index, const char *marker) {
    return lua_type(L, index) == LUA_TLIGHTUSERDATA &&
           lua_touserdata(L, index) == (const void *)marker;
}

/* A field of a range entry at the top; nil leaves *out alone. */
static bool range_field(lua_State *L, int i, int64_t *out) {
    int type = tsrL_rawgeti(L, -1, i);
    if (type == LUA_TNUMBER)
        *out = tsrL_integer(L, -1);
    else if (type != LUA_TNIL)
        tsrL_fail(L, TSR_EINDEX, 2, "a range is {from, to, step}, all integers, not %s",
                  luaL_typename(L, -1));
    lua_pop(L, 1);
    return type != LUA_TNIL;
}

static void add_range_entry(lua_State *L, key *k, int64_t n) {
    if (lua_rawlen(L, -1) > 3)
        tsrL_fail(L, TSR_EINDEX, 2,
                  "a range is {from, to, step}; a list of positions must be an integer array");
    range r = {.step = 1};
    r.has_from = range_field(L, 1, &r.from);
    r.has_to = range_field(L, 2, &r.to);
    range_field(L, 3, &r.step);
    if (r.has_from || r.has_to || r.step != 1)
        add_range(L, k, &r, n);
    else
        add_plain(L, k, TSR_INDEX_ALL);
}

/* Dimensions that entries i ... of the table at `index` consume. */
static int consumed(lua_State *L, int index, int i, int count) {
    int n = 0;
    for (; i <= count; i++) {
        lua_rawgeti(L, index, i);
        n += !is_marker(L, -1, &tsrL_newaxis);
        lua_pop(L, 1);
    }
    return n;
}

static void add_entry(lua_State *L, const tsr_array *a, key *k, int after) {
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        add_position(L, k, tsrL_integer(L, -1), dim_size(L, a, k, after));
        return;
    case LUA_TTABLE:
        add_range_entry(L, k, dim_size(L, a, k, after));
        return;
    default:
        if (tsrL_test(L, -1) != NULL)
            tsrL_fail(L, TSR_EUNSUPPORTED, 2, "arrays as indices are not supported");
        tsrL_fail(L, TSR_EINDEX, 2,
                  "an index entry is an integer, a range, newaxis or ellipsis, not %s",
                  luaL_typename(L, -1));
    }
}

static void parse_table(lua_State *L, const tsr_array *a, int index, key *k) {
    int count = (int)lua_rawlen(L, index);
    int after = -1; /* dimensions left for the entries after an ellipsis */
    for (int i = 1; i <= count; i++) {
        bool marker = tsrL_rawgeti(L, index, i) == LUA_TLIGHTUSERDATA;
        if (marker && is_marker(L, -1, &tsrL_newaxis)) {
            add_plain(L, k, TSR_INDEX_NEW);
        } else if (marker && is_marker(L, -1, &tsrL_ellipsis)) {
            add_plain(L, k, TSR_INDEX_ELLIPSIS);
            after = consumed(L, index, i + 1, count);
        } else {
            add_entry(L, a, k, after);
            after -= after > 0;
        }
        lua_pop(L, 1);
    }
}

/* ---- strings ---- */

static const char *skip_spaces(const char *s) {
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

static bool read_integer(const char **s, int64_t *out) {
    const char *p = skip_spaces(*s);
    bool negative = *p == '-';
    if (negative || *p == '+')
        p++;
    if (*p < '0' || *p > '9')
        return false;
    int64_t n = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        if (n < INT64_MAX / 10 - 9)
            n = n * 10 + (*p - '0');
    *out = negative ? -n : n;
    *s = skip_spaces(p);
    return true;
}

static bool read_word(const char **s, const char *word) {
    if (**s != *word)
        return false;
    size_t n = strlen(word);
    if (strncmp(*s, word, n) != 0)
        return false;
    *s = skip_spaces(*s + n);
    return true;
}

static bool parse_item(lua_State *L, const tsr_array *a, const char **s, key *k, int after) {
    if (read_word(s, "newaxis") || read_word(s, "None")) {
        add_plain(L, k, TSR_INDEX_NEW);
        return true;
    }
    range r = {.step = 1};
    r.has_from = read_integer(s, &r.from);
    if (**s != ':') {
        if (r.has_from)
            add_position(L, k, r.from, dim_size(L, a, k, after));
        return r.has_from;
    }
    *s = skip_spaces(*s + 1);
    r.has_to = read_integer(s, &r.to);
    if (**s == ':') {
        *s = skip_spaces(*s + 1);
        read_integer(s, &r.step);
    }
    add_range(L, k, &r, dim_size(L, a, k, after));
    return true;
}

/* Dimensions that the items of the text from `s` on consume. */
static int consumed_text(const char *s) {
    int n = 0;
    for (; *s != '\0'; s += *s == ',') {
        s = skip_spaces(s);
        n += strncmp(s, "newaxis", 7) != 0 && strncmp(s, "None", 4) != 0;
        s += strcspn(s, ",");
    }
    return n;
}

static void parse_text(lua_State *L, const tsr_array *a, const char *text, key *k) {
    int after = -1;
    const char *s = skip_spaces(text);
    for (;;) {
        bool fine = true;
        if (read_word(&s, "...")) {
            add_plain(L, k, TSR_INDEX_ELLIPSIS);
            after = consumed_text(*s == ',' ? s + 1 : s);
        } else {
            int used = k->used;
            fine = parse_item(L, a, &s, k, after);
            after -= after > 0 && k->used > used;
        }
        if (!fine || (*s != ',' && *s != '\0'))
            tsrL_fail(L, TSR_EINDEX, 2, "\"%s\" is no index: \"%s\" cannot be read", text, s);
        if (*s == '\0')
            return;
        s = skip_spaces(s + 1);
    }
}

/* ---- keys ---- */

static void parse_key(lua_State *L, const tsr_array *a, int index, key *k) {
    k->count = k->used = 0;
    k->element = true;
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        add_position(L, k, tsrL_integer(L, index), dim_size(L, a, k, -1));
        break;
    case LUA_TTABLE:
        parse_table(L, a, index, k);
        break;
    case LUA_TSTRING:
        parse_text(L, a, lua_tostring(L, index), k);
        break;
    default:
        if (is_marker(L, index, &tsrL_newaxis))
            add_plain(L, k, TSR_INDEX_NEW);
        else if (is_marker(L, index, &tsrL_ellipsis))
            add_plain(L, k, TSR_INDEX_ELLIPSIS);
        else if (tsrL_test(L, index) != NULL)
            tsrL_fail(L, TSR_EUNSUPPORTED, 2, "arrays as indices are not supported");
        else
            tsrL_fail(L, TSR_EINDEX, 2, "a %s is no index", luaL_typename(L, index));
    }
    k->element = k->element && k->used == tsr_array_ndim(a);
}

void tsrL_push_view(lua_State *L, const tsrL_object *o, int count, const tsr_index *items) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_object *view = tsrL_new(L, (tsr_face)o->face);
    view->requires_grad = o->requires_grad;
    TSRL_TRY(L, &err, tsr_view_index(o->cell->array, count, items, &view->cell->array, &err));
}

static void positions(const key *k, int64_t *index) {
    for (int i = 0; i < k->count; i++)
        index[i] = k->items[i].start;
}

int tsrL_get_index(lua_State *L) {
    tsrL_object *o = tsrL_look(L, 1);
    if (tsrL_get_quickly(L, o->cell->array))
        return 1;
    key k;
    parse_key(L, o->cell->array, 2, &k);
    int64_t index[2 * TSR_MAX_DIMS + 1];
    positions(&k, index);
    if (!k.element || !tsrL_push_element(L, o->cell->array, k.count, index))
        tsrL_push_view(L, tsrL_check(L, 1), k.count, k.items);
    return 1;
}

static int assign(lua_State *L, tsrL_object *o, const key *k, int value_index) {
    tsr_error err = TSRL_ERROR;
    tsr_scalar value;
    if (tsr_array_usable(o->cell->array, true, &err) != TSR_OK)
        tsrL_raise(L, &err);
    bool number = tsrL_test_scalar(L, value_index, &value);
    if (tsrL_isnumber(L, value_index))
        tsrL_check_fits(L, &value, tsr_array_dtype(o->cell->array));
    if (number && k->element) {
        int64_t index[2 * TSR_MAX_DIMS + 1];
        positions(k, index);
        if (tsr_array_set(o->cell->array, k->count, index, &value, &err) != TSR_OK)
            tsrL_raise(L, &err);
        return 0;
    }
    tsrL_object *source = NULL;
    if (!number) {
        if (tsrL_test(L, value_index) == NULL && lua_type(L, value_index) != LUA_TTABLE)
            tsrL_type_error(L, value_index, "a number, a boolean, an array or a nested table");
        source = tsrL_toarray(L, value_index, (tsr_face)o->face);
    }
    tsrL_push_view(L, tsrL_check(L, 1), k->count, k->items);
    tsrL_object *target = tsrL_check(L, -1);
    if (number)
        TSRL_TRY(L, &err, tsr_fill(target->cell->array, &value, &err));
    else
        TSRL_TRY(L, &err, tsr_copy(target->cell->array, source->cell->array, &err));
    return 0;
}

int tsrL_set_index(lua_State *L) {
    tsrL_object *o = tsrL_look(L, 1);
    if (tsrL_set_quickly(L, o->cell->array))
        return 0;
    key k;
    parse_key(L, o->cell->array, 2, &k);
    return assign(L, o, &k, 3);
}
