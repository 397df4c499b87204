/* New arrays: from values, by shape, by formula. */
#include "binding.h"
#include "ops.h"

#include <math.h>
#include <string.h>

/* ---- options that every creating function takes ---- */

static void check_device(lua_State *L, int argument) {
    if (lua_isnoneornil(L, argument))
        return;
    if (lua_type(L, argument) != LUA_TSTRING || strcmp(lua_tostring(L, argument), "cpu") != 0)
        tsrL_fail(L, TSR_EUNSUPPORTED, argument, "the only device is \"cpu\"");
}

static void mark_gradient(lua_State *L, int argument, tsrL_object *made) {
    made->requires_grad = tsrL_opt_boolean(L, argument, false);
    char kind = tsr_dtype_describe(tsr_array_dtype(made->cell->array))->kind;
    if (made->requires_grad && kind != 'f' && kind != 'c')
        tsrL_fail(L, TSR_EDTYPE, argument,
                  "only floating and complex tensors can require gradients, this one is %t",
                  (int)tsr_array_dtype(made->cell->array));
}

/* ---- from values ---- */

static tsrL_object *copy_array(lua_State *L, const tsrL_object *o, tsr_face face, tsr_dtype dtype,
                               tsr_order order) {
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, face);
    TSRL_TRY(L, &err,
             tsr_clone(tsrL_lib(L)->context, o->cell->array,
                       dtype == TSR_DTYPE_COUNT ? tsr_array_dtype(o->cell->array) : dtype, order,
                       &made->cell->array, &err));
    return made;
}

static tsr_dtype dtype_or_any(lua_State *L, int argument) {
    return tsrL_opt_dtype(L, argument, tsrL_face(L), TSR_DTYPE_COUNT);
}

/* torch.tensor(data, {dtype, requires_grad, device}): always a copy. */
int tsrL_op_tensor(lua_State *L) {
    static const char *const names[] = {"dtype", "requires_grad", "device"};
    tsrL_adopt(L);
    tsrL_bind(L, 2, 3, names);
    tsr_dtype dtype = dtype_or_any(L, 2);
    check_device(L, 4);
    tsrL_object *o = tsrL_test(L, 1);
    tsrL_object *made = o != NULL
                            ? copy_array(L, tsrL_check(L, 1), TSR_FACE_TORCH, dtype, TSR_ORDER_C)
                            : tsrL_from_value(L, 1, TSR_FACE_TORCH, dtype);
    made->face = TSR_FACE_TORCH;
    mark_gradient(L, 3, made);
    return 1;
}

/* `made` on top gets leading dimensions of size 1 until it has ndmin. */
static void at_least(lua_State *L, tsrL_object *made, int64_t ndmin) {
    tsr_error err = TSRL_ERROR;
    if (ndmin > TSR_MAX_DIMS)
        tsrL_fail(L, TSR_ESHAPE, 0, "at most %d dimensions are possible", (int64_t)TSR_MAX_DIMS);
    while (tsr_array_ndim(made->cell->array) < ndmin) {
        tsr_array *deeper = NULL;
        TSRL_TRY(L, &err, tsr_view_unsqueeze(made->cell->array, 0, &deeper, &err));
        tsr_array_release(made->cell->array);
        made->cell->array = deeper;
    }
}

static bool is_satisfied(const tsr_array *a, tsr_dtype dtype, tsr_order order, bool any_order) {
    if (dtype != TSR_DTYPE_COUNT && (dtype != tsr_array_dtype(a) || tsr_array_is_swapped(a)))
        return false;
    return any_order ||
           (order == TSR_ORDER_F ? tsr_array_is_fortran_contiguous(a) : tsr_array_is_contiguous(a));
}

/* Pushes an array of the running function's face for the value at 1: the same memory where dtype
 * and order allow, else as `copy` says. */
