/* Functions that copy values: fill, assignment, clones, conversions, joins. */
#include "fuse.h"
#include "ops.h"
#include "view.h"

#include <string.h>

static void must_write(lua_State *L, const tsrL_object *o) {
    tsr_error err = TSRL_ERROR;
    if (tsr_array_usable(o->cell->array, true, &err) != TSR_OK)
        tsrL_raise_argument(L, &err, 1);
}

/* ---- in place ---- */

static int fill(lua_State *L, const tsr_scalar *value) {
    tsrL_object *o = tsrL_look(L, 1);
    tsr_error err = TSRL_ERROR;
    must_write(L, o);
    if (tsrL_isnumber(L, 2))
        tsrL_check_fits(L, value, tsr_array_dtype(o->cell->array));
    TSRL_TRY(L, &err, tsr_fill(o->cell->array, value, &err));
    lua_settop(L, 1);
    return 1;
}

int tsrL_op_fill(lua_State *L) {
    tsrL_look(L, 1);
    tsr_scalar value = tsrL_scalar(L, 2);
    return fill(L, &value);
}

int tsrL_op_zero(lua_State *L) {
    tsr_scalar value = {TSR_INT64, {.i = 0}};
    return fill(L, &value);
}

/* t:copy_(source), np.copyto(destination, source) */
int tsrL_op_assign(lua_State *L) {
    static const char *const names[] = {"src|source", "non_blocking"};
    tsrL_object *o = tsrL_look(L, 1);
    tsr_error err = TSRL_ERROR;
    tsrL_bind(L, 2, 2, names);
    must_write(L, o);
    tsr_scalar value;
    if (tsrL_isnumber(L, 2) && tsrL_test_scalar(L, 2, &value))
        tsrL_check_fits(L, &value, tsr_array_dtype(o->cell->array));
    tsrL_object *source = tsrL_operand(L, 2, (tsr_face)o->face);
    TSRL_TRY(L, &err, tsr_copy(o->cell->array, source->cell->array, &err));
    lua_settop(L, 1);
    return 1;
}

/* t:resize_(sizes): only for an array that alone has its storage. */
int tsrL_op_resize(lua_State *L) {
    tsrL_object *o = tsrL_check(L, 1);
    int64_t shape[TSR_MAX_DIMS];
    int next;
    int ndim = tsrL_sizes(L, 2, false, shape, &next);
    if (next == 2)
        tsrL_type_error(L, 2, "sizes");
    tsrL_bind(L, next, 0, NULL);
    tsr_error err = TSRL_ERROR;
    must_write(L, o);
    tsr_array *before = o->cell->array;
    TSRL_TRY(L, &err, tsr_array_resize(&o->cell->array, ndim, shape, &err));
    if (o->cell->array != before) { /* at most once: the new one has room for any shape */
        tsr_array_vacate(before, tsrL_lib(L)->nothing);
        o->cell->former = before;
    }
    lua_settop(L, 1);
    return 1;
}

/* ---- clones and conversions ---- */

/* What is to be cloned, and where the clone may be placed. */
typedef struct cloning {
    const tsrL_object *object;
    tsr_dtype dtype;
    tsr_order order;
    void *place;
    size_t bytes;
} cloning;

/* One attempt; the array is asked for when nothing can run in between. */
static tsr_status attempt(lua_State *L, tsrL_library *lib, const cloning *c, tsr_array **out,
                          tsr_error *err) {
    tsrL_reserve_cell(L, lib);
    return tsr_clone_at(lib->context, c->object->cell->array, c->dtype, c->order, c->place,
                        c->bytes, out, err);
}

/* The object's array may be placed, and so may the clone's. */
static tsrL_object *push_clone(lua_State *L, const tsrL_object *o, tsr_dtype dtype,
                               tsr_order order) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_library *lib = tsrL_lib(L);
    const tsr_array *a = o->cell->array;
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    bool keep = order == TSR_ORDER_KEEP && o->face == TSR_FACE_TORCH;
    cloning c = {.object = o, .dtype = dtype, .order = keep ? TSR_ORDER_TORCH : order};
    c.bytes = tsr_clone_room(lib->context, a, dtype, c.order);
    tsrL_object *made = c.bytes > 0 ? tsrL_new_placed(L, (tsr_face)o->face, c.bytes, &c.place)
                                    : tsrL_new_in(L, lib, (tsr_face)o->face);
    TSRL_TRY(L, &err, attempt(L, lib, &c, &made->cell->array, &err));
    if (c.bytes > 0 && made->cell->array != c.place)
        tsrL_hold(L, lib, made);
    made->requires_grad = o->requires_grad && (info->kind == 'f' || info->kind == 'c');
    return made;
}

