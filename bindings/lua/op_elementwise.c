/* Elementwise operations in Lua: functions, methods, in-place methods and operators, all of them
 * one closure over the operation's number. core/ops/elementwise.def names them.
 *
 * A number among the operands is written into a 0-dimensional array that the library keeps for that
 * place and kind, right before the core is called, so that `x + 1` makes no garbage but its result.
 */
#include "elementwise.h"
#include "fuse.h"
#include "quick.h"

#include <string.h>

enum { UP_OPERATION = TSRL_UPVALUES + 1, UPVALUES = UP_OPERATION }; /* a tsrL_operation */
enum { OPERANDS_MOST = 3 };

/* Operands as they came: objects, or numbers. */
typedef struct arguments {
    int count;
    bool scaled; /* number[2] is PyTorch's alpha: y becomes alpha * y */
    tsrL_object *object[OPERANDS_MOST];
    tsr_scalar number[OPERANDS_MOST];
    tsr_apply_options options;
    tsrL_object *out, *where;
} arguments;

static bool is_number(lua_State *L, int index) {
    int type = lua_type(L, index);
    return type == LUA_TNUMBER || type == LUA_TBOOLEAN || type == TSRL_CDATA;
}

/* Reads operands 1 ... count and finds the face: torch if there is a tensor. */
static void read_operands(lua_State *L, arguments *a, int count) {
    bool tensors = false, ndarrays = false;
    *a = (arguments){.count = count};
    for (int i = 0; i < count; i++) {
        if (is_number(L, i + 1)) {
            a->number[i] = tsrL_scalar(L, i + 1);
            a->options.weak |= 1u << i;
            continue;
        }
        bool given = tsrL_peek(L, i + 1) != NULL;
        a->object[i] = tsrL_operand(L, i + 1, tsrL_face(L));
        tensors = tensors || (given && a->object[i]->face == TSR_FACE_TORCH);
        ndarrays = ndarrays || (given && a->object[i]->face == TSR_FACE_NUMPY);
    }
    a->options.face = tensors ? TSR_FACE_TORCH : ndarrays ? TSR_FACE_NUMPY : tsrL_face(L);
    a->options.default_float = tsrL_lib(L)->default_float[a->options.face];
}

static tsrL_object *optional_array(lua_State *L, int index) {
    return lua_isnoneornil(L, index) ? NULL : tsrL_look(L, index);
}

/* On np a number must fit the integer dtype of its partner, which is the next operand or the one
 * before. */
static void check_numbers(lua_State *L, const arguments *a, int first) {
    for (int i = first; i < first + 2 && a->options.face == TSR_FACE_NUMPY; i++) {
        const tsrL_object *partner = a->object[2 * first + 1 - i];
        if (a->object[i] == NULL && partner != NULL)
            tsrL_check_fits(L, &a->number[i], tsr_array_dtype(partner->cell->array));
    }
}

/* One attempt: the numbers are written last, when nothing can run in between. */
static tsr_status attempt(lua_State *L, int operation, arguments *a, tsr_array **result,
                          tsr_error *err) {
    tsrL_library *lib = tsrL_lib(L);
    const tsr_array *operands[OPERANDS_MOST];
    for (int i = 0; i < a->count; i++)
        operands[i] = a->object[i] != NULL ? a->object[i]->cell->array
                                           : tsrL_number_place(lib, i, &a->number[i]);
    a->options.alpha = a->scaled ? tsrL_number_place(lib, 2, &a->number[2]) : NULL;
    a->options.out = a->out != NULL ? a->out->cell->array : NULL;
    a->options.where = a->where != NULL ? a->where->cell->array : NULL;
    if (operation == TSR_DO_COUNT)
        return tsr_where(lib->context, operands, &a->options, result, err);
    return tsr_apply(lib->context, (tsr_do)operation, operands, &a->options, result, err);
}