static tsrL_object *convert(lua_State *L, tsr_dtype dtype, tsr_order order, tsrL_copy copy) {
    tsr_face face = tsrL_face(L);
    tsr_error err = TSRL_ERROR;
    tsrL_object *o = tsrL_test(L, 1);
    if (o == NULL) {
        if (copy == TSRL_COPY_NEVER)
            tsrL_fail(L, TSR_EVALUE, 1, "a %s is no array memory, making one needs a copy",
                      luaL_typename(L, 1));
        return tsrL_from_value(L, 1, face, dtype);
    }
    o = tsrL_check(L, 1);
    bool any_order = order == TSR_ORDER_KEEP;
    bool satisfied = is_satisfied(o->cell->array, dtype, order, any_order);
    if (satisfied && copy != TSRL_COPY_ALWAYS) {
        if (o->face == face) {
            lua_pushvalue(L, 1);
            return o;
        }
        tsrL_object *view = tsrL_new(L, face);
        TSRL_TRY(L, &err,
                 tsr_view_alias(o->cell->array, TSR_READ | TSR_WRITE | TSR_RESIZE,
                                &view->cell->array, &err));
        view->requires_grad = o->requires_grad && face == TSR_FACE_TORCH;
        return view;
    }
    if (copy == TSRL_COPY_NEVER && dtype != TSR_DTYPE_COUNT &&
        dtype != tsr_array_dtype(o->cell->array))
        tsrL_fail(L, TSR_EVALUE, 1, "%t to %t needs a copy", (int)tsr_array_dtype(o->cell->array),
                  (int)dtype);
    if (copy == TSRL_COPY_NEVER)
        tsrL_fail(L, TSR_EVALUE, 1, "another order of memory needs a copy");
    if (copy == TSRL_COPY_IF_NEEDED)
        tsr_context_count_copy(tsrL_lib(L)->context);
    return copy_array(L, o, face, dtype, order);
}

/* What convert() made, or a view when that is the argument itself, which must not change. */
static tsrL_object *own_view(lua_State *L, tsrL_object *made) {
    if (tsrL_test(L, 1) != made)
        return made;
    tsr_error err = TSRL_ERROR;
    tsrL_object *view = tsrL_new(L, (tsr_face)made->face);
    TSRL_TRY(L, &err,
             tsr_view_alias(made->cell->array, TSR_READ | TSR_WRITE, &view->cell->array, &err));
    return view;
}

/* np.array(object, dtype, {copy, order, ndmin}): a copy, unless copy says otherwise. */
int tsrL_op_array(lua_State *L) {
    static const char *const names[] = {"dtype", "copy", "order", "ndmin"};
    tsrL_adopt(L);
    tsrL_bind(L, 2, 4, names);
    tsr_dtype dtype = dtype_or_any(L, 2);
    tsrL_copy copy = tsrL_opt_copy(L, 3, TSRL_COPY_ALWAYS);
    tsrL_object *source = tsrL_test(L, 1);
    tsr_order order =
        tsrL_opt_order(L, 4, TSR_ORDER_KEEP,
                       (copy == TSRL_COPY_ALWAYS && source != NULL) ? source->cell->array : NULL);
    int64_t ndmin = tsrL_opt_integer(L, 5, 0);
    tsrL_object *made = convert(L, dtype, order, copy);
    if (tsr_array_ndim(made->cell->array) < ndmin)
        at_least(L, own_view(L, made), ndmin);
    return 1;
}

int tsrL_op_asarray(lua_State *L) {
    static const char *const names[] = {"dtype", "copy", "order", "device"};
    tsrL_adopt(L);
    tsrL_bind(L, 2, 4, names);
    tsr_dtype dtype = dtype_or_any(L, 2);
    tsrL_copy copy = tsrL_opt_copy(L, 3, TSRL_COPY_IF_NEEDED);
    tsr_order order = tsrL_opt_order(L, 4, TSR_ORDER_KEEP, NULL);
    check_device(L, 5);
    convert(L, dtype, order, copy);
    return 1;
}

/* NumPy gives these at least one dimension. */
static int convert_order(lua_State *L, tsr_order order) {
    static const char *const names[] = {"dtype"};
    tsrL_bind(L, 2, 1, names);
    tsrL_object *made = convert(L, dtype_or_any(L, 2), order, TSRL_COPY_IF_NEEDED);
    if (tsr_array_ndim(made->cell->array) == 0)
        at_least(L, own_view(L, made), 1);
    return 1;
}

int tsrL_op_ascontiguous(lua_State *L) {
    return convert_order(L, TSR_ORDER_C);
}

int tsrL_op_asfortran(lua_State *L) {
    return convert_order(L, TSR_ORDER_F);
}

/* ---- by shape ---- */