/* t:clone() keeps the order of dimensions, a:copy() makes it row-major. */
int tsrL_op_clone(lua_State *L) {
    static const char *const names[] = {"order|memory_format"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 1, names);
    tsr_order order = o->face == TSR_FACE_TORCH ? TSR_ORDER_KEEP : TSR_ORDER_C;
    push_clone(L, o, tsr_array_dtype(o->cell->array), tsrL_opt_order(L, 2, order, o->cell->array));
    return 1;
}

int tsrL_op_contiguous(lua_State *L) {
    tsrL_object *o = tsrL_self(L);
    if (tsr_array_is_contiguous(o->cell->array)) {
        lua_settop(L, 1);
        return 1;
    }
    tsr_context_count_copy(tsrL_lib(L)->context);
    push_clone(L, o, tsr_array_dtype(o->cell->array), TSR_ORDER_C);
    return 1;
}

static int cast(lua_State *L, tsrL_object *o, tsr_dtype dtype, tsrL_copy copy, tsr_order order,
                bool any_order) {
    bool same =
        dtype == tsr_array_dtype(o->cell->array) && !tsr_array_is_swapped(o->cell->array) &&
        (any_order || (order == TSR_ORDER_F ? tsr_array_is_fortran_contiguous(o->cell->array)
                                            : tsr_array_is_contiguous(o->cell->array)));
    if (same && copy != TSRL_COPY_ALWAYS) {
        lua_settop(L, 1);
        return 1;
    }
    if (copy == TSRL_COPY_NEVER)
        tsrL_fail(L, TSR_EVALUE, 1, "%t to %t needs a copy", (int)tsr_array_dtype(o->cell->array),
                  (int)dtype);
    push_clone(L, o, dtype, order);
    return 1;
}

/* a:astype(dtype, {copy = true, order = "K", casting = "unsafe"}) */
int tsrL_op_astype(lua_State *L) {
    static const char *const names[] = {"dtype", "order", "casting", "copy", "device"};
    tsrL_object *o = tsrL_peek(L, 1);
    if (lua_gettop(L) == 2 && lua_type(L, 2) != LUA_TTABLE && tsrL_filled(o)) { /* most calls */
        push_clone(L, o, tsrL_dtype(L, 2, (tsr_face)o->face), TSR_ORDER_KEEP);
        return 1;
    }
    if (tsrL_traces(L, 1))
        return tsrL_trace_convert(L, tsrL_dtype(L, 2, tsrL_face(L)));
    o = tsrL_self(L);
    tsrL_bind(L, 2, 5, names);
    tsr_dtype dtype = tsrL_dtype(L, 2, (tsr_face)o->face);
    tsr_order order = tsrL_opt_order(L, 3, TSR_ORDER_KEEP, o->cell->array);
    bool any_order = lua_isnil(L, 3) || strcmp(lua_tostring(L, 3), "K") == 0;
    tsr_casting casting = tsrL_opt_casting(L, 4, TSR_CAST_UNSAFE);
    bool copy = tsrL_opt_boolean(L, 5, true);
    if (!tsr_dtype_can_cast(tsr_array_dtype(o->cell->array), dtype, casting))
        tsrL_fail(L, TSR_EDTYPE, 2, "%t to %t is not allowed by casting = \"%s\"",
                  (int)tsr_array_dtype(o->cell->array), (int)dtype, lua_tostring(L, 4));
    return cast(L, o, dtype, copy ? TSRL_COPY_ALWAYS : TSRL_COPY_IF_NEEDED, order, any_order);
}

/* t:to(dtype), t:to(other), t:to("cpu", dtype), with {copy, non_blocking}: t itself where nothing
 * changes. */
