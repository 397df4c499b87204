/* ts.fuse(f): a function that does what f does in one pass over the data.
 *
 *     call        ── key: dtype of each argument ── cache ── hit: run the expression
 *                                                     │ miss
 *     tracing         f is called with placeholders; each operation notes a node
 *     compiling       the nodes become an expression of the core (tsr_expression), kept in the
 * cache
 *
 * A placeholder is a tensor or ndarray object without an array, valid while its trace runs:
 * methods, operators and functions reach the same C functions as ever, which call tsrL_trace_...
 * instead. Numbers among the arguments are inputs; numbers and arrays that f knows otherwise become
 * part of the expression. Called with placeholders itself, a fused function is traced through.
 *
 * A call takes out= and where= behind its arguments; one that ends in a reduction also dim=,
 * keepdim=, dtype= and initial=, which stand in for what the reduction was traced with.
 *
 * Traces nest, when f calls another fused function with arrays; the library knows the innermost. */
#include "fuse.h"
#include "ops.h"

#include <string.h>

enum { NODES = 192, INPUTS = 16, REDUCED = -1 };
enum { UP_FUNCTION = TSRL_UPVALUES + 1, UP_CACHE, UP_WIDE, UPVALUES = UP_WIDE };

/* A reduction at the end. */
typedef struct reduction {
    bool is;
    tsr_reduction kind;
    bool keep;
    tsr_dtype dtype;
    int count, node;
    int64_t dims[TSR_MAX_DIMS]; /* counted as in scripts */
} reduction;

struct tsrL_trace {
    struct tsrL_trace *outer;
    uint32_t serial;
    int nodes, inputs, captured;
    tsr_node node[NODES];
    tsr_input input[INPUTS];
    int source[INPUTS];     /* argument, from 1, or -k for captured array k */
    int input_node[INPUTS]; /* of argument i + 1; -1: not used yet */
    tsr_input argument[INPUTS];
    reduction last;
};

/* What the cache holds: an expression and where its inputs come from. */
typedef struct fused {
    tsr_expression *expression;
    int inputs;
    int source[INPUTS];
    reduction last;
} fused;

static const char fused_key = 0;

/* ---- tracing ---- */

static struct tsrL_trace *current(lua_State *L) {
    return tsrL_lib(L)->trace;
}

static tsrL_object *placeholder_at(lua_State *L, int index) {
    tsrL_object *o = tsrL_peek(L, index);
    struct tsrL_trace *t = current(L);
    return o != NULL && t != NULL && o->trace == t->serial ? o : NULL;
}

bool tsrL_traces(lua_State *L, int count) {
    if (current(L) == NULL)
        return false;
    for (int i = 1; i <= count; i++)
        if (placeholder_at(L, i) != NULL)
            return true;
    return false;
}

static int add_node(lua_State *L, struct tsrL_trace *t, const tsr_node *node) {
    if (t->nodes == NODES)
        tsrL_fail(L, TSR_EUNSUPPORTED, 0, "more than %d operations in a fused function",
                  (int64_t)NODES);
    t->node[t->nodes] = *node;
    return t->nodes++;
}

static int add_input(lua_State *L, struct tsrL_trace *t, const tsr_input *input, int source) {
    if (t->inputs == INPUTS)
        tsrL_fail(L, TSR_EUNSUPPORTED, 0, "more than %d inputs of a fused function",
                  (int64_t)INPUTS);
    t->input[t->inputs] = *input;
    t->source[t->inputs++] = source;
    tsr_node node = {.kind = TSR_NODE_INPUT};
    return add_node(L, t, &node);
}

/* An array that f knows from outside: it is kept, and comes in at each call. While the trace runs,
 * the table of those arrays is in the registry under the trace's address. */
static int capture(lua_State *L, int index) {
    struct tsrL_trace *t = current(L);
    tsrL_object *o = tsrL_toarray(L, index, tsrL_face(L));
    index = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, t);
    for (int i = 0, node = 0; i < t->inputs; i++, node++) {
        while (t->node[node].kind != TSR_NODE_INPUT)
            node++;
        if (t->source[i] > 0)
            continue;
        lua_rawgeti(L, -1, -t->source[i]);
        bool same = lua_touserdata(L, -1) == o;
        lua_pop(L, 1);
        if (same) {
            lua_pop(L, 1);
            return node;
        }
    }
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, ++t->captured);
    lua_pop(L, 1);
    tsr_input input = {.dtype = tsr_array_dtype(o->cell->array),
                       .zero_dimensional = tsr_array_ndim(o->cell->array) == 0};
    return add_input(L, t, &input, -t->captured);
}

