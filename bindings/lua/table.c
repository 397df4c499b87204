/* Nested tables to arrays and back.
 *
 * Reading. The shape is read off the first entries: {{1, 2}, {3, 4}} is (2, 2); an array among the
 * entries goes on with its own shape. One pass then visits every entry in order, checks that it has
 * the shape of its place, and stores numbers in cells of 8 bytes. The cells begin as bool and are
 * widened once for integers and once for floats, when the first such entry comes. The result is a
 * conversion of the cells to the wanted dtype. Arrays inside are copied at the end, after their
 * place is known.
 *
 * Writing (tolist) reads the elements through a contiguous int64 or float64 copy, unless the array
 * is that already. */
#include "binding.h"
#include "ops.h"

#include <string.h>

typedef struct reader {
    lua_State *L;
    int ndim, table_ndim; /* dimensions in all, and those that tables make */
    int64_t shape[TSR_MAX_DIMS];
    tsr_dtype cells; /* TSR_BOOL, TSR_INT64 or TSR_FLOAT64 (bool counts as int64 0 and 1) */
    bool arrays;     /* the leaves are arrays */
    tsr_dtype array_dtype;
    tsr_face face;
    union {
        int64_t *i;
        double *f;
    } at, start;
    tsr_array *target; /* of array leaves */
    int64_t place[TSR_MAX_DIMS];
} reader;

static bool is_sequence(lua_State *L, int index) {
    return lua_type(L, index) == LUA_TTABLE;
}

/* Reads the shape off the first entries of the value at `index`. */
static void find_shape(reader *r, int index) {
    lua_State *L = r->L;
    lua_pushvalue(L, index);
    while (is_sequence(L, -1)) {
        if (r->ndim == TSR_MAX_DIMS)
            tsrL_fail(L, TSR_ESHAPE, index, "tables nested deeper than %d", (int64_t)TSR_MAX_DIMS);
        int64_t n = (int64_t)lua_rawlen(L, -1);
        if (n == 0 && tsrL_is_options(L, -1))
            tsrL_fail(L, TSR_EVALUE, index, "a table with names is no array data");
        r->shape[r->ndim++] = n;
        if (n == 0)
            break;
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
    }
    r->table_ndim = r->ndim;
    tsrL_object *o = tsrL_test(L, -1);
    if (tsrL_filled(o)) {
        r->arrays = true;
        r->array_dtype = tsr_array_dtype(o->cell->array);
        if (r->ndim + tsr_array_ndim(o->cell->array) > TSR_MAX_DIMS)
            tsrL_fail(L, TSR_ESHAPE, index, "more than %d dimensions", (int64_t)TSR_MAX_DIMS);
        for (int i = 0; i < tsr_array_ndim(o->cell->array); i++)
            r->shape[r->ndim++] = tsr_array_shape(o->cell->array)[i];
    }
    lua_pop(L, 1);
}

/* "[2][1]": the place of the current entry, for messages. */
static void ragged(reader *r, int depth, const char *found) {
    lua_State *L = r->L;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (int i = 0; i <= depth; i++) {
        lua_pushfstring(L, "[%d]", (int)r->place[i] + 1);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    tsrL_fail(L, TSR_ESHAPE, 0, "ragged table: entry %s is %s, but the first entries make shape %v",
              lua_tostring(L, -1), found, r->ndim, r->shape);
}

static void widen(reader *r, tsr_dtype cells) {
    if (cells == TSR_FLOAT64) {
        int64_t n = r->at.i - r->start.i;
        for (int64_t k = 0; k < n; k++) {
            int64_t i;
            memcpy(&i, r->start.i + k, sizeof i);
            double d = (double)i;
            memcpy(r->start.i + k, &d, sizeof d);
        }
    }
    r->cells = cells;
}

/* The leaf on top of the stack. */
static void read_leaf(reader *r, int depth) {
    lua_State *L = r->L;
    double f = 0;
    int64_t i = 0;
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        if (tsrL_isinteger(L, -1)) {
            i = (int64_t)lua_tointeger(L, -1);
            f = (double)i;
            if (r->cells == TSR_BOOL)
                widen(r, TSR_INT64);
        } else {
            f = lua_tonumber(L, -1);
            if (r->cells != TSR_FLOAT64)
                widen(r, TSR_FLOAT64);
        }
        break;
    case LUA_TBOOLEAN:
        i = lua_toboolean(L, -1);
        f = (double)i;
        break;
    default: {
        tsr_scalar s;
        if (!tsrL_test_scalar(L, -1, &s) || s.dtype == TSR_COMPLEX128 || s.dtype == TSR_UINT64)
            ragged(r, depth, is_sequence(L, -1) ? "a table" : luaL_typename(L, -1));
        i = s.as.i;
        f = s.dtype == TSR_FLOAT64 ? s.as.f : (double)i;
        if (s.dtype > r->cells)
            widen(r, s.dtype);
    }
    }
    if (r->cells == TSR_FLOAT64)
        memcpy(r->at.i, &f, sizeof f);
    else
        *r->at.i = i;
    r->at.i++;
}