int tsrL_op_to(lua_State *L) {
    static const char *const names[] = {"dtype", "non_blocking", "copy", "memory_format", "device"};
    if (tsrL_traces(L, 1))
        return tsrL_trace_convert(L, tsrL_dtype(L, 2, tsrL_face(L)));
    tsrL_object *o = tsrL_self(L);
    tsrL_object *other = tsrL_test(L, 2);
    tsr_dtype dtype = tsr_array_dtype(o->cell->array);
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "cpu") == 0)
        lua_remove(L, 2);
    tsrL_bind(L, 2, 5, names);
    if (other != NULL)
        dtype = tsr_array_dtype(tsrL_check(L, 2)->cell->array);
    else
        dtype = tsrL_opt_dtype(L, 2, (tsr_face)o->face, dtype);
    tsrL_opt_boolean(L, 3, false);
    bool copy = tsrL_opt_boolean(L, 4, false);
    tsr_order order = tsrL_opt_order(L, 5, TSR_ORDER_KEEP, o->cell->array);
    if (!lua_isnil(L, 6) &&
        (lua_type(L, 6) != LUA_TSTRING || strcmp(lua_tostring(L, 6), "cpu") != 0))
        tsrL_fail(L, TSR_EUNSUPPORTED, 6, "the only device is \"cpu\"");
    return cast(L, o, dtype, copy ? TSRL_COPY_ALWAYS : TSRL_COPY_IF_NEEDED, order, true);
}

/* t:type(): the tensor type's name; t:type(dtype or name): a conversion. */
int tsrL_op_type(lua_State *L) {
    static const char *const types[TSR_DTYPE_COUNT] = {
        "BoolTensor",   "ByteTensor",         "CharTensor",         "ShortTensor",
        "UInt16Tensor", "IntTensor",          "UInt32Tensor",       "LongTensor",
        "UInt64Tensor", "HalfTensor",         "BFloat16Tensor",     "FloatTensor",
        "DoubleTensor", "ComplexFloatTensor", "ComplexDoubleTensor"};
    tsrL_object *o = tsrL_self(L);
    if (lua_isnoneornil(L, 2)) {
        lua_pushfstring(L, "torch.%s", types[tsr_array_dtype(o->cell->array)]);
        return 1;
    }
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *word = lua_tostring(L, 2);
        if (strncmp(word, "torch.", 6) == 0)
            word += 6;
        for (int d = 0; d < TSR_DTYPE_COUNT; d++)
            if (strcmp(types[d], word) == 0)
                return cast(L, o, (tsr_dtype)d, TSRL_COPY_IF_NEEDED, TSR_ORDER_KEEP, true);
        lua_pushstring(L, word);
        lua_replace(L, 2);
    }
    return cast(L, o, tsrL_dtype(L, 2, (tsr_face)o->face), TSRL_COPY_IF_NEEDED, TSR_ORDER_KEEP,
                true);
}

/* t:float(), t:int(), ...: the dtype that the method is called. */
int tsrL_op_shorthand(lua_State *L) {
    tsr_dtype dtype = TSR_FLOAT32;
    tsr_dtype_parse(TSR_FACE_TORCH, lua_tostring(L, lua_upvalueindex(TSRL_UP_NAME)), &dtype);
    if (tsrL_traces(L, 1))
        return tsrL_trace_convert(L, dtype);
    tsrL_object *o = tsrL_self(L);
    return cast(L, o, dtype, TSRL_COPY_IF_NEEDED, TSR_ORDER_KEEP, true);
}

int tsrL_op_tobytes(lua_State *L) {
    static const char *const names[] = {"order"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 1, names);
    tsrL_object *flat = push_clone(L, o, tsr_array_dtype(o->cell->array),
                                   tsrL_opt_order(L, 2, TSR_ORDER_C, o->cell->array));
    tsr_error err = TSRL_ERROR;
    if (tsr_array_readable(flat->cell->array, &err) != TSR_OK)
        tsrL_raise(L, &err);
    lua_pushlstring(L, tsr_array_data(flat->cell->array),
                    (size_t)tsr_array_size(flat->cell->array) *
                        tsr_array_itemsize(flat->cell->array));
    return 1;
}