/* The node of a placeholder. */
static int node_of(lua_State *L, struct tsrL_trace *t, const tsrL_object *o) {
    if (o->node > REDUCED)
        return o->node;
    int argument = -o->node - 1; /* -2 stands for the first */
    int *node = &t->input_node[argument - 1];
    if (*node < 0)
        *node = add_input(L, t, &t->argument[argument - 1], argument);
    return *node;
}

/* The node of the operand at `index`. */
static int operand(lua_State *L, int index) {
    tsrL_object *o = placeholder_at(L, index);
    struct tsrL_trace *t = current(L);
    int type = lua_type(L, index);
    if (o != NULL && o->node == REDUCED)
        tsrL_fail(L, TSR_EUNSUPPORTED, index,
                  "cannot be traced: a reduction is the last step of a fused function");
    if (o != NULL)
        return node_of(L, t, o);
    if (type != LUA_TNUMBER && type != LUA_TBOOLEAN)
        return capture(L, index);
    tsr_node node = {.kind = TSR_NODE_NUMBER};
    tsrL_test_scalar(L, index, &node.number);
    return add_node(L, t, &node);
}

static tsrL_object *push_placeholder(lua_State *L, tsr_face face, int node) {
    tsrL_object *o = tsrL_new(L, face);
    o->trace = current(L)->serial;
    o->node = node;
    return o;
}

/* Torch if one of the operands is a tensor. A number among the arguments has no face. */
static tsr_face face_of(lua_State *L, int count) {
    bool ndarrays = false;
    for (int i = 1; i <= count; i++) {
        const tsrL_object *o = tsrL_peek(L, i);
        if (o != NULL && o->face == TSR_FACE_TORCH)
            return TSR_FACE_TORCH;
        ndarrays = ndarrays || o != NULL;
    }
    return ndarrays ? TSR_FACE_NUMPY : tsrL_face(L);
}

int tsrL_trace_apply(lua_State *L, tsr_do operation) {
    int count = tsr_do_arity(operation);
    tsr_node node = {.kind = TSR_NODE_APPLY, .operation = operation, .face = face_of(L, count)};
    for (int i = 0; i < count; i++)
        node.operands[i] = operand(L, i + 1);
    push_placeholder(L, node.face, add_node(L, current(L), &node));
    return 1;
}

int tsrL_trace_where(lua_State *L) {
    tsr_node node = {.kind = TSR_NODE_WHERE, .face = face_of(L, 3)};
    for (int i = 0; i < 3; i++)
        node.operands[i] = operand(L, i + 1);
    push_placeholder(L, node.face, add_node(L, current(L), &node));
    return 1;
}

int tsrL_trace_convert(lua_State *L, tsr_dtype dtype) {
    tsr_node node = {.kind = TSR_NODE_CONVERT, .dtype = dtype, .face = face_of(L, 1)};
    node.operands[0] = operand(L, 1);
    push_placeholder(L, node.face, add_node(L, current(L), &node));
    return 1;
}

int tsrL_trace_reduce(lua_State *L, tsr_reduction kind, int count, const int64_t *dims, bool keep,
                      tsr_dtype dtype) {
    struct tsrL_trace *t = current(L);
    reduction *last = &t->last;
    int node = operand(L, 1);
    if (last->is)
        tsrL_fail(L, TSR_EUNSUPPORTED, 1, "cannot be traced: there is a reduction already");
    *last = (reduction){true, kind, keep, dtype, count, node, {0}};
    for (int i = 0; i < count; i++)
        last->dims[i] = dims[i];
    push_placeholder(L, face_of(L, 1), REDUCED);
    return 1;
}

static tsr_status compile(lua_State *L, const struct tsrL_trace *t, int last, bool wide,
                          tsr_expression **out, tsr_error *err) {
    tsrL_library *lib = tsrL_lib(L);
    return tsr_expression_new(lib->context, lib->default_float[TSR_FACE_TORCH], wide, t->nodes,
                              last, t->node, t->inputs, t->input, out, err);
}

tsr_dtype tsrL_trace_dtype(lua_State *L) {
    struct tsrL_trace *t = current(L);
    tsr_expression *e;
    tsr_error err = TSRL_ERROR;
    int node = operand(L, 1);
    TSRL_TRY(L, &err, compile(L, t, node, false, &e, &err));
    tsr_dtype dtype = tsr_expression_dtype(e);
    tsr_expression_release(e);
    return dtype;
}

/* ---- making an entry of the cache ---- */