/* Pushes the result: a new object, or the one at stack index `out`. */
static int push_result(lua_State *L, int operation, arguments *a, int out) {
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, a->options.face);
    for (int i = 0; i < a->count; i++)
        made->requires_grad = made->requires_grad || (a->object[i] && a->object[i]->requires_grad);
    TSRL_TRY(L, &err, attempt(L, operation, a, &made->cell->array, &err));
    char kind = tsr_dtype_describe(tsr_array_dtype(made->cell->array))->kind;
    made->requires_grad = made->requires_grad && (kind == 'f' || kind == 'c');
    if (a->out == NULL)
        return 1;
    tsrL_drop(made);
    lua_pushvalue(L, out);
    return 1;
}

static bool compares(int operation) {
    return operation >= TSR_DO_EQUAL && operation <= TSR_DO_GREATER_EQUAL;
}

/* On np, numbers that the integer dtype of their partner does not hold: compared as what they are,
 * or operands of a function whose result is floating anyway. */
static bool takes_any_number(int operation) {
    return compares(operation) || operation == TSR_DO_LDEXP || operation == TSR_DO_DIVIDE ||
           (operation >= TSR_DO_FLOAT_POWER && operation <= TSR_DO_HEAVISIDE);
}

/* x ^ 2 is x * x, and so on: what the real libraries do with numbers as exponents, torch always, np
 * for the operator. The square root of -inf is NaN and that of -0.0 is -0.0, other than powers. */
static int short_power(tsr_face face, bool operator, tsr_dtype base, const tsr_scalar *number) {
    bool torch = face == TSR_FACE_TORCH, whole = number->dtype == TSR_INT64;
    char kind = tsr_dtype_describe(base)->kind;
    if (!(torch || operator) || (!whole && number->dtype != TSR_FLOAT64) || kind == 'b')
        return TSR_DO_POW;
    double exponent = whole ? (double)number->as.i : number->as.f;
    bool floating = kind == 'f' || kind == 'c';
    if (exponent == 2 && (floating || whole))
        return TSR_DO_SQUARE;
    if (exponent == 0.5 && floating)
        return TSR_DO_SQRT;
    if (exponent == -0.5 && floating && torch)
        return TSR_DO_RSQRT;
    return exponent == -1 && floating ? TSR_DO_RECIPROCAL : TSR_DO_POW;
}

static int with_short_power(int operation, arguments *a, bool operator) {
    if (operation != TSR_DO_POW || a->object[0] == NULL || a->object[1] != NULL)
        return operation;
    operation = short_power(a->options.face, operator, tsr_array_dtype(a->object[0]->cell->array),
                            &a->number[1]);
    if (operation != TSR_DO_POW) {
        a->count = 1;
        a->options.weak = 0;
    }
    return operation;
}

/* The same of a placeholder at 1 and a number at 2. An integer to a negative power is an error here
 * too, as far as that is known now. */
static int traced_power(lua_State *L, int operation, bool operator) {
    tsr_scalar number;
    const tsrL_object *base = tsrL_peek(L, 1);
    if (operation != TSR_DO_POW || base == NULL || !is_number(L, 2))
        return operation;
    tsr_dtype dtype = tsrL_trace_dtype(L);
    tsrL_test_scalar(L, 2, &number);
    char kind = tsr_dtype_describe(dtype)->kind;
    if ((kind == 'i' || kind == 'u') && number.dtype == TSR_INT64 && number.as.i < 0)
        tsrL_fail(L, TSR_EVALUE, 2, "integers to negative integer powers are not allowed");
    return short_power((tsr_face)base->face, operator, dtype, &number);
}