static const tsr_scalar zero = {TSR_INT64, {.i = 0}}, one = {TSR_INT64, {.i = 1}};

/* Pushes a new array; `value` NULL leaves it undefined. */
static tsrL_object *push_filled(lua_State *L, tsr_face face, tsr_dtype dtype, int ndim,
                                const int64_t *shape, const tsr_scalar *value, tsr_order order) {
    tsr_error err = TSRL_ERROR;
    tsr_context *context = tsrL_lib(L)->context;
    bool zeroed = value == &zero;
    tsrL_object *made = tsrL_new(L, face);
    TSRL_TRY(L, &err, tsr_array_new(context, dtype, ndim, shape, zeroed, &made->cell->array, &err));
    if (order == TSR_ORDER_F && ndim > 1) {
        tsr_array *columns = NULL;
        int64_t strides[TSR_MAX_DIMS], stride = (int64_t)tsr_array_itemsize(made->cell->array);
        for (int i = 0; i < ndim; i++) {
            strides[i] = stride;
            stride *= shape[i] > 1 ? shape[i] : 1;
        }
        TSRL_TRY(L, &err,
                 tsr_view_strided(made->cell->array, ndim, shape, strides, 0, &columns, &err));
        tsr_array_release(made->cell->array);
        made->cell->array = columns;
    }
    if (value != NULL && !zeroed)
        TSRL_TRY(L, &err, tsr_fill(made->cell->array, value, &err));
    return made;
}

/* zeros(2, 3, {dtype = ...}), zeros({2, 3}, "int8"): sizes, then the options. */
static int by_shape(lua_State *L, int first, const tsr_scalar *value) {
    static const char *const names[] = {"dtype", "requires_grad", "device", "order"};
    static const char *const shape_names[] = {"size|shape", "dtype", "requires_grad", "device",
                                              "order"};
    int64_t shape[TSR_MAX_DIMS];
    int next;
    int ndim = tsrL_sizes(L, first, false, shape, &next);
    if (next == first && lua_gettop(L) >= first) {
        tsrL_bind(L, first, 5, shape_names);
        if (!lua_isnil(L, first))
            ndim = tsrL_sizes(L, first, false, shape, &next);
        next = first + 1;
    } else {
        tsrL_bind(L, next, 4, names);
    }
    tsr_face face = tsrL_face(L);
    tsr_dtype dtype =
        tsrL_opt_dtype(L, next, face, tsrL_default_dtype(tsrL_lib(L), face, TSR_FLOAT64));
    check_device(L, next + 2);
    tsrL_object *made = push_filled(L, face, dtype, ndim, shape, value,
                                    tsrL_opt_order(L, next + 3, TSR_ORDER_C, NULL));
    mark_gradient(L, next + 1, made);
    return 1;
}

int tsrL_op_zeros(lua_State *L) {
    return by_shape(L, 1, &zero);
}

int tsrL_op_ones(lua_State *L) {
    return by_shape(L, 1, &one);
}

int tsrL_op_empty(lua_State *L) {
    return by_shape(L, 1, NULL);
}

/* The dtype of a number that fills an array. */
static tsr_dtype value_dtype(lua_State *L, tsr_face face, const tsr_scalar *value) {
    return tsrL_default_dtype(tsrL_lib(L), face, value->dtype);
}

int tsrL_op_full(lua_State *L) {
    static const char *const names[] = {"size|shape",    "fill_value", "dtype",
                                        "requires_grad", "device",     "order"};
    tsrL_bind(L, 1, 6, names);
    int64_t shape[TSR_MAX_DIMS];
    int next;
    if (lua_type(L, 1) == LUA_TNUMBER) { /* one size */
        shape[0] = tsrL_integer(L, 1);
        next = 1;
    } else {
        next = tsrL_integers(L, 1, TSR_MAX_DIMS, shape);
    }
    tsr_face face = tsrL_face(L);
    tsr_scalar value = tsrL_scalar(L, 2);
    tsr_dtype dtype = tsrL_opt_dtype(L, 3, face, value_dtype(L, face, &value));
    if (lua_type(L, 2) == LUA_TNUMBER)
        tsrL_check_fits(L, &value, dtype);
    check_device(L, 5);
    tsrL_object *made =
        push_filled(L, face, dtype, next, shape, &value, tsrL_opt_order(L, 6, TSR_ORDER_C, NULL));
    mark_gradient(L, 4, made);
    return 1;
}