static int fused_gc(lua_State *L) {
    fused *e = lua_touserdata(L, 1);
    tsr_expression_release(e->expression);
    e->expression = NULL;
    return 0;
}

static void push_fused_metatable(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &fused_key);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, fused_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &fused_key);
}

static tsr_input input_of(lua_State *L, int index) {
    tsrL_object *o = tsrL_peek(L, index);
    tsr_input input = {.number = o == NULL};
    if (o == NULL) {
        tsrL_test_scalar(L, index, &input.value);
        input.dtype = input.value.dtype;
    } else {
        input.dtype = tsr_array_dtype(o->cell->array);
        input.zero_dimensional = tsr_array_ndim(o->cell->array) == 0;
    }
    return input;
}

/* Calls f with placeholders for `count` arguments; the result, or the error, is pushed. */
static int call_traced(lua_State *L, struct tsrL_trace *t, int count, int table) {
    tsrL_library *lib = tsrL_lib(L);
    lua_pushvalue(L, table);
    lua_rawsetp(L, LUA_REGISTRYINDEX, t);
    lua_pushvalue(L, lua_upvalueindex(UP_FUNCTION));
    t->outer = lib->trace;
    t->serial = ++lib->traces;
    for (int i = 1; i <= count; i++) {
        const tsrL_object *o = tsrL_peek(L, i);
        tsrL_object *made = tsrL_new(L, o != NULL ? (tsr_face)o->face : face_of(L, count));
        made->trace = t->serial;
        made->node = -i - 1;
    }
    lib->trace = t; /* from here on nothing raises but in the call */
    int status = lua_pcall(L, count, LUA_MULTRET, 0);
    lib->trace = t->outer;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, t);
    return status;
}

/* Traces f, compiles, and pushes the entry, with the captured arrays in the cache under it. */
static fused *make_entry(lua_State *L, int count) {
    struct tsrL_trace t = {.nodes = 0};
    tsr_error err = TSRL_ERROR;
    push_fused_metatable(L);
    fused *e = tsrL_newuserdata(L, sizeof *e);
    *e = (fused){.expression = NULL};
    lua_insert(L, -2);
    lua_setmetatable(L, -2);
    lua_newtable(L);
    int table = lua_gettop(L);
    for (int i = 0; i < count; i++) {
        t.argument[i] = input_of(L, i + 1);
        t.input_node[i] = -1;
    }
    luaL_checkstack(L, count + 8, NULL);
    if (call_traced(L, &t, count, table) != LUA_OK)
        lua_error(L);
    if (lua_gettop(L) != table + 1)
        tsrL_fail(L, TSR_EUNSUPPORTED, 0, "the function returns %d values, not one array",
                  (int64_t)(lua_gettop(L) - table));
    const tsrL_object *result = tsrL_test(L, -1);
    if (result == NULL || result->trace != t.serial)
        tsrL_fail(L, TSR_EUNSUPPORTED, 0,
                  "the function returns a %s that does not depend on its arguments",
                  luaL_typename(L, -1));
    int last = result->node == REDUCED ? t.last.node : node_of(L, &t, result);
    bool wide = lua_toboolean(L, lua_upvalueindex(UP_WIDE));
    TSRL_TRY(L, &err, compile(L, &t, last, wide, &e->expression, &err));
    e->inputs = t.inputs;
    memcpy(e->source, t.source, sizeof e->source);
    e->last = t.last;
    lua_settop(L, table);
    if (t.captured > 0) { /* which the cache must keep */
        lua_pushnil(L);
        lua_setmetatable(L, lua_upvalueindex(UP_CACHE));
    }
    lua_pushvalue(L, -2); /* cache[entry] = captured */
    lua_insert(L, -2);
    lua_rawset(L, lua_upvalueindex(UP_CACHE));
    return e;
}

/* ---- calling ---- */

typedef struct arguments {
    int count, options; /* options: stack index, 0 if there are none */
    tsr_face face;
    bool grad;
    tsr_scalar number[INPUTS];
    char key[INPUTS * 3 + 1];
    size_t bytes; /* of the key */
} arguments;

/* The bits that hold an integer, and its sign: numbers of other sizes fit other dtypes. */
static char size_of(const tsr_scalar *s) {
    if (s->dtype != TSR_INT64)
        return 0;
    uint64_t bits = s->as.i < 0 ? ~(uint64_t)s->as.i : (uint64_t)s->as.i;
    int n = 0;
    for (; bits >> n != 0 && n < 63; n++) {
    }
    return (char)(s->as.i < 0 ? -n - 1 : n);
}