/* The arguments are bound; alpha becomes a product. */
static int trace(lua_State *L, tsr_do operation, int count, bool in_place) {
    if (in_place || !lua_isnil(L, count + 1) || !lua_isnil(L, count + 2))
        tsrL_fail(L, TSR_EUNSUPPORTED, 0, "cannot be traced in a fused function: it writes");
    if (!lua_isnil(L, count + 3)) {
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, count + 3);
        lua_replace(L, 1);
        tsrL_trace_apply(L, TSR_DO_MULTIPLY); /* alpha, y */
        lua_replace(L, 2);
        lua_pop(L, 1);
        lua_replace(L, 1);
    }
    return tsrL_trace_apply(L, (tsr_do)traced_power(L, (int)operation, false));
}

static inline tsrL_operation *operation_of(lua_State *L) {
    return lua_touserdata(L, lua_upvalueindex(UP_OPERATION));
}

/* Functions, methods and methods in place. */
static int apply(lua_State *L, bool in_place) {
    static const char *const names[] = {"out", "where", "alpha"};
    tsrL_operation *row = operation_of(L);
    int operation = (int)row->operation, count = row->count, top = lua_gettop(L);
    if (in_place ? top == count && tsrL_operate_quickly(L, row, 1)
                 : tsrL_operate_with_out(L, row, top))
        return 1;
    arguments a;
    if (top < count)
        tsrL_type_error(L, lua_gettop(L) + 1, "an array or a number");
    tsrL_bind(L, count + 1, 3, names);
    if (tsrL_lib(L)->trace != NULL && tsrL_traces(L, count))
        return trace(L, (tsr_do)operation, count, in_place);
    if (in_place)
        tsrL_look(L, 1);
    read_operands(L, &a, count);
    a.out = in_place ? tsrL_look(L, 1) : optional_array(L, count + 1);
    a.where = optional_array(L, count + 2);
    if (!lua_isnil(L, count + 3)) {
        if (operation != TSR_DO_ADD && operation != TSR_DO_SUBTRACT)
            tsrL_fail(L, TSR_EVALUE, count + 3, "alpha is for add and sub only");
        a.number[2] = tsrL_scalar(L, count + 3);
        a.scaled = true;
    }
    if (count == 2 && !takes_any_number(operation))
        check_numbers(L, &a, 0);
    operation = with_short_power(operation, &a, false);
    return push_result(L, operation, &a, in_place ? 1 : count + 1);
}

static int elementwise(lua_State *L) {
    return apply(L, false);
}

static int elementwise_in_place(lua_State *L) {
    return apply(L, true);
}

/* Operators give both operands, and unary minus its one twice. */
static int operator(lua_State *L) {
    tsrL_operation *row = operation_of(L);
    if (tsrL_operate_quickly(L, row, 0))
        return 1;
    int operation = (int)row->operation, count = row->count;
    arguments a;
    lua_settop(L, count);
    if (tsrL_lib(L)->trace != NULL && tsrL_traces(L, count))
        return tsrL_trace_apply(L, (tsr_do)traced_power(L, operation, true));
    read_operands(L, &a, count);
    if (count == 2 && !takes_any_number(operation))
        check_numbers(L, &a, 0);
    operation = with_short_power(operation, &a, true);
    return push_result(L, operation, &a, 0);
}

/* where(condition, x, y) */
int tsrL_op_where(lua_State *L) {
    static const char *const names[] = {"out"};
    arguments a;
    int top = lua_gettop(L);
    if (tsrL_operate_with_out(L, &tsrL_lib(L)->operations[TSRL_DO_WHERE], top))
        return 1;
    if (top < 3)
        tsrL_fail(L, TSR_EVALUE, 0, "takes condition, x and y");
    tsrL_bind(L, 4, 1, names);
    if (tsrL_lib(L)->trace != NULL && tsrL_traces(L, 3)) {
        if (!lua_isnil(L, 4))
            tsrL_fail(L, TSR_EUNSUPPORTED, 0, "cannot be traced in a fused function: it writes");
        return tsrL_trace_where(L);
    }
    read_operands(L, &a, 3);
    check_numbers(L, &a, 1);
    a.out = optional_array(L, 4);
    return push_result(L, TSR_DO_COUNT, &a, 4);
}