/* zeros_like(x, {dtype, order, shape}) and its sisters; the value is NULL for empty_like. */
static int like(lua_State *L, const tsr_scalar *value, int first) {
    static const char *const names[] = {"dtype", "order|memory_format", "shape", "requires_grad",
                                        "device"};
    tsrL_object *o = tsrL_toarray(L, 1, tsrL_face(L));
    tsrL_bind(L, first, 5, names);
    tsr_dtype dtype = tsrL_opt_dtype(L, first, (tsr_face)o->face, tsr_array_dtype(o->cell->array));
    if (value != NULL && tsrL_isnumber(L, 2))
        tsrL_check_fits(L, value, dtype);
    tsr_order order = tsrL_opt_order(L, first + 1, TSR_ORDER_KEEP, o->cell->array);
    check_device(L, first + 4);
    tsr_error err = TSRL_ERROR;
    tsrL_object *made;
    if (!lua_isnil(L, first + 2)) {
        int64_t shape[TSR_MAX_DIMS];
        int ndim = tsrL_integers(L, first + 2, TSR_MAX_DIMS, shape);
        made = push_filled(L, (tsr_face)o->face, dtype, ndim, shape, value,
                           order == TSR_ORDER_F ? TSR_ORDER_F : TSR_ORDER_C);
    } else {
        if (order == TSR_ORDER_KEEP && o->face == TSR_FACE_TORCH)
            order = TSR_ORDER_TORCH;
        made = tsrL_new(L, (tsr_face)o->face);
        TSRL_TRY(L, &err,
                 tsr_empty_like(tsrL_lib(L)->context, o->cell->array, dtype, order,
                                &made->cell->array, &err));
        if (value != NULL)
            TSRL_TRY(L, &err, tsr_fill(made->cell->array, value, &err));
    }
    mark_gradient(L, first + 3, made);
    return 1;
}

int tsrL_op_zeros_like(lua_State *L) {
    return like(L, &zero, 2);
}

int tsrL_op_ones_like(lua_State *L) {
    return like(L, &one, 2);
}

int tsrL_op_empty_like(lua_State *L) {
    return like(L, NULL, 2);
}

int tsrL_op_full_like(lua_State *L) {
    tsr_scalar value = tsrL_scalar(L, 2);
    return like(L, &value, 3);
}

/* t:new_zeros(sizes): dtype of t. */
static int new_like(lua_State *L, const tsr_scalar *value, int first) {
    static const char *const names[] = {"dtype", "requires_grad", "device"};
    tsrL_object *o = tsrL_check(L, 1);
    int64_t shape[TSR_MAX_DIMS];
    int next;
    int ndim = tsrL_sizes(L, first, false, shape, &next);
    if (value != NULL && first == 2 && value != &zero && value != &one)
        next++;
    tsrL_bind(L, next, 3, names);
    tsr_dtype dtype = tsrL_opt_dtype(L, next, (tsr_face)o->face, tsr_array_dtype(o->cell->array));
    if (value != NULL && tsrL_isnumber(L, 3))
        tsrL_check_fits(L, value, dtype);
    check_device(L, next + 2);
    tsrL_object *made = push_filled(L, (tsr_face)o->face, dtype, ndim, shape, value, TSR_ORDER_C);
    mark_gradient(L, next + 1, made);
    return 1;
}

int tsrL_op_new_zeros(lua_State *L) {
    return new_like(L, &zero, 2);
}

int tsrL_op_new_ones(lua_State *L) {
    return new_like(L, &one, 2);
}

int tsrL_op_new_empty(lua_State *L) {
    return new_like(L, NULL, 2);
}

/* t:new_full({2, 3}, value): the size is one table. */
int tsrL_op_new_full(lua_State *L) {
    if (lua_type(L, 2) != LUA_TTABLE)
        tsrL_type_error(L, 2, "a table of sizes");
    tsr_scalar value = tsrL_scalar(L, 3);
    return new_like(L, &value, 2);
}