/* ---- joins ---- */

typedef struct parts {
    int count;
    tsr_array **arrays; /* in a userdata of Lua's, borrowed from the objects in the table */
    tsr_dtype dtype;
    tsr_face face;
} parts;

/* The table of arrays at `index`: converts its entries where needed (in a table of its own, which
 * then takes the place at `index`) and finds dtype and face. */
static parts read_parts(lua_State *L, int index, tsr_dtype dtype) {
    parts p = {.face = tsrL_face(L), .dtype = TSR_DTYPE_COUNT};
    if (tsrL_test(L, index) != NULL) { /* an array stands for its items along the first dimension */
        tsrL_object *whole = tsrL_check(L, index);
        int ndim = tsr_array_ndim(whole->cell->array);
        if (ndim == 0)
            tsrL_fail(L, TSR_ESHAPE, index, "a 0-dimensional array holds no arrays");
        tsr_error err = TSRL_ERROR;
        lua_newtable(L);
        for (int64_t i = 0; i < tsr_array_shape(whole->cell->array)[0]; i++) {
            tsrL_object *item = tsrL_new(L, (tsr_face)whole->face);
            TSRL_TRY(L, &err, tsr_view_select(whole->cell->array, 0, i, &item->cell->array, &err));
            lua_rawseti(L, -2, (int)i + 1);
        }
        lua_replace(L, index);
    }
    if (lua_type(L, index) != LUA_TTABLE)
        tsrL_type_error(L, index, "a table of arrays");
    size_t n = lua_rawlen(L, index);
    if (n == 0 || n > INT32_MAX / 2)
        tsrL_fail(L, TSR_EVALUE, index, "needs at least one array");
    p.count = (int)n;
    lua_createtable(L, p.count, 0);
    int own = lua_gettop(L);
    p.arrays = tsrL_newuserdata(L, n * sizeof *p.arrays);
    lua_rawseti(L, own, 0);
    tsr_face face = TSR_FACE_NUMPY;
    for (int i = 0; i < p.count; i++) {
        lua_rawgeti(L, index, i + 1);
        bool given = tsrL_test(L, -1) != NULL;
        tsrL_object *o = tsrL_toarray(L, -1, p.face);
        if (given && o->face == TSR_FACE_TORCH)
            face = TSR_FACE_TORCH;
        if (given)
            o = tsrL_check(L, -1);
        p.arrays[i] = o->cell->array;
        lua_rawseti(L, own, i + 1);
    }
    if (face == TSR_FACE_TORCH)
        p.face = face;
    uint32_t dtypes = 0;
    for (int i = 0; i < p.count; i++)
        dtypes |= 1u << tsr_array_dtype(p.arrays[i]);
    p.dtype = dtype != TSR_DTYPE_COUNT ? dtype : tsr_dtype_promote_set(p.face, dtypes);
    lua_replace(L, index);
    return p;
}

/* The result of a join goes into out= when that is given. */
static int deliver(lua_State *L, int out) {
    if (lua_isnoneornil(L, out))
        return 1;
    tsrL_object *target = tsrL_check(L, out), *made = tsrL_check(L, -1);
    tsr_error err = TSRL_ERROR;
    const tsr_array *a = target->cell->array, *b = made->cell->array;
    if (tsr_array_ndim(a) != tsr_array_ndim(b) ||
        memcmp(tsr_array_shape(a), tsr_array_shape(b),
               (size_t)tsr_array_ndim(a) * sizeof(int64_t)) != 0)
        tsrL_fail(L, TSR_ESHAPE, out, "out has shape %v, the result %v", tsr_array_ndim(a),
                  tsr_array_shape(a), tsr_array_ndim(b), tsr_array_shape(b));
    must_write(L, target);
    TSRL_TRY(L, &err, tsr_copy(target->cell->array, made->cell->array, &err));
    lua_pushvalue(L, out);
    return 1;
}

static bool all_numbers(lua_State *L, int index) {
    size_t n = lua_rawlen(L, index);
    for (size_t i = 1; i <= n; i++) {
        lua_rawgeti(L, index, (int)i);
        bool number = lua_type(L, -1) == LUA_TNUMBER;
        lua_pop(L, 1);
        if (!number)
            return false;
    }
    return n > 0;
}