static void array_leaf(reader *r, int depth) {
    lua_State *L = r->L;
    tsrL_object *o = tsrL_test(L, -1);
    if (!tsrL_filled(o))
        ragged(r, depth, o != NULL ? "a released array" : luaL_typename(L, -1));
    int rest = r->ndim - r->table_ndim;
    if (tsr_array_ndim(o->cell->array) != rest ||
        memcmp(tsr_array_shape(o->cell->array), r->shape + r->table_ndim,
               (size_t)rest * sizeof(int64_t)) != 0)
        ragged(r, depth, "an array of another shape");
    if (r->target == NULL) { /* first visit: what the arrays have in common */
        r->array_dtype =
            tsr_dtype_promote(r->face, r->array_dtype, tsr_array_dtype(o->cell->array));
        if (o->face == TSR_FACE_TORCH)
            r->face = TSR_FACE_TORCH;
        return;
    }
    tsr_index items[TSR_MAX_DIMS];
    for (int i = 0; i < r->table_ndim; i++)
        items[i] = (tsr_index){TSR_INDEX_AT, r->place[i], 1, 1};
    tsr_error err = TSRL_ERROR;
    tsrL_object *part = tsrL_new(L, r->face);
    TSRL_TRY(L, &err, tsr_view_index(r->target, r->table_ndim, items, &part->cell->array, &err));
    TSRL_TRY(L, &err, tsr_copy(part->cell->array, o->cell->array, &err));
    lua_pop(L, 1);
}

/* The table on top of the stack, which is entry `depth` deep. */
enum { CHECK = 1 << 14 }; /* elements between two looks at the cancel flag */

static void check_interrupted(lua_State *L) {
    tsr_error err = TSRL_ERROR;
    if (tsr_context_interrupted(tsrL_lib(L)->context, &err) != TSR_OK)
        tsrL_raise(L, &err);
}

static void read_table(reader *r, int depth) {
    lua_State *L = r->L;
    if (!is_sequence(L, -1))
        ragged(r, depth - 1, luaL_typename(L, -1));
    int64_t n = (int64_t)lua_rawlen(L, -1);
    if (n != r->shape[depth])
        ragged(r, depth - 1, "a table of another size");
    luaL_checkstack(L, 4, "nested tables");
    for (int64_t i = 0; i < n; i++) {
        if (i % CHECK == 0)
            check_interrupted(L);
        r->place[depth] = i;
        lua_rawgeti(L, -1, (int)(i + 1));
        if (depth + 1 < r->table_ndim)
            read_table(r, depth + 1);
        else if (r->arrays)
            array_leaf(r, depth);
        else
            read_leaf(r, depth);
        lua_pop(L, 1);
    }
}

/* Integers that `dtype` cannot hold are an error, floats are converted. */
static void check_cells(lua_State *L, const reader *r, int64_t size, tsr_dtype dtype) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    bool integral = info->kind == 'i' || info->kind == 'u';
    if (r->cells != TSR_INT64 || !integral || dtype == TSR_INT64)
        return;
    for (int64_t i = 0; i < size; i++) {
        tsr_scalar s = {TSR_INT64, {.i = r->start.i[i]}};
        tsrL_check_fits(L, &s, dtype);
    }
}