int tsrL_op_new_tensor(lua_State *L) {
    static const char *const names[] = {"dtype", "requires_grad", "device"};
    tsrL_object *o = tsrL_check(L, 1);
    tsrL_bind(L, 3, 3, names);
    tsr_dtype dtype = tsrL_opt_dtype(L, 3, (tsr_face)o->face, tsr_array_dtype(o->cell->array));
    check_device(L, 5);
    tsrL_object *made = tsrL_test(L, 2) != NULL
                            ? copy_array(L, tsrL_check(L, 2), (tsr_face)o->face, dtype, TSR_ORDER_C)
                            : tsrL_from_value(L, 2, (tsr_face)o->face, dtype);
    mark_gradient(L, 4, made);
    return 1;
}

/* ---- by formula ---- */

static double number_of(const tsr_scalar *s) {
    return s->dtype == TSR_FLOAT64  ? s->as.f
           : s->dtype == TSR_UINT64 ? (double)s->as.u
                                    : (double)s->as.i;
}

/* Elements of start, start + step, ... before `stop` (up to it when `closed`). */
static int64_t range_count(lua_State *L, const tsr_scalar *v, bool exact, bool closed) {
    double start = number_of(&v[0]), stop = number_of(&v[1]), step = number_of(&v[2]);
    if (step == 0)
        tsrL_fail(L, TSR_EVALUE, 3, "the step must not be 0");
    if (!(isfinite(start) && isfinite(stop) && isfinite(step)))
        tsrL_fail(L, TSR_EVALUE, 0, "start, stop and step must be finite");
    if (exact) {
        int64_t a = v[0].as.i, b = v[1].as.i, s = v[2].as.i;
        if (s > 0 ? a > b : a < b)
            return 0;
        uint64_t span = s > 0 ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
        uint64_t by = s > 0 ? (uint64_t)s : 0 - (uint64_t)s;
        uint64_t n = closed ? span / by + 1 : span / by + (span % by != 0);
        if (n > (uint64_t)INT64_MAX)
            tsrL_fail(L, TSR_EVALUE, 0, "a range of %u elements is too long", (size_t)n);
        return (int64_t)n;
    }
    double n = closed ? floor((stop - start) / step) + 1 : ceil((stop - start) / step);
    if (n > 9e18)
        tsrL_fail(L, TSR_EVALUE, 0, "the range is too long");
    return n > 0 ? (int64_t)n : 0;
}

/* arange(stop), arange(start, stop, step): stop is left out; torch.range(start, stop, step): it is
 * in. */
static int push_range(lua_State *L, bool closed) {
    static const char *const names[] = {"start", "end|stop",      "step",
                                        "dtype", "requires_grad", "device"};
    tsrL_bind(L, 1, 6, names);
    tsr_face face = tsrL_face(L);
    tsr_scalar v[3] = {zero, zero, one};
    bool exact = true;
    for (int i = 0; i < 3; i++)
        if (!lua_isnil(L, i + 1)) {
            v[i] = tsrL_scalar(L, i + 1);
            if (v[i].dtype == TSR_COMPLEX128)
                tsrL_type_error(L, i + 1, "a real number");
            if (v[i].dtype == TSR_BOOL)
                v[i].dtype = TSR_INT64;
            exact = exact && v[i].dtype == TSR_INT64;
        }
    if (lua_isnil(L, 2)) {
        if (lua_isnil(L, 1) || closed)
            tsrL_type_error(L, closed ? 2 : 1, "a number");
        v[1] = v[0];
        v[0] = zero;
    }
    int64_t n = range_count(L, v, exact, closed);
    tsr_dtype dtype = tsrL_opt_dtype(
        L, 4, face,
        tsrL_default_dtype(tsrL_lib(L), face, (exact && !closed) ? TSR_INT64 : TSR_FLOAT64));
    check_device(L, 6);
    if (!exact && face == TSR_FACE_NUMPY) { /* NumPy takes the step between the first two */
        double start = number_of(&v[0]);
        v[2] = (tsr_scalar){TSR_FLOAT64, {.f = (start + number_of(&v[2])) - start}};
    }
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = push_filled(L, face, dtype, 1, &n, NULL, TSR_ORDER_C);
    TSRL_TRY(L, &err, tsr_fill_range(made->cell->array, &v[0], &v[2], &err));
    mark_gradient(L, 5, made);
    return 1;
}

int tsrL_op_arange(lua_State *L) {
    return push_range(L, false);
}