static void read_arguments(lua_State *L, arguments *a) {
    tsrL_library *lib = tsrL_lib(L);
    a->count = lua_gettop(L);
    a->options = a->count > 0 && tsrL_is_options(L, a->count) ? a->count-- : 0;
    if (a->count > INPUTS)
        tsrL_fail(L, TSR_EUNSUPPORTED, 0, "more than %d arguments", (int64_t)INPUTS);
    a->grad = false;
    a->face = face_of(L, a->count);
    a->bytes = 0;
    a->key[a->bytes++] = (char)lib->default_float[TSR_FACE_TORCH];
    for (int i = 1; i <= a->count; i++) {
        int type = lua_type(L, i);
        if (type == LUA_TNUMBER || type == LUA_TBOOLEAN) {
            tsr_scalar *s = &a->number[i - 1];
            tsrL_test_scalar(L, i, s);
            a->key[a->bytes++] = 'n';
            a->key[a->bytes++] = (char)s->dtype;
            a->key[a->bytes++] = size_of(s);
            continue;
        }
        const tsrL_object *o = tsrL_operand(L, i, a->face);
        a->grad = a->grad || o->requires_grad;
        a->key[a->bytes++] = o->face == TSR_FACE_TORCH ? 't' : 'a';
        a->key[a->bytes++] = (char)tsr_array_dtype(o->cell->array);
        a->key[a->bytes++] = tsr_array_ndim(o->cell->array) == 0;
    }
}

/* The entry for these arguments, left on the stack. */
static fused *find_entry(lua_State *L, const arguments *a) {
    lua_pushlstring(L, a->key, a->bytes);
    if (tsrL_rawget(L, lua_upvalueindex(UP_CACHE)) != LUA_TNIL)
        return lua_touserdata(L, -1);
    lua_pop(L, 1);
    fused *e = make_entry(L, a->count);
    lua_pushlstring(L, a->key, a->bytes);
    lua_pushvalue(L, -2);
    lua_rawset(L, lua_upvalueindex(UP_CACHE));
    return e;
}