static tsrL_object *from_arrays(lua_State *L, int index, reader *r, tsr_dtype dtype) {
    tsr_error err = TSRL_ERROR;
    lua_pushvalue(L, index);
    read_table(r, 0);
    lua_pop(L, 1);
    tsrL_object *made = tsrL_new(L, r->face);
    if (dtype == TSR_DTYPE_COUNT)
        dtype = r->array_dtype;
    TSRL_TRY(L, &err,
             tsr_array_new(tsrL_lib(L)->context, dtype, r->ndim, r->shape, false,
                           &made->cell->array, &err));
    r->target = made->cell->array;
    lua_pushvalue(L, index);
    read_table(r, 0);
    lua_pop(L, 1);
    return made;
}

/* What cells have no room for. */
static tsrL_object *from_unsigned(lua_State *L, const tsr_scalar *value, tsr_face face,
                                  tsr_dtype dtype) {
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, face);
    dtype = dtype == TSR_DTYPE_COUNT ? TSR_UINT64 : dtype;
    TSRL_TRY(L, &err,
             tsr_array_new(tsrL_lib(L)->context, dtype, 0, NULL, false, &made->cell->array, &err));
    TSRL_TRY(L, &err, tsr_array_set(made->cell->array, 0, NULL, value, &err));
    return made;
}

tsrL_object *tsrL_from_value(lua_State *L, int index, tsr_face face, tsr_dtype dtype) {
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err = TSRL_ERROR;
    index = lua_absindex(L, index);
    int type = lua_type(L, index);
    tsr_scalar wide = {.dtype = TSR_INT64};
    if (type != LUA_TTABLE && type != LUA_TNUMBER && type != LUA_TBOOLEAN &&
        !tsrL_test_wide(L, index, &wide))
        tsrL_type_error(L, index, "array data: an array, a number, a boolean or a nested table");
    if (wide.dtype == TSR_UINT64)
        return from_unsigned(L, &wide, face, dtype);
    reader r = {.L = L, .cells = TSR_BOOL, .face = face};
    find_shape(&r, index);
    if (r.arrays)
        return from_arrays(L, index, &r, dtype);
    tsrL_object *made = tsrL_new(L, face);
    tsrL_object *cells = tsrL_new(L, face); /* owns the cells while entries are read */
    TSRL_TRY(
        L, &err,
        tsr_array_new(lib->context, TSR_INT64, r.ndim, r.shape, false, &cells->cell->array, &err));
    r.at.i = r.start.i = tsr_array_data(cells->cell->array);
    int64_t size = tsr_array_size(cells->cell->array);
    lua_pushvalue(L, index);
    if (r.ndim > 0)
        read_table(&r, 0);
    else
        read_leaf(&r, -1);
    lua_pop(L, 1);
    if (size == 0)
        r.cells = TSR_FLOAT64;
    if (dtype == TSR_DTYPE_COUNT)
        dtype = tsrL_default_dtype(lib, face, r.cells);
    check_cells(L, &r, size, dtype);
    if (dtype == TSR_INT64 && r.cells != TSR_FLOAT64) {
        made->cell->array = cells->cell->array;
        cells->cell->array = NULL;
    } else {
        tsr_array *typed = NULL;
        tsr_dtype seen = r.cells == TSR_FLOAT64 ? TSR_FLOAT64 : TSR_INT64;
        TSRL_TRY(L, &err, tsr_view_dtype(cells->cell->array, seen, &typed, &err));
        tsr_array_release(cells->cell->array);
        cells->cell->array = typed;
        TSRL_TRY(L, &err,
                 tsr_clone(lib->context, typed, dtype, TSR_ORDER_C, &made->cell->array, &err));
        tsr_array_release(typed);
        cells->cell->array = NULL;
    }
    lua_pop(L, 1);
    return made;
}

/* ---- shapes as Lua values ---- */