int tsrL_op_range(lua_State *L) {
    return push_range(L, true);
}

/* linspace(start, stop, num, {endpoint, dtype}): double steps, the last element is stop itself.
 * np's retstep = true gives the step as a second result. */
int tsrL_op_linspace(lua_State *L) {
    static const char *const torch_names[] = {"start",  "end|stop", "steps|num",    "dtype",
                                              "device", "endpoint", "requires_grad"};
    static const char *const np_names[] = {"start",   "stop",  "num",   "endpoint",
                                           "retstep", "dtype", "device"};
    tsr_face face = tsrL_face(L);
    bool torch = face == TSR_FACE_TORCH;
    tsrL_bind(L, 1, 7, torch ? torch_names : np_names);
    tsr_scalar start = {TSR_FLOAT64, {.f = tsrL_number(L, 1)}},
               stop = {TSR_FLOAT64, {.f = tsrL_number(L, 2)}};
    int64_t n = tsrL_opt_integer(L, 3, 50);
    if (n < 0)
        tsrL_fail(L, TSR_EVALUE, 3, "the number of elements must not be negative, it is %d", n);
    tsr_dtype dtype =
        tsrL_opt_dtype(L, torch ? 4 : 6, face, tsrL_default_dtype(tsrL_lib(L), face, TSR_FLOAT64));
    bool endpoint = tsrL_opt_boolean(L, torch ? 6 : 4, true);
    check_device(L, torch ? 5 : 7);
    bool retstep = !torch && tsrL_opt_boolean(L, 5, false);
    int64_t parts = endpoint ? n - 1 : n;
    tsr_scalar step = {TSR_FLOAT64,
                       {.f = parts > 0 ? (stop.as.f - start.as.f) / (double)parts : 0}};
    tsr_error err = TSRL_ERROR;
    char kind = tsr_dtype_describe(dtype)->kind;
    bool floors = !torch && (kind == 'i' || kind == 'u'); /* NumPy rounds down, PyTorch to 0 */
    tsrL_object *made =
        push_filled(L, face, floors ? TSR_FLOAT64 : dtype, 1, &n, NULL, TSR_ORDER_C);
    TSRL_TRY(L, &err, tsr_fill_range(made->cell->array, &start, &step, &err));
    int64_t last = n - 1;
    if (endpoint && n > 1 && tsr_array_set(made->cell->array, 1, &last, &stop, &err) != TSR_OK)
        tsrL_raise(L, &err);
    if (floors) {
        double *values = tsr_array_data(made->cell->array);
        for (int64_t i = 0; i < n; i++)
            values[i] = floor(values[i]);
        copy_array(L, made, face, dtype, TSR_ORDER_C);
    }
    if (torch)
        mark_gradient(L, 7, made);
    if (retstep)
        lua_pushnumber(L, parts > 0 ? step.as.f : NAN);
    return retstep ? 2 : 1;
}

/* eye(n, m, {k, dtype}): ones on diagonal k. */
int tsrL_op_eye(lua_State *L) {
    static const char *const names[] = {"n|N",           "m|M",    "k",    "dtype",
                                        "requires_grad", "device", "order"};
    tsrL_bind(L, 1, 7, names);
    tsr_face face = tsrL_face(L);
    int64_t shape[2] = {tsrL_integer(L, 1), 0};
    shape[1] = tsrL_opt_integer(L, 2, shape[0]);
    int64_t k = tsrL_opt_integer(L, 3, 0);
    tsr_dtype dtype =
        tsrL_opt_dtype(L, 4, face, tsrL_default_dtype(tsrL_lib(L), face, TSR_FLOAT64));
    check_device(L, 6);
    tsr_error err = TSRL_ERROR;
    tsrL_object *made =
        push_filled(L, face, dtype, 2, shape, &zero, tsrL_opt_order(L, 7, TSR_ORDER_C, NULL));
    tsrL_object *diagonal = tsrL_new(L, face);
    TSRL_TRY(L, &err, tsr_view_diagonal(made->cell->array, k, 0, 1, &diagonal->cell->array, &err));
    TSRL_TRY(L, &err, tsr_fill(diagonal->cell->array, &one, &err));
    lua_pop(L, 1);
    mark_gradient(L, 5, made);
    return 1;
}
