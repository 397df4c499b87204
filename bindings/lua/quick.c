/* The short way of elementwise calls: arrays of one face, or some of them numbers that fit, and
 * nothing else but out=. That is what calls mostly are, and little needs to be read or checked.
 *
 * Operands and out= may be placed arrays (placed.c), and a small result is placed itself. */
#include "quick.h"

typedef struct call {
    tsrL_operation *operation;
    const tsrL_object *object[TSRL_NUMBERS], *to; /* NULL for a number; out= */
    tsr_scalar number[TSRL_NUMBERS];
    tsr_apply_options options;
} call;

tsr_array *tsrL_number_place(tsrL_library *lib, int i, const tsr_scalar *number) {
    tsr_array *place = lib->numbers[i][number->dtype];
    tsr_scalar_store(number->dtype, tsr_array_data(place), number);
    return place;
}

static void find_operands(const call *c, const tsr_array **operands) {
    for (int i = 0; i < c->operation->count; i++)
        operands[i] = c->object[i] != NULL
                          ? c->object[i]->cell->array
                          : tsrL_number_place(c->operation->library, i, &c->number[i]);
}

/* The bytes of a place for a new result, 0 for none. */
static size_t room_of(const call *c) {
    const tsr_array *operands[TSRL_NUMBERS];
    tsr_context *context = c->operation->library->context;
    tsr_do operation = c->operation->operation;
    find_operands(c, operands);
    return (int)operation < TSR_DO_COUNT ? tsr_apply_room(context, operation, operands, &c->options)
                                         : tsr_where_room(context, operands, &c->options);
}

/* One attempt. Arrays are asked for when nothing can run in between. */
static tsr_status attempt(lua_State *L, call *c, tsr_array **result, tsr_error *err) {
    tsrL_library *lib = c->operation->library;
    const tsr_array *operands[TSRL_NUMBERS];
    tsrL_reserve_cell(L, lib);
    c->options.out = c->to != NULL ? c->to->cell->array : NULL;
    find_operands(c, operands);
    switch ((int)c->operation->operation) {
    case TSRL_DO_WHERE:
        return tsr_where(lib->context, operands, &c->options, result, err);
    case TSRL_DO_CLAMP:
        return tsr_limit(lib->context, operands, &c->options, result, err);
    default:
        return tsr_apply(lib->context, c->operation->operation, operands, &c->options, result, err);
    }
}

/* Leaves nothing on the stack but what is on top, in slots that nobody clears after a call: a large
 * operand that nobody else has would stay alive in one. */
static void leave_alone(lua_State *L) {
    int top = lua_gettop(L);
    lua_replace(L, 1);
    lua_settop(L, 1);
    lua_settop(L, top);
    lua_settop(L, 1);
}

/* Pushes a new array of the face of `given`, in a place where there is room for it. */
static void push_new(lua_State *L, call *c, const tsrL_object *given, bool requires_grad) {
    tsr_error err;
    tsrL_no_error(&err);
    tsrL_library *lib = c->operation->library;
    tsr_face face = (tsr_face)given->face;
    size_t bytes = room_of(c);
    c->options.place_bytes = bytes;
    tsrL_object *made =
        bytes > 0 ? tsrL_new_placed(L, face, bytes, &c->options.place) : tsrL_new_in(L, lib, face);
    TSRL_TRY(L, &err, attempt(L, c, &made->cell->array, &err));
    if (bytes > 0 && made->cell->array != c->options.place)
        tsrL_hold(L, lib, made);
    if (bytes == 0)
        leave_alone(L);
    if (requires_grad) {
        char kind = tsr_dtype_describe(tsr_array_dtype(made->cell->array))->kind;
        made->requires_grad = kind == 'f' || kind == 'c';
    }
}