/* cat(arrays, dim): along an existing dimension. np.concatenate(arrays, {axis = false}) joins
 * flattened ones. */
int tsrL_op_concatenate(lua_State *L) {
    static const char *const names[] = {"dim|axis", "out", "dtype"};
    tsrL_bind(L, 2, 3, names);
    tsr_error err = TSRL_ERROR;
    tsr_dtype dtype = tsrL_opt_dtype(L, 4, tsrL_face(L), TSR_DTYPE_COUNT);
    if (lua_type(L, 1) == LUA_TTABLE && all_numbers(L, 1))
        tsrL_type_error(L, 1, "a table of arrays");
    parts p = read_parts(L, 1, dtype);
    bool flat = lua_type(L, 2) == LUA_TBOOLEAN && !lua_toboolean(L, 2);
    for (int i = 0; flat && i < p.count; i++) {
        int64_t size = tsr_array_size(p.arrays[i]);
        tsrL_object *line = tsrL_new(L, p.face);
        TSRL_TRY(L, &err,
                 tsr_clone(tsrL_lib(L)->context, p.arrays[i], tsr_array_dtype(p.arrays[i]),
                           TSR_ORDER_C, &line->cell->array, &err));
        tsr_array *made = NULL;
        TSRL_TRY(L, &err, tsr_view_reshape(line->cell->array, 1, &size, &made, &err));
        tsr_array_release(line->cell->array);
        line->cell->array = p.arrays[i] = made;
        lua_rawseti(L, 1, i + 1);
    }
    int ndim = tsr_array_ndim(p.arrays[0]);
    int dim = (flat || lua_isnil(L, 2)) ? 0 : tsrL_dim(L, 2, ndim);
    tsrL_object *made = tsrL_new(L, p.face);
    TSRL_TRY(L, &err,
             tsr_concatenate(tsrL_lib(L)->context, p.count, p.arrays, dim, p.dtype,
                             &made->cell->array, &err));
    return deliver(L, 3);
}

/* stack(arrays, dim): along a new dimension. */
int tsrL_op_stack(lua_State *L) {
    static const char *const names[] = {"dim|axis", "out", "dtype"};
    tsrL_bind(L, 2, 3, names);
    tsr_error err = TSRL_ERROR;
    tsr_dtype dtype = tsrL_opt_dtype(L, 4, tsrL_face(L), TSR_DTYPE_COUNT);
    parts p = read_parts(L, 1, dtype);
    int ndim = tsr_array_ndim(p.arrays[0]);
    int dim = lua_isnil(L, 2) ? 0 : tsrL_dim(L, 2, ndim + 1);
    for (int i = 0; i < p.count; i++) {
        const tsr_array *a = p.arrays[i], *first = p.arrays[0];
        if (i > 0 &&
            (tsr_array_ndim(a) != ndim || memcmp(tsr_array_shape(a), tsr_array_shape(first),
                                                 (size_t)ndim * sizeof(int64_t)) != 0))
            tsrL_fail(L, TSR_ESHAPE, 1, "all shapes must be equal: %v and %v", ndim,
                      tsr_array_shape(first), tsr_array_ndim(a), tsr_array_shape(a));
    }
    for (int i = 0; i < p.count; i++) {
        tsrL_object *deeper = tsrL_new(L, p.face);
        TSRL_TRY(L, &err, tsr_view_unsqueeze(p.arrays[i], dim, &deeper->cell->array, &err));
        p.arrays[i] =
            deeper->cell
                ->array; /* the table keeps it alive; entry 1 was needed for the shape only */
        lua_rawseti(L, 1, i + 1);
    }
    tsrL_object *made = tsrL_new(L, p.face);
    TSRL_TRY(L, &err,
             tsr_concatenate(tsrL_lib(L)->context, p.count, p.arrays, dim, p.dtype,
                             &made->cell->array, &err));
    return deliver(L, 3);
}

/* ---- repetition, triangles ---- */

/* The list of counts at `index` becomes an int64 array, also where Lua's numbers are all floating.
 */