/* The captured arrays' objects, k from 1. They stay in the cache. */
static void find_captured(lua_State *L, const fused *e, int entry, const tsrL_object **found) {
    bool any = false;
    for (int i = 0; i < e->inputs; i++)
        any = any || e->source[i] < 0;
    if (!any)
        return;
    lua_pushvalue(L, entry);
    lua_rawget(L, lua_upvalueindex(UP_CACHE));
    for (int i = 0; i < e->inputs; i++) {
        if (e->source[i] > 0)
            continue;
        lua_rawgeti(L, -1, -e->source[i]);
        found[i] = tsrL_check(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The options of a call, in their order behind its arguments. */
enum { OUT, WHERE, DIM, KEEP, DTYPE, INITIAL, OPTIONS };

typedef struct options {
    const tsrL_object *out, *where;
    tsr_scalar initial;
    int dims[TSR_MAX_DIMS];
    tsr_reduce_options reduce; /* `out` and `where` are filled in when it runs */
} options;

static const tsrL_object *option(lua_State *L, int index) {
    return lua_isnil(L, index) ? NULL : tsrL_look(L, index);
}

/* Reads the options at stack index `first` on: those of the traced reduction, and those of the call
 * instead, where there are any. */
static void read_options(lua_State *L, const fused *e, tsr_face face, int first, options *o) {
    int64_t given[TSR_MAX_DIMS];
    const int64_t *dims = e->last.dims;
    o->out = option(L, first + OUT);
    o->where = option(L, first + WHERE);
    for (int i = first + DIM; i < first + OPTIONS && !e->last.is; i++)
        if (!lua_isnil(L, i))
            tsrL_fail(L, TSR_EVALUE, 0, "this fused function does not reduce");
    o->reduce = (tsr_reduce_options){.face = face, .count = e->last.count, .dims = o->dims};
    if (!lua_isnil(L, first + DIM)) {
        o->reduce.count = tsrL_reduce_dims(L, first + DIM, face, given);
        dims = given;
    }
    for (int i = 0; i < o->reduce.count; i++)
        o->dims[i] = (int)(dims[i] > 0 ? dims[i] - 1 : dims[i]);
    o->reduce.keep = tsrL_opt_boolean(L, first + KEEP, e->last.keep);
    o->reduce.dtype = tsrL_opt_dtype(L, first + DTYPE, face, e->last.dtype);
    if (!lua_isnil(L, first + INITIAL)) {
        o->initial = tsrL_scalar(L, first + INITIAL);
        o->reduce.initial = &o->initial;
    }
}

static tsr_status run(const fused *e, const arguments *a, const tsrL_object **objects, options *o,
                      tsr_array **result, tsr_error *err) {
    const tsr_array *arrays[INPUTS] = {NULL};
    const tsr_scalar *numbers[INPUTS] = {NULL};
    for (int i = 0; i < e->inputs; i++) {
        arrays[i] = objects[i] != NULL ? objects[i]->cell->array : NULL;
        numbers[i] = e->source[i] > 0 ? &a->number[e->source[i] - 1] : NULL;
    }
    tsr_array *out = o->out != NULL ? o->out->cell->array : NULL;
    const tsr_array *where = o->where != NULL ? o->where->cell->array : NULL;
    if (!e->last.is) {
        tsr_apply_options apply = {.face = a->face, .out = out, .where = where};
        return tsr_expression_run(e->expression, arrays, numbers, &apply, result, err);
    }
    o->reduce.out = out;
    o->reduce.where = where;
    return tsr_expression_reduce(e->expression, e->last.kind, arrays, numbers, &o->reduce, result,
                                 err);
}

/* The function is part of another one: it finds placeholders for all its arguments, as ever. */
static void place_arguments(lua_State *L, int count) {
    tsr_face face = face_of(L, count);
    for (int i = 1; i <= count; i++) {
        const tsrL_object *o = tsrL_peek(L, i);
        if (placeholder_at(L, i) != NULL)
            continue;
        int node = operand(L, i);
        push_placeholder(L, o != NULL ? (tsr_face)o->face : face, node);
        lua_replace(L, i);
    }
}

static int call_fused(lua_State *L) {
    static const char *const names[OPTIONS] = {"out",   "where",  "dim|axis", "keepdim|keepdims",
                                               "dtype", "initial"};
    arguments a;
    options o;
    int top = lua_gettop(L);
    if (tsrL_traces(L, top)) { /* part of another fused function */
        if (tsrL_is_options(L, top))
            tsrL_fail(L, TSR_EUNSUPPORTED, 0, "cannot be traced in a fused function: it writes");
        place_arguments(L, top);
        lua_pushvalue(L, lua_upvalueindex(UP_FUNCTION));
        lua_insert(L, 1);
        lua_call(L, top, LUA_MULTRET);
        return lua_gettop(L);
    }
    read_arguments(L, &a);
    tsrL_bind(L, a.count + 1, OPTIONS, names);
    int entry = lua_gettop(L) + 1;
    const fused *e = find_entry(L, &a);
    read_options(L, e, a.face, a.count + 1, &o);
    const tsrL_object *objects[INPUTS] = {NULL};
    for (int i = 0; i < e->inputs; i++)
        if (e->source[i] > 0)
            objects[i] = tsrL_peek(L, e->source[i]);
    find_captured(L, e, entry, objects);
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, a.face);
    TSRL_TRY(L, &err, run(e, &a, objects, &o, &made->cell->array, &err));
    char kind = tsr_dtype_describe(tsr_array_dtype(made->cell->array))->kind;
    made->requires_grad = a.grad && (kind == 'f' || kind == 'c');
    if (o.out != NULL) {
        tsrL_drop(made);
        lua_pushvalue(L, a.count + 1 + OUT);
    }
    return 1;
}

/* The metatable of caches that keep their expressions until the next collection only: those of
 * functions with a name, which are the library's, so many that all their dtypes would take
 * megabytes and none of them knows arrays. */
static void push_weak_mode(lua_State *L) {
    static const char weak_key = 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &weak_key);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &weak_key);
}

/* fuse(f, {wide}) */
int tsrL_op_fuse(lua_State *L) {
    static const char *const names[] = {"wide", "name"};
    if (lua_type(L, 1) != LUA_TFUNCTION)
        tsrL_type_error(L, 1, "a function");
    tsrL_bind(L, 2, 2, names);
    bool wide = tsrL_opt_boolean(L, 2, false);
    for (int i = 1; i <= TSRL_UPVALUES; i++)
        if (i == TSRL_UP_NAME && lua_type(L, 3) == LUA_TSTRING)
            lua_pushvalue(L, 3);
        else
            lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushvalue(L, 1);
    lua_newtable(L);
    if (lua_type(L, 3) == LUA_TSTRING) {
        push_weak_mode(L);
        lua_setmetatable(L, -2);
    }
    lua_pushboolean(L, wide);
    lua_pushcclosure(L, call_fused, UPVALUES);
    return 1;
}