/* Whether the number that operand i is fits the dtype that it meets. */
static bool fits(const call *c, int i) {
    int operation = (int)c->operation->operation;
    int partner = operation == TSRL_DO_CLAMP ? 0 : operation == TSRL_DO_WHERE ? 3 - i : 1 - i;
    if (partner < 0 || partner == i || partner > 2 || c->object[partner] == NULL ||
        operation == TSR_DO_POW)
        return false;
    tsr_dtype dtype = tsr_array_dtype(c->object[partner]->cell->array);
    if (operation != TSRL_DO_CLAMP)
        return tsrL_fits(&c->number[i], dtype);
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    bool integer = info->kind == 'i' || info->kind == 'u';
    return integer ? c->number[i].dtype == TSR_INT64 && tsrL_fits(&c->number[i], dtype)
                   : info->kind == 'f' && info->itemsize > 2;
}

/* What operators are mostly used for: vectors of one kind, as short as a placed result may be. */
static inline bool operate_at_once(lua_State *L, const tsrL_operation *operation) {
    const tsrL_library *lib = operation->library;
    const tsrL_object *x = tsrL_peek(L, 1), *y = operation->count == 1 ? x : tsrL_peek(L, 2);
    if (!tsrL_filled(x) || !tsrL_filled(y) || x->face != y->face || operation->count > 2 ||
        x->requires_grad || y->requires_grad || lib->context == NULL)
        return false;
    const tsr_memo *memo = &operation->memo[x->face];
    tsr_dtype default_float = lib->default_float[x->face];
    size_t room =
        tsr_at_once_room(lib->context, memo, default_float, x->cell->array, y->cell->array);
    if (room == 0)
        return false;
    void *place;
    tsrL_object *made = tsrL_new_placed(L, (tsr_face)x->face, room, &place);
    made->cell->array = tsr_apply_at_once(lib->context, memo, default_float, x->cell->array,
                                          y->cell->array, place, room);
    bool done = made->cell->array != NULL;
    if (!done)
        lua_pop(L, 1);
    return done;
}

/* All that has only arrays of one face, and numbers that fit. */
__attribute__((noinline)) static bool operate(lua_State *L, tsrL_operation *operation, int out) {
    call c;
    c.operation = operation;
    c.options = (tsr_apply_options){.weak = 0};
    const tsrL_object *given = NULL;
    bool requires_grad = false;
    for (int i = 0; i < operation->count; i++) {
        const tsrL_object *o = c.object[i] = tsrL_peek(L, i + 1);
        if (o == NULL) {
            if (lua_type(L, i + 1) != LUA_TNUMBER || !tsrL_test_scalar(L, i + 1, &c.number[i]))
                return false;
            c.options.weak |= 1u << i;
            continue;
        }
        if (!tsrL_filled(o) || (given != NULL && given->face != o->face))
            return false;
        requires_grad = requires_grad || o->requires_grad;
        given = o;
    }
    if (given == NULL || operation->library->context == NULL)
        return false;
    for (int i = 0; c.options.weak >> i != 0; i++)
        if ((c.options.weak >> i & 1) != 0 && !fits(&c, i))
            return false;
    c.options.face = (tsr_face)given->face;
    c.options.default_float = operation->library->default_float[given->face];
    c.options.memo = &operation->memo[given->face];
    c.to = NULL;
    if (out == 0) {
        push_new(L, &c, given, requires_grad);
        return true;
    }
    c.to = tsrL_peek(L, out);
    if (!tsrL_filled(c.to))
        return false;
    tsr_error err;
    tsrL_no_error(&err);
    tsr_array *written = NULL;
    TSRL_TRY(L, &err, attempt(L, &c, &written, &err));
    tsr_array_release(written); /* the object at `out` holds it */
    lua_pushvalue(L, out);
    return true;
}

bool tsrL_operate_quickly(lua_State *L, tsrL_operation *operation, int out) {
    return (out == 0 && operate_at_once(L, operation)) || operate(L, operation, out);
}

bool tsrL_operate_with_out(lua_State *L, tsrL_operation *operation, int top) {
    int count = operation->count;
    if (top == count)
        return tsrL_operate_quickly(L, operation, 0);
    if (top != count + 1 || !tsrL_push_only_out(L, top))
        return false;
    if (tsrL_operate_quickly(L, operation, top + 1))
        return true;
    lua_settop(L, top);
    return false;
}