static void counts_from_table(lua_State *L, int index, tsr_face face) {
    size_t n = lua_rawlen(L, index);
    int64_t count;
    for (size_t i = 1; i <= n; i++) {
        lua_rawgeti(L, index, (int)i);
        if (!tsrL_tointeger(L, -1, &count))
            tsrL_fail(L, TSR_EVALUE, index, "entry %d of the counts is a %s, not an integer",
                      (int64_t)i, luaL_typename(L, -1));
        lua_pop(L, 1);
    }
    tsrL_from_value(L, index, face, TSR_INT64);
    lua_replace(L, index);
}

/* np.repeat(a, repeats, axis), torch.repeat_interleave(t, repeats, dim): without a dimension the
 * array is flattened. */
int tsrL_op_repeat(lua_State *L) {
    static const char *const names[] = {"repeats", "dim|axis", "output_size"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 3, names);
    tsr_error err = TSRL_ERROR;
    if (lua_isnil(L, 3)) {
        int64_t size = tsr_array_size(o->cell->array);
        tsrL_object *line = tsrL_new(L, (tsr_face)o->face);
        TSRL_TRY(L, &err,
                 tsr_clone(tsrL_lib(L)->context, o->cell->array, tsr_array_dtype(o->cell->array),
                           TSR_ORDER_C, &line->cell->array, &err));
        tsr_array *made = NULL;
        TSRL_TRY(L, &err, tsr_view_reshape(line->cell->array, 1, &size, &made, &err));
        tsr_array_release(line->cell->array);
        line->cell->array = made;
        o = line;
    }
    int ndim = tsr_array_ndim(o->cell->array), dim = lua_isnil(L, 3) ? 0 : tsrL_dim(L, 3, ndim);
    const int64_t *counts = NULL;
    int64_t times = 0;
    if (lua_type(L, 2) == LUA_TNUMBER) {
        times = tsrL_integer(L, 2);
    } else {
        if (lua_type(L, 2) == LUA_TTABLE)
            counts_from_table(L, 2, (tsr_face)o->face);
        tsrL_object *c = tsrL_toarray(L, 2, (tsr_face)o->face),
                    *exact = tsrL_new(L, (tsr_face)o->face);
        char kind = tsr_dtype_describe(tsr_array_dtype(c->cell->array))->kind;
        if ((kind != 'i' && kind != 'u') || tsr_array_ndim(c->cell->array) > 1)
            tsrL_type_error(L, 2, "an integer or a 1-dimensional integer array");
        TSRL_TRY(L, &err,
                 tsr_clone(tsrL_lib(L)->context, c->cell->array, TSR_INT64, TSR_ORDER_C,
                           &exact->cell->array, &err));
        if (tsr_array_readable(exact->cell->array, &err) != TSR_OK)
            tsrL_raise(L, &err);
        counts = tsr_array_data(exact->cell->array);
        if (tsr_array_size(exact->cell->array) == 1) {
            times = counts[0];
            counts = NULL;
        } else if (tsr_array_size(exact->cell->array) != tsr_array_shape(o->cell->array)[dim])
            tsrL_fail(L, TSR_ESHAPE, 2, "%d counts for %d elements",
                      tsr_array_size(exact->cell->array), tsr_array_shape(o->cell->array)[dim]);
    }
    tsrL_object *made = tsrL_new(L, (tsr_face)o->face);
    TSRL_TRY(L, &err,
             tsr_repeat(tsrL_lib(L)->context, o->cell->array, dim, counts, times,
                        &made->cell->array, &err));
    return 1;
}

static int triangle(lua_State *L, bool upper) {
    static const char *const names[] = {"diagonal|k"};
    tsrL_object *o = tsrL_self(L);
    tsrL_bind(L, 2, 1, names);
    int64_t k = tsrL_opt_integer(L, 2, 0);
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, (tsr_face)o->face);
    TSRL_TRY(
        L, &err,
        tsr_triangle(tsrL_lib(L)->context, o->cell->array, upper, k, &made->cell->array, &err));
    return 1;
}

int tsrL_op_tril(lua_State *L) {
    return triangle(L, false);
}

int tsrL_op_triu(lua_State *L) {
    return triangle(L, true);
}