/* ---- registering ---- */

static void push_closure(lua_State *L, lua_CFunction f, int operation, const char *name, size_t n,
                         tsr_face face) {
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_NDARRAY));
    lua_pushvalue(L, lua_upvalueindex(TSRL_UP_TENSOR));
    lua_pushlstring(L, name, n);
    lua_pushinteger(L, face);
    tsrL_library *lib = lua_touserdata(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    lua_pushlightuserdata(L, &lib->operations[operation]);
    lua_pushcclosure(L, f, UPVALUES);
}

/* table[name .. suffix] = the operation */
static void place(lua_State *L, int table, int operation, const char *name, size_t n,
                  const char *suffix, tsr_face face) {
    lua_pushlstring(L, name, n);
    lua_pushstring(L, suffix);
    lua_concat(L, 2);
    size_t length;
    const char *full = lua_tolstring(L, -1, &length);
    lua_CFunction f = suffix[0] == '\0' ? elementwise : elementwise_in_place;
    push_closure(L, f, operation, full, length, face);
    lua_rawset(L, table);
}

static const char *const words_of[] = {
#define TSR_ELEMENTWISE(NAME, arity, rule, kernel, names, doc) names,
#include "ops/elementwise.def"
};

static bool starts(const char *word, const char *prefix) {
    return strncmp(word, prefix, strlen(prefix)) == 0;
}

void tsrL_add_elementwise(lua_State *L, int functions, int methods, tsr_face face) {
    const char *other = face == TSR_FACE_TORCH ? "np:" : "torch:";
    const char *mine = face == TSR_FACE_TORCH ? "torch:" : "np:";
    for (int op = 0; op < TSR_DO_COUNT; op++)
        for (const char *word = words_of[op]; *word != '\0';) {
            size_t n = strcspn(word, " "), skip = starts(word, mine) ? strlen(mine) : 0;
            if (!starts(word, other) && !starts(word, "core:")) {
                place(L, functions, op, word + skip, n - skip, "", face);
                place(L, methods, op, word + skip, n - skip, "", face);
                if (face == TSR_FACE_TORCH)
                    place(L, methods, op, word + skip, n - skip, "_", face);
            }
            word += n + (word[n] == ' ');
        }
}

void tsrL_add_core_elementwise(lua_State *L, int core) {
    for (int op = 0; op < TSR_DO_COUNT; op++) {
        const char *word = strstr(words_of[op], "core:");
        if (word != NULL)
            place(L, core, op, word + 5, strcspn(word + 5, " "), "", TSR_FACE_NUMPY);
    }
}

/* The events of operators; the metatable is on top. */
void tsrL_add_operators(lua_State *L, tsr_face face) {
    static const struct {
        const char *event, *name;
        int operation;
    } rows[] = {{"__add", "+", TSR_DO_ADD},
                {"__sub", "-", TSR_DO_SUBTRACT},
                {"__mul", "*", TSR_DO_MULTIPLY},
                {"__div", "/", TSR_DO_DIVIDE},
                {"__idiv", "//", TSR_DO_FLOOR_DIVIDE},
                {"__mod", "%", TSR_DO_REMAINDER},
                {"__pow", "^", TSR_DO_POW},
                {"__unm", "unary -", TSR_DO_NEGATIVE},
                {"__band", "&", TSR_DO_BITWISE_AND},
                {"__bor", "|", TSR_DO_BITWISE_OR},
                {"__bxor", "~", TSR_DO_BITWISE_XOR},
                {"__shl", "<<", TSR_DO_LEFT_SHIFT},
                {"__shr", ">>", TSR_DO_RIGHT_SHIFT},
                {"__bnot", "unary ~", TSR_DO_BITWISE_NOT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        push_closure(L, operator, rows[i].operation, rows[i].name, strlen(rows[i].name), face);
        lua_setfield(L, -2, rows[i].event);
    }
}