void tsrL_push_shape(lua_State *L, int ndim, const int64_t *sizes, tsr_face face) {
    lua_createtable(L, ndim, 0);
    for (int i = 0; i < ndim; i++) {
        lua_pushinteger(L, (lua_Integer)sizes[i]);
        lua_rawseti(L, -2, i + 1);
    }
    luaL_getmetatable(L, face == TSR_FACE_TORCH ? "tessera.Size" : "tessera.shape");
    lua_setmetatable(L, -2);
}

/* ---- tolist ---- */

static bool is_unsigned64(const tsr_array *a) {
    return tsr_array_dtype(a) == TSR_UINT64;
}

/* Pushes the nested table of dimension `dim` on; *at runs over the contiguous elements. */
static void push_nested(lua_State *L, const tsr_array *a, int dim, const char **at) {
    tsr_dtype dtype = tsr_array_dtype(a);
    int64_t n = tsr_array_shape(a)[dim];
    luaL_checkstack(L, 4, "nested tables");
    lua_createtable(L, n < (1 << 27) ? (int)n : 0, 0);
    for (int64_t i = 0; i < n; i++) {
        if (i % CHECK == 0)
            check_interrupted(L);
        if (dim + 1 < tsr_array_ndim(a)) {
            push_nested(L, a, dim + 1, at);
        } else if (dtype == TSR_FLOAT64) {
            double d;
            memcpy(&d, *at, sizeof d);
            *at += sizeof d;
            lua_pushnumber(L, d);
        } else if (dtype == TSR_INT64 && TSRL_INTEGERS) {
            int64_t whole;
            memcpy(&whole, *at, sizeof whole);
            *at += sizeof whole;
            lua_pushinteger(L, (lua_Integer)whole);
        } else {
            tsr_scalar s = tsr_scalar_load(dtype, *at);
            *at += tsr_array_itemsize(a);
            tsrL_push_scalar(L, &s);
        }
        lua_rawseti(L, -2, (int)(i + 1));
    }
}

/* Complex numbers become 0-dimensional arrays, so they go element by element. */
static void push_complex(lua_State *L, const tsrL_object *o) {
    tsr_error err = TSRL_ERROR;
    const tsr_array *a = o->cell->array;
    if (tsr_array_ndim(a) == 0) {
        tsrL_object *made = tsrL_new(L, (tsr_face)o->face);
        TSRL_TRY(L, &err,
                 tsr_clone(tsrL_lib(L)->context, a, tsr_array_dtype(a), TSR_ORDER_C,
                           &made->cell->array, &err));
        return;
    }
    luaL_checkstack(L, 6, "nested tables");
    lua_newtable(L);
    for (int64_t i = 0; i < tsr_array_shape(a)[0]; i++) {
        tsrL_object *part = tsrL_new(L, (tsr_face)o->face);
        TSRL_TRY(L, &err, tsr_view_select(a, 0, i, &part->cell->array, &err));
        push_complex(L, part);
        lua_rawseti(L, -3, (int)(i + 1));
        lua_pop(L, 1);
    }
}

int tsrL_op_tolist(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    const tsr_array *a = o->cell->array;
    tsr_error err = TSRL_ERROR;
    char kind = tsr_dtype_describe(tsr_array_dtype(a))->kind;
    if (tsr_array_readable(a, &err) != TSR_OK)
        tsrL_raise(L, &err);
    if (kind == 'c') {
        push_complex(L, o);
        return 1;
    }
    if (tsr_array_ndim(a) == 0) {
        tsr_scalar s;
        if (tsr_array_get(a, 0, NULL, &s, &err) != TSR_OK)
            tsrL_raise(L, &err);
        tsrL_push_scalar(L, &s);
        return 1;
    }
    tsr_dtype dtype = (kind == 'b' || is_unsigned64(a)) ? tsr_array_dtype(a)
                      : kind == 'f'                     ? TSR_FLOAT64
                                                        : TSR_INT64;
    tsrL_object *flat = tsrL_new(L, (tsr_face)o->face); /* a copy that nobody else can revoke */
    TSRL_TRY(L, &err,
             tsr_clone(tsrL_lib(L)->context, a, dtype, TSR_ORDER_C, &flat->cell->array, &err));
    const char *at = tsr_array_data(flat->cell->array);
    push_nested(L, flat->cell->array, 0, &at);
    return 1;
}
